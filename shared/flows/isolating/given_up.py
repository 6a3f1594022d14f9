"""Work that failed, as exception rows in front of IT with a copy that never expires; a row ends when its work is done."""

from __future__ import annotations

import json
from datetime import timedelta

from shared.errors import ChangedMeanwhileError, NotThereError
from shared.retail.reasons import Cause, cause
from shared.services import Services
from shared.storage.causes import (
    OPEN,
    Member,
    cause_key,
    cause_row,
    cause_rows,
    end_cause_rows,
    fingerprint_of,
    open_causes,
)
from shared.storage.due import STATEMENT, TRACK, read_due
from shared.storage.packages import read_slot
from shared.storage.protocols import Row

WORK = "work"
MAPPING_DUE, POSTING_DUE = "mapping-due", "posting-due"
TRIES_OF_A_DOORBELL = "five times in a row"
PAUSE_MINUTES, PAUSE_MINUTES_MAX = 2, 30
TEXT_SHOWN_MAX = 2_000
_TOLD = {
    MAPPING_DUE: "mapping receipts",
    POSTING_DUE: "sending receipts to D365",
    STATEMENT: "compiling the statement",
    TRACK: "following what D365 has posted",
}


async def keep(services: Services, work: str, key: str, text: str, due_row: Row | None) -> int:
    """Write the exception row, then the copy, once for as long as the row is open; give how often the work failed.

    work: the queue it was given up on, or the stage of a timer's due row. key: the due row's; "" where nothing is named.
    """
    store = due_row.text("Store") if due_row is not None else ""
    day = due_row.text("BusinessDay") if due_row is not None else ""
    member = given_up_member(key or text[:100], store, day)
    before = await read_given_up(services, member)
    is_open = before is not None and before.text("State") == OPEN
    failures = 1 + (before.number("Failures") if before is not None and is_open else 0)
    now = services.now()
    since = before.instant("Since") if before is not None and is_open else now
    why = given_up_cause(work, _named(store, day, key), _times(work, failures))
    row = cause_row(why, member, since).with_values(
        Queue=work, DueKey=key, Message=text[:TEXT_SHOWN_MAX], FailedAt=now, Failures=failures
    )
    is_copied = before is not None and is_open and before.flag("Copied")
    await open_causes(services.tables.causes, [row.with_values(Copied=is_copied)])
    if not is_copied:
        await services.queues.dead_letters.send(_copy(work, row))
        await open_causes(services.tables.causes, [row.with_values(Copied=True)])
    return failures


def given_up_cause(work: str = "", named: str = "", times: str = "") -> Cause:
    """Give the cause of work that failed; one for all, so that the heartbeat asks once. named, times: for people."""
    return cause("work_given_up", "the app", work=_TOLD.get(work, "its work"), named=named, times=times)


def given_up_member(due_key: str, store: str, business_day: str) -> Member:
    """Give what a due row named as a member of its cause."""
    return Member(what=WORK, store=store, name=due_key, business_day=business_day, receipts=0)


def _times(work: str, failures: int) -> str:
    if work not in (STATEMENT, TRACK):
        return TRIES_OF_A_DOORBELL
    return "once" if failures == 1 else f"{failures} times in a row"


def _named(store: str, day: str, key: str) -> str:
    if store:
        return f"store {store}, {day}"
    return "sending to D365" if key else "a message that names nothing we know"


def _copy(work: str, row: Row) -> str:
    """Write the copy that people read in the Azure portal."""
    shown = ("WhatHappened", "Why", "HoldsUp", "DoThis", "Owner", "Store", "BusinessDay", "DueKey", "Message")
    told = {name: row.text(name) for name in shown}
    at = f"{row.instant('FailedAt'):%Y-%m-%dT%H:%M:%SZ}"
    return json.dumps({"Queue": work, "FailedAt": at, **told}, ensure_ascii=False, indent=1)


async def read_given_up(services: Services, member: Member) -> Row | None:
    """Read the exception row of work that failed before; None where it never did."""
    fingerprint = fingerprint_of(given_up_cause())
    return await services.tables.causes.read(fingerprint, cause_key(fingerprint, member.store, member.name))


async def rest(services: Services, due_row: Row, failures: int) -> None:
    """Leave a due row alone for a while, twice as long each time, half an hour at most; somebody's newer row wins."""
    minutes = min(PAUSE_MINUTES * 2 ** min(failures - 1, 4), PAUSE_MINUTES_MAX)
    now = services.now()
    rested = due_row.with_values(NextTry=now + timedelta(minutes=minutes), FailedAt=now)
    try:
        await services.tables.due.replace(rested, due_row.etag)
    except (ChangedMeanwhileError, NotThereError):
        return


async def end_done(services: Services, due_row: Row) -> None:
    """End the row of work that failed before and is done now."""
    member = given_up_member(due_row.key, due_row.text("Store"), due_row.text("BusinessDay"))
    row = await read_given_up(services, member)
    if row is not None:
        await end_cause_rows(services.tables.causes, [row], services.now(), "the work is done")


async def end_given_up(services: Services) -> int:
    """End the rows whose work was done since: the due row is gone, or posting has ended a package. Give their number."""
    fingerprint = fingerprint_of(given_up_cause())
    rows = [row async for row in cause_rows(services.tables.causes, fingerprint, OPEN)]
    done = [row for row in rows if await _is_done(services, row)]
    return await end_cause_rows(services.tables.causes, done, services.now(), "the work is done")


async def _is_done(services: Services, row: Row) -> bool:
    if row.text("Queue") in (MAPPING_DUE, STATEMENT, TRACK):
        return await read_due(services.tables.due, row.text("DueKey")) is None
    slot = await read_slot(services.tables.packages, services.settings.d365.environment_id)
    return "FreedAt" in slot.values and slot.instant("FreedAt") > row.instant("FailedAt")
