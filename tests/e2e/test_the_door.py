"""The app's door over real HTTP: what comes in well, what comes in badly, who may knock, and what is never kept.

One app for the whole module; `door.Door` holds every answer to what all answers promise (tests/e2e/door.py).
"""

from __future__ import annotations

import gzip
import itertools
import json
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from shared.web.openapi import openapi_document
from tests.e2e.door import DOOR, EAST, NEXT_SECRET, POSLOG, SHOP, STORES, Door, opened
from tests.unit import vendor_calls as vendors
from tests.unit.csv_documents import csv_of
from tests.unit.documents import sale_document, shift_document

Json = dict[str, Any]
XML = Path(__file__).resolve().parents[1] / "fixtures" / "pos" / "poslog" / "sale__every_case.xml"
DAY = "2017-12-23"
ROLES = ("reader", "finance", "store_operations", "retail_systems", "it")
CARD, SPACED, DASHED = "4111111111111111", "4111 1111 1111 1111", "5555-5555-5555-4444"
PLANTED = (CARD, SPACED, "5555555555554444", DASHED, "4111-1111-1111-1111", "378282246310005")
WAIT_SECONDS_MAX = 40.0
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("door")) as found:
        yield found


def sale(**changes: Any) -> Json:
    """A golden sale with a number of its own."""
    return sale_document(next(_numbers), **changes)


def tender(amount: str, number: int = 1) -> Json:
    return {"tender_number": number, "type": "CASH", "code": "CASH", "amount": amount}


def only(response: Any) -> Json:
    """The verdict of a call of one receipt."""
    (found,) = response.json()["results"]
    result: Json = found
    return result


def soon(found: Callable[[], Any]) -> Any:
    """Ask again until there is something, for what happens behind the door."""
    until = time.monotonic() + WAIT_SECONDS_MAX
    while not (value := found()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.2)
    return value


# What comes in well


def test_an_accepted_receipt_has_a_status_url_that_works_for_its_sender_and_for_a_person(door: Door) -> None:
    document = sale()
    response = door.send(document)
    assert response.status_code == 202
    result = only(response)
    assert (result["verdict"], result["transaction_id"]) == ("accepted", document["transaction_id"])
    url = result["status_url"]
    assert url == f"/api/transactions/S1/{EAST}/{document['transaction_id']}"
    by_sender = door.ask("GET", url, headers=door.signed("GET", url))
    by_person = door.desk("reader", "GET", url)
    for answer in (by_sender, by_person):
        body = answer.json()
        assert (answer.status_code, body["transaction_id"]) == (200, document["transaction_id"])
        assert (body["total"], body["business_day"], body["store"]) == ("24.00", DAY, "S1")


def test_the_same_receipt_again_is_a_duplicate_and_other_content_a_conflict(door: Door) -> None:
    document = sale()
    assert door.send(document).status_code == 202
    again = door.send(document)
    assert (again.status_code, only(again)["verdict"]) == (202, "duplicate")
    other = door.send({**document, "operator": "7"})
    assert (other.status_code, only(other)["verdict"]) == (409, "conflict")
    in_company = door.send({**document, "operator": "7"}, sale())
    assert in_company.status_code == 202
    assert [one["verdict"] for one in in_company.json()["results"]] == ["conflict", "accepted"]
    kept = door.desk("reader", "GET", only(again)["status_url"]).json()
    assert kept["content_hash"]


def test_a_conflict_beside_a_held_receipt_is_no_lone_conflict(door: Door) -> None:
    document = sale()
    door.send(document)
    response = door.send({**document, "operator": "7"}, sale(tenders=[tender("1.00")]))
    assert response.status_code == 422
    assert [one["verdict"] for one in response.json()["results"]] == ["conflict", "held"]


@pytest.mark.parametrize(
    "transaction_id",
    ["a/b", "a#b", "a?b=c&d", "~tilde~", "a=b", "=41", "100%", "%41", "%2F", "50%25", "a+b", "a b", "..", "a\\b",
     "a'b", "Größe-7", "日本-1", "🧾", "é" * 200, '"quoted"', "a;b:c,d@e", "<a>"],
)  # fmt: skip
def test_an_id_of_any_characters_is_found_under_its_status_url(door: Door, transaction_id: str) -> None:
    response = door.send(sale(transaction_id=transaction_id))
    assert response.status_code == 202
    url = only(response)["status_url"]
    assert re.fullmatch(r"[A-Za-z0-9/_.=-]+", url), "it must come through every host as it is"
    for headers in (door.signed("GET", url), door.key_of("reader")):
        found = door.ask("GET", url, headers=headers)
        assert (found.status_code, found.json()["transaction_id"]) == (200, transaction_id)


@pytest.mark.parametrize("transaction_id", ["c/d", "c#d?e", "c~d", "c%d", "ç"])
def test_a_person_may_write_an_id_percent_encoded(door: Door, transaction_id: str) -> None:
    door.send(sale(transaction_id=transaction_id))
    found = door.desk("reader", "GET", f"/api/transactions/S1/{EAST}/{quote(transaction_id, safe='')}")
    assert (found.status_code, found.json()["transaction_id"]) == (200, transaction_id)


def test_five_hundred_receipts_of_several_stores_are_taken_in_one_call_and_known_the_next_time(
    door: Door,
) -> None:
    documents = [sale(store=("S1", "S2", "S1")[number % 3]) for number in range(498)]
    bad = [sale(colour="red"), sale(store="S77")]
    response = door.send(*documents[:250], *bad, *documents[250:])
    results = response.json()["results"]
    assert (response.status_code, len(results)) == (202, 500)
    assert [one["index"] for one in results] == list(range(500))
    assert [one["verdict"] for one in results[250:252]] == ["refused", "held"]
    assert {one["verdict"] for one in results[:250] + results[252:]} == {"accepted"}
    again = door.send(*documents)
    assert {one["verdict"] for one in again.json()["results"]} == {"duplicate"}


# What comes in badly, one receipt


def test_an_unbalanced_receipt_is_held_told_by_rule_and_kept(door: Door) -> None:
    response = door.send(sale(tenders=[tender("23.99")]))
    result = only(response)
    assert (response.status_code, result["verdict"]) == (422, "held")
    (problem,) = result["problems"]
    assert (problem["rule"], problem["field"]) == ("I1 balance", "transactions[0].tenders")
    assert problem["expected"] == "captured tenders of 24.00 USD (lines, taxes and rounding)"
    assert problem["found"] == "23.99 USD, a difference of -0.01"
    kept = door.desk("reader", "GET", result["status_url"]).json()
    assert (kept["status"], kept["cause"]) == ("held", "does_not_balance")


