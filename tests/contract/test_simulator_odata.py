"""The simulated headquarters speaks OData as D365 does: companies, filters, pages, keys, ETags, batches, names."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.schema import ENTITIES
from tests.contract.simulator_driver import Headquarters, headquarters
from tests.contract.simulator_receipts import (
    HEADERS,
    LINES,
    PAYMENTS,
    SETUP,
    TAXES,
    Receipt,
    return_of_one,
    sale,
    together,
)

SETS = {
    HEADERS: "RetailTransactions", LINES: "RetailTransactionSalesLinesV2", PAYMENTS: "RetailTransactionPaymentLinesV2",
    TAXES: "RetailTransactionTaxLines",
}  # fmt: skip
KEY = "RetailTransactions(dataAreaId='usrt',TransactionNumber='367-1-17',OperatingUnitNumber='OU367',Terminal='367-1')"


@pytest.fixture
def hq(tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(tmp_path, SETUP) as running:
        yield running


def numbers(hq: Headquarters, text: str) -> list[str]:
    return [
        row["TransactionNumber"]
        for row in hq.rows("RetailTransactions", filter=text, orderby="TransactionNumber")
    ]


def test_filters_compare_texts_numbers_instants_and_members(hq: Headquarters) -> None:
    late = sale("B")
    late[HEADERS][0] |= {
        "businessDate": "2017-12-24T12:00:00Z",
        "TransactionTime": "40000",
        "Comment": "it's P2",
    }
    assert hq.import_rows(together(sale("A"), late)) == "Succeeded"
    sales = "TransactionType eq Microsoft.Dynamics.DataEntities.RetailTransactionType'Sales'"
    assert numbers(hq, "Comment eq 'P1'") == ["A"]
    assert numbers(hq, "Comment eq 'IT''S p2'") == ["B"]
    assert numbers(hq, "Comment eq '*P*'") == ["A", "B"]
    assert numbers(hq, "TransactionNumber gt 'A' or TransactionNumber eq 'A'") == ["A", "B"]
    assert numbers(hq, "GrossAmount lt 0 and (TransactionTime ge 40000 or Comment eq 'none')") == ["B"]
    assert numbers(hq, "businessDate le 2017-12-23T12:00:00Z") == ["A"]
    assert numbers(hq, f"{sales} and not (Terminal ne '367-1')") == ["A", "B"]
    assert (
        numbers(hq, "TransactionType ne Microsoft.Dynamics.DataEntities.RetailTransactionType'Sales'") == []
    )


def test_a_filter_may_name_very_many_rows(hq: Headquarters) -> None:
    hq.import_rows(together(sale("A"), sale("B")))
    many = " or ".join(
        f"(TransactionNumber eq 'X{number}' and Terminal eq '367-1')" for number in range(3_000)
    )
    body = f"{many} or (TransactionNumber eq 'B' and Terminal eq '367-1')"
    part = f"GET /data/RetailTransactions?$filter={urllib.parse.quote(body)} HTTP/1.1"
    content = f"--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{part}\r\n\r\n\r\n--b--\r\n"
    headers = {**hq.bearer, "Content-Type": "multipart/mixed; boundary=b"}
    answer = hq.http.post("/data/$batch", content=content.encode(), headers=headers)
    assert ('"TransactionNumber":"B"' in answer.text, '"TransactionNumber":"A"' in answer.text) == (
        True,
        False,
    )


def test_filters_calculate(hq: Headquarters) -> None:
    late = sale("B")
    late[HEADERS][0] |= {"TransactionTime": "40001"}
    assert hq.import_rows(together(sale("A"), late)) == "Succeeded"
    assert numbers(hq, "GrossAmount sub NetAmount eq -4") == ["A", "B"]
    assert numbers(hq, "TransactionTime add 1 eq 40002") == ["B"]
    assert numbers(hq, "TransactionTime mod 2 eq 1") == ["B"]
    assert numbers(hq, "TransactionTime div 7 eq 5714") == ["B"]
    assert numbers(hq, "GrossAmount div 7 lt -3.42 and GrossAmount div 7 gt -3.43") == ["A", "B"]
    assert numbers(hq, "(TransactionTime add 1) mul 2 ge 80004 and not (Comment eq 'P2')") == ["B"]
    assert numbers(hq, "2 add 3 mul 4 eq 14 and TransactionNumber eq 'A'") == ["A"]
    by_zero = hq.get("RetailTransactions", **{"$filter": "GrossAmount div (TransactionTime sub 36000) gt 1"})
    assert (by_zero.status_code, "Divide by zero" in by_zero.text) == (400, True)


@pytest.mark.parametrize(
    "text",
    [
        "Coment eq 'P1'", "GrossAmount eq '1'", "businessDate eq 2017-12-23", "TransactionType eq 'Sales'",
        "TransactionType gt Microsoft.Dynamics.DataEntities.RetailTransactionType'Sales'", "Comment eq 'P1' and",
        "Comment add 1 eq 2", "GrossAmount add 1", "Comment", "contains(Comment,'P')", "not Comment eq 'P1'", "eq eq eq",
        "TransactionType has Microsoft.Dynamics.DataEntities.RetailTransactionType'Sales'", "GrossAmount eq Comment",
        "Comment eq 'P1", "(Comment eq 'P1'", "Comment in ('P1')",
        "TransactionType eq Microsoft.Dynamics.DataEntities.RetailTransactionType'Sale'",
    ],
)  # fmt: skip
def test_a_filter_d365_would_not_read_is_refused(hq: Headquarters, text: str) -> None:
    assert hq.get("RetailTransactions", **{"$filter": text}).status_code == 400


def test_pages_follow_each_other_to_the_end(hq: Headquarters) -> None:
    hq.import_rows(together(*(sale(f"T{number}") for number in range(5))))
    address, seen = (
        "/data/RetailTransactions?cross-company=true&$select=TransactionNumber&$orderby=TransactionNumber",
        [],
    )
    pages = 0
    while address:
        answer = hq.http.get(address, headers={**hq.bearer, "Prefer": "odata.maxpagesize=2"}).json()
        seen += [row["TransactionNumber"] for row in answer["value"]]
        address, pages = answer.get("@odata.nextLink", ""), pages + 1
    assert (seen, pages) == (["T0", "T1", "T2", "T3", "T4"], 3)
    counted = hq.get("RetailTransactions", **{"$count": "true", "$top": "1", "$skip": "3"}).json()
    assert (counted["@odata.count"], len(counted["value"]), "@odata.nextLink" in counted) == (5, 1, False)


def test_a_set_is_counted_without_being_read(hq: Headquarters) -> None:
    hq.import_rows(together(*(sale(f"T{number}") for number in range(3))))
    answer = hq.get("RetailTransactions/$count", **{"$filter": "TransactionNumber ge 'T1'"})
    assert (answer.text, answer.headers["Content-Type"].split(";")[0]) == ("2", "text/plain")
    assert hq.get("RetailTransactions/$count", **{"$top": "1"}).status_code == 400
    assert hq.get("RetailTransactions/Comment").status_code == 404


def test_a_page_never_has_more_than_ten_thousand_rows(hq: Headquarters) -> None:
    row = sale()[TAXES][0]
    hq.sim("switches", {"child_without_header": "accept"})
    assert (
        hq.import_rows({TAXES: [{**row, "SalesLineNumber": str(number)} for number in range(10_001)]})
        == "Succeeded"
    )
    headers = {**hq.bearer, "Prefer": "odata.maxpagesize=20000"}
    first = hq.http.get("/data/RetailTransactionTaxLines?$select=TaxCode", headers=headers).json()
    assert len(first["value"]) == 10_000
    assert len(hq.http.get(first["@odata.nextLink"], headers=headers).json()["value"]) == 1


def test_a_header_leads_to_no_lines_and_one_level_is_all(hq: Headquarters) -> None:
    hq.import_rows(sale())
    expanded = hq.get(f"{KEY}?$expand=RetailGiftCardTransactions&$select=Comment").json()
    assert (expanded["Comment"], expanded["RetailGiftCardTransactions"]) == ("P1", [])
    for wrong in (
        "SalesLines",
        "RetailGiftCardTransactions/RetailGiftCard",
        "RetailGiftCardTransactions($expand=X)",
    ):
        answer = hq.get("RetailTransactions", **{"$expand": wrong})
        assert answer.status_code == 400, wrong


def test_a_write_stays_in_the_company_it_names(tmp_path: Path) -> None:
    first_other = {**SETUP, "legal_entities": [SETUP["legal_entities"][1], SETUP["legal_entities"][0]]}
    with headquarters(tmp_path, first_other) as hq:
        row = json.loads(json_row(sale()[HEADERS][0], SETS[HEADERS]))
        own = hq.http.post("/data/RetailTransactions", json=row, headers=hq.bearer)
        assert "field 'OperatingUnitNumber' is not found" in own.text
        named = hq.http.post(
            "/data/RetailTransactions", json={**row, "dataAreaId": "usrt"}, headers=hq.bearer
        )
        assert (named.status_code, named.json()["dataAreaId"]) == (201, "usrt")
        change = {"Comment": "other"}
        assert hq.http.patch(f"/data/{KEY}", json=change, headers=hq.bearer).status_code == 404
        crossed = hq.http.patch(f"/data/{KEY}?cross-company=true", json=change, headers=hq.bearer)
        assert crossed.status_code == 204


def test_put_sets_what_it_does_not_name_to_nothing(hq: Headquarters) -> None:
    hq.import_rows(sale())
    whole = {name: text for name, text in hq.get(KEY).json().items() if not name.startswith("@")}
    del whole["Comment"]
    assert hq.http.put(f"/data/{KEY}", json=whole, headers=hq.bearer).status_code == 204
    found = hq.get(KEY).json()
    assert (found["Comment"], found["RreceiptId"]) == ("", "367-1-0017")
    key_changed = hq.http.patch(f"/data/{KEY}", json={"TransactionNumber": "2"}, headers=hq.bearer)
    assert (key_changed.status_code, "is part of the key" in key_changed.text) == (400, True)


def test_every_answer_names_its_activity_and_errors_have_one_shape(hq: Headquarters) -> None:
    row = json.loads(json_row(sale()[HEADERS][0], SETS[HEADERS]))
    answer = hq.http.post("/data/RetailTransactions", json={**row, "Currency": ""}, headers=hq.bearer)
    assert len(answer.headers["ms-dyn-aid"]) == 36
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["message"]) == (400, "", "An error has occurred.")
    inner = error["innererror"]
    assert inner["message"].startswith(
        "Write failed for table row of type 'RetailTransactionEntity'. Infolog: "
    )
    assert "Field 'Currency' must be filled in" in inner["message"]
    assert inner["type"] == "Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataWriteException"
    assert "stacktrace" in inner


def test_other_companies_are_seen_only_when_asked_for(tmp_path: Path) -> None:
    first_other = {**SETUP, "legal_entities": [SETUP["legal_entities"][1], SETUP["legal_entities"][0]]}
    with headquarters(tmp_path, first_other) as hq:
        hq.import_rows(sale())
        assert hq.get("RetailTransactions").json()["value"] == []
        assert len(hq.rows("RetailTransactions")) == 1
        assert hq.get(KEY).status_code == 404
        assert hq.get(f"{KEY}?cross-company=true").status_code == 200


def test_a_row_is_changed_only_under_its_present_etag(hq: Headquarters) -> None:
    hq.import_rows(sale())
    etag = hq.get(KEY).json()["@odata.etag"]
    headers, change = {**hq.bearer, "If-Match": etag}, {"Comment": "by a person"}
    assert hq.http.patch(f"/data/{KEY}", headers=headers, json=change).status_code == 204
    refused = hq.http.patch(f"/data/{KEY}", headers=headers, json=change)
    assert refused.status_code == 412
    assert refused.json()["error"]["message"] == "An error has occurred."
    assert hq.get(KEY).json()["Comment"] == "by a person"
    assert hq.http.delete(f"/data/{KEY}", headers=hq.bearer).status_code == 204
    assert hq.rows("RetailTransactionSalesLinesV2") == []


def test_every_part_of_a_key_must_be_given(hq: Headquarters) -> None:
    hq.import_rows(sale())
    assert hq.get("RetailTransactions(TransactionNumber='367-1-17')").status_code == 400


def json_row(row: dict[str, Any], odata_set: str) -> str:
    kinds = {name: field.kind for name, field in ENTITIES[odata_set].fields.items()}
    typed = {
        name: int(text)
        if kinds[name] in ("Int32", "Int64")
        else float(text)
        if kinds[name] == "Decimal"
        else text
        for name, text in row.items()
    }
    return json.dumps(typed)


def batch(hq: Headquarters, receipts: list[Receipt], prefer: str = "") -> httpx.Response:
    lines: list[str] = []
    for number, receipt in enumerate(receipts):
        lines += ["--b", f"Content-Type: multipart/mixed; boundary=c{number}", ""]
        for label in (HEADERS, LINES, TAXES, PAYMENTS):
            for row in receipt[label]:
                lines += [
                    f"--c{number}", "Content-Type: application/http", "Content-Transfer-Encoding: binary",
                    f"Content-ID: {len(lines)}", "",
                    f"POST /data/{SETS[label]}?cross-company=true HTTP/1.1", "Content-Type: application/json", "",
                    json_row(row, SETS[label]),
                ]  # fmt: skip
        lines += [f"--c{number}--", ""]
    lines += ["--b--", ""]
    headers = {
        **hq.bearer,
        "Content-Type": "multipart/mixed; boundary=b",
        **({"Prefer": prefer} if prefer else {}),
    }
    return hq.http.post("/data/$batch", content="\r\n".join(lines).encode(), headers=headers)


def test_a_changeset_lands_whole(hq: Headquarters) -> None:
    answer = batch(hq, [sale()])
    assert (answer.status_code, answer.text.count("HTTP/1.1 201 Created")) == (200, 5)
    assert [row["GrossAmount"] for row in hq.rows("RetailTransactions")] == [Decimal("-24.0")]
    assert hq.validate() == {"validated": 1, "errors": 0}


def test_a_changeset_with_one_bad_row_leaves_nothing_behind(hq: Headquarters) -> None:
    bad = sale("BAD")
    bad[PAYMENTS][1]["TenderType"] = "77"
    answer = batch(hq, [bad, sale()], "odata.continue-on-error")
    assert answer.status_code == 200
    assert answer.text.count("HTTP/1.1 400 Bad Request") == 1
    assert (
        "Write failed for table row of type 'RetailTransactionPaymentLineV2Entity'. Infolog: Error: The value '77'"
        in answer.text
    )
    assert numbers(hq, "Terminal eq '367-1'") == ["367-1-17"]
    assert {row["TransactionNumber"] for row in hq.rows("RetailTransactionSalesLinesV2")} == {"367-1-17"}


def test_a_batch_stops_at_the_first_error_unless_told_otherwise(hq: Headquarters) -> None:
    bad = sale("BAD")
    bad[PAYMENTS][1]["TenderType"] = "77"
    batch(hq, [bad, sale()])
    assert hq.rows("RetailTransactions") == []


def test_a_record_that_exists_is_said_to_exist(hq: Headquarters) -> None:
    hq.import_rows(sale())
    answer = batch(hq, [sale()])
    assert answer.status_code == 200
    assert "HTTP/1.1 500 Internal Server Error" in answer.text
    assert "The record already exists." in answer.text


def test_a_child_alone_is_refused(hq: Headquarters) -> None:
    row = json.loads(json_row(sale()[LINES][0], SETS[LINES]))
    answer = hq.http.post(f"/data/{SETS[LINES]}", json=row, headers=hq.bearer)
    assert answer.status_code == 400
    assert "is not found in the related table 'RetailTransactionTable'" in answer.text
    assert hq.rows(SETS[LINES]) == []


def test_results_cannot_be_written(hq: Headquarters) -> None:
    assert hq.http.post("/data/RetailTransactionsAuditable", json={}, headers=hq.bearer).status_code == 405


def test_an_environment_says_what_it_looks_like(hq: Headquarters) -> None:
    answer = hq.http.get("/metadata/PublicEnumerations('RetailPosBatchStatus')", headers=hq.bearer)
    assert [one["Name"] for one in answer.json()["Members"]] == ["None", "Open", "Closed"]
    entity = hq.http.get("/metadata/PublicEntities('RetailTransaction')", headers=hq.bearer).json()
    receipt_id = next(one for one in entity["Properties"] if one["Name"] == "RreceiptId")
    assert (entity["EntitySetName"], receipt_id["TypeName"]) == ("RetailTransactions", "Edm.String")
    assert '<EntitySet Name="RetailPosBatches"' in hq.get("$metadata").text


def test_addresses_may_be_written_percent_encoded(hq: Headquarters) -> None:
    hq.import_rows(sale())
    assert hq.get(urllib.parse.quote(KEY)).status_code == 200


def test_both_routes_store_the_same_rows(tmp_path: Path) -> None:
    stored = []
    for route in ("package", "batch"):
        (tmp_path / route).mkdir()
        with headquarters(tmp_path / route, SETUP) as hq:
            receipts = [sale(), return_of_one()]
            if route == "package":
                assert hq.import_rows(together(*receipts)) == "Succeeded"
            else:
                assert batch(hq, receipts).text.count("HTTP/1.1 201") == 9
            found = {name: hq.rows(name, orderby="TransactionNumber") for name in SETS.values()}
            for rows in found.values():
                for row in rows:
                    del row["@odata.etag"]
            stored.append(found)
    assert [len(rows) for rows in stored[0].values()] == [2, 2, 3, 2]
    assert stored[0] == stored[1]
