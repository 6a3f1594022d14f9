"""Tokens of Entra ID: which open the app, as whom, and that everything only nearly right does not."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.errors import ForbiddenError, RetryableError
from shared.gate import Access, Call, Person, Sender, TokenKeys, admit, open_token_keys, people
from shared.gate.token_keys import KEYS_BYTES_MAX, fetch_keys, keys_in
from shared.gate.tokens import key_id_of
from shared.settings import EntraSettings
from shared.web.route import EITHER, PEOPLE, SENDERS
from tests.unit import gate_world as gw
from tests.unit.flow_services import Hand
from tests.unit.gate_world import (
    ANNA,
    AUDIENCE,
    KEY_ID,
    LISTED,
    NEXT_KEY_ID,
    OTHER_TENANT,
    PORTAL,
    REPORTS,
    TENANT,
    TILLS,
    bearer,
    claims,
    key_row,
    machine_claims,
    private_key,
    token,
)  # fmt: skip

HAND = Hand()
NOW = HAND().timestamp()
V1 = {
    "ver": "1.0",
    "iss": f"https://sts.windows.net/{TENANT}/",
    "aud": f"api://{AUDIENCE}",
    "azp": None,
    "appid": PORTAL,
}


def admitted(headers: dict[str, str], access: Access = PEOPLE, **changes: Any) -> Person | Sender:
    async def keys() -> bytes:
        return json.dumps({"keys": [key_row(KEY_ID)]}).encode()

    async def story() -> Person | Sender:
        settings = gw.gate_settings(HAND, **changes)
        found = TokenKeys(keys, HAND, settings.clock.patience) if settings.entra.is_on else None
        return await admit(access, settings, found, Call("GET", "/api/causes", headers, b""), HAND())

    return asyncio.run(story())


def refused(headers: dict[str, str], status: int, access: Access = PEOPLE, **changes: Any) -> str:
    with pytest.raises(ForbiddenError) as error:
        admitted(headers, access, **changes)
    assert error.value.status == status
    return str(error.value)


def test_a_token_opens_for_its_person_under_an_id_and_never_a_name_or_a_mail_address() -> None:
    person = admitted(bearer(token(claims(NOW))))
    assert person == Person(f"person {ANNA}", frozenset({"finance"}), "", ANNA)


def test_whoever_the_settings_list_is_called_as_they_say_and_holds_the_roles_of_the_token_alone() -> None:
    person = admitted(bearer(token(claims(NOW, oid=LISTED.upper(), roles=["it", "reader", "king"]))))
    assert person == Person("finance desk", frozenset({"it", "reader"}), "", LISTED)


def test_a_token_of_version_1_opens_too() -> None:
    person = admitted(bearer(token(claims(NOW, **V1))))
    assert person.name == f"person {ANNA}"  # type: ignore[union-attr]


def test_a_person_without_the_role_is_told_which_it_takes() -> None:
    access = people("it", "store_operations")
    assert refused(bearer(token(claims(NOW))), 403, access) == "this needs the role it or store_operations"
    assert refused(bearer(token(claims(NOW, roles=[]))), 403).startswith(
        "this needs the role reader or finance"
    )
    refused(bearer(token(claims(NOW, roles=None))), 403)


def test_an_application_that_is_bound_is_its_source_account_and_nothing_else() -> None:
    given = bearer(token(machine_claims(NOW, TILLS, "reader", "finance")))
    for access in (SENDERS, EITHER):
        sender = admitted(given, access)
        assert isinstance(sender, Sender)
        assert (sender.account, sender.stores) == ("shop", frozenset({"S2"}))
    refused(given, 403, PEOPLE)


def test_an_application_that_is_bound_to_nothing_may_read_where_it_was_given_that_and_never_decides() -> None:
    given = bearer(token(machine_claims(NOW, REPORTS, "reader", "finance")))
    assert admitted(given) == Person(f"application {REPORTS}", frozenset({"reader"}), "")
    refused(given, 403, people("finance"))
    refused(given, 403, SENDERS)
    refused(bearer(token(machine_claims(NOW, REPORTS, "finance"))), 403)
    refused(bearer(token(machine_claims(NOW, REPORTS))), 403)


def test_a_person_is_no_source_account_even_through_its_application() -> None:
    refused(bearer(token(claims(NOW, azp=TILLS))), 403, SENDERS)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(NOW) - 60}, {"exp": int(NOW) - 86_400}, {"exp": None}, {"exp": str(int(NOW) + 60)}, {"exp": NOW + 60.5},
        {"exp": True}, {"nbf": int(NOW) + 61}, {"nbf": None}, {"nbf": "0"},
        {"aud": "aaaaaaaa-bbbb-cccc-dddd-ffffffffffff"}, {"aud": [AUDIENCE]}, {"aud": None}, {"aud": f"{AUDIENCE} "},
        {"aud": AUDIENCE.upper()}, {"aud": "https://graph.microsoft.com"},
        {"iss": f"https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"}, {"iss": f"https://sts.windows.net/{TENANT}/"},
        {"iss": f"https://login.microsoftonline.com/{TENANT}/v2.0/"}, {"iss": None}, {"iss": [f"https://sts.windows.net/{TENANT}/"]},
        {"tid": OTHER_TENANT}, {"tid": None}, {"ver": "3.0"}, {"ver": None}, {"ver": 2.0}, {"ver": ["2.0"]},
        {"ver": "1.0"}, {**V1, "ver": "2.0"},
        {"oid": None}, {"oid": "anna"}, {"oid": 7}, {"azp": None}, {"azp": "portal"}, {"azp": None, "appid": PORTAL},
        {"roles": "finance"}, {"roles": {"finance": True}}, {"roles": [["finance"]]}, {"roles": ["finance"] * 201},
        {"scp": ["Tillpost.Use"]}, {"idtyp": "app"}, {"scp": None, "idtyp": "user"},
        {"scp": None, "azp": None, "nonce": "n"},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_says_anything_else_is_refused_with_401(changes: dict[str, Any]) -> None:
    for access in (PEOPLE, EITHER, SENDERS):
        refused(bearer(token(claims(NOW, **changes))), 401, access)


@pytest.mark.parametrize(("seconds", "opens"), [(3659, True), (3661, False), (-119, True), (-121, False)])
def test_a_minute_is_spared_either_way_and_the_one_clock_counts(seconds: int, *, opens: bool) -> None:
    given = bearer(token(claims(NOW - seconds)))
    if opens:
        assert admitted(given)
    else:
        refused(given, 401)


def parts(text: str) -> list[str]:
    return text.split(".")


def forged() -> dict[str, str]:
    """Give tokens that nobody signed as Entra ID does."""
    good = claims(NOW)
    head, body, signature = parts(token(good))
    other = claims(NOW, roles=["it"])
    other_body = parts(token(other))[1]
    none = gw.coded(json.dumps({"typ": "JWT", "alg": "none", "kid": KEY_ID}).encode())
    public = private_key(KEY_ID).public_key().public_numbers()
    own = {"kty": "RSA", "n": gw.coded(public.n.to_bytes(256, "big")), "e": "AQAB"}
    return {
        "alg none, no signature": f"{none}.{body}.",
        "alg none, the right signature": f"{none}.{body}.{signature}",
        "alg None": f"{gw.coded(json.dumps({'alg': 'None', 'kid': KEY_ID}).encode())}.{body}.",
        "HS256 with the public key": gw.hs256(good, gw.public_pem()),
        "HS256 with nothing": gw.hs256(good, b""),
        "RS384 in its header": token(good, alg="RS384"),
        "PS256 in its header": token(good, alg="PS256"),
        "no alg": token(good, alg=None),
        "no kid": token(good, kid=None),
        "an empty kid": token(good, kid=""),
        "a number as kid": token(good, kid=7),
        "another's key under a known name": token(good, key_id="a forger's", kid=KEY_ID),
        "an unknown name": token(good, key_id="a forger's"),
        "a path as kid": token(good, kid="../../../../dev/null"),
        "its own key beside": token(good, key_id="a forger's", kid=KEY_ID, jwk=key_row("a forger's")),
        "an address of keys beside": token(good, key_id="a forger's", jku="https://forger.test/keys", x5u="https://forger.test"),
        "a header nobody knows": token(good, crit=["b64"], b64=False),
        "other claims": f"{head}.{other_body}.{signature}",
        "no signature": f"{head}.{body}.",
        "half a signature": f"{head}.{body}.{signature[:171]}",
        "another spelling of the same": f"{head}.{body}.{signature[:-1]}{chr(ord(signature[-1]) + 1)}",
        "padding": f"{head}.{body}.{signature}==",
        "two parts": f"{head}.{body}",
        "four parts": f"{head}.{body}.{signature}.",
        "nothing but dots": "..",
        "no JSON": f"{gw.coded(b'{')}.{body}.{signature}",
        "a list as header": f"{gw.coded(b'[1]')}.{body}.{signature}",
        "deep": f"{gw.coded(b'[' * 9000)}.{body}.{signature}",
        "too long": token(claims(NOW, more="x" * 20_000)),
        "own key as a word": f"{gw.coded(json.dumps({'alg': 'RS256', 'kid': own}).encode())}.{body}.{signature}",
    }  # fmt: skip


@pytest.mark.parametrize("name", forged())
def test_what_entra_id_has_not_signed_is_refused_with_401(name: str) -> None:
    for access in (PEOPLE, SENDERS):
        refused(bearer(forged()[name]), 401, access)


@pytest.mark.parametrize(
    "header",
    [{"alg": "none"}, {"alg": "HS256"}, {"alg": "RS512"}, {"alg": None}, {"crit": ["exp"]}, {"crit": []}],
    ids=str,
)
def test_how_a_token_may_be_signed_is_judged_before_any_key_is_looked_for(header: dict[str, Any]) -> None:
    with pytest.raises(ForbiddenError):
        key_id_of(token(claims(NOW), **header))
    assert key_id_of(token(claims(NOW))) == KEY_ID


def test_without_a_tenant_in_the_settings_no_token_opens_and_keys_do() -> None:
    refused(bearer(token(claims(NOW))), 401, entra=EntraSettings())
    assert admitted(gw.key_of("reader"), entra=EntraSettings()).name == "reader"  # type: ignore[union-attr]


def test_keys_of_people_can_be_switched_off_and_tokens_go_on() -> None:
    off = EntraSettings(TENANT, (AUDIENCE,), keys_of_people=False)
    refused(gw.key_of("reader"), 401, entra=off)
    assert admitted(bearer(token(claims(NOW))), entra=off)


def test_in_a_national_cloud_the_issuer_is_its_own() -> None:
    china = EntraSettings(TENANT, (AUDIENCE,), "https://login.partner.microsoftonline.cn")
    assert china.issuers["1.0"] == f"https://sts.chinacloudapi.cn/{TENANT}/"
    own = bearer(token(claims(NOW, iss=f"https://login.partner.microsoftonline.cn/{TENANT}/v2.0")))
    assert admitted(own, entra=china)
    refused(bearer(token(claims(NOW))), 401, entra=china)


# Signing keys: kept, turned, out of reach


class Directory:
    """Where a tenant's keys are: how often it was asked, and whether it answers."""

    def __init__(self, hand: Hand, *key_ids: str) -> None:
        self.key_ids, self.asked, self.is_up = list(key_ids), 0, True
        self.keys = TokenKeys(self.fetch, hand, lambda seconds: timedelta(seconds=seconds))

    async def fetch(self) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        if not self.is_up:
            raise RetryableError("no answer")
        return json.dumps({"keys": [key_row(one) for one in self.key_ids]}).encode()


