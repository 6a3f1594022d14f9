"""The rows of one receipt put together as a canonical transaction's tree, each field with the row it came from.

A row adds what its cells say: a line where one of the line's own cells is filled, a tax to the last line, a tender, a
counted tender. The receipt's own cells may stand in any of its rows, and in several if they say the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any

from shared.pos.adapter import NAIVE_TIMES, PROBLEMS_MAX, SHAPE
from shared.pos.csv_columns import AMOUNT, COLUMNS, COUNT, EXTRA, FLAG, ID, INSTANT, Column, column_name
from shared.pos.csv_rows import Heading, Row
from shared.pos.json_tree import safe
from shared.retail.money import minor_unit
from shared.retail.rules import Problem

Part = tuple[str, ...]
Place = tuple[str | int, ...]
_PARTS: frozenset[Part] = frozenset(one.part for one in COLUMNS.values())
_NAMED_BY: Mapping[Part, str] = {("lines",): "line_number", ("voided_lines",): "line_number"}
_NUMBERED: Mapping[Part, str] = {**_NAMED_BY, ("tenders",): "tender_number"}
_THOUSANDTH = Decimal("0.001")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,16}")
_SHORTENED = re.compile(r"[0-9]([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_WITHOUT_ZONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?")
# 1.250 may be one and a quarter, or a thousand two hundred and fifty as half of Europe writes it.
_GROUPED = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")
_NO_MONEY = frozenset({"quantity", "unit_price", "rate", "base", "value"})
_OTHER_MONEY = frozenset({"fx", "counted"})  # of another currency than the receipt's
_BLANK_IN_INSTANT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:)")


@dataclass(slots=True)
class Built:
    """A receipt put together. rows_of: which row each entry and each cell came from, by its place in the tree.

    last, numbered: the entry of each list that was added last, and those that a number names. zones: whether the times
    carry their offset. grouped: cells of money whose dot may set thousands apart.
    """

    first_row: int
    tree: dict[str, Any] = field(default_factory=dict)
    rows_of: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    zones: set[bool] = field(default_factory=set)
    grouped: list[tuple[int, str, str]] = field(default_factory=list)
    last: dict[Part, tuple[Place, dict[str, Any]]] = field(default_factory=dict)
    numbered: dict[tuple[Part, object], tuple[Place, dict[str, Any]]] = field(default_factory=dict)

    def said_at(self, place: Place) -> str:
        """Say where a field of the tree stands in the file."""
        row = next(
            (self.rows_of[place[:size]] for size in range(len(place), 0, -1) if place[:size] in self.rows_of),
            self.first_row,
        )
        name = column_name(place)
        return f"row {row}, column {name}" if name else f"row {row}"

    def wrong(self, row: int, column: str, expected: str, found: str) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(SHAPE, f"row {row}, column {column}", expected, safe(found)))


def built(heading: Heading, rows: Sequence[Row]) -> Built:
    """Put the rows of one receipt together; what cannot be is among the problems."""
    receipt = Built(rows[0].number)
    for row in rows:
        filled = [
            (column, text) for column, text in zip(heading.columns, row.cells, strict=False) if text != ""
        ]
        filled.sort(key=lambda one: (len(one[0].part), one[0].part))
        parts = {one.part for one, _ in filled}
        for part, cells in groupby(filled, key=lambda one: one[0].part):
            if part:
                _add_entry(receipt, row.number, part, list(cells), parts)
            else:
                _say(receipt, row.number, list(cells))
    if len(receipt.zones) > 1:
        expected = "either all times of a receipt with their offset, or none"
        receipt.wrong(receipt.first_row, "completed_at", expected, "some with, some without")
    if True not in receipt.zones and False in receipt.zones:
        receipt.tree.setdefault(EXTRA, {})[NAIVE_TIMES] = True
    _refuse_thousands(receipt)
    _refuse_again(receipt, heading, rows)
    return receipt


def _refuse_again(receipt: Built, heading: Heading, rows: Sequence[Row]) -> None:
    """A receipt that was exported twice over balances as well as once; numbers alone tell it from equal lines, paid equally.

    Where nothing was paid, nothing tells the two apart: goods for nothing, an even exchange.
    """
    if "tenders" not in receipt.tree:
        return
    told = [(row, said) for row in rows if (said := _entries(heading, row))]
    entries = [said for _, said in told]
    for times in range(2, len(told) + 1):
        once, rest = divmod(len(told), times)
        if not rest and entries == entries[:once] * times:
            expected = "each row once (of equal lines that were paid equally: with line.line_number and tender.tender_number)"
            found = f"the same rows as from row {told[0][0].number} on"
            receipt.wrong(told[once][0].number, "transaction_id", expected, found)
            return


def _entries(heading: Heading, row: Row) -> tuple[tuple[str, object], ...]:
    """Give what a row adds to the receipt, numbers by their value."""
    return tuple(
        (column.name, _plain(column, text))
        for column, text in zip(heading.columns, row.cells, strict=False)
        if text and column.part
    )


def _plain(column: Column, text: str) -> object:
    if column.form not in (AMOUNT, COUNT):
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _refuse_thousands(receipt: Built) -> None:
    """Three digits behind a dot are read as such only where the currency has as many."""
    unit = minor_unit(str(receipt.tree.get("currency")))
    if unit != _THOUSANDTH:
        expected = f"an amount in whole {unit}, such as 1250.50: this may be a separator of thousands"
        for row, name, text in receipt.grouped:
            receipt.wrong(row, name, expected, text)


def _say(receipt: Built, row: int, cells: Sequence[tuple[Column, str]]) -> None:
    """Note what a row says of the receipt itself; said again, it must be the same."""
    for column, text in cells:
        place: Place = column.below
        value = _value(receipt, row, column, text)
        holder = _holder(receipt.tree, column.below)
        if column.leaf not in holder:
            holder[column.leaf] = value
            receipt.rows_of[place] = row
        elif holder[column.leaf] != value:
            expected = f"the same as in row {receipt.rows_of[place]}, or nothing"
            receipt.wrong(row, column.name, expected, text)


def _add_entry(
    receipt: Built, row: int, part: Part, cells: Sequence[tuple[Column, str]], parts: set[Part]
) -> None:
    """Add an entry to a list: to the receipt's, or to that of the entry it belongs to."""
    names_one = part in _NAMED_BY and [one.leaf for one, _ in cells] == [_NAMED_BY[part]]
    if names_one and any(one[: len(part)] == part and one != part for one in parts):
        _go_back_to(receipt, row, part, *cells[0])
        return
    upper = max((part[:size] for size in range(len(part)) if part[:size] in _PARTS), key=len)
    found = receipt.last.get(upper) if upper else ((), receipt.tree)
    if found is None:
        expected = f"a row of the {column_name((*upper, 0))} it belongs to, before it or the same"
        receipt.wrong(row, cells[0][0].name, expected, "none")
        return
    above, tree = found
    entries = _holder(tree, part[len(upper) :]).setdefault(part[-1], [])
    entry: dict[str, Any] = {}
    place: Place = (*above, *part[len(upper) :], len(entries))
    entries.append(entry)
    receipt.rows_of[place] = row
    receipt.last[part] = (place, entry)
    for column, text in cells:
        _holder(entry, column.below)[column.leaf] = _value(receipt, row, column, text)
    if part in _NUMBERED:
        number = entry.setdefault(_NUMBERED[part], len(entries))
        receipt.numbered.setdefault((part, number), (place, entry))


