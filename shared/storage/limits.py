"""Check what is to be written against the limits of the service, before anything is sent.

The emulator accepts some of what the service refuses (rows of 1.2 MiB, 300 properties), so these checks come first in
every implementation. Each raises a ValueError that names the limit; a wrong type is a TypeError. Both are bugs of ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from shared.storage.protocols import (
    BINARY_BYTES_MAX,
    CONDITIONS_MAX,
    GROUP_OPERATIONS_MAX,
    KEY_CHARACTERS_FORBIDDEN,
    KEY_CHARACTERS_MAX,
    MESSAGE_BYTES_MAX,
    PAGE_ROWS_MAX,
    PROPERTIES_MAX,
    PROPERTY_NAME_CHARACTERS_MAX,
    ROW_BYTES_MAX,
    TEXT_UNITS_MAX,
    VISIBILITY_SECONDS_MAX,
    Condition,
    Operation,
    Remove,
    Replace,
    Row,
    Value,
)

INT64_MAX = 2**63 - 1
INSTANT_MIN = datetime(1601, 1, 1, tzinfo=UTC)

_FORBIDDEN_IN_KEYS = re.compile(
    "[" + re.escape(KEY_CHARACTERS_FORBIDDEN) + "\x00-\x1f\x7f-\x9f\ud800-\udfff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED_NAMES = frozenset({"PartitionKey", "RowKey", "Timestamp"})


def check_key(text: str, what: str) -> None:
    """Check a partition or row key."""
    if not text:
        raise ValueError(f"the {what} is empty")
    if len(text) > KEY_CHARACTERS_MAX:
        raise ValueError(f"the {what} has {len(text)} characters; limit {KEY_CHARACTERS_MAX}")
    if found := _FORBIDDEN_IN_KEYS.search(text):
        raise ValueError(f"the {what} {text!r} holds {found[0]!r}, which keys forbid")


def check_name(name: str) -> None:
    """Check the name of a property."""
    if not _NAME.fullmatch(name) or name in _RESERVED_NAMES:
        raise ValueError(f"{name!r} cannot be the name of a property")
    if len(name) > PROPERTY_NAME_CHARACTERS_MAX:
        raise ValueError(
            f"the name of a property has {len(name)} characters; limit {PROPERTY_NAME_CHARACTERS_MAX}"
        )


def check_row(row: Row) -> None:
    """Check a row that is to be written: keys, names, types, and every size."""
    check_key(row.partition, "partition")
    check_key(row.key, "key")
    if len(row.values) > PROPERTIES_MAX:
        raise ValueError(f"row {row.key} has {len(row.values)} properties; limit {PROPERTIES_MAX}")
    size = row_bytes(row.partition, row.key, row.values)
    if size > ROW_BYTES_MAX:
        raise ValueError(f"row {row.key} has {size} bytes; limit {ROW_BYTES_MAX}")


def row_bytes(partition: str, key: str, values: Mapping[str, Value]) -> int:
    """Give the size of a row as the service counts it, each name and value checked on the way."""
    size = 4 + 2 * (len(partition) + len(key))
    for name, value in values.items():
        check_name(name)
        size += 8 + 2 * len(name) + _value_bytes(name, value)
    return size


def _value_bytes(name: str, value: Value) -> int:
    if isinstance(value, str):
        return 4 + 2 * _text_units(name, value)
    if isinstance(value, bool):
        return 1
    if isinstance(value, int):
        if not -INT64_MAX - 1 <= value <= INT64_MAX:
            raise ValueError(f"property {name} does not fit into 64 bits")
        return 8
    if isinstance(value, bytes):
        if len(value) > BINARY_BYTES_MAX:
            raise ValueError(f"property {name} has {len(value)} bytes; limit {BINARY_BYTES_MAX}")
        return 4 + len(value)
    if isinstance(value, datetime):
        check_instant(name, value)
        return 8
    raise TypeError(
        f"property {name} is {type(value).__name__}; tables take str, int, bool, bytes and datetime"
    )


def _text_units(name: str, text: str) -> int:
    """Count UTF-16 code units: a character outside the basic plane takes two."""
    units = len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
    if units > TEXT_UNITS_MAX:
        raise ValueError(f"property {name} has {units} characters; limit {TEXT_UNITS_MAX}")
    if not text.isascii() and _SURROGATES.search(text):
        raise ValueError(f"property {name} holds half of a character pair, which UTF-8 cannot write")
    return units


def check_instant(name: str, value: datetime) -> None:
    """Check that an instant is aware and within the service's calendar."""
    if value.tzinfo is None:
        raise ValueError(f"property {name} is a time without a zone")
    if value < INSTANT_MIN:
        raise ValueError(f"property {name} is before the year 1601, where the service's calendar begins")


