"""Amendments of a receipt as columns of its row: what people said of it, oldest first, and the figures its ledger goes by."""

from __future__ import annotations

import json
from collections.abc import Sequence

from shared.retail.amendment import Amendment, amended, amendment_from
from shared.retail.figures import figures_of, figures_text
from shared.retail.transaction import Transaction
from shared.storage.protocols import Row, Value

AMENDMENTS, LEDGER_FIGURES = "Amendments", "LedgerFigures"


def amendments_of(row: Row) -> list[Amendment]:
    """Read a receipt's amendments."""
    return [amendment_from(text) for text in json.loads(row.text(AMENDMENTS, "[]"))]


def amendments_text(every: Sequence[Amendment]) -> str:
    """Write amendments as a receipt's row has them."""
    return json.dumps([each.text for each in every])


def as_amended(row: Row, transaction: Transaction) -> Transaction:
    """Give what a row's document says as it counts."""
    return amended(transaction, amendments_of(row)) if AMENDMENTS in row.values else transaction


def amendment_values(row: Row, transaction: Transaction, one: Amendment) -> dict[str, Value | None]:
    """Give the columns of a receipt with one amendment more. transaction: what its document says."""
    every = [*amendments_of(row), one]
    figures = figures_of(amended(transaction, every))
    return {
        AMENDMENTS: amendments_text(every),
        LEDGER_FIGURES: figures_text(figures) if transaction.is_for_the_ledger else None,
    }
