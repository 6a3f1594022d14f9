"""CSV that no spreadsheet runs: a cell that begins like a formula gets a quote before it, amounts stay amounts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA_STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # the last four: wide ones
_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write rows under a heading."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell("" if value is None else str(value)) for value in row])
    return out.getvalue()


def safe_cell(text: str) -> str:
    """Give a cell's text with a quote before whatever a spreadsheet would run."""
    runs = text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)
    return f"'{text}" if runs and not _AMOUNT.fullmatch(text) else text
