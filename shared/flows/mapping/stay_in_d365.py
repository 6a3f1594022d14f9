"""Receipts that D365 has, or is about to have, when their till is declared replaced, or no longer so: they keep key and shift.

What follows from whose they are is written beside: the till that their number is of, and the one whose drawer is counted with
their money. Where the till never told of the shift they are in, D365 gets one that stands in for it: a second that no other
shift of the till has, so that its financial statement finds them and calls nothing busy.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from shared.errors import AlreadyThereError
from shared.retail.business_day import closing_hour, day_begins_at, day_ends_at, store_zone
from shared.retail.kinds import Kind
from shared.retail.mapped import StoreSetup
from shared.retail.shift import A_SECOND, a_free_second
from shared.retail.shift_events import TillTold
from shared.retail.transaction import Transaction
from shared.services import Services
from shared.storage.protocols import Row
from shared.storage.shifts import (
    SENDING,
    SENT,
    as_shifts,
    shift_key,
    shift_row,
    shifts_of_day,
    shifts_of_two_days,
)

ShiftName = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Stays:
    """A receipt that stays in D365 as it is, and whose it is by what is declared now."""

    row: Row
    told: Transaction

    @property
    def shift(self) -> ShiftName:
        """The shift it is in there: drawer, generation, the till's name of it."""
        return shift_in_d365(self.row)


def shift_in_d365(row: Row) -> ShiftName:
    """Give the shift a receipt is in, or goes to D365 in."""
    generation = row.number("DrawerGeneration") or row.number("Generation", 1)
    return row.text("DrawerName") or row.text("Terminal"), generation, row.text("Shift")


async def shifts_in_d365(services: Services, store: str, day: date) -> frozenset[ShiftName]:
    """Give the shifts of a store-day that tills told of and D365 has, or is about to have."""
    rows = await shifts_of_day(services.tables.shifts, store, day)
    return frozenset(
        (row.text("Terminal"), row.number("Generation", 1), row.text("Shift"))
        for row in rows
        if row.text("Status") in (SENDING, SENT) and not row.flag("Synthetic")
    )


def marked(one: Stays, sent: Collection[ShiftName]) -> Row:
    """Give a row that says whose number it has and in whose drawer its money is; D365 having its shift, that keeps the money.

    The row itself where it says so already.
    """
    generation, (_, drawer_generation) = one.told.generation, one.told.drawer_of
    is_own = generation == one.row.number("Generation", 1)
    is_counted_there = one.shift in sent or drawer_generation == one.shift[1]
    fresh = one.row.with_values(
        NumbersOf=None if is_own else generation, CountedIn=None if is_counted_there else drawer_generation
    )
    return one.row if dict(fresh.values) == dict(one.row.values) else fresh


async def stand_in(services: Services, store: StoreSetup, day: date, staying: Sequence[Stays]) -> None:
    """Make the shifts that receipts in D365 are in and no till tells of. A second time changes nothing."""
    zone, closes_at = store_zone(store.time_zone), closing_hour(store.closing_time)
    for drawer, generation, shift in sorted({one.shift for one in staying if one.shift[2]}):
        rows = await shifts_of_two_days(services.tables.shifts, store.store, day)
        key = shift_key(store.store, day, drawer, generation, shift)
        if any(row.key == key for row in rows):
            continue
        begins_at, ends_at = day_begins_at(day, zone, closes_at), day_ends_at(day, zone, closes_at)
        begin = a_free_second(as_shifts(rows), drawer, begins_at, ends_at)
        told = TillTold(begin, "", Kind.SHIFT_CLOSE, begin, begin + A_SECOND)
        row = shift_row(store.store, day, drawer, generation, shift, [told], None, synthetic=True)
        try:
            await services.tables.shifts.insert(row.with_values(StandsIn=True))
        except AlreadyThereError:
            services.log.info("shift %s was made meanwhile", key)
