"""What Shopify tells of money alone: order transactions.

They never post: the sale's and the refund's own tenders do. An order transaction is kept as evidence, under its own id, and
counts nowhere. A tender transaction names no store: it is read by nothing here, and its list names orders to fetch
(`shared.vendors.shopify`). (POS facts §2.2.)
"""

from __future__ import annotations

from types import MappingProxyType

from shared.pos.shopify_json import Fields, number_of, number_or_none
from shared.pos.shopify_order import NO_DEVICE, NO_LOCATION
from shared.pos.shopify_payments import payment_of
from shared.retail.transaction import Kind, Link, LinkRole, TillStatus, Transaction

_STATUSES = {
    "success": TillStatus.COMPLETED,
    "failure": TillStatus.FAILED,
    "error": TillStatus.FAILED,
}


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
