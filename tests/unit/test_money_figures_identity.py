"""Money, figures and identity to the letter: what a step of a sign, a bound or a separator would change."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from shared.d365.values import instant_text
from shared.errors import RejectedError
from shared.retail.figures import Figures, figures_of, figures_of_shift, figures_text
from shared.retail.identity import (
    content_hash,
    d365_shift_number,
    d365_transaction_number,
    revision_is_higher,
)
from shared.retail.money import exact_decimal, has_whole_minor_units, money_text, rounded, total
from shared.retail.transaction import Discount, LineKind, Rounding, RoundingReason, ShiftTotals, Tax
from tests.unit.builders import DAY, sale

D = Decimal
EXPECTED = "a decimal number such as 12.50"


@pytest.mark.parametrize(
    ("amount", "currency", "result"),
    [("1.005", "USD", "1.01"), ("1.004", "USD", "1.00"), ("-1.005", "USD", "-1.01"), ("0.5", "JPY", "1"), ("2.5", "JPY", "3"),
     ("1.0005", "KWD", "1.001"), ("99999999999999999999999999.995", "USD", "100000000000000000000000000.00")],
)  # fmt: skip
def test_half_a_smallest_unit_is_rounded_up_whatever_the_size(
    amount: str, currency: str, result: str
) -> None:
    assert str(rounded(D(amount), currency)) == result


def test_an_amount_of_half_a_cent_is_no_amount_of_whole_cents() -> None:
    assert not has_whole_minor_units(D("1.005"), "USD")
    assert has_whole_minor_units(D("1.001"), "KWD")


def test_a_sum_begins_at_nothing_and_stays_exact() -> None:
    assert total([]) == 0
    assert isinstance(total([]), Decimal)
    assert str(total([D("0.10"), D("0.20")])) == "0.30"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [("1.1050", "USD", "1.105"), ("10", "JPY", "10"), ("100.00", "JPY", "100"), ("0.50", "JPY", "0.5"),
     ("1.0", "KWD", "1.000"), ("1.00001", "KWD", "1.00001"), ("2E+2", "JPY", "200"), ("-0.00", "JPY", "0"),
     ("7", "CLF", "7.0000")],
)  # fmt: skip
def test_money_keeps_the_digits_of_its_currency_and_no_needless_ones(
    amount: str, currency: str, text: str
) -> None:
    assert money_text(D(amount), currency) == text


def test_money_without_a_currency_is_written_with_two_digits() -> None:
    assert money_text(D(3)) == "3.00"


@pytest.mark.parametrize(
    ("value", "why", "found"),
    [(1.5, "is no decimal number", "1.5"), (True, "is no decimal number", "True"), ("abc", "is no decimal number", "'abc'"),
     ("x" * 100, "is no decimal number", "'" + "x" * 79), ("1E+13", "is out of range", "1E+13"),
     ("1E-13", "is out of range", "1E-13"), ("NaN", "is out of range", "NaN"), ("-Infinity", "is out of range", "-Infinity"),
     ("1" * 29, "is out of range", "1" * 29)],
)  # fmt: skip
def test_what_is_no_amount_is_refused_with_what_was_expected_and_found(
    value: object, why: str, found: str
) -> None:
    with pytest.raises(RejectedError) as caught:
        exact_decimal(value, "tenders[0].amount")
    error = caught.value
    assert (str(error), error.field, error.expected, error.found) == (
        f"tenders[0].amount {why}", "tenders[0].amount", EXPECTED, found,
    )  # fmt: skip


@pytest.mark.parametrize("text", ["1E+12", "1E-12", "1" * 28, "-12.50", "0"])
def test_the_largest_and_smallest_amounts_are_taken(text: str) -> None:
    assert exact_decimal(text, "total") == D(text)


EVERY = Figures(
    count=2, total=D("1.00"), sales=D("2.00"), returns=D("-3.00"), discounts=D("4.00"), gift_cards_issued=D("5.00"),
    rounding=D("0.06"), taxes={"A": D("7.00")}, tenders={"B": D("8.00"), "C": D("-9.00")},
)  # fmt: skip
TURNED = Figures(
    count=-2, total=D("-1.00"), sales=D("-2.00"), returns=D("3.00"), discounts=D("-4.00"), gift_cards_issued=D("-5.00"),
    rounding=D("-0.06"), taxes={"A": D("-7.00")}, tenders={"B": D("-8.00"), "C": D("9.00")},
)  # fmt: skip


def test_turned_figures_are_turned_in_every_part_and_cancel() -> None:
    assert -EVERY == TURNED
    assert (EVERY - EVERY).is_nothing
    assert not EVERY.is_nothing


def test_figures_are_written_in_one_order_without_spaces() -> None:
    assert figures_text(EVERY) == (
        '[2,"1.00","2.00","-3.00","4.00","5.00","0.06",{"A":"7.00"},{"B":"8.00","C":"-9.00"}]'
    )


def test_a_receipts_figures_hold_its_discount_rounding_gift_card_and_both_taxes_of_one_code() -> None:
    (line,) = sale().lines
    taxes = (*line.taxes, Tax("VAT20", D("1.00"), rate=D(20)), Tax("LOCAL", D("0.50")))
    goods = replace(line, taxes=taxes, gross=D("23.00"), discounts=(Discount(D("3.00")),))
    card = replace(
        line, line_number=2, kind=LineKind.GIFT_CARD_ISSUE, taxes=(), gross=D("10.00"), net=D("10.00")
    )
    receipt = replace(
        sale(),
        lines=(goods, card),
        rounding=(Rounding(RoundingReason.CASH, D("0.02")),),
        tenders=(replace(sale().tenders[0], amount=D("35.52")),),
    )
    figures = figures_of(receipt)
    assert (figures.count, figures.total, figures.sales, figures.returns) == (1, D("35.52"), D("20.00"), 0)
    assert (figures.discounts, figures.gift_cards_issued, figures.rounding) == (
        D("3.00"),
        D("10.00"),
        D("0.02"),
    )
    assert figures.taxes == {"VAT20": D("5.00"), "LOCAL": D("0.50")}
    assert figures.tenders == {"CASH": D("35.52")}


def test_two_tenders_of_one_kind_are_added() -> None:
    assert figures_of(sale()).tenders == {"CASH": D("24.00")}


def test_a_training_receipt_counts_for_nothing() -> None:
    assert figures_of(replace(sale(), training=True)) == Figures()


def test_what_the_pos_says_of_a_shift_is_taken_over_whole() -> None:
    told = ShiftTotals(
        transactions=2, total=D("1.00"), sales=D("2.00"), returns=D("-3.00"), discounts=D("4.00"), gift_cards_issued=D("5.00"),
        rounding=D("0.06"), taxes={"A": D("7.00")}, tenders={"B": D("8.00"), "C": D("-9.00")},
    )  # fmt: skip
    assert figures_of_shift(told) == EVERY


# Kept with receipts for ever: another text of the same content would make a receipt that comes again a conflict.
FROZEN_HASH = "h1:b2403b22a2e55f3fad2736954a107d32a279a54ae44da3bacc6c4e14ea53388d"


def test_the_hash_of_a_receipt_is_the_one_it_had_years_ago() -> None:
    receipt = replace(
        sale(),
        operator="Zoë",
        business_day=date(2017, 12, 23),
        tenders=(replace(sale().tenders[0], amount=D("0.0")),),
    )
    assert content_hash(receipt) == FROZEN_HASH


def test_the_same_instant_in_another_zone_is_the_same_content() -> None:
    elsewhere = timezone(timedelta(hours=9, minutes=30))
    assert content_hash(
        replace(sale(), completed_at=sale().completed_at.astimezone(elsewhere))
    ) == content_hash(sale())
    later = sale().completed_at + timedelta(seconds=1)
    assert content_hash(replace(sale(), completed_at=later)) != content_hash(sale())


def test_the_machines_own_zone_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = content_hash(sale()), instant_text(sale().completed_at)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        after = content_hash(sale()), instant_text(sale().completed_at)
    time.tzset()
    assert after == before
    assert before[1] == "2017-12-23T17:00:00Z"


def test_the_amounts_of_a_shift_are_content() -> None:
    def totals(code: str, amount: str) -> ShiftTotals:
        return ShiftTotals(transactions=1, total=D(1), taxes={code: D(amount)})

    hashes = {
        content_hash(replace(sale(), control_totals=one))
        for one in (totals("A", "1"), totals("B", "1"), totals("A", "2"), totals("A", "1.00"))
    }
    assert len(hashes) == 3


@pytest.mark.parametrize(("one", "other"), [("0", "0.00"), ("0E+2", "-0"), ("100", "1E+2"), ("1.10", "1.1")])
def test_a_number_spelt_otherwise_is_the_same_content(one: str, other: str) -> None:
    (line,) = sale().lines
    hashes = {
        content_hash(replace(sale(), lines=(replace(line, quantity=D(text)),))) for text in (one, other)
    }
    assert len(hashes) == 1


def test_a_hundred_is_not_one() -> None:
    (line,) = sale().lines
    hashes = {
        content_hash(replace(sale(), lines=(replace(line, quantity=D(text)),))) for text in ("100", "1", "10")
    }
    assert len(hashes) == 3


def test_a_number_of_44_characters_is_readable_and_one_of_45_is_hashed() -> None:
    assert d365_transaction_number("east", "X" * 39) == "east:" + "X" * 39
    assert d365_transaction_number("east", "X" * 40).startswith("H:")
    # SHA-256 of ["east", "a b"], its first 160 bits in base 32
    assert d365_transaction_number("east", "a b") == "H:VITNJ57USCH6HHTLPTOYABUXMYA4B35I"
    assert d365_transaction_number("east side", "1").startswith("H:")


@pytest.mark.parametrize(
    ("generation", "shift", "number"),
    [(1, "1", 20171223010001), (99, "9999", 20171223999999), (2, "0042", 20171223020042)],
)
def test_a_shift_of_up_to_four_digits_is_readable(generation: int, shift: str, number: int) -> None:
    assert d365_shift_number(DAY, generation, shift) == number


@pytest.mark.parametrize(
    ("generation", "shift"), [(1, "10000"), (100, "1"), (0, "1"), (1, "A1"), (1, "٣"), (-1, "1"), (1, "")]
)
def test_any_other_shift_has_a_hash_of_sixteen_digits(generation: int, shift: str) -> None:
    number = d365_shift_number(DAY, generation, shift)
    assert 10**15 <= number < 10**15 + 2**50


def test_the_hash_of_a_shift_is_the_one_it_had_years_ago() -> None:
    assert d365_shift_number(DAY, 1, "late") == 2_090_161_286_915_197


@pytest.mark.parametrize(
    ("new", "old", "higher"),
    [("b", "a", True), ("a", "b", False), ("a", "a", False), ("10", "9", True), ("10", "9a", False), ("9a", "10", True),
     ("", "1", False), ("1", "", True), ("٣", "2", True)],
)  # fmt: skip
def test_revisions_are_compared_as_numbers_only_where_both_are(new: str, old: str, higher: bool) -> None:
    assert revision_is_higher(new, old) is higher


def test_a_receipt_of_another_day_is_another_receipt() -> None:
    assert content_hash(replace(sale(), business_day=date(2017, 12, 24))) != content_hash(sale())
    assert content_hash(
        replace(sale(), completed_at=datetime(2017, 12, 23, 17, 0, 1, tzinfo=sale().completed_at.tzinfo))
    ) != (content_hash(sale()))
