"""HTTP to the app, as a till and as people, and to the simulator's own side. Nothing of ours is imported."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from demo.chain import ACCOUNT
from demo.clock import Clock

Json = dict[str, Any]
TRIES_MAX = 12
PAUSE_SECONDS_MAX = 2.0
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=16)


class AnswerError(Exception):
    """The other side answered something it should not have, or not at all."""


@dataclass(slots=True)
class SendCounts:
    """What the tills were told, by verdict, and how often they had to ask again."""

    calls: int = 0
    tries_again: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    unexpected: list[Json] = field(default_factory=list)


class Tills:
    """All tills of the chain: they sign what they send, and send the same bytes again until they have an answer."""

    def __init__(self, url: str, secret: str, clock: Clock) -> None:
        self.secret = secret
        self.clock = clock
        self.counts = SendCounts()
        self.http = httpx.AsyncClient(base_url=url, timeout=TIMEOUT, limits=LIMITS)

    async def send(self, documents: Sequence[Json]) -> None:
        """Send one call's transactions; every answer that is neither accepted nor known already is noted."""
        body = json.dumps({"transactions": documents}, separators=(",", ":")).encode()
        answer = await self._post("/api/transactions", body)
        for result in answer.get("results", []):
            verdict = str(result["verdict"])
            self.counts.verdicts[verdict] = self.counts.verdicts.get(verdict, 0) + 1
            if verdict not in ("accepted", "duplicate"):
                self.counts.unexpected.append(result)

    async def _post(self, path: str, body: bytes) -> Json:
        """Post until there is an answer that is not the server's trouble; a bounded number of times."""
        self.counts.calls += 1
        last = "no answer"
        for turn in range(TRIES_MAX):
            try:
                response = await self.http.post(path, content=body, headers=self._signed(path, body))
            except httpx.TransportError as error:
                last = repr(error)
            else:
                if response.status_code in (202, 409, 422):
                    found: Json = response.json()
                    return found
                last = f"{response.status_code} {response.text[:300]}"
                if response.status_code < 500 and response.status_code != 429:
                    break
            self.counts.tries_again += 1
            await asyncio.sleep(min(0.1 * 2**turn, PAUSE_SECONDS_MAX))
        raise AnswerError(f"POST {path}: {last}")

    def _signed(self, path: str, body: bytes) -> dict[str, str]:
        stamp = str(int(self.clock.now().timestamp()))
        signature = hmac.new(self.secret.encode(), f"{stamp}\nPOST\n{path}\n".encode() + body, hashlib.sha256)
        return {
            "Content-Type": "application/json",
            "X-Tillpost-Account": ACCOUNT,
            "X-Tillpost-Timestamp": stamp,
            "X-Tillpost-Signature": signature.hexdigest(),
        }


class Desk:
    """One desk of the chain's head office, by its key: it reads, and decides what its role may."""

    def __init__(self, url: str, name: str, key: str) -> None:
        self.name = name
        self.http = httpx.AsyncClient(
            base_url=url, timeout=TIMEOUT, limits=LIMITS, headers={"Authorization": f"Bearer {key}"}
        )

    async def read(self, *path: str, **query: str) -> Json | None:
        """Read what stands under a path; None when there is nothing."""
        response = await self._ask("GET", path, params=query)
        return None if response.status_code == 404 else _json_of(response)

    async def read_text(self, *path: str, **query: str) -> str:
        """Read a page or a sheet."""
        response = await self._ask("GET", path, params=query)
        if response.status_code != 200:
            raise AnswerError(f"GET {'/'.join(path)}: {response.status_code}")
        return response.text

    async def decide(self, *path: str, **body: object) -> Json:
        """Post a decision and give its outcome."""
        return _json_of(await self._ask("POST", path, json=body))

    async def put_mapping(self, kind: str, text: str, reason: str) -> Json:
        """Import rows of a mapping."""
        headers = {"Content-Type": "text/csv; charset=utf-8", "X-Reason": reason}
        return _json_of(await self._ask("PUT", ("mappings", kind), content=text.encode(), headers=headers))

    async def _ask(self, method: str, path: Sequence[str], **arguments: Any) -> httpx.Response:
        url = "/api/" + "/".join(quote(part, safe="") for part in path)
        last = "no answer"
        for turn in range(TRIES_MAX):
            try:
                response = await self.http.request(method, url, **arguments)
            except httpx.TransportError as error:
                last = repr(error)
            else:
                if response.status_code < 500:
                    return response
                last = f"{response.status_code} {response.text[:300]}"
            await asyncio.sleep(min(0.1 * 2**turn, PAUSE_SECONDS_MAX))
        raise AnswerError(f"{method} {url}: {last}")


class Headquarters:
    """The simulator's own side, under /_sim: set-up, faults, and what its ledger holds. Not a part of D365."""

    def __init__(self, url: str, ca_file: Path) -> None:
        trust = ssl.create_default_context(cafile=str(ca_file))
        self.http = httpx.AsyncClient(base_url=url, timeout=TIMEOUT, verify=trust)

    async def read(self, name: str) -> Any:
        """Read one of the simulator's own views."""
        return _any_json(await self.http.get(f"/_sim/{name}"))

    async def post(self, name: str, body: object | None = None) -> Any:
        """Post to the simulator's own side."""
        return _any_json(await self.http.post(f"/_sim/{name}", json=body if body is not None else {}))


def _json_of(response: httpx.Response) -> Json:
    found = _any_json(response)
    if not isinstance(found, dict):
        raise AnswerError(f"{response.request.url}: expected an object")
    return found


def _any_json(response: httpx.Response) -> Any:
    if response.status_code >= 400:
        raise AnswerError(
            f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:500]}"
        )
    return response.json() if response.content else {}
