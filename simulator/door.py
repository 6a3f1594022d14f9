"""What stands before every answer: the call is counted, faults strike, the token is looked at, errors get D365's shape."""

from __future__ import annotations

import uuid
from asyncio import BaseTransport, Transport
from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.utils import format_datetime

from aiohttp import web

from simulator.answers import D365Error, busy_answer, error_answer, write_failed
from simulator.faults import CONFLICT_TEXTS, Fault, Matches, on_call
from simulator.tokens import Authority
from simulator.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_ACTION_MARK = "Microsoft.Dynamics.DataEntities."
_WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})


class Door:
    """One environment's front door. restart: what a `restart` fault does, given by whoever puts the parts together."""

    def __init__(self, world: World, authority: Authority) -> None:
        self.restart: Callable[[], None] = lambda: None
        self._world = world
        self._authority = authority
        self._connections: set[Transport] = set()

    def drop_connections(self, besides: BaseTransport | None = None) -> None:
        """Close every connection but one at once, answered or not, as a service does that goes down."""
        for connection in self._connections:
            if connection is not besides:
                connection.abort()
        self._connections.clear()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count, strike before, answer, strike after."""
        place, name = place_of(request.path), call_name(request.path)
        call = f"{request.method} {name}"
        self._world.calls[place, call] += 1
        if place == "sim":
            return await handler(request)
        self._remember(request)
        faults, matches = self._world.faults, self._matches(request, place, name)
        if place != "token":
            faults.draw(call, request.path)
        if faults.fire("silent", matches, call):
            return _drop(request)
        if faults.fire("restart", matches, call):
            self.restart()
            return _drop(request)
        refused = await self._struck_before(request, place, name, matches)
        answer = refused or await self._guarded(request, handler, place)
        if refused is None:
            answer = self._struck_after(answer, matches, call)
        if refused is None and faults.fire("lose_answer", matches, call):
            return _drop(request)
        answer.headers["ms-dyn-aid"] = str(uuid.uuid4())
        if refused is None and isinstance(answer, web.Response) and faults.fire("cut_answer", matches, call):
            return await _cut(request, answer)
        return answer

    def _matches(self, request: web.Request, place: str, name: str) -> Matches:
        """A fault that names no call strikes any, but sign-in only when its path is named."""
        known = on_call(name, request.path)
        return _naming(known) if place == "token" else known

    def _remember(self, request: web.Request) -> None:
        self._connections = {one for one in self._connections if not one.is_closing()}
        if isinstance(request.transport, Transport):
            self._connections.add(request.transport)

    async def _struck_before(
        self, request: web.Request, place: str, name: str, matches: Matches
    ) -> web.Response | None:
        faults, call = self._world.faults, f"{request.method} {name}"
        slow = faults.fire("slow_answer", matches, call)
        if slow:
            await self._world.clock.sleep(float(str(slow.options["seconds"])))
        throttle = faults.fire("throttle", matches, call) if place == "d365" else None
        if throttle:
            return busy_answer(self._retry_after(throttle))
        status = faults.fire("status", matches if place == "d365" else _naming(matches), call)
        if status:
            return error_answer(_ordered_error(status, 503))
        if (
            place == "d365"
            and request.method in _WRITES
            and _ACTION_MARK not in request.path
            and name != "$batch"
        ):
            conflict = faults.fire("write_conflict", matches, call)
            if conflict:
                return error_answer(conflict_error(conflict, name))
        return None

    def _struck_after(self, answer: web.StreamResponse, matches: Matches, call: str) -> web.StreamResponse:
        """An error although the work is done; an answer that is an error already stays as it is."""
        if answer.status >= 400:
            return answer
        failed = self._world.faults.fire("status_after", matches, call)
        return error_answer(_ordered_error(failed, 500)) if failed else answer

    def _retry_after(self, throttle: Fault) -> object:
        seconds = throttle.options.get("retry_after_seconds")
        if seconds is None or not throttle.options.get("retry_after_as_date"):
            return seconds
        return format_datetime(self._world.now() + timedelta(seconds=int(str(seconds))), usegmt=True)

    async def _guarded(self, request: web.Request, handler: Handler, place: str) -> web.StreamResponse:
        try:
            refused = self._authority.refusal(request) if place == "d365" else None
            if refused is not None:
                await request.read()
                return refused
            return await handler(request)
        except D365Error as error:
            return error_answer(error)


def _naming(matches: Matches) -> Matches:
    """Of these, only faults that name a call or a path."""
    return lambda options: ("action" in options or "path_contains" in options) and matches(options)


def conflict_error(fault: Fault, name: str) -> D365Error:
    """Give the error of a write that met another process, with D365's text."""
    text = CONFLICT_TEXTS[str(fault.options.get("conflict", "update_conflict"))]
    return write_failed(name, text, int(str(fault.options.get("status", 500))))


def _ordered_error(fault: Fault, status: int) -> D365Error:
    text = str(fault.options.get("text", "An unexpected error has occurred."))
    return D365Error(int(str(fault.options.get("status", status))), text)


def place_of(path: str) -> str:
    """Say whose a request is: d365, blob, sim (people's and tests' side) or token."""
    first = path.split("/")[1].lower()
    return {"data": "d365", "metadata": "d365", "blob": "blob", "_sim": "sim"}.get(first, "token")


def call_name(path: str) -> str:
    """Name a call without its keys: an action's name, a set's, or the path's place."""
    parts = path.split("/")
    if _ACTION_MARK in path and parts[1] == "data" and parts[2].startswith("DataManagement"):
        return path.rpartition(_ACTION_MARK)[2]
    if parts[1] == "data" and len(parts) > 2:
        return parts[2].partition("(")[0]
    if parts[1] == "_sim":
        return path
    return parts[1].lower() if parts[1].lower() in ("blob", "metadata", "data") else "token"


def _drop(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _cut(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Send half of the body that was announced, then close the connection."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    headers = {name: text for name, text in answer.headers.items() if name.lower() != "content-length"}
    cut = web.StreamResponse(status=answer.status, headers={**headers, "Content-Length": str(len(body) + 1)})
    await cut.prepare(request)
    await cut.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return cut
