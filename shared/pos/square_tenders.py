"""Square's payments and refunds as tenders: what each moved, in which state, and on which device it was taken.

A payment counts for the order it names, a refund for the return order it names, and for no other. Cash is what the buyer
gave and the change that went back. (POS facts §3.2.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.pos.adapter import TENDERS_MAX
from shared.pos.square_lines import Cards
from shared.pos.square_money import Purse
from shared.pos.vendor_json import Part
from shared.retail.money import ZERO
from shared.retail.transaction import Card, LineKind, Tender, TenderRole, TenderStatus, TenderType

GIFT_CARD = "SQUARE_GIFT_CARD"
_PAYMENTS = {
    "COMPLETED": TenderStatus.CAPTURED,
    "APPROVED": TenderStatus.AUTHORISED,
    "PENDING": TenderStatus.PENDING,
    "CANCELED": TenderStatus.VOIDED,
    "FAILED": TenderStatus.FAILED,
}
_REFUNDS = {
    "COMPLETED": TenderStatus.CAPTURED,
    "PENDING": TenderStatus.PENDING,
    "REJECTED": TenderStatus.FAILED,
    "FAILED": TenderStatus.FAILED,
}
_TYPES = {
    "CARD": TenderType.CARD,
    "CASH": TenderType.CASH,
    GIFT_CARD: TenderType.GIFT_CARD,
    "WALLET": TenderType.WALLET,
    "BUY_NOW_PAY_LATER": TenderType.BNPL,
    "BANK_ACCOUNT": TenderType.BANK,
    "SQUARE_ACCOUNT": TenderType.STORE_CREDIT,
    "EXTERNAL": TenderType.EXTERNAL,
    "EXTERNAL CHECK": TenderType.CHECK,
    "EXTERNAL BANK_TRANSFER": TenderType.BANK,
    "EXTERNAL OTHER_GIFT_CARD": TenderType.GIFT_CARD,
    "EXTERNAL FOOD_VOUCHER": TenderType.VOUCHER,
    "EXTERNAL STORED_BALANCE": TenderType.STORE_CREDIT,
}
_LAST_FOUR = re.compile(r"[0-9]{4}")
_SOLD_CARD = {"ACTIVATE": LineKind.GIFT_CARD_ISSUE, "LOAD": LineKind.GIFT_CARD_LOAD}


@dataclass(frozen=True, slots=True)
class Money:
    """What the documents beside an order say of its money, in the order it was taken."""

    payments: Sequence[Part]
    refunds: Sequence[Part]
    others: Mapping[str, Part]

    @property
    def moves(self) -> tuple[Part, ...]:
        return (*self.payments, *self.refunds)


def money_of(root: Part, order_id: str) -> Money:
    """Pick the payments and refunds of an order; payments of others only say what a refund gives back."""
    payments = root.parts("payments", TENDERS_MAX)
    own = [one for one in payments if one.id("order_id") == order_id]
    refunds = [one for one in root.parts("refunds", TENDERS_MAX) if one.id("order_id") == order_id]
    others = {one.id("id"): one for one in payments}
    return Money(_in_order(own), _in_order(refunds), others)


def cards_of(root: Part) -> Cards:
    """Read what the gift card activities beside an order say: which line sold which card, which payment used one."""
    sold: dict[str, tuple[LineKind, str]] = {}
    used: dict[str, str] = {}
    for one in root.parts("gift_card_activities"):
        kind = one.text("type")
        if kind in _SOLD_CARD:
            details = one.part(f"{kind.lower()}_activity_details")
            sold[details.text("line_item_uid")] = (_SOLD_CARD[kind], one.id("gift_card_id"))
        elif kind == "REDEEM":
            used[one.part("redeem_activity_details").id("payment_id")] = one.id("gift_card_id")
    return Cards(sold, used)


def tenders_of(money: Money, purse: Purse, cards: Cards) -> tuple[Tender, ...]:
    """Read the tenders of an order, numbered in the order they were taken."""
    found: list[Tender] = []
    for payment in money.payments:
        found += _paid(payment, purse, cards, len(found) + 1)
    for refund in money.refunds:
        found += _refunded(refund, money.others, purse, len(found) + 1)
    return tuple(found)


def _in_order(parts: Sequence[Part]) -> list[Part]:
    """Sort by time, then id: the same whatever order they were fetched in, and each once."""
    once = {one.id("id"): one for one in parts}
    return sorted(once.values(), key=lambda one: (one.instant("created_at"), one.id("id")))


def _paid(payment: Part, purse: Purse, cards: Cards, number: int) -> Iterator[Tender]:
    code = _code(payment, "source_type", "card_details")
    kind = _type(code)
    amount = purse.of(payment, "total_money" if payment.has("total_money") else "amount_money")
    status = _PAYMENTS[payment.word("status", _PAYMENTS)]
    tip = purse.or_none(payment, "tip_money") or None
    change = ZERO
    if kind is TenderType.CASH and payment.has("cash_details"):
        details = payment.part("cash_details")
        given = purse.or_none(details, "buyer_supplied_money")
        change = purse.or_zero(details, "change_back_money")
        amount, change = (amount, ZERO) if given is None else (given, change)
    card = _card(payment, payment.part_or_none("card_details")) if kind is TenderType.CARD else None
    yield Tender(
        number,
        kind,
        code,
        amount,
        TenderRole.PAYMENT,
        status,
        card,
        cards.used.get(payment.id("id")),
        tip_portion=tip,
    )
    if change:
        yield Tender(number + 1, kind, code, -change, TenderRole.CHANGE, status)


def _refunded(refund: Part, payments: Mapping[str, Part], purse: Purse, number: int) -> Iterator[Tender]:
    source = payments.get(refund.text("payment_id"))
    if refund.has("destination_type"):
        details = refund.part_or_none("destination_details")
        code = _code(refund, "destination_type", "card_details", details)
        card = _card(refund, details.part_or_none("card_details") if details else None)
    elif source is not None:
        code = _code(source, "source_type", "card_details")
        card = _card(refund, source.part_or_none("card_details"))
    else:
        code, card = "REFUND", None
    kind = _type(code)
    status = _REFUNDS[refund.word("status", _REFUNDS)]
    amount = -purse.of(refund, "amount_money")
    yield Tender(
        number, kind, code, amount, TenderRole.REFUND, status, card if kind is TenderType.CARD else None
    )


def _type(code: str) -> TenderType:
    """Say what kind of tender a code is: its own, else that of Square's word for it."""
    return _TYPES.get(code) or _TYPES.get(code.partition(" ")[0], TenderType.OTHER)


def _code(part: Part, name: str, card_details: str, details: Part | None = None) -> str:
    """Name a tender: Square's word, with its kind where Square leaves it to the shop, such as EXTERNAL CHECK."""
    word, details = part.id(name), details or part
    if word == "CARD":
        card = details.part_or_none(card_details)
        inner = card.part_or_none("card") if card else None
        return GIFT_CARD if inner and inner.text("card_brand") == GIFT_CARD else word
    if word == "EXTERNAL":
        external = details.part_or_none("external_details")
        return f"{word} {external.id('type')}" if external and external.has("type") else word
    if word == "WALLET":
        wallet = details.part_or_none("wallet_details")
        return f"{word} {wallet.id('brand')}" if wallet and wallet.has("brand") else word
    return word


def _card(part: Part, details: Part | None) -> Card:
    inner = details.part_or_none("card") if details else None
    last_four = inner.text("last_4") if inner else ""
    return Card(
        brand=inner.id_or_none("card_brand") if inner else None,
        last4=last_four if _LAST_FOUR.fullmatch(last_four) else None,
        reference=part.id("id"),
    )
