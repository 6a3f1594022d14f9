"""Take a mapping over from CSV, all or nothing, or say what it would change; and give it out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from typing import Any

from shared.errors import ChangedMeanwhileError, ForbiddenError, RejectedError
from shared.flows.mapping.ask_reference import ask_reference
from shared.flows.mapping.held_values import read_held
from shared.flows.mapping.kind import mapping_kind
from shared.pos.masking import masked_text
from shared.retail.held_value import Freed, first_seen, freed
from shared.retail.late import MONTH_END
from shared.retail.ledger import LEDGER_ACCOUNTS
from shared.retail.mapping_changes import NAMES_NOTHING_NEW, SAME, Change, begun, changes_of, with_lines
from shared.retail.mapping_csv import PROBLEMS_MAX, CsvLine, CsvProblem, read_mapping_csv, write_mapping_csv
from shared.retail.mapping_kinds import EVERY_KIND, MappingKind
from shared.retail.mapping_rows import MappingRow, Mappings, line_of
from shared.retail.money import money_text
from shared.retail.reason import FINANCE
from shared.retail.reference_lines import (
    Objection,
    asked_by,
    objections,
    rows_to_ask_for,
    shared_warehouses,
)
from shared.retail.registers import TERMINALS, register_clashes
from shared.retail.tolerances import TOLERANCES
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.mappings import import_rows

FILE_BYTES_MAX = 16 * 1024 * 1024
SHOWN_MAX = 1_000
TRIES_MAX = 5
# Where they decide about money alone: who maps tills and items may not also say what is let pass.
OF_FINANCE = frozenset({LEDGER_ACCOUNTS, MONTH_END, TOLERANCES})
TYPED = frozenset(
    {"item", "item_number", "barcode", "variant", "store", "terminal", "register", "store_number"}
)
NOTHING_FREED = Freed(0, {}, {})


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or, of a check, would do; or the mistakes that kept it from doing anything.

    rows: in the file; changes: what each does. frees: what it lets go once it is released. warnings: what D365 lacks for
    some, which keeps nothing back; not_asked: why D365 could not be asked.
    """

    rows: int = 0
    version: int = 0
    problems: tuple[CsvProblem, ...] = ()
    changes: tuple[Change, ...] = ()
    frees: Freed = field(default_factory=lambda: NOTHING_FREED)
    warnings: tuple[Objection, ...] = ()
    not_asked: str = ""

    def as_json(self, *, check: bool) -> dict[str, Any]:
        """Give it as the API does; of a check, with what it would let go."""
        changes = [one for one in self.changes if one.what != SAME]
        body: dict[str, Any] = {
            "rows": self.rows,
            "version": self.version,
            "changed": len(changes),
            "changes": [
                {"row": one.row, "what": one.what, "before": one.before, "after": dict(one.line)}
                for one in changes[:SHOWN_MAX]
            ],
            "warnings": [
                {"row": one.row, "column": one.column, "problem": one.problem}
                for one in self.warnings[:SHOWN_MAX]
            ],
            "not_compared": self.not_asked or None,
        }
        if check:
            amounts = {
                name: money_text(one, name or "USD") for name, one in sorted(self.frees.amounts.items())
            }
            still = dict(sorted(self.frees.still_held.items()))
            body["would_free"] = {"receipts": self.frees.receipts, "amounts": amounts, "still_held": still}
        return body

    def problems_json(self) -> list[dict[str, Any]]:
        """Give the mistakes as the API does."""
        return [
            {
                "row": one.row,
                "column": one.column,
                "expected": one.expected,
                "found": masked_text(one.found, free=True),
            }
            for one in self.problems[:SHOWN_MAX]
        ]


async def import_mapping(
    services: Services, kind: str, content: bytes, person: Person, reason: str, *, check: bool = False
) -> Imported:
    """Check every line of a CSV, then write those that change something as one version. Rows not in the file stay in force.

    check: write nothing, and say what would be written.

    Raises:
        ForbiddenError: only finance keeps this list, and the person is none of them.
        RejectedError: there is no such mapping, or the file as a whole cannot be read.
        ChangedMeanwhileError: others imported all the while; nothing was written.
    """
    of_kind = mapping_kind(kind)
    if kind in OF_FINANCE and FINANCE not in person.roles:
        raise ForbiddenError(f"only finance keeps the list {kind}", status=403)
    if len(content) > FILE_BYTES_MAX:
        expected, found = f"at most {FILE_BYTES_MAX} bytes", f"{len(content)} bytes"
        raise RejectedError("the file is too large", field="body", expected=expected, found=found)
    lines, problems = await services.in_thread(_read, of_kind, content)
    if problems:
        return Imported(problems=tuple(problems))
    if not lines:
        raise RejectedError("the file holds no rows", field="file", expected="at least one row", found="none")
    for _ in range(TRIES_MAX):
        done = await _judge(services, of_kind, lines, with_effect=check)
        changed = [one.line for one in done.changes if one.what != SAME]
        if done.problems or check or not changed:
            return done
        try:
            version = await _write(services, kind, changed, person, reason, after=done.version)
        except ChangedMeanwhileError:
            continue  # what others mapped meanwhile may clash with it: it is judged again
        await services.mappings.refresh()
        return replace(done, version=version)
    raise ChangedMeanwhileError("others imported all the while")


