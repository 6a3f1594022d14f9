"""What never arrived: gaps in a terminal's own numbers, and what its totals say those receipts were worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from shared.retail.drawers import Till as Till
from shared.retail.drawers import till_of_drawer
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
        named = {*present, *bounds.get(till, ())}
        first, last = min(named), max(named)
        spells[till] = (first, last, first_expected(first, before.get(till, ())))
        missing[till] = missing_numbers(present, spells[till][2], last)
    worth = _worths(missing, drawers, shifts, received)
    found = []
    for till, (first, last, expected) in spells.items():
        gap = (
            Gap(*till, missing[till], worth.get(till), _decided(till, missing[till], decisions))
            if missing[till]
            else None
        )
        says = _says(till, shifts)
        arrived = received if says is not None or rung is None else rung
        found.append(TillNumbers(*till, first, last, expected, gap, says, arrived.get(till, Figures())))
    return tuple(found)


def _decided(
    till: Till, missing: Iterable[int], decisions: Mapping[Numbered, Decision]
) -> dict[int, Decision]:
    return {number: decisions[*till, number] for number in missing if (*till, number) in decisions}


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
