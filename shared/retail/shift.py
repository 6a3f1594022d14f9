"""Shifts of a terminal: which one a receipt belongs to, and where two overlap.

D365 documents no overlap rule; ours: two shifts of one terminal whose [opened, closed) meet, or a receipt rung in a
shift after the next one had been opened (D365 facts §3.5).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from shared.retail.figures import Figures

LATE = "late-"
A_SECOND = timedelta(seconds=1)
SUSPENDED, BLIND_CLOSED = "suspended", "blind closed"


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift of one terminal. `ended_by` names the person who ended it; then `closed_at` is their decision.

    counted: tender, currency and amount of what was counted at its end. float_tender: the tender of the opening amount,
    "" where the till named none. stopped_at: since when nobody sells in it, though it is
    not closed: suspended, or closed without a count (blind). was_opened: whether the till told its opening. counts and
    closings: how many counts, and closings, that differ from each other. is_sent: D365 has it, or is about to. day: its business
    day, where shifts of several are judged together. stands_in: in D365 for receipts that stayed there when their till was no
    longer taken for another.
    """

    terminal: str
    shift: str
    opened_at: datetime
    closed_at: datetime | None = None
    ended_by: str = ""
    generation: int = 1
    pos_says: Figures | None = None
    first_sequence: int | None = None
    last_sequence: int | None = None
    synthetic: bool = False
    counted: tuple[tuple[str, str, str], ...] = ()
    opening_float: Decimal | None = None
    float_tender: str = ""
    state: str = ""
    stopped_at: datetime | None = None
    was_opened: bool = True
    counts: int = 0
    closings: int = 0
    is_sent: bool = False
    day: date | None = None
    stands_in: bool = False

    @property
    def is_late(self) -> bool:
        """Whether we made it for receipts that came when their own shift had been sent."""
        return self.synthetic and (self.shift.startswith(LATE) or self.stands_in)

    @property
    def ends_at(self) -> datetime | None:
        """Until when somebody may have sold in it: None is as far as time goes."""
        return self.closed_at or self.stopped_at


@dataclass(frozen=True, slots=True)
class Overlap:
    """`earlier` was still running at `since`, when `later` had been opened."""

    earlier: Shift
    later: Shift
    since: datetime


def shift_value(store: str, terminal: str, generation: int, day: date, shift: str) -> str:
    """Name a shift: the value of the causes that are about it."""
    till = f"{store} till {terminal}" + (f" no. {generation}" if generation > 1 else "")
    return f"{till} {day} shift {shift}" if shift else f"{till} {day}"


def of_generation(shifts: Sequence[Shift], generation: int) -> list[Shift]:
    """Give the shifts of one till among those that have borne its number: another's may have the same names."""
    return [one for one in shifts if one.generation == generation]


def overlaps(shifts: Sequence[Shift]) -> tuple[Overlap, ...]:
    """Find every pair of neighbouring shifts of one terminal that overlap. An open shift reaches as far as time goes."""
    found = []
    for terminal in sorted({shift.terminal for shift in shifts}):
        own = sorted(
            (one for one in shifts if one.terminal == terminal and not one.synthetic),
            key=lambda one: (one.opened_at, one.shift),
        )
        for earlier, later in itertools.pairwise(own):
            if earlier.ends_at is None or earlier.ends_at > later.opened_at:
                found.append(Overlap(earlier, later, later.opened_at))
    return tuple(found)


def overlap_in_doubt(shifts: Sequence[Shift], terminal: str, shift: str, at: datetime) -> Overlap | None:
    """Give the overlap that makes a receipt's shift doubtful: it was rung in a shift after the next had been opened."""
    for overlap in overlaps(shifts):
        earlier = overlap.earlier
        if (
            earlier.terminal == terminal
            and earlier.shift == shift
            and at >= overlap.since
            and not earlier.ended_by
        ):
            return overlap
    return None


def effective_shift(shifts: Sequence[Shift], terminal: str, shift: str, at: datetime) -> str:
    """Give the shift a receipt counts for: the one it names, unless a person ended that one before the receipt.

    Then it is the terminal's shift that was running at that instant, if there is one.
    """
    own = [one for one in shifts if one.terminal == terminal]
    named = next((one for one in own if one.shift == shift), None)
    if named is None or not named.ended_by or named.closed_at is None or at < named.closed_at:
        return shift
    later = [one for one in own if one.shift != shift and one.opened_at <= at]
    return max(later, key=lambda one: one.opened_at).shift if later else shift


def running_shift(shifts: Sequence[Shift], terminal: str, at: datetime) -> str | None:
    """Give the shift that was running at a till, for a receipt that names none; None where the till reports no shifts."""
    own = [one for one in shifts if one.terminal == terminal and not one.synthetic and one.opened_at <= at]
    return max(own, key=lambda one: one.opened_at).shift if own else None


def shift_for(shifts: Sequence[Shift], terminal: str, named: str | None, at: datetime, made: str) -> str:
    """Give the shift a receipt goes to D365 in: the one it counts for, or the late one where D365 has closed that.

    shifts: of one generation. terminal: whose drawer it is; named: by the receipt; made: by us, where the till reports none.
    """
    counts_for = effective_shift(shifts, terminal, named or running_shift(shifts, terminal, at) or made, at)
    return late_shift(shifts, terminal, counts_for) or counts_for


def late_shift(shifts: Sequence[Shift], terminal: str, shift: str) -> str | None:
    """Give the late shift for a receipt whose own shift D365 has closed; None where its own may still take it.

    shifts: of one generation.
    """
    own = [one for one in shifts if one.terminal == terminal]
    if not any(one.shift == shift and one.is_sent for one in own):
        return None
    waiting = [one.shift for one in own if one.is_late and not one.is_sent]
    return min(waiting) if waiting else None


def a_free_second(shifts: Sequence[Shift], terminal: str, begins_at: datetime, ends_at: datetime) -> datetime:
    """Give a second of the day for a shift that must be somewhere: after the till's shifts; where one of them is still open, the
    day's first; and where that is taken too, its last, whatever it meets there.
    """
    after = free_moment(shifts, terminal, begins_at, ends_at)
    own = [one for one in shifts if one.terminal == terminal]
    is_free = all(
        one.opened_at >= begins_at + A_SECOND or (one.ends_at or ends_at) <= begins_at for one in own
    )
    first = begins_at if is_free else ends_at - A_SECOND
    return after if after is not None and all(one.ends_at for one in own) else first


def free_moment(
    shifts: Sequence[Shift], terminal: str, begins_at: datetime, ends_at: datetime
) -> datetime | None:
    """Give the begin of the first second after a till's last shifts, within the day, that no shift of it has.

    Two shifts of a till must not share time, and what comes late must be in one of its own.
    """
    own = [one for one in shifts if one.terminal == terminal]
    for at in sorted((one.ends_at for one in own if one.ends_at is not None), reverse=True):
        is_free = all(one.opened_at >= at + A_SECOND or (one.ends_at or ends_at) <= at for one in own)
        if begins_at <= at and at + A_SECOND <= ends_at and is_free:
            return at
    return None
