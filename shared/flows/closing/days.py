"""Find the store-days of a legal entity that may have something the ledger lacked at an instant, without reading them all.

Their summaries say since when all of a day is posted: one query a day. What has no summary yet, or gets another, has a due row;
what is held has a cause, however old it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from shared.retail.accrual import CutOff, DayReceipts
from shared.retail.business_day import closing_hour, day_ends_at, store_zone
from shared.retail.ledger import Accounts
from shared.retail.mapped import StoreSetup
from shared.services import Services
from shared.storage.causes import OPEN, cause_rows
from shared.storage.due import MAP, POST, STATEMENT, TRACK, list_due
from shared.storage.receipt_record import records_of_day
from shared.storage.statements import storedays_of
from shared.storage.summaries import all_posted_at

QUERIES_AT_ONCE = 16
LOOKED_BACK = timedelta(days=62)  # by summaries; what is older and not posted has a due row or a cause
StoreDayKey = tuple[str, date]


async def stores_of(services: Services, legal_entity: str) -> dict[str, StoreSetup]:
    """Give a legal entity's stores as they are mapped now."""
    mappings = await services.mappings.refresh()
    return {one.store: one for one in mappings.stores() if one.legal_entity == legal_entity}


async def concerned(
    services: Services, legal_entity: str, stores: dict[str, StoreSetup], at: datetime, last_day: date
) -> list[StoreDayKey]:
    """Give the store-days up to a day of which something may not have been posted at an instant."""
    days = [last_day - timedelta(days=back) for back in range(LOOKED_BACK.days)]
    found: set[StoreDayKey] = set()
    for start in range(0, len(days), QUERIES_AT_ONCE):
        part = days[start : start + QUERIES_AT_ONCE]
        for some in await services.together(
            *(_not_all_posted(services, legal_entity, one, at) for one in part)
        ):
            found |= some
    found |= await with_work(services)
    async for row in cause_rows(services.tables.causes, None, OPEN):
        if row.text("BusinessDay"):
            found.add((row.text("Store"), date.fromisoformat(row.text("BusinessDay"))))
    return sorted(key for key in found if key[0] in stores and key[1] <= last_day)


async def with_work(services: Services) -> set[StoreDayKey]:
    """Give the store-days that anything is still to be done for."""
    found: set[StoreDayKey] = set()
    for stage in (MAP, POST, TRACK, STATEMENT):
        rows = await list_due(services.tables.due, stage)
        found |= {(row.text("Store"), date.fromisoformat(row.text("BusinessDay"))) for row in rows}
    return found


async def _not_all_posted(services: Services, legal_entity: str, day: date, at: datetime) -> set[StoreDayKey]:
    rows = [row async for row in storedays_of(services.tables.storedays, legal_entity, day)]
    posted = {row.key: all_posted_at(row) for row in rows}
    return {(row.text("Store"), day) for row in rows if (since := posted[row.key]) is None or since > at}


async def read_days(
    services: Services,
    stores: dict[str, StoreSetup],
    keys: Sequence[StoreDayKey],
    at: datetime | None,
    day: date | None,
) -> list[DayReceipts]:
    """Read these store-days' receipts, without documents. at: the cut-off, or, of a day, its end in each store's zone."""
    mappings = services.mappings.known
    found: list[DayReceipts] = []
    for start in range(0, len(keys), QUERIES_AT_ONCE):
        part = keys[start : start + QUERIES_AT_ONCE]
        table = services.tables.transactions
        records = await services.together(*(records_of_day(table, store, one) for store, one in part))
        for (store, one), receipts in zip(part, records, strict=True):
            setup = mappings.store(store, one) or stores[store]
            cut_off = CutOff(at or ends_at(setup, day or one), day)
            found.append(DayReceipts(store, one, receipts, Accounts(mappings, setup, one), cut_off))
    return found


def ends_at(store: StoreSetup, day: date) -> datetime:
    """Give when a store's business day is over."""
    return day_ends_at(day, store_zone(store.time_zone), closing_hour(store.closing_time))
