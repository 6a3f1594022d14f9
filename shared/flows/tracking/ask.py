"""Ask D365 what it made of what it has: at most six questions a turn, across all stores, the telling ones first.

Receipts; the statements that picked them up; the journal of posted ones; validation's errors; then what confirms a posting,
invoices and vouchers; then, with what is left and taking turns, the states of shifts and of tills. A set that the
environment does not show, or does not show us, is no trouble: what rests on it is unknown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from shared.d365.entities import READ_AUDITABLE, READ_POSTED_STATEMENTS
from shared.d365.records import (
    AuditableRow,
    ShiftState,
    StatementAggregation,
    StatementEvidence,
    TerminalState,
)
from shared.errors import AccessRefusedError, RejectedError
from shared.retail.mapped import D365Key
from shared.services import Services

CALLS_MAX = 6
KINDS = (
    "auditable", "statements", "posted_statements", "validation_errors", "invoices", "vouchers", "shift_states",
    "terminal_states", "ledger_lines",
)  # fmt: skip
POSTED_STATE = "Posted"
REFUSED = frozenset({"Failed", "Error"})
PASSED = frozenset({"Successful", "Succeeded", "Success"})
Found = TypeVar("Found")
Number = tuple[str, str]


@dataclass(slots=True)
class News:
    """What D365 says now. `None` is *unknown*: not shown, or not asked this time. Statements by legal entity and number.

    evidence: of every statement that is posted; by_day: receipts by operating unit and business day.
    """

    receipts: Mapping[D365Key, AuditableRow] = field(default_factory=dict)
    by_day: Mapping[tuple[str, date | None], Sequence[AuditableRow]] = field(default_factory=dict)
    evidence: Mapping[Number, StatementEvidence] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    aggregations: Sequence[StatementAggregation] | None = None
    shifts: Sequence[ShiftState] | None = None
    terminals: Sequence[TerminalState] | None = None
    forgotten: frozenset[Number] = frozenset()  # watched statements that D365 no longer has as they were
    is_shown: bool = False  # whether D365 shows receipts at all
    # Statements that seemed posted before a receipt in them had arrived.
    contradicted: set[Number] = field(default_factory=set)
    fresh: frozenset[Number] = frozenset()  # statements that this turn learnt to be posted
    calls_left: int = 0
    barred: frozenset[str] | None = None  # of the telling sets, those our user has no right to read

    def is_posted(self, seen: AuditableRow) -> bool:
        """Posted: its statement is in D365's journal of posted ones, and nothing of it is in an earlier state."""
        return bool(seen.statement) and (seen.key.legal_entity, seen.statement) in self.evidence

    def stores(self) -> frozenset[str]:
        """Give the stores, by D365's numbers, whose receipts are waited for."""
        return frozenset(row.store_number for row in self.receipts.values())


class _Turn:
    """One turn's questions: how many are left, and what may not be shown."""

    def __init__(self, services: Services) -> None:
        self.barred: set[str] = set()
        self._services = services
        self._before = self._made()

    def _made(self) -> int:
        return sum(self._services.d365.calls[kind] for kind in KINDS)

    def left(self) -> int:
        """Give how many calls this turn may still make."""
        return CALLS_MAX - (self._made() - self._before)

    async def shown(self, question: Awaitable[list[Found]], telling: str = "") -> list[Found] | None:
        """Give the answer, or None where D365 does not show the set, or not as we know it.

        telling: the set, where receipts stand still without it; a missing right to read it is remembered.
        """
        try:
            return await question
        except AccessRefusedError as error:
            self._services.log.warning("not shown to us by D365: %s", error)
            self.barred |= {telling} if telling else set()
            return None
        except RejectedError as error:
            self._services.log.info("not shown by D365: %s", error)
            return None


