"""When causes are due: in trading hours, over a bank holiday and a change of the clock, sooner the more is at stake."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from shared.retail.calendar import Calendar
from shared.retail.due_time import (
    HIGH,
    LOW,
    NORMAL,
    URGENT,
    Stake,
    after_trading,
    due_at,
    period_end_of,
    urgency_of,
)
from shared.retail.mapping import MappingRow, Mappings
from tests.unit.test_calendar import WEEK, calendar

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
SHOP = {("*", day): "09:00-17:30" for day in WEEK} | {("*", "sunday"): ""}
TODAY = date(2017, 12, 13)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def london(hours: dict[tuple[str, str], str]) -> Calendar:
    return calendar(hours, LONDON)


def test_what_comes_on_the_saturday_before_a_bank_holiday_is_due_on_the_tuesday() -> None:
    saturday = at("2017-08-26T15:30")  # 16:30 in London: an hour of trade is left
    plain, holiday = london(SHOP), london(SHOP | {("*", "2017-08-28"): ""})
    assert due_at([plain], saturday, NORMAL) == at(
        "2017-08-28T15:00"
    )  # Monday 16:00, seven hours after opening
    assert due_at([holiday], saturday, NORMAL) == at("2017-08-29T15:00")  # Tuesday 16:00


def test_the_night_the_clock_goes_back_has_nine_trading_hours_and_the_other_seven() -> None:
    night = london({("*", day): "22:00-06:00" for day in WEEK})
    assert due_at([night], at("2017-10-28T21:00"), NORMAL) == at(
        "2017-10-29T05:00"
    )  # the ninth hour is not needed
    assert due_at([night], at("2017-03-25T22:00"), NORMAL) == at(
        "2017-03-26T22:00"
    )  # seven, and one the next night


def test_a_day_that_opens_by_summer_time_counts_from_its_own_opening() -> None:
    every_day = london({("*", day): "09:00-17:30" for day in WEEK})
    # Saturday 25 March 16:30 GMT: an hour; Sunday from 09:00 BST, which is 08:00 UTC: seven more.
    assert due_at([every_day], at("2017-03-25T16:30"), NORMAL) == at("2017-03-26T15:00")


def test_due_hours_are_two_four_eight_and_forty() -> None:
    shop, monday = london(SHOP), at("2017-12-11T09:00")
    assert due_at([shop], monday, URGENT) == at("2017-12-11T11:00")
    assert due_at([shop], monday, HIGH) == at("2017-12-11T13:00")
    assert due_at([shop], monday, NORMAL) == at("2017-12-11T17:00")
    assert due_at([shop], monday, LOW) == at(
        "2017-12-15T15:00"
    )  # four days of 8:30, then six hours of Friday


def test_of_several_stores_the_one_that_trades_first_decides_and_without_hours_every_hour_counts() -> None:
    monday = at("2017-12-11T09:00")
    there, here = calendar(SHOP, NEW_YORK), london(SHOP)  # New York opens at 14:00 UTC
    assert due_at([there], monday, HIGH) == at("2017-12-11T18:00")
    assert due_at([there, here], monday, HIGH) == at("2017-12-11T13:00")
    assert due_at([calendar({})], monday, HIGH) == at("2017-12-11T13:00")
    assert due_at([], at("2017-12-10T03:00"), URGENT) == at("2017-12-10T05:00")


def test_trading_that_ends_with_the_wanted_time_is_enough_and_a_store_that_never_trades_gives_none() -> None:
    shop = london(SHOP)
    assert after_trading(shop, at("2017-12-11T09:30"), timedelta(hours=8)) == at("2017-12-11T17:30")
    assert after_trading(london({("*", "monday"): ""}), at("2017-12-11T09:30"), timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("stake", "level"),
    [
        (Stake("tender_unmapped"), NORMAL),
        (Stake("tender_unmapped", Decimal("999.99"), 9), NORMAL),
        (Stake("tender_unmapped", Decimal(1_000)), HIGH),
        (Stake("tender_unmapped", Decimal(0), 10), HIGH),
        (Stake("tender_unmapped", Decimal("9999.99")), HIGH),
        (Stake("tender_unmapped", Decimal(10_000)), URGENT),
        (Stake("tender_unmapped", oldest_day=date(2017, 12, 7)), NORMAL),  # six days old
        (Stake("tender_unmapped", oldest_day=date(2017, 12, 6)), HIGH),
        (Stake("tender_unmapped", Decimal(1_000), oldest_day=date(2017, 12, 6)), URGENT),
        (Stake("tender_unmapped", period_end=date(2017, 12, 16)), NORMAL),  # three days ahead
        (Stake("tender_unmapped", period_end=date(2017, 12, 15)), HIGH),
        (Stake("tender_unmapped", period_end=date(2017, 12, 8)), HIGH),  # ended five days ago
        (Stake("tender_unmapped", period_end=date(2017, 12, 7)), NORMAL),
        (Stake("tender_unmapped", Decimal(20_000), oldest_day=date(2017, 1, 1), period_end=date(2017, 12, 15)), URGENT),
        (Stake("stores_silent"), URGENT),
        (Stake("receipt_late", Decimal(50_000), 20), LOW),
    ],
)  # fmt: skip
def test_value_stores_age_and_the_end_of_a_period_make_it_press(stake: Stake, level: str) -> None:
    assert urgency_of(stake, TODAY, 1_000) == level


def test_a_period_ends_where_d365_says_or_with_the_month() -> None:
    assert period_end_of(Mappings(), "usrt", date(2016, 2, 3)) == date(2016, 2, 29)
    periods = {"there": "yes", "open": "2017-11-26/2017-12-23 2017-12-24/2018-01-20"}
    known = Mappings(1, {("d365_periods", "usrt"): (MappingRow(periods, 1),)})
    assert period_end_of(known, "usrt", date(2017, 12, 13)) == date(2017, 12, 23)
    assert period_end_of(known, "usrt", date(2017, 12, 24)) == date(2018, 1, 20)
    assert period_end_of(known, "usrt", date(2017, 10, 5)) == date(2017, 10, 31)  # closed long ago
