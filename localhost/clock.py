"""The one clock of app, local host, simulator and demo: virtual now = start + (real now - anchor) x speed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """Real time when there is no start."""

    start: datetime | None = None
    anchor: datetime | None = None
    speed: float = 1.0

    def now(self) -> datetime:
        """Give the present instant, aware, in UTC."""
        real = datetime.now(UTC)
        if self.start is None or self.anchor is None:
            return real
        return (self.start + (real - self.anchor) * self.speed).astimezone(UTC)

    def seconds_until(self, instant: datetime) -> float:
        """Give how many real seconds pass until this clock shows the instant; 0 if it is past."""
        return max(0.0, (instant - self.now()).total_seconds() / self.speed)

    async def sleep_until(self, instant: datetime, ended: asyncio.Event) -> None:
        """Wait until this clock shows the instant, or until something else ended."""
        await pause(self.seconds_until(instant), ended)


async def pause(seconds: float, ended: asyncio.Event) -> None:
    """Wait so many real seconds, or until something ended."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await ended.wait()


def clock_from(environ: Mapping[str, str]) -> Clock:
    """Read TILLPOST_CLOCK_START, _ANCHOR (instants with an offset) and _SPEED.

    Raises:
        ValueError: an instant has no offset, or the speed is not positive.
    """
    start, anchor = environ.get("TILLPOST_CLOCK_START", ""), environ.get("TILLPOST_CLOCK_ANCHOR", "")
    if not start or not anchor:
        return Clock()
    clock = Clock(
        datetime.fromisoformat(start),
        datetime.fromisoformat(anchor),
        float(environ.get("TILLPOST_CLOCK_SPEED") or "1"),
    )
    if any(instant is None or instant.tzinfo is None for instant in (clock.start, clock.anchor)):
        raise ValueError("TILLPOST_CLOCK_START and TILLPOST_CLOCK_ANCHOR need an offset, such as +00:00")
    if clock.speed <= 0:
        raise ValueError("TILLPOST_CLOCK_SPEED must be more than 0")
    return clock
