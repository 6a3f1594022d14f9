"""Tables over tables do what the real ones would, and leave those as they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.errors import AlreadyThereError, ChangedMeanwhileError, GroupRefusedError, NotThereError
from shared.storage.memory import MemoryTable, memory_tables
from shared.storage.overlay import OverlayTable, overlay_tables
from shared.storage.protocols import Condition, Insert, Remove, Replace, Row, Upsert
from shared.storage.sharded import ShardedTable
from tests.contract.storage_sequences import Side, outcome, sequence
from tests.unit.flow_services import run

AT = datetime(2017, 12, 23, 18, 0, tzinfo=UTC)


async def _laid_over() -> tuple[MemoryTable, OverlayTable]:
    under = MemoryTable("transactions", lambda: AT)
    for key in ("a", "b", "c"):
        await under.insert(Row("S1", key, {"Status": "held", "Key": key}))
    return under, OverlayTable(under, lambda: AT)


async def _keys(table: Any, **asked: Any) -> list[str]:
    return [row.key async for row in table.query("S1", **asked)]


def test_what_is_written_is_read_back_and_not_kept() -> None:
    async def story() -> None:
        under, over = await _laid_over()
        row = await over.read("S1", "b")
        assert row is not None
        await over.replace(row.with_values(Status="received"), row.etag)
        await over.insert(Row("S1", "bb", {"Status": "received"}))
        await over.delete("S1", "c")
        await over.upsert(Row("S1", "d", {"Status": "held"}))
        received = (Condition("Status", "eq", "received"),)
        assert await _keys(over) == ["a", "b", "bb", "d"]
        assert await _keys(over, where=received) == ["b", "bb"]
        assert await _keys(over, where=(Condition("Status", "eq", "held"),)) == ["a", "d"]
        assert await _keys(over, key_from="b", key_before="d") == ["b", "bb"]
        assert (await over.read("S1", "c"), await over.read("S1", "d")) != (None, None)
        assert [(row.key, row.text("Status")) async for row in under.query("S1")] == [
            ("a", "held"), ("b", "held"), ("c", "held"),
        ]  # fmt: skip

    run(story())


def test_conditions_are_judged_as_on_the_table_below() -> None:
    async def story() -> None:
        under, over = await _laid_over()
        row = await over.read("S1", "a")
        assert row is not None
        with pytest.raises(AlreadyThereError):
            await over.insert(Row("S1", "a", {}))
        with pytest.raises(ChangedMeanwhileError):
            await over.replace(row, "another")
        with pytest.raises(NotThereError):
            await over.replace(Row("S1", "z", {}), "*")
        again = await over.read("S1", "a")
        assert again is not None
        assert again.etag == row.etag  # a refused write changes nothing
        await over.write_group([Replace(row.with_values(Status="x"), row.etag), Insert(Row("S1", "e", {}))])
        with pytest.raises(GroupRefusedError) as refused:
            await over.write_group([Upsert(Row("S1", "f", {})), Replace(row, row.etag)])
        assert refused.value.index == 1
        assert await over.read("S1", "f") is None
        await over.write_group([Remove("S1", "e")])
        assert await _keys(over) == ["a", "b", "c"]
        assert (await under.read("S1", "a")) == row

    run(story())


def test_a_list_of_work_that_is_spread_is_the_same_over_its_table_as_on_it() -> None:
    """Rows come back with the shard they lie in; whoever laid a table over a spread one goes on naming the one partition."""

    async def story() -> None:
        tables = memory_tables(lambda: AT)
        spread = replace(tables, due=ShardedTable(tables.due, "due", 4))
        await spread.due.upsert(Row("due", "map~S1~2017-12-23", {"Asked": 1}))
        await spread.due.upsert(Row("due", "map~S2~2017-12-23", {"Asked": 1}))
        over = overlay_tables(spread, lambda: AT).due
        await over.upsert(Row("due", "map~S1~2017-12-23", {"Asked": 2}))
        row = await over.read("due", "map~S2~2017-12-23")
        assert row is not None
        await over.replace(row.with_values(Asked=3), row.etag)
        await over.insert(Row("due", "post~S1~2017-12-23", {"Asked": 4}))
        asked = [(row.key, row.number("Asked")) async for row in over.query("due")]
        assert asked == [("map~S1~2017-12-23", 2), ("map~S2~2017-12-23", 3), ("post~S1~2017-12-23", 4)]
        every = [row async for row in over.query("due")]
        await over.write_group([Remove(one.partition, one.key, one.etag) for one in every])
        assert [row async for row in over.query("due")] == []
        assert [row.number("Asked") async for row in spread.due.query("due")] == [1, 1]

    run(story())


@pytest.mark.parametrize("start", range(0, 400, 40))
def test_random_operations_give_the_same_over_a_table_as_on_it(start: int) -> None:
    """The first part of each sequence is there already; the rest is done on the table, and over one that is the same."""

    async def story(seed: int) -> None:
        one, under = MemoryTable("t", lambda: AT), MemoryTable("t", lambda: AT)
        plain, laid_over = Side(one), Side(under)
        steps = sequence(seed, "S1")
        half = len(steps) // 2
        for number, named in enumerate(steps):
            if number == half:
                before = [row async for row in under.query("S1")]
                laid_over.table = OverlayTable(under, lambda: AT)
            assert await outcome(laid_over, named) == await outcome(plain, named), (seed, number, named.words)
        assert [(row.key, row.values) async for row in laid_over.table.query("S1")] == [
            (row.key, row.values) async for row in one.query("S1")
        ]
        assert [row async for row in under.query("S1")] == before

    for seed in range(start, start + 40):
        run(story(seed))
