"""Reasons about the telling itself, and which reasons are told how. Part of the registry of reasons."""

from __future__ import annotations

from shared.retail.reason import IT, SYSTEM, Reason

OF_ALERTS = (
    Reason(
        "alerts_failing", IT, SYSTEM,
        "Alerts cannot be delivered through “{value}”: {problem}.",
        "Its address has changed or expired, its secret was replaced, or the service behind it is down.",
        "Whoever is told through it alone hears nothing of new causes; every cause still stands in the list.",
        "Mend the channel in the app's settings (docs/alerts.md). What was not delivered is tried again for a day; it ends by "
        "itself when something gets through.",
    ),
)  # fmt: skip
# Nothing has to be done about these: they are told once a day, with everything else.
NO_ACTION = frozenset({"receipt_late", "receipt_after_close"})
# Something stands still while these last: they are told at any hour.
OUTAGES = frozenset(
    {
        "store_silent", "stores_silent", "receipts_delayed", "work_given_up", "alerts_failing", "d365_silent",
        "d365_call_refused", "d365_contract_mismatch", "d365_went_back", "package_stuck",
        "vendor_refuses", "vendor_silent",
    }
)  # fmt: skip
