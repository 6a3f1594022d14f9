"""Read a period's store-days, causes and work with a bounded number of queries: one a day, one a store, and a handful beside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal

from shared.flows.closing.days import QUERIES_AT_ONCE, StoreDayKey
from shared.retail.mapped import StoreSetup
from shared.retail.money import ZERO, total
from shared.retail.readiness import DaySummary, OpenCause
from shared.services import Services
from shared.storage.causes import OPEN, cause_rows
from shared.storage.keys import just_after
from shared.storage.protocols import Row
from shared.storage.statements import statement_key, storedays_of
from shared.storage.summaries import heard_from


async def read_summaries(
    services: Services, legal_entity: str, days: Sequence[date], signed: Collection[StoreDayKey] = ()
) -> list[DaySummary]:
    """Read the summaries of these days, one query a day."""
    found: list[DaySummary] = []
    for start in range(0, len(days), QUERIES_AT_ONCE):
        part = days[start : start + QUERIES_AT_ONCE]
        for rows in await services.together(*(_rows(services, legal_entity, day) for day in part)):
            found += [_summary(row, signed) for row in rows]
    return found


async def _rows(services: Services, legal_entity: str, day: date) -> list[Row]:
    return [row async for row in storedays_of(services.tables.storedays, legal_entity, day)]


def _summary(row: Row, signed: Collection[StoreDayKey]) -> DaySummary:
    store, day = row.text("Store"), date.fromisoformat(row.text("BusinessDay"))
    written_off = Decimal(row.text("WrittenOffAmount", "0"))
    return DaySummary(
        store=store,
        day=day,
        verdict=row.text("Verdict"),
        currency=row.text("Currency"),
        open_receipts=row.number("Receipts") - row.number("ReceiptsPosted") - row.number("WrittenOff"),
        open_amount=Decimal(row.text("Received")) - Decimal(row.text("Posted")) - written_off,
        unexplained=Decimal(row.text("Unexplained")),
        heard=tuple(heard_from(row)),
        is_signed=(store, day) in signed,
        vouchers=row.text("Vouchers"),
        written_off=row.number("WrittenOff"),
        written_off_amount=written_off,
    )


async def read_signed(
    services: Services, stores: Collection[str], first: date, last: date
) -> set[StoreDayKey]:
    """Give the store-days of a period that are signed off, one query a store; no statement is fetched."""
    found: set[StoreDayKey] = set()
    ordered = sorted(stores)
    for start in range(0, len(ordered), QUERIES_AT_ONCE):
        part = ordered[start : start + QUERIES_AT_ONCE]
        for some in await services.together(*(_signed(services, store, first, last) for store in part)):
            found |= some
    return found


async def _signed(services: Services, store: str, first: date, last: date) -> set[StoreDayKey]:
    every = [first + timedelta(days=one) for one in range((last - first).days + 1)]
    days = {statement_key(store, day): day for day in every}
    rows = services.tables.statements.query(
        store, key_from=statement_key(store, first), key_before=just_after(statement_key(store, last)),
        select=("SignedBy", "SignedAt"),
    )  # fmt: skip
    return {(store, days[row.key]) async for row in rows if row.text("SignedBy") and row.key in days}


async def read_causes(
    services: Services, stores: dict[str, StoreSetup], first: date, last: date
) -> list[OpenCause]:
    """Read the open causes that concern a period: of its days, and those of no day that hold money."""
    names = {*stores, *(one.store_number for one in stores.values())}
    groups: dict[tuple[str, str], list[Row]] = {}  # amounts of different currencies are never added
    async for row in cause_rows(services.tables.causes, None, OPEN):
        if row.text("Store") in names and _concerns(row, first, last):
            groups.setdefault((row.partition, row.text("Currency")), []).append(row)
    return [_cause(rows) for _, rows in sorted(groups.items())]


def _concerns(row: Row, first: date, last: date) -> bool:
    day = row.text("BusinessDay")
    if not day:
        return Decimal(row.text("Amount") or "0") != ZERO
    return first.isoformat() <= day <= last.isoformat()


def _cause(rows: list[Row]) -> OpenCause:
    newest = max(rows, key=lambda row: (row.instant("Since"), row.key))
    return OpenCause(
        code=newest.text("Reason"),
        value=newest.text("Value"),
        owner=newest.text("Owner"),
        what_happened=newest.text("WhatHappened"),
        amount=total(Decimal(row.text("Amount") or "0") for row in rows),
        currency=next((row.text("Currency") for row in rows if row.text("Currency")), ""),
        receipts=sum(row.number("Receipts", 1) for row in rows),
        stores=tuple(sorted({row.text("Store") for row in rows})),
    )
