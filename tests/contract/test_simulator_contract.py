"""What the simulated environment claims of itself, and that it keeps to it when people change it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.contract.simulator_driver import Headquarters, headquarters, package_of
from tests.contract.simulator_receipts import HEADERS, SETUP, sale

KEY = "RetailTransactions(dataAreaId='usrt',TransactionNumber='367-1-17',OperatingUnitNumber='OU367',Terminal='367-1')"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@pytest.fixture
def hq(tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(tmp_path, SETUP) as running:
        yield running


def metadata(hq: Headquarters, path: str, **params: str) -> Any:
    answer = hq.http.get(f"/metadata/{path}", params=params, headers=hq.bearer)
    assert answer.status_code == 200, answer.text
    return answer.json()


def public_fields(hq: Headquarters, name: str) -> dict[str, dict[str, Any]]:
    return {one["Name"]: one for one in metadata(hq, f"PublicEntities('{name}')")["Properties"]}


def edmx_properties(hq: Headquarters, name: str) -> dict[str, dict[str, str]]:
    root = ElementTree.fromstring(hq.get("$metadata").text)  # noqa: S314 - our own simulator wrote it
    found = next(one for one in root.iter(f"{EDM}EntityType") if one.get("Name") == name)
    return {one.attrib["Name"]: one.attrib for one in found.iter(f"{EDM}Property")}


def test_metadata_says_what_every_property_is(hq: Headquarters) -> None:
    fields = public_fields(hq, "RetailTransaction")
    assert (fields["GrossAmount"]["TypeName"], fields["GrossAmount"]["DataType"]) == ("Edm.Decimal", "Real")
    assert (fields["businessDate"]["DataType"], fields["TransactionTime"]["DataType"]) == ("Date", "Time")
    assert fields["TransactionStatus"]["TypeName"] == "Microsoft.Dynamics.DataEntities.RetailEntryStatus"
    assert (fields["Terminal"]["IsKey"], fields["Terminal"]["AllowEdit"]) == (True, False)
    assert (fields["Currency"]["IsMandatory"], fields["Comment"]["IsMandatory"]) == (True, False)
    shown = edmx_properties(hq, "RetailTransaction")
    assert shown["RreceiptId"] == {"Name": "RreceiptId", "Type": "Edm.String", "MaxLength": "18"}
    assert shown["BatchID"] == {"Name": "BatchID", "Type": "Edm.Int64", "Nullable": "false"}
    assert shown["Terminal"]["Nullable"] == "false"


def test_lists_of_metadata_can_be_filtered_and_cut(hq: Headquarters) -> None:
    found = metadata(hq, "PublicEntities", **{"$filter": "contains(tolower(Name), 'retailtransactionsales')"})
    assert [one["EntitySetName"] for one in found["value"]] == ["RetailTransactionSalesLinesV2"]
    cut = metadata(
        hq, "PublicEnumerations", **{"$skip": "1", "$top": "2", "$select": "Name", "$count": "true"}
    )
    assert [one["Name"] for one in cut["value"]] == ["RetailTransactionType", "RetailEntryStatus"]
    assert cut["@odata.count"] > 20
    listed = metadata(
        hq, "DataEntities", **{"$filter": "Name eq 'RetailPosBatchEntity' and IsReadOnly eq false"}
    )
    assert [(one["PublicCollectionName"], one["DataManagementEnabled"]) for one in listed["value"]] == [
        ("RetailPosBatches", True)
    ]
    assert hq.http.get("/metadata/PublicEntities?$filter=Name like 'x'", headers=hq.bearer).status_code == 400
    assert hq.http.get("/metadata/PublicEntities('Nothing')", headers=hq.bearer).status_code == 404


def test_a_label_has_a_text(hq: Headquarters) -> None:
    label = metadata(hq, "PublicEntities('RetailPosBatch')")["LabelId"]
    assert metadata(hq, f"Labels(Id='{label}',Language='en-US')")["Value"] == "Shifts"
    assert hq.http.get("/metadata/Labels(Id='@SYS1',Language='en-US')", headers=hq.bearer).status_code == 404


def test_an_environment_names_its_version_and_its_actions(hq: Headquarters) -> None:
    asked = "/data/DataManagementEntities/Microsoft.Dynamics.DataEntities.GetApplicationVersion"
    assert hq.http.post(asked, json={}, headers=hq.bearer).json()["value"].startswith("10.0.")
    assert '<Action Name="ImportFromPackage" IsBound="true"' in hq.get("$metadata").text
    actions = metadata(hq, "PublicEntities('DataManagementDefinitionGroup')")["Actions"]
    assert "GetExecutionSummaryStatus" in [one["Name"] for one in actions]
    nobody = asked.replace("GetApplicationVersion", "Nothing")
    assert hq.http.post(nobody, json={}, headers=hq.bearer).status_code == 404


def test_a_renamed_field_is_not_known_by_its_old_name(hq: Headquarters) -> None:
    hq.import_rows(sale())
    hq.sim(
        "contract",
        {"rename_fields": [{"set": "RetailTransactions", "field": "RreceiptId", "to": "ReceiptId"}]},
    )
    assert "RreceiptId" not in public_fields(hq, "RetailTransaction")
    assert "ReceiptId" in edmx_properties(hq, "RetailTransaction")
    assert hq.get("RetailTransactions", **{"$select": "RreceiptId"}).status_code == 400
    assert hq.get(KEY).json()["ReceiptId"] == "367-1-0017"
    changed = hq.http.patch(f"/data/{KEY}", json={"RreceiptId": "1"}, headers=hq.bearer)
    assert (changed.status_code, "RreceiptId" in changed.text) == (400, True)
    assert hq.http.patch(f"/data/{KEY}", json={"ReceiptId": "1"}, headers=hq.bearer).status_code == 204
    assert hq.import_rows(sale(), "run-2") in ("Failed", "PartiallySucceeded")
    assert "Field 'RreceiptId' does not exist in entity Transactions." in hq.errors("run-2")[0]
    assert hq.sim("state")["contract_changes"][0]["rename_fields"][0]["to"] == "ReceiptId"
    hq.http.delete("/_sim/contract")
    assert hq.get(KEY).json()["RreceiptId"] == "1"


def test_a_shortened_field_takes_no_more_than_it_says(hq: Headquarters) -> None:
    hq.sim(
        "contract", {"shorten_fields": [{"set": "RetailTransactions", "field": "RreceiptId", "length": 9}]}
    )
    assert edmx_properties(hq, "RetailTransaction")["RreceiptId"]["MaxLength"] == "9"
    assert hq.import_rows(sale()) in ("Failed", "PartiallySucceeded")
    assert any("longer than the maximum of 9" in one for one in hq.errors())
    hq.sim("switches", {"metadata_lengths": "omit"})
    assert "MaxLength" not in hq.get("$metadata").text


def test_a_field_of_another_type_takes_and_gives_that_type(hq: Headquarters) -> None:
    hq.import_rows(sale())
    hq.sim(
        "contract",
        {"retype_fields": [{"set": "RetailTransactions", "field": "NumberOfItems", "type": "String"}]},
    )
    assert public_fields(hq, "RetailTransaction")["NumberOfItems"]["TypeName"] == "Edm.String"
    assert hq.get(KEY).json()["NumberOfItems"] == "2"
    assert hq.http.patch(f"/data/{KEY}", json={"NumberOfItems": 3}, headers=hq.bearer).status_code == 400
    assert hq.http.patch(f"/data/{KEY}", json={"NumberOfItems": "3"}, headers=hq.bearer).status_code == 204
    hq.http.delete("/_sim/contract")
    assert hq.get(KEY).json()["NumberOfItems"] == 3


def test_a_removed_member_is_no_member(hq: Headquarters) -> None:
    hq.sim("contract", {"remove_members": [{"enum": "RetailTransactionType", "member": "Sales"}]})
    members = metadata(hq, "PublicEnumerations('RetailTransactionType')")["Members"]
    assert "Sales" not in [one["Name"] for one in members]
    assert '<Member Name="Sales" Value="2"/>' not in hq.get("$metadata").text
    assert hq.import_rows(sale()) in ("Failed", "PartiallySucceeded")
    asked = "TransactionType eq Microsoft.Dynamics.DataEntities.RetailTransactionType'Sales'"
    assert hq.get("RetailTransactions", **{"$filter": asked}).status_code == 400


def test_a_hidden_set_is_not_there_and_packages_still_land(hq: Headquarters) -> None:
    hq.sim("contract", {"hide_sets": ["RetailTransactions"]})
    assert hq.get("RetailTransactions").status_code == 404
    assert "RetailTransactions" not in [one["name"] for one in hq.get("").json()["value"]]
    assert '<EntitySet Name="RetailTransactions"' not in hq.get("$metadata").text
    listed = metadata(hq, "DataEntities", **{"$filter": "Name eq 'RetailTransactionEntity'"})["value"][0]
    assert (listed["PublicCollectionName"], listed["DataServiceEnabled"]) == (None, False)
    assert hq.import_rows(sale()) == "Succeeded"


def test_a_removed_field_is_in_no_answer(hq: Headquarters) -> None:
    hq.import_rows(sale())
    hq.sim("contract", {"remove_fields": [{"set": "RetailTransactions", "field": "Comment"}]})
    assert "Comment" not in hq.get(KEY).json()
    assert "Comment" not in public_fields(hq, "RetailTransaction")


def test_another_key_is_asked_for_by_that_key(hq: Headquarters) -> None:
    hq.import_rows(sale())
    keys = ["dataAreaId", "TransactionNumber", "RreceiptId"]
    hq.sim("contract", {"change_keys": [{"set": "RetailTransactions", "keys": keys}]})
    claimed = public_fields(hq, "RetailTransaction").items()
    assert {name for name, one in claimed if one["IsKey"]} == set(keys)
    assert hq.get(KEY).status_code == 400
    found = hq.get(
        "RetailTransactions(dataAreaId='usrt',TransactionNumber='367-1-17',RreceiptId='367-1-0017')"
    )
    assert found.json()["Terminal"] == "367-1"
    without = sale("367-1-18")
    without[HEADERS][0]["RreceiptId"] = ""
    hq.submit(package_of(without), "run-2")
    assert hq.wait("run-2") in ("Failed", "PartiallySucceeded")
    assert any("Field 'RreceiptId' must be filled in." in one for one in hq.errors("run-2"))


@pytest.mark.parametrize(
    "order",
    [
        {"rename_field": []},
        {"rename_fields": [{"set": "RetailTransactions", "field": "ReceiptId", "to": "X"}]},
        {"rename_fields": [{"set": "RetailTransactions", "field": "Comment", "to": "Staff"}]},
        {"rename_fields": [{"set": "RetailTransactions", "field": "Comment"}]},
        {"shorten_fields": [{"set": "RetailTransactions", "field": "GrossAmount", "length": 3}]},
        {"retype_fields": [{"set": "RetailTransactions", "field": "Comment", "type": "Text"}]},
        {"remove_members": [{"enum": "RetailEntryStatus", "member": "Void"}]},
        {"hide_sets": ["RetailTransaction"]},
        {"change_keys": [{"set": "RetailTransactions", "keys": []}]},
    ],
    ids=json.dumps,
)
def test_a_change_that_makes_no_sense_changes_nothing(hq: Headquarters, order: object) -> None:
    assert hq.http.post("/_sim/contract", json=order).status_code == 400
    assert hq.sim("contract")["changes"] == []
