"""What a till told of one shift, put together: the same whatever the order in which it came, and nothing of it dropped.

A shift is opened, suspended, resumed, closed blind, counted, closed; a till may tell some of it twice, late, or never. The
last closing, the last count and the last state hold; how many differ is kept, so that people can be asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.retail.kinds import Kind
from shared.retail.shift import BLIND_CLOSED, SUSPENDED
from shared.retail.transaction import Transaction

TOLD_MAX = (
    24  # told of one shift and kept beside it; what goes beyond is the oldest, and still in its own receipt
)
OPEN, CLOSED = "open", "closed"
COUNTED = "counted"  # counted, and nothing else was told of it: not a shift yet
SHIFT_KINDS = frozenset(
    {
        Kind.SHIFT_OPEN, Kind.SHIFT_SUSPEND, Kind.SHIFT_RESUME, Kind.SHIFT_BLIND_CLOSE, Kind.SHIFT_CLOSE,
        Kind.TENDER_DECLARATION,
    }
)  # fmt: skip
_STATES = {
    Kind.SHIFT_OPEN: OPEN,
    Kind.SHIFT_RESUME: OPEN,
    Kind.SHIFT_SUSPEND: SUSPENDED,
    Kind.SHIFT_BLIND_CLOSE: BLIND_CLOSED,
}
Counts = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class TillTold:
    """One thing a till told of a shift; in order of time. says: the totals, as `figures_text` writes them.

    counted: tender, currency and amount; denominations stay in the receipt.
    """

    at: datetime
    name: str
    kind: str
    opened_at: datetime
    closed_at: datetime | None = None
    counted: Counts = ()
    says: str = ""
    first_sequence: int | None = None
    last_sequence: int | None = None
    opening_float: str = ""
    float_tender: str = ""

    def order(self) -> tuple[datetime, str, str, datetime, str, Counts, str]:
        """Give what it is sorted by: nothing that differs is equal in it."""
        closed = self.closed_at.isoformat() if self.closed_at is not None else ""
        return self.at, self.name, self.kind, self.opened_at, closed, self.counted, self.says


@dataclass(frozen=True, slots=True)
class ShiftAsTold:
    """A shift as far as the till told of it. stopped_at: since when it is suspended or closed blind."""

    opened_at: datetime
    state: str
    closed_at: datetime | None
    stopped_at: datetime | None
    was_opened: bool
    counted: Counts
    counts: int
    closings: int
    says: str
    first_sequence: int | None
    last_sequence: int | None
    opening_float: str
    float_tender: str


def is_about_a_shift(transaction: Transaction) -> bool:
    """Whether a transaction tells of a shift. No shift begins by being counted: a count waits for the rest."""
    is_real = transaction.shift_record is not None and not transaction.training
    return is_real and transaction.kind in SHIFT_KINDS


def told_of(transaction: Transaction, says: str) -> TillTold:
    """Put down what a transaction tells of its shift. says: its totals as `figures_text` writes them, "" for none."""
    record = transaction.shift_record
    assert record is not None
    totals = record.totals
    return TillTold(
        at=transaction.completed_at,
        name=f"{transaction.account} {transaction.transaction_id}",
        kind=str(transaction.kind),
        opened_at=record.opened_at,
        closed_at=record.closed_at if transaction.kind in (Kind.SHIFT_OPEN, Kind.SHIFT_CLOSE) else None,
        counted=tuple(sorted((one.tender, one.currency, str(one.amount)) for one in record.counted)),
        says=says,
        first_sequence=totals.first_sequence if totals is not None else None,
        last_sequence=totals.last_sequence if totals is not None else None,
        opening_float=str(record.opening_float) if record.opening_float is not None else "",
        float_tender=transaction.cash_movement.tender if transaction.cash_movement is not None else "",
    )


def told_once(told: Iterable[TillTold]) -> tuple[TillTold, ...]:
    """Give what was told, each thing once and in order of time; of too many the latest."""
    return tuple(sorted(set(told), key=TillTold.order))[-TOLD_MAX:]


def shift_as_told(told: Iterable[TillTold]) -> ShiftAsTold:
    """Put together what a till told of one shift; at least one thing was told."""
    every = sorted(set(told), key=TillTold.order)
    closings = sorted(
        (one for one in every if one.closed_at is not None),
        key=lambda one: (one.closed_at or one.at, one.order()),
    )
    states = [one for one in every if one.kind in _STATES]
    state = CLOSED if closings else _STATES[Kind(states[-1].kind)] if states else COUNTED
    counts = [one for one in every if one.counted]
    totals = [one for one in closings if one.says] or [one for one in every if one.says]
    floats = [(one.opening_float, one.float_tender) for one in every if one.opening_float]
    return ShiftAsTold(
        opened_at=min(one.opened_at for one in every),
        state=state,
        closed_at=closings[-1].closed_at if closings else None,
        stopped_at=states[-1].at if state in (SUSPENDED, BLIND_CLOSED) else None,
        was_opened=any(one.kind == Kind.SHIFT_OPEN for one in every),
        counted=counts[-1].counted if counts else (),
        counts=len({one.counted for one in counts}),
        closings=len({(one.closed_at, one.says) for one in closings}),
        says=totals[-1].says if totals else "",
        first_sequence=totals[-1].first_sequence if totals else None,
        last_sequence=totals[-1].last_sequence if totals else None,
        opening_float=floats[-1][0] if floats else "",
        float_tender=floats[-1][1] if floats else "",
    )
