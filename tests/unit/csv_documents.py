"""Writes canonical documents as CSV, for tests: one row an entry, written without a line of the reader's code."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "pos" / "csv"
ONE_OF = {
    "links": "link", "lines": "line", "voided_lines": "voided_line", "tenders": "tender", "discounts": "discount",
    "taxes": "tax", "denominations": "denomination", "rounding": "rounding", "counted": "counted",
}  # fmt: skip


def cell(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def rows_of(tree: dict[str, Any], prefix: str = "") -> tuple[dict[str, str], list[dict[str, str]]]:
    """Give the cells of an object and of the objects in it, and a row for every entry of its lists."""
    cells: dict[str, str] = {}
    rows: list[dict[str, str]] = []
    for name, value in tree.items():
        if isinstance(value, dict):
            inner, below = rows_of(value, f"{prefix}{name}.")
            cells |= inner
            rows += below
        elif isinstance(value, list):
            for one in value:
                inner, below = rows_of(one, f"{prefix}{ONE_OF[name]}.")
                rows += [inner, *below]
        elif value is not None:
            cells[prefix + name] = cell(value)
    return cells, rows


def csv_of(*documents: dict[str, Any], separator: str = ",", newline: str = "\r\n") -> bytes:
    """Write documents under one heading, each with its id in every row."""
    table: list[dict[str, str]] = []
    for one in documents:
        cells, rows = rows_of(one)
        table += [cells, *({"transaction_id": cells["transaction_id"], **row} for row in rows)]
    columns = list(dict.fromkeys(name for row in table for name in row))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", delimiter=separator, lineterminator=newline)
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue().encode()
