"""What an import would change: when each of its lines begins, what it replaces, and the mappings as they would be.

A line that names no day begins, in this order: where the row begins that is in force today, which it corrects; on the
business day on which its value was first seen among what is held; always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from shared.retail.held_value import OF_EVERY_STORE
from shared.retail.mapping_csv import CsvLine, CsvProblem
from shared.retail.mapping_kinds import MappingKind
from shared.retail.mapping_rows import (
    ALWAYS,
    NEVER,
    VALID_FROM,
    VALID_TO,
    MappingRow,
    Mappings,
    line_of,
    mapping_row,
)

EVERY_STORE = "*"
NEW, CORRECTED, FROM_A_DAY, ENDED, WITHDRAWN, SAME = (
    "new", "corrected", "other from a day on", "ended", "withdrawn", "the same",
)  # fmt: skip
NAMES_NOTHING_NEW = frozenset({ENDED, WITHDRAWN, SAME})


@dataclass(frozen=True, slots=True)
class Change:
    """What one line of a file does. before: the row it replaces, or the one in force on its first day; None: none."""

    row: int
    key: tuple[str, ...]
    what: str
    line: Mapping[str, str]
    before: Mapping[str, str] | None


def begun(
    kind: MappingKind,
    lines: Sequence[CsvLine],
    mappings: Mappings,
    seen: Mapping[tuple[str, ...], date],
    today: date,
) -> tuple[list[CsvLine], list[CsvProblem]]:
    """Give the lines with the day each begins, or what keeps one from having any."""
    found: list[CsvLine] = []
    problems: list[CsvProblem] = []
    rows: dict[tuple[tuple[str, ...], str], int] = {}
    for line in lines:
        key = tuple(line[name] for name in kind.key)
        start = line.get(VALID_FROM, "") or _beginning(kind, key, mappings, seen.get(key), today)
        told = CsvLine({**line, VALID_FROM: "" if start == ALWAYS else start}, line.row)
        if not line.get(VALID_FROM):
            problems += _ambiguous(kind, key, told, mappings, today) or _over_before_it_begins(told)
        also = rows.setdefault((key, start), line.row)
        if also != line.row:
            expected = f"once from one day on; row {also} begins there too"
            problems.append(CsvProblem(line.row, VALID_FROM, expected, start))
        found.append(told)
    return found, problems


def _beginning(
    kind: MappingKind, key: tuple[str, ...], mappings: Mappings, seen: date | None, today: date
) -> str:
    in_force = [row for row in mappings.dated(kind.name, *key) if row.is_in_force(today)]
    if in_force:
        start = in_force[-1].valid_from
        return ALWAYS if start is None else min(start, seen or start).isoformat()
    return seen.isoformat() if seen is not None else ALWAYS


def _ambiguous(
    kind: MappingKind, key: tuple[str, ...], line: CsvLine, mappings: Mappings, today: date
) -> list[CsvProblem]:
    """A value seen before its row begins, and a line that says something else than the row: which of the two days is meant,
    only a person knows.
    """
    row, now = mapping_row(line, 0), mappings.dated(kind.name, *key)
    in_force = [one for one in now if one.is_in_force(today)]
    if not in_force and now:
        return _ended_before(kind, row, line, now)
    if not now and kind.name in OF_EVERY_STORE:
        return _until_now_as_all(kind, key, line, mappings, today)
    if (
        not in_force
        or in_force[-1].valid_from == row.valid_from
        or _says(kind, in_force[-1]) == _says(kind, row)
    ):
        return []
    expected = (
        f"a day: {line[VALID_FROM]}, when it was first seen, or {in_force[-1].valid_from}, from when on it is mapped "
        "otherwise already"
    )
    return [CsvProblem(line.row, VALID_FROM, expected, "nothing")]


def _ended_before(
    kind: MappingKind, row: MappingRow, line: CsvLine, now: Sequence[MappingRow]
) -> list[CsvProblem]:
    """A value whose row has ended, mapped anew without a day: it would count on the days of the row that was there, too."""
    there = next((one for one in now if one.valid_from == row.valid_from), None)
    if there is None or there.valid_to is None or _says(kind, there) == _says(kind, row):
        return []
    first = there.valid_from or ALWAYS
    expected = f"a day: its row from {first} ended on {there.valid_to}; {first} itself to correct that one"
    return [CsvProblem(line.row, VALID_FROM, expected, "nothing")]


def _until_now_as_all(
    kind: MappingKind, key: tuple[str, ...], line: CsvLine, mappings: Mappings, today: date
) -> list[CsvProblem]:
    """A store's first row of its own: until now the one for all stores counted there, and days that are over went by it."""
    of_all = mappings.find(kind.name, EVERY_STORE, *key[1:], day=today)
    if of_all is None or all(of_all.get(name, "") == line.get(name, "") for name in kind.columns):
        return []
    expected = f"a day: until now {key[0]} goes by the row for all stores ({ALWAYS} to change the days that are over, too)"
    return [CsvProblem(line.row, VALID_FROM, expected, "nothing")]


