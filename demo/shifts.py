"""When each till is opened and closed, who stands there, and which shift a visit falls into. All of it assigned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from demo.chance import chance
from demo.journey import day_begins
from demo.visits import Visit

VISITS_FOR_TWO_SHIFTS = 5
OPENED_BEFORE_MINUTES = (4, 15)
CLOSED_AFTER_MINUTES = (3, 12)
NO_SALE_SHARE = 0.3
OPEN, TRADE, CLOSE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Overlap:
    """The planted overlap: the till's next shift opens at `since`, before the visit that is the old shift's last."""

    store: str
    terminal: str
    day: date
    shift: str
    next_shift: str
    since: datetime
    closed_at: datetime
    visits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShiftPlan:
    """One shift of one till: from opening to closing the drawer, with its visits in order."""

    store: str
    terminal: str
    day: date
    shift: str
    opened_at: datetime
    closed_at: datetime
    visits: tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that consumes a number of the till: SHIFT_OPEN, SALES, NO_SALE or SHIFT_CLOSE."""

    at: datetime
    rank: int
    kind: str
    plan: ShiftPlan
    visit: Visit | None = None


def by_till(visits: Sequence[Visit]) -> dict[tuple[str, str], list[Visit]]:
    """Sort a day's visits into tills, each in order of time."""
    tills: dict[tuple[str, str], list[Visit]] = {}
    for visit in sorted(visits, key=lambda one: (one.at, one.name)):
        tills.setdefault((visit.store, visit.terminal), []).append(visit)
    return tills


def plan_shifts(visits: Sequence[Visit], seed: int, overlap: Overlap | None = None) -> list[ShiftPlan]:
    """Give the shifts of one till's day: one, or two where enough is sold; overlapping where that is planted."""
    if overlap is not None:
        return _overlapping(visits, seed, overlap)
    if len(visits) < VISITS_FOR_TWO_SHIFTS:
        return [_plan("1", visits, _opens(visits[0], seed), _closes(visits[-1], seed))]
    split = max(range(2, len(visits) - 1), key=lambda index: visits[index].at - visits[index - 1].at)
    before, after = visits[:split], visits[split:]
    third = (after[0].at - before[-1].at) / 3
    closed_at, opened_at = _whole(before[-1].at + third), _whole(after[0].at - third)
    return [
        _plan("1", before, _opens(visits[0], seed), closed_at),
        _plan("2", after, max(opened_at, closed_at), _closes(visits[-1], seed)),
    ]


def happenings(plans: Sequence[ShiftPlan], seed: int) -> list[Happening]:
    """List what happens at one till in the order in which it draws its numbers."""
    found = []
    for plan in plans:
        found.append(Happening(plan.opened_at, OPEN, "SHIFT_OPEN", plan))
        found += [Happening(visit.at, TRADE, "SALES", plan, visit) for visit in plan.visits]
        found.append(Happening(plan.closed_at, CLOSE, "SHIFT_CLOSE", plan))
        luck = chance(seed, plan.day, "no sale", plan.store, plan.terminal, plan.shift)
        if luck.random() < NO_SALE_SHARE:
            at = plan.opened_at + (plan.closed_at - plan.opened_at) * luck.uniform(0.1, 0.9)
            found.append(Happening(_whole(at), TRADE, "NO_SALE", plan))
    return sorted(
        found, key=lambda one: (one.at, one.rank, one.plan.shift, one.visit.name if one.visit else "")
    )


def _overlapping(visits: Sequence[Visit], seed: int, overlap: Overlap) -> list[ShiftPlan]:
    last = max(index for index, visit in enumerate(visits) if visit.name in overlap.visits)
    return [
        _plan(overlap.shift, visits[: last + 1], _opens(visits[0], seed), overlap.closed_at),
        _plan(overlap.next_shift, visits[last + 1 :], overlap.since, _closes(visits[-1], seed)),
    ]


def _plan(shift: str, visits: Sequence[Visit], opened_at: datetime, closed_at: datetime) -> ShiftPlan:
    one = visits[0]
    return ShiftPlan(one.store, one.terminal, one.day, shift, opened_at, closed_at, tuple(visits))


def _opens(first: Visit, seed: int) -> datetime:
    minutes = chance(seed, first.day, "opens", first.store, first.terminal).randint(*OPENED_BEFORE_MINUTES)
    return max(day_begins(first.day), first.at - timedelta(minutes=minutes))


def _closes(last: Visit, seed: int) -> datetime:
    minutes = chance(seed, last.day, "closes", last.store, last.terminal).randint(*CLOSED_AFTER_MINUTES)
    midnight = day_begins(last.day + timedelta(days=1))
    return max(last.at, min(midnight - timedelta(seconds=1), last.at + timedelta(minutes=minutes)))


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)
