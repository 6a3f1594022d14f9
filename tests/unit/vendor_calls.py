"""Vendors that call the app in tests: accounts, webhooks signed as each vendor signs, and the app's own answer to them.

The signatures are made here by hand, with nothing of the app's.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import azure.functions as func

from shared import services as services_module
from shared.services import Services
from shared.settings_vendors import VendorAccount, read_vendor_settings
from shared.storage.counting import CountingQueue, CountingTable
from shared.storage.mappings import import_rows
from shared.storage.tables import QUEUE_NAMES, TABLE_NAMES
from tests.unit.flow_services import Hand, flow_services
from tests.unit.gate_world import functions
from tests.unit.shopify_documents import line, order
from tests.unit.test_mapping import STORE

SHOP, SQUARE, LIGHTSPEED, SHOP_FETCHED = "shop-east", "square-west", "ls-north", "shop-fetched"
SQUARE_SECRET, LIGHTSPEED_SECRET = "hush-square-000001", "hush-lightspeed-01"
SQUARE_URL = "https://door.example.com/api/pos/square/square-west"
NAMES = "Sam Sample", "sam.sample@example.org", "+1 555 0100"
HERE = {"location_id": "S1", "device_id": "1", "currency": "USD"}
NOW_TEXT = "2017-12-23T13:00:00-05:00"
ACCOUNTS: list[dict[str, Any]] = [
    {
        "account": SHOP, "vendor": "shopify", "secrets": ["hush-shopify-00001", "hush-shopify-00002"], "stores": ["S1", "V1"],
        "host": "east.myshopify.com", "mode": "webhooks",
    },
    {
        "account": SHOP_FETCHED, "vendor": "shopify", "secrets": ["hush-shopify-00003"], "stores": ["S1", "70011"],
        "host": "west.myshopify.com", "tokens": ["hush-shopify-token-1"],
    },
    {
        "account": SQUARE, "vendor": "square", "secrets": ["hush-square-000001"], "stores": ["LOC-1"], "merchant": "MERCHANT-1",
        "host": "connect.squareup.com", "tokens": ["hush-square-token-1"], "notification_url": SQUARE_URL,
    },
    {
        "account": LIGHTSPEED, "vendor": "lightspeed", "secrets": ["hush-lightspeed-01"], "stores": ["*"],
        "host": "north.retail.lightspeed.app", "tokens": ["hush-lightspeed-token"],
    },
]  # fmt: skip


def accounts() -> Mapping[str, VendorAccount]:
    return read_vendor_settings({"TILLPOST_VENDORS": json.dumps(ACCOUNTS)})


@dataclass(frozen=True)
class Call:
    """A webhook on its way: what it is signed with, and where it goes."""

    vendor: str
    account: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"/api/pos/{self.vendor}/{self.account}"

    def sent(self, **changes: Any) -> Call:
        return replace(self, **changes)


def shopify(
    document: object, topic: str = "orders/paid", *, account: str = SHOP, secret: str = "", host: str = "", **headers: str
) -> Call:  # fmt: skip
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    own = next(one for one in ACCOUNTS if one["account"] == account)
    digest = hmac.new((secret or own["secrets"][0]).encode(), body, hashlib.sha256).digest()
    told = {
        "X-Shopify-Hmac-SHA256": base64.b64encode(digest).decode(), "X-Shopify-Shop-Domain": host or own["host"],
        "X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": "w-1", "X-Shopify-Event-Id": "e-1", **headers,
    }  # fmt: skip
    return Call("shopify", account, body, told)


def square(document: object, *, secret: str = SQUARE_SECRET, url: str = SQUARE_URL) -> Call:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    digest = hmac.new(secret.encode(), url.encode() + body, hashlib.sha256).digest()
    told = {"x-square-hmacsha256-signature": base64.b64encode(digest).decode(), "x-square-signature": "older"}
    return Call("square", SQUARE, body, told)


def lightspeed(
    payload: object, topic: str = "sale.update", *, prefix: str = "north", secret: str = LIGHTSPEED_SECRET
) -> Call:  # fmt: skip
    fields = {"payload": json.dumps(payload), "domain_prefix": prefix, "type": topic, "environment": "prod"}
    return signed_form(payload if isinstance(payload, bytes) else urlencode(fields).encode(), secret)


def signed_form(body: bytes, secret: str = LIGHTSPEED_SECRET) -> Call:
    hexadecimal = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Call(
        "lightspeed", LIGHTSPEED, body, {"X-Signature": f"signature={hexadecimal},algorithm=HMAC-SHA256"}
    )


def paid(number: int = 1001, total: str = "10.00", **changes: Any) -> dict[str, Any]:
    """An order of store S1, paid in cash at till 1 at the hour of the tests' clock."""
    times = dict.fromkeys(("created_at", "processed_at", "updated_at"), NOW_TEXT)
    gid = f"gid://shopify/Order/{number}"
    return order(
        [line("1001", total)], total, id=number, admin_graphql_api_id=gid, **{**HERE, **times, **changes}
    )


