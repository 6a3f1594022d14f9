"""One row of a set: its key in an address, its values in a request's JSON, and where it is kept."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from simulator.answers import D365Error, write_failed
from simulator.contract import Shape
from simulator.database import Database, Key, key_of
from simulator.odata_views import View
from simulator.values import UnusableValueError, Value, Values, from_json

_KEYS = re.compile(
    r"(\w+)=('(?:[^']|'')*'|-?[\d.]+|Microsoft\.Dynamics\.DataEntities\.\w+'\w+'|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))(?:,|$)"
)
_MEMBER = re.compile(r"Microsoft\.Dynamics\.DataEntities\.(\w+)'(\w+)'")


def key_in_address(shape: Shape, text: str) -> Values:
    """Read the inside of `Set(…)`, without its parentheses. Give the key's values by the names the environment shows.

    Raises:
        D365Error: not every part of the key is given, or something else is, or a value cannot be read.
    """
    entity = shape.outer
    found = {match[1]: match[2] for match in _KEYS.finditer(text)}
    rebuilt = ",".join(f"{name}={value}" for name, value in found.items())
    if set(found) != set(entity.keys) or rebuilt != text:
        raise D365Error(
            400, f"The key of '{entity.odata_set}' is {', '.join(entity.keys)}; all must be given."
        )
    values: Values = {}
    for name, literal in found.items():
        try:
            values[name] = from_json(entity.fields[name], _literal(literal))
        except UnusableValueError as error:
            raise D365Error(400, str(error)) from error
    return values


def _literal(text: str) -> object:
    member = _MEMBER.fullmatch(text)
    if member:
        return member[2]
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if "T" in text:
        return text
    return Decimal(text) if "." in text else int(text)


def values_in_body(shape: Shape, body: bytes) -> Values:
    """Read a row's JSON. Give its values by the names headquarters stores them under.

    Raises:
        D365Error: no JSON object, a property nobody knows, or a value it cannot hold.
    """
    try:
        given = json.loads(body, parse_float=Decimal, object_pairs_hook=_each_once)
    except ValueError as error:
        raise D365Error(400, "The request body is not valid JSON.") from error
    if not isinstance(given, dict):
        raise D365Error(400, "The request body is not a JSON object.")
    entity = shape.outer
    values: Values = {}
    for name, raw in given.items():
        if "@odata." in name:
            continue
        if name not in entity.fields:
            raise unknown_property(shape, name)
        try:
            values[name] = from_json(entity.fields[name], raw)
        except UnusableValueError as error:
            raise write_failed(entity.table, str(error)) from error
    return taken(shape, values)


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise D365Error(400, f"The property '{twice}' is there more than once.")
    return dict(pairs)


def taken(shape: Shape, values: Values) -> Values:
    """Give values as headquarters stores them.

    Raises:
        D365Error: a changed type that headquarters' own cannot hold.
    """
    try:
        return shape.taken(values)
    except UnusableValueError as error:
        raise write_failed(shape.inner.table, str(error)) from error


def unknown_property(shape: Shape, name: str) -> D365Error:
    """Give the error of a request's property that the type does not have."""
    return D365Error(
        400,
        f"The property '{name}' does not exist on type 'Microsoft.Dynamics.DataEntities.{shape.outer.odata_type}'."
        " Make sure to only use property names that are defined by the type.",
        "Microsoft.OData.ODataException",
    )


def kept_key(database: Database, shape: Shape, inner: Values) -> Key | None:
    """Give the key that a row with these values is kept under; None where it cannot be said.

    Where the environment claims another key than headquarters has, the row is looked for by that.
    """
    table = database.tables[shape.inner.odata_set]
    if not shape.changed_keys:
        return key_of(shape.inner, inner) if all(name in inner for name in shape.inner.keys) else None
    names = [shape.inner_names[name] for name in shape.outer.keys]
    wanted = [_folded(inner.get(name, "")) for name in names]
    for key, row in table.items():
        if [_folded(row.values.get(name, "")) for name in names] == wanted:
            return key
    return key_of(shape.inner, inner) if all(name in inner for name in shape.inner.keys) else None


def source_of(database: Database, view: View, key: Values) -> Any:
    """Find a set's row, or what it is made of, by the key in its address.

    Raises:
        D365Error: there is none.
    """
    table = database.tables[view.shape.inner.odata_set]
    kept = kept_key(database, view.shape, taken(view.shape, key)) if table else None
    if kept is not None and kept in table:
        return table[kept]
    wanted = {name: _folded(value) for name, value in key.items()}
    for source in view.sources() if not table else ():
        if all(_folded(view.get(source, name)) == value for name, value in wanted.items()):
            return source
    raise not_found(view.shape)


def not_found(shape: Shape) -> D365Error:
    """Give the error of a key that leads to no row."""
    return D365Error(404, f"No resources were found when selecting for '{shape.outer.odata_set}'.")


def _folded(value: Value) -> Value:
    return value.lower() if isinstance(value, str) else value
