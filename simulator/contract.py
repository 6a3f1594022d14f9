"""What the environment claims to look like, and keeps to: its sets as they are, but for changes that people order.

A change shows in `$metadata`, in /metadata and in every answer alike: a renamed field is not known by its old name any more.
Headquarters itself goes on storing rows under the names of `simulator.schema`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from simulator.enumerations import ENUMERATIONS
from simulator.schema import DECIMAL, ENTITIES, INSTANT, INT32, INT64, SHIFTS, STRING, Entity, Field
from simulator.values import UnusableValueError, Value, Values, default_of, instant_text, value_of_text

# Kinds of change: what each entry must name.
CHANGES: dict[str, frozenset[str]] = {
    "rename_fields": frozenset({"set", "field", "to"}),
    "shorten_fields": frozenset({"set", "field", "length"}),
    "retype_fields": frozenset({"set", "field", "type"}),
    "remove_fields": frozenset({"set", "field"}),
    "remove_members": frozenset({"enum", "member"}),
    "hide_sets": frozenset(),
    "change_keys": frozenset({"set", "keys"}),
}
STATEMENT_OF_SHIFT = "StatementId"
_PLAIN_KINDS = frozenset({STRING, DECIMAL, INT32, INT64, INSTANT})


class UnusableChangeError(ValueError):
    """A change of the contract that cannot be made; the message says which."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One set: `inner` as headquarters stores it, `outer` as it shows it. inner_names: by outer name."""

    inner: Entity
    outer: Entity
    inner_names: Mapping[str, str]

    @property
    def changed_keys(self) -> bool:
        """Whether rows are found by other properties than headquarters' own key."""
        return tuple(self.inner_names[name] for name in self.outer.keys) != self.inner.keys

    def taken(self, given: Values) -> Values:
        """Give a row's values as headquarters stores them.

        Raises:
            UnusableValueError: a value of the property's changed type that headquarters' own type cannot hold.
        """
        if self.outer is self.inner:
            return given
        return {
            self.inner_names[name]: _stored(self.inner.fields[self.inner_names[name]], value)
            for name, value in given.items()
        }

    def shown(self, name: str, value: Value) -> Value:
        """Give a stored value as the property of this outer name shows it."""
        if self.outer is self.inner:
            return value
        return _converted(self.outer.fields[name], value)


@dataclass(slots=True)
class Contract:
    """The shapes of all sets, with what was ordered. hidden: sets that OData does not show; packages still take them."""

    shapes: dict[str, Shape] = field(default_factory=lambda: _as_observed())  # noqa: PLW0108  # it is defined below
    hidden: set[str] = field(default_factory=set)
    removed_members: dict[str, set[str]] = field(default_factory=dict)
    ordered: list[dict[str, object]] = field(default_factory=list)

    def public(self) -> list[Entity]:
        """Give the sets that OData shows, as it shows them."""
        return [shape.outer for name in self.shapes if (shape := self.shape(name)) is not None]

    def shape(self, odata_set: str) -> Shape | None:
        """Give the shape of a set that OData shows."""
        shape = self.shapes.get(odata_set)
        return shape if shape and shape.inner.is_public and odata_set not in self.hidden else None

    def of_label(self, label: str) -> Shape | None:
        """Give the shape of an entity by its name in data packages."""
        return next((one for one in self.shapes.values() if label and one.inner.label == label), None)

    def enumerations(self) -> dict[str, dict[str, int]]:
        """Give every enumeration with the members it still has."""
        return {
            name: {
                one: value for one, value in members.items() if one not in self.removed_members.get(name, ())
            }
            for name, members in ENUMERATIONS.items()
        }

    def restore(self) -> None:
        """Undo every change."""
        shown = STATEMENT_OF_SHIFT in self.shapes[SHIFTS].outer.fields
        self.shapes = _as_observed()
        self.show_statement_of_shifts(shown=shown)
        self.hidden.clear()
        self.removed_members.clear()
        self.ordered.clear()

    def show_statement_of_shifts(self, *, shown: bool) -> None:
        """Show, or show no more, in which statement a shift is. What was changed of the set otherwise stays."""
        shape = self.shapes[SHIFTS]
        if shown == (STATEMENT_OF_SHIFT in shape.outer.fields):
            return
        if not shown:
            self.shapes[SHIFTS] = _without_field(shape, STATEMENT_OF_SHIFT)
            return
        fields = {**shape.outer.fields, STATEMENT_OF_SHIFT: shape.inner.fields[STATEMENT_OF_SHIFT]}
        names = {**shape.inner_names, STATEMENT_OF_SHIFT: STATEMENT_OF_SHIFT}
        self.shapes[SHIFTS] = Shape(shape.inner, replace(shape.outer, fields=fields), names)

    def change(self, order: Mapping[str, object]) -> None:
        """Make the changes of an order, all or none, on top of those made before.

        Raises:
            UnusableChangeError: an unknown kind, set, field, enumeration or member.
        """
        before = (
            dict(self.shapes),
            set(self.hidden),
            {one: set(gone) for one, gone in self.removed_members.items()},
        )
        try:
            for kind, entries in order.items():
                if kind not in CHANGES or not isinstance(entries, list):
                    raise UnusableChangeError(f"{kind} is none of the lists {', '.join(CHANGES)}")
                for entry in entries:
                    self._change(kind, entry)
        except UnusableChangeError:
            self.shapes, self.hidden, self.removed_members = before
            raise
        self.ordered.append(dict(order))

    def _change(self, kind: str, entry: object) -> None:
        if kind == "hide_sets":
            self.hidden.add(self._known(str(entry)).inner.odata_set)
            return
        if not isinstance(entry, dict) or set(entry) != CHANGES[kind]:
            raise UnusableChangeError(f"{kind}: an entry names {', '.join(sorted(CHANGES[kind]))}")
        if kind == "remove_members":
            self._remove_member(str(entry["enum"]), str(entry["member"]))
            return
        shape = self._known(str(entry["set"]))
        if kind == "change_keys":
            changed = _with_keys(shape, entry["keys"])
        elif kind == "remove_fields":
            changed = _without_field(shape, str(entry["field"]))
        else:
            changed = _with_field(shape, kind, entry)
        self.shapes[shape.inner.odata_set] = changed

    def _known(self, odata_set: str) -> Shape:
        if odata_set not in self.shapes:
            raise UnusableChangeError(f"no set {odata_set}")
        return self.shapes[odata_set]

    def _remove_member(self, enumeration: str, member: str) -> None:
        if member not in ENUMERATIONS.get(enumeration, {}):
            raise UnusableChangeError(f"{enumeration} has no member {member}")
        self.removed_members.setdefault(enumeration, set()).add(member)
        gone = frozenset(self.removed_members[enumeration])
        for name, shape in self.shapes.items():
            if not any(one.kind == enumeration for one in shape.outer.fields.values()):
                continue
            fields = {
                one.name: replace(one, removed=gone) if one.kind == enumeration else one
                for one in shape.outer.fields.values()
            }
            self.shapes[name] = replace(shape, outer=replace(shape.outer, fields=fields))


