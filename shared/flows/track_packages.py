"""Follow what D365 has until it has posted it: headquarters' validation, its statements, and their posting.

One question across all stores, at most every tracking interval. What D365 does not show stays as it is: never posted.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from shared.errors import (
    AlreadyThereError,
    ChangedMeanwhileError,
    NotThereError,
    RejectedError,
    RetryableError,
    ThrottledError,
)
from shared.flows.posting.apply import save_rows
from shared.flows.posting.preflight import preflight_key
from shared.flows.posting.read_back import refusal_cause
from shared.flows.posting.slot import is_waiting
from shared.flows.posting.trouble import end_causes, open_package_cause
from shared.flows.tracking.ask import REFUSED, News, ask
from shared.flows.tracking.effects import rests_on
from shared.flows.tracking.tell import remember, tell
from shared.retail.reasons import Cause, cause
from shared.retail.status import ENDED, Status
from shared.services import Services
from shared.storage.causes import (
    cause_row,
    cause_rows,
    end_cause_rows,
    fingerprint_of,
    open_causes,
    receipt_member,
)
from shared.storage.due import (
    STATEMENT,
    TRACK,
    Due,
    due_from,
    finish_due,
    list_due,
    note_again_after,
    note_due,
)
from shared.storage.keys import join_key
from shared.storage.packages import read_slot
from shared.storage.protocols import Row
from shared.storage.receipts import advanced, key_of, receipts_of_day

PASSED = frozenset({"Successful", "Succeeded", "Success"})
STORE_DAYS_AT_ONCE = 16


async def track_packages(services: Services) -> int:
    """Ask D365 about everything that is in it and not yet posted; give how many receipts moved on."""
    due_rows = await list_due(services.tables.due, TRACK)
    turn = await _take_turn(services) if due_rows else None
    if turn is None:
        return 0
    days = {due_from(row).day for row in due_rows}
    try:
        news = await ask(services, days, tills_first=turn.flag("TillsFirst"))
    except (RetryableError, RejectedError) as error:
        await _note_trouble(services, turn, error)
        services.log.warning("D365 could not be asked what it posted: %s", error)
        return 0
    turn = await tell(services, await _end_trouble(services, turn), news)
    moved = 0
    for at in range(0, len(due_rows), STORE_DAYS_AT_ONCE):
        part = due_rows[at : at + STORE_DAYS_AT_ONCE]
        moved += sum(await services.together(*(_follow(services, row, news) for row in part)))
    return moved


async def _take_turn(services: Services) -> Row | None:
    """Take this interval's turn: one worker asks, the others find it taken."""
    environment = services.settings.d365.environment_id
    key = join_key("tracking", environment)
    table, now = services.tables.packages, services.now()
    row = await table.read(environment, key)
    try:
        if row is None:
            row = Row(partition=environment, key=key, values={"Record": "tracking", "AskedAt": now})
            return replace(row, etag=await table.insert(row))
        if row.instant("AskedAt") + timedelta(minutes=services.settings.tracking_minutes) > now:
            return None
        if is_waiting(row, now, timedelta(0)) or await _is_throttled(services):
            return None
        row = row.with_values(AskedAt=now, NextTry=None, TillsFirst=not row.flag("TillsFirst"))
        return replace(row, etag=await table.replace(row, row.etag))
    except (AlreadyThereError, ChangedMeanwhileError):
        return None


async def _is_throttled(services: Services) -> bool:
    """Say whether posting was told to come back later: that holds for every request of ours."""
    table, now = services.tables.packages, services.now()
    slot = await read_slot(table, services.settings.d365.environment_id)
    if "d365_throttled" not in slot.text("Trouble").split():
        return False
    checking = await table.read(*preflight_key(services))
    return any(row is not None and is_waiting(row, now, timedelta(0)) for row in (slot, checking))


async def _note_trouble(services: Services, turn: Row, error: RetryableError | RejectedError) -> None:
    """Put it before IT that D365 cannot be asked; remembered first, so that the next turn ends the cause."""
    code = "d365_throttled" if isinstance(error, ThrottledError) else "d365_silent"
    codes = " ".join(sorted({*turn.text("Trouble").split(), code}))
    wait_seconds = error.wait_seconds if isinstance(error, RetryableError) else None
    next_try = services.now() + timedelta(seconds=wait_seconds or 0)
    await remember(services, turn.with_values(Trouble=codes, NextTry=next_try))
    await open_package_cause(services, None, cause(code, services.settings.d365.environment_id))


async def _end_trouble(services: Services, turn: Row) -> Row:
    codes = turn.text("Trouble").split()
    for code in codes:
        await end_causes(services, cause(code, services.settings.d365.environment_id), "D365 answers again")
    return await remember(services, turn.with_values(Trouble=None)) if codes else turn


