"""The app's routes called in one process over tables in memory: what a caller would get, and everything that is left behind."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import importlib
import pkgutil
import re
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import unquote

import azure.functions as func

import shared.services
import shared.triggers
from shared.errors import RetryableError
from shared.services import Services
from shared.settings import ROLES, Person
from shared.storage.tables import TABLE_NAMES
from tests.unit.flow_services import SENDER, Hand, flow_services

EVERYBODY = Person("every desk", frozenset(ROLES), hashlib.sha256(b"a key for all").hexdigest())
Trigger = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]


class D365NotThere:
    """A D365 that answers nobody."""

    def __init__(self) -> None:
        self.calls = Counter[str]()

    def __getattr__(self, name: str) -> Any:
        async def nothing(*_: Any, **__: Any) -> Any:
            raise RetryableError(f"D365 is not there for {name}")

        return nothing


@dataclass(slots=True)
class App:
    """The app over memory, within one running loop."""

    services: Services
    hand: Hand
    routes: list[tuple[str, re.Pattern[str], Trigger]] = field(default_factory=list)

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> func.HttpResponse:
        """Call a route as a person who may do everything, where no other headers are given."""
        trigger, parts = self._found(method, path)
        given = {"Authorization": "Bearer a key for all", **(headers or {})}
        request = func.HttpRequest(
            method,
            f"https://app.test{path}",
            headers=given,
            params=dict(query or {}),
            route_params=parts,
            body=body,
        )
        return await trigger(request)

    async def send(self, path: str, body: bytes, **headers: str) -> func.HttpResponse:
        """Post a signed body, as the account `east`."""
        stamp = str(int(self.hand().timestamp()))
        signed = hmac.new(
            SENDER.secrets[0].encode(), f"{stamp}\nPOST\n{path}\n".encode() + body, hashlib.sha256
        )
        mine = {
            "X-Tillpost-Account": SENDER.account,
            "X-Tillpost-Timestamp": stamp,
            "X-Tillpost-Signature": signed.hexdigest(),
            "Authorization": "",
        }
        return await self.ask("POST", path, body, {**mine, **headers})

    async def left_behind(self) -> AsyncIterator[str]:
        """Give every row and every message that is kept, as text, whatever was compressed opened."""
        for name in TABLE_NAMES:
            async for row in getattr(self.services.tables, name).query():
                packed = b"".join(
                    value for _, value in sorted(row.values.items()) if isinstance(value, bytes)
                )
                opened = (
                    zlib.decompress(packed).decode() if packed[:1] == b"\x78" else packed.decode("latin-1")
                )
                plain = {key: value for key, value in row.values.items() if not isinstance(value, bytes)}
                yield f"{row.partition}\n{row.key}\n{plain}\n{opened}"
        queues = self.services.queues
        for queue in (queues.mapping_due, queues.posting_due, queues.dead_letters):
            for message in queue._kept.values():  # type: ignore[attr-defined]
                yield message.message.text

    def _found(self, method: str, path: str) -> tuple[Trigger, dict[str, str]]:
        for known, pattern, trigger in self.routes:
            match = pattern.fullmatch(path.removeprefix("/api/"))
            if match is not None and known == method:
                return trigger, {name: unquote(value) for name, value in match.groupdict().items()}
        raise LookupError(f"{method} {path}")


async def open_app() -> App:
    """Build the app over memory, and give its services to the triggers of this loop."""
    hand = Hand()
    services = await flow_services(hand, D365NotThere())
    services.settings = replace(services.settings, people=(EVERYBODY,))
    shared.services._opening[id(asyncio.get_running_loop())] = asyncio.ensure_future(_given(services))
    return App(services, hand, sorted(all_routes(), key=lambda one: one[1].pattern.count("(?P<")))


async def _given(services: Services) -> Services:
    return services


@cache
def all_routes() -> list[tuple[str, re.Pattern[str], Trigger]]:
    found = []
    for module in pkgutil.iter_modules(shared.triggers.__path__):
        blueprint: Any = getattr(importlib.import_module(f"shared.triggers.{module.name}"), "blueprint", None)
        for builder in getattr(blueprint, "_function_builders", ()):
            function = builder._function
            trigger = function.get_trigger()
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(trigger.route))
            found += [
                (one.value, re.compile(pattern), function.get_user_function()) for one in trigger.methods
            ]
    return found
