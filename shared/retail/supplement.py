"""Signed statements, and the supplements that hold what came after: a signed statement never changes.

A finance person signs what they saw. Whatever happens to the store-day afterwards (a late receipt, a receipt that posts, a
correction) stands in the next numbered supplement, as the change since the last signature, under the original business day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.retail.figures import Figures

COLUMNS = ("pos_says", "received", "in_d365", "posted")


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature. number 0 is the statement, 1 and on its supplements; sha256 is of the text that was signed.

    at: ISO 8601, UTC. statuses: each receipt's status by account and transaction id; columns: the whole day's figures, the
    parts of `COLUMNS` (pos_says missing where the POS said nothing).
    """

    number: int
    by: str
    role: str
    reason: str
    at: str
    sha256: str
    revision: int
    verdict: str
    statuses: Mapping[str, str]
    columns: Mapping[str, Figures]

    @property
    def name(self) -> str:
        """Name what was signed, for people."""
        return f"supplement {self.number}" if self.number else "statement"


@dataclass(frozen=True, slots=True)
class Supplement:
    """What changed since the last signature: receipts that came, moves of status (was, is, how many), and the columns' change."""

    number: int
    since: Signed
    receipts: tuple[str, ...]
    moves: tuple[tuple[str, str, int], ...]
    columns: Mapping[str, Figures]


def supplement_of(
    signed: Sequence[Signed],
    receipts: Sequence[tuple[str, str, str]],
    columns: Mapping[str, Figures],
) -> Supplement | None:
    """Give what is to be signed next; None where nothing was signed yet, or nothing changed since.

    receipts: (account and transaction id, label, status) of the day as it is now; columns: its figures now. The order of
    either changes nothing.
    """
    if not signed:
        return None
    last = max(signed, key=lambda one: one.number)
    came = sorted(label for name, label, _ in receipts if name not in last.statuses)
    moved = Counter(
        (last.statuses[name], status)
        for name, _, status in receipts
        if name in last.statuses and last.statuses[name] != status
    )
    changes = {
        name: columns.get(name, Figures()) - last.columns.get(name, Figures())
        for name in COLUMNS
        if name in columns or name in last.columns
    }
    is_stated_anew = ("pos_says" in columns) != ("pos_says" in last.columns)
    unchanged = all(one.is_nothing and one.count == 0 for one in changes.values())
    if not came and not moved and unchanged and not is_stated_anew:
        return None
    moves = tuple((was, status, count) for (was, status), count in sorted(moved.items()))
    return Supplement(last.number + 1, last, tuple(came), moves, changes)


def what_forbids_signing(
    unexplained: Figures, signed: Sequence[Signed], supplement: Supplement | None
) -> str:
    """Say why a store-day cannot be signed off now; "" where it can."""
    if not unexplained.is_nothing:
        return "unexplained"
    return "nothing_new" if signed and supplement is None else ""
