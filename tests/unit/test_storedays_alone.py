"""A store-day at which the app fails is told to IT and rests; the others of its beat are done, whatever their number."""

from __future__ import annotations

import json
import logging
from datetime import date, timedelta
from typing import Any

import pytest

from shared.errors import RetryableError, TillpostError
from shared.flows.compile_statements import compile_statements
from shared.flows.isolating.storedays import StoreDays
from shared.flows.ring_overdue import ring_overdue
from shared.services import Services
from shared.storage.causes import cause_rows
from shared.storage.due import STATEMENT, TRACK, Due, list_due, note_due
from shared.storage.memory_queue import MemoryQueue
from shared.storage.protocols import Row
from tests.unit.flow_services import Hand, flow_services, run

BAD = date(2017, 12, 3)
DAYS = [date(2017, 12, number) for number in range(1, 21)]
DUE = "statement~S1~2017-12-03"


class BugError(Exception):
    """A mistake in the app that shows at one store-day."""


class FailsAt:
    """A table that the app fails at when it asks for one store-day. mended: the mistake is out."""

    def __init__(self, table: Any, error: Exception) -> None:
        self._table, self.error, self.mended, self.name = table, error, False, table.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def query(self, partition: str | None = None, **options: Any) -> Any:
        if not self.mended and BAD.isoformat() in str(options.get("key_from", "")):
            raise self.error
        return self._table.query(partition, **options)


async def twenty_days(hand: Hand, error: Exception) -> tuple[Services, FailsAt]:
    services = await flow_services(hand)
    hand.turn(days=10)
    await note_due(services.tables.due, [Due(STATEMENT, "S1", day, hand()) for day in DAYS])
    broken = FailsAt(services.tables.transactions, error)
    object.__setattr__(services.tables, "transactions", broken)
    return services, broken


async def compiled(services: Services) -> set[str]:
    return {row.key.rpartition("~")[2] async for row in services.tables.statements.query("S1")}


async def told(services: Services) -> list[Row]:
    return [row async for row in cause_rows(services.tables.causes, "work_given_up~the=20app")]


async def letters(services: Services) -> list[dict[str, str]]:
    queue = services.queues.dead_letters
    assert isinstance(queue, MemoryQueue)
    return [json.loads(one.text) for one in await queue.peek(32)]


async def beat(services: Services, error: type[Exception] = BugError) -> None:
    with pytest.raises(error):
        await compile_statements(services)


def test_one_store_day_at_which_the_app_fails_stops_none_of_the_others() -> None:
    async def story() -> None:
        services, _ = await twenty_days(Hand(), BugError("a mistake"))
        await beat(services)
        assert await compiled(services) == {day.isoformat() for day in DAYS} - {"2017-12-03"}
        (row,) = await told(services)
        assert (
            row.text("WhatHappened")
            == "The app failed once at compiling the statement: store S1, 2017-12-03."
        )
        assert (row.text("Owner"), row.text("State"), row.text("DueKey")) == ("it", "open", DUE)
        (letter,) = await letters(services)
        assert (letter["Store"], letter["BusinessDay"], letter["Queue"]) == ("S1", "2017-12-03", "statement")

    run(story())


def test_it_rests_longer_each_time_is_told_once_and_ends_by_itself_when_it_compiles() -> None:
    async def story() -> None:
        hand = Hand()
        services, broken = await twenty_days(hand, BugError("a mistake"))
        pauses = []
        for _ in range(6):
            await beat(services)
            due = await services.tables.due.read("due", DUE)
            assert due is not None
            pauses.append((due.instant("NextTry") - hand()) / timedelta(minutes=1))
            assert await compile_statements(services) >= 0  # it rests: nothing fails
            hand.turn(minutes=30)
        assert pauses == [2, 4, 8, 16, 30, 30]
        (row,) = await told(services)
        assert (row.number("Failures"), len(await letters(services))) == (6, 1)
        assert row.text("WhatHappened").startswith("The app failed 6 times in a row at compiling")
        broken.mended = True
        assert await compile_statements(services) == 1
        (row,) = await told(services)
        assert (row.text("State"), row.text("EndedHow")) == ("ended", "the work is done")
        assert "2017-12-03" in await compiled(services)
        hand.turn(minutes=2)
        await compile_statements(services)
        assert await list_due(services.tables.due, STATEMENT) == []

    run(story())


