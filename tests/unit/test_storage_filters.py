"""Filters: whatever a value holds, it stays a value."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.storage.filters import filter_text, literal
from shared.storage.protocols import Condition

TOKENS = re.compile(
    r"(?P<text>'(?:[^']|'')*')|(?P<instant>datetime'[^']*')|(?P<number>-?\d+L)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)| "
)
AFTER_1601 = datetime(1601, 1, 2)  # noqa: DTZ001  hypothesis adds the zone


def words_of(text: str) -> list[str]:
    """Split a filter as the service's grammar does; anything that is no token is an error."""
    words, at = [], 0
    while at < len(text):
        found = TOKENS.match(text, at)
        assert found is not None, f"{text!r} at {at}"
        at = found.end()
        if found[0] != " ":
            words.append(found[0])
    return words


def test_a_filter_reads_as_the_service_expects() -> None:
    text = filter_text(
        "367",
        key_from="day~367~2017-12-23~",
        key_before="day~367~2017-12-24",
        where=(
            Condition("Status", "eq", "it's held"),
            Condition("Version", "gt", 5),
            Condition("Late", "ne", True),
        ),
    )
    assert text == (
        "PartitionKey eq '367' and RowKey ge 'day~367~2017-12-23~' and RowKey lt 'day~367~2017-12-24'"
        " and Status eq 'it''s held' and Version gt 5L and Late ne true"
    )


def test_nothing_asked_is_no_filter() -> None:
    assert filter_text() == ""


def test_numbers_are_always_64_bits_wide() -> None:
    assert literal(5) == "5L"
    assert literal(-(2**63)) == "-9223372036854775808L"


def test_instants_are_written_in_utc() -> None:
    noon = datetime(2017, 12, 23, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=-5)))
    assert literal(noon) == "datetime'2017-12-23T17:00:00.000005Z'"


@given(st.text(), st.text(min_size=1), st.text())
def test_no_text_escapes_from_its_quotes(partition: str, key: str, value: str) -> None:
    partition, key, value = (text.encode("utf-8", "replace").decode() for text in (partition, key, value))
    words = words_of(filter_text(partition, key_from=key, where=(Condition("A", "eq", value),)))
    fixed = ["PartitionKey", "eq", "and", "RowKey", "ge", "and", "A", "eq"]
    assert [word for word in words if not word.startswith("'")] == fixed
    assert [words[at][1:-1].replace("''", "'") for at in (2, 6, 10)] == [partition, key, value]


@given(st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.datetimes(AFTER_1601, timezones=st.just(UTC)))
def test_every_other_value_is_one_token(value: int | bool | datetime) -> None:
    assert len(words_of(filter_text(where=(Condition("A", "eq", value),)))) == 3


@pytest.mark.parametrize(
    "name", ["A eq 1 or B", "", "1A", "A-B", "PartitionKey", "RowKey", "Timestamp", "a" * 256, "É"]
)
def test_a_name_that_is_no_property_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name of a property"):
        filter_text(where=(Condition(name, "eq", 1),))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (Condition("A", "or", 1), "no comparison"),  # type: ignore[arg-type]
        (Condition("A", "gt", True), "no order"),
        (Condition("A", "eq", 2**63), "64 bits"),
        (Condition("A", "eq", datetime(2017, 1, 1)), "without a zone"),  # noqa: DTZ001
        (Condition("A", "eq", "\ud800"), "half of a character"),
    ],
)
def test_what_cannot_be_compared_is_refused(condition: Condition, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        filter_text(where=(condition,))


@pytest.mark.parametrize("value", [1.5, None, b"x"])
def test_a_value_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="filters take"):
        filter_text(where=(Condition("A", "eq", value),))  # type: ignore[arg-type]
