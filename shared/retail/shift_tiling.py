"""Whether one store-day's shifts tile its trading: each till's intervals one after the other, every receipt in one of them.

A till whose shifts share time, or are not closed, is one that D365 calls busy: it refuses the store's financial statement
(D365 facts §3.5). Each finding says what it concerns and proposes what to do; intervals are half-open, [opened, ended).
Receipts of a till that reports no shifts at all are nobody's mistake: their shift is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from shared.retail.money import total
from shared.retail.shift import BLIND_CLOSED, SUSPENDED, Shift

# Written this way, the words are this module's too: whoever judges shifts needs both.
from shared.retail.shift_finding import Act as Act
from shared.retail.shift_finding import Finding as Finding
from shared.retail.shift_finding import Flaw as Flaw
from shared.retail.shift_finding import Proposal as Proposal
from shared.retail.shift_finding import Rung as Rung
from shared.retail.shift_finding import Trading as Trading

CLOSING_ON_ITS_WAY = timedelta(
    minutes=15
)  # a closing that comes within this of the next opening is merely slow
A_MOMENT = timedelta(seconds=1)
_Name = tuple[date | None, int, str]


def findings_of(shifts: Iterable[Shift], rung: Iterable[Rung], trading: Trading) -> tuple[Finding, ...]:
    """Judge every till of a store-day that reports shifts. The same shifts and receipts give the same, in whatever order."""
    tills: dict[str, list[Shift]] = {}
    for shift in shifts:
        if not shift.synthetic:
            tills.setdefault(shift.terminal, []).append(shift)
    receipts: dict[str, list[Rung]] = {terminal: [] for terminal in tills}
    for one in rung:
        if one.terminal in receipts:
            receipts[one.terminal].append(one)
    found: list[Finding] = []
    for terminal, own in sorted(tills.items()):
        till = _Till(own, receipts[terminal], trading)
        found += till.overlaps()
        found += till.unclosed()
        found += till.early()
        found += till.uncovered()
        found += till.counts()
    return tuple(sorted(found, key=lambda one: (one.terminal, one.since, one.flaw, one.shift, one.others)))


def _end(shift: Shift) -> datetime:
    return shift.ends_at or datetime.max.replace(tzinfo=shift.opened_at.tzinfo)


def _name(one: Shift | Rung) -> _Name:
    return one.day, one.generation, one.shift


class _Till:
    """One till's shifts in order of their opening, and its receipts in order of time."""

    def __init__(self, shifts: Sequence[Shift], rung: Sequence[Rung], trading: Trading) -> None:
        self.shifts = sorted(shifts, key=lambda one: (one.opened_at, _end(one), one.generation, one.shift))
        self.rung = sorted(rung, key=lambda one: (one.at, one.label))
        self.trading = trading
        self.named: dict[_Name, list[Rung]] = {_name(one): [] for one in self.shifts}
        self.loose: list[Rung] = []  # they name no shift, or one that nobody knows
        for one in self.rung:
            self.named.get(_name(one), self.loose).append(one)

    def overlaps(self) -> Iterator[Finding]:
        """Two shifts that share time; one that nobody closed is told as that, and reaches as far as time goes."""
        for index, first in enumerate(self.shifts):
            for second in self.shifts[index + 1 :]:
                if second.opened_at >= _end(first):
                    break
                if first.ends_at is None:
                    continue
                until = min(_end(first), _end(second))
                own = [one for one in self._in(first) if one.at >= second.opened_at]
                proposal = self._overlap_proposal(first, second, own)
                yield _finding(Flaw.OVERLAP, first, (second,), second.opened_at, until, own, proposal)

    def _overlap_proposal(self, first: Shift, second: Shift, own: Sequence[Rung]) -> Proposal:
        if first.is_sent:
            return Proposal(Act.ASK, "D365 has the earlier shift as it is: it must be put right there")
        if first.opened_at == second.opened_at:
            return Proposal(Act.ASK, "both shifts were opened at the same moment: one of them was never used")
        if any(one.at > _end(second) for one in own):
            return Proposal(
                Act.ASK, "the earlier shift was still sold in after the later one had been closed"
            )
        if own:
            because = "the later shift had been opened then; what the earlier one rang up after it goes there"
            return Proposal(Act.SPLIT, because, second.opened_at)
        return Proposal(Act.END, "nothing was sold in the earlier shift after that", second.opened_at)

    def unclosed(self) -> Iterator[Finding]:
        """Shifts that are not closed though the till went on, or though the day is over; blind ones always."""
        for shift in self.shifts:
            if shift.closed_at is not None:
                continue
            later = next((one for one in self.shifts if one.opened_at > shift.opened_at), None)
            own = self._in(shift)
            if shift.state == BLIND_CLOSED and shift.stopped_at is not None:
                yield _finding(
                    Flaw.BLIND_CLOSED, shift, (), shift.stopped_at, None, own, self._stopped(shift, own)
                )
            elif shift.state == SUSPENDED and shift.stopped_at is not None:
                yield _finding(
                    Flaw.SUSPENDED, shift, (), shift.stopped_at, None, own, self._stopped(shift, own)
                )
            elif later is not None or self.trading.is_over:
                since = later.opened_at if later is not None else self.trading.ends_at
                others = (later,) if later is not None else ()
                yield _finding(Flaw.NEVER_CLOSED, shift, others, since, None, own, self._unclosed(later, own))

    def _stopped(self, shift: Shift, own: Sequence[Rung]) -> Proposal:
        ends_at = self.trading.ends_at
        if not self.trading.is_over:
            return Proposal(Act.WAIT, "the store may still count and close it before the day ends", ends_at)
        at = shift.stopped_at or ends_at
        if own and own[-1].at >= at:
            return Proposal(Act.ASK, "receipts came in it after it had been stopped")
        return Proposal(Act.END, "nothing was sold in it after that", at)

    def _unclosed(self, later: Shift | None, own: Sequence[Rung]) -> Proposal:
        if later is not None and self.trading.as_of < later.opened_at + CLOSING_ON_ITS_WAY:
            until = later.opened_at + CLOSING_ON_ITS_WAY
            return Proposal(
                Act.WAIT, "the next shift has only just begun: the closing may be on its way", until
            )
        if later is not None and own and own[-1].at >= later.opened_at:
            because = "the next shift had been opened then; what this one rang up after it goes there"
            return Proposal(Act.SPLIT, because, later.opened_at)
        if not own:
            return Proposal(Act.ASK, "no receipt is in it: it may have been opened by mistake")
        if later is not None:
            return Proposal(
                Act.END,
                "the next shift was opened then, and nothing came in this one after it",
                later.opened_at,
            )
        return Proposal(Act.END, "its last receipt was rung up then", own[-1].at + A_MOMENT)

    def early(self) -> Iterator[Finding]:
        """Receipts in a shift that was closed before them, or not opened yet."""
        for shift in self.shifts:
            own = self.named[_name(shift)]
            before = [one for one in own if one.at < shift.opened_at]
            if before:
                because = (
                    "they name a shift that was not opened yet: the till's clock or its opening is wrong"
                )
                yield _finding(
                    Flaw.OUTSIDE, shift, (), before[0].at, shift.opened_at, before, Proposal(Act.ASK, because)
                )
            after = [one for one in own if shift.ends_at is not None and one.at > shift.ends_at]
            after = [one for one in after if not self._moves_on(shift, one)]
            if after and shift.ends_at is not None:
                yield self._closed_early(shift, shift.ends_at, after)

    def _closed_early(self, shift: Shift, ends_at: datetime, after: Sequence[Rung]) -> Finding:
        last = after[-1].at
        running = next(
            (one for one in self.shifts if ends_at <= one.opened_at <= last and one is not shift), None
        )
        if shift.is_sent:
            proposal = Proposal(
                Act.ASK, "D365 has the shift as it was closed: only the store knows what is right"
            )
        elif running is not None:
            because = "another shift of the till was running when they were rung up; they go there"
            proposal = Proposal(Act.SPLIT, because, ends_at)
        else:
            proposal = Proposal(
                Act.END, "no other shift had begun; so it is ended after its last receipt", last + A_MOMENT
            )
        others = (running,) if running is not None else ()
        return _finding(Flaw.CLOSED_EARLY, shift, others, ends_at, last, after, proposal)

    def _moves_on(self, shift: Shift, one: Rung) -> bool:
        """Whether a person ended the shift before, and another had been opened: then the receipt counts for that one."""
        later = any(
            other is not shift and shift.opened_at < other.opened_at <= one.at for other in self.shifts
        )
        return bool(shift.ended_by) and later

    def uncovered(self) -> Iterator[Finding]:
        """Receipts that name no known shift, between two shifts (a gap) or outside all of them."""
        outside: list[Rung] = []
        gaps: dict[tuple[int, int], list[Rung]] = {}
        for one in self.loose:
            covered = any(shift.opened_at <= one.at <= _end(shift) for shift in self.shifts)
            before = [index for index, shift in enumerate(self.shifts) if _end(shift) < one.at]
            after = [index for index, shift in enumerate(self.shifts) if shift.opened_at > one.at]
            if one.shift:  # it names a shift: whose opening may just not be here yet
                if self.trading.is_over or after:
                    outside.append(one)
            elif not covered and before and after:
                closest = max(before, key=lambda index: _end(self.shifts[index]))
                gaps.setdefault((closest, after[0]), []).append(one)
            elif not covered and (self.trading.is_over or before or after):
                outside.append(one)
        for (left, right), some in sorted(gaps.items()):
            first, second = self.shifts[left], self.shifts[right]
            proposal = Proposal(Act.END, "the drawer was used until the next shift", second.opened_at)
            if first.is_sent:
                proposal = Proposal(Act.ASK, "D365 has the earlier shift as it was closed")
            yield _finding(Flaw.GAP, first, (second,), _end(first), second.opened_at, some, proposal)
        for name in sorted({(one.day or date.min, one.shift) for one in outside}):
            yield self._outside(name[1], [one for one in outside if (one.day or date.min, one.shift) == name])

    def _outside(self, name: str, some: Sequence[Rung]) -> Finding:
        if self.trading.is_over:
            proposal = Proposal(Act.ASK, "the day is over and no shift of the till covers them")
        else:
            proposal = Proposal(Act.WAIT, "the opening of their shift may still come", self.trading.ends_at)
        return Finding(
            Flaw.OUTSIDE, some[0].terminal, name, (), some[0].at, some[-1].at, tuple(one.label for one in some),
            total(one.figures.total for one in some), proposal, some[0].generation, some[0].day, some[0].day,
        )  # fmt: skip

    def counts(self) -> Iterator[Finding]:
        """Shifts that were closed and not counted, or counted or closed twice, or closed without having been opened."""
        tells_openings = any(one.was_opened for one in self.shifts)
        for shift in self.shifts:
            if shift.closed_at is None:
                continue
            own, closed = self._in(shift), shift.closed_at
            ask = "two that differ were sent; the last one holds until the store says which is right"
            if shift.closings > 1:
                yield _finding(Flaw.CLOSED_TWICE, shift, (), closed, None, own, Proposal(Act.ASK, ask))
            if shift.counts > 1:
                yield _finding(Flaw.COUNTED_TWICE, shift, (), closed, None, own, Proposal(Act.ASK, ask))
            if not shift.was_opened and tells_openings:
                because = "the till tells when it opens shifts, and never told so of this one"
                yield _finding(Flaw.NEVER_OPENED, shift, (), closed, None, own, Proposal(Act.ASK, because))
            taken = {code for one in own for code, amount in one.figures.tenders.items() if amount}
            missing = (taken & self.trading.must_count) - {tender for tender, _, _ in shift.counted}
            if missing:
                because = f"{', '.join(sorted(missing))} must be counted and was not"
                act = Act.ASK if self.trading.is_over else Act.WAIT
                until = None if self.trading.is_over else self.trading.ends_at
                yield _finding(Flaw.NOT_COUNTED, shift, (), closed, None, own, Proposal(act, because, until))

    def _in(self, shift: Shift) -> list[Rung]:
        """Give the receipts of a shift: those that name it, and those that name none and were rung up in it."""
        named = [
            one for one in self.named[_name(shift)] if not self._moves_on(shift, one) or one.at < _end(shift)
        ]
        loose = [one for one in self.loose if not one.shift and shift.opened_at <= one.at < _end(shift)]
        latest = [one for one in loose if self._running(one.at) is shift]
        return sorted([*named, *latest], key=lambda one: (one.at, one.label))

    def _running(self, at: datetime) -> Shift | None:
        begun = [one for one in self.shifts if one.opened_at <= at]
        return begun[-1] if begun else None


def _finding(
    flaw: Flaw,
    shift: Shift,
    others: Sequence[Shift],
    since: datetime,
    until: datetime | None,
    receipts: Sequence[Rung],
    proposal: Proposal,
) -> Finding:
    return Finding(
        flaw, shift.terminal, shift.shift, tuple(one.shift for one in others), since, until,
        tuple(one.label for one in receipts), total(one.figures.total for one in receipts), proposal, shift.generation,
        max((one.day for one in (shift, *others) if one.day), default=None), shift.day,
    )  # fmt: skip
