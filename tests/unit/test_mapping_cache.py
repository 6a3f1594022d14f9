"""What a worker knows of the mappings is never older than a minute, also where several of its runs ask at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import RetryableError
from shared.storage.mappings import MappingCache, import_rows
from shared.storage.memory import MemoryTable
from tests.unit.flow_services import Hand, run

AT = datetime(2017, 12, 23, 18, 0, tzinfo=UTC)


async def _import(table: MemoryTable, method: str) -> int:
    rows = [{"store": "*", "tender": "CASH", "payment_method": method}]
    return await import_rows(table, "tenders", rows, who="finance", reason="as said", at=AT)


async def _world() -> tuple[Hand, MemoryTable, MappingCache]:
    """A worker that read the first import eight minutes ago; there is a second one since."""
    hand = Hand()
    table = MemoryTable("mappings", hand)
    cache = MappingCache(table, hand)
    await _import(table, "1")
    await cache.at_least(0)
    await _import(table, "2")
    hand.turn(minutes=8)
    return hand, table, cache


def test_a_run_that_comes_while_the_mappings_are_being_read_has_the_new_ones_too() -> None:
    async def story() -> None:
        _, table, cache = await _world()
        reading, go_on = asyncio.Event(), asyncio.Event()

        async def stand_still(_: str, __: str) -> None:
            reading.set()
            await go_on.wait()

        table.before_effect = stand_still
        first = asyncio.create_task(cache.at_least(0))
        await reading.wait()
        second = asyncio.create_task(cache.at_least(0))
        await asyncio.sleep(0)
        go_on.set()
        assert [(await one).version for one in (first, second)] == [2, 2]

    run(story())


def test_a_reading_that_failed_is_made_again_by_whoever_comes_next() -> None:
    async def story() -> None:
        hand, table, cache = await _world()

        async def refuse(_: str, __: str) -> None:
            raise RetryableError("storage is busy")

        table.before_effect = refuse
        with pytest.raises(RetryableError):
            await cache.at_least(0)
        table.before_effect = None
        hand.turn(seconds=1)
        known = await cache.at_least(0)
        assert known.version == 2
        assert known.find("tenders", "*", "CASH") == {"store": "*", "tender": "CASH", "payment_method": "2"}

    run(story())


def test_mappings_that_were_just_read_are_not_read_again_before_a_minute_is_over() -> None:
    async def story() -> None:
        hand, table, cache = await _world()
        seen: list[str] = []

        async def count(kind: str, _: str) -> None:
            seen.append(kind)

        table.before_effect = count
        await cache.at_least(0)
        read = len(seen)
        hand.turn(seconds=60)
        await cache.at_least(0)
        assert len(seen) == read == 2
        hand.at += timedelta(seconds=1)
        await cache.at_least(0)
        assert len(seen) == 3

    run(story())
