"""The routes that vendors call: their webhooks, signed as each vendor signs."""

from __future__ import annotations

from shared.gate import Access
from shared.web.route import FILE_BYTES_MAX, JSON, Route

FORM = "application/x-www-form-urlencoded"
_HEARD = {"200": "Heard"}

OF_VENDORS: tuple[Route, ...] = (
    Route(
        "post",
        "/pos/shopify/{account}",
        "A webhook of Shopify's. An authentic one is answered 200 once it is kept, readable or not.",
        Access(("shopify",)),
        JSON,
        _HEARD,
        bytes_max=FILE_BYTES_MAX,
    ),
    Route(
        "post",
        "/pos/square/{account}",
        "A webhook of Square's. An authentic one is answered 200 once it is kept, readable or not.",
        Access(("square",)),
        JSON,
        _HEARD,
        bytes_max=FILE_BYTES_MAX,
    ),
    Route(
        "post",
        "/pos/lightspeed/{account}",
        "A webhook of Lightspeed X-Series, a form. An authentic one is answered 200 once it is kept, readable or not.",
        Access(("lightspeed",)),
        FORM,
        _HEARD,
        bytes_max=FILE_BYTES_MAX,
    ),
)
VENDOR_SCHEMES: dict[str, dict[str, list[str]]] = {
    name: {name: []} for name in ("shopify", "square", "lightspeed")
}
VENDOR_SECURITY = {
    "shopify": {"type": "apiKey", "in": "header", "name": "X-Shopify-Hmac-SHA256"},
    "square": {"type": "apiKey", "in": "header", "name": "X-Square-HmacSha256-Signature"},
    "lightspeed": {"type": "apiKey", "in": "header", "name": "X-Signature"},
}
HEARD_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["heard"],
    "properties": {
        "heard": {
            "type": "string",
            "enum": ["kept", "wanted", "known", "later", "past", "told", "asked", "not used"],
        }
    },
}
