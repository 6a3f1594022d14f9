"""The simulated headquarters takes packages as D365 does: its door, its checks of files, its counts and its answers."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from azure.identity.aio import ClientSecretCredential

from tests.contract.simulator_driver import (
    CLIENT_ID,
    CLIENT_SECRET,
    Headquarters,
    headquarters,
    package_of,
    table,
)
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


@pytest.fixture
def hq(tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(tmp_path, SETUP) as running:
        yield running


def test_a_token_is_given_for_the_right_secret_and_scope_only(hq: Headquarters) -> None:
    assert hq.token().status_code == 200
    assert hq.token(client_secret="wrong").status_code == 401
    assert hq.token(client_id="somebody-else").status_code == 401
    assert hq.token(scope="https://other.example/.default").status_code == 401


def test_microsofts_own_library_gets_a_token(hq: Headquarters, tmp_path: Path) -> None:
    async def ask() -> str:
        credential = ClientSecretCredential(
            "some-tenant", CLIENT_ID, CLIENT_SECRET, authority=hq.url, disable_instance_discovery=True,
            connection_verify=str(tmp_path / "ca.pem"),
        )  # fmt: skip
        async with credential:
            return (await credential.get_token(f"{hq.url}/.default")).token

    token = asyncio.run(ask())
    answer = hq.http.get("/data/RetailStores", headers={"Authorization": f"Bearer {token}"})
    assert [row["StoreNumber"] for row in answer.json()["value"]] == ["367"]


def test_without_a_token_nothing_is_answered(hq: Headquarters) -> None:
    assert hq.http.get("/data/RetailStores").status_code == 401
    assert hq.http.get("/metadata/PublicEnumerations('NoYes')").status_code == 401
    assert hq.http.get("/data/RetailStores", headers={"Authorization": "Bearer made-up"}).status_code == 401


def test_a_package_is_read_back_as_it_was_sent(hq: Headquarters) -> None:
    assert hq.import_rows(together(sale(), return_of_one())) == "Succeeded"
    assert hq.counts() == {LINES: (2, 0, 0), TAXES: (2, 0, 0), PAYMENTS: (3, 0, 0), HEADERS: (2, 0, 0)}
    assert hq.errors() == []
    header = hq.rows("RetailTransactions", filter="Comment eq 'P1'", orderby="TransactionNumber")[0]
    assert (header["GrossAmount"], header["NetAmount"], header["PaymentAmount"]) == (-24, -20, 24)
    assert (header["dataAreaId"], header["businessDate"], header["RreceiptId"]) == (
        "usrt", "2017-12-23T12:00:00Z", "367-1-0017",
    )  # fmt: skip
    lines = hq.rows("RetailTransactionSalesLinesV2", orderby="TransactionNumber")
    assert [(row["Quantity"], row["NetAmount"], row["SalesTaxAmount"]) for row in lines] == [
        (-2, -20, -4),
        (1, 10, 2),
    ]
    payments = hq.rows("RetailTransactionPaymentLinesV2", orderby="TransactionNumber,LineNumber")
    assert [(row["AmountTendered"], row["IsChangeLine"]) for row in payments] == [
        (30, "No"),
        (-6, "Yes"),
        (-12, "No"),
    ]


def test_a_second_import_updates_and_creates_nothing(hq: Headquarters) -> None:
    hq.import_rows(sale())
    assert hq.import_rows(sale(), "run-2") == "Succeeded"
    assert hq.counts("run-2") == {LINES: (0, 1, 0), TAXES: (0, 1, 0), PAYMENTS: (0, 2, 0), HEADERS: (0, 1, 0)}


def test_without_a_map_of_columns_it_succeeds_and_imports_nothing(hq: Headquarters) -> None:
    assert hq.submit(package_of(sale(), maps=False)).status_code == 200
    assert hq.wait() == "Succeeded"
    assert hq.counts() == {LINES: (0, 0, 0), TAXES: (0, 0, 0), PAYMENTS: (0, 0, 0), HEADERS: (0, 0, 0)}
    assert hq.rows("RetailTransactions") == []


def test_an_entity_is_known_by_its_label_not_by_its_type(hq: Headquarters) -> None:
    answer = hq.submit(package_of(sale(), labels={HEADERS: "RetailTransactionEntity"}))
    assert answer.status_code == 400
    assert "Entity RetailTransactionEntity does not exist in the target environment" in answer.text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"encoding": "utf-8"}, "Selected file is not Unicode."),
        ({"encoding": "utf-16-be"}, "Selected file is not Unicode."),
        ({"line_end": "\n"}, "The mapping is incorrect for entity Sales transactions V2 and field {"),
    ],
)
def test_a_file_that_is_not_utf_16_with_crlf_fails(
    hq: Headquarters, changes: dict[str, str], text: str
) -> None:
    hq.submit(package_of(sale(), **changes))
    assert hq.wait() == "Failed"
    assert any(error.startswith(text) for error in hq.errors())
    assert hq.rows("RetailTransactions") == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"no zip", "not a valid zip"),
        (package_of(sale(), files={"PackageHeader.xml": None}), "no PackageHeader.xml"),
        (package_of(sale(), files={"Manifest.xml": None}), "no Manifest.xml"),
        (package_of(sale(), namespace="urn:other"), "expected the element"),
        (package_of(sale(), files={"Transactions.csv": None}), "is not in the package"),
    ],
)
def test_a_package_with_a_wrong_outside_is_refused_at_once(
    hq: Headquarters, content: bytes, text: str
) -> None:
    answer = hq.submit(content)
    assert answer.status_code == 400
    assert text in answer.json()["error"]["innererror"]["message"]


@pytest.mark.parametrize(
    ("label", "field", "value", "text"),
    [
        (HEADERS, "RreceiptId", "1234567890123456789", "longer than the maximum of 18"),
        (HEADERS, "GrossAmount", "1,5", "Cannot convert the value"),
        (HEADERS, "TransactionType", "Sale", "is not a member of the enumeration 'RetailTransactionType'"),
        (HEADERS, "Reciept", "1", "Field 'Reciept' does not exist in entity Transactions"),
        (HEADERS, "businessDate", "2017-12-23T00:00:00Z", "must be at 12:00:00Z"),
        (
            HEADERS,
            "OperatingUnitNumber",
            "OU999",
            "The value 'OU999' in field 'OperatingUnitNumber' is not found",
        ),
        (HEADERS, "Terminal", "368-1", "in the related table 'RetailTerminalTable'"),
        (HEADERS, "Warehouse", "W1", "in the related table 'InventLocation'"),
        (HEADERS, "Currency", "", "Field 'Currency' must be filled in"),
        (LINES, "ItemId", "UNKNOWN", "in the related table 'InventTable'"),
        (TAXES, "TaxCode", "NOPE", "in the related table 'TaxTable'"),
        (PAYMENTS, "TenderType", "77", "in the related table 'RetailStoreTenderTypeTable'"),
        (PAYMENTS, "Store", "368", "in the related table 'RetailStoreTable'"),
    ],
)
def test_a_row_that_d365_cannot_hold_is_an_error(
    hq: Headquarters, label: str, field: str, value: str, text: str
) -> None:
    receipt = sale()
    for row in receipt[label]:
        row[field] = value
    assert hq.import_rows(receipt) in ("PartiallySucceeded", "Failed")
    assert any(text in error for error in hq.errors()), hq.errors()


def test_one_bad_receipt_does_not_stop_its_neighbour(hq: Headquarters) -> None:
    bad = sale("367-1-99")
    bad[PAYMENTS][0]["TenderType"] = bad[PAYMENTS][1]["TenderType"] = "77"
    assert hq.import_rows(together(sale(), bad)) == "PartiallySucceeded"
    assert hq.counts()[PAYMENTS] == (2, 0, 2)
    assert {row["TransactionNumber"] for row in hq.rows("RetailTransactions")} == {"367-1-17", "367-1-99"}


def test_the_keys_of_failed_rows_come_in_a_file_that_takes_a_while(hq: Headquarters) -> None:
    receipt = sale()
    receipt[TAXES][0]["TaxCode"] = "NOPE"
    hq.import_rows(receipt)
    asked = {"executionId": "run-1", "entityName": TAXES}
    assert hq.value("GetImportTargetErrorKeysFileUrl", asked) == ""
    assert hq.value("GenerateImportTargetErrorKeysFile", asked) is True
    url = hq.value("GetImportTargetErrorKeysFileUrl", asked)
    rows = list(csv.DictReader(io.StringIO(hq.http.get(url).content.decode("utf-8-sig"))))
    assert rows == [
        {
            "dataAreaId": "usrt", "Terminal": "367-1", "TransactionNumber": "367-1-17", "SalesLineNumber": "1",
            "TaxCode": "NOPE", "OperatingUnitNumber": "OU367",
        }
    ]  # fmt: skip
    assert hq.value("GenerateImportTargetErrorKeysFile", {**asked, "entityName": HEADERS}) is False


def test_rows_that_did_not_reach_staging_come_in_a_file_of_their_own(hq: Headquarters) -> None:
    receipt = sale()
    receipt[TAXES][0]["TaxAmount"] = "four"
    hq.import_rows(receipt)
    asked = {"executionId": "run-1", "entityName": TAXES}
    text = hq.http.get(hq.value("GetImportStagingErrorFileUrl", asked)).content.decode("utf-8-sig")
    assert (
        text.splitlines()[1]
        == "1,Cannot convert the value 'four' of field 'TaxAmount' to the type 'Decimal'."
    )
    assert hq.value("GetImportStagingErrorFileUrl", {**asked, "entityName": HEADERS}) == ""
    assert hq.value("GetExecutionSummaryPageUrl", {"executionId": "run-1"}).startswith("https://")


def test_children_whose_header_fails_are_orphans_and_do_not_stay(hq: Headquarters) -> None:
    receipt = sale()
    receipt[HEADERS][0]["Currency"] = "XXX"
    assert hq.import_rows(receipt) == "Failed"
    assert hq.rows("RetailTransactionSalesLinesV2") == []
    assert hq.counts()[LINES] == (0, 0, 1)


def test_an_unmapped_column_is_ignored(hq: Headquarters) -> None:
    receipt = sale()
    receipt[HEADERS][0]["Whatever"] = "1"
    hq.submit(package_of(receipt, left_out=["Whatever"]))
    assert hq.wait() == "Succeeded"


def test_a_second_import_is_refused_while_one_runs(hq: Headquarters) -> None:
    hq.sim("faults", {"kind": "slow_start", "seconds": 1})
    first, second = hq.upload(package_of(sale())), hq.upload(package_of(return_of_one()))
    assert hq.import_from(first, "run-1").status_code == 200
    refused = hq.import_from(second, "run-2")
    assert refused.status_code == 400
    assert "must not run in parallel" in refused.text
    not_started = hq.action("GetExecutionSummaryStatus", {"executionId": "run-1"})
    assert not_started.status_code == 400
    assert "were not found" in not_started.text
    assert hq.wait("run-1") == "Succeeded"
    assert hq.import_from(second, "run-2").status_code == 200
    assert hq.wait("run-2") == "Succeeded"


def test_an_address_that_has_expired_takes_nothing(hq: Headquarters) -> None:
    good = hq.upload(package_of(sale()))
    hq.sim("switches", {"sas_seconds": 0})
    url = json.loads(hq.value("GetAzureWriteUrl", {"uniqueFileName": "late.zip"}))["BlobUrl"]
    answer = hq.http.put(url, content=b"x", headers={"x-ms-blob-type": "BlockBlob"})
    assert answer.status_code == 403
    assert hq.import_from(url).status_code == 400
    assert hq.import_from(good).status_code == 200
    assert hq.wait() == "Succeeded"


def test_an_upload_needs_its_blob_type_and_no_token(hq: Headquarters) -> None:
    url = json.loads(hq.value("GetAzureWriteUrl", {"uniqueFileName": "one.zip"}))["BlobUrl"]
    assert hq.http.put(url, content=b"x").status_code == 400
    with_token = {"x-ms-blob-type": "BlockBlob", **hq.bearer}
    assert hq.http.put(url, content=b"x", headers=with_token).status_code == 403
    assert (
        hq.http.put(
            url.replace("sig=", "sig=A"), content=b"x", headers={"x-ms-blob-type": "BlockBlob"}
        ).status_code
        == 403
    )


def test_an_answer_can_get_lost_after_the_work_is_done(hq: Headquarters) -> None:
    hq.sim("faults", {"kind": "lose_answer", "action": "ImportFromPackage", "times": 1})
    url = hq.upload(package_of(sale()))
    with pytest.raises(httpx.TransportError):
        hq.import_from(url)
    assert hq.wait() == "Succeeded"
    assert len(hq.rows("RetailTransactions")) == 1
    assert [one["fired"] for one in hq.sim("faults")["faults"]] == [1]


def test_a_silent_environment_answers_nothing_and_does_nothing(hq: Headquarters) -> None:
    hq.sim("faults", {"kind": "silent", "times": 1})
    with pytest.raises(httpx.TransportError):
        hq.get("RetailStores")
    assert hq.get("RetailStores").status_code == 200


def test_a_busy_environment_says_when_to_come_again(hq: Headquarters) -> None:
    hq.sim(
        "faults",
        {
            "kind": "throttle",
            "from": "2000-01-01T00:00:00Z",
            "until": "2999-01-01T00:00:00Z",
            "retry_after_seconds": 60,
        },
    )
    answer = hq.get("RetailStores")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert "high resource utilization" in answer.text
    hq.http.delete("/_sim/faults")
    assert hq.get("RetailStores").status_code == 200


def test_a_window_that_has_passed_harms_nobody(hq: Headquarters) -> None:
    hq.sim(
        "faults",
        {
            "kind": "throttle",
            "from": "2000-01-01T00:00:00Z",
            "until": "2000-01-02T00:00:00Z",
            "retry_after_seconds": 60,
        },
    )
    assert hq.get("RetailStores").status_code == 200


def test_some_rows_can_be_made_to_fail(hq: Headquarters) -> None:
    hq.sim("faults", {"kind": "partial", "entity": LINES, "rows": 1})
    assert hq.import_rows(together(sale(), return_of_one())) == "PartiallySucceeded"
    assert hq.counts()[LINES] == (1, 0, 1)


def test_succeeded_can_be_a_lie(hq: Headquarters) -> None:
    hq.sim("faults", {"kind": "zero_rows"})
    assert hq.import_rows(sale()) == "Succeeded"
    assert hq.counts()[HEADERS] == (0, 0, 0)


def test_calls_are_counted_by_place_and_kind(hq: Headquarters) -> None:
    hq.import_rows(sale())
    calls = hq.sim("calls")
    assert calls["d365"]["by_kind"]["POST ImportFromPackage"] == 1
    assert calls["blob"]["total"] == 1
    assert calls["token"]["total"] == 1


def test_a_large_package_does_not_stop_other_calls(hq: Headquarters) -> None:
    receipts = together(*(sale(f"367-1-{number}") for number in range(7_000)))
    lines = [{**row, "LineNumber": str(line)} for row in receipts[LINES] for line in (1, 2, 3)]
    receipts[LINES] = lines
    slowest = 0.0
    done = threading.Event()
    hq.submit(package_of(receipts))
    started = time.monotonic()
    while not done.is_set():
        asked = time.monotonic()
        answer = hq.action("GetExecutionSummaryStatus", {"executionId": "run-1"})
        slowest = max(slowest, time.monotonic() - asked)
        if answer.status_code == 200 and answer.json()["value"] == "Succeeded":
            done.set()
    print(
        f"{sum(map(len, receipts.values()))} rows in {time.monotonic() - started:.1f} s, slowest answer {slowest:.2f} s"
    )
    assert hq.counts()[LINES] == (21_000, 0, 0)


def test_the_manifest_decides_the_order(hq: Headquarters) -> None:
    assert table([{"a": "1,2"}]) == 'a\r\n"1,2"\r\n'
    assert hq.import_rows(sale()) == "Succeeded"
    names = [
        one["EntityName"] for one in hq.value("GetEntityExecutionSummaryStatusList", {"executionId": "run-1"})
    ]
    assert names[-1] == HEADERS


def test_an_execution_id_may_be_used_twice_unless_it_is_refused(hq: Headquarters) -> None:
    hq.import_rows(sale())
    assert hq.import_rows(sale()) == "Succeeded"
    assert hq.sim("state")["import_runs"] == 2
    hq.sim("switches", {"repeated_execution_id": "refuse"})
    assert hq.submit(package_of(sale())).status_code == 400


def test_a_company_nobody_set_up_takes_no_import(hq: Headquarters) -> None:
    answer = hq.submit(package_of(sale()), company="demf")
    assert answer.status_code == 400
    assert "The company 'demf' does not exist" in answer.text


def test_a_column_with_another_company_than_the_imports_is_an_error(hq: Headquarters) -> None:
    receipt = sale()
    receipt[HEADERS][0]["dataAreaId"] = "gbsi"
    assert hq.import_rows(receipt) == "Failed"


@pytest.mark.parametrize(
    "body",
    [
        {"store": []},
        {"terminals": [{"TerminalNumber": "1", "StoreNumber": "999"}]},
        {"terminals": [{"TerminalNumber": "367-1"}]},
        {"items": [{"dataAreaId": "usrt", "ItemNumber": "1", "SalesUnitSymbol": "ea", "Colour": "red"}]},
    ],
)
def test_a_set_up_that_makes_no_sense_is_refused(hq: Headquarters, body: object) -> None:
    assert hq.http.post("/_sim/setup", json=body).status_code == 400


def test_a_program_of_its_own_says_where_it_listens_and_ends_when_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "--port", "0", "--folder", str(tmp_path)]
    top = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=top, text=True) as program:
        assert program.stdout is not None
        ready = json.loads(program.stdout.readline())
        assert (ready["ready"], ready["ca"]) == (True, str(tmp_path / "ca.pem"))
        context = ssl.create_default_context(cafile=ready["ca"])
        with httpx.Client(verify=context) as http:
            assert http.get(f"{ready['url']}/_sim/calls").json()["d365"]["total"] == 0
        program.terminate()
        assert program.wait(20) == 0
