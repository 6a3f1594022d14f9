"""The rounding doctor: the numbers of real threads, what rounding can and cannot do, and what a day's roundings add up to."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.retail.rounding import (
    CASH_ROUNDING,
    CURRENCY_BY_LINE,
    DISCOUNT_SPLIT,
    LINE_OR_TOTAL,
    TAX_INCLUDED,
    Diagnosis,
    converted,
    diagnose,
    discount_split,
    paid_in_steps,
    sums_of,
    tax_of_day,
    taxes_of,
)
from shared.retail.rules import NOT_ROUNDING, held_because, problems_of
from shared.retail.transaction import (
    Discount,
    ForeignMoney,
    Line,
    Rounding,
    RoundingReason,
    Tax,
    Tender,
    TenderType,
    Transaction,
)
from tests.unit.builders import sale

D = Decimal
CENT = D("0.01")


def line(
    number: int, net: str, tax: str, rate: str = "21", *, inclusive: bool = True, code: str = "V21"
) -> Line:
    taxes = (Tax(code, D(tax), rate=D(rate), inclusive=inclusive),)
    return Line(number, "1001", D(1), D(net), D(net), unit="ea", taxes=taxes)


def receipt(*lines: Line, inclusive: bool = True) -> Transaction:
    due = sum((one.amount_due for one in lines), D(0))
    return sale(lines=lines, tenders=(Tender(1, TenderType.CARD, "CARD", due),), prices_include_tax=inclusive)


def test_tax_included_in_two_prices_is_2_56_by_line_and_2_55_by_total() -> None:
    (tax,) = taxes_of(receipt(line(1, "11.90", "2.07"), line(2, "2.80", "0.49")))
    assert (tax.by_line, tax.by_document, tax.by_d365, tax.stated) == (
        D("2.56"),
        D("2.55"),
        D("2.56"),
        D("2.56"),
    )
    assert diagnose(receipt(line(1, "11.90", "2.07"), line(2, "2.80", "0.49"))) == ()
    by_total = receipt(line(1, "11.90", "2.06"), line(2, "2.80", "0.49"))
    assert diagnose(by_total) == (Diagnosis(LINE_OR_TOTAL, "V21", D("-0.01"), D("0.01"), 2),)
    assert problems_of(by_total) == ()


def test_foreign_amounts_converted_one_by_one_are_9_21_and_at_once_9_2161() -> None:
    assert (D(20) * D("0.4007"), D(3) * D("0.4007"), D(23) * D("0.4007")) == (
        D("8.0140"),
        D("1.2021"),
        D("9.2161"),
    )
    found = converted([D(20), D(3)], D("0.4007"), D("8.01") + D("1.20"), "USD")
    assert found == Diagnosis(CURRENCY_BY_LINE, "currency", D("-0.01"), D("0.01"), 2)
    assert found.is_rounding
    assert not converted([D(20), D(3)], D("0.4007"), D("9.20"), "USD").is_rounding
    assert not converted([D(20), D(3)], D("0.4007"), D("9.23"), "USD").is_rounding


def test_a_discount_of_0_51_with_20_percent_in_it_is_0_42_and_0_09_where_the_tax_on_the_net_is_0_08() -> None:
    net, tax, found = discount_split(D("0.51"), D(20), "USD")
    assert (net, tax) == (D("0.42"), D("0.09"))
    assert found == Diagnosis(DISCOUNT_SPLIT, "discount", D("0.01"), D("0.01"), 1)
    assert tax - found.difference == D("0.08")


def test_two_documents_of_250_50_and_50_50_paid_by_300_instead_of_301_is_cash_rounding() -> None:
    found = paid_in_steps([D("250.5"), D("50.5")], D("300"), D(1))
    assert found == Diagnosis(CASH_ROUNDING, "cash", D(-1), D(1), 2)
    assert found.is_rounding
    assert not paid_in_steps([D("250.5"), D("50.5")], D("299.99"), D(1)).is_rounding


def test_a_day_rounds_once_for_all_its_receipts() -> None:
    receipts = [receipt(line(1, "11.90", "2.07")), receipt(line(1, "2.80", "0.49"))]
    (day,) = tax_of_day(receipts)
    assert (day.stated, day.by_line, day.by_document, day.by_d365) == (
        D("2.56"),
        D("2.56"),
        D("2.55"),
        D("2.56"),
    )


def test_d365_rounds_what_two_of_our_codes_make_of_one_of_its_own_together() -> None:
    # 5 % of 0.10 is 0.005 and 5 % again: 0.01 + 0.01 apart, 0.01 together.
    taxes = tuple(Tax(code, D("0.01"), rate=D(5)) for code in ("CITY", "STATE"))
    one = replace(sale(), lines=(Line(1, "1001", D(1), D("0.10"), D("0.10"), taxes=taxes),))
    assert [tax.by_d365 for tax in taxes_of(one)] == [D("0.01"), D("0.01")]
    (together,) = taxes_of(one, {"CITY": "SALES", "STATE": "SALES"})
    assert (together.stated, together.by_line, together.by_d365) == (D("0.02"), D("0.02"), D("0.01"))


def test_a_tax_on_price_and_discount_apart_is_named_a_discount_split() -> None:
    # 20 % of 1.03 = 0.206 → 0.21; of the discount 0.51 = 0.102 → 0.10; apart 0.11, of the net 0.52 = 0.104 → 0.10.
    taxes = (Tax("V20", D("0.11"), rate=D(20)),)
    one = Line(1, "1001", D(1), D("1.03"), D("0.52"), discounts=(Discount(D("0.51")),), taxes=taxes)
    found = diagnose(receipt(one, inclusive=False))
    assert found == (Diagnosis(DISCOUNT_SPLIT, "V20", D("0.01"), D("0.01"), 2),)


def test_a_net_rounded_first_is_named_tax_included() -> None:
    # 0.13 with 50 % in it: within the price 0.0433 → 0.04; the net 0.0866 → 0.09, half of it 0.045 → 0.05. 0.40 either way.
    lines = (line(1, "0.13", "0.05", "50"), line(2, "1.20", "0.40", "50"), line(3, "1.20", "0.40", "50"))
    (found,) = diagnose(receipt(*lines))
    assert (found.mechanism, found.difference, found.bound) == (TAX_INCLUDED, D("0.01"), D("0.01"))


def test_one_line_one_cent_off_is_no_rounding_and_waits_for_finance() -> None:
    wrong = receipt(
        line(1, "10.00", "2.11", inclusive=False), inclusive=False
    )  # 21 % of 10.00 is 2.10, exactly
    (problem,) = problems_of(wrong)
    assert problem.rule == NOT_ROUNDING
    assert problem.found == "0.01 USD too much for V21, where rounding explains 0.00 at most"
    why = held_because([problem])
    assert (why.code, why.value, why.owner) == ("not_rounding", "V21", "finance")


def test_what_cannot_be_worked_out_is_not_judged() -> None:
    unknown = Line(1, "1001", D(1), D("10.00"), D("10.00"), taxes=(Tax("V", D("7.00")),))
    exempt = Line(
        2, "1001", D(1), D("10.00"), D("10.00"), taxes=(Tax("V", D(0), rate=D(20), exempt_reason="DIPLOMAT"),)
    )
    assert diagnose(receipt(unknown, exempt, inclusive=False)) == ()


def test_a_till_that_taxes_a_part_of_a_line_and_says_so_is_judged_by_that_part() -> None:
    taxes = (Tax("V20", D("1.00"), rate=D(20), base=D("5.00")),)
    part = Line(1, "1001", D(1), D("10.00"), D("10.00"), taxes=taxes)
    assert diagnose(receipt(part, inclusive=False)) == ()
    more = replace(part, taxes=(replace(taxes[0], amount=D("1.01")),))
    assert not diagnose(receipt(more, inclusive=False))[0].is_rounding


@pytest.mark.parametrize(
    ("currency", "rounded", "cash", "bound"),
    [
        ("USD", "-0.02", "10.00", "0.025"), ("USD", "0.02", "10.05", "0.025"), ("USD", "-0.04", "9.90", "0.04"),
        ("USD", "0.5", "11", "0"), ("USD", "-0.02", "9.98", "0"), ("NZD", "-0.04", "9.90", "0.05"), ("SEK", "0.5", "11", "0.5"),
        ("PHP", "0.5", "11", "0.5"),
    ],
)  # fmt: skip
def test_cash_rounding_is_proved_by_the_smallest_step_of_cash_that_explains_it(
    currency: str, rounded: str, cash: str, bound: str
) -> None:
    price = D(cash) - D(rounded)
    one = sale(
        lines=(Line(1, "1001", D(1), price, price),), tenders=(Tender(1, TenderType.CASH, "CASH", D(cash)),),
        rounding=(Rounding(RoundingReason.CASH, D(rounded)),), currency=currency,
    )  # fmt: skip
    (found,) = diagnose(one)
    assert (found.mechanism, found.difference, found.bound) == (CASH_ROUNDING, D(rounded), D(bound))
    assert found.is_rounding is (D(bound) > 0)


def test_foreign_cash_at_its_rate_is_rounding_within_the_digits_of_the_rate() -> None:
    def paid(amount: str) -> Transaction:
        money = ForeignMoney("EUR", D("20"), D("1.0701"))  # 21.402; the rate's last digit moves it by 0.001
        tender = Tender(1, TenderType.FOREIGN_CASH, "EUR", D(amount), fx=money)
        return sale(lines=(Line(1, "1001", D(1), D(amount), D(amount)),), tenders=(tender,))

    assert diagnose(paid("21.40")) == ()
    assert not diagnose(paid("21.41"))[0].is_rounding


RATES = st.sampled_from(["5", "7.5", "8.875", "19", "20", "21", "25", "33.3333"])
PRICES = st.lists(st.decimals("0.01", "999.99", places=2), min_size=1, max_size=30)


def exact_tax(net: Decimal, rate: Decimal, *, inclusive: bool) -> Fraction:
    return Fraction(net) * Fraction(rate) / (100 + Fraction(rate) if inclusive else 100)


def cents(amount: Fraction, way: str) -> Decimal:
    return (D(amount.numerator) / D(amount.denominator)).quantize(CENT, rounding=way)


@given(
    PRICES,
    RATES,
    st.booleans(),
    st.sampled_from(["line", "total"]),
    st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]),
)
def test_pure_rounding_is_never_flagged(
    prices: list[Decimal], rate: str, inclusive: bool, by: str, way: str
) -> None:
    exact = [exact_tax(price, D(rate), inclusive=inclusive) for price in prices]
    stated = [cents(one, way) for one in exact]
    if by == "total":  # the difference on the last line, as tills do
        stated[-1] += cents(sum(exact, Fraction(0)), way) - sum(stated, D(0))
    lines = [
        line(number, str(price), str(tax), rate, inclusive=inclusive)
        for number, (price, tax) in enumerate(zip(prices, stated, strict=True), start=1)
    ]
    assert all(one.is_rounding for one in diagnose(receipt(*lines, inclusive=inclusive)))


@given(PRICES, RATES, st.booleans(), st.sampled_from([1, -1]))
def test_one_cent_above_the_bound_is_always_flagged(
    prices: list[Decimal], rate: str, inclusive: bool, side: int
) -> None:
    exact = [exact_tax(price, D(rate), inclusive=inclusive) for price in prices]
    whole = sum(exact, Fraction(0))
    reach = Fraction(len(prices), 200)  # half a cent a line, by hand
    farthest = D(0)
    step = D(0)
    while Fraction(cents(whole, ROUND_HALF_UP) + step * side) * side <= whole * side + reach:
        farthest, step = cents(whole, ROUND_HALF_UP) + step * side, step + CENT
    stated = [cents(one, ROUND_HALF_UP) for one in exact]

    def with_total(amount: Decimal) -> Transaction:
        taxes = [*stated[:-1], amount - sum(stated[:-1], D(0))]
        lines = [
            line(number, str(price), str(tax), rate, inclusive=inclusive)
            for number, (price, tax) in enumerate(zip(prices, taxes, strict=True), start=1)
        ]
        return receipt(*lines, inclusive=inclusive)

    assert all(one.is_rounding for one in diagnose(with_total(farthest)))
    assert [one.is_rounding for one in diagnose(with_total(farthest + CENT * side))] == [False]


def test_sums_are_by_mechanism_and_know_no_order() -> None:
    some = [
        Diagnosis(LINE_OR_TOTAL, "V21", D("0.01"), D("0.02"), 4),
        Diagnosis(CASH_ROUNDING, "cash", D("-0.02"), D("0.025"), 1),
        Diagnosis(LINE_OR_TOTAL, "V9", D("-0.02"), D("0.03"), 6),
    ]
    found = sums_of(some)
    assert [(one.mechanism, one.count, one.amount, one.bound) for one in found] == [
        (CASH_ROUNDING, 1, D("-0.02"), D("0.025")), (LINE_OR_TOTAL, 2, D("-0.01"), D("0.05")),
    ]  # fmt: skip
    assert sums_of(reversed(some)) == found


@given(
    PRICES,
    RATES,
    st.booleans(),
    st.lists(st.sampled_from(["0", "0", "0.01", "-0.01"]), min_size=30, max_size=30),
)
def test_the_quick_look_finds_what_the_long_one_finds(
    prices: list[Decimal], rate: str, inclusive: bool, moved: list[str]
) -> None:
    lines = [
        line(number, str(price), str(cents(exact_tax(price, D(rate), inclusive=inclusive), ROUND_HALF_UP) + D(more)), rate,
             inclusive=inclusive)
        for number, (price, more) in enumerate(zip(prices, moved, strict=False), start=1)
    ]  # fmt: skip
    one = receipt(*lines, inclusive=inclusive)
    differs = [tax.code for tax in taxes_of(one) if tax.stated != tax.by_d365]
    assert [found.what for found in diagnose(one)] == differs


def test_a_rate_that_takes_the_whole_price_is_not_worked_out_and_breaks_nothing() -> None:
    odd = receipt(line(1, "15.00", "2.00", rate="-100"))
    assert taxes_of(odd) == ()
    assert problems_of(odd) == ()


def test_cash_of_more_digits_than_a_division_holds_is_judged_like_any_other() -> None:
    paid = Tender(1, TenderType.CASH, "CASH", D("9999999999999999999999999999"))
    odd = replace(sale(), tenders=(paid,), rounding=(Rounding(RoundingReason.CASH, D("0.02")),))
    (found,) = (one for one in diagnose(odd) if one.mechanism == CASH_ROUNDING)
    assert (found.difference, found.bound) == (
        D("0.02"),
        D("0.025"),
    )  # whole, so a multiple of 0.05: half of it
    assert problems_of(odd)[0].rule == "I1 balance"
