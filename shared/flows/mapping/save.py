"""Save what mapping decided: rows under their ETags, a hundred a group; and hold rows that cannot even be read."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import ChangedMeanwhileError, GroupRefusedError, NotThereError
from shared.retail.reasons import Cause
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import cause_row, fingerprint_of, open_causes, receipt_member
from shared.storage.protocols import Replace, Row
from shared.storage.receipts import advanced

RECEIPTS_PER_GROUP = 100


async def hold_all(services: Services, rows: Sequence[Row], why: Cause) -> int:
    now = services.now()
    await open_causes(services.tables.causes, [cause_row(why, receipt_member(row), now) for row in rows])
    held = {"Cause": why.code, "CauseValue": why.value, "Fingerprint": fingerprint_of(why)}
    return len(await save(services, [advanced(row, Status.HELD, now, why.code, **held) for row in rows]))


async def save(services: Services, rows: Sequence[Row]) -> set[str]:
    """Replace rows of one store under their ETags, a hundred a group, and give the keys of those that were; one that somebody
    changed is left for the next run.
    """
    saved: set[str] = set()
    waiting = list(rows)
    while waiting:
        group, waiting = waiting[:RECEIPTS_PER_GROUP], waiting[RECEIPTS_PER_GROUP:]
        while group:
            try:
                await services.tables.transactions.write_group([Replace(row, row.etag) for row in group])
            except GroupRefusedError as error:
                if not isinstance(error.cause, ChangedMeanwhileError | NotThereError):
                    raise
                group = group[: error.index] + group[error.index + 1 :]
                continue
            saved |= {row.key for row in group}
            break
    return saved
