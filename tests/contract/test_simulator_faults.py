"""Faults that people and tests order of the simulated headquarters: per call, per import, or drawn from a seed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.simulator_driver import Headquarters, TurnedClock, headquarters, package_of
from tests.contract.simulator_receipts import LINES, SETUP, return_of_one, sale, together
from tests.contract.test_simulator_odata import KEY, batch

STORES = "/data/RetailStores"


@pytest.fixture
def hq(tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(tmp_path, SETUP) as running:
        yield running


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def turned(tmp_path: Path, clock: TurnedClock) -> Iterator[Headquarters]:
    with headquarters(tmp_path, SETUP, clock) as running:
        yield running


def fault(hq: Headquarters, kind: str, **options: Any) -> None:
    hq.sim("faults", {"kind": kind, **options})


def change(hq: Headquarters, text: str) -> httpx.Response:
    return hq.http.patch(f"/data/{KEY}", json={"Comment": text}, headers=hq.bearer)


def test_a_busy_environment_may_not_say_when_or_say_it_as_a_date(turned: Headquarters) -> None:
    fault(turned, "throttle", times=1)
    answer = turned.get("RetailStores")
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, False)
    fault(turned, "throttle", times=1, retry_after_seconds=90, retry_after_as_date=True)
    answer = turned.get("RetailStores")
    assert parsedate_to_datetime(answer.headers["Retry-After"]) == datetime(
        2017, 12, 24, 8, 1, 30, tzinfo=UTC
    )
    assert turned.get("RetailStores").status_code == 200


@pytest.mark.parametrize("status", [500, 503])
def test_a_call_can_fail_before_anything_is_done(hq: Headquarters, status: int) -> None:
    hq.import_rows(sale())
    fault(hq, "status", status=status, path_contains="RetailTransactions(")
    assert change(hq, "lost").status_code == status
    assert hq.get(KEY).json()["Comment"] == "P1"


def test_a_call_can_fail_after_all_is_done(hq: Headquarters) -> None:
    hq.import_rows(sale())
    fault(hq, "status_after", action="RetailTransactions")
    answer = change(hq, "done")
    assert (answer.status_code, answer.json()["error"]["message"]) == (500, "An error has occurred.")
    assert hq.get(KEY).json()["Comment"] == "done"
    fault(hq, "status_after", action="RetailTransactions", status=503)
    assert hq.get(f"{KEY}x").status_code == 400, "an answer that is an error already stays as it is"


@pytest.mark.parametrize("what", ["row", "$batch", "upload"])
def test_the_answer_of_any_call_can_get_lost_after_the_work_is_done(hq: Headquarters, what: str) -> None:
    fault(hq, "lose_answer", action={"row": "RetailTransactions", "$batch": "$batch", "upload": "blob"}[what])
    if what == "upload":
        with pytest.raises(httpx.TransportError):
            hq.upload(package_of(sale()))
        return
    if what == "row":
        hq.import_rows(sale())
    with pytest.raises(httpx.TransportError):
        change(hq, "written") if what == "row" else batch(hq, [sale()])
    assert hq.get(KEY).json()["Comment"] == ("written" if what == "row" else "P1")


def test_an_answer_can_be_cut_in_the_middle(hq: Headquarters) -> None:
    hq.import_rows(sale())
    fault(hq, "cut_answer", action="RetailTransactions")
    with pytest.raises(httpx.RemoteProtocolError):
        hq.get("RetailTransactions")
    assert len(hq.rows("RetailTransactions")) == 1


def test_an_answer_can_take_long(turned: Headquarters, clock: TurnedClock) -> None:
    fault(turned, "slow_answer", seconds=30, action="RetailStores")
    with pytest.raises(httpx.ReadTimeout):
        turned.http.get(STORES, headers=turned.bearer, timeout=0.3)
    assert turned.get("RetailTerminals").status_code == 200
    clock.turn(seconds=31)


@pytest.mark.parametrize(
    ("conflict", "text"),
    [("update_conflict", "update conflict occurred"), ("deadlock", "chosen as the deadlock victim")],
)
def test_a_write_can_meet_another_process(hq: Headquarters, conflict: str, text: str) -> None:
    hq.import_rows(sale())
    fault(hq, "write_conflict", conflict=conflict)
    refused = change(hq, "no")
    assert refused.status_code == 500
    assert text in refused.json()["error"]["innererror"]["message"]
    fault(hq, "write_conflict", conflict=conflict)
    inside = batch(hq, [sale("B")])
    assert inside.status_code == 200
    assert "HTTP/1.1 500" in inside.text
    assert text in inside.text
    assert [row["TransactionNumber"] for row in hq.rows("RetailTransactions")] == ["367-1-17"]
    fault(hq, "partial", entity=LINES, rows=1, conflict=conflict)
    assert hq.import_rows(together(sale("C"), sale("D"))) == "PartiallySucceeded"
    assert any(text in one for one in hq.errors())


@pytest.mark.parametrize("status", ["400", "500"])
def test_the_same_refusal_is_seen_with_either_status(hq: Headquarters, status: str) -> None:
    hq.import_rows(sale())
    hq.sim("switches", {"write_failure_status": status})
    row = {name: text for name, text in hq.get(KEY).json().items() if not name.startswith("@")}
    again = hq.http.post("/data/RetailTransactions", json=row, headers=hq.bearer)
    assert (again.status_code, "The record already exists" in again.text) == (int(status), True)
    changed = hq.http.patch(f"/data/{KEY}", json={"Currency": "XXX"}, headers=hq.bearer)
    assert (changed.status_code, "'Currency'" in changed.text) == (int(status), True)


def test_an_address_can_have_expired_when_it_is_used(hq: Headquarters) -> None:
    fault(hq, "address_expired", path_contains="/blob/")
    with pytest.raises(AssertionError, match="AuthenticationFailed"):
        hq.upload(package_of(sale()))
    address = hq.upload(package_of(sale()))
    fault(hq, "address_expired", action="ImportFromPackage")
    assert "(403) Forbidden" in hq.import_from(address).text
    assert hq.import_from(address).status_code == 200


def test_an_import_can_be_stuck_until_somebody_cancels_it(hq: Headquarters) -> None:
    fault(hq, "stuck", after_rows=1)
    hq.submit(package_of(together(sale(), return_of_one())))
    hq.until(lambda: len(hq.rows("RetailTransactionSalesLinesV2")) == 1)
    assert hq.status() == "Executing"
    assert hq.submit(package_of(sale()), "run-2").status_code == 400
    assert hq.sim("state")["import_running"] == "run-1"
    hq.sim("people/cancel-import", {})
    assert (hq.status(), len(hq.rows("RetailTransactions"))) == ("Canceled", 0)
    assert hq.import_rows(sale(), "run-2") == "Succeeded"


@pytest.mark.parametrize("status", ["Unknown", "Failed"])
def test_a_restart_loses_the_import_half_way_and_forgets_tokens(hq: Headquarters, status: str) -> None:
    hq.sim("switches", {"restart_leaves_import": status})
    fault(hq, "stuck", after_rows=3)
    hq.submit(package_of(sale()))
    hq.until(lambda: len(hq.rows("RetailTransactionTaxLines")) == 1)
    hq.sim("restart", {})
    assert hq.get("RetailStores").status_code == 401
    hq.sign_in()
    assert hq.status() == status
    assert (len(hq.rows("RetailTransactionSalesLinesV2")), hq.rows("RetailTransactions")) == (1, [])
    assert hq.sim("state")["people_changes"][-1]["what"] == "restart"


def test_a_restart_in_the_middle_of_a_call_drops_it(hq: Headquarters) -> None:
    fault(hq, "restart", action="RetailStores")
    with pytest.raises(httpx.TransportError):
        hq.get("RetailStores")
    hq.sign_in()
    assert hq.get("RetailStores").status_code == 200


def outcomes(hq: Headquarters, calls: int) -> list[str]:
    found = []
    for _ in range(calls):
        try:
            found.append(str(hq.get("RetailStores").status_code))
        except httpx.TransportError as error:
            found.append(type(error).__name__)
    return found


def test_a_seed_draws_the_same_faults_for_the_same_calls(hq: Headquarters, tmp_path: Path) -> None:
    order = {"seed": 7, "rate": 0.3, "kinds": ["status", "throttle", "lose_answer", "status_after"]}
    runs = []
    for seed in (7, 7, 8):
        hq.http.delete("/_sim/faults")
        fault(hq, "random", **{**order, "seed": seed})
        runs.append(outcomes(hq, 40))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert {"503", "429", "500"} <= set(runs[0])
    assert 5 <= sum(one != "200" for one in runs[0]) <= 20
    hq.http.delete("/_sim/faults")
    assert hq.get("RetailStores").status_code == 200


def test_a_fault_of_imports_that_was_drawn_waits_for_the_next_import(hq: Headquarters) -> None:
    fault(hq, "random", seed=1, rate=1, kinds=["partial"], times=1)
    hq.get("RetailStores")
    assert hq.import_rows(together(sale(), return_of_one())) == "PartiallySucceeded"
    fired = [one["kind"] for one in hq.sim("state")["faults_fired"]]
    assert fired == ["random", "partial"]


def test_sign_in_can_fail_too_when_it_is_named(hq: Headquarters) -> None:
    fault(hq, "status", status=503, path_contains="oauth2")
    fault(hq, "status", status=500)
    assert hq.token().status_code == 503
    assert hq.token().status_code == 200
    assert hq.get("RetailStores").status_code == 500


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "random", "seed": 1, "rate": 2, "kinds": ["status"]},
        {"kind": "random", "seed": 1, "rate": 0.5, "kinds": ["random"]},
        {"kind": "random", "seed": 1, "rate": 0.5, "kinds": []},
        {"kind": "write_conflict", "conflict": "quarrel"},
        {"kind": "slow_answer"},
    ],
    ids=json.dumps,
)
def test_an_order_that_makes_no_sense_is_refused(hq: Headquarters, order: object) -> None:
    assert hq.http.post("/_sim/faults", json=order).status_code == 400


def test_what_was_struck_is_written_down(hq: Headquarters) -> None:
    fault(hq, "status", status=500, action="RetailStores")
    hq.get("RetailTerminals")
    hq.get("RetailStores")
    fired = hq.sim("faults")["fired"]
    assert [(one["kind"], one["call"]) for one in fired] == [("status", "GET RetailStores")]