def _digest(news: News, operating_unit: str, day: date) -> str:
    """Say in a few characters what D365 has of a store-day: another text, other news."""
    own = sorted(
        (row.key.terminal, row.key.transaction_number, row.validation, row.statement, news.is_posted(row))
        for row in news.by_day.get((operating_unit, day), ())
    )
    return hashlib.sha256(repr(own).encode()).hexdigest()[:32]


async def _follow(services: Services, due_row: Row, news: News) -> int:
    """Move one store-day's receipts on by what D365 said; a store-day without news is not even read."""
    due = due_from(due_row)
    store = await services.mappings.store(due.store, due.day)
    digest = _digest(news, store.operating_unit, due.day) if store is not None else ""
    if due_row.text("Seen") == digest:
        return 0
    rows = await receipts_of_day(services.tables.transactions, due.store, due.day)
    waiting = [row for row in rows if row.text("Status") in (Status.SENT, Status.VALIDATED)]
    refused = [
        row for row in rows if row.text("Status") == Status.HELD and row.text("Cause") == "validation_failed"
    ]
    moves = [move for row in (*waiting, *refused) if (move := _move(services, row, news)) is not None]
    if moves and await _apply(services, due, moves, refused) < len(moves):
        return 0  # somebody else wrote some of them meanwhile: the next turn looks again
    still = [
        row for row in rows if Status(row.text("Status")) in (Status.SENT, Status.VALIDATED, Status.SENDING)
    ]
    done = {row.key for row, _ in moves if Status(row.text("Status")) in ENDED}
    if not refused and all(row.key in done for row in still):
        await finish_due(services.tables.due, due_row, services.settings.settle_seconds)
    elif not any(
        row.text("Status") == Status.SENDING for row in rows
    ):  # news of those is for when they are sent
        with contextlib.suppress(ChangedMeanwhileError, NotThereError):
            await services.tables.due.replace(due_row.with_values(Seen=digest), due_row.etag)
    return len(moves)


async def _apply(
    services: Services, due: Due, moves: Sequence[tuple[Row, Cause | None]], refused: Sequence[Row]
) -> int:
    now = services.now()
    dues = [Due(STATEMENT, due.store, due.day, now)]
    await note_due(services.tables.due, dues)
    causes = [cause_row(why, receipt_member(row), now) for row, why in moves if why is not None]
    await open_causes(services.tables.causes, causes)
    saved = await save_rows(services.tables.transactions, [row for row, _ in moves])
    took = (services.now() - now) / services.clock.speed
    await note_again_after(services.tables.due, dues, took, services.settings.settle_seconds)
    await _end_validation_causes(services, [row for row in refused if row.key in saved])
    return len(saved)


def _move(services: Services, row: Row, news: News) -> tuple[Row, Cause | None] | None:
    """Say how a receipt moves on, or None when D365 has no news of it."""
    seen = news.receipts.get(key_of(row))
    if seen is None:
        return None
    now, status, moved = services.now(), Status(row.text("Status")), False
    if seen.validation in REFUSED:
        if status is not Status.SENT:
            return None
        text = news.errors.get(seen.key.transaction_number, "no text given")
        decoded = refusal_cause(text)
        why = cause("validation_failed", decoded.value, words=text[:500])
        held = {"Cause": why.code, "CauseValue": why.value, "Fingerprint": fingerprint_of(why)}
        return advanced(row, Status.HELD, now, text[:300], **held), why
    if status is Status.HELD:
        if seen.validation not in PASSED:
            return None
        row = advanced(row, Status.REPAIR, now, "headquarters' validation passed")
        row = advanced(row, Status.SENT, now, "", Cause=None, CauseValue=None, Fingerprint=None)
        status, moved = Status.SENT, True
    if status is Status.SENT and (seen.validation in PASSED or seen.statement):
        row, status, moved = advanced(row, Status.VALIDATED, now, "by headquarters"), Status.VALIDATED, True
    if status is Status.VALIDATED and news.is_posted(seen):
        rests = rests_on(seen, news.evidence[seen.key.legal_entity, seen.statement], row.text("Shape"))
        row = advanced(
            row, Status.POSTED, now, f"in D365 statement {seen.statement}", D365Statement=seen.statement,
            SalesOrder=seen.sales_order or None, Invoice=rests.invoice or None, CreditNote=rests.credit_note or None,
            Evidence="\n".join(rests.lines),
        )  # fmt: skip
        moved = True
    return (row, None) if moved else None


async def _end_validation_causes(services: Services, rows: Sequence[Row]) -> None:
    for row in rows:
        found = [one async for one in cause_rows(services.tables.causes, row.text("Fingerprint"), "open")]
        mine = [one for one in found if one.text("TransactionId") == row.text("TransactionId")]
        await end_cause_rows(services.tables.causes, mine, services.now(), "validated by headquarters")
