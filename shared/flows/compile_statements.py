"""Compile the statement of every store-day that has ended, and again whenever something changes it.

What is missing or late becomes a cause in front of its owner; a cause that no longer holds ends by itself.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import partial

from shared.flows.compiling.day import full_body, gather_day, text_of
from shared.flows.compiling.findings import tell_findings
from shared.flows.compiling.summary import summary_row
from shared.flows.isolating.storedays import StoreDays
from shared.flows.mapping.note_shifts import note_shifts
from shared.retail.mapped import statement_at
from shared.retail.reasons import cause
from shared.retail.statement import ReceiptRecord, Statement, StoreDay, compile_store_day, gap_value
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import (
    NUMBER,
    RECEIPT,
    Member,
    cause_row,
    cause_rows,
    end_cause_rows,
    fingerprint_of,
    open_causes,
)
from shared.storage.due import STATEMENT, due_from, finish_or_rest, list_due, postpone_due
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
    await _note_gaps(services, statement)
    await _note_late(services, statement)
    await tell_findings(services, statement)
    old = await services.tables.statements.read(due.store, statement_key(due.store, due.day))
    await note_shifts(services, store, due.day, day.shift_findings, day.shifts)
    await _save(services, statement, old, begun_at)
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
    if old is None or statement_text(old) != text:
        await services.tables.statements.upsert(
            statement_row(day.store, day.business_day, text, begun_at, old)
        )


async def _note_gaps(services: Services, statement: Statement) -> None:
    """Put missing numbers before store operations; end those that arrived or were decided."""
    day = statement.day
    terminals = {one.terminal for one in day.receipts}
    gaps = {gap.terminal: gap for gap in statement.gaps}
    for terminal in sorted(terminals):
        gap = gaps.get(terminal)
        missing = [number for number in gap.numbers if number not in gap.decisions] if gap else []
        worth = gap.worth.total if gap is not None and gap.worth is not None else Decimal(0)
        numbers = ", ".join(str(number) for number in missing[:20])
        why = cause(
            "receipts_missing", gap_value(day, terminal), store=day.store, terminal=terminal,
            day=day.business_day.isoformat(), numbers=numbers,
        )  # fmt: skip
        found = [row async for row in cause_rows(services.tables.causes, fingerprint_of(why))]
        known = {row.number("SequenceNumber") for row in found}
        rows = [
            cause_row(
                why,
                _number_member(day, terminal, number, worth if number == missing[0] else Decimal(0)),
                services.now(),
            )
            for number in missing
            if number not in known
        ]
        await open_causes(services.tables.causes, rows)
        over = [row for row in found if row.number("SequenceNumber") not in missing]
        decided = gap.decisions if gap else {}
        lost = [row for row in over if row.number("SequenceNumber") in decided]
        await end_cause_rows(services.tables.causes, lost, services.now(), "decided by a person")
        here = [row for row in over if row.number("SequenceNumber") not in decided]
        await end_cause_rows(services.tables.causes, here, services.now(), "arrived")


def _number_member(day: StoreDay, terminal: str, number: int, worth: Decimal) -> Member:
    """A missing number as a member; what the whole gap is worth stands with its first number."""
    return Member(
        what=NUMBER, store=day.store, name=f"{terminal} {number}", terminal=terminal,
        business_day=day.business_day.isoformat(), sequence_number=number, amount=worth, currency=day.currency,
    )  # fmt: skip


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
