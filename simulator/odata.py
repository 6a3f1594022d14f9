"""/data: sets and rows by key, written under their ETag, one operation at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from simulator.answers import D365Error, write_failed
from simulator.contract import Shape
from simulator.database import Key, StoredRow, key_of
from simulator.odata_query import PAGE_MAX, count_set, expanded_of, read_set, row_json, selected_of
from simulator.odata_rows import (
    kept_key,
    key_in_address,
    not_found,
    source_of,
    taken,
    values_in_body,
)
from simulator.odata_views import View, view_of
from simulator.schema import ENTITIES, HEADERS, Entity
from simulator.values import Values, default_of, json_text
from simulator.world import World
from simulator.writing import RefusedRowError, delete, insert, upsert

_PAGE = re.compile(r"odata\.maxpagesize=(\d+)")
_PATH = re.compile(r"([^(/]*)(?:\((.*)\))?(?:/(.*?))?/?", re.DOTALL)
_WITH_BODY = ("POST", "PATCH", "PUT")
_ROW_OPTIONS = frozenset({"$select", "$expand", "cross-company"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One request to a set or row, alone or inside a batch. target: what follows /data/."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """Its answer. value None: no body. text: a body that is no JSON. created: the row that was."""

    status: int
    value: object = None
    headers: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    created: tuple[Entity, Key] | None = None

    @property
    def body(self) -> str:
        """The answer's body."""
        if self.text is not None:
            return self.text
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
        path = _PATH.fullmatch(unquote(parts.path))
        if path is None:
            raise D365Error(400, f"The address '{unquote(parts.path)}' cannot be read.")
        shape = self._world.contract.shape(path[1])
        if shape is None:
            raise D365Error(404, f"Resource not found for the segment '{path[1]}'.")
        kind = operation.headers.get("content-type", "")
        if operation.method in _WITH_BODY and not kind.startswith("application/json"):
            raise D365Error(415, f"A request body must be application/json, not '{kind}'.")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if path[3]:
            return self._on_segment(shape, path[3], operation, query, of_row=path[2] is not None)
        if path[2] is None:
            return self._on_set(shape, operation, query, in_batch=in_batch)
        return self._on_row(shape, path[2], operation, query)

    def _on_segment(
        self, shape: Shape, rest: str, operation: Operation, query: dict[str, str], *, of_row: bool
    ) -> Outcome:
        if of_row or rest != "$count" or operation.method != "GET":
            raise D365Error(404, f"Resource not found for the segment '{rest.partition('/')[0]}'.")
        view = view_of(self._world.database, shape)
        return Outcome(200, text=str(count_set(view, query, self._company)))

    def _on_set(
        self, shape: Shape, operation: Operation, query: dict[str, str], *, in_batch: bool
    ) -> Outcome:
        if operation.method == "GET":
            return Outcome(200, self._read(shape, operation, query))
        if operation.method == "POST" and not shape.inner.read_only:
            return self._create(shape, operation, in_batch=in_batch)
        raise D365Error(405, f"{operation.method} is not allowed on '{shape.outer.odata_set}'.")

    def _create(self, shape: Shape, operation: Operation, *, in_batch: bool) -> Outcome:
        entity, values = shape.inner, values_in_body(shape, operation.body)
        values.setdefault("dataAreaId", self._company)
        try:
            _fill_keys(shape, values)
            if shape.changed_keys and kept_key(self._world.database, shape, values) in self._table(entity):
                text = f"Cannot create a record in {entity.table}. The record already exists."
                raise RefusedRowError(text, already_there=True)
            key = insert(self._world.database, self._world.switches, entity, values)
        except RefusedRowError as error:
            raise self._not_written(shape, error, 500 if error.already_there and in_batch else 400) from error
        if not in_batch:
            self.refuse_orphans([(entity, key)])
        row, view = self._table(entity)[key], view_of(self._world.database, shape)
        answered = row_json(view, row, list(shape.outer.fields))
        return Outcome(201, answered, (("ETag", row.etag),), created=(entity, key))

    def _on_row(self, shape: Shape, keys: str, operation: Operation, query: dict[str, str]) -> Outcome:
        unknown = [name for name in query if name not in _ROW_OPTIONS]
        if unknown:
            raise D365Error(400, f"The query option '{unknown[0]}' is not supported.")
        view = view_of(self._world.database, shape)
        given = key_in_address(shape, keys)
        inner = taken(shape, given)
        if (
            "dataAreaId" in inner
            and inner["dataAreaId"] != self._company
            and query.get("cross-company") != "true"
        ):
            raise not_found(shape)
        source = source_of(self._world.database, view, given)
        if operation.method == "GET":
            names, expanded = selected_of(view, query), expanded_of(view, query)
            context = f"{self._world.origin}/data/$metadata#{shape.outer.odata_set}/$entity"
            return Outcome(200, {"@odata.context": context} | row_json(view, source, names, expanded))
        if shape.inner.read_only or operation.method not in ("PATCH", "PUT", "DELETE"):
            raise D365Error(405, f"{operation.method} is not allowed on '{shape.outer.odata_set}'.")
        wanted = operation.headers.get("if-match", "*")
        if wanted not in ("*", source.etag):
            raise D365Error(412, "The record was changed by another user; the ETag does not match.")
        try:
            return self._write(shape, source, operation)
        except RefusedRowError as error:
            raise self._not_written(shape, error, 400) from error

    def _write(self, shape: Shape, row: StoredRow, operation: Operation) -> Outcome:
        """Change or delete a row. PUT gives what it does not name its default, PATCH leaves it."""
        database, switches, entity = self._world.database, self._world.switches, shape.inner
        key = key_of(entity, row.values)
        if operation.method == "DELETE":
            delete(database, switches, entity, key)
            return Outcome(204)
        values = values_in_body(shape, operation.body)
        for name in entity.keys:
            old = row.values[name]
            if name in values and _folded(values[name]) != _folded(old):
                raise RefusedRowError(f"Field '{name}' is part of the key and cannot be changed.")
            values[name] = old
        if operation.method == "PUT":
            for outer, inner in shape.inner_names.items():
                values.setdefault(
                    inner,
                    default_of(entity.fields[inner]) if outer in shape.outer.fields else row.values[inner],
                )
        upsert(database, switches, entity, values)
        return Outcome(204, None, (("ETag", self._table(entity)[key].etag),))

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
            values = self._table(entity)[key].values
            if key_of(ENTITIES[HEADERS], values) in headers:
                continue
            self._world.database.remove(entity, key)
            number = values["TransactionNumber"]
            raise write_failed(
                entity.table,
                f"The value '{number}' in field 'TransactionNumber' is not found in the related table 'RetailTransactionTable'",
            )

    def _not_written(self, shape: Shape, error: RefusedRowError, status: int) -> D365Error:
        """The same failure is seen as 400 and as 500 (D365 facts §5)."""
        wanted = self._world.switches.write_failure_status
        return write_failed(shape.inner.table, str(error), status if wanted == "as_seen" else int(wanted))

    @property
    def _company(self) -> str:
        return self._world.database.reference.default_company

    def _table(self, entity: Entity) -> dict[Key, StoredRow]:
        return self._world.database.tables[entity.odata_set]

    def _read(self, shape: Shape, operation: Operation, query: dict[str, str]) -> dict[str, object]:
        asked = _PAGE.search(operation.headers.get("prefer", ""))
        page = max(1, min(PAGE_MAX, int(asked[1]) if asked else PAGE_MAX))
        url = f"{self._world.origin}/data/{shape.outer.odata_set}"
        view: View = view_of(self._world.database, shape)
        return read_set(view, query, self._company, url, page)


def _fill_keys(shape: Shape, values: Values) -> None:
    """Every key that the environment claims must be given; headquarters' own further ones get their default."""
    for name in shape.outer.keys:
        if values.get(shape.inner_names[name], "") == "":
            raise RefusedRowError(f"Field '{name}' must be filled in.")
    if shape.changed_keys:
        for name in shape.inner.keys:
            values.setdefault(name, default_of(shape.inner.fields[name]))


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