def test_where_somebody_noted_new_work_meanwhile_the_heartbeat_ends_it() -> None:
    async def story() -> None:
        hand = Hand()
        services, broken = await twenty_days(hand, BugError("a mistake"))
        await beat(services)
        await note_due(services.tables.due, [Due(STATEMENT, "S1", BAD, hand())])
        await ring_overdue(services)
        assert [row.text("State") for row in await told(services)] == ["open"]
        broken.mended = True
        hand.turn(minutes=5)
        assert await compile_statements(services) == 20
        await ring_overdue(services)
        assert [row.text("State") for row in await told(services)] == ["ended"]

    run(story())


def test_what_time_helps_is_told_to_nobody_and_tried_at_the_next_beat() -> None:
    async def story() -> None:
        services, broken = await twenty_days(Hand(), RetryableError("storage does not answer"))
        await beat(services, RetryableError)
        assert await compiled(services) == {day.isoformat() for day in DAYS} - {"2017-12-03"}
        assert (await told(services), await letters(services)) == ([], [])
        broken.mended = True
        assert await compile_statements(services) == 1

    run(story())


def test_where_nothing_of_a_part_goes_for_want_of_time_the_rest_waits_for_the_next_beat() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        asked = []

        async def silent(row: Row) -> int:
            asked.append(row.key)
            raise RetryableError("storage does not answer")

        days = StoreDays(services, TRACK)
        rows = [Due(TRACK, "S1", day, services.now()).row() for day in DAYS]
        assert await days.each(rows, silent) == []
        assert len(asked) == 16
        with pytest.raises(RetryableError):
            days.end()

    run(story())


def test_a_mistake_is_raised_at_the_end_rather_than_what_time_helps(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        services = await flow_services(Hand())

        async def work(row: Row) -> str:
            if row.key == "track~S1~2017-12-01":
                raise RetryableError("storage does not answer")
            if row.key == "track~S1~2017-12-02":
                raise BugError("a mistake")
            return row.text("BusinessDay")

        days = StoreDays(services, TRACK)
        rows = [Due(TRACK, "S1", day, services.now()).row() for day in DAYS]
        await note_due(services.tables.due, [Due(TRACK, "S1", day, services.now()) for day in DAYS])
        done = await days.each(rows, work)
        assert [found for _, found in done] == [day.isoformat() for day in DAYS[2:]]
        with pytest.raises(BugError):
            days.end()

    with caplog.at_level(logging.ERROR):
        run(story())
    assert "the app fails at track~S1~2017-12-02: BugError('a mistake')" in caplog.messages


def test_a_worker_that_dies_is_no_mistake_of_one_store_day() -> None:
    class DiedError(BaseException):
        pass

    async def story() -> None:
        services = await flow_services(Hand())

        async def dies(row: Row) -> int:
            raise DiedError

        rows = [Due(TRACK, "S1", day, services.now()).row() for day in DAYS]
        await StoreDays(services, TRACK).each(rows, dies)

    with pytest.raises(DiedError):
        run(story())


def test_where_it_cannot_be_told_that_is_raised_and_the_others_are_done() -> None:
    async def story() -> None:
        services, _ = await twenty_days(Hand(), BugError("a mistake"))
        queue = services.queues.dead_letters
        assert isinstance(queue, MemoryQueue)

        async def refuses(kind: str, name: str) -> None:
            raise RetryableError("storage does not answer")

        queue.before_effect = refuses
        with pytest.raises((BugError, TillpostError)):
            await compile_statements(services)
        assert len(await compiled(services)) == 19
        queue.before_effect = None
        await beat(services)
        assert len(await letters(services)) == 1

    run(story())


def test_an_error_beside_the_store_days_stops_none_of_them_and_is_raised_at_the_end() -> None:
    async def story() -> None:
        services = await flow_services(Hand())

        async def fails() -> str:
            raise BugError("a mistake in what people are told")

        async def works() -> str:
            return "told"

        storedays = StoreDays(services, TRACK)
        assert await storedays.beside(fails()) is None
        assert await storedays.beside(works()) == "told"
        with pytest.raises(BugError):
            storedays.end()

    run(story())
