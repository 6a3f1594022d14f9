"""Shopify's order transactions as tenders: captures, change, refunds, and what was authorised, voided or failed.

Amounts come unsigned; the sign turns here. An authorisation that was captured or voided is told once. Cash may be
rounded: `amount_rounding` stands beside the amount, and is counted in it only where the receipt's own total says so.
(POS facts §2.2, §2.3.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.pos.adapter import SHAPE, TENDERS_MAX, rejected
from shared.pos.shopify_json import Fields, number_of, number_or_none
from shared.retail.money import ZERO, total
from shared.retail.rules import Problem
from shared.retail.transaction import (
    Card,
    Rounding,
    RoundingReason,
    Tender,
    TenderRole,
    TenderStatus,
    TenderType,
)

_TYPES = {
    "cash": TenderType.CASH,
    "gift_card": TenderType.GIFT_CARD,
    "shopify_store_credit": TenderType.STORE_CREDIT,
    "store_credit": TenderType.STORE_CREDIT,
    "shopify_payments": TenderType.CARD,
    "visa": TenderType.CARD,
    "mastercard": TenderType.CARD,
    "american_express": TenderType.CARD,
    "stripe": TenderType.CARD,
    "external_credit": TenderType.EXTERNAL,
    "external_debit": TenderType.EXTERNAL,
    "manual": TenderType.EXTERNAL,
    "paypal": TenderType.WALLET,
    "shop_cash": TenderType.WALLET,
    "shopify_installments": TenderType.BNPL,
    "klarna": TenderType.BNPL,
    "afterpay": TenderType.BNPL,
    "bank_deposit": TenderType.BANK,
    "check": TenderType.CHECK,
}
_STATUSES = {
    "success": TenderStatus.CAPTURED,
    "pending": TenderStatus.PENDING,
    "awaiting_response": TenderStatus.PENDING,
    "failure": TenderStatus.FAILED,
    "error": TenderStatus.FAILED,
    "unknown": TenderStatus.PENDING,
}
AUTHORISATIONS = frozenset({"authorization", "emv_authorization"})
_MONEY_IN = frozenset({"sale", "capture"})
_MONEY_OUT = {"change": TenderRole.CHANGE, "refund": TenderRole.REFUND}
_ADVICE = "suggested_refund"
_KINDS = AUTHORISATIONS | _MONEY_IN | frozenset(_MONEY_OUT) | {"void", _ADVICE}
_LAST_FOUR = re.compile(r"[0-9]{4}$")


@dataclass(frozen=True, slots=True)
class Payment:
    """One order transaction as told; amounts unsigned. at: when it was made, where it says so."""

    number: str
    kind: str
    status: str
    gateway: str
    amount: Decimal
    rounding: Decimal
    parent: str | None
    location: str | None
    device: str | None
    test: bool
    at: datetime | None
    card: Card | None
    gift_card: str | None

    @property
    def is_refund(self) -> bool:
        return self.kind == "refund"


def payments_of(fields: Fields, name: str, currency: str) -> list[Payment]:
    """Read the transactions below a field, in the order sent; those that only advise are left out."""
    told = fields.children(name)
    if len(told) > TENDERS_MAX:
        raise rejected(Problem(SHAPE, fields.at(name), f"at most {TENDERS_MAX}", str(len(told))))
    return [one for one in (payment_of(each, currency) for each in told) if one.kind != _ADVICE]


def payment_of(told: Fields, currency: str) -> Payment:
    """Read one order transaction, of REST or GraphQL."""
    kind = told.required("kind").lower()
    if kind not in _KINDS:
        raise told.wrong("kind", f"one of {', '.join(sorted(_KINDS))}")
    status = told.required("status").lower()
    if status not in _STATUSES:
        raise told.wrong("status", f"one of {', '.join(sorted(_STATUSES))}")
    if told.has("currency") and told.currency("currency") != currency and not told.has("amount_set"):
        raise told.wrong("currency", f"{currency}, the order's, or an amount_set that holds it")
    amount = told.money("amount_set") if told.has("amount_set") else told.money("amountSet")
    rounding = told.money("amount_rounding_set") or told.money("amountRoundingSet")
    details = told.child("payment_details") or told.child("paymentDetails")
    receipt = told.fields.get("receipt") or told.fields.get("receiptJson")
    return Payment(
        number=number_of(told),
        kind=kind,
        status=status,
        gateway=told.text("gateway") or "unnamed",
        amount=abs(amount if amount is not None else told.amount("amount")),
        rounding=rounding or told.amount_or_none("amount_rounding") or ZERO,
        parent=number_or_none(told, "parent_id") or number_or_none(told.child("parentTransaction")),
        location=number_or_none(told, "location_id") or number_or_none(told.child("location")),
        device=number_or_none(told, "device_id") or number_or_none(told.child("device")),
        test=told.flag("test"),
        at=told.instant_or_none("processed_at")
        or told.instant_or_none("processedAt")
        or told.instant_or_none("created_at")
        or told.instant_or_none("createdAt"),
        card=_card(details) if details else None,
        gift_card=Fields(receipt, "receipt").text("gift_card_id") or None
        if isinstance(receipt, dict)
        else None,
    )


def tenders_of(payments: Sequence[Payment], due: Decimal) -> tuple[tuple[Tender, ...], tuple[Rounding, ...]]:
    """Give the tenders and the cash rounding of a receipt whose lines add up to `due` (signed, before rounding).

    Where the amounts alone are what is due, the rounding comes on top of them; else they hold it already.
    """
    captured = {one.parent for one in payments if one.kind == "capture" and one.status == "success"}
    voided = {one.parent for one in payments if one.kind == "void" and one.status == "success"}
    paid = total(_signed(one, one.amount) for one in payments if _moves(one))
    comes_on_top = paid == due
    tenders: list[Tender] = []
    rounding: list[Rounding] = []
    for one in payments:
        if one.kind == "void" or (one.kind in AUTHORISATIONS and one.number in captured):
            continue
        number = len(tenders) + 1
        amount = one.amount + one.rounding if comes_on_top else one.amount
        tenders.append(_tender(one, number, _signed(one, amount), voided))
        if one.rounding and _moves(one):
            rounding.append(Rounding(RoundingReason.CASH, _signed(one, one.rounding), number))
    return tuple(tenders), tuple(rounding)


def tender_type(gateway: str) -> TenderType:
    """Give the kind of a gateway by its name; a merchant's own manual methods have any name: OTHER."""
    return _TYPES.get(gateway.lower().replace(" ", "_"), TenderType.OTHER)


