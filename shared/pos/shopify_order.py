"""A Shopify order of REST (orders/paid, orders/updated, a list of orders) as the sale it was.

What an order sold stays what it was: later refunds, `current_*` and the closing of the order change nothing in it, so that
every delivery of one order says the same. The webhook names no payments: one gateway alone took the whole amount, of
several the order's transactions tell the shares. (POS facts §2.2, §2.3.)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from shared.pos.json_tree import text_of_tree
from shared.pos.shopify_json import Fields, number_of, number_or_none
from shared.pos.shopify_lines import lines_of
from shared.pos.shopify_payments import Payment, payments_of, tender_type, tenders_of
from shared.retail.money import ZERO, total
from shared.retail.transaction import (
    ControlTotals,
    Line,
    Rounding,
    RoundingReason,
    Tender,
    TillStatus,
    Transaction,
)

NO_LOCATION, NO_DEVICE = "no-location", "no-device"
OFFLINE_AFTER = timedelta(minutes=10)
_STATUSES = {
    "paid": TillStatus.COMPLETED,
    "partially_refunded": TillStatus.COMPLETED,
    "refunded": TillStatus.COMPLETED,
    "voided": TillStatus.VOIDED,
    "pending": TillStatus.PENDING,
    "authorized": TillStatus.PENDING,
    "partially_paid": TillStatus.PENDING,
    "unpaid": TillStatus.PENDING,
    "expired": TillStatus.PENDING,
}
_TOTALS = (
    "total_line_items_price", "total_discounts", "subtotal_price", "total_tax", "total_tip_received", "total_price",
    "total_outstanding", "current_subtotal_price", "current_total_discounts", "current_total_tax", "current_total_price",
)  # fmt: skip


def order_from(order: Fields, account: str) -> Transaction:
    """Read an order as its sale; one that is not paid yet is PENDING under an id of its own, and counts nowhere.

    Raises:
        RejectedError: names the field at fault.
    """
    currency, number = order.currency("currency"), number_of(order)
    status = status_of(order, "financial_status")
    payments = payments_of(order, "transactions", currency)
    lines, voided_lines = lines_of(order, currency)
    tenders, rounding = _paid(order, payments, lines, status)
    updated_at = order.instant_or_none("updated_at") or order.instant("processed_at")
    return Transaction(
        account=account,
        store=number_or_none(order, "location_id") or NO_LOCATION,
        terminal=number_or_none(order, "device_id") or _device(payments) or NO_DEVICE,
        transaction_id=receipt_id(f"O{number}", status, updated_at),
        revision=revision_of(updated_at, 1 if order.has("transactions") else 0),
        receipt_number=order.text("order_number") or None,
        operator=number_or_none(order, "user_id"),
        completed_at=order.instant("processed_at"),
        currency=currency,
        status=status,
        training=order.flag("test"),
        offline=was_offline(order.instant_or_none("created_at"), order.instant("processed_at")),
        prices_include_tax=order.flag("taxes_included"),
        lines=lines,
        voided_lines=voided_lines,
        tenders=tenders,
        rounding=rounding,
        control_totals=_control_totals(order, rounding),
        extra=MappingProxyType(_extra(order)),
    )


def status_of(order: Fields, name: str) -> TillStatus:
    """Say how an order stands. Money that was taken makes a sale, also where it was given back later."""
    told = order.text(name).lower()
    if told not in _STATUSES:
        raise order.wrong(name, f"one of {', '.join(sorted(_STATUSES))}")
    return _STATUSES[told]


def receipt_id(key: str, status: TillStatus, updated_at: datetime) -> str:
    """Give a receipt's id. Unpaid, it is another thing each time it changes, and never the receipt itself."""
    if status is not TillStatus.PENDING:
        return key
    return f"{key}-UNPAID-{updated_at.astimezone(UTC):%Y%m%d%H%M%S}"


def revision_of(updated_at: datetime, fullness: int) -> str:
    """Give a revision that grows with time, and at one instant with how much of the order was fetched."""
    return f"{updated_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z/{fullness}"


def was_offline(created_at: datetime | None, processed_at: datetime) -> bool:
    """A sale rung without a connection is created at Shopify long after it was made at the till."""
    return created_at is not None and created_at - processed_at > OFFLINE_AFTER


def _paid(
    order: Fields, payments: Sequence[Payment], lines: Sequence[Line], status: TillStatus
) -> tuple[tuple[Tender, ...], tuple[Rounding, ...]]:
    """Give what the sale was paid with; what came back later belongs to the refunds."""
    due = total(line.amount_due for line in lines)
    if order.has("transactions"):
        return tenders_of([one for one in payments if not one.is_refund], due)
    gateways = [one for one in _gateways(order) if one]
    rounded = order.money("total_cash_rounding_payment_adjustment_set") or ZERO
    amount = order.amount("total_price") + rounded
    if status is not TillStatus.COMPLETED or len(gateways) != 1 or not amount:
        return (), ()
    tender = Tender(1, tender_type(gateways[0]), gateways[0], amount)
    return (tender,), (Rounding(RoundingReason.CASH, rounded, 1),) if rounded else ()


def _gateways(order: Fields) -> list[str]:
    names = order.fields.get("payment_gateway_names")
    if names is None:
        return []
    if not isinstance(names, list):
        raise order.wrong("payment_gateway_names", "a list")
    place = order.at("payment_gateway_names")
    told = [Fields({"name": one}, f"{place}[{index}]").text("name") for index, one in enumerate(names)]
    return list(dict.fromkeys(told))


def _device(payments: Sequence[Payment]) -> str | None:
    return next((one.device for one in payments if one.device), None)


def _control_totals(order: Fields, rounding: Sequence[Rounding]) -> ControlTotals:
    """Take what the order claims. Its total leaves the rounding of cash out; ours holds it."""
    claimed = order.money("total_cash_rounding_payment_adjustment_set")
    rounded = claimed if claimed is not None else total(one.amount for one in rounding)
    return ControlTotals(
        discount=order.amount_or_none("total_discounts"),
        tax=order.amount_or_none("total_tax"),
        total=order.amount("total_price") + rounded,
        rounding=claimed,
    )


def _extra(order: Fields) -> dict[str, object]:
    told: dict[str, object] = {}
    for name in _TOTALS:
        amount: Decimal | None = order.amount_or_none(name)
        if amount is not None:
            told[name] = str(amount)
    for name in ("source_name", "source_identifier", "financial_status", "cancelled_at", "cancel_reason"):
        if order.has(name):
            told[name] = text_of_tree(order.fields[name]).strip('"')[:200]
    return told
