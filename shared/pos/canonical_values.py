"""Field types of the canonical JSON: ids, amounts, instants; each says in words what was expected."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.errors import RejectedError
from shared.retail.drawers import DRAWER
from shared.retail.money import exact_decimal

ID_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 2_000
COUNT_MAX = 10**15
_AMOUNT = "a decimal number such as 12.50"
_INSTANT = "an instant with its offset, such as 2017-12-23T18:04:05-05:00 or ...Z, years 1990 to 2199"
_DAY = "a day such as 2017-12-23, years 1990 to 2199"
_ID = f"an identifier of 1 to {ID_LENGTH_MAX} printable characters without blanks around it"

_AMOUNT_PATTERN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_SHORT_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")
_INSTANT_PATTERN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_DAY_PATTERN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS = range(1990, 2200)


def unexpected(expected: str) -> PydanticCustomError:
    """Make the error that says only what was expected; the reader adds where and what was found."""
    return PydanticCustomError("expected", "{expected}", {"expected": expected})


def read_amount(value: object) -> Decimal:
    """Read a text by pattern or an exact number, at most 28 digits, never through a float."""
    if isinstance(value, str):
        if _SHORT_AMOUNT.fullmatch(value):
            return Decimal(value)
        if not _AMOUNT_PATTERN.fullmatch(value):
            raise unexpected(_AMOUNT)
    if isinstance(value, int) and abs(value) >= 10**28:
        raise unexpected(_AMOUNT)
    try:
        return exact_decimal(value, "amount")
    except RejectedError as error:
        raise unexpected(_AMOUNT) from error


def read_instant(value: object) -> datetime:
    """Read an ISO 8601 instant that carries its offset; finer than a microsecond is cut off."""
    if not isinstance(value, str) or not _INSTANT_PATTERN.fullmatch(value):
        raise unexpected(_INSTANT)
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise unexpected(_INSTANT) from error
    if at.year not in _YEARS:
        raise unexpected(_INSTANT)
    return at


def read_day(value: object) -> date:
    """Read a calendar day."""
    if not isinstance(value, str) or not _DAY_PATTERN.fullmatch(value):
        raise unexpected(_DAY)
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise unexpected(_DAY) from error
    if day.year not in _YEARS:
        raise unexpected(_DAY)
    return day


def read_id(value: object) -> str:
    """Read an identifier; a whole number counts as its digits, however large."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**ID_LENGTH_MAX:
        return str(value)
    if not isinstance(value, str) or not 1 <= len(value) <= ID_LENGTH_MAX:
        raise unexpected(_ID)
    if not value.isprintable() or value != value.strip():
        raise unexpected(_ID)
    return value


def till_name(value: str) -> str:
    """Refuse a till whose name would be that of another till's drawer."""
    if DRAWER in value:
        raise unexpected(
            f"a till's own name, without “{DRAWER.strip()}”; a drawer is named in the field drawer"
        )
    return value


def read_extra(value: object) -> dict[str, Any]:
    """Take a vendor's own fields as they are, as long as their numbers stay within bounds."""
    if not isinstance(value, dict):
        raise unexpected("an object")
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, int | Decimal) and not isinstance(one, bool):
            read_amount(one)
    return value


Amount = Annotated[
    Decimal,
    PlainValidator(read_amount),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}, {"type": "number"}]}),
]
Instant = Annotated[
    datetime, PlainValidator(read_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
Day = Annotated[date, PlainValidator(read_day), WithJsonSchema({"type": "string", "format": "date"})]
Id = Annotated[
    str,
    PlainValidator(read_id),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "minLength": 1, "maxLength": ID_LENGTH_MAX}, {"type": "integer"}]}
    ),
]
Extra = Annotated[dict[str, Any], PlainValidator(read_extra), WithJsonSchema({"type": "object"})]
Text = Annotated[str, Field(max_length=TEXT_LENGTH_MAX)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Count = Annotated[int, Field(ge=0, le=COUNT_MAX)]
Number = Annotated[int, Field(ge=1, le=COUNT_MAX)]
