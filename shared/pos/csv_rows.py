"""Rows of a CSV (RFC 4180, comma or semicolon) cut into receipts: which rows belong together, each as it was sent.

One receipt at a time, so that a file full of separators takes no more memory than its largest receipt.
"""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.pos.adapter import PROBLEMS_MAX, SHAPE, TRANSACTIONS_MAX, rejected
from shared.pos.csv_columns import COLUMNS_MAX, NEEDED, Column, column_named
from shared.pos.json_tree import safe
from shared.pos.masking import masked_text
from shared.retail.rules import Problem

LINE_CHARACTERS_MAX = 100_000
RECEIPT_CHARACTERS_MAX = 512 * 1024
ROWS_MAX = 100_000  # of a file, the blank ones included
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++\Z")
_BYTES_A_SIGN = 4
_WHOLE_FILE = "UTF-8 text, with or without a byte order mark (in a spreadsheet: save as CSV UTF-8)"


@dataclass(slots=True)
class Row:
    """One row: where it stands in the file (the heading is row 1), its cells, and its characters as sent."""

    number: int
    cells: list[str]
    text: str


@dataclass(slots=True)
class Group:
    """The rows of one receipt. problems: what is wrong with how they stand in the file."""

    store: str
    transaction_id: str
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    characters: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return self.store, self.transaction_id


@dataclass(frozen=True, slots=True)
class Heading:
    """The first row: its characters as sent, the columns in their order, and what separates cells."""

    text: str
    columns: tuple[Column, ...]
    separator: str

    def place_of(self, name: str) -> int:
        return next(index for index, one in enumerate(self.columns) if one.name == name)


def groups_of(body: bytes) -> tuple[Heading, Iterator[Group]]:
    """Cut a file into its heading and the rows of each receipt, in the order sent.

    Raises:
        RejectedError: it is no such file; while reading on, also that a row is not well formed, that there are no
            receipts, or more than 500.
    """
    _refuse_no_text(body)
    lines = _lines_of(body)
    heading = _heading_of(next(lines, ""))
    if not body.endswith((b"\n", b"\r")):
        expected = "a line end after the last row: without one the file may have been cut off"
        raise rejected(Problem(SHAPE, "the last row", expected, "the end of the file"))
    return heading, _groups(heading, _rows_of(heading, lines))


def _refuse_no_text(body: bytes) -> None:
    if body.startswith(_UTF_16):
        raise rejected(Problem(SHAPE, "body", _WHOLE_FILE, "UTF-16 text"))
    if b"\x00" in body:
        raise rejected(Problem(SHAPE, "body", _WHOLE_FILE, "a zero byte"))


def _lines_of(body: bytes) -> Iterator[str]:
    """Give each line with its end, as sent. Nothing but line feed and carriage return ends one.

    Read line by line: one sign beyond the plane makes four bytes of every other in the same text.
    """
    begin = len(BOM_UTF8) if body.startswith(BOM_UTF8) else 0
    for number, match in enumerate(_LINE.finditer(body, begin), start=1):
        is_far_too_long = match.end() - match.start() > LINE_CHARACTERS_MAX * _BYTES_A_SIGN
        line = "" if is_far_too_long else _text_of(match[0], number)
        if is_far_too_long or len(line) > LINE_CHARACTERS_MAX:
            expected = f"lines of at most {LINE_CHARACTERS_MAX} characters"
            raise rejected(Problem(SHAPE, "body", expected, "more"))
        yield line