def _as_observed() -> dict[str, Shape]:
    """Give the sets as they are. An observed environment does not show the statement of a shift, the common data model does."""
    shapes = {name: _as_it_is(one) for name, one in ENTITIES.items()}
    return shapes | {SHIFTS: _without_field(shapes[SHIFTS], STATEMENT_OF_SHIFT)}


def _as_it_is(entity: Entity) -> Shape:
    return Shape(entity, entity, {name: name for name in entity.fields})


def _field(shape: Shape, name: str) -> Field:
    if name not in shape.outer.fields:
        raise UnusableChangeError(f"{shape.inner.odata_set} has no field {name}")
    return shape.outer.fields[name]


def _with_field(shape: Shape, kind: str, entry: Mapping[str, object]) -> Shape:
    old = _field(shape, str(entry["field"]))
    if kind == "rename_fields":
        new = replace(old, name=str(entry["to"]))
        if not new.name.isidentifier() or new.name in shape.outer.fields:
            raise UnusableChangeError(f"{shape.inner.odata_set} cannot have another field {new.name}")
    elif kind == "shorten_fields":
        length = entry["length"]
        if not isinstance(length, int) or length < 1 or old.kind != STRING:
            raise UnusableChangeError(f"{old.name} cannot be {length} characters long")
        new = replace(old, length_max=length)
    else:
        wanted = str(entry["type"])
        if wanted not in _PLAIN_KINDS | set(ENUMERATIONS):
            raise UnusableChangeError(f"no type {wanted}")
        new = replace(old, kind=wanted, length_max=0, removed=frozenset())
    fields = {
        new.name if one is old else one.name: new if one is old else one
        for one in shape.outer.fields.values()
    }
    names = {new.name if name == old.name else name: inner for name, inner in shape.inner_names.items()}
    keys = tuple(new.name if name == old.name else name for name in shape.outer.keys)
    mandatory = tuple(new.name if name == old.name else name for name in shape.outer.mandatory)
    return Shape(shape.inner, replace(shape.outer, fields=fields, keys=keys, mandatory=mandatory), names)


def _without_field(shape: Shape, name: str) -> Shape:
    old = _field(shape, name)
    if name in shape.outer.keys:
        raise UnusableChangeError(f"{name} is part of the key of {shape.inner.odata_set}")
    fields = {one.name: one for one in shape.outer.fields.values() if one is not old}
    names = {outer: inner for outer, inner in shape.inner_names.items() if outer != name}
    return Shape(shape.inner, replace(shape.outer, fields=fields), names)


def _with_keys(shape: Shape, keys: object) -> Shape:
    if not isinstance(keys, list) or not keys or len(set(map(str, keys))) != len(keys):
        raise UnusableChangeError("keys is a list of different fields")
    names = tuple(_field(shape, str(one)).name for one in keys)
    return replace(shape, outer=replace(shape.outer, keys=names))


def _stored(inner: Field, value: Value) -> Value:
    """Take a value of a changed type to headquarters' own; of the same type it stays as it is."""
    if inner.kind == STRING:
        return _text(value)
    text = _text(value)
    return value_of_text(inner, text) if text else default_of(inner)


def _converted(outer: Field, value: Value) -> Value:
    """Show a stored value as another type does; what that cannot hold is shown as its default."""
    if outer.kind == STRING:
        return _text(value)
    if outer.kind in (INT32, INT64) and isinstance(value, Decimal | int):
        return int(Decimal(value).to_integral_value(ROUND_DOWN))
    if outer.is_enumeration and isinstance(value, str) and value in ENUMERATIONS[outer.kind]:
        return value
    try:
        return value_of_text(outer, _text(value))
    except UnusableValueError:
        return default_of(outer)


def _text(value: Value) -> str:
    if isinstance(value, datetime):
        return instant_text(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)
