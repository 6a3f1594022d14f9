"""The refund ledger by hand: caps per line and tender, exchanges, other tenders, and any order of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.retail.returns import (
    AMOUNT,
    CURRENCY,
    MONEY,
    NOT_SOLD,
    QUANTITY,
    Claim,
    Over,
    Place,
    amount_without_receipt,
    beyond,
    claim_on,
    claims_from,
    claims_text,
    less_money,
    money_back,
    named_by,
    nothing_sold,
    owed_to_customer,
    remaining,
    sold_by,
    to_another_tender,
    told,
)
from shared.retail.transaction import (
    Line,
    Link,
    LinkRole,
    Rounding,
    RoundingReason,
    Tax,
    Tender,
    TenderRole,
    TenderType,
    Transaction,
)
from tests.unit.builders import refund, sale

D = Decimal
SALE = Link(LinkRole.ORIGINAL, transaction_id="T1", line_number=1)


def line(number: int, quantity: str, amount: str, item: str = "1001", original: Link | None = None) -> Line:
    return Line(number, item, D(quantity), D(amount), D(amount), unit="ea", original=original)


def receipt(number: int, lines: Sequence[Line], *tenders: tuple[str, str]) -> Transaction:
    paid = tuple(
        Tender(
            at, TenderType.OTHER, code, D(amount),
            role=TenderRole.PAYMENT if D(amount) > 0 else TenderRole.REFUND,
        )
        for at, (code, amount) in enumerate(tenders, start=1)
    )  # fmt: skip
    return sale(number, lines=tuple(lines), tenders=paid)


def claim(back: Transaction, sold: Transaction, others: Sequence[Claim] = ()) -> Claim:
    named = [one for one in back.lines if named_by(back, one) is not None]
    place = Place("S1", "east", back.transaction_id)
    return claim_on(back, place, named, sold_by(sold), others, money_back(back))


def to(number: int) -> Link:
    return replace(SALE, line_number=number)


INVOICE = receipt(
    1, [line(1, "1", "1163", "A"), line(2, "1", "365", "B"), line(3, "1", "365", "B"), line(4, "1", "365", "B")], ("CARD", "2258")
)  # fmt: skip


def test_of_an_invoice_of_2_258_all_but_one_item_comes_back_and_365_is_left() -> None:
    back = receipt(
        2, [line(1, "-1", "-1163", "A", to(1)), line(2, "-1", "-365", "B", to(2)), line(3, "-1", "-365", "B", to(3))],
        ("CARD", "-1893"),
    )  # fmt: skip
    left = remaining(sold_by(INVOICE), [claim(back, INVOICE)])
    assert (left.amount.sold, left.amount.back, left.amount.left) == (D(2258), D(1893), D(365))
    assert {number: one.left for number, one in left.quantities.items()} == {
        1: D(0),
        2: D(0),
        3: D(0),
        4: D(1),
    }
    assert left.tenders["CARD"].left == D(365)


def test_a_credit_memo_of_1_528_leaves_730_which_is_two_items_and_not_the_one_that_was_kept() -> None:
    back = receipt(
        2, [line(1, "-1", "-1163", "A", to(1)), line(2, "-1", "-365", "B", to(2))], ("CARD", "-1528")
    )
    left = remaining(sold_by(INVOICE), [claim(back, INVOICE)])
    assert left.amount.left == D(730) == 2 * D(365)
    assert sum(one.left for one in left.quantities.values()) == D(2)


def test_100_returned_and_250_taken_is_150_for_the_customer_to_pay_not_nothing() -> None:
    exchange = receipt(2, [line(1, "-1", "-100", original=SALE), line(2, "1", "250")], ("CARD", "150"))
    assert owed_to_customer(exchange) == D(-150)
    assert exchange.amount_due == D(150) == exchange.amount_paid
    bought = receipt(1, [line(1, "1", "100")], ("CARD", "100"))
    back = claim(exchange, bought)
    assert (back.amount, back.money) == (D(100), {})
    assert beyond(sold_by(bought), [], back, "USD") == ()
    down = receipt(3, [line(1, "-1", "-250", original=SALE), line(2, "1", "100")], ("CARD", "-150"))
    assert owed_to_customer(down) == D(150)


def test_what_was_taken_in_exchange_may_come_back_though_its_money_was_goods() -> None:
    exchange = receipt(2, [line(1, "-1", "-100", original=SALE), line(2, "1", "250")], ("CARD", "150"))
    assert sold_by(exchange).paid == {"CARD": D(150), "returned goods": D(100)}
    back = receipt(3, [line(1, "-1", "-250", original=to(2))], ("CARD", "-250"))
    assert beyond(sold_by(exchange), [], claim(back, exchange), "USD") == ()
    down = receipt(4, [line(1, "-1", "-250", original=SALE), line(2, "1", "100")], ("CARD", "-150"))
    assert sold_by(down).paid == {"returned goods": D(100)}


def test_change_is_no_money_that_could_come_back() -> None:
    assert sold_by(sale()).paid == {"CASH": D("24.00")}


def test_more_than_was_sold_is_told_with_its_numbers() -> None:
    sold = receipt(1, [line(1, "3", "30.00")], ("CARD", "30.00"))
    two = claim(receipt(2, [line(1, "-2", "-20.00", original=SALE)], ("CARD", "-20.00")), sold)
    again = claim(receipt(3, [line(1, "-2", "-20.00", original=SALE)], ("CARD", "-20.00")), sold)
    found = beyond(sold_by(sold), [two], again, "USD")
    assert found == (
        Over(QUANTITY, 1, "1001", D(3), D(2), D(2)), Over(AMOUNT, 1, "1001", D("30.00"), D("20.00"), D("20.00")),
        Over(MONEY, 0, "", D("30.00"), D("20.00"), D("20.00")),
    )  # fmt: skip
    assert [told(one, "USD") for one in found] == [
        "line 1 (1001) sold 3, 2 came back before, 2 more would",
        "line 1 (1001) sold for 30.00 USD, 20.00 USD went back before, 20.00 USD more would",
        "it was paid with 30.00 USD, 20.00 USD went back before, 20.00 USD more would",
    ]


def test_a_price_that_is_too_high_is_caught_though_the_quantity_fits() -> None:
    sold = receipt(1, [line(1, "3", "30.00")], ("CARD", "30.00"))
    dear = claim(receipt(2, [line(1, "-1", "-30.01", original=SALE)], ("CARD", "-30.01")), sold)
    assert [one.kind for one in beyond(sold_by(sold), [], dear, "USD")] == [AMOUNT, MONEY]


def test_three_partial_returns_may_add_up_to_the_sale_exactly_and_to_no_cent_more() -> None:
    sold = receipt(1, [line(1, "3", "10.00")], ("CARD", "10.00"))
    amounts, claims = ("3.33", "3.33", "3.34"), []
    for number, amount in enumerate(amounts, start=2):
        one = claim(
            receipt(number, [line(1, "-1", f"-{amount}", original=SALE)], ("CARD", f"-{amount}")), sold
        )
        assert beyond(sold_by(sold), claims, one, "USD") == ()
        claims.append(one)
    assert remaining(sold_by(sold), claims).amount.left == 0
    cent = claim(receipt(9, [line(1, "0", "-0.01", original=SALE)], ("CARD", "-0.01")), sold)
    assert [one.kind for one in beyond(sold_by(sold), claims, cent, "USD")] == [AMOUNT, MONEY]


def test_a_line_or_an_item_that_was_not_sold_and_another_currency_are_named() -> None:
    sold = receipt(1, [line(1, "1", "10.00")], ("CARD", "10.00"))
    other = claim(receipt(2, [line(1, "-1", "-10.00", original=to(7))]), sold)
    assert [one.kind for one in beyond(sold_by(sold), [], other, "USD")] == [NOT_SOLD]
    no_such = claim(receipt(2, [line(1, "-1", "-10.00", "9", replace(SALE, line_number=None))]), sold)
    (found,) = beyond(sold_by(sold), [], no_such, "USD")
    assert told(found, "USD") == "an item of it was not sold on it"
    same = claim(receipt(2, [line(1, "-1", "-10.00", original=SALE)]), sold)
    (currency,) = beyond(sold_by(sold), [], same, "EUR")
    assert (currency.kind, told(currency, "EUR")) == (CURRENCY, "it is in EUR, the sale in USD")


def test_a_till_that_names_only_the_receipt_gives_back_its_lines_of_that_item_one_after_the_other() -> None:
    sold = receipt(
        1, [line(1, "1", "10.00"), line(2, "2", "18.00"), line(3, "1", "5.00", "X")], ("CARD", "33.00")
    )
    by_receipt = replace(SALE, line_number=None)
    back = receipt(2, [line(1, "-2", "-19.00", original=by_receipt)], ("CARD", "-19.00"))
    first = claim(back, sold)
    assert first.lines == {1: (D(1), D("9.5000")), 2: (D(1), D("9.5000"))}
    second = claim(
        replace(back, transaction_id="T3", lines=(line(1, "-1", "-9.00", original=by_receipt),)),
        sold,
        [first],
    )
    assert second.lines == {2: (D(1), D("9.00"))}
    header_only = replace(back, lines=(line(1, "-1", "-5.00", "X"),), links=(by_receipt,))
    assert claim(header_only, sold).lines == {3: (D(1), D("5.00"))}


def test_a_refund_by_another_tender_is_allowed_and_named_and_uses_up_the_sales_own() -> None:
    sold = receipt(1, [line(1, "2", "20.00")], ("CARD", "15.00"), ("GIFT", "5.00"))
    cash = claim(receipt(2, [line(1, "-1", "-10.00", original=SALE)], ("CASH", "-10.00")), sold)
    assert beyond(sold_by(sold), [], cash, "USD") == ()
    assert to_another_tender(sold_by(sold), cash) == D("10.00")
    left = remaining(sold_by(sold), [cash])
    assert left.other_tenders == {"CASH": D("10.00")}
    assert {code: one.left for code, one in left.tenders.items()} == {"CARD": D("5.00"), "GIFT": D("5.00")}
    card = claim(receipt(3, [line(1, "-1", "-10.00", original=SALE)], ("CARD", "-10.00")), sold)
    assert beyond(sold_by(sold), [cash], card, "USD") == ()
    assert all(one.left == 0 for one in remaining(sold_by(sold), [cash, card]).tenders.values())


def test_what_cash_rounding_kept_back_is_no_more_than_was_paid() -> None:
    sold = replace(
        receipt(1, [line(1, "1", "9.98")], ("CASH", "9.95")),
        rounding=(Rounding(RoundingReason.CASH, D("-0.03")),),
    )
    back = claim(receipt(2, [line(1, "-1", "-9.98", original=SALE)], ("CARD", "-9.98")), sold)
    assert beyond(sold_by(sold), [], back, "USD") == ()


def test_money_of_a_refund_of_two_sales_goes_to_one_and_what_is_left_to_the_other() -> None:
    first, second = (
        receipt(1, [line(1, "1", "10.00")], ("CARD", "10.00")),
        receipt(5, [line(1, "1", "7.00")], ("CARD", "7.00")),
    )
    other = replace(SALE, transaction_id="T5")
    back = receipt(
        2,
        [line(1, "-1", "-10.00", original=SALE), line(2, "-1", "-7.00", original=other)],
        ("CARD", "-17.00"),
    )
    place = Place("S1", "east", "T2")
    one = claim_on(back, place, back.lines[:1], sold_by(first), [], money_back(back))
    rest = claim_on(back, place, back.lines[1:], sold_by(second), [], less_money(money_back(back), one.money))
    assert (one.money, rest.money) == ({"CARD": D("10.00")}, {"CARD": D("7.00")})


def test_without_its_receipt_is_what_names_no_sale() -> None:
    assert amount_without_receipt(refund()) == D("-12.00")
    assert amount_without_receipt(refund(links=(SALE,))) is None
    assert amount_without_receipt(sale()) is None
    two = refund(links=(SALE, replace(SALE, transaction_id="T9")))  # which of the two is not said
    assert amount_without_receipt(two) == D("-12.00")


def test_taxes_come_back_with_the_line_whether_the_price_held_them_or_not() -> None:
    taxed = replace(line(1, "1", "10.00"), taxes=(Tax("V", D("2.00"), rate=D(20)),))
    held = replace(line(2, "1", "12.00"), taxes=(Tax("V", D("2.00"), rate=D(20), inclusive=True),))
    assert {number: one.amount for number, one in sold_by(receipt(1, [taxed, held])).lines.items()} == {
        1: D("12.00"), 2: D("12.00"),
    }  # fmt: skip


def test_of_a_receipt_that_was_taken_back_whole_nothing_may_come_back() -> None:
    one = claim(receipt(2, [line(1, "-1", "-365", "B", to(2))], ("CARD", "-365")), INVOICE)
    assert [each.kind for each in beyond(nothing_sold(sold_by(INVOICE)), [], one, "USD")] == [
        QUANTITY,
        AMOUNT,
        MONEY,
    ]


def test_claims_are_kept_the_same_whatever_the_order_they_came_in() -> None:
    some = [
        Claim(Place("S2", "east", "T3"), {2: (D(1), D("9.50")), 1: (D(1), D("2"))}, {"CASH": D("11.50")}),
        Claim(Place("S1", "west", "T2"), {1: (D("0.5"), D("1"))}),
    ]
    assert claims_text(some) == claims_text(reversed(some))
    assert set(map(str, claims_from(claims_text(some)))) == set(
        map(str, claims_from(claims_text(reversed(some))))
    )
    assert claims_from(claims_text(some))[1].lines == {1: (D(1), D("2")), 2: (D(1), D("9.50"))}
    assert claims_from("") == ()


TENDERS = ("CARD", "CASH", "GIFT")


@st.composite
def histories(draw: st.DrawFn) -> tuple[Transaction, list[Transaction]]:
    """A sale of one to four lines, paid by up to three tenders, and up to twelve refunds of it, many of them too much."""
    count = draw(st.integers(1, 4))
    lines = [
        line(
            at, str(draw(st.integers(1, 5))), f"{draw(st.integers(1, 9_999))}e-2", draw(st.sampled_from("AB"))
        )
        for at in range(1, count + 1)
    ]
    due = sum((one.amount_due for one in lines), D(0))
    cents, paid = int(due * 100), []
    for code in TENDERS[:2]:
        part = draw(st.integers(0, cents))
        paid, cents = [*paid, (code, f"{part}e-2")], cents - part
    paid.append(("GIFT", f"{cents}e-2"))
    sold = receipt(1, lines, *((code, amount) for code, amount in paid if D(amount)))
    refunds = []
    for number in range(2, 2 + draw(st.integers(1, 12))):
        wanted, some = D(0), []
        for at in range(1, 1 + draw(st.integers(1, 2))):
            of = draw(st.sampled_from(lines))
            amount = D(draw(st.integers(0, int(of.amount_due * 110)))) / 100
            link = draw(st.sampled_from([to(of.line_number), replace(SALE, line_number=None)]))
            some.append(line(at, str(-draw(st.integers(0, 3))), str(-amount), of.item or "", link))
            wanted += amount
        code = draw(st.sampled_from(TENDERS))
        some = [one for one in some if one.is_return]
        wanted = -sum((one.amount_due for one in some), D(0))
        refunds.append(receipt(number, some, *([(code, str(-wanted))] if wanted else [])))
    return sold, refunds


def admitted(sold: Transaction, refunds: Sequence[Transaction]) -> list[Claim]:
    """Let refunds in one after the other; one that was let in is looked at again later, as re-runs do."""
    claims: list[Claim] = []
    for one in (*refunds, *refunds):
        place = Place("S1", "east", one.transaction_id)
        others = [each for each in claims if each.refund != place]
        wanted = claim(one, sold, others)
        if wanted.lines and not beyond(sold_by(sold), others, wanted, "USD"):
            claims = [*others, wanted]
    return claims


@settings(max_examples=1_000, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_never_more_comes_back_than_was_sold_by_line_and_tender_whatever_the_order(
    history: tuple[Transaction, list[Transaction]], shuffled: object
) -> None:
    sold, refunds = history
    shuffled.shuffle(refunds)  # type: ignore[attr-defined]
    claims = admitted(sold, refunds)
    quantities: dict[int, Decimal] = {}
    amounts: dict[int, Decimal] = {}
    for one in claims:
        for number, (quantity, amount) in one.lines.items():
            quantities[number] = quantities.get(number, D(0)) + quantity
            amounts[number] = amounts.get(number, D(0)) + amount
    by_line = {one.line_number: one for one in sold.lines}
    assert all(quantities[number] <= by_line[number].quantity for number in quantities)
    assert all(amounts[number] <= by_line[number].gross for number in amounts)
    by_id = {one.transaction_id: one for one in refunds}
    money = sum((-by_id[one.refund.transaction_id].amount_paid for one in claims), D(0))
    paid = {one.code: one.amount for one in sold.tenders}
    assert money <= sum(paid.values(), D(0))
    left = remaining(sold_by(sold), claims)
    assert all(0 <= one.back <= paid[code] for code, one in left.tenders.items())
    assert sum((one.back for one in left.tenders.values()), D(0)) == money
    assert remaining(sold_by(sold), claims[::-1]) == left


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_refunds_of_the_last_piece_one_stands_and_it_is_never_both(order: tuple[int, int]) -> None:
    sold = receipt(1, [line(1, "1", "10.00")], ("CARD", "10.00"))
    both = [
        receipt(number, [line(1, "-1", "-10.00", original=SALE)], ("CARD", "-10.00")) for number in (2, 3)
    ]
    assert len(admitted(sold, [both[at] for at in order])) == 1
