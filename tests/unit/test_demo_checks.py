"""The demo holds the daily checks against the plan and the books: one that finds too much, too little or elsewhere is found."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from demo.checks import Wrong, compare_checks, expected_checks
from demo.options import Options
from demo.picture import Picture
from demo.prepare import Prepared, prepare

DAY = date(2017, 12, 23)
PICTURE = Picture(datetime(2017, 12, 24, tzinfo=UTC), {}, (), {})


@cache
def prepared() -> Prepared:
    return prepare(Options(days=(DAY,), seed=7, stores="14"))


def item(store: str, amount: str = "") -> dict[str, Any]:
    return {"what": "It is wrong.", "store": store, "amount": amount}


def check(
    key: str, *items: dict[str, Any], amounts: dict[str, str] | None = None, receipts: int = 0
) -> dict[str, Any]:
    state = "not in order" if items else "in order"
    return {
        "key": key,
        "state": state,
        "items": list(items),
        "amounts": amounts or {},
        "receipts": receipts,
        "unknown": None,
    }


def made(*checks: dict[str, Any]) -> dict[str, Any]:
    return {"checks": [check("d365_compared"), *checks]}


def test_what_is_expected_comes_from_the_plan_and_the_books() -> None:
    run = prepared()
    wanted = expected_checks(run, DAY, PICTURE, repaired=False)
    assert set(wanted) == {
        "days_signed", "receipts_arrived", "codes_mapped", "tills_closed", "all_in_d365", "days_proved",
    }  # fmt: skip
    assert wanted["receipts_arrived"].receipts == 4
    assert wanted["receipts_arrived"].stores == {one.store for one in (*run.lost, *run.late)}
    assert len(run.plan.tender_visits) == 6
    assert wanted["codes_mapped"].money is not None
    assert wanted["all_in_d365"].money == wanted["codes_mapped"].money + Decimal(
        wanted["tills_closed"].money or 0
    )
    assert len(wanted["days_signed"].stores) == 14
    assert set(expected_checks(run, DAY, PICTURE, repaired=True)) == {"days_signed"}


GOOD = made(
    check("codes_mapped", item("1, 2"), item("3"), amounts={"USD": "30.00"}, receipts=3),
    check("days_signed", item("1")),
    check("tills_closed"),
)


def test_checks_that_find_what_was_planted_pass() -> None:
    wanted = {
        "codes_mapped": Wrong(frozenset({"1", "2", "3"}), Decimal("30.00"), 3), "days_signed": Wrong(frozenset({"1"})),
    }  # fmt: skip
    assert compare_checks(GOOD, wanted) == []


@pytest.mark.parametrize(
    ("key", "change", "told"),
    [
        ("codes_mapped", {"items": [item("1")]}, "names stores"),
        ("codes_mapped", {"amounts": {"USD": "30.01"}}, "states 30.01"),
        ("codes_mapped", {"receipts": 4}, "counts 4 receipts"),
        ("days_signed", {"items": []}, "names stores"),
        (
            "tills_closed",
            {"items": [item("9")], "state": "not in order"},
            "check tills_closed reads not in order",
        ),
        (
            "d365_compared",
            {"state": "not known", "unknown": "never"},
            "check d365_compared reads not known: never",
        ),
        ("days_signed", {"key": "else"}, "no such check: days_signed"),
    ],
)
def test_a_check_that_finds_something_else_is_found(key: str, change: dict[str, Any], told: str) -> None:
    wanted = {
        "codes_mapped": Wrong(frozenset({"1", "2", "3"}), Decimal("30.00"), 3), "days_signed": Wrong(frozenset({"1"})),
    }  # fmt: skip
    changed = deepcopy(GOOD)
    next(one for one in changed["checks"] if one["key"] == key).update(change)
    assert any(told in one for one in compare_checks(changed, wanted))