def check_etag(etag: str) -> None:
    """Check that a conditional write has its condition."""
    if not etag:
        raise ValueError("a conditional write needs the ETag of the row as it was read")


def check_group(operations: Sequence[Operation]) -> None:
    """Check an entity group, all but its encoded size (which `group.py` knows)."""
    if not 1 <= len(operations) <= GROUP_OPERATIONS_MAX:
        raise ValueError(f"a group of {len(operations)} operations; limit 1 to {GROUP_OPERATIONS_MAX}")
    seen: set[str] = set()
    partition = place_of(operations[0])[0]
    for operation in operations:
        its_partition, key = place_of(operation)
        if its_partition != partition:
            raise ValueError(
                f"a group holds the partitions {partition!r} and {its_partition!r}; limit one partition"
            )
        if key in seen:
            raise ValueError(f"a group holds row {key!r} twice; limit once")
        seen.add(key)
        check_operation(operation)


def check_operation(operation: Operation) -> None:
    """Check one operation of a group by itself."""
    if isinstance(operation, Remove):
        check_key(operation.partition, "partition")
        check_key(operation.key, "key")
        check_etag(operation.etag)
        return
    check_row(operation.row)
    if isinstance(operation, Replace):
        check_etag(operation.etag)


def place_of(operation: Operation) -> tuple[str, str]:
    """Give partition and key of the row that an operation is about."""
    row = operation if isinstance(operation, Remove) else operation.row
    return row.partition, row.key


def check_query(
    partition: str | None,
    bounds: tuple[str, str],
    where: tuple[Condition, ...],
    select: tuple[str, ...],
    page_size: int,
) -> None:
    """Check the arguments of a query."""
    comparisons = (partition is not None) + sum(bound != "" for bound in bounds) + len(where)
    if comparisons > CONDITIONS_MAX:
        raise ValueError(f"a filter of {comparisons} comparisons; limit {CONDITIONS_MAX}")
    if not 1 <= page_size <= PAGE_ROWS_MAX:
        raise ValueError(f"pages of {page_size} rows; limit 1 to {PAGE_ROWS_MAX}")
    for name in select:
        check_name(name)
    for condition in where:
        check_condition(condition)


def check_condition(condition: Condition) -> None:
    """Check one comparison: its name, its operator, and that its value is of a type that can be compared so."""
    check_name(condition.name)
    value = condition.value
    if condition.op not in ("eq", "ne", "gt", "ge", "lt", "le"):
        raise ValueError(f"{condition.op!r} is no comparison")
    if isinstance(value, bool):
        if condition.op not in ("eq", "ne"):
            raise ValueError(f"true and false have no order; {condition.name} {condition.op}")
    elif not isinstance(value, str | int | datetime):
        raise TypeError(
            f"{condition.name} is compared with {type(value).__name__}; filters take str, int, bool, datetime"
        )
    else:
        _value_bytes(condition.name, value)


def check_message(encoded_bytes: int, visible_in_seconds: int) -> None:
    """Check a message: its size on the wire and when it shall be seen."""
    if encoded_bytes > MESSAGE_BYTES_MAX:
        raise ValueError(f"a message of {encoded_bytes} bytes in base64; limit {MESSAGE_BYTES_MAX}")
    if not 0 <= visible_in_seconds <= VISIBILITY_SECONDS_MAX:
        raise ValueError(f"visible in {visible_in_seconds} seconds; limit 0 to {VISIBILITY_SECONDS_MAX}")