def test_a_receipt_of_an_unknown_store_is_kept_under_unknown_and_its_status_url_works(door: Door) -> None:
    for account in (EAST, SHOP):
        response = door.send(sale(store="S9"), account=account)
        result = only(response)
        assert (response.status_code, result["verdict"]) == (422, "held")
        assert result["problems"] == [
            {"rule": "store", "field": "transactions[0].store", "expected": "a store in the stores mapping", "found": "S9"}
        ]  # fmt: skip
        url = result["status_url"]
        assert url.startswith(f"/api/transactions/unknown/{account}/")
        kept = door.ask("GET", url, headers=door.signed("GET", url, account=account))
        assert (kept.status_code, kept.json()["cause"]) == (200, "store_unknown")
    stranger = door.ask("GET", url, headers=door.signed("GET", url))
    assert stranger.status_code == 404


def test_amounts_keep_their_currencys_exponent(door: Door) -> None:
    yen = {"store": "J1", "currency": "JPY"}
    assert only(door.send(sale(**yen)))["verdict"] == "accepted"
    line = {**sale()["lines"][0], "gross": "20.50", "net": "20.50", "unit_price": "10.25"}
    response = door.send(sale(**yen, lines=[line], tenders=[tender("24.50")]))
    result = only(response)
    assert (response.status_code, result["verdict"]) == (422, "held")
    assert [(one["rule"], one["field"], one["expected"], one["found"]) for one in result["problems"]] == [
        ("I14 exponent", "transactions[0].tenders[0].amount", "whole units of 1", "24.50"),
        ("I14 exponent", "transactions[0].lines[0].gross", "whole units of 1", "20.50"),
        ("I14 exponent", "transactions[0].lines[0].net", "whole units of 1", "20.50"),
    ]


@pytest.mark.parametrize(
    ("store", "account"), [("S1", "JPY"), ("S1", "EUR"), ("J1", "USD")]
)  # a store's mapping states its currency
def test_a_receipt_in_another_currency_than_its_stores_is_held(door: Door, store: str, account: str) -> None:
    result = only(door.send(sale(store=store, currency=account)))
    assert (result["verdict"], result["problems"][0]["field"]) == ("held", "transactions[0].currency")


def test_a_store_whose_receipts_come_from_another_account_holds_them(door: Door) -> None:
    result = only(door.send(sale(store="A1")))
    assert (result["verdict"], result["problems"][0]["field"]) == ("held", "transactions[0].store")


@pytest.mark.parametrize(
    ("changes", "field", "found"),
    [
        ({"colour": "red"}, "colour", "red"),
        ({"currency": "usd"}, "currency", "usd"),
        ({"currency": None}, "currency", "null"),
        ({"kind": "GIVEAWAY"}, "kind", "GIVEAWAY"),
        ({"completed_at": "2017-12-23T12:00:00"}, "completed_at", "2017-12-23T12:00:00"),
        ({"completed_at": "2017-02-30T12:00:00Z"}, "completed_at", "2017-02-30T12:00:00Z"),
        ({"completed_at": "9999-12-31T23:59:59-12:00"}, "completed_at", "9999-12-31T23:59:59-12:00"),
        ({"business_day": "1066-10-14"}, "business_day", "1066-10-14"),
        ({"transaction_id": ""}, "transaction_id", "an empty text"),
        ({"transaction_id": " T1"}, "transaction_id", " T1"),
        ({"transaction_id": "T\u0000"}, "transaction_id", "T\u0000"),
        ({"transaction_id": "T" * 201}, "transaction_id", "T" * 80),
        ({"store": ["S1"]}, "store", "a list of 1"),
        ({"sequence_number": -1}, "sequence_number", "-1"),
        ({"sequence_number": 10**30}, "sequence_number", "1" + "0" * 30),
        ({"sequence_number": 1.5}, "sequence_number", "1.5"),
        ({"generation": 10_000}, "generation", "10000"),
        ({"lines": {}}, "lines", "an object"),
        ({"tenders": [{}]}, "tenders[0].tender_number", "nothing"),
        ({"tenders": [tender("1e3")]}, "tenders[0].amount", "1e3"),
        ({"tenders": [tender("12,50")]}, "tenders[0].amount", "12,50"),
        ({"tenders": [tender("9" * 29)]}, "tenders[0].amount", "9" * 29),
        ({"tenders": [tender("0." + "1" * 13)]}, "tenders[0].amount", "0." + "1" * 13),
    ],
)
def test_a_receipt_of_the_wrong_shape_is_refused_and_told_where(
    door: Door, changes: Json, field: str, found: str
) -> None:
    response = door.send(sale(**changes))
    result = only(response)
    assert (response.status_code, result["verdict"], result["status_url"]) == (422, "refused", None)
    problem = result["problems"][0]
    assert (problem["rule"], problem["field"]) == ("shape", f"transactions[0].{field}")
    assert problem["found"] == found
    assert problem["expected"]


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "1e400", "1E-400", "9" * 30, "9" * 4000, "0x10", "01", "1e999999999"],
)
def test_a_number_that_is_none_or_beyond_all_bounds_is_answered_in_words(door: Door, number: str) -> None:
    text = json.dumps({"transactions": [sale(tenders=[tender("@")])]}).replace('"@"', number)
    response = door.post(text.encode())
    assert response.status_code in (400, 422)
    assert number not in ("01", "0x10") or response.status_code == 400


def test_a_large_amount_that_adds_up_is_accepted_and_stays_exact(door: Door) -> None:
    line = {**sale()["lines"][0], "gross": "123456789012345.67", "net": "123456789012345.67", "taxes": []}
    line["unit_price"] = None
    response = door.send(sale(lines=[line], tenders=[tender("123456789012345.67")]))
    assert only(response)["verdict"] == "accepted"
    assert door.desk("reader", "GET", only(response)["status_url"]).json()["total"] == "123456789012345.67"


def test_keys_that_stand_twice_are_refused(door: Door) -> None:
    text = json.dumps({"transactions": [sale()]}).replace('"store": "S1"', '"store": "S1", "store": "S2"')
    response = door.post(text.encode())
    assert (response.status_code, only(response)["verdict"]) == (422, "refused")
    text = f'{{"transactions": [], "transactions": [{json.dumps(sale())}]}}'
    assert door.post(text.encode()).status_code == 422


def test_a_receipt_that_nests_too_deep_is_refused_and_nesting_without_end_is_no_json(door: Door) -> None:
    def nested(levels: int) -> bytes:
        extra = '{"a":' * levels + "1" + "}" * levels
        return json.dumps({"transactions": [sale(extra="@")]}).replace('"@"', extra).encode()

    assert only(door.post(nested(20)))["verdict"] == "accepted"
    assert only(door.post(nested(40)))["verdict"] == "refused"
    assert door.post(nested(100_000)).status_code == 400
    assert door.post(b"[" * 1_000_000).status_code == 413  # more parts than any call has, whatever they are


def test_one_bad_receipt_never_stops_its_neighbours(door: Door) -> None:
    response = door.send(sale(), sale(colour="red"), sale(tenders=[]), sale(store="S9"), sale())
    verdicts = [one["verdict"] for one in response.json()["results"]]
    assert (response.status_code, verdicts) == (202, ["accepted", "refused", "held", "held", "accepted"])


