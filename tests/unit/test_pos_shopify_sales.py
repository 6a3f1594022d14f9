"""Shopify's sales, discounts and tenders; each test bears the number of its case in the list of POS cases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shared.retail.money import total
from shared.retail.transaction import (
    ControlTotals,
    Kind,
    LineKind,
    RoundingReason,
    TenderStatus,
    TenderType,
    TillStatus,
)
from tests.unit.shopify_documents import (
    fixture,
    line,
    lines_told,
    off,
    order,
    payment,
    problem,
    read_one,
    sound,
    tax,
    tenders_told,
)

D = Decimal
ACROSS = {
    "value_type": "fixed_amount",
    "allocation_method": "across",
    "target_selection": "all",
    "code": "SIX",
}


def test_the_header_is_read_and_the_id_is_the_orders_number_beyond_2_to_the_53() -> None:
    one = sound(fixture("order__every_case"))
    assert (one.transaction_id, one.receipt_number) == ("O5512345678901234567", "2041")
    assert (one.account, one.store, one.terminal, one.operator) == ("shop", "70011", "3301", "9001")
    assert (one.kind, one.status, one.currency) == (Kind.SALES, TillStatus.COMPLETED, "USD")
    assert one.completed_at.isoformat() == "2026-03-02T16:20:10-05:00"
    assert one.revision == "2026-03-02T21:20:12.000000Z/1"
    assert (one.business_day, one.sequence_number, one.shift, one.training) == (None, None, None, False)
    claimed = ControlTotals(discount=D("8.50"), tax=D("2.56"), total=D("59.06"), rounding=D("0.00"))
    assert one.control_totals == claimed


def test_every_line_is_told_once_with_its_discounts_and_taxes() -> None:
    assert lines_told(sound(fixture("order__every_case"))) == [
        ("MUG-1", "2", "25.00", "6.53", "18.47", "1.57"),
        ("TEA-5", "1", "8.00", "1.43", "6.57", "0.56"),
        ("ITEM", "1", "3.00", "0.54", "2.46", "0"),
        ("GIFT-20", "1", "20.00", "0", "20.00", "0"),
        ("TIP", "1", "4.00", "0", "4.00", "0"),
        ("SHIPPING", "1", "5.00", "0", "5.00", "0.43"),
    ]


def test_the_orders_own_totals_can_be_rebuilt() -> None:
    one = sound(fixture("order__every_case"))
    goods = [each for each in one.lines if each.kind in (LineKind.ITEM, LineKind.GIFT_CARD_ISSUE)]
    rebuilt = {
        "total_line_items_price": total(each.gross for each in goods),
        "total_discounts": total(each.discount for each in one.lines),
        "subtotal_price": total(each.net for each in goods),
        "total_tax": total(each.tax for each in one.lines),
        "total_tip_received": total(each.net for each in one.lines if each.kind is LineKind.TIP),
        "total_price": one.amount_due - one.amount_rounded,
        "total_outstanding": one.amount_due - one.amount_paid,
    }
    for name, amount in rebuilt.items():
        assert amount == D(str(one.extra[name])), name


def test_01_one_item_paid_exactly_in_cash() -> None:
    one = sound(fixture("order__paid_in_cash"))
    assert lines_told(one) == [("MUG-1", "1", "12.50", "0", "12.50", "1.06")]
    assert tenders_told(one) == [("cash", "PAYMENT", "CAPTURED", "13.56")]
    assert one.tenders[0].type is TenderType.CASH


def test_02_several_lines_with_several_rates() -> None:
    lines = [
        line("A", "10.00", tax_lines=[tax("Standard", 0.2, "2.00")]),
        line("B", "10.00", number=61002, tax_lines=[tax("Reduced", 0.05, "0.50")]),
    ]
    one = sound(order(lines, "22.50", total_tax="2.50"))
    assert [(each.taxes[0].code, each.taxes[0].rate) for each in one.lines] == [
        ("Standard", D("20.0")),
        ("Reduced", D("5.00")),
    ]


def test_03_prices_that_include_their_tax() -> None:
    lines = [line("A", "12.00", tax_lines=[tax("VAT", 0.2, "2.00")])]
    one = sound(order(lines, "12.00", total_tax="2.00", taxes_included=True))
    assert one.prices_include_tax
    assert (one.lines[0].net_without_tax, one.amount_due) == (D("10.00"), D("12.00"))


def test_04_tax_that_is_added() -> None:
    one = sound(order([line("A", "10.00", tax_lines=[tax("VAT", 0.2, "2.00")])], "12.00", total_tax="2.00"))
    assert not one.lines[0].taxes[0].inclusive
    assert (one.lines[0].net_without_tax, one.amount_due) == (D("10.00"), D("12.00"))


def test_06_a_customer_exempt_from_tax() -> None:
    one = sound(order([line("A", "10.00")], "10.00", tax_exempt=True))
    assert one.lines[0].taxes == ()


def test_07_all_discounted_and_nothing_paid() -> None:
    free = {"value_type": "percentage", "allocation_method": "across", "target_selection": "all"}
    lines = [line("A", "10.00", discount_allocations=[off("10.00")])]
    changes: dict[str, Any] = {
        "total_discounts": "10.00",
        "discount_applications": [free],
        "payment_gateway_names": [],
    }
    one = sound(order(lines, "0.00", **changes))
    assert (one.tenders, one.amount_due) == ((), D("0.00"))


def test_10_a_custom_item_without_a_number_and_one_known_by_its_variant_or_product() -> None:
    lines = [
        line(None, "3.00"),
        line("", "4.00", number=61002, variant_id=41002, product_id=31002),
        line(None, "5.00", number=61003, product_id=31003),
    ]
    assert [each.item for each in sound(order(lines, "12.00")).lines] == [None, "41002", "31003"]


def test_11_the_parts_of_a_bundle_are_lines_with_their_share_of_its_price() -> None:
    lines = [
        line("BOX-A", "6.67", sales_line_item_group_id=88),
        line("BOX-B", "3.33", number=61002, sales_line_item_group_id=88),
    ]
    assert [each.net for each in sound(order(lines, "10.00")).lines] == [D("6.67"), D("3.33")]


def test_13_shipping_with_its_discount_and_tax_and_none_that_was_removed() -> None:
    free = {
        "value_type": "fixed_amount",
        "allocation_method": "one",
        "target_selection": "explicit",
        "title": "Half",
    }
    shipping = [
        {
            "title": "Van",
            "price": "8.00",
            "discount_allocations": [off("4.00")],
            "tax_lines": [tax("VAT", 0.2, "0.80")],
        },
        {"title": "Bike", "price": "5.00", "is_removed": True},
    ]
    changes: dict[str, Any] = {
        "shipping_lines": shipping,
        "discount_applications": [free],
        "total_discounts": "4.00",
    }
    one = sound(order([line("A", "10.00")], "14.80", total_tax="0.80", **changes))
    assert lines_told(one)[1:] == [("SHIPPING", "1", "8.00", "4.00", "4.00", "0.80")]
    assert one.lines[1].line_number == 2


def test_15_a_basket_of_161_lines() -> None:
    lines = [line(f"SKU-{number}", "0.99", number=61000 + number) for number in range(161)]
    one = sound(order(lines, "159.39"))
    assert (len(one.lines), one.amount_due) == (161, D("159.39"))


def test_16_a_line_discount_in_percent() -> None:
    told = {
        "value_type": "percentage",
        "allocation_method": "one",
        "target_selection": "explicit",
        "title": "Chipped",
    }
    lines = [line("A", "12.50", 2, discount_allocations=[off("2.50")])]
    one = sound(order(lines, "22.50", total_discounts="2.50", discount_applications=[told]))
    (found,) = one.lines[0].discounts
    assert (found.amount, found.scope, found.method, found.reason) == (
        D("2.50"),
        "LINE",
        "PERCENT",
        "Chipped",
    )


def test_17_a_line_discount_as_an_amount() -> None:
    told = {"value_type": "fixed_amount", "allocation_method": "one", "target_selection": "explicit"}
    lines = [line("A", "12.50", discount_allocations=[off("1.25")])]
    (found,) = (
        sound(order(lines, "11.25", total_discounts="1.25", discount_applications=[told])).lines[0].discounts
    )
    assert (found.amount, found.scope, found.method) == (D("1.25"), "LINE", "AMOUNT")


def test_18_a_price_changed_at_the_till_is_the_lines_price() -> None:
    one = sound(order([line("A", "7.77", compare_at_price="12.50")], "7.77"))
    assert (one.lines[0].unit_price, one.lines[0].gross, one.lines[0].discounts) == (D("7.77"), D("7.77"), ())


def test_19_a_basket_discount_that_does_not_divide_is_taken_as_shopify_allotted_it() -> None:
    lines = [line(f"L{number}", "10.00", number=61000 + number) for number in range(3)]
    for each, share in zip(lines, ("3.34", "3.33", "3.33"), strict=True):
        each["discount_allocations"] = [off(share)]
    one = sound(order(lines, "20.00", total_discounts="10.00", discount_applications=[ACROSS]))
    assert [each.discount for each in one.lines] == [D("3.34"), D("3.33"), D("3.33")]
    assert {each.discounts[0].scope for each in one.lines} == {"BASKET"}
    assert one.lines[0].discounts[0].code == "SIX"


def test_20_a_basket_discount_across_two_rates() -> None:
    lines = [
        line("A", "20.00", discount_allocations=[off("4.00")], tax_lines=[tax("Standard", 0.2, "3.20")]),
        line(
            "B",
            "10.00",
            number=61002,
            discount_allocations=[off("2.00")],
            tax_lines=[tax("Reduced", 0.05, "0.40")],
        ),
    ]
    changes: dict[str, Any] = {
        "total_discounts": "6.00",
        "total_tax": "3.60",
        "discount_applications": [ACROSS],
    }
    assert sound(order(lines, "27.60", **changes)).amount_due == D("27.60")


def test_21_a_promotion_and_a_code_on_one_line() -> None:
    told = [
        {
            "value_type": "percentage",
            "allocation_method": "each",
            "target_selection": "entitled",
            "title": "Two for less",
        },
        {
            "value_type": "fixed_amount",
            "allocation_method": "across",
            "target_selection": "all",
            "code": "SIX",
        },
    ]
    lines = [line("A", "10.00", 2, discount_allocations=[off("5.00", 0), off("6.00", 1)])]
    one = sound(order(lines, "9.00", total_discounts="11.00", discount_applications=told))
    found = [(each.scope, each.method, each.code, each.reason) for each in one.lines[0].discounts]
    assert found == [("LINE", "PERCENT", None, "Two for less"), ("BASKET", "AMOUNT", "SIX", None)]


def test_23_a_discount_told_three_times_counts_once() -> None:
    lines = [line("A", "10.00", total_discount="2.00", discount_allocations=[off("2.00")])]
    codes = [{"code": "SIX", "amount": "2.00", "type": "fixed_amount"}]
    changes: dict[str, Any] = {
        "discount_applications": [ACROSS],
        "discount_codes": codes,
        "total_discounts": "2.00",
    }
    assert sound(order(lines, "8.00", **changes)).lines[0].discount == D("2.00")


def test_24_a_header_discount_that_no_line_carries_is_spread_by_largest_remainder_and_says_so() -> None:
    lines = [line(f"L{number}", "10.00", number=61000 + number) for number in range(3)]
    lines.append(line("GIFT", "20.00", number=61009, gift_card=True))
    one = sound(order(lines, "40.00", total_discounts="10.00"))
    assert [each.discount for each in one.lines] == [D("3.34"), D("3.33"), D("3.33"), D("0")]
    assert one.lines[0].discounts[0].reason == "spread over the lines on arrival"


def test_24_a_header_discount_of_which_the_lines_carry_a_part_is_shown_with_the_difference() -> None:
    lines = [line("A", "10.00", discount_allocations=[off("2.00")]), line("B", "10.00", number=61002)]
    found = problem(order(lines, "18.00", total_discounts="5.00"))
    assert (found.rule, found.field, found.found) == ("I4 discount", "control_totals.discount", "5.00")


def test_25_26_27_32_39_a_split_of_gift_card_card_and_cash_with_change() -> None:
    one = sound(fixture("order__every_case"))
    assert tenders_told(one) == [
        ("gift_card", "PAYMENT", "CAPTURED", "10.00"),
        ("shopify_payments", "PAYMENT", "CAPTURED", "29.06"),
        ("cash", "PAYMENT", "CAPTURED", "30.00"),
        ("cash", "CHANGE", "CAPTURED", "-10.00"),
    ]
    assert (one.tenders[0].type, one.tenders[0].gift_card) == (TenderType.GIFT_CARD, "8801")
    card = one.tenders[1].card
    assert card is not None
    assert (card.brand, one.tenders[1].type) == ("Visa", TenderType.CARD)


def test_25_of_several_gateways_the_webhook_tells_no_shares_and_the_whole_amount_is_missing() -> None:
    found = problem(order([line("A", "10.00")], "10.00", payment_gateway_names=["cash", "shopify_payments"]))
    assert (found.rule, found.field) == ("I1 balance", "tenders")
    assert found.found == "0.00 USD, a difference of -10.00"


def test_29_a_tip_as_a_line_or_only_in_the_header_counts_once() -> None:
    tip = line(None, "2.00", number=61002, tip_payment_gateway="shopify_payments")
    as_line = sound(order([line("A", "10.00"), tip], "12.00", total_tip_received="2.00"))
    in_header = sound(order([line("A", "10.00")], "12.00", total_tip_received="2.00"))
    for one in (as_line, in_header):
        assert [str(each.net) for each in one.lines if each.kind is LineKind.TIP] == ["2.00"]


def test_34_cash_is_rounded_down_up_and_not_at_all() -> None:
    for cents, rounding, paid in (
        ("10.02", "-0.02", "10.00"),
        ("9.98", "0.02", "10.00"),
        ("10.00", "0.00", "10.00"),
    ):
        told = {"shop_money": {"amount": rounding, "currency_code": "CAD"}}
        changes: dict[str, Any] = {"currency": "CAD", "total_cash_rounding_payment_adjustment_set": told}
        one = sound(order([line("A", cents)], cents, **changes))
        assert (one.amount_due, one.tenders[0].amount) == (D(paid), D(paid))
        assert [each.amount for each in one.rounding] == ([] if rounding == "0.00" else [D(rounding)])


def test_34_only_the_cash_of_a_split_is_rounded_whether_or_not_its_amount_holds_the_rounding() -> None:
    told = {"shop_money": {"amount": "-0.02", "currency_code": "CAD"}}
    for cash in ("5.02", "5.00"):
        money = [
            payment(1, "sale", "shopify_payments", "5.00", currency="CAD"),
            payment(2, "sale", "cash", cash, currency="CAD", amount_rounding="-0.02"),
        ]
        changes: dict[str, Any] = {"transactions": money, "total_cash_rounding_payment_adjustment_set": told}
        one = sound(order([line("A", "10.02")], "10.02", currency="CAD", **changes))
        assert [str(each.amount) for each in one.tenders] == ["5.00", "5.00"]
        assert [(each.reason, each.amount, each.tender_number) for each in one.rounding] == [
            (RoundingReason.CASH, D("-0.02"), 2)
        ]


def test_35_an_authorisation_that_was_voided_pays_nothing_and_one_that_failed_neither() -> None:
    money = [
        payment(1, "authorization", "shopify_payments", "10.00"),
        payment(2, "void", "shopify_payments", "0.00", parent_id=1),
        payment(3, "sale", "shopify_payments", "10.00", status="failure"),
        payment(4, "sale", "cash", "10.00"),
        payment(5, "suggested_refund", "cash", "10.00"),
    ]
    one = sound(order([line("A", "10.00")], "10.00", transactions=money))
    assert tenders_told(one) == [
        ("shopify_payments", "PAYMENT", "VOIDED", "10.00"),
        ("shopify_payments", "PAYMENT", "FAILED", "10.00"),
        ("cash", "PAYMENT", "CAPTURED", "10.00"),
    ]


def test_35_an_order_only_authorised_waits_and_one_voided_never_goes() -> None:
    money = [payment(1, "authorization", "shopify_payments", "10.00")]
    waits = read_one(order([line("A", "10.00")], "10.00", financial_status="authorized", transactions=money))
    assert (waits.status, waits.transaction_id) == (
        TillStatus.PENDING,
        "O5512345678901234567-UNPAID-20260302212010",
    )
    assert waits.tenders[0].status is TenderStatus.AUTHORISED
    never = read_one(
        order([line("A", "10.00")], "10.00", financial_status="voided", cancelled_at="2026-03-02T17:00:00Z")
    )
    assert (never.status, never.is_for_the_ledger) == (TillStatus.VOIDED, False)


def test_37_a_gift_card_sold_is_no_turnover_and_bears_no_tax() -> None:
    one = sound(order([line("GIFT-20", "20.00", gift_card=True)], "20.00"))
    assert (one.lines[0].kind, one.lines[0].taxes) == (LineKind.GIFT_CARD_ISSUE, ())


def test_a_tax_that_a_marketplace_remits_says_so() -> None:
    lines = [line("A", "10.00", tax_lines=[tax("State", 0.04, "0.40", channel_liable=True)])]
    assert sound(order(lines, "10.40", total_tax="0.40")).lines[0].taxes[0].remitted_by == "FACILITATOR"


def test_what_was_given_back_later_changes_nothing_in_the_sale() -> None:
    before = read_one(order([line("A", "10.00")], "10.00"))
    item = line("A", "10.00", current_quantity=0)
    changes = {
        "financial_status": "refunded",
        "current_total_price": "0.00",
        "closed_at": "2026-03-06T00:00:00Z",
    }
    money = {"updated_at": "2026-03-06T00:00:00Z"}
    after = read_one(order([item], "10.00", **changes, **money))
    assert (after.lines, after.tenders, after.status) == (before.lines, before.tenders, before.status)
    assert after.transaction_id == before.transaction_id
