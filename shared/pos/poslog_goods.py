"""The sales lines of POSLog 6 and of the vendors who write it otherwise than NCR: signs, voids, discounts, deposits.

ExtendedAmount is the truth, after what its own modifiers take off. A Discount line takes off what the lines say; a modifier of
the same amount repeats it. Direction comes from the element, the action and the sign of the quantity, never from one of them
alone. (POS facts §1.2, §1.4.)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.pos.adapter import SHAPE, rejected
from shared.pos.allocation import allocated
from shared.pos.canonical_values import read_amount
from shared.pos.poslog_links import link_of
from shared.pos.poslog_xml import AMOUNT_BELOW, Node
from shared.retail.money import ZERO, minor_unit, total
from shared.retail.rules import Problem
from shared.retail.transaction import Discount, Line, LineKind, Link

RETURNS = frozenset({"Return", "ReturnForDelivery", "ReturnForPickup"})
_SALES = frozenset({"Sale", "SaleForDelivery", "SaleForPickup", "FuelSale"})
_VALUES = {
    "SaleOfGiftCard": LineKind.GIFT_CARD_ISSUE, "GiftCertificate": LineKind.GIFT_CARD_ISSUE,
    "StoredValueFundSale": LineKind.GIFT_CARD_LOAD, "Deposit": LineKind.CUSTOMER_DEPOSIT, "Donation": LineKind.DONATION,
}  # fmt: skip
GOODS = RETURNS | _SALES | frozenset(_VALUES)
_DEPOSIT_ITEMS = frozenset({"Deposit", "ContainerDeposit"})


@dataclass(frozen=True, slots=True)
class Good:
    """A line as rung, with where its taxes and discounts come from.

    parent: the number of the line in whose amount this one is contained. modifiers: what its own modifiers take off.
    """

    line: Line
    node: Node
    parent: int | None = None
    modifiers: tuple[Discount, ...] = ()


def goods_of(items: Sequence[Node], currency: str, original: Link | None) -> tuple[list[Good], list[Line]]:
    """Read the lines, with what is taken off them and deposits beside their goods; and the lines that were voided."""
    unit = minor_unit(currency)
    kept: list[Good] = []
    voided: list[Line] = []
    for item in items:
        name = next((one for one in item.names() if one in GOODS), "")
        if not name:
            continue
        good = _good(item, item.children(name)[0], name, original)
        if item.flag("CancelFlag") or item.flag("DeleteFlag"):
            voided.append(good.line)
        elif item.flag("VoidFlag"):
            _void(kept, voided, good)
        else:
            kept.append(good)
    kept = _deposits_apart(kept)
    return _discounted(kept, items, unit), voided


def _good(item: Node, goods: Node, name: str, original: Link | None) -> Good:
    number = item.number("SequenceNumber")
    if name in _VALUES:
        return Good(_value(number, goods, _VALUES[name]), goods)
    quantity, net, price = goods.amount("Quantity"), goods.amount("ExtendedAmount"), _price(goods)
    quantity = _in_units(goods, quantity, net, price)
    if name in RETURNS or action_of(goods, "ExtendedAmount") == "Subtract" or quantity < 0:
        quantity, net = -abs(quantity), -abs(net)
    modifiers = _modifiers(goods, -1 if net < 0 else 1)
    is_deposit = goods.attribute("ItemType") in _DEPOSIT_ITEMS
    identity = goods.child("POSIdentity")
    gtin = identity.text("POSItemID") if identity and identity.attribute("POSIDType") == "GTIN" else ""
    link = goods.child("TransactionLink") or item.child("TransactionLink")
    line = Line(
        line_number=number,
        item=goods.text("ItemID") or (identity.text("POSItemID") if identity else "") or None,
        gtin=gtin or None,
        description=goods.text("Description") or None,
        quantity=quantity,
        unit=attribute_of(goods, "Quantity", "UnitOfMeasureCode") or None,
        unit_price=None if price is None else abs(price),
        gross=net,
        net=net,
        kind=LineKind.CONTAINER_DEPOSIT if is_deposit else LineKind.ITEM,
        return_reason=(goods.text("Reason") or None) if net < 0 else None,
        original=_original(link, original) if net < 0 else None,
    )
    return Good(line, goods, _line_named(item, goods) if is_deposit else None, modifiers)


def _value(number: int, goods: Node, kind: LineKind) -> Line:
    """Read a line that is money kept for somebody: a card sold or loaded, a deposit, a donation."""
    names = ("ExtendedAmount", "Amount", "FaceValueAmount", "InitialBalance")
    name = next((one for one in names if goods.text(one)), "ExtendedAmount")
    amount = goods.amount(name)
    takes = action_of(goods, name) == "Subtract" or amount < 0
    amount = -abs(amount) if takes else amount
    return Line(
        line_number=number, item=goods.text("ItemID") or str(kind), kind=kind, quantity=Decimal(-1 if takes else 1),
        description=goods.text("Description") or None, unit_price=abs(amount), gross=amount, net=amount,
    )  # fmt: skip


def _line_named(item: Node, goods: Node) -> int | None:
    """Give the number of the line that a line item names as the one it belongs to."""
    for node in (item, goods):
        if node.text("ItemLink"):
            return node.number("ItemLink")
    return None


def attribute_of(node: Node, child: str, name: str) -> str:
    """Give an attribute of a child; empty where there is none."""
    found = node.child(child)
    return found.attribute(name) if found else ""


def action_of(node: Node, child: str) -> str:
    """Give whether an amount says of itself that it is added or taken off."""
    return attribute_of(node, child, "Action")


def _price(goods: Node) -> Decimal | None:
    for name in ("ActualSalesUnitPrice", "RegularSalesUnitPrice"):
        if goods.text(name):
            return goods.amount(name)
    return None


def _in_units(goods: Node, quantity: Decimal, net: Decimal, price: Decimal | None) -> Decimal:
    """Give the quantity in units: a pack of two at 69.00 for 138.00 is two. Only where the price proves it."""
    text = attribute_of(goods, "Quantity", "Units")
    if not text or price is None or abs(quantity * price) == abs(net):
        return quantity
    try:
        units = read_amount(text)
    except ValueError as error:
        raise rejected(Problem(SHAPE, f"{goods.place}/Quantity/@Units", str(error), text[:80])) from error
    if abs(units) >= AMOUNT_BELOW:
        return quantity
    return quantity * units if abs(quantity * units * price) == abs(net) else quantity


def _modifiers(goods: Node, sign: int) -> tuple[Discount, ...]:
    """Read what a line's price was brought down by, told by modifiers or in one sum; told by both, it counts once."""
    found = []
    for one in goods.children("RetailPriceModifier"):
        if not one.text("Amount") or action_of(one, "Amount") == "Add":
            continue
        reason = one.text("ReasonCode") or None
        method = "PERCENT" if one.text("Percent") else "AMOUNT"
        found.append(
            Discount(
                sign * abs(one.amount("Amount")),
                method=method,
                promotion=one.text("PromotionID") or None,
                reason=reason,
            )
        )
    if not goods.text("ExtendedDiscountAmount"):
        return tuple(one for one in found if one.amount)
    summed = sign * abs(goods.amount("ExtendedDiscountAmount"))
    if found and total(one.amount for one in found) != summed:
        expected = f"what the line's RetailPriceModifiers take off, {abs(total(one.amount for one in found))}"
        raise rejected(Problem(SHAPE, f"{goods.place}/ExtendedDiscountAmount", expected, str(abs(summed))))
    return tuple(found) if found else (Discount(summed),) if summed else ()


