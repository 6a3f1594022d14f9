"""What is not asked of storage because the answer is known, and what is asked all the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.post_transactions import post_transactions
from shared.flows.posting.gather import gather
from shared.flows.ring_overdue import ring_overdue
from shared.flows.track_packages import track_packages
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.storage.due import MAP, POST, TRACK, Due, list_due, note_due
from shared.storage.memory_queue import MemoryQueue
from shared.storage.protocols import Row
from tests.unit.builders import DAY
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER, Hand, flow_services, run
from tests.unit.test_posting_steps import NOW, receipt, shift_row

DUE = "map~S1~2017-12-23"
TABLES = ("due", "transactions", "packages", "shifts")


def watched(services: Services) -> list[str]:
    """Write down every request from now on, as "read due"."""
    seen: list[str] = []

    async def write_down(kind: str, name: str) -> None:
        seen.append(f"{kind} {name}")

    for name in TABLES:
        table: Any = getattr(services.tables, name)
        table.before_effect = write_down
    return seen


async def send(services: Services, *numbers: int) -> None:
    documents = (sale_document(number) for number in numbers)
    await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))


async def bells(services: Services) -> int:
    queue = services.queues.mapping_due
    assert isinstance(queue, MemoryQueue)
    messages = await queue.receive(32)
    for message in messages:
        await queue.delete(message.id, message.pop_receipt)
    return len(messages)


def test_the_heartbeat_ends_what_has_nothing_left_to_map_without_a_doorbell() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, 1)
        await map_transactions(services, DUE)
        assert await bells(services) == 1
        hand.turn(seconds=61)
        await ring_overdue(services)
        assert len(await list_due(services.tables.due, MAP)) == 1  # it rests until it is old enough
        hand.turn(seconds=2)
        await ring_overdue(services)
        assert (await list_due(services.tables.due, MAP), await bells(services)) == ([], 0)

    run(story())


def test_what_landed_after_the_look_is_rung_for_though_its_due_row_rests() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, 1, 2)
        kept = [row async for row in services.tables.transactions.query("S1")]
        late = next(
            row for row in kept if row.text("TransactionId") == "T2" and row.text("Record") == "receipt"
        )
        await services.tables.transactions.delete("S1", late.key, late.etag)
        await map_transactions(services, DUE)
        await services.tables.transactions.insert(late)  # its writer had noted the work, and was slow
        await bells(services)
        hand.turn(minutes=2)
        await ring_overdue(services)
        assert await bells(services) == 1
        assert len(await list_due(services.tables.due, MAP)) == 1

    run(story())


def test_a_doorbell_too_many_leaves_a_resting_row_as_it_is_and_a_late_one_ends_it() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, 1)
        await map_transactions(services, DUE)
        seen = watched(services)
        assert await map_transactions(services, DUE) == 0
        assert seen == ["read due", "query transactions"]
        hand.turn(seconds=61)
        await map_transactions(services, DUE)
        assert await list_due(services.tables.due, MAP) == []

    run(story())


def test_a_posting_doorbell_too_many_costs_one_look_until_the_interval_is_over() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        values: dict[str, Any] = {"Record": "slot", "State": "free", "StartedAt": hand(), "FreedAt": hand()}
        await services.tables.packages.upsert(Row("env-1", "slot~env-1", values))
        seen = watched(services)
        hand.turn(minutes=14, seconds=59)
        assert await post_transactions(services) == "nothing to post yet"
        assert seen == ["read packages"]

    run(story())


def test_tracking_is_not_looked_for_again_within_its_interval_and_is_after_it() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await note_due(services.tables.due, [Due(TRACK, "S1", DAY, hand())])
        asked = {"Record": "tracking", "AskedAt": hand()}
        await services.tables.packages.upsert(Row("env-1", "tracking~env-1", asked))
        hand.turn(minutes=1)
        assert await track_packages(services) == 0
        seen = watched(services)
        hand.turn(minutes=13, seconds=59)
        assert await track_packages(services) == 0
        assert seen == ["query due", "query due"]
        await services.tables.packages.upsert(
            Row("env-1", "tracking~env-1", asked | {"AskedAt": hand() + timedelta(minutes=1)})
        )
        seen.clear()
        hand.turn(seconds=1)
        assert await track_packages(services) == 0
        assert seen == ["query due", "query due", "read packages"]

    run(story())


def test_a_days_receipts_are_read_for_its_shifts_only_where_one_is_over() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await services.tables.transactions.upsert(receipt(1))
        await note_due(services.tables.due, [Due(POST, "S1", DAY, NOW)])
        await services.tables.shifts.upsert(shift_row("1", 8, 19))
        seen = watched(services)
        found = await gather(services)
        assert [one.is_shift for one in found.members] == [False]
        assert seen.count("query transactions") == 1
        seen.clear()
        hand.turn(hours=1)
        await gather(services)
        assert seen.count("query transactions") == 2

    run(story())


def test_a_shift_that_ends_later_is_looked_at_again_though_the_days_receipts_were_not_read() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await note_due(services.tables.due, [Due(POST, "S1", DAY, NOW)])
        await services.tables.shifts.upsert(shift_row("1", 8, 19))
        assert (await gather(services)).members == []
        (due,) = await list_due(services.tables.due, POST)
        assert due.instant("NextTry") == NOW + timedelta(minutes=30)

    run(story())


def test_whoever_finds_the_slot_driven_has_read_it_once() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        values: dict[str, Any] = {
            "Record": "slot", "State": "taken", "Package": "P1", "LeaseUntil": hand() + timedelta(seconds=90),
        }  # fmt: skip
        await services.tables.packages.upsert(Row("env-1", "slot~env-1", values))
        seen = watched(services)
        assert await post_transactions(services) == "driven by another worker"
        assert seen == ["read packages"]

    run(story())


def test_a_store_day_at_which_tracking_failed_is_left_alone_until_its_time() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        later = Due(TRACK, "S1", DAY, hand() + timedelta(minutes=2)).row()
        await services.tables.due.upsert(later.with_values(FailedAt=hand()))
        seen = watched(services)
        assert await track_packages(services) == 0
        assert seen == ["query due", "query due"]
        taken = {"Record": "tracking", "AskedAt": hand() + timedelta(minutes=2)}
        await services.tables.packages.upsert(Row("env-1", "tracking~env-1", taken))
        seen.clear()
        hand.turn(minutes=2)
        assert await track_packages(services) == 0
        assert seen == ["query due", "query due", "read packages"]

    run(story())
