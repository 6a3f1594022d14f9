"""Take a mapping over from CSV, all or nothing, and give it out again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import RejectedError
from shared.retail.mapping_csv import (
    EVERY_KIND,
    KINDS,
    CsvProblem,
    MappingKind,
    read_mapping_csv,
    write_mapping_csv,
)
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.mappings import import_rows

FILE_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: rows and version; or the mistakes that kept it from doing anything."""

    rows: int = 0
    version: int = 0
    problems: tuple[CsvProblem, ...] = ()


async def import_mapping(
    services: Services, kind: str, content: bytes, person: Person, reason: str
) -> Imported:
    """Check every row of a CSV, then write them all as one version. Rows not in the file stay in force.

    Raises:
        RejectedError: there is no such mapping, or the file as a whole cannot be read.
    """
    if len(content) > FILE_BYTES_MAX:
        expected, found = f"at most {FILE_BYTES_MAX} bytes", f"{len(content)} bytes"
        raise RejectedError("the file is too large", field="body", expected=expected, found=found)
    rows, problems = read_mapping_csv(mapping_kind(kind), content)
    if problems:
        return Imported(problems=tuple(problems))
    if not rows:
        raise RejectedError("the file holds no rows", field="file", expected="at least one row", found="none")
    now = services.now()
    await append_audit(
        services.tables.audit,
        "mappings",
        now,
        who=person.name,
        did=f"imported {len(rows)} rows of {kind}",
        reason=reason,
    )
    version = await import_rows(services.tables.mappings, kind, rows, who=person.name, reason=reason, at=now)
    await services.mappings.refresh()
    return Imported(len(rows), version)


async def export_mapping(services: Services, kind: str) -> str:
    """Write a mapping as it is in force, as CSV; also the reference data that was read from D365.

    Raises:
        RejectedError: there is no such mapping.
    """
    known = await services.mappings.refresh()
    keys = [key for key in known.rows if key[0] == mapping_kind(kind, EVERY_KIND).name]
    rows = [values for key in keys if (values := known.find(*key)) is not None]
    return write_mapping_csv(mapping_kind(kind, EVERY_KIND), rows)


def mapping_kind(name: str, among: Mapping[str, MappingKind] = KINDS) -> MappingKind:
    """Give a kind of mapping by name; what is read from D365 is nobody's to import.

    Raises:
        RejectedError: there is none of that name.
    """
    if name not in among:
        raise RejectedError(
            f"there is no mapping {name!r}", field="kind", expected=", ".join(among), found=name
        )
    return among[name]
