"""What a till is likely to bring yet: an estimate out of its numbers and the day's average, and always called one.

A till that was offline comes back with its newest receipts first; the numbers before them are outstanding. Not every number
is a receipt with money: openings, closings and drawers opened take one too. So the share that were receipts so far is taken.
Where the till's own totals say what is missing, nothing is estimated.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from shared.retail.money import rounded


@dataclass(frozen=True, slots=True)
class Traded:
    """What a till, or a store, had used of its numbers, and what its receipts were worth."""

    numbers: int
    receipts: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Forecast:
    """What outstanding numbers are likely to bring. is_estimate: no till has said it. average: of a receipt, where it is one."""

    receipts: int
    amount: Decimal
    is_estimate: bool
    average: Decimal | None = None


def forecast_of(
    outstanding: int, so_far: Traded, of_the_store: Traded, currency: str, stated: Traded | None = None
) -> Forecast | None:
    """Say what a till's outstanding numbers are likely to bring; None where nothing is outstanding, or there is nothing to go by.

    of_the_store: all its tills, for one of which nothing has come. stated: what the till's own totals say is missing; it
    counts where so many receipts can be missing.
    """
    if not outstanding:
        return None
    if stated is not None and 0 < stated.receipts <= outstanding:
        return Forecast(stated.receipts, stated.amount, is_estimate=False)
    basis = so_far if so_far.receipts else of_the_store
    if not basis.receipts or not basis.numbers:
        return None
    share = min(Decimal(basis.receipts) / basis.numbers, Decimal(1))
    receipts = int((outstanding * share).quantize(Decimal(1), ROUND_HALF_UP))
    average = basis.amount / basis.receipts
    return Forecast(
        receipts, rounded(average * receipts, currency), is_estimate=True, average=rounded(average, currency)
    )