# What comes in badly, the whole call


@pytest.mark.parametrize(
    "body",
    [
        b"", b"   ", b"not json", b"{", b"null", b"[]", b'"text"', b"17", b'{"transactions": 1}', b'{"transactions": [}',
        b'{"transactions": [1,]}', b'{"transaction": []}', b'{"transactions": [], "more": 1}', b"\xff\xfe\x00",
        bytes(range(256)), b"\x00" * 1000, b"\x89PNG\r\n\x1a\n\x00\x00", b'{"transactions": [{}]} {}',
        '{"transactions": []}'.encode("utf-16"), b"<POSLog/>",
    ],
)  # fmt: skip
def test_a_body_that_is_no_call_is_answered_and_its_coming_is_kept(door: Door, body: bytes) -> None:
    response = door.post(body)
    assert response.status_code in (400, 422)
    told = response.json()
    assert told["field"]
    assert told["expected"]
    assert told["found"]


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "nonsense"])
def test_a_body_in_another_encoding_is_refused_and_never_unpacked(door: Door, encoding: str) -> None:
    packed = gzip.compress(json.dumps({"transactions": [sale()]}).encode())
    for path in (DOOR, POSLOG):
        response = door.post(packed, path, **{"Content-Encoding": encoding})
        assert (response.status_code, response.json()["field"]) == (415, "Content-Encoding")


def test_a_gzip_body_signed_as_it_is_sent_is_opened_and_kept_like_any_other(door: Door) -> None:
    document = sale()
    packed = gzip.compress(json.dumps({"transactions": [document]}).encode())
    assert only(door.post(packed, **{"Content-Encoding": "gzip"}))["verdict"] == "accepted"
    assert only(door.send(document))["verdict"] == "duplicate"
    assert door.post(packed).status_code == 400  # without saying so, it is no JSON
    cut_off = door.post(packed[:-9], **{"Content-Encoding": "gzip"})
    assert (cut_off.status_code, cut_off.json()["field"]) == (400, "body")
    other = door.signed("POST", DOOR, json.dumps({"transactions": [document]}).encode())
    assert (
        door.ask("POST", DOOR, content=packed, headers={**other, "Content-Encoding": "gzip"}).status_code
        == 401
    )


def test_too_many_none_and_too_large_are_told_with_the_limit(door: Door) -> None:
    for count, expected in ((501, "at most 500 transactions"), (0, "1 to 500 transactions")):
        response = door.send(*(sale() for _ in range(count)))
        told = response.json()
        assert (response.status_code, told["field"], told["expected"]) == (422, "transactions", expected)
    for path in (DOOR, POSLOG):
        response = door.post(b" " * (17 * 1024 * 1024) + b"x", path)
        told = response.json()
        assert (response.status_code, told["expected"]) == (413, "at most 16777216 bytes")
        assert told["found"] == "17825793 bytes"


def test_a_receipt_too_large_for_its_row_is_refused_by_itself(door: Door) -> None:
    dice = random.Random(1)
    noise = [dice.randbytes(5_000).hex() for _ in range(200)]
    response = door.send(sale(extra={"noise": noise}), sale())
    assert [one["verdict"] for one in response.json()["results"]] == ["refused", "accepted"]
    assert response.json()["results"][0]["problems"][0]["rule"] == "size"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not xml", 400),
        (b"", 400),
        (b"{}", 400),
        (b"<POSLog>", 400),
        (b'<?xml version="1.0"?><!DOCTYPE POSLog [<!ENTITY a "b">]><POSLog>&a;</POSLog>', 400),
        (b'<!DOCTYPE POSLog SYSTEM "http://127.0.0.1:1/x.dtd"><POSLog/>', 400),
        (b'<?xml version="1.0" encoding="no-such"?><POSLog/>', 400),
        (b"<Other/>", 400),
        (b"<POSLog/>", 400),
        (b'<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/"/>', 422),
        (b'<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/"><Transaction/></POSLog>', 422),
        (b"<a>" * 100_000, 400),
        (bytes(range(256)), 400),
    ],
)
def test_a_poslog_that_is_none_is_answered(door: Door, body: bytes, status: int) -> None:
    assert door.post(body, POSLOG).status_code == status


def poslog(store: str = "S1", sequence_number: int = 0) -> str:
    """The fixture's sale alone, of a store of ours and with a number of its own."""
    text = re.sub(r"<RetailStoreID>[^<]*<", f"<RetailStoreID>{store}<", XML.read_text("utf-8"))
    text = text[: text.rindex("<Transaction>")] + "</POSLog>"
    old = re.search(r"</WorkstationID>\s*<SequenceNumber>(\d+)<", text)
    assert old
    new = old[0].replace(f">{old[1]}<", f">{sequence_number or 700_000 + next(_numbers)}<")
    return text.replace(old[0], new, 1)


def test_a_poslog_is_accepted_known_again_and_found_and_too_deep_or_too_many_are_told(door: Door) -> None:
    body = poslog().encode()
    response = door.post(body, POSLOG)
    assert (response.status_code, only(response)["verdict"]) == (202, "accepted")
    assert only(door.post(body, POSLOG))["verdict"] == "duplicate"
    assert door.desk("reader", "GET", only(response)["status_url"]).status_code == 200
    deep = poslog().replace("</RetailTransaction>", "<a>" * 50 + "</a>" * 50 + "</RetailTransaction>", 1)
    assert (door.post(deep.encode(), POSLOG).status_code) == 422
    one = re.search(r"<Transaction>.*</Transaction>", body.decode(), re.DOTALL)
    assert one
    many = body.decode().replace(one[0], one[0] * 501)
    told = door.post(many.encode(), POSLOG).json()
    assert (told["status"], told["expected"]) == (422, "1 to 500 transactions")


def test_receipts_as_csv_are_accepted_known_again_and_told_by_row_and_column(door: Door) -> None:
    good, wrong = sale(), sale(sequence_number="seven")
    response = door.post(csv_of(good, wrong), "/api/pos/csv", **{"Content-Type": "text/csv"})
    first, second = response.json()["results"]
    assert (response.status_code, first["verdict"], second["verdict"]) == (202, "accepted", "refused")
    assert second["problems"][0]["field"] == "transactions[1].row 7, column sequence_number"
    assert only(door.send(good))["verdict"] == "duplicate"
    assert door.desk("reader", "GET", first["status_url"]).status_code == 200
    assert door.post(b"colour\n", "/api/pos/csv").status_code == 422
    unsigned = door.ask("POST", "/api/pos/csv", content=csv_of(sale()))
    assert unsigned.status_code == 401


# Who may knock: senders


