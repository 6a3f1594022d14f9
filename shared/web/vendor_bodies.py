"""What vendors' webhooks hold, as vendors send them and as far as the door reads it; whatever else stands beside is let in. Pure.

An authentic body that is not so is answered 200 as well and put before a person, for vendors end a subscription that is refused
(ADR 55). What the app has no use for is `not used`. (POS facts §2.1, §3.1, §4.1.)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from shared.pos.lightspeed_events import FORM_BYTES_MAX

Schema = dict[str, Any]
_NUMBER: Schema = {
    "type": ["integer", "string"],
    "minimum": 0,
    "pattern": "^(?:gid://shopify/[A-Za-z]{1,40}/)?[A-Za-z0-9_-]{1,60}$",
}
_ID: Schema = {"type": ["integer", "string"], "pattern": "^[!-~]{1,200}$"}
_TIME: Schema = {"type": "string", "maxLength": 2_000, "examples": ["2017-12-23T13:00:00-05:00"]}
_WORD: Schema = {"type": ["string", "null"]}
_LIST: Schema = {"type": "array", "items": {"type": "object"}}


def _object(required: tuple[str, ...], **properties: Schema | bool) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


_CHANGED: Schema = {
    "updated_at": _TIME, "created_at": _TIME, "location_id": {"anyOf": [_NUMBER, {"type": "null"}]},
}  # fmt: skip


_OF_AN_ORDER: tuple[tuple[str, Schema], ...] = (
    (
        "A refund, a return, a transaction: what it is of.",
        _object(("order_id",), order_id=_NUMBER, order_edit=False, **_CHANGED),
    ),
    (
        "An order. Its global id counts before its id, for it is never rounded.",
        _object(("line_items",), id=_NUMBER, admin_graphql_api_id=_NUMBER, line_items=_LIST, order_edit=False, **_CHANGED)
        | {"anyOf": [{"required": ["id"]}, {"required": ["admin_graphql_api_id"]}]},
    ),
    (
        "A return that holds its order.",
        _object(("order",), order=_object(("id",), id=_NUMBER), order_id=False, line_items=False, order_edit=False),
    ),
    (
        "An edit of an order.",
        _object(("order_edit",), order_edit=_object(("order_id",), order_id=_NUMBER, **_CHANGED)),
    ),
    (
        "A wish about somebody's data: that it be given or erased, or all of a shop's.",
        _object(
            ("shop_id", "shop_domain"), shop_id=_NUMBER, shop_domain={"type": "string"},
            customer=_object(("id",), id=_NUMBER), data_request=_object(("id",), id=_NUMBER),
            orders_requested={"type": "array", "items": _NUMBER, "maxItems": 1_000},
            orders_to_redact={"type": "array", "items": _NUMBER, "maxItems": 1_000},
        ),
    ),
)  # fmt: skip
_SHOPIFY: Schema = {
    "type": "object",
    "description": "Which of these it is, its fields say; the topic's header is signed by nobody.",
    "anyOf": [{**one, "description": text} for text, one in _OF_AN_ORDER],
}


def _about(name: str, *required: str, **properties: Schema) -> Schema:
    words = dict.fromkeys(("order_id", "location_id", "status", "state", "payment_id"), _WORD)
    return _object(
        ("object",), object=_object((name,), **{name: _object(required, **{**words, **properties})})
    )


_SQUARE: Schema = {
    **_object(
        ("type", "event_id", "merchant_id"),
        type={"type": "string", "pattern": "^[!-~]{1,200}$"}, event_id=_ID, merchant_id=_ID, created_at=_TIME,
        data={
            "type": "object",
            "maxProperties": 200_000,
            "description": "Of payment.*, refund.* and order.* under object: the payment, the refund, the order_created or "
            "order_updated. They name the order and the location; money without an order is put before a person.",
        },
    ),
    "anyOf": [
        _object(("data",), type={"enum": ["payment.created", "payment.updated"]}, data=_about("payment", "id", id=_ID)),
        _object(("data",), type={"enum": ["refund.created", "refund.updated"]}, data=_about("refund", "id", id=_ID)),
        *(
            _object(("data",), type={"const": f"order.{what}"}, data=_about(f"order_{what}", "order_id", order_id=_ID))
            for what in ("created", "updated")
        ),
        _object((), type={"not": {"pattern": "^(?:payment|refund|order)[.](?:created|updated)$"}}),
    ],
}  # fmt: skip
_LIGHTSPEED: Schema = {
    **_object(
        ("type",),
        type={"type": "string", "maxLength": FORM_BYTES_MAX, "description": "sale.update and register_closure.create are read."},
        payload={
            "type": "string",
            "maxLength": FORM_BYTES_MAX,
            "description": "The sale or the closure in JSON, in the shape of API 1.0: with an id; a closure of at most "
            "16,000 characters.",
        },
        domain_prefix={
            "type": "string",
            "maxLength": FORM_BYTES_MAX,
            "description": "The retailer; where it is told it must be the account's.",
        },
    ),
    "additionalProperties": {"type": "string"},
    "maxProperties": 20,
    "anyOf": [
        {"required": ["payload"]},
        _object((), type={"not": {"enum": ["sale.update", "register_closure.create"]}}),
    ],
    "description": "A form with each field once, 2 MiB at most.",
}  # fmt: skip
WEBHOOK_BODIES: Mapping[str, Schema] = MappingProxyType(
    {
        "/pos/shopify/{account}": _SHOPIFY,
        "/pos/square/{account}": _SQUARE,
        "/pos/lightspeed/{account}": _LIGHTSPEED,
    }
)
