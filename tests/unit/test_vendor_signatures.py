"""Vendors' signatures: those written down open, whatever is only nearly right does not, and nothing compares them with ==."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from shared.errors import ForbiddenError
from shared.gate_vendors import admit_vendor
from shared.settings import Settings
from shared.settings_vendors import VendorAccount
from shared.vendor_signatures import is_lightspeeds, is_shopifys, is_squares
from tests.unit.flow_services import Hand, settings_for

SHARED = Path(__file__).resolve().parents[2] / "shared"
SHOP_SECRET, SHOP_NEXT = "hush-shopify-00001", "hush-shopify-00002"
SQUARE_SECRET, LIGHTSPEED_SECRET = "hush-square-000001", "hush-lightspeed-01"
URL = "https://door.example.com/api/pos/square/square-west"
BODY = b'{"id": 820982911946154508, "name": "#1001"}'
FORM = b"payload=%7B%22id%22%3A%22SALE-1%22%7D&type=sale.update"
# Written down once, of `openssl dgst -sha256 -hmac` over the bytes.
SHOP_SIGNED = "kN1o8ptByp06yq6WJqJoDILMmkv7i7m+Qe0CrOrgyVo="
SHOP_SIGNED_NEXT = "mDJ8ff+/gCpctcwqIdgJyEDxr1UTPM6BikpTeMUCpug="
SQUARE_SIGNED = "iD6jiIo+b119741V1PwkbA1+864yJ0fDAP0R81xTvTo="
LIGHTSPEED_SIGNED = "812391379da656289965ed7fbcb4ca656439e59a1ace8cd725f7375fb7a56dc4"
SHOP_HEADERS = {"X-Shopify-Hmac-SHA256": SHOP_SIGNED, "X-Shopify-Shop-Domain": "east.myshopify.com"}


def accounts() -> dict[str, VendorAccount]:
    shop = VendorAccount(
        "shop-east", "shopify", (SHOP_SECRET, SHOP_NEXT), frozenset({"1"}), "east.myshopify.com"
    )
    square = VendorAccount(
        "square-west",
        "square",
        (SQUARE_SECRET,),
        frozenset({"*"}),
        "connect.squareup.com",
        notification_url=URL,
    )
    lightspeed = VendorAccount(
        "ls-north", "lightspeed", (LIGHTSPEED_SECRET,), frozenset({"*"}), "north.retail.lightspeed.app"
    )
    west = replace(shop, account="shop-west", host="west.myshopify.com")
    return {one.account: one for one in (shop, square, lightspeed, west)}


def settings() -> Settings:
    return replace(settings_for(Hand()), vendors=MappingProxyType(accounts()))


def admitted(vendor: str, account: str, headers: Mapping[str, str], body: bytes) -> str:
    return admit_vendor(settings(), vendor, account, headers, body).account


def refused(vendor: str, account: str, headers: Mapping[str, str], body: bytes = BODY) -> None:
    with pytest.raises(ForbiddenError) as caught:
        admitted(vendor, account, headers, body)
    assert caught.value.status == 401
    assert str(caught.value) == "the request is not signed by an account known here"


def test_each_vendors_signature_opens_its_account() -> None:
    assert admitted("shopify", "shop-east", SHOP_HEADERS, BODY) == "shop-east"
    square = {"x-square-hmacsha256-signature": SQUARE_SIGNED}
    assert admitted("square", "square-west", square, BODY) == "square-west"
    signed = {"X-Signature": f"signature={LIGHTSPEED_SIGNED},algorithm=HMAC-SHA256"}
    assert admitted("lightspeed", "ls-north", signed, FORM) == "ls-north"


def test_both_live_secrets_open_and_a_third_does_not() -> None:
    for signed in (SHOP_SIGNED, SHOP_SIGNED_NEXT):
        assert is_shopifys((SHOP_SECRET, SHOP_NEXT), {"x-shopify-hmac-sha256": signed}, BODY)
    assert not is_shopifys((SHOP_SECRET,), {"x-shopify-hmac-sha256": SHOP_SIGNED_NEXT}, BODY)
    assert not is_shopifys((), {"x-shopify-hmac-sha256": SHOP_SIGNED}, BODY)


@pytest.mark.parametrize("name", ["x-shopify-hmac-sha256", "X-SHOPIFY-HMAC-SHA256", "X-Shopify-Hmac-Sha256"])
def test_a_header_may_be_written_in_any_case(name: str) -> None:
    assert is_shopifys((SHOP_SECRET,), {name: SHOP_SIGNED}, BODY)


def test_a_header_that_is_there_twice_opens_nothing() -> None:
    twice = {"X-Shopify-Hmac-SHA256": SHOP_SIGNED, "x-shopify-hmac-sha256": SHOP_SIGNED}
    assert not is_shopifys((SHOP_SECRET,), twice, BODY)
    joined = {"X-Shopify-Hmac-SHA256": f"{SHOP_SIGNED},{SHOP_SIGNED}"}
    assert not is_shopifys((SHOP_SECRET,), joined, BODY)


@pytest.mark.parametrize(
    "given",
    ["", " ", "=", SHOP_SIGNED[:-1], SHOP_SIGNED + "=", SHOP_SIGNED.lower(), "x" * 44, "\udce9", "é" * 44, "A" * 10_000],
)  # fmt: skip
def test_a_signature_that_is_none_opens_nothing(given: str) -> None:
    refused("shopify", "shop-east", {**SHOP_HEADERS, "X-Shopify-Hmac-SHA256": given})


def test_bytes_that_say_the_same_in_json_are_other_bytes() -> None:
    for other in (
        BODY + b"\n",
        BODY.replace(b", ", b","),
        b'{"name": "#1001", "id": 820982911946154508}',
        b"",
    ):
        refused("shopify", "shop-east", SHOP_HEADERS, other)


def test_a_shop_of_the_same_secret_is_not_the_other_shop() -> None:
    refused("shopify", "shop-west", SHOP_HEADERS)
    refused("shopify", "shop-east", {**SHOP_HEADERS, "X-Shopify-Shop-Domain": "west.myshopify.com"})
    refused("shopify", "shop-east", {"X-Shopify-Hmac-SHA256": SHOP_SIGNED})
    assert admitted(
        "shopify", "shop-east", {**SHOP_HEADERS, "X-Shopify-Shop-Domain": "East.MyShopify.com"}, BODY
    )


def test_square_is_asked_about_the_address_it_was_given_and_no_other() -> None:
    header = {"x-square-hmacsha256-signature": SQUARE_SIGNED}
    assert is_squares((SQUARE_SECRET,), header, BODY, URL)
    for other in (
        URL + "/",
        URL.replace("https", "http"),
        URL.upper(),
        "https://door.azurewebsites.net/api/pos/square/x",
        "",
    ):
        assert not is_squares((SQUARE_SECRET,), header, BODY, other)


def test_squares_older_signature_opens_nothing() -> None:
    refused("square", "square-west", {"x-square-signature": SQUARE_SIGNED})


@pytest.mark.parametrize(
    "given",
    [
        LIGHTSPEED_SIGNED, f"signature={LIGHTSPEED_SIGNED}", f"signature={LIGHTSPEED_SIGNED},algorithm=HMAC-SHA1",
        f"signature={LIGHTSPEED_SIGNED},algorithm=none", f"signature={LIGHTSPEED_SIGNED},algorithm=HMAC-SHA256,algorithm=none",
        f"algorithm=HMAC-SHA256,signature={LIGHTSPEED_SIGNED},signature=", "signature=,algorithm=HMAC-SHA256",
        f"signature={LIGHTSPEED_SIGNED[:-1]},algorithm=HMAC-SHA256", f"signature={'0' * 64},algorithm=HMAC-SHA256",
    ],
)  # fmt: skip
def test_lightspeeds_header_says_signature_and_algorithm_and_nothing_else(given: str) -> None:
    refused("lightspeed", "ls-north", {"X-Signature": given}, FORM)


def test_lightspeeds_hexadecimal_may_be_in_capitals_and_a_blank_after_the_comma() -> None:
    given = f"signature={LIGHTSPEED_SIGNED.upper()}, algorithm=HMAC-SHA256"
    assert is_lightspeeds((LIGHTSPEED_SECRET,), {"x-signature": given}, FORM)


def test_the_account_of_another_vendor_or_of_nobody_is_refused_alike() -> None:
    refused("square", "shop-east", SHOP_HEADERS)
    refused("shopify", "square-west", SHOP_HEADERS)
    refused("shopify", "nobody", SHOP_HEADERS)
    refused("clover", "shop-east", SHOP_HEADERS)


def test_nothing_compares_what_somebody_signed_or_a_key_with_equals() -> None:
    """A comparison that stops at the first difference tells how much of a guess was right."""
    found, constant_time = [], 0
    for path in sorted(SHARED.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        constant_time += "compare_digest" in text
        if not any(word in text for word in GUESSED_AT):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Compare) and any(isinstance(one, EQUALS) for one in node.ops):
                sides = [one for one in (node.left, *node.comparators) if not is_constant(one)]
                told = " ".join(
                    ast.unparse(one).lower() for one in sides if not ast.unparse(one).startswith("len(")
                )
                if any(word in told for word in GUESSED_AT) and "documentsha256" not in told:
                    found.append(f"{path.relative_to(SHARED).as_posix()}: {ast.unparse(node)}")
    assert constant_time >= 2
    assert found == []


def is_constant(side: ast.expr) -> bool:
    return isinstance(side, ast.Constant | ast.Set) or (isinstance(side, ast.Name) and side.id.isupper())


EQUALS = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
GUESSED_AT = ("signature", "hmac", "secret", "key_sha256", "hexdigest")
