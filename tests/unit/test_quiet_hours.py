"""Quiet hours: over midnight, whole weekdays, over a change of the clock, half-open."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.retail.due_time import due_at
from shared.retail.quiet import QuietHours
from tests.unit.test_calendar import WEEK, calendar

LONDON = ZoneInfo("Europe/London")
NIGHTS = QuietHours(time(18, 0), time(8, 0), LONDON, frozenset({5, 6}))  # and Saturday and Sunday
LUNCH = QuietHours(time(12, 0), time(13, 0), LONDON)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "ends"),
    [
        ("2017-12-13T08:00", "2017-12-13T08:00"),  # Wednesday, eight sharp: not quiet
        ("2017-12-13T17:59", "2017-12-13T17:59"),
        ("2017-12-13T18:00", "2017-12-14T08:00"),
        ("2017-12-14T07:59", "2017-12-14T08:00"),
        ("2017-12-15T18:00", "2017-12-18T08:00"),  # Friday evening: Monday
        ("2017-12-16T12:00", "2017-12-18T08:00"),  # Saturday noon
        ("2017-03-24T19:00", "2017-03-27T07:00"),  # over the change to summer time: Monday 08:00 BST
        ("2017-10-27T18:00", "2017-10-30T08:00"),  # Friday 19:00 BST, over the change back: Monday 08:00 GMT
    ],
)
def test_nights_and_weekends_end_on_the_next_working_morning(instant: str, ends: str) -> None:
    assert NIGHTS.ends_after(at(instant)) == at(ends)
    assert NIGHTS.holds(at(instant)) is (instant != ends)


@pytest.mark.parametrize(
    ("instant", "ends"),
    [
        ("2017-10-29T00:20", "2017-10-29T00:30"),  # 01:20 the first time
        ("2017-10-29T01:10", "2017-10-29T01:30"),  # 01:10 the second time: not until the next night
    ],
)
def test_quiet_hours_that_end_in_an_hour_that_comes_twice_end_twice(instant: str, ends: str) -> None:
    assert QuietHours(time(22, 0), time(1, 30), LONDON).ends_after(at(instant)) == at(ends)


def test_hours_of_one_day_and_hours_that_are_none() -> None:
    assert LUNCH.ends_after(at("2017-12-13T12:30")) == at("2017-12-13T13:00")
    assert LUNCH.ends_after(at("2017-12-13T13:00")) == at("2017-12-13T13:00")
    never = QuietHours(time(9, 0), time(9, 0), LONDON, frozenset({6}))
    assert not never.holds(at("2017-12-13T09:00"))
    assert never.ends_after(at("2017-12-17T15:00")) == at("2017-12-18T00:00")  # a quiet Sunday alone


@pytest.mark.parametrize(
    ("since", "hours", "due"),
    [
        ("2017-12-13T09:00", 8, "2017-12-13T17:00"),  # within a working day
        ("2017-12-13T09:00", 9, "2017-12-13T18:00"),  # to its very end
        ("2017-12-13T09:00", 10, "2017-12-14T09:00"),
        ("2017-12-15T16:00", 8, "2017-12-18T14:00"),  # Friday: two hours, then Monday six
        ("2017-12-16T12:00", 2, "2017-12-18T10:00"),  # Saturday
        ("2017-10-27T15:00", 8, "2017-10-30T14:00"),  # Friday 16:00 BST: two hours; Monday 08:00 GMT and six
    ],
)
def test_work_is_counted_outside_quiet_hours(since: str, hours: int, due: str) -> None:
    assert NIGHTS.after_working(at(since), timedelta(hours=hours)) == at(due)


def test_what_is_of_no_trading_store_is_due_in_its_owners_working_hours_but_an_outage_at_any() -> None:
    friday = at("2017-12-15T16:00")
    assert due_at([], friday, "normal", NIGHTS) == at("2017-12-18T14:00")
    assert due_at([], friday, "urgent", NIGHTS) == at("2017-12-15T18:00")
    always = calendar({("*", day): "00:00-00:00" for day in WEEK})
    assert due_at([always], friday, "normal", NIGHTS) == at("2017-12-16T00:00")
