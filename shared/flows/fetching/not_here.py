"""The receipts of a store-day that a POS vendor lists and that are not here: their cause, and how each is named to people."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from shared.retail.reasons import Cause, cause
from shared.retail.storeday import NotHere
from shared.services import Services
from shared.settings_vendors import SHOPIFY
from shared.storage.causes import OPEN, cause_rows, fingerprint_of
from shared.storage.protocols import Row
from shared.storage.receipts import identity_key

SHOPIFY_ORDER = "O"  # its adapter's receipts of an order begin so


def not_fetched(store: str, day: date, problem: str = "") -> Cause:
    """Give the cause of a store-day; problem: of the receipt at hand."""
    words = {"problem": problem} if problem else {}
    return cause(
        "receipt_not_fetched", f"{store} {day.isoformat()}", store=store, day=day.isoformat(), **words
    )


async def not_here_of(services: Services, store: str, day: date, currency: str) -> tuple[NotHere, ...]:
    """Read what is told of a store-day, in the order of the names.

    A receipt that is here, on whatever business day, and of which only a change could not be fetched, is worth nothing more.
    """
    rows = [
        row async for row in cause_rows(services.tables.causes, fingerprint_of(not_fetched(store, day)), OPEN)
    ]
    found = [
        NotHere(
            vendors_name(row), None if await _is_here(services, store, row) else _amount_in(row, currency)
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: one.name))


def _amount_in(row: Row, currency: str) -> Decimal | None:
    if row.text("Currency") != currency:
        return None
    try:
        amount = Decimal(row.text("Amount"))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


async def _is_here(services: Services, store: str, row: Row) -> bool:
    account = services.settings.vendors.get(row.text("Account"))
    before = SHOPIFY_ORDER if account is not None and account.vendor == SHOPIFY else ""
    key = identity_key(store, row.text("Account"), before + row.text("TransactionId"))
    return await services.tables.transactions.read(store, key) is not None


def vendors_name(row: Row) -> str:
    """Name a receipt by its account and the vendor's number, with its amount where the vendor's list told it."""
    amount = f", {row.text('Amount')} {row.text('Currency')}" if row.text("Currency") else ""
    return f"{row.text('Account')} {row.text('TransactionId')}{amount}"
