"""Keep what failed five times in a row: an exception row for IT, a readable copy that never expires, and a way out.

The doorbell is gone, the due row is not: it rings on, ever more rarely. Where it is mapping that failed, the store-day is
cut into parts that are rung each on its own, so that every other receipt goes on; the one that fails alone is held.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from shared.errors import ChangedMeanwhileError, NotThereError
from shared.flows.mapping.given_up import (
    MAPPING_DUE,
    given_up_cause,
    given_up_member,
    read_given_up,
)
from shared.flows.posting.apply import save_rows
from shared.retail.reasons import cause
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import (
    OPEN,
    Member,
    cause_row,
    fingerprint_of,
    open_causes,
    receipt_member,
)
from shared.storage.due import (
    STATEMENT,
    Due,
    due_from,
    is_in_part,
    note_due,
    part_row,
    read_doorbell,
    read_due,
)
from shared.storage.protocols import Row, Upsert
from shared.storage.receipts import advanced, receipts_of_day

PARTS_MAX = 32  # a thousand receipts are down to single ones after two cuts
PAUSE_MINUTES, PAUSE_MINUTES_MAX = 2, 30
TEXT_SHOWN_MAX = 2_000


async def keep_given_up(services: Services, queue: str, text: str) -> None:
    """Put a message that was given up before IT, and get its neighbours going. Runs twice the same.

    queue: the one it was given up on, without the ending. text: the message as it stands, ours or not.
    """
    key = read_doorbell(text)
    due_row = await read_due(services.tables.due, key) if key else None
    failures = await _keep(services, queue, key, text, due_row)
    if due_row is None or queue != MAPPING_DUE:
        return
    await _isolate(services, due_row)
    await _rest(services, due_row, failures)


async def _keep(services: Services, queue: str, key: str, text: str, due_row: Row | None) -> int:
    """Write the exception row, then the copy, once for as long as the row is open; give how often it was given up."""
    store = due_row.text("Store") if due_row is not None else ""
    day = due_row.text("BusinessDay") if due_row is not None else ""
    why = given_up_cause(queue, _named(store, day, key))
    member = given_up_member(key or text[:100], store, day)
    before = await read_given_up(services, why, member)
    is_open = before is not None and before.text("State") == OPEN
    failures = 1 + (before.number("Failures") if before is not None and is_open else 0)
    now = services.now()
    since = before.instant("Since") if before is not None and is_open else now
    row = cause_row(why, member, since).with_values(
        Queue=queue, DueKey=key, Message=text[:TEXT_SHOWN_MAX], FailedAt=now, Failures=failures
    )
    is_copied = before is not None and is_open and before.flag("Copied")
    await open_causes(services.tables.causes, [row.with_values(Copied=is_copied)])
    services.log.error("%s was given up after five tries: %s", queue, key or "a message that names nothing")
    if not is_copied:
        await services.queues.dead_letters.send(_copy(queue, row))
        await open_causes(services.tables.causes, [row.with_values(Copied=True)])
    return failures


def _named(store: str, day: str, key: str) -> str:
    if store:
        return f"store {store}, {day}"
    return "sending to D365" if key else "a message that names nothing we know"


def _copy(queue: str, row: Row) -> str:
    """Write the copy that people read in the Azure portal."""
    shown = ("WhatHappened", "Why", "HoldsUp", "DoThis", "Owner", "Store", "BusinessDay", "DueKey", "Message")
    told = {name: row.text(name) for name in shown}
    at = f"{row.instant('FailedAt'):%Y-%m-%dT%H:%M:%SZ}"
    return json.dumps({"Queue": queue, "FailedAt": at, **told}, ensure_ascii=False, indent=1)


async def _isolate(services: Services, due_row: Row) -> None:
    """Cut what failed into parts with doorbells of their own; hold a receipt that has failed as a part of its own."""
    due = due_from(due_row)
    received = await receipts_of_day(services.tables.transactions, due.store, due.day, Status.RECEIVED)
    rows = [row for row in received if is_in_part(due_row, row.key)]
    if len(rows) == 1 and "FirstKey" in due_row.values:
        await _hold(services, due, rows[0])
        return
    parts = [part_row(due_row, part[0].key, part[-1].key, services.now()) for part in _parts(rows)]
    if not parts:
        return
    await services.tables.due.write_group([Upsert(part) for part in parts])
    for part in parts:
        await services.ring(services.queues.mapping_due, part.key)


def _parts(rows: Sequence[Row]) -> list[Sequence[Row]]:
    """Cut rows into up to 32 parts of nearly the same size."""
    size = -(-len(rows) // PARTS_MAX)
    return [rows[at : at + size] for at in range(0, len(rows), size)] if rows else []


async def _hold(services: Services, due: Due, row: Row) -> None:
    now = services.now()
    why = cause("cannot_be_mapped", f"{due.store} {due.day}")
    member: Member = receipt_member(row)
    await note_due(services.tables.due, [Due(STATEMENT, due.store, due.day, now)])
    await open_causes(services.tables.causes, [cause_row(why, member, now)])
    held = {"Cause": why.code, "CauseValue": why.value, "Fingerprint": fingerprint_of(why)}
    await save_rows(services.tables.transactions, [advanced(row, Status.HELD, now, why.code, **held)])
    services.log.error("held alone, the app fails at it: %s / %s", row.partition, row.key)


async def _rest(services: Services, due_row: Row, failures: int) -> None:
    """Leave the due row alone for a while, twice as long each time, half an hour at most; somebody's newer row wins."""
    minutes = min(PAUSE_MINUTES * 2 ** min(failures - 1, 4), PAUSE_MINUTES_MAX)
    next_try = services.now() + timedelta(minutes=minutes)
    try:
        await services.tables.due.replace(due_row.with_values(NextTry=next_try), due_row.etag)
    except (ChangedMeanwhileError, NotThereError):
        return
