"""Which of the 100 cases of the adapters' acceptance list is tested for which vendor: read from test names and pages.

`python -m tests.contract.pos_cases` writes the table into docs/pos/adapters.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "pos" / "adapters.md"
VENDORS = {"poslog": "POSLog", "shopify": "Shopify", "square": "Square", "lightspeed": "Lightspeed"}
BEGIN, END = "<!-- cases -->", "<!-- end of cases -->"
TESTED, ELSEWHERE, MISSING = "✓", "–", "open"
GROUPS = (
    ("sales", 1, 15), ("discounts", 16, 24), ("payments", 25, 36), ("stored value", 37, 41), ("returns", 42, 54),
    ("voids", 55, 60), ("the cash office", 61, 73), ("transport", 74, 95), ("prices going out", 96, 100),
)  # fmt: skip
_TEST = re.compile(r"^(?:async )?def test_(?:case_)?(\d{1,3}(?:_(?:and_|to_)?\d{1,3})*)_", re.MULTILINE)
_NUMBERS = re.compile(r"\b(\d{1,3})(?: to (\d{1,3}))?\b")


def cases_tested(vendor: str) -> set[int]:
    """Give the numbers of the cases that a vendor's tests bear in their names."""
    found: set[int] = set()
    for path in sorted((ROOT / "tests" / "unit").glob(f"test_pos_{vendor}*.py")):
        for match in _TEST.finditer(path.read_text("utf-8")):
            found |= set(_spelled(match[1].replace("_to_", " to ").replace("_", " ")))
    return found


def cases_excused(vendor: str) -> set[int]:
    """Give the numbers of the cases that a vendor's page says do not apply, and why."""
    text = (ROOT / "docs" / "pos" / f"{vendor}.md").read_text("utf-8")
    table = text[text.index("| Case | Why |") :].partition("\n\n")[0].splitlines()[2:]
    return {number for row in table for number in _spelled(row.split("|")[1])}


def _spelled(text: str) -> Iterator[int]:
    for match in _NUMBERS.finditer(text):
        yield from range(int(match[1]), int(match[2] or match[1]) + 1)


def table() -> str:
    """Write the table: a line a case, a column a vendor."""
    marks = {vendor: (cases_tested(vendor), cases_excused(vendor)) for vendor in VENDORS}
    lines = [f"| Case | {' | '.join(VENDORS.values())} |", f"|---|{'---|' * len(VENDORS)}"]
    for name, first, last in GROUPS:
        for number in range(first, last + 1):
            cells = [
                TESTED if number in known else ELSEWHERE if number in told else MISSING
                for known, told in marks.values()
            ]
            lines.append(f"| {number} {name} | {' | '.join(cells)} |")
    counts = [f"{len(known)} tested" for known, _ in marks.values()]
    return "\n".join([*lines, f"| together | {' | '.join(counts)} |"])


def written(page: str) -> str:
    """Give a page with the table of today in its place."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}\n\n{table()}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
