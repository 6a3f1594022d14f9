"""A store's trading time: weekdays and dated days, after midnight, on days of 23 and 25 hours, half-open."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.retail.calendar import Calendar, Period
from shared.retail.mapping import MappingRow, Mappings
from shared.retail.mapping_csv import KINDS, CsvProblem, read_mapping_csv, write_mapping_csv

NEW_YORK = ZoneInfo("America/New_York")
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def calendar(rows: dict[tuple[str, str], str], zone: ZoneInfo = NEW_YORK) -> Calendar:
    """Rows by store and day: "09:00-22:00", "" for no trade, and "/45" after it for a threshold."""
    kept: dict[tuple[str, ...], tuple[MappingRow, ...]] = {}
    for (store, day), text in rows.items():
        hours, _, silent = text.partition("/")
        opens, _, closes = hours.partition("-")
        values = {"store": store, "day": day, "opens": opens, "closes": closes, "silent_minutes": silent}
        kept["calendars", store, day] = (MappingRow(values, 1),)
    return Calendar("S1", zone, Mappings(1, kept))


def every_day(hours: str, **more: str) -> dict[tuple[str, str], str]:
    return {("*", day): hours for day in WEEK} | {("S1", day): text for day, text in more.items()}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2017-{text}").replace(tzinfo=UTC)


def test_opening_is_in_and_closing_is_out() -> None:
    known = calendar(every_day("09:00-22:00"))  # New York in winter: 14:00 to 03:00 UTC
    assert not known.trades_at(utc("12-23T13:59:59"))
    assert known.trades_at(utc("12-23T14:00"))
    assert known.trades_at(utc("12-24T02:59:59"))
    assert not known.trades_at(utc("12-24T03:00"))


def test_a_dated_row_beats_the_weekday_and_the_stores_own_beats_the_one_for_all() -> None:
    rows = every_day("09:00-22:00", saturday="10:00-18:00")
    rows |= {("*", "2017-12-25"): "", ("*", "2017-12-30"): "12:00-14:00"}
    known = calendar(rows)
    assert known.trades_at(utc("12-22T14:30"))  # Friday, as everywhere
    assert not known.trades_at(utc("12-23T14:30"))  # Saturday from 10:00
    assert not known.trades_at(utc("12-25T17:00"))  # Christmas
    assert not known.trades_at(utc("12-30T16:00"))  # a Saturday with hours of its own, for all stores
    assert known.trades_at(utc("12-30T17:00"))


@pytest.mark.parametrize(
    ("hours", "instant", "trades"),
    [
        ("20:00-02:00", "12-24T06:59", True),  # 01:59
        ("20:00-02:00", "12-24T07:00", False),
        ("00:00-00:00", "12-24T05:00", True),  # round the clock
        ("18:00-18:00", "12-24T22:59", True),
    ],
)
def test_a_closing_not_after_the_opening_is_the_next_mornings(hours: str, instant: str, trades: bool) -> None:
    assert calendar(every_day(hours)).trades_at(utc(instant)) is trades


def test_days_of_23_and_25_hours_have_as_much_trading_time() -> None:
    known = calendar(every_day("00:00-00:00"))
    assert known.trading_time(utc("03-12T05:00"), utc("03-13T04:00")) == timedelta(hours=23)
    assert known.trading_time(utc("11-05T04:00"), utc("11-06T05:00")) == timedelta(hours=25)
    early = calendar(every_day("01:00-05:00"))
    assert early.trading_time(utc("03-12T00:00"), utc("03-13T00:00")) == timedelta(hours=3)
    assert early.trading_time(utc("11-05T00:00"), utc("11-06T00:00")) == timedelta(hours=5)


def test_an_hour_that_is_left_out_or_comes_twice_does_not_break_the_day() -> None:
    """02:30 does not exist on 12 March: the store opens at 03:30 EDT. On 5 November 01:30 comes twice: the first closes."""
    assert list(calendar(every_day("02:30-05:00")).periods(utc("03-12T05:00"), utc("03-12T12:00"))) == [
        Period(utc("03-12T07:30"), utc("03-12T09:00"))
    ]
    assert list(calendar(every_day("20:00-01:30")).periods(utc("11-05T03:00"), utc("11-05T09:00"))) == [
        Period(utc("11-05T00:00"), utc("11-05T05:30"))
    ]


def test_trading_time_between_two_instants_leaves_out_the_night_and_the_holiday() -> None:
    known = calendar(every_day("09:00-17:00") | {("S1", "2017-12-25"): ""})
    # 24th 16:00 to 26th 10:00 in New York: one hour, none on the 25th, one hour.
    assert known.trading_time(utc("12-24T21:00"), utc("12-26T15:00")) == timedelta(hours=2)
    assert known.trading_time(utc("12-24T22:00"), utc("12-26T14:00")) == timedelta(0)


def test_round_the_clock_is_one_unbroken_stretch() -> None:
    known = calendar(every_day("00:00-00:00"))
    (period,) = known.periods(utc("12-23T12:00"), utc("12-26T12:00"))
    assert period.ends_at - period.begins_at == timedelta(days=4)


def test_the_next_opening_is_found_over_a_holiday_and_not_where_there_is_none() -> None:
    known = calendar(every_day("09:00-17:00") | {("S1", "2017-12-25"): ""})
    assert known.next_opening(utc("12-24T22:00")) == utc("12-26T14:00")
    assert known.next_opening(utc("12-24T14:00")) == utc("12-26T14:00")
    assert calendar({}).next_opening(utc("12-24T22:00")) is None
    assert not calendar({}).is_known


def test_zones_that_are_not_whole_hours_and_change_at_midnight() -> None:
    kathmandu = calendar(every_day("10:00-20:00"), ZoneInfo("Asia/Kathmandu"))
    assert kathmandu.next_opening(utc("12-23T00:00")) == utc("12-23T04:15")
    lord_howe = calendar(every_day("00:00-00:00"), ZoneInfo("Australia/Lord_Howe"))  # changes by half an hour
    day = (utc("10-01T00:00") - timedelta(hours=10, minutes=30), utc("10-01T13:00"))
    assert lord_howe.trading_time(*day) == timedelta(hours=23, minutes=30)


A_DAY = "a weekday such as monday, or a date such as 2017-12-25"
HEADING = b"store,day,opens,closes,silent_minutes,note\n"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"S1,mondays,09:00,17:00,,", CsvProblem(2, "day", A_DAY, "mondays")),
        (b"S1,2017-02-30,09:00,17:00,,", CsvProblem(2, "day", A_DAY, "2017-02-30")),
        (b"S1,20171225,,,,", CsvProblem(2, "day", A_DAY, "20171225")),
        (b"S1,monday,9:00,17:00,,", CsvProblem(2, "opens", "HH:MM, from 00:00 to 23:59", "9:00")),
        (b"S1,monday,09:00,24:00,,", CsvProblem(2, "closes", "HH:MM, from 00:00 to 23:59", "24:00")),
        (b"S1,monday,09:00,,,", CsvProblem(2, "closes", "both times, or neither on a day without trade", "one of them")),
        (b"S1,monday,,17:00,,", CsvProblem(2, "opens", "both times, or neither on a day without trade", "one of them")),
        (b"S1,monday,09:00,17:00,0,", CsvProblem(2, "silent_minutes", "minutes from 1 to 10080", "0")),
        (b"S1,monday,09:00,17:00,1.5,", CsvProblem(2, "silent_minutes", "minutes from 1 to 10080", "1.5")),
        (b"S1,,09:00,17:00,,", CsvProblem(2, "day", "a value", "nothing")),
    ],
)  # fmt: skip
def test_a_mistake_in_a_calendar_is_named_by_row_and_column(line: bytes, problem: CsvProblem) -> None:
    _, problems = read_mapping_csv(KINDS["calendars"], HEADING + line + b"\n")
    assert problem in problems


def test_a_calendar_is_read_and_written_back() -> None:
    content = HEADING + b"*,2017-12-25,,,,Christmas\nS1,monday,09:00,02:00,45,\n"
    rows, problems = read_mapping_csv(KINDS["calendars"], content)
    assert problems == []
    assert write_mapping_csv(KINDS["calendars"], rows).encode().replace(b"\r\n", b"\n") == content


def test_every_minute_of_a_random_calendar_is_in_or_out_as_worked_out_by_the_clock_on_the_wall() -> None:
    """Away from the changes of the clock, an instant trades when its local minute lies in a day's hours."""
    import random

    for seed in range(200):
        chance = random.Random(seed)
        hours: dict[str, Any] = {}
        for day in WEEK:
            opens, closes = sorted(chance.sample(range(0, 1440, 15), 2))
            hours[day] = None if chance.random() < 0.2 else (opens, closes)
        texts = {
            ("S1", day): "" if span is None else f"{_hhmm(span[0])}-{_hhmm(span[1])}"
            for day, span in hours.items()
        }
        known = calendar(texts)
        for _ in range(20):
            at = utc("07-03T00:00") + timedelta(minutes=chance.randrange(14 * 1440))
            local = at.astimezone(NEW_YORK)
            span = hours[WEEK[date(local.year, local.month, local.day).weekday()]]
            inside = span is not None and span[0] <= local.hour * 60 + local.minute < span[1]
            assert known.trades_at(at) is inside, (seed, at)


def _hhmm(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
