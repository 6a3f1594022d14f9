"""Values of properties: from a data file's text, from JSON, and back to JSON. Decimals never pass through a float."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from simulator.enumerations import ENUMERATIONS
from simulator.schema import DAYS, DECIMAL, INSTANT, INT32, INT64, STRING, Entity, Field

Value = str | int | Decimal | datetime
Values = dict[str, Value]
NO_DATE = datetime(1900, 1, 1, tzinfo=UTC)
ZERO = Decimal(0)
_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,6})?")
_INTEGER = re.compile(r"-?\d{1,19}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?)?")
_LIMITS = {INT32: 2**31, INT64: 2**63}
SECONDS_OF_DAY = frozenset(["TransactionTime", "StartTime", "CloseTime"])


class UnusableValueError(ValueError):
    """A value that its property cannot hold; the message is D365's."""


class Cells(dict[str, Value]):
    """A property's values by the text of a cell; what was read once is remembered, because cells repeat.

    Asking for a text raises UnusableValueError where the property cannot hold it.
    """

    def __init__(self, field: Field) -> None:
        super().__init__({"": default_of(field)})
        self._field = field

    def __missing__(self, text: str) -> Value:
        value = self[text] = value_of_text(self._field, text)
        return value


def value_of_text(field: Field, text: str) -> Value:
    """Read a property of a cell's text.

    Raises:
        UnusableValueError: wrong type, too long, or no member of the enumeration.
    """
    if field.kind == STRING:
        return _string(field, text)
    if field.kind == DECIMAL:
        if not _DECIMAL.fullmatch(text):
            raise _not_convertible(field, text)
        return Decimal(text) + ZERO
    if field.kind in _LIMITS:
        if not _INTEGER.fullmatch(text):
            raise _not_convertible(field, text)
        return _integer(field, int(text))
    if field.kind == INSTANT:
        return _instant(field, text)
    return _member(field, text)


def from_json(field: Field, raw: object) -> Value:
    """Read a property of a request's JSON (numbers parsed as Decimal or int).

    Raises:
        UnusableValueError: wrong type, too long, or no member of the enumeration.
    """
    if raw is None:
        return default_of(field)
    if field.kind == DECIMAL and isinstance(raw, Decimal | int) and not isinstance(raw, bool):
        return value_of_text(field, format(Decimal(raw), "f"))
    if field.kind in _LIMITS and isinstance(raw, int) and not isinstance(raw, bool):
        return _integer(field, raw)
    if field.kind not in (DECIMAL, INT32, INT64) and isinstance(raw, str):
        return value_of_text(field, raw) if raw or field.kind == STRING else default_of(field)
    raise _not_convertible(field, raw)


def _string(field: Field, text: str) -> str:
    if field.length_max and len(text) > field.length_max:
        raise UnusableValueError(
            f"The value '{text}' in field '{field.name}' is longer than the maximum of {field.length_max} characters."
        )
    return text


def _integer(field: Field, number: int) -> int:
    limit = _LIMITS[field.kind]
    if not -limit <= number < limit or (field.name in SECONDS_OF_DAY and not 0 <= number < 86_400):
        raise _not_convertible(field, number)
    return number


def _instant(field: Field, text: str) -> datetime:
    """Second precision, as D365 stores; a day is a bare date or noon UTC, anything else could move to another day."""
    if not _INSTANT.fullmatch(text):
        raise _not_convertible(field, text)
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise _not_convertible(field, text) from error
    instant = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    if instant == NO_DATE or field.name not in DAYS:
        return instant
    if len(text) == len("2017-12-23"):
        return instant.replace(hour=12)
    if (instant.hour, instant.minute, instant.second) != (12, 0, 0):
        raise UnusableValueError(f"The date in field '{field.name}' must be at 12:00:00Z, found '{text}'.")
    return instant


def _member(field: Field, text: str) -> str:
    if not field.has_member(text):
        raise UnusableValueError(
            f"The value '{text}' in field '{field.name}' is not a member of the enumeration '{field.kind}'."
        )
    return text


def _not_convertible(field: Field, raw: object) -> UnusableValueError:
    return UnusableValueError(
        f"Cannot convert the value '{raw}' of field '{field.name}' to the type '{field.kind}'."
    )


def default_of(field: Field) -> Value:
    """Give what D365 has where nothing was given."""
    if field.kind == STRING:
        return ""
    if field.kind == DECIMAL:
        return ZERO
    if field.kind in _LIMITS:
        return 0
    if field.kind == INSTANT:
        return NO_DATE
    return next(iter(ENUMERATIONS[field.kind]))


def value_of(entity: Entity, values: Mapping[str, Value], name: str) -> Value:
    """Give a property's value, or its default."""
    value = values.get(name)
    return default_of(entity.fields[name]) if value is None else value


def decimal_of(values: Mapping[str, Value], name: str) -> Decimal:
    """Give an amount; 0 where nothing was given."""
    value = values.get(name, ZERO)
    return value if isinstance(value, Decimal) else Decimal(str(value))


def text_of(values: Mapping[str, Value], name: str) -> str:
    """Give a text; "" where nothing was given."""
    return str(values.get(name, ""))


def day_of(values: Mapping[str, Value], name: str) -> str:
    """Give a day as YYYY-MM-DD; "" where nothing was given."""
    value = values.get(name)
    return value.date().isoformat() if isinstance(value, datetime) and value != NO_DATE else ""


def instant_text(instant: datetime) -> str:
    """Write an instant as D365 does."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def json_text(value: object) -> str:
    """Write JSON; Decimals become numbers digit for digit."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, str | bool | int | float) or value is None:
        return json.dumps(value)
    if isinstance(value, datetime):
        return f'"{instant_text(value)}"'
    if isinstance(value, Mapping):
        return (
            "{" + ",".join(f"{json.dumps(str(name))}:{json_text(part)}" for name, part in value.items()) + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ",".join(json_text(part) for part in value) + "]"
    raise TypeError(f"no JSON for {type(value).__name__}")
