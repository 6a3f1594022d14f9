"""A table whose one busy partition is spread over several, by store: the list of work of a chain of thousands of stores.

Whoever uses it goes on naming the one partition. New rows go to the shard of their store; rows are given back with the
shard they lie in. What still lies in the partition itself, from before it was spread, is read and ended where it lies.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from shared.errors import GroupRefusedError
from shared.storage.protocols import (
    ANY_ETAG,
    PAGE_ROWS_MAX,
    Condition,
    Insert,
    Operation,
    Remove,
    Row,
    Table,
    Upsert,
)


def shard_of(partition: str, key: str, shards: int) -> str:
    """Give the shard a row key belongs to: by its second part, which is the store.

    So all rows of a store lie together, and what is written for one call of one store is one group.
    """
    parts = key.split("~")
    number = int.from_bytes(sha256(parts[min(1, len(parts) - 1)].encode()).digest()[:4], "big") % shards
    return f"{partition}-{number:02d}"


@dataclass(frozen=True, slots=True)
class ShardedTable:
    """A table as `Table` has it, with `partition` spread over so many shards; other partitions are left alone.

    A group over several shards is one group for each: all or nothing holds within a shard.
    """

    inner: Table
    partition: str
    shards: int

    @property
    def name(self) -> str:
        return self.inner.name

    async def read(self, partition: str, key: str) -> Row | None:
        """Read one row; where its shard does not have it, from the partition itself."""
        if partition != self.partition:
            return await self.inner.read(partition, key)
        row = await self.inner.read(self._shard(key), key)
        return row if row is not None else await self.inner.read(partition, key)

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
        """Read rows of all shards at once, in the order of their keys; a row that also lies where it lay before is given once."""
        if partition != self.partition:
            rows = self.inner.query(
                partition, key_from=key_from, key_before=key_before, where=where, select=select, page_size=page_size,
            )  # fmt: skip
            async for row in rows:
                yield row
            return

        async def part_of(place: str) -> list[Row]:
            part = self.inner.query(
                place, key_from=key_from, key_before=key_before, where=where, select=select, page_size=page_size,
            )  # fmt: skip
            return [row async for row in part]

        places = [self.partition, *(f"{self.partition}-{number:02d}" for number in range(self.shards))]
        parts = await asyncio.gather(*(part_of(place) for place in places))
        newest = {row.key: row for part in parts for row in part}
        for key in sorted(newest):
            yield newest[key]

    async def insert(self, row: Row) -> str:
        return await self.inner.insert(self._placed(row))

    async def upsert(self, row: Row) -> str:
        return await self.inner.upsert(self._placed(row))

    async def replace(self, row: Row, etag: str) -> str:
        """Write a row where it was read."""
        return await self.inner.replace(row, etag)

    async def delete(self, partition: str, key: str, etag: str = ANY_ETAG) -> None:
        """Take a row away where it was read."""
        await self.inner.delete(partition, key, etag)

    async def write_group(self, operations: Sequence[Operation]) -> None:
        """Write a group for each shard, one after another.

        Raises:
            GroupRefusedError: one operation's condition failed; its shard's group was not written, nor those after it.
        """
        groups: dict[str, list[tuple[int, Operation]]] = {}
        for index, one in enumerate(operations):
            placed: Operation = one
            if isinstance(one, Insert | Upsert):
                placed = replace(one, row=self._placed(one.row))
            place = placed.partition if isinstance(placed, Remove) else placed.row.partition
            groups.setdefault(place, []).append((index, placed))
        for group in groups.values():
            try:
                await self.inner.write_group([one for _, one in group])
            except GroupRefusedError as error:
                raise GroupRefusedError(group[error.index][0], error.cause) from error

    def _placed(self, row: Row) -> Row:
        return replace(row, partition=self._shard(row.key)) if row.partition == self.partition else row

    def _shard(self, key: str) -> str:
        return shard_of(self.partition, key, self.shards)
