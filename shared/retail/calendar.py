"""When a store trades: its hours by weekday, and by date where a day is another one; in the store's own zone.

A dated row beats the weekday's, and among rows of one kind the store's own beats the one for all stores (`*`). Trading time is
half-open, [opens, closes); a closing that is not after the opening is the next morning's, an equal one makes 24 hours.
Where a clock hour comes twice, its first time counts; where it is left out, the instant the clock jumps over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.retail.mapping_rows import Mappings

KIND = "calendars"
EVERY_STORE = "*"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SILENT_MINUTES_MAX = 10_080  # a week of trading time
LOOKED_AHEAD = timedelta(days=400)
ONE_DAY = timedelta(days=1)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class Hours:
    """What a calendar says of a day. opens and closes are None on a day without trade."""

    opens: time | None = None
    closes: time | None = None
    silent_minutes: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """An unbroken stretch of trading time, [begins_at, ends_at), in UTC. silent_minutes: as its day's row says."""

    begins_at: datetime
    ends_at: datetime
    silent_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """A store's trading calendar."""

    store: str
    zone: ZoneInfo
    mappings: Mappings

    def hours(self, day: date) -> Hours | None:
        """Give the hours of a day; None where nobody has said any."""
        for name in (day.isoformat(), WEEKDAYS[day.weekday()]):
            for store in (self.store, EVERY_STORE):
                values = self.mappings.find(KIND, store, name, day=day)
                if values is not None:
                    return _hours(values)
        return None

    @property
    def is_known(self) -> bool:
        """Whether any weekday has hours: without them nothing can be said about trading time."""
        return any(
            self.mappings.find(KIND, store, name) is not None
            for store in (self.store, EVERY_STORE)
            for name in WEEKDAYS
        )

    def periods(self, since: datetime, until: datetime) -> Iterator[Period]:
        """Give the stretches of trading time that reach into [since, until), in order; those that meet are one."""
        held: Period | None = None
        day, last = since.astimezone(self.zone).date() - ONE_DAY, until.astimezone(self.zone).date()
        while day <= last:
            found = self._period(day)
            day += ONE_DAY
            if found is None or found.ends_at <= since or found.begins_at >= until:
                continue
            if held is not None and found.begins_at <= held.ends_at:
                held = Period(held.begins_at, max(held.ends_at, found.ends_at), held.silent_minutes)
                continue
            if held is not None:
                yield held
            held = found
        if held is not None:
            yield held

    def trades_at(self, instant: datetime) -> bool:
        """Say whether the store trades at an instant."""
        return any(True for _ in self.periods(instant, instant + timedelta(microseconds=1)))

    def trading_time(self, since: datetime, until: datetime) -> timedelta:
        """Give how much of the time between two instants was trading time."""
        found = self.periods(since, until)
        return sum((min(one.ends_at, until) - max(one.begins_at, since) for one in found), start=timedelta(0))

    def next_opening(self, after: datetime) -> datetime | None:
        """Give the first instant after this one at which the store opens; None within the next 400 days."""
        for one in self.periods(after, after + LOOKED_AHEAD):
            if one.begins_at > after:
                return one.begins_at
        return None

    def _period(self, day: date) -> Period | None:
        hours = self.hours(day)
        if hours is None or hours.opens is None or hours.closes is None:
            return None
        ends_on = day if hours.closes > hours.opens else day + ONE_DAY
        begins_at = datetime.combine(day, hours.opens, self.zone).astimezone(UTC)
        ends_at = datetime.combine(ends_on, hours.closes, self.zone).astimezone(UTC)
        return Period(begins_at, ends_at, hours.silent_minutes) if begins_at < ends_at else None


def _hours(values: Mapping[str, str]) -> Hours:
    opens, closes = values.get("opens", ""), values.get("closes", "")
    silent = values.get("silent_minutes", "")
    return Hours(
        time.fromisoformat(opens) if opens else None,
        time.fromisoformat(closes) if closes else None,
        int(silent) if silent else None,
        values.get("note", ""),
    )


def calendar_problems(values: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Check one row of the mapping: give column, expected and found of each mistake."""
    day, opens, closes = (values.get(name, "") for name in ("day", "opens", "closes"))
    if day and day not in WEEKDAYS and not _is_date(day):
        yield "day", "a weekday such as monday, or a date such as 2017-12-25", day
    for name, text in (("opens", opens), ("closes", closes)):
        if text and not _TIME.fullmatch(text):
            yield name, "HH:MM, from 00:00 to 23:59", text
    if bool(opens) != bool(closes):
        yield "closes" if opens else "opens", "both times, or neither on a day without trade", "one of them"
    silent = values.get("silent_minutes", "")
    if silent and not (is_number(silent, SILENT_MINUTES_MAX) and int(silent)):
        yield "silent_minutes", f"minutes from 1 to {SILENT_MINUTES_MAX}", silent


def is_number(text: str, most: int) -> bool:
    """Say whether a text is a whole number up to a bound; one of thousands of digits is none."""
    return text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
