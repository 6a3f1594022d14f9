"""What fails five times in a row is kept for IT, stops no neighbour, and ends when its work is done."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.keep_given_up import keep_given_up
from shared.flows.map_transactions import map_transactions
from shared.flows.release_exceptions import release_exceptions
from shared.flows.ring_overdue import ring_overdue
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.settings import Person
from shared.storage.causes import cause_rows
from shared.storage.due import doorbell, list_due, read_doorbell
from shared.storage.memory_queue import MemoryQueue
from shared.storage.protocols import Row
from shared.storage.receipts import receipts_of_day
from tests.unit.builders import DAY
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER, Hand, flow_services, run

GIVEN_UP = "work_given_up~the=20app"
DUE = "map~S1~2017-12-23"
IT = Person("the desk of IT", frozenset({"it"}), "x")


class BugError(Exception):
    """A mistake in the app that shows at one receipt."""


class Broken:
    """The app with a mistake: mapping fails whenever the table gives it this receipt, and only then."""

    def __init__(self, table: Any, bad: str) -> None:
        self._table, self.bad = table, bad
        self.name = table.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    async def write_group(self, operations: Any) -> None:
        for one in operations:
            row = getattr(one, "row", None)
            if row is not None and row.text("TransactionId") == self.bad and row.text("Status") != "held":
                raise BugError(self.bad)
        await self._table.write_group(operations)


async def arrived(hand: Hand, count: int, bad: str = "") -> Services:
    services = await flow_services(hand)
    await ingest_transactions(
        services,
        SENDER,
        ADAPTERS["canonical"],
        call_of(*(sale_document(number) for number in range(1, count + 1))),
    )
    if bad:
        object.__setattr__(services.tables, "transactions", Broken(services.tables.transactions, bad))
    return services


async def ring_all(services: Services) -> list[str]:
    """Be the host: take every doorbell, run it; what fails five times is given up. Give the keys given up."""
    given_up = []
    queue = services.queues.mapping_due
    assert isinstance(queue, MemoryQueue)
    for _ in range(20):
        for message in await queue.receive(32):
            for _ in range(5):
                try:
                    await map_transactions(services, read_doorbell(message.text))
                except BugError:
                    continue
                break
            else:
                given_up.append(message.text)
            await queue.delete(message.id, message.pop_receipt)
    return given_up


async def letters(services: Services) -> list[dict[str, str]]:
    queue = services.queues.dead_letters
    assert isinstance(queue, MemoryQueue)
    return [json.loads(one.text) for one in await queue.peek(32)]


async def rows_of(services: Services, fingerprint: str) -> list[Row]:
    return [row async for row in cause_rows(services.tables.causes, fingerprint)]


async def statuses(services: Services) -> dict[str, str]:
    rows = await receipts_of_day(services.tables.transactions, "S1", DAY)
    return {row.text("TransactionId"): row.text("Status") for row in rows}


@pytest.mark.parametrize(("count", "bad", "rounds"), [(1, "T1", 2), (40, "T17", 3), (50, "T50", 3)])
def test_a_receipt_at_which_the_app_fails_is_held_alone_and_its_neighbours_go_on(
    count: int, bad: str, rounds: int
) -> None:
    async def story() -> None:
        services = await arrived(Hand(), count, bad)
        for _ in range(rounds):
            for text in await ring_all(services):
                await keep_given_up(services, "mapping-due", text)
        found = await statuses(services)
        assert found.pop(bad) == "held"
        assert set(found.values()) <= {"mapped"}
        assert len(found) == count - 1
        (held,) = await rows_of(services, "cannot_be_mapped~S1=202017-12-23")
        assert (held.text("Owner"), held.text("TransactionId"), held.text("State")) == ("it", bad, "open")

    run(story())


def test_the_exception_row_and_the_copy_say_what_failed_once_however_often_it_is_given_up() -> None:
    async def story() -> None:
        hand = Hand()
        services = await arrived(hand, 3)
        for minute in range(3):
            hand.turn(minutes=minute)
            await keep_given_up(services, "mapping-due", doorbell(DUE))
        (row,) = await rows_of(services, GIVEN_UP)
        assert (
            row.text("WhatHappened")
            == "The app failed five times in a row at mapping receipts: store S1, 2017-12-23."
        )
        assert (row.text("Owner"), row.text("DueKey")) == ("it", DUE)
        assert (row.number("Failures"), row.text("Store"), row.text("BusinessDay")) == (3, "S1", "2017-12-23")
        (letter,) = await letters(services)
        assert letter["DueKey"] == DUE
        assert letter["Message"] == '{"due": "map~S1~2017-12-23"}'
        assert letter["DoThis"].startswith("Have the mistake mended.")

    run(story())


def test_the_due_row_rests_longer_each_time_half_an_hour_at_most_and_rings_on() -> None:
    async def story() -> None:
        hand = Hand()
        services = await arrived(hand, 2)
        pauses = []
        for _ in range(6):
            await keep_given_up(services, "mapping-due", doorbell(DUE))
            row = await services.tables.due.read("due", DUE)
            assert row is not None
            pauses.append((row.instant("NextTry") - hand()).total_seconds() / 60)
        assert pauses == [2, 4, 8, 16, 30, 30]
        hand.turn(minutes=31)
        await ring_overdue(services)
        queue = services.queues.mapping_due
        assert isinstance(queue, MemoryQueue)
        assert DUE in [read_doorbell(one.text) for one in await queue.peek(32)]

    run(story())


def test_the_cause_ends_when_the_work_is_done_and_not_before() -> None:
    async def story() -> None:
        hand = Hand()
        services = await arrived(hand, 2)
        await keep_given_up(services, "mapping-due", doorbell(DUE))
        await ring_overdue(services)
        (row,) = await rows_of(services, GIVEN_UP)
        assert row.text("State") == "open"
        hand.turn(minutes=5)
        for key in [one.key for one in await list_due(services.tables.due, "map")]:
            await map_transactions(services, key)
        assert await list_due(services.tables.due, "map") == []
        await ring_overdue(services)
        (row,) = await rows_of(services, GIVEN_UP)
        assert (row.text("State"), row.text("EndedHow")) == ("ended", "the work is done")

    run(story())


def test_a_message_that_names_nothing_is_kept_and_a_person_ends_it() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await keep_given_up(services, "posting-due", "not ours \x00 at all")
        (row,) = await rows_of(services, GIVEN_UP)
        assert row.text("Message") == "not ours \x00 at all"
        assert len(await letters(services)) == 1
        await release_exceptions(services, GIVEN_UP, IT, "somebody tried something out")
        (row,) = await rows_of(services, GIVEN_UP)
        assert row.text("State") == "ended"

    run(story())


def test_posting_that_was_given_up_ends_when_a_package_has_ended_since() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await keep_given_up(services, "posting-due", doorbell("drive~env-1"))
        await ring_overdue(services)
        (row,) = await rows_of(services, GIVEN_UP)
        assert row.text("State") == "open"
        hand.turn(minutes=3)
        slot = Row("env-1", "slot~env-1", values={"Record": "slot", "State": "free", "FreedAt": hand()})
        await services.tables.packages.upsert(slot)
        await ring_overdue(services)
        (row,) = await rows_of(services, GIVEN_UP)
        assert row.text("State") == "ended"

    run(story())


def test_a_copy_that_was_not_sent_is_sent_when_the_message_comes_again() -> None:
    async def story() -> None:
        services = await arrived(Hand(), 1)
        queue = services.queues.dead_letters
        assert isinstance(queue, MemoryQueue)

        async def dies(kind: str, name: str) -> None:
            raise asyncio.CancelledError

        queue.before_effect = dies
        with pytest.raises(asyncio.CancelledError):
            await keep_given_up(services, "mapping-due", doorbell(DUE))
        queue.before_effect = None
        await keep_given_up(services, "mapping-due", doorbell(DUE))
        assert len(await letters(services)) == 1

    run(story())
