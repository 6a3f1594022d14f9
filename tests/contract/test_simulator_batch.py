"""`$batch` of the simulated headquarters: queries beside changesets, all or nothing, 200 outside whatever happens inside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.simulator_driver import Headquarters, headquarters
from tests.contract.simulator_receipts import SETUP, sale, together

HEADERS = "RetailTransactions"
HTTP_PART = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"


@pytest.fixture
def hq(tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(tmp_path, SETUP) as running:
        assert running.import_rows(together(sale("A"), sale("B"))) == "Succeeded"
        yield running


def key(number: str) -> str:
    return (
        f"{HEADERS}(dataAreaId='usrt',TransactionNumber='{number}',OperatingUnitNumber='OU367',Terminal='367-1')"
        "?cross-company=true"
    )


def request(method: str, target: str, body: object = None, **headers: str) -> str:
    lines = [f"{method} /data/{target} HTTP/1.1", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
    return "\r\n".join([*lines, "", "" if body is None else json.dumps(body)])


def alone(one: str) -> str:
    return f"--b\r\n{HTTP_PART}\r\n{one}\r\n"


def changeset(*parts: str) -> str:
    inner = "".join(
        f"--c\r\n{HTTP_PART}Content-ID: {number}\r\n\r\n{one}\r\n"
        for number, one in enumerate(parts, start=1)
    )
    return f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{inner}--c--\r\n"


def send(hq: Headquarters, *parts: str, prefer: str = "") -> httpx.Response:
    headers = {**hq.bearer, "Content-Type": "multipart/mixed; boundary=b"}
    if prefer:
        headers["Prefer"] = prefer
    return hq.http.post("/data/$batch", content=("".join(parts) + "--b--\r\n").encode(), headers=headers)


def statuses(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [int(one) for one in re.findall(r"^HTTP/1\.1 (\d+)", answer.text, re.MULTILINE)]


def comments(hq: Headquarters) -> list[str]:
    return [row["Comment"] for row in hq.rows(HEADERS, orderby="TransactionNumber")]


def test_queries_and_changesets_go_side_by_side(hq: Headquarters) -> None:
    answer = send(
        hq,
        alone(request("GET", f"{HEADERS}?$select=Comment&$orderby=TransactionNumber")),
        changeset(request("PATCH", key("A"), {"Comment": "1"}), request("PATCH", key("B"), {"Comment": "2"})),
        alone(request("GET", f"{HEADERS}/$count")),
        alone(request("PATCH", key("A"), {"Comment": "3"})),
    )
    assert statuses(answer) == [200, 204, 204, 200, 204]
    assert '"Comment":"P1"' in answer.text
    assert comments(hq) == ["3", "2"]


def test_a_changeset_with_one_refusal_changes_nothing_and_answers_once(hq: Headquarters) -> None:
    answer = send(
        hq,
        changeset(
            request("PATCH", key("A"), {"Comment": "1"}), request("DELETE", key("B")),
            request("PATCH", key("A"), {"Currency": "XXX"}),
        ),
    )  # fmt: skip
    assert statuses(answer) == [400]
    assert answer.text.count("innererror") == 1
    assert comments(hq) == ["P1", "P1"]
    assert len(hq.rows("RetailTransactionSalesLinesV2")) == 2


def test_a_changeset_is_refused_whole_where_a_row_was_changed_meanwhile(hq: Headquarters) -> None:
    etag = hq.get(key("B")).json()["@odata.etag"]
    hq.sim("people/edit", {"TransactionNumber": "B", "changes": {"Comment": "person"}})
    stale = request("PATCH", key("B"), {"Comment": "2"}, If_Match=etag)
    assert statuses(send(hq, changeset(request("PATCH", key("A"), {"Comment": "1"}), stale))) == [412]
    assert comments(hq) == ["P1", "person"]


def test_what_follows_an_error_is_done_only_when_asked(hq: Headquarters) -> None:
    wrong, right = alone(request("GET", "Nothing")), alone(request("PATCH", key("A"), {"Comment": "1"}))
    assert statuses(send(hq, wrong, right)) == [404]
    assert comments(hq) == ["P1", "P1"]
    assert statuses(send(hq, wrong, right, prefer="odata.continue-on-error")) == [404, 204]
    assert comments(hq) == ["1", "P1"]


def test_a_changeset_asks_no_questions(hq: Headquarters) -> None:
    answer = send(hq, changeset(request("PATCH", key("A"), {"Comment": "1"}), request("GET", key("A"))))
    assert statuses(answer) == [400]
    assert comments(hq) == ["P1", "P1"]


def test_a_batch_has_no_more_than_five_thousand_operations(hq: Headquarters) -> None:
    one = request("PATCH", key("A"), {"Comment": "1"})
    refused = send(hq, changeset(one), changeset(*([one] * 5_000)))
    assert (refused.status_code, "5000" in refused.text) == (400, True)
    assert comments(hq) == ["P1", "P1"]
    assert statuses(send(hq, changeset(*([one] * 5_000)))) == [204] * 5_000


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/json", "{}"),
        ("multipart/mixed; boundary=b", "--b\r\n"),
        ("multipart/mixed; boundary=b", f"--b\r\n{HTTP_PART}\r\nPATCH\r\n\r\n--b--\r\n"),
    ],
)
def test_a_batch_nobody_can_read_is_refused(hq: Headquarters, content_type: str, content: str) -> None:
    headers = {**hq.bearer, "Content-Type": content_type}
    assert hq.http.post("/data/$batch", content=content.encode(), headers=headers).status_code == 400


def test_a_batch_with_one_part_nobody_can_read_does_nothing(hq: Headquarters) -> None:
    refused = send(hq, alone(request("PATCH", key("A"), {"Comment": "1"})), alone("PATCH"))
    assert (refused.status_code, comments(hq)) == (400, ["P1", "P1"])
