"""Mappings as CSV: reading with row-numbered errors, all or nothing, and writing so that no spreadsheet runs it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.errors import RejectedError
from shared.retail.mapping_checks import FORMULA_STARTS, value_problems
from shared.retail.mapping_kinds import EVERY_KIND as EVERY_KIND
from shared.retail.mapping_kinds import KINDS as KINDS
from shared.retail.mapping_kinds import READ_FROM_D365 as READ_FROM_D365
from shared.retail.mapping_kinds import MappingKind as MappingKind
from shared.retail.mapping_rows import ALWAYS, VALID_FROM

ROWS_MAX = 100_000
PROBLEMS_MAX = 1_000
LINE_CHARACTERS_MAX = 65_536
LINES_MAX = 4 * ROWS_MAX
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


class CsvLine(dict[str, str]):
    """One line of a file by column; `row` is where it stands, the heading being 1."""

    __slots__ = ("row",)

    def __init__(self, values: Mapping[str, str], row: int) -> None:
        super().__init__(values)
        self.row = row


@dataclass(frozen=True, slots=True)
class CsvProblem:
    """One mistake; `row` is the line in the file, the heading being 1."""

    row: int
    column: str
    expected: str
    found: str


def read_mapping_csv(kind: MappingKind, content: bytes) -> tuple[list[CsvLine], list[CsvProblem]]:
    """Read a CSV of one kind: its lines, or its mistakes with their row numbers, the first thousand. All or nothing is the
    caller's.

    Raises:
        RejectedError: the file as a whole cannot be read (encoding, heading).
    """
    text = _text_of(content)
    reader = csv.DictReader(_lines_of(text), strict=True)
    try:
        heading = list(reader.fieldnames or [])
    except csv.Error as error:
        expected, found = ", ".join(kind.all_columns), str(error)
        raise RejectedError(
            "the heading cannot be read", field="row 1", expected=expected, found=found
        ) from error
    unknown = [name for name in heading if name not in kind.all_columns]
    missing = [name for name in (*kind.key, *kind.required) if name not in heading]
    if unknown or missing or len(set(heading)) != len(heading):
        expected, found = ", ".join(kind.all_columns), ", ".join(heading)[:500] or "nothing"
        raise RejectedError("the heading does not fit", field="row 1", expected=expected, found=found)
    lines, problems = _read_lines(kind, reader)
    if lines and not text.endswith(("\n", "\r")):
        expected = "a line end after the last row: without one the file may have been cut off"
        problems.append(CsvProblem(reader.line_num, "", expected, "the end of the file"))
    return lines, problems


def _text_of(content: bytes) -> str:
    """Decode a file; what is no UTF-8 is told by its row, and by what it most likely is."""
    if content.startswith(_BYTE_ORDER_MARKS):
        expected = "UTF-8 text (in a spreadsheet: save as CSV UTF-8)"
        raise RejectedError("the file is not UTF-8", field="row 1", expected=expected, found="UTF-16 text")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row, byte = content.count(b"\n", 0, error.start) + 1, content[error.start : error.start + 1]
        cut_off = "; the file may have been cut off" if error.end >= len(content) else ""
        found = f"the byte {byte.hex()}, {byte.decode('cp1252', 'replace')!r} in Windows-1252{cut_off}"
        expected = "UTF-8 text (in a spreadsheet: save as CSV UTF-8)"
        raise RejectedError(
            "the file is not UTF-8", field=f"row {row}", expected=expected, found=found
        ) from error
    if "\x00" in text:
        expected = "UTF-8 text"
        raise RejectedError("the file holds zero bytes", field="file", expected=expected, found="a zero byte")
    return text


def _lines_of(text: str) -> Iterator[str]:
    """Give a text line by line; one that is far longer than any row, or one too many, ends the reading."""
    for number, match in enumerate(_LINE.finditer(text)):
        if match.end() - match.start() > LINE_CHARACTERS_MAX:
            raise csv.Error(f"a line of over {LINE_CHARACTERS_MAX} characters")
        if number >= LINES_MAX:
            raise csv.Error(f"over {LINES_MAX} lines")
        yield match[0]


def _read_lines(kind: MappingKind, reader: csv.DictReader[str]) -> tuple[list[CsvLine], list[CsvProblem]]:
    lines: list[CsvLine] = []
    problems: list[CsvProblem] = []
    twice = _Twice(kind)
    try:
        for cells in reader:
            if len(lines) >= ROWS_MAX or len(problems) >= PROBLEMS_MAX:
                what = f"at most {ROWS_MAX} rows" if len(lines) >= ROWS_MAX else "fewer mistakes to read on"
                problems.append(CsvProblem(reader.line_num, "", what, "more"))
                break
            if None in cells or any(value is None for value in cells.values()):
                expected = f"{len(reader.fieldnames or ())} columns"
                problems.append(CsvProblem(reader.line_num, "", expected, "another count"))
                continue
            line = _line(cells, reader.line_num)
            problems += [CsvProblem(line.row, *one) for one in value_problems(kind, line)]
            problems += twice.with_line(line)
            lines.append(line)
    except csv.Error as error:
        row = reader.line_num + 1  # where the row begins that could not be read
        problems.append(CsvProblem(row, "", "a well-formed CSV row", str(error)))
    return lines, problems


def _line(cells: Mapping[str, str], row: int) -> CsvLine:
    line = CsvLine({name: _without_quote(value.strip()) for name, value in cells.items()}, row)
    if "legal_entity" in line:  # D365 writes companies in small letters, whatever was typed
        line["legal_entity"] = line["legal_entity"].lower()
    return line


class _Twice:
    """Finds in one file what may be there once: a key with one beginning."""

    def __init__(self, kind: MappingKind) -> None:
        self._kind = kind
        self._seen: dict[tuple[str, ...], int] = {}

    def with_line(self, line: CsvLine) -> Iterator[CsvProblem]:
        key = tuple(line[name] for name in self._kind.key)
        begins = (*key, line.get(VALID_FROM, ""))
        if begins in self._seen:
            names, also = ", ".join(self._kind.key), self._seen[begins]
            yield CsvProblem(line.row, names, f"once; also in row {also}", str(key)[:200])
        self._seen[begins] = line.row


def write_mapping_csv(kind: MappingKind, rows: Sequence[Mapping[str, str]]) -> str:
    """Write rows of one kind as CSV, sorted by key and beginning; what a spreadsheet would run as a formula gets a quote.

    Their dates are written where they have them; a row without a beginning then says that it counts always.
    """
    columns = kind.all_columns if any(VALID_FROM in row for row in rows) else (*kind.key, *kind.columns)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in sorted(rows, key=lambda one: tuple(one.get(name, "") for name in (*kind.key, VALID_FROM))):
        told = {**row, VALID_FROM: row.get(VALID_FROM) or ALWAYS}
        writer.writerow([_safe_cell(told.get(name, "")) for name in columns])
    return out.getvalue()


def _without_quote(value: str) -> str:
    """Take off the quote that writing put before a value a spreadsheet would run."""
    return value[1:] if value.startswith("'-") else value


def _safe_cell(value: str) -> str:
    return f"'{value}" if value.startswith((*FORMULA_STARTS, "-")) else value