def tell(story: Callable[[Directory, Hand], Awaitable[None]], *key_ids: str) -> None:
    async def told() -> None:
        hand = Hand()
        await story(Directory(hand, *key_ids), hand)

    asyncio.run(told())


def test_keys_are_read_once_for_many_and_again_after_an_hour() -> None:
    async def story(directory: Directory, hand: Hand) -> None:
        found = await asyncio.gather(*(directory.keys.key_of(KEY_ID) for _ in range(50)))
        assert None not in found
        assert directory.asked == 1
        hand.turn(seconds=3600)
        await directory.keys.key_of(KEY_ID)
        assert directory.asked == 1
        hand.turn(seconds=1)
        await directory.keys.key_of(KEY_ID)
        assert directory.asked == 2

    tell(story, KEY_ID)


def test_keys_turn_with_old_and_new_side_by_side_and_one_that_is_taken_back_is_out_within_the_hour() -> None:
    async def story(directory: Directory, hand: Hand) -> None:
        assert await directory.keys.key_of(KEY_ID)
        directory.key_ids = [KEY_ID, NEXT_KEY_ID]
        hand.turn(seconds=301)
        assert await directory.keys.key_of(NEXT_KEY_ID)
        assert await directory.keys.key_of(KEY_ID)
        directory.key_ids = [NEXT_KEY_ID]
        hand.turn(seconds=3601)
        assert await directory.keys.key_of(KEY_ID) is None
        assert await directory.keys.key_of(NEXT_KEY_ID)

    tell(story, KEY_ID)


