"""$filter as D365 understands it (D365 facts §5): eq ne gt ge lt le, and or not, add sub mul div mod, parentheses.

Enumerations only with eq and ne; `'*x*'` is a wildcard; `in`, `has` and functions are not known.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
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
_SUMS: dict[str, Callable[[Any, Any], Any]] = {"add": operator.add, "sub": operator.sub}
_PRODUCTS: dict[str, Callable[[Any, Any], Any]] = {
    "mul": operator.mul,
    "div": operator.truediv,
    "mod": operator.mod,
}
_WORDS = frozenset({*_COMPARE, *_SUMS, *_PRODUCTS, "and", "or", "not"})
_BOOLEAN, _WHOLE, _NUMBER, _TEXT, _INSTANT = "Boolean", "Whole", "Number", "Text", "Instant"
_KINDS = {STRING: _TEXT, DECIMAL: _NUMBER, INT32: _WHOLE, INT64: _WHOLE, INSTANT: _INSTANT}


class UnusableFilterError(ValueError):
    """A filter D365 would refuse; the message is its own."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A part of a filter. kind: what it gives, or an enumeration's name. constant: a literal's value."""

    kind: str
    of: Callable[[Any], Any]
    text: str
    constant: Any = None
    field: Field | None = None


def predicate_of(text: str, entity: Entity, get: Getter) -> Predicate:
    """Compile a filter over an entity's rows; `get` gives a row's property. A division by zero is found row by row.

    Raises:
        UnusableFilterError: syntax, an unknown property, or operands of types that do not go together.
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
    """Recursive descent, loosest first: or, and, comparison, sum, product, not and the rest."""

    def __init__(self, tokens: list[tuple[str, Any]], entity: Entity, get: Getter) -> None:
        self._tokens = [*tokens, ("end", "")]
        self._position = 0
        self._depth = 0
        self._entity = entity
        self._get = get

    def whole(self) -> Predicate:
        node = self._any()
        if self._peek()[0] != "end":
            raise UnusableFilterError(f"Syntax error: unexpected '{self._peek()[1]}'.")
        return _boolean(node).of

    def _peek(self) -> tuple[str, Any]:
        return self._tokens[self._position]

    def _next(self) -> tuple[str, Any]:
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _one_of(self, words: object) -> str:
        kind, word = self._peek()
        if kind == "word" and word in words:  # type: ignore[operator]  # a mapping or a tuple of words
            self._position += 1
            return str(word)
        return ""

    def _any(self) -> _Node:
        start, node = self._position, self._all()
        parts = [node]
        while self._one_of(("or",)):
            parts.append(self._all())
        if len(parts) == 1:
            return node
        checks = tuple(_boolean(one).of for one in parts)
        listed = self._listed(start)
        return _Node(_BOOLEAN, listed or (lambda row: any(check(row) for check in checks)), "or")

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

    def _all(self) -> _Node:
        node = self._compared()
        parts = [node]
        while self._one_of(("and",)):
            parts.append(self._compared())
        if len(parts) == 1:
            return node
        checks = tuple(_boolean(one).of for one in parts)
        return _Node(_BOOLEAN, lambda row: all(check(row) for check in checks), "and")

    def _compared(self) -> _Node:
        node = self._calculated(_SUMS, lambda: self._calculated(_PRODUCTS, self._single))
        word = self._one_of(_COMPARE)
        if not word:
            return node
        return _comparison(
            node, word, self._calculated(_SUMS, lambda: self._calculated(_PRODUCTS, self._single))
        )

    def _calculated(
        self, operators: dict[str, Callable[[Any, Any], Any]], operand: Callable[[], _Node]
    ) -> _Node:
        node = operand()
        while word := self._one_of(operators):
            node = _calculation(node, word, operators[word], operand())
        return node

    def _single(self) -> _Node:
        if self._one_of(("not",)):
            inner = _boolean(self._deeper(self._single)).of
            return _Node(_BOOLEAN, lambda row: not inner(row), "not")
        kind, token = self._next()
        if kind == "open":
            inside = self._deeper(self._any)
            if self._next()[0] != "close":
                raise UnusableFilterError("Syntax error: ')' expected.")
            return inside
        return self._property(str(token)) if kind == "word" else _literal(kind, token)

    def _deeper(self, part: Callable[[], _Node]) -> _Node:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise UnusableFilterError("The filter is nested too deeply.")
        node = part()
        self._depth -= 1
        return node

    def _property(self, name: str) -> _Node:
        if name in _WORDS:
            raise UnusableFilterError(f"Syntax error: unexpected '{name}'.")
        field = self._entity.fields.get(name)
        if field is None:
            kind = f"Microsoft.Dynamics.DataEntities.{self._entity.odata_type}"
            raise UnusableFilterError(f"Could not find a property named '{name}' on type '{kind}'.")
        get = self._get
        return _Node(_KINDS.get(field.kind, field.kind), lambda row: get(row, name), name, field=field)


def _literal(kind: str, token: Any) -> _Node:
    if kind == "enum":
        value: Any = token[1]
        return _Node(token[0], lambda _: value, f"{token[0]}'{token[1]}'", constant=value)
    if kind == "text":
        value = str(token)[1:-1].replace("''", "'")
        return _Node(_TEXT, lambda _: value, token, constant=value)
    if kind == "instant":
        value = datetime.fromisoformat(token).astimezone(UTC)
        return _Node(_INSTANT, lambda _: value, token, constant=value)
    if kind == "number":
        value = Decimal(token)
        return _Node(_NUMBER if "." in token else _WHOLE, lambda _: value, token, constant=value)
    raise UnusableFilterError(f"Syntax error: a property or value was expected, found '{token}'.")


def _boolean(node: _Node) -> _Node:
    if node.kind != _BOOLEAN:
        raise UnusableFilterError(f"'{node.text}' is no condition.")
    return node


def _comparison(left: _Node, word: str, right: _Node) -> _Node:
    numbers = (_WHOLE, _NUMBER)
    if left.kind != right.kind and not (left.kind in numbers and right.kind in numbers):
        raise _incompatible(left, right)
    if left.kind not in (*numbers, _TEXT, _INSTANT):
        _check_members(left, word, right)
    if left.kind == _TEXT:
        return _Node(_BOOLEAN, _texts(left, word, right), word)
    compare, first, second = _COMPARE[word], left.of, right.of
    return _Node(_BOOLEAN, lambda row: compare(first(row), second(row)), word)


def _check_members(left: _Node, word: str, right: _Node) -> None:
    if left.kind == _BOOLEAN or word not in ("eq", "ne"):
        raise UnusableFilterError(f"Enumerations are only compared with eq and ne, not '{word}'.")
    for literal, other in ((left, right), (right, left)):
        if literal.constant is not None and other.field and not other.field.has_member(literal.constant):
            raise UnusableFilterError(f"'{literal.constant}' is not a member of '{left.kind}'.")


def _texts(left: _Node, word: str, right: _Node) -> Predicate:
    """Texts compare without regard to case; a `*` in a literal stands for anything."""
    compare, first, second = _COMPARE[word], left.of, right.of
    if isinstance(right.constant, str) and "*" in right.constant and word in ("eq", "ne"):
        parts = (re.escape(part) for part in right.constant.lower().split("*"))
        pattern, wanted = re.compile(".*".join(parts), re.DOTALL), word == "eq"
        return lambda row: (pattern.fullmatch(str(first(row)).lower()) is not None) == wanted
    return lambda row: compare(str(first(row)).lower(), str(second(row)).lower())


def _calculation(left: _Node, word: str, calculate: Callable[[Any, Any], Any], right: _Node) -> _Node:
    numbers = (_WHOLE, _NUMBER)
    if left.kind not in numbers or right.kind not in numbers:
        raise _incompatible(left, right)
    whole, first, second = left.kind == right.kind == _WHOLE, left.of, right.of

    def value(row: Any) -> Decimal:
        one, other = Decimal(first(row)), Decimal(second(row))
        if word in ("div", "mod") and not other:
            raise UnusableFilterError("Divide by zero error encountered.")
        found = Decimal(calculate(one, other))
        return Decimal(int(found)) if whole else found

    return _Node(_WHOLE if whole else _NUMBER, value, word)


def _incompatible(left: _Node, right: _Node) -> UnusableFilterError:
    return UnusableFilterError(
        "A binary operator with incompatible types was detected."
        f" Found operand '{left.text}' of '{left.kind}' and '{right.text}' of '{right.kind}'."
    )
