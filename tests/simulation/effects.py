"""Every effect of the app is a point of decision: it may be refused, get lost, be slow, or be a worker's last.

One place decides for storage, messages and D365 alike, from one seeded stream; what was decided is the trace.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import Random

from shared.errors import (
    AlreadyThereError,
    ChangedMeanwhileError,
    GroupRefusedError,
    RetryableError,
    UnknownOutcomeError,
)
from tests.simulation.weather import CALM, Weather

READS = frozenset({"read", "query", "peek"})
REPEATABLE = READS | {"upsert", "send"}


class WorkerDiedError(BaseException):
    """The process went away in the middle of something. Nothing in the app may catch it."""


@dataclass(eq=False, slots=True)
class Doing:
    """One run of a flow on one life of a worker. is_last: it dies with the effect it is in, also where that is refused."""

    worker: str
    what: str
    began_at: float
    is_dead: Callable[[], bool]
    die: Callable[[], None]
    is_last: bool = False


DOING: ContextVar[Doing | None] = ContextVar("DOING", default=None)


@dataclass(slots=True)
class Effects:
    """Counts, decides and remembers. deaths: planned ones, (number of the effect from 1, before it or after it)."""

    seed: int
    weather: Weather
    checked: Callable[[], None] = lambda: None
    rang: Callable[[str], None] = lambda _: None
    deaths: tuple[tuple[int, bool], ...] = ()
    count: int = 0
    met: Counter[str] = field(default_factory=Counter)
    trace: list[str] = field(default_factory=list)
    _rng: Random = field(init=False)

    def __post_init__(self) -> None:
        self._rng = Random(f"effects {self.seed}")

    def calm_down(self) -> None:
        """From now on nothing fails any more."""
        self.weather = CALM

    @property
    def digest(self) -> str:
        """Give a hash of everything that was decided."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()[:16]

    def note(self, text: str) -> None:
        """Write a line of the trace."""
        self.trace.append(f"{asyncio.get_running_loop().time():.3f} {text}")

    def chance(self, rate: float) -> bool:
        """Decide something that comes true at a rate."""
        return rate > 0 and self._rng.random() < rate

    def between(self, low: float, high: float) -> float:
        """Choose a number."""
        return self._rng.uniform(low, high)

    async def arrive(self, kind: str, name: str) -> Doing | None:
        """Begin an effect: count it, let it wait, let its worker die before it."""
        doing = DOING.get()
        if doing is None:
            return None
        if doing.is_dead():
            raise WorkerDiedError
        if doing.is_last:
            self._die(doing)
        self.count += 1
        number = self.count
        self.note(f"{doing.worker} {doing.what} {kind} {name}")
        if (number, True) in self.deaths or self.chance(self.weather.crash / 2):
            self._die(doing)
        await self._wait(doing)
        doing.is_last = doing.is_last or (number, False) in self.deaths
        return doing

    async def leave(self, doing: Doing) -> None:
        """End an effect that has happened: check what must hold, and let its worker die after it."""
        self.checked()
        if doing.is_dead():
            raise WorkerDiedError
        if doing.is_last or self.chance(self.weather.crash / 2):
            self._die(doing)

    async def before_storage(self, kind: str, name: str) -> None:
        """Stand before a request of a table or a queue."""
        doing = await self.arrive(kind, name)
        if doing is not None and self.chance(self.weather.storage_refused):
            self._met(f"refused {kind}")
            raise RetryableError(f"{name}: storage does not answer now")

    async def after_storage(self, kind: str, name: str) -> None:
        """Stand behind a request that has happened."""
        if kind == "send":
            self.rang(name)
        doing = DOING.get()
        if doing is None:
            return
        await self.leave(doing)
        if kind not in REPEATABLE and self.chance(self.weather.storage_false_conflict):
            self._met(f"false conflict {kind}")
            raise _false_conflict(kind, name)
        if self.chance(self.weather.storage_lost):
            self._met(f"lost {kind}")
            text = f"{name}: the answer got lost"
            raise RetryableError(text) if kind in REPEATABLE else UnknownOutcomeError(text)

    async def _wait(self, doing: Doing) -> None:
        """Let others go on meanwhile. A worker that dies while its request is on the way may see it land or not."""
        weather = self.weather
        if self.chance(weather.pause):
            self._met("pause")
            await asyncio.sleep(self.between(30.0, weather.pause_seconds))
            if doing.is_dead():
                raise WorkerDiedError
        elif weather != CALM and self.chance(0.35 + weather.slow):
            await asyncio.sleep(
                self.between(0.001, 0.2) if self._rng.random() < 0.9 else self.between(1.0, 15.0)
            )
            if doing.is_dead() and self._rng.random() < 0.5:
                raise WorkerDiedError

    def _met(self, what: str) -> None:
        self.met[what] += 1
        self.note(what)

    def _die(self, doing: Doing) -> None:
        self._met("crash")
        doing.die()
        raise WorkerDiedError


def _false_conflict(kind: str, name: str) -> Exception:
    text = f"{name}: somebody else was first"
    if kind == "insert":
        return AlreadyThereError(text)
    if kind == "group":
        return GroupRefusedError(0, AlreadyThereError(text))
    return ChangedMeanwhileError(text)