def test_what_is_not_signed_rightly_is_refused_without_saying_why(door: Door) -> None:
    body = json.dumps({"transactions": [sale()]}).encode()
    right = door.signed("POST", DOOR, body)
    wrong: dict[str, Any] = {
        "no signature at all": {},
        "a part is missing": {name: right[name] for name in list(right)[:2]},
        "another secret": door.signed("POST", DOOR, body, secret="another secret altogether"),
        "unknown account": door.signed("POST", DOOR, body, account="nobody"),
        "another's secret": door.signed("POST", DOOR, body, account=SHOP, secret=door.world.sender_secret),
        "six minutes ago": door.signed("POST", DOOR, body, late_seconds=360),
        "in six minutes": door.signed("POST", DOOR, body, late_seconds=-360),
        "another path": door.signed("POST", POSLOG, body),
        "another method": door.signed("GET", DOOR, body),
        "another body": door.signed("POST", DOOR, body + b" "),
        "no number": {**right, "X-Tillpost-Timestamp": "soon"},
        "a negative time": {**right, "X-Tillpost-Timestamp": "-1"},
        "a very long time": {**right, "X-Tillpost-Timestamp": "1" * 400},
        "other digits": {**right, "X-Tillpost-Timestamp": "١٢٣".encode()},
        "an empty signature": {**right, "X-Tillpost-Signature": ""},
        "a person's key": door.key_of("finance"),
    }
    titles = set()
    for name, headers in wrong.items():
        response = door.ask("POST", DOOR, content=body, headers=headers)
        assert response.status_code == 401, name
        titles.add(response.json()["title"])
    assert len(titles) == 1
    assert door.ask("POST", DOOR, content=body, headers=right).status_code == 202


@pytest.mark.parametrize(
    "name", ["X-Tillpost-Account", "X-Tillpost-Timestamp", "X-Tillpost-Signature", "Authorization"]
)
def test_headers_in_bytes_that_are_no_text_are_refused_like_any_other(door: Door, name: str) -> None:
    body = b'{"transactions": []}'
    signed = {one: value.encode() for one, value in door.signed("POST", DOOR, body).items()}
    assert (
        name == "Authorization"
        or door.ask("POST", DOOR, content=body, headers={**signed, name: b"\xff\xfe"}).status_code == 401
    )
    response = door.ask("GET", "/api/causes", headers={name: b"Bearer \xff\xfe"})
    assert response.status_code == 401


def test_four_minutes_either_way_are_fresh_enough_and_upper_case_signatures_count(door: Door) -> None:
    for late_seconds in (240, -240):
        assert door.send(sale(), late_seconds=late_seconds).status_code == 202
    body = json.dumps({"transactions": [sale()]}).encode()
    signed = door.signed("POST", DOOR, body)
    signed["X-Tillpost-Signature"] = signed["X-Tillpost-Signature"].upper()
    assert door.ask("POST", DOOR, content=body, headers=signed).status_code == 202


def test_both_live_secrets_of_an_account_work(door: Door) -> None:
    assert door.send(sale(), secret=NEXT_SECRET).status_code == 202
    assert door.send(sale(), secret=door.world.sender_secret).status_code == 202


def test_an_account_speaks_only_for_its_stores_and_sees_only_its_own(door: Door) -> None:
    refused = door.send(sale(), account=SHOP)
    assert (refused.status_code, only(refused)["verdict"], only(refused)["status_url"]) == (
        422,
        "refused",
        None,
    )
    assert only(refused)["problems"][0]["expected"] == "a store of this source account"
    url = only(door.send(sale()))["status_url"]
    assert door.ask("GET", url, headers=door.signed("GET", url, account=SHOP)).status_code == 404
    other_url = url.replace(f"/{EAST}/", f"/{SHOP}/")
    assert door.ask("GET", other_url, headers=door.signed("GET", other_url, account=SHOP)).status_code == 404
    assert door.ask("GET", url, headers=door.signed("GET", url, secret="a wrong secret!!")).status_code == 401
    assert door.ask("GET", url, headers=door.signed("GET", f"{url}x")).status_code == 401


# Who may knock: people

SAMPLES = {"store": "S1", "account": EAST, "transaction_id": "T1", "business_day": DAY, "legal_entity": "usrt",
           "fingerprint": "nothing", "kind": "tenders", "terminal": "1", "shift": "1", "number": "0",
           "receipt_number": "S1-1-0001", "period": "2017-12", "cadence": "monthly", "version": "1",
           "area": "S1"}  # fmt: skip
OPEN_TO_ALL = {"/api/openapi.json", "/api/schemas/transactions.json", "/api/health"}
ROUTES = [
    (method.upper(), re.sub(r"\{(\w+)\}", lambda found: SAMPLES[found[1]], path), path)
    for path, methods in openapi_document()["paths"].items()
    for method in methods
]
DECISIONS: list[tuple[str, str, Json, set[str]]] = [
    ("POST", f"/api/statements/S1/{DAY}/missing", {}, {"store_operations", "finance"}),
    ("POST", "/api/causes/nothing/release", {}, {"finance", "store_operations", "retail_systems", "it"}),
    (
        "POST",
        "/api/causes/nothing/releases/1/cancel",
        {},
        {"finance", "store_operations", "retail_systems", "it"},
    ),
    ("POST", f"/api/transactions/S1/{EAST}/T1/write-off", {}, {"finance"}),
    ("POST", f"/api/transactions/S1/{EAST}/T1/write-off/approve", {}, {"finance"}),
    ("POST", f"/api/transactions/S1/{EAST}/T1/write-off/withdraw", {}, {"finance"}),
    ("POST", f"/api/transactions/S1/{EAST}/T1/amend", {}, {"finance", "store_operations"}),
    ("PUT", "/api/mappings/tenders", {}, {"finance", "retail_systems"}),
    ("POST", "/api/shifts/S1/1/1/end", {}, {"store_operations"}),
    ("POST", "/api/tills/S1/1/replaced", {}, {"store_operations", "retail_systems"}),
    ("POST", f"/api/transactions/S1/{EAST}/T1/reversal", {}, {"finance"}),
    ("POST", f"/api/overtyped/S1/{DAY}", {}, {"finance", "store_operations"}),
    ("POST", f"/api/returns/S1/{EAST}/T1/accept", {}, {"finance", "store_operations"}),
    ("POST", f"/api/statements/S1/{DAY}/sign-off", {}, {"finance"}),
    ("POST", "/api/readiness/usrt/2017-12/tills", {}, {"finance", "store_operations"}),
]


