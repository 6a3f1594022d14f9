"""The app behind its door for tests: storage and app as processes, senders and desks, and every answer written down.

Each answer is held to what all answers promise: no 5xx, problem details for whatever is wrong, and a status that the
OpenAPI description names for that route.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from azure.data.tables import TableServiceClient
from jsonschema import Draft202012Validator

from demo.clock import Clock
from demo.world import World, _answers, _process, _wait_for, app_settings, new_world
from scripts import azurite

EAST, NEXT_SECRET = "east", "the secret that east turns to next"
SHOP, SHOP_SECRET = "one-shop", "a secret of one shop alone"
START = datetime(2017, 12, 23, 17, 30, tzinfo=UTC)
DOOR, POSLOG = "/api/transactions", "/api/pos/poslog"
PROBLEM = "application/problem+json"
_HEADING = "store,legal_entity,store_number,operating_unit,warehouse,site,tax_group,currency,time_zone,account,prices_include_tax"
STORES = f"""{_HEADING}
S1,usrt,NY01,052,W1,EAST,NY,USD,America/New_York,{EAST},no
S2,usrt,NY02,053,W2,EAST,NY,USD,America/New_York,{EAST},no
J1,jprt,TK01,081,WJ,EAST,JP,JPY,Asia/Tokyo,{EAST},no
A1,usrt,NY03,054,W3,EAST,NY,USD,America/New_York,another-till,no
"""


@dataclass(slots=True)
class Door:
    """A running app, how to speak to it, and what it has answered so far."""

    world: World
    clock: Clock
    storage: str
    http: httpx.Client
    answers: list[tuple[str, str, int]] = field(default_factory=list)
    described: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request as it is; check what every answer must keep."""
        response = self.http.request(method, path, **options)
        status, told = response.status_code, f"{method} {path}: {response.status_code} {response.text[:500]}"
        self.answers.append((method, path, status))
        assert status < 500, told
        operation = self._operation(method, path)
        assert operation is None or str(status) in operation["responses"], f"not described: {told}"
        if status >= 400:
            assert response.headers["content-type"].partition(";")[0] == PROBLEM, told
            body = response.json()
            assert (body["status"], body["type"]) == (status, "about:blank"), told
            assert body["title"], told
            self._conforms("Problem", body)
        elif operation is not None and response.headers["content-type"].startswith("application/json"):
            content = operation["responses"][str(status)]["content"]
            schema = content["application/json"]["schema"]
            if "$ref" not in schema:  # the Results of a call are held to theirs in `post`
                Draft202012Validator(schema).validate(response.json())
        return response

    def send(self, *documents: object, **options: Any) -> httpx.Response:
        """Post canonical transactions, signed."""
        return self.post(json.dumps({"transactions": documents}).encode(), **options)

    def post(
        self,
        body: bytes,
        path: str = DOOR,
        *,
        account: str = EAST,
        secret: str = "",
        late_seconds: int = 0,
        **headers: str,
    ) -> httpx.Response:
        """Post bytes, signed now or `late_seconds` ago."""
        signed = self.signed("POST", path, body, account=account, secret=secret, late_seconds=late_seconds)
        response = self.ask("POST", path, content=body, headers={**signed, **headers})
        if response.status_code == 202:
            self._conforms("Results", response.json())
        return response

    def signed(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        account: str = EAST,
        secret: str = "",
        late_seconds: int = 0,
    ) -> dict[str, str]:
        """Give the headers of a signed request."""
        secret = secret or {EAST: self.world.sender_secret, SHOP: SHOP_SECRET}.get(account, "unknown")
        stamp = str(int(self.clock.now().timestamp()) - late_seconds)
        message = f"{stamp}\n{method}\n{path}\n".encode() + body
        digest = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
        return {"X-Tillpost-Account": account, "X-Tillpost-Timestamp": stamp, "X-Tillpost-Signature": digest}

    def desk(self, role: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask as the desk of a role."""
        headers = {**self.key_of(role), **options.pop("headers", {})}
        return self.ask(method, path, headers=headers, **options)

    def key_of(self, role: str) -> dict[str, str]:
        """Give the header with a desk's key."""
        name = "auditor" if role == "reader" else f"{role.replace('_', ' ')} desk"
        return {"Authorization": f"Bearer {self.world.keys[name]}"}

    def put(self, kind: str, text: str | bytes, reason: str = "a test") -> httpx.Response:
        """Import a mapping as finance."""
        content = text if isinstance(text, bytes) else text.encode()
        headers = {"X-Reason": reason, "Content-Type": "text/csv"} if reason else {}
        return self.desk("finance", "PUT", f"/api/mappings/{kind}", content=content, headers=headers)

    def rows(self) -> Iterator[str]:
        """Give everything that storage holds, row by row as text, kept documents unpacked."""
        with TableServiceClient.from_connection_string(self.storage) as service:
            for table in service.list_tables():
                client = service.get_table_client(table.name)
                for row in client.list_entities():
                    packed = b"".join(row[name] for name in sorted(row) if name.startswith("Document") and
                                      isinstance(row[name], bytes))  # fmt: skip
                    yield f"{dict(row)} {zlib.decompress(packed).decode() if packed else ''}"

    def log(self) -> str:
        """Give the app's log so far."""
        return (self.world.folder / "app.log").read_text(errors="replace")

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        if not self.described:
            self.described = self.http.get("/api/openapi.json").json()
        plain = path.partition("?")[0]
        for template, methods in self.described["paths"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if re.fullmatch(pattern, plain) and method.lower() in methods:
                found: dict[str, Any] = methods[method.lower()]
                return found
        return None

    def _conforms(self, name: str, body: object) -> None:
        Draft202012Validator(self.described["components"]["schemas"][name]).validate(body)


@contextlib.contextmanager
def opened(folder: Path, **more: str) -> Iterator[Door]:
    """Run storage and the app at the clock's own speed; D365 is not there, and nothing is sent to it meanwhile.

    more: settings of a test's own.
    """
    world, clock = new_world(folder), Clock(START, datetime.now(UTC), 1.0)
    senders = [
        {"account": EAST, "secrets": [world.sender_secret, NEXT_SECRET], "stores": ["*"]},
        {"account": SHOP, "secrets": [SHOP_SECRET], "stores": ["S2", "S9"]},
    ]
    with contextlib.ExitStack() as stack:
        storage = stack.enter_context(azurite.started()).connection_string
        settings = app_settings(world, clock, storage)
        settings |= {"TILLPOST_SENDERS": json.dumps(senders), "D365_CA_FILE": "", **more}
        host = ["localhost", "--port", str(world.app_port)]
        app = stack.enter_context(_process("app", host, settings, folder))
        _wait_for(app, folder / "app.log", lambda: _answers(f"{world.app_url}/api/health"))
        http = stack.enter_context(httpx.Client(base_url=world.app_url, timeout=60.0))
        door = Door(world, clock, storage, http)
        assert door.put("stores", STORES).status_code == 200
        assert door.put("tenders", "store,tender,payment_method\n*,CASH,1\n").status_code == 200
        yield door
