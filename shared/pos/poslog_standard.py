"""A retail transaction of POSLog 6, of the 2.x shape, or of a digital receipt, from any vendor but NCR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.pos.adapter import LINES_MAX, SHAPE, rejected
from shared.pos.poslog_goods import GOODS, goods_of
from shared.pos.poslog_links import link_of
from shared.pos.poslog_payments import paid
from shared.pos.poslog_taxes import is_in_the_price, taxed
from shared.pos.poslog_xml import Node
from shared.retail.money import minor_unit, total
from shared.retail.rules import Problem
from shared.retail.transaction import ControlTotals, Line, LineKind, LinkRole, Rounding, Tender

_PARTS = GOODS | {"SequenceNumber", "ItemLink", "Discount", "Rounding", "Tax", "Tender", "TenderChange"}
_WITHOUT_MONEY = frozenset({"LoyaltyReward", "TransactionLink"})


@dataclass(frozen=True, slots=True)
class Standard:
    """What the line items of one transaction say."""

    lines: tuple[Line, ...]
    voided_lines: tuple[Line, ...]
    tenders: tuple[Tender, ...]
    rounding: tuple[Rounding, ...]
    control_totals: ControlTotals | None
    prices_include_tax: bool


def standard(retail: Node, currency: str) -> Standard:
    """Read a transaction's line items, and the totals its till printed.

    Raises:
        RejectedError: a line item of a kind that is not known, and might be money; or a field that is not of its form.
    """
    minor_unit(currency)
    items = _items(retail)
    links = [link_of(one) for one in retail.children("TransactionLink")]
    original = next((one for one in links if one.role is LinkRole.ORIGINAL), None)
    goods, voided = goods_of(items, currency, original)
    money = paid(items)
    totals = _control_totals(retail)
    was_paid = total(one.amount for one in money.tenders if one.is_captured) - money.tips
    due = was_paid if totals.total is None else totals.total - money.tips
    inclusive = is_in_the_price(goods, items, money.roundings, due)
    lines = [one.line for one in taxed(goods, items, currency, inclusive=inclusive)]
    if money.tips:
        number = max((one.line_number for one in (*lines, *voided)), default=0)
        number = max(number, *(one.tender_number for one in money.tenders)) + 1
        tip = Line(number, "TIP", Decimal(1), money.tips, money.tips, LineKind.TIP, unit_price=money.tips)
        lines.append(tip)
    return Standard(
        tuple(lines), tuple(voided), money.tenders, money.roundings, totals,
        prices_include_tax=inclusive,
    )  # fmt: skip


def _items(retail: Node) -> Sequence[Node]:
    items = retail.children("LineItem")
    if len(items) > LINES_MAX:
        raise rejected(Problem(SHAPE, retail.place, f"at most {LINES_MAX} line items", str(len(items))))
    known = _PARTS | _WITHOUT_MONEY
    for item in items:
        for name in item.names():
            if name not in known:
                raise rejected(Problem(SHAPE, item.place, f"one of {', '.join(sorted(known))}", name))
    return items


def _control_totals(retail: Node) -> ControlTotals:
    """Take the totals that were printed; those of a return are negative, whatever sign they came with."""
    told = {
        one.attribute("TotalType"): -abs(one.own_amount())
        if one.attribute("TypeCode") == "Return"
        else one.own_amount()
        for one in retail.children("Total")
        if one.attribute("TotalType") in ("TransactionGrandAmount", "TransactionTaxAmount")
    }
    return ControlTotals(total=told.get("TransactionGrandAmount"), tax=told.get("TransactionTaxAmount"))
