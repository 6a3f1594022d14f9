"""Tables over tables: reads fall through to what is kept, writes stay in memory and are forgotten.

So a flow can be run to see what it would do. A row that it writes is first brought into memory as it stands, under the ETag it
was read with, so that every condition is judged as it would be.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from shared.storage.limits import place_of
from shared.storage.memory import MemoryTable
from shared.storage.protocols import (
    ANY_ETAG,
    PAGE_ROWS_MAX,
    Condition,
    Insert,
    Operation,
    Remove,
    Replace,
    Row,
    Table,
    Upsert,
)
from shared.storage.sharded import ShardedTable
from shared.storage.tables import Tables, tables_from

Place = tuple[str, str]
MARK = "laid over "  # before the ETags of rows that were written here, so that they are none that is kept


class OverlayTable:
    """One table over another. For one flow at a time."""

    def __init__(self, under: Table, now: Callable[[], datetime]) -> None:
        self.name = under.name
        self._under = under
        self._over = MemoryTable(under.name, now)
        self._known: dict[
            Place, tuple[str, str]
        ] = {}  # its ETag as kept, and as brought in; none where it was not there

    async def read(self, partition: str, key: str) -> Row | None:
        place = (partition, key)
        if place not in self._known:
            return await self._under.read(partition, key)
        row = await self._over.read(partition, key)
        return self._as_known(row) if row is not None else None

    def _as_known(self, row: Row) -> Row:
        """Give a row that was brought in and not written since under the ETag it is kept with."""
        kept, brought = self._known[row.partition, row.key]
        etag = kept if brought and row.etag == brought else MARK + row.etag
        return Row(row.partition, row.key, row.values, etag, row.written_at, row.read_at)

    async def query(
        self,
        partition: str | None = None,
        *,
        key_from: str = "",
        key_before: str = "",
        where: tuple[Condition, ...] = (),
        select: tuple[str, ...] = (),
        page_size: int = PAGE_ROWS_MAX,
    ) -> AsyncIterator[Row]:
        under = self._under.query(
            partition,
            key_from=key_from,
            key_before=key_before,
            where=where,
            select=select,
            page_size=page_size,
        )
        over = [
            self._as_known(row)
            async for row in self._over.query(
                partition, key_from=key_from, key_before=key_before, where=where, select=select
            )
        ]
        async for row in under:
            if (row.partition, row.key) in self._known:
                continue
            while over and (over[0].partition, over[0].key) < (row.partition, row.key):
                yield over.pop(0)
            yield row
        for row in over:
            yield row

    async def insert(self, row: Row) -> str:
        (one,) = await self._brought_in([Insert(row)])
        assert isinstance(one, Insert)
        return MARK + await self._over.insert(one.row)

    async def upsert(self, row: Row) -> str:
        await self._brought_in([Upsert(row)])
        return MARK + await self._over.upsert(row)

    async def replace(self, row: Row, etag: str) -> str:
        (one,) = await self._brought_in([Replace(row, etag)])
        assert isinstance(one, Replace)
        return MARK + await self._over.replace(one.row, one.etag)

    async def delete(self, partition: str, key: str, etag: str = ANY_ETAG) -> None:
        (one,) = await self._brought_in([Remove(partition, key, etag)])
        assert isinstance(one, Remove)
        await self._over.delete(one.partition, one.key, one.etag)

    async def write_group(self, operations: Sequence[Operation]) -> None:
        await self._over.write_group(await self._brought_in(operations))

    async def _brought_in(self, operations: Sequence[Operation]) -> list[Operation]:
        """Bring every row into memory that is to be written; give the operations with the ETags it has there."""
        return [await self._bring_in(one) for one in operations]

    async def _bring_in(self, operation: Operation) -> Operation:
        place = place_of(operation)
        if place not in self._known:
            row = await self._under.read(*place)
            brought = await self._over.upsert(row) if row is not None else ""
            self._known[place] = (row.etag if row is not None else "", brought)
        if isinstance(operation, Replace):
            return Replace(operation.row, self._etag_here(place, operation.etag))
        if isinstance(operation, Remove):
            return Remove(operation.partition, operation.key, self._etag_here(place, operation.etag))
        return operation

    def _etag_here(self, place: Place, etag: str) -> str:
        kept, brought = self._known[place]
        if etag == ANY_ETAG:
            return etag
        if etag.startswith(MARK):
            return etag.removeprefix(MARK)
        return brought if brought and etag == kept else MARK


def overlay_tables(tables: Tables, now: Callable[[], datetime]) -> Tables:
    """Lay tables in memory over the app's own; what is written to them is seen by whoever has them, and by nobody else."""

    def make(name: str) -> Table:
        under: Table = getattr(tables, name)
        if isinstance(under, ShardedTable):  # its shards are spread above what is laid over them
            return replace(under, inner=OverlayTable(under.inner, now))
        return OverlayTable(under, now)

    return tables_from(make, _nothing, _close)


async def _nothing(_: Sequence[str]) -> None:
    return


async def _close() -> None:
    return
