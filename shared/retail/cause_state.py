"""What has become of a cause: new, ongoing, getting worse, back again, set aside or ended; and what people are told of it.

A cause is told once when it is new, once when it comes back, and again only when it grows five-fold or is overdue. It is
decided on what was known before and on what is open now; nothing is read or written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from shared.retail.due_time import LOW, URGENCIES
from shared.retail.money import ZERO
from shared.retail.reasons import NO_ACTION
from shared.retail.units import Units

NEW, ONGOING, WORSE, BACK, ASIDE, OVER = (
    "new", "ongoing", "getting worse", "back again", "set aside", "ended",
)  # fmt: skip
TELL_NEW, TELL_WORSE, TELL_BACK, TELL_RETURNED = "new", "escalation", "back_again", "no_longer_set_aside"
GROWTH_TIMES, GROWTH_MIN = 5, 10
SETTLES_FOR = timedelta(hours=1)  # what a trouble grows to in its first hour is its size, not its growth
RESTS_FOR = timedelta(days=1)  # after a word on growth, and after one on a cause that comes and goes
STAYS_FOR = timedelta(days=1)  # new, getting worse and back again are what they are for a day
ASIDE_TIMES, ASIDE_MIN = 2, 5

DueAt = Callable[[datetime, str], datetime]


@dataclass(frozen=True, slots=True)
class Tally:
    """What is open of a cause now. things: receipts, and whatever else it holds, each once. stores: named ones, the first of
    store_count. amounts: what comes in less what goes out; at_stake: both added up, in the currency in which it is most.
    """

    fingerprint: str
    code: str
    value: str
    owner: str
    fault: str
    things: int
    receipts: int
    stores: tuple[str, ...]
    store_count: int
    first_since: datetime
    last_since: datetime
    amounts: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    units: Units = field(default_factory=Units)
    oldest_day: date | None = None
    at_stake: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be told of a cause, decided and not yet handed on. batch: with others of one beat, "" by itself."""

    event: str
    number: int
    at: datetime
    why: str = ""
    batch: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """A cause as it is known: what it holds, and what has become of it.

    opened_at: when it came this time. baseline: the size that growth is measured by, which settles until settles_at.
    alerts, entries: how many were made so far, so that each has a number of its own.
    """

    tally: Tally
    phase: str
    first_seen: datetime
    opened_at: datetime
    phase_since: datetime
    urgency: str
    due_at: datetime
    baseline: int
    settles_at: datetime
    peak: int
    ended_at: datetime | None = None
    overdue_told: bool = False
    told_back_at: datetime | None = None
    times_back: int = 0
    assigned_to: str = ""
    aside_until: datetime | None = None
    aside_by: str = ""
    aside_why: str = ""
    aside_things: int = 0
    alerts: int = 0
    entries: int = 0
    telling: Telling | None = None

    def is_overdue(self, now: datetime) -> bool:
        """Say whether somebody should have acted by now."""
        return self.phase not in (OVER, ASIDE) and self.urgency != LOW and now >= self.due_at


@dataclass(frozen=True, slots=True)
class Decided:
    """A cause's next state, and what its history says of it; the telling is on the head."""

    head: Head
    entries: tuple[str, ...] = ()


def decide(head: Head | None, tally: Tally | None, now: datetime, urgency: str, due_at: DueAt) -> Decided:
    """Give what becomes of a cause. head: as known before, None of one never seen; tally: None when nothing of it is open.

    urgency: of the tally. due_at: gives when something that came at an instant, so pressing, is due. A telling that has not
    been handed on stays; a second one waits for it.

    Raises:
        ValueError: there is neither a head nor a tally.
    """
    if head is None:
        if tally is None:
            raise ValueError("there is no cause to decide about")
        return _begun(tally, now, urgency, due_at)
    if tally is None:
        return _ended(head, now)
    if head.phase == OVER:
        return _back(head, tally, now, urgency, due_at)
    return _going_on(_counted(head, tally, now, urgency, due_at), now)


def size_text(tally: Tally) -> str:
    """Say how large a cause is, in a few words."""
    what = "receipt" if tally.receipts else "entry"
    count = _counted_words(tally.receipts or tally.things, what)
    if not tally.store_count:
        return count
    return f"{count} of {_counted_words(tally.store_count, 'store')}"


def _counted_words(number: int, what: str) -> str:
    """Write a number of things: 1 receipt, 1,000 receipts, 2 entries."""
    many = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number:,} {what if number == 1 else many}"


def _begun(tally: Tally, now: datetime, urgency: str, due_at: DueAt) -> Decided:
    since = min(tally.first_since, now)
    head = Head(
        tally, NEW, since, since, now, urgency, due_at(since, urgency), tally.things, now + SETTLES_FOR, tally.things
    )  # fmt: skip
    return _entry(_told(head, TELL_NEW, now), f"new: {size_text(tally)}")


def _ended(head: Head, now: datetime) -> Decided:
    if head.phase == OVER:
        return Decided(head)
    over = replace(
        head, phase=OVER, phase_since=now, ended_at=now, aside_until=None, aside_by="", aside_why="", aside_things=0
    )  # fmt: skip
    return _entry(over, "ended: nothing is held any more")


