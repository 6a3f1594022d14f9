"""Counted against expected: each line's difference by hand, and the limits on both sides of them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from shared.retail.counting import CountLine, DrawerMove, Limits, TenderLimit, compare_counts
from shared.retail.figures import Figures
from shared.retail.shift import Shift

OPENED, CLOSED = datetime(2017, 12, 23, 13, tzinfo=UTC), datetime(2017, 12, 23, 22, tzinfo=UTC)


def shift(*counted: tuple[str, str], name: str = "1", **changes: Any) -> Shift:
    counts = tuple((tender, "USD", amount) for tender, amount in counted)
    return Shift("1", name, OPENED, changes.pop("closed_at", CLOSED), counted=counts, **changes)


def move(name: str = "1", **amounts: str) -> DrawerMove:
    return DrawerMove("1", 1, name, {tender: Decimal(amount) for tender, amount in amounts.items()})


def lines(limits: Limits, moves: list[DrawerMove], *shifts: Shift) -> list[tuple[str, str, str, str]]:
    found = compare_counts(shifts, moves, limits, "USD").lines
    return [(one.tender, str(one.expected), str(one.difference), one.verdict) for one in found]


CASH_ONLY = Limits(
    line_max=Decimal("5.00"),
    tenders={"CASH": TenderLimit(counting_required=True, small_max=Decimal("1.00"), small_account="618160")},
)


def test_the_opening_amount_the_sales_and_what_was_taken_out_make_what_should_be_there() -> None:
    moves = [move(CASH="24.00"), move(CASH="-12.00"), move(CASH="-50.00"), move(CARD="80.00")]
    assert lines(CASH_ONLY, moves, shift(("CASH", "61.50"), opening_float=Decimal("100.00"))) == [
        ("CASH", "62.00", "-0.50", "within the limit")
    ]


def test_each_shift_stands_for_itself() -> None:
    moves = [move("1", CASH="10.00"), move("2", CASH="20.00")]
    found = lines(CASH_ONLY, moves, shift(("CASH", "10.00"), name="1"), shift(("CASH", "19.00"), name="2"))
    assert found == [("CASH", "10.00", "0.00", "agrees"), ("CASH", "20.00", "-1.00", "within the limit")]


@pytest.mark.parametrize(
    ("counted", "verdict", "account"),
    [
        ("24.00", "agrees", ""), ("24.01", "within the limit", "618160"), ("25.00", "within the limit", "618160"),
        ("25.01", "within the limit", ""), ("28.99", "within the limit", ""), ("29.00", "over the limit", ""),
        ("19.00", "over the limit", ""), ("19.01", "within the limit", ""),
    ],
)  # fmt: skip
def test_a_difference_is_posted_only_below_the_maximum_and_small_ones_to_their_account(
    counted: str, verdict: str, account: str
) -> None:
    (line,) = compare_counts([shift(("CASH", counted))], [move(CASH="24.00")], CASH_ONLY, "USD").lines
    assert (line.verdict, line.account) == (verdict, account)


def test_over_and_short_of_a_shift_and_of_the_day_add_up_against_their_own_limits() -> None:
    limits = Limits(
        line_max=Decimal(10), shift_max=Decimal(6), statement_max=Decimal(9), tenders=CASH_ONLY.tenders
    )
    moves = [move("1", CASH="100", CARD="100"), move("2", CASH="100")]
    counted = [shift(("CASH", "103"), ("CARD", "97"), name="1"), shift(("CASH", "99"), name="2")]
    found = compare_counts(counted, moves, limits, "USD")
    assert [one.difference for one in found.lines] == [Decimal(-3), Decimal(3), Decimal(-1)]
    assert found.shifts_over == (("1", "1"),)
    assert not found.statement_over
    assert found.is_over
    more = [counted[0], shift(("CASH", "97"), name="2")]
    assert compare_counts(more, moves, limits, "USD").statement_over


def test_no_limit_of_nothing_lets_any_difference_through() -> None:
    nothing = Limits(line_max=Decimal(0), tenders=CASH_ONLY.tenders)
    assert lines(nothing, [move(CASH="24")], shift(("CASH", "24")))[0][3] == "agrees"
    assert lines(nothing, [move(CASH="24")], shift(("CASH", "24.01")))[0][3] == "over the limit"
    assert lines(Limits(), [move(CASH="24")], shift(("CASH", "24.01")))[0][3] == "no limit known"


def test_what_must_be_counted_and_was_not_is_told_and_a_card_nobody_counts_is_not() -> None:
    assert lines(CASH_ONLY, [move(CASH="24.00", CARD="9.00")], shift()) == [
        ("CASH", "24.00", "None", "not counted")
    ]


def test_a_count_in_another_currency_is_never_added() -> None:
    foreign = Shift("1", "1", OPENED, CLOSED, counted=(("CASH", "EUR", "24.00"),))
    assert lines(CASH_ONLY, [move(CASH="24.00")], foreign) == [("CASH", "24.00", "None", "not counted")]


def test_an_opening_amount_whose_tender_nobody_named_is_not_compared() -> None:
    limits = Limits(line_max=Decimal(5))
    unclear = shift(("NOTES", "1"), ("COINS", "2"), opening_float=Decimal(100))
    assert [one[3] for one in lines(limits, [], unclear)] == ["opening amount of no tender"] * 2
    named = shift(("NOTES", "101"), ("COINS", "2"), opening_float=Decimal(100), float_tender="NOTES")
    assert [one[:3] for one in lines(limits, [], named)] == [("COINS", "0", "2"), ("NOTES", "100", "1")]


def test_shifts_still_open_and_shifts_that_we_made_are_left_out() -> None:
    assert lines(CASH_ONLY, [move(CASH="24")], shift(("CASH", "1"), closed_at=None)) == []
    assert lines(CASH_ONLY, [move(CASH="24")], shift(("CASH", "1"), synthetic=True)) == []


def test_a_line_without_a_count_has_no_difference() -> None:
    line = CountLine("1", 1, "1", "CASH", Decimal(5), None, "not counted")
    assert line.difference is None


def test_money_of_receipts_that_never_arrived_is_not_over() -> None:
    """The till took 38.10 and 24.00 of it arrived; 2.00 were paid out. What lies in it is what the till says, or is not."""
    moves = [move(CASH="24.00"), DrawerMove("1", 1, "1", {"CASH": Decimal("-2.00")}, of_sale=False)]
    says = Figures(2, Decimal("38.10"), tenders={"CASH": Decimal("38.10")})
    there = shift(("CASH", "36.10"), pos_says=says)
    found = compare_counts([there], moves, CASH_ONLY, "USD")
    assert [(one.difference, one.verdict) for one in found.lines] == [
        (Decimal("14.10"), "as the till says: receipts are missing here")
    ]
    assert not found.is_over
    wrong = compare_counts([shift(("CASH", "36.00"), pos_says=says)], moves, CASH_ONLY, "USD")
    assert [(one.difference, one.verdict) for one in wrong.lines] == [(Decimal("14.00"), "over the limit")]
    assert wrong.is_over
