"""Receipts that come when their period is closed in D365: mapped by the policy of their company, told to finance, never re-dated.

The receipt keeps its business day here; only the day D365 is told is another, and that is kept beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from shared.retail.late import late_cause, posting_day
from shared.retail.mapped import MappedTransaction
from shared.retail.mapping import SENT_KINDS, Mappings
from shared.retail.reasons import Cause
from shared.services import Services
from shared.storage.causes import cause_row, end_causes_of, fingerprint_of, open_causes, receipt_member
from shared.storage.late import late_row, note_late
from shared.storage.protocols import Row
from shared.storage.receipts import POSTS_ON

Outcome = MappedTransaction | tuple[Cause, ...] | str


def posted_by_policy(mapped: MappedTransaction, mappings: Mappings) -> MappedTransaction:
    """Give a receipt with the day it is posted on; its own, unless its period is closed and the policy says the next."""
    if mapped.transaction.kind not in SENT_KINDS:
        return mapped
    day = posting_day(mappings, mapped.store.legal_entity, mapped.business_day)
    return replace(mapped, business_day=day) if day is not None else mapped


def posts_on(row: Row, mapped: MappedTransaction) -> str | None:
    """Give the day D365 has it under, where that is not its business day."""
    day = mapped.business_day.isoformat()
    return day if day != row.text("BusinessDay") else None


def told_late(row: Row, mapped: MappedTransaction) -> str:
    """Say it in the receipt's history."""
    day = posts_on(row, mapped)
    return f"; its period is closed in D365, so it is posted on {day}" if day is not None else ""


async def note_late_receipts(services: Services, decided: Sequence[tuple[Row, Outcome]]) -> None:
    """Before such receipts are mapped: write where they are found again, and tell finance; end what is told of others."""
    for row, one in decided:
        if row.text(POSTS_ON) and not (isinstance(one, MappedTransaction) and posts_on(row, one)):
            why = late_cause(row.partition, row.text("BusinessDay"), row.text(POSTS_ON))
            name, over = receipt_member(row).name, [fingerprint_of(why)]
            await end_causes_of(
                services.tables.causes, row.partition, name, over, services.now(), "no longer so"
            )
    late = [(row, one) for row, one in decided if isinstance(one, MappedTransaction) and posts_on(row, one)]
    if not late:
        return
    pointers = {
        (one.store.legal_entity, row.partition, row.text("BusinessDay"), one.business_day)
        for row, one in late
    }
    await note_late(
        services.tables.storedays,
        [late_row(entity, store, date.fromisoformat(day), on) for entity, store, day, on in sorted(pointers)],
    )
    now = services.now()
    causes = [
        cause_row(
            late_cause(row.partition, row.text("BusinessDay"), one.business_day.isoformat()),
            receipt_member(row),
            now,
        )
        for row, one in late
    ]
    await open_causes(services.tables.causes, causes)
