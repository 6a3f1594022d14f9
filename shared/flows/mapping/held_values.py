"""Read what is held for want of a mapping, receipt by receipt, from the open causes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from shared.retail.held_value import Held
from shared.services import Services
from shared.storage.causes import OPEN, RECEIPT
from shared.storage.protocols import Condition, Row

_COLUMNS = (
    "Reason", "Value", "Store", "Terminal", "BusinessDay", "Account", "TransactionId", "Amount", "Currency", "Receipts",
)  # fmt: skip


async def read_held(services: Services, codes: Collection[str] = ()) -> list[Held]:
    """Give every receipt under an open cause, once for each; of these reasons, or of all: one request for each 1,000."""
    where = [Condition("State", "eq", OPEN), Condition("What", "eq", RECEIPT)]
    if len(codes) == 1:
        where.append(Condition("Reason", "eq", next(iter(codes))))
    rows = services.tables.causes.query(None, where=tuple(where), select=_COLUMNS)
    return [_held(row) async for row in rows if not codes or row.text("Reason") in codes]


def _held(row: Row) -> Held:
    day = row.text("BusinessDay")
    return Held(
        code=row.text("Reason"),
        value=row.text("Value"),
        store=row.text("Store"),
        terminal=row.text("Terminal"),
        business_day=date.fromisoformat(day) if day else None,
        name=f"{row.text('Account')} {row.text('TransactionId')}",
        amount=Decimal(row.text("Amount") or "0"),
        currency=row.text("Currency"),
        receipts=row.number("Receipts", 1),
    )
