"""Mappings as CSV: what each kind's columns are, reading with row-numbered errors, and writing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from shared.errors import RejectedError
from shared.retail import reference
from shared.retail.business_day import closing_hour, store_zone
from shared.retail.calendar import calendar_problems
from shared.retail.late import MONTH_END, POLICIES
from shared.retail.ledger import LEDGER_ACCOUNTS, NAMED_BY_FINANCE

ROWS_MAX = 100_000
_FORMULA_STARTS = ("=", "+", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class MappingKind:
    """One kind of mapping: its key columns, its other columns, and which may not be empty.

    lengths: the longest value D365 takes, by column (D365 facts §2.1).
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    required: tuple[str, ...]
    lengths: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CsvProblem:
    """One mistake; `row` is the line in the file, the heading being 1."""

    row: int
    column: str
    expected: str
    found: str


KINDS: Mapping[str, MappingKind] = {
    kind.name: kind
    for kind in (
        MappingKind(
            "stores", ("store",),
            ("legal_entity", "store_number", "operating_unit", "channel_id", "warehouse", "site", "tax_group", "currency",
             "prices_include_tax", "time_zone", "closing_time", "customer_account", "account", "rounding_limit",
             "quarantine_warehouse", "scrap_warehouse", "no_receipt_limit", "grace_minutes"),
            ("legal_entity", "store_number", "operating_unit", "currency", "time_zone", "account"),
            {"legal_entity": 4, "store_number": 10, "warehouse": 10, "site": 10, "tax_group": 10, "currency": 3,
             "quarantine_warehouse": 10, "scrap_warehouse": 10},
        ),
        MappingKind("terminals", ("store", "terminal"), ("register",), ("register",), {"register": 10}),
        MappingKind("tenders", ("store", "tender"), ("payment_method",), ("payment_method",), {"payment_method": 10}),
        MappingKind(
            "taxes", ("code",), ("tax_code", "item_tax_group"), ("item_tax_group",),
            {"tax_code": 10, "item_tax_group": 10},
        ),
        MappingKind("items", ("item",), ("item_number", "unit"), ("item_number",), {"item_number": 20, "unit": 10}),
        MappingKind(
            "reasons", ("reason",), ("account_number", "account_type"), ("account_number", "account_type"), {}
        ),
        MappingKind("dispositions", ("disposition",), ("effect",), ("effect",), {}),
        MappingKind(LEDGER_ACCOUNTS, ("legal_entity", "what", "code"), ("account",), ("account",), {"legal_entity": 4}),
        MappingKind(MONTH_END, ("legal_entity",), ("late_receipts",), ("late_receipts",), {"legal_entity": 4}),
        MappingKind("calendars", ("store", "day"), ("opens", "closes", "silent_minutes", "note"), (), {}),
    )
}  # fmt: skip
# What the app imports from D365 by itself; people may read it, and change it in D365 only.
READ_FROM_D365: Mapping[str, MappingKind] = {
    kind: MappingKind(
        kind, reference.KEYS[kind], tuple(one for one in columns if one not in reference.KEYS[kind]), (), {}
    )
    for kind, columns in reference.COLUMNS.items()
}
# What a person declares by itself; what follows from it is more than a row.
DECLARED: Mapping[str, MappingKind] = {
    "till_generations": MappingKind(
        "till_generations", ("store", "terminal", "generation"), ("business_day", "since", "taken_back"),
        ("business_day", "since"), {},
    )
}  # fmt: skip
EVERY_KIND: Mapping[str, MappingKind] = {**KINDS, **READ_FROM_D365, **DECLARED}
_STORE = re.compile(r"[A-Za-z0-9_.\-]{1,60}")
GRACE_MINUTES_MAX = 24 * 60
EFFECTS = ("resaleable", "quarantine", "none")


