"""The chain of decisions: each one carries the hash of the one before it, so that one that was altered, taken away or put
in between is found, and by its number.

What was written down before there was a chain is covered by the beginning of the first link.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

BEFORE = 0  # the number that stands for everything written down before the chain began


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision in the chain of its area. number: from 1 on; previous: the hash of the one before.

    token: what tells two writers of the same number apart. note: what the chain itself has to say of this link, as that its
    head was gone.
    """

    area: str
    number: int
    previous: str
    who: str
    did: str
    reason: str
    evidence: str
    at: datetime
    token: str
    note: str = ""

    @property
    def hash(self) -> str:
        """The SHA-256 of everything in it."""
        return _sha256(
            [
                self.area, self.number, self.previous, self.who, self.did, self.reason, self.evidence,
                instant_text(self.at), self.token, self.note,
            ]
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """Where a chain stands: the number of its last decision, and its hash."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision as it is kept: what it says, None where it can no longer be read, and the hash that is kept with it."""

    number: int
    entry: Entry | None
    hash: str

    @property
    def is_unaltered(self) -> bool:
        return self.entry is not None and self.entry.number == self.number and self.entry.hash == self.hash


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place that is not as it was written. number: the decision's, 0 for what is older than the chain."""

    number: int
    what: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at one area's chain found."""

    area: str
    decisions: int
    before_the_chain: int
    head: Link | None
    broken: Broken | None


def beginning_of(area: str, older: Iterable[tuple[str, Mapping[str, object]]]) -> str:
    """Give what the first link is chained to: a hash over whatever was written down before, in the order of its keys."""
    rows = [
        [key, sorted((name, _text(value)) for name, value in values.items())]
        for key, values in sorted(older, key=lambda one: one[0])
    ]
    return _sha256(["the beginning", area, rows])


def verify_chain(
    area: str,
    beginning: str,
    older: int,
    kept: Sequence[Kept],
    head_before: Link | None,
    head_after: Link | None,
    noted: Link | None = None,
) -> Verified:
    """Say where a chain is broken first, if it is.

    kept: in the order of their numbers. head_before, head_after: the head as read before and after the decisions, because one
    may be written meanwhile. noted: where somebody noted the chain to stand at some time before, kept elsewhere: nobody can
    write the chain anew from there on without being found.
    """
    by_number = {one.number: one for one in kept}
    last = max([*by_number, head_before.number if head_before else 0])
    head = head_after or head_before
    broken = _first_broken(beginning, by_number, last, head)
    if broken is None:
        broken = _end_is_wrong(by_number, head_before, head_after)
    if broken is None and noted is not None:
        there = by_number.get(noted.number)
        if there is None or there.hash != noted.hash:
            broken = Broken(noted.number, "it is not the decision that was noted under this number")
    return Verified(area, len(kept), older, head, broken)


def _first_broken(beginning: str, kept: Mapping[int, Kept], last: int, head: Link | None) -> Broken | None:
    before = beginning
    for number in range(1, last + 1):
        one = kept.get(number)
        if one is None:
            return Broken(number, "it is gone")
        if not one.is_unaltered or one.entry is None:
            return Broken(number, "it was altered")
        if one.entry.previous != before:
            return _which_of_two(number, one, kept.get(number + 1), head)
        before = one.hash
    return None


def _which_of_two(number: int, one: Kept, after: Kept | None, head: Link | None) -> Broken:
    """Two neighbours do not fit, each sound in itself: the one that its other neighbour vouches for is the right one."""
    if after is not None:
        is_vouched_for = after.entry is not None and after.entry.previous == one.hash
    else:
        is_vouched_for = head is not None and head.hash == one.hash
    if not is_vouched_for:
        return Broken(number, "it was replaced by another")
    if number == 1:
        return Broken(BEFORE, "what was written down before the chain began was altered, removed or added to")
    return Broken(number - 1, "it was replaced by another")


def _end_is_wrong(kept: Mapping[int, Kept], before: Link | None, after: Link | None) -> Broken | None:
    """Compare the end of the chain with its head."""
    if not kept:
        return None
    last = max(kept)
    if after is None:
        return Broken(
            last, "the head of the chain is gone: nobody can say whether more were taken away behind it"
        )
    if last > after.number:
        return Broken(after.number + 1, "it was put in behind the end of the chain")
    for head in (before, after):
        if head is not None and head.number in kept and kept[head.number].hash != head.hash:
            return Broken(head.number, "it was replaced by another")
    told = next((one for _, one in sorted(kept.items()) if one.entry is not None and one.entry.note), None)
    return Broken(told.number, told.entry.note) if told is not None and told.entry is not None else None


def instant_text(at: datetime) -> str:
    """Write an instant as it goes into a hash."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _text(value: object) -> str:
    return instant_text(value) if isinstance(value, datetime) else str(value)


def _sha256(parts: Sequence[object]) -> str:
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
