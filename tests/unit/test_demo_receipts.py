"""What the demo sends: balanced, numbered without a gap, the same by the same seed, with totals that hold by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from demo.books import compare_with_file, less, write_books
from demo.chain import rounds_cash
from demo.documents import Counters, Message, write_messages
from demo.journey import BasketLine, DataError, choose_stores, read_baskets, sums_by_store
from demo.options import Options
from demo.prepare import Prepared, prepare
from demo.visits import Back, Payment, Visit

DAY = date(2017, 12, 23)
CENTS = Decimal("0.01")
TAXED, FOOD = "3", "2"  # by the checksum of the product's number


@cache
def prepared(seed: int = 7, *, clean: bool = False) -> Prepared:
    return prepare(Options(days=(DAY,), seed=seed, clean=clean))


def receipts(run: Prepared) -> list[Message]:
    return [one for one in run.messages if one.kind == "SALES"]


def cents(text: str) -> int:
    amount = Decimal(text) * 100
    assert amount == int(amount), f"{text} is not whole cents"
    return int(amount)


def paid_and_due(document: dict[str, Any]) -> tuple[int, int]:
    """An arithmetic of this test's own: whole cents, from the document alone."""
    due = sum(cents(one["amount"]) for one in document["rounding"])
    for line in document["lines"]:
        net = cents(line["gross"]) - sum(cents(one["amount"]) for one in line["discounts"])
        assert net == cents(line["net"]), line
        due += net + sum(cents(one["amount"]) for one in line["taxes"])
    return sum(cents(one["amount"]) for one in document["tenders"]), due


def test_the_day_holds_628_baskets_7066_lines_and_111_stores() -> None:
    baskets = read_baskets(DAY)
    assert (len(baskets), sum(len(one.lines) for one in baskets), len({one.store for one in baskets})) == (
        628,
        7066,
        111,
    )
    assert sum(1 for one in baskets for line in one.lines if line.quantity == 0) == 35
    assert sum(1 for one in baskets if not sum(line.sales for line in one.lines)) == 2


def test_every_basket_is_traded_once_and_returns_come_on_top() -> None:
    run = prepared()
    names = [one.visit for one in receipts(run)]
    assert len(set(names)) == len(names)
    assert {one.basket for one in read_baskets(DAY)} <= set(names)
    assert len(names) > 628


@pytest.mark.parametrize("seed", [7, 8])
def test_every_receipt_balances_by_whole_cents(seed: int) -> None:
    for message in receipts(prepared(seed)):
        paid, due = paid_and_due(message.document)
        assert paid == due, message.name


def test_a_receipt_of_nothing_needs_no_tender() -> None:
    empty = [one.document for one in receipts(prepared()) if paid_and_due(one.document) == (0, 0)]
    assert len([one for one in empty if not one["tenders"]]) == 2


def test_tenders_pay_and_change_goes_back() -> None:
    for message in receipts(prepared()):
        for tender in message.document["tenders"]:
            assert (cents(tender["amount"]) > 0) is (tender["role"] == "PAYMENT"), message.name


def test_the_unit_price_is_derived_from_the_amount_and_never_the_other_way() -> None:
    for message in receipts(prepared()):
        for line in message.document["lines"]:
            if Decimal(line["quantity"]) == 0:
                assert line["unit_price"] is None
                assert cents(line["gross"]) == 0
            else:
                price, gross = Decimal(line["unit_price"]), Decimal(line["gross"])
                assert abs(price * abs(Decimal(line["quantity"])) - abs(gross)) <= CENTS
                assert -price.as_tuple().exponent <= 6  # type: ignore[operator]  # a finite number


def test_fuel_is_sold_in_gallons() -> None:
    fuel = [line for one in receipts(prepared()) for line in one.document["lines"] if line["unit"] == "gal"]
    assert len(fuel) == 44
    assert all(Decimal(1) < Decimal(line["quantity"]) < Decimal(50) for line in fuel)


def test_what_comes_back_is_the_sold_line_turned_round() -> None:
    run = prepared()
    sold = {one.name: one.document for one in receipts(run)}
    backs = [line for one in receipts(run) for line in one.document["lines"] if line.get("original")]
    assert len(backs) >= 20
    for line in backs:
        original = sold[line["original"]["transaction_id"]]
        was = original["lines"][line["original"]["line_number"] - 1]
        assert (was["item"], Decimal(was["quantity"])) == (line["item"], -Decimal(line["quantity"]))
        for name in ("gross", "net"):
            assert cents(was[name]) == -cents(line[name])
        assert [cents(one["amount"]) for one in was["taxes"]] == [
            -cents(one["amount"]) for one in line["taxes"]
        ]


