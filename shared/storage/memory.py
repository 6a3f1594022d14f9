"""The twin of a table in memory: same protocol, same limits, same errors, ETags that change with each write.

For tests and for simulations. Before and after each request a hook may fail, wait or crash: before means that nothing
has happened, after means that it has happened and the answer is lost.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from operator import eq, ge, gt, le, lt, ne
from types import MappingProxyType
from typing import Any

from shared.errors import (
    AlreadyThereError,
    ChangedMeanwhileError,
    ConflictError,
    GroupRefusedError,
    NotThereError,
)
from shared.storage.filters import filter_text
from shared.storage.group import check_group_bytes
from shared.storage.limits import check_etag, check_group, check_key, check_query, check_row, place_of
from shared.storage.memory_queue import MemoryQueue
from shared.storage.protocols import (
    ANY_ETAG,
    PAGE_ROWS_MAX,
    Condition,
    Insert,
    Operation,
    Remove,
    Replace,
    Row,
    Upsert,
    Value,
)
from shared.storage.tables import Queues, Tables, queues_from, tables_from

Now = Callable[[], datetime]
Effect = Callable[[str, str], Awaitable[None]]

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": eq,
    "ne": ne,
    "gt": gt,
    "ge": ge,
    "lt": lt,
    "le": le,
}


class MemoryTable:
    """A table in memory. Its two hooks are called with the kind of request and the table's name."""

    def __init__(
        self, name: str, now: Now, *, before_effect: Effect | None = None, after_effect: Effect | None = None
    ) -> None:
        self.name = name
        self.before_effect = before_effect
        self.after_effect = after_effect
        self._now = now
        self._writes = 0
        self._rows: dict[str, dict[str, Row]] = {}
        self._keys: dict[str, list[str]] = {}

    async def read(self, partition: str, key: str) -> Row | None:
        check_key(partition, "partition")
        check_key(key, "key")
        await self._before("read")
        row = self._find(partition, key)
        await self._after("read")
        return replace(row, read_at=self._date()) if row is not None else None

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
        check_query(partition, (key_from, key_before), where, select, page_size)
        filter_text(partition, key_from=key_from, key_before=key_before, where=where)
        after: tuple[str, str] | None = None
        while True:
            await self._before("query")
            found = self._page(partition, key_from, key_before, where, after, page_size + 1)
            await self._after("query")
            date = self._date()
            for row in found[:page_size]:
                values = _selected(row.values, select)
                yield Row(row.partition, row.key, values, row.etag, row.written_at, date)
            if len(found) <= page_size:
                return
            after = (found[page_size - 1].partition, found[page_size - 1].key)

    async def insert(self, row: Row) -> str:
        check_row(row)
        return await self._write("insert", Insert(row))

    async def upsert(self, row: Row) -> str:
        check_row(row)
        return await self._write("upsert", Upsert(row))

    async def replace(self, row: Row, etag: str) -> str:
        check_row(row)
        check_etag(etag)
        return await self._write("replace", Replace(row, etag))

    async def delete(self, partition: str, key: str, etag: str = ANY_ETAG) -> None:
        check_key(partition, "partition")
        check_key(key, "key")
        check_etag(etag)
        await self._write("delete", Remove(partition, key, etag))

    async def write_group(self, operations: Sequence[Operation]) -> None:
        operations = list(operations)
        check_group(operations)
        check_group_bytes(operations)
        await self._before("group")
        for index, operation in enumerate(operations):
            if refusal := self._refusal(operation):
                raise GroupRefusedError(index, refusal)
        for operation in operations:
            self._apply(operation)
        await self._after("group")

    async def _write(self, kind: str, operation: Operation) -> str:
        await self._before(kind)
        if refusal := self._refusal(operation):
            raise refusal
        etag = self._apply(operation)
        await self._after(kind)
        return etag

    def _refusal(self, operation: Operation) -> ConflictError | None:
        """Say why an operation cannot be; None when it can."""
        partition, key = place_of(operation)
        found = self._find(partition, key)
        if isinstance(operation, Insert):
            return AlreadyThereError(f"{self.name}: {partition} / {key} is there already") if found else None
        if isinstance(operation, Upsert):
            return None
        if found is None:
            return NotThereError(f"{self.name}: {partition} / {key} is not there")
        if operation.etag not in (ANY_ETAG, found.etag):
            return ChangedMeanwhileError(f"{self.name}: {partition} / {key} was changed meanwhile")
        return None

    def _apply(self, operation: Operation) -> str:
        partition, key = place_of(operation)
        rows, keys = self._rows.setdefault(partition, {}), self._keys.setdefault(partition, [])
        if isinstance(operation, Remove):
            del rows[key]
            del keys[bisect_left(keys, key)]
            return ""
        if key not in rows:
            insort(keys, key)
        self._writes += 1
        etag = f'W/"{self._writes}"'
        rows[key] = Row(partition, key, _as_read(operation.row.values), etag, self._now().astimezone(UTC))
        return etag

    def _find(self, partition: str, key: str) -> Row | None:
        return self._rows.get(partition, {}).get(key)

    def _page(
        self,
        partition: str | None,
        key_from: str,
        key_before: str,
        where: tuple[Condition, ...],
        after: tuple[str, str] | None,
        rows_max: int,
    ) -> list[Row]:
        """Find the next rows in order, those behind `after` only."""
        found: list[Row] = []
        for name in sorted(self._rows) if partition is None else [partition]:
            if after is not None and name < after[0]:
                continue
            keys = self._keys.get(name, [])
            start = bisect_left(keys, key_from)
            if after is not None and name == after[0]:
                start = max(start, bisect_right(keys, after[1]))
            end = bisect_left(keys, key_before) if key_before else len(keys)
            for key in keys[start:end]:
                row = self._rows[name][key]
                if all(_meets(row.values, condition) for condition in where):
                    found.append(row)
                    if len(found) == rows_max:
                        return found
        return found

    def _date(self) -> datetime:
        """Give the time as a response's Date header does: whole seconds."""
        return self._now().astimezone(UTC).replace(microsecond=0)

    async def _before(self, kind: str) -> None:
        if self.before_effect is not None:
            await self.before_effect(kind, self.name)

    async def _after(self, kind: str) -> None:
        if self.after_effect is not None:
            await self.after_effect(kind, self.name)


