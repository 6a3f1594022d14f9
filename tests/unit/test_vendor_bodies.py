"""What the description says of vendors' webhooks is what their readers take: nothing more, nothing less."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator

from shared.errors import RejectedError
from shared.pos.webhooks import READERS, Meant
from shared.web.routes_vendors import OF_VENDORS
from shared.web.vendor_bodies import WEBHOOK_BODIES

MEANT = {
    "shopify": Meant(shop="east.myshopify.com", topic="orders/paid"),
    "square": Meant(merchant="M-1"),
    "lightspeed": Meant(shop="north.retail.lightspeed.app"),
}
REFUND = {"id": 7, "order_id": 7001}
ORDER = {"id": 7001, "line_items": []}
PAYMENT = {"id": "PAY-1", "order_id": "ORDER-1", "status": "COMPLETED"}


def squares(event: str, **told: Any) -> dict[str, Any]:
    return {"type": event, "event_id": "E-1", "merchant_id": "M-1", "data": {"object": told}}


def wish(**more: Any) -> dict[str, Any]:
    return {"shop_id": 1, "shop_domain": "east.myshopify.com", **more}


def form(topic: str, payload: Any = None, **more: str) -> dict[str, str]:
    return {"type": topic, **({} if payload is None else {"payload": json.dumps(payload)}), **more}


RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("shopify", REFUND),
    ("shopify", {**REFUND, "order_id": "gid://shopify/Order/7001"}),
    ("shopify", {**ORDER, "note": "whatever else"}),
    ("shopify", {"order": {"id": 7001}, "status": "OPEN"}),
    ("shopify", {"admin_graphql_api_id": "gid://shopify/Order/7001", "line_items": [], "location_id": None}),
    ("shopify", {"order_edit": {"order_id": 7001}}),
    ("shopify", wish()),
    ("shopify", wish(customer={"id": 191167}, orders_to_redact=[7001, 7002])),
    ("shopify", wish(customer={"id": 191167}, orders_requested=[7001], data_request={"id": 9999})),
    ("square", squares("payment.updated", payment=PAYMENT)),
    ("square", squares("refund.created", refund={**PAYMENT, "id": "R-1", "payment_id": "PAY-1"})),
    ("square", squares("order.updated", order_updated={"order_id": "ORDER-1", "state": "COMPLETED"})),
    ("square", squares("order.created", order_created={"order_id": "ORDER-1", "state": "OPEN"})),
    ("square", squares("inventory.count.updated")),
    ("lightspeed", form("sale.update", {"id": "SALE-1", "status": "CLOSED"}, domain_prefix="north")),
    ("lightspeed", form("register_closure.create", {"id": "C-1"}, environment="prod")),
    ("lightspeed", form("product.update")),
    ("square", {"type": "catalog.version.updated", "event_id": "E-1", "merchant_id": "M-1"}),
]
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("shopify", {}),
    ("shopify", {"order_id": "seven thousand"}),
    ("shopify", {"id": 7001}),
    ("shopify", {"order": {}}),
    ("shopify", {"order": {"id": 7001}, "line_items": []}),
    ("shopify", {**REFUND, "order_edit": {"id": 1}}),
    ("shopify", {"order_edit": {"id": 1}}),
    ("shopify", wish(customer={"id": 1}, orders_to_redact=[7001] * 1_001)),
    ("shopify", wish(customer={"id": 1}, orders_to_redact="7001")),
    ("square", squares("payment.updated")),
    ("square", squares("payment.updated", payment={})),
    ("square", squares("refund.updated", payment=PAYMENT)),
    ("square", squares("order.updated", order_created={"order_id": "ORDER-1"})),
    ("square", {**squares("payment.updated", payment=PAYMENT), "event_id": ""}),
    ("square", {"type": "payment.updated", "merchant_id": "M-1"}),
    ("square", {"type": "payment.updated", "event_id": "E-1", "merchant_id": "M-1"}),
    ("square", squares("payment.updated", payment={**PAYMENT, "order_id": 7})),
    ("square", squares("order.updated", order_updated={"order_id": "ORDER-1", "state": ["COMPLETED"]})),
    ("lightspeed", form("sale.update")),
    ("lightspeed", form("register_closure.create", domain_prefix="north")),
]


def schema_of(vendor: str) -> Draft202012Validator:
    return Draft202012Validator(WEBHOOK_BODIES[f"/pos/{vendor}/{{account}}"])


def body_of(vendor: str, told: dict[str, Any]) -> bytes:
    return urlencode(told).encode() if vendor == "lightspeed" else json.dumps(told).encode()


def test_every_route_of_a_vendors_has_its_schema_and_each_schema_is_one() -> None:
    assert set(WEBHOOK_BODIES) == {one.path for one in OF_VENDORS}
    for one in WEBHOOK_BODIES.values():
        Draft202012Validator.check_schema(one)


@pytest.mark.parametrize(("vendor", "told"), RIGHT)
def test_what_is_as_described_is_read(vendor: str, told: dict[str, Any]) -> None:
    assert schema_of(vendor).is_valid(told)
    READERS[vendor](body_of(vendor, told), MEANT[vendor])


@pytest.mark.parametrize(("vendor", "told"), WRONG)
def test_what_is_not_as_described_is_not_read(vendor: str, told: dict[str, Any]) -> None:
    assert not schema_of(vendor).is_valid(told)
    with pytest.raises(RejectedError):
        READERS[vendor](body_of(vendor, told), MEANT[vendor])


def test_a_form_without_its_type_is_used_for_nothing_and_one_with_too_many_fields_is_not_read() -> None:
    assert not schema_of("lightspeed").is_valid({"payload": "{}"})
    assert READERS["lightspeed"](b"payload=%7B%7D", MEANT["lightspeed"]).unused_topic == "without a name"
    many = form("product.update", **{f"f{number}": "1" for number in range(20)})
    assert not schema_of("lightspeed").is_valid(many)
    with pytest.raises(RejectedError, match=r"each field once|type and payload"):
        READERS["lightspeed"](body_of("lightspeed", many), MEANT["lightspeed"])
