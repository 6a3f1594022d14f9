"""The period that a person asks about: a month, or the days from one to another."""

from __future__ import annotations

import calendar
from datetime import date

from shared.errors import FOUND_MAX, RejectedError

DAYS_MAX = 62


def days_of(period: str) -> tuple[date, date]:
    """Read a period: its first and last day.

    Raises:
        RejectedError: it is none.
    """
    try:
        if ".." in period:
            begin, _, end = period.partition("..")
            first, last = date.fromisoformat(begin), date.fromisoformat(end)
        else:
            first = date.fromisoformat(f"{period}-01")
            last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    except ValueError:
        first, last = date.max, date.min
    if not 0 <= (last - first).days < DAYS_MAX or not 1990 <= first.year < 2200:
        expected = "a month such as 2017-12, or days such as 2017-12-01..2017-12-31, two months at most"
        raise RejectedError("this is no period", field="period", expected=expected, found=period[:FOUND_MAX])
    return first, last
