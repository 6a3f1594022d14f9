"""Stores that fall silent: told at last heard plus their threshold, never when closed; one outage is one cause."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.watch_silence import watch_silence
from shared.pos.registry import ADAPTERS
from shared.retail.calendar import Calendar
from shared.retail.silence import Silence, counts_from, told_together
from shared.services import Services
from shared.storage.due import note_due
from shared.storage.heard import heard_rows
from shared.storage.mappings import import_rows
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER, Hand, flow_services, run
from tests.unit.test_calendar import NEW_YORK, WEEK, calendar, every_day, utc
from tests.unit.test_mapping import STORE

HOURS = every_day("09:00-22:00")  # 14:00 to 03:00 UTC in winter


def silent_from(known: Calendar, heard: str, now: str, minutes: int = 60) -> datetime | None:
    return counts_from(known, utc(heard), utc(now), minutes)


def test_a_store_silent_at_ten_counts_from_ten_plus_its_threshold_to_the_second() -> None:
    known = calendar(HOURS)
    assert silent_from(known, "12-22T15:00", "12-22T15:59:59.999999") is None
    assert silent_from(known, "12-22T15:00", "12-22T16:00") == utc("12-22T16:00")
    assert silent_from(known, "12-22T15:00", "12-22T20:00") == utc("12-22T16:00")


def test_a_days_own_threshold_beats_the_setting() -> None:
    known = calendar(HOURS | {("S1", "friday"): "09:00-22:00/25"})  # 22 December 2017 is a Friday
    assert silent_from(known, "12-22T15:00", "12-22T20:00") == utc("12-22T15:25")
    assert silent_from(known, "12-21T15:00", "12-21T20:00") == utc("12-21T16:00")


@pytest.mark.parametrize("now", ["12-25T14:00", "12-25T17:00", "12-26T03:00", "12-26T13:59"])
def test_a_store_is_never_silent_on_its_holiday_or_at_night(now: str) -> None:
    known = calendar(HOURS | {("*", "2017-12-25"): ""})
    assert silent_from(known, "12-25T02:30", now) is None


def test_the_quiet_before_closing_does_not_count_for_the_next_morning() -> None:
    known = calendar(HOURS)
    heard = "12-23T02:15"  # 21:15, 45 minutes before closing
    assert silent_from(known, heard, "12-23T14:59") is None
    assert silent_from(known, heard, "12-23T15:00") == utc("12-23T15:00")  # opening plus an hour


def test_a_threshold_that_ends_with_the_closing_is_not_reached() -> None:
    assert (
        silent_from(calendar(HOURS), "12-23T02:00", "12-23T13:00") is None
    )  # 21:00 to 22:00, closing is out
    assert silent_from(calendar(HOURS), "12-23T01:59", "12-23T13:00") == utc("12-23T02:59")


def test_openings_shorter_than_the_threshold_add_up() -> None:
    known = calendar(every_day("09:00-10:00"))
    # Heard at 09:30 on the 20th; silent on the 21st for an hour, on the 22nd after another 30 minutes.
    assert silent_from(known, "12-20T14:30", "12-22T14:29", minutes=90) is None
    assert silent_from(known, "12-20T14:30", "12-22T14:30", minutes=90) == utc("12-22T14:30")


def test_round_the_clock_and_over_the_change_of_the_clock_minutes_are_minutes() -> None:
    known = calendar(every_day("00:00-00:00"))
    assert silent_from(known, "11-05T05:30", "11-05T07:00") == utc("11-05T06:30")
    assert silent_from(known, "12-31T04:59", "12-31T06:00") == utc("12-31T05:59")


def test_a_store_without_a_calendar_is_never_silent() -> None:
    assert silent_from(calendar({}), "12-01T15:00", "12-22T15:00") is None


def silence(store: str, at: str) -> Silence:
    return Silence(store, utc(at), utc(at))


def values(told: list[Any]) -> dict[str, str]:
    return {one.silence.store: one.value for one in told}


def test_three_stores_of_one_window_are_one_outage_and_two_are_two() -> None:
    pair = [silence("S1", "12-22T15:00"), silence("S2", "12-22T15:10")]
    assert values(told_together(pair, {}, [])) == {"S1": "S1", "S2": "S2"}
    third = silence("S3", "12-22T15:15")
    name = "outage of 2017-12-22 15:00:00 UTC"
    assert values(told_together([*pair, third], {}, [])) == dict.fromkeys(("S1", "S2", "S3"), name)
    alone = silence("S3", "12-22T15:15:01")  # a second outside the window
    assert values(told_together([*pair, alone], {}, [])) == {"S1": "S1", "S2": "S2", "S3": "S3"}


def test_an_outage_keeps_its_name_while_stores_come_and_go() -> None:
    known = [utc("12-22T15:00")]
    told = told_together([silence("S9", "12-22T15:14"), silence("S8", "12-22T16:00")], {}, known)
    assert values(told) == {"S9": "outage of 2017-12-22 15:00:00 UTC", "S8": "S8"}


class Chain:
    """Fourteen stores, S1 to S14, that trade from 09:00 to 22:00 in New York."""

    def __init__(self, services: Services, hand: Hand) -> None:
        self.services, self.hand = services, hand

    async def heard(self, store: str, at: str, terminal: str = "1") -> None:
        await note_due(self.services.tables.due, [], heard_rows([(store, terminal)], utc(at)))

    async def beat(self, at: str) -> int:
        self.hand.at = utc(at)
        return await watch_silence(self.services)

    async def causes(self, state: str | None = "open") -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        async for row in self.services.tables.causes.query():
            if state in (None, row.text("State")):
                found.setdefault(row.partition, []).append(row.text("Store"))
        return {name: sorted(stores) for name, stores in found.items()}


async def chain(count: int = 14) -> Chain:
    hand = Hand()
    services = await flow_services(hand)
    stores = [STORE | {"store": f"S{number}"} for number in range(1, count + 1)]
    await import_rows(services.tables.mappings, "stores", stores, who="x", reason="x", at=hand())
    days = [
        {"store": "*", "day": day, "opens": "09:00", "closes": "22:00", "silent_minutes": "", "note": ""}
        for day in WEEK
    ]
    days.append({"store": "*", "day": "2017-12-25", "opens": "", "closes": "", "note": "Christmas"})
    await import_rows(services.tables.mappings, "calendars", days, who="x", reason="x", at=hand())
    return Chain(services, hand)


def test_one_silent_store_is_one_cause_from_its_threshold_on_until_it_is_heard_again() -> None:
    async def story() -> None:
        one = await chain(1)
        await one.heard("S1", "12-22T14:10", terminal="2")
        await one.heard("S1", "12-22T15:00")
        assert await one.beat("12-22T15:59") == 0
        assert await one.causes() == {}
        assert await one.beat("12-22T16:02") == 1
        (row,) = [row async for row in one.services.tables.causes.query()]
        assert row.instant("Since") == utc("12-22T16:00")
        assert row.text("WhatHappened") == (
            "Nothing has come from store S1 since 2017-12-22 15:00 UTC, though it trades."
        )
        assert row.text("Owner") == "store_operations"
        assert await one.beat("12-22T16:04") == 1  # told once
        assert await one.beat("12-23T08:00") == 1  # the night ends nothing
        await one.heard("S1", "12-23T15:00")
        assert await one.beat("12-23T15:01") == 0
        assert await one.causes() == {}
        (row,) = [row async for row in one.services.tables.causes.query()]
        assert (row.text("EndedHow"), row.instant("EndedAt")) == ("heard again", utc("12-23T15:01"))
        assert [row async for row in one.services.tables.stores.query()] == []
        assert await one.beat("12-23T16:00") == 1  # silent again: the same cause is back
        assert await one.causes() == {"store_silent~S1": ["S1"]}

    run(story())


def test_fourteen_stores_silent_by_one_outage_are_one_cause_from_the_first_beat_to_the_last() -> None:
    async def story() -> None:
        all_of = await chain()
        for number in range(1, 15):  # last receipts between 15:00:00 and 15:06:30
            await all_of.heard(f"S{number}", f"12-22T15:{(number - 1) // 2:02d}:{(number - 1) % 2 * 30:02d}")
        name = "stores_silent~outage=20of=202017-12-22=2015=3A00=3A00=20UTC"
        counts = []
        for minute in range(15):
            counts.append(await all_of.beat(f"12-22T16:{minute:02d}"))
            assert set(await all_of.causes(None)) == {name}, minute  # never another cause, open or ended
        assert counts == [1, 3, 5, 7, 9, 11, 13, 14, 14, 14, 14, 14, 14, 14, 14]
        rows = {row.text("Store"): row async for row in all_of.services.tables.causes.query(name)}
        assert rows["S14"].instant("Since") == utc("12-22T16:06:30")
        assert rows["S1"].text("Owner") == "it"
        for number in range(1, 14):
            await all_of.heard(f"S{number}", "12-22T16:20")
        assert await all_of.beat("12-22T16:21") == 1
        assert await all_of.causes() == {name: ["S14"]}
        await all_of.heard("S14", "12-22T16:22")
        assert await all_of.beat("12-22T16:23") == 0
        assert await all_of.causes() == {}
        assert await all_of.beat("12-22T17:00") == 0

    run(story())


def test_nothing_is_told_on_a_holiday_and_a_store_of_other_hours_is_judged_by_them() -> None:
    async def story() -> None:
        two = await chain(2)
        late = {
            "store": "S2",
            "day": "2017-12-25",
            "opens": "12:00",
            "closes": "16:00",
            "silent_minutes": "30",
        }
        await import_rows(
            two.services.tables.mappings, "calendars", [late], who="x", reason="x", at=two.hand()
        )
        for store in ("S1", "S2"):
            await two.heard(store, "12-25T02:59")
        for at in ("12-25T14:30", "12-25T17:29"):
            assert await two.beat(at) == 0, at
        assert await two.beat("12-25T17:30") == 1
        assert await two.causes() == {"store_silent~S2": ["S2"]}
        assert await two.beat("12-26T14:59") == 1
        assert await two.beat("12-26T15:00") == 2

    run(story())


def test_a_worker_that_died_between_remembering_and_telling_is_made_good() -> None:
    async def story() -> None:
        one = await chain(1)
        await one.heard("S1", "12-22T15:00")
        await one.beat("12-22T16:00")
        (remembered,) = [row async for row in one.services.tables.stores.query()]
        (told,) = [row async for row in one.services.tables.causes.query()]
        await one.services.tables.stores.upsert(remembered.with_values(Opened=None))
        await one.services.tables.causes.delete(told.partition, told.key)
        assert await one.beat("12-22T16:02") == 1
        assert await one.causes() == {"store_silent~S1": ["S1"]}

    run(story())


class Counted:
    """A table that counts requests: one for each page of a query, one for each other call."""

    def __init__(self, table: Any, calls: Counter[str]) -> None:
        self._table, self._calls = table, calls

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._table, name)
        if not callable(call):
            return call

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._calls[name] += 1
            return call(*args, **kwargs)

        return counted


def test_a_beat_over_three_thousand_stores_takes_two_queries_and_an_outage_a_few_writes_a_hundred() -> None:
    from dataclasses import replace

    async def story() -> None:
        many = await chain(3000)
        for at in range(1, 3001, 100):
            tills = [(f"S{number}", "1") for number in range(at, at + 100)]
            await note_due(many.services.tables.due, [], heard_rows(tills, utc("12-22T15:00")))
        calls: Counter[str] = Counter()
        tables = many.services.tables
        many.services.tables = replace(
            tables,
            due=Counted(tables.due, calls), causes=Counted(tables.causes, calls), stores=Counted(tables.stores, calls),
        )  # fmt: skip
        assert await many.beat("12-22T15:30") == 0
        assert calls == {"query": 2}
        calls.clear()
        assert await many.beat("12-22T16:00") == 3000
        assert calls == {"query": 2, "write_group": 90}  # remembered, opened, marked: 30 groups each
        calls.clear()
        assert await many.beat("12-22T16:02") == 3000
        assert calls == {"query": 2}

    run(story())


def test_a_call_says_in_the_request_that_notes_its_work_which_tills_were_heard() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        calls: Counter[str] = Counter()
        from dataclasses import replace

        services.tables = replace(services.tables, due=Counted(services.tables.due, calls))
        body = call_of(sale_document(1), sale_document(2))
        await ingest_transactions(services, SENDER, ADAPTERS["canonical"], body)
        assert calls == {"write_group": 1}
        rows = [
            row async for row in services.tables.due.query("due", key_from="heard~", key_before="heard~~")
        ]
        assert [(row.key, row.instant("HeardAt")) for row in rows] == [("heard~S1~1", hand())]

    run(story())


def test_the_zone_of_the_tests_is_five_hours_behind() -> None:
    assert datetime(2017, 12, 22, 15, tzinfo=UTC).astimezone(NEW_YORK).hour == 10
    assert ZoneInfo("America/New_York") == NEW_YORK
