"""The simulator's clock: real time, or the virtual time that the settings start and speed up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """now = start + (real now - anchor) x speed."""

    start: datetime | None = None
    anchor: datetime | None = None
    speed: float = 1.0

    def now(self) -> datetime:
        """Give the present instant in UTC."""
        real = datetime.now(UTC)
        if self.start is None or self.anchor is None:
            return real
        return (self.start + (real - self.anchor) * self.speed).astimezone(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of this clock."""
        await asyncio.sleep(max(seconds, 0.0) / self.speed)


def clock_of(environment: Mapping[str, str] = os.environ) -> Clock:
    """Read the clock from TILLPOST_CLOCK_START, _ANCHOR and _SPEED; without a start it is the real one.

    Raises:
        ValueError: an instant without offset, or a speed that is not positive.
    """
    begin, anchor = environment.get("TILLPOST_CLOCK_START"), environment.get("TILLPOST_CLOCK_ANCHOR")
    speed = float(environment.get("TILLPOST_CLOCK_SPEED") or 1)
    if speed <= 0:
        raise ValueError("TILLPOST_CLOCK_SPEED must be positive")
    if not begin:
        return Clock(speed=1.0)
    return Clock(_instant(begin), _instant(anchor) if anchor else datetime.now(UTC), speed)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return instant
