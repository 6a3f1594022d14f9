"""The simulator's clock, faults, values and ledger, each by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from simulator.clock import clock_of
from simulator.faults import Faults, on_path
from simulator.ledger import Ledger, UnbalancedVoucherError, VoucherLine
from simulator.schema import Field
from simulator.switches import Switches
from simulator.values import Cells, UnusableValueError, from_json, json_text

NOON = datetime(2017, 12, 23, 12, tzinfo=UTC)


def test_virtual_time_starts_where_it_is_told_and_runs_faster() -> None:
    anchor = datetime.now(UTC) - timedelta(seconds=10)
    clock = clock_of(
        {
            "TILLPOST_CLOCK_START": "2017-12-23T00:00:00-05:00",
            "TILLPOST_CLOCK_ANCHOR": anchor.isoformat(),
            "TILLPOST_CLOCK_SPEED": "60",
        }
    )
    since = clock.now() - datetime(2017, 12, 23, 5, tzinfo=UTC)
    assert timedelta(minutes=10) <= since < timedelta(minutes=15)


def test_without_a_start_time_is_real() -> None:
    assert abs(clock_of({}).now() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "environment",
    [
        {"TILLPOST_CLOCK_START": "2017-12-23T00:00:00"},
        {"TILLPOST_CLOCK_START": "2017-12-23T00:00:00Z", "TILLPOST_CLOCK_SPEED": "0"},
    ],
)
def test_a_clock_without_offset_or_speed_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"offset|positive"):
        clock_of(environment)


def test_a_fault_fires_inside_its_window_and_as_often_as_ordered() -> None:
    now = [NOON]
    faults = Faults(lambda: now[0])
    faults.add({"kind": "silent", "from": "2017-12-23T12:00:00Z", "until": "2017-12-23T13:00:00Z"})
    faults.add({"kind": "status", "status": 500, "times": 2, "path_contains": "Import"})
    assert faults.fire("silent") is not None
    assert faults.fire("silent") is not None
    now[0] = NOON + timedelta(hours=1)
    assert faults.fire("silent") is None
    assert faults.fire("status", on_path("/data/RetailStores")) is None
    assert [faults.fire("status", on_path("/data/ImportFromPackage")) is not None for _ in range(3)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "storm"},
        {"kind": "status"},
        {"kind": "silent", "times": 0},
        {"kind": "silent", "from": "2017-12-23"},
    ],
)
def test_an_order_nobody_understands_is_refused(order: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"kind|missing|times|offset"):
        Faults(lambda: NOON).add(order)


@pytest.mark.parametrize("text", ["1.1234567", "1e3", "1,5", "NaN", "0x1", " 1", "+1"])
def test_a_cell_that_is_no_decimal_is_refused(text: str) -> None:
    with pytest.raises(UnusableValueError):
        Cells(Field("Amount", "Decimal"))[text]


def test_a_negative_zero_is_zero() -> None:
    assert str(Cells(Field("Amount", "Decimal"))["-0.00"]) == "0.00"


@pytest.mark.parametrize(
    ("kind", "raw"), [("Decimal", "1"), ("Decimal", True), ("Int32", 2**31), ("String", 1)]
)
def test_json_of_the_wrong_type_is_refused(kind: str, raw: object) -> None:
    with pytest.raises(UnusableValueError):
        from_json(Field("X", kind), raw)


def test_decimals_are_written_digit_for_digit() -> None:
    assert json_text({"a": Decimal("0.10"), "b": Decimal("1E+2"), "c": [NOON, None]}) == (
        '{"a":0.10,"b":100,"c":["2017-12-23T12:00:00Z",null]}'
    )


def test_a_voucher_that_does_not_balance_is_never_booked() -> None:
    line = VoucherLine(
        "V1", "x", "usrt", "1", "2017-12-23", "", "S1", "1", "revenue", "sales", Decimal(-1), "USD"
    )
    ledger = Ledger()
    with pytest.raises(UnbalancedVoucherError):
        ledger.post([line], [], [])
    assert ledger.lines == []


def test_an_unknown_switch_or_choice_is_refused() -> None:
    wrong: tuple[dict[str, object], ...] = (
        {"posted_row_sent_again": "twice"},
        {"no_such": 1},
        {"sas_seconds": -1},
    )
    for changes in wrong:
        with pytest.raises(ValueError, match=r"switch|one of|seconds"):
            Switches().changed(changes)
