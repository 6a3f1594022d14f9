"""The lines of a Shopify order as REST tells it: items, gift cards, tips, shipping, each with its discounts and taxes.

A discount counts once, where it was allotted: `discount_allocations`. `total_discount` of a line repeats some of them or
none; `discount_codes` repeat all. One that no line carries is spread here by largest remainder, and says so.
(POS facts §2.2, §2.3.)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Context, Decimal

from shared.pos.adapter import LINES_MAX, SHAPE, rejected
from shared.pos.allocation import allocated
from shared.pos.shopify_json import Fields, number_or_none
from shared.retail.money import ZERO, minor_unit, rounded, total
from shared.retail.rules import Problem
from shared.retail.transaction import Discount, Line, LineKind, Tax

SPREAD_HERE = "spread over the lines on arrival"
UNNAMED_TAX = "unnamed"
_WIDE = Context(prec=60)
_TIP_MARKS = ("tip", "tip_payment_gateway", "tip_payment_method")
_METHODS = {"percentage": "PERCENT", "fixed_amount": "AMOUNT"}
_WITHOUT_DISCOUNT = (LineKind.GIFT_CARD_ISSUE, LineKind.TIP, LineKind.SHIPPING)


def lines_of(order: Fields, currency: str) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Give the lines an order sold, numbered as they stand in it, and those of quantity 0, which count nowhere."""
    items, shipping = order.children("line_items"), order.children("shipping_lines")
    if len(items) + len(shipping) >= LINES_MAX:
        found = str(len(items) + len(shipping))
        raise rejected(Problem(SHAPE, order.at("line_items"), f"fewer than {LINES_MAX} lines", found))
    applications = order.children("discount_applications")
    included = order.flag("taxes_included")
    told = [_item(one, number, applications, included, currency) for number, one in enumerate(items, 1)]
    kept = [one for one in shipping if not one.flag("is_removed")]
    told += [_shipping(one, len(items) + place, applications, included) for place, one in enumerate(kept, 1)]
    lines = [one for one in told if one.quantity]
    lines += _tip_beside_the_lines(order, lines, len(items) + len(kept) + 1)
    lines = spread(order.amount_or_none("total_discounts") or ZERO, lines, currency)
    return tuple(lines), tuple(one for one in told if not one.quantity)


def item_of(line: Fields) -> str | None:
    """Give what an item is called: its SKU, else its variant's or product's number; None for a custom sale."""
    return line.text("sku") or number_or_none(line, "variant_id") or number_or_none(line, "product_id")


def kind_of(line: Fields) -> LineKind:
    if line.flag("gift_card"):
        return LineKind.GIFT_CARD_ISSUE
    return LineKind.TIP if any(line.fields.get(mark) for mark in _TIP_MARKS) else LineKind.ITEM


def description_of(line: Fields) -> str | None:
    parts = [line.words("title"), line.words("variant_title")]
    return " / ".join(one for one in parts if one) or None


def taxes_of(line: Fields, included: bool) -> tuple[Tax, ...]:
    """Read the taxes of a line; a marketplace that remits one itself says so."""
    return tuple(
        Tax(
            code=one.words("title") or UNNAMED_TAX,
            amount=one.amount("price"),
            rate=percent(one.amount_or_none("rate")),
            inclusive=included,
            remitted_by="FACILITATOR" if one.flag("channel_liable") else "MERCHANT",
        )
        for one in line.children("tax_lines")
    )


def exact_product(one: Decimal, other: Decimal) -> Decimal:
    """Multiply without rounding: both are below 10^15 and have at most 12 decimals."""
    return _WIDE.multiply(one, other)


def percent(rate: Decimal | None) -> Decimal | None:
    return rate * 100 if rate is not None else None


def spread(discount: Decimal, lines: Sequence[Line], currency: str) -> list[Line]:
    """Spread a discount of the whole basket that no line carries over the goods, exactly, by largest remainder.

    Where any line carries one already, nothing is added: what is missing then is a difference that people look at.
    """
    goods = [one for one in lines if one.kind not in _WITHOUT_DISCOUNT and one.gross > 0]
    if discount <= 0 or not goods or any(one.discounts for one in lines):
        return list(lines)
    shares = allocated(discount, [one.gross for one in goods], minor_unit(currency))
    by_number = {one.line_number: share for one, share in zip(goods, shares, strict=True)}
    return [_with_share(one, by_number.get(one.line_number, ZERO)) for one in lines]


def _with_share(line: Line, share: Decimal) -> Line:
    if not share:
        return line
    discount = Discount(share, scope="BASKET", reason=SPREAD_HERE)
    return dataclasses.replace(line, net=line.net - share, discounts=(discount,))


def _item(line: Fields, number: int, applications: list[Fields], included: bool, currency: str) -> Line:
    quantity, price = line.amount("quantity"), line.amount("price")
    gross = rounded(exact_product(price, quantity), currency)
    discounts = _discounts(line, applications)
    return Line(
        line_number=number,
        item=item_of(line),
        kind=kind_of(line),
        description=description_of(line),
        quantity=quantity,
        unit_price=price,
        gross=gross,
        net=gross - total(one.amount for one in discounts),
        discounts=discounts,
        taxes=taxes_of(line, included),
    )


def _shipping(line: Fields, number: int, applications: list[Fields], included: bool) -> Line:
    gross = line.amount("price")
    discounts = _discounts(line, applications)
    return Line(
        line_number=number,
        item=None,
        kind=LineKind.SHIPPING,
        description=line.words("title"),
        quantity=Decimal(1),
        unit_price=gross,
        gross=gross,
        net=gross - total(one.amount for one in discounts),
        discounts=discounts,
        taxes=taxes_of(line, included),
    )


def _discounts(line: Fields, applications: list[Fields]) -> tuple[Discount, ...]:
    return tuple(
        _discount(one, applications) for one in line.children("discount_allocations") if one.amount("amount")
    )


def _discount(allocation: Fields, applications: list[Fields]) -> Discount:
    """Say what a share of a discount comes from, where the order tells its application."""
    index = allocation.amount_or_none("discount_application_index")
    place = int(index) if index is not None and index == index.to_integral_value() else -1
    application = applications[place] if 0 <= place < len(applications) else None
    if application is None:
        return Discount(allocation.amount("amount"))
    is_basket = (
        application.text("allocation_method") == "across" or application.text("target_selection") == "all"
    )
    return Discount(
        amount=allocation.amount("amount"),
        scope="BASKET" if is_basket else "LINE",
        method=_METHODS.get(application.text("value_type"), "AMOUNT"),
        code=application.words("code"),
        reason=application.words("title") or application.words("description"),
    )


def _tip_beside_the_lines(order: Fields, lines: Sequence[Line], number: int) -> list[Line]:
    """Give the tip as a line of its own where the header tells one and no line does."""
    tip = order.amount_or_none("total_tip_received") or ZERO
    if not tip or any(one.kind is LineKind.TIP for one in lines):
        return []
    return [Line(number, None, Decimal(1), tip, tip, kind=LineKind.TIP, unit_price=tip)]
