"""A Shopify refund (refunds/create, or inside its order) as the return it is: goods back, corrections, money back.

Goods and money are told apart and may differ: a refund whose money has not moved does not balance, and waits until it has.
Whether its prices hold their tax only the order says; without it, the refund's own money does. (POS facts §2.2, §5.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from shared.pos.adapter import LINES_MAX
from shared.pos.allocation import allocated
from shared.pos.shopify_json import Fields, number_of, number_or_none
from shared.pos.shopify_lines import UNNAMED_TAX, description_of, exact_product, item_of, kind_of, percent
from shared.pos.shopify_order import NO_DEVICE, NO_LOCATION, revision_of
from shared.pos.shopify_payments import Payment, moment_of, payments_of, tenders_of
from shared.retail.money import ZERO, minor_unit, rounded, total
from shared.retail.transaction import (
    Discount,
    Disposition,
    Line,
    LineKind,
    Link,
    LinkRole,
    Tax,
    Transaction,
)

_SHIPPING_REFUND = "shipping_refund"
_DISPOSITIONS = {
    "return": Disposition.RESTOCK,
    "legacy_restock": Disposition.RESTOCK,
    "no_restock": Disposition.NO_RESTOCK,
    "cancel": Disposition.CANCEL,
}


@dataclass(frozen=True, slots=True)
class _Sale:
    """What is known of the order: lines by their number at Shopify. included: None where the order is not there."""

    number: str
    store: str | None
    terminal: str | None
    included: bool | None
    lines: Mapping[str, int]

    def line(self, line_item: str | None) -> Link:
        return Link(
            LinkRole.ORIGINAL,
            transaction_id=f"O{self.number}",
            store=self.store,
            terminal=self.terminal,
            line_number=self.lines.get(line_item or ""),
        )


def refund_from(refund: Fields, account: str) -> Transaction:
    """Read a refund, with its order beside it (`order`) or alone.

    Raises:
        RejectedError: names the field at fault.
    """
    currency = _currency(refund)
    payments = [one for one in payments_of(refund, "transactions", currency) if one.is_refund]
    sale = _sale(refund)
    included = sale.included if sale.included is not None else _prices_include_tax(refund, payments)
    lines = _lines(refund, sale, included, currency)
    tenders, rounding = tenders_of(payments, total(one.amount_due for one in lines))
    made_at = refund.instant_or_none("processed_at") or refund.instant("created_at")
    return Transaction(
        account=account,
        store=_place(refund, payments) or sale.store or NO_LOCATION,
        terminal=next((one.device for one in payments if one.device), None) or sale.terminal or NO_DEVICE,
        transaction_id=_id(refund),
        revision=revision_of(_changed_at(refund, payments, made_at), 1 if refund.has("order") else 0),
        operator=number_or_none(refund, "user_id"),
        completed_at=made_at,
        currency=currency,
        training=bool(payments) and all(one.test for one in payments),
        prices_include_tax=included,
        links=(Link(LinkRole.ORDER, transaction_id=f"O{sale.number}"),),
        lines=lines,
        tenders=tenders,
        rounding=rounding,
        extra=MappingProxyType(_extra(refund)),
    )


def _id(refund: Fields) -> str:
    """Name the receipt: what belongs to a return is one with it, whether or not its exchange is told here."""
    back = number_or_none(refund.child("return"))
    return f"X{back}" if back else f"R{number_of(refund)}"


def _sale(refund: Fields) -> _Sale:
    order = refund.child("order")
    if order is None or not order.has("line_items"):
        return _Sale(number_of(refund, "order_id"), None, None, None, {})
    numbers = {number_of(one): number for number, one in enumerate(order.children("line_items"), 1)}
    numbers |= {
        number_or_none(one) or "": number for number, one in enumerate(order.children("line_items"), 1)
    }
    return _Sale(
        number_of(order),
        number_or_none(order, "location_id"),
        number_or_none(order, "device_id"),
        order.flag("taxes_included"),
        numbers,
    )


def _currency(refund: Fields) -> str:
    """Find the shop's currency, which a refund names only beside its amounts."""
    order = refund.child("order")
    if order is not None and order.has("currency"):
        return order.currency("currency")
    lists = [*refund.children("refund_line_items"), *refund.children("order_adjustments")]
    for one in [*lists, *refund.children("transactions")]:
        for name in ("subtotal_set", "amount_set"):
            both = one.child(name)
            money = both.child("shop_money") if both else None
            if money is not None:
                return money.currency("currency_code")
    for one in refund.children("transactions"):
        if one.has("currency"):
            return one.currency("currency")
    return refund.currency("currency")


def _place(refund: Fields, payments: Sequence[Payment]) -> str | None:
    """Give where it happened: where its money moved, else where its goods went."""
    told = [one.location for one in payments]
    told += [number_or_none(one, "location_id") for one in refund.children("refund_line_items")]
    return next((one for one in told if one), None)


def _changed_at(refund: Fields, payments: Sequence[Payment], made_at: datetime) -> datetime:
    order = refund.child("order")
    told = (
        refund.instant_or_none("updated_at"),
        order.instant_or_none("updated_at") if order else None,
        moment_of(payments),
    )
    return max([made_at, *(one for one in told if one is not None)])


