"""The life of each missing number: when it was first missed, when it came, what a person said of it.

It is kept on the number's cause row, a line for each thing that happened, and survives every compilation.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.errors import ChangedMeanwhileError, NotThereError
from shared.retail.completeness import Gap, Till
from shared.retail.reasons import Cause, cause
from shared.retail.statement import Statement, StoreDay, gap_value
from shared.retail.stretches import stretches
from shared.services import Services
from shared.storage.causes import (
    NUMBER,
    OPEN,
    Member,
    cause_row,
    cause_rows,
    end_cause_rows,
    fingerprint_of,
    open_causes,
)
from shared.storage.protocols import Row

STRETCHES_MAX = 20

Arrived = Mapping[int, datetime]


@dataclass(frozen=True, slots=True)
class _Look:
    """One till on one day: its gap, if any, what arrived of it when, and the rows its numbers have."""

    day: StoreDay
    till: Till
    gap: Gap | None
    arrived: Arrived
    rows: Mapping[int, Row]

    @property
    def missing(self) -> list[int]:
        """Give the numbers that are missing and that nobody has decided about."""
        return [one for one in self.gap.numbers if one not in self.gap.decisions] if self.gap else []


async def note_gaps(services: Services, statement: Statement) -> None:
    """Put missing numbers before store operations; end those that arrived or were decided, and keep each one's life."""
    day = statement.day
    gaps = {(gap.terminal, gap.generation): gap for gap in statement.gaps}
    tills = {one.numbered_by for one in day.receipts} | gaps.keys()
    arrived: dict[Till, dict[int, datetime]] = {}
    for one in day.receipts:
        if one.sequence_number is not None and one.times is not None:
            numbers = arrived.setdefault(one.numbered_by, {})
            numbers[one.sequence_number] = one.times.received_at
    for till in sorted(tills):
        fingerprint = fingerprint_of(cause("receipts_missing", gap_value(day, *till)))
        rows = {
            row.number("SequenceNumber"): row
            async for row in cause_rows(services.tables.causes, fingerprint)
        }  # fmt: skip
        look = _Look(day, till, gaps.get(till), arrived.get(till, {}), rows)
        await _open(services, look)
        await _end(services, look)
        await _correct(services, look)


async def _open(services: Services, look: _Look) -> None:
    """Open what is missing and not open yet. What went missing again keeps the day on which it was first missed."""
    now, missing = services.now(), look.missing
    opened = []
    for number in missing:
        row = look.rows.get(number)
        if row is not None and row.text("State") == OPEN:
            continue
        member = _member(look, number, _worth(look.gap) if number == missing[0] else Decimal(0))
        since = now if row is None else row.instant("Since")
        fresh = cause_row(_cause(look), member, since)
        opened.append(fresh.with_values(Life=_life(row, now, "missing" if row is None else "missing again")))
    await open_causes(services.tables.causes, opened)


async def _end(services: Services, look: _Look) -> None:
    """End what arrived, and what a person decided."""
    now, missing = services.now(), set(look.missing)
    decided = look.gap.decisions if look.gap is not None else {}
    open_rows = {
        number: row
        for number, row in look.rows.items()
        if row.text("State") == OPEN and number not in missing
    }
    lost = [
        row.with_values(Life=_life(row, now, f"{decided[number].decision}, said by {decided[number].by}"))
        for number, row in open_rows.items()
        if number in decided
    ]
    await end_cause_rows(services.tables.causes, lost, now, "decided by a person")
    here = [_arrived(look, number, row, now) for number, row in open_rows.items() if number not in decided]
    await end_cause_rows(services.tables.causes, here, now, "arrived")


async def _correct(services: Services, look: _Look) -> None:
    """What was said to be lost and came after all has that in its life; the decision no longer means anything."""
    now = services.now()
    for number, row in sorted(look.rows.items()):
        if row.text("State") != OPEN and number in look.arrived and "ArrivedAt" not in row.values:
            after_all = _arrived(look, number, row, now).with_values(EndedHow="arrived after all")
            with contextlib.suppress(ChangedMeanwhileError, NotThereError):
                await services.tables.causes.replace(after_all, row.etag)


def _arrived(look: _Look, number: int, row: Row, now: datetime) -> Row:
    at = look.arrived.get(number)
    if at is None:  # a shift's own totals named it, and no longer do
        return row.with_values(Life=_life(row, now, "no longer missing"))
    return row.with_values(Life=_life(row, at, "arrived"), ArrivedAt=at)


def _life(row: Row | None, at: datetime, what: str) -> str:
    before = row.text("Life") if row is not None else ""
    if row is not None and not before:
        before = f"{row.instant('Since'):%Y-%m-%dT%H:%M:%SZ} missing"
    return f"{before}\n{at:%Y-%m-%dT%H:%M:%SZ} {what}".strip()


def _cause(look: _Look) -> Cause:
    day, (terminal, generation) = look.day, look.till
    return cause(
        "receipts_missing", gap_value(day, terminal, generation), store=day.store, terminal=terminal,
        day=day.business_day.isoformat(), numbers=stretches(look.missing, STRETCHES_MAX),
    )  # fmt: skip


def _worth(gap: Gap | None) -> Decimal:
    return gap.worth.total if gap is not None and gap.worth is not None else Decimal(0)


def _member(look: _Look, number: int, worth: Decimal) -> Member:
    """A missing number as a member; what the whole gap is worth stands with its first number."""
    terminal, generation = look.till
    name = f"{terminal} {number}" if generation == 1 else f"{terminal} {generation} {number}"
    return Member(
        what=NUMBER, store=look.day.store, name=name, terminal=terminal,
        business_day=look.day.business_day.isoformat(), sequence_number=number, amount=worth, currency=look.day.currency,
    )  # fmt: skip
