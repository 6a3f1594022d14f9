"""Who decided what, when and why. Append-only rows; partition = store or area."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import datetime

from shared.storage.keys import join_key
from shared.storage.protocols import Row, Table, Value


async def append_audit(
    table: Table, area: str, at: datetime, *, who: str, did: str, reason: str, evidence: str = ""
) -> None:
    """Write one decision down before it takes effect."""
    key = join_key(area, at.strftime("%Y%m%dT%H%M%S%f"), secrets.token_hex(4))
    values: dict[str, Value] = {
        "Who": who,
        "Did": did,
        "Reason": reason[:2000],
        "Evidence": evidence[:20_000],
        "At": at,
    }
    await table.insert(Row(partition=join_key(area), key=key, values=values))


def audit_of(table: Table, area: str) -> AsyncIterator[Row]:
    """Read what was decided for a store or an area, oldest first."""
    return table.query(join_key(area))
