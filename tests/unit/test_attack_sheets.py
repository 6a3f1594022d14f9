"""Sheets under attack: whatever a spreadsheet takes for the begin of a formula, blanks and line ends before it too."""

from __future__ import annotations

import csv
import io

import pytest

from shared.retail import csv_text as reports
from shared.web import sheets

CELLS = (
    " =1+1", "\n=1+1", "\t@SUM(A1)", "\r\n+cmd", "  -2+3", "\u00a0=1+1", "\uff1d1+1", "\uff0b1", "\uff0d1+1", "\uff20SUM(1)",
)  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("writer", [sheets.csv_text, reports.csv_text])
def test_no_cell_begins_like_a_formula(writer: object, cell: str) -> None:
    text = writer(("what",), [[cell]])  # type: ignore[operator]  # both write a head and rows
    (_, (found,)) = list(csv.reader(io.StringIO(text, newline="")))
    assert found == f"'{cell}"


@pytest.mark.parametrize("cell", ["-24.00", "0.001", "-1", "S1-1-0001", "2017-12-23"])
@pytest.mark.parametrize("writer", [sheets.csv_text, reports.csv_text])
def test_amounts_and_names_stay_as_they_are(writer: object, cell: str) -> None:
    text = writer(("what",), [[cell]])  # type: ignore[operator]
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == [cell]
