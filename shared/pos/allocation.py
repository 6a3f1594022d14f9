"""Split an amount over parts so that the parts add up to it, to the last unit (largest remainder)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def allocated(amount: Decimal, weights: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Split `amount` in proportion to `weights` into whole units, exactly.

    A weight of the other sign than their sum gets a share of the other sign. The units that remain after
    rounding towards zero go to the largest remainders, the earlier part first. An amount finer than `unit` is
    split in its own last digit.

    Raises:
        ValueError: the weights add up to nothing.
    """
    scale = max(0, *(-int(one.as_tuple().exponent) for one in weights)) if weights else 0
    whole_weights = [int(one.scaleb(scale)) for one in weights]
    whole = sum(whole_weights)
    if whole == 0:
        raise ValueError("weights that add up to 0 say nothing about shares")
    step = min(unit, Decimal(1).scaleb(int(amount.as_tuple().exponent)))
    units = int(amount / step) * (1 if whole > 0 else -1)
    shares = [_towards_zero(units * one, abs(whole)) for one in whole_weights]
    rest = int(amount / step) - sum(shares)
    sign = 1 if rest > 0 else -1
    left = [units * one - share * abs(whole) for one, share in zip(whole_weights, shares, strict=True)]
    for index in sorted(range(len(left)), key=lambda index: (-sign * left[index], index))[: abs(rest)]:
        shares[index] += sign
    return [share * step for share in shares]


def _towards_zero(numerator: int, denominator: int) -> int:
    return numerator // denominator if numerator >= 0 else -(-numerator // denominator)
