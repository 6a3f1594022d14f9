"""Shopify's refunds, edits, returns and exchanges; each test bears the number of its case in the list of POS cases."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from shared.retail.identity import content_hash
from shared.retail.money import total
from shared.retail.returns import QUANTITY, Place, beyond, claim_on, money_back, sold_by
from shared.retail.rules import problems_of
from shared.retail.transaction import (
    Disposition,
    LineKind,
    Link,
    LinkRole,
    RoundingReason,
    TenderStatus,
    TillStatus,
    Transaction,
)
from tests.unit.shopify_documents import (
    ACCOUNT,
    SHOPIFY,
    arrivals,
    fixture,
    line,
    lines_told,
    off,
    order,
    paid_back,
    payment,
    problem,
    read,
    read_one,
    refund,
    refusal,
    returned,
    sound,
    tax,
    tenders_told,
)

D = Decimal
MUG = line("MUG-1", "10.00", 3, discount_allocations=[off("1.00")], tax_lines=[tax("VAT", 0.08, "2.32")])
SOLD = "O5512345678901234567"


def the_sale() -> dict[str, Any]:
    """Three mugs of 10.00 less 1.00, tax 2.32, paid with 31.32."""
    return order([MUG], "31.32", total_discounts="1.00", total_tax="2.32")


def fetched() -> dict[str, Any]:
    found: dict[str, Any] = fixture("order__edited_exchanged_refunded")["data"]["order"]
    return found


def test_42_all_of_a_line_comes_back_and_names_its_sale() -> None:
    one = sound(refund([returned(MUG, 3, 29.00, 2.32)], [paid_back("31.32")]))
    assert (one.transaction_id, one.shape) == ("R71001", "RETURN")
    assert lines_told(one) == [("MUG-1", "-3", "-30.00", "-1.00", "-29.0", "-2.32")]
    assert tenders_told(one) == [("cash", "REFUND", "CAPTURED", "-31.32")]
    assert one.lines[0].original == Link(LinkRole.ORIGINAL, transaction_id=SOLD)
    assert one.links == (Link(LinkRole.ORDER, transaction_id=SOLD),)


def test_42_with_its_order_beside_it_a_refund_names_till_and_line_too() -> None:
    other = line("TEA", "5.00", number=61000)
    sale = order([other, MUG], "36.32", total_discounts="1.00", total_tax="2.32")
    one = sound(refund([returned(MUG, 3, 29.00, 2.32)], [paid_back("31.32")], order=sale))
    place = {"store": "70011", "terminal": "3301", "line_number": 2}
    assert one.lines[0].original == Link(LinkRole.ORIGINAL, transaction_id=SOLD, **place)  # type: ignore[arg-type]
    assert one.revision == "2026-03-05T16:00:01.000000Z/1"


def test_43_three_partial_returns_add_up_to_the_sale_exactly() -> None:
    one = sound(fixture("refund__one_of_three"))
    assert lines_told(one) == [("CAN-3", "-1", "-10.00", "-0.33", "-9.67", "-0.77")]
    parts = [("9.67", "0.77", "10.44"), ("9.67", "0.77", "10.44"), ("9.66", "0.78", "10.44")]
    back = [sound(refund([returned(MUG, 1, net, due)], [paid_back(money)])) for net, due, money in parts]
    assert -total(each.amount_due for each in back) == sound(the_sale()).amount_due == D("31.32")


def test_45_a_return_at_another_store_and_till_counts_there() -> None:
    money = [paid_back("31.32", location_id=70099, device_id=3399)]
    one = sound(refund([returned(MUG, 3, 29.00, 2.32, location_id=70099)], money, order=the_sale()))
    assert (one.store, one.terminal) == ("70099", "3399")
    original = one.lines[0].original
    assert original is not None
    assert (original.store, original.terminal) == ("70011", "3301")


def test_46_a_refund_that_comes_before_its_sale_names_the_id_the_sale_will_have() -> None:
    back = read_one(refund([returned(MUG, 3, 29.00, 2.32)], [paid_back("31.32")]))
    original = back.lines[0].original
    assert original is not None
    assert original.transaction_id == read_one(the_sale()).transaction_id


def test_47_48_an_exchange_is_one_receipt_even_or_with_the_difference_paid() -> None:
    one = next(
        each for each in read(fixture("order__edited_exchanged_refunded")) if each.transaction_id == "X901"
    )
    assert problems_of(one) == ()
    assert (one.shape, one.amount_due) == ("EXCHANGE", D("3.00"))
    assert lines_told(one) == [
        ("SOAP", "-1", "-12.00", "0", "-12.00", "-2.00"),
        ("BRUSH", "1", "15.00", "0", "15.00", "2.50"),
    ]
    assert tenders_told(one) == [("shopify_payments", "PAYMENT", "CAPTURED", "3.00")]
    even = fetched()
    sale = even["agreements"]["nodes"][2]["sales"]["nodes"][1]
    sale["totalAmount"]["shopMoney"]["amount"], sale["totalTaxAmount"]["shopMoney"]["amount"] = (
        "12.00",
        "2.00",
    )
    sale["taxes"][0]["amount"]["shopMoney"]["amount"] = "2.00"
    even["transactions"] = [each for each in even["transactions"] if not each["id"].endswith("/503")]
    found = next(each for each in read(even) if each.transaction_id == "X901")
    assert (found.shape, found.tenders, problems_of(found)) == ("EVEN", (), ())
    assert found.terminal == "3401"  # no money moved at a till: the sale's own


def test_48_an_exchange_in_which_the_store_pays_holds_the_refund_of_the_difference() -> None:
    cheaper = fetched()
    nodes = cheaper["agreements"]["nodes"]
    sale = nodes[2]["sales"]["nodes"][1]
    sale["totalAmount"]["shopMoney"]["amount"], sale["totalTaxAmount"]["shopMoney"]["amount"] = "6.00", "1.00"
    sale["taxes"][0]["amount"]["shopMoney"]["amount"] = "1.00"
    nodes[:] = nodes[:3]
    money = cheaper["transactions"][2]
    money["kind"], money["amountSet"]["shopMoney"]["amount"] = "REFUND", "6.00"
    cheaper["transactions"] = cheaper["transactions"][:3]
    cheaper["refunds"] = [
        {
            "id": "gid://shopify/Refund/803",
            "return": {"id": "gid://shopify/Return/901"},
            "transactions": {"nodes": [money]},
        }
    ]
    one = next(each for each in read(cheaper) if each.transaction_id == "X901")
    assert (problems_of(one), one.amount_due) == ((), D("-6.00"))
    assert tenders_told(one) == [("shopify_payments", "REFUND", "CAPTURED", "-6.00")]


def test_47_an_order_of_rest_with_an_exchange_is_not_read_for_it_cannot_tell_the_sales_apart() -> None:
    exchanged = the_sale() | {"returns": [{"id": 901, "exchange_line_items": [{"id": 1}]}]}
    assert refusal(exchanged).startswith("returns[0].exchange_line_items: expected none")


def test_49_money_given_back_without_goods_is_goodwill() -> None:
    told = [
        {
            "amount": "-5.00",
            "tax_amount": "0.00",
            "kind": "refund_discrepancy",
            "reason": "Refund discrepancy",
        }
    ]
    one = sound(refund([], [paid_back("5.00")], order_adjustments=told))
    assert lines_told(one) == [("GOODWILL", "-1", "-5.00", "0", "-5.00", "0")]
    assert one.lines[0].original is None  # it gives back no line of the sale
    bare = problem(refund([], [paid_back("5.00")]))
    assert (bare.rule, bare.found) == ("I1 balance", "-5.00 USD, a difference of -5.00")


def test_49_a_part_of_a_refund_that_was_kept_is_a_charge() -> None:
    told = [{"amount": "2.00", "tax_amount": "0.00", "kind": "refund_discrepancy", "reason": "Restock"}]
    one = sound(refund([returned(line("A", "10.00"), 1, 10.00)], [paid_back("8.00")], order_adjustments=told))
    assert (one.lines[1].kind, one.lines[1].gross) == (LineKind.CHARGE, D("2.00"))


def test_50_goods_back_whose_money_has_not_moved_wait_with_the_amount_named() -> None:
    found = problem(refund([returned(MUG, 3, 29.00, 2.32)], []))
    assert (found.rule, found.found) == ("I1 balance", "0.00 USD, a difference of 31.32")


def test_51_a_pending_refund_pays_nothing_yet_and_a_failed_one_never() -> None:
    for status, told in (("pending", TenderStatus.PENDING), ("failure", TenderStatus.FAILED)):
        one = read_one(refund([returned(MUG, 3, 29.00, 2.32)], [paid_back("31.32", status=status)]))
        assert (one.tenders[0].status, one.amount_paid) == (told, D(0))
        assert problems_of(one)[0].rule == "I1 balance"
    done = sound(
        refund([returned(MUG, 3, 29.00, 2.32)], [paid_back("31.32")], updated_at="2026-03-06T00:00:00Z")
    )
    assert done.transaction_id == "R71001"


def test_52_what_became_of_the_goods_is_told() -> None:
    told = {
        "return": Disposition.RESTOCK,
        "legacy_restock": Disposition.RESTOCK,
        "no_restock": Disposition.NO_RESTOCK,
        "cancel": Disposition.CANCEL,
    }
    for kind, disposition in told.items():
        one = sound(refund([returned(line("A", "1.00"), 1, 1.00, restock_type=kind)], [paid_back("1.00")]))
        assert one.lines[0].disposition is disposition
    wrong = refund([returned(line("A", "1.00"), 1, 1.00, restock_type="burnt")], [paid_back("1.00")])
    assert refusal(wrong).startswith("refund_line_items[0].restock_type: expected one of return")


def test_53_a_refund_of_the_tax_alone() -> None:
    told = [{"amount": "0.00", "tax_amount": "-2.32", "kind": "refund_discrepancy"}]
    one = sound(refund([], [paid_back("2.32")], order_adjustments=told))
    assert (one.lines[0].net, one.lines[0].tax, one.lines[0].quantity) == (D(0), D("-2.32"), D(-1))


def test_54_more_than_was_sold_is_seen_by_the_refund_ledger() -> None:
    sale = sold_by(read_one(the_sale()))
    back = read_one(refund([returned(MUG, 4, 38.67, 3.09)], [paid_back("41.76")], order=the_sale()))
    claim = claim_on(back, Place("70011", "shop", "R71001"), back.lines, sale, (), money_back(back))
    assert QUANTITY in [each.kind for each in beyond(sale, (), claim, "USD")]


def test_a_refund_of_prices_with_tax_is_told_from_one_without_by_its_money() -> None:
    item = line("A", "12.00", tax_lines=[tax("VAT", 0.2, "2.00")])
    holds = sound(refund([returned(item, 1, 12.00, 2.00)], [paid_back("12.00")]))
    added = sound(refund([returned(item, 1, 12.00, 2.40)], [paid_back("14.40")]))
    assert (holds.prices_include_tax, added.prices_include_tax) == (True, False)
    unclear = read_one(refund([returned(item, 1, 12.00, 2.00)], [paid_back("13.00")]))
    assert problems_of(unclear)[0].found == "-13.00 USD, a difference of 1.00"


def test_shipping_given_back_is_told_once_though_two_fields_tell_it() -> None:
    money = {"shop_money": {"amount": "5.00", "currency_code": "USD"}}
    taxes = {"shop_money": {"amount": "0.40", "currency_code": "USD"}}
    parts = [
        {
            "subtotal_amount_set": money,
            "tax_amount_set": taxes,
            "shipping_line": {"tax_lines": [tax("VAT", 0.08, "0.40")]},
        }
    ]
    twice = [{"amount": "-5.00", "tax_amount": "-0.40", "kind": "shipping_refund"}]
    both = sound(refund([], [paid_back("5.40")], refund_shipping_lines=parts, order_adjustments=twice))
    old = sound(refund([], [paid_back("5.40")], order_adjustments=twice))
    for one in (both, old):
        assert lines_told(one) == [("SHIPPING", "-1", "-5.00", "0", "-5.00", "-0.40")]


def test_tax_that_comes_back_is_split_over_the_taxes_that_were_charged() -> None:
    item = line("A", "10.00", 2, tax_lines=[tax("State", 0.04, "0.80"), tax("City", 0.045, "0.90")])
    one = sound(refund([returned(item, 1, 10.00, 0.85)], [paid_back("10.85")]))
    assert [(each.code, each.amount) for each in one.lines[0].taxes] == [
        ("State", D("-0.40")),
        ("City", D("-0.45")),
    ]


def test_34_a_refund_in_cash_is_rounded_too() -> None:
    money = [paid_back("9.98", amount_rounding="0.02")]
    one = sound(refund([returned(line("A", "9.98"), 1, 9.98)], money))
    assert tenders_told(one) == [("cash", "REFUND", "CAPTURED", "-10.00")]
    assert [(each.reason, each.amount) for each in one.rounding] == [(RoundingReason.CASH, D("-0.02"))]


def test_40_money_back_on_a_gift_card_or_as_store_credit() -> None:
    money = [
        paid_back("4.00", "gift_card", receipt={"gift_card_id": 8802}),
        paid_back("6.00", "shopify_store_credit", 73002),
    ]
    one = sound(refund([returned(line("A", "10.00"), 1, 10.00)], money))
    assert tenders_told(one) == [
        ("gift_card", "REFUND", "CAPTURED", "-4.00"),
        ("shopify_store_credit", "REFUND", "CAPTURED", "-6.00"),
    ]
    assert one.tenders[0].gift_card == "8802"


def test_41_a_gift_card_that_comes_back_waits_for_a_person() -> None:
    item = line("GIFT-20", "20.00", gift_card=True)
    found = problem(refund([returned(item, 1, 20.00)], [paid_back("20.00")]))
    assert (found.rule, found.expected) == ("gift card", "a card sold or loaded")


def test_55_a_line_removed_by_an_edit_comes_back_on_the_edit() -> None:
    edited = fetched()
    removal = edited["agreements"]["nodes"][1]
    removal["sales"]["nodes"] = [copy.deepcopy(edited["agreements"]["nodes"][2]["sales"]["nodes"][0])]
    removal["sales"]["nodes"][0]["actionType"] = "UPDATE"
    money = edited["transactions"][1]
    money["kind"], money["amountSet"]["shopMoney"]["amount"] = "REFUND", "12.00"
    one = next(each for each in read(edited) if each.transaction_id == "E1002")
    assert problems_of(one) == ()
    assert lines_told(one) == [("SOAP", "-1", "-12.00", "0", "-12.00", "-2.00")]
    assert one.lines[0].original is not None
    assert one.lines[0].original.transaction_id == "O6612345678901234568"


def test_57_an_order_cancelled_before_it_was_paid_never_goes() -> None:
    cancelled = {
        "financial_status": "voided",
        "cancelled_at": "2026-03-02T17:00:00-05:00",
        "cancel_reason": "customer",
    }
    one = read_one(the_sale() | cancelled)
    assert (one.status, one.is_for_the_ledger) == (TillStatus.VOIDED, False)


def test_58_59_a_sale_cancelled_after_it_was_paid_stays_and_its_refund_takes_it_back() -> None:
    back = refund([returned(MUG, 3, 29.00, 2.32, restock_type="cancel")], [paid_back("31.32")])
    whole = the_sale() | {
        "financial_status": "refunded",
        "cancelled_at": "2026-03-05T16:00:00Z",
        "refunds": [back],
    }
    sale, void = read(whole)
    assert (sale.transaction_id, sale.is_for_the_ledger) == (SOLD, True)
    assert (void.transaction_id, void.lines[0].disposition) == ("R71001", Disposition.CANCEL)
    assert sale.amount_due + void.amount_due == 0


def test_an_order_is_cut_into_what_happened_each_with_its_money() -> None:
    found = read(fixture("order__edited_exchanged_refunded"))
    assert [(each.transaction_id, str(each.amount_due), str(each.amount_paid)) for each in found] == [
        ("O6612345678901234568", "34.00", "34.00"),
        ("E1002", "6.00", "6.00"),
        ("X901", "3.00", "3.00"),
        ("X902", "-15.00", "-15.00"),
        ("R802", "-1.00", "-1.00"),
    ]
    assert [problems_of(each) for each in found] == [()] * 5
    assert [each.terminal for each in found] == ["3401", "3401", "3402", "3402", "3402"]


def test_the_sale_of_an_order_with_agreements_is_read_with_discount_barcode_and_tax() -> None:
    one = read(fixture("order__edited_exchanged_refunded"))[0]
    assert (one.receipt_number, one.operator, one.store) == ("3001", "9101", "70021")
    assert lines_told(one) == [
        ("SOAP", "2", "24.00", "0", "24.00", "4.00"),
        ("TOWEL", "1", "12.00", "2.00", "10.00", "1.67"),
    ]
    assert (one.lines[0].gtin, one.lines[0].unit_price) == ("5000112637922", D("12"))
    assert one.prices_include_tax


def test_what_comes_back_of_an_exchange_names_the_exchange_and_its_till() -> None:
    one = read(fixture("order__edited_exchanged_refunded"))[3]
    place = {"store": "70021", "terminal": "3402", "line_number": 2}
    assert one.lines[0].original == Link(LinkRole.ORIGINAL, transaction_id="X901", **place)  # type: ignore[arg-type]
    assert one.links == (Link(LinkRole.ORDER, transaction_id="O6612345678901234568"),)


def test_the_fetched_orders_own_totals_can_be_rebuilt() -> None:
    found = read(fixture("order__edited_exchanged_refunded"))
    lines = [each for one in found for each in one.lines]
    sold = [each for each in lines if not each.is_return]
    extra = found[0].extra
    assert found[0].amount_due == D(str(extra["originalTotalPriceSet"]))
    assert total(each.amount_due for each in sold) == D(str(extra["totalPriceSet"]))
    assert total(each.tax for each in sold) == D(str(extra["totalTaxSet"]))
    refunds = [each for one in found for each in one.captured if each.amount < 0]
    assert -total(each.amount for each in refunds) == D(str(extra["totalRefundedSet"]))


def test_a_refunds_own_totals_can_be_rebuilt() -> None:
    one = sound(fixture("refund__one_of_three"))
    assert -total(each.net for each in one.lines) == D(str(one.extra["subtotal"]))
    assert -total(each.tax for each in one.lines) == D(str(one.extra["total_tax"]))


def test_the_earlier_receipts_of_an_order_stay_what_they_were_when_more_is_added() -> None:
    early = fetched()
    early["agreements"]["nodes"] = early["agreements"]["nodes"][:2]
    early["transactions"], early["refunds"] = early["transactions"][:2], []
    early["displayFinancialStatus"], early["updatedAt"] = "PAID", "2026-03-02T10:30:06Z"
    before = {each.transaction_id: content_hash(each) for each in read(early)}
    after = {
        each.transaction_id: content_hash(each) for each in read(fixture("order__edited_exchanged_refunded"))
    }
    assert before == {key: after[key] for key in ("O6612345678901234568", "E1002")}


def test_an_edit_that_is_not_paid_yet_waits_and_the_sale_before_it_does_not() -> None:
    owing = fetched()
    owing["agreements"]["nodes"] = owing["agreements"]["nodes"][:2]
    owing["transactions"], owing["refunds"] = owing["transactions"][:1], []
    owing["displayFinancialStatus"] = "PARTIALLY_PAID"
    found = read(owing)
    assert [(each.transaction_id, each.status) for each in found] == [
        ("O6612345678901234568", TillStatus.COMPLETED),
        ("E1002-UNPAID-20260309120000", TillStatus.PENDING),
    ]


def test_a_list_that_goes_on_on_another_page_is_not_read_as_the_whole() -> None:
    cut = fetched()
    cut["agreements"]["pageInfo"]["hasNextPage"] = True
    assert "agreements.pageInfo.hasNextPage: expected false" in refusal(cut)


def test_a_fee_of_the_order_is_a_charge() -> None:
    charged = fetched()
    charged["agreements"]["nodes"][1]["sales"]["nodes"][0] |= {"lineType": "FEE", "lineItem": None}
    assert read(charged)[1].lines[0].kind is LineKind.CHARGE
    charged["agreements"]["nodes"][1]["sales"]["nodes"][0]["lineType"] = "UNKNOWN"
    found = [each for each in arrivals(charged) if each.transaction is None]
    assert [each.reason.split(":")[0] for each in found] == ["agreements.nodes[0].sales.nodes[0].lineType"]


def test_a_refund_is_the_same_alone_inside_its_order_and_told_again() -> None:
    back = refund([returned(MUG, 3, 29.00, 2.32)], [paid_back("31.32")])
    alone = read_one(back)
    inside = read(
        the_sale() | {"financial_status": "refunded", "updated_at": "2026-03-07T00:00:00Z", "refunds": [back]}
    )[1]
    assert content_hash(alone) == content_hash(inside)
    assert alone.revision == "2026-03-05T16:00:01.000000Z/0"
    assert inside.revision == "2026-03-07T00:00:00.000000Z/0"


def test_a_refund_of_a_return_bears_the_returns_id_however_it_is_told() -> None:
    back = refund([returned(MUG, 3, 29.00, 2.32)], [paid_back("31.32")])
    assert read_one(back | {"return": {"id": 902}}).transaction_id == "X902"
    assert "X902" in [each.transaction_id for each in read(fixture("order__edited_exchanged_refunded"))]


def test_a_payment_that_fits_no_receipt_stays_with_one_and_shows_there() -> None:
    over = fetched()
    over["transactions"].append(
        copy.deepcopy(over["transactions"][0])
        | {"id": "gid://shopify/OrderTransaction/599", "processedAt": "2026-03-10T00:00:00Z"}
    )
    held = [each for each in read(over) if problems_of(each)]
    assert [each.transaction_id for each in held] == ["R802"]
    assert problems_of(held[0])[0].found == "33.00 GBP, a difference of 34.00"


def test_a_refunds_money_goes_to_what_it_refunds_though_another_return_owes_before_it() -> None:
    crossed = fetched()
    crossed["transactions"][3]["processedAt"] = "2026-03-10T00:00:00Z"  # the money of return 902 comes last
    crossed["agreements"]["nodes"][5]["happenedAt"] = "2026-03-06T00:00:00Z"
    found = {each.transaction_id: each for each in read(crossed)}
    assert [str(each.amount) for each in found["X902"].tenders] == ["-15.00"]
    assert [str(each.amount) for each in found["R802"].tenders] == ["-1.00"]
    small = fetched()
    small["transactions"][4]["processedAt"] = (
        "2026-03-07T09:00:00Z"  # before the money of return 902, which owes first
    )
    assert [str(each.amount_paid) for each in read(small)][3:] == ["-15.00", "-1.00"]


def test_a_late_payment_goes_to_the_first_that_owes_it() -> None:
    late = fetched()
    late["transactions"][1]["processedAt"] = "2026-03-06T00:00:00Z"  # the edit is paid after the exchange
    found = {each.transaction_id: str(each.amount_paid) for each in read(late)}
    assert (found["E1002"], found["X901"]) == ("6.00", "3.00")


def test_a_part_of_the_sales_payment_is_not_taken_for_an_edit_that_was_still_to_come() -> None:
    split = fetched()
    card = split["transactions"][0]
    rest = copy.deepcopy(card) | {"id": "gid://shopify/OrderTransaction/598", "gateway": "gift_card"}
    card["amountSet"]["shopMoney"]["amount"], rest["amountSet"]["shopMoney"]["amount"] = "28.00", "6.00"
    split["transactions"].insert(0, rest)
    found = {each.transaction_id: [one.code for one in each.tenders] for each in read(split)}
    assert found["O6612345678901234568"] == ["gift_card", "shopify_payments"]
    assert found["E1002"] == ["cash"]


def test_what_moved_no_money_stays_with_the_sale_and_an_authorisation_with_its_capture() -> None:
    told = fetched()
    paid = told["transactions"]
    card = paid[2]
    card["kind"], card["parentTransaction"] = "CAPTURE", {"id": "gid://shopify/OrderTransaction/590"}
    asked = copy.deepcopy(card) | {"id": "gid://shopify/OrderTransaction/590", "kind": "EMV_AUTHORIZATION"}
    failed = copy.deepcopy(paid[0]) | {"id": "gid://shopify/OrderTransaction/591", "status": "FAILURE"}
    dropped = copy.deepcopy(asked) | {"id": "gid://shopify/OrderTransaction/592"}
    void = copy.deepcopy(asked) | {"id": "gid://shopify/OrderTransaction/593", "kind": "VOID"}
    void["parentTransaction"] = {"id": "gid://shopify/OrderTransaction/592"}
    told["transactions"] = [asked, failed, dropped, void, *paid]
    found = {each.transaction_id: each for each in read(told)}
    assert tenders_told(found["X901"]) == [("shopify_payments", "PAYMENT", "CAPTURED", "3.00")]
    assert sorted(tenders_told(found["O6612345678901234568"])) == [
        ("shopify_payments", "PAYMENT", "CAPTURED", "34.00"),
        ("shopify_payments", "PAYMENT", "FAILED", "34.00"),
        ("shopify_payments", "PAYMENT", "VOIDED", "3.00"),
    ]


def test_a_return_written_with_positive_amounts_is_a_return_all_the_same() -> None:
    unsigned = fetched()
    sale = unsigned["agreements"]["nodes"][3]["sales"]["nodes"][0]
    sale["quantity"] = 1
    for name in ("totalAmount", "totalTaxAmount"):
        sale[name]["shopMoney"]["amount"] = sale[name]["shopMoney"]["amount"].lstrip("-")
    signed = [(each.lines, each.tenders) for each in read(fixture("order__edited_exchanged_refunded"))]
    assert [(each.lines, each.tenders) for each in read(unsigned)] == signed


def test_prices_without_tax_a_discount_and_a_tax_that_no_record_names() -> None:
    added = fetched()
    added["taxesIncluded"] = False
    nodes = added["agreements"]["nodes"]
    nodes[:], added["transactions"], added["refunds"] = nodes[:1], added["transactions"][:1], []
    sale = nodes[0]["sales"]["nodes"][1]
    sale["taxes"][0]["amount"]["shopMoney"]["amount"] = "1.60"
    sale["totalDiscountAmountBeforeTaxes"]["shopMoney"]["amount"] = "1.50"
    (one,) = read(added)
    assert lines_told(one)[1] == ("TOWEL", "1", "9.83", "1.50", "8.33", "1.67")
    assert [(each.code, each.amount) for each in one.lines[1].taxes] == [
        ("VAT", D("1.60")),
        ("unnamed", D("0.07")),
    ]
    assert one.amount_due == D("34.00")


def test_a_kept_receipt_sent_again_by_itself_is_the_same_receipt() -> None:
    for name in ("order__edited_exchanged_refunded", "cash__device_session", "refund__one_of_three"):
        for kept in arrivals(fixture(name)):
            (again,) = SHOPIFY.read(kept.document, ACCOUNT)
            assert again.transaction == kept.transaction


def test_an_order_without_agreements_is_no_receipt() -> None:
    assert (
        refusal(fetched() | {"agreements": {"nodes": []}})
        == "agreements: expected at least one agreement, found none"
    )


def test_money_that_nothing_owes_stays_with_its_refund_or_with_what_came_before() -> None:
    more = fetched()
    more["refunds"][1]["transactions"]["nodes"].append({"id": "gid://shopify/OrderTransaction/506"})
    more["transactions"].append(
        copy.deepcopy(more["transactions"][4]) | {"id": "gid://shopify/OrderTransaction/506"}
    )
    found = {each.transaction_id: str(each.amount_paid) for each in read(more)}
    assert found["R802"] == "-2.00"
    early = fetched()
    early["transactions"].append(
        copy.deepcopy(early["transactions"][0]) | {"id": "gid://shopify/OrderTransaction/597"}
    )
    assert str(read(early)[0].amount_paid) == "68.00"


def test_cash_that_was_overpaid_and_its_change_stay_together() -> None:
    cash = fetched()
    paid = cash["transactions"][0]
    paid["gateway"], paid["amountSet"]["shopMoney"]["amount"] = "cash", "50.00"
    change = copy.deepcopy(paid) | {"id": "gid://shopify/OrderTransaction/596", "kind": "CHANGE"}
    change["amountSet"]["shopMoney"]["amount"] = "16.00"
    cash["transactions"].insert(1, change)
    first = read(cash)[0]
    assert tenders_told(first) == [
        ("cash", "PAYMENT", "CAPTURED", "50.00"),
        ("cash", "CHANGE", "CAPTURED", "-16.00"),
    ]
    assert problems_of(first) == ()


def totals(found: list[Transaction]) -> Decimal:
    return total(each.amount_paid for each in found)


def test_no_money_is_lost_or_doubled_in_the_cutting() -> None:
    whole = fetched()
    told = total(
        D(each["amountSet"]["shopMoney"]["amount"]) * (-1 if each["kind"] == "REFUND" else 1)
        for each in whole["transactions"]
    )
    assert totals(read(whole)) == told == D("27.00")


def test_an_authorisation_goes_with_the_capture_that_took_it() -> None:
    card = payment(11, "authorization", "shopify_payments", "10.00")
    taken = payment(12, "capture", "shopify_payments", "10.00", parent_id=11)
    one = sound(order([line("A", "10.00")], "10.00", transactions=[card, taken]))
    assert tenders_told(one) == [("shopify_payments", "PAYMENT", "CAPTURED", "10.00")]