def _original(node: Node | None, otherwise: Link | None) -> Link | None:
    if node is None:
        return otherwise
    link = link_of(node)
    line = node.text("LineItemSequenceNumber")
    return dataclasses.replace(link, line_number=node.number("LineItemSequenceNumber")) if line else link


def _void(kept: list[Good], voided: list[Line], good: Good) -> None:
    """Put a voided line aside: alone where it is marked itself, with the line it takes back where it negates one.

    One that negates no line exactly stays among the lines with its negative values: it adds up as it was sent.
    """
    line = good.line
    if line.quantity > 0:
        voided.append(line)
        return
    for index in reversed(range(len(kept))):
        one = kept[index].line
        if (one.item, one.quantity, one.net) == (line.item, -line.quantity, -line.net):
            voided += [kept.pop(index).line, line]
            return
    kept.append(good)


def _deposits_apart(goods: list[Good]) -> list[Good]:
    """Take a deposit that names its goods out of their amount, which contains it."""
    place = {one.line.line_number: index for index, one in enumerate(goods)}
    found = list(goods)
    for index, one in enumerate(goods):
        if one.parent is None:
            continue
        if one.parent not in place or place[one.parent] == index:
            raise rejected(
                Problem(
                    SHAPE, f"{one.node.place}/ItemLink", "the number of a line that is sold", str(one.parent)
                )
            )
        of = found[place[one.parent]]
        line = dataclasses.replace(
            of.line, gross=of.line.gross - one.line.net, net=of.line.net - one.line.net, unit_price=None
        )
        found[place[one.parent]] = dataclasses.replace(of, line=line)
        found[index] = dataclasses.replace(
            found[index], line=dataclasses.replace(found[index].line, parent_line_number=one.parent)
        )
    return found