def payment_event(event: str = "E-1", at: str = "2017-12-23T17:59:00Z", **changes: Any) -> dict[str, Any]:
    payment = {
        "id": "PAY-1", "order_id": "ORDER-1", "location_id": "LOC-1", "status": "COMPLETED",
        "buyer_email_address": NAMES[1], **changes,
    }  # fmt: skip
    return {
        "merchant_id": "MERCHANT-1", "type": "payment.updated", "event_id": event, "created_at": at,
        "data": {"type": "payment", "id": "PAY-1", "object": {"payment": payment}},
    }  # fmt: skip


def sale(**changes: Any) -> dict[str, Any]:
    return {
        "id": "SALE-1", "status": "CLOSED", "updated_at": "2017-12-23 17:59:30", "register_id": "REG-1",
        "customer": {"name": NAMES[0], "email": NAMES[1]}, **changes,
    }  # fmt: skip


def signed_by(vendor: str, body: bytes) -> Call:
    """Sign whatever bytes as a vendor signs. Nothing that they name is read as a receipt: it is fetched."""
    if vendor == "shopify":
        return shopify(body, account=SHOP_FETCHED)
    return square(body) if vendor == "square" else signed_form(body)


async def door(hand: Hand, before_effect: Any = None) -> Services:
    """Build services over memory with the vendors' accounts, every request to storage counted."""
    services = await flow_services(hand, before_effect=before_effect)
    services.settings = replace(services.settings, vendors=accounts())
    calls: Counter[str] = services.storage_calls
    tables = {name: CountingTable(getattr(services.tables, name), calls) for name in TABLE_NAMES}
    queues = {name.replace("-", "_"): name.replace("-", "_") for name in (*QUEUE_NAMES, "dead-letters")}
    services.tables = replace(services.tables, **tables)
    services.queues = replace(
        services.queues, **{name: CountingQueue(getattr(services.queues, name), calls) for name in queues}
    )
    mine = [{**STORE, "account": SHOP}]
    await import_rows(services.tables.mappings, "stores", mine, who="set-up", reason="the shop's", at=hand())
    await services.mappings.refresh()
    calls.clear()
    return services


async def called(services: Services, call: Call) -> func.HttpResponse:
    """Give the app's answer to a webhook, by the very function that the host calls."""

    async def ready() -> Services:
        return services

    services_module._opening[id(asyncio.get_running_loop())] = asyncio.ensure_future(ready())
    path = f"/pos/{call.vendor}/{{account}}"
    request = func.HttpRequest(
        method="POST", url=call.address, headers=call.headers,
        route_params={"account": call.account}, body=call.body,
    )  # fmt: skip
    try:
        response: func.HttpResponse = await functions()["post", path](request)
        return response
    finally:
        services_module._opening.pop(id(asyncio.get_running_loop()), None)


async def heard(services: Services, call: Call) -> str:
    """Give what became of an authentic webhook, in the word of its answer."""
    answer = await called(services, call)
    assert answer.status_code == 200, answer.get_body()
    word: str = json.loads(answer.get_body())["heard"]
    return word


async def rows(services: Services, *names: str) -> dict[str, list[Any]]:
    """Give everything that tables hold, without when it was read."""
    return {
        name: [replace(row, read_at=None) async for row in getattr(services.tables, name).query()]
        for name in names or TABLE_NAMES
    }
