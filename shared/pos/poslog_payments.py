"""The tenders of POSLog 6: money in and out, change in its three forms, cashback, tips, other currencies, cash rounding."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.pos.adapter import SHAPE, TENDERS_MAX, rejected
from shared.pos.poslog_tenders import TENDER_TYPES, card_of, void_partner
from shared.pos.poslog_xml import Node
from shared.retail.money import ZERO
from shared.retail.rules import Problem
from shared.retail.transaction import (
    ForeignMoney,
    Rounding,
    RoundingReason,
    Tender,
    TenderRole,
    TenderStatus,
    TenderType,
)

_CASH = "Cash"


@dataclass(frozen=True, slots=True)
class Paid:
    """What was paid, what the cash was rounded by (added to the amount due), and the tips within the payments."""

    tenders: tuple[Tender, ...]
    roundings: tuple[Rounding, ...]
    tips: Decimal


def paid(items: Sequence[Node]) -> Paid:
    """Read tenders, change and roundings of a transaction.

    Change is a line of its own, or stands in a tender that took more: told by both it counts once. Cashback that no line
    hands out leaves the drawer all the same. A tender that only rounds is a rounding and no tender.
    """
    tenders: list[Tender] = []
    roundings: list[Rounding] = []
    extra: list[tuple[TenderRole, Decimal, Node]] = []
    tips = ZERO
    has_change_lines = any(item.child("TenderChange") for item in items)
    for item in items:
        node, number = item.child("Tender"), item.number("SequenceNumber")
        if rounding := item.child("Rounding"):
            roundings.append(Rounding(RoundingReason.CASH, _rounding(rounding)))
        if change := item.child("TenderChange"):
            tenders.append(_handed_out(number, change, TenderRole.CHANGE, abs(change.amount("Amount"))))
        if node is None:
            continue
        rounding = node.child("Rounding")
        if rounding is not None and not node.text("Amount"):
            roundings.append(Rounding(RoundingReason.CASH, _rounding(rounding)))
            continue
        tender = _tender(item, node)
        if tender.status is TenderStatus.VOIDED and tender.amount < 0 and not void_partner(tenders, tender):
            tender = dataclasses.replace(tender, status=TenderStatus.CAPTURED)
        if rounding is not None and tender.is_captured:
            tender, told = _with_rounding(tender, node, rounding)
            roundings.append(told)
        tips += _tip(node) if tender.is_captured else ZERO
        if tender.is_captured and tender.amount > 0:
            change = None if has_change_lines else node.child("TenderChange")
            extra += [(TenderRole.CHANGE, abs(change.amount("Amount")), change)] if change else []
            extra += [(TenderRole.CASHBACK, node.amount("Cashback"), node)] if node.text("Cashback") else []
        tenders.append(tender)
    tenders += _not_handed_out_yet(tenders, extra)
    if len(tenders) > TENDERS_MAX:
        raise rejected(Problem(SHAPE, items[0].place, f"at most {TENDERS_MAX} tenders", "more"))
    return Paid(tuple(tenders), tuple(one for one in roundings if one.amount), tips)


def _tender(item: Node, node: Node) -> Tender:
    amount, name = node.amount("Amount"), node.attribute("TenderType")
    kind, role = TENDER_TYPES.get(name, TenderType.OTHER), TenderRole.PAYMENT
    if node.attribute("TypeCode") == "Refund":
        role, amount = TenderRole.REFUND, -abs(amount)
    elif amount < 0:
        role = TenderRole.CHANGE if kind is TenderType.CASH else TenderRole.REFUND
    is_void = any(item.flag(flag) for flag in ("VoidFlag", "CancelFlag", "DeleteFlag"))
    return Tender(
        tender_number=item.number("SequenceNumber"),
        type=TenderType.FOREIGN_CASH if kind is TenderType.CASH and node.child("ForeignCurrency") else kind,
        code=node.text("TenderID") or name or "unknown",
        amount=amount,
        role=role,
        status=TenderStatus.VOIDED if is_void else TenderStatus.CAPTURED,
        card=card_of(node) if kind is TenderType.CARD else None,
        fx=_foreign(node),
        tip_portion=_tip(node) or None,
    )


def _tip(node: Node) -> Decimal:
    return abs(node.optional_amount("Tip") or ZERO)


def _foreign(node: Node) -> ForeignMoney | None:
    foreign = node.child("ForeignCurrency")
    if foreign is None:
        return None
    rate = foreign.amount("ExchangeRate")
    return ForeignMoney(foreign.required("CurrencyCode"), foreign.amount("OriginalFaceAmount"), rate)


def _rounding(node: Node) -> Decimal:
    """Give what was added to the amount due: up is more, down is less; without a direction, as it is written."""
    direction, amount = node.attribute("RoundingDirection"), node.own_amount()
    return abs(amount) if direction == "Up" else -abs(amount) if direction == "Down" else amount


def _with_rounding(tender: Tender, node: Node, rounding: Node) -> tuple[Tender, Rounding]:
    """Read a tender that was rounded: where it says what was applied, that is what was paid, and the rest is the rounding."""
    applied = node.optional_amount("AmountAppliedToBill")
    amount, out = _rounding(rounding), tender.amount < 0
    if applied is not None and abs(abs(applied) - abs(tender.amount)) == abs(amount):
        rounded = (-abs(applied) if out else abs(applied)) - tender.amount
        tender = dataclasses.replace(tender, amount=tender.amount + rounded)
        return tender, Rounding(RoundingReason.CASH, rounded, tender.tender_number)
    return tender, Rounding(RoundingReason.CASH, amount, tender.tender_number)


def _handed_out(number: int, node: Node, role: TenderRole, amount: Decimal) -> Tender:
    name = node.attribute("TenderType") or _CASH
    kind = TENDER_TYPES.get(name, TenderType.OTHER)
    return Tender(number, kind, node.text("TenderID") or name, -amount, role)


def _not_handed_out_yet(
    tenders: list[Tender], extra: Sequence[tuple[TenderRole, Decimal, Node]]
) -> list[Tender]:
    """Give the change and cashback that stand in a tender, but for cashback that a line of negative cash hands out."""
    found: list[Tender] = []
    number = max((one.tender_number for one in tenders), default=0)
    for role, amount, node in extra:
        if not amount:
            continue
        at = next(
            (
                index
                for index, one in enumerate(tenders)
                if role is TenderRole.CASHBACK and one.role is TenderRole.CHANGE and one.amount == -amount
            ),
            None,
        )
        if at is not None:
            tenders[at] = dataclasses.replace(tenders[at], role=TenderRole.CASHBACK)
            continue
        number += 1
        source = node if role is TenderRole.CHANGE else None
        found.append(
            _handed_out(number, source, role, amount)
            if source is not None
            else Tender(number, TenderType.CASH, _CASH, -amount, role)
        )
    return found
