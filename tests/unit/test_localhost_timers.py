"""Schedules of the local host. Expected instants are read off a calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from localhost.clock import Clock, clock_from
from localhost.settings import HostError
from localhost.timers import next_tick

SATURDAY = datetime(2017, 12, 23, 10, 1, 30, tzinfo=UTC)


def test_seconds_come_first() -> None:
    assert next_tick("30 */2 * * * *", SATURDAY) == datetime(2017, 12, 23, 10, 2, 30, tzinfo=UTC)


def test_five_fields_begin_with_minutes() -> None:
    assert next_tick("*/2 * * * *", SATURDAY) == datetime(2017, 12, 23, 10, 2, tzinfo=UTC)


def test_a_tick_is_never_the_instant_itself() -> None:
    tick = datetime(2017, 12, 23, 10, 2, tzinfo=UTC)
    assert next_tick("0 */2 * * * *", tick) == datetime(2017, 12, 23, 10, 4, tzinfo=UTC)


def test_day_of_month_and_day_of_week_must_both_fit() -> None:
    # The next Friday the 13th after 23 December 2017 was in April 2018.
    assert next_tick("0 0 0 13 * 5", SATURDAY) == datetime(2018, 4, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "schedule",
    [
        "0 0 0 L * *",
        "0 0 0 * * 7",
        "0 0 0 * * 1-7",
        "0 0 0 ? * *",
        "00:05:00",
        "@daily",
        "0 0 25 * * *",
        "* * *",
    ],
)
def test_what_azure_would_not_take_is_refused(schedule: str) -> None:
    with pytest.raises(HostError, match="schedule"):
        next_tick(schedule, SATURDAY)


def test_the_clock_starts_where_it_is_told_and_runs_at_its_speed() -> None:
    anchor = datetime.now(UTC) - timedelta(seconds=10)
    clock = clock_from(
        {
            "TILLPOST_CLOCK_START": "2017-12-23T00:00:00-05:00",
            "TILLPOST_CLOCK_ANCHOR": anchor.isoformat(),
            "TILLPOST_CLOCK_SPEED": "360",
        }
    )
    # Ten seconds at 360 are an hour; midnight at -05:00 is five o'clock UTC.
    passed = clock.now() - datetime(2017, 12, 23, 6, tzinfo=UTC)
    assert timedelta(0) <= passed < timedelta(hours=1)
    assert clock.seconds_until(clock.now() + timedelta(hours=1)) == pytest.approx(10, abs=1)


def test_without_a_start_the_clock_is_the_real_one() -> None:
    assert abs(clock_from({}).now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock_from({"TILLPOST_CLOCK_START": "", "TILLPOST_CLOCK_ANCHOR": ""}) == Clock()


def test_a_clock_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        clock_from(
            {"TILLPOST_CLOCK_START": "2017-12-23T00:00:00", "TILLPOST_CLOCK_ANCHOR": "2017-12-23T00:00:00Z"}
        )
