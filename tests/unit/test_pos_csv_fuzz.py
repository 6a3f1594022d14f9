"""Two thousand damaged CSVs: read, told what is wrong, or refused; nothing else. FUZZ_DOCUMENTS asks for more."""

from __future__ import annotations

import csv
import io
import json
import os
import random

from shared.pos.csv_columns import COLUMNS
from shared.pos.registry import ADAPTERS
from tests.unit.csv_documents import FIXTURES, csv_of
from tests.unit.pos_fuzz import bytes_changed, judge

DOCUMENTS = int(os.environ.get("FUZZ_DOCUMENTS", "2000"))
CELLS = (
    "", " ", "0", "-1", "-0.00", "1e9", "4.0E+12", "NaN", "1,50", "1.250,50", "0.001", "9" * 28, "9" * 40, "x" * 300,
    "4111 1111 1111 1111", "\u0664\u0662", "\u202e", "=1+1", '"', 'a"b', "a\nb", "a\rb", ";", ",", "true", "WAHR", "A", "S1",
    "2025-13-45", "2025-03-08", "2025-03-08T12:00:00", "2025-03-08 12:00:00Z", "0001-01-01T00:00:00Z", "CASH", "CHANGE",
)  # fmt: skip
NAMES = (*COLUMNS, "extra.lane", "extra.customer_name", "extra.naive_times", "", "colour")


def tables() -> list[list[list[str]]]:
    """Give the fixtures as tables of cells, and the canonical ones written as CSV."""
    bodies = [path.read_bytes() for path in sorted(FIXTURES.glob("*.csv"))]
    documents = [
        json.loads(path.read_text("utf-8")) for path in sorted(FIXTURES.parent.glob("canonical/*.json"))
    ]
    bodies += [*map(csv_of, documents), csv_of(*documents[:2])]
    found = []
    for body in bodies:
        text = body.decode("utf-8-sig")
        separator = ";" if ";" in text.splitlines()[0] else ","
        found.append(list(csv.reader(io.StringIO(text, newline=""), delimiter=separator)))
    return found


def damaged(table: list[list[str]], dice: random.Random) -> bytes:
    rows = [list(row) for row in table]
    for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
        row = dice.randrange(1, len(rows)) if len(rows) > 1 else 0
        place = dice.randrange(len(rows[row])) if rows[row] else 0
        how = dice.randrange(9)
        if how == 0 and len(rows) > 1:
            del rows[row]
        elif how == 1:
            rows.insert(dice.randrange(1, len(rows) + 1), list(dice.choice(rows)))
        elif how == 2 and rows[row]:
            del rows[row][place]
        elif how == 3 and dice.random() < 0.3:
            rows[0][dice.randrange(len(rows[0]))] = dice.choice(NAMES)
        elif how == 4:
            name = dice.choice(NAMES[:-2])
            if name not in rows[0]:
                rows = [[*one, name if index == 0 else dice.choice(CELLS)] for index, one in enumerate(rows)]
        elif rows[row] and row:
            rows[row][place] = dice.choice(
                (dice.choice(CELLS), dice.choice(dice.choice(rows)) if rows else "")
            )
    out = io.StringIO(newline="")
    end = dice.choice(("\r\n", "\n", "\r"))
    csv.writer(out, delimiter=dice.choice(",;"), lineterminator=end).writerows(rows)
    body = out.getvalue().encode()
    return bytes_changed(dice, body) if dice.random() < 0.1 else body


def test_two_thousand_damaged_documents_raise_nothing_but_rejections() -> None:
    dice = random.Random(20171223)
    found = tables()
    seen = {"readable": 0, "unreadable": 0, "refused": 0, "refused without a reason": 0}
    for number in range(DOCUMENTS):
        judge(ADAPTERS["csv"], damaged(found[number % len(found)], dice), seen, None)
    assert seen.pop("refused without a reason") == 0
    assert min(seen.values()) > 100, seen
