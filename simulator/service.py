"""The HTTPS side of D365: every request counted, faults first, then the token, then the answer."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

from aiohttp import web

from simulator.answers import D365Error, busy_answer, error_answer, json_answer
from simulator.faults import Fault, named, on_path
from simulator.metadata import edmx
from simulator.odata import ODataService, Operation
from simulator.odata_batch import Batch
from simulator.public_actions import ACTIONS, VERSIONS
from simulator.public_metadata import public
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
            web.get("/{metadata:(?i:metadata)}/{rest:.+}", self._public_metadata),
            web.get("/data", self._service_document),
            web.get("/data/", self._service_document),
            web.post("/data/{set}/Microsoft.Dynamics.DataEntities.{action}", self._on_action),
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
        text = edmx(self._world.contract, lengths=self._world.switches.metadata_lengths == "state")
        return web.Response(text=text, content_type="application/xml")

    async def _public_metadata(self, request: web.Request) -> web.Response:
        rest = request.match_info["rest"]
        return json_answer(public(self._world.contract, rest, request.query, self._world.origin))

    async def _service_document(self, _: web.Request) -> web.Response:
        sets = [
            {"name": one.odata_set, "kind": "EntitySet", "url": one.odata_set}
            for one in self._world.contract.public()
        ]
        return json_answer({"@odata.context": f"{self._world.origin}/data/$metadata", "value": sets})

    async def _on_action(self, request: web.Request) -> web.Response:
        """Answer the actions that ask for versions; those of packages have routes of their own."""
        name = request.match_info["action"]
        if (request.match_info["set"], name) not in ACTIONS or name not in VERSIONS:
            raise D365Error(404, f"No action '{name}' on the set '{request.match_info['set']}'.")
        context = f"{self._world.origin}/data/$metadata#Edm.String"
        return json_answer({"@odata.context": context, "value": VERSIONS[name]})

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
        if outcome.text is not None:
            return web.Response(text=outcome.text, status=outcome.status, content_type="text/plain")
        if outcome.value is None:
            return web.Response(status=outcome.status, headers=dict(outcome.headers))
        return json_answer(outcome.value, outcome.status, dict(outcome.headers))


def place_of(path: str) -> str:
    """Say whose a request is: d365, blob, sim (people's and tests' side) or token."""
    first = path.split("/")[1].lower()
    return {"data": "d365", "metadata": "d365", "blob": "blob", "_sim": "sim"}.get(first, "token")


def call_name(path: str) -> str:
    """Name a call without its keys: an action's name, a set's, or the path's place."""
    if _ACTION_MARK in path and path.split("/")[2].startswith("DataManagement"):
        return path.rpartition(_ACTION_MARK)[2]
    parts = path.split("/")
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
