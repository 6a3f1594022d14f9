"""The settings of vendors' accounts: complete or refused by name, and no secret in any message or record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from shared.errors import SettingsError
from shared.settings import read_settings
from shared.settings_vendors import VendorAccount, read_vendor_settings
from tests.unit.test_settings import GOOD

SHOP = {
    "account": "shop-east",
    "vendor": "shopify",
    "secrets": ["hush-shopify-00001"],
    "stores": ["655441491"],
    "host": "east.myshopify.com",
    "tokens": ["hush-shopify-token-1"],
}
SQUARE = {
    "account": "square-west", "vendor": "square", "secrets": ["hush-square-000001", "hush-square-000002"], "stores": ["*"],
    "host": "connect.squareup.com", "tokens": ["hush-square-token-1"], "merchant": "ML1",
    "notification_url": "https://door.example.com/api/pos/square/square-west",
}  # fmt: skip
LIGHTSPEED = {
    "account": "ls-north", "vendor": "lightspeed", "secrets": ["hush-lightspeed-01"], "stores": ["*"],
    "host": "north.retail.lightspeed.app", "tokens": ["hush-lightspeed-token"], "sweep_minutes": 5,
}  # fmt: skip


def read(*accounts: dict[str, Any], **more: Any) -> Mapping[str, VendorAccount]:
    return read_vendor_settings({"TILLPOST_VENDORS": json.dumps(accounts)}, **more)


def test_without_any_no_vendor_is_let_in() -> None:
    assert read_vendor_settings({}) == {}
    assert read_settings(GOOD).vendors == {}


def test_every_vendors_account_is_read_with_its_defaults() -> None:
    found = read(SHOP, SQUARE, LIGHTSPEED)
    shop, square, lightspeed = found["shop-east"], found["square-west"], found["ls-north"]
    assert (shop.mode, shop.api_version, shop.sweep_minutes, shop.origin) == (
        "fetch", "2026-04", 15, "https://east.myshopify.com",
    )  # fmt: skip
    assert (square.secrets, square.merchant) == (("hush-square-000001", "hush-square-000002"), "ML1")
    assert square.notification_url == "https://door.example.com/api/pos/square/square-west"
    assert (square.api_version, lightspeed.api_version, lightspeed.sweep_minutes) == ("2025-08-20", "2.0", 5)
    assert shop.may_send_for("655441491")
    assert not shop.may_send_for("655441492")
    assert square.may_send_for("anything")


def test_webhooks_alone_need_no_token_and_then_nothing_can_be_fetched() -> None:
    found = read({**SHOP, "mode": "webhooks", "tokens": []})["shop-east"]
    assert (found.mode, found.can_fetch) == ("webhooks", False)
    assert read(SHOP)["shop-east"].can_fetch


def test_no_secret_and_no_token_is_in_what_is_written_of_an_account() -> None:
    assert "hush" not in repr(read(SHOP, SQUARE, LIGHTSPEED))
    assert "a secret of the east" not in repr(read_settings(GOOD).senders)


@pytest.mark.parametrize(
    "wrong",
    [
        {"account": ""}, {"account": "a/b"}, {"account": "-a"}, {"account": "x" * 61}, {"account": 7}, {"account": "ä"},
        {"vendor": "toast"}, {"vendor": ["shopify"]}, {"colour": "red"},
        {"secrets": []}, {"secrets": ["hush"]}, {"secrets": ["hush-hush-hush-hush"] * 2}, {"secrets": "hush-hush-hush-hush"},
        {"secrets": ["hush-hush-hush-1", "hush-hush-hush-2", "hush-hush-hush-3"]}, {"secrets": ["hush hush hush hush"]},
        {"secrets": ["hush" * 129]}, {"tokens": []}, {"tokens": ["hush-hush\r\nX-Evil: 1"]}, {"stores": []}, {"stores": "*"},
        {"host": "east.myshopify.com.evil.example"}, {"host": "https://east.myshopify.com"}, {"host": "EAST.myshopify.com"},
        {"host": "myshopify.com"}, {"host": "east.myshopify.com/x"}, {"host": "a.b.myshopify.com"}, {"host": None},
        {"host": "connect.squareup.com"}, {"host": "east.myshopify.com\n"}, {"mode": "poll"},
        {"api_version": "unstable"}, {"api_version": "2026-05"},
        {"sweep_minutes": 0}, {"sweep_minutes": 1441}, {"sweep_minutes": "5"}, {"sweep_minutes": True},
        {"notification_url": "https://door.example.com/"}, {"merchant": "ML1"}, {"simulated_at": "https://localhost:9"},
    ],
)  # fmt: skip
def test_an_account_that_is_wrong_is_refused_and_none_of_its_secrets_is_shown(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        read({**SHOP, **wrong})
    assert "TILLPOST_VENDORS" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "", "http://door.example.com/x", "https://", "https://hush@door.example.com/x", "https://door.example.com/a b",
        "https://door.example.com:port/", "https://döor.example.com/", "door.example.com/x",
    ],
)  # fmt: skip
def test_square_needs_the_address_it_signs(url: str) -> None:
    with pytest.raises(SettingsError, match="notification_url"):
        read({**SQUARE, "notification_url": url})


def test_square_and_lightspeed_are_never_read_from_webhooks_alone() -> None:
    for one in (SQUARE, LIGHTSPEED):
        with pytest.raises(SettingsError, match="no whole receipts"):
            read({**one, "mode": "webhooks"})


@pytest.mark.parametrize("text", ["{}", "[1]", "nothing", json.dumps([SHOP] * 2), json.dumps([SHOP] * 51)])
def test_a_setting_that_is_no_list_of_different_accounts_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="TILLPOST_VENDORS"):
        read_vendor_settings({"TILLPOST_VENDORS": text})


def test_accounts_that_share_a_secret_must_each_list_their_stores() -> None:
    west = {**SHOP, "account": "shop-west", "host": "west.myshopify.com", "stores": ["655441500"]}
    assert set(read(SHOP, west)) == {"shop-east", "shop-west"}
    with pytest.raises(SettingsError, match="shop-east and shop-west have a secret in common"):
        read(SHOP, {**west, "stores": ["*"]})


@pytest.mark.parametrize("one", [SHOP, SQUARE, LIGHTSPEED])
@pytest.mark.parametrize("stores", [["*"], ["655441491", "9"]])
def test_no_store_has_two_accounts_for_each_receipt_would_be_there_twice(
    one: dict[str, Any], stores: list[str]
) -> None:
    other = {**one, "account": "another", "secrets": ["hush-another-00001"], "stores": stores}
    with pytest.raises(SettingsError, match=f"{one['account']} and another speak for the same store of"):
        read(one, other)
    apart = {**one, "stores": ["1", "2"]}
    assert len(read(apart, {**other, "stores": ["3"]})) == 2


def test_two_sellers_at_square_may_each_speak_for_all_their_stores() -> None:
    assert (
        len(
            read(
                SQUARE, {**SQUARE, "account": "another", "secrets": ["hush-another-00001"], "merchant": "ML2"}
            )
        )
        == 2
    )


def test_a_source_account_has_one_way_in() -> None:
    environ = {**GOOD, "TILLPOST_VENDORS": json.dumps([{**SHOP, "account": "east"}])}
    with pytest.raises(SettingsError, match="east is an account of TILLPOST_SENDERS too"):
        read_settings(environ)


def test_only_a_simulation_asks_another_address_and_only_on_this_machine() -> None:
    simulated = {**SHOP, "simulated_at": "http://127.0.0.1:9000/"}
    assert read(simulated, is_simulation=True)["shop-east"].origin == "http://127.0.0.1:9000"
    with pytest.raises(SettingsError, match="not on this machine"):
        read({**SHOP, "simulated_at": "https://evil.example"}, is_simulation=True)
