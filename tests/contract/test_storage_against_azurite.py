"""What flows rely on holds for the table and queue in memory and for the service's emulator alike.

Scenarios by hand run against both. Then random sequences of operations run against both, step by step; a difference
that is not in tolerated_differences.json is an error, and that list cannot grow unnoticed.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.storage.queue.aio import QueueClient

from shared.errors import (
    AlreadyThereError,
    ChangedMeanwhileError,
    GroupRefusedError,
    NotThereError,
    SettingsError,
)
from shared.settings import StorageSettings
from shared.storage import open_storage
from shared.storage.azure import AzureTable
from shared.storage.connection import Connection, account_of
from shared.storage.protocols import Condition, Insert, Remove, Replace, Row, Table, Upsert, Value
from tests.contract.storage_sequences import ACROSS_TYPES
from tests.contract.storage_twins import AZURITE, MEMORY, Received, queue_of, table_of
from tests.contract.twins import TOLERATED, Tally, compare_queues, compare_tables, tolerated

SEQUENCES, CHUNKS = 200, 8
QUEUE_SEQUENCES = 60
EVERY_TYPE: dict[str, Value] = {
    "Text": "it's é😀",
    "Empty": "",
    "Small": 5,
    "Large": 2**63 - 1,
    "Flag": False,
    "Data": b"\x00\xff",
    "Instant": datetime(2017, 12, 23, 12, 0, 0, 123_456, tzinfo=UTC),
}


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def row(key: str, **values: Value) -> Row:
    return Row("S1", key, values)


async def every_type_comes_back_as_it_was(table: Table) -> None:
    etag = await table.insert(row("k", **EVERY_TYPE))
    found = await table.read("S1", "k")
    assert found is not None
    assert dict(found.values) == EVERY_TYPE
    assert [type(value) is bool for value in found.values.values()] == [
        False,
        False,
        False,
        False,
        True,
        False,
        False,
    ]
    assert (found.partition, found.key, found.etag) == ("S1", "k", etag)


async def a_group_writes_every_type_too(table: Table) -> None:
    await table.write_group([Insert(row("k", **EVERY_TYPE)), Upsert(row("empty"))])
    found = await table.read("S1", "k")
    assert found is not None
    assert dict(found.values) == EVERY_TYPE
    assert [one.key async for one in table.query("S1")] == ["empty", "k"]


async def an_age_is_measured_by_the_service(table: Table) -> None:
    await table.insert(row("k"))
    found = await table.read("S1", "k")
    listed = [one async for one in table.query("S1")]
    for one in (found, listed[0]):
        assert one is not None
        assert one.age_seconds is not None
        assert -1 <= one.age_seconds <= 5


async def conflicts_have_their_names(table: Table) -> None:
    first = await table.insert(row("k", A=1))
    with pytest.raises(AlreadyThereError):
        await table.insert(row("k"))
    second = await table.replace(row("k", A=2), first)
    with pytest.raises(ChangedMeanwhileError):
        await table.replace(row("k"), first)
    with pytest.raises(ChangedMeanwhileError):
        await table.delete("S1", "k", first)
    with pytest.raises(NotThereError):
        await table.replace(row("gone"), first)
    with pytest.raises(NotThereError):
        await table.replace(row("gone"), "*")
    with pytest.raises(NotThereError):
        await table.delete("S1", "gone")
    with pytest.raises(NotThereError):
        await table.delete("S1", "gone", first)
    await table.delete("S1", "k", second)
    assert await table.read("S1", "k") is None


async def a_write_replaces_the_whole_row(table: Table) -> None:
    await table.insert(row("k", A=1, B=2))
    await table.upsert(row("k", A=3))
    await table.upsert(row("new", A=4))
    await table.replace(row("k", C=5), "*")
    assert [dict(one.values) async for one in table.query("S1")] == [{"C": 5}, {"A": 4}]


async def a_refused_group_names_its_operation_and_writes_nothing(table: Table) -> None:
    old = await table.insert(row("there", A=1))
    new = await table.replace(row("there", A=2), old)
    cases = [
        (Insert(row("there")), AlreadyThereError),
        (Replace(row("there"), old), ChangedMeanwhileError),
        (Remove("S1", "there", old), ChangedMeanwhileError),
        (Replace(row("gone"), new), NotThereError),
        (Replace(row("gone"), "*"), NotThereError),
        (Remove("S1", "gone"), NotThereError),
    ]
    for operation, cause in cases:
        before = [Upsert(row(f"u{number:02}")) for number in range(12)]
        with pytest.raises(GroupRefusedError) as refused:
            await table.write_group([*before, operation, Insert(row("after"))])
        assert (refused.value.index, type(refused.value.cause)) == (12, cause)
    assert [(one.key, one.number("A")) async for one in table.query("S1")] == [("there", 2)]


async def a_group_of_a_hundred_with_every_operation(table: Table) -> None:
    etag = await table.insert(row("a", A=1))
    gone = await table.insert(row("b"))
    more = [Insert(row(f"k{number:02}", Text="x" * 1_000)) for number in range(97)]
    await table.write_group([Replace(row("a", A=2), etag), Remove("S1", "b", gone), Upsert(row("c")), *more])
    rows = [one async for one in table.query("S1")]
    assert len(rows) == 99
    assert (rows[0].key, rows[0].number("A"), rows[1].key) == ("a", 2, "c")


async def a_group_just_below_four_mebibytes_is_taken(table: Table) -> None:
    # Binary grows by a third in base64: 47 x 65,536 x 4 / 3 = 4,107,000 of 4,194,304.
    await table.write_group([Insert(row(f"k{number:02}", Data=b"x" * 65_536)) for number in range(47)])
    with pytest.raises(ValueError, match="limit 4194304"):
        await table.write_group([Upsert(row(f"k{number:02}", Data=b"x" * 65_536)) for number in range(49)])
    assert len([one async for one in table.query("S1", select=("A",))]) == 47


async def keys_may_hold_quotes_and_percent_signs(table: Table) -> None:
    for key in ("it's", "50%41", "a b", "é", "a=2Fb", "a&b", "a+b", "a,b", "(a)"):
        await table.insert(Row("it's 50%", key, {}))
        await table.write_group([Upsert(Row("it's 50%", key, {"A": key}))])
        found = await table.read("it's 50%", key)
        assert found is not None
        assert found.text("A") == key
        assert [one.key async for one in table.query("it's 50%", key_from=key, key_before=key + "!")] == [key]
        await table.write_group([Remove("it's 50%", key)])
        assert await table.read("it's 50%", key) is None


async def a_query_pages_through_its_bounds_in_order(table: Table) -> None:
    for partition in ("S1", "S2"):
        await table.write_group(
            [Insert(Row(partition, f"k{number:03}", {"N": number})) for number in range(25)]
        )
    for page_size in (1, 7, 1000):
        found = [
            one async for one in table.query("S2", key_from="k005", key_before="k020", page_size=page_size)
        ]
        assert [one.number("N") for one in found] == list(range(5, 20))
    everywhere = [(one.partition, one.number("N")) async for one in table.query(page_size=20)]
    assert everywhere == [(partition, number) for partition in ("S1", "S2") for number in range(25)]


async def conditions_compare_by_type(table: Table) -> None:
    await table.insert(row("k", **EVERY_TYPE))
    await table.insert(row("none"))
    noon = datetime(2017, 12, 23, 12, tzinfo=UTC)
    for name, op, value, holds in (
        ("Text", "eq", "it's é😀", True),
        ("Text", "ge", "it's", True),
        ("Empty", "eq", "", True),
        ("Empty", "ne", "", False),
        ("Small", "lt", 6, True),
        ("Small", "ne", 5, False),
        ("Large", "eq", 2**63 - 1, True),
        ("Flag", "eq", False, True),
        ("Flag", "ne", False, False),
        ("Instant", "gt", noon, True),
        ("Instant", "le", noon, False),
        ("Absent", "ne", "x", False),
    ):
        found = [one.key async for one in table.query("S1", where=(Condition(name, op, value),))]  # type: ignore[arg-type]
        assert found == (["k"] if holds else []), (name, op, value)


async def select_delivers_what_is_asked_with_key_etag_and_times(table: Table) -> None:
    etag = await table.insert(row("k", A=1, B=2))
    (found,) = [one async for one in table.query("S1", select=("B", "Absent"))]
    assert (found.partition, found.key, dict(found.values), found.etag) == ("S1", "k", {"B": 2}, etag)
    assert found.written_at is not None
    await table.replace(found.with_values(B=3), found.etag)


TABLE_SCENARIOS: list[Callable[[Table], Awaitable[None]]] = [
    every_type_comes_back_as_it_was,
    a_group_writes_every_type_too,
    an_age_is_measured_by_the_service,
    conflicts_have_their_names,
    a_write_replaces_the_whole_row,
    a_refused_group_names_its_operation_and_writes_nothing,
    a_group_of_a_hundred_with_every_operation,
    a_group_just_below_four_mebibytes_is_taken,
    keys_may_hold_quotes_and_percent_signs,
    a_query_pages_through_its_bounds_in_order,
    conditions_compare_by_type,
    select_delivers_what_is_asked_with_key_etag_and_times,
]


@pytest.mark.parametrize("twin", [MEMORY, AZURITE])
@pytest.mark.parametrize("scenario", TABLE_SCENARIOS, ids=lambda one: one.__name__)
def test_a_table_keeps_its_promises(
    scenario: Callable[[Table], Awaitable[None]], twin: str, azurite: str
) -> None:
    async def story() -> None:
        async with table_of(twin, azurite) as table:
            await scenario(table)

    run(story())


async def a_message_comes_back_until_deleted(queue: Received) -> None:
    await queue.queue.send('{"due": "é~1"}')
    first = (await queue.receive(1, 1))[0]
    assert (first.text if first.text.startswith("{") else decoded(first.text), first.dequeue_count) == (
        '{"due": "é~1"}',
        1,
    )
    assert await queue.receive(1, 1) == []
    await queue.wait(1.3)
    second = (await queue.receive(32, 30))[0]
    assert (second.id, second.dequeue_count) == (first.id, 2)
    assert await queue.delete(first) == "not ours"
    assert await queue.delete(second) == "done"
    assert await queue.delete(second) == "gone"


async def a_message_is_seen_when_its_time_has_come(queue: Received) -> None:
    await queue.queue.send("later", visible_in_seconds=1)
    assert await queue.receive(1, 1) == []
    await queue.wait(1.3)
    assert len(await queue.receive(1, 1)) == 1


async def an_update_makes_the_old_receipt_worthless(queue: Received) -> None:
    await queue.queue.send("x")
    message = (await queue.receive(1, 30))[0]
    assert await queue.update(message, 0, "eQ==") == "done"
    assert await queue.update(message, 0, None) == "not ours"
    assert await queue.delete(message) == "not ours"
    assert [one.text for one in await queue.peek(32)] == ["eQ=="]
    assert [one.dequeue_count for one in await queue.receive(32, 30)] == [2]


async def a_late_delete_works_while_nobody_else_received(queue: Received) -> None:
    await queue.queue.send("x")
    message = (await queue.receive(1, 1))[0]
    await queue.wait(1.3)
    assert await queue.delete(message) == "done"
    assert await queue.peek(32) == []


async def the_longest_message_is_taken(queue: Received) -> None:
    await queue.queue.send("x" * 49_152)
    with pytest.raises(ValueError, match="limit 65536"):
        await queue.queue.send("x" * 49_153)
    assert len(await queue.receive(32, 30)) == 1


QUEUE_SCENARIOS: list[Callable[[Received], Awaitable[None]]] = [
    a_message_comes_back_until_deleted,
    a_message_is_seen_when_its_time_has_come,
    an_update_makes_the_old_receipt_worthless,
    a_late_delete_works_while_nobody_else_received,
    the_longest_message_is_taken,
]


@pytest.mark.parametrize("twin", [MEMORY, AZURITE])
@pytest.mark.parametrize("scenario", QUEUE_SCENARIOS, ids=lambda one: one.__name__)
def test_a_queue_keeps_its_promises(
    scenario: Callable[[Received], Awaitable[None]], twin: str, azurite: str
) -> None:
    async def story() -> None:
        async with queue_of(twin, azurite) as queue:
            await scenario(queue)

    run(story())


def decoded(text: str) -> str:
    """Read a message as the Functions host does: base64 of UTF-8."""
    return b64decode(text, validate=True).decode()


def test_everything_is_made_once_and_a_second_start_finds_it(azurite: str) -> None:
    async def story() -> None:
        tables, queues, calls = open_storage(StorageSettings(azurite))
        for _ in range(2):
            await tables.ensure()
            await queues.ensure()
        await tables.due.upsert(Row("due", "k", {}))
        await queues.posting_due.send("x")
        assert dict(calls) == {"upsert": 1, "send": 1}
        await tables.close()
        await queues.close()

    run(story())


def test_a_copy_for_people_is_plain_text_and_never_expires(azurite: str) -> None:
    async def story() -> None:
        _, queues, _ = open_storage(StorageSettings(azurite))
        await queues.ensure()
        await queues.dead_letters.send('{"What": "é <&> \\u0000"}')
        await queues.close()
        async with QueueClient.from_connection_string(azurite, "dead-letters") as client:
            (found,) = [one async for one in client.receive_messages()]
        assert found.content == '{"What": "é <&> \\u0000"}'
        assert found.expires_on.year == 9999

    run(story())


def test_a_table_that_somebody_deleted_is_a_matter_of_setup_not_a_missing_row(azurite: str) -> None:
    async def story() -> None:
        connection = Connection(account_of(StorageSettings(azurite), None))
        table = AzureTable("nosuchtable", connection)
        for work in (
            lambda: table.read("S1", "k"),
            lambda: table.insert(row("k")),
            lambda: table.delete("S1", "k"),
            lambda: table.write_group([Upsert(row("k"))]),
        ):
            with pytest.raises(SettingsError, match="TableNotFound"):
                await work()
        await connection.close()

    run(story())


# The SDK tests an XML element's truth value, which Python 3.12 and later warn of.
@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")
def test_a_wrong_key_is_a_matter_of_setup(azurite: str) -> None:
    async def story() -> None:
        parts = [part for part in azurite.split(";") if not part.startswith("AccountKey")]
        connection = Connection(account_of(StorageSettings(";".join([*parts, "AccountKey=d3Jvbmc="])), None))
        table = AzureTable("transactions", connection)
        for work in (lambda: table.read("S1", "k"), lambda: table.write_group([Upsert(row("k"))])):
            with pytest.raises(SettingsError, match="does not let us in"):
                await work()
        await connection.close()

    run(story())


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_operations_end_alike_in_memory_and_in_the_emulator(chunk: int, azurite: str) -> None:
    tally = Tally()
    run(compare_tables(range(chunk, SEQUENCES, CHUNKS), azurite, tally))
    assert tally.differences == []
    assert len(tally.lengths["table"]) == 25


def test_random_messages_end_alike_in_memory_and_in_the_emulator(azurite: str) -> None:
    tally = Tally()
    run(compare_queues(range(QUEUE_SEQUENCES), azurite, tally))
    assert tally.differences == []
    assert min(tally.steps[f"queue {name}"] for name in ("send", "receive", "peek", "delete", "update")) > 100


def test_the_list_of_tolerated_differences_does_not_grow_unnoticed() -> None:
    assert tolerated() == {ACROSS_TYPES}
    assert all(len(one["why"]) > 40 for one in json.loads(TOLERATED.read_text("utf-8")))


def test_a_tolerated_difference_is_still_one(azurite: str) -> None:
    async def found(twin: str) -> list[str]:
        async with table_of(twin, azurite) as table:
            await table.insert(row("k", A=5))
            return [one.key async for one in table.query("S1", where=(Condition("A", "ne", "x"),))]

    assert asyncio.run(found(MEMORY)) == []
    assert asyncio.run(found(AZURITE)) == ["k"]
