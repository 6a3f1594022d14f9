"""Follow what D365 has until it has posted it: headquarters' validation, its statements, and their posting.

One question across all stores, at most every tracking interval. What D365 does not show stays as it is: never posted.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from shared.errors import (
    AccessRefusedError,
    AlreadyThereError,
    ChangedMeanwhileError,
    NotThereError,
    RejectedError,
    RetryableError,
    ThrottledError,
)
from shared.flows.posting.apply import save_rows
from shared.flows.posting.slot import is_throttled, is_waiting
from shared.flows.posting.trouble import end_causes, open_package_cause
from shared.flows.tracking.ask import News, ask
from shared.flows.tracking.move import WAITS_FOR_D365, Move, is_early, move_of, unseen_moves
from shared.flows.tracking.tell import remember, tell
from shared.flows.tracking.watch import watch, watched
from shared.retail.reasons import cause
from shared.retail.status import ENDED, Status
from shared.services import Services
from shared.storage.causes import cause_row, end_causes_of, open_causes, receipt_member
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
from shared.storage.protocols import Row
from shared.storage.receipts import advanced, key_of, receipts_of_day

STORE_DAYS_AT_ONCE = 16


async def track_packages(services: Services) -> int:
    """Ask D365 about everything that is in it and not yet posted; give how many receipts moved on."""
    due_rows = await list_due(services.tables.due, TRACK)
    turn = await _take_turn(services) if due_rows else None
    if turn is None:
        return 0
    days = {due_from(row).day for row in due_rows}
    try:
        news = await ask(services, days, watched(turn), tills_first=turn.flag("TillsFirst"))
    except (RetryableError, RejectedError) as error:
        await _note_trouble(services, turn, error)
        services.log.warning("D365 could not be asked what it posted: %s", error)
        return 0
    turn = await tell(services, await _end_trouble(services, turn), news)
    await watch(services, turn, news)
    moved = 0
    for at in range(0, len(due_rows), STORE_DAYS_AT_ONCE):
        part = due_rows[at : at + STORE_DAYS_AT_ONCE]
        moved += sum(await services.together(*(_follow(services, row, news) for row in part)))
    for number in news.contradicted:
        services.posted_statements.pop(number, None)
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
        if is_waiting(row, now, timedelta(0)) or await is_throttled(services):
            return None
        row = row.with_values(AskedAt=now, NextTry=None, TillsFirst=not row.flag("TillsFirst"))
        return replace(row, etag=await table.replace(row, row.etag))
    except (AlreadyThereError, ChangedMeanwhileError):
        return None


async def _note_trouble(services: Services, turn: Row, error: RetryableError | RejectedError) -> None:
    """Put it before IT that D365 cannot be asked; remembered first, so that the next turn ends the cause."""
    refused = isinstance(error, RejectedError | AccessRefusedError)
    code = "d365_call_refused" if refused else "d365_silent"
    code = "d365_throttled" if isinstance(error, ThrottledError) else code
    codes = " ".join(sorted({*turn.text("Trouble").split(), code}))
    wait_seconds = error.wait_seconds if isinstance(error, RetryableError) else None
    next_try = services.now() + timedelta(seconds=wait_seconds or 0)
    await remember(services, turn.with_values(Trouble=codes, NextTry=next_try))
    await open_package_cause(
        services, None, cause(code, services.settings.d365.environment_id, problem=str(error)[:500])
    )


async def _end_trouble(services: Services, turn: Row) -> Row:
    codes = turn.text("Trouble").split()
    for code in codes:
        await end_causes(services, cause(code, services.settings.d365.environment_id), "D365 answers again")
    return await remember(services, turn.with_values(Trouble=None)) if codes else turn


def _digest(news: News, operating_unit: str, day: date) -> str:
    """Say in a few characters what D365 has of a store-day: another text, other news."""
    own = sorted(
        (
            row.key.terminal, row.key.transaction_number, row.validation, str(row.validated_at), row.statement,
            news.is_posted(row), str(row.gross), str(row.payment),
        )
        for row in news.by_day.get((operating_unit, day), ())
    )  # fmt: skip
    return hashlib.sha256(repr(own).encode()).hexdigest()[:32]


async def _follow(services: Services, due_row: Row, news: News) -> int:
    """Move one store-day's receipts on by what D365 said; a store-day without news is not even read."""
    due = due_from(due_row)
    store = await services.mappings.store(due.store, due.day)
    digest = _digest(news, store.operating_unit, due.day) if store is not None else ""
    if due_row.text("Seen") == digest:
        return 0
    now = services.now()
    rows = await receipts_of_day(services.tables.transactions, due.store, due.day)
    waiting = [row for row in rows if Status(row.text("Status")) in (Status.SENT, Status.VALIDATED)]
    back = [row for row in rows if row.text("Status") == Status.HELD and row.text("Cause") in WAITS_FOR_D365]
    moves = [move for row in (*waiting, *back) if (move := move_of(row, news, now)) is not None]
    moves += await unseen_moves(services, rows, news)
    if moves and await _apply(services, due, moves, back) < len(moves):
        return 0  # somebody else wrote some of them meanwhile: the next turn looks again
    done = {move.row.key for move in moves if Status(move.row.text("Status")) in ENDED}
    still = [
        row for row in rows if Status(row.text("Status")) in (Status.SENT, Status.VALIDATED, Status.SENDING)
    ]
    if not back and all(row.key in done for row in still):
        await finish_due(services.tables.due, due_row, services.settings.settle_seconds)
    elif not any(_is_looked_at_again(row, news, now) for row in rows):
        with contextlib.suppress(ChangedMeanwhileError, NotThereError):
            await services.tables.due.replace(due_row.with_values(Seen=digest), due_row.etag)
    return len(moves)


