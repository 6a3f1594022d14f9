"""Lightspeed's sales: the numbered cases of the adapter's acceptance list, A to F. Amounts are worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from shared.pos.lightspeed_lines import whole
from shared.pos.vendor_json import is_settled
from shared.retail.rules import problems_of
from shared.retail.transaction import (
    Discount,
    Kind,
    Line,
    LineKind,
    Link,
    LinkRole,
    RoundingReason,
    TenderRole,
    TenderStatus,
    TenderType,
    TillStatus,
    Transaction,
)
from tests.unit.lightspeed_documents import fixture, line, payment, read, receipt, sale

D = Decimal
TIPPED = "sale__2026_07_tip_promotion_and_gift_card"


def sold(document: dict[str, Any]) -> Transaction:
    """It breaks no rule and counts."""
    one = receipt(document)
    assert problems_of(one) == ()
    assert one.is_for_the_ledger
    return one


def figures(one: Line) -> tuple[str, str, str, str, str]:
    return str(one.quantity), str(one.gross), str(one.discount), str(one.net), str(one.tax)


def rebuilt(transaction: Transaction) -> tuple[Decimal, Decimal]:
    """Give Lightspeed's total without tax and its tax, as the lines and roundings add them up."""
    rest = sum((it.amount for it in transaction.rounding if it.reason is RoundingReason.RESIDUAL), D(0))
    return sum((it.net for it in transaction.lines), D(0)) + rest, sum(
        (it.tax for it in transaction.lines), D(0)
    )


def test_the_header_says_where_when_who_and_which_version() -> None:
    one = sold(sale([line("A", 5, 0)], [payment(5)], 5, 0))
    assert (one.account, one.store, one.transaction_id, one.terminal) == ("ls-1", "OUT-1", "SALE-1", "REG-1")
    assert (one.operator, one.receipt_number, one.currency, one.kind) == (
        "USER-7",
        "MR-101",
        "NZD",
        Kind.SALES,
    )
    assert one.completed_at.isoformat() == "2025-03-08T00:00:00+00:00"
    assert one.revision == "1741392000000" + "0" * 18
    assert one.extra == {"status": "CLOSED", "total_price": "5", "total_tax": "0", "invoice_sequence": "101"}
    assert not one.prices_include_tax


def test_the_newest_shape_says_the_same_in_other_places() -> None:
    one = sold(fixture(TIPPED))
    assert (one.store, one.terminal, one.operator, one.shift) == ("OUT-1", "REG-1", "USER-8", "OPEN-5")
    assert one.revision == "1741395601000" + "000000000000002002"
    assert one.completed_at.isoformat() == "2025-03-08T01:00:00+00:00"


@pytest.mark.parametrize(
    ("name", "price", "tax"),
    [
        ("sale__five_digits", "15.65", "2.35"),
        ("sale__whole_sale_discount", "14.00", "2.10"),
        ("return__linked_api_2_0", "-200.00", "-30.00"),
        (TIPPED, "73.00", "2.85"),
    ],
)
def test_lightspeeds_own_totals_are_rebuilt_from_what_is_kept(name: str, price: str, tax: str) -> None:
    document = fixture(name)
    told = document.get("sale") or document["data"]
    exact = (
        told.get("total_price", told.get("totals", {}).get("price")),
        told.get("total_tax", told.get("totals", {}).get("tax")),
    )
    assert rebuilt(sold(document)) == (D(price), D(tax))
    assert [abs(D(str(one)) - D(our)) < D("0.005") for one, our in zip(exact, (price, tax), strict=True)] == [
        True,
        True,
    ]


# Cases A, sales.


def test_case_01_one_item_paid_exactly_in_cash() -> None:
    one = sold(sale([line("A", 5, 0)], [payment(5)], 5, 0))
    assert figures(one.lines[0]) == ("1", "5.00", "0", "5.00", "0")
    assert [(it.type, it.code, it.amount) for it in one.tenders] == [(TenderType.CASH, "Cash", D(5))]


def test_case_02_and_04_several_lines_and_rates_all_added() -> None:
    lines = [line("A", 10, 1.5, tax_rate=0.15), line("B", 4, 0.2, tax_id="LOW", tax_rate=0.05)]
    one = sold(sale(lines, [payment(15.7)], 14, 1.7))
    assert [(tax.code, str(tax.amount), tax.rate) for it in one.lines for tax in it.taxes] == [
        ("GST", "1.50", D(15)),
        ("LOW", "0.20", D(5)),
    ]


