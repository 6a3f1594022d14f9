"""Quiet hours: when the people of an owner role are not called for what can wait until they work again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
DAYS_LOOKED_AHEAD = 9


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Quiet every day in [begins, ends), over midnight where it ends before it begins, and all day on some weekdays (Monday: 0).

    The same begin and end mean that no hour of the day is quiet by itself. Not all seven weekdays may be quiet.
    """

    begins: time
    ends: time
    zone: ZoneInfo
    days: frozenset[int] = frozenset()

    def holds(self, at: datetime) -> bool:
        """Say whether an instant is quiet."""
        local = at.astimezone(self.zone)
        clock = local.time()
        if local.weekday() in self.days:
            return True
        if self.begins <= self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends

    def ends_after(self, at: datetime) -> datetime:
        """Give the first instant, from this one on, that is not quiet, in UTC."""
        if not self.holds(at):
            return at
        found = (one for one in self._edges(at, self.ends) if one > at and not self.holds(one))
        return next(found, at)

    def after_working(self, since: datetime, wanted: timedelta) -> datetime:
        """Give the instant at which so much time that is not quiet has passed since an instant, in UTC."""
        at, left = self.ends_after(since), wanted
        while True:
            edges = (one for one in self._edges(at, self.begins) if one > at and self.holds(one))
            quiet_at = next(edges, at + left)
            if quiet_at - at >= left:
                return at + left
            left -= quiet_at - at
            at = self.ends_after(quiet_at)

    def _edges(self, at: datetime, clock: time) -> Iterator[datetime]:
        """Give the instants at which quiet may begin or end, in order: midnight, and a time of day."""
        today = at.astimezone(self.zone).date()
        for number in range(DAYS_LOOKED_AHEAD):
            day = today + ONE_DAY * number
            found = {
                datetime.combine(day, edge.replace(fold=fold), self.zone).astimezone(UTC)
                for edge in (time(0), clock)
                for fold in (0, 1)  # an hour that comes twice has every edge twice
            }
            yield from sorted(found)