@pytest.mark.parametrize(("method", "path", "template"), ROUTES, ids=lambda one: str(one))
def test_nothing_but_the_description_and_the_pulse_opens_without_a_credential(
    door: Door, method: str, path: str, template: str
) -> None:
    wrong: list[dict[str, str]] = [
        {}, {"Authorization": "Bearer"}, {"Authorization": "Bearer wrong"}, {"Authorization": door.world.keys["auditor"]},
        {"Authorization": f"Basic {door.world.keys['auditor']}"}, {"X-MS-CLIENT-PRINCIPAL-NAME": "finance desk"},
        {"X-Tillpost-Account": EAST}, {"x-functions-key": "x"},
    ]  # fmt: skip
    for headers in wrong:
        response = door.ask(method, path, headers=headers)
        assert response.status_code == (200 if template in OPEN_TO_ALL else 401), headers


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_everything(door: Door, role: str) -> None:
    paths = ["/api/causes", "/api/causes?state=all", f"/api/causes?business_day={DAY}", "/api/usage",
             f"/api/storedays/usrt/{DAY}", "/api/mappings/stores", "/api/heard",
             "/api/mappings/stores?format=json", "/api/mappings/stores/history", "/api/stores/S1/readiness",
             "/api/coverage"]  # fmt: skip
    assert [door.desk(role, "GET", path).status_code for path in paths] == [200] * len(paths)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path", "body", "roles"), DECISIONS, ids=[one[1] for one in DECISIONS])
def test_only_the_role_that_decides_gets_as_far_as_being_told_what_is_missing(
    door: Door, role: str, method: str, path: str, body: Json, roles: set[str]
) -> None:
    response = door.desk(role, method, path, json=body)
    assert response.status_code == (422 if role in roles else 403)


def test_a_calendar_is_taken_over_and_a_store_that_sent_something_is_heard_with_its_till(door: Door) -> None:
    calendar = (
        "store,day,opens,closes,silent_minutes,note\n*,monday,09:00,22:00,,\nS2,2017-12-25,,,,Christmas\n"
    )
    assert door.put("calendars", calendar).status_code == 200
    assert door.put("calendars", calendar.replace("22:00", "25:00")).status_code == 422
    door.send(sale(terminal="44"))
    stores = door.desk("reader", "GET", "/api/heard").json()["stores"]
    (first,) = [one for one in stores if one["store"] == "S1"]
    (till,) = [one for one in first["tills"] if one["terminal"] == "44"]
    assert first["has_calendar"]
    assert first["last_heard"] == till["last_heard"]


def test_what_was_typed_on_top_of_a_shift_is_kept_by_finance(door: Door) -> None:
    body = {
        "terminal": "1", "shift": "1", "tender": "CASH", "amount": "240.00", "at": f"{DAY}T23:00:00-05:00",
        "reason": "six receipts were offline",
    }  # fmt: skip
    path = f"/api/overtyped/S1/{DAY}"
    assert door.desk("finance", "POST", path, json=body).json() == {"kept": True}
    assert door.desk("finance", "POST", path, json=body | {"amount": "much"}).json()["field"] == "amount"


def test_a_senders_signature_opens_no_route_of_people(door: Door) -> None:
    for path in ("/api/causes", "/api/usage", f"/api/statements/S1/{DAY}"):
        assert door.ask("GET", path, headers=door.signed("GET", path)).status_code == 401


# What people ask for and decide


@pytest.mark.parametrize(
    "path",
    [f"/api/returns/S1/{EAST}/never", f"/api/returns/nowhere/{EAST}/T1",
     f"/api/transactions/S1/{EAST}/never", "/api/transactions/S1/nobody/T1", "/api/transactions/nowhere/east/T1",
     f"/api/statements/S1/{DAY}", f"/api/statements/nowhere/{DAY}", "/api/causes/nothing", f"/api/tills/nowhere/{DAY}",
     f"/api/completeness/S1/{DAY}", f"/api/statements/S1/{DAY}/signed/0", f"/api/trail/S1/{DAY}/never",
     "/api/causes/store_unknown~nowhere=41", f"/api/transactions/S1/{EAST}/{'x' * 400}"],
)  # fmt: skip
def test_what_is_not_known_is_not_found(door: Door, path: str) -> None:
    assert door.desk("reader", "GET", path).status_code == 404


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/statements/S1/yesterday", "business_day"),
        ("/api/statements/S1/2017-02-30", "business_day"),
        ("/api/statements/S1/0001-01-01", "business_day"),
        ("/api/statements/S1/9999-12-31", "business_day"),
        ("/api/storedays/usrt/2017-13-01", "business_day"),
        ("/api/tills/S1/yesterday", "business_day"),
        ("/api/completeness/S1/soon", "business_day"),
        ("/api/causes?business_day=soon", "business_day"),
        ("/api/causes?state=closed", "state"),
        (f"/api/statements/S1/{DAY}?format=pdf", "format"),
        (f"/api/storedays/usrt/{DAY}?format=html", "format"),
        (f"/api/trail/S1/{DAY}/1?format=csv", "format"),
        (f"/api/statements/S1/{DAY}/signed/first", "number"),
        ("/api/trail/S1/someday/1", "business_day"),
        ("/api/mappings/colours", "kind"),
        (f"/api/checks/hourly/usrt/{DAY}", "cadence"),
        ("/api/checks/hourly/usrt", "cadence"),
        ("/api/checks/daily/usrt/2017-12", "period"),
        ("/api/checks/monthly/usrt/2017-13", "period"),
        (f"/api/checks/daily/usrt/{DAY}?format=html", "format"),
        (f"/api/statements/a%2Fb/{DAY}", "store"),
        (f"/api/statements/a%23b/{DAY}", "store"),
        (f"/api/statements/%00/{DAY}", "store"),
        (f"/api/statements/%FF/{DAY}", "store"),
        (f"/api/statements/{'S' * 600}/{DAY}", "store"),
        ("/api/causes/a%2Fb", "fingerprint"),
        ("/api/causes/%3F", "fingerprint"),
        ("/api/transactions/a%5Cb/east/T1", "store"),
        ("/api/transactions/S1/east/%09", "transaction_id"),
        ("/api/transactions/S1/east/=00", "transaction_id"),
        (f"/api/transactions/S1/{'a' * 600}/T1", "account"),
    ],
)
def test_what_cannot_be_is_told_by_field(door: Door, path: str, field: str) -> None:
    response = door.desk("reader", "GET", path)
    told = response.json()
    assert (response.status_code, told["field"]) == (422, field)
    assert told["expected"]
    assert "found" in told


GOOD_MISSING: Json = {
    "terminal": "1",
    "sequence_numbers": [3],
    "decision": "lost",
    "reason": "the till was stolen",
}
GOOD_END: Json = {"at": f"{DAY}T09:00:00-05:00", "reason": "nobody closed it"}
GOOD_REPLACED: Json = {"business_day": DAY, "since": f"{DAY}T13:40:00-05:00", "reason": "the till broke"}
NO_TEXTS = [None, "", "  ", 7, [], "x" * 2001, "half \ud800"]


