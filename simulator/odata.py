"""/data: sets and rows by key, written under their ETag; and `$batch`, in which a changeset lands whole or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import parse_qsl, unquote, urlsplit

from simulator.answers import D365Error, write_failed
from simulator.database import Key, StoredRow, key_of
from simulator.odata_query import PAGE_MAX, read_set, row_json
from simulator.odata_views import View, view_of
from simulator.schema import ENTITIES, HEADERS, Entity
from simulator.values import UnusableValueError, Values, from_json, json_text
from simulator.world import World
from simulator.writing import RefusedRowError, delete, insert, upsert

_KEYS = re.compile(r"(\w+)=('(?:[^']|'')*'|-?[\d.]+)(?:,|$)")
_PAGE = re.compile(r"odata\.maxpagesize=(\d+)")


@dataclass(frozen=True, slots=True)
class Operation:
    """One request to a set or row, alone or inside a batch. target: what follows /data/."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """Its answer. value None: no body."""

    status: int
    value: object = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> str:
        """The answer's body."""
        return "" if self.value is None else json_text(self.value)


class ODataService:
    """Reads and writes one environment's sets."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, operation: Operation, *, in_batch: bool = False) -> Outcome:
        """Do one operation.

        Raises:
            D365Error: it was refused; nothing was written.
        """
        parts = urlsplit(operation.target)
        name, _, keys = unquote(parts.path).partition("(")
        entity = ENTITIES.get(name)
        if entity is None:
            raise D365Error(404, f"Resource not found for the segment '{name}'.")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if not keys:
            return self._on_set(entity, operation, query, in_batch=in_batch)
        key = self._key(entity, keys, query)
        return self._on_row(entity, key, operation, query)

    def _on_set(
        self, entity: Entity, operation: Operation, query: dict[str, str], *, in_batch: bool
    ) -> Outcome:
        if operation.method == "GET":
            return Outcome(200, self._read(entity, operation, query))
        if operation.method == "POST" and not entity.read_only:
            values = self._values(entity, operation.body)
            values.setdefault("dataAreaId", self._world.database.reference.default_company)
            try:
                key = insert(self._world.database, self._world.switches, entity, values)
            except RefusedRowError as error:
                status = 500 if error.already_there and in_batch else 400
                raise write_failed(entity.table, str(error), status) from error
            if not in_batch:
                self.refuse_orphans([(entity, key)])
            return self._row(entity, key, 201)
        raise D365Error(405, f"{operation.method} is not allowed on '{entity.odata_set}'.")

    def _on_row(self, entity: Entity, key: Key, operation: Operation, query: dict[str, str]) -> Outcome:
        database, switches = self._world.database, self._world.switches
        view = view_of(database, entity.odata_set)
        if operation.method == "GET":
            source = self._find(view, key)
            names = query.get("$select", "").split(",") if query.get("$select") else list(entity.fields)
            context = {"@odata.context": f"{self._world.origin}/data/$metadata#{entity.odata_set}/$entity"}
            return Outcome(200, context | row_json(view, source, names))
        if entity.read_only or operation.method not in ("PATCH", "PUT", "DELETE"):
            raise D365Error(405, f"{operation.method} is not allowed on '{entity.odata_set}'.")
        row = self._find(view, key)
        wanted = operation.headers.get("if-match", "*")
        if wanted not in ("*", row.etag):
            raise D365Error(412, "The record was changed by another user; the ETag does not match.")
        try:
            if operation.method == "DELETE":
                delete(database, switches, entity, key)
                return Outcome(204)
            values = self._values(entity, operation.body)
            for name, given in zip(entity.keys, key, strict=True):
                old = row.values[name]
                if name in values and values[name] != old and values[name] != given:
                    raise RefusedRowError(f"Field '{name}' is part of the key and cannot be changed.")
                values[name] = old
            upsert(database, switches, entity, values)
        except RefusedRowError as error:
            raise write_failed(entity.table, str(error)) from error
        return Outcome(204, None, (("ETag", database.tables[entity.odata_set][key].etag),))

    def refuse_orphans(self, written: list[tuple[Entity, Key]]) -> None:
        """Refuse children without a header; to be asked when all of a group is written.

        Raises:
            D365Error: for the first, which is taken back.
        """
        if self._world.switches.child_without_header == "accept":
            return
        headers = self._world.database.tables[HEADERS]
        for entity, key in written:
            if not entity.is_child:
                continue
            values = self._world.database.tables[entity.odata_set][key].values
            if key_of(ENTITIES[HEADERS], values) in headers:
                continue
            self._world.database.remove(entity, key)
            number = values["TransactionNumber"]
            raise write_failed(
                entity.table,
                f"The value '{number}' in field 'TransactionNumber' is not found in the related table 'RetailTransactionTable'",
            )

    def key_of_answer(self, entity: Entity, answered: Mapping[str, object]) -> Key:
        """Give the key of a row that was just created, from its answer."""
        return key_of(entity, {name: from_json(entity.fields[name], answered[name]) for name in entity.keys})

    def _read(self, entity: Entity, operation: Operation, query: dict[str, str]) -> dict[str, object]:
        asked = _PAGE.search(operation.headers.get("prefer", ""))
        page = max(1, min(PAGE_MAX, int(asked[1]) if asked else PAGE_MAX))
        company = self._world.database.reference.default_company
        url = f"{self._world.origin}/data/{entity.odata_set}"
        return read_set(view_of(self._world.database, entity.odata_set), query, company, url, page)

    def _row(self, entity: Entity, key: Key, status: int) -> Outcome:
        view = view_of(self._world.database, entity.odata_set)
        row = self._world.database.tables[entity.odata_set][key]
        return Outcome(status, row_json(view, row, list(entity.fields)), (("ETag", row.etag),))

    def _find(self, view: View, key: Key) -> StoredRow:
        table = self._world.database.tables[view.entity.odata_set]
        if key in table:
            return table[key]
        for source in view.sources() if not table else ():
            if key_of(view.entity, {name: view.get(source, name) for name in view.entity.keys}) == key:
                return source  # type: ignore[no-any-return]  # a view's own source, only read
        raise D365Error(404, f"No resources were found when selecting for '{view.entity.odata_set}'.")

    def _key(self, entity: Entity, text: str, query: dict[str, str]) -> Key:
        inside = text.removesuffix(")")
        found = {match[1]: match[2] for match in _KEYS.finditer(inside)}
        rebuilt = ",".join(f"{name}={value}" for name, value in found.items())
        if set(found) != set(entity.keys) or rebuilt != inside or not text.endswith(")"):
            raise D365Error(
                400, f"The key of '{entity.odata_set}' is {', '.join(entity.keys)}; all must be given."
            )
        values: Values = {}
        for name, literal in found.items():
            field = entity.fields[name]
            quoted = literal.startswith("'")
            raw = literal[1:-1].replace("''", "'") if quoted else Decimal(literal)
            try:
                values[name] = from_json(
                    field, int(raw) if isinstance(raw, Decimal) and "." not in literal else raw
                )
            except UnusableValueError as error:
                raise D365Error(400, str(error)) from error
        own = self._world.database.reference.default_company
        if "dataAreaId" in values and values["dataAreaId"] != own and query.get("cross-company") != "true":
            raise D365Error(404, f"No resources were found when selecting for '{entity.odata_set}'.")
        return key_of(entity, values)

    def _values(self, entity: Entity, body: bytes) -> Values:
        """Read a row's JSON; D365's POST body may only name the entity's own properties."""
        try:
            given = json.loads(body, parse_float=Decimal)
        except ValueError as error:
            raise D365Error(400, "The request body is not valid JSON.") from error
        if not isinstance(given, dict):
            raise D365Error(400, "The request body is not a JSON object.")
        values: Values = {}
        for name, raw in given.items():
            if name.startswith("@odata."):
                continue
            if name not in entity.fields:
                raise D365Error(
                    400,
                    f"The property '{name}' does not exist on type 'Microsoft.Dynamics.DataEntities.{entity.odata_type}'.",
                )
            try:
                values[name] = from_json(entity.fields[name], raw)
            except UnusableValueError as error:
                raise write_failed(entity.table, str(error)) from error
        return values
