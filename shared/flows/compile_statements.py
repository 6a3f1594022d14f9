"""Compile the statement of every store-day that has ended, and again whenever something changes it.

What is missing or late becomes a cause in front of its owner; a cause that no longer holds ends by itself.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from shared.flows.compiling.day import full_body, gather_day, text_of
from shared.flows.compiling.double_count import note_double_count
from shared.flows.compiling.findings import tell_findings
from shared.flows.compiling.gaps import note_gaps
from shared.flows.compiling.summary import summary_row
from shared.flows.compiling.used import note_used_of
from shared.flows.isolating.storedays import StoreDays
from shared.flows.mapping.note_shifts import note_shifts
from shared.flows.retaining.again import look_again
from shared.retail.mapped import statement_at
from shared.retail.reasons import cause
from shared.retail.statement import ReceiptRecord, Statement, StoreDay, compile_store_day
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import (
    RECEIPT,
    Member,
    cause_row,
    cause_rows,
    end_cause_rows,
    fingerprint_of,
    open_causes,
)
from shared.storage.due import (
    STATEMENT,
    Due,
    due_from,
    finish_or_rest,
    list_due,
    note_due,
    postpone_due,
)
from shared.storage.numbers import days_after, numbers_of, numbers_text
from shared.storage.protocols import Row
from shared.storage.statements import (
    statement_key,
    statement_row,
    statement_text,
)


async def compile_statements(services: Services) -> int:
    """Compile every store-day that is due; give how many were compiled."""
    now = services.now()
    due_rows = [
        row for row in await list_due(services.tables.due, STATEMENT) if due_from(row).next_try <= now
    ]
    days = StoreDays(services, STATEMENT)
    compiled = sum(count for _, count in await days.each(due_rows, partial(_compile, services)))
    days.end()
    return compiled


async def _compile(services: Services, due_row: Row) -> int:
    """Compile one store-day, if it is over; its due row goes when nobody has written it meanwhile."""
    due = due_from(due_row)
    store = await services.mappings.store(due.store, due.day, due.mapping_version)
    if store is None:
        return 0
    ready_at = statement_at(store, due.day, services.settings.grace_minutes)
    if services.now() < ready_at:
        await postpone_due(services.tables.due, due_row, ready_at)
        return 0
    begun_at = services.now()
    day = await gather_day(services, due.store, due.day, store)
    statement = compile_store_day(day)
    await note_gaps(services, statement)
    await note_double_count(services, statement)
    await _note_late(services, statement)
    await tell_findings(services, statement)
    old = await services.tables.statements.read(due.store, statement_key(due.store, due.day))
    await note_shifts(services, store, due.day, day.shift_findings, day.shifts)
    await _save(services, statement, old, begun_at)
    await look_again(services, due.store, store.legal_entity, due.day)
    settle = services.settings.settle_seconds
    await finish_or_rest(services.tables.due, due_row, settle, services.rested_at())
    return 1


async def _save(services: Services, statement: Statement, old: Row | None, begun_at: datetime) -> None:
    """Save the summary and the statement, which knows only what was there when it was begun.

    A compilation that changed nothing leaves the revision as it was.
    """
    day = statement.day
    body = await full_body(services, statement)
    text = text_of(body)
    now = services.now()
    await services.tables.storedays.upsert(summary_row(body, day, now))
    numbers = numbers_text(statement.tills)
    if old is None or statement_text(old) != text or numbers_of(old) != numbers:
        await note_used_of(services, day)
        await _note_days_after(services, day, numbers, old)
        row = statement_row(day.store, day.business_day, text, begun_at, old)
        await services.tables.statements.upsert(row.with_values(Numbers=numbers))


async def _note_days_after(services: Services, day: StoreDay, numbers: str, old: Row | None) -> None:
    """A day whose tills ended with other numbers moves where later days had to begin: they are compiled again."""
    if numbers_of(old) == numbers:
        return
    later = await days_after(services.tables.statements, day.store, day.business_day)
    if later:
        dues = [Due(STATEMENT, day.store, one, services.now()) for one in later]
        await note_due(services.tables.due, dues)


async def _note_late(services: Services, statement: Statement) -> None:
    """Tell finance of receipts that came after the day had been compiled; posted, they need nobody any more."""
    day = statement.day
    # what came after its period was closed is told by itself (receipt_after_close)
    late = [one for one in day.receipts if one.late and one.is_receipt and one.posts_on is None]
    if not late:
        return
    value = f"{day.store} {day.business_day}"
    why = cause("receipt_late", value, store=day.store, day=day.business_day.isoformat())
    found = [row async for row in cause_rows(services.tables.causes, fingerprint_of(why))]
    known = {(row.text("Account"), row.text("TransactionId")) for row in found}
    rows = [
        cause_row(why, _late_member(day, one), services.now())
        for one in late
        if (one.account, one.transaction_id) not in known
    ]
    await open_causes(services.tables.causes, rows)
    posted = {(one.account, one.transaction_id) for one in late if one.status is Status.POSTED}
    over = [row for row in found if (row.text("Account"), row.text("TransactionId")) in posted]
    await end_cause_rows(services.tables.causes, over, services.now(), "posted under its own business day")


def _late_member(day: StoreDay, one: ReceiptRecord) -> Member:
    return Member(
        what=RECEIPT, store=day.store, name=f"{one.account} {one.transaction_id}", terminal=one.terminal,
        business_day=day.business_day.isoformat(), account=one.account, transaction_id=one.transaction_id,
        receipt_number=one.label, sequence_number=one.sequence_number, amount=one.figures.total, currency=day.currency,
    )  # fmt: skip
