"""Every pair of statuses, against a table written by hand."""

from __future__ import annotations

import pytest

from shared.retail.status import Status, advance, may_advance

# Rows: from. Columns in this order. x: may move on.
COLUMNS = [
    "received", "waiting", "mapped", "sending", "sent", "validated", "posted", "held", "repair", "excluded", "reversed",
    "written_off",
]  # fmt: skip
TABLE = {
    "received":    ". x x . . . . x . x . .",
    "waiting":     "x . . . . . . x . . . .",
    "mapped":      "x . . x . . . x . . . .",
    "sending":     ". . x . x . . x . . . .",
    "sent":        ". . . . . x . x . . . .",
    "validated":   ". . . . . . x x . . . .",
    "posted":      ". . . . . . . x . . x .",
    "held":        "x . . . . . . . x . . x",
    "repair":      ". . . . x . . x . . . .",
    "excluded":    ". . . . . . . . . . . .",
    "reversed":    ". . . . . . . x . . . .",
    "written_off": ". . . . . . . . . . . .",
}  # fmt: skip
PAIRS = [
    (Status(start.replace("_", " ")), Status(end.replace("_", " ")), mark == "x")
    for start, marks in TABLE.items()
    for end, mark in zip(COLUMNS, marks.split(), strict=True)
]


def test_the_table_names_every_status_once() -> None:
    assert {str(one) for one in Status} == {name.replace("_", " ") for name in COLUMNS}
    assert len(PAIRS) == 144


@pytest.mark.parametrize(("start", "end", "allowed"), PAIRS)
def test_a_status_moves_only_as_the_table_says(start: Status, end: Status, allowed: bool) -> None:
    assert may_advance(start, end) is allowed
    if allowed:
        assert advance(start, end) is end
    else:
        with pytest.raises(ValueError, match="cannot become"):
            advance(start, end)