def test_a_thousand_forged_names_ask_once_in_five_minutes() -> None:
    async def story(directory: Directory, hand: Hand) -> None:
        for number in range(1000):
            assert await directory.keys.key_of(f"forged-{number}") is None
        assert directory.asked == 1
        hand.turn(seconds=300)
        await asyncio.gather(*(directory.keys.key_of(f"forged-{number}") for number in range(1000)))
        assert directory.asked == 2
        assert await directory.keys.key_of(KEY_ID)

    tell(story, KEY_ID)


def test_known_keys_go_on_for_a_day_while_their_address_is_down_and_then_nobody_is_let_in_by_them() -> None:
    async def story(directory: Directory, hand: Hand) -> None:
        assert await directory.keys.key_of(KEY_ID)
        directory.is_up = False
        for _ in range(24):
            hand.turn(hours=1)
            assert await directory.keys.key_of(KEY_ID)
        assert 20 <= directory.asked <= 25
        hand.turn(seconds=1)
        with pytest.raises(RetryableError):
            await directory.keys.key_of(KEY_ID)
        directory.is_up = True
        hand.turn(seconds=15)
        assert await directory.keys.key_of(KEY_ID)

    tell(story, KEY_ID)


def test_before_the_first_keys_are_read_a_caller_is_told_to_come_again_and_the_address_is_spared() -> None:
    async def story(directory: Directory, hand: Hand) -> None:
        directory.is_up = False
        for _ in range(100):
            with pytest.raises(RetryableError):
                await directory.keys.key_of(KEY_ID)
        assert directory.asked == 1
        hand.turn(seconds=15)
        directory.is_up = True
        assert await directory.keys.key_of(KEY_ID)

    tell(story, KEY_ID)


