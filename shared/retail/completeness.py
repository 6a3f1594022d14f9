"""What never arrived: gaps in a terminal's own numbers, and what its totals say those receipts were worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from types import MappingProxyType

from shared.retail.drawers import Till as Till
from shared.retail.drawers import till_of_drawer
from shared.retail.figures import Figures, sum_of
from shared.retail.shift import Shift

GAP_MAX = 10_000  # a larger hole is a restarted counter, not that many lost receipts
BEGINS_BY = 5  # a counter that ran full goes on with 0 or 1, or soon after
FULL_DIGITS_MIN = 3  # 999, 9999 …: with these a counter may be full


LOST, VOIDED = "lost", "voided"


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
    """One number that arrived, of a receipt or of a control transaction. drawer: the till whose drawer holds its money."""

    terminal: str
    generation: int
    number: int
    drawer: Till | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """The numbers a till used on one business day: from `first` to `last`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class TillNumbers:
    """What is known of a till's numbers on a business day.

    expected_first: where they had to begin, by the days before. says, received: receipts by the totals of the till's drawers
    (None where it states none) and as they arrived in them; without totals, those that it rang up itself.
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


Numbered = tuple[str, int, int]  # terminal, generation, number


def tills_of(
    seen: Iterable[SeenNumber],
    shifts: Sequence[Shift],
    received: Mapping[Till, Figures],
    decisions: Mapping[Numbered, Decision],
    before: Mapping[Till, Sequence[Spell]] = MappingProxyType({}),
    rung: Mapping[Till, Figures] | None = None,
) -> tuple[TillNumbers, ...]:
    """Find the missing numbers of each terminal and generation: between the lowest and highest that it or its shifts name,
    and between the number it ended with on an earlier business day and the first of this one.

    received: the figures of what arrived, by the till whose drawer holds it; rung: by the till that rang it up, where several
    sell into one drawer. before: the till's earlier days, the newest last. The totals of a drawer
    explain gaps only when they miss receipts:
    more than none and no more than numbers are missing. Otherwise the gap is worth nothing (control transactions).
    """
    numbers: dict[Till, set[int]] = {}
    drawers: dict[Till, set[Till]] = {}
    for one in seen:
        till = (one.terminal, one.generation)
        numbers.setdefault(till, set()).add(one.number)
        drawers.setdefault(till, set()).add(one.drawer or till)
    bounds = _shift_bounds(shifts)
    spells: dict[Till, tuple[int, int, int]] = {}
    missing: dict[Till, tuple[int, ...]] = {}
    for till in sorted({*numbers, *bounds}):
        present = numbers.get(till, set())
        first, last, expected, missing[till] = _run(
            {*present, *bounds.get(till, ())}, present, before.get(till, ())
        )
        spells[till] = (first, last, expected)
    worth = _worths(missing, drawers, shifts, received)
    found = []
    for till, (first, last, expected) in spells.items():
        gap = None
        if missing[till]:
            said = _standing(_decided(till, missing[till], decisions), len(missing[till]), worth.get(till))
            gap = Gap(*till, missing[till], worth.get(till), said)
        says = _says(till, shifts)
        arrived = received if says is not None or rung is None else rung
        found.append(TillNumbers(*till, first, last, expected, gap, says, arrived.get(till, Figures())))
    return tuple(found)


def _decided(
    till: Till, missing: Iterable[int], decisions: Mapping[Numbered, Decision]
) -> dict[int, Decision]:
    return {number: decisions[*till, number] for number in missing if (*till, number) in decisions}


def _standing(said: Mapping[int, Decision], missing: int, worth: Figures | None) -> dict[int, Decision]:
    """Give what people's words leave decided. What the till's own totals count was sold: where they count more receipts than
    could still be lost, nobody's word that numbers were voided stands.
    """
    voided = sum(one.decision == VOIDED for one in said.values())
    stands = worth is None or worth.count <= missing - voided
    return {number: one for number, one in said.items() if stands or one.decision != VOIDED}


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


def _run(
    named: set[int], present: set[int], before: Sequence[Spell]
) -> tuple[int, int, int, tuple[int, ...]]:
    """Give a till's first number of the day, its last, the one it had to begin with, and what is missing."""
    lowest, highest = min(named), max(named)
    begun = _begun_before_full(named)
    if begun is None:
        expected = first_expected(lowest, before)
        return lowest, highest, expected, missing_numbers(present, expected, highest)
    last = max(number for number in named if number < begun)
    expected = first_expected(begun, before)
    after = missing_numbers({one for one in present if one <= last}, min(1, lowest), last)
    return (
        begun,
        last,
        expected,
        (*after, *missing_numbers(present - set(range(last + 1)), expected, highest)),
    )


