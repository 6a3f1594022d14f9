"""Square's sold and returned lines: goods, service charges and tips, with their taxes and discounts, in the store's sign.

An order tells what it sold in `line_items` and what came back in `returns`, both with positive amounts. Where a price
includes a tax, `gross_sales_money` does or does not, by country; there the line's total is the truth. (POS facts §3.2.)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from shared.pos.adapter import LINES_MAX, SHAPE, rejected
from shared.pos.allocation import allocated
from shared.pos.square_money import DiscountTerms, Purse, TaxTerms, discount_terms, tax_terms
from shared.pos.vendor_json import Part
from shared.retail.money import minor_unit, total
from shared.retail.rules import Problem
from shared.retail.transaction import Discount, Line, LineKind, Link, LinkRole, Tax

CUSTOM_AMOUNT = "CUSTOM_AMOUNT"
TIP = "TIP"
LOOSE_DISCOUNTS_MAX = 20
AUTO_GRATUITY = "AUTO_GRATUITY"
_ITEM_TYPES = {"ITEM": LineKind.ITEM, CUSTOM_AMOUNT: LineKind.ITEM, "GIFT_CARD": LineKind.GIFT_CARD_ISSUE}
_UNITS = ("weight_unit", "volume_unit", "length_unit", "area_unit", "time_unit", "generic_unit")


@dataclass(frozen=True, slots=True)
class Cards:
    """Which lines sold a gift card, and which payments used one: (kind, the card's id) by line uid, card by payment."""

    sold: Mapping[str, tuple[LineKind, str]]
    used: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sale:
    """An order that goods came back of: its shop, and the number that each of its lines has here, by uid."""

    store: str | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where lines stand: sold (+1) or returned (-1), with the terms their taxes and discounts go by."""

    purse: Purse
    sign: int
    taxes: Mapping[str, TaxTerms]
    discounts: Mapping[str, DiscountTerms]
    cards: Cards
    order: str | None = None
    reason: str | None = None
    sale: Sale = field(default_factory=Sale)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of an order. restated: numbers of lines whose included taxes are told as added ones; see `lines_of`."""

    lines: tuple[Line, ...]
    prices_include_tax: bool
    restated: tuple[int, ...]
    refunded_orders: tuple[str, ...]


def lines_of(order: Part, purse: Purse, cards: Cards, sales: Mapping[str, Sale], reason: str | None) -> Lines:
    """Read every line of an order.

    sales: the orders that goods came back of, by id, as far as they were fetched. A basket discount that no line carries is
    spread over them by largest remainder. Where some lines include their taxes and others do not, those that do are told
    without: a receipt's prices are of one kind. Their amounts due stay the same.
    """
    sold = _Source(
        purse, 1, tax_terms(order.parts("taxes")), discount_terms(order.parts("discounts"), purse), cards
    )
    found = list(_of_order(order, sold))
    found = _with_basket_discounts(found, sold)
    refunded: list[str] = []
    for one in order.parts("returns"):
        back = _Source(
            purse, -1, tax_terms(one.parts("return_taxes")), discount_terms(one.parts("return_discounts"), purse), cards,
            one.id_or_none("source_order_id"), reason, sales.get(one.text("source_order_id"), Sale()),
        )  # fmt: skip
        found += _with_basket_discounts(list(_of_return(one, back)), back)
        refunded += [back.order] if back.order else []
    if len(found) > LINES_MAX:
        raise rejected(Problem(SHAPE, order.at("line_items"), f"at most {LINES_MAX} lines", str(len(found))))
    numbered = [dataclasses.replace(line, line_number=number) for number, line in enumerate(found, 1)]
    return _of_one_kind(numbered, tuple(dict.fromkeys(refunded)))


def sale_of(order: Part, store: str) -> Sale:
    """Read what a return needs of the order it gives back. store: where it came back; the sale's is told where it is another."""
    location = order.id_or_none("location_id")
    numbers = {one.id("uid"): number for number, one in enumerate(order.parts("line_items"), 1)}
    return Sale(location if location != store else None, numbers)


def _of_order(order: Part, source: _Source) -> Iterator[Line]:
    for part in order.parts("line_items"):
        yield _goods(part, source, "gross_sales_money")
    for part in order.parts("service_charges"):
        yield _charge(part, source)
    tip = source.purse.or_zero(order, "total_tip_money")
    if tip:
        yield _tip(tip)


def _of_return(part: Part, source: _Source) -> Iterator[Line]:
    for one in part.parts("return_line_items"):
        yield _goods(one, source, "gross_return_money")
    for one in part.parts("return_service_charges"):
        yield _charge(one, source)
    for one in part.parts("return_tips"):
        tip = source.purse.of(one, "applied_money")
        if tip:
            yield _tip(-tip)


def _goods(part: Part, source: _Source, gross_name: str) -> Line:
    quantity = part.amount("quantity")
    kind = _ITEM_TYPES[part.word("item_type", _ITEM_TYPES, "ITEM")]
    card = None
    if kind is LineKind.GIFT_CARD_ISSUE:
        kind, card = source.cards.sold.get(part.text("uid"), (kind, None))
    line = _line(part, source, source.purse.first(part, gross_name, "variation_total_price_money"))
    link = _original(part, source)
    if source.order and link is None:
        kind = LineKind.GOODWILL  # money given back by amount: no line of the sale came back
    return dataclasses.replace(
        line,
        item=part.id_or_none("catalog_object_id") or CUSTOM_AMOUNT,
        kind=kind,
        quantity=source.sign * quantity,
        description=part.text("name") or None,
        unit=_unit(part),
        unit_price=None
        if part.parts("modifiers") or part.parts("return_modifiers")
        else _price(part, source),
        gift_card=card,
        original=link,
        return_reason=source.reason if source.sign < 0 else None,
    )


def _charge(part: Part, source: _Source) -> Line:
    """Read a service charge; a gratuity that the order adds by itself is a tip."""
    kind = part.text("type")
    line = _line(part, source, source.purse.first(part, "applied_money", "amount_money"))
    fallback = kind if kind in (AUTO_GRATUITY, "CARD_SURCHARGE") else "SERVICE_CHARGE"
    return dataclasses.replace(
        line,
        item=part.id_or_none("catalog_object_id") or fallback,
        kind=LineKind.TIP if kind == AUTO_GRATUITY else LineKind.CHARGE,
        description=part.text("name") or None,
        return_reason=source.reason if source.sign < 0 else None,
    )


def _tip(amount: Decimal) -> Line:
    return Line(1, TIP, Decimal(1 if amount > 0 else -1), amount, amount, kind=LineKind.TIP)


def _line(part: Part, source: _Source, stated_gross: Decimal) -> Line:
    """Read the amounts that goods and charges have alike."""
    discounts = tuple(_discounts(part, source))
    taken_off = total(one.amount for one in discounts)
    gross = source.sign * stated_gross
    net = gross - taken_off
    taxes = tuple(_taxes(part, source))
    if any(one.inclusive for one in taxes):
        due = source.purse.of(part, "total_money") - source.purse.or_zero(part, "total_service_charge_money")
        net = source.sign * due - total(one.amount for one in taxes if not one.inclusive)
        gross = net + taken_off
    return Line(
        1,
        None,
        Decimal(source.sign),
        gross,
        net,
        discounts=discounts,
        taxes=_on_taxes(part, source, net, taxes),
    )


def _discounts(part: Part, source: _Source) -> Iterator[Discount]:
    applied = part.parts("applied_discounts")
    for one in applied:
        uid = one.id("discount_uid")
        if uid not in source.discounts:
            raise one.wrong("discount_uid", "a discount of the order")
        yield _discount(source.discounts[uid], source.sign * source.purse.of(one, "applied_money"))
    rest = source.purse.or_zero(part, "total_discount_money")
    if rest and not applied:
        yield Discount(source.sign * rest)


def _discount(terms: DiscountTerms, amount: Decimal) -> Discount:
    return Discount(
        amount, "BASKET" if terms.is_basket else "LINE", terms.method, terms.code, terms.promotion, terms.name,
        terms.funded_by,
    )  # fmt: skip


def _taxes(part: Part, source: _Source) -> Iterator[Tax]:
    for one in part.parts("applied_taxes"):
        uid = one.id("tax_uid")
        if uid not in source.taxes:
            raise one.wrong("tax_uid", "a tax of the order")
        terms = source.taxes[uid]
        amount = source.sign * source.purse.of(one, "applied_money")
        yield Tax(terms.code, amount, terms.rate, inclusive=terms.inclusive)


def _on_taxes(part: Part, source: _Source, net: Decimal, taxes: tuple[Tax, ...]) -> tuple[Tax, ...]:
    """Say of a tax that is on other taxes what it is on."""
    terms = [source.taxes[one.id("tax_uid")] for one in part.parts("applied_taxes")]
    first = total(
        tax.amount for tax, one in zip(taxes, terms, strict=True) if not one.on_taxes and not one.inclusive
    )
    return tuple(
        dataclasses.replace(tax, base=net + first) if one.on_taxes and not one.inclusive else tax
        for tax, one in zip(taxes, terms, strict=True)
    )


def _original(part: Part, source: _Source) -> Link | None:
    uid = part.id_or_none("source_line_item_uid")
    if source.order is None or uid is None:
        return None
    return Link(LinkRole.ORIGINAL, source.order, source.sale.store, line_number=source.sale.numbers.get(uid))


def _price(part: Part, source: _Source) -> Decimal | None:
    return source.purse.or_none(part, "base_price_money")


def _unit(part: Part) -> str | None:
    """Give the unit of a quantity that is measured; None where goods are counted."""
    measured = part.part_or_none("quantity_unit")
    unit = measured.part_or_none("measurement_unit") if measured else None
    if unit is None:
        return None
    custom = unit.part_or_none("custom_unit")
    if custom is not None:
        return custom.id("abbreviation")
    return next((unit.id(name) for name in _UNITS if unit.has(name)), None)


def _with_basket_discounts(lines: list[Line], source: _Source) -> list[Line]:
    """Spread each basket discount that no line carries, by what the lines cost."""
    carried = {(one.code, one.reason) for line in lines for one in line.discounts}
    loose = [
        one
        for one in source.discounts.values()
        if one.is_basket and one.share and (one.code, one.name) not in carried
    ]
    goods = [index for index, line in enumerate(lines) if line.kind is not LineKind.TIP]
    if len(loose) > LOOSE_DISCOUNTS_MAX or (None, None) in carried:
        return lines  # nobody spreads so many, or the lines do not say whose theirs are: held with the difference
    for terms in loose:
        weights = [lines[index].net for index in goods]
        if not total(weights):
            break
        shares = allocated(source.sign * terms.share, weights, minor_unit(source.purse.currency))
        for index, share in zip(goods, shares, strict=True):
            if share:
                line = lines[index]
                discounts = (*line.discounts, _discount(terms, share))
                lines[index] = dataclasses.replace(line, net=line.net - share, discounts=discounts)
    return lines


def _of_one_kind(lines: Sequence[Line], refunded: tuple[str, ...]) -> Lines:
    """Tell all prices alike: with their taxes where no line has added ones only, else without."""
    with_tax = [line for line in lines if line.taxes and all(tax.inclusive for tax in line.taxes)]
    without = [line for line in lines if line.taxes and not any(tax.inclusive for tax in line.taxes)]
    if not with_tax or not without:
        return Lines(tuple(lines), any(tax.inclusive for line in lines for tax in line.taxes), (), refunded)
    restated = {line.line_number for line in with_tax}
    told = (_without_its_taxes(line) if line.line_number in restated else line for line in lines)
    return Lines(tuple(told), False, tuple(sorted(restated)), refunded)


def _without_its_taxes(line: Line) -> Line:
    taxes = tuple(dataclasses.replace(tax, inclusive=False) for tax in line.taxes)
    return dataclasses.replace(
        line, gross=line.gross - line.tax, net=line.net - line.tax, taxes=taxes, unit_price=None
    )