def test_case_03_prices_shown_with_tax_are_told_without_it() -> None:
    lines = [line("A", "4.34783", "0.65217", display_retail_price_tax_inclusive="1")]
    one = sold(sale(lines, [payment(5)], "4.34783", "0.65217"))
    assert figures(one.lines[0]) == ("1", "4.35", "0", "4.35", "0.65")
    assert one.amount_due == D("5.00")


def test_several_taxes_on_a_line_go_by_their_rates_a_single_one_by_the_lines_tax() -> None:
    two = [{"rate_id": "CITY", "total_tax": 1}, {"rate_id": "STATE", "total_tax": 0.5}]
    lines = [
        line("A", 10, 1.5, tax_components=two),
        line("B", 10, 1, tax_components=[{"rate_id": "X", "total_tax": 1}]),
    ]
    one = sold(sale(lines, [payment(22.5)], 20, 2.5))
    assert [[(tax.code, str(tax.amount)) for tax in it.taxes] for it in one.lines] == [
        [("CITY", "1.00"), ("STATE", "0.50")],
        [("GST", "1.00")],
    ]


def test_case_06_a_tax_exempt_sale_has_lines_without_tax() -> None:
    assert sold(sale([line("A", 10, 0)], [payment(10)], 10, 0)).lines[0].taxes == ()


def test_case_07_a_total_of_nothing_needs_no_payment() -> None:
    free = line("A", 0, 0, discount=8)
    one = sold(sale([free], [], 0, 0))
    assert figures(one.lines[0]) == ("1", "8.00", "8.00", "0.00", "0")


def test_case_08_and_09_a_weighed_quantity_and_a_price_below_a_cent() -> None:
    lines = [line("A", 10, 1.5, "0.42"), line("FUEL", "0.00345", 0, "12345.678")]
    one = sold(sale(lines, [payment("47.42")], "46.7925891", "0.63"))
    # 0.42 × 10.00 = 4.20 and 12,345.678 × 0.00345 = 42.5925891; taxes 0.42 × 1.50
    assert [figures(it) for it in one.lines] == [
        ("0.42", "4.20", "0", "4.20", "0.63"),
        ("12345.678", "42.59", "0", "42.59", "0"),
    ]


def test_case_13_delivery_charged_by_a_web_shop_is_a_line_of_its_own() -> None:
    charge = {
        "name": "Courier",
        "total": 5,
        "total_tax": 0.75,
        "tax_components": [{"rate_id": "RATE", "total_tax": 0.75}],
    }
    one = sold(sale([line("A", 10, 1.5)], [payment(17.25)], 15, 2.25, ecom_custom_charges=[charge]))
    assert (one.lines[1].kind, one.lines[1].item, figures(one.lines[1])) == (
        LineKind.CHARGE,
        "ECOM_CHARGE",
        ("1", "5.00", "0", "5.00", "0.75"),
    )


def test_case_14_prices_of_five_digits_are_summed_exactly_and_rounded_once() -> None:
    """3 × 4.34783 = 13.04349 and 2.60870 make 15.65219; taxes 1.95651 and 0.39130 make 2.34781: 18.00 in all."""
    one = sold(fixture("sale__five_digits"))
    assert [figures(it) for it in one.lines] == [
        ("3", "13.04", "0", "13.04", "1.96"),
        ("1", "2.61", "0", "2.61", "0.39"),
    ]
    assert one.lines[0].unit_price == D("4.34783")
    assert rebuilt(one) == (D("15.65"), D("2.35"))
    assert one.extra["total_price"] == "15.65219"


def test_case_14_what_rounding_the_whole_leaves_over_is_a_rounding_of_its_own() -> None:
    """4.345 and 0.655 are 5.00; rounded apart they are 4.35 and 0.66."""
    one = sold(sale([line("A", "4.345", "0.655")], [payment(5)], "4.345", "0.655"))
    assert figures(one.lines[0]) == ("1", "4.35", "0", "4.35", "0.66")
    assert [(it.reason, it.amount) for it in one.rounding] == [(RoundingReason.RESIDUAL, D("-0.01"))]
    assert one.amount_due == D("5.00")


