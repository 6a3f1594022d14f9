"""How old receipts are when D365 has them, and when they are posted: counted from the till, a figure for each store-day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Times:
    """When a receipt was rung, arrived here, was in D365, and was found posted."""

    completed_at: datetime
    received_at: datetime
    in_d365_at: datetime | None = None
    posted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ages:
    """Whole minutes, rounded down. count: receipts measured; late: those beyond the limit."""

    count: int = 0
    median: int = 0
    p95: int = 0
    longest: int = 0
    late: int = 0


def ages_of(ages: Sequence[timedelta], limit_minutes: int) -> Ages:
    """Give the figures of some ages. The median of an even count is the lower of the two; a percentile is the smallest age
    that so many are not above. A till whose clock is ahead counts as 0.
    """
    if not ages:
        return Ages()
    ordered = sorted(max(one, timedelta(0)) for one in ages)
    return Ages(
        count=len(ordered),
        median=_minutes(ordered[(len(ordered) - 1) // 2]),
        p95=_minutes(ordered[-(-len(ordered) * 95 // 100) - 1]),
        longest=_minutes(ordered[-1]),
        late=sum(one > timedelta(minutes=limit_minutes) for one in ordered),
    )


def _minutes(age: timedelta) -> int:
    return int(age.total_seconds() // 60)


def till_to_d365(times: Sequence[Times], limit_minutes: int) -> Ages:
    """Give the ages at which receipts were in D365; those that are not there yet have none."""
    return ages_of(
        [one.in_d365_at - one.completed_at for one in times if one.in_d365_at is not None], limit_minutes
    )


def till_to_ledger(times: Sequence[Times], limit_minutes: int) -> Ages:
    """Give the ages at which receipts were found posted."""
    return ages_of(
        [one.posted_at - one.completed_at for one in times if one.posted_at is not None], limit_minutes
    )
