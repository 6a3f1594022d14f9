"""Which stores have fallen silent, from what instant on that counts as silence, and which of them fell silent together.

A store is silent when nothing of it arrived for longer than its threshold while it traded. The quiet before a closing does not
count towards the next day: counting starts anew at each opening, and whole silent openings that are shorter than
the threshold add up. Stores that were last heard within a quarter of an hour of each other share one outage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.retail.calendar import Calendar

OUTAGE_STORES_MIN = 3
OUTAGE_WINDOW = timedelta(minutes=15)
LOOKED_BACK = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Heard:
    """When anything last arrived of a till. The store's is the newest of its tills'."""

    store: str
    terminal: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Silence:
    """A store that fell silent. counts_from: last heard plus threshold, in trading time; it is told from then on."""

    store: str
    heard_at: datetime
    counts_from: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A silence and the cause it is told under. outage_at: the first last-heard of an outage; None for a store on its own."""

    silence: Silence
    outage_at: datetime | None = None

    @property
    def value(self) -> str:
        """Name the cause: an outage by its instant, a store on its own by itself."""
        if self.outage_at is None:
            return self.silence.store
        return f"outage of {self.outage_at:%Y-%m-%d %H:%M:%S} UTC"


def counts_from(
    calendar: Calendar, heard_at: datetime, until: datetime, default_minutes: int
) -> datetime | None:
    """Give the instant, before or at `until`, from which a store last heard at `heard_at` counts as silent; None if there is
    none. It always lies in trading time. A day's own threshold beats the default.
    """
    waited = timedelta(0)
    for period in calendar.periods(max(heard_at, until - LOOKED_BACK), until + timedelta(microseconds=1)):
        threshold = timedelta(minutes=period.silent_minutes or default_minutes)
        begins_at = max(period.begins_at, heard_at)
        at = begins_at + max(threshold - waited, timedelta(0))
        if at < period.ends_at:
            return at if at <= until else None
        if begins_at == period.begins_at:  # silent from opening to closing; else it was only a quiet evening
            waited += period.ends_at - period.begins_at
    return None


def half_waited(calendar: Calendar, heard_at: datetime, now: datetime, default_minutes: int) -> bool:
    """Say whether a store that trades now has been silent for half its threshold: then it may be of an outage."""
    period = next(iter(calendar.periods(now, now + timedelta(microseconds=1))), None)
    if period is None:
        return False
    threshold = timedelta(minutes=period.silent_minutes or default_minutes)
    return now - max(heard_at, period.begins_at) >= threshold / 2


def told_together(
    silences: Sequence[Silence], likely: Mapping[str, datetime], outages: Sequence[datetime]
) -> list[Told]:
    """Say under which cause each silence is told: three stores or more of one window are one outage.

    likely: when stores were last heard that trade, and have been silent for half their threshold; they are not told, and
    count for an outage, so that it is one from its first store on. outages: those that are open; they take in
    who fits, so that an outage keeps its name while stores come and go.
    """
    told: list[Told] = []
    rest: list[Silence] = []
    for one in sorted(silences, key=lambda one: (one.heard_at, one.store)):
        near = [at for at in sorted(outages) if abs(one.heard_at - at) <= OUTAGE_WINDOW]
        if near:
            told.append(Told(one, min(near, key=lambda at: abs(one.heard_at - at))))
        else:
            rest.append(one)
    heard = {**likely, **{one.store: one.heard_at for one in rest}}
    begun: datetime | None = None
    for one in rest:
        if begun is None or one.heard_at - begun > OUTAGE_WINDOW:
            begun = one.heard_at
        window = [at for at in heard.values() if begun <= at <= begun + OUTAGE_WINDOW]
        told.append(Told(one, begun if len(window) >= OUTAGE_STORES_MIN else None))
    return told
