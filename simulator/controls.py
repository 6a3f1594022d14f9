"""People's and tests' side under /_sim: set-up, jobs, faults, switches, and what headquarters has made of it all."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from aiohttp import web

from simulator.contract import UnusableChangeError
from simulator.exports import DataProject
from simulator.imports import Imports
from simulator.jobs import Jobs
from simulator.page import page
from simulator.picture import business_of, on_hand
from simulator.schema import ENTITIES
from simulator.setup import UnusableSetupError, apply_setup
from simulator.values import instant_text, json_text
from simulator.world import World


class Controls:
    """Routes that no D365 has."""

    def __init__(self, world: World, imports: Imports, jobs: Jobs) -> None:
        self._world = world
        self._imports = imports
        self._jobs = jobs

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [
            web.get("/_sim/", self._page), web.get("/_sim", self._page),
            web.post("/_sim/setup", self._setup),
            web.post("/_sim/switches", self._switch), web.get("/_sim/switches", self._switches),
            web.post("/_sim/contract", self._change_contract), web.get("/_sim/contract", self._contract),
            web.delete("/_sim/contract", self._restore_contract),
            web.post("/_sim/jobs/validate", self._validate),
            web.post("/_sim/jobs/statements/transactional", self._transactional),
            web.post("/_sim/jobs/statements/financial", self._financial),
            web.post("/_sim/faults", self._add_fault), web.get("/_sim/faults", self._faults),
            web.delete("/_sim/faults", self._clear_faults),
            web.get("/_sim/calls", self._calls), web.get("/_sim/ledger", self._ledger),
            web.get("/_sim/totals", self._totals), web.get("/_sim/on-hand", self._on_hand),
            web.get("/_sim/state", self._state),
        ]  # fmt: skip

    async def _setup(self, request: web.Request) -> web.Response:
        body = await _object(request)
        projects: Any = body.pop("data_projects", [])
        try:
            taken = apply_setup(self._world.database, body)
        except UnusableSetupError as error:
            return _json({"error": str(error)}, 400)
        try:
            self._world.data_projects |= {one.name: one for one in map(_data_project, projects)}
        except (KeyError, TypeError, ValueError) as error:
            return _json({"error": f"data_projects: {error}"}, 400)
        return _json({"taken": taken})

    async def _switch(self, request: web.Request) -> web.Response:
        try:
            self._world.switches = self._world.switches.changed(await _object(request))
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        shown = self._world.switches.statement_of_shift == "shown"
        self._world.contract.show_statement_of_shifts(shown=shown)
        return await self._switches(request)

    async def _switches(self, _: web.Request) -> web.Response:
        switches = self._world.switches
        return _json({name: getattr(switches, name) for name in type(switches).__dataclass_fields__})

    async def _change_contract(self, request: web.Request) -> web.Response:
        try:
            self._world.contract.change(await _object(request))
        except UnusableChangeError as error:
            return _json({"error": str(error)}, 400)
        return await self._contract(request)

    async def _contract(self, _: web.Request) -> web.Response:
        return _json({"changes": self._world.contract.ordered})

    async def _restore_contract(self, _: web.Request) -> web.Response:
        self._world.contract.restore()
        return web.Response(status=204)

    async def _validate(self, _: web.Request) -> web.Response:
        return _json(await self._jobs.validate())

    async def _transactional(self, _: web.Request) -> web.Response:
        return _json(await self._jobs.transactional())

    async def _financial(self, _: web.Request) -> web.Response:
        return _json(await self._jobs.financial())

    async def _add_fault(self, request: web.Request) -> web.Response:
        try:
            fault = self._world.faults.add(await _object(request))
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        return _json(fault.as_json(), 201)

    async def _faults(self, _: web.Request) -> web.Response:
        faults = self._world.faults
        return _json(
            {"faults": [one.as_json() for one in faults.ordered], "fired": list(faults.written_down)}
        )

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self._world.faults.clear()
        return web.Response(status=204)

    async def _calls(self, _: web.Request) -> web.Response:
        places: dict[str, Counter[str]] = {"d365": Counter(), "token": Counter(), "blob": Counter()}
        for (place, name), count in self._world.calls.items():
            if place in places:
                places[place][name] += count
        return _json(
            {place: {"total": sum(found.values()), "by_kind": found} for place, found in places.items()}
        )

    async def _ledger(self, _: web.Request) -> web.Response:
        return _json({"lines": [one.as_json() for one in self._jobs.books.ledger.lines]})

    async def _totals(self, _: web.Request) -> web.Response:
        return _json({"totals": self._jobs.books.ledger.totals()})

    async def _on_hand(self, _: web.Request) -> web.Response:
        return _json({"on_hand": on_hand(self._jobs.books)})

    async def _state(self, _: web.Request) -> web.Response:
        return _json(state_of(self._world, self._imports, self._jobs))

    async def _page(self, _: web.Request) -> web.Response:
        totals = self._jobs.books.ledger.totals()
        text = page(state_of(self._world, self._imports, self._jobs), totals)
        return web.Response(text=text, content_type="text/html")


def state_of(world: World, imports: Imports, jobs: Jobs) -> dict[str, object]:
    """Give the whole environment in figures and lists."""
    receipts = world.database.receipts
    states = Counter("posted" if one.posted else f"validation {one.validation}" for one in receipts.values())
    return {
        "now": instant_text(world.now()),
        "rows": {name: len(table) for name, table in world.database.tables.items() if table},
        "transactions": {"total": len(receipts), "by_state": dict(states)},
        "validation_errors": [
            {"TransactionNumber": key[3], "dataAreaId": key[0], "rule": error.rule, "line": error.line, "message": error.message}
            for key, receipt in receipts.items()
            for error in receipt.errors
        ],
        "statements": [one.as_json() for one in jobs.books.statements.values()],
        "executions": [one.as_json() for one in imports.executions.values()],
        "environment_id": world.environment_id,
        "import_running": imports.running.execution_id if imports.running else "",
        "faults": [one.as_json() for one in world.faults.ordered],
        "faults_fired": list(world.faults.written_down),
        "people_changes": world.people_changes,
        "contract_changes": world.contract.ordered,
        "import_runs": imports.runs,
        "double_posting_dangers": world.database.reopened,
        "double_postings": jobs.books.ledger.double_postings(),
        **business_of(jobs.books),
    }  # fmt: skip


def _data_project(given: Any) -> DataProject:
    """Read a data project: its name, or {"name", "sets", "change_tracking"} for one that exports."""
    if isinstance(given, str):
        return DataProject(given)
    sets = tuple(str(one) for one in given.get("sets", []))
    unknown = [one for one in sets if one not in ENTITIES]
    if unknown:
        raise ValueError(f"no set {unknown[0]}")
    return DataProject(str(given["name"]), sets, bool(given.get("change_tracking", False)))


async def _object(request: web.Request) -> dict[str, object]:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise web.HTTPBadRequest(text="the body is not JSON") from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="the body is not a JSON object")
    return body


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(text=json_text(value), status=status, content_type="application/json")
