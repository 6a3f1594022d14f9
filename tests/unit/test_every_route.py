"""Every route, every caller: who is let in, and that nobody else reaches storage. The functions are the app's own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from shared.gate import PERSON, SIGNATURE, Access
from shared.settings import Sender
from shared.web.answer_schemas import answer_schema
from shared.web.route import JSON, Route
from shared.web.routes import ROUTES, route_of
from shared.web.routes_vendors import HEARD_SCHEMA
from shared.web.vendor_bodies import WEBHOOK_BODIES
from tests.unit.documents import sale_document
from tests.unit.gate_world import (
    EAST_SECRETS,
    GUARDED,
    OTHER_TENANT,
    REPORTS,
    ROLES,
    TENANT,
    TILLS,
    VENDORS,
    World,
    bearer,
    claims,
    functions,
    hs256,
    key_of,
    machine_claims,
    path_of,
    public_pem,
    signed,
    token,
    within,
)  # fmt: skip

DESKS = {"finance", "store_operations", "retail_systems", "it"}
# Written down by hand: who may do what is not for everybody who may read.
DECIDES = {
    ("post", "/transactions/{store}/{account}/{transaction_id}/reversal"): {"finance"},
    ("post", "/transactions/{store}/{account}/{transaction_id}/amend"): {"finance", "store_operations"},
    ("post", "/transactions/{store}/{account}/{transaction_id}/write-off"): {"finance"},
    ("post", "/transactions/{store}/{account}/{transaction_id}/write-off/approve"): {"finance"},
    ("post", "/transactions/{store}/{account}/{transaction_id}/write-off/withdraw"): {"finance"},
    ("post", "/statements/{store}/{business_day}/missing"): {"finance", "store_operations"},
    ("post", "/statements/{store}/{business_day}/sign-off"): {"finance"},
    ("post", "/statements/{store}/{business_day}/vouchers"): {"finance", "it"},
    ("post", "/shifts/{store}/{terminal}/{shift}/end"): {"store_operations"},
    ("post", "/tills/{store}/{terminal}/replaced"): {"retail_systems", "store_operations"},
    ("post", "/tills/{store}/{terminal}/not-replaced"): {"retail_systems", "store_operations"},
    ("post", "/overtyped/{store}/{business_day}"): {"finance", "store_operations"},
    ("post", "/readiness/{legal_entity}/{period}/tills"): {"finance", "store_operations"},
    ("post", "/returns/{store}/{account}/{transaction_id}/accept"): {"finance", "store_operations"},
    ("post", "/checks/{cadence}/{legal_entity}/{period}"): DESKS,
    ("post", "/causes/{fingerprint}/assign"): DESKS,
    ("post", "/causes/{fingerprint}/notes"): DESKS,
    ("post", "/causes/{fingerprint}/set_aside"): DESKS,
    ("post", "/causes/{fingerprint}/take_up"): DESKS,
    ("post", "/causes/{fingerprint}/release"): DESKS,
    ("post", "/causes/{fingerprint}/releases/{number}/cancel"): DESKS,
    ("put", "/mappings/{kind}"): {"finance", "retail_systems"},
    ("post", "/preflight"): {"it"},
    ("post", "/reference"): {"finance", "retail_systems", "it"},
    ("get", "/rebuild/{store}/{business_day}"): {"finance", "it"},
    ("get", "/audit"): {"finance", "it"},
    ("get", "/audit/{area}"): {"finance", "it"},
    ("post", "/personal-data/find"): {"finance", "it"},
    ("post", "/personal-data/erase"): {"finance"},
}
OPEN = {("get", "/health"), ("get", "/openapi.json"), ("get", "/schemas/transactions.json")}
FORGED_PLATFORM = {
    "X-MS-CLIENT-PRINCIPAL": "eyJhdXRoX3R5cCI6ImFhZCIsImNsYWltcyI6W3sidHlwIjoicm9sZXMiLCJ2YWwiOiJmaW5hbmNlIn1dfQ==",
    "X-MS-CLIENT-PRINCIPAL-NAME": "finance", "X-MS-CLIENT-PRINCIPAL-ID": TENANT, "X-MS-CLIENT-PRINCIPAL-IDP": "aad",
    "X-MS-TOKEN-AAD-ID-TOKEN": "eyJ", "X-Forwarded-For": "127.0.0.1", "X-Original-URL": "/api/health", "X-ARR-ClientCert": "x",
    "X-Functions-Key": "a function key", "X-HTTP-Method-Override": "GET", "X-Tillpost-Roles": "finance",
}  # fmt: skip


def test_each_function_is_a_route_of_the_table_and_each_route_a_function() -> None:
    assert set(functions()) == {(one.method, one.path) for one in ROUTES}


def test_a_function_without_a_route_is_refused_where_it_is_written() -> None:
    with pytest.raises(LookupError, match="not in the table"):
        route_of("DELETE", "/transactions/{store}/{account}/{transaction_id}")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Route("post", "/anything", "Takes a body of any size.", Access((SIGNATURE,)), JSON),
        lambda: Route(
            "get", "/anything", "Takes none, and says how much.", Access((SIGNATURE,)), bytes_max=1
        ),
        lambda: Route("post", "/anything", "Lets anyone change something.", Access()),
        lambda: Route("post", "/anything", "Names no role.", Access((PERSON,))),
        lambda: Route("post", "/anything", "Names a role that nobody has.", Access((PERSON,), ("king",))),
        lambda: Route("post", "/anything", "Gives a role to machines.", Access((SIGNATURE,), ("finance",))),
    ],
)
def test_a_route_says_who_may_call_and_how_much_it_takes_or_is_none(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"must say|need a role"):
        wrong()


def test_a_route_that_does_not_say_what_it_gives_is_not_described() -> None:
    with pytest.raises(LookupError, match="what it gives"):
        answer_schema(Route("get", "/anything", "Gives who knows what.", Access((SIGNATURE,))))


def test_a_route_cannot_leave_out_who_may_call_nor_what_it_answers() -> None:
    with pytest.raises(TypeError):
        Route("get", "/anything", "Says nothing of it.")  # type: ignore[call-arg]
    for one in ROUTES:
        assert set(one.answers) & {"200", "202"}, one.path
        assert (HEARD_SCHEMA if one in VENDORS else answer_schema(one))["required"], one.path
        is_said = one.takes or one.may or one.path in {"/transactions", *WEBHOOK_BODIES}
        assert one.body != JSON or is_said, one.path


def test_who_may_decide_what_is_what_was_written_down() -> None:
    limited = {
        (one.method, one.path): set(one.security.roles)
        for one in ROUTES
        if set(one.security.roles) not in (set(), set(ROLES))
    }
    assert limited == DECIDES
    assert {(one.method, one.path) for one in ROUTES if not one.security.ways} == OPEN
    assert {one.path for one in ROUTES if SIGNATURE in one.security.ways} == {
        "/transactions", "/pos/poslog", "/pos/csv", "/transactions/{store}/{account}/{transaction_id}",
    }  # fmt: skip


@pytest.mark.parametrize("by", ["key", "token"])
@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_exactly_the_routes_that_were_written_down_for_it(role: str, by: str) -> None:
    async def story(world: World) -> Mapping[str, int]:
        given = key_of(role) if by == "key" else bearer(token(claims(world.now, roles=[role])))
        seen: Counter[str] = Counter()
        for one in GUARDED:
            world.effects.clear()
            status = (await world.call(one, given)).status_code
            if PERSON not in one.security.ways:
                assert status == (401 if by == "key" else 403), one.path
            elif role in DECIDES.get((one.method, one.path), set(ROLES)):
                assert status not in (401, 403), one.path
                seen["let in"] += 1
                continue
            else:
                assert status == 403, one.path
            assert not world.effects, one.path
            seen["refused"] += 1
        return seen

    count = sum(role in admitted for admitted in DECIDES.values())
    readable = len(GUARDED) - 3 - len(DECIDES)  # three are for source accounts alone
    assert within(story) == {"let in": readable + count, "refused": len(GUARDED) - readable - count}


def refusals(world: World, route: Route) -> dict[str, tuple[dict[str, str], set[int]]]:
    """Give every caller that is not let in by this route, with the statuses that may be answered."""
    now, none, forbidden = world.now, {401}, {403}
    good = claims(now, roles=list(ROLES))
    head_of_none = token(good, alg="none").split(".")
    right = signed(world, route)
    other = next(one for one in GUARDED if one.path != route.path and "{" not in one.path)

    def told(**changes: Any) -> dict[str, str]:
        return bearer(token({name: one for name, one in (good | changes).items() if one is not None}))

    found: dict[str, tuple[dict[str, str], set[int]]] = {
        "no credential": ({}, none),
        "an unknown key": (bearer("a key that nobody holds"), none),
        "the hash of a key": (bearer("4fa2b5" * 10), none),
        "an expired token": (told(exp=int(now) - 61), none),
        "a token that is not valid yet": (told(nbf=int(now) + 61, exp=int(now) + 3600), none),
        "a token for another audience": (told(aud="https://graph.microsoft.com"), none),
        "a token of another issuer": (told(iss=f"https://sts.forger.test/{TENANT}/"), none),
        "a token of another tenant": (
            told(tid=OTHER_TENANT, iss=f"https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"), none,
        ),
        "a token of alg none": (bearer(f"{head_of_none[0]}.{head_of_none[1]}."), none),
        "a token signed with the public key as a secret": (bearer(hs256(good, public_pem())), none),
        "a token under an unknown key": (bearer(token(good, key_id="a forger's")), none),
        "a token with a bad signature": (bearer(token(good, key_id="a forger's", kid="key-of-today")), none),
        "a token that says who signed in, not what for": (told(scp=None, azp=None, nonce="n"), none),
        "a token without a role": (told(roles=[]), forbidden),
        "a token with a role nobody has": (told(roles=["king", "Finance"]), forbidden),
        "an application bound to nothing, without a role": (bearer(token(machine_claims(now, REPORTS))), forbidden),
        "headers of the platform": (FORGED_PLATFORM, none),
        "headers of the platform and an unknown key": ({**FORGED_PLATFORM, **bearer("finance")}, none),
        "a signature of another method": (signed(world, route, method="DELETE"), none),
        "a signature of another path": (signed(world, route, path=path_of(other)), none),
        "a signature of another body": (signed(world, route, body=b"{}"), none),
        "a signature of six minutes ago": (signed(world, route, late_seconds=301), none),
        "a signature from the future": (signed(world, route, late_seconds=-301), none),
        "another account's secret": (signed(world, route, account="shop"), none),
        "an account without a secret of its own": (signed(world, route, account="nobody", secret="no such account"), none),
        "no timestamp": ({name: value for name, value in right.items() if "Timestamp" not in name}, none),
        "an empty signature": ({**right, "X-Tillpost-Signature": ""}, none),
    }  # fmt: skip
    if SIGNATURE not in route.security.ways:
        found["a source account"] = (right, none)
        found["a source account's application"] = (
            bearer(token(machine_claims(now, TILLS, "reader"))),
            forbidden,
        )
    if PERSON not in route.security.ways:
        found["a person's key"] = (key_of("finance"), none)
        found["a person's token"] = (bearer(token(good)), forbidden)
        found["an application that may read"] = (
            bearer(token(machine_claims(now, REPORTS, "reader"))),
            forbidden,
        )
    if not set(ROLES) <= set(route.security.roles) and PERSON in route.security.ways:
        found["a reader"] = (key_of("reader"), forbidden)
        found["a reader's token"] = (told(roles=["reader"]), forbidden)
        every = list(ROLES)
        found["an application with every role"] = (
            bearer(token(machine_claims(now, REPORTS, *every))),
            forbidden,
        )
    return found


def test_nobody_who_may_not_come_in_reaches_storage_by_any_route() -> None:
    async def story(world: World) -> Counter[str]:
        seen: Counter[str] = Counter()
        for one in GUARDED:
            for name, (headers, statuses) in refusals(world, one).items():
                response = await world.call(one, headers)
                assert response.status_code in statuses, (
                    f"{one.method} {one.path}: {name}: {response.status_code}"
                )
                assert response.mimetype == "application/problem+json"
                assert not world.effects, f"{one.method} {one.path}: {name}: {world.effects}"
                seen[name] += 1
        assert world.keys_read == 1  # unknown keys are asked for once, not by each
        return seen

    seen = within(story)
    assert seen["no credential"] == len(GUARDED)
    assert sum(seen.values()) >= 27 * len(GUARDED)
    print(f"{sum(seen.values())} refusals by {len(GUARDED)} routes, no storage operation:", dict(seen))


def test_whatever_opens_other_routes_opens_none_of_a_vendors() -> None:
    async def story(world: World) -> int:
        tried = 0
        for one in VENDORS:
            assert one.security.ways == (one.path.split("/")[2],)
            right = {
                "a person": key_of("finance"),
                "a token": bearer(token(claims(world.now, roles=list(ROLES)))),
            }
            callers = {name: headers for name, (headers, _) in refusals(world, one).items()}
            for name, headers in (callers | right | {"a source account": signed(world, one)}).items():
                response = await world.call(one, headers)
                assert (response.status_code, response.mimetype) == (401, "application/problem+json"), (
                    one.path,
                    name,
                )
                assert not world.effects, (one.path, name)
                tried += 1
        return tried

    assert within(story) >= 27 * len(VENDORS)
    assert len(VENDORS) == 3


def test_the_same_callers_with_what_is_right_do_reach_storage() -> None:
    async def story(world: World) -> None:
        route = route_of("get", "/transactions/{store}/{account}/{transaction_id}")
        for headers in (signed(world, route), key_of("reader"), bearer(token(claims(world.now))),
                        bearer(token(machine_claims(world.now, REPORTS, "reader")))):  # fmt: skip
            world.effects.clear()
            assert (await world.call(route, headers)).status_code == 404
            assert world.effects["read transactions"] >= 1
        door = route_of("post", "/transactions")
        assert (await world.call(door, signed(world, door, secret=EAST_SECRETS[1]))).status_code == 202

    within(story)


# Bound to stores

STORES = ("S1", "S2", "S3", "S9", "unknown")
ACCOUNTS = {"east": ("S1", "S3"), "shop": ("S2",), "both": ("S1", "S2"), "another": ("S3",)}


def test_a_source_account_reads_its_own_receipts_of_its_own_stores_and_learns_of_no_other() -> None:
    """All pairs: who asks (by signature or token), whose receipt, of which store, and whether it is there."""
    applications = {name: f"{number:08d}-0000-0000-0000-000000000000" for number, name in enumerate(ACCOUNTS)}

    async def story(world: World) -> Counter[str]:
        route = route_of("get", "/transactions/{store}/{account}/{transaction_id}")
        door = route_of("post", "/transactions")
        for account, stores in ACCOUNTS.items():
            for store in (*stores, "S9"):
                body = json.dumps({"transactions": [sale_of(store, f"of-{account}")]}).encode()
                headers = signed(world, door, account=account, secret=secret_of(account), body=body)
                status = (await world.call(door, headers, body)).status_code
                assert status == (422 if store == "S9" else 202), (account, store)
        seen: Counter[str] = Counter()
        for asks in ACCOUNTS:
            for whose in ACCOUNTS:
                for store in STORES:
                    for name in (f"of-{whose}", "never"):
                        there = {"store": store, "account": whose, "transaction_id": name}
                        own = signed(
                            world, route, account=asks, secret=secret_of(asks), path=path_of(route, **there)
                        )
                        machine = bearer(token(machine_claims(world.now, applications[asks])))
                        for headers in (own, machine):
                            world.effects.clear()
                            response = await world.call(route, headers, **there)
                            may = asks == whose and store in (*ACCOUNTS[asks], "unknown")
                            is_there = may and name != "never" and store in ACCOUNTS[asks]
                            assert response.status_code == (200 if is_there else 404), (asks, there)
                            assert bool(world.effects) == may, (asks, there)
                            seen[response.get_body().decode() if not is_there else "its own"] += 1
        return seen

    seen = within(story, senders=senders_of(applications))
    assert seen.pop("its own") == 2 * sum(map(len, ACCOUNTS.values()))
    assert len(seen) == 1  # not yours and not there are one answer, word for word
    assert sum(seen.values()) == 2 * (4 * 4 * 5 * 2 - 6)


def test_a_source_account_writes_no_receipt_of_a_store_that_is_not_its_own() -> None:
    applications = {name: f"{number:08d}-0000-0000-0000-000000000000" for number, name in enumerate(ACCOUNTS)}

    async def story(world: World) -> int:
        door, tried = route_of("post", "/transactions"), 0
        for account, stores in ACCOUNTS.items():
            for store in STORES:
                if store in stores:
                    continue
                body = json.dumps({"transactions": [sale_of(store, f"by-{account}")]}).encode()
                machine = bearer(token(machine_claims(world.now, applications[account])))
                for headers in (
                    signed(world, door, account=account, secret=secret_of(account), body=body),
                    machine,
                ):
                    world.effects.clear()
                    response = await world.call(door, headers, body)
                    (result,) = json.loads(response.get_body())["results"]
                    assert (response.status_code, result["verdict"], result["status_url"]) == (
                        422,
                        "refused",
                        None,
                    )
                    assert result["problems"][0]["expected"] == "a store of this source account"
                    touched = {one.partition(" ")[2] for one in world.effects}
                    assert touched <= {"mappings", "causes", "audit", "tasks"}, touched
                    tried += 1
        return tried

    assert within(story, senders=senders_of(applications)) == 2 * (4 * 5 - 6)


def sale_of(store: str, name: str) -> dict[str, Any]:
    return sale_document(1, store=store, transaction_id=name)


def secret_of(account: str) -> str:
    return f"the secret of the account {account}"


def senders_of(applications: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: Sender(name, (secret_of(name),), frozenset(stores), frozenset({applications[name]}))
        for name, stores in ACCOUNTS.items()
    }


# How much


def test_a_decision_larger_than_its_route_takes_is_told_the_limit_and_one_of_that_size_is_read() -> None:
    async def story(world: World) -> int:
        asked = 0
        for one in GUARDED:
            if not one.body or PERSON not in one.security.ways:
                continue
            role = next(role for role in ROLES if role in one.security.roles and role != "reader")
            assert one.bytes_max == (16 * 1024 * 1024 if one.method == "put" else 64 * 1024), one.path
            world.effects.clear()
            response = await world.call(one, key_of(role), b" " * (one.bytes_max + 1))
            told = json.loads(response.get_body())
            assert (response.status_code, told["expected"]) == (413, f"at most {one.bytes_max} bytes"), (
                one.path
            )
            assert not world.effects
            if one.method != "put":
                at_most = await world.call(one, key_of(role), b"{}" + b" " * (one.bytes_max - 2))
                assert at_most.status_code != 413, one.path
            unknown = await world.call(one, {}, b" " * (one.bytes_max + 1))
            assert unknown.status_code == 401, one.path
            asked += 1
        return asked

    assert within(story) == 23
    assert {one.bytes_max for one in ROUTES if one.security == Access((SIGNATURE,))} == {16 * 1024 * 1024}
