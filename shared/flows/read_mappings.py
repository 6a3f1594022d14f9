"""Read mappings as people ask for them: with D365 beside them, their history, and what one import changed."""

from __future__ import annotations

from typing import Any

from shared.flows.mapping.kind import mapping_kind
from shared.retail.beside_d365 import beside
from shared.retail.mapping_changes import changes_of
from shared.retail.mapping_csv import CsvLine
from shared.retail.mapping_kinds import EVERY_KIND, MappingKind
from shared.retail.mapping_rows import Mappings, line_of
from shared.services import Services
from shared.storage.mappings import import_row, imports_of, line_of_row, rows_of_import
from shared.storage.protocols import Row

IMPORTS_SHOWN_MAX = 500
ROWS_SHOWN_MAX = 5_000


async def show_mapping(services: Services, kind: str) -> dict[str, Any]:
    """Give every row of a mapping that counts, with what D365 has beside it: its ledger accounts among it.

    Raises:
        RejectedError: there is no such mapping.
    """
    of_kind, known = mapping_kind(kind, EVERY_KIND), await services.mappings.refresh()
    rows = await services.in_thread(_shown, of_kind, known)
    return {
        "kind": kind,
        "version": known.version,
        "rows": rows[:ROWS_SHOWN_MAX],
        "rows_count": len(rows),
    }


def _shown(kind: MappingKind, known: Mappings) -> list[dict[str, Any]]:
    stores = known.stores()
    return [
        {**line_of(row), "d365": beside(kind.name, row.values, known, stores)}
        for key in known.keys(kind.name)
        for row in known.dated(kind.name, *key)
    ]


async def list_imports(services: Services, kind: str) -> list[dict[str, Any]]:
    """Give who imported a mapping, when and why, the newest first.

    Raises:
        RejectedError: there is no such mapping.
    """
    rows = await imports_of(services.tables.mappings, mapping_kind(kind, EVERY_KIND).name)
    return [_import_body(row) for row in rows[:IMPORTS_SHOWN_MAX]]


async def read_import(services: Services, kind: str, version: int) -> dict[str, Any] | None:
    """Give what an import changed, row by row, before and after; None where no import of this kind made that version.

    Raises:
        RejectedError: there is no such mapping.
    """
    of_kind, table = mapping_kind(kind, EVERY_KIND), services.tables.mappings
    imported = await import_row(table, version)
    if imported is None or imported.text("Kind") != kind:
        return None
    rows = await rows_of_import(table, imported)
    before = (await services.mappings.refresh()).at_version(version - 1)
    lines = [CsvLine(line_of_row(row), number) for number, row in enumerate(rows, start=1)]
    changes = await services.in_thread(changes_of, of_kind, lines, before)
    body = _import_body(imported)
    body["changes"] = [
        {"what": one.what, "before": one.before, "after": dict(one.line)} for one in changes[:ROWS_SHOWN_MAX]
    ]
    return body


def _import_body(row: Row) -> dict[str, Any]:
    return {
        "kind": row.text("Kind"),
        "version": row.number("Version"),
        "rows": row.number("Rows"),
        "by": row.text("By"),
        "why": row.text("Reason"),
        "at": row.instant("At").isoformat(),
    }
