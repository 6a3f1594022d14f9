"""Lightspeed's payments as tenders: by the name the shop gave the payment type, cash by Lightspeed's own number of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from shared.pos.lightspeed_sale import Payment
from shared.retail.money import total
from shared.retail.transaction import Card, Tender, TenderRole, TenderStatus, TenderType

ON_ACCOUNT = "ONACCOUNT"
CASH_KIND = "1"
_BY_NAME = {
    "cash": TenderType.CASH, "credit card": TenderType.CARD, "debit card": TenderType.CARD, "card": TenderType.CARD,
    "eftpos": TenderType.CARD, "cheque": TenderType.CHECK, "check": TenderType.CHECK, "gift card": TenderType.GIFT_CARD,
    "store credit": TenderType.STORE_CREDIT, "loyalty": TenderType.LOYALTY, "on account": TenderType.ON_ACCOUNT,
    "bank transfer": TenderType.BANK,
}  # fmt: skip
_LAST_FOUR = re.compile(r"[0-9]{4}")


def tenders_of(payments: Sequence[Payment], due: Decimal | None) -> tuple[Tender, ...]:
    """Turn payments into tenders. due: of a sale on account; what was not paid of it is owed."""
    coming = total(one.amount for one in payments if not one.is_deleted)
    found = [_tender(one, number, is_sale=coming > 0) for number, one in enumerate(payments, 1) if one.amount]
    if due is not None and due != coming:
        owed = due - coming
        role = TenderRole.PAYMENT if owed > 0 else TenderRole.REFUND
        found.append(Tender(len(payments) + 1, TenderType.ON_ACCOUNT, ON_ACCOUNT, owed, role))
    return tuple(found)


def tender_type(code: str, kind: str) -> TenderType:
    """Say what kind of tender a payment type is: Lightspeed tells cash by number, the others by their names only."""
    if kind == CASH_KIND:
        return TenderType.CASH
    return _BY_NAME.get(code.lower(), TenderType.OTHER)


def _tender(payment: Payment, number: int, *, is_sale: bool) -> Tender:
    kind = tender_type(payment.code, payment.kind)
    role = TenderRole.PAYMENT
    if payment.amount < 0:
        role = TenderRole.CHANGE if kind is TenderType.CASH and is_sale else TenderRole.REFUND
    last4 = payment.last4 if _LAST_FOUR.fullmatch(payment.last4) else None
    return Tender(
        number, kind, payment.code, payment.amount, role,
        TenderStatus.VOIDED if payment.is_deleted else TenderStatus.CAPTURED,
        Card(last4=last4, reference=payment.reference or None) if kind is TenderType.CARD else None,
    )  # fmt: skip