def _over_before_it_begins(line: CsvLine) -> list[CsvProblem]:
    """A last day before the row's own first one would take the row away unsaid."""
    row = mapping_row(line, 0)
    if row.valid_from is None or row.valid_to is None or row.valid_to >= row.valid_from:
        return []
    expected = f"{row.valid_from} or later: the row begins then ({NEVER} for a row that was a mistake)"
    return [CsvProblem(line.row, VALID_TO, expected, line[VALID_TO])]


def with_lines(mappings: Mappings, kind: MappingKind, lines: Sequence[Mapping[str, str]]) -> Mappings:
    """Give the mappings as they would be with these lines imported."""
    version, rows = mappings.version + 1, dict(mappings.rows)
    for line in lines:
        key = (kind.name, *(line[name] for name in kind.key))
        rows[key] = (*rows.get(key, ()), mapping_row(line, version))
    return replace(mappings, version=version, rows=rows)


def changes_of(kind: MappingKind, lines: Sequence[CsvLine], mappings: Mappings) -> list[Change]:
    """Give what each line does; lines as `begun` gave them."""
    return [_change(kind, line, mappings) for line in lines]


def _change(kind: MappingKind, line: CsvLine, mappings: Mappings) -> Change:
    key = tuple(line[name] for name in kind.key)
    row = mapping_row(line, mappings.version + 1)
    there = mappings.starting(kind.name, *key, start=row.valid_from)
    if there is not None and _says(kind, there) == _says(kind, row):
        return Change(line.row, key, SAME, line, line_of(there))
    if there is not None and not there.withdrawn:
        return Change(line.row, key, _what(kind, row, there), line, line_of(there))
    first_day = row.valid_from or date.min
    before = [one for one in mappings.dated(kind.name, *key) if one.is_in_force(first_day)]
    what = WITHDRAWN if row.withdrawn else FROM_A_DAY if before else NEW
    return Change(line.row, key, what, line, line_of(before[-1]) if before else None)


def _what(kind: MappingKind, row: MappingRow, there: MappingRow) -> str:
    if row.withdrawn:
        return WITHDRAWN
    if row.valid_to is None or _values(kind, row) != _values(kind, there):
        return CORRECTED
    return ENDED if row.valid_to <= (there.valid_to or date.max) else CORRECTED


def _says(kind: MappingKind, row: MappingRow) -> tuple[object, ...]:
    return (*_values(kind, row), row.valid_to, row.withdrawn)


def _values(kind: MappingKind, row: MappingRow) -> tuple[str, ...]:
    """What a row says but for its days: a column that a file leaves out says nothing, as one that is empty."""
    return tuple(row.values.get(name, "") for name in (*kind.key, *kind.columns))
