"""What retention does with one store-day: erase what may speak of a person, or let its documents go. Figures stay.

A store-day is touched whole or not at all: every receipt at its end, statement and supplements signed, its period closed. Twice
is once: what is done already is not written again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeAlias

from shared.flows.erasing.family import may_lose_operator
from shared.flows.erasing.left import left_of
from shared.flows.posting.apply import save_rows
from shared.retail.mapping import Mappings
from shared.retail.reference import period_is_closed
from shared.retail.retention import what_keeps
from shared.retail.status import Status
from shared.services import Services
from shared.storage.audit import append_audit
from shared.storage.due import STATEMENT, due_key, read_due
from shared.storage.erasures import (
    RETENTION,
    Erasure,
    evidence_of,
    is_erased_as,
    is_gone,
    without_document,
)
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Row
from shared.storage.receipts import UNKNOWN_STORE, receipts_of_day

TEXTS, CASHIERS, DOCUMENTS = "Texts", "Cashiers", "Documents"
STAGES = (TEXTS, CASHIERS, DOCUMENTS)
RECEIPTS_A_TIME = 50
WHY = "its time is past (docs/personal-data.md)"
Change: TypeAlias = Callable[[Row], Row | None]


async def keep_no_longer(services: Services, stage: str, summary: Row, legal_entity: str) -> tuple[int, str]:
    """Do one stage for a store-day; give how many receipts were written, and why none may be touched yet.

    summary: the store-day's line, as statements have it.
    """
    store, day = summary.text("Store"), date.fromisoformat(summary.text("BusinessDay"))
    rows = await receipts_of_day(services.tables.transactions, store, day)
    mappings = await services.mappings.at_least(0)
    is_due = await read_due(services.tables.due, due_key(STATEMENT, store, day)) is not None
    why = what_keeps(
        (Status(row.text("Status")) for row in rows), signed=bool(summary.text("SignedBy")),
        has_supplement=bool(summary.number("Supplement")), is_due=is_due,
        period_closed=period_is_closed(mappings, legal_entity, day),
    )  # fmt: skip
    if why:
        return 0, why
    rows += await _second_versions(services, store, day)
    change = _change(services, stage, mappings)
    changed = [fresh for row in rows if (fresh := change(row)) is not None]
    return await _written(services, stage, store, day, changed), ""


async def keep_strangers_no_longer(services: Services, stage: str, day: date) -> tuple[int, str]:
    """Do one stage for a day's receipts of no known store: they are in no statement, so only their own end is asked for."""
    rows = await receipts_of_day(services.tables.transactions, UNKNOWN_STORE, day)
    statuses = [Status(row.text("Status")) for row in rows]
    why = what_keeps(statuses, signed=True, has_supplement=False, is_due=False, period_closed=True)
    if why:
        return 0, why
    rows += await _second_versions(services, UNKNOWN_STORE, day)
    change = _change(services, stage, await services.mappings.at_least(0))
    changed = [fresh for row in rows if (fresh := change(row)) is not None]
    return await _written(services, stage, UNKNOWN_STORE, day, changed), ""


async def _second_versions(services: Services, store: str, day: date) -> list[Row]:
    prefix = f"{join_key('conflict', store, day.isoformat())}~"
    query = services.tables.transactions.query(store, key_from=prefix, key_before=prefix_end(prefix))
    return [row async for row in query]


def _change(services: Services, stage: str, mappings: Mappings) -> Change:
    """Give what a stage makes of a receipt's row: None where nothing is left to be done."""
    now = services.now()
    erasure = Erasure(now, RETENTION, WHY, stage != TEXTS)

    def erase(row: Row) -> Row | None:
        own = replace(erasure, operator=erasure.operator and may_lose_operator(row))
        if is_gone(row) or is_erased_as(row, operator=own.operator):
            return None
        left = left_of(row, mappings, own)
        return left.row if left is not None else None

    def let_go(row: Row) -> Row | None:
        return None if is_gone(row) else without_document(erase(row) or row, now)

    return let_go if stage == DOCUMENTS else erase


async def _written(services: Services, stage: str, store: str, day: date, rows: Sequence[Row]) -> int:
    """Write the decision down, then the receipts, fifty at a time; what somebody wrote meanwhile is left for the next turn."""
    what = "let go the documents" if stage == DOCUMENTS else "erased personal data"
    written = 0
    for at in range(0, len(rows), RECEIPTS_A_TIME):
        part = rows[at : at + RECEIPTS_A_TIME]
        await append_audit(
            services.tables.audit, store, services.now(), who=RETENTION,
            did=f"{what} of {len(part)} receipts of {day.isoformat()}", reason=WHY, evidence=evidence_of(part),
        )  # fmt: skip
        written += len(await save_rows(services.tables.transactions, part))
    return written
