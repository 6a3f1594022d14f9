"""The receipts of a store-day that a POS vendor lists and that are not here: their cause, and how each is named to people."""

from __future__ import annotations

from datetime import date

from shared.retail.reasons import Cause, cause
from shared.storage.protocols import Row


def not_fetched(store: str, day: date, problem: str = "") -> Cause:
    """Give the cause of a store-day; problem: of the receipt at hand."""
    words = {"problem": problem} if problem else {}
    return cause(
        "receipt_not_fetched", f"{store} {day.isoformat()}", store=store, day=day.isoformat(), **words
    )


def vendors_name(row: Row) -> str:
    """Name a receipt by its account and the vendor's number, with its amount where the vendor's list told it."""
    amount = f", {row.text('Amount')} {row.text('Currency')}" if row.text("Currency") else ""
    return f"{row.text('Account')} {row.text('TransactionId')}{amount}"