def _is_looked_at_again(row: Row, news: News, now: datetime) -> bool:
    """Say whether the same news may mean more to it later: it is being sent, or was judged before it was whole."""
    seen = news.receipts.get(key_of(row)) if row.text("D365Number") else None
    if row.text("Status") == Status.SENDING or seen is None:
        return row.text("Status") == Status.SENDING
    return is_early(row, seen, now) or (seen.key.legal_entity, seen.statement) in news.contradicted


async def _apply(services: Services, due: Due, moves: Sequence[Move], back: Sequence[Row]) -> int:
    now = services.now()
    dues = [Due(STATEMENT, due.store, due.day, now)]
    await note_due(services.tables.due, dues)
    await _end_originals(services, [move.row for move in moves])
    causes = [
        cause_row(move.held_for, receipt_member(move.row), now) for move in moves if move.held_for is not None
    ]
    await open_causes(services.tables.causes, causes)
    saved = await save_rows(services.tables.transactions, [move.row for move in moves])
    took = (services.now() - now) / services.clock.speed
    await note_again_after(services.tables.due, dues, took, services.settings.settle_seconds)
    for row in (row for row in back if row.key in saved):
        name, over = receipt_member(row).name, [row.text("Fingerprint")]
        await end_causes_of(services.tables.causes, row.partition, name, over, now, "put right in D365")
    return len(saved)


async def _end_originals(services: Services, rows: Sequence[Row]) -> None:
    """Receipts whose reversal D365 has posted are reversed. They first: the reversal then brings nobody back here."""
    now = services.now()
    for row in rows:
        if row.text("Status") != Status.POSTED or not row.text("ReversalOf"):
            continue
        original = await services.tables.transactions.read(row.partition, row.text("OriginalKey"))
        if original is None or original.text("Status") != Status.POSTED:
            continue
        day = date.fromisoformat(original.text("BusinessDay"))
        await note_due(services.tables.due, [Due(STATEMENT, row.partition, day, now)])
        note = f"by {row.text('TransactionId')}, in D365 statement {row.text('D365Statement')}"
        await save_rows(services.tables.transactions, [advanced(original, Status.REVERSED, now, note)])
