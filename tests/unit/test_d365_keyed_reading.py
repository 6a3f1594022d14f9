"""Reading rows back by key, thousands in one request, and comparing a receipt's rows with those that were sent."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from shared.d365.compare import gaps_of
from shared.d365.records import ShiftKey, header_row
from shared.d365.rows import transaction_rows
from shared.errors import AccessRefusedError, RejectedError, RetryableError, ThrottledError
from shared.retail.mapped import D365Key, MappedTransaction
from shared.retail.mapping import map_transaction
from tests.unit.builders import DAY, sale
from tests.unit.test_d365_client import D365, Played, ok, run
from tests.unit.test_mapping import mappings

KEY = D365Key("usrt", "052", "HOUSTON-1", "367-1-0001")
HEADER = {
    "dataAreaId": "USRT", "OperatingUnitNumber": "052", "Terminal": "HOUSTON-1", "TransactionNumber": "367-1-0001",
    "GrossAmount": -24, "TransactionStatus": "None", "Comment": "P1",
}  # fmt: skip


def answered(*parts: tuple[int, str]) -> httpx.Response:
    """Give a batch answer as D365 writes it."""
    body = "".join(
        "--b1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n\r\n{text}\r\n"
        for status, text in parts
    )
    return httpx.Response(
        200, content=f"{body}--b1--\r\n".encode(), headers={"content-type": "multipart/mixed; boundary=b1"}
    )


def keys_of(count: int) -> list[D365Key]:
    return [D365Key("usrt", "052", "HOUSTON-1", f"{number:044d}") for number in range(count)]


def questions_in(request: httpx.Request) -> list[str]:
    return [unquote(one) for one in re.findall(r"GET (\S+) HTTP/1\.1", request.content.decode())]


def empty_answers(request: httpx.Request) -> httpx.Response:
    return answered(*[(200, '{"value":[]}')] * len(questions_in(request)))


def test_seven_thousand_keys_cost_one_request_and_each_is_asked_once() -> None:
    played = Played(empty_answers)
    assert run(played.client.headers_by_key(keys_of(7_000))) == []
    (request,) = played.requests
    assert (request.method, str(request.url)) == ("POST", f"{D365}/data/$batch")
    asked = questions_in(request)
    assert sum(one.count("TransactionNumber eq") for one in asked) == 7_000
    assert max(len(one) for one in asked) < 7_000
    assert all(one.startswith("/data/RetailTransactions?cross-company=true&$filter=(") for one in asked)
    assert played.client.calls == {"read_by_key": 1}


def test_a_thousand_questions_go_in_a_request_and_the_rest_in_the_next() -> None:
    played = Played(empty_answers, empty_answers)
    run(played.client.headers_by_key(keys_of(40_000)))
    assert [len(questions_in(request)) for request in played.requests] == [1_000, 291]


@pytest.mark.parametrize(
    ("question", "odata_set"),
    [
        ("statement_aggregations", "RetailEodStatementAggregations"),
        ("posted_statements", "RetailStatementJourBIEntities"),
        ("validation_errors", "RetailTransactionValidationErrorBIEntities"),
        ("invoices", "SalesInvoiceHeadersV2"),
        ("vouchers", "RetailStatementVoucherBIEntities"),
    ],
)
def test_a_thousand_names_cost_tracking_one_request_and_none_is_left_out(
    question: str, odata_set: str
) -> None:
    played = Played(empty_answers)
    names = [f"STMT-{number:07d}" for number in range(1_000)]
    assert run(getattr(played.client, question)(names)) == []
    (request,) = played.requests
    asked = questions_in(request)
    assert all(one.startswith(f"/data/{odata_set}?cross-company=true&$filter=(") for one in asked)
    assert sum(one.count(" eq 'STMT-") for one in asked) == 1_000


def test_a_set_that_we_may_not_read_is_told_as_that_also_among_many_questions() -> None:
    played = Played(answered(*[(403, '{"error":{"message":"not authorized"}}')] * 17))
    with pytest.raises(AccessRefusedError):
        run(played.client.vouchers([f"STMT-{number:07d}" for number in range(1_000)]))


def test_rows_of_another_till_with_the_same_number_are_left_out() -> None:
    other = {**HEADER, "Terminal": "HOUSTON-2"}
    played = Played(ok([HEADER, other]))
    assert [one.key for one in run(played.client.headers_by_key([KEY]))] == [KEY]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (answered((200, '{"value":[]}')), RetryableError),
        (httpx.Response(200, text="hello", headers={"content-type": "text/plain"}), RetryableError),
        (answered(*[(429, '{"error":{"message":"slow"}}')] * 4), ThrottledError),
        (answered(*[(500, '{"error":{"message":"oh"}}')] * 4), RetryableError),
        (answered(*[(404, '{"error":{"message":"Resource not found"}}')] * 4), RejectedError),
        (answered(*[(200, "not json")] * 4), RetryableError),
    ],
)
def test_an_answer_that_is_not_whole_proves_nothing(answer: httpx.Response, error: type[Exception]) -> None:
    played = Played(answer)
    with pytest.raises(error):
        run(played.client.headers_by_key(keys_of(100)))


def test_a_row_under_another_spelling_of_its_key_is_there() -> None:
    other = {
        **HEADER,
        "OperatingUnitNumber": "052 ",
        "Terminal": "houston-1",
        "TransactionNumber": "367-1-0001  ",
    }
    (row,) = run(Played(ok([other])).client.headers_by_key([KEY]))
    assert row.key == KEY
    shift = {
        "dataAreaId": "USRT", "OperationUnitNumber": "052", "Terminal": "ny01-1 ", "BatchShiftId": 201712230001,
    }  # fmt: skip
    (found,) = run(
        Played(ok([shift])).client.shifts_by_key([ShiftKey("usrt", "052", "NY01-1", 201712230001)])
    )
    assert found.key.number == 201712230001


def test_a_question_with_more_rows_than_a_page_is_asked_again_page_by_page() -> None:
    more = f'{{"value":[],"@odata.nextLink":"{D365}/data/RetailTransactionSalesLinesV2?page=2"}}'
    line = {**HEADER, "LineNumber": 1, "ItemId": "D1001"}
    pages = [
        httpx.Response(200, json={"value": [line], "@odata.nextLink": f"{D365}/data/x?page=2"}),
        ok([{**line, "LineNumber": 2}]),
    ]
    played = Played(answered((200, more), *[(200, '{"value":[]}')] * 4), *pages)
    found = run(played.client.children_by_key([KEY]))
    assert [row["LineNumber"] for row in found[KEY]["Sales transactions V2"]] == [1, 2]


def test_an_answer_too_large_to_read_is_asked_for_in_halves() -> None:
    wide = '{"value":[],"more":"' + "x" * 400 + '"}'
    played = Played(answered(*[(200, wide)] * 4), answered(*[(200, wide)] * 2), answered(*[(200, wide)] * 2))
    played.client.answer_bytes_max = 1_800
    assert run(played.client.headers_by_key(keys_of(100))) == []
    assert [len(questions_in(request)) for request in played.requests] == [4, 2, 2]


def test_children_of_suspects_are_read_from_every_entity_in_one_request() -> None:
    line = {**HEADER, "LineNumber": 1, "ItemId": "D1001"}
    played = Played(answered((200, f'{{"value":[{json.dumps(line)}]}}'), *[(200, '{"value":[]}')] * 4))
    found = run(played.client.children_by_key([KEY]))
    assert [one.split("?")[0] for one in questions_in(played.requests[0])] == [
        "/data/RetailTransactionSalesLinesV2", "/data/RetailTransactionPaymentLinesV2",
        "/data/RetailTransactionTaxLines", "/data/RetailTransactionDiscountLines",
        "/data/RetailTransactionIncomeExpenseLines",
    ]  # fmt: skip
    assert list(found) == [KEY]
    assert [row["ItemId"] for row in found[KEY]["Sales transactions V2"]] == ["D1001"]


def test_a_shift_is_found_by_its_number_and_till() -> None:
    shift = {
        "dataAreaId": "usrt", "OperationUnitNumber": "052", "Terminal": "NY01-1", "BatchShiftId": 201712230001,
        "StoreNumber": "NY01", "Status": "Closed", "StartDateTimeUtc": "2017-12-23T13:00:00Z",
        "CloseDateTimeUtc": "1900-01-01T00:00:00Z",
    }  # fmt: skip
    played = Played(ok([shift, {**shift, "Terminal": "NY01-2"}]))
    (row,) = run(played.client.shifts_by_key([ShiftKey("usrt", "052", "NY01-1", 201712230001)]))
    assert played.requests[0].url.params["$filter"] == "(BatchShiftId eq 201712230001)"
    assert row.meaning == ("Closed", "NY01", datetime(2017, 12, 23, 13, tzinfo=UTC), None)


# What is missing, and what differs


def mapped() -> MappedTransaction:
    found = map_transaction(sale(1), DAY, mappings(), ())
    assert isinstance(found, MappedTransaction)
    return found


def as_there(receipt: MappedTransaction) -> tuple[Any, dict[str, list[dict[str, object]]]]:
    """Give D365's side of a receipt that landed whole: numbers as numbers, nothing for what is empty."""
    sent = transaction_rows(receipt, "P1")
    header = header_row(sent["Transactions"][0])
    return header, {
        label: [dict(row) for row in rows] for label, rows in sent.items() if label != "Transactions"
    }


