"""What people and neighbours do to headquarters by hand, under /_sim/people and /_sim/neighbour. No D365 has these routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any

from aiohttp import web

from simulator.database import Key, StoredRow
from simulator.imports import ImportRefusedError, Imports
from simulator.schema import ENTITIES, HEADERS, Entity
from simulator.values import UnusableValueError, Values, from_json, instant_text
from simulator.world import World
from simulator.writing import RefusedRowError, delete, upsert

Body = dict[str, Any]
Found = list[tuple[Entity, Key, StoredRow]]
_BUSINESS_DAYS = ("businessDate", "BusinessDate")


class UnusableOrderError(ValueError):
    """Something a person cannot do; the message says why."""


class People:
    """Routes of an accountant, and of another integration."""

    def __init__(self, world: World, imports: Imports) -> None:
        self._world = world
        self._imports = imports

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        orders: dict[str, Callable[[Body], object]] = {
            "people/redate": self._redate,
            "people/edit": self._edit,
            "people/delete": self._delete,
            "people/cancel-import": self._cancel_import,
            "neighbour/import": self._neighbour,
        }
        return [web.post(f"/_sim/{name}", self._ordered(name, order)) for name, order in orders.items()]

    def _ordered(
        self, name: str, order: Callable[[Body], object]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            body = await request.json() if request.can_read_body else {}
            try:
                if not isinstance(body, dict):
                    raise UnusableOrderError("the body is a JSON object")
                outcome = order(body)
            except (
                UnusableOrderError,
                RefusedRowError,
                UnusableValueError,
                ImportRefusedError,
                KeyError,
            ) as error:
                return web.json_response({"error": str(error)}, status=400)
            self._world.people_changes.append({"what": name, "at": instant_text(self._world.now()), **body})
            return web.json_response({"done": outcome})

        return answer

    def _redate(self, body: Body) -> object:
        """Give a receipt another business day, on its header and on every line that has one."""
        day = f"{body['businessDate']}T12:00:00Z"
        receipt = {name: value for name, value in body.items() if name != "businessDate"}
        changed = 0
        for odata_set, entity in ENTITIES.items():
            if odata_set != HEADERS and not entity.is_child:
                continue
            names = [name for name in _BUSINESS_DAYS if name in entity.fields]
            for found_entity, key, row in self._rows(odata_set, receipt) if names else ():
                self._write(found_entity, key, row, {names[0]: day})
                changed += 1
        if not changed:
            raise UnusableOrderError("no such receipt")
        return changed

    def _edit(self, body: Body) -> object:
        """Change fields of a header or line: {"set", key fields, "changes": {field: value}}."""
        found = self._one_or_more(body)
        for entity, key, row in found:
            self._write(entity, key, row, body["changes"])
        return len(found)

    def _delete(self, body: Body) -> object:
        """Delete a receipt with its header, or one line of it."""
        found = self._one_or_more(body)
        for entity, key, _ in found:
            delete(self._world.database, self._world.switches, entity, key)
        return len(found)

    def _cancel_import(self, _: Body) -> object:
        """End the import that runs, as an administrator can."""
        ended = self._imports.end("Canceled", "The execution was canceled.")
        if ended is None:
            raise UnusableOrderError("no import runs")
        return ended.execution_id

    def _neighbour(self, body: Body) -> object:
        """Another integration imports for so many seconds of the simulator's clock."""
        number = sum(1 for one in self._imports.executions.values() if one.kind == "neighbour") + 1
        company = str(body.get("company") or self._world.database.reference.default_company)
        name = str(body.get("executionId") or f"neighbour-{number}")
        return self._imports.neighbour(name, company, float(body["seconds"])).execution_id

    def _one_or_more(self, body: Body) -> Found:
        odata_set = str(body.get("set", HEADERS))
        if odata_set not in self._world.database.tables or ENTITIES[odata_set].read_only:
            raise UnusableOrderError(f"nobody edits {odata_set}")
        found = self._rows(
            odata_set, {name: value for name, value in body.items() if name not in ("set", "changes")}
        )
        if not found:
            raise UnusableOrderError("no such row")
        return found

    def _rows(self, odata_set: str, wanted: Mapping[str, object]) -> Found:
        """Give the rows of a set whose key has these values; a receipt must be named, unless the set has none."""
        entity = ENTITIES[odata_set]
        unknown = [name for name in wanted if name not in entity.keys]
        if unknown or not wanted:
            raise UnusableOrderError(
                f"a row of {odata_set} is named by {', '.join(entity.keys)}, not {unknown}"
            )
        values = {name: _read(entity, name, raw) for name, raw in wanted.items()}
        return [
            (entity, key, row)
            for key, row in list(self._world.database.tables[odata_set].items())
            if all(row.values.get(name) == value for name, value in values.items())
        ]

    def _write(self, entity: Entity, key: Key, row: StoredRow, changes: Mapping[str, object]) -> None:
        values: Values = {}
        for name, raw in changes.items():
            if name not in entity.fields or name in entity.keys:
                raise UnusableOrderError(f"{entity.odata_set} has no field {name} that can be edited")
            values[name] = _read(entity, name, raw)
        keys = {name: row.values[name] for name in entity.keys}
        upsert(self._world.database, self._world.switches, entity, {**keys, **values}, key)


def _read(entity: Entity, name: str, raw: object) -> Any:
    field = entity.fields[name]
    return from_json(
        field, Decimal(str(raw)) if field.kind == "Decimal" and not isinstance(raw, bool) else raw
    )
