"""Reversals and replacements as rows: new receipts that keep the original's document and name it.

Columns of a correction: Correction ("reversal" or "replacement"), ReversalOf or ReplacementOf, where the original's day
row is, the day its codes are looked up for, and who decided. Of an original: ReversedBy, ReplacedBy.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime

from shared.retail.completeness import Decision
from shared.retail.figures import figures_from, figures_text
from shared.retail.identity import content_hash, d365_transaction_number
from shared.retail.mapped import D365Key
from shared.retail.money import money_text
from shared.retail.reversal import REPLACEMENT, REVERSAL, correction_id, turned
from shared.retail.status import Status
from shared.retail.transaction import Transaction
from shared.storage.amendments import AMENDMENTS, LEDGER_FIGURES
from shared.storage.erasures import carried
from shared.storage.protocols import Row, Value
from shared.storage.receipts import advanced, document_of, receipt_rows

CORRECTION = "Correction"


@dataclass(frozen=True, slots=True)
class Correction:
    """What is written for one original: new rows, identity and day row in turn, and the original's two, marked."""

    new: tuple[Row, ...]
    marked: tuple[Row, ...]
    reversal: str
    replacement: str | None


def correction_of(
    original: Row,
    identity: Row,
    transaction: Transaction,
    day: date,
    decided: Decision,
    *,
    with_replacement: bool,
    came_back: Collection[int] = (),
) -> Correction:
    """Build everything a reversal writes. The same original gives the same ids, whenever and how often it is asked.

    original, identity: its rows as they stand, posted. transaction: its kept document, under the id of its row. day: the
    business day both corrections count for. came_back: lines of which goods have come back by other receipts.
    """
    at = datetime.fromisoformat(decided.at)
    reversal, replacement = (
        correction_id(transaction.transaction_id, what) for what in (REVERSAL, REPLACEMENT)
    )
    back = turned(transaction, reversal)
    identity_row, row = _reversal_rows(original, back, day, at, decided)
    row = row.with_values(
        Replaced=True if with_replacement else None,
        CameBack=json.dumps(sorted(came_back)) if came_back else None,
    )
    rows: tuple[Row, ...] = (identity_row, row)
    marks: dict[str, Value] = {"ReversedBy": reversal}
    if with_replacement:
        again = replace(transaction, transaction_id=replacement, sequence_number=None, revision=None)
        rows = (*rows, *_rows(original, again, REPLACEMENT, day, at, decided))
        marks["ReplacedBy"] = replacement
    marked = (original.with_values(**marks), identity.with_values(**marks))
    return Correction(rows, marked, reversal, replacement if with_replacement else None)


def _reversal_rows(
    original: Row, back: Transaction, day: date, at: datetime, decided: Decision
) -> tuple[Row, Row]:
    """Build a reversal's rows. It is mapped from the start: as the original was, under a key of its own."""
    identity, row = _rows(original, back, REVERSAL, day, at, decided)
    figures = -figures_from(original.text("Figures"))
    row = row.with_values(
        MappingVersion=original.number("MappingVersion"),
        D365Rows=original.number("D365Rows", 1),
        LegalEntity=original.text("LegalEntity"),
        OperatingUnit=original.text("OperatingUnit"),
        Register=original.text("Register"),
        D365Number=d365_transaction_number(back.account, back.transaction_id),
        Figures=figures_text(figures) if "Figures" in original.values else None,
        Total=money_text(figures.total, back.currency),
        LedgerFigures=_turned_figures(original),
    )
    note = f"as {original.text('TransactionId')} was, with mappings {original.number('MappingVersion')}"
    return identity, advanced(row, Status.MAPPED, at, note)


def _turned_figures(original: Row) -> str | None:
    """Give what an amended original's ledger goes by, turned."""
    text = original.text(LEDGER_FIGURES)
    return figures_text(-figures_from(text)) if text else None


def _rows(
    original: Row, transaction: Transaction, what: str, day: date, at: datetime, decided: Decision
) -> tuple[Row, Row]:
    """Build identity and day row of a correction, its document the original's, byte for byte."""
    identity, row = receipt_rows(
        transaction, day=day, document=document_of(original), adapter=original.text("Adapter"),
        content_hash=content_hash(transaction), received_at=at,
    )  # fmt: skip
    identity, row = carried(original, identity, row)
    named: dict[str, Value] = {
        CORRECTION: what,
        "ReversalOf" if what == REVERSAL else "ReplacementOf": original.text("TransactionId"),
        "OriginalKey": original.key,
        "OriginalNumber": original.text("D365Number"),
        "MappedForDay": original.text("MappedForDay") or original.text("BusinessDay"),
        "Shift": original.text("Shift"),
        "ShiftNumber": original.number("ShiftNumber"),
        "DecidedBy": decided.by,
        "DecidedAs": decided.role,
        "DecidedWhy": decided.reason,
        "DecidedAt": decided.at,
    }
    named |= {one: original.values[one] for one in (AMENDMENTS, LEDGER_FIGURES) if one in original.values}
    history = (
        f"{row.text('History')}: {what} of {original.text('TransactionId')} by {decided.by}: {decided.reason}"
    )
    return identity, row.with_values(**named, History=history)


def mapped_for_day(row: Row) -> date:
    """Give the day whose mappings a receipt is mapped with: its own, or, of a correction, the original's."""
    return date.fromisoformat(row.text("MappedForDay") or row.text("BusinessDay"))


def version_of(row: Row, newest: int) -> int:
    """Give the mapping version a receipt is mapped with: the newest, but for a reversal and what it reverses the kept one.

    What D365 lost and gets again must still add up to nothing, whatever is mapped otherwise since.
    """
    is_fixed = row.text(CORRECTION) == REVERSAL or bool(row.text("ReversedBy"))
    return row.number("MappingVersion", newest) if is_fixed else newest


def original_key_of(row: Row) -> D365Key:
    """Give the D365 key of what a reversal reverses: the same store and register, its own number."""
    names = ("LegalEntity", "OperatingUnit", "Register", "OriginalNumber")
    return D365Key(*(row.text(name) for name in names))


def came_back_of(row: Row) -> frozenset[int]:
    """Give the lines of a reversal that go back without a link."""
    return frozenset(json.loads(row.text("CameBack", "[]")))
