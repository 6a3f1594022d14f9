"""Follow what D365 has until it has posted it: headquarters' validation, its statements, and their posting.

One question across all stores, at most every tracking interval. What D365 does not show stays as it is: never posted.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared.d365.records import HeaderRow
from shared.errors import (
    AccessRefusedError,
    AlreadyThereError,
    ChangedMeanwhileError,
    NotThereError,
    RejectedError,
    RetryableError,
    ThrottledError,
)
from shared.flows.isolating.storedays import StoreDays
from shared.flows.posting.apply import save_rows
from shared.flows.posting.slot import is_throttled, is_waiting
from shared.flows.posting.trouble import end_causes, open_package_cause
from shared.flows.tracking.ask import CALLS_MAX, News, ask
from shared.flows.tracking.move import WAITS_FOR_D365, Move, is_early, move_of, unseen, unseen_moves
from shared.flows.tracking.tell import remember, tell
from shared.flows.tracking.vouchers import due_checks, note_posted, read_vouchers
from shared.flows.tracking.watch import watch, watched
from shared.retail.late import late_cause
from shared.retail.mapped import D365Key, StoreSetup
from shared.retail.reasons import cause
from shared.retail.status import ENDED, IN_THE_LEDGER, Status
from shared.services import Services
from shared.storage.causes import cause_row, end_causes_of, fingerprint_of, open_causes, receipt_member
from shared.storage.due import (
    EFFECT,
    STATEMENT,
    TRACK,
    Due,
    due_from,
    finish_due,
    list_due,
    note_again_after,
    note_due,
)
from shared.storage.late import days_posted_on
from shared.storage.packages import tracking_key
from shared.storage.protocols import Row
from shared.storage.receipts import POSTS_ON, advanced, d365_day, identity_key, key_of, receipts_of_day

Headers = Mapping[D365Key, HeaderRow]


@dataclass(frozen=True, slots=True)
class _Followed:
    """What one store-day's look gave: how many receipts moved, and the keys of those that D365 did not show."""

    moved: int
    unseen: tuple[D365Key, ...] = ()


@dataclass(frozen=True, slots=True)
class _Unseen:
    """A store-day, and the keys D365 should have and did not show."""

    due_row: Row
    keys: tuple[D365Key, ...]


async def track_packages(services: Services) -> int:
    """Ask D365 about everything that is in it and not yet posted; give how many receipts moved on."""
    due_rows = [row for row in await list_due(services.tables.due, TRACK) if not _rests(row, services.now())]
    checks = await due_checks(services)
    turn = await _take_turn(services) if due_rows or checks else None
    if turn is None:
        return 0
    if not due_rows:
        if await _read_vouchers(services, turn, checks, CALLS_MAX):
            await _end_trouble(services, turn)
        return 0
    days = {due_from(row).day for row in due_rows}
    kept = 1 if turn.flag("UnseenWaits") else 0
    try:
        news = await ask(services, days, watched(turn), tills_first=turn.flag("TillsFirst"), kept=kept)
    except (RetryableError, RejectedError) as error:
        await _note_trouble(services, turn, error)
        return 0
    storedays, turn = StoreDays(services, TRACK), await _end_trouble(services, turn)
    turn = await storedays.beside(tell(services, turn, news)) or turn
    turn = await storedays.beside(watch(services, turn, news)) or turn
    moved, unseen_days = await _follow_all(storedays, due_rows, news)
    moved += await _look_for_unseen(storedays, turn, unseen_days, news)
    for number in news.contradicted:
        services.posted_statements.pop(number, None)
    await _read_vouchers(services, turn, checks, 0 if unseen_days else news.calls_left)
    storedays.end()
    return moved


def _rests(due_row: Row, now: datetime) -> bool:
    """Say whether the app failed at a store-day, so that it is left alone for a while."""
    return "FailedAt" in due_row.values and due_row.instant("NextTry") > now


async def _read_vouchers(services: Services, turn: Row, checks: Sequence[Row], calls_left: int) -> bool:
    """Read vouchers with the calls that the turn has left; what D365 cannot answer now is asked again next turn."""
    try:
        return await read_vouchers(services, checks, calls_left) > 0
    except (RetryableError, RejectedError) as error:
        await _note_trouble(services, turn, error)
        return False


async def _follow_all(
    storedays: StoreDays, due_rows: Sequence[Row], news: News, headers: Headers | None = None
) -> tuple[int, list[_Unseen]]:
    """Follow store-days; give how many receipts moved, and the store-days of which D365 did not show all."""

    async def follow(row: Row) -> _Followed:
        return await _follow(storedays.services, row, news, headers)

    found = await storedays.each(due_rows, follow)
    unseen_days = [_Unseen(row, one.unseen) for row, one in found if one.unseen]
    return sum(one.moved for _, one in found), unseen_days


