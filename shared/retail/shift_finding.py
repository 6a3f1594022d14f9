"""What may be wrong between a till's shifts and its receipts, as values: the finding, what it concerns, what is proposed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from shared.retail.figures import Figures


class Flaw(StrEnum):
    """What is wrong between a till's shifts and its receipts."""

    OVERLAP = "overlap"
    NEVER_CLOSED = "never closed"
    BLIND_CLOSED = "blind closed"
    SUSPENDED = "suspended"
    CLOSED_EARLY = "closed before its last sale"
    GAP = "gap"
    OUTSIDE = "sale outside any shift"
    NOT_COUNTED = "declaration missing"
    COUNTED_TWICE = "counted twice"
    CLOSED_TWICE = "closed twice"
    NEVER_OPENED = "close of an unknown shift"
    BEGAN_AGAIN = "numbers begin again"


BUSY_FLAWS = frozenset({Flaw.OVERLAP, Flaw.NEVER_CLOSED, Flaw.BLIND_CLOSED, Flaw.SUSPENDED})


class Act(StrEnum):
    """What is proposed. A split ends the earlier shift at the instant, and its receipts from then on go to the later one."""

    WAIT = "wait"
    SPLIT = "split"
    END = "end by head office"
    ASK = "ask the store"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to do, at which instant where it has one, and why just that."""

    act: Act
    because: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """A receipt as far as shifts go: in whose drawer and when it was rung up, which shift it names ("" for none), its worth.

    day: its business day, where shifts of several are judged together. till: which till gave it its number, where the
    drawer is not simply that till's.
    """

    terminal: str
    shift: str
    at: datetime
    label: str
    figures: Figures = field(default_factory=Figures)
    generation: int = 1
    day: date | None = None
    number: int | None = None
    till: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One flaw of one till. shift: the one it is about; receipts and amount: what it concerns, in order of time.

    day: the latest business day of the shifts in it, None where they name none; own_day: the shift's own.
    """

    flaw: Flaw
    terminal: str
    shift: str
    others: tuple[str, ...]
    since: datetime
    until: datetime | None
    receipts: tuple[str, ...]
    amount: Decimal
    proposal: Proposal
    generation: int = 1
    day: date | None = None
    own_day: date | None = None

    @property
    def makes_busy(self) -> bool:
        """Whether D365 would call the till busy for it."""
        return self.flaw in BUSY_FLAWS


@dataclass(frozen=True, slots=True)
class Trading:
    """What a till is judged by. ends_at: of the business day; as_of: what is known, is known then.

    must_count: the tenders, as the POS names them, that D365 wants counted.
    """

    ends_at: datetime
    as_of: datetime
    must_count: frozenset[str] = frozenset()

    @property
    def is_over(self) -> bool:
        return self.as_of >= self.ends_at