def test_whole_amounts_add_up_to_the_rounded_sum_whatever_their_signs() -> None:
    third = Fraction(1, 3)
    assert whole([third, third, third], D("0.01")) == [D("0.34"), D("0.33"), D("0.33")]
    assert whole([-third, -third, Fraction(2)], D("0.01")) == [D("-0.33"), D("-0.34"), D("2.00")]
    assert whole([], D("0.01")) == []


def test_case_15_a_basket_of_161_lines_of_five_digits() -> None:
    lines = [line(f"L{number}", "0.33333", 0) for number in range(161)]
    one = sold(sale(lines, [payment("53.67")], "53.66613", 0))  # 161 × 0.33333
    assert (len(one.lines), one.amount_due) == (161, D("53.67"))
    assert {it.net for it in one.lines} == {D("0.33"), D("0.34")}


# Cases B, discounts.


def test_case_16_and_17_a_discount_on_a_line_is_per_unit_and_the_price_is_what_is_left() -> None:
    one = sold(sale([line("A", 9, 1.35, 2, discount=1)], [payment(20.7)], 18, 2.7))
    assert figures(one.lines[0]) == ("2", "20.00", "2.00", "18.00", "2.70")
    assert (one.lines[0].unit_price, one.lines[0].discounts) == (D(10), (Discount(D("2.00")),))


def test_case_18_a_price_put_up_is_no_discount() -> None:
    one = sold(sale([line("A", 11, 0, 2, discount=-1)], [payment(22)], 22, 0))
    assert (figures(one.lines[0]), one.lines[0].unit_price) == (("2", "22.00", "0", "22.00", "0"), D(11))


def test_case_19_a_discount_on_the_whole_sale_is_no_merchandise_and_goes_over_its_lines() -> None:
    """12.00 and 8.00 less 6.00: 3.60 and 2.40; taxes 1.80 and 1.20 less 0.90: 1.26 and 0.84."""
    one = sold(fixture("sale__whole_sale_discount"))
    assert [figures(it) for it in one.lines] == [
        ("1", "12.00", "3.60", "8.40", "1.26"),
        ("1", "8.00", "2.40", "5.60", "0.84"),
    ]
    assert {it.discounts[0].scope for it in one.lines} == {"BASKET"}
    assert rebuilt(one) == (D("14.00"), D("2.10"))


def test_case_19_an_indivisible_one_goes_by_largest_remainder() -> None:
    lines = [line("A", 1, 0), line("B", 1, 0), line("C", 1, 0), line("DISCOUNT", 1, 0, -1)]
    one = sold(sale(lines, [payment(2)], 2, 0))
    assert [str(it.discount) for it in one.lines] == ["0.34", "0.33", "0.33"]


def test_case_19_the_discount_product_is_known_by_the_retailers_word_or_its_handle_only() -> None:
    lines = [line("A", 10, 0), line("OTHER", 1, 0, -1)]
    one = sold(sale(lines, [payment(9)], 9, 0))
    assert [it.item for it in one.lines] == ["A", "OTHER"]  # a return, then


def test_case_20_a_discount_on_the_whole_sale_across_two_taxes() -> None:
    lines = [
        line("A", 10, 2, tax_id="HIGH"),
        line("B", 10, 1, tax_id="LOW"),
        line("DISCOUNT", 2, 0.4, -1, tax_id="HIGH"),
    ]
    one = sold(sale(lines, [payment(20.6)], 18, 2.6))
    assert [figures(it) for it in one.lines] == [
        ("1", "10.00", "1.00", "9.00", "1.60"),
        ("1", "10.00", "1.00", "9.00", "1.00"),
    ]


def test_case_21_promotions_are_named_and_the_rest_of_a_discount_is_not() -> None:
    one = sold(fixture(TIPPED))
    assert one.lines[0].discounts == (Discount(D("2.00"), promotion="PROMO-1", reason="Two for less"),)
    promotions = [{"id": "P", "name": "Spring", "amount": "0.5"}]
    one = sold(sale([line("A", 9, 0, discount=1, promotions=promotions)], [payment(9)], 9, 0))
    assert [(it.promotion, it.amount) for it in one.lines[0].discounts] == [
        ("P", D("0.50")),
        (None, D("0.50")),
    ]


def test_case_24_an_adjustment_that_no_line_carries_is_spread() -> None:
    off = [{"adjustment_type": "DISCOUNT", "name": "Staff", "total": -3}]
    one = sold(sale([line("A", 10, 0), line("B", 20, 0)], [payment(27)], 27, 0, adjustments=off))
    assert [str(it.discount) for it in one.lines] == ["1.00", "2.00"]


