"""The settings of vendors' accounts: whose webhooks are let in, for which stores, and where what they name is fetched.

One setting, a list of accounts; it holds secrets and stands in the vault. The name of an account is in the address its
vendor calls, which routes a call and proves nothing: the signature does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from shared.errors import SettingsError
from shared.settings_rows import text_in, texts_in

VENDORS_SETTING = "TILLPOST_VENDORS"
VENDOR_SETTING_NAMES = (VENDORS_SETTING,)
SHOPIFY, SQUARE, LIGHTSPEED = "shopify", "square", "lightspeed"
VENDORS = (SHOPIFY, SQUARE, LIGHTSPEED)
WEBHOOKS, FETCH = "webhooks", "fetch"
EVERY_STORE = "*"
ACCOUNTS_MAX = 50
LIVE_MAX = 2  # secrets and tokens: the one that comes beside the one that goes
SECRET_CHARACTERS_MIN, SECRET_CHARACTERS_MAX = 16, 512
SWEEP_MINUTES, SWEEP_MINUTES_MAX = 15, 1440
API_VERSIONS: Mapping[str, str] = MappingProxyType(
    {SHOPIFY: "2026-04", SQUARE: "2025-08-20", LIGHTSPEED: "2.0"}
)
_HOSTS = {
    SHOPIFY: (re.compile(r"[a-z0-9][a-z0-9-]{0,60}\.myshopify\.com"), "<shop>.myshopify.com"),
    SQUARE: (
        re.compile(r"connect\.(?:squareup|squareupsandbox)\.com"),
        "connect.squareup.com or connect.squareupsandbox.com",
    ),
    LIGHTSPEED: (
        re.compile(r"[a-z0-9][a-z0-9-]{0,60}\.retail\.lightspeed\.app"),
        "<prefix>.retail.lightspeed.app",
    ),
}
_VERSIONS = {
    SHOPIFY: re.compile(r"20\d\d-(?:01|04|07|10)", re.ASCII),
    SQUARE: re.compile(r"20\d\d-[01]\d-[0-3]\d", re.ASCII),
    LIGHTSPEED: re.compile(r"2\.0|20\d\d-[01]\d", re.ASCII),
}
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}", re.ASCII)
_TOKEN = re.compile(r"[\x21-\x7e]+")  # what may stand in a header
_KNOWN = {
    "account", "vendor", "secrets", "stores", "host", "tokens", "notification_url", "mode", "api_version",
    "sweep_minutes", "merchant", "simulated_at",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class VendorAccount:
    """An account at a vendor: one or two live signing secrets, and the stores it may speak for ("*": all).

    host: where its API is, and nothing else is called. tokens: one or two live access tokens; none: nothing is fetched.
    notification_url: the address Square was given, which it signs. mode: `webhooks` reads what webhooks hold, `fetch`
    takes them as signs of what to fetch. merchant: Square's id of the seller, "" where it is not checked.
    simulated_at: in simulations alone, where the API really is.
    """

    account: str
    vendor: str
    secrets: tuple[str, ...] = field(repr=False)
    stores: frozenset[str]
    host: str
    tokens: tuple[str, ...] = field(default=(), repr=False)
    notification_url: str = ""
    mode: str = FETCH
    api_version: str = ""
    sweep_minutes: int = SWEEP_MINUTES
    merchant: str = ""
    simulated_at: str = ""

    @property
    def origin(self) -> str:
        """Give where its API is called: scheme and host, without a path."""
        return self.simulated_at or f"https://{self.host}"

    @property
    def can_fetch(self) -> bool:
        """Say whether the app may ask the vendor: to fetch what is named, and to sweep the vendor's lists."""
        return bool(self.tokens)

    def may_send_for(self, store: str) -> bool:
        return EVERY_STORE in self.stores or store in self.stores


def others_of_seller(
    accounts: Mapping[str, VendorAccount], account: VendorAccount
) -> tuple[VendorAccount, ...]:
    """Give the other accounts of the same seller, between which its stores are shared out."""
    seller = (account.vendor, account.host, account.merchant)
    return tuple(
        one
        for one in accounts.values()
        if one.account != account.account and (one.vendor, one.host, one.merchant) == seller
    )


