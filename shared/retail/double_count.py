"""The double-count trap: totals of a shift that a person typed higher for sales that had not come, and the sales came.

D365 lets a store manager write over a shift's amounts for receipts that are still offline; its financial statement posts what
was typed, and the receipts post later as well. No public set of D365 shows what was typed: a person says it here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.retail.money import total
from shared.retail.statement import ReceiptRecord


@dataclass(frozen=True, slots=True)
class OverTyped:
    """What was typed on top of one tender of a shift, in the store's sign, and when; by whom it is told here."""

    terminal: str
    shift: str
    tender: str
    amount: Decimal
    typed_at: datetime
    told_by: str


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of it. reversing: the line to be booked on the tender; None while not all of it has come."""

    typed: OverTyped
    came: Decimal
    receipts: tuple[str, ...]

    @property
    def reversing(self) -> Decimal | None:
        """Give the line that takes the typed amount back: once all of it came, and never more than was typed."""
        is_all = self.came / self.typed.amount >= 1
        return -self.typed.amount if is_all else None


def counted_twice(typed: Sequence[OverTyped], records: Iterable[ReceiptRecord]) -> tuple[Counted, ...]:
    """Compare what was typed with the receipts of the same shift and tender that came after it."""
    after = [one for one in records if one.is_receipt and one.is_of_the_till and one.times is not None]
    found = []
    for one in sorted(typed, key=lambda one: (one.terminal, one.shift, one.tender)):
        came = {
            record.label: record.figures.tenders[one.tender]
            for record in after
            if (record.drawer_of[0], record.shift) == (one.terminal, one.shift)
            and one.tender in record.figures.tenders
            and record.times is not None
            and record.times.received_at > one.typed_at
        }
        found.append(Counted(one, total(came.values()), tuple(sorted(came))))
    return tuple(found)
