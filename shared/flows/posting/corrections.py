"""Map a reversal or a replacement from its original's kept document: one with the original's figures and key, one anew."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from shared.retail.mapped import MappedTransaction
from shared.retail.reversal import REPLACEMENT, REVERSAL, replacement_of, reversal_of, with_replaced_originals
from shared.retail.shift import Shift
from shared.retail.transaction import Transaction
from shared.services import Services
from shared.storage.corrections import CORRECTION, came_back_of, original_key_of
from shared.storage.protocols import Row
from shared.storage.receipts import POSTS_ON, d365_day, identity_key, key_of

REPLACED_MAX = 20  # a receipt replaced more often than this is followed no further


def corrected(row: Row, mapped: MappedTransaction) -> MappedTransaction:
    """Give a receipt as its row says it goes out: a correction as that, and what came late on the day it is posted on."""
    mapped = _corrected(row, mapped)
    return replace(mapped, business_day=d365_day(row)) if row.text(POSTS_ON) else mapped


def _corrected(row: Row, mapped: MappedTransaction) -> MappedTransaction:
    what, day = row.text(CORRECTION), date.fromisoformat(row.text("BusinessDay"))
    if not what:
        return mapped
    shift, number = row.text("Shift"), row.number("ShiftNumber")
    if what == REPLACEMENT:
        return replacement_of(mapped, day, shift, number)
    assert what == REVERSAL, what
    original = replace(mapped, key=original_key_of(row), shift=shift, shift_number=number)
    return reversal_of(original, key_of(row), day, came_back_of(row))


def shifts_for(row: Row, shifts: Sequence[Shift]) -> Sequence[Shift]:
    """Give the shifts a receipt may fall into; a correction keeps its original's, whatever they have done since."""
    return () if row.text(CORRECTION) else shifts


def linked_as_kept(row: Row, transaction: Transaction) -> Transaction:
    """Point returned lines where they pointed when the receipt was mapped."""
    return with_replaced_originals(transaction, json.loads(row.text("OriginalsReplaced", "{}")))


async def replaced_originals(services: Services, row: Row, transaction: Transaction) -> str | None:
    """Say which of the receipts that a return names have been replaced, and by which; None where none has.

    Given as the text that `linked_as_kept` reads. One read for each receipt that is named; none for a sale.
    """
    named = {
        (line.original.store or row.partition, line.original.transaction_id)
        for line in transaction.lines
        if line.is_return and line.original is not None and line.original.transaction_id
    }
    if row.flag("WithoutReceipt"):  # a person let it go so, whatever it names
        return json.dumps(dict.fromkeys(sorted(name for _, name in named), "")) if named else None
    found = {}
    for store, transaction_id in sorted(named):
        stands = await _stands_for(services, store, row.text("Account"), transaction_id)
        if stands != transaction_id:
            found[transaction_id] = stands
    return json.dumps(found) if found else None


async def _stands_for(services: Services, store: str, account: str, transaction_id: str) -> str:
    """Follow a receipt to the one that stands for it today; "" where it was reversed and nothing does."""
    for _ in range(REPLACED_MAX):
        key = identity_key(store, account, transaction_id)
        identity = await services.tables.transactions.read(store, key)
        if identity is None or not identity.text("ReversedBy"):
            break
        if not identity.text("ReplacedBy"):
            return ""
        transaction_id = identity.text("ReplacedBy")
    return transaction_id