def is_of_another(accounts: Mapping[str, VendorAccount], account: VendorAccount, store: str) -> bool:
    """Say whether a store is not this account's, and is that of another account of the same seller, which reads it itself.

    store: as the vendor names it; "" where that is not told, which is nobody's.
    """
    if not store or account.may_send_for(store):
        return False
    return any(one.may_send_for(store) for one in others_of_seller(accounts, account))


def read_vendor_settings(
    environ: Mapping[str, str], *, taken: Collection[str] = (), is_simulation: bool = False
) -> Mapping[str, VendorAccount]:
    """Read the accounts by name; without any, no vendor is let in and everything else works.

    taken: names of source accounts that sign by themselves, which no vendor's account may bear.

    Raises:
        SettingsError: one is wrong; it is named, and no secret of it shown.
    """
    rows = _rows(environ.get(VENDORS_SETTING, "").strip() or "[]")
    accounts: dict[str, VendorAccount] = {}
    for row in rows:
        one = _account(row)
        if one.account in accounts:
            raise SettingsError(f"{VENDORS_SETTING}: {one.account} is there twice")
        if one.account in taken:
            raise SettingsError(f"{VENDORS_SETTING}: {one.account} is an account of TILLPOST_SENDERS too")
        if one.simulated_at and not is_simulation:
            raise SettingsError(
                f"{VENDORS_SETTING}: {one.account} has simulated_at, which is for simulations only"
            )
        accounts[one.account] = one
    _refuse_shared_secrets(accounts)
    _refuse_shared_stores(accounts)
    return MappingProxyType(accounts)


