"""NCR's tenders: change and cashback as negative cash, voided tenders, cards without their numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal

from shared.pos.adapter import SHAPE, TENDERS_MAX, rejected
from shared.pos.poslog_xml import Node
from shared.retail.rules import Problem
from shared.retail.transaction import Card, Tender, TenderRole, TenderStatus, TenderType

TENDER_TYPES = {
    "Cash": TenderType.CASH,
    "Check": TenderType.CHECK,
    "CreditDebit": TenderType.CARD,
    "GiftCard": TenderType.GIFT_CARD,
    "StoredValue": TenderType.STORE_CREDIT,
    "Voucher": TenderType.VOUCHER,
    "Coupon": TenderType.COUPON,
    "ManufacturerCoupon": TenderType.COUPON,
    "AccountsReceivable": TenderType.ON_ACCOUNT,
    "CustomerAccount": TenderType.ON_ACCOUNT,
    "HouseAccount": TenderType.ON_ACCOUNT,
    "Loyalty": TenderType.LOYALTY,
    "Mobile": TenderType.WALLET,
}


def tenders_of(items: Sequence[Node]) -> tuple[Tender, ...]:
    """Read the tenders of a transaction.

    A negative cash tender is money handed out: cashback where a card tender before it says Cashback of that
    amount, else change. The TenderChange inside it repeats it and is not counted. A voided tender and its
    negation are both VOIDED where they cancel out exactly; otherwise both count, as NCR adds them up.
    """
    tenders: list[Tender] = []
    cashback: list[Decimal] = []
    for item in items:
        node = item.child("Tender")
        if node is None:
            continue
        if len(tenders) == TENDERS_MAX:
            raise rejected(Problem(SHAPE, node.place, f"at most {TENDERS_MAX} tenders", "more"))
        if node.text("Cashback"):
            cashback.append(node.amount("Cashback"))
        tender = _tender(item, node, cashback)
        if item.flag("VoidFlag") and void_partner(tenders, tender):
            tender = dataclasses.replace(tender, status=TenderStatus.VOIDED)
        tenders.append(tender)
    return tuple(tenders)


def _tender(item: Node, node: Node, cashback: list[Decimal]) -> Tender:
    amount = node.amount("Amount")
    name = node.attribute("TenderType")
    kind = TENDER_TYPES.get(name, TenderType.OTHER)
    role = TenderRole.PAYMENT
    if node.attribute("TypeCode") == "Refund":
        role, amount = TenderRole.REFUND, -abs(amount)
    elif amount < 0:
        role = _role_of_money_out(kind, -amount, cashback)
    return Tender(
        tender_number=item.number("SequenceNumber"),
        type=kind,
        code=node.text("TenderID") or name or "unknown",
        amount=amount,
        role=role,
        card=card_of(node) if kind is TenderType.CARD else None,
    )


def _role_of_money_out(kind: TenderType, amount: Decimal, cashback: list[Decimal]) -> TenderRole:
    if kind is not TenderType.CASH:
        return TenderRole.REFUND
    if amount in cashback:
        cashback.remove(amount)
        return TenderRole.CASHBACK
    return TenderRole.CHANGE


def card_of(node: Node) -> Card | None:
    """Give what may be kept of the card a tender was paid with."""
    detail, authorization = node.child("CreditDebit"), node.child("Authorization")
    brand = detail.attribute("acs:CreditDescription") or detail.attribute("CardType") if detail else ""
    reference = authorization.text("ReferenceNumber") if authorization else ""
    return Card(brand=brand or None, reference=reference or None) if brand or reference else None


def void_partner(tenders: list[Tender], void: Tender) -> bool:
    """Mark the nearest earlier tender that a void takes back exactly as voided; say whether there is one."""
    for index in reversed(range(len(tenders))):
        one = tenders[index]
        if one.is_captured and one.code == void.code and one.amount == -void.amount:
            tenders[index] = dataclasses.replace(one, status=TenderStatus.VOIDED)
            return True
    return False
