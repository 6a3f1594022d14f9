"""Lightspeed's exact amounts as whole cents that still add up: lines, taxes, discounts on the whole sale, roundings.

Lightspeed keeps five digits and rounds the total once. Here the lines' sum is rounded once, and so is the taxes' sum; what
each line gets of it goes by the largest remainder. What rounding the whole leaves over is a rounding of its own, RESIDUAL. No
amount is changed to fit what was paid. (POS facts §4.1.)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from shared.pos.adapter import SHAPE, rejected
from shared.pos.allocation import allocated
from shared.pos.lightspeed_sale import Item, TaxPart
from shared.retail.money import minor_unit, rounded, total
from shared.retail.rounding import CASH_STEPS, smallest_coin
from shared.retail.rules import Problem
from shared.retail.transaction import (
    Discount,
    Line,
    LineKind,
    Link,
    Rounding,
    RoundingReason,
    Tax,
    Tender,
    TenderType,
)

TAXES_MAX = 100


@dataclass(frozen=True, slots=True)
class Charge:
    """Money on the sale that is no goods: a tip, a fee, delivery; exact."""

    kind: LineKind
    item: str
    name: str | None
    total: Decimal
    taxes: tuple[TaxPart, ...]


def whole(exact: Sequence[Fraction], unit: Decimal) -> list[Decimal]:
    """Round amounts so that they add up to their rounded sum: each down, the rest to the largest remainders."""
    scaled = [one / Fraction(unit) for one in exact]
    units = [floor(one) for one in scaled]
    rest = floor(sum(scaled, Fraction(0)) + Fraction(1, 2)) - sum(units)
    order = sorted(range(len(units)), key=lambda index: (units[index] - scaled[index], index))
    for index in order[:rest]:
        units[index] += 1
    return [one * unit for one in units]


def lines_of(
    items: Sequence[Item], charges: Sequence[Charge], off: Decimal, original: Link | None, currency: str
) -> tuple[Line, ...]:
    """Turn items and charges into lines. off: taken off the whole sale beside the items that do, exact."""
    unit = minor_unit(currency)
    goods = [one for one in items if not one.is_discount]
    reductions = [one for one in items if one.is_discount]
    priced: list[Item | Charge] = [*goods, *charges]
    nets = whole([Fraction(one.total) for one in priced], unit)
    lines = [
        _goods(one, net, number, original, unit)
        for number, (one, net) in enumerate(zip(goods, nets, strict=False), 1)
    ]
    for number, (one, net) in enumerate(zip(charges, nets[len(goods) :], strict=True), len(goods) + 1):
        quantity = Decimal(-1 if net < 0 else 1)
        lines.append(Line(number, one.item, quantity, net, net, kind=one.kind, description=one.name))
    basket = rounded(total(-one.total for one in reductions) + off, currency)
    lines = _with_basket(lines, basket, len(goods), unit)
    return _with_taxes(lines, [one.taxes for one in priced], reductions, unit)


def residual(
    items: Sequence[Item], charges: Sequence[Charge], off: Decimal, lines: Sequence[Line], currency: str
) -> Decimal:
    """Give what rounding the whole sale leaves over beside the rounded lines and taxes."""
    priced: list[Item | Charge] = [*items, *charges]
    exact = total(one.total + total(tax.amount for tax in one.taxes) for one in priced) - off
    return rounded(exact, currency) - total(line.amount_due for line in lines)


def cash_rounding(tenders: Sequence[Tender], due: Decimal, currency: str) -> tuple[Rounding, ...]:
    """Name what was paid more or less because there is no smaller coin; nothing where no coin explains it.

    Lightspeed does not tell it: it is set on the payment type. Only cash is rounded, to a multiple of a coin, by half of it
    at most.
    """
    cash = [one for one in tenders if one.type is TenderType.CASH and one.is_captured]
    paid = total(one.amount for one in tenders if one.is_captured)
    difference, largest = paid - due, smallest_coin(currency) or Decimal(1)
    handed = total(one.amount for one in cash)
    for step in CASH_STEPS:
        if (
            minor_unit(currency) < step <= largest
            and cash
            and not handed % step
            and 0 < abs(difference) <= step / 2
        ):
            return (Rounding(RoundingReason.CASH, difference, cash[0].tender_number),)
    return ()


def _goods(item: Item, net: Decimal, number: int, original: Link | None, unit: Decimal) -> Line:
    discounts = _discounts(item, unit)
    is_return = item.quantity < 0
    return Line(
        line_number=number,
        item=item.product,
        quantity=item.quantity,
        gross=net + total(one.amount for one in discounts),
        net=net,
        kind=LineKind.GIFT_CARD_ISSUE if item.gift_card else LineKind.ITEM,
        description=item.name,
        unit_price=item.price + item.discount_each if item.discount_each >= 0 else item.price,
        discounts=discounts,
        original=original if is_return else None,
        return_reason=item.reason if is_return else None,
        gift_card=item.gift_card,
    )


def _discounts(item: Item, unit: Decimal) -> tuple[Discount, ...]:
    """Split a line's discount by the promotions that made it; a price put up is no discount."""
    if item.discount * item.quantity <= 0:
        return ()
    sign = -1 if item.quantity < 0 else 1
    rest = abs(item.discount) - total(amount for _, _, amount in item.promotions)
    named = [(one, name, amount) for one, name, amount in item.promotions] if rest >= 0 else []
    parts = [*named, *([("", "", rest if named else abs(item.discount))] if rest > 0 or not named else [])]
    amounts = whole([Fraction(amount) for _, _, amount in parts], unit)
    return tuple(
        Discount(sign * amount, promotion=one or None, reason=name or None)
        for (one, name, _), amount in zip(parts, amounts, strict=True)
        if amount
    )


