"""Propose the reversing line where what a person typed for missing sales is counted again with the sales themselves."""

from __future__ import annotations

from shared.retail.double_count import Counted, counted_twice
from shared.retail.money import money_text
from shared.retail.reasons import cause
from shared.retail.statement import Statement
from shared.services import Services
from shared.storage.causes import SHIFT, Member, cause_row, cause_rows, fingerprint_of, open_causes
from shared.storage.over_typed import over_typed_of_day


async def note_double_count(services: Services, statement: Statement) -> None:
    """Open one proposal for each shift and tender, once; a person's word ends it. Nothing is posted by itself."""
    day = statement.day
    typed = await over_typed_of_day(services.tables.shifts, day.store, day.business_day)
    for one in counted_twice(typed, day.receipts) if typed else ():
        if one.reversing is not None:
            await _propose(services, statement, one)


async def _propose(services: Services, statement: Statement, one: Counted) -> None:
    day, typed = statement.day, one.typed
    value = f"{day.store} till {typed.terminal} {day.business_day} shift {typed.shift} {typed.tender}"
    why = cause(
        "counted_twice", value, store=day.store, terminal=typed.terminal, shift=typed.shift, tender=typed.tender,
        day=day.business_day.isoformat(), typed=money_text(typed.amount, day.currency),
        came=money_text(one.came, day.currency), count=str(len(one.receipts)),
        line=money_text(one.reversing or typed.amount, day.currency), currency=day.currency,
    )  # fmt: skip
    if [row async for row in cause_rows(services.tables.causes, fingerprint_of(why))]:
        return  # proposed already; if a person ended it, it stays ended
    member = Member(
        SHIFT, day.store, value, terminal=typed.terminal, business_day=day.business_day.isoformat(),
        amount=one.reversing or typed.amount, currency=day.currency, receipts=len(one.receipts),
    )  # fmt: skip
    await open_causes(services.tables.causes, [cause_row(why, member, services.now())])
