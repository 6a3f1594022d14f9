"""$filter as D365 understands it: eq ne gt ge lt le, and or not, parentheses; enumerations only with eq and ne."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from simulator.schema import DECIMAL, INSTANT, INT32, INT64, STRING, Entity, Field
from simulator.values import Value

Getter = Callable[[Any, str], Value]
Predicate = Callable[[Any], bool]
DEPTH_MAX = 100
_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<enum>Microsoft\.Dynamics\.DataEntities\.(?P<type>\w+)'(?P<member>\w*)')"
    r"|(?P<text>'(?:[^']|'')*')|(?P<instant>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<number>-?\d+(?:\.\d+)?(?![\w:-]))|(?P<word>[A-Za-z_]\w*))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip


class UnusableFilterError(ValueError):
    """A filter D365 would refuse; the message is its own."""


def predicate_of(text: str, entity: Entity, get: Getter) -> Predicate:
    """Compile a filter over an entity's rows; `get` gives a row's property.

    Raises:
        UnusableFilterError: syntax, an unknown property, or a literal of the wrong type.
    """
    return _Parser(_tokens(text), entity, get).whole()


def _tokens(text: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    position = 0
    while position < len(text) and text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise UnusableFilterError(f"Syntax error at position {position} in '{text}'.")
        kind = match.lastgroup or ""
        if match["enum"]:
            found.append(("enum", (match["type"], match["member"])))
        else:
            found.append((kind, match[kind]))
        position = match.end()
    return found


class _Parser:
    """Recursive descent over the tokens: or, and, not, parentheses, comparison."""

    def __init__(self, tokens: list[tuple[str, Any]], entity: Entity, get: Getter) -> None:
        self._tokens = [*tokens, ("end", "")]
        self._position = 0
        self._entity = entity
        self._get = get

    def whole(self) -> Predicate:
        predicate = self._any(0)
        if self._peek()[0] != "end":
            raise UnusableFilterError(f"Syntax error: unexpected '{self._peek()[1]}'.")
        return predicate

    def _peek(self) -> tuple[str, Any]:
        return self._tokens[self._position]

    def _next(self) -> tuple[str, Any]:
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _takes(self, word: str) -> bool:
        if self._peek() == ("word", word):
            self._position += 1
            return True
        return False

    def _any(self, depth: int) -> Predicate:
        start, parts = self._position, [self._all(depth)]
        while self._takes("or"):
            parts.append(self._all(depth))
        if len(parts) == 1:
            return parts[0]
        listed = self._listed(start)
        return listed if listed is not None else lambda row: any(part(row) for part in parts)

    def _listed(self, start: int) -> Predicate | None:
        """Give "one of these texts" for a plain list of keys, `A eq 'x' or A eq 'y'`: a look-up instead of a walk.

        start: where the list's tokens begin. None: they are anything else.
        """
        tokens = self._tokens[start : self._position]
        names = {text for _, text in tokens[0::4]}
        words = [text for _, text in tokens[1::4]]
        kinds = {kind for kind, _ in tokens[2::4]}
        if len(tokens) % 4 != 3 or len(names) != 1 or set(words) != {"eq"} or kinds != {"text"}:
            return None
        name = next(iter(names))
        values = frozenset(text[1:-1].replace("''", "'").lower() for _, text in tokens[2::4])
        field = self._entity.fields.get(name)
        if field is None or field.kind != STRING or any("*" in one for one in values):
            return None
        return lambda row: str(self._get(row, name)).lower() in values

    def _all(self, depth: int) -> Predicate:
        parts = [self._one(depth)]
        while self._takes("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _one(self, depth: int) -> Predicate:
        if depth > DEPTH_MAX:
            raise UnusableFilterError("The filter is nested too deeply.")
        if self._takes("not"):
            inner = self._one(depth + 1)
            return lambda row: not inner(row)
        if self._peek()[0] == "open":
            self._next()
            inside = self._any(depth + 1)
            if self._next()[0] != "close":
                raise UnusableFilterError("Syntax error: ')' expected.")
            return inside
        return self._comparison()

    def _comparison(self) -> Predicate:
        kind, name = self._next()
        if kind != "word":
            raise UnusableFilterError(f"Syntax error: a property was expected, found '{name}'.")
        field = self._entity.fields.get(name)
        if field is None:
            raise UnusableFilterError(
                f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.DataEntities.{self._entity.odata_type}'."
            )
        _, word = self._next()
        if word not in _COMPARE:
            raise UnusableFilterError(f"Syntax error: '{word}' is not a comparison.")
        if field.is_enumeration and word not in ("eq", "ne"):
            raise UnusableFilterError(f"Enumerations are only compared with eq and ne, not '{word}'.")
        return _compare(self._get, field, word, _literal(field, *self._next()))


def _compare(get: Getter, field: Field, word: str, wanted: Value) -> Predicate:
    name, compare = field.name, _COMPARE[word]
    if field.kind == STRING and isinstance(wanted, str):
        low = wanted.lower()
        if "*" in low and word in ("eq", "ne"):
            pattern = re.compile(".*".join(re.escape(part) for part in low.split("*")), re.DOTALL)
            return lambda row: (pattern.fullmatch(str(get(row, name)).lower()) is not None) == (word == "eq")
        return lambda row: compare(str(get(row, name)).lower(), low)
    return lambda row: compare(get(row, name), wanted)


def _literal(field: Field, kind: str, text: Any) -> Value:
    if field.is_enumeration and kind == "enum":
        if text[0] == field.kind and field.has_member(text[1]):
            return str(text[1])
        raise UnusableFilterError(f"'{text[1]}' is not a member of '{field.kind}'.")
    if field.kind == STRING and kind == "text":
        return str(text)[1:-1].replace("''", "'")
    if field.kind in (DECIMAL, INT32, INT64) and kind == "number":
        return Decimal(text)
    if field.kind == INSTANT and kind == "instant":
        return datetime.fromisoformat(text).astimezone(UTC)
    raise UnusableFilterError(
        f"A binary operator with incompatible types was detected. Found operand '{text}' for '{field.name}' of '{field.kind}'."
    )
