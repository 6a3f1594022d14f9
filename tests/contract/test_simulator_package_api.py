"""The rest of the simulated package interface: levels, exports, histories, and what only a sandbox can tell, as switches."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.simulator_driver import Headquarters, TurnedClock, headquarters, package_of
from tests.contract.simulator_receipts import (
    HEADERS,
    LINES,
    PAYMENTS,
    SETUP,
    TAXES,
    return_of_one,
    sale,
    together,
)

IMPORT = {"definitionGroupId": "Tillpost", "execute": True, "overwrite": True, "legalEntityId": "usrt"}


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


def bad_line() -> Any:
    receipt = sale()
    receipt[LINES][0]["ItemId"] = "UNKNOWN"
    return receipt


def test_every_action_of_the_package_interface_is_there(hq: Headquarters) -> None:
    for name in (
        "GetAzureWriteUrl", "ImportFromPackage", "ImportFromPackageAsync", "GetExecutionSummaryStatus", "GetMessageStatus",
        "GetEntityExecutionSummaryStatusList", "GetExecutionErrors", "GetImportStagingErrorFileUrl", "ExportFromPackage",
        "GenerateImportTargetErrorKeysFile", "GetImportTargetErrorKeysFileUrl", "GetExecutionSummaryPageUrl",
        "DeleteExecutionHistoryJob", "ExportToPackage", "GetExportedPackageUrl",
    ):  # fmt: skip
        answer = hq.action(name, {"nothing": "of this"})
        assert (answer.status_code, f"The parameters of '{name}'" in answer.text) == (400, True)
    assert hq.action("ImportPackage", {}).status_code == 404
    wrong_type = hq.action(
        "ImportFromPackage", {**IMPORT, "packageUrl": "x", "executionId": "1", "execute": "true"}
    )
    assert "is of type Edm.Boolean" in wrong_type.text
    assert "The message m-1 was not found." in hq.action("GetMessageStatus", {"messageId": "m-1"}).text


def test_the_asynchronous_import_may_end_at_its_first_error(hq: Headquarters) -> None:
    body = {**IMPORT, "packageUrl": hq.upload(package_of(bad_line())), "executionId": "run-1"}
    assert (
        hq.value("ImportFromPackageAsync", {**body, "failOnError": True, "runAsyncWithoutBatch": True})
        == "run-1"
    )
    assert hq.wait() == "Failed"
    assert hq.counts()[HEADERS] == (0, 0, 0)
    assert hq.rows("RetailTransactions") == []


def test_a_small_import_need_not_wait_for_the_batch_service(turned: Headquarters) -> None:
    turned.sim("switches", {"start_seconds": 600})
    address = turned.upload(package_of(sale()))
    body = {**IMPORT, "packageUrl": address, "executionId": "run-1", "failOnError": False}
    turned.value("ImportFromPackageAsync", {**body, "thresholdToRunInBatch": 100})
    assert turned.wait() == "Succeeded"
    turned.value("ImportFromPackageAsync", {**body, "executionId": "run-2", "thresholdToRunInBatch": 1})
    assert "were not found" in turned.action("GetExecutionSummaryStatus", {"executionId": "run-2"}).text


def test_a_package_that_is_not_executed_stays_not_run(hq: Headquarters) -> None:
    body = {**IMPORT, "packageUrl": hq.upload(package_of(sale())), "executionId": "run-1", "execute": False}
    assert hq.value("ImportFromPackage", body) == "run-1"
    assert hq.status() == "NotRun"
    assert hq.rows("RetailTransactions") == []


def read_package(hq: Headquarters, execution_id: str) -> dict[str, list[dict[str, str]]]:
    content = hq.http.get(hq.value("GetExportedPackageUrl", {"executionId": execution_id})).content
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert {"Manifest.xml", "PackageHeader.xml"} <= set(package.namelist())
        return {
            name: list(csv.DictReader(io.StringIO(package.read(name).decode("utf-16"), newline="")))
            for name in package.namelist()
            if name.endswith(".csv")
        }


def export(hq: Headquarters, execution_id: str, project: str = "Out") -> str:
    body = {
        "definitionGroupId": project, "packageName": "out.zip", "executionId": execution_id, "reExecute": False,
        "legalEntityId": "usrt",
    }  # fmt: skip
    return str(hq.value("ExportToPackage", body))


def test_what_is_exported_can_be_imported_again(hq: Headquarters) -> None:
    hq.import_rows(sale())
    sets = [
        "RetailTransactionSalesLinesV2",
        "RetailTransactionTaxLines",
        "RetailTransactionPaymentLinesV2",
        "RetailTransactions",
    ]
    hq.sim("setup", {"data_projects": [{"name": "Out", "sets": [*sets, "RetailStores"]}, "Tillpost"]})
    assert export(hq, "out-1") == "out-1"
    files = read_package(hq, "out-1")
    assert files["Transactions.csv"][0]["RreceiptId"] == "367-1-0017"
    assert files["Stores.csv"][0]["StoreNumber"] == "367"
    hq.sim("setup", {"data_projects": [{"name": "Back", "sets": sets}]})
    export(hq, "out-2", "Back")
    again = hq.http.get(hq.value("GetExportedPackageUrl", {"executionId": "out-2"})).content
    assert hq.submit(again, "run-2").status_code == 200
    assert hq.wait("run-2") == "Succeeded"
    assert hq.counts("run-2") == {LINES: (0, 1, 0), TAXES: (0, 1, 0), PAYMENTS: (0, 2, 0), HEADERS: (0, 1, 0)}


def test_with_change_tracking_only_what_changed_is_exported(hq: Headquarters) -> None:
    hq.import_rows(sale("A"))
    hq.sim(
        "setup",
        {
            "data_projects": [
                {"name": "Out", "sets": ["RetailTransactions"], "change_tracking": True},
                "Tillpost",
            ]
        },
    )
    export(hq, "out-1")
    hq.import_rows(sale("B"), "run-2")
    export(hq, "out-2")
    export(hq, "out-3")
    found = [
        [row["TransactionNumber"] for row in read_package(hq, f"out-{number}")["Transactions.csv"]]
        for number in (1, 2, 3)
    ]
    assert found == [["A"], ["B"], []]
    assert "exports nothing" in hq.action("ExportToPackage", {
        "definitionGroupId": "Tillpost", "packageName": "p", "executionId": "x", "reExecute": True, "legalEntityId": "usrt",
    }).text  # fmt: skip
    assert hq.value("GetExportedPackageUrl", {"executionId": "run-2"}) == ""


def test_histories_are_cleaned_up_after_seven_days_or_by_hand(
    turned: Headquarters, clock: TurnedClock
) -> None:
    turned.import_rows(sale())
    clock.turn(days=6, hours=23)
    assert turned.status() == "Succeeded"
    clock.turn(hours=2)
    assert "were not found" in turned.action("GetExecutionSummaryStatus", {"executionId": "run-1"}).text
    turned.import_rows(sale(), "run-2")
    assert turned.value("DeleteExecutionHistoryJob", {"executionId": "run-2"}) == ""
    assert turned.action("GetExecutionErrors", {"executionId": "run-2"}).status_code == 400


def test_a_blob_is_kept_for_seven_days(turned: Headquarters, clock: TurnedClock) -> None:
    turned.sim("switches", {"sas_seconds": 30 * 24 * 3600})
    address = turned.upload(package_of(sale()))
    clock.turn(days=6)
    assert turned.http.get(address).status_code == 200
    clock.turn(days=2)
    assert turned.http.get(address).status_code == 403
    assert turned.import_from(address).status_code == 400


def test_headquarters_may_judge_a_receipt_whose_lines_have_not_come(
    turned: Headquarters, clock: TurnedClock
) -> None:
    turned.sim("switches", {"seconds_between_levels": 60})
    turned.submit(package_of(sale(), header_level=0))
    turned.until(lambda: len(turned.rows("RetailTransactions")) == 1)
    assert turned.validate() == {"validated": 1, "errors": 1}
    clock.turn(seconds=61)
    assert turned.wait() == "Succeeded"
    assert turned.validate() == {"validated": 1, "errors": 0}


def test_or_it_waits_until_nothing_is_imported(turned: Headquarters, clock: TurnedClock) -> None:
    turned.sim("switches", {"seconds_between_levels": 60, "validation_during_import": "waits"})
    turned.submit(package_of(sale(), header_level=0))
    turned.until(lambda: len(turned.rows("RetailTransactions")) == 1)
    with pytest.raises(Exception, match="timed out"):
        turned.http.post("/_sim/jobs/validate", json={}, timeout=0.3)
    clock.turn(seconds=61)
    assert turned.wait() == "Succeeded"
    turned.until(lambda: turned.rows("RetailTransactionsAuditable")[0]["ValidationStatus"] == "Successful")


def test_lines_may_come_before_their_header_and_are_judged_with_it(
    turned: Headquarters, clock: TurnedClock
) -> None:
    turned.sim("switches", {"seconds_between_levels": 60})
    turned.submit(package_of(sale()))
    turned.until(lambda: len(turned.rows("RetailTransactionSalesLinesV2")) == 1)
    assert turned.validate() == {"validated": 0, "errors": 0}
    clock.turn(seconds=61)
    assert turned.wait() == "Succeeded"


@pytest.mark.parametrize(
    ("checked", "status"), [("import", "Succeeded"), ("import_and_start", "Failed"), ("never", "Succeeded")]
)
def test_an_address_that_expires_before_the_start(
    turned: Headquarters, clock: TurnedClock, checked: str, status: str
) -> None:
    turned.sim("switches", {"address_checked": checked, "sas_seconds": 60, "start_seconds": 120})
    turned.submit(package_of(sale()))
    clock.turn(seconds=130)
    assert turned.wait() == status
    assert any("(403) Forbidden" in one for one in turned.errors()) == (status == "Failed")


def test_an_environment_that_never_looks_takes_an_expired_address(
    turned: Headquarters, clock: TurnedClock
) -> None:
    turned.sim("switches", {"sas_seconds": 60})
    address = turned.upload(package_of(sale()))
    clock.turn(seconds=61)
    assert turned.import_from(address).status_code == 400
    turned.sim("switches", {"address_checked": "never"})
    assert turned.import_from(address).status_code == 200


def test_a_parallel_import_may_end_the_one_that_runs_too(turned: Headquarters, clock: TurnedClock) -> None:
    turned.sim("switches", {"parallel_import": "both_fail", "seconds_between_levels": 60})
    turned.submit(package_of(sale()))
    turned.until(lambda: len(turned.rows("RetailTransactionSalesLinesV2")) == 1)
    assert "must not run in parallel" in turned.submit(package_of(return_of_one()), "run-2").text
    assert turned.status() == "Failed"
    assert turned.rows("RetailTransactions") == []
    clock.turn(seconds=61)
    assert turned.rows("RetailTransactions") == []


def test_messages_about_rows_name_no_key_unless_they_do(hq: Headquarters) -> None:
    hq.import_rows(bad_line())
    assert not any("367-1-17" in one for one in hq.errors() if "UNKNOWN" in one)
    hq.sim("switches", {"errors_name_keys": "yes"})
    assert any("TransactionNumber 367-1-17" in one and "UNKNOWN" in one for one in hq.errors())


def test_the_file_of_failed_keys_may_never_come(hq: Headquarters) -> None:
    hq.sim("switches", {"error_keys_file": "never"})
    hq.import_rows(bad_line())
    asked = {"executionId": "run-1", "entityName": LINES}
    assert hq.value("GenerateImportTargetErrorKeysFile", asked) is True
    assert hq.value("GetImportTargetErrorKeysFileUrl", asked) == ""


def test_units_run_side_by_side_and_levels_one_after_the_other(
    turned: Headquarters, clock: TurnedClock
) -> None:
    turned.sim("switches", {"seconds_between_levels": 60})
    manifest = package_of(together(sale(), return_of_one()))
    with zipfile.ZipFile(io.BytesIO(manifest)) as package:
        text = package.read("Manifest.xml").decode()
    entity = "<EntityName>Tax transactions</EntityName><ExecutionUnit>1</ExecutionUnit>"
    changed = text.replace(entity, entity.replace(">1<", ">2<")).replace(
        "<InputFilePath>Tax transactions.csv</InputFilePath><LevelInExecutionUnit>1<",
        "<InputFilePath>Tax transactions.csv</InputFilePath><LevelInExecutionUnit>9<",
    )
    assert changed != text
    turned.submit(package_of(together(sale(), return_of_one()), files={"Manifest.xml": changed.encode()}))
    turned.until(lambda: len(turned.rows("RetailTransactionTaxLines")) == 2)
    assert turned.rows("RetailTransactions") == []
    clock.turn(seconds=61)
    assert turned.wait() == "Succeeded"
    assert turned.sim("state")["import_runs"] == 1


def test_the_requests_of_microsofts_own_scheduler_are_understood(hq: Headquarters) -> None:
    """The Recurring Integrations Scheduler's sequence (D365 facts §4): its headers, its body, its execution id."""
    hq.sim("setup", {"data_projects": ["Tillpost"]})
    url = json.loads(hq.value("GetAzureWriteUrl", {"uniqueFileName": "5f0c7d1e.zip"}))["BlobUrl"]
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-date": "Sat, 23 Dec 2017 10:00:00 GMT", "Overwrite": "T"}
    assert hq.http.put(url, content=package_of(bad_line()), headers=headers).status_code == 201
    execution_id = "Tillpost-2017-12-23_10-00-00-0f8fad5b-d9cb-469f-a165-70867728950e"
    assert (
        hq.value("ImportFromPackage", {**IMPORT, "packageUrl": url, "executionId": execution_id})
        == execution_id
    )
    assert hq.wait(execution_id) == "PartiallySucceeded"
    assert len(hq.errors(execution_id)) == 1
    asked = {"executionId": execution_id, "entityName": LINES}
    assert hq.value("GenerateImportTargetErrorKeysFile", asked) is True
    keys = hq.http.get(hq.value("GetImportTargetErrorKeysFileUrl", asked)).text
    assert "367-1-17" in keys.splitlines()[1]
    assert hq.value("GetImportStagingErrorFileUrl", asked) == ""
    assert hq.value("GetExecutionSummaryPageUrl", {"executionId": execution_id}).startswith(
        f"{hq.url}/?cmp=usrt"
    )
