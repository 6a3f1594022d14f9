"""Tell people what a compiled statement found beside its receipts; end what no longer holds."""

from __future__ import annotations

from decimal import Decimal

from shared.retail.counting import OVER_LIMIT, Counts
from shared.retail.money import ZERO, money_text, total
from shared.retail.reasons import Cause, cause
from shared.retail.statement import Statement
from shared.retail.storeday import counts
from shared.services import Services
from shared.storage.causes import (
    STATEMENT,
    Member,
    cause_row,
    cause_rows,
    end_cause_rows,
    fingerprint_of,
    open_causes,
)


async def tell_findings(services: Services, statement: Statement) -> None:
    """Open a cause for what is unexplained and for counts beyond the limits, or end the one that is there."""
    day = statement.day
    counted = counts(day)
    over = total(one.difference or ZERO for one in counted.lines if one.verdict == OVER_LIMIT)
    unexplained = statement.unexplained
    found = (
        ("statement_unexplained", not unexplained.is_nothing, unexplained.total, _unexplained_in(statement)),
        ("count_over_limit", counted.is_over, over, _over_in(counted, day.currency)),
    )
    for code, holds, amount, detail in found:
        value = f"{day.store} {day.business_day}"
        words = {"store": day.store, "day": day.business_day.isoformat(), "detail": detail}
        why = cause(code, value, amount=f"{money_text(amount, day.currency)} {day.currency}", **words)
        await _tell(services, statement, why, amount, holds=holds)


async def _tell(
    services: Services, statement: Statement, why: Cause, amount: Decimal, *, holds: bool
) -> None:
    day = statement.day
    known = [row async for row in cause_rows(services.tables.causes, fingerprint_of(why), "open")]
    if not holds:
        await end_cause_rows(services.tables.causes, known, services.now(), "compiled again without it")
        return
    member = Member(
        STATEMENT, day.store, f"statement {day.business_day}", business_day=day.business_day.isoformat(), amount=amount,
        currency=day.currency, receipts=0,
    )  # fmt: skip
    row = cause_row(why, member, services.now())
    if not any(one.text("WhatHappened") == row.text("WhatHappened") for one in known):
        await open_causes(services.tables.causes, [row])


def _unexplained_in(statement: Statement) -> str:
    """Name the tenders and taxes that money is unexplained in."""
    figures, currency = statement.unexplained, statement.day.currency
    parts = [f"{code} {money_text(one, currency)}" for code, one in sorted(figures.tenders.items()) if one]
    parts += [f"tax {code} {money_text(one, currency)}" for code, one in sorted(figures.taxes.items()) if one]
    return ", ".join(parts[:10]) or "in no tender and no tax"


def _over_in(counted: Counts, currency: str) -> str:
    parts = [
        f"till {one.terminal} shift {one.shift} {one.tender} {money_text(one.difference or ZERO, currency)}"
        for one in counted.lines
        if one.verdict == OVER_LIMIT
    ]
    parts += [f"till {terminal} shift {shift} altogether" for terminal, shift in counted.shifts_over]
    parts += ["the day altogether"] if counted.statement_over else []
    return ", ".join(parts[:10])
