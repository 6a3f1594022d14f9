"""NCR's sales lines: signs, voided pairs, rewards as discounts, and the transaction's tax on its lines.

What the samples teach (POS facts §1.4): ExtendedAmount is the truth; a voided line stays and a second one
with VoidFlag and negative values takes it back; a NegativeItem (bottle refund) has a quantity of the wrong
sign; rewards are told twice, the detailed telling counts; tax is given for the transaction and belongs to its
taxable lines.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.pos.allocation import allocated
from shared.pos.poslog_xml import Node
from shared.retail.money import ZERO, minor_unit, total
from shared.retail.transaction import Discount, Line, Tax

_MONEY_REWARDS = frozenset({"PercentOff", "FreeItem"})


@dataclass(frozen=True, slots=True)
class _Sold:
    """A line as rung, with the operator's numbering that rewards refer to and the taxes it is liable to."""

    line: Line
    operator_sequence: str
    tax_flags: frozenset[str]
    is_void: bool


@dataclass(frozen=True, slots=True)
class _Reward:
    """A reward in money: on one line of the operator's numbering, on an item, or on all of it."""

    operator_sequence: str
    item: str
    promotion: str
    kind: str
    level: str


def lines_and_voided(items: Sequence[Node], currency: str) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Read the lines of a transaction, with discounts and taxes on them, and the pairs of line and its void.

    A pair leaves the lines only where both cancel out to nothing: same item and taxes, exactly opposite
    quantity and amount, no reward on either. Any other void stays among the lines with its negative values,
    as NCR adds it up.
    """
    unit = minor_unit(currency)
    rewards = _rewards(items)
    rewarded = {reward.operator_sequence for reward in rewards}
    sold, voided = _without_pairs(_sold(items), rewarded)
    _apply_rewards(sold, rewards, unit)
    for code, amount in _taxes(items).items():
        _apply_tax(sold, code, amount, unit)
    return tuple(one.line for one in sold), tuple(one.line for one in voided)


def _sold(items: Sequence[Node]) -> list[_Sold]:
    found = []
    for item in items:
        for name in ("Sale", "Return"):
            goods = item.child(name)
            if goods is not None:
                found.append(_one_sold(item, goods, is_return=name == "Return"))
    return found


def _one_sold(item: Node, goods: Node, *, is_return: bool) -> _Sold:
    quantity, gross = goods.amount("Quantity"), goods.amount("ExtendedAmount")
    if is_return:
        quantity, gross = -abs(quantity), -abs(gross)
    elif goods.attribute("ItemType") == "acs:NegativeItem":
        quantity = -quantity
    identity = goods.child("POSIdentity")
    is_gtin = identity is not None and identity.attribute("POSIDType") == "GTIN"
    price = goods.optional_amount("ActualSalesUnitPrice") or goods.optional_amount("RegularSalesUnitPrice")
    itemizers = goods.child("acs:Itemizers")
    flags = itemizers.element.attrib if itemizers else {}
    line = Line(
        line_number=item.number("SequenceNumber"),
        item=goods.text("ItemID") or None,
        gtin=identity.text("POSItemID") or None if identity and is_gtin else None,
        description=goods.text("Description") or None,
        quantity=quantity,
        unit_price=None if price is None else abs(price),
        gross=gross,
        net=gross,
    )
    liable = (name for name, value in flags.items() if name.startswith("Tax") and value == "true")
    taxes = frozenset(name.removeprefix("Tax") for name in liable)
    return _Sold(line, goods.text("acs:OperatorSequence"), taxes, item.flag("VoidFlag"))


def _without_pairs(sold: list[_Sold], rewarded: set[str]) -> tuple[list[_Sold], list[_Sold]]:
    """Part the lines from the pairs that cancel out; a void takes back the nearest line before it."""
    waiting: dict[tuple[object, ...], list[int]] = {}
    partner: dict[int, int] = {}
    for index, one in enumerate(sold):
        sign = -1 if one.is_void else 1
        key = (one.line.item, one.tax_flags, sign * one.line.quantity, sign * one.line.gross)
        if one.operator_sequence in rewarded:
            continue
        if not one.is_void:
            waiting.setdefault(key, []).append(index)
        elif waiting.get(key):
            partner[index] = waiting[key].pop()
    paired = {*partner, *partner.values()}
    kept = [one for index, one in enumerate(sold) if index not in paired]
    return kept, [sold[index] for pair in partner.items() for index in reversed(pair)]


def _rewards(items: Sequence[Node]) -> dict[_Reward, Decimal]:
    """Add up what each reward takes off (+); points are left out, and the summary that repeats details."""
    found: dict[_Reward, Decimal] = {}
    for item in items:
        reward = item.child("LoyaltyReward")
        if reward is None or not reward.flag("acs:detailedData"):
            continue
        if reward.text("acs:RewardType") not in _MONEY_REWARDS:
            continue
        basis = reward.child("acs:RewardBasis")
        key = _Reward(
            operator_sequence=reward.text("acs:OperatorSequenceReference"),
            item=basis.text("acs:ItemID") if basis else "",
            promotion=reward.text("PromotionID"),
            kind=reward.text("acs:RewardType"),
            level=reward.text("acs:RewardLevel"),
        )
        found[key] = found.get(key, ZERO) - reward.amount("acs:ExtendedRewardAmount")
    return {key: amount for key, amount in found.items() if amount}


def _apply_rewards(sold: list[_Sold], rewards: Mapping[_Reward, Decimal], unit: Decimal) -> None:
    """Put each reward on the line it names, else over the lines of its item, else over everything sold."""
    by_sequence: dict[str, list[int]] = {}
    by_item: dict[str | None, list[int]] = {}
    for index, one in enumerate(sold):
        by_sequence.setdefault(one.operator_sequence, []).append(index)
        by_item.setdefault(one.line.item, []).append(index)
    all_sold = [index for index, one in enumerate(sold) if one.line.gross > 0]
    for reward, amount in rewards.items():
        named = by_sequence.get(reward.operator_sequence, [])
        of_item = by_item.get(reward.item, []) if reward.item else []
        for chosen in (named, of_item, all_sold):
            weights = [sold[index].line.net for index in chosen]
            if total(weights):
                for index, share in zip(chosen, allocated(amount, weights, unit), strict=True):
                    sold[index] = _discounted(sold[index], reward, share)
                break


def _discounted(one: _Sold, reward: _Reward, amount: Decimal) -> _Sold:
    if not amount:
        return one
    discount = Discount(
        amount=amount,
        scope="BASKET" if reward.level == "Transaction" else "LINE",
        method="PERCENT" if reward.kind == "PercentOff" else "AMOUNT",
        code=reward.kind,
        promotion=reward.promotion or None,
    )
    line = one.line
    line = dataclasses.replace(line, net=line.net - amount, discounts=(*line.discounts, discount))
    return dataclasses.replace(one, line=line)


def _taxes(items: Sequence[Node]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for item in items:
        tax = item.child("Tax")
        if tax is not None:
            code = tax.attribute("acs:TaxID") or tax.required("TaxGroupID")
            found[code] = found.get(code, ZERO) + tax.amount("Amount")
    return {code: amount for code, amount in found.items() if amount}


def _apply_tax(sold: list[_Sold], code: str, amount: Decimal, unit: Decimal) -> None:
    """Allocate a tax over the lines liable to it, by what they cost after rewards.

    Where no line is liable, the tax stays off the lines; the transaction then does not balance and is held.
    """
    liable = [index for index, one in enumerate(sold) if code in one.tax_flags]
    weights = [sold[index].line.net for index in liable]
    if total(weights):
        for index, share in zip(liable, allocated(amount, weights, unit), strict=True):
            if share:
                sold[index] = _taxed(sold[index], Tax(code=code, amount=share, base=sold[index].line.net))


def _taxed(one: _Sold, tax: Tax) -> _Sold:
    return dataclasses.replace(one, line=dataclasses.replace(one.line, taxes=(*one.line.taxes, tax)))
