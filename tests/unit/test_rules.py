"""The arithmetic rules, each broken by one change to a sound receipt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.retail.rules import problems_of
from shared.retail.transaction import (
    ControlTotals,
    Counted,
    Discount,
    Kind,
    LineKind,
    Rounding,
    RoundingReason,
    ShiftRecord,
    Tax,
    TenderType,
    TillStatus,
)  # fmt: skip
from tests.unit.builders import NOON, refund, sale


def test_a_sound_sale_and_a_sound_return_break_no_rule() -> None:
    assert problems_of(sale()) == ()
    assert problems_of(refund()) == ()


def changed_line(**changes: Any) -> Any:
    whole = sale()
    return replace(whole, lines=(replace(whole.lines[0], **changes),))


TAX = sale().lines[0].taxes[0]
BROKEN = [
    (
        "one cent too much paid",
        replace(sale(), tenders=(replace(sale().tenders[0], amount=Decimal("30.01")), sale().tenders[1])),
        "I1 balance",
    ),
    ("nothing sold and nothing paid", replace(sale(), lines=(), tenders=()), "I1 balance"),
    ("net is not gross less discounts", changed_line(net=Decimal("19.00")), "I2 line"),
    ("a quantity of nothing with money", changed_line(quantity=Decimal(0)), "I2 line"),
    ("a tax inside a price that holds none", changed_line(taxes=(replace(TAX, inclusive=True),)), "I3 tax"),
    (
        "the till's tax is another",
        replace(sale(), control_totals=ControlTotals(tax=Decimal("4.01"))),
        "I3 tax",
    ),
    (
        "the till's discount is another",
        replace(sale(), control_totals=ControlTotals(discount=Decimal("1.00"))),
        "I4 discount",
    ),
    ("gross against its quantity", changed_line(gross=Decimal("-20.00")), "I5 signs"),
    ("a negative price", changed_line(unit_price=Decimal("-10.00")), "I5 signs"),
    ("a tax against its line", changed_line(taxes=(replace(TAX, amount=Decimal("-4.00")),)), "I5 signs"),
    (
        "a discount that adds",
        changed_line(discounts=(Discount(Decimal("-1.00")),), net=Decimal("21.00")),
        "I5 signs",
    ),
    (
        "change that comes in",
        replace(sale(), tenders=(sale().tenders[0], replace(sale().tenders[1], amount=Decimal("6.00")))),
        "I5 signs",
    ),
    (
        "the till's total is another",
        replace(sale(), control_totals=ControlTotals(total=Decimal("24.01"))),
        "I6 control total",
    ),
    (
        "the till's change is another",
        replace(sale(), control_totals=ControlTotals(change=Decimal("-5.99"))),
        "I6 control total",
    ),
    (
        "rounding of a dollar",
        replace(sale(), rounding=(Rounding(RoundingReason.CASH, Decimal("1.00")),)),
        "I7 rounding",
    ),
    (
        "a residual beyond its bound",
        replace(sale(), rounding=(Rounding(RoundingReason.RESIDUAL, Decimal("0.03")),)),
        "I7 rounding",
    ),
    (
        "half a cent tendered",
        replace(sale(), tenders=(replace(sale().tenders[0], amount=Decimal("30.005")), sale().tenders[1])),
        "I14 exponent",
    ),
    (
        "yen with cents",
        replace(
            sale(),
            currency="JPY",
            tenders=(replace(sale().tenders[0], amount=Decimal("30.50")), sale().tenders[1]),
        ),
        "I14 exponent",
    ),
]


@pytest.mark.parametrize(
    ("transaction", "rule"), [(one, rule) for _, one, rule in BROKEN], ids=[name for name, _, _ in BROKEN]
)
def test_a_broken_receipt_names_its_rule(transaction: Any, rule: str) -> None:
    assert rule in {problem.rule for problem in problems_of(transaction)}


# D365's own name of the rule that would refuse the receipt.
def test_a_rule_that_d365_has_too_is_told_by_d365s_name() -> None:
    line = sale().lines[0]
    tax = replace(line.taxes[0], amount=Decimal("4.005"))
    card = replace(refund().lines[0], kind=LineKind.GIFT_CARD_ISSUE)
    told = {
        "Under/over payment": replace(sale(), tenders=(sale().tenders[0],)),
        "Line discount": replace(sale(), lines=(replace(line, net=Decimal("19.00")),)),
        "Sign contradiction": replace(sale(), lines=(replace(line, quantity=Decimal(-2)),)),
        "Negative price": replace(sale(), lines=(replace(line, unit_price=Decimal("-10.00")),)),
        "Currency rounding": replace(sale(), lines=(replace(line, taxes=(tax,)),)),
        "Transaction not empty": replace(sale(), lines=(), tenders=()),
        "Gift card returns": replace(refund(), lines=(card,)),
    }
    for name, transaction in told.items():
        problems = problems_of(transaction)
        assert name in {problem.d365_rule for problem in problems}, name
        assert any(f"D365's “{name}”" in problem.told for problem in problems)


def test_the_balance_says_what_was_expected_and_found() -> None:
    short = replace(sale(), tenders=(sale().tenders[0],))
    (problem,) = problems_of(short)
    assert problem.expected == "captured tenders of 24.00 USD (lines, taxes and rounding)"
    assert problem.found == "30.00 USD, a difference of 6.00"


def test_named_cash_rounding_within_its_bound_is_sound() -> None:
    line = replace(sale().lines[0], gross=Decimal("20.02"), net=Decimal("20.02"))
    rounded = replace(sale(), lines=(line,), rounding=(Rounding(RoundingReason.CASH, Decimal("-0.02"), 1),))
    assert problems_of(rounded) == ()
    assert (
        problems_of(
            replace(rounded, tenders=tuple(replace(one, type=TenderType.CARD) for one in rounded.tenders))
        )
        != ()
    )


def test_an_authorised_tender_does_not_count_as_paid() -> None:
    authorised = replace(sale(), tenders=tuple(replace(one, status="AUTHORISED") for one in sale().tenders))
    assert {problem.rule for problem in problems_of(authorised)} == {"I1 balance"}


@pytest.mark.parametrize(
    "change", [{"training": True}, {"status": TillStatus.VOIDED}, {"status": TillStatus.SUSPENDED}]
)
def test_what_never_posts_is_not_judged_by_money_rules(change: dict[str, Any]) -> None:
    assert problems_of(replace(sale(), tenders=(), **change)) == ()


def test_a_receipt_of_nothing_needs_no_tender() -> None:
    free = changed_line(discounts=(Discount(Decimal("20.00")),), net=Decimal(0), taxes=())
    assert problems_of(replace(free, tenders=())) == ()


def test_a_mixed_tax_line_may_hold_both_kinds() -> None:
    taxes = (TAX, Tax("DUTY", Decimal("1.00"), inclusive=True))
    assert "I3 tax" not in {problem.rule for problem in problems_of(changed_line(taxes=taxes))}


def test_a_shift_that_ends_before_it_began_and_counts_less_than_nothing_is_told() -> None:
    record = ShiftRecord(
        "1",
        opened_at=NOON,
        closed_at=NOON - timedelta(hours=1),
        counted=(Counted("CASH", "EUR", Decimal(-1)),),
    )
    closing = replace(sale(), kind=Kind.SHIFT_CLOSE, lines=(), tenders=(), shift_record=record)
    fields = [problem.field for problem in problems_of(closing)]
    assert fields == [
        "shift_record.closed_at",
        "shift_record.counted[0].amount",
        "shift_record.counted[0].currency",
    ]
    assert [problem.field for problem in problems_of(replace(closing, shift_record=None))] == ["shift_record"]
