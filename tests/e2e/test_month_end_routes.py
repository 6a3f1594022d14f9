"""Month end over real HTTP: readiness, accrual, late receipts, vouchers; as JSON and CSV, and what is refused."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator

import pytest

from tests.e2e.door import Door, opened
from tests.unit.documents import sale_document

WAIT_SECONDS_MAX = 30.0


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """An app with one receipt of a till whose name is a formula, held since nothing of it is mapped."""
    with opened(tmp_path_factory.mktemp("month-end")) as found:
        found.put("ledger_accounts", "legal_entity,what,code,account\nusrt,sales,*,401100\n")
        sent = found.send(sale_document(1, terminal="=1+1"))
        assert sent.status_code == 202
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not found.desk("reader", "GET", "/api/causes").json()["causes"]:
            assert time.monotonic() < deadline, "nothing was mapped"
            time.sleep(0.2)
        yield found


def test_the_accrual_of_a_held_receipt_is_answered_by_account_as_json_and_csv(door: Door) -> None:
    found = door.desk("reader", "GET", "/api/accrual/usrt?cut_off=2017-12-23").json()
    (one,) = found["currencies"]
    lines = [
        (line["account"], line["what"], line["tax_code"], line["debit"], line["credit"])
        for line in one["open"]
    ]
    assert lines == [
        ("no account yet", "tax", "VAT20", "0.00", "4.00"),
        ("no account yet", "tender CASH", "", "24.00", "0.00"),
        ("401100", "sales", "", "0.00", "20.00"),
    ]
    text = door.desk("reader", "GET", "/api/accrual/usrt?cut_off=2017-12-23&format=csv")
    assert text.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(text.text)))
    assert rows[0] == ["part", "currency", "account", "what", "tax_code", "debit", "credit"]
    assert ["open", "USD", "401100", "sales", "", "0.00", "20.00"] in rows


def test_readiness_names_the_causes_in_the_way_and_its_csv_runs_nothing(door: Door) -> None:
    found = door.desk("finance", "GET", "/api/readiness/usrt/2017-12").json()
    assert (found["verdict"], found["first_day"], found["last_day"]) == (
        "Not ready",
        "2017-12-01",
        "2017-12-31",
    )
    kinds = {one["kind"] for one in found["blockers"]}
    assert {"open cause", "period not over", "store-day not compiled"} <= kinds
    text = door.desk("finance", "GET", "/api/readiness/usrt/2017-12?format=csv").text
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_a_person_says_of_a_silent_till_that_nothing_is_outstanding(door: Door) -> None:
    body = {"store": "S1", "terminal": "2", "reason": "it stands in a cupboard"}
    path = "/api/readiness/usrt/2017-12/tills"
    assert door.desk("store_operations", "POST", path, json=body).json() == {"confirmed": True}
    assert door.desk("reader", "POST", path, json=body).status_code == 403
    assert door.desk("finance", "POST", path, json=body | {"store": "J1"}).status_code == 404
    assert door.desk("finance", "POST", path, json=body | {"reason": ""}).status_code == 422


def test_the_policy_and_the_accounts_are_mappings_that_refuse_what_they_do_not_know(door: Door) -> None:
    assert door.put("month_end", "legal_entity,late_receipts\nusrt,next_period\n").status_code == 200
    assert door.put("month_end", "legal_entity,late_receipts\nusrt,forget\n").status_code == 422
    assert door.put("ledger_accounts", "legal_entity,what,code,account\nusrt,cash,*,1\n").status_code == 422
    found = door.desk("reader", "GET", "/api/late/usrt/2017-12").json()
    assert (found["policy"], found["memos"]) == ("next_period", [])
    assert door.desk("reader", "GET", "/api/late/usrt/2017-12?format=csv").text.startswith(
        "period,side,currency"
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/readiness/nobody/2017-12", 404),
        ("/api/readiness/usrt/2017-13", 422),
        ("/api/readiness/usrt/2017-12?format=pdf", 422),
        ("/api/accrual/nobody", 404),
        ("/api/accrual/usrt?cut_off=yesterday", 422),
        ("/api/accrual/usrt?cut_off=2017-12-23T12:00:00", 422),
        ("/api/accrual/usrt?cut_off=2017-12-23T12:00:00-05:00", 200),
        ("/api/accrual/usrt?cut_off=2017-12-23T12:00:00+01:00", 200),
        ("/api/late/nobody/2017-12", 404),
        ("/api/late/usrt/soon", 422),
    ],
)
def test_what_is_asked_for_wrongly_is_named(door: Door, path: str, status: int) -> None:
    assert door.desk("finance", "GET", path).status_code == status


def test_vouchers_of_a_store_day_with_nothing_posted_are_not_there(door: Door) -> None:
    assert door.desk("finance", "POST", "/api/statements/S1/2017-12-23/vouchers").status_code == 404
    assert door.desk("reader", "POST", "/api/statements/S1/2017-12-23/vouchers").status_code == 403


def test_the_checks_of_a_day_find_what_waits_with_its_money_and_keep_nothing_by_asking(door: Door) -> None:
    found = door.desk("reader", "GET", "/api/checks/daily/usrt/2017-12-23").json()
    assert (found["cadence"], found["legal_entity"], found["period"]) == ("daily", "usrt", "2017-12-23")
    wrong = {one["key"]: one["amounts"] for one in found["checks"] if one["state"] == "not in order"}
    assert wrong["codes_mapped"]["USD"] == "24.00"
    assert all(
        item["runbook"] for one in found["checks"] if one["key"] == "codes_mapped" for item in one["items"]
    )
    text = door.desk("reader", "GET", "/api/checks/daily/usrt/2017-12-23?format=csv")
    assert text.headers["content-type"].startswith("text/csv")
    cells = [cell for row in csv.reader(io.StringIO(text.text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    assert door.desk("reader", "GET", "/api/checks/daily/usrt").json() == {"checks": []}
    assert door.desk("reader", "GET", "/api/checks/daily/none/2017-12-23").status_code == 404


def test_checks_are_kept_under_the_desk_that_makes_them_and_readers_make_none(door: Door) -> None:
    path = "/api/checks/monthly/usrt/2017-12"
    assert door.desk("reader", "POST", path, json={}).status_code == 403
    for note in (7, "", " ", ["x"], "x" * 2001):
        refused = door.desk("finance", "POST", path, json={"note": note})
        assert refused.status_code == (200 if note == "" else 422), note
    made = door.desk("it", "POST", path, json={"note": "before the close"}).json()
    assert (made["by"], made["note"]) == ("it desk", "before the close")
    listed = door.desk("reader", "GET", "/api/checks/monthly/usrt?period=2017-12").json()["checks"]
    assert [(one["by"], one["note"]) for one in listed] == [
        ("it desk", "before the close"),
        ("finance desk", ""),
    ]
    assert listed[0]["checks"] == made["checks"]
    assert door.desk("reader", "GET", "/api/checks/monthly/usrt?period=2017-11").json() == {"checks": []}
