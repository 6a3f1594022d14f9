"""Ways to cheat the simulated headquarters: what D365 would refuse or notice, it refuses or notices too."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.schema import ENTITIES
from simulator.schema import SHIFTS as SHIFT_SET
from simulator.writing import RefusedRowError, delete
from tests.contract.simulator_driver import Headquarters, headquarters, manifest, package_of
from tests.contract.simulator_office import Office
from tests.contract.simulator_receipts import (
    BANKED,
    HEADERS,
    LINES,
    SETUP,
    SHIFTS,
    TAXES,
    drop,
    in_shift,
    return_of_one,
    sale,
    shift,
)

ACCOUNTS = {"BankBagLedgerDimensionDisplayValue": "110150", "SafeAccLedgerDimensionDisplayValue": "110160"}
BANKING = {
    **SETUP,
    "tender_types": [{**SETUP["tender_types"][0], **ACCOUNTS}, *SETUP["tender_types"][1:]],
}


def posted(*receipts: dict[str, Any], setup: dict[str, Any] = SETUP) -> Office:
    office = Office(setup)
    for receipt in receipts:
        office.put(receipt)
    assert office.validate()["errors"] == 0, office.broken_rules()
    office.post()
    return office


def doubled(office: Office) -> dict[str, str]:
    return {one["TransactionNumber"].lower(): one["times"] for one in office.books.ledger.double_postings()}


def test_a_posted_receipt_sent_again_in_capitals_is_a_double_posting() -> None:
    office = posted(sale("east:t1"))
    office.put(sale("EAST:T1"))
    office.validate()
    office.post()
    assert doubled(office) == {"east:t1": "2"}


def test_a_comment_written_into_a_posted_header_makes_it_ready_to_be_posted_again() -> None:
    office = posted(sale("A"))
    office.put({HEADERS: [{**key_of_header("A"), "Comment": "checked"}]})
    office.validate()
    office.post()
    assert doubled(office) == {"a": "2"}


def key_of_header(number: str) -> dict[str, Any]:
    header = sale(number)[HEADERS][0]
    return {name: header[name] for name in ("OperatingUnitNumber", "Terminal", "TransactionNumber")}


def test_a_posted_receipt_reopened_deleted_and_sent_again_is_a_double_posting() -> None:
    office = posted(sale("A"))
    office.put({HEADERS: sale("A")[HEADERS]})
    header = ENTITIES["RetailTransactions"]
    [key] = office.world.database.tables["RetailTransactions"]
    delete(office.world.database, office.world.switches, header, key)
    office.put(sale("A"))
    assert office.validate()["errors"] == 0
    office.post()
    assert doubled(office) == {"a": "2"}


def test_a_bank_drop_moved_to_another_shift_after_its_statement_is_a_double_posting() -> None:
    office = posted(in_shift(sale("A")), drop("B1", BANKED, "20"), setup=BANKING)
    office.put({SHIFTS: [shift(1, "08:00", "12:00")]})
    [statement] = office.post_financial()
    assert statement["state"] == "Posted", statement["ErrorMessage"]
    assert doubled(office) == {}
    office.put({HEADERS: in_shift(drop("B1", BANKED, "20"), "2")[HEADERS]})
    office.put({SHIFTS: [shift(2, "13:00", "17:00")]})
    office.post_financial()
    assert office.accounts()["110150", "account"] == 40
    assert doubled(office) == {"b1": "2"}


def test_a_shift_in_a_statement_is_neither_deleted_nor_changed() -> None:
    office = posted(in_shift(sale("A")), drop("B1", BANKED, "20"), setup=BANKING)
    office.put({SHIFTS: [shift(1, "08:00", "12:00")]})
    office.post_financial()
    office.put({SHIFTS: [shift(1, "08:00", "12:00")]})
    [key] = office.world.database.tables[SHIFT_SET]
    with pytest.raises(RefusedRowError, match="it belongs to statement STMT-"):
        delete(office.world.database, office.world.switches, ENTITIES[SHIFT_SET], key)
    with pytest.raises(RefusedRowError, match="is in statement STMT-"):
        office.put({SHIFTS: [shift(1, "08:00", "12:00", Status="Open")]})


def test_an_item_deleted_after_its_sale_fails_the_validation() -> None:
    office = Office(SETUP)
    office.put(sale("A"))
    office.set_up({"removed": [{"section": "items", "key": ["usrt", "1004906"]}]})
    assert office.validate()["errors"] == 1
    assert office.broken_rules() == {"Item variant exists"}


def test_an_item_deleted_after_the_validation_stops_the_statement_until_it_is_back() -> None:
    office = Office(SETUP)
    office.put(sale("A"))
    office.validate()
    office.set_up({"removed": [{"section": "items", "key": ["usrt", "1004906"]}]})
    [statement] = office.post()
    assert statement["state"] == "Aggregated"
    assert statement["ErrorMessage"] == "Item number 1004906 does not exist."
    office.set_up({"items": SETUP["items"]})
    [statement] = office.post()
    assert statement["state"] == "Posted"
    assert doubled(office) == {}


def test_a_line_that_was_voided_cannot_come_back() -> None:
    sold = sale("A")
    second = {**sold[LINES][0], "LineNumber": "2", "TransactionStatus": "Voided"}
    sold[LINES].append(second)
    office = posted(sold)
    back = return_of_one("B", of="A")
    back[LINES][0]["ReturnLineNumber"] = "2"
    office.put(back)
    assert office.validate()["errors"] == 0
    [statement] = office.post()
    assert statement["ErrorMessage"] == "Line 2 of transaction a sold 0; 1 would be returned."


def test_a_receipt_in_another_currency_than_its_store_is_not_posted() -> None:
    pounds = sale("A")
    pounds[HEADERS][0]["Currency"] = "GBP"
    office = Office(SETUP)
    office.put(pounds)
    office.validate()
    [statement] = office.post()
    assert statement["ErrorMessage"] == "Transaction A is in GBP; store 367 keeps USD."
    assert office.books.ledger.lines == []


def test_what_is_written_while_the_job_is_at_another_store_day_is_not_posted_unvalidated() -> None:
    other = sale("B")
    other[HEADERS][0] |= {"businessDate": "2017-12-24T12:00:00Z", "TransactionDate": "2017-12-24T12:00:00Z"}
    office = Office(SETUP)
    office.put(sale("A"))
    office.put(other)
    office.validate()

    async def story() -> None:
        job = asyncio.create_task(office.books.post_transactional())
        await asyncio.sleep(0)
        office.put(other)
        await job

    asyncio.run(story())
    assert [one.transaction_number for one in office.books.ledger.receipts] == ["A"]
    assert office.receipt("B").statement == ""


@pytest.fixture
def hq(tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(tmp_path, SETUP) as running:
        yield running


def refused_part(hq: Headquarters, *heads: str, body: bool = True) -> httpx.Response:
    """Send a changeset of two lines-to-be whose parts have these headers."""
    request = (
        "PATCH /data/RetailTransactions(dataAreaId='usrt',TransactionNumber='A',OperatingUnitNumber='OU367',"
    )
    request += "Terminal='367-1')?cross-company=true HTTP/1.1\r\n"
    request += "Content-Type: application/json\r\n" if body else ""
    parts = "".join(f"--c\r\n{head}\r\n\r\n{request}\r\n{{}}\r\n" for head in heads)
    content = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{parts}--c--\r\n--b--\r\n"
    headers = {**hq.bearer, "Content-Type": "multipart/mixed; boundary=b"}
    return hq.http.post("/data/$batch", content=content.encode(), headers=headers)


KIND, BINARY = "Content-Type: application/http", "Content-Transfer-Encoding: binary"


def test_a_changeset_says_of_each_part_what_it_is(hq: Headquarters) -> None:
    hq.import_rows(sale("A"))
    good = [f"{KIND}\r\n{BINARY}\r\nContent-ID: {number}" for number in (1, 2)]
    assert re.findall(r"^HTTP/1\.1 (\d+)", refused_part(hq, *good).text, re.MULTILINE) == ["204", "204"]
    wrong = {
        "no type": [f"{BINARY}\r\nContent-ID: 1"],
        "another type": [f"Content-Type: text/plain\r\n{BINARY}\r\nContent-ID: 1"],
        "no encoding": [f"{KIND}\r\nContent-ID: 1"],
        "no content id": [f"{KIND}\r\n{BINARY}"],
        "a content id twice": [f"{KIND}\r\n{BINARY}\r\nContent-ID: 1"] * 2,
    }
    answers = {why: refused_part(hq, *heads).status_code for why, heads in wrong.items()}
    assert answers == dict.fromkeys(wrong, 400)


def test_a_write_says_that_it_is_json(hq: Headquarters) -> None:
    hq.import_rows(sale("A"))
    good = f"{KIND}\r\n{BINARY}\r\nContent-ID: 1"
    assert "HTTP/1.1 415" in refused_part(hq, good, body=False).text
    key = "(dataAreaId='usrt',TransactionNumber='A',OperatingUnitNumber='OU367',Terminal='367-1')"
    address, headers = f"/data/RetailTransactions{key}?cross-company=true", {**hq.bearer}
    assert hq.http.patch(address, content=b"{}", headers=headers).status_code == 415
    twice = hq.http.patch(
        address, content=b'{"Comment":"P1","Comment":"P2"}', headers=headers | {"Content-Type": "application/json"}
    )  # fmt: skip
    assert (twice.status_code, "more than once" in twice.text) == (400, True)


def test_a_package_names_an_entity_once_and_a_field_once(hq: Headquarters) -> None:
    rows = sale("A")
    whole = manifest(rows)
    entity = re.search(r"<DataManagementPackageEntityData>.*?</DataManagementPackageEntityData>", whole)
    assert entity is not None
    doubled_entity = whole.replace("<PackageEntityList>", f"<PackageEntityList>{entity[0]}")
    one_map = re.search(r"<EntityMap>.*?</EntityMap>", whole)
    assert one_map is not None
    doubled_field = whole.replace("<EntityMapList>", f"<EntityMapList>{one_map[0]}", 1)
    for text in (doubled_entity, doubled_field):
        answer = hq.submit(package_of(rows, files={"Manifest.xml": text.encode()}))
        assert (answer.status_code, "more than once" in answer.text) == (400, True), answer.text


def test_an_entity_that_the_manifest_disables_is_not_imported(hq: Headquarters) -> None:
    rows = sale("A")
    text = manifest(rows)
    [taxes] = [one for one in re.findall(r"<Disable>.*?</EntityName>", text) if f"<EntityName>{TAXES}" in one]
    disabled = text.replace(taxes, taxes.replace("<Disable>false", "<Disable>true"))
    assert hq.submit(package_of(rows, files={"Manifest.xml": disabled.encode()})).status_code == 200
    assert hq.wait() == "Succeeded"
    assert TAXES not in hq.counts()
    assert hq.rows("RetailTransactionTaxLines") == []
