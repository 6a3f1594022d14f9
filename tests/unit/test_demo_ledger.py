"""D365's ledger held against the books: what is posted is right to the cent, or the difference is named."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from demo.books import write_books
from demo.documents import Counters, write_messages
from demo.journey import BasketLine
from demo.ledger import compare_ledger
from demo.prepare import Prepared
from demo.troubles import Plan
from demo.visits import Back, Payment, Visit

DAY = date(2017, 12, 23)
Json = dict[str, Any]


def visit(name: str, hour: int, lines: tuple[BasketLine, ...], way: str, *backs: Back) -> Visit:
    at = datetime(2017, 12, 23, hour, tzinfo=UTC)
    return Visit(name, DAY, "9001", "1", at, lines, Payment((way,)), backs)


def prepared() -> Prepared:
    """Taxed goods of 5.00 (6.00 less 1.00) by Visa, which come back; food of 4.00 by debit card; 8.00 that is lost."""
    zero = Decimal(0)
    goods = BasketLine("3", 2, Decimal("5.00"), Decimal("1.00"), zero, zero)
    food, lost = (BasketLine("2", 1, Decimal(price), zero, zero, zero) for price in ("4.00", "8.00"))
    visits = (
        visit("a", 15, (goods,), "VISA"),
        visit("b", 16, (food,), "DEBIT"),
        visit("c", 17, (lost,), "VISA"),
        visit("Ra", 18, (), "VISA", Back("a", 1, "RESTOCK", "UNWANTED")),
    )
    messages = tuple(write_messages(visits, 7, Counters(7)))
    return Prepared((DAY,), visits, messages, Plan(lost_visits=("c",)), write_books(visits, messages, 7))


def line(kind: str, code: str, amount: str, account: str = "401100") -> Json:
    return {
        "voucher": "VCH-1", "dataAreaId": "usrt", "StoreNumber": "9001", "businessDate": "2017-12-23", "kind": kind,
        "code": code, "amount": amount, "account": account, "double_posted": False,
    }  # fmt: skip


# Debits are positive: what was sold is a credit, what was paid a debit. The tax of 0.44 came back with the goods.
LEDGER: Json = {
    "totals": [
        {
            "StoreNumber": "9001", "businessDate": "2017-12-23", "transactions": 3, "sales": "9", "returns": "-5",
            "gift_cards": "0", "discounts": "0", "rounding": "0", "tax": {"NYGEN": "0"},
            "payments": {"2": "0", "5": "4"},
        }
    ],
    "lines": [
        line("revenue", "sales", "-9"), line("revenue", "returns", "5"), line("tax", "NYGEN", "-0.44"),
        line("tax", "NYGEN", "0.44"), line("payment", "2", "5.44", "110210"), line("payment", "2", "-5.44", "110210"),
        line("payment", "5", "4", "110240"), line("customer", "WALKIN", "0"),
    ],
}  # fmt: skip


def ledger() -> Json:
    return copy.deepcopy(LEDGER)


def test_a_ledger_without_the_lost_receipt_is_right() -> None:
    assert compare_ledger(ledger(), prepared()) == []


def test_a_penny_in_the_totals_is_named() -> None:
    found = ledger()
    found["totals"][0]["payments"]["5"] = "4.01"
    wrong = compare_ledger(found, prepared())
    assert wrong == ["ledger totals, store 9001 on 2017-12-23: payment method 5 4.01, the books hold 4.00"]


def test_a_penny_in_a_voucher_is_named() -> None:
    found = ledger()
    found["lines"][2]["amount"] = "-0.45"
    wrong = compare_ledger(found, prepared())
    assert wrong == ["ledger vouchers, store 9001 on 2017-12-23: tax code NYGEN 0.01, the books hold 0.00"]


def test_a_receipt_that_was_posted_although_it_never_arrived_is_named() -> None:
    found = ledger()
    found["totals"][0]["transactions"] = 4
    assert compare_ledger(found, prepared()) == [
        "ledger totals, store 9001 on 2017-12-23: receipts 4, the books hold 3"
    ]


def test_a_store_day_that_was_never_posted_is_named() -> None:
    wrong = compare_ledger({"totals": [], "lines": []}, prepared())
    assert "ledger totals, store 9001 on 2017-12-23: receipts 0, the books hold 3" in wrong
    assert "ledger vouchers, store 9001 on 2017-12-23: sales 0, the books hold 9.00" in wrong


def test_a_posting_for_a_day_that_nobody_traded_is_named() -> None:
    found = ledger()
    found["lines"].append({**line("payment", "5", "1", "110240"), "businessDate": "2017-12-24"})
    wrong = compare_ledger(found, prepared())
    assert wrong == ["ledger: a posting for store 9001 on 2017-12-24 that the books do not know"]


def test_the_wrong_account_and_a_second_posting_are_named() -> None:
    found = ledger()
    found["lines"][4]["account"] = "110110"
    found["lines"][6]["double_posted"] = True
    assert compare_ledger(found, prepared()) == [
        "voucher VCH-1: payment method 2 on account 110110",
        "voucher VCH-1: posted twice",
    ]
