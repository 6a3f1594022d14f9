"""What a vendor named and is to be fetched: whether a naming is news, when to try again, how far a list has been swept. Pure.

A naming is a sign that something happened; what happened, the fetched document says. So a naming older than what was
named or fetched before is no news: whatever it was about is in what was fetched since.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

WEBHOOK, SWEEP = "webhook", "sweep"
NOT_SETTLED = "not settled yet"
EVENTS_KEPT = 20
PROBLEM_CHARACTERS = 300
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 60, 6 * 3600
SIGNED_FOR_HOURS = 72  # longer than any of the vendors repeats a webhook
AHEAD = timedelta(minutes=5)  # a vendor's clock may be before ours


@dataclass(frozen=True, slots=True)
class Naming:
    """That a vendor named something, such as an order.

    at: the vendor's own time of it (of its event; of a list, when it last changed), None where it does not say. event: what
    is the same on every delivery of one event, "" in a list. location, happened_at, amount, currency: as far as they were told.
    payload: what was told, masked, where the vendor tells it only once and it can be fetched from nowhere.
    """

    kind: str
    id: str
    at: datetime | None = None
    event: str = ""
    location: str = ""
    heard_by: str = WEBHOOK
    happened_at: datetime | None = None
    amount: str = ""
    currency: str = ""
    payload: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something to fetch. wanted_at: since when. at: the newest vendor's time it was named with. etag: of its row.

    happened_at, amount, currency: what a list says of it. told: where people are told that it is not here, "" where nobody is.
    """

    account: str
    kind: str
    id: str
    wanted_at: datetime
    next_at: datetime
    at: datetime | None = None
    events: tuple[str, ...] = ()
    location: str = ""
    heard_by: str = WEBHOOK
    attempts: int = 0
    problem: str = ""
    etag: str = ""
    happened_at: datetime | None = None
    amount: str = ""
    currency: str = ""
    told: str = ""
    payload: str = ""


@dataclass(frozen=True, slots=True)
class Swept:
    """How far a vendor's list has been swept.

    mark: everything up to it is kept; "" before the first sweep. page: where a sweep that is not finished goes on, ""
    otherwise; reach: the mark it will have reached. The marks are the vendor's: an instant or a version, as text.
    """

    account: str
    list: str
    mark: str = ""
    page: str = ""
    reach: str = ""
    next_at: datetime | None = None
    etag: str = ""


def is_news(naming: Naming, at: datetime | None, events: tuple[str, ...]) -> bool:
    """Say whether a naming tells more than those before: their newest time and their events are given.

    One without a time always does, unless its event is known.
    """
    if naming.event and naming.event in events:
        return False
    if naming.at is None or at is None or naming.at > at:
        return True
    return naming.at == at and naming.event != ""


def is_past(naming: Naming, now: datetime) -> bool:
    """Say whether a naming is older than any vendor repeats it: if it is true, the vendor's list tells it too.

    What was fetched may be forgotten after as long, and not before.
    """
    return naming.at is not None and now - naming.at > timedelta(hours=SIGNED_FOR_HOURS)


def newer(one: datetime | None, other: datetime | None) -> datetime | None:
    """Give the later of two times of which either may not be known."""
    return max((at for at in (one, other) if at is not None), default=None)


def believed(at: datetime | None, now: datetime) -> datetime | None:
    """Give a vendor's time, but none that is far ahead: it would make everything after it look old."""
    return min(at, now + AHEAD) if at is not None else None


def heard(
    naming: Naming, now: datetime, account: str, at: datetime | None, events: tuple[str, ...]
) -> Wanted:
    """Give what is wanted now because of a naming, after what was named before."""
    kept = (*events, naming.event) if naming.event else events
    return Wanted(
        account=account,
        kind=naming.kind,
        id=naming.id,
        wanted_at=now,
        next_at=now,
        at=newer(at, believed(naming.at, now)),
        events=kept[-EVENTS_KEPT:],
        location=naming.location,
        heard_by=naming.heard_by,
        happened_at=naming.happened_at,
        amount=naming.amount,
        currency=naming.currency,
        payload=naming.payload,
    )


def heard_again(wanted: Wanted, naming: Naming, now: datetime) -> Wanted:
    """Give what is wanted where it was wanted already: nothing that fails is tried earlier for it.

    What was not settled when it was looked at may be now, and what people are told of they wait for: it is tried as if it
    were named for the first time.
    """
    again = heard(naming, now, wanted.account, wanted.at, wanted.events)
    before = again if wanted.problem == NOT_SETTLED or wanted.told else wanted
    return replace(
        wanted,
        next_at=before.next_at,
        attempts=before.attempts,
        problem=before.problem,
        at=again.at,
        events=again.events,
        location=naming.location or wanted.location,
        happened_at=naming.happened_at or wanted.happened_at,
        amount=naming.amount or wanted.amount,
        currency=naming.currency or wanted.currency,
        payload=naming.payload or wanted.payload,
    )


def filled(wanted: Wanted, naming: Naming) -> Wanted:
    """Give what is wanted with what a naming that is no news tells beyond it: a list tells more than the webhook before it."""
    return replace(
        wanted,
        location=wanted.location or naming.location,
        happened_at=wanted.happened_at or naming.happened_at,
        amount=wanted.amount or naming.amount,
        currency=wanted.currency or naming.currency,
    )


def after_failure(wanted: Wanted, now: datetime, problem: str, wait_seconds: float | None) -> Wanted:
    """Give what is wanted after a try that failed: doubling pauses, and never before the vendor said (Retry-After)."""
    doubled = min(FIRST_PAUSE_SECONDS * 2 ** min(wanted.attempts, 20), LONGEST_PAUSE_SECONDS)
    pause = max(doubled, wait_seconds or 0)
    return replace(
        wanted,
        attempts=wanted.attempts + 1,
        next_at=now + timedelta(seconds=pause),
        problem=problem[:PROBLEM_CHARACTERS],
    )


def page_kept(swept: Swept, next_page: str, reach: str, next_at: datetime) -> Swept:
    """Give how far a sweep is once everything of a page is wanted: the mark moves after the last page alone.

    next_page: "" after the last. reach: the mark that the sweep will have reached by then. next_at: of the next sweep.
    """
    if next_page:
        return replace(swept, page=next_page, reach=reach)
    return replace(swept, mark=reach, page="", reach="", next_at=next_at)


def is_due(swept: Swept, now: datetime) -> bool:
    """Say whether to sweep: the first time, when the time has come, and on and on until the last page."""
    return bool(swept.page) or swept.next_at is None or swept.next_at <= now
