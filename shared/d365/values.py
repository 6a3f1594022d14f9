"""How a value is written for D365: plain decimals with a point, ISO instants in UTC, enum members by name.

One writer for data packages (text cells) and one for OData (JSON); no amount passes through a float.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal

from shared.d365.entities import Entity
from shared.errors import RejectedError

PRICE_DECIMALS = Decimal("0.000001")
DECIMALS_KEPT = -6  # an exponent; its columns of reals are numeric(32,6), by all that is known
_WIDE = Context(prec=64)
Value = str | int | Decimal
Row = dict[str, Value]


def decimal_text(amount: Decimal) -> str:
    """Write a decimal as fixed point with '.', without exponent, needless zeros or a negative zero."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def as_kept(amount: Decimal) -> Decimal:
    """Give an amount as D365 keeps it, to compare with what it shows: six decimals."""
    exponent = amount.as_tuple().exponent
    has_more = isinstance(exponent, int) and exponent < DECIMALS_KEPT
    return amount.quantize(PRICE_DECIMALS, rounding=ROUND_HALF_UP, context=_WIDE) if has_more else amount


def instant_text(at: datetime) -> str:
    """Write an aware instant as UTC to the second: 2017-12-23T18:04:05Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_text(day: date) -> str:
    """Write a calendar day the way D365 carries date-only fields: at noon UTC (D365 facts §5)."""
    return f"{day.isoformat()}T12:00:00Z"


def seconds_of_day(local: datetime) -> int:
    """Give the seconds since midnight on the wall clock of `local`'s own zone."""
    return local.hour * 3600 + local.minute * 60 + local.second


def cell_text(value: Value) -> str:
    """Write a value as a package cell. Control characters become spaces: a line break would shift every row
    below.
    """
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, int):
        return str(value)
    return value if value.isprintable() else "".join(sign if sign.isprintable() else " " for sign in value)


def row_json(row: Mapping[str, Value]) -> str:
    """Write a row as an OData JSON object; decimals are JSON numbers, digit for digit."""
    parts = (
        f"{json.dumps(name)}:{decimal_text(value) if isinstance(value, Decimal) else json.dumps(value)}"
        for name, value in row.items()
    )
    return "{" + ",".join(parts) + "}"


def per_unit(amount: Decimal, quantity: Decimal) -> Decimal:
    """Give the price of one unit, never negative, to six decimals; 0 where nothing was counted."""
    if quantity == 0:
        return Decimal(0)
    return abs(amount / quantity).quantize(PRICE_DECIMALS, rounding=ROUND_HALF_UP)


def yes_no(value: bool) -> str:
    """Give D365's word for true or false."""
    return "Yes" if value else "No"


def checked(entity: Entity, row: Row) -> Row:
    """Give the row back, if D365 can hold it: a key cut short would be another receipt's.

    Raises:
        RejectedError: a text is longer than its field.
    """
    for name, length_max in entity.limits:
        length = len(str(row[name]))
        if length > length_max:
            where = f"{entity.label}.{name}"
            raise RejectedError(
                f"{where} is too long for D365",
                field=where,
                expected=f"at most {length_max} characters",
                found=f"{length} characters",
            )
    return row
