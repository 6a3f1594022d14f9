"""Choose what goes into the next package: mapped receipts and finished shifts of one legal entity, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from shared.flows.posting.apply import advance_members
from shared.retail.cash_office import DROPS
from shared.retail.kinds import Kind
from shared.retail.mapped import StoreSetup, statement_at
from shared.retail.mapping import SENT_KINDS, synthetic_shift
from shared.retail.shift import overlaps
from shared.retail.status import Status
from shared.services import Services
from shared.storage.due import MAP, POST, due_from, finish_or_rest, list_due, postpone_due
from shared.storage.packages import PackageMember
from shared.storage.protocols import Row
from shared.storage.receipt_record import records_of_day
from shared.storage.receipts import receipts_of_day
from shared.storage.shifts import CLOSED, as_shifts, shift_from, shifts_of_day

RECEIPTS_MAX = 7_000
ROWS_MAX = 200_000
STORE_DAYS_AT_ONCE = 16
COUNTS = frozenset({Kind.TENDER_DECLARATION, Kind.SHIFT_CLOSE})
CASH_OFFICE_WAIT = timedelta(hours=1)
UNDECIDED_PAUSE = timedelta(minutes=30)  # a shift that waits for its receipts is looked at again after this
UNDER_WAY = frozenset({Status.RECEIVED, Status.MAPPED, Status.SENDING, Status.WAITING})


@dataclass(slots=True)
class Gathered:
    """What the next package holds, receipts to map again first, and whether more is waiting behind it."""

    legal_entity: str = ""
    members: list[PackageMember] = field(default_factory=list)
    moved: list[Row] = field(default_factory=list)
    more: bool = False


@dataclass(frozen=True, slots=True)
class _StoreDayWork:
    due_row: Row
    legal_entity: str
    receipts: list[Row]
    shifts: list[Row]
    undecided: bool


async def gather(services: Services, receipts_max: int = RECEIPTS_MAX) -> Gathered:
    """Look through the store-days that have something to post; cut the package at its limits."""
    now = services.now()
    due_rows = [row for row in await list_due(services.tables.due, POST) if due_from(row).next_try <= now]
    # Asked before looking: who maps later than this notes its work anew, and this row's ETag is no longer the one we read.
    mapping = {_store_day(row) for row in await list_due(services.tables.due, MAP)} if due_rows else set()
    work: list[_StoreDayWork] = []
    for at in range(0, len(due_rows), STORE_DAYS_AT_ONCE):
        part = due_rows[at : at + STORE_DAYS_AT_ONCE]
        work += await services.together(*(_look(services, row) for row in part))
    settle, idle = (
        services.settings.settle_seconds,
        [one for one in work if not one.receipts and not one.shifts],
    )
    for one in idle:
        if _store_day(one.due_row) in mapping:
            continue  # a mapper may be about to write what this row was noted for, however long it takes
        if one.undecided:
            await postpone_due(services.tables.due, one.due_row, now + UNDECIDED_PAUSE)
        else:
            await finish_or_rest(services.tables.due, one.due_row, settle, services.rested_at())
    work = _apart(work, now)
    waiting = sorted((one for one in work if one.receipts or one.shifts), key=_waiting_since)
    gathered = _cut(waiting, min(receipts_max, RECEIPTS_MAX))
    await advance_members(
        services, gathered.moved, Status.RECEIVED, "its store belongs to another company now"
    )
    return gathered


def _store_day(due_row: Row) -> tuple[str, str]:
    return due_row.text("Store"), due_row.text("BusinessDay")


def _apart(work: list[_StoreDayWork], now: datetime) -> list[_StoreDayWork]:
    """Never mix sales with the cash office, nor what goes there through one entity with what goes through another: an entity
    that an environment lacks fails its package whole.

    Sales and shifts go first; what the cash office did goes when there are none, or when it has waited an hour, of it what
    has waited longest.
    """
    sales = [replace(one, receipts=[row for row in one.receipts if _is_sale(row)]) for one in work]
    waiting = [row for one in work for row in one.receipts if not _is_sale(row)]
    oldest = min(waiting, key=lambda row: (row.instant("ReceivedAt"), row.key), default=None)
    through = _goes_through(oldest) if oldest is not None else ""
    cash = [
        replace(
            one,
            receipts=[row for row in one.receipts if not _is_sale(row) and _goes_through(row) == through],
            shifts=[],
        )
        for one in work
    ]
    is_cash_due = oldest is not None and oldest.instant("ReceivedAt") + CASH_OFFICE_WAIT <= now
    return cash if is_cash_due or not any(one.receipts or one.shifts for one in sales) else sales


def _is_sale(row: Row) -> bool:
    return row.text("Kind") in SENT_KINDS


def _goes_through(row: Row) -> str:
    """Name the entity that what the cash office did needs beside a header and payments: one for each drop, one for counts."""
    kind = row.text("Kind")
    return kind if kind in DROPS else "counts" if kind in COUNTS else ""


def _waiting_since(work: _StoreDayWork) -> tuple[datetime, str]:
    """Say since when a store-day's oldest receipt waits, so that no legal entity waits behind another for ever."""
    oldest = min(
        (row.instant("ReceivedAt") for row in work.receipts), default=datetime.max.replace(tzinfo=UTC)
    )
    return oldest, work.due_row.key


