"""Which store-days have receipts that D365 has, or will have, under another day: one small row for each pair of days.

Kept in `storedays`, partition = legal entity and `late`, written before a receipt is mapped so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Row, Table, Upsert

LATE = "late"


def late_row(legal_entity: str, store: str, day: date, posts_on: date) -> Row:
    """Build the row that says: receipts of this day are posted on that one."""
    key = join_key(legal_entity, LATE, store, posts_on.isoformat(), day.isoformat())
    values = {"Store": store, "BusinessDay": day.isoformat(), "PostsOn": posts_on.isoformat()}
    return Row(partition=join_key(legal_entity, LATE), key=key, values=values)


async def note_late(table: Table, rows: list[Row]) -> None:
    """Write such rows; twice is once."""
    for at in range(0, len(rows), 100):
        await table.write_group([Upsert(row) for row in rows[at : at + 100]])


def late_of(table: Table, legal_entity: str) -> AsyncIterator[Row]:
    """Read a legal entity's rows."""
    return table.query(join_key(legal_entity, LATE))


async def days_posted_on(table: Table, legal_entity: str, store: str, posts_on: date) -> list[date]:
    """Give the business days of which receipts are posted on this day."""
    prefix = f"{join_key(legal_entity, LATE, store, posts_on.isoformat())}~"
    rows = table.query(join_key(legal_entity, LATE), key_from=prefix, key_before=prefix_end(prefix))
    return [date.fromisoformat(row.text("BusinessDay")) async for row in rows]
