"""Single values of D365's rows as they are read: texts, amounts, instants and days, each with what "nothing" is there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from shared.d365.values import as_kept
from shared.errors import RetryableError
from shared.retail.money import ZERO

_NEVER_BEFORE = 1901  # D365 writes 1900-01-01 for "no date".


def text(values: Mapping[str, object], name: str) -> str:
    """Give a text; "" where there is none."""
    value = values.get(name)
    return "" if value is None else str(value)


def amount(values: Mapping[str, object], name: str) -> Decimal:
    """Give an amount as D365 keeps it; 0 where there is none.

    Raises:
        RetryableError: it is no number.
    """
    value = values.get(name)
    if not isinstance(value, int | str | Decimal) or value == "":
        return ZERO
    try:
        return as_kept(Decimal(str(value)))
    except ArithmeticError as error:
        raise RetryableError(f"D365's answer cannot be read: {name} is no number") from error


def instant(value: object) -> datetime | None:
    """Give an instant, aware; None where D365 has no date."""
    if not isinstance(value, str) or not value:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at if at.year >= _NEVER_BEFORE else None


def day(value: object) -> date | None:
    """Give a day; None where D365 has no date."""
    at = instant(value)
    return at.astimezone(UTC).date() if at else None