def read_mapping_csv(kind: MappingKind, content: bytes) -> tuple[list[dict[str, str]], list[CsvProblem]]:
    """Read a CSV of one kind: the rows, or every mistake in it with its row number. All or nothing is the caller's.

    Raises:
        RejectedError: the file as a whole cannot be read (encoding, heading, size).
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RejectedError(
            "the file is not UTF-8",
            field=f"byte {error.start}",
            expected="UTF-8 text",
            found=repr(content[error.start]),
        ) from error
    if "\x00" in text:
        raise RejectedError(
            "the file holds zero bytes", field="file", expected="UTF-8 text", found="a zero byte"
        )
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    columns = (*kind.key, *kind.columns)
    try:
        heading = list(reader.fieldnames or [])
    except csv.Error as error:
        found = str(error)
        raise RejectedError(
            "the heading cannot be read", field="row 1", expected=", ".join(columns), found=found
        ) from error
    unknown = [name for name in heading if name not in columns]
    missing = [name for name in (*kind.key, *kind.required) if name not in heading]
    if unknown or missing or len(set(heading)) != len(heading):
        raise RejectedError(
            "the heading does not fit",
            field="row 1",
            expected=", ".join(columns),
            found=", ".join(heading) or "nothing",
        )
    return _read_rows(kind, reader)


def _read_rows(
    kind: MappingKind, reader: csv.DictReader[str]
) -> tuple[list[dict[str, str]], list[CsvProblem]]:
    rows: list[dict[str, str]] = []
    problems: list[CsvProblem] = []
    seen: dict[tuple[str, ...], int] = {}
    registers: dict[str, int] = {}
    try:
        for row in reader:
            if len(rows) >= ROWS_MAX:
                problems.append(CsvProblem(reader.line_num, "", f"at most {ROWS_MAX} rows", "more"))
                break
            if None in row or any(value is None for value in row.values()):
                problems.append(
                    CsvProblem(
                        reader.line_num, "", f"{len(reader.fieldnames or ())} columns", "another count"
                    )
                )
                continue
            values = {name: _without_quote(value.strip()) for name, value in row.items()}
            if "legal_entity" in values:  # D365 writes companies in small letters, whatever was typed
                values["legal_entity"] = values["legal_entity"].lower()
            problems += _row_problems(kind, values, reader.line_num)
            key = tuple(values[name] for name in kind.key)
            if key in seen:
                problems.append(
                    CsvProblem(
                        reader.line_num, ", ".join(kind.key), f"once; also in row {seen[key]}", str(key)
                    )
                )
            seen[key] = reader.line_num
            register = values.get("register", "")
            if register in registers:  # a register is unique in D365: two tills on one would share its shifts
                problems.append(
                    CsvProblem(
                        reader.line_num, "register", f"once; also in row {registers[register]}", register
                    )
                )
            if register:
                registers[register] = reader.line_num
            rows.append(values)
    except csv.Error as error:
        problems.append(CsvProblem(reader.line_num, "", "a well-formed CSV row", str(error)))
    return rows, problems


def _row_problems(kind: MappingKind, values: Mapping[str, str], row: int) -> Iterable[CsvProblem]:
    for name in (*kind.key, *kind.required):
        if not values.get(name):
            yield CsvProblem(row, name, "a value", "nothing")
    for name, value in values.items():
        if len(value) > kind.lengths.get(name, 120):
            yield CsvProblem(row, name, f"at most {kind.lengths.get(name, 120)} characters", value[:130])
        if value.startswith(_FORMULA_STARTS):
            yield CsvProblem(row, name, "no formula", value[:40])
    store = values.get("store", "")
    if store and store != "*" and not _STORE.fullmatch(store):
        yield CsvProblem(row, "store", "letters, digits, dots, dashes and underscores", store[:80])
    yield from _value_problems(kind, values, row)


def _value_problems(kind: MappingKind, values: Mapping[str, str], row: int) -> Iterable[CsvProblem]:
    if kind.name == "dispositions" and values["effect"] not in EFFECTS:
        yield CsvProblem(row, "effect", " or ".join(EFFECTS), values["effect"])
    for name, column, known in (
        (LEDGER_ACCOUNTS, "what", NAMED_BY_FINANCE),
        (MONTH_END, "late_receipts", POLICIES),
    ):
        if kind.name == name and values.get(column) not in known:
            yield CsvProblem(row, column, " or ".join(known), values.get(column, ""))
    if kind.name == "calendars":
        for column, expected, found in calendar_problems(values):
            yield CsvProblem(row, column, expected, found[:80])
    if kind.name == "stores":
        yield from _store_problems(values, row)


def _store_problems(values: Mapping[str, str], row: int) -> Iterable[CsvProblem]:
    for name, check in (("time_zone", store_zone), ("closing_time", closing_hour)):
        try:
            check(values.get(name) or "00:00")
        except RejectedError as error:
            yield CsvProblem(row, name, error.expected, error.found)
    grace = values.get("grace_minutes", "")
    if grace and not (grace.isascii() and grace.isdecimal() and int(grace) <= GRACE_MINUTES_MAX):
        yield CsvProblem(row, "grace_minutes", f"minutes from 0 to {GRACE_MINUTES_MAX}", grace)
    for name, below, example in (("rounding_limit", 1_000, "0.05"), ("no_receipt_limit", 1_000_000, "50.00")):
        limit = values.get(name, "")
        try:
            if limit and not 0 <= Decimal(limit) < below:
                yield CsvProblem(row, name, f"an amount from 0 to {below - 1}.99", limit)
        except InvalidOperation:
            yield CsvProblem(row, name, f"an amount such as {example}", limit)
    own = values.get("warehouse", "")
    for name in ("quarantine_warehouse", "scrap_warehouse"):
        if own and values.get(name) == own:
            yield CsvProblem(row, name, "another warehouse than the store's own", own)


def write_mapping_csv(kind: MappingKind, rows: Iterable[Mapping[str, str]]) -> str:
    """Write rows of one kind as CSV, sorted by key; a value that a spreadsheet would run as a formula gets a quote."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    columns = (*kind.key, *kind.columns)
    writer.writerow(columns)
    for row in sorted(rows, key=lambda one: tuple(one.get(name, "") for name in kind.key)):
        writer.writerow([_safe_cell(row.get(name, "")) for name in columns])
    return out.getvalue()


def _without_quote(value: str) -> str:
    """Take off the quote that writing put before a value a spreadsheet would run."""
    return value[1:] if value.startswith("'-") else value


def _safe_cell(value: str) -> str:
    return f"'{value}" if value.startswith((*_FORMULA_STARTS, "-")) else value
