"""Reasons of month end: what keeps a period from being closed in good faith. Part of the registry of reasons."""

from __future__ import annotations

from shared.retail.reason import D365_DATA, FINANCE, STORE_TIMING, Reason

OF_MONTH_END = (
    Reason(
        "vouchers_differ", FINANCE, D365_DATA,
        "The vouchers that D365 posted for store {store} on {day} are not what the statement says: {place}.",
        "Somebody changed or corrected a voucher in D365 after it was posted, or it was posted to another account.",
        "The store-day is not proved, and its month is not ready.",
        "Look the voucher up in D365 at the place named. Correct it there, or correct the account in the mapping of ledger "
        "accounts; it is read again every day, and at once when you ask for it.",
    ),
    Reason(
        "receipt_after_close", FINANCE, STORE_TIMING,
        "Receipts of store {store} for {day} arrived when D365's period was closed. They are posted on {posts_on}.",
        "The till was offline over the close, and the policy of this company is to post what comes late in the next open period.",
        "Nothing is held up. The ledger has them in the later period; the memo for both periods says what belongs to the first.",
        "Take the memo of late receipts to the file of both periods, and tell whoever files the tax return.",
    ),
)  # fmt: skip