@pytest.mark.parametrize(
    ("path", "good", "field", "values"),
    [
        (f"/api/statements/S1/{DAY}/missing", GOOD_MISSING, "terminal", NO_TEXTS),
        (f"/api/statements/S1/{DAY}/missing", GOOD_MISSING, "reason", NO_TEXTS),
        (f"/api/statements/S1/{DAY}/missing", GOOD_MISSING, "decision", [*NO_TEXTS, "found"]),
        (f"/api/statements/S1/{DAY}/missing", GOOD_MISSING, "sequence_numbers",
         [None, [], 3, "3", ["3"], [3.5], [True], [-1], [10**16], [10**30], list(range(101))]),
        ("/api/shifts/S1/1/1/end", GOOD_END, "at",
         [*NO_TEXTS, "noon", f"{DAY}T20:00:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"]),
        ("/api/shifts/S1/1/1/end", GOOD_END, "reason", NO_TEXTS),
        ("/api/causes/nothing/release", {"reason": "mended"}, "reason", NO_TEXTS),
        ("/api/tills/S1/1/replaced", GOOD_REPLACED, "reason", NO_TEXTS),
        ("/api/tills/S1/1/replaced", GOOD_REPLACED, "business_day", [*NO_TEXTS, "soon", "2017-02-30"]),
        ("/api/tills/S1/1/replaced", GOOD_REPLACED, "since", [*NO_TEXTS, "noon", f"{DAY}T20:00:00"]),
    ],
)  # fmt: skip
def test_a_decision_without_what_it_needs_is_told_the_field(
    door: Door, path: str, good: Json, field: str, values: list[Any]
) -> None:
    without = {name: value for name, value in good.items() if name != field}
    for body in (without, *({**good, field: value} for value in values)):
        response = door.desk("store_operations", "POST", path, content=json.dumps(body).encode())
        assert (response.status_code, response.json()["field"]) == (422, field), body


def test_a_replaced_till_is_declared_and_its_first_receipt_is_no_conflict(door: Door) -> None:
    def rung(hour: int, **changes: Any) -> Json:
        shown = {"terminal": "2", "completed_at": f"{DAY}T{hour}:30:00-05:00"}
        return sale_document(1, transaction_id="till-2-1", **shown, **changes)

    first, second = rung(12), rung(13)
    assert door.send(first).status_code == 202
    assert only(door.send(second))["verdict"] == "conflict"
    (proposed,) = soon(
        lambda: [
            one
            for one in door.desk("reader", "GET", "/api/causes").json()["causes"]
            if one["code"] == "till_maybe_replaced"
        ]
    )
    assert proposed["owner"] == "retail_systems"
    body = GOOD_REPLACED | {"since": f"{DAY}T13:00:00-05:00"}
    told = door.desk("retail_systems", "POST", "/api/tills/S1/2/replaced", json=body)
    assert (told.status_code, told.json()["conflicts_settled"]) == (200, 1)
    assert only(door.send(second))["verdict"] == "duplicate"
    till = next(
        one
        for one in door.desk("reader", "GET", f"/api/tills/S1/{DAY}").json()["tills"]
        if one["terminal"] == "2"
    )
    assert [one["generation"] for one in till["replaced"]] == [2]
    assert (till["findings"], till["busy"]) == ([], [])


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"not json", 400), (b"[]", 400), (b"\xff", 400), (b"[" * 60_000, 400), (b" " * 70_000, 413),
     (b'{"reason": ' + b"9" * 5000 + b"}", 400), (b'{"reason": NaN}', 422)],
)  # fmt: skip
def test_a_decision_that_is_no_json_object_is_told(door: Door, body: bytes, status: int) -> None:
    for _, path, _, _ in DECISIONS[:2]:
        assert door.desk("finance", "POST", path, content=body).status_code == status


@pytest.mark.parametrize(
    ("field", "values"),
    [("reason", NO_TEXTS), ("replace", [None, "yes", 1]), ("business_day", ["soon", 7, "2017-02-30", ""])],
)
def test_a_reversal_without_what_it_needs_is_told_the_field(
    door: Door, field: str, values: list[Any]
) -> None:
    good: Json = {"reason": "the wrong item", "replace": True}
    path = f"/api/transactions/S1/{EAST}/never/reversal"
    for value in values:
        body = json.dumps({**good, field: value}).encode()
        response = door.desk("finance", "POST", path, content=body)
        assert (response.status_code, response.json()["field"]) == (422, field), value
    assert door.desk("finance", "POST", path, json=good).status_code == 404


def test_a_receipt_that_is_not_posted_is_mended_and_not_reversed(door: Door) -> None:
    url = only(door.send(sale()))["status_url"]
    response = door.desk("finance", "POST", f"{url}/reversal", json={"reason": "wrong", "replace": False})
    told = response.json()
    assert (response.status_code, told["field"], told["expected"]) == (422, "status", "posted")


def test_only_a_return_that_cannot_go_is_accepted_and_a_sale_that_waits_lists_no_returns(door: Door) -> None:
    url = only(door.send(sale()))["status_url"].replace("/transactions/", "/returns/")
    response = door.desk("store_operations", "POST", f"{url}/accept", json={"reason": "let it go"})
    assert (response.status_code, response.json()["field"]) == (422, "status")
    assert door.desk("reader", "GET", url).status_code == 404  # it waits for its own mappings
    never = f"/api/returns/S1/{EAST}/never/accept"
    assert door.desk("finance", "POST", never, json={"reason": "let it go"}).status_code == 404
    assert door.desk("finance", "POST", never, json={}).json()["field"] == "reason"


def test_a_person_says_what_is_lost_and_releases_a_cause(door: Door) -> None:
    said = door.desk("finance", "POST", f"/api/statements/S2/{DAY}/missing", json=GOOD_MISSING)
    assert (said.status_code, said.json()) == (200, {"confirmed": 1})
    door.send(sale(tenders=[tender("20.00")]))
    causes = door.desk("reader", "GET", "/api/causes").json()["causes"]
    cause = next(one for one in causes if one["code"] == "does_not_balance")
    path = f"/api/causes/{quote(cause['fingerprint'], safe='')}"
    assert door.desk("reader", "GET", path).json()["members"]
    released = door.desk("it", "POST", f"{path}/release", json={"reason": "looked at"})
    assert released.status_code == 200
    assert released.json()["released"] >= 1
    assert (
        door.desk("it", "POST", "/api/causes/nothing/release", json={"reason": "why not"}).status_code == 404
    )


