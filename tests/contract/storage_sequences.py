"""Random sequences of table operations, from a seed, run step by step against two tables and compared."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from shared.errors import ConflictError, GroupRefusedError, RetryableError
from shared.storage.protocols import (
    Condition,
    Insert,
    Operation,
    Operator,
    Remove,
    Replace,
    Row,
    Table,
    Upsert,
    Value,
)

OPERATIONS_MIN, OPERATIONS_MAX = 10, 50
KEYS = ("a", "b", "b~1", "b~2", "it's", "c=2F", "Z", "é")
VALUES: dict[str, tuple[Value, ...]] = {
    "Text": (
        "",
        "x",
        "it's",
        "x' or 'a' eq 'a",
        "é😀",
        "2017-12-23T12:00:00Z",
        "5",
        " spaces ",
        "line\nbreak",
        "50%41",
    ),
    "Other": ("x", "B", "b", "true"),
    "Number": (0, 5, -1, 2**31, 2**63 - 1, -(2**63)),
    "Flag": (True, False),
    "Data": (b"", b"\x00\xff"),
    "Instant": (
        datetime(2017, 12, 23, 12, tzinfo=UTC),
        datetime(2017, 12, 23, 7, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=-5))),
        datetime(1601, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ),
}
LARGE: dict[str, Value] = {"Text": "y" * 32_768, "Data": b"z" * 65_536}
NAMES = tuple(VALUES)
COMPARED = ("Text", "Other", "Number", "Flag", "Instant")
ACROSS_TYPES = "a comparison across types"
STALE = "W/\"datetime'2017-12-23T12%3A00%3A00.0000000Z'\""


@dataclass(slots=True)
class Side:
    """One of the two tables, and the ETags it gave: the same step means each side's own."""

    table: Table
    etags: dict[str, list[str]] = field(default_factory=dict)

    def etag(self, key: str, choice: str) -> str:
        known = self.etags.get(key, [])
        if choice == "*":
            return "*"
        if choice == "current" and known:
            return known[-1]
        return known[-2] if len(known) > 1 else STALE


Step = Callable[[Side], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Named:
    words: str
    step: Step
    may_differ: str = ""


def sequence(seed: int, partition: str) -> list[Named]:
    """Make the steps of one sequence."""
    dice = random.Random(seed)
    makers = [_read, _insert, _insert, _upsert, _replace, _replace, _delete, _group, _group, _query, _query]
    length = dice.randint(OPERATIONS_MIN, OPERATIONS_MAX)
    return [dice.choice(makers)(dice, partition) for _ in range(length)]


async def outcome(side: Side, named: Named) -> Any:
    """Take a step; give what came of it in words both tables share."""
    try:
        return await named.step(side)
    except GroupRefusedError as error:
        return ("refused", error.index, type(error.cause).__name__)
    except (ConflictError, RetryableError, ValueError) as error:
        return type(error).__name__


def _row(dice: random.Random, partition: str) -> Row:
    names = dice.sample(NAMES, dice.randint(0, len(NAMES)))
    values = {name: dice.choice(VALUES[name]) for name in names}
    if dice.random() < 0.03:
        values |= LARGE
    return Row(partition, dice.choice(KEYS), values)


def _remember(side: Side, key: str, etag: str) -> str:
    known = side.etags.setdefault(key, [])
    is_new = etag not in known
    known.append(etag)
    return "new etag" if is_new else "old etag"


def _seen(row: Row | None) -> Any:
    return None if row is None else (row.partition, row.key, sorted(row.values.items()))


def _read(dice: random.Random, partition: str) -> Named:
    key = dice.choice(KEYS)

    async def step(side: Side) -> Any:
        row = await side.table.read(partition, key)
        assert row is None or (row.etag and row.written_at and row.read_at)
        known = side.etags.get(key)
        return _seen(row), row is not None and known is not None and row.etag == known[-1]

    return Named(f"read {key}", step)


def _insert(dice: random.Random, partition: str) -> Named:
    row = _row(dice, partition)

    async def step(side: Side) -> Any:
        return _remember(side, row.key, await side.table.insert(row))

    return Named(f"insert {row.key}", step)


def _upsert(dice: random.Random, partition: str) -> Named:
    row = _row(dice, partition)

    async def step(side: Side) -> Any:
        return _remember(side, row.key, await side.table.upsert(row))

    return Named(f"upsert {row.key}", step)


def _replace(dice: random.Random, partition: str) -> Named:
    row, choice = _row(dice, partition), dice.choice(("current", "current", "stale", "*"))

    async def step(side: Side) -> Any:
        return _remember(side, row.key, await side.table.replace(row, side.etag(row.key, choice)))

    return Named(f"replace {row.key} {choice}", step)


def _delete(dice: random.Random, partition: str) -> Named:
    key, choice = dice.choice(KEYS), dice.choice(("current", "stale", "*"))

    async def step(side: Side) -> Any:
        await side.table.delete(partition, key, side.etag(key, choice))
        return "deleted"

    return Named(f"delete {key} {choice}", step)


def _group(dice: random.Random, partition: str) -> Named:
    wanted = []
    for key in dice.sample(KEYS, dice.randint(1, 5)):
        kind = dice.choice((Insert, Upsert, Upsert, Replace, Remove))
        wanted.append(
            (kind, Row(partition, key, _row(dice, partition).values), dice.choice(("current", "*", "stale")))
        )
    if dice.random() < 0.1:
        wanted.append(wanted[0])

    async def step(side: Side) -> Any:
        group: list[Operation] = []
        for kind, row, choice in wanted:
            if kind is Replace:
                group.append(Replace(row, side.etag(row.key, choice)))
            elif kind is Remove:
                group.append(Remove(partition, row.key, side.etag(row.key, choice)))
            else:
                group.append(kind(row))
        await side.table.write_group(group)
        for kind, row, _ in wanted:
            now = await side.table.read(partition, row.key)
            if kind is not Remove and now is not None:
                assert _remember(side, row.key, now.etag) == "new etag"
        return "written"

    return Named(
        "group " + ", ".join(f"{kind.__name__} {row.key} {choice}" for kind, row, choice in wanted), step
    )


def _query(dice: random.Random, partition: str) -> Named:
    across_types = dice.random() < 0.01
    where = tuple(_condition(dice, across_types) for _ in range(dice.randint(0, 2)))
    options: dict[str, Any] = {
        "key_from": dice.choice(("", "", "b", "b~", "it's")),
        "key_before": dice.choice(("", "", "b~2", "c", "zz")),
        "where": where,
        "select": tuple(dice.sample(NAMES, dice.choice((0, 0, 2)))),
        "page_size": dice.choice((2, 3, 1000, 1000)),
    }

    async def step(side: Side) -> Any:
        return [_seen(row) async for row in side.table.query(partition, **options)]

    return Named(f"query {options}", step, ACROSS_TYPES if across_types else "")


def _condition(dice: random.Random, across_types: bool) -> Condition:
    name = dice.choice(COMPARED)
    value = dice.choice(VALUES["Text" if across_types else name])
    assert not isinstance(value, bytes)
    operators: tuple[Operator, ...] = ("eq", "ne") if name == "Flag" else ("eq", "ne", "gt", "ge", "lt", "le")
    return Condition(name, dice.choice(operators), value)
