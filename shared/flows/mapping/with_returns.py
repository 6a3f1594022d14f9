"""Put what the refund ledger says beside what mapping decided: a return may go, is held, or waits for its sale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeAlias

from shared.flows.mapping.originals import Return, as_rung_up
from shared.flows.mapping.settle_returns import Settled, settle_returns
from shared.retail.mapped import MappedTransaction
from shared.retail.mapping import Mappings
from shared.retail.reasons import Cause
from shared.retail.status import Status
from shared.retail.transaction import Transaction
from shared.services import Services
from shared.storage.causes import fingerprint_of
from shared.storage.due import WAIT, Due, note_due
from shared.storage.protocols import Row
from shared.storage.receipts import advanced


@dataclass(frozen=True, slots=True)
class Read:
    """A received row with what its document says; told: before the receipts it names were looked for."""

    row: Row
    transaction: Transaction
    told: Transaction


@dataclass(frozen=True, slots=True)
class Waits:
    """A refund that waits for its sale, and what it needs looked up on its row."""

    cause: Cause


Outcome: TypeAlias = MappedTransaction | tuple[Cause, ...] | str | Waits


async def with_returns(
    services: Services, mappings: Mappings, decided: Sequence[tuple[Read, Outcome]]
) -> list[tuple[Read, Outcome]]:
    """Ask the refund ledger about whatever gives something back; what it holds is held beside all other causes."""
    going = {
        (one.row.text("Account"), one.row.text("TransactionId"))
        for one, outcome in decided
        if isinstance(outcome, MappedTransaction)
    }
    returns = [
        Return(one.row, as_rung_up(one.row, one.told), goes=isinstance(outcome, MappedTransaction))
        for one, outcome in decided
        if not isinstance(outcome, str)
    ]
    settled = await settle_returns(services, mappings, returns, going)
    return [_with_return(one, outcome, settled.get(one.row.key)) for one, outcome in decided]


def _with_return(one: Read, outcome: Outcome, settled: Settled | None) -> tuple[Read, Outcome]:
    if settled is None or isinstance(outcome, str):
        return one, outcome
    held = outcome if isinstance(outcome, tuple) else ()
    if held or settled.causes:
        return one, (*held, *settled.causes)
    if settled.waits is not None:
        return one, Waits(settled.waits)
    return replace(one, row=one.row.with_values(**settled.changes)), outcome


async def note_waiting(
    services: Services, store: str, day: date, decided: Sequence[tuple[Read, Outcome]]
) -> list[Due]:
    """Write down that the store-day has refunds that wait for their sales, before they do."""
    dues = [Due(WAIT, store, day, services.now())]
    if not any(isinstance(outcome, Waits) for _, outcome in decided):
        return []
    await note_due(services.tables.due, dues)
    return dues


def waiting(row: Row, outcome: Waits, now: datetime) -> Row:
    """Give the next state of a refund that waits for its sale; since when, it remembers."""
    why, since = outcome.cause, row.values.get("WaitsSince", now)
    named = {"Cause": why.code, "CauseValue": why.value, "Fingerprint": fingerprint_of(why)}
    note = f"for receipt {why.value}"
    return advanced(row, Status.WAITING, now, note, Fingerprints=None, WaitsSince=since, **named)
