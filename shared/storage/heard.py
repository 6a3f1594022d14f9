"""When anything last arrived of a till, and which stores are told to be silent.

The first stands in the list of work, a row a till, written in the same request as the work of a call: it costs no
request of its own. The second are rows of `stores`, partition `silence`, only while a store is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from shared.retail.silence import Heard
from shared.storage.due import PARTITION
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Operation, Remove, Row, Table, Upsert, Value

HEARD, SILENCE = "heard", "silence"
ROWS_PER_GROUP = 100


def heard_rows(tills: Iterable[tuple[str, str]], at: datetime) -> list[Row]:
    """Build the rows of tills, given by store and terminal, of which something arrived."""
    return [
        Row(
            PARTITION,
            join_key(HEARD, store, terminal),
            {"Stage": HEARD, "Store": store, "Terminal": terminal, "HeardAt": at},
        )
        for store, terminal in sorted(set(tills))
    ]


async def heard_of(table: Table, store: str = "") -> list[Heard]:
    """Read when each till was last heard, of one store or of all: one request for each 1,000 tills."""
    prefix = f"{join_key(HEARD, store)}~" if store else f"{HEARD}~"
    rows = table.query(PARTITION, key_from=prefix, key_before=prefix_end(prefix))
    return [Heard(row.text("Store"), row.text("Terminal"), row.instant("HeardAt")) async for row in rows]


def silence_row(store: str, fingerprint: str, heard_at: datetime, outage_at: datetime | None) -> Row:
    """Build the row that remembers under which cause a store's silence is told. Opened is set when the cause is open."""
    values: dict[str, Value] = {"Store": store, "Fingerprint": fingerprint, "HeardAt": heard_at}
    if outage_at is not None:
        values["OutageAt"] = outage_at
    return Row(SILENCE, join_key(SILENCE, store), values)


async def silence_rows(table: Table) -> list[Row]:
    """Read which stores are told to be silent."""
    return [row async for row in table.query(SILENCE)]


async def save_silences(table: Table, rows: Sequence[Row]) -> None:
    """Write silences, a hundred a request."""
    await _write(table, [Upsert(row) for row in rows])


async def drop_silences(table: Table, rows: Sequence[Row]) -> None:
    """Forget silences that are over, a hundred a request; rows as they were read.

    Raises:
        GroupRefusedError: another worker wrote one of them meanwhile; the next turn sees it.
    """
    await _write(table, [Remove(row.partition, row.key, row.etag) for row in rows])


async def _write(table: Table, operations: Sequence[Operation]) -> None:
    for at in range(0, len(operations), ROWS_PER_GROUP):
        await table.write_group(list(operations[at : at + ROWS_PER_GROUP]))