def _discounted(goods: list[Good], items: Sequence[Node], unit: Decimal) -> list[Good]:
    """Show what modifiers took off, and take off what Discount lines say: of the line they name, else of all by share."""
    found = list(goods)
    told: list[tuple[Node, Node, Decimal, list[int]]] = []
    for item in items:
        node = item.child("Discount")
        if node is None or any(item.flag(name) for name in ("VoidFlag", "CancelFlag", "DeleteFlag")):
            continue
        amount = node.amount("Amount") if node.text("Amount") else node.amount("ExtendedAmount")
        name = "Amount" if node.text("Amount") else "ExtendedAmount"
        amount = -abs(amount) if action_of(node, name) == "Add" else abs(amount)
        told.append((item, node, amount, _chosen(item, node, found)))
    repeated = _repeated(found, [(amount, chosen) for _, _, amount, chosen in told])
    for index, one in enumerate(found):
        found[index] = _shown(one, [each for each in one.modifiers if (index, id(each)) not in repeated])
    for item, node, amount, chosen in told:
        weights = [found[index].line.net for index in chosen]
        sign = 1 if total(weights) > 0 else -1
        shares = allocated(sign * amount, weights, unit) if total(weights) else []
        if not shares:
            raise rejected(Problem(SHAPE, node.place, "lines that it is taken off", "none with an amount"))
        scope = "LINE" if _line_named(item, node) is not None else "BASKET"
        for index, share in zip(chosen, shares, strict=True):
            found[index] = _reduced(found[index], node, share, scope)
    return found


def _chosen(item: Node, node: Node, goods: Sequence[Good]) -> list[int]:
    """Give the lines that a Discount line speaks of: the one it names, else all that were sold, or else all."""
    number = _line_named(item, node)
    if number is not None:
        found = [index for index, one in enumerate(goods) if one.line.line_number == number]
        if not found:
            raise rejected(Problem(SHAPE, f"{node.place}/ItemLink", "the number of a line", str(number)))
        return found
    sold = [index for index, one in enumerate(goods) if one.line.net > 0 and one.line.kind is LineKind.ITEM]
    return sold or [index for index, one in enumerate(goods) if one.line.net < 0]


def _repeated(goods: Sequence[Good], told: Sequence[tuple[Decimal, list[int]]]) -> set[tuple[int, int]]:
    """Find the modifiers that say again what a Discount line says: the same amount, on a line it speaks of."""
    found: set[tuple[int, int]] = set()
    for amount, chosen in told:
        for index in chosen:
            same = [
                (index, id(one))
                for one in goods[index].modifiers
                if abs(one.amount) == amount and (index, id(one)) not in found
            ]
            if same:
                found.add(same[0])
                break
    return found


def _shown(good: Good, modifiers: Sequence[Discount]) -> Good:
    line = good.line
    gross = line.net + total(one.amount for one in modifiers)
    return dataclasses.replace(good, line=dataclasses.replace(line, gross=gross, discounts=tuple(modifiers)))


def _reduced(good: Good, node: Node, share: Decimal, scope: str) -> Good:
    if share == ZERO:
        return good
    discount = Discount(
        share, scope=scope, method="PERCENT" if node.text("Percent") else "AMOUNT",
        promotion=node.text("PromotionID") or None, reason=node.text("ReasonCode") or None,
    )  # fmt: skip
    line = good.line
    return dataclasses.replace(
        good, line=dataclasses.replace(line, net=line.net - share, discounts=(*line.discounts, discount))
    )