def test_returns_exchanges_split_tenders_change_gift_cards_and_rounding_are_all_there() -> None:
    documents = [one.document for one in receipts(prepared())]
    lines = [{Decimal(line["quantity"]) < 0 for line in one["lines"]} for one in documents]
    assert {True} in lines  # a return alone
    assert {True, False} in lines  # an exchange
    roles = [{(one["code"], one["role"]) for one in document["tenders"]} for document in documents]
    assert any({("CASH", "PAYMENT"), ("VISA", "PAYMENT")} <= one for one in roles)
    assert any(("CASH", "CHANGE") in one for one in roles)
    assert any(("GIFTCARD", "PAYMENT") in one for one in roles)
    assert any(line["kind"] == "GIFT_CARD_ISSUE" for one in documents for line in one["lines"])
    assert any(one["rounding"] for one in documents)


def test_cash_is_rounded_only_in_some_stores_and_by_less_than_a_step() -> None:
    for message in receipts(prepared()):
        for rounding in message.document["rounding"]:
            assert rounds_cash(7, message.store)
            assert 0 < abs(cents(rounding["amount"])) < 5


def test_each_till_numbers_without_a_gap_in_the_order_of_time() -> None:
    tills: dict[tuple[str, str], list[Message]] = {}
    for message in prepared().messages:
        tills.setdefault((message.store, message.terminal), []).append(message)
    assert len(tills) > 200
    for own in tills.values():
        ordered = sorted(own, key=lambda one: one.sequence)
        assert [one.sequence for one in ordered] == list(
            range(ordered[0].sequence, ordered[0].sequence + len(own))
        )
        assert [one.at for one in ordered] == sorted(one.at for one in own)
        assert ordered[0].kind == "SHIFT_OPEN"
        assert ordered[-1].kind == "SHIFT_CLOSE"


def test_every_till_is_opened_and_closed_within_its_business_day() -> None:
    begins, ends = datetime(2017, 12, 23, 5, tzinfo=UTC), datetime(2017, 12, 24, 5, tzinfo=UTC)
    assert all(begins <= one.at < ends for one in prepared().messages)


def test_shift_totals_add_up_to_what_was_paid() -> None:
    run = prepared()
    closings = [one.document["shift_record"]["totals"] for one in run.messages if one.kind == "SHIFT_CLOSE"]
    paid = sum(paid_and_due(one.document)[0] for one in receipts(run))
    assert sum(cents(one["total"]) for one in closings) == paid
    assert sum(one["transactions"] for one in closings) == len(receipts(run))
    for one in closings:
        parts = [one["sales"], one["returns"], one["gift_cards_issued"], one["rounding"]]
        parts += [tax["amount"] for tax in one["taxes"]]
        assert cents(one["total"]) == sum(cents(part) for part in parts)
        assert cents(one["total"]) == sum(cents(tender["amount"]) for tender in one["tenders"])


def test_sales_and_coupons_of_every_store_are_the_files_own() -> None:
    sums = sums_by_store(DAY)
    assert compare_with_file(prepared().books, DAY.isoformat(), sums) == []
    assert sum(one.sales for one in sums.values()) == Decimal("24760.10")
    assert sum(one.coupons for one in sums.values()) == Decimal("79.05")


def test_a_cent_that_the_books_do_not_share_with_the_file_is_said() -> None:
    sums = dict(sums_by_store(DAY))
    sums["367"] = replace(sums["367"], sales=sums["367"].sales + CENTS)
    assert len(compare_with_file(prepared().books, DAY.isoformat(), sums)) == 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_ones() -> None:
    def text(run: Prepared) -> str:
        return json.dumps([one.document for one in run.messages])

    assert text(prepare(Options(days=(DAY,), seed=7))) == text(prepared(7))
    assert text(prepared(8)) != text(prepared(7))


def test_numbers_run_on_from_day_to_day() -> None:
    run = prepare(Options(days=(date(2017, 12, 22), DAY), stores="367", clean=True))
    by_till: dict[str, list[int]] = {}
    for one in run.messages:
        by_till.setdefault(one.terminal, []).append(one.sequence)
    assert len({one.day for one in run.messages}) == 2
    for numbers in by_till.values():
        assert sorted(numbers) == list(range(min(numbers), max(numbers) + 1))


def test_stores_are_chosen_by_number_or_by_name() -> None:
    baskets = read_baskets(DAY)
    assert {one.store for one in choose_stores(baskets, "367,329")} == {"367", "329"}
    assert len({one.store for one in choose_stores(baskets, "3")}) == 3
    with pytest.raises(DataError, match="no sale of store 1234567"):
        choose_stores(baskets, "367,1234567")


