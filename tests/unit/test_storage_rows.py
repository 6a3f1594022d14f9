"""Rows: absent is absent, types are what they are, ages use the service's clock alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.storage.protocols import Row

NOON = datetime(2017, 12, 23, 12, tzinfo=UTC)
ROW = Row("S1", "k", {"Text": "x", "Number": 5, "Flag": True, "Data": b"\x00", "Instant": NOON}, etag="e")


def test_values_come_by_type() -> None:
    assert ROW.text("Text") == "x"
    assert ROW.number("Number") == 5
    assert ROW.flag("Flag") is True
    assert ROW.data("Data") == b"\x00"
    assert ROW.instant("Instant") == NOON


def test_what_is_absent_has_a_default_but_an_instant_has_none() -> None:
    assert ROW.text("None") == ""
    assert ROW.text("None", "?") == "?"
    assert ROW.number("None", 1) == 1
    assert ROW.flag("None") is False
    assert ROW.data("None") == b""
    with pytest.raises(KeyError):
        ROW.instant("None")


@pytest.mark.parametrize(
    ("reader", "name"),
    [("text", "Number"), ("number", "Flag"), ("flag", "Number"), ("data", "Text"), ("instant", "Text")],
)
def test_a_value_of_another_type_is_a_bug(reader: str, name: str) -> None:
    with pytest.raises(TypeError, match=rf"property {name} of row S1 / k is \w+, not"):
        getattr(ROW, reader)(name)


def test_none_takes_a_property_away_and_the_old_row_stays() -> None:
    changed = ROW.with_values(Number=6, Text=None, Missing=None)
    assert (changed.number("Number"), "Text" in changed.values, changed.etag) == (6, False, "e")
    assert ROW.number("Number") == 5


def test_the_age_is_between_two_times_of_the_service() -> None:
    written = datetime(2017, 12, 23, 11, 59, 0, 500_000, tzinfo=UTC)
    assert Row("S1", "k", {}, "e", written, NOON).age_seconds == 59.5
    assert ROW.age_seconds is None
