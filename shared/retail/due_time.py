"""How pressing a cause is, and when it is due: so many hours in which its stores trade, fewer the more is at stake.

At stake are its value, the number of its stores, the age of its oldest business day, and how near the end of a period is. Of
several stores the one that trades first decides. What is of no store, or of stores that have said no hours, counts the hours that
are not its owner's quiet ones; where it is urgent, every hour.
"""

from __future__ import annotations

import calendar as months
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from shared.retail.calendar import Calendar
from shared.retail.mapping_rows import Mappings
from shared.retail.money import ZERO
from shared.retail.quiet import QuietHours
from shared.retail.reasons import NO_ACTION, OUTAGES
from shared.retail.reference import open_spans

LOW, NORMAL, HIGH, URGENT = "low", "normal", "high", "urgent"
URGENCIES = (LOW, NORMAL, HIGH, URGENT)
TRADING_HOURS: Mapping[str, int] = MappingProxyType({LOW: 40, NORMAL: 8, HIGH: 4, URGENT: 2})
MANY_STORES = 10
OLD_DAYS = 7
DAYS_BEFORE_END, DAYS_AFTER_END = (
    3,
    5,
)  # a period is being closed from three days before its end to five after
URGENT_TIMES = 10  # so many times the value that is high is urgent
STORES_MAX = 20  # asked for their hours; hours are mostly the chain's
LOOKED_AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Stake:
    """What is at stake. amount: of the currency in which it is most, sales and refunds added up, never negative.

    oldest_day: of what is held, None where it is of no day; period_end: the last day of the period that the oldest day is in.
    """

    code: str
    amount: Decimal = ZERO
    stores: int = 0
    oldest_day: date | None = None
    period_end: date | None = None


def urgency_of(stake: Stake, today: date, high_value: int) -> str:
    """Say how pressing a cause is. high_value: the amount from which a cause is high, in its stores' own currency."""
    if stake.code in NO_ACTION:
        return LOW
    if stake.code in OUTAGES:
        return URGENT
    level = URGENCIES.index(NORMAL)
    if stake.amount >= high_value * URGENT_TIMES:
        level = URGENCIES.index(URGENT)
    elif stake.amount >= high_value or stake.stores >= MANY_STORES:
        level = URGENCIES.index(HIGH)
    if stake.oldest_day is not None and (today - stake.oldest_day).days >= OLD_DAYS:
        level += 1
    if _is_being_closed(stake.period_end, today):
        level += 1
    return URGENCIES[min(level, URGENCIES.index(URGENT))]


def _is_being_closed(period_end: date | None, today: date) -> bool:
    if period_end is None:
        return False
    return -DAYS_BEFORE_END < (today - period_end).days <= DAYS_AFTER_END


def period_end_of(mappings: Mappings, legal_entity: str, day: date) -> date:
    """Give the last day of the period a day is in: D365's where it is open there, else the month's."""
    for first, last in open_spans(mappings, legal_entity):
        if first <= day.isoformat() <= last:
            return date.fromisoformat(last)
    return day.replace(day=months.monthrange(day.year, day.month)[1])


def due_at(
    calendars: Sequence[Calendar], since: datetime, urgency: str, quiet: QuietHours | None = None
) -> datetime:
    """Give when something that came at `since` is due, in UTC. quiet: its owner's hours."""
    wanted = timedelta(hours=TRADING_HOURS[urgency])
    known = [one for one in calendars[:STORES_MAX] if one.is_known]
    found = [at for one in known if (at := after_trading(one, since, wanted)) is not None]
    if not found and quiet is not None and urgency != URGENT:
        return quiet.after_working(since, wanted)
    return min(found, default=since + wanted)


def after_trading(calendar: Calendar, since: datetime, wanted: timedelta) -> datetime | None:
    """Give the instant at which a store has traded for so long since an instant; None within the next 60 days."""
    left = wanted
    for period in calendar.periods(since, since + LOOKED_AHEAD):
        begins_at = max(period.begins_at, since)
        if period.ends_at - begins_at >= left:
            return begins_at + left
        left -= period.ends_at - begins_at
    return None
