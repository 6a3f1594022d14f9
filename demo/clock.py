"""The demo's own copy of the one virtual clock: now = start + (real now - anchor) x speed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """`start` is the virtual instant at the real instant `anchor`; `speed` is virtual seconds a real second."""

    start: datetime
    anchor: datetime
    speed: float

    def now(self) -> datetime:
        """Give the virtual present."""
        return self.start + (datetime.now(UTC) - self.anchor) * self.speed

    async def wait_until(self, instant: datetime) -> None:
        """Wait until the virtual instant has come; not at all when it has passed."""
        left = (instant - self.now()).total_seconds()
        if left > 0:
            await asyncio.sleep(left / self.speed)

    async def wait(self, real_seconds: float) -> None:
        """Wait for real seconds."""
        await asyncio.sleep(real_seconds)

    def after(self, real_seconds: float) -> datetime:
        """Give the virtual instant that many real seconds from now."""
        return self.now() + timedelta(seconds=real_seconds * self.speed)

    def settings(self) -> dict[str, str]:
        """Give the environment variables from which every process computes the same time."""
        return {
            "TILLPOST_CLOCK_START": self.start.isoformat(),
            "TILLPOST_CLOCK_ANCHOR": self.anchor.isoformat(),
            "TILLPOST_CLOCK_SPEED": str(self.speed),
        }
