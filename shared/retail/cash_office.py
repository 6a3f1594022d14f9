"""What a store does with cash beside its sales: floats, removals, drops to safe and bank, counts. What of it D365 gets.

No standard data entity takes a count, and nobody has seen the ones for drops take a row (D365 facts §2.1), so each is a
switch. Its default sends nothing: people do it in D365 by hand, as docs/cash-office.md says.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.retail.kinds import Kind
from shared.retail.transaction import Transaction

DROPS = frozenset({Kind.SAFE_DROP, Kind.BANK_DROP})
MOVEMENTS = DROPS | {Kind.FLOAT, Kind.PICKUP, Kind.TENDER_EXCHANGE}
# What no statement marks as posted: D365 posts it with its shift, by the shift's financial statement.
POSTED_WITH_SHIFT = MOVEMENTS | {Kind.SHIFT_OPEN, Kind.SHIFT_CLOSE, Kind.TENDER_DECLARATION}
# What people do by hand in D365 while the switches are as they come.
BY_HAND_KINDS = MOVEMENTS | {Kind.TENDER_DECLARATION, Kind.TENDER_ADJUSTMENT, Kind.TIP_OUT}


@dataclass(frozen=True, slots=True)
class CashOffice:
    """What goes to D365. movements: floats, removals, drops; declared_as: the data entity that takes counts, "" for none."""

    movements: bool = False
    declared_as: str = ""

    def takes(self, transaction: Transaction) -> bool:
        """Say whether a transaction that is no sale goes to D365.

        An opening goes as a starting amount only where the till says with which tender; a closing, as a declaration, where
        it says what was counted.
        """
        kind, record = transaction.kind, transaction.shift_record
        if kind in (Kind.TENDER_DECLARATION, Kind.SHIFT_CLOSE):
            return bool(self.declared_as and record is not None and record.counted)
        if kind is Kind.SHIFT_OPEN:
            return self.movements and transaction.cash_movement is not None
        return self.movements and kind in MOVEMENTS