@pytest.mark.parametrize(
    "document",
    [b"", b"{", b"[]", b"null", b'{"keys": 7}', b'{"keys": []}', b'{"keys": [7, null, {}]}', b"[" * 90_000,
     json.dumps({"keys": [key_row(KEY_ID, kty="EC")]}).encode(), json.dumps({"keys": [key_row(KEY_ID, use="enc")]}).encode(),
     json.dumps({"keys": [key_row(KEY_ID, n="AQAB")]}).encode(), json.dumps({"keys": [key_row(KEY_ID, kid=7)]}).encode(),
     json.dumps({"keys": [key_row(KEY_ID, n="!!")]}).encode(), json.dumps({"keys": [key_row(KEY_ID, e=None)]}).encode()],
)  # fmt: skip
def test_a_document_without_a_key_that_signs_leaves_the_known_keys_in_force(document: bytes) -> None:
    with pytest.raises(RetryableError):
        keys_in(document)


def test_a_key_that_is_none_does_not_hide_the_others() -> None:
    short = gw.coded((2**1023 + 1).to_bytes(128, "big"))
    rows = [
        key_row("none", n="AQAB"),
        key_row("short", n=short),
        {"kid": "x", "kty": "oct", "k": "c2VjcmV0"},
        key_row(KEY_ID),
    ]
    assert set(keys_in(json.dumps({"keys": rows}).encode())) == {KEY_ID}


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(302, headers={"Location": "https://forger.test/keys"}), httpx.Response(404), httpx.Response(500),
     httpx.Response(200, content=b" " * (KEYS_BYTES_MAX + 1)),
     httpx.Response(200, content=gzip.compress(b'{"keys": []}'), headers={"Content-Encoding": "gzip"})],
)  # fmt: skip
def test_keys_come_from_their_own_address_without_a_detour_and_not_without_end(
    answer: httpx.Response,
) -> None:
    asked: list[str] = []

    def answered(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return answer

    async def story() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answered)) as http:
            with pytest.raises(RetryableError):
                await fetch_keys(http, EntraSettings(TENANT, (AUDIENCE,)).keys_address)

    asyncio.run(story())
    assert asked == [f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"]


def test_keys_are_read_over_http_as_they_are_given() -> None:
    def answered(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"keys": [key_row(KEY_ID)]})

    async def story() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answered)) as http:
            keys = open_token_keys(
                http, "https://login.test/keys", HAND, lambda seconds: timedelta(seconds=seconds)
            )
            found = await keys.key_of(KEY_ID)
            assert found is not None
            assert found.public_numbers() == private_key(KEY_ID).public_key().public_numbers()

    asyncio.run(story())


def test_an_address_that_cannot_be_reached_is_time_that_helps() -> None:
    def answered(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    async def story() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answered)) as http:
            with pytest.raises(RetryableError):
                await fetch_keys(http, "https://login.test/keys")

    asyncio.run(story())
