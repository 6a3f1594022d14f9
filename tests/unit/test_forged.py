"""Ten thousand forged or altered requests over all guarded routes: none reaches storage, none is let in.

Each begins as a request that would be let in by its route, and one thing of it is changed, by seed. With another seed or
count: FORGED_SEED, FORGED_COUNT.
"""

from __future__ import annotations

import json
import os
import random
import string
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from shared.gate import PERSON, SIGNATURE
from shared.web.route import Route
from tests.unit.gate_world import (
    AUDIENCE,
    EAST_SECRETS,
    GUARDED,
    OTHER_TENANT,
    TENANT,
    TILLS,
    World,
    bearer,
    body_for,
    claims,
    coded,
    hs256,
    key_of,
    machine_claims,
    path_of,
    public_pem,
    signed,
    token,
    within,
)  # fmt: skip

SEED, COUNT = int(os.environ.get("FORGED_SEED", "20171223")), int(os.environ.get("FORGED_COUNT", "10000"))
TEXT = string.ascii_letters + string.digits + "-_"
HEX = "0123456789abcdef"
WORDS: tuple[Any, ...] = (
    "",
    "x",
    0,
    -1,
    1e308,
    True,
    None,
    [],
    {},
    ["finance"],
    "none",
    OTHER_TENANT,
    "é",
    "\u0000",
    2**70,
)
PLATFORM = (
    "X-MS-CLIENT-PRINCIPAL", "X-MS-CLIENT-PRINCIPAL-NAME", "X-MS-CLIENT-PRINCIPAL-ID", "X-MS-TOKEN-AAD-ACCESS-TOKEN",
    "X-Functions-Key", "X-Forwarded-Authorization", "X-Original-Authorization", "Proxy-Authorization", "X-Auth-Key",
    "X-Tillpost-Person", "Cookie",
)  # fmt: skip


@dataclass
class Forgery:
    """A request, right until something of it is changed."""

    route: Route
    headers: dict[str, str]
    body: bytes