def _cut(work: Sequence[_StoreDayWork], receipts_max: int) -> Gathered:
    """Fill one package: one legal entity, within its limits. A receipt goes to the company its key was frozen with."""
    gathered = Gathered()
    rows = 0
    for one in work:
        for receipt in one.receipts:
            company = receipt.text("LegalEntity")
            if company != one.legal_entity and not receipt.text("D365Number"):
                gathered.moved.append(
                    receipt
                )  # its store belongs to another company by now: it is mapped again
                continue
            gathered.legal_entity = gathered.legal_entity or company
            if company != gathered.legal_entity:
                gathered.more = True
                continue
            rows += receipt.number("D365Rows", 1)
            if len(gathered.members) >= receipts_max or rows > ROWS_MAX:
                gathered.more = True
                return gathered
            gathered.members.append(PackageMember(receipt.partition, receipt.key))
        gathered.legal_entity = gathered.legal_entity or (one.legal_entity if one.shifts else "")
        if one.legal_entity == gathered.legal_entity:
            gathered.members += [PackageMember(row.partition, row.key, is_shift=True) for row in one.shifts]
    return gathered


async def _look(services: Services, due_row: Row) -> _StoreDayWork:
    due = due_from(due_row)
    store = await services.mappings.store(due.store, due.day, due.mapping_version)
    receipts = await receipts_of_day(services.tables.transactions, due.store, due.day, Status.MAPPED)
    if store is None:
        return _StoreDayWork(due_row, "", [], [], undecided=bool(receipts))
    finished, undecided = await _finished_shifts(services, store, due.day)
    return _StoreDayWork(due_row, store.legal_entity, receipts, finished, undecided)


async def _finished_shifts(services: Services, store: StoreSetup, day: date) -> tuple[list[Row], bool]:
    """Give the shifts that may go closed: no overlap, and their receipts are in D365 or their grace has passed.

    Also say whether one will have to be looked at again.
    """
    rows = await shifts_of_day(services.tables.shifts, store.store, day)
    closed = [row for row in rows if row.text("Status") == CLOSED]
    if not closed:
        return [], False
    now = services.now()
    grace_over = now > statement_at(store, day, services.settings.grace_minutes)
    in_doubt = {
        (one.earlier.terminal, one.earlier.generation, one.earlier.shift)
        for one in overlaps(as_shifts(rows))
        if not one.earlier.ended_by
    }
    over = [row for row in closed if _is_over(row, now)]
    if not over:
        return [], bool(closed)
    records = await records_of_day(services.tables.transactions, store.store, day)
    made = synthetic_shift(day)  # what a receipt that names no shift and is not mapped yet will count for
    busy = {(*one.shift_of, one.shift or made) for one in records if one.status in UNDER_WAY}
    held = {
        (*one.shift_of, one.shift or made) for one in records if one.status in (Status.HELD, Status.REPAIR)
    }
    finished = []
    for row in over:
        shift = shift_from(row)
        key = (shift.terminal, shift.generation, shift.shift)
        if key not in in_doubt and key not in busy and (grace_over or key not in held):
            finished.append(row)
    return finished, len(finished) < len(closed)


def _is_over(row: Row, now: datetime) -> bool:
    """Say whether a shift has ended and does not rest after D365 refused it."""
    closed_at = shift_from(row).closed_at
    resting = "RetryAt" in row.values and row.instant("RetryAt") > now
    return closed_at is not None and closed_at <= now and not resting
