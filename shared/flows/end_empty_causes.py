"""End what is told of receipts that nothing holds any more: a worker opened a cause, died before it held the receipt, and
the receipt then went another way. A few times a day, across all stores.

Every flow ends what it knows of; this finds what no row knows of, whichever flow left it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from shared.errors import AlreadyThereError, ChangedMeanwhileError
from shared.flows.mapping.release_held import receipt_of
from shared.retail.reasons import TOLD_BESIDES
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import OPEN, RECEIPT, cause_rows, end_cause_rows
from shared.storage.packages import causes_key
from shared.storage.protocols import Row

LOOKED_AT_EVERY = timedelta(hours=6)
# A run lives ten minutes at most (host.json): nobody who opened a cause so long ago is still about to hold its receipt.
OLD_ENOUGH_SECONDS = 7_200
READS_AT_ONCE = 32
HOW = "no longer holds it"
# These come before anything is held: what is told of them may still be about to come true.
NOT_YET = frozenset({Status.RECEIVED, Status.WAITING, Status.REPAIR})


async def end_empty_causes(services: Services) -> int:
    """End open rows of causes whose receipt has gone on without them; give their number.

    One read a beat; every six hours a query of all that is open, and two reads for each receipt named there.
    """
    if not await _is_its_turn(services):
        return 0
    told = [
        row
        async for row in cause_rows(services.tables.causes, None, OPEN)
        if row.text("What") == RECEIPT and row.text("Reason") not in TOLD_BESIDES and _is_old(row)
    ]
    ended = 0
    for at in range(0, len(told), READS_AT_ONCE):
        part = told[at : at + READS_AT_ONCE]
        found = await services.together(*(receipt_of(services, one) for one in part))
        empty = [
            one for one, row in zip(part, found, strict=True) if row is not None and _goes_without(row, one)
        ]
        ended += await end_cause_rows(services.tables.causes, empty, services.now(), HOW)
    return ended


def _is_old(row: Row) -> bool:
    age = row.age_seconds
    return age is not None and age > OLD_ENOUGH_SECONDS


def _goes_without(row: Row, told: Row) -> bool:
    """Say whether a receipt has gone on, or is held for something else."""
    status = Status(row.text("Status"))
    if status is not Status.HELD:
        return status not in NOT_YET
    named: Sequence[str] = json.loads(row.text("Fingerprints", "[]"))
    return told.partition not in (row.text("Fingerprint"), *named)


async def _is_its_turn(services: Services) -> bool:
    """Take the turn: one worker looks, the others find it taken."""
    environment, now = services.settings.d365.environment_id, services.now()
    if services.causes_rest_until > now:
        return False
    table = services.tables.packages
    row = await table.read(environment, causes_key(environment))
    rest_until = row.instant("LookedAt") + LOOKED_AT_EVERY if row is not None else now
    if rest_until > now:
        services.causes_rest_until = rest_until
        return False
    try:
        if row is None:
            fresh = {"Record": "causes"}
            await table.insert(Row(environment, causes_key(environment), fresh).with_values(LookedAt=now))
        else:
            await table.replace(row.with_values(LookedAt=now), row.etag)
    except (AlreadyThereError, ChangedMeanwhileError):
        return False
    return True
