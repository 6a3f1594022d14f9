"""Mappings over real HTTP: a check that takes nothing, history, what D365 has beside them, readiness and coverage."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.e2e.door import DOOR, Door, opened
from tests.unit.documents import paid_with

WAIT_SECONDS_MAX = 30.0
TENDERS = "store,tender,payment_method"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """An app with two receipts held for a tender that nobody has mapped."""
    with opened(tmp_path_factory.mktemp("mappings")) as found:
        found.put("terminals", "store,terminal,register\nS1,1,NY01-1\n")
        found.put("items", "item,item_number,unit\n1001,D1001,ea\n")
        found.put("taxes", "code,tax_code,item_tax_group\nVAT20,V20,FULL\n")
        assert found.send(paid_with("KLARNA", 1), paid_with("KLARNA", 2), path=DOOR).status_code == 202
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not found.desk("reader", "GET", "/api/causes").json()["causes"]:
            assert time.monotonic() < deadline, "nothing was mapped"
            time.sleep(0.2)
        yield found


def test_a_check_says_what_would_change_and_go_and_then_the_same_file_is_taken(door: Door) -> None:
    text = f"{TENDERS}\n*,KLARNA,7\n*,CASH,1\n".encode()
    headers = {"X-Reason": "a new way to pay", "Content-Type": "text/csv"}
    path = "/api/mappings/tenders"
    told = door.desk("finance", "PUT", f"{path}?check=true", content=text, headers=headers).json()
    assert (told["rows"], told["changed"]) == (2, 1)
    assert told["would_free"] == {"receipts": 2, "amounts": {"USD": "48.00"}, "still_held": {}}
    (change,) = told["changes"]
    assert (change["row"], change["what"], change["before"]) == (2, "new", None)
    assert change["after"]["valid_from"] == "2017-12-23"  # the business day it was first seen
    assert told["not_compared"] is None  # the stores name no channel: there is nothing to ask for
    assert "KLARNA" not in door.desk("reader", "GET", path).text
    assert [one["why"] for one in history(door)] == ["a test"]
    taken = door.desk("finance", "PUT", path, content=text, headers=headers).json()
    assert taken["version"] == told["version"] + 1
    assert "would_free" not in taken
    assert "*,KLARNA,7,2017-12-23," in door.desk("reader", "GET", path).text.splitlines()
    assert [one["why"] for one in history(door)] == ["a new way to pay", "a test"]
    assert [one["by"] for one in history(door)] == ["finance desk", "finance desk"]
    found = door.desk("reader", "GET", f"{path}/history/{taken['version']}").json()
    assert [(one["what"], one["after"]["tender"]) for one in found["changes"]] == [("new", "KLARNA")]
    assert door.desk("reader", "GET", f"{path}/history/{taken['version'] + 1}").status_code == 404


def test_an_import_that_could_not_be_compared_with_d365_says_so(door: Door) -> None:
    told = door.put("terminals", "store,terminal,register\nS1,2,NY01-2\n").json()
    assert told["not_compared"].startswith("D365's reference data was not read yet")


def history(door: Door) -> list[dict[str, str]]:
    found: list[dict[str, str]] = door.desk("reader", "GET", "/api/mappings/tenders/history").json()[
        "imports"
    ]
    return found


def test_a_mapping_is_given_of_a_day_as_it_was_and_with_d365_beside_it(door: Door) -> None:
    door.put("reasons", "reason,account_number,account_type,valid_from\nBUS,EXP1,Expense,2018-01-01\n")
    path = "/api/mappings/reasons"
    assert "BUS" in door.desk("reader", "GET", path).text
    assert "BUS" not in door.desk("reader", "GET", f"{path}?day=2017-12-31").text
    assert "BUS" in door.desk("reader", "GET", f"{path}?day=2018-01-01").text
    assert "BUS" not in door.desk("reader", "GET", f"{path}?version=1").text
    body = door.desk("reader", "GET", f"{path}?format=json").json()
    assert [(one["reason"], one["valid_from"]) for one in body["rows"]] == [("BUS", "2018-01-01")]
    assert {one["state"] for one in body["rows"][0]["d365"]} == {"not read"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("mappings/tenders?day=tomorrow", "day"), ("mappings/tenders?version=-1", "version"),
        ("mappings/tenders?version=\u0661", "version"), ("mappings/tenders?format=html", "format"),
        ("mappings/colours/history", "kind"), ("mappings/tenders/history/x", "version"),
        ("mappings/tenders/history/1234567890", "version"), ("stores/a%2Fb/readiness", "store"),
        ("coverage?days=0", "days"), ("coverage?days=9999", "days"), ("coverage?days=1.5", "days"), ("coverage?as_of=x", "as_of"),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_named(door: Door, query: str, field: str) -> None:
    response = door.desk("reader", "GET", f"/api/{query}")
    assert (response.status_code, response.json()["field"]) == (422, field)


def test_a_check_that_is_neither_yes_nor_no_takes_nothing(door: Door) -> None:
    before = door.desk("reader", "GET", "/api/mappings/tenders").text
    for said in ("yes", "", "1", "TRUE"):
        response = door.desk(
            "finance", "PUT", f"/api/mappings/tenders?check={said}", content=f"{TENDERS}\n*,X,1\n",
            headers={"X-Reason": "a test"},
        )  # fmt: skip
        assert (response.status_code, response.json()["field"]) == (422, "check")
    assert door.desk("reader", "GET", "/api/mappings/tenders").text == before


def test_a_store_is_told_what_it_lacks_and_one_that_nobody_knows_everything(door: Door) -> None:
    found = door.desk("reader", "GET", "/api/stores/S2/readiness").json()
    assert found["verdict"] == "not ready"
    what = {one["what"]: one["owner"] for one in found["lacks"]}
    assert what["store S2 has no till in the terminals mapping"] == "retail_systems"
    assert what["store S2 has no channel"] == "retail_systems"
    unknown = door.desk("reader", "GET", "/api/stores/S77/readiness").json()
    assert [one["what"] for one in unknown["lacks"]] == [
        "location S77 is not in the stores mapping on 2017-12-23"
    ]


def test_coverage_is_answered_before_and_after_a_day_was_compiled(door: Door) -> None:
    found = door.desk("reader", "GET", "/api/coverage").json()
    assert (found["stores"], found["unmapped"]) == (0, [])
    assert {"kind": "items", "item": "1001"} in found["never_used"]
