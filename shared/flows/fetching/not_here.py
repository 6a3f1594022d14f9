"""The receipts of a store-day that a POS vendor lists and that are not here: their cause, and how each is named to people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from shared.retail.reasons import Cause, cause
from shared.retail.storeday import NotHere, ReceiptRecord
from shared.storage.protocols import Row

SHOPIFY_ORDER = "O"  # its adapter's receipts of an order begin so


def not_fetched(store: str, day: date, problem: str = "") -> Cause:
    """Give the cause of a store-day; problem: of the receipt at hand."""
    words = {"problem": problem} if problem else {}
    return cause(
        "receipt_not_fetched", f"{store} {day.isoformat()}", store=store, day=day.isoformat(), **words
    )


def not_here_of(rows: Iterable[Row], receipts: Iterable[ReceiptRecord], currency: str) -> tuple[NotHere, ...]:
    """Read what is told of a store-day, in the order of the names.

    A receipt that is here, and of which only a change could not be fetched, is worth nothing more.
    """
    here = {(one.account, one.transaction_id) for one in receipts}
    found = []
    for row in rows:
        ids = {(row.text("Account"), before + row.text("TransactionId")) for before in ("", SHOPIFY_ORDER)}
        counts = row.text("Currency") == currency and not ids & here
        found.append(NotHere(vendors_name(row), Decimal(row.text("Amount")) if counts else None))
    return tuple(sorted(found, key=lambda one: one.name))


def vendors_name(row: Row) -> str:
    """Name a receipt by its account and the vendor's number, with its amount where the vendor's list told it."""
    amount = f", {row.text('Amount')} {row.text('Currency')}" if row.text("Currency") else ""
    return f"{row.text('Account')} {row.text('TransactionId')}{amount}"
