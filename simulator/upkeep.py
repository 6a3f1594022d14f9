"""What happens to a whole environment: it is restored to an earlier state, or its service restarts in the middle of things."""

from __future__ import annotations

import copy
import uuid
from asyncio import BaseTransport
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulator.door import Door
from simulator.imports import Imports
from simulator.jobs import Jobs
from simulator.tokens import Authority
from simulator.values import instant_text
from simulator.world import World


@dataclass(frozen=True, slots=True)
class _Snapshot:
    taken_at: str
    environment_id: str
    database: dict[str, Any]
    books: dict[str, Any]
    executions: dict[str, Any]
    projects: dict[str, Any]


class Upkeep:
    """Routes of snapshot, restore and restart."""

    def __init__(self, world: World, imports: Imports, jobs: Jobs, authority: Authority, door: Door) -> None:
        self._world = world
        self._imports = imports
        self._jobs = jobs
        self._authority = authority
        self._door = door
        self._snapshots: dict[str, _Snapshot] = {}

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [
            web.post("/_sim/snapshot", self._on_snapshot),
            web.post("/_sim/restore", self._on_restore),
            web.post("/_sim/restart", self._on_restart),
        ]

    def restart(self, besides: BaseTransport | None = None) -> None:
        """Go down and come back: the import that runs is lost half-way, tokens are forgotten, connections closed.

        besides: the connection of whoever ordered it.
        """
        status = self._world.switches.restart_leaves_import
        self._imports.end(status, "The batch job was interrupted because the service was restarted.")
        self._authority.forget()
        self._note("restart", {})
        self._door.drop_connections(besides)

    async def _on_restart(self, request: web.Request) -> web.Response:
        self.restart(request.transport)
        return web.json_response({"done": True})

    async def _on_snapshot(self, request: web.Request) -> web.Response:
        name = str((await _object(request)).get("name", "yesterday"))
        world = self._world
        keep = {id(world): world, id(world.database): world.database}
        self._snapshots[name] = _Snapshot(
            instant_text(world.now()), world.environment_id,
            *copy.deepcopy(
                (
                    vars(world.database),
                    {one: value for one, value in vars(self._jobs.books).items() if value is not world},
                    self._imports.executions,
                    world.data_projects,
                ),
                keep,
            ),
        )  # fmt: skip
        return web.json_response({"name": name, "taken_at": self._snapshots[name].taken_at})

    async def _on_restore(self, request: web.Request) -> web.Response:
        """Bring the state of a snapshot back: rows, receipts, statements, ledger, executions. Faults and switches stay.

        new_identity: whether the environment is another one afterwards (a copy); else it claims to be the same.
        """
        body = await _object(request)
        snapshot = self._snapshots.get(str(body.get("name", "yesterday")))
        if snapshot is None:
            return web.json_response({"error": "no such snapshot"}, status=400)
        world = self._world
        keep = {id(world): world, id(world.database): world.database}
        database, books, executions, projects = copy.deepcopy(
            (snapshot.database, snapshot.books, snapshot.executions, snapshot.projects), keep
        )
        vars(world.database).update(database)
        vars(self._jobs.books).update(books)
        world.data_projects = projects
        for execution in executions.values():
            if execution.ended_at is None:
                execution.status, execution.ended_at = world.switches.restart_leaves_import, world.now()
        self._imports.replace(executions)
        world.environment_id = str(uuid.uuid4()) if body.get("new_identity") else snapshot.environment_id
        self._note("restore", {"taken_at": snapshot.taken_at, **body})
        return web.json_response({"restored_to": snapshot.taken_at, "environment_id": world.environment_id})

    def _note(self, what: str, more: dict[str, Any]) -> None:
        self._world.people_changes.append({"what": what, "at": instant_text(self._world.now()), **more})


async def _object(request: web.Request) -> dict[str, Any]:
    body = await request.json() if request.can_read_body else {}
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="the body is not a JSON object")
    return body
