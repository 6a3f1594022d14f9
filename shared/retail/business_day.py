"""Which business day a receipt counts for, and when that day begins and ends.

The POS's own day wins; else the store's time zone and closing hour decide. Days are half-open, [begin, end), and
last 23, 24 or 25 hours. Never the server's calendar.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.errors import RejectedError

_CLOSING = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def store_zone(name: str) -> ZoneInfo:
    """Open a time zone by its IANA name.

    Raises:
        RejectedError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RejectedError(
            f"time zone {name!r} is not known",
            field="time_zone",
            expected="an IANA name such as America/New_York",
            found=name,
        ) from error


def closing_hour(text: str) -> time:
    """Read "HH:MM"; "00:00" closes at midnight.

    Raises:
        RejectedError: the text is no time of day.
    """
    if not _CLOSING.fullmatch(text or "00:00"):
        raise RejectedError(
            f"closing time {text!r} is not a time", field="closing_time", expected="HH:MM", found=text
        )
    return time.fromisoformat(text or "00:00")


def business_day_of(instant: datetime, zone: ZoneInfo, closes_at: time) -> date:
    """Give the business day an instant falls on: what is sold before the closing hour still counts for yesterday."""
    day = instant.astimezone(zone).date()
    return day if instant >= day_begins_at(day, zone, closes_at) else day - timedelta(days=1)


def day_begins_at(day: date, zone: ZoneInfo, closes_at: time) -> datetime:
    """Give the first instant of a business day, in UTC."""
    return datetime.combine(day, closes_at, tzinfo=zone).astimezone(UTC)


def day_ends_at(day: date, zone: ZoneInfo, closes_at: time) -> datetime:
    """Give the instant at which a business day is over, in UTC: the first instant of the next one."""
    return day_begins_at(day + timedelta(days=1), zone, closes_at)