def _back(head: Head, tally: Tally, now: datetime, urgency: str, due_at: DueAt) -> Decided:
    """Let a cause come back: it keeps whose it is, and is due anew."""
    since = min(max(tally.first_since, head.ended_at or tally.first_since), now)
    back = replace(
        head, tally=tally, phase=BACK, phase_since=now, opened_at=since, ended_at=None, urgency=urgency,
        due_at=due_at(since, urgency), overdue_told=False, baseline=tally.things, settles_at=now + SETTLES_FOR,
        peak=max(head.peak, tally.things), times_back=head.times_back + 1,
    )  # fmt: skip
    rests = head.told_back_at is not None and now - head.told_back_at < RESTS_FOR
    if not rests or _is_many_times(tally.things, head.baseline):
        back = replace(_told(back, TELL_BACK, now), told_back_at=now)
    return _entry(back, f"back again: {size_text(tally)}")


def _counted(head: Head, tally: Tally, now: datetime, urgency: str, due_at: DueAt) -> Head:
    """Take over what is open now. What presses more is due sooner; what is due is never put off."""
    due = head.due_at
    if URGENCIES.index(urgency) > URGENCIES.index(head.urgency):
        due = min(due, due_at(now, urgency))
    settling = max(head.baseline, tally.things) if now < head.settles_at else head.baseline
    return replace(
        head, tally=tally, urgency=urgency, due_at=due, baseline=settling, peak=max(head.peak, tally.things)
    )


def _going_on(head: Head, now: datetime) -> Decided:
    if head.aside_until is not None:
        return _aside(head, head.aside_until, now)
    if head.telling is not None:
        return Decided(head)
    if _has_grown(head, now):
        return _grown(head, now, head.baseline)
    if head.is_overdue(now) and not head.overdue_told:
        worse = replace(head, phase=WORSE, phase_since=now, overdue_told=True)
        return _entry(
            _told(worse, TELL_WORSE, now, "it is overdue"), f"overdue: it was due {_clock(head.due_at)}"
        )
    if head.phase in (NEW, BACK, WORSE) and now - head.phase_since >= STAYS_FOR:
        return Decided(replace(head, phase=ONGOING, phase_since=now))
    return Decided(head)


def _has_grown(head: Head, now: datetime) -> bool:
    return now >= head.settles_at and _is_many_times(head.tally.things, head.baseline)


def _is_many_times(things: int, baseline: int) -> bool:
    before = max(baseline, 1)
    return things >= GROWTH_TIMES * before and things - before >= GROWTH_MIN


def _grown(head: Head, now: datetime, before: int) -> Decided:
    things = head.tally.things
    worse = replace(head, phase=WORSE, phase_since=now, baseline=things, settles_at=now + RESTS_FOR)
    why = f"it has grown from {before:,} to {things:,}"
    return _entry(_told(worse, TELL_WORSE, now, why), f"getting worse: {why}")


def _aside(head: Head, until: datetime, now: datetime) -> Decided:
    """Leave alone what is set aside, until its time is over or it holds twice as much, and five things more."""
    things, before = head.tally.things, head.aside_things
    back = replace(head, aside_until=None, aside_by="", aside_why="", aside_things=0)
    if now >= until:
        back = replace(back, phase=ONGOING, phase_since=now, baseline=things)
        why = f"it was set aside until {_clock(until)}"
        return _entry(_told(back, TELL_RETURNED, now, why), f"no longer set aside: {why}")
    if things >= max(ASIDE_TIMES * before, before + ASIDE_MIN):
        return _grown(back, now, before)
    return Decided(head)


def set_aside(head: Head, until: datetime, by: str, why: str, now: datetime) -> Decided:
    """Set a cause aside until an instant; it comes back by itself."""
    aside = replace(
        head, phase=ASIDE, phase_since=now, aside_until=until, aside_by=by, aside_why=why,
        aside_things=head.tally.things, telling=None,
    )  # fmt: skip
    return _entry(aside, f"set aside until {_clock(until)} by {by}: {why}")


def take_up(head: Head, by: str, why: str, now: datetime) -> Decided:
    """Take up again what was set aside."""
    back = replace(
        head, phase=ONGOING, phase_since=now, aside_until=None, aside_by="", aside_why="", aside_things=0,
        baseline=head.tally.things,
    )  # fmt: skip
    return _entry(back, f"taken up again by {by}: {why}")


def assign(head: Head, to: str, by: str, why: str) -> Decided:
    """Give a cause to a person, or to nobody (""); what is new is then ongoing."""
    phase = ONGOING if head.phase in (NEW, BACK) and to else head.phase
    text = f"given to {to} by {by}" if to else f"given back to everybody by {by}"
    return _entry(replace(head, assigned_to=to, phase=phase), f"{text}: {why}")


def note(head: Head, by: str, text: str) -> Decided:
    """Write a note on a cause."""
    return _entry(head, f"note by {by}: {text}")


def _told(head: Head, event: str, now: datetime, why: str = "") -> Head:
    """Put a telling on the head, unless nothing has to be done about it anyhow."""
    if head.tally.code in NO_ACTION:
        return head
    number = head.alerts + 1
    return replace(head, alerts=number, telling=Telling(event, number, now, why))


def _entry(head: Head, text: str) -> Decided:
    return Decided(replace(head, entries=head.entries + 1), (text,))


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
