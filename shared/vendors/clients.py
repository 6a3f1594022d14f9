"""Builds the client of an account at its vendor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import httpx

from shared.settings_vendors import EVERY_STORE, LIGHTSPEED, SHOPIFY, SQUARE, WEBHOOKS, VendorAccount
from shared.vendors.lightspeed import LightspeedClient
from shared.vendors.listed import VendorClient
from shared.vendors.shopify import ShopifyClient
from shared.vendors.square import SquareClient
from shared.vendors.wire import VendorWire

_SANDBOX = "connect.squareupsandbox.com"


def client_of(account: VendorAccount, http: httpx.AsyncClient, now: Callable[[], datetime]) -> VendorClient:
    """Give an account's client. http: follows nothing and reads no proxies or passwords from the environment."""

    def headers_of(token: str) -> Mapping[str, str]:
        if account.vendor == SHOPIFY:
            return {"X-Shopify-Access-Token": token}
        version = {"Square-Version": account.api_version} if account.vendor == SQUARE else {}
        return {"Authorization": f"Bearer {token}", **version}

    wire = VendorWire(http, account.host, account.tokens, headers_of, now, account.simulated_at)
    if account.vendor == SHOPIFY:
        return ShopifyClient(wire, account.api_version, by_webhooks=account.mode == WEBHOOKS)
    if account.vendor == SQUARE:
        locations = account.stores if EVERY_STORE not in account.stores else frozenset[str]()
        return SquareClient(wire, locations, sandbox=account.host == _SANDBOX)
    if account.vendor == LIGHTSPEED:
        return LightspeedClient(wire, account.api_version)
    raise ValueError(f"no client for {account.vendor}")
