"""Watch how old receipts become on their way from the till to D365, store by store, while the stores trade.

Only stores with something on its way are looked at: all, or where they are many, in turns, so many a beat that each is looked
at once in seven beats. At a beat every two minutes a store is told at most 14 minutes after its receipts became late.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from shared.errors import AlreadyThereError, ChangedMeanwhileError
from shared.retail.business_day import store_zone
from shared.retail.calendar import Calendar
from shared.retail.reasons import Cause, cause
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
from shared.storage.packages import lateness_key
from shared.storage.protocols import Row
from shared.storage.receipts import oldest_waiting

STORES_AT_LEAST = 64  # looked at in one beat, where there are as many
BEATS_A_ROUND = 7
LOOKS_AT_ONCE = 16


async def watch_lateness(services: Services) -> int:
    """Tell of stores whose receipts are late, and end what is over; give how many late stores were found.

    Three queries, and one for each store-day looked at; where not all are, one request more reads whose turn it is, and one
    writes whose it is next.
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
    chosen = await _whose_turn(services, sorted(days))
    oldest: dict[str, datetime | None] = {}
    for at in range(0, len(chosen), LOOKS_AT_ONCE):
        part = chosen[at : at + LOOKS_AT_ONCE]
        looks = await services.together(*(_oldest(services, store, days[store]) for store in part))
        oldest |= dict(zip(part, looks, strict=True))
    limit = timedelta(minutes=services.settings.late_minutes)
    late = {store: at for store, at in oldest.items() if at is not None and now - at > limit}
    await _end(services, [told[store] for store in chosen if store in told and store not in late])
    trading = await _trading(services, [store for store in late if store not in told], now)
    rows = [cause_row(why, Member(STORE, store, store, receipts=0), late[store] + limit) for store in trading]
    await open_causes(services.tables.causes, rows)
    return len(late)


def _cause(services: Services) -> Cause:
    limit = str(services.settings.late_minutes)
    return cause("receipts_delayed", services.settings.d365.environment_id, limit=limit)


async def _whose_turn(services: Services, stores: Sequence[str]) -> list[str]:
    """Choose which stores this beat looks at. Whose turn is next is written before anybody is looked at, so that a store at
    which the look fails keeps nobody else waiting; where two workers take one turn, its stores are looked at twice.
    """
    if len(stores) <= STORES_AT_LEAST:
        return list(stores)
    table, environment = services.tables.packages, services.settings.d365.environment_id
    row = await table.read(environment, lateness_key(environment))
    turn = row or Row(environment, lateness_key(environment), {"Record": "lateness"})
    chosen = next_turn(stores, turn.text("After"))
    turn = turn.with_values(After=chosen[-1])
    try:
        await (table.insert(turn) if row is None else table.replace(turn, turn.etag))
    except (AlreadyThereError, ChangedMeanwhileError) as error:
        services.log.info("another worker looks at the age of receipts too: %s", error)
    return chosen


def next_turn(stores: Sequence[str], after: str) -> list[str]:
    """Give the stores that follow the one that was looked at last, by name, as many as make a round in seven beats."""
    count = max(STORES_AT_LEAST, -(-len(stores) // BEATS_A_ROUND))
    begin = bisect_right(stores, after)
    return [*stores[begin:], *stores[:begin]][:count]


async def _oldest(services: Services, store: str, days: set[date]) -> datetime | None:
    found = [await oldest_waiting(services.tables.transactions, store, day) for day in sorted(days)]
    return min((one for one in found if one is not None), default=None)


async def _trading(services: Services, stores: Sequence[str], now: datetime) -> list[str]:
    mappings = await services.mappings.at_least(0)
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
