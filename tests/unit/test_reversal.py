"""Reversals as values: every amount turned, numbers of their own, links where D365 takes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from shared.d365.rows import transaction_rows
from shared.retail.figures import figures_of
from shared.retail.identity import d365_transaction_number
from shared.retail.mapped import D365Key
from shared.retail.reversal import (
    REPLACEMENT,
    REVERSAL,
    correction_id,
    replacement_of,
    reversal_of,
    turned,
    with_replaced_originals,
)
from shared.retail.rules import problems_of
from shared.retail.transaction import (
    CashMovement,
    Discount,
    Kind,
    Link,
    LinkRole,
    Rounding,
    RoundingReason,
    TenderRole,
    Transaction,
)
from tests.contract.receipts_of_every_kind import KINDS, every_kind, mapped_of
from tests.unit.builders import DAY, refund, sale
from tests.unit.test_mapping import mapped

KEY = D365Key("usrt", "052", "NY01-1", "east:T1.rev")
ORIGINAL = Link(LinkRole.ORIGINAL, transaction_id="T1", terminal="1", line_number=1)


def linked_return() -> Transaction:
    back = refund()
    (line,) = back.lines
    return replace(back, lines=(replace(line, original=ORIGINAL),))


@pytest.mark.parametrize("what", [REVERSAL, REPLACEMENT])
@pytest.mark.parametrize("transaction_id", ["T1", "367-1-1-20171223-17", "x" * 200, "a/b#c"])
def test_the_number_of_a_correction_is_the_same_each_time_fits_and_is_nobody_elses(
    what: str, transaction_id: str
) -> None:
    number = d365_transaction_number("canonical-east", correction_id(transaction_id, what))
    assert number == d365_transaction_number("canonical-east", correction_id(transaction_id, what))
    assert len(number) <= 44
    others = {d365_transaction_number("canonical-east", transaction_id)}
    others |= {
        d365_transaction_number("canonical-east", correction_id(transaction_id, one))
        for one in (REVERSAL, REPLACEMENT)
        if one != what
    }
    assert number not in others


def test_a_turned_receipt_has_every_amount_turned_and_balances_like_the_original() -> None:
    discount = Discount(Decimal("1.00"))
    (line,) = sale().lines
    line = replace(line, discounts=(discount,), net=Decimal("19.00"))
    rounding = (Rounding(RoundingReason.CASH, Decimal("1.00"), 1),)
    whole = sale(lines=(line,), rounding=rounding)
    assert problems_of(whole)[0].rule == "I7 rounding"
    back = turned(replace(whole, rounding=()), "T1.rev")
    (one,) = back.lines
    assert (one.quantity, one.gross, one.net, one.tax, one.discount) == (-2, -20, -19, -4, -1)
    assert [(tender.amount, tender.role) for tender in back.tenders] == [
        (-30, TenderRole.REFUND), (6, TenderRole.PAYMENT),
    ]  # fmt: skip
    assert turned(whole, "T1.rev").rounding[0].amount == Decimal("-1.00")
    assert (back.completed_at, back.sequence_number, back.receipt_number) == (
        whole.completed_at,
        None,
        "S1-1-0001",
    )
    assert problems_of(turned(sale(), "T1.rev")) == ()


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_reversal_of_any_kind_sums_with_it_to_nothing_in_every_figure_d365_adds_up(name: str) -> None:
    if name == "gift card issued and loaded":
        return  # refused before it comes to this
    one = every_kind()[name]
    key = replace(one.key, transaction_number="x")
    rows, back = transaction_rows(one, "P1"), transaction_rows(reversal_of(one, key, DAY), "P1")
    names = (
        "GrossAmount",
        "NetAmount",
        "PaymentAmount",
        "DiscountAmount",
        "IncomeExpenseAmount",
        "SalesPaymentDifference",
    )
    for field in names:
        assert Decimal(rows["Transactions"][0][field]) + Decimal(back["Transactions"][0][field]) == 0, field
    for label, field in (
        ("Sales transactions V2", "Quantity"), ("Sales transactions V2", "NetAmountInclusiveTax"),
        ("Tax transactions", "TaxAmount"), ("Payment transactions V2", "AmountTendered"),
        ("Discount transactions", "DiscountAmount"), ("Income/Expense transaction", "Amount"),
    ):  # fmt: skip
        assert sum(Decimal(row[field]) for row in (*rows[label], *back[label])) == 0, field
    assert all(Decimal(row["Price"]) >= 0 for row in back["Sales transactions V2"])
    assert len(rows["Payment transactions V2"]) == len(back["Payment transactions V2"])


def test_sold_lines_go_back_linked_and_lines_of_which_goods_came_back_without_a_link() -> None:
    one = mapped()
    (line,) = reversal_of(one, KEY, DAY).lines
    assert line.returns == (one.key, 1)
    (line,) = reversal_of(one, KEY, DAY, came_back=(1,)).lines
    assert line.returns is None
    assert (
        transaction_rows(reversal_of(one, KEY, DAY, (1,)), "P1")["Sales transactions V2"][0]["IsReturnNoSale"]
        == "Yes"
    )


def test_a_reversal_keeps_till_shift_and_instant_and_may_count_for_another_day() -> None:
    one = mapped()
    later = reversal_of(one, KEY, DAY + timedelta(days=3))
    assert (later.shift, later.shift_number) == (one.shift, one.shift_number)
    assert later.local_completed_at == one.local_completed_at
    (header,) = transaction_rows(later, "P1")["Transactions"]
    assert (header["businessDate"], header["TransactionDate"]) == (
        "2017-12-26T12:00:00Z",
        "2017-12-23T12:00:00Z",
    )
    assert header["RefundReceiptId"] == "S1-1-0001"


def test_money_paid_out_comes_back_to_its_account() -> None:
    paid = mapped_of(
        sale(
            kind=Kind.PAID_OUT,
            lines=(),
            tenders=(),
            cash_movement=CashMovement("CASH", Decimal("-8.00"), "WINDOW"),
        )
    )
    rows = transaction_rows(reversal_of(paid, KEY, DAY), "P1")
    (income,) = rows["Income/Expense transaction"]
    assert (income["Amount"], income["AccountNumber"]) == (-8, "EXP1")
    assert rows["Payment transactions V2"][0]["AmountTendered"] == 8


def test_the_replacement_of_a_return_has_no_link_left() -> None:
    one = mapped(linked_return())
    assert one.lines[0].returns is not None
    again = replacement_of(one, date(2017, 12, 26), "5", 20171223010005)
    assert again.lines[0].returns is None
    assert (again.business_day, again.shift, again.shift_number) == (date(2017, 12, 26), "5", 20171223010005)


def test_a_return_points_at_what_stands_today() -> None:
    back = linked_return()
    pointed = with_replaced_originals(back, {"T1": "T1.new"})
    assert mapped(pointed).lines[0].returns == (replace(KEY, transaction_number="east:T1.new"), 1)
    assert mapped(with_replaced_originals(back, {"T1": ""})).lines[0].returns is None
    assert with_replaced_originals(back, {"T9": "T9.new"}) == back


def test_figures_of_a_receipt_and_of_its_reversal_add_up_to_nothing_not_even_a_count() -> None:
    total = figures_of(sale()) + -figures_of(sale())
    assert total.is_nothing
    assert total.count == 0