async def _write(
    services: Services,
    kind: str,
    changed: Sequence[Mapping[str, str]],
    person: Person,
    reason: str,
    *,
    after: int,
) -> int:
    """Record that a person imports, and write it; where somebody else was first, that is recorded too."""
    now, audit = services.now(), services.tables.audit
    did = f"imported {len(changed)} rows of {kind}"
    await append_audit(audit, "mappings", now, who=person.name, did=did, reason=reason)
    try:
        return await import_rows(
            services.tables.mappings, kind, changed, who=person.name, reason=reason, at=now, after=after
        )
    except ChangedMeanwhileError as error:
        await append_audit(
            audit,
            "mappings",
            now,
            who=person.name,
            did=f"wrote none of {len(changed)} rows of {kind}",
            reason=str(error),
        )
        raise


def _read(kind: MappingKind, content: bytes) -> tuple[list[CsvLine], list[CsvProblem]]:
    """Read a file; a card's number is no code, and is not taken over where goods and tills are not numbered."""
    lines, problems = read_mapping_csv(kind, content)
    cards = (
        CsvProblem(line.row, name, "a code or words, no card number", value[:130])
        for line in lines
        for name, value in line.items()
        if name not in TYPED and masked_text(value) != value
    )
    return lines, problems + list(islice(cards, PROBLEMS_MAX))


async def _judge(
    services: Services, kind: MappingKind, lines: Sequence[CsvLine], *, with_effect: bool
) -> Imported:
    """Say what the lines of a file would do, or what is wrong with them against what is mapped and what D365 has."""
    known, today = await services.mappings.refresh(), services.now().date()
    codes = () if with_effect else (kind.seen_by,)
    held = await read_held(services, codes) if with_effect or kind.seen_by else []
    told, problems = await services.in_thread(begun, kind, lines, known, first_seen(kind, held), today)
    problems += await services.in_thread(_clashes, kind, told, known)
    if problems:
        return Imported(problems=tuple(problems))
    changes = await services.in_thread(changes_of, kind, told, known)
    changing = [line for line, one in zip(told, changes, strict=True) if one.what != SAME]
    after = await services.in_thread(with_lines, known, kind, changing)
    naming = [
        line for line, one in zip(told, changes, strict=True) if one.what not in NAMES_NOTHING_NEW
    ]  # what D365 has no more can still be ended
    found, not_asked = await _objections(services, kind, naming, after)
    refused = [
        CsvProblem(one.row, one.column, f"what D365 has: {one.problem}", one.value)
        for one in found
        if one.refuses
    ]
    if refused:
        return Imported(problems=tuple(refused), not_asked=not_asked)
    frees = await services.in_thread(freed, held, known, after) if with_effect else NOTHING_FREED
    warnings = tuple(one for one in found if not one.refuses)
    return Imported(len(lines), known.version, (), tuple(changes), frees, warnings, not_asked)


async def _objections(
    services: Services, kind: MappingKind, lines: Sequence[CsvLine], after: Mappings
) -> tuple[list[Objection], str]:
    asked = await services.in_thread(asked_by, kind.name, lines, after)
    keys = await services.in_thread(rows_to_ask_for, asked, after)
    answered, not_asked = await ask_reference(services, after, keys)
    found = await services.in_thread(objections, asked, answered)
    found = [*found, *shared_warehouses(kind.name, lines, after)]
    return sorted(found, key=lambda one: (one.row, one.column, one.problem)), not_asked


def _clashes(kind: MappingKind, lines: Sequence[CsvLine], known: Mappings) -> list[CsvProblem]:
    """Name the registers that another till has on the same days."""
    return register_clashes(lines, with_lines(known, kind, lines)) if kind.name == TERMINALS else []


async def export_mapping(
    services: Services, kind: str, *, day: date | None = None, version: int | None = None
) -> str:
    """Write a mapping as CSV, every row that counts; of a day, those in force on it; as it was at a version. Also the reference
    data that was read from D365.

    Raises:
        RejectedError: there is no such mapping.
    """
    of_kind, known = mapping_kind(kind, EVERY_KIND), await services.mappings.refresh()
    if version is not None:
        known = known.at_version(version)
    return await services.in_thread(_written, of_kind, known, day)


def _written(kind: MappingKind, known: Mappings, day: date | None) -> str:
    rows: list[MappingRow] = []
    for key in known.keys(kind.name):
        dated = known.dated(kind.name, *key)
        in_force = [row for row in dated if day is None or row.is_in_force(day)]
        rows += in_force if day is None else in_force[-1:]
    return write_mapping_csv(kind, [line_of(row) if kind.dated else dict(row.values) for row in rows])