@dataclass
class Forger:
    """Changes one thing of a request, by chance that a seed gives."""

    world: World
    chance: random.Random
    good: dict[str, str] = field(
        default_factory=dict
    )  # tokens that open, made once: signing is what takes long

    def forge(self) -> tuple[str, Forgery]:
        """Give a forged request: half of them at the few routes of source accounts."""
        by_senders = [one for one in GUARDED if SIGNATURE in one.security.ways]
        route = self.chance.choice(by_senders if self.chance.random() < 0.5 else GUARDED)
        of_a_caller = self.of_a_signature if SIGNATURE in route.security.ways else self.of_a_key
        (made,) = self.chance.choices(
            (of_a_caller, self.of_a_token, self.of_the_platform), weights=(45, 45, 10)
        )
        return made(route)

    def of_a_signature(self, route: Route) -> tuple[str, Forgery]:
        chance, body = self.chance, body_for(route)
        right = signed(self.world, route)
        signature, stamp = right["X-Tillpost-Signature"], right["X-Tillpost-Timestamp"]
        other_signatures = (signature[:-1], f"{signature}0", signature * 2, f" {signature}", f"0x{signature}")
        other_stamps = (
            self.changed(stamp, string.digits),
            f"0{stamp}",
            f"{stamp} ",
            f"+{stamp}",
            "",
            f"{stamp}.0",
        )
        other_accounts = ("shop", "East", "east ", "", "*", "east\u0000", "eas", "nobody")
        any_text = "".join(chr(chance.randrange(1, 0x10FFFF)) for _ in range(8))
        lost = chance.choice(list(right))
        late = chance.choice((-1, 1)) * chance.randrange(301, 10**7)
        forgeries: dict[str, tuple[dict[str, str], bytes]] = {
            "letter": (right | {"X-Tillpost-Signature": self.changed(signature, HEX)}, body),
            "length": (right | {"X-Tillpost-Signature": chance.choice(other_signatures)}, body),
            "body": (right, self.changed_bytes(body)),
            "time": (right | {"X-Tillpost-Timestamp": chance.choice(other_stamps)}, body),
            "late or early": (signed(self.world, route, late_seconds=late), body),
            "account": (right | {"X-Tillpost-Account": chance.choice(other_accounts)}, body),
            "path": (signed(self.world, route, path=self.changed(path_of(route), TEXT)), body),
            "method": (
                signed(self.world, route, method=chance.choice(("PUT", "PATCH", "DELETE", "HEAD"))),
                body,
            ),
            "secret": (
                signed(self.world, route, secret=self.changed(chance.choice(EAST_SECRETS), TEXT)),
                body,
            ),
            "lost header": ({name: value for name, value in right.items() if name != lost}, body),
            "any text": (right | {lost: any_text}, body),
        }
        kind = chance.choice(list(forgeries))
        return f"signature: {kind}", Forgery(route, *forgeries[kind])

    def of_a_token(self, route: Route) -> tuple[str, Forgery]:
        chance, right = self.chance, self.right_token(route)
        head, said, signature = right.split(".")
        names = ("none", "None", "NONE", "nOnE", "HS256", "RS384", "ES256", "PS256", "EdDSA", "", None, 7)
        other_head = coded(json.dumps({"alg": chance.choice(names), "kid": "key-of-today"}).encode())
        other_said = coded(json.dumps(self.other_claims(route)).encode())
        public = chance.choice((public_pem(), public_pem().strip(), b"", b"secret", AUDIENCE.encode()))
        some = ".".join(chance.choices((head, said, signature, ""), k=chance.choice((1, 2, 3, 4))))
        forgeries = {
            "letter": self.changed(right, TEXT),
            "cut": right[: chance.randrange(len(right))],
            "longer": right + chance.choice(TEXT),
            "other claims": f"{head}.{other_said}.{signature}",
            "other algorithm": f"{other_head}.{said}.{chance.choice((signature, ''))}",
            "public key as a secret": hs256(self.right_claims(route), public),
            "signed, and not for us": self.rarely_signed(route),
            "parts in disorder": some if some != right else "",
            "any bytes": ".".join(coded(chance.randbytes(size)) for size in (40, 90, 256)),
        }
        kind = chance.choice(list(forgeries))
        return f"token: {kind}", Forgery(route, bearer(forgeries[kind]), body_for(route))

    def of_a_key(self, route: Route) -> tuple[str, Forgery]:
        role = self.chance.choice(route.security.roles)
        key = key_of(role)["Authorization"].removeprefix("Bearer ")
        kind = self.chance.choice(("letter", "length", "scheme", "guess"))
        if kind == "letter":
            headers = bearer(self.changed(key, TEXT + " "))
        elif kind == "length":
            headers = bearer(self.chance.choice((key[:-1], f"{key} ", f" {key}", key * 2, key.upper())))
        elif kind == "scheme":
            headers = {
                "Authorization": self.chance.choice(
                    (key, f"Basic {key}", f"Bearer:{key}", f"Bearer\t{key}", f"Digest {key}")
                )
            }
        else:
            headers = bearer("".join(self.chance.choices(TEXT, k=self.chance.randrange(0, 60))))
        return f"key: {kind}", Forgery(route, headers, body_for(route))

    def of_the_platform(self, route: Route) -> tuple[str, Forgery]:
        keys = (
            key_of("finance")["Authorization"],
            "the key of finance",
            "finance",
            self.right_token(route),
            TENANT,
        )
        value = self.chance.choice(keys)
        names = self.chance.sample(PLATFORM, k=self.chance.randrange(1, 5))
        return "headers of a platform", Forgery(route, dict.fromkeys(names, value), body_for(route))

    def right_claims(self, route: Route) -> dict[str, Any]:
        if PERSON not in route.security.ways:
            return machine_claims(self.world.now, TILLS)
        return claims(self.world.now, roles=list(route.security.roles))

    def right_token(self, route: Route) -> str:
        said = self.right_claims(route)
        name = json.dumps(said)
        if name not in self.good:
            self.good[name] = token(said)
        return self.good[name]

    def other_claims(self, route: Route) -> dict[str, Any]:
        said = self.right_claims(route)
        name = self.chance.choice(list(said))
        return {**said, name: self.chance.choice([one for one in WORDS if one != said[name]])}

    def rarely_signed(self, route: Route) -> str:
        """Give one of a few tokens that are signed rightly and say what does not open."""
        wrong = self.chance.choice(
            ({"exp": int(self.world.now) - 61}, {"nbf": int(self.world.now) + 61}, {"aud": TENANT}, {"tid": OTHER_TENANT},
             {"iss": "https://forger.test"}, {"ver": "1.0"}, {"oid": ""}, {"roles": "finance"}, {"roles": ["king"], "azp": "x"})
        )  # fmt: skip
        said = {**self.right_claims(route), **wrong}
        name = json.dumps(said)
        if name not in self.good:
            self.good[name] = token(said)
        return self.good[name]

    def changed(self, text: str, letters: str) -> str:
        place = self.chance.randrange(len(text))
        letter = self.chance.choice([one for one in letters if one != text[place]])
        return text[:place] + letter + text[place + 1 :]

    def changed_bytes(self, body: bytes) -> bytes:
        kind = self.chance.randrange(5) if body else 0
        if kind == 0:
            return body + self.chance.choice((b" ", b"\n", b"\x00", b"x"))
        place = self.chance.randrange(len(body))
        if kind == 1:
            return body[:place] + bytes([body[place] ^ (1 << self.chance.randrange(8))]) + body[place + 1 :]
        if kind == 2:
            return body[:place] + body[place + 1 :]
        return b"\xef\xbb\xbf" + body if kind == 3 else body[::-1] + b"."


def test_none_of_ten_thousand_forged_requests_is_let_in_or_reaches_storage() -> None:
    async def story(world: World) -> tuple[Counter[str], Counter[str]]:
        forger, kinds, routes = Forger(world, random.Random(SEED)), Counter[str](), Counter[str]()
        for number in range(COUNT):
            kind, one = forger.forge()
            response = await world.call(one.route, one.headers, one.body)
            told = f"number {number} of seed {SEED}: {kind} at {one.route.method} {one.route.path}: {response.status_code}"
            assert response.status_code in (401, 403), told
            assert not world.effects, f"{told}: {world.effects}"
            kinds[kind] += 1
            routes[f"{one.route.method} {one.route.path}"] += 1
        assert world.keys_read == 1
        return kinds, routes

    kinds, routes = within(story)
    print(f"seed {SEED}: {sum(kinds.values())} forged requests by {len(routes)} routes, none reached storage")
    for kind, count in sorted(kinds.items()):
        print(f"  {count:6}  {kind}")
    assert set(routes) == {f"{one.method} {one.path}" for one in GUARDED}
    assert sum(kinds.values()) == COUNT


def test_what_they_are_made_of_is_let_in_while_nothing_is_changed() -> None:
    async def story(world: World) -> None:
        forger = Forger(world, random.Random(SEED))
        for route in GUARDED:
            given = [bearer(forger.right_token(route))]
            given += [key_of(one) for one in route.security.roles]
            given += [signed(world, route)] if SIGNATURE in route.security.ways else []
            for headers in given:
                assert (await world.call(route, headers)).status_code not in (401, 403), (route.path, headers)

    within(story)