def _begun_before_full(named: set[int]) -> int | None:
    """Give the number with which a till began a day on which its counter ran full (9999) and went on with 1; else None."""
    ordered = sorted(named)
    full = str(ordered[-1])
    if set(full) != {"9"} or len(full) < FULL_DIGITS_MIN or ordered[0] > BEGINS_BY:
        return None
    hole, begun = max((high - low, high) for low, high in pairwise(ordered)) if ordered[1:] else (0, 0)
    return begun if hole > ordered[-1] // 2 else None


def missing_numbers(present: set[int], low: int, high: int) -> tuple[int, ...]:
    """List the numbers from low to high that are not present; not those of a hole that is no hole but a restart."""
    edges = sorted({low - 1, *present, high + 1})
    holes = [(one + 1, other) for one, other in pairwise(edges) if 0 < other - one - 1 <= GAP_MAX]
    if sum(end - begin for begin, end in holes) > GAP_MAX:
        return ()
    return tuple(number for hole in holes for number in range(*hole))


def _shift_bounds(shifts: Sequence[Shift]) -> dict[tuple[str, int], tuple[int, int]]:
    bounds: dict[tuple[str, int], tuple[int, int]] = {}
    for shift in shifts:
        for number in (shift.first_sequence, shift.last_sequence):
            if number is not None:
                key = (till_of_drawer(shift.terminal), shift.generation)
                low, high = bounds.get(key, (number, number))
                bounds[key] = (min(low, number), max(high, number))
    return bounds


def _worths(
    missing: Mapping[Till, Sequence[int]],
    drawers: Mapping[Till, set[Till]],
    shifts: Sequence[Shift],
    received: Mapping[Till, Figures],
) -> dict[Till, Figures]:
    """Give what each till's missing numbers are worth. What several tills miss of one drawer stands with the first of them:
    how it is shared between them nobody says.
    """
    found: dict[Till, Figures] = {}
    used = {till: drawers.get(till) or {till} for till, numbers in missing.items() if numbers}
    for drawer in sorted({one for some in used.values() for one in some}):
        says = _says(drawer, shifts)
        if says is None:
            continue
        tills = sorted(
            (till for till, some in used.items() if drawer in some), key=lambda one: (one != drawer, one)
        )
        short = says - received.get(drawer, Figures())
        if not 0 < short.count <= sum(len(missing[till]) for till in tills):
            short = Figures()
        for till in tills:
            found[till] = found.get(till, Figures()) + (short if till == tills[0] else Figures())
    return found


def _says(till: Till, shifts: Sequence[Shift]) -> Figures | None:
    return terminal_says(till[0], [shift for shift in shifts if shift.generation == till[1]])


def terminal_says(terminal: str, shifts: Sequence[Shift]) -> Figures | None:
    """Add up what the shifts of a terminal's drawers say they took; None unless every one of them says so."""
    own = [shift for shift in shifts if till_of_drawer(shift.terminal) == terminal and not shift.is_late]
    says = [shift.pos_says for shift in own if shift.pos_says is not None]
    if not own or len(says) < len(own):
        return None
    return sum_of(says)
