"""API2:2023 Broken authentication: who calls is known from what cannot be guessed, replayed or left out."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from tests.app_in_process import PEOPLE, Answer, App, app_in_process, key_of
from tests.security.prepared import call
from tests.unit.documents import sale_document

BODY = call(sale_document(1))


def tried(headers_of: Any) -> Answer:
    async def story() -> Answer:
        async with app_in_process() as app:
            headers = headers_of(app)
            return await app.ask("POST", "/api/transactions", BODY, headers)

    return asyncio.run(story())


def signed(app: App) -> dict[str, str]:
    return app.signed("POST", "/api/transactions", BODY)


def late(app: App, seconds: int) -> dict[str, str]:
    headers = signed(app)
    app.world.hand.turn(seconds=seconds)
    return headers


def test_a_signed_call_is_taken() -> None:
    assert tried(signed).status == 202


@pytest.mark.parametrize(
    "wrong",
    [
        lambda _: {},
        lambda app: late(app, 301),
        lambda app: late(app, -301),
        lambda app: {**signed(app), "X-Tillpost-Signature": ""},
        lambda app: {**signed(app), "X-Tillpost-Signature": signed(app)["X-Tillpost-Signature"][:-1]},
        lambda app: {**signed(app), "X-Tillpost-Timestamp": "9" * 12},
        lambda app: {**signed(app), "X-Tillpost-Account": "nobody"},
        lambda _: {"X-MS-CLIENT-PRINCIPAL": "eyJ1c2VySWQiOiJhZG1pbiJ9", "X-MS-CLIENT-PRINCIPAL-NAME": "admin"},
        lambda _: {"Authorization": f"Bearer {key_of('everything')}"},
    ],
    ids=["nothing", "late", "early", "no signature", "cut off", "another time", "another account", "platform", "a person's key"],
)  # fmt: skip
def test_anything_less_is_refused_in_the_same_words_and_nothing_is_kept(wrong: Any) -> None:
    answer = tried(wrong)
    assert answer.status == 401
    assert set(answer.json()) == {"type", "title", "status"}
    for secret in ("a secret of the east", key_of("everything")):
        assert secret.encode() not in answer.body


def test_of_a_persons_key_only_its_hash_is_known_and_the_hash_opens_nothing() -> None:
    async def story() -> None:
        async with app_in_process() as app:
            assert (await app.desk("finance", "GET", "/api/causes")).status == 200
            for guess in (
                hashlib.sha256(key_of("finance").encode()).hexdigest(),
                key_of("finance").upper(),
                "",
                "x",
            ):
                answer = await app.ask("GET", "/api/causes", b"", {"Authorization": f"Bearer {guess}"})
                assert answer.status == 401
            basic = {"Authorization": f"Basic {key_of('finance')}"}
            assert (await app.ask("GET", "/api/causes", b"", basic)).status == 401
            by_query = await app.ask("GET", f"/api/causes?code={key_of('finance').replace(' ', '+')}")
            assert by_query.status == 401

    asyncio.run(story())
    assert all(one.key_sha256 != key_of("finance") for one in PEOPLE)


def test_a_key_that_was_taken_out_of_the_settings_opens_nothing_any_more() -> None:
    async def story() -> None:
        async with app_in_process() as app:
            services = app.world.services
            services.settings = services.settings.__class__(
                **{
                    name: getattr(services.settings, name)
                    for name in services.settings.__slots__
                    if name != "people"
                },
                people=tuple(one for one in PEOPLE if one.name != "finance desk"),
            )
            assert (await app.desk("finance", "GET", "/api/causes")).status == 401
            assert (await app.desk("it", "GET", "/api/causes")).status == 200

    asyncio.run(story())