# Cases C, tenders.


def test_case_25_split_between_cash_and_card() -> None:
    one = sold(sale([line("A", 10, 0)], [payment(4), payment(6, "Credit Card")], 10, 0))
    assert [(it.tender_number, it.type, it.code, str(it.amount)) for it in one.tenders] == [
        (1, TenderType.CASH, "Cash", "4"),
        (2, TenderType.CARD, "Credit Card", "6"),
    ]


def test_case_26_and_27_cash_comes_net_of_change_and_money_handed_back_of_a_sale_is_change() -> None:
    one = sold(sale([line("A", 10, 0)], [payment(20), payment(-10, id="PAY-2")], 10, 0))
    assert [it.role for it in one.tenders] == [TenderRole.PAYMENT, TenderRole.CHANGE]


def test_case_29_and_30_a_tip_and_a_fee_for_paying_by_card() -> None:
    one = sold(fixture(TIPPED))
    assert [(it.kind, it.item, str(it.net), str(it.tax)) for it in one.lines[2:]] == [
        (LineKind.TIP, "TIP", "4.00", "0"),
        (LineKind.CHARGE, "NON_CASH_FEE", "1.00", "0.15"),
    ]
    assert rebuilt(one) == (D("73.00"), D("2.85"))


def test_case_32_and_39_part_paid_with_a_gift_card() -> None:
    one = sold(sale([line("A", 10, 0)], [payment(6, "Gift Card"), payment(4)], 10, 0))
    assert one.tenders[0].type is TenderType.GIFT_CARD


def test_a_payment_type_of_the_shops_own_goes_by_its_name() -> None:
    one = sold(sale([line("A", 10, 0)], [payment(10, "Town voucher")], 10, 0))
    assert (one.tenders[0].type, one.tenders[0].code) == (TenderType.OTHER, "Town voucher")


def test_case_33_on_account_the_customer_owes_what_was_not_paid() -> None:
    one = sold(sale([line("A", 10, 0)], [payment(4)], 10, 0, status="ONACCOUNT"))
    assert [(it.type, it.code, str(it.amount)) for it in one.tenders] == [
        (TenderType.CASH, "Cash", "4"),
        (TenderType.ON_ACCOUNT, "ONACCOUNT", "6.00"),
    ]


def test_case_33_on_account_in_the_newest_shape_is_pending_with_an_attribute() -> None:
    document = fixture(TIPPED)
    document["data"] |= {"state": "pending", "attributes": ["onaccount"], "payments": []}
    one = sold(document)
    assert [(it.type, str(it.amount)) for it in one.tenders] == [(TenderType.ON_ACCOUNT, "75.85")]


@pytest.mark.parametrize(
    ("paid", "rounding"),
    [("41.80", "-0.02"), ("41.90", None), ("41.82", None), ("41.85", None), ("41.70", None)],
)
def test_case_34_cash_is_rounded_by_half_a_coin_at_most_and_only_then(
    paid: str, rounding: str | None
) -> None:
    """New Zealand's smallest coin is ten cents: 41.82 is 41.80 in cash. 41.90, 41.85 and 41.70 are explained by no coin."""
    one = receipt(
        sale([line("A", "39.08174", "2.73572", tax_rate="0.07")], [payment(paid)], "39.08174", "2.73572")
    )
    assert [str(it.amount) for it in one.rounding] == ([rounding] if rounding else [])
    assert (problems_of(one) == ()) is (paid in ("41.80", "41.82"))


def test_case_34_only_the_cash_part_of_a_split_is_rounded() -> None:
    one = sold(sale([line("A", "41.82", 0)], [payment("20.02", "Credit Card"), payment("21.80")], "41.82", 0))
    assert one.rounding == ()
    one = sold(sale([line("A", "41.84", 0)], [payment("20.02", "Credit Card"), payment("21.80")], "41.84", 0))
    assert [(it.amount, it.tender_number) for it in one.rounding] == [(D("-0.02"), 2)]
    card = receipt(sale([line("A", "41.82", 0)], [payment("41.80", "Credit Card")], "41.82", 0))
    assert card.rounding == ()
    assert [it.rule for it in problems_of(card)] == ["I1 balance"]


