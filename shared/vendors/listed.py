"""What every vendor's client gives: pages of what its lists name, and one thing whole, as the vendor's adapter reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from shared.errors import RejectedError

ORDER, SALE, SESSION, SHIFT, CLOSURE = "order", "sale", "session", "shift", "closure"
OVERLAP = timedelta(minutes=15)  # what a vendor shows a little later than it happened is listed again
RIPE = timedelta(minutes=5)  # what changed just now is its webhook's to tell; the next sweep lists it again
FAR_AHEAD = timedelta(hours=1)
FIRST = timedelta(hours=72)  # how far the first sweep looks back: as late as a till that was offline sends
CASH_OPEN = timedelta(days=7)  # how long a drawer may stay open and still be found closed


@dataclass(frozen=True, slots=True)
class Listed:
    """One thing that a list names. changed_at: the newest change it tells of; location, happened_at, amount: as far as told.

    amount: 0 of what is void or a test. is_sale: it is turnover, or may be; a drawer's shift is none. is_settled: it counts, or
    never will; of what is put aside or partly paid a later change tells. mark: its own, where the list is not by time.
    """

    kind: str
    id: str
    changed_at: datetime
    location: str = ""
    happened_at: datetime | None = None
    amount: Decimal | None = None
    currency: str = ""
    is_sale: bool = True
    is_settled: bool = True
    mark: str = ""

    def is_ripe(self, now: datetime) -> bool:
        """Say whether its webhook has had its time. A time far ahead of ours is no time to wait for."""
        return self.changed_at <= now - RIPE or self.changed_at > now + FAR_AHEAD


@dataclass(frozen=True, slots=True)
class Fetched:
    """One thing as the vendor's adapter reads it. changed_at: the newest change that it tells of."""

    document: bytes
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. after: where the next one begins, "" on the last. mark: how far all of it is ripe, "" for nowhere."""

    found: tuple[Listed, ...]
    after: str = ""
    mark: str = ""

    def is_beyond(self, listed: Listed, mark: str) -> bool:
        """Say whether a list got as far as this only after a mark."""
        return not mark or (listed.mark or mark_of(listed.changed_at)) > mark


class VendorClient(Protocol):
    """One account at its vendor. What it raises is said in shared/vendors/wire.py."""

    lists: tuple[str, ...]

    @property
    def calls(self) -> Counter[str]:
        """Requests made so far, by kind."""
        ...

    async def page(self, name: str, mark: str, after: str, now: datetime) -> Page:
        """Read a page of a list: what changed since a mark ("": the first time), less an overlap."""
        ...

    async def fetch(self, kind: str, named: str, location: str, payload: str = "") -> Fetched:
        """Read one thing whole, in the form that the vendor's adapter reads. payload: what was told of it, if nothing else is.

        Raises:
            NotAtVendorError: the vendor does not know it.
        """
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


def listed_at_least(
    kind: str, read: Callable[[], Listed], name: Callable[[], tuple[str, datetime]]
) -> Listed:
    """Read what a list says of a thing; where not all of that can be read, its id and time alone: one odd entry stops no list.

    What is odd about it, its document shows when it is fetched.

    Raises:
        RejectedError: it has no id, or no time.
    """
    try:
        return read()
    except RejectedError:
        return Listed(kind, *name())


def mark_of(at: datetime) -> str:
    """Write an instant as a mark; marks of later instants are greater texts."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def since_of(mark: str, now: datetime, overlap: timedelta = OVERLAP, first: timedelta = FIRST) -> datetime:
    """Say from when on a list is asked for, by the mark it got to."""
    return datetime.fromisoformat(mark) - overlap if mark else now - first


def latest(found: tuple[Listed, ...], now: datetime) -> str:
    """Give the mark of the newest change of a page that is ripe: a vendor's clock that runs ahead moves no mark."""
    ripe = [one.changed_at for one in found if one.changed_at <= now - RIPE]
    return mark_of(max(ripe)) if ripe else ""
