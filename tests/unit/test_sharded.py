"""The list of work spread over sixteen partitions: whoever uses it notices nothing, and nothing written before is left behind."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from shared.errors import GroupRefusedError, NotThereError, SettingsError
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.ring_overdue import ring_overdue
from shared.pos.registry import ADAPTERS
from shared.services import refuse_fewer_shards, spread
from shared.storage.counting import CountingTable
from shared.storage.due import MAP, POST, Due, finish_due, list_due, note_due, read_due
from shared.storage.heard import heard_of, heard_rows
from shared.storage.memory import MemoryTable, memory_tables
from shared.storage.protocols import Insert, Remove, Row, Upsert
from shared.storage.sharded import ShardedTable, shard_of
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER, Hand, flow_services, run

DAY = date(2017, 12, 23)
AT = datetime(2017, 12, 23, 18, 0, tzinfo=UTC)
STORES = [f"S{number}" for number in range(1, 201)]


def test_a_shard_goes_by_the_store_alone() -> None:
    keys = [Due(stage, "S1", day, AT).key for stage in (MAP, POST) for day in (DAY, date(2018, 1, 1))]
    assert len({shard_of("due", key, 16) for key in (*keys, "heard~S1~3")}) == 1
    counts = Counter(shard_of("due", Due(MAP, store, DAY, AT).key, 16) for store in STORES)
    assert len(counts) == 16
    assert max(counts.values()) <= 25  # 12.5 on average


def test_work_of_one_store_is_one_request_and_is_listed_in_order() -> None:
    async def story() -> None:
        calls: Counter[str] = Counter()
        inner = MemoryTable("due", lambda: AT)
        table = ShardedTable(CountingTable(inner, calls), "due", 16)
        await note_due(
            table, [Due(MAP, "S1", DAY, AT), Due(POST, "S1", DAY, AT)], heard_rows([("S1", "3")], AT)
        )
        assert sum(calls.values()) == 1
        await note_due(table, [Due(MAP, store, DAY, AT) for store in reversed(STORES[:99])])
        listed = await list_due(table, MAP)
        assert [row.key for row in listed] == sorted(f"map~{store}~2017-12-23" for store in STORES[:99])
        assert {row.partition for row in listed} == {shard_of("due", row.key, 16) for row in listed}
        assert [(one.store, one.terminal) for one in await heard_of(table)] == [("S1", "3")]
        assert [(one.store, one.terminal) for one in await heard_of(table, "S1")] == [("S1", "3")]
        assert len([row async for row in table.query("due", key_from="map~S1~", key_before="map~S1~~")]) == 1
        assert not inner._rows.get("due")

    run(story())


def test_what_was_written_before_it_was_spread_is_found_and_ended_where_it_lies() -> None:
    async def story() -> None:
        hand = Hand()
        inner = MemoryTable("due", hand)
        table = ShardedTable(inner, "due", 16)
        await note_due(inner, [Due(MAP, "S1", DAY, AT)])
        hand.turn(minutes=5)
        old = await read_due(table, Due(MAP, "S1", DAY, AT).key)
        assert old is not None
        assert old.partition == "due"
        assert [row.key for row in await list_due(table, MAP)] == [old.key]
        etag = await table.replace(old.with_values(Rests=True), old.etag)
        # New work of the same store-day: it counts, and the old row is not listed beside it.
        await note_due(table, [Due(MAP, "S1", DAY, AT)])
        (listed,) = await list_due(table, MAP)
        assert listed.partition != "due"
        hand.turn(minutes=5)
        assert await finish_due(table, await _again(table, listed), 60)
        (left,) = await list_due(table, MAP)
        assert (left.partition, left.etag, left.flag("Rests")) == ("due", etag, True)
        assert await finish_due(table, left, 60)
        assert await list_due(table, MAP) == []

    run(story())


async def _again(table: ShardedTable, row: Row) -> Row:
    found = await table.read(row.partition, row.key)
    assert found is not None
    return found


def test_a_group_over_several_shards_says_which_operation_was_refused() -> None:
    async def story() -> None:
        table = ShardedTable(MemoryTable("due", lambda: AT), "due", 16)
        first, second = Due(MAP, "S1", DAY, AT).row(), Due(MAP, "S2", DAY, AT).row()
        assert shard_of("due", first.key, 16) != shard_of("due", second.key, 16)
        await table.insert(second)
        with pytest.raises(GroupRefusedError) as refused:
            await table.write_group([Upsert(first), Insert(second)])
        assert refused.value.index == 1
        with pytest.raises(GroupRefusedError) as refused:
            await table.write_group([Upsert(first), Remove("due", "map~S3~2017-12-23")])
        assert (refused.value.index, type(refused.value.cause)) == (1, NotThereError)

    run(story())


def test_other_partitions_are_left_alone() -> None:
    async def story() -> None:
        inner = MemoryTable("due", lambda: AT)
        table = ShardedTable(inner, "due", 16)
        row = Row("checks", "checks~S1~2017-12-23", {"NextTry": AT})
        etag = await table.upsert(row)
        assert await table.read("checks", row.key) == await inner.read("checks", row.key)
        assert [one.key async for one in table.query("checks")] == [row.key]
        await table.delete("checks", row.key, etag)
        assert [one.key async for one in table.query("checks")] == []

    run(story())


def test_a_receipt_goes_its_way_over_a_spread_list() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        services.tables = spread(services.tables, 16)
        await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(sale_document()))
        assert await ring_overdue(services) == 1
        assert await map_transactions(services, "map~S1~2017-12-23") == 1
        assert [row.key for row in await list_due(services.tables.due, POST)] == ["post~S1~2017-12-23"]

    run(story())


def test_it_may_be_spread_and_never_drawn_together_again() -> None:
    async def story() -> None:
        tables = memory_tables(lambda: AT)
        assert spread(tables, 1) is tables
        await refuse_fewer_shards(tables, 16)  # a storage that nobody opened yet: nothing to compare
        await tables.packages.insert(Row("environment", "environment", {"D365EnvironmentId": "env-1"}))
        await refuse_fewer_shards(tables, 1)
        await refuse_fewer_shards(tables, 16)
        await refuse_fewer_shards(tables, 16)
        kept = await tables.packages.read("environment", "environment")
        assert kept is not None
        assert dict(kept.values) == {"D365EnvironmentId": "env-1", "DueShards": 16}
        with pytest.raises(SettingsError, match=r"DUE_SHARDS is 1; .* over 16 already, and may only grow"):
            await refuse_fewer_shards(tables, 1)

    run(story())


def test_two_workers_that_start_at_once_both_start() -> None:
    async def story() -> None:
        tables = memory_tables(lambda: AT)
        await tables.packages.insert(Row("environment", "environment", {"D365EnvironmentId": "env-1"}))

        class Racing(MemoryTable):
            """Another worker writes between each first reading and its write."""

            raced = False

            async def replace(self, row: Row, etag: str) -> str:
                if not self.raced:
                    self.raced = True
                    there = await super().read(row.partition, row.key)
                    assert there is not None
                    await super().replace(there.with_values(MovedFrom="x"), there.etag)
                return await super().replace(row, etag)

        racing = Racing("packages", lambda: AT)
        await racing.insert(Row("environment", "environment", {"D365EnvironmentId": "env-1"}))
        await refuse_fewer_shards(replace(tables, packages=racing), 16)
        kept = await racing.read("environment", "environment")
        assert kept is not None
        assert (kept.number("DueShards"), kept.text("MovedFrom")) == (16, "x")

    run(story())
