"""Watch how old receipts become on their way from the till to D365, store by store, while the stores trade.

Only stores with something on its way are looked at, a bounded number a beat, drawn by lot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial

from shared.retail.business_day import store_zone
from shared.retail.calendar import Calendar
from shared.retail.mapping_rows import Mappings
from shared.retail.reasons import Cause, cause
from shared.retail.tolerances import LATE, TOLERANCES, tolerance
from shared.services import Services
from shared.storage.causes import (
    OPEN,
    STORE,
    Member,
    cause_row,
    cause_rows,
    end_cause_rows,
    fingerprint_of,
    open_causes,
)
from shared.storage.due import MAP, POST, due_from, list_due
from shared.storage.protocols import Row
from shared.storage.receipts import oldest_waiting

STORES_MAX = 64  # looked at in one beat
LOOKS_AT_ONCE = 16


async def watch_lateness(services: Services) -> int:
    """Tell of stores whose receipts are late, and end what is over; give how many late stores were found.

    Three queries, and one for each store-day looked at: of 64 stores at most.
    """
    now = services.now()
    days: dict[str, set[date]] = {}
    for stage in (MAP, POST):
        for row in await list_due(services.tables.due, stage):
            days.setdefault(due_from(row).store, set()).add(due_from(row).day)
    why = _cause(services)
    told = {
        row.text("Store"): row
        async for row in cause_rows(services.tables.causes, fingerprint_of(why), OPEN)
    }  # fmt: skip
    await _end(services, [row for store, row in told.items() if store not in days])
    chosen = _by_lot(sorted(days), services.chance())
    oldest: dict[str, datetime | None] = {}
    for at in range(0, len(chosen), LOOKS_AT_ONCE):
        part = chosen[at : at + LOOKS_AT_ONCE]
        looks = await services.together(*(_oldest(services, store, days[store]) for store in part))
        oldest |= dict(zip(part, looks, strict=True))
    mappings = await services.mappings.at_least(0)
    limits = {store: _limit(services, mappings, store, now.date()) for store in chosen}
    late = {store: at for store, at in oldest.items() if at is not None and now - at > limits[store]}
    await _end(services, [told[store] for store in chosen if store in told and store not in late])
    trading = _trading(mappings, [store for store in late if store not in told], now)
    rows = [
        cause_row(why, Member(STORE, store, store, receipts=0), late[store] + limits[store])
        for store in trading
    ]
    await open_causes(services.tables.causes, rows)
    return len(late)


def _cause(services: Services) -> Cause:
    limit = str(services.settings.late_minutes)
    return cause("receipts_delayed", services.settings.d365.environment_id, limit=limit)


def _limit(services: Services, mappings: Mappings, store: str, day: date) -> timedelta:
    """Give how old a store's receipts may become: its own tolerance, or the app's setting."""
    limit = tolerance(partial(mappings.find, TOLERANCES, day=day), store, LATE)
    return timedelta(minutes=services.settings.late_minutes if limit is None else int(limit))


def _by_lot(stores: Sequence[str], chance: float) -> list[str]:
    """Choose which stores this beat looks at: all, or as many as it may from a place drawn by lot, so that nothing must be
    remembered and no schedule of the beats leaves anybody out.
    """
    if len(stores) <= STORES_MAX:
        return list(stores)
    begin = int(chance * len(stores))
    return [*stores[begin:], *stores[:begin]][:STORES_MAX]


async def _oldest(services: Services, store: str, days: set[date]) -> datetime | None:
    found = [await oldest_waiting(services.tables.transactions, store, day) for day in sorted(days)]
    return min((one for one in found if one is not None), default=None)


def _trading(mappings: Mappings, stores: Sequence[str], now: datetime) -> list[str]:
    known = [(store, setup) for store in stores if (setup := mappings.store(store)) is not None]
    return [
        store
        for store, setup in known
        if Calendar(store, store_zone(setup.time_zone), mappings).trades_at(now)
    ]


async def _end(services: Services, rows: Sequence[Row]) -> None:
    await end_cause_rows(
        services.tables.causes, rows, services.now(), "in D365 again within the limit"
    )  # fmt: skip
