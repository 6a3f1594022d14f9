"""Groups on the wire: what is sent, and how the service's answers are read. Answers as Microsoft documents them."""

from __future__ import annotations

import json
import re

import pytest

from shared.errors import AlreadyThereError, ChangedMeanwhileError, NotThereError
from shared.storage.group import bytes_at_most, check_group_bytes, encode_group, read_error, read_group_answer
from shared.storage.protocols import Insert, Operation, Remove, Replace, Row, Upsert

URL = "https://account.table.core.windows.net/due"


def parts_of(operations: list[Operation]) -> list[tuple[str, dict[str, str], bytes]]:
    """Take a body apart by hand: request line, headers and content of each operation."""
    content_type, body = encode_group(URL, operations)
    batch = content_type.removeprefix("multipart/mixed; boundary=")
    assert body.startswith(f"--{batch}\r\n".encode())
    assert body.endswith(f"--{batch}--\r\n".encode())
    found = re.search(rb"boundary=(changeset_\S+)\r\n\r\n", body)
    assert found is not None
    pieces = body.split(b"--" + found[1] + b"\r\n")[1:]
    requests = []
    for piece in pieces:
        outer, head, content = piece.split(b"\r\n\r\n", 2)
        assert outer == b"Content-Type: application/http\r\nContent-Transfer-Encoding: binary"
        line, *headers = head.decode().split("\r\n")
        requests.append((line, dict(one.split(": ", 1) for one in headers), content.partition(b"\r\n")[0]))
    return requests


def test_each_operation_is_one_request() -> None:
    row = Row("S1", "it's", {"N": 5})
    requests = parts_of([Insert(row), Upsert(row), Replace(row, 'W/"1"'), Remove("S1", "it's", 'W/"2"')])
    place = f"{URL}(PartitionKey='S1',RowKey='it%27%27s')"
    assert [line for line, _, _ in requests] == [
        f"POST {URL} HTTP/1.1",
        f"PUT {place} HTTP/1.1",
        f"PUT {place} HTTP/1.1",
        f"DELETE {place} HTTP/1.1",
    ]
    assert [headers.get("If-Match") for _, headers, _ in requests] == [None, None, 'W/"1"', 'W/"2"']
    assert requests[0][1]["Prefer"] == "return-no-content"
    for _, headers, content in requests[:3]:
        assert int(headers["Content-Length"]) == len(content)
        assert json.loads(content) == {
            "PartitionKey": "S1", "RowKey": "it's", "N": "5", "N@odata.type": "Edm.Int64",
        }  # fmt: skip
    assert requests[3][2] == b""


def test_a_body_above_four_mebibytes_is_never_sent() -> None:
    rows: list[Operation] = [Upsert(Row("S1", f"k{number}", {"A": b"x" * 65_536})) for number in range(49)]
    with pytest.raises(ValueError, match="limit 4194304"):
        encode_group(URL, rows)
    with pytest.raises(ValueError, match="limit 4194304"):
        check_group_bytes(rows)
    check_group_bytes(rows[:47])


def test_the_estimate_of_a_size_is_never_below_it() -> None:
    for value in ("é" * 9_000, "\x01" * 9_000, "😀" * 9_000, b"x" * 9_000, 2**63 - 1):
        for operation in (Upsert(Row("é" * 512, "😀" * 512, {"A": value})), Remove("é" * 512, "😀" * 256)):
            assert len(encode_group(URL, [operation])[1]) < bytes_at_most(operation) + 1_000


DONE = (
    b"--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n"
    b"--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    b"HTTP/1.1 204 No Content\r\nDataServiceVersion: 3.0;\r\nETag: W/\"datetime'2017'\"\r\n\r\n\r\n"
    b"--changesetresponse_1--\r\n--batchresponse_1--\r\n"
)


def refused(status: str, code: str, message: str) -> bytes:
    error = json.dumps({"odata.error": {"code": code, "message": {"lang": "en-US", "value": message}}})
    return (
        "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n"
        "--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f"HTTP/1.1 {status}\r\nContent-Type: application/json;odata=minimalmetadata\r\n\r\n{error}\r\n"
        "--changesetresponse_1--\r\n--batchresponse_1--\r\n"
    ).encode()


def test_an_answer_without_failures_is_a_success() -> None:
    assert read_group_answer(DONE) is None


@pytest.mark.parametrize(
    ("status", "code", "message", "index", "cause"),
    [
        (
            "409 Conflict",
            "EntityAlreadyExists",
            "7:The specified entity already exists.\nRequestId:1",
            7,
            AlreadyThereError,
        ),
        (
            "412 Precondition Failed",
            "UpdateConditionNotSatisfied",
            "42:The update condition",
            42,
            ChangedMeanwhileError,
        ),
        ("404 Not Found", "ResourceNotFound", "99:The specified resource does not exist.", 99, NotThereError),
        ("404 Not Found", "ResourceNotFound", "The specified resource does not exist.", 0, NotThereError),
    ],
)
def test_a_refusal_names_operation_and_cause(
    status: str, code: str, message: str, index: int, cause: type[Exception]
) -> None:
    failed = read_group_answer(refused(status, code, message))
    assert failed is not None
    refusal = failed.refusal()
    assert refusal is not None
    assert (refusal.index, type(refusal.cause)) == (index, cause)
    assert "RequestId" not in str(refusal)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("404 Not Found", "TableNotFound"),
        ("503 Service Unavailable", "ServerBusy"),
        ("400 Bad", "InvalidInput"),
    ],
)
def test_what_is_no_condition_of_a_row_is_no_refusal(status: str, code: str) -> None:
    failed = read_group_answer(refused(status, code, "0:words"))
    assert failed is not None
    assert failed.refusal() is None
    assert (failed.status, failed.code, failed.message) == (int(status[:3]), code, "0:words")


def test_an_answer_of_no_parts_is_not_taken_for_a_success() -> None:
    with pytest.raises(ValueError, match="no parts"):
        read_group_answer(b"<html>")


def test_an_error_that_cannot_be_read_has_no_code() -> None:
    assert read_error(b"<html>") == ("", "")
    assert read_error(b'{"odata.error": 5}') == ("", "")
