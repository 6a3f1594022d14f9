"""Read what the daily and the monthly checks look at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from shared.flows.checking.waiting import read_comparison, read_lists_comparison, read_waiting
from shared.flows.closing.days import concerned, read_days, with_work
from shared.flows.closing.readiness import days_between, readiness_for
from shared.retail.accrual import accrue
from shared.retail.business_day import store_zone
from shared.retail.calendar import Calendar
from shared.retail.checks_daily import DailySeen, DaySeen
from shared.retail.checks_monthly import MonthlySeen
from shared.retail.ledger import ANY, DISCOUNTS, LEDGER_ACCOUNTS, NAMED_BY_FINANCE
from shared.retail.mapped import StoreSetup, statement_at
from shared.retail.money import total
from shared.retail.periods import days_of
from shared.retail.reference import newest_rows
from shared.retail.vouchers import EQUAL, NOTHING_POSTED
from shared.services import Services
from shared.storage.checks import days_checked
from shared.storage.late import late_of
from shared.storage.protocols import Row
from shared.storage.statements import storedays_of


async def see_day(
    services: Services, legal_entity: str, stores: dict[str, StoreSetup], day: date
) -> DailySeen:
    """Read what the daily checks of a business day look at."""
    now, grace = services.now(), services.settings.grace_minutes
    rows = [row async for row in storedays_of(services.tables.storedays, legal_entity, day)]
    days = [_day_seen(row) for row in rows if row.text("Store") in stores]
    compiled = {one.store for one in days}
    ahead = {one.store for one in stores.values() if statement_at(one, day, grace) > now}
    due = set(stores) - compiled - ahead
    working = {store for store, one in await with_work(services) if one == day}
    return DailySeen(
        day, now, days,
        uncompiled=due & working,
        absent={one for one in due - working if _was_to_trade(services, stores[one], day)},
        ahead=ahead - compiled,
        causes=await read_waiting(services, stores),
        # What differs is among the causes already.
        compared=replace(await read_comparison(services), wrong=()),
        reference=replace(await read_lists_comparison(services), wrong=()),
    )  # fmt: skip


def _was_to_trade(services: Services, store: StoreSetup, day: date) -> bool:
    hours = Calendar(store.store, store_zone(store.time_zone), services.mappings.known).hours(day)
    return hours is not None and hours.opens is not None


def _day_seen(row: Row) -> DaySeen:
    return DaySeen(
        store=row.text("Store"),
        verdict=row.text("Verdict"),
        currency=row.text("Currency"),
        received=Decimal(row.text("Received")),
        in_d365=Decimal(row.text("InD365")),
        posted=Decimal(row.text("Posted")),
        unexplained=Decimal(row.text("Unexplained")),
        receipts=row.number("Receipts"),
        receipts_posted=row.number("ReceiptsPosted"),
        is_signed=bool(row.text("SignedBy")) and not row.number("Supplement"),
        written_off=Decimal(row.text("WrittenOffAmount", "0")),
    )


async def see_period(
    services: Services, legal_entity: str, stores: dict[str, StoreSetup], period: str
) -> MonthlySeen:
    """Read what the monthly checks of a period look at.

    Raises:
        RejectedError: it is no period.
    """
    first, last = days_of(period)
    rows = await _summaries(services, legal_entity, stores, first, last)
    traded = {date.fromisoformat(row.text("BusinessDay")) for row in rows}
    seen = {row.key: row.text("Vouchers") for row in rows}
    return MonthlySeen(
        services.now(),
        readiness=await readiness_for(services, legal_entity, period, stores),
        lacking=await _lacking(services, legal_entity, stores, last),
        late=await _late(services, legal_entity, stores, first, last),
        not_visible=[
            (row.text("Store"), date.fromisoformat(row.text("BusinessDay")))
            for row in rows
            if seen[row.key] not in ("", EQUAL, NOTHING_POSTED)
        ],
        unnamed=_unnamed(services, legal_entity),
        unchecked=traded - await days_checked(services.tables.checks, legal_entity, first, last),
        compared=await read_comparison(services),
        reference=await read_lists_comparison(services),
    )


async def _summaries(
    services: Services, legal_entity: str, stores: Collection[str], first: date, last: date
) -> list[Row]:
    found: list[Row] = []
    for day in days_between(first, last):
        rows = [row async for row in storedays_of(services.tables.storedays, legal_entity, day)]
        found += [row for row in rows if row.text("Store") in stores]
    return found


async def _lacking(
    services: Services, legal_entity: str, stores: dict[str, StoreSetup], last: date
) -> dict[str, tuple[int, Decimal]]:
    """Give what was sold up to the end of a day and is in no ledger now: receipts and money, by currency."""
    now = services.now()
    keys = await concerned(services, legal_entity, stores, now, last)
    days = await read_days(services, stores, keys, None, last)
    return {
        one.currency: (
            sum(number for _, _, number in one.still_open),
            total(max(entry.amount, Decimal(0)) for entry in one.entries["open"]),
        )
        for one in accrue(days)
    }


async def _late(
    services: Services, legal_entity: str, stores: Collection[str], first: date, last: date
) -> Sequence[tuple[str, date, date]]:
    """Give store-days whose receipts stand in another month than their own, one side of it in this period."""
    found = []
    async for row in late_of(services.tables.storedays, legal_entity):
        day, posts_on = (date.fromisoformat(row.text(name)) for name in ("BusinessDay", "PostsOn"))
        sides = [first <= one <= last for one in (day, posts_on)]
        if row.text("Store") in stores and sides[0] != sides[1]:
            found.append((row.text("Store"), day, posts_on))
    return found


def _unnamed(services: Services, legal_entity: str) -> list[str]:
    """Give what no account is named for; discounts need one only where D365 shows them apart."""
    named = {
        row["what"]
        for row in newest_rows(services.mappings.known).get(LEDGER_ACCOUNTS, [])
        if row["legal_entity"] in (legal_entity, ANY) and row.get("account")
    }
    return [one for one in NAMED_BY_FINANCE if one not in named and one != DISCOUNTS]
