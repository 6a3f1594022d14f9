"""Counts and cash by hand: tills that were replaced, money in another currency."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from shared.retail.counting import Limits, compare_counts
from shared.retail.figures import Figures
from shared.retail.ledger import PaidInOrOut
from shared.retail.shift import Shift
from shared.retail.statement import compile_store_day
from shared.retail.status import Status
from shared.retail.storeday import StoreDay, by_hand, counts, income_expense
from tests.unit.builders import DAY
from tests.unit.test_counting import CLOSED, OPENED
from tests.unit.test_statement import record

NOTHING = Figures()


def test_shift_1_of_a_till_and_shift_1_of_its_successor_are_two_shifts() -> None:
    """3.00 short in each, where 5.00 in one shift is too much: neither is."""
    shifts = [
        Shift("1", "1", OPENED, CLOSED, generation=number, counted=(("CASH", "USD", "-3.00"),))
        for number in (1, 2)
    ]
    found = compare_counts(shifts, [], Limits(shift_max=Decimal("5.00")), "USD")
    assert [str(one.difference) for one in found.lines] == ["-3.00", "-3.00"]
    assert found.shifts_over == ()


def test_cash_dropped_in_another_currency_is_never_added_to_the_stores_own() -> None:
    drop = record(
        1, Status.EXCLUDED, NOTHING, kind="SAFE_DROP", is_receipt=False, currency="USD", moved=Decimal(-50)
    )
    other = replace(drop, transaction_id="T2", currency="EUR", moved=Decimal(-70))
    day = StoreDay("S1", "usrt", DAY, "USD", CLOSED, [drop, other], ())
    assert [(one.count, str(one.amount)) for one in by_hand(day)] == [(1, "-50")]
    (told,) = compile_store_day(day).causes  # and it is not passed over in silence
    assert (told.code, len(told.receipts), told.figures.is_nothing) == ("other_currency", 1, True)


def test_money_paid_out_in_another_currency_is_never_added_to_the_stores_own() -> None:
    cash = {"CASH": Decimal(-3)}
    out = record(
        1,
        Status.POSTED,
        NOTHING,
        kind="PAID_OUT",
        is_receipt=False,
        currency="USD",
        paid=PaidInOrOut("MILK", cash),
        drawer=cash,
    )
    other = replace(out, transaction_id="T2", currency="CAD")
    day = StoreDay("S1", "usrt", DAY, "USD", CLOSED, [out, other], ())
    assert [(one.count, str(one.received)) for one in income_expense(day)] == [(1, "-3")]
    assert counts(day).lines == ()
