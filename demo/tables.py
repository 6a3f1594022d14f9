"""Plain text tables that line up: words to the left, figures to the right, nothing but spaces and dashes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

PAGE_WIDTH = 118


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, and whether it holds figures."""

    heading: str
    figures: bool = False


def table(
    title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], *, last_is_sum: bool = False
) -> str:
    """Draw a table; a sum in the last row is set off by a rule."""
    widths = [
        max(len(column.heading), *(len(row[index]) for row in rows)) if rows else len(column.heading)
        for index, column in enumerate(columns)
    ]
    rule = "  ".join("-" * width for width in widths)
    lines = [title, "", _line([one.heading for one in columns], columns, widths), rule]
    for number, row in enumerate(rows):
        if last_is_sum and number == len(rows) - 1:
            lines.append(rule)
        lines.append(_line(row, columns, widths))
    return "\n".join(line.rstrip() for line in lines)


def amount(value: Decimal | str | None) -> str:
    """Write an amount with thousands set off; what is not stated is a dash."""
    return "-" if value is None else f"{Decimal(value):,.2f}"


def count(value: int | None) -> str:
    """Write a count with thousands set off; what is not stated is a dash."""
    return "-" if value is None else f"{value:,}"


def plural(number: int, word: str) -> str:
    """Write a number with its word: 1 receipt, 2 receipts."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def paragraph(text: str, indent: int) -> str:
    """Break a text into lines of the page's width, all indented."""
    margin = " " * indent
    return textwrap.fill(text, PAGE_WIDTH, initial_indent=margin, subsequent_indent=margin)


def item(text: str) -> str:
    """Break an item of a list into lines of the page's width."""
    return textwrap.fill(text, PAGE_WIDTH, initial_indent="  - ", subsequent_indent="    ")


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    return "  ".join(
        cell.rjust(width) if column.figures else cell.ljust(width)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    )