def test_a_release_is_previewed_bound_to_what_was_seen_and_written_down_in_the_chain(door: Door) -> None:
    sent = sale(tenders=[tender("20.00")])
    url = only(door.send(sent))["status_url"]
    path = "/api/causes/does_not_balance~I1=20balance"
    seen = soon(
        lambda: (
            (one := door.desk("reader", "GET", f"{path}/preview?receipts=all")).status_code == 200
            and any(each["transaction_id"] == sent["transaction_id"] for each in one.json()["receipts"])
            and one
        )
    ).json()
    assert seen["on_their_way"] == {"receipts": 0, "amounts": {}}
    assert seen["stay"][0]["code"] == "does_not_balance"
    wrong = {"reason": "looked at", "hash": "x"}
    assert door.desk("it", "POST", f"{path}/release", json=wrong).json()["field"] == "hash"
    moved = {"reason": "looked at", "hash": seen["hash"].replace('"receipts":"', '"receipts":"9')}
    refused = door.desk("it", "POST", f"{path}/release", json=moved)
    assert (refused.status_code, len(refused.json()["changes"])) == (409, 1)
    done = door.desk(
        "it", "POST", f"{path}/release", json={"reason": "looked at", "hash": seen["hash"]}
    ).json()
    assert (done["run"]["state"], done["run"]["as_foreseen"]) == ("done", True)
    number = done["run"]["release"]
    told = door.desk("reader", "GET", f"{path}/releases/{number}").json()
    assert told["outcome"] == {"stays held": seen["held"]["receipts"]}
    assert door.desk("reader", "GET", f"{path}/releases").json()["releases"][0]["release"] == number
    cancel = door.desk("it", "POST", f"{path}/releases/{number}/cancel", json={"reason": "no"})
    assert cancel.status_code == 409
    nothing = door.desk("finance", "POST", f"{url}/amend", json={"reason": "so", "tenders": {"NONE": "CASH"}})
    assert (nothing.status_code, nothing.json()["field"]) == (422, "tenders")
    proposed = door.desk("finance", "POST", f"{url}/write-off", json={"reason": "a test"})
    assert (proposed.status_code, proposed.json()["state"]) == (200, "proposed")
    own = door.desk("finance", "POST", f"{url}/write-off/approve", json={"reason": "yes"})
    assert (own.status_code, own.json()["title"]) == (
        403, "nobody approves their own write-off: a second person of finance does",
    )  # fmt: skip
    record = door.desk("it", "GET", "/api/audit").json()
    assert record["unbroken"] is True
    area = door.desk("it", "GET", "/api/audit/releases").json()
    assert area["decided"][-1]["evidence"].startswith(
        f"does_not_balance~I1=20balance, release {number}; preview "
    )


def test_a_person_ends_a_shift_once_it_is_known_and_not_before_it_began(door: Door) -> None:
    assert door.desk("store_operations", "POST", "/api/shifts/S2/9/1/end", json=GOOD_END).status_code == 404
    opened_at = f"{DAY}T08:00:00-05:00"
    shift = shift_document(next(_numbers), "SHIFT_OPEN", "77", opened_at)
    door.send({**shift, "store": "S2", "terminal": "9"})
    end = "/api/shifts/S2/9/77/end"
    early = {**GOOD_END, "at": f"{DAY}T07:00:00-05:00"}
    refused = soon(
        lambda: (one := door.desk("store_operations", "POST", end, json=early)).status_code != 404 and one
    )
    assert (refused.status_code, refused.json()["field"]) == (422, "at")
    assert door.desk("store_operations", "POST", end, json=GOOD_END).json() == {"released": 0}


# Mappings


def test_a_csv_with_mistakes_names_their_rows_and_changes_nothing(door: Door) -> None:
    before = door.desk("reader", "GET", "/api/mappings/tenders").text
    response = door.put(
        "tenders", "store,tender,payment_method\n*,VISA,2\n*,AMEX,\n,DEBIT,12345678901\n*,VISA,3\n*,X\n"
    )
    assert response.status_code == 422
    assert [(one["row"], one["column"]) for one in response.json()["problems"]] == [
        (3, "payment_method"), (4, "store"), (4, "payment_method"), (5, "store, tender"), (6, ""),
    ]  # fmt: skip
    assert all(one["expected"] for one in response.json()["problems"])
    assert door.desk("reader", "GET", "/api/mappings/tenders").text == before


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("colours", b"a,b\n", 422),
        ("tenders", b"", 422),
        ("tenders", b"store,tender,payment_method\n", 400),
        ("tenders", b"store,tender\n*,CASH\n", 422),
        ("tenders", b"store,tender,payment_method,colour\n*,CASH,1,red\n", 422),
        ("tenders", b"store,tender,payment_method,tender\n*,CASH,1,CASH\n", 422),
        ("tenders", b"store,tender,payment_method\n*,CA\x00SH,1\n", 400),
        ("tenders", b"store,tender,payment_method\n*,\xff,1\n", 422),
        ("tenders", "store,tender,payment_method\n*,CASH,1\n".encode("utf-16"), 422),
        ("tenders", b'store,tender,payment_method\n*,"CASH,1\n', 422),
        ("tenders", b"store,tender,payment_method\n*," + b"x" * 200_000 + b",1\n", 422),
        ("tenders", b"store,tender,payment_method\na/b,CASH,1\n", 422),
        ("tenders", b" " * (17 * 1024 * 1024), 413),
        ("dispositions", b"disposition,effect\nBROKEN,mended\n", 422),
        ("stores", STORES.replace("America/New_York", "Mars/North").encode(), 422),
    ],
)
def test_a_file_that_is_no_mapping_is_told(door: Door, kind: str, content: bytes, status: int) -> None:
    assert door.put(kind, content).status_code == status


@pytest.mark.parametrize("cell", ["=1+1", "+1", "@SUM(A1)", '"\t=1"', "=HYPERLINK(1)"])
def test_a_cell_that_a_spreadsheet_would_run_is_refused(door: Door, cell: str) -> None:
    response = door.put("items", f"item,item_number,unit\n{cell},1,ea\n")
    assert response.status_code in (200, 422)
    assert response.status_code == 422 or "=" not in door.desk("reader", "GET", "/api/mappings/items").text


def test_what_is_imported_comes_out_again_and_goes_in_again_the_same(door: Door) -> None:
    text = 'item,item_number,unit\n"1,0","A ""quoted"" one",ea\nÄ-1,AE,pcs\nZ,Z1,\n'
    assert door.put("items", text).json()["rows"] == 3
    first = door.desk("reader", "GET", "/api/mappings/items")
    assert first.headers["content-type"].startswith("text/csv")
    for part in ('"1,0","A ""quoted"" one",ea,always,', "Ä-1,AE,pcs,always,", "Z,Z1,,always,"):
        assert part in first.text.splitlines()
    assert door.put("items", first.content).status_code == 200
    assert door.desk("reader", "GET", "/api/mappings/items").text == first.text


def test_an_import_needs_a_reason(door: Door) -> None:
    content = b"store,tender,payment_method\n*,CASH,1\n"
    for reason in (None, b"", "\u2003".encode(), b"x" * 2001, b"\xff\xfe"):
        headers: Any = [(name, value.encode()) for name, value in door.key_of("finance").items()]
        headers += [("X-Reason", reason)] if reason is not None else []
        response = door.ask("PUT", "/api/mappings/tenders", content=content, headers=headers)
        assert (response.status_code, response.json()["field"]) == (422, "X-Reason")
    assert door.desk(
        "finance", "PUT", "/api/mappings/tenders", content=content, headers={"X-Reason": "neu"}
    ).is_success


# What is never kept


