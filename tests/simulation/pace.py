"""Who was told by D365 to come back later, until when, and who called it before that: written down at the wire, by nobody's
memory but its own.

What is promised (ADR 23): a run that was told makes no more calls before then; and once it has ended as it should, no run of
posting or tracking that begins afterwards calls before then, on whichever worker, nor does any other where posting or tracking
was told. Reading reference data keeps to what it was told itself. Clocks: each worker counts by its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.effects import Doing

SALES = frozenset({"post", "track"})  # what is told to them holds for every request
READING = "reference"


@dataclass(slots=True)
class Told:
    """One Retry-After. until: true time. skew_seconds: of the clock it was written down by. is_kept: its run ended well."""

    doing: Doing
    skew_seconds: float
    until: float
    ended_at: float = 0.0
    is_kept: bool = False


@dataclass(slots=True)
class Pace:
    """The record of one history."""

    skew_of: Callable[[str], float]
    fail: Callable[[str], None]
    met: Counter[str]
    told: list[Told] = field(default_factory=list)

    def slow_down(self, doing: Doing | None, wait_seconds: float) -> None:
        """A run was told when to come back."""
        if doing is not None:
            self.met["told when to come back"] += 1
            until = asyncio.get_running_loop().time() + wait_seconds
            self.told.append(Told(doing, self.skew_of(doing.worker), until))

    def ended(self, doing: Doing, *, well: bool) -> None:
        """A run is over. One that died, failed, or was overtaken may have told nobody else."""
        for one in [told for told in self.told if told.doing is doing]:
            if well:
                one.is_kept, one.ended_at = True, asyncio.get_running_loop().time()
            else:
                self.told.remove(one)

    def calls(self, doing: Doing | None, name: str) -> None:
        """A run calls D365."""
        if doing is None or not self.told:
            return
        now, skew = asyncio.get_running_loop().time(), self.skew_of(doing.worker)
        for one in list(self.told):
            if not self._is_bound(doing, one):
                continue
            early = min(
                one.until - now, one.until + one.skew_seconds - now - skew
            )  # late by either clock is late
            if early <= 0.001:
                self.told.remove(
                    one
                )  # over, by this worker's clock at least: from now on D365's newest word counts
            else:
                self.fail(
                    f"{doing.worker} {doing.what} called {name} {early:.1f} s before the time that D365 had told "
                    f"{one.doing.worker} {one.doing.what}"
                )
        self.told = [one for one in self.told if one.until + 600.0 > now]

    def _is_bound(self, doing: Doing, one: Told) -> bool:
        if doing is one.doing:
            return True
        if not one.is_kept or doing.began_at <= one.ended_at:
            return False
        return one.doing.what in SALES or (one.doing.what, doing.what) == (READING, READING)
