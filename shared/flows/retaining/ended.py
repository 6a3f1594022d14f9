"""Rows of what has ended long ago, and of which nothing is derived: causes, their histories, alerts that were delivered.

A person's answer that a till was not replaced is never forgotten: whoever asks again is told by it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from shared.services import Services
from shared.storage.causes import CLOSED, TERMINAL
from shared.storage.protocols import Condition, Remove, Row, Table
from shared.storage.tasks import entries_of, long_ended
from shared.storage.unchanged import write_unchanged

ROWS_A_TURN = 1_000
ROWS_A_GROUP = 100
CAUSES, HISTORIES, ALERTS = "CausesGone", "HistoriesGone", "AlertsGone"


async def forget_ended(services: Services, before: datetime) -> dict[str, int]:
    """Take away what ended before an instant, at most a thousand rows of each kind; give how many of each went."""
    tables = services.tables
    causes = await _some(_ended_causes(tables.causes, before))
    alerts = await _some(tables.alerts.query(where=(Condition("EndedAt", "lt", before),)))
    return {
        CAUSES: await _removed(tables.causes, causes),
        HISTORIES: await _forget_histories(tables.tasks, before),
        ALERTS: await _removed(tables.alerts, alerts),
    }


async def _ended_causes(table: Table, before: datetime) -> AsyncIterator[Row]:
    where = (Condition("State", "eq", CLOSED), Condition("EndedAt", "lt", before))
    async for row in table.query(where=where):
        if row.text("What") != TERMINAL:
            yield row


async def _some(rows: AsyncIterator[Row]) -> list[Row]:
    found: list[Row] = []
    async for row in rows:
        found.append(row)
        if len(found) >= ROWS_A_TURN:
            break
    return found


async def _forget_histories(table: Table, before: datetime) -> int:
    """A cause's lines go first, the cause last: a death between the two leaves what the next turn finds."""
    gone = 0
    for head in await long_ended(table, before, ROWS_A_TURN // 10):
        gone += await _removed(table, await entries_of(table, head.text("Fingerprint")))
        gone += await _removed(table, [head])
    return gone


async def _removed(table: Table, rows: Sequence[Row]) -> int:
    """Remove rows as they were read; what was written since is held again, and stays."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.partition, []).append(row)
    gone = 0
    for group in groups.values():
        for at in range(0, len(group), ROWS_A_GROUP):
            part = group[at : at + ROWS_A_GROUP]
            gone += len(
                await write_unchanged(table, [Remove(one.partition, one.key, one.etag) for one in part])
            )
    return gone
