"""The whole app in this process: every HTTP trigger behind the local host's own routes, over memory and the D365 simulator.

No port, no emulator, no thread: a request is a call, so that thousands of them cost seconds. The clock is a hand that a test
turns. What the host itself refuses (another method, another path) is refused here as there.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from azure.functions import meta

from localhost.app import HTTP, Function
from localhost.invocation import invoke, text
from localhost.routes import Route, find, routes_of
from shared import services as services_module
from shared.settings import Person, Sender
from tests.contract.posting_in_process import posting_in_process
from tests.contract.posting_world import PostingWorld
from tests.unit.flow_services import SENDER
from tests.unit.gate_world import functions
from tests.unit.vendor_calls import Call

SHOP = Sender("one-shop", ("a secret of one shop alone",), frozenset({"S2"}))
DESKS = {
    "reader": ("reader",),
    "finance": ("finance",),
    "second finance": ("finance",),
    "store_operations": ("store_operations",),
    "retail_systems": ("retail_systems",),
    "it": ("it",),
    "everything": ("reader", "finance", "store_operations", "retail_systems", "it"),
}


def key_of(desk: str) -> str:
    """Give the key that a desk signs in with."""
    return f"the key of {desk}"


PEOPLE = tuple(
    Person(f"{name} desk", frozenset(roles), hashlib.sha256(key_of(name).encode()).hexdigest())
    for name, roles in DESKS.items()
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. failed: the error that no trigger turned into an answer, which is a bug."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    failed: BaseException | None = None

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    def json(self) -> Any:
        return json.loads(self.body)


@functools.cache
def http_functions() -> tuple[Function, ...]:
    """Give every HTTP function, as the app's own module registers them (its library lists them once a process)."""
    found = []
    for (method, path), call in functions().items():
        trigger = {
            "type": HTTP,
            "name": "request",
            "methods": [method.upper()],
            "route": path.removeprefix("/"),
        }
        found.append(Function(call.__name__, call, trigger, wants_context=False))
    return tuple(found)


@functools.cache
def routes() -> list[Route]:
    """Give the routes as the local host orders them."""
    return routes_of(http_functions(), "api")


@dataclass(slots=True)
class App:
    """A running app and its D365."""

    world: PostingWorld
    answers: list[tuple[str, str, int]] = field(default_factory=list)

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, *, host: str = "app.test"
    ) -> Answer:  # fmt: skip
        """Send one request as it is: method, path with its query, bytes, headers."""
        plain, _, query = path.partition("?")
        found = find(routes(), method, plain)
        if found.function is None:
            answer = Answer(405 if found.allowed else 404, {"allow": ", ".join(sorted(found.allowed))}, b"")
        else:
            answer = await self._invoked(
                found.function, _datum(method, path, query, body, headers or {}, found.parameters, host)
            )
        self.answers.append((method, plain, answer.status))
        return answer

    async def _invoked(self, function: Function, value: Any) -> Answer:
        loop = asyncio.get_running_loop()
        ready: asyncio.Task[Any] = asyncio.ensure_future(_ready(self.world.services))
        await ready
        services_module._opening[id(loop)] = ready
        try:
            returned = await invoke(function, value)
        except Exception as error:  # noqa: BLE001 - the host's edge: what a function raises is its 500
            return Answer(500, {}, b"", error)
        finally:
            services_module._opening.pop(id(loop), None)
        parts = returned.value
        headers = {name.lower(): str(datum.value) for name, datum in parts["headers"].items()}
        content = parts["body"].value
        return Answer(
            int(parts["status_code"].value),
            headers,
            content.encode() if isinstance(content, str) else content,
        )

    async def desk(self, desk: str, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Ask as a desk; a body is sent as JSON, bytes as they are."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return await self.ask(method, path, content, {"Authorization": f"Bearer {key_of(desk)}", **headers})

    async def till(self, method: str, path: str, body: bytes = b"", sender: Sender = SENDER) -> Answer:
        """Ask as a source account, signed now."""
        return await self.ask(method, path, body, self.signed(method, path, body, sender))

    async def vendor(self, call: Call) -> Answer:
        """Send a vendor's webhook."""
        return await self.ask("POST", call.address, call.body, call.headers)

    def signed(self, method: str, path: str, body: bytes, sender: Sender = SENDER) -> dict[str, str]:
        """Give the headers of a signed request."""
        stamp = str(int(self.world.hand().timestamp()))
        message = f"{stamp}\n{method}\n{path}\n".encode() + body
        digest = hmac.new(sender.secrets[0].encode(), message, hashlib.sha256).hexdigest()
        return {
            "X-Tillpost-Account": sender.account,
            "X-Tillpost-Timestamp": stamp,
            "X-Tillpost-Signature": digest,
        }


async def _ready(services: Any) -> Any:
    return services


def _datum(
    method: str, path: str, query: str, body: bytes, headers: Mapping[str, str], parameters: Mapping[str, str], host: str
) -> Any:  # fmt: skip
    """Give the request as the local host gives it to a function."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return meta.Datum(
        {
            "method": text(method),
            "url": text(f"https://{host}{path}"),
            "headers": {name: text(value) for name, value in headers.items()},
            "query": {name: text(",".join(each)) for name, each in values.items()},
            "params": {name: text(value) for name, value in parameters.items()},
            "body": meta.Datum(body, "bytes"),
        },
        "http",
    )


@asynccontextmanager
async def app_in_process(**setup: Any) -> AsyncIterator[App]:
    """Run the app with a D365 that is set up as the mappings say, and with a desk for every role."""
    async with posting_in_process(**setup) as world:
        known = {SENDER.account: SENDER, SHOP.account: SHOP}
        world.services.settings = replace(world.services.settings, senders=known, people=PEOPLE)
        yield App(world)
