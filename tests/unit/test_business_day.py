"""Business days in six difficult zones, worked out by hand: where the clock skips or repeats the closing hour itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.retail.business_day import business_day_of, closing_hour, day_begins_at, day_ends_at
from shared.retail.mapped import MappedTransaction
from shared.retail.mapping import MappingRow, Mappings, map_transaction
from shared.retail.transaction import Link, LinkRole, Tax
from tests.unit.builders import refund, sale
from tests.unit.test_mapping import mappings

# zone, closing hour, business day, its first instant and the next day's, how long it lasts
DAYS = [
    # a plain day, for comparison
    ("America/New_York", "02:00", "2017-12-23", "2017-12-23T07:00Z", "2017-12-24T07:00Z", "24:00"),
    # 02:00 does not exist on 11 March: the day begins when the clock shows 03:00
    ("America/New_York", "02:00", "2018-03-10", "2018-03-10T07:00Z", "2018-03-11T07:00Z", "24:00"),
    ("America/New_York", "02:00", "2018-03-11", "2018-03-11T07:00Z", "2018-03-12T06:00Z", "23:00"),
    # 01:30 comes twice on 5 November: the first one closes
    ("America/New_York", "01:30", "2017-11-04", "2017-11-04T05:30Z", "2017-11-05T05:30Z", "24:00"),
    ("America/New_York", "01:30", "2017-11-05", "2017-11-05T05:30Z", "2017-11-06T06:30Z", "25:00"),
    ("Europe/Berlin", "02:30", "2018-03-25", "2018-03-25T01:30Z", "2018-03-26T00:30Z", "23:00"),
    ("Europe/Berlin", "02:30", "2018-10-28", "2018-10-28T00:30Z", "2018-10-29T01:30Z", "25:00"),
    ("Europe/Berlin", "00:00", "2018-10-28", "2018-10-27T22:00Z", "2018-10-28T23:00Z", "25:00"),
    # Lord Howe changes by half an hour
    ("Australia/Lord_Howe", "01:45", "2018-04-01", "2018-03-31T14:45Z", "2018-04-01T15:15Z", "24:30"),
    ("Australia/Lord_Howe", "02:15", "2018-10-07", "2018-10-06T15:45Z", "2018-10-07T15:15Z", "23:30"),
    # 5:45 ahead, never changed
    ("Asia/Kathmandu", "03:00", "2017-12-23", "2017-12-22T21:15Z", "2017-12-23T21:15Z", "24:00"),
    # midnight does not exist on 4 November; on 17 February 23:00 comes twice
    ("America/Sao_Paulo", "00:00", "2018-11-04", "2018-11-04T03:00Z", "2018-11-05T02:00Z", "23:00"),
    ("America/Sao_Paulo", "00:00", "2018-02-17", "2018-02-17T02:00Z", "2018-02-18T03:00Z", "25:00"),
    # summer time rests in Ramadan
    ("Africa/Casablanca", "02:30", "2018-05-13", "2018-05-13T01:30Z", "2018-05-14T02:30Z", "25:00"),
    ("Africa/Casablanca", "02:30", "2018-06-17", "2018-06-17T02:30Z", "2018-06-18T01:30Z", "23:00"),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "closes", "day", "begins", "ends", "lasts"), DAYS)
def test_a_business_day_is_half_open_and_lasts_as_long_as_the_clock_says(
    zone: str, closes: str, day: str, begins: str, ends: str, lasts: str
) -> None:
    where, hour, which = ZoneInfo(zone), closing_hour(closes), date.fromisoformat(day)
    first, last = datetime.fromisoformat(begins), datetime.fromisoformat(ends)
    assert day_begins_at(which, where, hour) == first
    assert day_ends_at(which, where, hour) == last
    hours, minutes = map(int, lasts.split(":"))
    assert last - first == timedelta(hours=hours, minutes=minutes)
    moment = timedelta(microseconds=1)
    before, after = which - timedelta(days=1), which + timedelta(days=1)
    found = [business_day_of(one, where, hour) for one in (first - moment, first, last - moment, last)]
    assert found == [before, which, which, after]


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2017-12-24T06:59:59Z", "2017-12-23"),  # 01:59:59 at night still counts for yesterday
        ("2017-12-24T07:00:00Z", "2017-12-24"),
        ("2017-11-05T05:29:00Z", "2017-11-04"),  # 01:29, the first time
        ("2017-11-05T06:15:00Z", "2017-11-05"),  # 01:15, the second time: the day has begun
        ("2018-03-11T06:59:59Z", "2018-03-10"),  # a second before the clock jumps
        ("2018-03-11T07:00:00Z", "2018-03-11"),  # 03:00, a second later
    ],
)
def test_trade_after_midnight_counts_for_the_day_that_goes_on(instant: str, day: str) -> None:
    closes = "01:30" if "11-05" in instant else "02:00"
    at = datetime.fromisoformat(instant)
    assert business_day_of(at, ZoneInfo("America/New_York"), closing_hour(closes)) == date.fromisoformat(day)


@pytest.mark.parametrize("zone", sorted({one[0] for one in DAYS}))
def test_every_quarter_of_an_hour_of_a_year_is_in_one_day_and_days_never_go_back(zone: str) -> None:
    where = ZoneInfo(zone)
    for closes in ("00:00", "02:00", "02:30"):
        hour, at, before = closing_hour(closes), datetime(2018, 1, 2, tzinfo=UTC), date(2018, 1, 1)
        while at.year == 2018:
            day = business_day_of(at, where, hour)
            assert day_begins_at(day, where, hour) <= at < day_ends_at(day, where, hour)
            assert before <= day <= before + timedelta(days=1)
            at, before = at + timedelta(minutes=15), day


def dated(valid_from: date | None, tax_code: str) -> MappingRow:
    return MappingRow({"code": "VAT20", "tax_code": tax_code, "item_tax_group": "FULL"}, 1, valid_from)


def with_a_rate_change() -> Mappings:
    """From 24 December on the same tax of the tills is another one in D365."""
    known = mappings()
    rows = {**known.rows, ("taxes", "VAT20"): (dated(None, "V20"), dated(date(2017, 12, 24), "V17"))}
    return Mappings(known.version, MappingProxyType(rows))


def taxed(**changes: Any) -> list[tuple[str, ...]]:
    """Map a sale of the business day 23 December that trades until 02:00; give its lines' tax codes."""
    found = map_transaction(
        replace(changes.pop("of", sale()), **changes), date(2017, 12, 23), with_a_rate_change(), ()
    )
    assert isinstance(found, MappedTransaction), found
    return [line.tax_codes for line in found.lines]


