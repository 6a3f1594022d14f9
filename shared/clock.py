"""The one clock. Real time, or a virtual one that starts at a given instant and runs at a given speed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


def _real_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """now = start + (real now - anchor) x speed; without a start, real time.

    Durations that guard against machines (leases, replay windows) are given in machine seconds: `patience` turns them
    into seconds of this clock, so that a fast clock does not make machines look slow.
    """

    start: datetime | None = None
    anchor: datetime | None = None
    speed: float = 1.0
    real_now: Callable[[], datetime] = field(default=_real_now)

    def now(self) -> datetime:
        """Give the present instant, aware, in UTC."""
        if self.start is None or self.anchor is None:
            return self.real_now()
        return self.start + (self.real_now() - self.anchor) * self.speed

    def patience(self, machine_seconds: float) -> timedelta:
        """Give how much of this clock's time passes in so many real seconds."""
        return timedelta(seconds=machine_seconds * self.speed)

    def machine_seconds(self, seconds: float) -> float:
        """Give how many real seconds so many seconds of this clock take."""
        return seconds / self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of this clock."""
        await asyncio.sleep(self.machine_seconds(seconds))