def _rows(text: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{VENDORS_SETTING} is not JSON") from error
    is_list = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    if not is_list or len(rows) > ACCOUNTS_MAX:
        raise SettingsError(f"{VENDORS_SETTING} is not a list of at most {ACCOUNTS_MAX} objects")
    return list(rows)


def _account(row: Mapping[str, Any]) -> VendorAccount:
    name, vendor = _identity(row)
    host, version = (
        text_in(row, "host", f"{VENDORS_SETTING}: {name}"),
        text_in(row, "api_version", f"{VENDORS_SETTING}: {name}") or API_VERSIONS[vendor],
    )
    pattern, expected = _HOSTS[vendor]
    if not pattern.fullmatch(host):
        raise SettingsError(f"{VENDORS_SETTING}: {name} needs a host: {expected}, in small letters")
    if not _VERSIONS[vendor].fullmatch(version):
        raise SettingsError(
            f"{VENDORS_SETTING}: {name} has an api_version that is none, such as {API_VERSIONS[vendor]}"
        )
    stores = texts_in(row, "stores", f"{VENDORS_SETTING}: {name}")
    if not stores:
        raise SettingsError(f"{VENDORS_SETTING}: {name} needs the stores it may speak for, or {EVERY_STORE}")
    mode, tokens = _mode(row, name, vendor), _live(row, "tokens", name, at_least=0)
    if mode == FETCH and not tokens:
        raise SettingsError(f"{VENDORS_SETTING}: {name} needs tokens, one or two, to fetch with")
    return VendorAccount(
        account=name,
        vendor=vendor,
        secrets=_live(row, "secrets", name, at_least=1),
        stores=frozenset(stores),
        host=host,
        tokens=tokens,
        notification_url=_notification_url(row, name, vendor),
        mode=mode,
        api_version=version,
        sweep_minutes=_sweep_minutes(row, name),
        merchant=_only_square(row, "merchant", name, vendor),
        simulated_at=_simulated_at(row, name),
    )


def _identity(row: Mapping[str, Any]) -> tuple[str, str]:
    """Give name and vendor, once nothing is there that means nothing."""
    name, vendor = row.get("account"), row.get("vendor")
    if not isinstance(name, str) or not _ACCOUNT.fullmatch(name):
        shape = "at most 60 letters, digits, dots, dashes and underscores, a letter or digit first"
        raise SettingsError(f"{VENDORS_SETTING}: each needs an account: {shape}")
    if not isinstance(vendor, str) or vendor not in VENDORS:
        raise SettingsError(f"{VENDORS_SETTING}: {name} needs a vendor: {', '.join(VENDORS)}")
    if unknown := sorted(set(row) - _KNOWN):
        raise SettingsError(f"{VENDORS_SETTING}: {name} has {', '.join(unknown)}, which means nothing here")
    return name, vendor


def _live(row: Mapping[str, Any], what: str, name: str, *, at_least: int) -> tuple[str, ...]:
    """Give the secrets or tokens that are live; none of them is ever in a message."""
    found = texts_in(row, what, f"{VENDORS_SETTING}: {name}")
    number = f"{at_least} to {LIVE_MAX}"
    if not at_least <= len(found) <= LIVE_MAX or len(set(found)) != len(found):
        raise SettingsError(f"{VENDORS_SETTING}: {name} needs {number} {what}, different ones")
    lengths = f"{SECRET_CHARACTERS_MIN} to {SECRET_CHARACTERS_MAX} characters without blanks"
    if not all(
        SECRET_CHARACTERS_MIN <= len(one) <= SECRET_CHARACTERS_MAX and _TOKEN.fullmatch(one) for one in found
    ):
        raise SettingsError(f"{VENDORS_SETTING}: {name} needs {what} of {lengths}")
    return found


def _mode(row: Mapping[str, Any], name: str, vendor: str) -> str:
    mode = text_in(row, "mode", f"{VENDORS_SETTING}: {name}") or FETCH
    if mode not in ((WEBHOOKS, FETCH) if vendor == SHOPIFY else (FETCH,)):
        only = (
            f"{WEBHOOKS} or {FETCH}" if vendor == SHOPIFY else f"{FETCH}: its webhooks are no whole receipts"
        )
        raise SettingsError(f"{VENDORS_SETTING}: {name} has a mode that is not {only}")
    return mode


def _notification_url(row: Mapping[str, Any], name: str, vendor: str) -> str:
    url = _only_square(row, "notification_url", name, vendor)
    if vendor == SQUARE and not _is_address(url):
        raise SettingsError(
            f"{VENDORS_SETTING}: {name} needs the notification_url Square was given, letter by letter, with https://"
        )
    return url


def _only_square(row: Mapping[str, Any], what: str, name: str, vendor: str) -> str:
    text = text_in(row, what, f"{VENDORS_SETTING}: {name}")
    if text and vendor != SQUARE:
        raise SettingsError(f"{VENDORS_SETTING}: {name} has {what}, which is Square's alone")
    return text


def _sweep_minutes(row: Mapping[str, Any], name: str) -> int:
    minutes = row.get("sweep_minutes", SWEEP_MINUTES)
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 1 <= minutes <= SWEEP_MINUTES_MAX:
        raise SettingsError(
            f"{VENDORS_SETTING}: {name} needs sweep_minutes as a whole number from 1 to {SWEEP_MINUTES_MAX}"
        )
    return minutes


def _simulated_at(row: Mapping[str, Any], name: str) -> str:
    address = text_in(row, "simulated_at", f"{VENDORS_SETTING}: {name}")
    parts = urlsplit(address)
    if address and (
        parts.scheme not in ("http", "https") or parts.hostname not in ("localhost", "127.0.0.1")
    ):
        raise SettingsError(f"{VENDORS_SETTING}: {name} has a simulated_at that is not on this machine")
    return address.rstrip("/")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and named
        and parts.username is None
        and parts.password is None
        and url.isascii()
        and not any(one.isspace() for one in url)
    )


def _refuse_shared_secrets(accounts: Mapping[str, VendorAccount]) -> None:
    """What one of two accounts with one secret was sent, the other would take too: only its stores tell them apart."""
    by_secret: dict[str, list[VendorAccount]] = {}
    for one in accounts.values():
        for secret in one.secrets:
            by_secret.setdefault(secret, []).append(one)
    for sharing in by_secret.values():
        if len(sharing) > 1 and any(EVERY_STORE in one.stores for one in sharing):
            names = " and ".join(one.account for one in sharing)
            raise SettingsError(
                f"{VENDORS_SETTING}: {names} have a secret in common, so each must list its stores"
            )


def _refuse_shared_stores(accounts: Mapping[str, VendorAccount]) -> None:
    """What two accounts are told of one store would be there twice: a receipt is known by its account."""
    for one, other in combinations(accounts.values(), 2):
        is_same_place = (one.host, one.merchant) == (other.host, other.merchant)
        if is_same_place and (EVERY_STORE in one.stores | other.stores or one.stores & other.stores):
            raise SettingsError(
                f"{VENDORS_SETTING}: {one.account} and {other.account} speak for the same store of {one.host}"
            )