def _prices_include_tax(refund: Fields, payments: Sequence[Payment]) -> bool:
    """Tell from the money whether the amounts hold their tax: it is their sum then, without the tax added.

    Where it is neither that nor their sum with tax, nothing is known, and the difference is shown with tax added.
    """
    parts = refund.children("refund_line_items")
    without = -total(one.amount("subtotal") for one in parts)
    taxes = -total(one.amount_or_none("total_tax") or ZERO for one in parts)
    for one in _adjustments(refund):
        without += one.amount("amount")
        taxes += one.amount_or_none("tax_amount") or ZERO
    for one in refund.children("refund_shipping_lines"):
        without -= abs(one.money("subtotal_amount_set") or ZERO)
        taxes -= abs(one.money("tax_amount_set") or ZERO)
    money = -total(one.amount for one in payments)
    return bool(taxes) and bool(payments) and money == without


def _lines(refund: Fields, sale: _Sale, included: bool, currency: str) -> tuple[Line, ...]:
    parts = refund.children("refund_line_items")
    if len(parts) >= LINES_MAX // 2:
        raise refund.wrong("refund_line_items", f"fewer than {LINES_MAX // 2} lines")
    lines = [_returned(one, number, sale, included, currency) for number, one in enumerate(parts, 1)]
    codes = list(dict.fromkeys(tax.code for line in lines for tax in line.taxes))
    code = codes[0] if len(codes) == 1 else UNNAMED_TAX
    for one in refund.children("refund_shipping_lines"):
        lines.append(_shipping(one, len(lines) + 1, sale, included))
    for one in _adjustments(refund):
        lines.append(
            _correction(one, len(lines) + 1, sale, code if included or codes else UNNAMED_TAX, included)
        )
    return tuple(lines)


def _returned(part: Fields, number: int, sale: _Sale, included: bool, currency: str) -> Line:
    """Read goods that came back: their subtotal is what they cost after discounts, and its own tax is beside it."""
    item = part.child("line_item") or Fields({}, part.at("line_item"))
    quantity, net = -part.amount("quantity"), -part.amount("subtotal")
    price = item.amount_or_none("price")
    gross = rounded(exact_product(price, quantity), currency) if price is not None else net
    kind = part.text("restock_type").lower()
    if kind and kind not in _DISPOSITIONS:
        raise part.wrong("restock_type", f"one of {', '.join(_DISPOSITIONS)}")
    return Line(
        line_number=number,
        item=item_of(item),
        kind=kind_of(item),
        description=description_of(item),
        quantity=quantity,
        unit_price=price,
        gross=gross,
        net=net,
        discounts=(Discount(gross - net),) if gross != net else (),
        taxes=_taxes(part, item, included, currency),
        original=sale.line(number_or_none(item) or number_or_none(part, "line_item_id")),
        disposition=_DISPOSITIONS.get(kind),
    )


def _taxes(part: Fields, item: Fields, included: bool, currency: str) -> tuple[Tax, ...]:
    """Split the tax that went back over the taxes of the line, as they were charged, by largest remainder."""
    amount = -(part.amount_or_none("total_tax") or ZERO)
    charged = item.children("tax_lines")
    weights = [abs(one.amount("price")) for one in charged]
    if not total(weights):
        return (Tax(UNNAMED_TAX, amount, inclusive=included),) if amount else ()
    shares = allocated(amount, weights, minor_unit(currency))
    return tuple(
        Tax(
            code=one.words("title") or UNNAMED_TAX,
            amount=share,
            rate=percent(one.amount_or_none("rate")),
            inclusive=included,
            remitted_by="FACILITATOR" if one.flag("channel_liable") else "MERCHANT",
        )
        for one, share in zip(charged, shares, strict=True)
    )


def _shipping(part: Fields, number: int, sale: _Sale, included: bool) -> Line:
    net = -abs(part.money("subtotal_amount_set") or ZERO)
    tax = -abs(part.money("tax_amount_set") or ZERO)
    told = part.child("shipping_line")
    charged = told.children("tax_lines") if told else []
    code = (charged[0].words("title") if charged else None) or UNNAMED_TAX
    return Line(
        line_number=number,
        item=None,
        kind=LineKind.SHIPPING,
        quantity=Decimal(-1),
        unit_price=-net,
        gross=net,
        net=net,
        taxes=(Tax(code, tax, inclusive=included),) if tax else (),
        original=sale.line(None),
    )


def _adjustments(refund: Fields) -> list[Fields]:
    """Give the corrections of a refund; shipping that stands in `refund_shipping_lines` is not told a second time."""
    told = refund.children("order_adjustments")
    if refund.children("refund_shipping_lines"):
        return [one for one in told if one.text("kind") != _SHIPPING_REFUND]
    return told


def _correction(told: Fields, number: int, sale: _Sale, code: str, included: bool) -> Line:
    """Read a correction, already in the store's sign: more given back than the goods cost, or less."""
    amount, tax = told.amount("amount"), told.amount_or_none("tax_amount") or ZERO
    is_back = amount < 0 or (not amount and tax < 0)
    is_shipping = told.text("kind") == _SHIPPING_REFUND
    kind = LineKind.SHIPPING if is_shipping else LineKind.GOODWILL if is_back else LineKind.CHARGE
    return Line(
        line_number=number,
        item=None,
        kind=kind,
        description=told.words("reason"),
        quantity=Decimal(-1 if is_back else 1),
        unit_price=abs(amount),
        gross=amount,
        net=amount,
        taxes=(Tax(code, tax, inclusive=included),) if tax else (),
        original=sale.line(None) if is_shipping else None,
    )


def _extra(refund: Fields) -> dict[str, object]:
    parts = refund.children("refund_line_items")
    told: dict[str, object] = {
        "subtotal": str(total(one.amount("subtotal") for one in parts)),
        "total_tax": str(total(one.amount_or_none("total_tax") or ZERO for one in parts)),
    }
    back = refund.child("return")
    if back is not None:
        told["return"] = number_or_none(back) or ""
    return told
