"""What Shopify tells of money alone: order transactions and tender transactions.

They never post: the sale's and the refund's own tenders do. An order transaction is kept as evidence, under its own id, and
counts nowhere. A tender transaction names no store; a list of them is compared with what the receipts were paid with, so that
money that moved and no receipt shows is found. (POS facts §2.2.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from shared.pos.shopify_json import Fields, number_of, number_or_none
from shared.pos.shopify_order import NO_DEVICE, NO_LOCATION
from shared.pos.shopify_payments import payment_of
from shared.retail.money import ZERO
from shared.retail.transaction import Kind, Link, LinkRole, TillStatus, Transaction

_STATUSES = {
    "success": TillStatus.COMPLETED,
    "failure": TillStatus.FAILED,
    "error": TillStatus.FAILED,
}


@dataclass(frozen=True, slots=True)
class Moved:
    """Money of an order that moved, in the store's sign, as a tender transaction tells it."""

    number: str
    order: str
    currency: str
    amount: Decimal
    method: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class Unmatched:
    """An order's money by currency: what moved at Shopify, and what the receipts that name the order were paid."""

    order: str
    currency: str
    moved: Decimal
    on_receipts: Decimal


def evidence_from(told: Fields, account: str) -> Transaction:
    """Read an order transaction as evidence: it moves nothing here, and is never sent.

    Raises:
        RejectedError: names the field at fault.
    """
    currency = told.currency("currency")
    payment = payment_of(told, currency)
    order = number_of(told, "order_id")
    return Transaction(
        account=account,
        store=payment.location or NO_LOCATION,
        terminal=payment.device or NO_DEVICE,
        transaction_id=f"T{payment.number}",
        operator=number_or_none(told, "user_id"),
        completed_at=payment.at or told.instant("created_at"),
        currency=currency,
        kind=Kind.NO_SALE,
        status=_STATUSES.get(payment.status, TillStatus.PENDING),
        training=payment.test,
        links=(Link(LinkRole.ORDER, transaction_id=f"O{order}"),),
        extra=MappingProxyType(
            {
                "kind": payment.kind,
                "gateway": payment.gateway,
                "amount": str(payment.amount),
                "rounding": str(payment.rounding),
                "parent": payment.parent or "",
            }
        ),
    )


def moved_from(told: Fields) -> Moved:
    """Read a tender transaction; a refund's amount is negative already.

    Raises:
        RejectedError: names the field at fault.
    """
    return Moved(
        number=number_of(told),
        order=number_of(told, "order_id"),
        currency=told.currency("currency"),
        amount=told.amount("amount"),
        method=told.text("payment_method") or "unnamed",
        is_test=told.flag("test"),
    )


def unmatched(moved: Iterable[Moved], receipts: Iterable[Transaction]) -> tuple[Unmatched, ...]:
    """List the orders whose money at Shopify is not that of their receipts, in the order of their numbers.

    Each tender transaction counts once, however often it is told. Gift cards are no money that moves, and in no tender
    transaction that is one; they are left out of both sides. Only orders that some tender transaction names are judged.
    """
    sums: dict[tuple[str, str], Decimal] = {}
    for one in {each.number: each for each in moved if not each.is_test}.values():
        if one.method != "gift_card":
            key = (one.order, one.currency)
            sums[key] = sums.get(key, ZERO) + one.amount
    paid = _paid(receipts)
    return tuple(
        Unmatched(order, currency, amount, paid.get((order, currency), ZERO))
        for (order, currency), amount in sorted(sums.items())
        if amount != paid.get((order, currency), ZERO)
    )


def _paid(receipts: Iterable[Transaction]) -> Mapping[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = {}
    for one in receipts:
        if not one.is_for_the_ledger:
            continue
        names = [link.transaction_id for link in one.links if link.role is LinkRole.ORDER] or [
            one.transaction_id
        ]
        key = ((names[0] or "")[1:], one.currency)
        for tender in one.captured:
            if tender.code != "gift_card":
                found[key] = found.get(key, ZERO) + tender.amount
    return found
