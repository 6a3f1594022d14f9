"""Gather what a store-day is compiled of, and write the statement's body: the same bytes whoever compiles it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from shared.flows.compiling.vouchers import voucher_check, with_vouchers
from shared.flows.fetching.not_here import not_here_of
from shared.flows.mapping.note_shifts import compiled_as_of, judged
from shared.retail.business_day import closing_hour, day_ends_at, store_zone
from shared.retail.count_limits import limits_of
from shared.retail.counting import Limits
from shared.retail.mapped import StoreSetup
from shared.retail.shift import Shift
from shared.retail.statement import ReceiptRecord, Statement, StoreDay
from shared.retail.status import IN_D365, Status
from shared.retail.storeday import NotHere
from shared.services import Services
from shared.storage.numbers import completeness_json, numbers_before
from shared.storage.receipt_record import records_of_day
from shared.storage.shifts import as_shifts, decisions_of_day, shifts_of_two_days
from shared.storage.signed import signed_from, signed_of_day
from shared.storage.statements import statement_json


async def gather_day(
    services: Services,
    store_id: str,
    day: date,
    store: StoreSetup,
    receipts: Sequence[ReceiptRecord] | None = None,
    limits: Limits | None = None,
) -> StoreDay:
    """Read a store-day as it stands.

    receipts: these instead of the kept rows, as when they were derived again; limits: those it was judged by then.
    """
    if receipts is None:
        receipts = await records_of_day(services.tables.transactions, store_id, day)
    shifts = as_shifts(await shifts_of_two_days(services.tables.shifts, store_id, day))
    decisions = await decisions_of_day(services.tables.shifts, store_id, day)
    mappings = await services.mappings.at_least(0)
    found = judged(store, day, shifts, receipts, mappings, compiled_as_of(services, store, day))
    signed = await signed_of_day(services.tables.statements, store_id, day)
    own = [one for one in shifts if one.day == day]
    return StoreDay(
        store=store_id,
        legal_entity=store.legal_entity,
        business_day=day,
        currency=store.currency,
        ends_at=day_ends_at(day, store_zone(store.time_zone), closing_hour(store.closing_time)),
        receipts=sorted(receipts, key=lambda one: (one.terminal, one.account, one.transaction_id)),
        shifts=own,
        decisions=decisions,
        limits=limits or limits_of(mappings, store, _tenders(receipts, own), day),
        signed=tuple(signed_from(row) for row in signed),
        shift_findings=found,
        numbers_before=await numbers_before(services.tables.statements, store_id, day),
        not_here=await _not_here(services, store_id, day, store.currency),
    )


async def _not_here(services: Services, store: str, day: date, currency: str) -> tuple[NotHere, ...]:
    """Read which receipts POS vendors list that are not here; nobody is asked where there are no vendors."""
    return await not_here_of(services, store, day, currency) if services.settings.vendors else ()


def _tenders(receipts: Sequence[ReceiptRecord], shifts: Sequence[Shift]) -> set[str]:
    """Give every tender that was taken, moved or counted."""
    taken = {code for one in receipts for code in (*one.figures.tenders, *one.drawer)}
    return taken | {tender for shift in shifts for tender, _, _ in shift.counted}


def body_of(statement: Statement) -> dict[str, Any]:
    """Give a statement's body, as the API gives it and as it is kept."""
    receipts = statement.day.receipts
    body = statement_json(statement, _d365_statements(receipts), _evidence(receipts))
    return body | {"completeness": completeness_json(statement.tills, statement.day.currency)}


async def full_body(services: Services, statement: Statement) -> dict[str, Any]:
    """Give a statement's body with what D365 was last seen to have in its vouchers."""
    day = statement.day
    store = services.mappings.known.store(day.store, day.business_day)
    if store is None:
        return body_of(statement)
    check = await voucher_check(services, store, day.business_day, day.receipts)
    return with_vouchers(body_of(statement), day, check)


def text_of(body: dict[str, Any]) -> str:
    """Write a statement's body: the same body gives the same bytes."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def _d365_statements(receipts: Sequence[ReceiptRecord]) -> list[dict[str, str]]:
    """List the D365 statements that the day's receipts are posted in."""
    numbers = sorted({one.d365_statement for one in receipts if one.d365_statement})
    return [{"number": number, "status": "posted"} for number in numbers]


def _evidence(receipts: Sequence[ReceiptRecord]) -> str:
    """Say what the figures in the D365 column rest on: the weakest evidence of any receipt in it."""
    statuses = {one.status for one in receipts if one.status in IN_D365}
    if Status.SENT in statuses:
        return "read back"
    return "validated by headquarters" if Status.VALIDATED in statuses else "posted"
