"""Read a kept document again, with the adapter that read it first."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace

from shared.errors import RejectedError
from shared.pos.adapter import Adapter
from shared.pos.erased import ErasedAdapter
from shared.pos.registry import ADAPTERS
from shared.retail.transaction import Transaction
from shared.storage.corrections import CORRECTION
from shared.storage.erasures import FROM
from shared.storage.protocols import Row
from shared.storage.receipts import document_of

_ERASED: dict[str, Adapter] = {ErasedAdapter.name: ErasedAdapter()}


def read_kept(row: Row) -> Transaction | None:
    """Give what a row's document says, its store as the sender named it and its times as sent.

    None when it can no longer be read: its adapter is gone, or the document was altered. A correction keeps its original's
    document, a new till's receipt says that it is the old one's: both are given under their own id.
    """
    transaction = read_as_sent(row)
    if transaction is None:
        return None
    if "DrawerGeneration" in row.values and transaction.drawer_till is not None:
        transaction = replace(transaction, drawer_generation=row.number("DrawerGeneration"))
    generation = row.number("Generation", 1)
    if not row.text(CORRECTION) and generation == transaction.generation:
        return transaction
    return replace(transaction, transaction_id=row.text("TransactionId"), generation=generation)


def read_as_sent(row: Row) -> Transaction | None:
    """Give what a row's document says, as its sender said it: under the sender's own id and generation."""
    name = row.text("Adapter").partition("/")[0]
    adapter = ADAPTERS.get(name) or _ERASED.get(name)
    if adapter is None:
        return None
    try:
        document = document_of(row)
        if hashlib.sha256(document).hexdigest() != row.text("DocumentSha256"):
            return None
        return adapter.read_document(document, row.text("Account"))
    except (RejectedError, zlib.error):
        return None


def first_adapter(row: Row) -> Adapter:
    """Give the adapter that read a receipt when it came; what is left of an erased one is read by another."""
    return ADAPTERS[(row.text(FROM) or row.text("Adapter")).partition("/")[0]]
