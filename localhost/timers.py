"""Timers: six-field NCRONTAB schedules in UTC on the one clock. A run that still goes skips the ticks it misses."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from datetime import datetime
from typing import Any

from azure.functions import meta
from croniter import croniter

from localhost.app import Function
from localhost.clock import Clock
from localhost.invocation import invoke
from localhost.settings import HostError, HostSettings, resolved

# What NCRONTAB knows: numbers, lists, ranges, steps, names of months and days. Not L, W, #, ? nor 7 for Sunday.
FIELD = re.compile(r"(?:\*|\d+|[A-Za-z]{3})(?:-(?:\d+|[A-Za-z]{3}))?(?:/\d+)?")
SUNDAY_AS_SEVEN = re.compile(r"(?<![/\d])7")
log = logging.getLogger("localhost")


def next_tick(schedule: str, after: datetime) -> datetime:
    """Give the first instant of a schedule after an instant. Day of month and day of week must both fit.

    Raises:
        HostError: the schedule is not NCRONTAB with five or six fields.
    """
    fields = schedule.split()
    readable = all(FIELD.fullmatch(part) for field in fields for part in field.split(","))
    if len(fields) not in (5, 6) or not readable or SUNDAY_AS_SEVEN.search(fields[-1]):
        raise HostError(f"the schedule {schedule!r} is not NCRONTAB, such as 0 */2 * * * *")
    try:
        ticks = croniter(schedule, after, second_at_beginning=True, day_or=False)
        tick: datetime = ticks.get_next(datetime)
    except ValueError as error:
        raise HostError(f"the schedule {schedule!r} cannot be read: {error}") from error
    return tick


class Timer:
    """One timer trigger. Runs of it, by the clock or by hand, never overlap."""

    def __init__(self, function: Function, clock: Clock, host: HostSettings) -> None:
        self.function = function
        self._schedule = resolved(function.address)
        self._clock = clock
        self._host = host
        self._one_at_a_time = asyncio.Lock()
        next_tick(self._schedule, clock.now())

    async def serve(self, ended: asyncio.Event) -> None:
        """Run at every tick until the host ends; a run that goes on then is let go on."""
        if self.function.trigger.get("runOnStartup"):
            await self.run()
        while True:
            await self._clock.sleep_until(next_tick(self._schedule, self._clock.now()), ended)
            if ended.is_set():
                return
            await self.run()

    async def run(self) -> None:
        """Run once, after a run that still goes; an error is logged and the next tick comes all the same."""
        async with self._one_at_a_time:
            try:
                await invoke(self.function, _timer_datum(), seconds_max=self._host.function_seconds_max)
            except Exception:  # the host's edge: a failed run must not end the timer
                log.exception("%s failed", self.function.name)


def _timer_datum() -> Any:
    return meta.Datum(
        json.dumps({"IsPastDue": False, "ScheduleStatus": {}, "Schedule": {"AdjustForDST": True}}), "json"
    )
