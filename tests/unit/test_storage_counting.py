"""Requests are counted by kind: a group is one, a query one for each page."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest

from shared.errors import AlreadyThereError
from shared.storage.counting import CountingQueue, CountingTable
from shared.storage.memory import MemoryTable
from shared.storage.memory_queue import MemoryQueue
from shared.storage.protocols import Insert, Row


def now() -> datetime:
    return datetime(2017, 12, 23, 12, tzinfo=UTC)


def row(number: int) -> Row:
    return Row("S1", f"k{number:03}", {})


def test_each_request_is_counted_once_and_failed_ones_too() -> None:
    async def story() -> None:
        calls: Counter[str] = Counter()
        asked: Counter[str] = Counter()

        async def note(kind: str, _: str) -> None:
            asked[kind] += 1

        table = CountingTable(MemoryTable("t", now, before_effect=note), calls)
        queue = CountingQueue(MemoryQueue("q", now, before_effect=note), calls)
        etag = await table.insert(row(0))
        with pytest.raises(AlreadyThereError):
            await table.insert(row(0))
        await table.write_group([Insert(row(number)) for number in range(1, 100)])
        await table.replace(row(0), etag)
        await table.upsert(row(0))
        await table.read("S1", "k000")
        await table.delete("S1", "k000")
        await queue.send("x")
        for page_size in (1000, 99, 50, 98):
            assert len([one async for one in table.query("S1", page_size=page_size)]) == 99
        assert [one async for one in table.query("none")] == []
        async for _ in table.query("S1", page_size=10):
            break
        expected = {"insert": 2, "group": 1, "replace": 1, "upsert": 1, "read": 1, "delete": 1, "send": 1}
        assert calls == Counter(expected | {"query": 1 + 1 + 2 + 2 + 1 + 1})
        assert calls == asked
        assert (table.name, queue.name) == ("t", "q")

    asyncio.run(story())