def _with_basket(lines: list[Line], basket: Decimal, goods: int, unit: Decimal) -> list[Line]:
    """Spread what is taken off the whole sale over its goods, by what they cost."""
    weights = [line.net for line in lines[:goods]]
    if not basket or not total(weights):
        return lines  # nothing to spread it over: the sale does not add up then and is held
    shares = allocated(basket, weights, unit)
    for index, share in enumerate(shares):
        if share:
            line = lines[index]
            discounts = (*line.discounts, Discount(share, scope="BASKET"))
            lines[index] = dataclasses.replace(line, net=line.net - share, discounts=discounts)
    return lines


def _with_taxes(
    lines: Sequence[Line], taxes: Sequence[tuple[TaxPart, ...]], reductions: Sequence[Item], unit: Decimal
) -> tuple[Line, ...]:
    """Put whole taxes on the lines; what a discount on the whole sale takes off a tax comes off its lines in proportion."""
    taken: dict[str, Fraction] = {}
    for item in reductions:
        for tax in item.taxes:
            taken[tax.code] = taken.get(tax.code, Fraction(0)) + Fraction(tax.amount)
    sums: dict[str, Fraction] = {}
    for tax in (one for some in taxes for one in some):
        sums[tax.code] = sums.get(tax.code, Fraction(0)) + Fraction(tax.amount)
    if len(sums) > TAXES_MAX:
        raise rejected(Problem(SHAPE, "sale", f"at most {TAXES_MAX} taxes", str(len(sums))))
    places = [(index, tax) for index, some in enumerate(taxes) for tax in some]
    exact = []
    for _, tax in places:
        share = Fraction(tax.amount) / sums[tax.code] if sums[tax.code] else Fraction(0)
        exact.append(Fraction(tax.amount) + share * taken.get(tax.code, Fraction(0)))
    found: list[list[Tax]] = [[] for _ in lines]
    for (index, tax), amount in zip(places, whole(exact, unit), strict=True):
        found[index].append(Tax(tax.code, amount, tax.rate))
    return tuple(
        dataclasses.replace(line, taxes=tuple(some)) for line, some in zip(lines, found, strict=True)
    )
