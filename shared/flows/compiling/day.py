"""Gather what a store-day is compiled of, and write the statement's body: the same bytes whoever compiles it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from shared.retail.business_day import closing_hour, day_ends_at, store_zone
from shared.retail.mapped import StoreSetup
from shared.retail.statement import ReceiptRecord, Statement, StoreDay
from shared.retail.status import IN_D365, Status
from shared.services import Services
from shared.storage.numbers import completeness_json, numbers_before
from shared.storage.receipts import records_of_day
from shared.storage.shifts import as_shifts, decisions_of_day, shifts_of_day
from shared.storage.statements import statement_json


async def gather_day(
    services: Services,
    store_id: str,
    day: date,
    store: StoreSetup,
    receipts: Sequence[ReceiptRecord] | None = None,
) -> StoreDay:
    """Read a store-day as it stands. receipts: these instead of the kept rows, as when they were derived again."""
    if receipts is None:
        receipts = await records_of_day(services.tables.transactions, store_id, day)
    shifts = await shifts_of_day(services.tables.shifts, store_id, day)
    decisions = await decisions_of_day(services.tables.shifts, store_id, day)
    return StoreDay(
        store=store_id,
        legal_entity=store.legal_entity,
        business_day=day,
        currency=store.currency,
        ends_at=day_ends_at(day, store_zone(store.time_zone), closing_hour(store.closing_time)),
        receipts=sorted(receipts, key=lambda one: (one.terminal, one.account, one.transaction_id)),
        shifts=as_shifts(shifts),
        decisions=decisions,
        numbers_before=await numbers_before(services.tables.statements, store_id, day),
    )


def body_of(statement: Statement) -> dict[str, Any]:
    """Give a statement's body, as the API gives it and as it is kept."""
    receipts = statement.day.receipts
    body = statement_json(statement, _d365_statements(receipts), _evidence(receipts))
    return body | {"completeness": completeness_json(statement.tills, statement.day.currency)}


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
