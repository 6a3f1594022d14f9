"""What people said of tills at the end of a period: nothing is outstanding. Kept in `storedays`, by legal entity and period."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Row, Table, Value

CONFIRMED = "confirmed"


def confirmation_row(
    legal_entity: str, period: str, store: str, terminal: str, *, who: str, reason: str, at: datetime
) -> Row:
    """Build the row of one person's word."""
    key = join_key(legal_entity, CONFIRMED, period, store, terminal)
    values: dict[str, Value] = {
        "Store": store, "Terminal": terminal, "Period": period, "By": who, "Reason": reason, "At": at,
    }  # fmt: skip
    return Row(partition=join_key(legal_entity, CONFIRMED), key=key, values=values)


def confirmations_of(table: Table, legal_entity: str, period: str) -> AsyncIterator[Row]:
    """Read what was said of a period's tills."""
    prefix = f"{join_key(legal_entity, CONFIRMED, period)}~"
    return table.query(join_key(legal_entity, CONFIRMED), key_from=prefix, key_before=prefix_end(prefix))
