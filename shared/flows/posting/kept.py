"""Read a kept document again, with the adapter that read it first."""

from __future__ import annotations

from shared.errors import RejectedError
from shared.pos.registry import ADAPTERS
from shared.retail.transaction import Transaction
from shared.storage.protocols import Row
from shared.storage.receipts import document_of


def read_kept(row: Row) -> Transaction | None:
    """Give what a row's document says, its store as the sender named it and its times as sent.

    None when it can no longer be read: its adapter is gone, or the document was altered.
    """
    adapter = ADAPTERS.get(row.text("Adapter").partition("/")[0])
    if adapter is None:
        return None
    try:
        return adapter.read_document(document_of(row), row.text("Account"))
    except RejectedError:
        return None
