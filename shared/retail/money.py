"""Amounts of money: exact decimals, their currency's smallest unit, and nothing else.

A transaction states its currency once; every amount inside it is a `Decimal` in that currency.
Amounts of different currencies never meet: whatever adds across transactions keys by currency.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal

from shared.errors import RejectedError

ZERO = Decimal(0)

# ISO 4217 minor units that are not 2.
_EXPONENTS = {
    "BHD": 3, "BIF": 0, "CLF": 4, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0,
    "KMF": 0, "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0,
    "UYW": 4, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
DIGITS_MAX = 28
EXPONENT_MAX = 12
_WIDE = Context(prec=2 * DIGITS_MAX)  # quantising the largest amount must not fail


def minor_unit(currency: str) -> Decimal:
    """Give the smallest amount of a currency: 0.01 for USD, 1 for JPY, 0.001 for KWD."""
    return Decimal(1).scaleb(-_EXPONENTS.get(currency, 2))


def has_whole_minor_units(amount: Decimal, currency: str) -> bool:
    """Say whether an amount can be paid in this currency: 1.005 USD and 0.5 JPY cannot."""
    return amount == rounded(amount, currency)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's smallest unit."""
    return amount.quantize(minor_unit(currency), rounding=ROUND_HALF_UP, context=_WIDE)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Add exactly; nothing adds to 0."""
    return sum(amounts, ZERO)


def money_text(amount: Decimal, currency: str = "USD") -> str:
    """Write an amount for people and for JSON: fixed point, at least the currency's digits, never an exponent.

    Digits beyond the smallest unit are kept, never rounded away: 1.005 USD stays "1.005".
    """
    least = _EXPONENTS.get(currency, 2)
    whole, _, part = f"{amount or abs(amount):f}".partition(".")
    part = part[:least].ljust(least, "0") + part[least:].rstrip("0")
    return f"{whole}.{part}" if part else whole


def exact_decimal(value: object, field: str) -> Decimal:
    """Read a decimal from text or an exact number; refuse floats, NaN and absurd exponents.

    Raises:
        RejectedError: names the field, what was expected and what was found.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _refused(field, "is no decimal number", repr(value))
    try:
        amount = Decimal(value)
    except ArithmeticError as error:
        raise _refused(field, "is no decimal number", repr(value)) from error
    parts = amount.as_tuple()
    is_finite = isinstance(parts.exponent, int) and abs(parts.exponent) <= EXPONENT_MAX
    if not is_finite or len(parts.digits) > DIGITS_MAX:
        raise _refused(field, "is out of range", str(value))
    return amount


def _refused(field: str, why: str, found: str) -> RejectedError:
    expected = "a decimal number such as 12.50"
    return RejectedError(f"{field} {why}", field=field, expected=expected, found=found[:80])