def _go_back_to(receipt: Built, row: int, part: Part, column: Column, text: str) -> None:
    """Let what follows in the row belong to the line of a number."""
    named = receipt.numbered.get((part, _value(receipt, row, column, text)))
    if named is None:
        receipt.last.pop(part, None)
        receipt.wrong(row, column.name, "the number of a line that stands above", text)
    else:
        receipt.last[part] = named


def _holder(tree: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """Give the object in which a path ends, making those on the way."""
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    return tree


def _value(receipt: Built, row: int, column: Column, text: str) -> object:
    """Give a cell as the canonical form has it; what fits no form stays as it is and is told by the model."""
    if column.form == COUNT:
        return int(text) if _WHOLE_NUMBER.fullmatch(text) else text
    if column.form == FLAG:
        return {"true": True, "false": False}.get(text.lower(), text)
    if column.form == INSTANT:
        has_zone = not _WITHOUT_ZONE.fullmatch(text)
        receipt.zones.add(has_zone)
        whole = _BLANK_IN_INSTANT.sub(r"\1T\2", text, count=1)
        return whole if has_zone else f"{whole}Z"
    if column.form == AMOUNT and "," in text:
        expected = "a decimal number with a dot and no separators of thousands, such as 1250.50"
        receipt.wrong(row, column.name, expected, text)
    if column.form == AMOUNT and _GROUPED.fullmatch(text) and _is_money(column):
        receipt.grouped.append((row, column.name, text))
    if column.form == ID and _SHORTENED.fullmatch(text):
        expected = "an identifier in full (a spreadsheet has shortened it: format the column as text)"
        receipt.wrong(row, column.name, expected, text)
    return text


def _is_money(column: Column) -> bool:
    return column.leaf not in _NO_MONEY and _OTHER_MONEY.isdisjoint((*column.part, *column.below))