def test_a_receipt_that_is_there_as_sent_is_whole() -> None:
    header, found = as_there(mapped())
    found["Sales transactions V2"][0] |= {
        "Quantity": Decimal("-2.000000"),
        "ItemId": "d1001",
        "Warehouse": "NYWH ",
    }
    gaps = gaps_of(transaction_rows(mapped(), "P1"), header, found)
    assert gaps.is_whole


def test_missing_rows_are_named_one_by_one_and_nothing_else() -> None:
    header, found = as_there(mapped())
    del found["Payment transactions V2"][1], found["Tax transactions"]
    gaps = gaps_of(transaction_rows(mapped(), "P1"), header, found)
    assert {label: len(rows) for label, rows in gaps.missing.items()} == {
        "Payment transactions V2": 1, "Tax transactions": 1,
    }  # fmt: skip
    assert gaps.missing["Payment transactions V2"][0]["AmountTendered"] == Decimal("-6.00")
    assert gaps.differing == ""


def test_without_a_header_the_header_is_missing_too() -> None:
    _, found = as_there(mapped())
    gaps = gaps_of(transaction_rows(mapped(), "P1"), None, found)
    assert list(gaps.missing) == ["Transactions"]


@pytest.mark.parametrize(
    ("label", "change", "said"),
    [
        ("Sales transactions V2", {"Quantity": -3}, "Sales transactions V2 1: Quantity -3 instead of -2"),
        (
            "Payment transactions V2",
            {"TenderType": "9"},
            "Payment transactions V2 1 ny01: TenderType 9 instead of 1",
        ),
        ("Tax transactions", {"TaxAmount": 4}, "Tax transactions 1 v20: TaxAmount 4 instead of -4.00"),
    ],
)
def test_a_row_that_somebody_changed_is_told_and_is_not_missing(
    label: str, change: dict[str, object], said: str
) -> None:
    header, found = as_there(mapped())
    found[label][0] |= change
    gaps = gaps_of(transaction_rows(mapped(), "P1"), header, found)
    assert (gaps.differing, gaps.missing) == (said, {})