def test_a_business_day_that_trades_to_two_across_a_rate_change_has_two_rates() -> None:
    assert taxed(completed_at=datetime.fromisoformat("2017-12-23T23:59:59-05:00")) == [("V20",)]
    assert taxed(completed_at=datetime.fromisoformat("2017-12-24T00:00:00-05:00")) == [("V17",)]
    assert taxed(completed_at=datetime.fromisoformat("2017-12-24T01:59:59-05:00")) == [("V17",)]


def test_goods_that_come_back_are_taxed_as_they_were_sold() -> None:
    after = datetime.fromisoformat("2017-12-24T00:30:00-05:00")
    plain = refund()
    link = Link(LinkRole.ORIGINAL, business_day=date(2017, 12, 20))
    lines = tuple(replace(line, original=link) for line in plain.lines)
    assert taxed(of=plain, lines=lines, completed_at=after) == [("V20",)]
    unnamed = tuple(replace(line, original=None) for line in plain.lines)
    assert taxed(of=plain, lines=unnamed, completed_at=after) == [("V17",)]


def test_the_builders_sale_is_taxed_as_this_page_assumes() -> None:
    (line,) = sale().lines
    assert [(one.code, one.amount) for one in line.taxes] == [("VAT20", Decimal("4.00"))]
    assert isinstance(line.taxes[0], Tax)
