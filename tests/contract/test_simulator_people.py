"""What people and neighbours do to the simulated headquarters, and who may come in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.simulator_driver import Headquarters, TurnedClock, headquarters, package_of
from tests.contract.simulator_receipts import SETUP, return_of_one, sale, together

LINES, PAYMENTS = "RetailTransactionSalesLinesV2", "RetailTransactionPaymentLinesV2"
RECEIPT = {"TransactionNumber": "367-1-17"}


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


def test_an_accountant_gives_a_receipt_another_day_on_header_and_lines(hq: Headquarters) -> None:
    hq.import_rows(together(sale(), return_of_one()))
    assert hq.validate()["errors"] == 0
    assert hq.sim("people/redate", {**RECEIPT, "businessDate": "2017-12-22"})["done"] == 2
    days = {row["TransactionNumber"]: row["businessDate"] for row in hq.rows("RetailTransactions")}
    assert days == {"367-1-17": "2017-12-22T12:00:00Z", "367-1-18": "2017-12-23T12:00:00Z"}
    [line] = hq.rows(LINES, filter="TransactionNumber eq '367-1-17'")
    assert line["BusinessDate"] == "2017-12-22T12:00:00Z"
    states = {row["TransactionId"]: row["ValidationStatus"] for row in hq.rows("RetailTransactionsAuditable")}
    assert states == {"367-1-17": "None", "367-1-18": "Successful"}
    assert hq.sim("state")["people_changes"][0]["what"] == "people/redate"


def test_a_person_edits_a_field_of_a_header_or_a_line(hq: Headquarters) -> None:
    hq.import_rows(sale())
    hq.sim("people/edit", {**RECEIPT, "changes": {"Comment": "seen", "GrossAmount": "-25.00"}})
    [header] = hq.rows("RetailTransactions")
    assert (header["Comment"], str(header["GrossAmount"]), header["NetAmount"]) == ("seen", "-25.00", -20)
    hq.sim("people/edit", {"set": PAYMENTS, **RECEIPT, "LineNumber": 2, "changes": {"AmountTendered": "-7"}})
    assert [row["AmountTendered"] for row in hq.rows(PAYMENTS, orderby="LineNumber")] == [30, -7]


def test_a_person_deletes_a_line_or_a_receipt(hq: Headquarters) -> None:
    hq.import_rows(together(sale(), return_of_one()))
    assert hq.sim("people/delete", {"set": PAYMENTS, **RECEIPT, "LineNumber": 2})["done"] == 1
    assert len(hq.rows(PAYMENTS)) == 2
    hq.sim("people/delete", RECEIPT)
    assert [row["TransactionNumber"] for row in hq.rows("RetailTransactions")] == ["367-1-18"]
    assert {row["TransactionNumber"] for row in hq.rows(LINES)} == {"367-1-18"}


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("people/redate", {"TransactionNumber": "nobody", "businessDate": "2017-12-22"}),
        ("people/redate", {"TransactionNumber": "367-1-17", "businessDate": "yesterday"}),
        ("people/edit", {"TransactionNumber": "367-1-17", "changes": {"Coment": "x"}}),
        ("people/edit", {"TransactionNumber": "367-1-17", "changes": {"Terminal": "367-2"}}),
        ("people/edit", {"set": "RetailStores", "RetailChannelId": "CH367", "changes": {"Currency": "EUR"}}),
        ("people/delete", {}),
        ("people/delete", {"Comment": "P1"}),
        ("people/cancel-import", {}),
        ("neighbour/import", {"seconds": 5, "company": "demf"}),
        ("restore", {"name": "last year"}),
    ],
)
def test_what_a_person_cannot_do_is_refused_and_changes_nothing(
    hq: Headquarters, what: str, body: dict[str, object]
) -> None:
    hq.import_rows(sale())
    before = hq.rows("RetailTransactions")
    assert hq.http.post(f"/_sim/{what}", json=body).status_code == 400
    assert hq.rows("RetailTransactions") == before
    assert hq.sim("state")["people_changes"] == []


def test_a_posted_receipt_is_not_deleted(hq: Headquarters) -> None:
    hq.import_rows(sale())
    hq.validate()
    hq.post_statements()
    refused = hq.http.post("/_sim/people/delete", json=RECEIPT)
    assert (refused.status_code, "belongs to statement" in refused.text) == (400, True)


def test_while_a_neighbour_imports_ours_is_refused(turned: Headquarters, clock: TurnedClock) -> None:
    assert turned.sim("neighbour/import", {"seconds": 60})["done"] == "neighbour-1"
    address = turned.upload(package_of(sale()))
    refused = turned.import_from(address)
    assert (refused.status_code, "neighbour-1" in refused.text, "in parallel" in refused.text) == (
        400,
        True,
        True,
    )
    assert turned.action("GetExecutionSummaryStatus", {"executionId": "run-1"}).status_code == 400
    clock.turn(seconds=61)
    turned.until(lambda: turned.status("neighbour-1") == "Succeeded")
    assert turned.import_from(address).status_code == 200
    assert turned.wait() == "Succeeded"


def test_an_environment_is_restored_to_yesterday(hq: Headquarters) -> None:
    hq.import_rows(sale())
    hq.validate()
    hq.post_statements()
    before = hq.sim("state")
    totals = hq.sim("totals")
    hq.sim("snapshot", {})
    hq.import_rows(return_of_one(), "run-2")
    hq.validate()
    hq.post_statements()
    assert hq.sim("totals") != totals
    restored = hq.sim("restore", {})
    after = hq.sim("state")
    assert restored["environment_id"] == before["environment_id"]
    assert hq.sim("totals") == totals
    assert after["statements"] == before["statements"]
    assert [one["executionId"] for one in after["executions"]] == ["run-1"]
    assert [row["TransactionNumber"] for row in hq.rows("RetailTransactions")] == ["367-1-17"]
    assert hq.action("GetExecutionSummaryStatus", {"executionId": "run-2"}).status_code == 400
    assert hq.import_rows(return_of_one(), "run-2") == "Succeeded"
    hq.validate()
    [statement] = hq.post_statements()
    assert statement["state"] == "Posted"
    assert len(hq.rows("RetailTransactionsAuditable", filter="StatementNumber ne ''")) == 2


def test_a_restored_copy_is_another_environment(hq: Headquarters) -> None:
    before = hq.sim("state")["environment_id"]
    hq.sim("snapshot", {"name": "monday"})
    assert hq.sim("restore", {"name": "monday", "new_identity": True})["environment_id"] != before


def test_a_restore_can_be_done_twice(hq: Headquarters) -> None:
    hq.import_rows(sale())
    hq.sim("snapshot", {})
    for _ in range(2):
        hq.sim("people/delete", RECEIPT)
        assert hq.rows("RetailTransactions") == []
        hq.sim("restore", {})
        assert len(hq.rows("RetailTransactions")) == 1


def test_a_token_that_ran_out_or_is_for_somebody_else_is_no_token(hq: Headquarters) -> None:
    hq.sim("switches", {"token_seconds": 0})
    hq.sign_in()
    expired = hq.get("RetailStores")
    assert (expired.status_code, expired.headers["WWW-Authenticate"].startswith("Bearer ")) == (401, True)
    hq.sim("switches", {"token_seconds": 3600})
    other = hq.token(scope="api://another-app/.default").json()["access_token"]
    assert hq.http.get("/data/RetailStores", headers={"Authorization": f"Bearer {other}"}).status_code == 401
    hq.sign_in()
    assert hq.get("RetailStores").status_code == 200


def test_the_older_sign_in_names_a_resource(hq: Headquarters) -> None:
    form = {"grant_type": "client_credentials", "client_id": "the-app", "client_secret": "its-secret"}
    good = hq.http.post("/some-tenant/oauth2/token", data={**form, "resource": hq.url})
    assert good.status_code == 200
    assert (
        hq.http.post("/some-tenant/oauth2/token", data={**form, "resource": f"{hq.url}/"}).status_code == 401
    )


@pytest.mark.parametrize(("user", "status"), [("missing_403", 403), ("missing_401", 401)])
def test_an_application_without_a_user_may_not_come_in(hq: Headquarters, user: str, status: int) -> None:
    hq.sim("switches", {"application_user": user})
    assert hq.get("RetailStores").status_code == status
    assert hq.action("GetExecutionSummaryStatus", {"executionId": "x"}).status_code == status
    assert hq.http.get("/metadata/PublicEntities", headers=hq.bearer).status_code == status


@pytest.mark.parametrize(
    ("body", "begins"), [("empty", ""), ("json", '{"error":{"code":""'), ("html", "<!DOCTYPE html>")]
)
def test_a_refused_sign_in_may_come_with_any_body(hq: Headquarters, body: str, begins: str) -> None:
    hq.sim("switches", {"unauthorized_body": body})
    answer = hq.http.get("/data/RetailStores")
    assert (answer.status_code, answer.text[: len(begins) or 1]) == (401, begins)


def test_the_placeholder_of_the_independent_client_is_let_in_behind_its_switch_only(hq: Headquarters) -> None:
    placeholder = {"Authorization": "Bearer mock-token-for-localhost"}
    assert hq.http.get("/data/RetailStores", headers=placeholder).status_code == 401
    hq.sim("switches", {"placeholder_sign_in_of_d365fo_client": "accept"})
    assert hq.http.get("/data/RetailStores", headers=placeholder).status_code == 200
