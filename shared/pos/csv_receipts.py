"""Reads receipts as CSV, for tills and exports that write rows and no JSON: the canonical transaction, a column a field.

What is kept of a receipt is the heading and its own rows, as sent, unless something in them had to be masked. A cell that
a spreadsheet would run as a formula is a text like any other here; whoever gives it out again takes care of that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from shared.pos.adapter import (
    PROBLEMS_MAX,
    SHAPE,
    Arrival,
    arrived,
    refuse_groups,
    refuse_large_body,
    rejected,
    unreadable,
)
from shared.pos.canonical import IDENTIFIERS, expected_in, found_in
from shared.pos.canonical_model import TransactionModel, transaction_from
from shared.pos.csv_columns import EXTRA, Column
from shared.pos.csv_rows import Group, Heading, Row, groups_of, written
from shared.pos.csv_tree import Built, built
from shared.pos.json_tree import safe
from shared.pos.masking import masked_tree
from shared.retail.rules import Problem
from shared.retail.transaction import Transaction

_SHORTEST, _SHORTEST_CARD = 7, 13  # "CVV 123"


class CsvAdapter:
    """The CSV of POST /api/pos/csv."""

    name = "csv"
    version = 1

    def read(self, body: bytes, account: str) -> list[Arrival]:
        """Read a heading and the rows of 1 to 500 receipts; what is wrong with one is in its own arrival.

        Raises:
            RejectedError: no UTF-8, no such heading, a row that is no CSV, no receipts, over 500 or over 16 MiB.
        """
        refuse_large_body(body)
        grouped = 0
        heading, groups = groups_of(body)
        arrivals: list[Arrival] = []
        ended: dict[tuple[str, str], tuple[int, int]] = {}
        for index, group in enumerate(groups):
            grouped = refuse_groups(_searched(heading, group.rows), grouped)
            known = ended.setdefault(group.key, (index, group.rows[-1].number))
            if known[0] == index or not group.transaction_id:
                arrivals.append(_arrival(heading, group, account))
                continue
            apart = _apart(group, known[1])
            group.problems.append(apart)
            arrivals.append(_arrival(heading, group, account))
            first = arrivals[known[0]]
            arrivals[known[0]] = unreadable(
                first.document,
                [*first.problems, apart],
                store=first.store,
                transaction_id=first.transaction_id,
            )
        return arrivals

    def read_document(self, document: bytes, account: str) -> Transaction:
        """Read one kept receipt again.

        Raises:
            RejectedError: it cannot be read; names the first row and column at fault.
        """
        first, *others = self.read(document, account)
        if others:
            raise rejected(Problem(SHAPE, "body", "the rows of one receipt", f"those of {len(others) + 1}"))
        if first.transaction is None:
            raise rejected(first.problems[0])
        return first.transaction

    def id_in(self, transaction_id: str, generation: int) -> str:
        """Give the id with the till's generation behind it; the sender's own ids are its own."""
        return f"{transaction_id}#{generation}"


def _apart(group: Group, ended_in: int) -> Problem:
    """Say that a receipt's rows stand apart: neither piece is read, for either might balance by itself."""
    row, expected = (
        group.rows[0].number,
        f"the rows of a receipt together; this one's had ended in row {ended_in}",
    )
    return Problem(SHAPE, f"row {row}, column transaction_id", expected, safe(group.transaction_id))


def _arrival(heading: Heading, group: Group, account: str) -> Arrival:
    rows, is_masked = _masked(heading, group.rows)
    if is_masked:
        document = written(heading, [one.cells for one in rows])
    else:
        document = "".join((heading.text, *(one.text for one in rows)))
    receipt = built(heading, rows)
    store, transaction_id = _told(receipt, "store"), _told(receipt, "transaction_id")
    problems = [*group.problems, *receipt.problems]
    try:
        model = TransactionModel.model_validate(receipt.tree)
    except ValidationError as error:
        told = {one.field for one in problems}
        problems += [one for one in _problems(receipt, error) if one.field not in told]
    else:
        if not problems:
            return arrived(document.encode(), transaction_from(model, account))
    return unreadable(document.encode(), problems, store=store, transaction_id=transaction_id)


def _masked(heading: Heading, rows: list[Row]) -> tuple[list[Row], bool]:
    """Mask every cell by its column's name; the rows come back as they were where there is nothing to mask."""
    masked, is_masked = [], False
    for row in rows:
        cells = [
            _masked_cell(heading.columns[place], text) if text and place < len(heading.columns) else ""
            for place, text in enumerate(row.cells)
        ]
        changed = cells != row.cells
        is_masked = is_masked or changed
        masked.append(Row(row.number, cells, row.text) if changed else row)
    return masked, is_masked


def _searched(heading: Heading, rows: list[Row]) -> bytes:
    """Give the cells that are searched for cards; typed identifiers are not, and stand in every row of a receipt."""
    return "\n".join(
        text
        for row in rows
        for column, text in zip(heading.columns, row.cells, strict=False)
        if len(text) >= _SHORTEST_CARD and (column.is_own or column.leaf not in IDENTIFIERS)
    ).encode()


def _masked_cell(column: Column, text: str) -> str:
    if (
        len(text) < _SHORTEST and "@" not in text and not column.is_own
    ):  # too short for a card and for a code; no name of ours is a person's
        return text
    tree: Any = {column.leaf: text}
    if column.is_own:
        (found,) = masked_tree({EXTRA: tree}, IDENTIFIERS)[EXTRA].values()  # type: ignore[index]
    else:
        (found,) = masked_tree(tree, IDENTIFIERS).values()  # type: ignore[attr-defined]
    return str(found)


def _told(receipt: Built, name: str) -> str:
    found = receipt.tree.get(name)
    return found[:200] if isinstance(found, str) and found.isprintable() else ""


def _problems(receipt: Built, error: ValidationError) -> Iterator[Problem]:
    for details in error.errors(include_url=False)[:PROBLEMS_MAX]:
        found = found_in(details)
        yield Problem(
            SHAPE, receipt.said_at(details["loc"]), expected_in(details), safe(found) or "an empty text"
        )
