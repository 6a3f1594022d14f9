"""One register for one till: which days each till has which register, and where two have the same one on a day.

A register may go from till to till, on days of its own: two tills on one would share its shifts in D365.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.retail.mapping_csv import CsvLine, CsvProblem
from shared.retail.mapping_rows import Mappings

TERMINALS = "terminals"
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The days, both included, on which a till has a register."""

    till: tuple[str, ...]
    register: str
    first: date
    last: date

    def meets(self, other: Span) -> bool:
        """Say whether another till has the same register on one of these days."""
        is_same = self.register == other.register and self.till != other.till
        return is_same and self.first <= other.last and other.first <= self.last


def register_clashes(lines: Sequence[CsvLine], after: Mappings) -> list[CsvProblem]:
    """Name the registers that a till of these lines would have on a day on which another till has it. after: with the lines."""
    by_register: dict[str, list[Span]] = {}
    for till in after.keys(TERMINALS):
        for span in _spans(after, till):
            by_register.setdefault(span.register, []).append(span)
    rows = {(line["store"], line["terminal"]): line.row for line in lines}
    found = []
    for till, row in rows.items():
        for span in _spans(after, till):
            other = next((one for one in by_register[span.register] if span.meets(one)), None)
            if other is not None:
                found.append(CsvProblem(row, "register", _expected(other), span.register))
    return found


def _expected(other: Span) -> str:
    store, till = other.till
    first = "always" if other.first == date.min else other.first.isoformat()
    days = f"from {first}" if other.last == date.max else f"from {first} to {other.last.isoformat()}"
    return f"a register of its own; till {till} of store {store} has it {days} (end that row first, or begin after it)"


def _spans(mappings: Mappings, till: tuple[str, ...]) -> Iterator[Span]:
    """Give a till's registers, day by day as a lookup finds them: of rows in force at once the one that began last."""
    rows = mappings.dated(TERMINALS, *till)
    begins = {row.valid_from or date.min for row in rows}
    begins |= {row.valid_to + ONE_DAY for row in rows if row.valid_to is not None}
    edges = sorted(begins)
    for first, following in zip(edges, [*edges[1:], None], strict=True):
        values = mappings.find(TERMINALS, *till, day=first)
        if values is not None:
            last = following - ONE_DAY if following is not None else date.max
            yield Span(till, values["register"], first, last)
