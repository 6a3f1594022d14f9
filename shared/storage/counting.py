"""Count service requests by kind, around any table or queue. A group is one request; a query is one for each page."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence

from shared.storage.protocols import ANY_ETAG, PAGE_ROWS_MAX, Condition, Operation, Queue, Row, Table


class CountingTable:
    """A table whose requests are counted, failed ones too: read, query, insert, upsert, replace, delete, group."""

    def __init__(self, table: Table, calls: Counter[str]) -> None:
        self._table = table
        self._calls = calls

    @property
    def name(self) -> str:
        return self._table.name

    async def read(self, partition: str, key: str) -> Row | None:
        self._calls["read"] += 1
        return await self._table.read(partition, key)

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
        self._calls["query"] += 1
        seen = 0
        async for row in self._table.query(
            partition,
            key_from=key_from,
            key_before=key_before,
            where=where,
            select=select,
            page_size=page_size,
        ):
            if seen and seen % page_size == 0:
                self._calls["query"] += 1
            seen += 1
            yield row

    async def insert(self, row: Row) -> str:
        self._calls["insert"] += 1
        return await self._table.insert(row)

    async def upsert(self, row: Row) -> str:
        self._calls["upsert"] += 1
        return await self._table.upsert(row)

    async def replace(self, row: Row, etag: str) -> str:
        self._calls["replace"] += 1
        return await self._table.replace(row, etag)

    async def delete(self, partition: str, key: str, etag: str = ANY_ETAG) -> None:
        self._calls["delete"] += 1
        await self._table.delete(partition, key, etag)

    async def write_group(self, operations: Sequence[Operation]) -> None:
        self._calls["group"] += 1
        await self._table.write_group(operations)


class CountingQueue:
    """A queue whose messages are counted as send."""

    def __init__(self, queue: Queue, calls: Counter[str]) -> None:
        self._queue = queue
        self._calls = calls

    @property
    def name(self) -> str:
        return self._queue.name

    async def send(self, text: str, *, visible_in_seconds: int = 0) -> None:
        self._calls["send"] += 1
        await self._queue.send(text, visible_in_seconds=visible_in_seconds)
