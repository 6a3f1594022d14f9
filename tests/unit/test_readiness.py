"""Whether a period can be closed: what is in the way, tills that were not heard, and what is no obstacle."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from shared.errors import RejectedError
from shared.retail.csv_text import csv_text, safe_cell
from shared.retail.heard import Heard
from shared.retail.periods import days_of
from shared.retail.readiness import Blocker, DaySummary, Known, OpenCause, Period, readiness_of

FIRST, LAST, AFTER = date(2017, 12, 30), date(2017, 12, 31), date(2018, 1, 1)
PERIOD = Period("usrt", FIRST, LAST, is_over=True, closed=())
EVENING = datetime(2017, 12, 31, 1, tzinfo=UTC)


def heard(terminal: str = "1", first: int = 1, last: int = 10, **changes: Any) -> Heard:
    return replace(Heard(terminal, 1, first, last, EVENING, has_open_shift=False), **changes)


def day(of: date = FIRST, *some: Heard, store: str = "S1", **changes: Any) -> DaySummary:
    whole = DaySummary(
        store, of, "proved", "USD", 0, Decimal(0), Decimal(0), some, is_signed=True, vouchers="equal"
    )
    return replace(whole, **changes)


def known(*days: DaySummary, **changes: Any) -> Known:
    return replace(Known(days, (), {"S1": {"1"}}, ()), **changes)


SOUND = (day(FIRST, heard()), day(LAST, heard(first=11, last=20)))


def blockers(found: Known, period: Period = PERIOD) -> tuple[Blocker, ...]:
    readiness = readiness_of(period, found)
    assert readiness.verdict == ("Not ready" if readiness.blockers else "Ready")
    return readiness.blockers


def only(found: Known, period: Period = PERIOD) -> Blocker:
    some = blockers(found, period)
    assert len(some) == 1, some
    return some[0]


def test_a_period_in_which_everything_is_proved_signed_posted_and_heard_is_ready() -> None:
    assert blockers(known(*SOUND)) == ()


def test_a_period_without_any_statement_or_that_still_runs_is_not() -> None:
    assert {one.kind for one in blockers(known(tills={}))} == {"nothing here"}
    assert only(known(*SOUND), replace(PERIOD, is_over=False)).kind == "period not over"


@pytest.mark.parametrize(
    ("changes", "kind", "amount"),
    [
        ({"verdict": "not proved", "unexplained": Decimal("-0.37")}, "store-day not proved", "0.37"),
        ({"verdict": "completeness not proven"}, "store-day not proved", "0"),
        ({"is_signed": False}, "store-day not signed", "0"),
        ({"open_receipts": 2, "open_amount": Decimal("48.00")}, "not posted", "48.00"),
        ({"open_receipts": 2}, "not posted", "0"),
    ],
)
def test_each_store_day_that_is_not_done_is_in_the_way_and_named(
    changes: dict[str, Any], kind: str, amount: str
) -> None:
    found = only(known(SOUND[0], replace(SOUND[1], **changes)))
    assert (found.kind, found.owner, str(found.amount), found.items) == (
        kind,
        "finance",
        amount,
        ("S1 2017-12-31",),
    )


def test_work_without_a_statement_and_open_causes_are_in_the_way_but_not_what_is_only_told() -> None:
    cause = OpenCause(
        "receipts_missing",
        "S1 till 1",
        "store_operations",
        "Numbers are missing.",
        Decimal("9.99"),
        "USD",
        1,
        ("S1",),
    )
    found = only(known(*SOUND, causes=[cause, replace(cause, code="receipt_late")]))
    assert (found.kind, found.what, found.owner, found.amount) == (
        "open cause", "Numbers are missing.", "store_operations", Decimal("9.99"),
    )  # fmt: skip
    assert only(known(*SOUND, uncompiled={("S2", LAST)})).items == ("S2 2017-12-31",)


def test_receipts_whose_period_d365_has_closed_are_named_with_the_policy() -> None:
    late = replace(SOUND[1], open_receipts=3, open_amount=Decimal("36.00"))
    found = blockers(known(SOUND[0], late, policy="held for finance"), replace(PERIOD, closed=(FIRST, LAST)))
    assert [one.kind for one in found] == ["not posted", "period closed in D365"]
    assert "held for finance" in found[1].what
    assert blockers(known(*SOUND), replace(PERIOD, closed=(FIRST, LAST))) == ()  # posted: it may be closed


def silent(later: tuple[DaySummary, ...] = (), **changes: Any) -> Known:
    """Till 2 sold on the 30th, up to number 10, and is not heard on the 31st."""
    last = heard("2", **changes)
    days = (day(FIRST, heard(), last), SOUND[1])
    return known(*days, tills={"S1": {"1", "2"}}, later=later)


def test_a_till_that_is_not_heard_on_the_last_day_is_named_with_its_last_number_and_time() -> None:
    found = only(silent())
    assert (found.kind, found.owner, found.store, found.terminal) == (
        "till not heard",
        "store_operations",
        "S1",
        "2",
    )
    assert found.what == (
        "Till 2 of store S1: not heard since 2017-12-30, while the company traded until 2017-12-31; "
        "its last receipt was number 10 at 2017-12-31 01:00 UTC."
    )


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (heard("2", first=11, last=12), None),
        (heard("2", first=12, last=14), "its receipts number 11 never arrived: it went on with 12"),
        (heard("2", first=15, last=16), "its receipts number 11 to 14 never arrived: it went on with 15"),
        (heard("2", first=1, last=4), "not heard since 2017-12-30"),  # numbers began again: nothing is proved
        (
            heard("2", first=1, last=4, generation=2),
            "not heard since 2017-12-30",
        ),  # another till under its number
        (heard("2", first=None, last=None), "not heard since 2017-12-30"),
    ],
)
def test_a_till_heard_after_the_period_is_judged_by_the_number_it_goes_on_with(
    after: Heard, words: str | None
) -> None:
    found = blockers(silent((day(AFTER, after),)))
    if words is None:
        assert found == ()
    else:
        assert words in found[0].what


def test_the_first_day_after_the_period_counts_not_a_later_one() -> None:
    later = (day(date(2018, 1, 3), heard("2", first=30, last=40)), day(AFTER, heard("2", first=11, last=29)))
    assert blockers(silent(later)) == ()


def test_numbers_that_jump_after_the_period_are_found_of_a_till_that_was_heard_on_the_last_day_too() -> None:
    found = only(known(*SOUND, later=(day(AFTER, heard(first=23, last=30)),)))
    assert "number 21 to 22 never arrived" in found.what


def test_a_till_whose_last_shift_is_open_and_one_that_said_nothing_all_month_are_named() -> None:
    opened = (SOUND[0], day(LAST, heard(first=11, last=20, has_open_shift=True)))
    assert "its last shift, of 2017-12-31, is still open" in only(known(*opened)).what
    never = known(*SOUND, tills={"S1": {"1", "9"}})
    assert (only(never).terminal, "nothing of it arrived in this period" in only(never).what) == ("9", True)
    assert blockers(replace(never, later=(day(AFTER, heard("9")),))) == ()


def test_a_person_who_says_that_nothing_is_outstanding_takes_a_till_off_the_list() -> None:
    readiness = readiness_of(PERIOD, replace(silent(), confirmed=[("S1", "2")]))
    assert readiness.verdict == "Ready"
    assert "a person said that nothing is outstanding" in readiness.notes[0]


def test_when_the_whole_company_was_closed_on_the_last_day_no_till_is_missed() -> None:
    assert blockers(known(SOUND[0])) == ()


def test_what_is_no_obstacle_is_noted() -> None:
    unseen = readiness_of(
        replace(PERIOD, closed=None), known(SOUND[0], replace(SOUND[1], vouchers="not visible"))
    )
    assert unseen.verdict == "Ready"
    assert unseen.notes == (
        "D365's periods are not known here, so nobody says whether they are open.",
        "1 store-days rest on no voucher that was read and equal: not visible.",
    )


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("2017-12", (date(2017, 12, 1), date(2017, 12, 31))),
        ("2016-02", (date(2016, 2, 1), date(2016, 2, 29))),
        ("2017-12-30..2018-01-02", (date(2017, 12, 30), date(2018, 1, 2))),
    ],
)
def test_a_period_is_a_month_or_days(period: str, days: tuple[date, date]) -> None:
    assert days_of(period) == days


@pytest.mark.parametrize(
    "period", ["2017", "2017-13", "2017-12-31..2017-12-30", "2017-01-01..2017-12-31", "0001-01", "", ".."]
)
def test_what_is_no_period_is_refused(period: str) -> None:
    with pytest.raises(RejectedError):
        days_of(period)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1+2", "'-1+2"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"), (" =1", "' =1"),
        ("-12.50", "-12.50"), ("12.50", "12.50"), ("till 2", "till 2"), ("-12.50 kg", "'-12.50 kg"),
    ],
)  # fmt: skip
def test_no_cell_is_run_by_a_spreadsheet_and_amounts_stay_amounts(cell: str, written: str) -> None:
    assert safe_cell(cell) == written
    assert csv_text(("a",), [[cell]]).startswith("a\r\n")
