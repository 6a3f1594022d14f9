"""What was heard of each till on a store-day: how far its numbers go, its last receipt, and whether a shift is still open.

Kept with a store-day's summary, so that a month of 200 stores is read without reading a receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.retail.accrual import NEVER_GOES, in_the_ledger_since
from shared.retail.drawers import till_of_drawer
from shared.retail.shift import Shift
from shared.retail.statement import ReceiptRecord


@dataclass(frozen=True, slots=True)
class Heard:
    """One till on one store-day. first, last: its numbers, of its newest generation; None where it gives none."""

    terminal: str
    generation: int
    first: int | None
    last: int | None
    last_at: datetime | None
    has_open_shift: bool


def heard_of(receipts: Sequence[ReceiptRecord], shifts: Sequence[Shift]) -> list[Heard]:
    """Give what was heard of each till, corrections left aside: they come from a desk."""
    own = [one for one in receipts if one.is_of_the_till]
    found = []
    for terminal in sorted({one.terminal for one in own} | {till_of_drawer(one.terminal) for one in shifts}):
        its = [one for one in own if one.terminal == terminal]
        generation = max([one.numbered_by[1] for one in its] or [1])
        numbers = [
            one.sequence_number
            for one in its
            if one.numbered_by[1] == generation and one.sequence_number is not None
        ]
        instants = [one.in_time.completed_at for one in its if one.in_time is not None]
        is_open = any(till_of_drawer(one.terminal) == terminal and one.closed_at is None for one in shifts)
        found.append(
            Heard(
                terminal, generation, min(numbers, default=None), max(numbers, default=None), max(instants, default=None),
                is_open,
            )
        )  # fmt: skip
    return found


def posted_until(receipts: Sequence[ReceiptRecord]) -> datetime | None:
    """Give when the last of a store-day's receipts was posted; None while one of them is not in the ledger."""
    latest = None
    for one in receipts:
        if not (one.is_receipt or one.paid is not None) or one.status in NEVER_GOES:
            continue
        since = in_the_ledger_since(one, one.in_time) if one.in_time is not None else None
        if since is None:
            return None
        latest = max(latest, since) if latest is not None else since
    return latest
