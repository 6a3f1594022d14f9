"""10,000 webhooks that somebody forged or altered, over all vendors, by seed: each is refused, and none reaches storage."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import logging
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.flow_services import Hand
from tests.unit.vendor_calls import (
    LIGHTSPEED,
    NAMES,
    SHOP,
    SHOP_FETCHED,
    SQUARE,
    Call,
    called,
    door,
    lightspeed,
    paid,
    payment_event,
    sale,
    shopify,
    signed_form,
    square,
)

CALLS = 10_000
SIGNED_IN = {
    "shopify": "X-Shopify-Hmac-SHA256",
    "square": "x-square-hmacsha256-signature",
    "lightspeed": "X-Signature",
}
AUTHENTIC = (
    shopify(paid(email=NAMES[1])), shopify(paid(1002), account=SHOP_FETCHED), square(payment_event()),
    lightspeed(sale()),
)  # fmt: skip
Forge = Callable[[random.Random, Call], Call]


def signature(call: Call) -> str:
    return call.headers[SIGNED_IN[call.vendor]]


def with_signature(call: Call, text: str) -> Call:
    return replace(call, headers={**call.headers, SIGNED_IN[call.vendor]: text})


def a_bit_of_the_body(chance: random.Random, call: Call) -> Call:
    at = chance.randrange(len(call.body))
    body = bytearray(call.body)
    body[at] ^= 1 << chance.randrange(8)
    return replace(call, body=bytes(body))


def a_part_of_the_body(chance: random.Random, call: Call) -> Call:
    at = chance.randrange(len(call.body))
    more = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
    cut = (call.body[:at], call.body[at + 1 :], call.body[:at] + more + call.body[at:], b"", call.body * 2)
    return replace(call, body=chance.choice(cut))


def a_bit_of_the_signature(chance: random.Random, call: Call) -> Call:
    given = signature(call)
    while True:
        letters = [ord(one) for one in given]
        letters[chance.randrange(len(letters))] ^= 1 << chance.randrange(8)
        text = "".join(map(chr, letters))
        if text.lower().strip() != given.lower() if call.vendor == "lightspeed" else text.strip() != given:
            return with_signature(call, text)


def the_same_in_other_bytes(chance: random.Random, call: Call) -> Call:
    if call.vendor == "lightspeed":
        parts = call.body.split(b"&")
        other = [
            b"&".join(reversed(parts)),
            call.body.replace(b"%22", b"%2522", 1),
            call.body.replace(b"+", b"%20"),
        ]
        return replace(call, body=chance.choice(other))
    tree = json.loads(call.body)
    names = list(tree)
    chance.shuffle(names)
    shuffled = {name: tree[name] for name in names}
    other = [json.dumps(tree, indent=1), json.dumps(tree, separators=(",", ":")), json.dumps(shuffled) + " "]
    return replace(call, body=chance.choice(other).encode())


def another_account(chance: random.Random, call: Call) -> Call:
    names = [
        SHOP,
        SHOP_FETCHED,
        SQUARE,
        LIGHTSPEED,
        "nobody",
        "",
        f"../{call.account}",
        call.account.upper(),
        f"{call.account}\0",
    ]
    return replace(call, account=chance.choice([one for one in names if one != call.account]))


def another_vendor(chance: random.Random, call: Call) -> Call:
    vendor = chance.choice([one for one in SIGNED_IN if one != call.vendor])
    bare = signature(call).removeprefix("signature=").removesuffix(",algorithm=HMAC-SHA256")
    return replace(call, vendor=vendor, headers={**call.headers, SIGNED_IN[vendor]: bare})


def another_secret(chance: random.Random, call: Call) -> Call:
    guess = chance.choice(
        ["", "secret", "hush-shopify-0000", "hush-square-000002", chance.randbytes(16).hex()]
    )
    if call.vendor == "shopify":
        return shopify(call.body, account=call.account, secret=guess or " ")
    return square(call.body, secret=guess) if call.vendor == "square" else signed_form(call.body, guess)


def another_address(chance: random.Random, call: Call) -> Call:
    if call.vendor != "square":
        return without_a_signature(chance, call)
    told = ("http://door.example.com/api/pos/square/square-west", "https://door.example.com/api/pos/square/square-west/", "",
            "https://evil.example/api/pos/square/square-west", "/api/pos/square/square-west")  # fmt: skip
    return square(call.body, url=chance.choice(told))


def without_a_signature(chance: random.Random, call: Call) -> Call:
    name = SIGNED_IN[call.vendor]
    rest = {key: value for key, value in call.headers.items() if key != name}
    extra = chance.choice([{}, {name: ""}, {"X-Hub-Signature": signature(call)}, {"Authorization": "Bearer x"},
                           {"X-MS-CLIENT-PRINCIPAL": "e30="}, {"x-functions-key": "x"}])  # fmt: skip
    return replace(call, headers={**rest, **extra})


def a_signature_twice(chance: random.Random, call: Call) -> Call:
    given = signature(call)
    return with_signature(
        call, chance.choice([f"{given},{given}", f"{given}, x", f"x,{given}", f"{given}\n{given}"])
    )


def an_older_way_to_sign(chance: random.Random, call: Call) -> Call:
    secret = {
        "shopify": b"hush-shopify-00001",
        "square": b"hush-square-000001",
        "lightspeed": b"hush-lightspeed-01",
    }
    way = chance.choice(["sha1", "md5", "sha512"])
    digest = hmac.new(secret[call.vendor], call.body, way).digest()
    plain = hashlib.sha256(call.body).digest()
    text = base64.b64encode(chance.choice([digest, plain])).decode()
    if call.vendor == "lightspeed":
        hexadecimal = signature(call).removeprefix("signature=").partition(",")[0]
        text = chance.choice([f"signature={digest.hex()},algorithm=HMAC-{way.upper()}", f"signature={hexadecimal},algorithm=none",
                              f"signature={hexadecimal}", f"algorithm=HMAC-SHA256,signature={hexadecimal}"])  # fmt: skip
    return with_signature(call, text)


def another_shop(chance: random.Random, call: Call) -> Call:
    if call.vendor != "shopify":
        return a_bit_of_the_signature(chance, call)
    told = chance.choice(
        ["evil.myshopify.com", "", "east.myshopify.com.evil.example", "east.myshopify.com, x", "\udce9"]
    )
    return replace(call, headers={**call.headers, "X-Shopify-Shop-Domain": told})


FORGERS: tuple[Forge, ...] = (
    a_bit_of_the_body, a_part_of_the_body, a_bit_of_the_signature, the_same_in_other_bytes, another_account, another_vendor,
    another_secret, another_address, without_a_signature, a_signature_twice, an_older_way_to_sign, another_shop,
)  # fmt: skip


def test_74_none_of_ten_thousand_forged_webhooks_is_let_in_and_none_reaches_storage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    forged: Counter[tuple[str, str]] = Counter()

    async def work() -> None:
        services, chance = await door(Hand()), random.Random(20171223)
        for number in itertools.count():
            if sum(forged.values()) == CALLS:
                break
            whole, forge = (
                AUTHENTIC[number % len(AUTHENTIC)],
                FORGERS[number // len(AUTHENTIC) % len(FORGERS)],
            )
            call = forge(chance, whole)
            if call == whole:
                continue  # a form without a plus sign, a document that was compact already
            answer = await called(services, call)
            assert answer.status_code == 401, (number, forge.__name__, call)
            forged[call.vendor, forge.__name__] += 1
        assert sum(services.storage_calls.values()) == 0
        for call in AUTHENTIC:  # and the same door opens for each as it was signed
            assert (await called(services, call)).status_code == 200
        assert sum(services.storage_calls.values()) > 0

    asyncio.run(work())
    assert sum(forged.values()) == CALLS
    assert {forge for _, forge in forged} == {one.__name__ for one in FORGERS}
    assert not [one for one in (*NAMES, "hush-") if one in caplog.text]
