"""Money, identity, business days, shifts: small rules with hand-written answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from shared.errors import RejectedError
from shared.retail.business_day import business_day_of, day_begins_at, day_ends_at, store_zone
from shared.retail.figures import figures_from, figures_of, figures_text
from shared.retail.identity import (
    content_hash,
    d365_shift_number,
    d365_transaction_number,
    revision_is_higher,
)
from shared.retail.money import exact_decimal, has_whole_minor_units, minor_unit, money_text
from shared.retail.shift import Shift, effective_shift, overlap_in_doubt, overlaps
from tests.unit.builders import DAY, refund, sale

NEW_YORK = store_zone("America/New_York")
MIDNIGHT = time(0, 0)


def test_money_knows_its_smallest_unit() -> None:
    assert (minor_unit("USD"), minor_unit("JPY"), minor_unit("KWD")) == (
        Decimal("0.01"),
        Decimal(1),
        Decimal("0.001"),
    )
    assert has_whole_minor_units(Decimal("1.10"), "USD")
    assert not has_whole_minor_units(Decimal("1.105"), "USD")
    assert not has_whole_minor_units(Decimal("0.5"), "JPY")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [("0", "USD", "0.00"), ("-0", "USD", "0.00"), ("1.1", "USD", "1.10"), ("1E+3", "USD", "1000.00"), ("5", "JPY", "5"),
     ("1.005", "USD", "1.005"), ("-3.10", "KWD", "-3.100")],
)  # fmt: skip
def test_money_is_written_without_exponent_and_never_rounded(amount: str, currency: str, text: str) -> None:
    assert money_text(Decimal(amount), currency) == text


@pytest.mark.parametrize("value", ["1e999999", "NaN", "abc", "", 1.5, True, None, "1" * 60])
def test_what_is_no_exact_amount_is_refused_by_name(value: object) -> None:
    with pytest.raises(RejectedError) as caught:
        exact_decimal(value, "lines[0].gross")
    assert caught.value.field == "lines[0].gross"


def test_an_exact_amount_stays_exact() -> None:
    assert str(exact_decimal("12345678901234567.89", "total")) == "12345678901234567.89"


def test_content_is_the_same_however_it_is_spelt() -> None:
    spelt = replace(
        sale(), revision="7", extra={"x": 1}, completed_at=sale().completed_at.astimezone(NEW_YORK)
    )
    line = replace(sale().lines[0], gross=Decimal("20.0"), net=Decimal("2E+1"))
    assert content_hash(spelt) == content_hash(replace(sale(), lines=(line,))) == content_hash(sale())
    assert content_hash(sale()).startswith("h1:")


def test_content_differs_by_one_cent_and_by_who_rang_it() -> None:
    cents = replace(sale(), tenders=(replace(sale().tenders[0], amount=Decimal("30.01")), sale().tenders[1]))
    assert len({content_hash(one) for one in (sale(), cents, replace(sale(), operator="7"), refund())}) == 4


def test_the_number_in_d365_is_readable_where_it_fits_and_never_cut() -> None:
    assert d365_transaction_number("east", "T-1") == "east:T-1"
    long = d365_transaction_number("east", "x" * 60)
    assert long.startswith("H:")
    assert len(long) == 34
    assert d365_transaction_number("east", "x" * 61) != long
    assert d365_transaction_number("a:b", "c") != d365_transaction_number("a", "b:c")
    assert d365_transaction_number("H", "ABC").startswith("H:")
    assert len(d365_transaction_number("H", "ABC")) == 34


def test_shift_numbers_are_readable_and_fit_64_bits() -> None:
    assert d365_shift_number(DAY, 1, "2") == 20171223010002
    hashed = d365_shift_number(DAY, 1, "day-20171223")
    assert 10**15 <= hashed < 2**53
    assert hashed != d365_shift_number(DAY, 2, "day-20171223")


def test_a_higher_revision_is_higher_by_number() -> None:
    assert revision_is_higher("10", "9")
    assert revision_is_higher("1", None)
    assert not revision_is_higher("9", "10")
    assert not revision_is_higher(None, "1")
    assert not revision_is_higher("2", "2")


def test_a_business_day_is_the_stores_and_not_the_servers() -> None:
    late_evening = datetime(2017, 12, 24, 4, 30, tzinfo=UTC)  # 23:30 on the 23rd in New York
    assert business_day_of(late_evening, NEW_YORK, MIDNIGHT) == date(2017, 12, 23)
    assert business_day_of(datetime(2017, 12, 24, 5, 0, tzinfo=UTC), NEW_YORK, MIDNIGHT) == date(2017, 12, 24)


def test_what_is_sold_before_the_closing_hour_counts_for_yesterday() -> None:
    two = time(2, 0)
    assert business_day_of(datetime(2017, 12, 24, 6, 59, tzinfo=UTC), NEW_YORK, two) == date(2017, 12, 23)
    assert business_day_of(datetime(2017, 12, 24, 7, 0, tzinfo=UTC), NEW_YORK, two) == date(2017, 12, 24)


def test_days_last_23_24_or_25_hours() -> None:
    def hours(day: date) -> float:
        return (day_ends_at(day, NEW_YORK, MIDNIGHT) - day_begins_at(day, NEW_YORK, MIDNIGHT)) / timedelta(
            hours=1
        )

    assert (hours(date(2017, 3, 12)), hours(date(2017, 12, 23)), hours(date(2017, 11, 5))) == (23, 24, 25)


def test_figures_are_read_back_exactly() -> None:
    figures = figures_of(sale()) + figures_of(refund())
    assert figures_from(figures_text(figures)) == figures
    assert (figures.count, figures.total, figures.sales, figures.returns) == (
        2,
        Decimal("12.00"),
        Decimal(20),
        Decimal(-10),
    )
    assert figures.taxes == {"VAT20": Decimal("2.00")}
    assert figures.tenders == {"CASH": Decimal("12.00")}


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2017, 12, 23, hour, minute, tzinfo=UTC)


def test_shifts_that_meet_do_not_overlap_and_shifts_that_cross_do() -> None:
    first, second = Shift("1", "1", at(8), at(14)), Shift("1", "2", at(14), at(20))
    assert overlaps((first, second)) == ()
    crossing = (replace(first, closed_at=at(14, 10)), second)
    (found,) = overlaps(crossing)
    assert (found.earlier.shift, found.later.shift, found.since) == ("1", "2", at(14))
    assert overlaps((replace(first, terminal="9", closed_at=at(14, 10)), second)) == ()


def test_only_a_receipt_of_the_old_shift_rung_after_the_next_was_opened_is_in_doubt() -> None:
    shifts = (Shift("1", "1", at(8)), Shift("1", "2", at(14)))
    assert overlap_in_doubt(shifts, "1", "1", at(13, 59)) is None
    assert overlap_in_doubt(shifts, "1", "2", at(14, 5)) is None
    assert overlap_in_doubt(shifts, "1", "1", at(14, 0)) is not None
    ended = (replace(shifts[0], closed_at=at(14), ended_by="store desk"), shifts[1])
    assert overlap_in_doubt(ended, "1", "1", at(14, 5)) is None


def test_a_receipt_after_the_end_a_person_gave_goes_to_the_next_shift() -> None:
    ended = (Shift("1", "1", at(8), at(14), ended_by="store desk"), Shift("1", "2", at(14)))
    assert effective_shift(ended, "1", "1", at(13, 59)) == "1"
    assert effective_shift(ended, "1", "1", at(14, 5)) == "2"
    assert effective_shift((replace(ended[0], ended_by=""), ended[1]), "1", "1", at(14, 5)) == "1"


def test_the_largest_amounts_and_strangest_zones_are_judged_and_not_fallen_over() -> None:
    assert has_whole_minor_units(Decimal("9" * 26 + ".99"), "USD")
    assert not has_whole_minor_units(Decimal("9" * 26 + ".999"), "USD")
    for name in ("America", "x" * 300, "../../etc/passwd", ""):
        with pytest.raises(RejectedError):
            store_zone(name)


def test_an_hour_that_comes_twice_stays_within_its_business_day() -> None:
    half_past_one = time(1, 30)
    again = datetime(
        2017, 11, 5, 6, 15, tzinfo=UTC
    )  # 01:15 for the second time, after the day began at 01:30
    assert business_day_of(again, NEW_YORK, half_past_one) == date(2017, 11, 5)
    assert day_begins_at(date(2017, 11, 5), NEW_YORK, half_past_one) <= again


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("east", "A1"), ("east", "a1")),
        (("east", "T1.new"), ("east", "T1.NEW")),
        (("east", "A1"), ("EAST", "A1")),
        (("east", "AB"), ("east", "Ab")),
    ],
)
def test_two_receipts_have_two_numbers_for_a_d365_that_does_not_tell_capitals(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert d365_transaction_number(*one).lower() != d365_transaction_number(*other).lower()


def test_a_number_stays_readable_where_it_can() -> None:
    readable = [d365_transaction_number("east", one) for one in ("T1", "367-1-1-20171223-17", "T1.new")]
    assert readable == ["east:T1", "east:367-1-1-20171223-17", "east:T1.new"]
    assert d365_transaction_number("h", "T1").startswith("H:")
