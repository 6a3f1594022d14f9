"""What an authentic webhook says, read from the bytes that are signed: what to fetch, a wish about a person's data, or nothing.

A header is signed by no vendor. Shopify's topic stands in one, so it only words what nobody here has use for; what is
done is decided by the body. (POS facts §2.1, §3.1, §4.1.)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.errors import RejectedError
from shared.pos.adapter import SHAPE, refuse_large_body, rejected
from shared.pos.canonical_values import read_instant
from shared.pos.json_tree import safe, told, tree_of
from shared.pos.lightspeed_events import LightspeedEvent, named_by_form
from shared.pos.shopify_events import order_named_by
from shared.pos.shopify_json import Fields, number_or_none
from shared.pos.square_events import Named, is_about_orders, named_by_event
from shared.pos.vendor_json import Part
from shared.retail.rules import Problem
from shared.retail.wanted import Naming

ORDER, SALE, CLOSURE = "order", "sale", "closure"
REDACT_CUSTOMER, REDACT_SHOP, GIVE_DATA = "customers/redact", "shop/redact", "customers/data_request"
ORDERS_ASKED_MAX = 1_000
_TOPIC = re.compile(r"[a-z][a-z0-9_]{0,40}(?:[./][a-z0-9_]{1,40}){0,3}")
_SHOPIFYS = re.compile(
    r"(?:orders|refunds|returns|order_transactions|tender_transactions|fulfillments)/[a-z_]+"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """That somebody asked a shop for their data, or that it be erased. customer: the vendor's number of them, no name."""

    topic: str
    customer: str = ""
    orders: tuple[str, ...] = ()
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What a webhook says: exactly one of what to fetch, what was asked, and a topic nobody here has use for.

    None of them: it is about something that is not settled yet, and a later webhook will be.
    """

    wanted: Naming | None = None
    asked: Asked | None = None
    unused_topic: str = ""


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom an account's webhooks must be about. shop: the host of its shop; merchant: Square's seller, "" for any.

    topic: what a header that nobody signed calls it.
    """

    shop: str = ""
    merchant: str = ""
    topic: str = ""


def said_by_shopify(body: bytes, meant: Meant) -> Said:
    """Read a webhook of Shopify's.

    Raises:
        RejectedError: it cannot be read, names no order, or is another shop's.
    """
    refuse_large_body(body)
    event = Fields(tree_of(body, "body"), "")
    if asked := _asked_in(event, meant.shop):
        return Said(asked=asked)
    try:
        order = order_named_by(body)
    except RejectedError:
        if _SHOPIFYS.fullmatch(meant.topic):
            raise
        return Said(unused_topic=topic_text(meant.topic))
    inner = event.child("order_edit") or event
    at = _lenient(inner, "updated_at", "created_at")
    return Said(Naming(ORDER, order, at, location=number_or_none(event, "location_id") or ""))


def _asked_in(event: Fields, shop: str) -> Asked | None:
    if not (event.has("shop_id") and event.has("shop_domain")):
        return None
    _refuse_other(event, "shop_domain", shop)
    customer, wish = event.child("customer"), event.child("data_request")
    number = number_or_none(customer) or ""
    if wish is not None:
        return Asked(GIVE_DATA, number, _orders(event, "orders_requested"), number_or_none(wish) or "")
    if customer is not None:
        return Asked(REDACT_CUSTOMER, number, _orders(event, "orders_to_redact"))
    return Asked(REDACT_SHOP, reference=number_or_none(event, "shop_id") or "")


def _orders(event: Fields, name: str) -> tuple[str, ...]:
    value = event.fields.get(name, [])
    if not isinstance(value, list) or len(value) > ORDERS_ASKED_MAX:
        raise event.wrong(name, f"a list of at most {ORDERS_ASKED_MAX}")
    return tuple(Part({name: one}).id(name) for one in value)


def said_by_square(body: bytes, meant: Meant) -> Said:
    """Read a webhook of Square's.

    Raises:
        RejectedError: it cannot be read, is another seller's, or tells of money that moved without an order.
    """
    named = named_by_event(body)
    if meant.merchant and named.merchant != meant.merchant:
        raise rejected(Problem("account", "merchant_id", "the seller of this account", safe(named.merchant)))
    if not is_about_orders(named.event):
        return Said(unused_topic=topic_text(named.event))
    if not named.is_settled:
        return Said()
    if not named.order:
        raise rejected(Problem(SHAPE, "order_id", "the order that the money belongs to", "nothing"))
    return Said(_naming_of(named))


def _naming_of(named: Named) -> Naming:
    order = Part({"order_id": named.order}).id("order_id")
    location = Part({"location_id": named.location}).id_or_none("location_id") or ""
    return Naming(ORDER, order, _read(named.created_at), named.event_id, location)


def said_by_lightspeed(body: bytes, meant: Meant) -> Said:
    """Read a webhook of Lightspeed's.

    Raises:
        RejectedError: it is no such form, its sale or closure cannot be read, or it is another retailer's.
    """
    event = named_by_form(body)
    if event.prefix and event.prefix != meant.shop.partition(".")[0]:
        raise rejected(
            Problem("account", "domain_prefix", "the retailer of this account", safe(event.prefix))
        )
    if not event.kind:
        return Said(unused_topic=topic_text(event.topic))
    return Said(_naming_in(event)) if event.is_settled else Said()


def _naming_in(event: LightspeedEvent) -> Naming:
    return Naming(event.kind, event.id, event.at, location=event.outlet, payload=event.payload)


READERS: dict[str, Callable[[bytes, Meant], Said]] = {
    "shopify": said_by_shopify,
    "square": said_by_square,
    "lightspeed": said_by_lightspeed,
}


def topic_text(topic: str) -> str:
    """Give a topic as it may be shown and kept: a word of the usual form, or that it has none."""
    return safe(topic) if _TOPIC.fullmatch(topic) else "without a name"


def _refuse_other(event: Fields, name: str, expected: str) -> None:
    if event.fields.get(name) != expected:
        raise rejected(Problem("account", name, "the shop of this account", told(event.fields.get(name))))


def _lenient(event: Part, *names: str) -> datetime | None:
    return next((at for name in names if (at := _read(event.fields.get(name))) is not None), None)


def _read(value: object) -> datetime | None:
    """Give a time that carries its offset; None where it is none: then the naming is news whenever it comes."""
    try:
        return read_instant(value)
    except ValueError:
        return None