def _text_of(line: bytes, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        found = f"the byte {line[error.start]:02x}"
        raise rejected(Problem(SHAPE, f"row {number}", _WHOLE_FILE, found)) from error


def _heading_of(line: str) -> Heading:
    separator = ";" if line.count(";") > line.count(",") else ","
    try:
        names = [one.strip() for one in next(csv.reader([line], delimiter=separator, strict=True), [])]
    except csv.Error as error:
        raise rejected(Problem(SHAPE, "row 1", "the names of the columns", safe(error))) from error
    if len(names) > COLUMNS_MAX:
        raise rejected(Problem(SHAPE, "row 1", f"at most {COLUMNS_MAX} columns", str(len(names))))
    columns = []
    for number, name in enumerate(names, start=1):
        one = column_named(name)
        if one is None or masked_text(name, free=True) != name:
            expected = "a column's name, such as transaction_id, line.item, tender.amount or extra.lane"
            raise rejected(Problem(SHAPE, f"row 1, column {number}", expected, safe(name) or "an empty name"))
        columns.append(one)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise rejected(Problem(SHAPE, "row 1", "each column once", f"{twice} twice"))
    missing = [name for name in NEEDED if name not in names]
    if missing:
        expected = f"the columns {', '.join(NEEDED)}"
        raise rejected(Problem(SHAPE, "row 1", expected, f"no {', '.join(missing)}"))
    return Heading(line, tuple(columns), separator)


def _rows_of(heading: Heading, lines: Iterator[str]) -> Iterator[Row]:
    """Give every row that has something in a cell; blank ones count, as a spreadsheet counts them."""
    taken: list[str] = []

    def heard() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    reader = csv.reader(heard(), delimiter=heading.separator, strict=True)
    number = 1
    while True:
        number += 1
        taken.clear()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            where, expected = f"row {number}", "a well-formed CSV row (RFC 4180)"
            raise rejected(Problem(SHAPE, where, expected, safe(error))) from error
        if cells is None:
            return
        if number > ROWS_MAX + 1:
            raise rejected(Problem(SHAPE, f"row {number}", f"at most {ROWS_MAX} rows", "more"))
        if any(cells):
            if len(taken) > 1:
                _refuse_open_quote(heading, number, cells)
            yield Row(number, cells, "".join(taken))


def _refuse_open_quote(heading: Heading, number: int, cells: list[str]) -> None:
    """A cell may have several lines. One that holds as many separators as a row does is a quote that somebody forgot: the rows
    in it, receipts among them, would be a text, and what is left would be read with another row's amounts.
    """
    whole = len(heading.columns) - 1
    for cell in cells:
        is_several = "\n" in cell or "\r" in cell
        if is_several and (len(cells) != whole + 1 or cell.count(heading.separator) >= whole):
            expected, found = "each quote closed in its own row", "a cell that takes in the rows after it"
            raise rejected(Problem(SHAPE, f"row {number}", expected, found))


def _groups(heading: Heading, rows: Iterator[Row]) -> Iterator[Group]:
    store_at, id_at = heading.place_of("store"), heading.place_of("transaction_id")
    group: Group | None = None
    count = 0
    for row in rows:
        is_whole = len(row.cells) == len(heading.columns)
        wrong = None if is_whole else _miscounted(heading, row)
        store = row.cells[store_at] if store_at < len(row.cells) else ""
        transaction_id = row.cells[id_at] if id_at < len(row.cells) else ""
        if (
            group is None
            or transaction_id not in ("", group.transaction_id)
            or store not in ("", group.store)
        ):
            if group is not None:
                if wrong is not None:  # it may have been this receipt's: better none of it than half
                    group.problems.append(wrong)
                yield group
            count += 1
            if count > TRANSACTIONS_MAX:
                raise rejected(Problem(SHAPE, "body", f"at most {TRANSACTIONS_MAX} receipts", "more"))
            group = Group(store, transaction_id)
        _add(group, row, wrong)
    if group is None:
        raise rejected(Problem(SHAPE, "body", f"1 to {TRANSACTIONS_MAX} receipts", "none"))
    yield group


def _miscounted(heading: Heading, row: Row) -> Problem:
    expected = f"{len(heading.columns)} cells, as the heading has"
    return Problem(SHAPE, f"row {row.number}", expected, str(len(row.cells)))


def _add(group: Group, row: Row, wrong: Problem | None) -> None:
    if wrong is not None and len(group.problems) < PROBLEMS_MAX:
        group.problems.append(wrong)
    group.characters += len(row.text)
    if group.characters > RECEIPT_CHARACTERS_MAX:
        expected = f"a receipt of at most {RECEIPT_CHARACTERS_MAX} characters"
        raise rejected(Problem(SHAPE, f"row {row.number}", expected, "more"))
    group.rows.append(row)


def written(heading: Heading, rows: list[list[str]]) -> str:
    """Write rows again under the same heading."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=heading.separator).writerows(rows)
    return heading.text + out.getvalue()