def moment_of(payments: Sequence[Payment]) -> datetime | None:
    """Give when the last of some payments was made."""
    return max((one.at for one in payments if one.at is not None), default=None)


def _moves(one: Payment) -> bool:
    return one.status == "success" and (one.kind in _MONEY_IN or one.kind in _MONEY_OUT)


def _signed(one: Payment, amount: Decimal) -> Decimal:
    """Turn an unsigned amount into the store's view: the one place where Shopify's money gets its sign."""
    return -amount if one.kind in _MONEY_OUT else amount


def _tender(one: Payment, number: int, amount: Decimal, voided: set[str | None]) -> Tender:
    status = _STATUSES[one.status]
    if one.kind in AUTHORISATIONS and status is TenderStatus.CAPTURED:
        status = TenderStatus.VOIDED if one.number in voided else TenderStatus.AUTHORISED
    elif one.number in voided:
        status = TenderStatus.VOIDED
    return Tender(
        tender_number=number,
        type=tender_type(one.gateway),
        code=one.gateway,
        amount=amount,
        role=_MONEY_OUT.get(one.kind, TenderRole.PAYMENT),
        status=status,
        card=one.card,
        gift_card=one.gift_card,
    )


def _card(details: Fields) -> Card | None:
    brand = details.text("credit_card_company") or details.text("company")
    ending = _LAST_FOUR.search(details.words("number") or "")
    return Card(brand=brand or None, last4=ending[0] if ending else None) if brand or ending else None
