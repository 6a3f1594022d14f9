"""How many units of goods a receipt moves: what D365's stock is off by while the receipt is held."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from shared.retail.money import ZERO, total
from shared.retail.transaction import LineKind, Transaction


@dataclass(frozen=True, slots=True)
class Units:
    """Units sold and units that came back, neither ever negative, of items of every kind together."""

    sold: Decimal = ZERO
    back: Decimal = ZERO

    def __add__(self, other: Units) -> Units:
        return Units(self.sold + other.sold, self.back + other.back)


def units_of(transaction: Transaction) -> Units:
    """Count the units on a receipt's item lines; gift cards and other lines move no stock, nor does what never goes to D365."""
    if not transaction.is_for_the_ledger:
        return Units()
    moved = [line.quantity for line in transaction.lines if line.kind is LineKind.ITEM]
    return Units(total(one for one in moved if one > 0), -total(one for one in moved if one < 0))


def units_text(units: Decimal) -> str | None:
    """Write units as they are kept; None for none, so that nothing is kept."""
    return f"{units.normalize():f}" if units else None
