"""The refund ledger as rows: for each receipt of which something came back, the claims that stand.

Partition = the store that sold it, so that refunds of every store meet in one row; a claim stands once it is written under
the row's ETag. Keys: `back~store~account~transaction`.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from shared.errors import AlreadyThereError, ChangedMeanwhileError, NotThereError
from shared.retail.returns import Claim, Place, claims_from, claims_text
from shared.storage.keys import join_key
from shared.storage.protocols import Row, Table, Value


def ledger_key(sale: Place) -> str:
    """Give the row key of a sold receipt's claims."""
    return join_key("back", sale.store, sale.account, sale.transaction_id)


async def read_ledger(table: Table, sale: Place) -> tuple[Row | None, tuple[Claim, ...]]:
    """Read the claims that stand on a receipt, and their row; None and nothing where nobody claimed."""
    row = await table.read(sale.store, ledger_key(sale))
    return row, claims_from(zlib.decompress(row.data("Claims")).decode()) if row is not None else ()


async def save_ledger(table: Table, sale: Place, old: Row | None, claims: Sequence[Claim]) -> bool:
    """Write the claims that stand; False when somebody else has written them since they were read."""
    values: dict[str, Value] = {
        "Record": "returns", "Store": sale.store, "Account": sale.account, "TransactionId": sale.transaction_id,
        "Refunds": len(claims), "Claims": zlib.compress(claims_text(claims).encode(), 6),
    }  # fmt: skip
    row = Row(sale.store, ledger_key(sale), values)
    try:
        if old is None:
            await table.insert(row)
        else:
            await table.replace(row, old.etag)
    except (AlreadyThereError, ChangedMeanwhileError, NotThereError):
        return False
    return True
