"""The table in memory: every limit, every error, and the hooks of a simulation."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import pytest

from shared.errors import AlreadyThereError, ChangedMeanwhileError, GroupRefusedError, NotThereError
from shared.storage.memory import MemoryTable, memory_queues, memory_tables
from shared.storage.protocols import Condition, Insert, Operation, Remove, Replace, Row, Upsert, Value

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2017, 12, 23, 12, 0, 0, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


def table() -> MemoryTable:
    return MemoryTable("transactions", Clock())


def row(key: str = "k", **values: Value) -> Row:
    return Row("S1", key, values)


async def keys(of: MemoryTable, *arguments: Any, **options: Any) -> list[str]:
    return [one.key async for one in of.query(*arguments, **options)]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (Row("", "k", {}), "the partition is empty"),
        (Row("S1", "", {}), "the key is empty"),
        (Row("S1", "a/b", {}), "holds '/'"),
        (Row("S1", "a\\b", {}), "which keys forbid"),
        (Row("S1", "a#b", {}), "holds '#'"),
        (Row("S1", "a?b", {}), "holds '\\?'"),
        (Row("S1", "a\x1fb", {}), "which keys forbid"),
        (Row("S1", "a\x7fb", {}), "which keys forbid"),
        (Row("S1", "k" * 513, {}), "513 characters; limit 512"),
        (row(A="x" * 32_769), "32769 characters; limit 32768"),
        (row(A="😀" * 16_385), "32770 characters; limit 32768"),
        (row(A="\ud800"), "half of a character pair"),
        (row(A=b"x" * 65_537), "65537 bytes; limit 65536"),
        (row(A=2**63), "64 bits"),
        (row(A=-(2**63) - 1), "64 bits"),
        (row(A=datetime(2017, 1, 1)), "without a zone"),  # noqa: DTZ001
        (row(A=datetime(1600, 12, 31, tzinfo=UTC)), "before the year 1601"),
        (row(**{f"P{number}": 1 for number in range(253)}), "253 properties; limit 252"),
        (row(**{"a" * 256: 1}), "256 characters; limit 255"),
        (row(**{"A-B": 1}), "name of a property"),
        (row(Timestamp="x"), "name of a property"),
        (row(**{f"P{number}": b"x" * 65_536 for number in range(16)}), "bytes; limit 1048576"),
    ],
)
def test_a_row_outside_a_limit_is_refused_by_name_of_the_limit(bad: Row, message: str) -> None:
    for write in (
        lambda: table().insert(bad),
        lambda: table().upsert(bad),
        lambda: table().replace(bad, "*"),
    ):
        with pytest.raises(ValueError, match=message):
            run(write())
    with pytest.raises(ValueError, match=message):
        run(table().write_group([Insert(bad)]))


@pytest.mark.parametrize("bad", [1.5, None, (1, 2)])
def test_a_type_tables_do_not_know_is_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match="tables take str, int, bool, bytes and datetime"):
        run(table().insert(row(A=bad)))


def test_a_row_at_every_limit_is_taken() -> None:
    values: dict[str, Value] = {
        "A": "x" * 32_768,
        "B": b"x" * 65_536,
        "C": 2**63 - 1,
        "D": -(2**63),
        "E": "😀" * 16_384,
    }
    run(table().insert(Row("S1", "k" * 512, values)))
    run(table().insert(row(**{f"P{number}": 1 for number in range(252)})))


def test_the_size_of_a_row_counts_names_and_types() -> None:
    # Keys: 4 + 2 x 3 = 10. Sixteen binaries with names of one letter: 16 x (8 + 2 + 4) = 224, and their bytes.
    # So 1,048,576 - 234 = 1,048,342 bytes of binaries fit: 16 x 65,521 + 6.
    fits: dict[str, Value] = dict.fromkeys("BCDEFGHIJKLMNOP", b"x" * 65_521)
    fits["A"] = b"x" * 65_527
    run(table().insert(row(**fits)))
    with pytest.raises(ValueError, match="1048577 bytes; limit 1048576"):
        run(table().insert(row(**fits | {"A": b"x" * 65_528})))


def insert_many(count: int) -> list[Operation]:
    return [Insert(row(f"k{number}")) for number in range(count)]


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ([], "0 operations; limit 1 to 100"),
        (insert_many(101), "101 operations; limit 1 to 100"),
        ([Insert(row("a")), Insert(Row("S2", "b", {}))], "limit one partition"),
        ([Insert(row("a")), Remove("S1", "a")], "row 'a' twice"),
        ([Replace(row("a"), "")], "needs the ETag"),
        ([Remove("S1", "a", "")], "needs the ETag"),
        ([Upsert(row(f"k{number}", A=b"x" * 65_536)) for number in range(60)], "bytes; limit 4194304"),
    ],
)
def test_a_group_outside_a_limit_is_refused(operations: list[Operation], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(table().write_group(operations))


def test_a_group_of_one_hundred_is_taken() -> None:
    store = table()
    run(store.write_group(insert_many(100)))
    assert len(run(keys(store, "S1"))) == 100


def test_a_refused_group_changes_nothing_and_names_the_first_failure() -> None:
    async def story() -> None:
        store = table()
        etag = await store.insert(row("there", A=1))
        group = [
            Insert(row("new")),
            Replace(row("there", A=2), etag),
            Remove("S1", "gone"),
            Insert(row("there2")),
        ]
        with pytest.raises(GroupRefusedError) as refused:
            await store.write_group(group)
        assert refused.value.index == 2
        assert isinstance(refused.value.cause, NotThereError)
        assert await keys(store, "S1") == ["there"]
        assert (await store.read("S1", "there") or row()).number("A") == 1

    run(story())


@pytest.mark.parametrize(
    ("operation", "cause"),
    [
        (Insert(row("there")), AlreadyThereError),
        (Replace(row("there"), "old"), ChangedMeanwhileError),
        (Remove("S1", "there", "old"), ChangedMeanwhileError),
        (Replace(row("gone"), "*"), NotThereError),
        (Remove("S1", "gone"), NotThereError),
    ],
)
def test_conflicts_have_one_name_alone_and_in_a_group(operation: Operation, cause: type[Exception]) -> None:
    async def story() -> None:
        store = table()
        await store.insert(row("there"))
        with pytest.raises(GroupRefusedError) as refused:
            await store.write_group([operation])
        assert (refused.value.index, type(refused.value.cause)) == (0, cause)
        with pytest.raises(cause):
            await alone(store, operation)

    run(story())


async def alone(store: MemoryTable, operation: Operation) -> None:
    """Do by itself what an operation does in a group."""
    if isinstance(operation, Insert):
        await store.insert(operation.row)
    elif isinstance(operation, Replace):
        await store.replace(operation.row, operation.etag)
    elif isinstance(operation, Remove):
        await store.delete(operation.partition, operation.key, operation.etag)


def test_every_write_changes_the_etag() -> None:
    async def story() -> None:
        store = table()
        seen = [await store.insert(row()), await store.upsert(row()), await store.upsert(row())]
        seen.append(await store.replace(row(), seen[-1]))
        await store.write_group([Upsert(row())])
        seen.append((await store.read("S1", "k") or row()).etag)
        assert len(set(seen)) == 5

    run(story())


def test_times_come_from_the_injected_clock_and_the_date_has_whole_seconds() -> None:
    async def story() -> None:
        clock = Clock()
        store = MemoryTable("t", clock)
        await store.insert(row())
        clock.at += timedelta(seconds=90)
        found = await store.read("S1", "k")
        assert found is not None
        assert found.written_at == datetime(2017, 12, 23, 12, 0, 0, 250_000, tzinfo=UTC)
        assert found.read_at == datetime(2017, 12, 23, 12, 1, 30, tzinfo=UTC)
        assert found.age_seconds == 89.75

    run(story())


def test_what_was_written_cannot_be_changed_from_outside() -> None:
    async def story() -> None:
        store = table()
        values: dict[str, Value] = {"A": 1, "At": datetime(2017, 1, 1, tzinfo=timezone(timedelta(hours=2)))}
        await store.insert(Row("S1", "k", values))
        values["A"] = 2
        found = await store.read("S1", "k")
        assert found is not None
        assert found.number("A") == 1
        assert found.instant("At").utcoffset() == timedelta(0)
        with pytest.raises(TypeError):
            found.values["A"] = 3  # type: ignore[index]

    run(story())


def test_a_query_gives_rows_in_order_within_its_bounds() -> None:
    async def story() -> None:
        store = table()
        for partition, key in (("S2", "a"), ("S1", "b~2"), ("S1", "b~1"), ("S1", "a"), ("S1", "c")):
            await store.insert(Row(partition, key, {"Long": len(key) > 1, "N": len(key)}))
        assert await keys(store) == ["a", "b~1", "b~2", "c", "a"]
        assert await keys(store, page_size=2) == ["a", "b~1", "b~2", "c", "a"]
        assert await keys(store, "S1", key_from="b~", key_before="c", page_size=1) == ["b~1", "b~2"]
        assert await keys(store, "S1", where=(Condition("Long", "eq", True), Condition("N", "ge", 3))) == [
            "b~1",
            "b~2",
        ]
        assert await keys(store, "none") == []

    run(story())


def test_a_condition_on_what_is_absent_or_of_another_type_never_holds() -> None:
    async def story() -> None:
        store = table()
        await store.insert(row("has", A=5))
        await store.insert(row("not"))
        assert await keys(store, "S1", where=(Condition("A", "ne", 6),)) == ["has"]
        assert await keys(store, "S1", where=(Condition("A", "ne", "5"),)) == []
        assert await keys(store, "S1", where=(Condition("A", "ne", True),)) == []

    run(story())


def test_a_query_is_no_snapshot() -> None:
    async def story() -> None:
        store = table()
        for key in "abcd":
            await store.insert(row(key))
        found = []
        async for one in store.query("S1", page_size=2):
            found.append(one.key)
            if one.key == "a":
                await store.delete("S1", "d")
        assert found == ["a", "b", "c"]

    run(story())


def test_select_gives_only_the_properties_asked_for() -> None:
    async def story() -> None:
        store = table()
        await store.insert(row(A=1, B=2))
        found = [one async for one in store.query("S1", select=("B", "C"))]
        assert dict(found[0].values) == {"B": 2}
        assert found[0].etag != ""

    run(story())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"page_size": 0}, "limit 1 to 1000"),
        ({"page_size": 1001}, "limit 1 to 1000"),
        ({"where": tuple(Condition("A", "eq", 1) for _ in range(15))}, "16 comparisons; limit 15"),
        ({"select": ("A,B",)}, "name of a property"),
        ({"where": (Condition("A", "eq", "x" * 8_192),)}, "8244 characters; limit 8192"),
    ],
)
def test_a_query_outside_a_limit_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(keys(table(), "S1", **options))


def test_a_crash_before_an_effect_leaves_nothing_and_after_it_everything() -> None:
    seen: list[tuple[str, str]] = []

    async def crash(kind: str, name: str) -> None:
        seen.append((kind, name))
        raise ConnectionError

    async def story() -> None:
        store = MemoryTable("due", Clock(), before_effect=crash)
        with pytest.raises(ConnectionError):
            await store.insert(row("before"))
        store.before_effect, store.after_effect = None, crash
        with pytest.raises(ConnectionError):
            await store.write_group([Insert(row("after"))])
        store.after_effect = None
        assert await keys(store, "S1") == ["after"]
        assert seen == [("insert", "due"), ("group", "due")]

    run(story())


def test_the_bundles_hold_every_table_and_queue_by_name() -> None:
    tables, queues = memory_tables(Clock()), memory_queues(Clock())
    run(tables.ensure())
    run(queues.ensure())
    names = [
        "transactions",
        "due",
        "packages",
        "causes",
        "storedays",
        "shifts",
        "statements",
        "mappings",
        "stores",
        "audit",
        "releases",
        "checks",
        "wanted",
    ]
    assert [getattr(tables, name).name for name in names] == names
    assert (queues.mapping_due.name, queues.posting_due.name) == ("mapping-due", "posting-due")
    run(tables.close())
    run(queues.close())