def test_case_35_a_payment_taken_back_before_closing_never_counts() -> None:
    gone = payment(10, "Credit Card", deleted_at=NOON_LATER)
    one = sold(sale([line("A", 10, 0)], [gone, payment(10)], 10, 0))
    assert [it.status for it in one.tenders] == [TenderStatus.VOIDED, TenderStatus.CAPTURED]


NOON_LATER = "2025-03-08 00:01:00"


def test_case_36_put_by_and_paid_in_parts_is_one_receipt_when_the_last_is_paid() -> None:
    parts = [payment(4), payment(6, "Credit Card", payment_date="2025-03-20T09:00:00+13:00")]
    waiting = receipt(sale([line("A", 10, 0)], parts[:1], 10, 0, status="LAYBY"))
    done = sold(
        sale([line("A", 10, 0)], parts, 10, 0, status="LAYBY_CLOSED", updated_at="2025-03-19 20:00:01")
    )
    assert (waiting.status, is_settled(waiting)) == (TillStatus.PENDING, False)
    assert (done.transaction_id, done.completed_at.isoformat()) == ("SALE-1", "2025-03-20T09:00:00+13:00")
    assert int(done.revision or 0) > int(waiting.revision or 0)


# Cases D, gift cards.


def test_case_37_a_gift_card_sold_is_no_revenue() -> None:
    one = sold(fixture(TIPPED)).lines[1]
    assert (one.kind, one.gift_card, one.tax) == (LineKind.GIFT_CARD_ISSUE, "GC-1001", D(0))


def test_case_41_a_gift_card_taken_back_waits_for_a_person() -> None:
    one = receipt(sale([line("CARD", 50, 0, -1, gift_card_number="GC-1")], [payment(-50)], -50, 0))
    assert [it.rule for it in problems_of(one)] == ["gift card"]


# Cases E, returns.


def test_case_42_a_linked_return_goes_by_the_sale_and_taxes_follow_the_lines_direction() -> None:
    """Lightspeed's own example has a tax total of -30 and a component of +30."""
    one = sold(fixture("return__linked_api_2_0"))
    assert figures(one.lines[0]) == ("-1", "-200.00", "0", "-200.00", "-30.00")
    assert one.lines[0].original == Link(LinkRole.ORIGINAL, "SALE-1")
    assert one.links == (Link(LinkRole.ORIGINAL, "SALE-1"),)
    assert [(it.role, str(it.amount)) for it in one.tenders] == [(TenderRole.REFUND, "-230")]
    assert (one.shape, one.shift) == ("RETURN", "OPEN-5")


def test_case_42_components_of_the_wrong_sign_are_turned_where_there_are_several() -> None:
    document = fixture("return__linked_api_2_0")
    document["data"]["line_items"][0]["tax_components"] = [
        {"rate_id": "CITY", "total_tax": 10},
        {"rate_id": "STATE", "total_tax": 20},
    ]
    assert [str(it.amount) for it in sold(document).lines[0].taxes] == ["-10.00", "-20.00"]


def test_case_43_three_partial_returns_of_a_discounted_line_add_up() -> None:
    """Three of 3.33333 without tax, 10.00 in all; a third of 0.99999 off each."""
    due = D(0)
    for _ in range(3):
        back = line("A", "3.00000", "0.45000", -1, discount="0.33333")
        one = sold(sale([back], [payment("-3.45")], "-3", "-0.45", return_for="SALE-0"))
        assert figures(one.lines[0]) == ("-1", "-3.33", "-0.33", "-3.00", "-0.45")
        due += one.amount_due
    assert due == D("-10.35")


def test_case_44_a_return_without_its_sale_names_none() -> None:
    one = sold(sale([line("A", 5, 0, -1)], [payment(-5)], -5, 0))
    assert (one.lines[0].original, one.links) == (None, ())
    assert [it.role for it in one.tenders] == [TenderRole.REFUND]  # cash, and no change


def test_case_45_and_46_a_return_anywhere_names_the_sale_whether_or_not_it_has_come() -> None:
    document = sale([line("A", 5, 0, -1)], [payment(-5)], -5, 0, return_for="SALE-0")
    one = sold({**document, "register": {"id": "REG-9", "outlet_id": "OUT-9"}})
    assert (one.store, one.lines[0].original) == ("OUT-9", Link(LinkRole.ORIGINAL, "SALE-0"))