# One basket made by hand: 2 taxed goods at 3.00 less 0.50 each, food of 4.00 with a coupon of 1.00, paid in cash.
# tax 8.875 % of 5.00 = 0.44375 -> 0.44; due 5.00 + 0.44 + 4.00 = 9.44; coupon 1.00; cash due 8.44, handed 10.00.
HAND_MADE = Visit(
    name="1",
    day=DAY,
    store="9001",
    terminal="1",
    at=datetime(2017, 12, 23, 15, 0, tzinfo=UTC),
    lines=(
        BasketLine(TAXED, 2, Decimal("5.00"), Decimal("1.00"), Decimal(0), Decimal(0)),
        BasketLine(FOOD, 1, Decimal("4.00"), Decimal(0), Decimal(0), Decimal("1.00")),
    ),
    payment=Payment(("CASH",), cash_note=Decimal(10)),
)
# The taxed line comes back two hours later: -5.00 - 0.44 = -5.44, by card.
BROUGHT_BACK = Visit(
    name="R1", day=DAY, store="9001", terminal="1", at=datetime(2017, 12, 23, 17, 0, tzinfo=UTC), lines=(),
    payment=Payment(("VISA",)), backs=(Back("1", 1, "RESTOCK", "UNWANTED"),),
)  # fmt: skip


def seed_without_rounding() -> int:
    return next(seed for seed in range(50) if not rounds_cash(seed, "9001"))


def test_a_basket_made_by_hand_comes_to_what_a_hand_reckons() -> None:
    seed = seed_without_rounding()
    messages = write_messages([HAND_MADE, BROUGHT_BACK], seed, Counters(seed))
    sale, back = (one.document for one in messages if one.kind == "SALES")
    tenders = [(one["code"], one["role"], one["amount"]) for one in sale["tenders"]]
    assert tenders == [
        ("COUPON", "PAYMENT", "1.00"),
        ("CASH", "PAYMENT", "10.00"),
        ("CASH", "CHANGE", "-1.56"),
    ]
    assert sale["lines"][0] == {
        "line_number": 1, "kind": "ITEM", "item": TAXED, "quantity": "2", "unit": "ea", "unit_price": "3", "gross": "6.00",
        "discounts": [
            {"scope": "LINE", "method": "AMOUNT", "code": "LOYALTY", "funded_by": "RETAILER", "amount": "1.00"}
        ],
        "net": "5.00",
        "taxes": [{"code": "NYGEN", "rate": "8.875", "base": "5.00", "amount": "0.44", "inclusive": False}],
    }  # fmt: skip
    assert sale["control_totals"] == {
        "gross": "10.00", "discount": "1.00", "tax": "0.44", "rounding": "0.00", "total": "9.44", "paid": "11.00",
        "change": "-1.56",
    }  # fmt: skip
    assert [(one["code"], one["role"], one["amount"]) for one in back["tenders"]] == [
        ("VISA", "REFUND", "-5.44")
    ]
    assert back["lines"][0]["original"]["transaction_id"] == sale["transaction_id"]


def test_the_totals_of_a_shift_made_by_hand() -> None:
    seed = seed_without_rounding()
    messages = write_messages([HAND_MADE, BROUGHT_BACK], seed, Counters(seed))
    record = next(one.document["shift_record"] for one in messages if one.kind == "SHIFT_CLOSE")
    numbers = [one.sequence for one in messages]
    assert record["totals"] == {
        "transactions": 2, "total": "4.00", "sales": "9.00", "returns": "-5.00", "discounts": "0.00", "rounding": "0.00",
        "gift_cards_issued": "0.00",
        "taxes": [{"code": "NYFOOD", "amount": "0.00"}, {"code": "NYGEN", "amount": "0.00"}],
        "tenders": [
            {"code": "CASH", "amount": "8.44"}, {"code": "COUPON", "amount": "1.00"}, {"code": "VISA", "amount": "-5.44"},
        ],
        "first_sequence": min(numbers), "last_sequence": max(numbers),
    }  # fmt: skip
    assert record["counted"] == [{"tender": "CASH", "currency": "USD", "amount": "158.44"}]


def test_the_books_of_a_day_made_by_hand() -> None:
    seed = seed_without_rounding()
    visits = [HAND_MADE, BROUGHT_BACK]
    books = write_books(visits, write_messages(visits, seed, Counters(seed)), seed)
    account = books.storedays["9001", "2017-12-23"]
    assert (account.receipts, account.sales, account.returns) == (2, Decimal("9.00"), Decimal("-5.00"))
    assert account.tenders == {"COUPON": Decimal("1.00"), "CASH": Decimal("8.44"), "VISA": Decimal("-5.44")}
    assert account.taxes == {"NYGEN": Decimal("0.00"), "NYFOOD": Decimal("0.00")}
    without = less(account, [books.receipts["R1"]])
    assert (without.total, without.taxes["NYGEN"], without.returns) == (
        Decimal("9.44"),
        Decimal("0.44"),
        Decimal(0),
    )


def test_books_that_differ_from_what_is_handed_over_stop_the_run() -> None:
    seed = seed_without_rounding()
    messages = write_messages([HAND_MADE], seed, Counters(seed))
    sale = next(one for one in messages if one.kind == "SALES")
    sale.document["tenders"][1]["amount"] = "10.01"
    with pytest.raises(ValueError, match=r"due 9\.44, tenders 9\.45"):
        write_books([HAND_MADE], messages, seed)
