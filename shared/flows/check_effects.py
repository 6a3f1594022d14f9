"""Look again for what posted returns should have brought about, and tell finance of a credit that D365 never showed.

Stock receipts stay *unknown*: no set of D365's shows what one receipt moved (docs/adr/0037).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from shared.d365.records import Invoice, PostedStatement, StatementAggregation, StatementEvidence
from shared.errors import RejectedError, RetryableError
from shared.flows.posting.apply import save_rows
from shared.flows.posting.slot import is_throttled
from shared.flows.tracking.effects import CREDIT, credit_of
from shared.retail.money import ZERO
from shared.retail.reasons import Cause, cause
from shared.retail.status import IN_THE_LEDGER, Status
from shared.services import Services
from shared.storage.causes import (
    cause_row,
    cause_rows,
    end_causes_of,
    fingerprint_of,
    open_causes,
    receipt_member,
)
from shared.storage.due import EFFECT, Due, due_from, finish_or_rest, list_due, postpone_due
from shared.storage.protocols import Row
from shared.storage.receipts import receipts_of_day

LOOKED_AT_AGAIN = timedelta(days=1)
STORE_DAYS_MAX = 20  # a turn; one question each, and most store-days need none


async def check_effects(services: Services) -> int:
    """Ask again about store-days whose returns have no credit confirmed; give how many are confirmed now."""
    now = services.now()
    rows = [row for row in await list_due(services.tables.due, EFFECT) if due_from(row).next_try <= now]
    if not rows or await is_throttled(services):
        return 0
    confirmed, is_silent = 0, False
    for row in rows[:STORE_DAYS_MAX]:
        count, is_silent = await _check_day(services, row, is_silent=is_silent)
        confirmed += count
    return confirmed


async def _check_day(services: Services, due_row: Row, *, is_silent: bool) -> tuple[int, bool]:
    """Ask for the invoices of one store-day's returns; what is confirmed ends its cause, what is not gets one.

    is_silent: D365 could not be asked a moment ago: it is left alone. Give how many are confirmed, and whether it is so now.
    """
    due = due_from(due_row)
    rows = await receipts_of_day(services.tables.transactions, due.store, due.day)
    unknown = [
        row for row in rows if row.flag("CreditUnknown") and Status(row.text("Status")) in IN_THE_LEDGER
    ]
    why = _cause(due, due_row)
    told = [row async for row in cause_rows(services.tables.causes, fingerprint_of(why))]
    by_word = {
        (row.text("Account"), row.text("TransactionId")) for row in told if row.text("State") != "open"
    }
    asked = [row for row in unknown if (row.text("Account"), row.text("TransactionId")) not in by_word]
    shown = None if is_silent else await _shown(services, asked)
    confirmed = [row for one in asked if (row := _confirmed(one, shown or {})) is not None]
    saved = await save_rows(services.tables.transactions, confirmed)
    for row in confirmed:
        name, fingerprint = receipt_member(row).name, fingerprint_of(why)
        how = "D365 shows the credit"
        await end_causes_of(services.tables.causes, row.partition, name, [fingerprint], services.now(), how)
    still = [row for row in asked if row.key not in saved]
    known = {(row.text("Account"), row.text("TransactionId")) for row in told}
    new = [row for row in still if (row.text("Account"), row.text("TransactionId")) not in known]
    await open_causes(
        services.tables.causes, [cause_row(why, receipt_member(row), services.now()) for row in new]
    )
    if still:
        await postpone_due(services.tables.due, due_row, services.now() + LOOKED_AT_AGAIN)
    else:
        settle, rested_at = services.settings.settle_seconds, services.rested_at()
        await finish_or_rest(services.tables.due, due_row, settle, rested_at)
    return len(saved), shown is None


def _cause(due: Due, due_row: Row) -> Cause:
    since = f"{due_row.written_at:%Y-%m-%d}" if due_row.written_at else "their posting"
    day = due.day.isoformat()
    return cause("credit_not_confirmed", f"{due.store} {day}", store=due.store, day=day, since=since)


async def _shown(services: Services, rows: Sequence[Row]) -> dict[str, StatementEvidence] | None:
    """Ask what D365 shows of the statements these receipts are in: their orders, and the invoices of these; by statement.

    None where D365 cannot be asked. Two questions, for however many receipts.
    """
    statements = sorted({row.text("D365Statement") for row in rows if row.text("D365Statement")})
    if not statements:
        return {}
    try:
        made = await services.d365.statement_aggregations(statements)
        orders = {one.sales_order for one in made} | {row.text("SalesOrder") for row in rows}
        invoices = await services.d365.invoices(sorted(orders - {""}))
    except (RetryableError, RejectedError) as error:
        services.log.info("D365 was not asked for credit notes: %s", error)
        return None
    return {name: _evidence(name, made, rows, invoices) for name in statements}


def _evidence(
    statement: str, made: Sequence[StatementAggregation], rows: Sequence[Row], invoices: Sequence[Invoice]
) -> StatementEvidence:
    own = {(one.legal_entity, one.sales_order) for one in made if one.statement == statement}
    named = [row for row in rows if row.text("D365Statement") == statement]
    own |= {(row.text("LegalEntity"), row.text("SalesOrder")) for row in named}
    found = tuple(one for one in invoices if (one.legal_entity, one.sales_order) in own)
    journal = PostedStatement(named[0].text("LegalEntity"), statement, "", None, ZERO, ZERO)
    return StatementEvidence(journal, was_asked=True, invoices=found)


def _confirmed(row: Row, shown: Mapping[str, StatementEvidence]) -> Row | None:
    """Give the receipt with its credit as D365 shows it now; None where it still does not."""
    evidence = shown.get(row.text("D365Statement"))
    credit = credit_of(row.text("SalesOrder"), evidence) if evidence is not None else None
    if credit is None or credit.is_unknown:
        return None
    lines = [credit.line if line.startswith(CREDIT) else line for line in row.text("Evidence").split("\n")]
    return row.with_values(Evidence="\n".join(lines), CreditNote=credit.number or None, CreditUnknown=None)
