"""Where a drill is played: an app and D365's simulator over HTTP, the tills, the desks, and a clock that can be waited on."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx

from demo.chain import ACCOUNT
from drills.shop import LISTS, SETUP
from scripts.runbook import Call

Json = dict[str, Any]
SETTLES_WITHIN = timedelta(hours=8)


class Time(Protocol):
    """The clock that the app, the simulator and the drill share."""

    def now(self) -> datetime:
        """Give its present."""

    async def pass_on(self) -> None:
        """Let a little of it pass."""


class SceneError(Exception):
    """Something was answered that no drill foresees, or what must happen did not."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One app and its D365. keys: of the desks, by role; secret: the tills'."""

    app: httpx.AsyncClient
    d365: httpx.AsyncClient
    time: Time
    keys: Mapping[str, str]
    secret: str

    async def set_up(self) -> None:
        """Tell D365 and the app about the shop."""
        await self.sim("setup", SETUP)
        for kind, text in LISTS.items():
            await self.put_list(kind, text)
        await self.done("it", Call("POST", "/api/reference"))

    async def put_list(self, kind: str, text: str) -> None:
        """Import rows of a list."""
        call = Call("PUT", f"/api/mappings/{kind}", {"X-Reason": "the drill's shop"}, text)
        await self.done("retail_systems", call)

    async def send(self, *documents: Json) -> list[str]:
        """Let a till send transactions; give the verdict of each."""
        body = json.dumps({"transactions": documents}).encode()
        answer = await self.app.post("/api/transactions", content=body, headers=self._signed(body))
        if answer.status_code not in (202, 409, 422):
            raise SceneError(f"the till was answered {answer.status_code}: {answer.text[:300]}")
        return [str(one["verdict"]) for one in answer.json().get("results", [])]

    async def send_bytes(self, body: bytes) -> None:
        """Let something arrive that may not be readable."""
        await self.app.post("/api/transactions", content=body, headers=self._signed(body))

    def _signed(self, body: bytes) -> dict[str, str]:
        stamp = str(int(self.time.now().timestamp()))
        signed = f"{stamp}\nPOST\n/api/transactions\n".encode() + body
        return {
            "Content-Type": "application/json", "X-Tillpost-Account": ACCOUNT, "X-Tillpost-Timestamp": stamp,
            "X-Tillpost-Signature": hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest(),
        }  # fmt: skip

    async def ask(self, role: str, call: Call) -> httpx.Response:
        """Make a call with a desk's key."""
        kind = "application/json" if call.body.startswith("{") else "text/csv"
        headers = {**call.headers, "Authorization": f"Bearer {self.keys[role]}", "Content-Type": kind}
        return await self.app.request(call.method, call.path, content=call.body.encode(), headers=headers)

    async def done(self, role: str, call: Call) -> httpx.Response:
        """Make a call that must succeed.

        Raises:
            SceneError: it did not.
        """
        answer = await self.ask(role, call)
        if answer.status_code != 200:
            raise SceneError(f"{call.method} {call.path} as {role}: {answer.status_code} {answer.text[:400]}")
        return answer

    async def read(self, path: str) -> Any:
        """Read something as a reader."""
        return (await self.done("reader", Call("GET", path))).json()

    async def causes(self, state: str = "open") -> list[Json]:
        """Give the tasks in a state."""
        return list((await self.read(f"/api/causes?state={state}"))["causes"])

    async def cause(self, code: str, state: str = "open") -> Json | None:
        """Give the task of a reason with all it holds; None where there is none."""
        for one in await self.causes(state):
            if one["code"] == code:
                return dict(await self.read(f"/api/causes/{one['fingerprint']}"))
        return None

    async def status(self, transaction_id: str) -> str:
        """Give where a receipt of the shop stands; "" where it never came."""
        path = f"/api/transactions/100/{ACCOUNT}/{transaction_id}"
        answer = await self.ask("reader", Call("GET", path))
        return str(answer.json()["status"]) if answer.status_code == 200 else ""

    async def sim(self, name: str, body: object = None, method: str = "") -> Any:
        """Speak to the simulator's own side, as the D365 team would act in D365."""
        answer = await self.d365.request(
            method or ("GET" if body is None else "POST"), f"/_sim/{name}", json=body
        )
        if answer.is_error:
            raise SceneError(f"/_sim/{name}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else {}

    async def until(
        self, what: str, is_so: Callable[[], Awaitable[bool]], within: timedelta = SETTLES_WITHIN
    ) -> None:
        """Let time pass until something is so.

        Raises:
            SceneError: it took too long.
        """
        end = self.time.now() + within
        while not await is_so():
            if self.time.now() > end:
                raise SceneError(f"{what}: not so after {within}")
            await self.time.pass_on()

    async def until_cause(self, code: str) -> Json:
        """Let time pass until a task of this reason is open, and give it."""

        async def is_open() -> bool:
            return await self.cause(code) is not None

        await self.until(f"a task {code}", is_open)
        found = await self.cause(code)
        if found is None:
            raise SceneError(f"the task {code} went as it came")
        return found

    async def until_status(self, status: str, *transaction_ids: str) -> None:
        """Let time pass until receipts stand somewhere."""

        async def all_are() -> bool:
            return {await self.status(one) for one in transaction_ids} == {status}

        await self.until(f"receipts {', '.join(transaction_ids)} {status}", all_are)