async def ask(
    services: Services, days: set[date], watched: Mapping[Number, str], *, tills_first: bool, kept: int = 0
) -> News:
    """Ask. tills_first: whether the states of tills are asked before those of shifts this time. watched: statements that
    D365 had posted, with the instant it gave; they are asked about again where others are. kept: calls that are not spent
    on the states of shifts and tills.

    Raises:
        RetryableError: D365 did not answer a question; nothing is known of this turn.
    """
    turn = _Turn(services)
    found = await turn.shown(services.d365.auditable(None, days), READ_AUDITABLE.odata_set)
    if found is None:
        return News(
            barred=frozenset(turn.barred) or None
        )  # without it no receipt moves, and nothing else tells which statements are ours
    before = frozenset(services.posted_statements)
    aggregations, forgotten = await _ask_statements(services, turn, found, watched)
    fresh = frozenset(services.posted_statements) - before
    refused = sorted({row.key.transaction_number for row in found if row.validation in REFUSED})
    errors = await turn.shown(services.d365.validation_errors(refused)) if refused else []
    await _ask_evidence(services, turn, found, aggregations or [])
    by_day: dict[tuple[str, date | None], list[AuditableRow]] = {}
    for row in found:
        by_day.setdefault((row.key.operating_unit, row.business_day), []).append(row)
    news = News(
        receipts={row.key: row for row in found},
        by_day=by_day,
        evidence=services.posted_statements,
        errors={one.transaction_number: one.text for one in reversed(errors or [])},
        aggregations=aggregations,
        forgotten=forgotten,
        is_shown=True,
        fresh=fresh,
        barred=frozenset(turn.barred),
    )
    for of_tills in (tills_first, not tills_first):
        if turn.left() > kept and of_tills:
            news.terminals = await turn.shown(services.d365.terminal_states())
        elif turn.left() > kept:
            news.shifts = await turn.shown(services.d365.shift_states())
    news.calls_left = turn.left()
    return news


async def _ask_statements(
    services: Services, turn: _Turn, found: Sequence[AuditableRow], watched: Mapping[Number, str]
) -> tuple[list[StatementAggregation] | None, frozenset[Number]]:
    """Learn which statements are posted by now; those that were seen posted are not asked about again."""
    known = services.posted_statements
    named = {(row.key.legal_entity, row.statement) for row in found if row.statement}
    for number in known.keys() - named:
        del known[number]  # of days that nobody waits for any more
    statements = sorted({statement for _, statement in named - known.keys()})
    if not statements:
        return [], frozenset()
    aggregations = await turn.shown(services.d365.statement_aggregations(statements))
    asked = sorted({*statements, *(number for _, number in watched)})
    posted = await turn.shown(services.d365.posted_statements(asked), READ_POSTED_STATEMENTS.odata_set)
    unfinished = {
        (one.legal_entity, one.statement) for one in aggregations or () if one.status != POSTED_STATE
    }
    for journal in posted or ():
        number = (journal.legal_entity, journal.statement)
        if journal.posted_at is not None and number not in unfinished and number in named:
            known.setdefault(number, StatementEvidence(journal))
    still = {
        (one.legal_entity, one.statement): f"{one.posted_at:%Y-%m-%dT%H:%M:%SZ}"
        for one in posted or ()
        if one.posted_at is not None
    }
    lost = {number for number, at in watched.items() if posted is not None and still.get(number) != at}
    return aggregations, frozenset(lost)


async def _ask_evidence(
    services: Services,
    turn: _Turn,
    found: Sequence[AuditableRow],
    aggregations: Sequence[StatementAggregation],
) -> None:
    """Look for the invoices and vouchers of statements that are posted, each statement once.

    Orders or statements beyond what one call can name stay *unknown*: a turn has six calls, and no receipt waits for this.
    """
    known = services.posted_statements
    fresh = {number for number, one in known.items() if not one.was_asked}
    if not fresh:
        return
    orders: dict[Number, set[str]] = {}
    for row in found:
        orders.setdefault((row.key.legal_entity, row.statement), set()).add(row.sales_order)
    for one in aggregations:
        orders.setdefault((one.legal_entity, one.statement), set()).add(one.sales_order)
    wanted = sorted({order for number in fresh for order in orders.get(number, ()) if order})
    invoices = await turn.shown(services.d365.invoices(wanted)) if wanted and turn.left() > 0 else None
    numbers = sorted({statement for _, statement in fresh})
    vouchers = await turn.shown(services.d365.vouchers(numbers)) if turn.left() > 0 else None
    for number in fresh & known.keys():  # another turn of this process may have dropped one meanwhile
        own = {(number[0], order) for order in orders.get(number, ())}
        known[number] = StatementEvidence(
            known[number].journal,
            was_asked=True,
            invoices=None
            if invoices is None
            else tuple(one for one in invoices if (one.legal_entity, one.sales_order) in own),
            vouchers=None
            if vouchers is None
            else tuple(one.voucher for one in vouchers if (one.legal_entity, one.statement) == number),
        )
