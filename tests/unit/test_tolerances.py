"""Tolerances as rows: the store's own goes before its line, that before the one for all, and the setting comes last."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from shared.flows.watch_lateness import watch_lateness
from shared.retail.mapping_csv import KINDS, read_mapping_csv
from shared.retail.transaction import Rounding, RoundingReason
from tests.unit.builders import sale
from tests.unit.documents import sale_document
from tests.unit.flow_services import Hand, flow_services, run
from tests.unit.test_dated_mappings import put, send
from tests.unit.test_mapping import STORE, held_for, mapped, mappings

DAY = date(2017, 12, 23)
HEADING = "store,what,limit\n"


def rounding(store_line: str = "0.05", **rows: str) -> Decimal:
    """Give a store's rounding limit with these tolerances: own, all."""
    changes: dict[str, dict[str, str] | None] = {"stores__S1": STORE | {"rounding_limit": store_line}}
    for name, limit in rows.items():
        store = "S1" if name == "own" else "any"
        changes[f"tolerances__{store}__rounding"] = {"limit": limit}
    setup = mappings(**changes).store("S1", DAY)
    assert setup is not None
    return setup.rounding_limit


def test_the_nearest_tolerance_counts() -> None:
    assert rounding() == Decimal("0.05")
    assert rounding(all="0.10") == Decimal("0.05")
    assert rounding("", all="0.10") == Decimal("0.10")
    assert rounding("0", all="0.10") == Decimal(0)
    assert rounding(own="0.02", all="0.10") == Decimal("0.02")


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("*,rounding,x", "limit"), ("*,rounding,-1", "limit"), ("*,rounding,1000", "limit"), ("*,rounding,NaN", "limit"),
        ("*,grace_minutes,1.5", "limit"), ("*,colour,1", "what"), ("*,late_minutes,", "limit"),
    ],
)  # fmt: skip
def test_a_tolerance_that_is_none_is_told(line: str, column: str) -> None:
    _, problems = read_mapping_csv(KINDS["tolerances"], (HEADING + line + "\n").encode())
    assert column in [one.column for one in problems]


def test_a_rounding_within_a_stores_own_tolerance_goes_on() -> None:
    rounded = replace(sale(), rounding=(Rounding(RoundingReason.RESIDUAL, Decimal("0.08")),))
    assert held_for(rounded, mappings()) == [("does_not_balance", "I7 rounding")]
    known = mappings(tolerances__S1__rounding={"limit": "0.10"})
    assert mapped(rounded, known).store.rounding_limit == Decimal("0.10")


def test_a_store_with_a_longer_limit_is_called_late_later() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await put(services, "calendars", "store,day,opens,closes\n*,saturday,00:00,23:59\n")
        await put(services, "tolerances", HEADING + "S1,late_minutes,90\n")
        await send(services, sale_document(1, completed_at="2017-12-23T13:00:00-05:00"))
        hand.turn(minutes=45)  # the setting says 30 minutes
        assert await watch_lateness(services) == 0
        hand.turn(minutes=46)
        assert await watch_lateness(services) == 1

    run(story())
