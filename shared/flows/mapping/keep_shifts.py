"""Take over what the tills say of their shifts, make the ones no till reports, and tell of overlaps at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from shared.errors import AlreadyThereError, ChangedMeanwhileError, NotThereError
from shared.retail.business_day import closing_hour, day_begins_at, day_ends_at, store_zone
from shared.retail.mapped import StoreSetup
from shared.retail.mapping import synthetic_shift
from shared.retail.reasons import cause
from shared.retail.shift import Shift, overlaps, running_shift
from shared.retail.transaction import Kind, ShiftRecord, Transaction
from shared.services import Services
from shared.storage.causes import SHIFT, Member, cause_row, open_causes
from shared.storage.protocols import Row
from shared.storage.shifts import as_shifts, shift_key, shift_row, shifts_of_day

SHIFT_TRIES_MAX = 5


async def keep_shifts(
    services: Services, store: StoreSetup, day: date, transactions: Sequence[Transaction]
) -> tuple[Shift, ...]:
    """Take over what the tills say of their shifts, make the missing ones, and give all shifts of the day."""
    known = {row.key: row for row in await shifts_of_day(services.tables.shifts, store.store, day)}
    told = [one for one in transactions if one.shift_record is not None]
    told.sort(key=lambda one: one.completed_at)
    for transaction in told:
        record = transaction.shift_record
        if record is not None and transaction.kind in (Kind.SHIFT_OPEN, Kind.SHIFT_CLOSE):
            await _keep_shift(services, known, store.store, day, transaction, record)
    for transaction in (one for one in transactions if one.is_for_the_ledger):
        await _make_shift_where_none(services, known, store, day, transaction)
    shifts = as_shifts(list(known.values()))
    await _note_overlaps(services, store, day, shifts)
    return shifts


async def _keep_shift(
    services: Services,
    known: dict[str, Row],
    store: str,
    day: date,
    transaction: Transaction,
    record: ShiftRecord,
) -> None:
    key = shift_key(store, day, transaction.terminal, transaction.generation, record.shift)
    for _ in range(SHIFT_TRIES_MAX):
        old = known.get(key)
        tender = transaction.cash_movement.tender if transaction.cash_movement is not None else ""
        row = shift_row(
            store, day, transaction.terminal, transaction.generation, record, old, float_tender=tender
        )
        if old is not None and dict(row.values) == dict(old.values):
            return
        if await _save_shift(services, known, row):
            return


async def _save_shift(services: Services, known: dict[str, Row], row: Row) -> bool:
    """Save a shift under its ETag; where somebody was quicker, read theirs and say so."""
    table = services.tables.shifts
    try:
        etag = await table.replace(row, row.etag) if row.etag else await table.insert(row)
    except (ChangedMeanwhileError, NotThereError) as error:
        services.log.info("shift %s was written meanwhile: %s", row.key, error)
    except AlreadyThereError:
        services.log.info("shift %s was made meanwhile", row.key)
    else:
        known[row.key] = replace(row, etag=etag)
        return True
    current = await table.read(row.partition, row.key)
    if current is not None:
        known[row.key] = current
    return False


async def _make_shift_where_none(
    services: Services, known: dict[str, Row], store: StoreSetup, day: date, transaction: Transaction
) -> None:
    """Make the synthetic shift of a till whose receipts name none: it runs from the day's begin and ends with the day."""
    shift = transaction.shift or synthetic_shift(day)
    key = shift_key(store.store, day, transaction.terminal, transaction.generation, shift)
    reported = running_shift(as_shifts(list(known.values())), transaction.terminal, transaction.completed_at)
    if key in known or transaction.shift is not None or reported is not None:
        return
    zone, closes_at = store_zone(store.time_zone), closing_hour(store.closing_time)
    begins_at, ends_at = day_begins_at(day, zone, closes_at), day_ends_at(day, zone, closes_at)
    record = ShiftRecord(shift=shift, opened_at=begins_at, closed_at=ends_at)
    row = shift_row(
        store.store, day, transaction.terminal, transaction.generation, record, None, synthetic=True
    )
    await _save_shift(services, known, row)


async def _note_overlaps(services: Services, store: StoreSetup, day: date, shifts: Sequence[Shift]) -> None:
    """Put an overlap before store operations as soon as it is seen, even before a receipt falls into it.

    A shift that is merely still open when the next one opens is told once a receipt or its closing shows the overlap.
    """
    rows = []
    for overlap in overlaps(shifts):
        earlier = overlap.earlier
        if earlier.ended_by or earlier.closed_at is None:
            continue
        since = f"{overlap.since.astimezone(store_zone(store.time_zone)):%H:%M}"
        why = cause(
            "shift_overlap", f"{store.store} till {earlier.terminal} {day} shift {earlier.shift}",
            store=store.store, terminal=earlier.terminal, shift=earlier.shift, since=since,
        )  # fmt: skip
        name = shift_key(store.store, day, earlier.terminal, earlier.generation, earlier.shift)
        member = Member(
            SHIFT, store.store, name, terminal=earlier.terminal, business_day=day.isoformat(), receipts=0
        )
        rows.append(cause_row(why, member, services.now()))
    await open_causes(services.tables.causes, rows)
