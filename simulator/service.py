"""The HTTPS side of D365: every request counted, faults first, then the token, then the answer."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

from aiohttp import web

from simulator import metadata
from simulator.answers import D365Error, busy_answer, error_answer, json_answer
from simulator.faults import Fault, named, on_path
from simulator.odata import ODataService, Operation
from simulator.odata_batch import Batch
from simulator.tokens import Authority
from simulator.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_ACTION_MARK = "Microsoft.Dynamics.DataEntities."


class D365Service:
    """Routes of /data and /metadata, and what stands before them."""

    def __init__(self, world: World, authority: Authority) -> None:
        self._world = world
        self._authority = authority
        self._odata = ODataService(world)
        self._batch = Batch(world, self._odata)

    def routes(self) -> list[web.RouteDef]:
        """Give the routes; actions of the package API must be added before them."""
        return [
            web.get("/data/$metadata", self._metadata),
            web.get("/metadata/{rest:.+}", self._public_metadata),
            web.post("/data/$batch", self._on_batch),
            web.route("*", "/data/{rest:.+}", self._on_data),
        ]

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count, fail on order, check the token, answer errors in D365's shape, lose the answer on order."""
        place = place_of(request.path)
        name = call_name(request.path)
        self._world.calls[place, f"{request.method} {name}"] += 1
        if place not in ("d365", "blob"):
            return await handler(request)
        faults = self._world.faults
        if faults.fire("silent", on_path(request.path)):
            return _drop(request)
        refused = self._ordered_refusal(request) if place == "d365" else None
        answer = refused or await self._guarded(request, handler, place)
        if refused is None and faults.fire("lose_answer", named("action", name)):
            return _drop(request)
        answer.headers["ms-dyn-aid"] = str(uuid.uuid4())
        return answer

    def _ordered_refusal(self, request: web.Request) -> web.Response | None:
        throttle: Fault | None = self._world.faults.fire("throttle", on_path(request.path))
        if throttle:
            return busy_answer(throttle.options.get("retry_after_seconds"))
        status = self._world.faults.fire("status", on_path(request.path))
        if status:
            text = str(status.options.get("text", "An unexpected error has occurred."))
            return error_answer(D365Error(int(str(status.options["status"])), text))
        return None

    async def _guarded(self, request: web.Request, handler: Handler, place: str) -> web.StreamResponse:
        try:
            if place == "d365" and not self._authority.accepts(request):
                await request.read()
                return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
            return await handler(request)
        except D365Error as error:
            return error_answer(error)

    async def _metadata(self, _: web.Request) -> web.Response:
        return web.Response(text=metadata.edmx(), content_type="application/xml")

    async def _public_metadata(self, request: web.Request) -> web.Response:
        return json_answer(metadata.public(request.match_info["rest"]))

    async def _on_batch(self, request: web.Request) -> web.Response:
        go_on = "odata.continue-on-error" in request.headers.get("Prefer", "")
        content_type, body = self._batch.answer(
            request.headers.get("Content-Type", ""), await request.read(), go_on=go_on
        )
        return web.Response(
            body=body.encode(), headers={"Content-Type": content_type, "OData-Version": "4.0"}
        )

    async def _on_data(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        target = request.raw_path.removeprefix("/data/")
        outcome = self._odata.answer(Operation(request.method, target, headers, await request.read()))
        if outcome.value is None:
            return web.Response(status=outcome.status, headers=dict(outcome.headers))
        return json_answer(outcome.value, outcome.status, dict(outcome.headers))


def place_of(path: str) -> str:
    """Say whose a request is: d365, blob, sim (people's and tests' side) or token."""
    first = path.split("/")[1]
    return {"data": "d365", "metadata": "d365", "blob": "blob", "_sim": "sim"}.get(first, "token")


def call_name(path: str) -> str:
    """Name a call without its keys: an action's name, a set's, or the path's place."""
    if _ACTION_MARK in path and "DataManagementDefinitionGroups" in path:
        return path.rpartition(_ACTION_MARK)[2]
    parts = path.split("/")
    if parts[1] == "data" and len(parts) > 2:
        return parts[2].partition("(")[0]
    if parts[1] == "_sim":
        return path
    return parts[1] if parts[1] in ("blob", "metadata") else "token"


def _drop(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