def _as_read(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """Give values as they come back: instants in UTC. A later change by the writer does not reach the table."""
    return MappingProxyType(
        {name: one.astimezone(UTC) if isinstance(one, datetime) else one for name, one in values.items()}
    )


def _selected(values: Mapping[str, Value], select: tuple[str, ...]) -> Mapping[str, Value]:
    return {name: values[name] for name in select if name in values} if select else values


def _meets(values: Mapping[str, Value], condition: Condition) -> bool:
    """Compare as the service does: what is absent or of another type matches nothing."""
    found, wanted = values.get(condition.name), condition.value
    if found is None or _kind(found) is not _kind(wanted):
        return False
    return _COMPARE[condition.op](found, wanted)


def _kind(value: Value) -> type:
    for kind in (bool, int, str, bytes, datetime):
        if isinstance(value, kind):
            return kind
    raise TypeError(f"{type(value).__name__} is no value of a table")


def memory_tables(
    now: Now, *, before_effect: Effect | None = None, after_effect: Effect | None = None
) -> Tables:
    """Build all tables of the app in memory, empty."""

    def make(name: str) -> MemoryTable:
        return MemoryTable(name, now, before_effect=before_effect, after_effect=after_effect)

    return tables_from(make, _ensure_nothing, _close_nothing)


def memory_queues(
    now: Now, *, before_effect: Effect | None = None, after_effect: Effect | None = None
) -> Queues:
    """Build all queues of the app in memory, empty."""

    def make(name: str) -> MemoryQueue:
        return MemoryQueue(name, now, before_effect=before_effect, after_effect=after_effect)

    return queues_from(make, _ensure_nothing, _close_nothing)


async def _ensure_nothing(_: Sequence[str]) -> None:
    return


async def _close_nothing() -> None:
    return