def with_cards() -> Json:
    """A sale with test card numbers wherever a till or a person might leave them."""
    line = {**sale()["lines"][0], "description": f"planted here {SPACED}", "return_reason": f"card {DASHED}",
            "discounts": [{"amount": "0", "reason": f"paid by {CARD}"}], "gift_card": CARD}  # fmt: skip
    paid = {
        **tender("24.00"),
        "type": "CARD",
        "card": {"brand": "VISA", "reference": CARD},
        "gift_card": "378282246310005",
    }
    extra = {
        "note": f"customer gave {SPACED}",
        "deep": [{"more": int(CARD), "card_number": CARD}],
        CARD: "a key",
    }
    return sale(lines=[line], tenders=[paid], operator=CARD, extra=extra)


def test_a_call_of_nothing_but_unreadable_receipts_is_answered_in_time_with_each_its_own_problem(
    door: Door,
) -> None:
    began = time.monotonic()
    response = door.send(*(sale(colour="red") for _ in range(500)))
    assert response.status_code == 422
    assert [one["problems"][0]["field"] for one in response.json()["results"]][::499] == [
        "transactions[0].colour",
        "transactions[499].colour",
    ]
    assert time.monotonic() - began < 10


def test_card_numbers_reach_neither_storage_nor_log(door: Door) -> None:
    accepted = only(door.send(with_cards()))
    assert accepted["verdict"] == "accepted"
    note = {"tender": "CASH", "amount": "5", "note": f"card {SPACED}", "reason_code": CARD}
    door.send(sale(kind="PAY_OUT", lines=[], tenders=[], cash_movement=note))
    wrong: list[Json] = [
        {"currency": CARD}, {CARD: "x"}, {"colour": SPACED}, {"completed_at": CARD}, {"lines": [{"quantity": SPACED}]},
        {"kind": DASHED}, {"extra": CARD},
    ]  # fmt: skip
    for changes in wrong:
        door.send({**with_cards(), **changes})
    for body in (f"{SPACED} no json", f'{{"transactions": [{{"a": "{CARD}", "a": 1}}]}}', f'{{"{CARD}": 1}}',
                 f'{{"transactions": [{{"note": "{DASHED}]}}'):  # fmt: skip
        door.post(body.encode())
    text = re.sub(r"<Description>[^<]*<", f"<Description>planted {SPACED}<", poslog())
    text = re.sub(r'OperatorName="[^"]*"', f'OperatorName="{CARD}"', text)
    text = text.replace("</Transaction>", f"<Note>{DASHED}</Note><!-- {CARD} --></Transaction>")
    slip = door.post(text.encode(), POSLOG)
    door.post(text.replace("<CurrencyCode>USD", f"<CurrencyCode>{CARD}").encode(), POSLOG)
    door.post(f"<POSLog>{CARD}".encode(), POSLOG)
    door.put("items", "item,item_number\n1001,A1\n", f"said {SPACED}")
    door.put(CARD, "item\n")
    reason = f"the holder of {SPACED} called"
    door.desk("finance", "POST", f"/api/statements/S2/{DAY}/missing", json={**GOOD_MISSING, "reason": reason})
    door.send(sale(tenders=[tender("19.00")]))
    door.desk("finance", "POST", "/api/causes/does_not_balance~I1=20balance/release", json={"reason": reason})
    door.desk("finance", "POST", "/api/causes/nothing/release", json={"reason": int(CARD)})
    for path in (f"/api/statements/S1/{CARD}", f"/api/causes?state={CARD}", f"/api/causes?business_day={CARD}",
                 f"/api/mappings/{CARD}"):  # fmt: skip
        door.desk("reader", "GET", path)
    soon(lambda: door.desk("reader", "GET", accepted["status_url"]).json()["status"] != "received")
    assert only(slip)["verdict"] in ("accepted", "held")
    rows = list(door.rows())
    assert sum("planted here [card removed]" in row for row in rows) >= 1
    assert sum("planted [card removed]" in row for row in rows) >= 1
    assert sum("the holder of [card removed] called" in row for row in rows) >= 3
    kept = [(number, row) for row in rows for number in PLANTED if number in row]
    assert kept == []
    assert [line for line in door.log().splitlines() if any(number in line for number in PLANTED)] == []


def test_no_answer_was_the_servers_fault_and_nothing_failed_unseen(door: Door) -> None:
    assert [one for one in door.answers if one[2] >= 500] == []
    assert "Traceback" not in door.log()
    assert door.world.sender_secret not in door.log()
    assert not any(key in door.log() for key in door.world.keys.values())


# Vendors' webhooks


def test_a_vendors_webhook_is_a_kept_receipt_or_wanted_by_the_time_it_is_answered(door: Door) -> None:
    stores = f"{STORES.splitlines()[0]}\nV1,usrt,NY09,059,W9,EAST,NY,USD,America/New_York,{vendors.SHOP},no\n"
    assert door.put("stores", stores).status_code == 200
    order = vendors.paid(820982911946154508, location_id="V1", email="sam.sample@example.org", note=CARD)
    for word in ("kept", "kept"):
        answer = door.hook(vendors.shopify(order))
        assert (answer.status_code, answer.json()) == (200, {"heard": word})
    kept = door.desk("reader", "GET", f"/api/transactions/V1/{vendors.SHOP}/O820982911946154508")
    assert (kept.status_code, kept.json()["total"], kept.json()["business_day"]) == (200, "10.00", DAY)
    for call in (vendors.square(vendors.payment_event()), vendors.lightspeed(vendors.sale())):
        assert [door.hook(call).json() for _ in range(2)] == [{"heard": "wanted"}, {"heard": "known"}]
    everything = list(door.rows())
    assert len([row for row in everything if "'RowKey': 'want~order~ORDER-1'" in row]) == 1
    assert len([row for row in everything if "'RowKey': 'want~sale~SALE-1'" in row]) == 1
    for never in ("sam.sample@example.org", CARD):
        assert not [row for row in everything if never in row]
        assert never not in door.log()


@pytest.mark.parametrize(
    "call",
    [vendors.shopify(b"{"), vendors.square(b"{"), vendors.signed_form(b"payload")],
    ids=lambda one: one.vendor,
)
def test_an_authentic_webhook_is_never_refused_and_what_is_wrong_with_it_is_before_a_person(
    door: Door, call: vendors.Call
) -> None:
    assert door.hook(call).json() == {"heard": "told"}
    cause = door.desk("it", "GET", f"/api/causes/cannot_be_read~{call.account}").json()
    assert cause["owner"] == "it"


def test_a_webhook_that_somebody_altered_is_refused(door: Door) -> None:
    for call in (
        vendors.shopify(vendors.paid(7)),
        vendors.square(vendors.payment_event("E-7")),
        vendors.lightspeed(vendors.sale()),
    ):
        altered = call.sent(body=call.body.replace(b"1", b"2"))
        for wrong in (altered, call.sent(account="nobody"), call.sent(headers={})):
            assert door.hook(wrong).status_code == 401
