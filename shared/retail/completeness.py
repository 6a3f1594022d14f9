"""What never arrived: gaps in a terminal's own numbers, and what its totals say those receipts were worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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


def gaps_of(
    seen: Iterable[SeenNumber],
    shifts: Sequence[Shift],
    received: Mapping[tuple[str, int], Figures],
    decisions: Mapping[tuple[str, int], Decision],
) -> tuple[Gap, ...]:
    """Find the missing numbers of each terminal, between the lowest and highest that it or its shifts name.

    received: the figures of what arrived, by terminal and generation. A terminal's
    totals explain a gap only when they miss receipts:
    more than none and no more than numbers are missing. Otherwise the gap is worth nothing (control transactions).
    """
    numbers: dict[tuple[str, int], set[int]] = {}
    for one in seen:
        numbers.setdefault((one.terminal, one.generation), set()).add(one.number)
    bounds = _shift_bounds(shifts)
    found = []
    for (terminal, generation), present in sorted(numbers.items()):
        low, high = bounds.get((terminal, generation), (min(present), max(present)))
        missing = missing_numbers(present, min(low, *present), max(high, *present))
        if missing:
            arrived = received.get((terminal, generation), Figures())
            worth = _worth(terminal, generation, shifts, arrived, len(missing))
            decided = {
                number: decisions[terminal, number] for number in missing if (terminal, number) in decisions
            }
            found.append(Gap(terminal, generation, missing, worth, decided))
    return tuple(found)


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


def _worth(
    terminal: str, generation: int, shifts: Sequence[Shift], received: Figures, missing: int
) -> Figures | None:
    says = terminal_says(terminal, [shift for shift in shifts if shift.generation == generation])
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
