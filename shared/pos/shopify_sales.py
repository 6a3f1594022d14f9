"""One receipt of an order's agreements as a transaction: its sales become lines, its transactions tenders.

A sale record says what it comes to after discounts and taxes; price and discount are told beside it. What comes back is
negative and names the line it was sold on. (POS facts §2.2.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from shared.pos.adapter import LINES_MAX, SHAPE, rejected
from shared.pos.shopify_agreements import SOLD, money_of
from shared.pos.shopify_json import Fields, number_or_none
from shared.pos.shopify_lines import UNNAMED_TAX, description_of, percent
from shared.pos.shopify_order import NO_DEVICE, NO_LOCATION, receipt_id, revision_of, status_of, was_offline
from shared.pos.shopify_payments import payments_of, tenders_of
from shared.retail.money import ZERO, total
from shared.retail.rules import Problem
from shared.retail.transaction import (
    ControlTotals,
    Discount,
    Line,
    LineKind,
    Link,
    LinkRole,
    Tax,
    Tender,
    TillStatus,
    Transaction,
)

_GTIN_LENGTHS = range(6, 15)
_KINDS = {
    "PRODUCT": LineKind.ITEM,
    "GIFT_CARD": LineKind.GIFT_CARD_ISSUE,
    "TIP": LineKind.TIP,
    "SHIPPING": LineKind.SHIPPING,
    "DUTY": LineKind.CHARGE,
    "FEE": LineKind.CHARGE,
    "ADDITIONAL_FEE": LineKind.CHARGE,
    "ADJUSTMENT": LineKind.GOODWILL,
}
_TOTALS = ("originalTotalPriceSet", "totalPriceSet", "totalTaxSet", "totalRefundedSet")


@dataclass(frozen=True, slots=True)
class _Amounts:
    quantity: Decimal
    gross: Decimal
    discount: Decimal
    taxes: tuple[Tax, ...]


def receipt_from(order: Fields, account: str) -> Transaction:
    """Read the slice of one receipt.

    Raises:
        RejectedError: names the field at fault.
    """
    currency, included = order.currency("currencyCode"), order.flag("taxesIncluded")
    agreements = order.children("agreements")
    if not agreements:
        raise rejected(Problem(SHAPE, order.at("agreements"), "at least one agreement", "none"))
    first, known = agreements[0], order.child(SOLD) or Fields({}, SOLD)
    key = known.required("transaction_id")
    payments = payments_of(order, "transactions", currency)
    lines = _lines(order, agreements, included, known)
    due = total(one.amount_due for one in lines)
    tenders, rounding = tenders_of(payments, due)
    status = _status(order, due, tenders)
    updated_at = order.instant("updatedAt")
    happened_at = first.instant("happenedAt")
    return Transaction(
        account=account,
        store=known.text("store") or number_or_none(order.child("retailLocation")) or NO_LOCATION,
        terminal=known.text("terminal") or NO_DEVICE,
        transaction_id=receipt_id(key, status, updated_at),
        revision=revision_of(updated_at, 2),
        receipt_number=order.text("number") or None if key.startswith("O") else None,
        operator=number_or_none(first.child("user")) or number_or_none(order.child("staffMember")),
        completed_at=order.instant("processedAt") if key.startswith("O") else happened_at,
        currency=currency,
        status=status,
        training=order.flag("test"),
        offline=key.startswith("O")
        and was_offline(order.instant_or_none("createdAt"), order.instant("processedAt")),
        prices_include_tax=included,
        links=_links(order, key),
        lines=lines,
        tenders=tenders,
        rounding=rounding,
        control_totals=_control_totals(order, key, total(one.amount for one in rounding)),
        extra=MappingProxyType(_extra(order)),
    )


def _status(order: Fields, due: Decimal, tenders: tuple[Tender, ...]) -> TillStatus:
    """Say how this receipt stands: an order that owes for an edit was still paid for what it sold first."""
    status = status_of(order, "displayFinancialStatus")
    paid = total(one.amount for one in tenders if one.is_captured)
    return status if status is not TillStatus.COMPLETED and due > paid else TillStatus.COMPLETED


def _links(order: Fields, key: str) -> tuple[Link, ...]:
    number = number_or_none(order) or ""
    return () if key == f"O{number}" else (Link(LinkRole.ORDER, transaction_id=f"O{number}"),)


def _lines(order: Fields, agreements: list[Fields], included: bool, known: Fields) -> tuple[Line, ...]:
    sales = [sale for one in agreements for sale in one.children("sales")]
    if len(sales) > LINES_MAX:
        raise order.wrong("agreements", f"at most {LINES_MAX} sales")
    sold = {one.required("id"): one for one in known.children("lines")}
    return tuple(_line(sale, number, included, sold) for number, sale in enumerate(sales, 1))


def _line(sale: Fields, number: int, included: bool, sold: Mapping[str, Fields]) -> Line:
    told = sale.required("lineType").upper()
    if told not in _KINDS:
        raise sale.wrong("lineType", f"one of {', '.join(sorted(_KINDS))}")
    item = sale.child("lineItem") or Fields({}, sale.at("lineItem"))
    amounts = _amounts(sale, included)
    is_kept = told == "ADJUSTMENT" and amounts.gross > 0  # less went back than the goods had cost
    return Line(
        line_number=number,
        item=_item(item) if told in ("PRODUCT", "GIFT_CARD") else None,
        kind=LineKind.CHARGE if is_kept else _KINDS[told],
        gtin=_gtin(item.child("variant")),
        description=description_of(item),
        quantity=amounts.quantity,
        unit_price=_unit_price(amounts.gross, amounts.quantity),
        gross=amounts.gross,
        net=amounts.gross - amounts.discount,
        discounts=(Discount(amounts.discount),) if amounts.discount else (),
        taxes=amounts.taxes,
        original=_original(number_or_none(item), sold) if amounts.quantity < 0 else None,
    )


def _amounts(sale: Fields, included: bool) -> _Amounts:
    """Read what a sale comes to, in the store's sign, whatever sign a return is written with."""
    due, is_return = money_of(sale, "totalAmount"), sale.text("actionType").upper() == "RETURN"
    quantity = sale.amount_or_none("quantity") or Decimal(-1 if due < 0 or is_return else 1)
    quantity = -abs(quantity) if is_return else quantity
    tax = _toward(money_of(sale, "totalTaxAmount"), quantity)
    taxes = _taxes(sale, included, quantity)
    rest = tax - total(one.amount for one in taxes)
    if rest:
        taxes = (*taxes, Tax(UNNAMED_TAX, rest, inclusive=included))
    name = "totalDiscountAmountAfterTaxes" if included else "totalDiscountAmountBeforeTaxes"
    discount = _toward(sale.money(name) or ZERO, quantity)
    return _Amounts(quantity, (due if included else due - tax) + discount, discount, taxes)


