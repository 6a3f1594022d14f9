"""The app's own HTTP functions over storage in memory that counts, with callers of every kind who may and may not come in.

Tokens are put together here by hand, not with the library that the app reads them with.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeVar

import azure.functions as func
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from jsonschema import Draft202012Validator

import function_app
from shared import services as services_module
from shared.errors import RetryableError
from shared.gate import TokenKeys
from shared.services import Services
from shared.settings import EntraSettings, Person, Sender, Settings
from shared.storage.mappings import MappingCache, import_rows
from shared.storage.memory import memory_queues, memory_tables
from shared.web.answer_schemas import answer_schema
from shared.web.route import Route
from shared.web.routes import ROUTES
from tests.unit.documents import sale_document
from tests.unit.flow_services import Hand, settings_for
from tests.unit.test_mapping import ROWS

T = TypeVar("T")
TENANT, OTHER_TENANT = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
AUDIENCE = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
PORTAL, REPORTS, TILLS = (f"{one * 8}-0000-0000-0000-{one * 12}" for one in "abc")
ANNA, LISTED = "12121212-3434-5656-7878-909090909090", "abababab-3434-5656-7878-909090909090"
ROLES = ("reader", "finance", "store_operations", "retail_systems", "it")
EAST_SECRETS, SHOP_SECRET = (
    ("the first secret of east", "the second secret of east"),
    "the secret of one shop",
)
KEY_ID, NEXT_KEY_ID = "key-of-today", "key-of-tomorrow"
PLACES = {
    "store": "S1", "account": "east", "transaction_id": "R-1", "business_day": "2017-12-23", "legal_entity": "usrt",
    "period": "2017-12", "fingerprint": "store_unknown~S9", "number": "0", "terminal": "1", "shift": "1",
    "receipt_number": "1", "cadence": "daily", "kind": "tenders", "version": "1", "area": "S1",
}  # fmt: skip


@cache
def private_key(name: str = KEY_ID) -> rsa.RSAPrivateKey:
    """Make a key for a name, once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def coded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def key_row(key_id: str, **changes: Any) -> dict[str, Any]:
    """Describe a public key as Entra ID does."""
    numbers = private_key(key_id).public_key().public_numbers()
    n, e = (coded(one.to_bytes((one.bit_length() + 7) // 8, "big")) for one in (numbers.n, numbers.e))
    return {"kty": "RSA", "use": "sig", "kid": key_id, "n": n, "e": e, **changes}


def public_pem(key_id: str = KEY_ID) -> bytes:
    """Give the public key as text: what a forger has, and may use as if it were a secret."""
    kind, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return private_key(key_id).public_key().public_bytes(kind, form)


def claims(now: float, **changes: Any) -> dict[str, Any]:
    """Give what a token of version 2 says of a person of finance; None takes a claim away."""
    said = {
        "aud": AUDIENCE, "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0", "iat": int(now) - 60,
        "nbf": int(now) - 60, "exp": int(now) + 3600, "azp": PORTAL, "azpacr": "0", "name": "Anna", "oid": ANNA,
        "preferred_username": "anna@example.test", "roles": ["finance"], "scp": "Tillpost.Use", "sub": "a-subject",
        "tid": TENANT, "uti": "x", "ver": "2.0",
    }  # fmt: skip
    return {name: value for name, value in (said | changes).items() if value is not None}


def machine_claims(now: float, application: str, *roles: str, **changes: Any) -> dict[str, Any]:
    """Give what a token says of an application that acts for itself."""
    own: dict[str, Any] = {"azp": application, "oid": application, "roles": list(roles) or None}
    nobody = dict.fromkeys(("scp", "name", "preferred_username"))
    return claims(now, **nobody, azpacr="1", idtyp="app", **own, **changes)


def token(said: Mapping[str, Any], *, key_id: str = KEY_ID, **header: Any) -> str:
    """Sign claims with a key, as Entra ID does."""
    said_of_it = {"typ": "JWT", "alg": "RS256", "kid": key_id, **header}
    head = {name: value for name, value in said_of_it.items() if value is not None}
    text = f"{coded(json.dumps(head).encode())}.{coded(json.dumps(said).encode())}"
    signature = private_key(key_id).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{coded(signature)}"


def hs256(said: Mapping[str, Any], secret: bytes) -> str:
    """Sign claims with a secret."""
    head = {"typ": "JWT", "alg": "HS256", "kid": KEY_ID}
    text = f"{coded(json.dumps(head).encode())}.{coded(json.dumps(said).encode())}"
    return f"{text}.{coded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def key_of(role: str) -> dict[str, str]:
    """Give the header of the person who holds this role alone."""
    return bearer(f"the key of {role}")


def gate_settings(hand: Hand, **changes: Any) -> Settings:
    """Give settings with a person for each role, two source accounts, and a tenant."""
    people = tuple(
        Person(role, frozenset({role}), hashlib.sha256(f"the key of {role}".encode()).hexdigest()) for role in ROLES
    )  # fmt: skip
    listed = Person("finance desk", frozenset({"finance"}), "", LISTED)
    senders = {
        "east": Sender("east", EAST_SECRETS, frozenset({"S1", "S3"})),
        "shop": Sender("shop", (SHOP_SECRET,), frozenset({"S2"}), frozenset({TILLS})),
    }
    entra = EntraSettings(TENANT, (AUDIENCE, f"api://{AUDIENCE}"))
    wanted: dict[str, Any] = {"senders": senders, "people": (*people, listed), "entra": entra, **changes}
    return replace(settings_for(hand), **wanted)


class Unreachable:
    """A D365 that does not answer, whatever is asked of whatever part of it."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return Unreachable()

    async def __call__(self, *arguments: Any, **named: Any) -> Any:
        raise RetryableError("D365 did not answer")


@dataclass
class World:
    """The app in this process. effects: what storage was asked, by kind and table."""

    hand: Hand = field(default_factory=Hand)
    effects: Counter[str] = field(default_factory=Counter)
    keys: list[dict[str, Any]] = field(default_factory=lambda: [key_row(KEY_ID)])
    keys_read: int = 0
    services: Services = field(init=False)

    async def open(self, **changes: Any) -> World:
        """Build the services, with the mappings of the mapping tests, and let this loop's functions use them."""
        settings = gate_settings(self.hand, **changes)
        tables = memory_tables(self.hand, before_effect=self._count)
        queues = memory_queues(self.hand, before_effect=self._count)
        kinds: dict[str, list[dict[str, str]]] = {}
        for (kind, *_), values in ROWS.items():
            kinds.setdefault(kind, []).append(values)
        (store,) = kinds["stores"]
        kinds["stores"] = [{**store, "store": name, "account": ""} for name in ("S1", "S2", "S3")]
        for kind, rows in kinds.items():
            await import_rows(tables.mappings, kind, rows, who="set-up", reason="first", at=self.hand())
        d365: Any = Unreachable()
        self.services = Services(settings, tables, queues, d365, MappingCache(tables.mappings), Counter())
        self.services.token_keys = TokenKeys(self._fetch, self.hand, settings.clock.patience)
        services_module._opening[id(asyncio.get_running_loop())] = asyncio.ensure_future(self._ready())
        self.effects.clear()
        return self

    @property
    def now(self) -> float:
        return self.hand().timestamp()

    async def call(
        self,
        route: Route,
        headers: Mapping[str, Any],
        body: bytes | None = None,
        params: Mapping[str, str] | None = None,
        **places: str,
    ) -> func.HttpResponse:
        """Call a route's function as the host does."""
        there = {name: (PLACES | places)[name] for name in re.findall(r"\{(\w+)\}", route.path)}
        content = body_for(route) if body is None else body
        url = f"https://app.test{path_of(route, **places)}"
        request = func.HttpRequest(
            method=route.method.upper(), url=url, headers=dict(headers), params=dict(params or {}),
            route_params=there, body=content,
        )  # fmt: skip
        response: func.HttpResponse = await functions()[route.method, route.path](request)
        if response.status_code in (200, 202) and response.mimetype == "application/json":
            Draft202012Validator(answer_schema(route)).validate(json.loads(response.get_body()))
        return response

    async def _ready(self) -> Services:
        return self.services

    async def _count(self, kind: str, name: str) -> None:
        self.effects[f"{kind} {name}"] += 1

    async def _fetch(self) -> bytes:
        self.keys_read += 1
        return json.dumps({"keys": self.keys}).encode()


def within(story: Callable[[World], Awaitable[T]], **changes: Any) -> T:
    """Tell a story in an app of its own."""

    async def told() -> T:
        world = await World().open(**changes)
        try:
            return await story(world)
        finally:
            services_module._opening.pop(id(asyncio.get_running_loop()), None)

    return asyncio.run(told())


@cache
def functions() -> dict[tuple[str, str], Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]]:
    """Give every HTTP function by method and path, as the app registers them with its host."""
    found = {}
    for built in function_app.app.get_functions():
        trigger = built.get_trigger()
        if trigger is not None and trigger.get_binding_name() == "httpTrigger":
            (method,) = trigger.methods or ()
            found[str(getattr(method, "value", method)).lower(), f"/{trigger.route}"] = (
                built.get_user_function()
            )
    return found


def path_of(route: Route, **places: str) -> str:
    """Give a route's path, filled, as a source account signs it."""
    return "/api" + re.sub(r"\{(\w+)\}", lambda found: (PLACES | places)[found[1]], route.path)


def body_for(route: Route) -> bytes:
    """Give a body that a route takes gladly."""
    if route.path == "/transactions":
        return json.dumps({"transactions": [sale_document(1, store="S1")]}).encode()
    if not route.body:
        return b""
    wanted = {
        "reason": "because",
        "note": "a note",
        "to": "",
        "replace": False,
        "revision": 1,
        "generation": 2,
    }
    said = {name: wanted.get(name, "1") for name in route.takes}
    return (
        json.dumps(said).encode()
        if route.body == "application/json"
        else b"store,tender,payment_method\n*,CASH,1\n"
    )


def signed(
    world: World,
    route: Route,
    *,
    account: str = "east",
    secret: str = EAST_SECRETS[0],
    method: str = "",
    path: str = "",
    body: bytes | None = None,
    late_seconds: float = 0,
    **places: str,
) -> dict[str, str]:
    """Sign a request as a source account does; what is given is signed instead of what is sent."""
    stamp = str(int(world.now - late_seconds))
    content = body_for(route) if body is None else body
    first = f"{stamp}\n{(method or route.method).upper()}\n{path or path_of(route, **places)}\n"
    digest = hmac.new(secret.encode(), first.encode() + content, hashlib.sha256).hexdigest()
    return {"X-Tillpost-Account": account, "X-Tillpost-Timestamp": stamp, "X-Tillpost-Signature": digest}


GUARDED = [one for one in ROUTES if one.security.ways]
