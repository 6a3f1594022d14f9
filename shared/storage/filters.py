"""The one builder of table filters (OData). Nothing else puts a value into a filter text.

Integers are always written as Edm.Int64 (`5L`), because every integer is stored as one: the service does not compare
across types.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

from shared.storage.limits import check_condition
from shared.storage.protocols import FILTER_CHARACTERS_MAX, Condition


def filter_text(
    partition: str | None = None,
    *,
    key_from: str = "",
    key_before: str = "",
    where: tuple[Condition, ...] = (),
) -> str:
    """Build the filter of a query; "" when there is nothing to ask for.

    Raises:
        ValueError, TypeError: a name or a value cannot be in a filter.
    """
    comparisons = []
    if partition is not None:
        comparisons.append(f"PartitionKey eq {literal(partition)}")
    if key_from:
        comparisons.append(f"RowKey ge {literal(key_from)}")
    if key_before:
        comparisons.append(f"RowKey lt {literal(key_before)}")
    for condition in where:
        check_condition(condition)
        comparisons.append(f"{condition.name} {condition.op} {literal(condition.value)}")
    text = " and ".join(comparisons)
    # A character takes twelve at most.
    if (
        12 * len(text) > FILTER_CHARACTERS_MAX
        and (encoded := len(quote(text, safe="", errors="replace"))) > FILTER_CHARACTERS_MAX
    ):
        raise ValueError(f"a filter of {encoded} characters; limit {FILTER_CHARACTERS_MAX}")
    return text


def literal(value: str | int | bool | datetime) -> str:
    """Write a value as a filter knows it, quotes escaped."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}L"
    return f"datetime'{instant_text(value)}'"


def instant_text(value: datetime) -> str:
    """Write an instant as tables do: UTC, microseconds, Z."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