async def _look_for_unseen(
    storedays: StoreDays, turn: Row, unseen_days: Sequence[_Unseen], news: News
) -> int:
    """Ask by their keys, in one question for all stores, for what D365 did not show; next time, where no call is left."""
    services = storedays.services
    if not unseen_days:
        return 0
    if news.calls_left < 1 and not turn.flag("UnseenWaits"):
        await remember(services, turn.with_values(UnseenWaits=True))
        return 0
    try:
        found = await services.d365.headers_by_key([key for one in unseen_days for key in one.keys])
    except (RetryableError, RejectedError) as error:
        await _note_trouble(services, turn, error)
        return 0
    if turn.flag("UnseenWaits"):
        await remember(services, turn.with_values(UnseenWaits=None))
    headers = {header.key: header for header in found}
    moved, _ = await _follow_all(storedays, [one.due_row for one in unseen_days], news, headers)
    return moved


async def _take_turn(services: Services) -> Row | None:
    """Take this interval's turn: one worker asks, the others find it taken."""
    environment = services.settings.d365.environment_id
    key = tracking_key(environment)
    table, now = services.tables.packages, services.now()
    if services.tracking_rests_until > now:
        return None
    row = await table.read(environment, key)
    try:
        rests_until = now
        if row is not None:
            rests_until = row.instant("AskedAt") + timedelta(minutes=services.settings.tracking_minutes)
        if rests_until > now:
            services.tracking_rests_until = rests_until
            return None
        if row is not None and is_waiting(row, now, timedelta(0)):
            return None
        if await is_throttled(services):  # the first turn of all yields, too
            return None
        if row is None:
            row = Row(partition=environment, key=key, values={"Record": "tracking", "AskedAt": now})
            return replace(row, etag=await table.insert(row))
        row = row.with_values(AskedAt=now, NextTry=None, TillsFirst=not row.flag("TillsFirst"))
        return replace(row, etag=await table.replace(row, row.etag))
    except (AlreadyThereError, ChangedMeanwhileError):
        return None


async def _note_trouble(services: Services, turn: Row, error: RetryableError | RejectedError) -> None:
    """Put it before IT that D365 cannot be asked; remembered first, so that the next turn ends the cause."""
    services.log.warning("D365 could not be asked what it posted: %s", error)
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


async def _follow(services: Services, due_row: Row, news: News, headers: Headers | None = None) -> _Followed:
    """Move one store-day's receipts on by what D365 said; a store-day without news is not even read.

    headers: what D365 has under the keys it did not show; None before it was asked.
    """
    due = due_from(due_row)
    store = await services.mappings.store(due.store, due.day)
    digest = _digest(news, store.operating_unit, due.day) if store is not None else ""
    if due_row.text("Seen") == digest:
        return _Followed(0)
    now = services.now()
    rows = await _rows_in_d365_under(services, due, store)
    waiting = [row for row in rows if Status(row.text("Status")) in (Status.SENT, Status.VALIDATED)]
    back = [row for row in rows if row.text("Status") == Status.HELD and row.text("Cause") in WAITS_FOR_D365]
    moves = [move for row in (*waiting, *back) if (move := move_of(row, news, now)) is not None]
    missing = unseen(rows, news)
    moves += unseen_moves(services, missing, headers) if headers is not None else []
    if moves and await _apply(services, due, moves, back) < len(moves):
        return _Followed(0)  # somebody else wrote some of them meanwhile: the next turn looks again
    if missing and headers is None:
        return _Followed(len(moves), tuple(key_of(row) for row in missing))
    done = {move.row.key for move in moves if Status(move.row.text("Status")) in ENDED}
    still = [
        row for row in rows if Status(row.text("Status")) in (Status.SENT, Status.VALIDATED, Status.SENDING)
    ]
    if all(row.key in done for row in (*still, *back)):
        await finish_due(services.tables.due, due_row, services.settings.settle_seconds)
    elif not any(_is_looked_at_again(row, news, now) for row in rows):
        with contextlib.suppress(ChangedMeanwhileError, NotThereError):
            await services.tables.due.replace(due_row.with_values(Seen=digest, FailedAt=None), due_row.etag)
    return _Followed(len(moves))


async def _rows_in_d365_under(services: Services, due: Due, store: StoreSetup | None) -> list[Row]:
    """Give the receipts that D365 has under a day: those of the day, and late ones of others that are posted on it."""
    days = {due.day}
    if store is not None:
        table = services.tables.storedays
        days |= set(await days_posted_on(table, store.legal_entity, due.store, due.day))
    table = services.tables.transactions
    found = [await receipts_of_day(table, due.store, day) for day in sorted(days)]
    return [row for rows in found for row in rows if d365_day(row) == due.day]