def test_a_row_that_was_never_sent_is_a_difference() -> None:
    header, found = as_there(mapped())
    found["Discount transactions"] = [{"SalesLineNumber": 1, "LineNumber": 1, "DiscountAmount": 5}]
    gaps = gaps_of(transaction_rows(mapped(), "P1"), header, found)
    assert gaps.differing == "Discount transactions 1 1 was never sent"


def test_a_quantity_finer_than_d365_keeps_is_no_difference() -> None:
    rows = transaction_rows(mapped(), "P1")
    (line, *_) = rows["Sales transactions V2"]
    fine = {
        **rows,
        "Sales transactions V2": [
            {**line, "Quantity": Decimal("-0.33333333"), "Price": Decimal("1.0000005")}
        ],
    }
    there = {
        **fine,
        "Sales transactions V2": [{**line, "Quantity": "-0.333333", "Price": Decimal("1.000001")}],
    }
    header = {**rows["Transactions"][0], "NumberOfItems": Decimal("0.33333333")}
    fine["Transactions"] = [header]
    kept = header_row({**header, "NumberOfItems": Decimal("0.333333")})
    assert gaps_of(fine, kept, there).is_whole


def test_next_pages_that_go_in_a_circle_are_followed_once() -> None:
    page = httpx.Response(
        200, json={"value": [], "@odata.nextLink": f"{D365}/data/RetailTransactions?page=2"}
    )
    played = Played(page, page, page)
    with pytest.raises(RetryableError, match="twice"):
        run(played.client.headers_by_key([KEY]))
    assert len(played.requests) == 2


def test_a_part_that_says_when_to_come_back_is_obeyed() -> None:
    slow = answered(*[(429, "{}")] * 4)
    content = slow.content.replace(b"429 OK\r\n", b"429 OK\r\nRetry-After: 240\r\n")
    played = Played(httpx.Response(200, content=content, headers=slow.headers))
    with pytest.raises(ThrottledError) as caught:
        run(played.client.headers_by_key(keys_of(100)))
    assert caught.value.wait_seconds == 240.0


@pytest.mark.parametrize(
    "rows", [None, "rows", ["row"], [{**HEADER, "GrossAmount": "a lot"}], {"GrossAmount": 1}]
)
def test_rows_that_cannot_be_read_prove_nothing_and_are_asked_for_again(rows: object) -> None:
    played = Played(httpx.Response(200, json={"value": rows}))
    with pytest.raises(RetryableError):
        run(played.client.headers_by_key([KEY]))
