"""OData filters for D365: one builder that escapes, so that no value can become part of a query.

D365 knows eq ne gt ge lt le and or not; no `in`, no `has`; enums only eq and ne (D365 facts §5). A `*` inside
a text means "anything" to D365: whoever asks for exact keys compares the answer again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from shared.d365.values import decimal_text

ENUM_NAMESPACE = "Microsoft.Dynamics.DataEntities."
Literal = str | int | Decimal | datetime


@dataclass(frozen=True, slots=True)
class Member:
    """An enum member as a filter value."""

    enum: str
    name: str


def condition(name: str, operator: str, value: Literal | Member) -> str:
    """Write one comparison.

    Raises:
        ValueError: the operator is not one D365 has, or a field name or enum is no plain name; that is a bug.
    """
    if operator not in ("eq", "ne", "gt", "ge", "lt", "le") or not name.isidentifier():
        raise ValueError(f"not a condition: {name} {operator}")
    return f"{name} {operator} {_literal(value)}"


def any_of(conditions: Iterable[str]) -> str:
    """Join with `or`, in parentheses."""
    return "(" + " or ".join(conditions) + ")"


def all_of(conditions: Iterable[str]) -> str:
    """Join with `and`."""
    return " and ".join(conditions)


def key_path(odata_set: str, keys: Sequence[tuple[str, Literal]]) -> str:
    """Write the address of one row: Set(A='x',N=1)."""
    return f"{odata_set}({','.join(f'{name}={_literal(value)}' for name, value in keys)})"


def in_portions(values: Sequence[str], *, characters_max: int = 6_000) -> Iterator[tuple[str, ...]]:
    """Cut a list of values so that a filter naming each stays within what a web address may hold."""
    portion: list[str] = []
    size = 0
    for value in values:
        cost = 3 * len(value) + 60
        if portion and size + cost > characters_max:
            yield tuple(portion)
            portion, size = [], 0
        portion.append(value)
        size += cost
    if portion:
        yield tuple(portion)


def _literal(value: Literal | Member) -> str:
    if isinstance(value, Member):
        if not (value.enum.isidentifier() and value.name.isidentifier()):
            raise ValueError(f"not an enum member: {value}")
        return f"{ENUM_NAMESPACE}{value.enum}'{value.name}'"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"
