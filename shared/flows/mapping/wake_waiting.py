"""Let refunds that wait for their sales go on when these are here, and tell of those that have waited too long."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from shared.flows.mapping.originals import as_rung_up, originals_missing
from shared.flows.posting.apply import save_rows
from shared.flows.posting.kept import read_kept
from shared.retail.mapping import Mappings
from shared.retail.reasons import Cause
from shared.retail.status import Status
from shared.retail.tolerances import REFUND_WAIT, TOLERANCES, tolerance
from shared.services import Services
from shared.storage.causes import OPEN, cause_key, cause_row, fingerprint_of, open_causes, receipt_member
from shared.storage.due import (
    MAP,
    WAIT,
    Due,
    due_from,
    due_key,
    finish_or_rest,
    list_due,
    note_due,
    postpone_due,
)
from shared.storage.protocols import Row
from shared.storage.receipts import advanced, receipts_of_day

LOOKED_FOR_AFTER = timedelta(minutes=1)
LOOKED_FOR_AT_LEAST = timedelta(hours=1)


async def wake_waiting(services: Services) -> int:
    """Look for the sales of refunds that wait; give how many go on. Every step may run twice."""
    now, woken = services.now(), 0
    for due_row in await list_due(services.tables.due, WAIT):
        if due_from(due_row).next_try <= now:
            woken += await _wake_day(services, due_row)
    return woken


async def _wake_day(services: Services, due_row: Row) -> int:
    due, now = due_from(due_row), services.now()
    mappings = await services.mappings.at_least(0)
    rows = await receipts_of_day(services.tables.transactions, due.store, due.day, Status.WAITING)
    missing = [await _missing(services, mappings, row) for row in rows]
    ready = [row for row, why in zip(rows, missing, strict=True) if why is None]
    still = [(row, why) for row, why in zip(rows, missing, strict=True) if why is not None]
    if ready:
        await note_due(services.tables.due, [Due(MAP, due.store, due.day, now)])
        moved = [advanced(row, Status.RECEIVED, now, "its sale is here") for row in ready]
        await save_rows(services.tables.transactions, moved)
        await services.ring(services.queues.mapping_due, due_key(MAP, due.store, due.day))
    await _tell_of_old_ones(services, mappings, still)
    if still:
        oldest = min(_since(row) for row, _ in still)
        pause = max(LOOKED_FOR_AFTER, min((now - oldest) / 10, LOOKED_FOR_AT_LEAST))
        await postpone_due(services.tables.due, due_row, now + pause)
    else:
        await finish_or_rest(
            services.tables.due, due_row, services.settings.settle_seconds, services.rested_at()
        )
    return len(ready)


async def _missing(services: Services, mappings: Mappings, row: Row) -> Cause | None:
    transaction = read_kept(row)
    if transaction is None:
        return None  # mapping says what is wrong with it
    told = as_rung_up(row, replace(transaction, store=row.partition))
    return await originals_missing(services, mappings, row, told)


async def _tell_of_old_ones(
    services: Services, mappings: Mappings, still: Sequence[tuple[Row, Cause]]
) -> None:
    """Put a refund that has waited beyond the limit before its owner, once; what ends the cause is written on its row first."""
    now = services.now()
    for row, why in still:
        if now - _since(row) < _limit(services, mappings, row.partition, now):
            continue
        fingerprint, member = fingerprint_of(why), receipt_member(row)
        key = cause_key(fingerprint, member.store, member.name)
        told = await services.tables.causes.read(fingerprint, key)
        if told is not None and told.text("State") == OPEN:
            continue
        named = {"Cause": why.code, "CauseValue": why.value, "Fingerprint": fingerprint}
        text = json.dumps([fingerprint])
        if await save_rows(services.tables.transactions, [row.with_values(Fingerprints=text, **named)]):
            await open_causes(services.tables.causes, [cause_row(why, member, now)])


def _limit(services: Services, mappings: Mappings, store: str, now: datetime) -> timedelta:
    """Give how long a store's refund may wait for its sale: its own tolerance, or the app's setting."""
    hours = tolerance(partial(mappings.find, TOLERANCES, day=now.date()), store, REFUND_WAIT)
    return timedelta(hours=services.settings.refund_wait_hours if hours is None else int(hours))


def _since(row: Row) -> datetime:
    return row.instant("WaitsSince" if "WaitsSince" in row.values else "StatusSince")
