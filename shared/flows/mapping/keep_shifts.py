"""Take over what the tills say of their shifts, and make the ones no till reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from shared.errors import AlreadyThereError, ChangedMeanwhileError, NotThereError
from shared.retail.business_day import closing_hour, day_begins_at, day_ends_at, store_zone
from shared.retail.figures import figures_of_shift, figures_text
from shared.retail.mapped import StoreSetup
from shared.retail.mapping import synthetic_shift
from shared.retail.shift import (
    A_SECOND,
    LATE,
    Shift,
    effective_shift,
    free_moment,
    running_shift,
)
from shared.retail.shift_events import TillTold, is_about_a_shift, told_of
from shared.retail.transaction import Kind, Transaction
from shared.services import Services
from shared.storage.protocols import Row
from shared.storage.shifts import as_shifts, shift_key, shift_row, shifts_of_two_days

SHIFT_TRIES_MAX = 5
_Name = tuple[str, int, str]


async def keep_shifts(
    services: Services, store: StoreSetup, day: date, transactions: Sequence[Transaction]
) -> tuple[Shift, ...]:
    """Take over what the tills say of their shifts, make the missing ones, and give the day's and the day before's."""
    rows = await shifts_of_two_days(services.tables.shifts, store.store, day)
    known = {row.key: row for row in rows if row.text("BusinessDay") == day.isoformat()}
    before = [row for row in rows if row.key not in known]
    told = [one for one in transactions if is_about_a_shift(one)]
    for (terminal, generation, shift), some in _by_shift(told).items():
        await _keep_shift(services, known, store.store, day, (terminal, generation, shift), some)
    for transaction in (one for one in transactions if one.is_for_the_ledger):
        await _make_shift_where_none(services, known, store, day, transaction)
        await _make_late_shift(services, known, before, store, day, transaction)
    return as_shifts([*known.values(), *before])


def _by_shift(told: Sequence[Transaction]) -> dict[_Name, list[TillTold]]:
    """Group what tills told by drawer, generation and shift; of a drawer that several use, any of them may tell."""
    found: dict[_Name, list[TillTold]] = {}
    for one in told:
        record = one.shift_record
        assert record is not None
        says = figures_text(figures_of_shift(record.totals)) if record.totals is not None else ""
        found.setdefault((*one.drawer_of, record.shift), []).append(told_of(one, says))
    return dict(sorted(found.items()))


async def _keep_shift(
    services: Services,
    known: dict[str, Row],
    store: str,
    day: date,
    name: _Name,
    told: Sequence[TillTold],
) -> None:
    key = shift_key(store, day, *name)
    for _ in range(SHIFT_TRIES_MAX):
        old = known.get(key)
        row = shift_row(store, day, *name, told, old)
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
    drawer, generation = transaction.drawer_of
    key = shift_key(store.store, day, drawer, generation, shift)
    reported = running_shift(as_shifts(list(known.values())), drawer, transaction.completed_at)
    if key in known or transaction.shift is not None or reported is not None:
        return
    zone, closes_at = store_zone(store.time_zone), closing_hour(store.closing_time)
    begins_at, ends_at = day_begins_at(day, zone, closes_at), day_ends_at(day, zone, closes_at)
    # the last second is for what comes late
    told = TillTold(begins_at, "", Kind.SHIFT_CLOSE, begins_at, ends_at - A_SECOND)
    row = shift_row(store.store, day, drawer, generation, shift, [told], None, synthetic=True)
    await _save_shift(services, known, row)


async def _make_late_shift(
    services: Services,
    known: dict[str, Row],
    before: Sequence[Row],
    store: StoreSetup,
    day: date,
    transaction: Transaction,
) -> None:
    """Make a shift for a receipt that came when its own had been sent: a second that no other shift of the till has.

    Where the till leaves no second free, its own shift takes the receipt.
    """
    terminal, generation = transaction.drawer_of
    today = [one for one in as_shifts(list(known.values())) if one.generation == generation]
    running = running_shift(today, terminal, transaction.completed_at)
    named = transaction.shift or running or synthetic_shift(day)
    shift = effective_shift(today, terminal, named, transaction.completed_at)
    own = [one for one in today if one.terminal == terminal]
    is_sent = any(one.shift == shift and one.is_sent for one in own)
    if not is_sent or any(one.is_late and not one.is_sent for one in own):
        return
    zone, closes_at = store_zone(store.time_zone), closing_hour(store.closing_time)
    every = as_shifts([*known.values(), *before])
    at = free_moment(every, terminal, day_begins_at(day, zone, closes_at), day_ends_at(day, zone, closes_at))
    if at is None:
        services.log.info(
            "till %s of store %s leaves no second for a late shift on %s", terminal, store.store, day
        )
        return
    name = f"{LATE}{day:%Y%m%d}-{sum(one.is_late for one in own) + 1:02d}"
    told = TillTold(at, "", Kind.SHIFT_CLOSE, at, at + A_SECOND)
    row = shift_row(store.store, day, terminal, generation, name, [told], None, synthetic=True)
    await _save_shift(services, known, row)
