"""How long what is kept: which business days are old enough, and what of a store-day keeps it whole for now."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta

from shared.retail.status import Status

AT_AN_END = frozenset({Status.POSTED, Status.REVERSED, Status.EXCLUDED, Status.WRITTEN_OFF})
MONTHS_A_YEAR = 12


def last_day_gone(today: date, *, days: int = 0, months: int = 0) -> date | None:
    """Give the last business day that is past its time; None where things are kept for ever.

    Months are the calendar's: what happened on 31 December 2017 and is kept 84 months goes after 31 December 2024.
    """
    if days:
        return today - timedelta(days=days + 1)
    if not months:
        return None
    year, month = divmod(today.year * MONTHS_A_YEAR + today.month - 1 - months, MONTHS_A_YEAR)
    day = min(today.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, day) - timedelta(days=1)


def what_keeps(
    statuses: Iterable[Status], *, signed: bool, has_supplement: bool, is_due: bool, period_closed: bool
) -> str:
    """Say in people's words why a store-day may not be touched yet; "" where it may."""
    if any(one not in AT_AN_END for one in statuses):
        return "receipts that are held or on their way"
    if is_due:
        return "its statement is due to be compiled again"
    if not signed:
        return "its statement is not signed"
    if has_supplement:
        return "a supplement is not signed"
    return "" if period_closed else "its period is not closed in D365, or not known to be"