def test_case_47_an_even_exchange_needs_no_money() -> None:
    one = sold(sale([line("A", 5, 0, -1), line("B", 5, 0)], [], 0, 0, return_for="SALE-0"))
    assert (one.shape, one.tenders) == ("EVEN", ())
    assert [it.original is not None for it in one.lines] == [True, False]


@pytest.mark.parametrize(("price", "paid"), [(8, "3"), (3, "-2")])
def test_case_48_an_uneven_exchange_in_both_directions(price: int, paid: str) -> None:
    one = sold(sale([line("A", 5, 0, -1), line("B", price, 0)], [payment(paid)], paid, 0))
    assert (one.shape, one.amount_due) == ("EXCHANGE", D(paid))


def test_case_50_goods_back_without_money_are_held_with_the_difference() -> None:
    problems = problems_of(receipt(sale([line("A", 5, 0, -1)], [], -5, 0)))
    assert [(it.rule, it.found) for it in problems] == [("I1 balance", "0.00 NZD, a difference of 5.00")]


def test_the_lines_own_word_that_it_is_a_return_turns_a_quantity_that_is_not() -> None:
    one = sold(sale([line("A", 5, 0, 1, is_return=True)], [payment(-5)], -5, 0))
    assert one.lines[0].quantity == D(-1)


def test_a_discount_on_the_whole_sale_comes_back_with_a_return() -> None:
    lines = [line("A", 12, 1.8, -1), line("DISCOUNT", 6, 0.9, 1, is_return=True)]
    one = sold(sale(lines, [payment("-6.90")], -6, -0.9))
    assert figures(one.lines[0]) == ("-1", "-12.00", "-6.00", "-6.00", "-0.90")


# Cases F, voids.


@pytest.mark.parametrize(
    ("status", "till"),
    [
        ("SAVED", TillStatus.SUSPENDED),
        ("OPEN", TillStatus.SUSPENDED),
        ("LAYBY", TillStatus.PENDING),
        ("AWAITING_PICKUP", TillStatus.PENDING),
        ("CLOSED", TillStatus.COMPLETED),
        ("VOIDED", TillStatus.VOIDED),
    ],
)
def test_case_56_57_and_58_only_what_is_closed_counts(status: str, till: TillStatus) -> None:
    one = receipt(sale([line("A", 5, 0)], [payment(5)], 5, 0, status=status))
    assert (one.status, one.is_for_the_ledger) == (till, till is TillStatus.COMPLETED)
    assert is_settled(one) is (status in ("CLOSED", "VOIDED"))


# What does not add up.


@pytest.mark.parametrize(("off", "found"), [("0.01", "difference of -0.01"), ("1.00", "difference of -1.00")])
def test_case_93_money_that_is_off_is_held_with_the_difference(off: str, found: str) -> None:
    short = receipt(sale([line("A", 5, 0)], [payment(str(D(5) - D(off)), "Credit Card")], 5, 0))
    assert [it.rule for it in problems_of(short)] == ["I1 balance"]
    assert found in problems_of(short)[0].found


def test_case_93_a_total_or_a_tax_total_that_is_off_is_held() -> None:
    wrong = receipt(sale([line("A", 5, 0)], [payment(5)], 6, "0.5"))
    assert [it.rule for it in problems_of(wrong)] == ["I3 tax", "I6 control total"]


def test_what_is_paid_beside_the_payments_told_is_held() -> None:
    totals = {"total_payment": 4}
    problems = problems_of(receipt(sale([line("A", 5, 0)], [payment(5)], 5, 0, totals=totals)))
    assert [it.field for it in problems] == ["control_totals.paid"]


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("outlet", "outlet.currency: expected the outlet's currency beside the sale, found nothing"),
        ("register", ""),
    ],
)
def test_a_sale_without_what_it_does_not_tell_itself(missing: str, reason: str) -> None:
    document = sale([line("A", 5, 0)], [payment(5)], 5, 0)
    del document[missing]
    assert read(document).reason == reason


def test_a_sale_of_which_nobody_knows_the_outlet_says_so() -> None:
    document = sale([line("A", 5, 0)], [payment(5, currency="NZD")], 5, 0)
    del document["outlet"], document["register"]
    expected = "register.outlet_id: expected the sale's outlet_id, or its register or outlet beside it, found nothing"
    assert read(document).reason == expected
