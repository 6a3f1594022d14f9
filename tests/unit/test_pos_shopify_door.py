"""Shopify at the door: what its signature lets in and what not. (Forgeries by the thousand: test_forged_webhooks.py.)"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.flow_services import Hand, run
from tests.unit.vendor_calls import SHOP_FETCHED, Call, called, door, paid, shopify

WEBHOOK = shopify(paid())
UNSIGNED = {name: text for name, text in WEBHOOK.headers.items() if name != "X-Shopify-Hmac-SHA256"}


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (WEBHOOK, 200),
        (shopify(paid(), secret="hush-shopify-00002"), 200),
        (replace(WEBHOOK, headers={name.lower(): text for name, text in WEBHOOK.headers.items()}), 200),
        (replace(WEBHOOK, body=WEBHOOK.body.replace(b'"10.00"', b'"90.00"')), 401),
        (replace(WEBHOOK, body=WEBHOOK.body + b" "), 401),
        (shopify(paid(), secret="hush-shopify-00009"), 401),
        (replace(WEBHOOK, headers=UNSIGNED), 401),
        (replace(WEBHOOK, account=SHOP_FETCHED), 401),
        (shopify(paid(), host="west.myshopify.com"), 401),
    ],
    ids=[
        "as signed", "next secret", "small letters", "altered", "longer", "other secret", "no header", "other account",
        "other shop",
    ],
)  # fmt: skip
def test_74_only_what_shopify_signed_is_let_in(call: Call, status: int) -> None:
    async def work() -> None:
        services = await door(Hand())
        assert (await called(services, call)).status_code == status
        assert bool(services.storage_calls) is (status == 200)

    run(work())
