"""What never arrived: gaps in a terminal's own numbers, and what its totals say those receipts were worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from shared.retail.figures import Figures, sum_of
from shared.retail.shift import Shift

GAP_MAX = 10_000  # a larger hole is a restarted counter, not that many lost receipts


@dataclass(frozen=True, slots=True)
class Decision:
    """What a named person said of a missing receipt: "lost" or "voided"."""

    decision: str
    by: str
    role: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers a terminal used and we never saw. `worth` is what its totals say is missing; None where it says nothing.

    complete: the count of receipts that its totals miss fits the count of numbers missing.
    """

    terminal: str
    generation: int
    numbers: tuple[int, ...]
    worth: Figures | None
    decisions: Mapping[int, Decision]


@dataclass(frozen=True, slots=True)
class SeenNumber:
    """One number that arrived, of a receipt or of a control transaction."""

    terminal: str
    generation: int
    number: int


@dataclass(frozen=True, slots=True)
class Spell:
    """The numbers a till used on one business day: from `first` to `last`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class TillNumbers:
    """What is known of a till's numbers on a business day.

    expected_first: where they had to begin, by the days before. says, received: receipts by the till's own totals (None where
    it states none) and as they arrived.
    """

    terminal: str
    generation: int
    first: int
    last: int
    expected_first: int
    gap: Gap | None
    says: Figures | None
    received: Figures

    @property
    def spell(self) -> Spell:
        return Spell(self.expected_first, self.last)


Till = tuple[str, int]


def tills_of(
    seen: Iterable[SeenNumber],
    shifts: Sequence[Shift],
    received: Mapping[Till, Figures],
    decisions: Mapping[tuple[str, int], Decision],
    before: Mapping[Till, Sequence[Spell]] = MappingProxyType({}),
) -> tuple[TillNumbers, ...]:
    """Find the missing numbers of each terminal and generation: between the lowest and highest that it or its shifts name,
    and between the number it ended with on an earlier business day and the first of this one.

    received: the figures of what arrived. before: the till's earlier days, the newest last. A terminal's
    totals explain a gap only when they miss receipts:
    more than none and no more than numbers are missing. Otherwise the gap is worth nothing (control transactions).
    """
    numbers: dict[Till, set[int]] = {}
    for one in seen:
        numbers.setdefault((one.terminal, one.generation), set()).add(one.number)
    bounds = _shift_bounds(shifts)
    found = []
    for till in sorted({*numbers, *bounds}):
        terminal, generation = till
        present = numbers.get(till, set())
        named = {*present, *bounds.get(till, ())}
        first, last = min(named), max(named)
        expected = first_expected(first, before.get(till, ()))
        missing = missing_numbers(present, expected, last)
        arrived = received.get(till, Figures())
        own = [shift for shift in shifts if shift.generation == generation]
        gap = None
        if missing:
            decided = {
                number: decisions[terminal, number] for number in missing if (terminal, number) in decisions
            }
            worth = _worth(terminal, own, arrived, len(missing))
            gap = Gap(terminal, generation, missing, worth, decided)
        says = terminal_says(terminal, own)
        found.append(TillNumbers(terminal, generation, first, last, expected, gap, says, arrived))
    return tuple(found)


def first_expected(first: int, before: Sequence[Spell]) -> int:
    """Give the number with which a till's day had to begin. first: the lowest that is known of the day.

    A till that went on counting yesterday goes on today, after any number of days; one that begins each day anew, which
    two days that began alike tell, begins as it always did. A till that stands below its last number was set back
    or replaced: nothing is expected of it.
    """
    if not before:
        return first
    begun = [one.first for one in before]
    if begun.count(min(begun)) > 1:
        return min(first, *begun)
    after = before[-1].last + 1
    return after if after < first and first - after <= GAP_MAX else first


def gap_value_of(store: str, day: date, terminal: str, generation: int) -> str:
    """Name the gap of a till on a day: the value of its cause."""
    till = terminal if generation == 1 else f"{terminal} (generation {generation})"
    return f"{store} till {till} {day}"


def missing_numbers(present: set[int], low: int, high: int) -> tuple[int, ...]:
    """List the numbers from low to high that are not present; none where the hole is no hole but a restart."""
    if high - low + 1 - len(present) > GAP_MAX:
        return ()
    return tuple(number for number in range(low, high + 1) if number not in present)


def _shift_bounds(shifts: Sequence[Shift]) -> dict[tuple[str, int], tuple[int, int]]:
    bounds: dict[tuple[str, int], tuple[int, int]] = {}
    for shift in shifts:
        for number in (shift.first_sequence, shift.last_sequence):
            if number is not None:
                key = (shift.terminal, shift.generation)
                low, high = bounds.get(key, (number, number))
                bounds[key] = (min(low, number), max(high, number))
    return bounds


def _worth(terminal: str, shifts: Sequence[Shift], received: Figures, missing: int) -> Figures | None:
    says = terminal_says(terminal, shifts)
    if says is None:
        return None
    short = says - received
    return short if 0 < short.count <= missing else Figures()


def terminal_says(terminal: str, shifts: Sequence[Shift]) -> Figures | None:
    """Add up what a terminal's shifts say they took; None unless every one of them says so."""
    own = [shift for shift in shifts if shift.terminal == terminal and not shift.is_late]
    says = [shift.pos_says for shift in own if shift.pos_says is not None]
    if not own or len(says) < len(own):
        return None
    return sum_of(says)