def _is_looked_at_again(row: Row, news: News, now: datetime) -> bool:
    """Say whether the same news may mean more to it later: it is being sent, or was judged before it was whole."""
    seen = news.receipts.get(key_of(row)) if row.text("D365Number") else None
    if row.text("Status") == Status.SENDING or seen is None:
        return row.text("Status") == Status.SENDING
    return is_early(row, seen, now) or (seen.key.legal_entity, seen.statement) in news.contradicted


async def _apply(services: Services, due: Due, moves: Sequence[Move], back: Sequence[Row]) -> int:
    now = services.now()
    days = {due.day, *(date.fromisoformat(move.row.text("BusinessDay")) for move in moves)}
    dues = [Due(STATEMENT, due.store, day, now) for day in sorted(days)]
    if any(move.row.flag("CreditUnknown") for move in moves):
        aged_at = now + timedelta(hours=services.settings.effect_hours)
        dues.append(Due(EFFECT, due.store, due.day, aged_at))
    await note_due(services.tables.due, dues)
    moves = await _reversed_at_once(services, moves)
    await _end_originals(services, [move.row for move in moves])
    causes = [
        cause_row(move.held_for, receipt_member(move.row), now) for move in moves if move.held_for is not None
    ]
    await open_causes(services.tables.causes, causes)
    moved = {move.row.key: move for move in moves}
    for row in (row for row in back if row.key in moved):  # first: who dies after it does both again
        name, over = receipt_member(row).name, [row.text("Fingerprint")]
        how = "put right in D365" if moved[row.key].held_for is None else "D365 no longer has it"
        await end_causes_of(services.tables.causes, row.partition, name, over, now, how)
    posted = {
        date.fromisoformat(move.row.text("BusinessDay")) for move in moves if move.row.text("D365Statement")
    }
    await note_posted(services, due.store, sorted(posted))  # first, as all work to come
    await _end_late(services, [move.row for move in moves if move.row.text(POSTS_ON)])
    saved = await save_rows(services.tables.transactions, [move.row for move in moves])
    took = (services.now() - now) / services.clock.speed
    await note_again_after(services.tables.due, dues, took, services.settings.settle_seconds)
    return len(saved)


async def _end_late(services: Services, rows: Sequence[Row]) -> None:
    """A receipt that came after its period was closed needs nobody any more when it is posted."""
    for row in (row for row in rows if row.text("Status") in IN_THE_LEDGER):
        why = late_cause(row.partition, row.text("BusinessDay"), row.text(POSTS_ON))
        how = f"posted on {row.text(POSTS_ON)}, in D365 statement {row.text('D365Statement')}"
        name, over = receipt_member(row).name, [fingerprint_of(why)]
        await end_causes_of(services.tables.causes, row.partition, name, over, services.now(), how)


async def _reversed_at_once(services: Services, moves: Sequence[Move]) -> list[Move]:
    """A receipt that D365 forgot and has posted again beside its posted reversal is reversed in the same write."""
    now = services.now()
    posted = {
        (move.row.text("Account"), move.row.text("TransactionId"))
        for move in moves
        if move.row.text("Status") == Status.POSTED
    }
    found = []
    for move in moves:
        row, by = move.row, move.row.text("ReversedBy")
        is_posted_again = row.text("Status") == Status.POSTED and bool(by)
        if is_posted_again and ((row.text("Account"), by) in posted or await _is_posted(services, row, by)):
            move = replace(move, row=advanced(row, Status.REVERSED, now, f"by {by}, posted as well"))
        found.append(move)
    return found


async def _is_posted(services: Services, row: Row, transaction_id: str) -> bool:
    """Say whether another receipt of the same store and account is posted."""
    table, store = services.tables.transactions, row.partition
    identity = await table.read(store, identity_key(store, row.text("Account"), transaction_id))
    other = await table.read(store, identity.text("DayKey")) if identity is not None else None
    return other is not None and other.text("Status") == Status.POSTED


async def _end_originals(services: Services, rows: Sequence[Row]) -> None:
    """Receipts whose reversal D365 has posted are reversed. They first: the reversal then brings nobody back here."""
    for row in rows:
        if row.text("Status") != Status.POSTED or not row.text("ReversalOf"):
            continue
        original = await services.tables.transactions.read(row.partition, row.text("OriginalKey"))
        if original is None or original.text("Status") != Status.POSTED:
            continue
        now, day = services.now(), date.fromisoformat(original.text("BusinessDay"))
        dues = [Due(STATEMENT, row.partition, day, now)]
        await note_due(services.tables.due, dues)
        note = f"by {row.text('TransactionId')}, in D365 statement {row.text('D365Statement')}"
        await save_rows(services.tables.transactions, [advanced(original, Status.REVERSED, now, note)])
        took = (services.now() - now) / services.clock.speed
        await note_again_after(services.tables.due, dues, took, services.settings.settle_seconds)
