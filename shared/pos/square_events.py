"""What Square's webhooks and lists name: nothing that can be booked, but what to fetch so that it can. Pure.

A payment's event lacks the goods, an order's lacks the device, and a list of drawer shifts lacks both device and sums. So
each names what to fetch, and the fetched documents together are what the adapter reads. (POS facts §3.1.)
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.pos.adapter import refuse_large_body
from shared.pos.vendor_json import Part, root_of

_PAYMENTS = frozenset({"payment.created", "payment.updated"})
_REFUNDS = frozenset({"refund.created", "refund.updated"})
_ORDERS = frozenset({"order.created", "order.updated"})


@dataclass(frozen=True, slots=True)
class Named:
    """What an event names, "" where it does not. event_id: the same on every delivery of one event.

    is_settled: the money has moved, or will not any more, or the order is done; before that, a later event comes. created_at:
    the event's time as it was sent, which is signed like all of it.
    """

    event_id: str
    event: str
    merchant: str
    order: str = ""
    location: str = ""
    payment: str = ""
    refund: str = ""
    is_settled: bool = False
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list of answers names to fetch, and where the next page begins ("" on the last)."""

    ids: tuple[str, ...]
    cursor: str


def named_by_event(body: bytes) -> Named:
    """Read a webhook's envelope. An event of another kind names nothing to fetch.

    Raises:
        RejectedError: it is no event of Square's.
    """
    refuse_large_body(body)
    root = root_of(body)
    event, event_id, merchant = root.id("type"), root.id("event_id"), root.id("merchant_id")
    created_at = root.text("created_at")
    if event in _PAYMENTS:
        payment = root.part("data").part("object").part("payment")
        return Named(
            event_id, event, merchant, payment.text("order_id"), payment.text("location_id"), payment.id("id"),
            is_settled=payment.text("status") in ("COMPLETED", "CANCELED", "FAILED"),
            created_at=created_at,
        )  # fmt: skip
    if event in _REFUNDS:
        refund = root.part("data").part("object").part("refund")
        return Named(
            event_id, event, merchant, refund.text("order_id"), refund.text("location_id"), refund.text("payment_id"),
            refund.id("id"), is_settled=refund.text("status") in ("COMPLETED", "REJECTED", "FAILED"),
            created_at=created_at,
        )  # fmt: skip
    if event in _ORDERS:
        order = root.part("data").part("object").part(event.replace(".", "_"))
        settled = order.text("state") in ("COMPLETED", "CANCELED")
        return Named(
            event_id, event, merchant, order.id("order_id"), order.text("location_id"), is_settled=settled,
            created_at=created_at,
        )  # fmt: skip
    return Named(event_id, event, merchant, created_at=created_at)


def is_about_orders(event: str) -> bool:
    """Say whether events of this type name an order: the others are about something else of the seller's."""
    return event in _PAYMENTS | _REFUNDS | _ORDERS


def listed_orders(body: bytes) -> Listed:
    """Read an answer of SearchOrders, in whole orders or in entries.

    Raises:
        RejectedError: it is no such answer.
    """
    root = root_of(body)
    orders = [one.id("id") for one in root.parts("orders")]
    return Listed(
        (*orders, *(one.id("order_id") for one in root.parts("order_entries"))), root.text("cursor")
    )


def listed_shifts(body: bytes) -> Listed:
    """Read an answer of ListCashDrawerShifts.

    Raises:
        RejectedError: it is no such answer.
    """
    root = root_of(body)
    return Listed(tuple(one.id("id") for one in _shifts(root)), root.text("cursor"))


def needed_for(order: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say which payments, and which orders that goods came back of, belong beside a fetched order.

    Raises:
        RejectedError: it is no answer of RetrieveOrder.
    """
    one = root_of(order).part("order")
    payments = [
        tender.id_or_none("payment_id") or tender.id("id")
        for tender in one.parts("tenders")
        if tender.text("type") != "NO_SALE"
    ]
    sources = [back.id("source_order_id") for back in one.parts("returns") if back.has("source_order_id")]
    return tuple(dict.fromkeys(payments)), tuple(dict.fromkeys(sources))


def _shifts(root: Part) -> list[Part]:
    return root.parts("cash_drawer_shifts") or root.parts("items")