def _toward(amount: Decimal, quantity: Decimal) -> Decimal:
    """Give an amount the sign of what comes back; what is sold keeps its own."""
    return -abs(amount) if quantity < 0 else amount


def _item(item: Fields) -> str | None:
    return item.text("sku") or number_or_none(item.child("variant")) or number_or_none(item.child("product"))


def _gtin(variant: Fields | None) -> str | None:
    """Take a barcode for a GTIN where it can be one; a shop's own codes are none."""
    barcode = variant.text("barcode") if variant is not None else ""
    return barcode if barcode.isascii() and barcode.isdecimal() and len(barcode) in _GTIN_LENGTHS else None


def _unit_price(gross: Decimal, quantity: Decimal) -> Decimal | None:
    """Give the price of one, where the amount divides into whole units; a sale record does not tell it."""
    price = abs(gross) / abs(quantity) if quantity else None
    return price if price is not None and price * abs(quantity) == abs(gross) else None


def _taxes(sale: Fields, included: bool, quantity: Decimal) -> tuple[Tax, ...]:
    found = []
    for one in sale.children("taxes"):
        line = one.child("taxLine") or Fields({}, one.at("taxLine"))
        amount = one.money("amount")
        if amount is None:
            raise one.wrong("amount", "an amount in the shop's currency")
        found.append(
            Tax(
                code=line.words("title") or UNNAMED_TAX,
                amount=_toward(amount, quantity),
                rate=percent(line.amount_or_none("rate")),
                inclusive=included,
                remitted_by="FACILITATOR" if line.flag("channelLiable") else "MERCHANT",
            )
        )
    return tuple(found)


def _original(item: str | None, sold: Mapping[str, Fields]) -> Link | None:
    """Name the line an item was sold on; None where this order never sold it, or for what is no item."""
    told = sold.get(item or "")
    if told is None:
        return None
    number = told.amount("line_number")
    return Link(
        LinkRole.ORIGINAL,
        transaction_id=told.required("transaction_id"),
        store=told.text("store") or None,
        terminal=told.text("terminal") or None,
        line_number=int(number) if 0 < number < LINES_MAX else None,
    )


def _control_totals(order: Fields, key: str, rounded: Decimal) -> ControlTotals | None:
    """Take what the order claims to have sold when it was made; of later receipts it says nothing."""
    claimed = order.money("originalTotalPriceSet") if key.startswith("O") else None
    return ControlTotals(total=claimed + rounded) if claimed is not None else None


def _extra(order: Fields) -> dict[str, object]:
    told: dict[str, object] = {}
    for name in _TOTALS:
        amount = order.money(name)
        if amount is not None:
            told[name] = str(amount)
    return told
