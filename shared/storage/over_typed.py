"""What people say was typed on top of a shift's totals in D365, one row each, beside the shifts of the store-day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from shared.retail.double_count import OverTyped
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Row, Table

KIND = "overtyped"


def over_typed_row(store: str, day: date, typed: OverTyped) -> Row:
    """Build the row; told again, the newer amount counts."""
    return Row(
        store,
        join_key(KIND, store, day.isoformat(), typed.terminal, typed.shift, typed.tender),
        {
            "Record": KIND, "Store": store, "BusinessDay": day.isoformat(), "Terminal": typed.terminal, "Shift": typed.shift,
            "Tender": typed.tender, "Amount": str(typed.amount), "TypedAt": typed.typed_at, "By": typed.told_by,
        },
    )  # fmt: skip


async def over_typed_of_day(table: Table, store: str, day: date) -> list[OverTyped]:
    """Read what was typed on top of a store-day's shifts."""
    prefix = f"{join_key(KIND, store, day.isoformat())}~"
    return [
        OverTyped(
            row.text("Terminal"), row.text("Shift"), row.text("Tender"), Decimal(row.text("Amount")),
            row.instant("TypedAt"), row.text("By"),
        )
        async for row in table.query(store, key_from=prefix, key_before=prefix_end(prefix))
    ]  # fmt: skip
