"""The taxes of POSLog 6: told on a line, for the whole receipt, or in its totals alone; in the price or on top of it.

`TaxIncludedInTaxableAmountFlag` speaks of the taxable amount, not of the price: a digital receipt says "false" of prices that
include their tax. So the price's own flag decides, else the till's own total does. (POS facts §1.4.)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from shared.pos.allocation import allocated
from shared.pos.poslog_goods import Good, attribute_of
from shared.pos.poslog_xml import Node
from shared.retail.money import ZERO, minor_unit, total
from shared.retail.transaction import Rounding, Tax


def is_in_the_price(
    goods: Sequence[Good], items: Sequence[Node], roundings: Sequence[Rounding], due: Decimal
) -> bool:
    """Say whether prices include their tax: as the lines say, else as the till's total is met without it, or nearer.

    due: the total that was printed, else what was paid. Where neither way meets it, the receipt is held either way.
    """
    for one in goods:
        said = one.node.text("TaxIncludedInPriceFlag") or one.node.attribute("TaxIncludedInPriceFlag")
        if said:
            return said in ("true", "1")
    taxes = _told_once(goods, items)
    if any(
        attribute_of(tax, "TaxableAmount", "TaxIncludedInTaxableAmountFlag") in ("true", "1") for tax in taxes
    ):
        return True
    if not taxes:
        return False
    without = total(one.line.net for one in goods) + total(one.amount for one in roundings)
    tax = abs(total(one.amount("Amount") for one in taxes)).copy_sign(without)
    return abs(without - due) < abs(without + tax - due)


def taxed(goods: Sequence[Good], items: Sequence[Node], currency: str, *, inclusive: bool) -> list[Good]:
    """Put the taxes on their lines. Told with more digits than money has, they are rounded once a code, by largest remainder.

    A tax for the whole receipt goes to the lines of its rate or group, over all of them where none says a rate. Where none
    is liable, it stays off the lines; the receipt then does not balance and is held.
    """
    found = list(goods)
    unit = minor_unit(currency)
    by_line = _told_on_lines(goods)
    if by_line:
        for code, (rate, amounts) in by_line.items():
            _put(found, code, rate, amounts, _rounded(total(amounts.values()), unit), unit, inclusive)
        return found
    for tax in _told_for_all(items):
        liable = [index for index, one in enumerate(found) if _is_liable(one, tax)]
        if not any(one.node.child("Tax") for one in goods):
            liable = list(range(len(found)))
        weights = {index: found[index].line.net for index in liable if found[index].line.net}
        whole = total(weights.values())
        amount = _rounded(tax.amount("Amount"), unit)
        if whole:
            one_way = all(weight * whole > 0 for weight in weights.values())
            amount = abs(amount).copy_sign(whole) if one_way else amount
            _put(found, code_of(tax), _rate(tax), weights, amount, unit, inclusive)
    return found


def code_of(tax: Node) -> str:
    """Give the name of a tax: its group, rule or authority, else its rate, such as 25."""
    for name in ("TaxGroupID", "TaxRuleID", "TaxAuthority"):
        if tax.text(name):
            return tax.required(name)
    rate = _rate(tax)
    return f"{rate.normalize():f}" if rate is not None else tax.attribute("TaxType") or "TAX"


def _told_on_lines(goods: Sequence[Good]) -> dict[str, tuple[Decimal | None, dict[int, Decimal]]]:
    """Give each tax that lines tell with its amount: rate, and the amount by the line's place, signed as the line."""
    found: dict[str, tuple[Decimal | None, dict[int, Decimal]]] = {}
    for index, one in enumerate(goods):
        for tax in one.node.children("Tax"):
            if not tax.text("Amount"):
                continue
            amount = abs(tax.amount("Amount")).copy_sign(-1 if one.line.is_return else 1)
            _, amounts = found.setdefault(code_of(tax), (_rate(tax), {}))
            amounts[index] = amounts.get(index, ZERO) + amount
    return {code: told for code, told in found.items() if any(told[1].values())}


def _told_for_all(items: Sequence[Node]) -> list[Node]:
    found = [tax for item in items if (tax := item.child("Tax")) is not None]
    return [tax for tax in found if tax.text("Amount") and tax.amount("Amount")]


def _told_once(goods: Sequence[Good], items: Sequence[Node]) -> list[Node]:
    on_lines = [tax for one in goods for tax in one.node.children("Tax") if tax.text("Amount")]
    return on_lines or _told_for_all(items)


def _is_liable(good: Good, tax: Node) -> bool:
    return any(code_of(one) == code_of(tax) or _rate(one) == _rate(tax) for one in good.node.children("Tax"))


def _rate(tax: Node) -> Decimal | None:
    return tax.optional_amount("Percent")


def _rounded(amount: Decimal, unit: Decimal) -> Decimal:
    return amount.quantize(unit, ROUND_HALF_UP)


def _put(
    goods: list[Good],
    code: str,
    rate: Decimal | None,
    weights: dict[int, Decimal],
    amount: Decimal,
    unit: Decimal,
    inclusive: bool,
) -> None:
    places = list(weights)
    if not total(weights.values()):
        shares = [_rounded(weights[place], unit) for place in places]
    else:
        shares = allocated(amount, [weights[place] for place in places], unit)
    for place, share in zip(places, shares, strict=True):
        if share:
            line = goods[place].line
            tax = Tax(code=code, amount=share, rate=rate, base=line.net, inclusive=inclusive)
            goods[place] = dataclasses.replace(
                goods[place], line=dataclasses.replace(line, taxes=(*line.taxes, tax))
            )
