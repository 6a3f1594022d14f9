"""The routes of /data and /metadata: sets, batches, what the environment says of itself, its version."""

from __future__ import annotations

from aiohttp import web

from simulator.answers import D365Error, json_answer
from simulator.metadata import edmx
from simulator.odata import ODataService, Operation
from simulator.odata_batch import Batch
from simulator.public_actions import ACTIONS, VERSIONS
from simulator.public_metadata import public
from simulator.world import World


class D365Service:
    """Routes of /data and /metadata."""

    def __init__(self, world: World) -> None:
        self._world = world
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
