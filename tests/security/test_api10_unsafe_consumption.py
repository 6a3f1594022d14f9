"""API10:2023 Unsafe consumption of APIs: D365's answers are checked like a stranger's: size, kind, host, redirects."""

from __future__ import annotations

import contextlib
import gzip
import time
from collections.abc import Callable

import httpx
import pytest

from shared.errors import RejectedError, RetryableError, TillpostError, UnknownOutcomeError
from tests.unit.test_d365_client import D365, NOW, SIGNED, Credential, D365Client, Played, ok, run, start

MEBIBYTE = 1024 * 1024
STRANGE = [
    b"", b"null", b"[]", b"{}", b'"x"', b"0", b"<html>sign in</html>", b"\xff\xfe", b'{"value": null}', b'{"value": {}}',
    b'{"value": [null]}', b'{"value": [[]]}', b'{"value": [{"TransactionNumber": 5}]}', b'{"value": [{}]}', b"[" * 100_000,
    b'{"value": "' + b"x" * 10_000 + b'"}', b'{"value": 1e999}', b'{"value": NaN}', b'{"value": [{"dataAreaId": {"$ne": 1}}]}',
]  # fmt: skip
QUESTIONS: dict[str, Callable[[D365Client], object]] = {
    "read back": lambda client: run(client.headers_of_package("P1")),
    "execution": lambda client: run(client.execution_status("P1-1")),
    "import": lambda client: run(start(client)),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_of_another_kind_is_an_error_of_ours_and_never_taken_for_one(question: str) -> None:
    for body in STRANGE:
        played = Played(
            *(
                httpx.Response(200, content=body, headers={"content-type": "application/json"})
                for _ in range(3)
            )
        )
        try:
            found = QUESTIONS[question](played.client)
        except TillpostError:
            continue
        assert found in ([], None, "", ()) or isinstance(found, str), (body[:40], found)


def test_an_answer_without_end_is_cut_off_packed_or_not() -> None:
    packed = gzip.compress(b"[" + b" " * (80 * MEBIBYTE) + b"]")
    assert len(packed) < MEBIBYTE
    began = time.monotonic()
    bomb = httpx.Response(
        200, content=packed, headers={"content-encoding": "gzip", "content-type": "application/json"}
    )
    with pytest.raises(RejectedError, match="too large"):
        run(Played(bomb).client.headers_of_package("P1"))
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_no_instruction_and_our_token_goes_nowhere_else(status: int) -> None:
    played = Played(
        *(httpx.Response(status, headers={"location": f"https://evil.example/{n}"}) for n in range(3))
    )
    with pytest.raises((RejectedError, UnknownOutcomeError, RetryableError)):
        run(start(played.client))
    assert {request.url.host for request in played.requests} == {httpx.URL(D365).host}


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/data/x", f"{D365}.evil.example/x", "http://contoso.operations.dynamics.com/x",
        "https://contoso.operations.dynamics.com@evil.example/x", "//evil.example/x", "file:///etc/passwd",
        "https://contoso.operations.dynamics.com:8443/x", "https://[::1]/x", "",
    ],
)  # fmt: skip
def test_an_address_in_an_answer_is_followed_only_to_where_we_asked(address: str) -> None:
    played = Played(ok([], **{"@odata.nextLink": address}))
    with contextlib.suppress(TillpostError):
        run(played.client.headers_of_package("P1"))
    assert len(played.requests) == 1
    uploads = Played()
    with pytest.raises(RejectedError):
        run(uploads.client.upload(f"{address}?sig=x", b"zip"))
    assert uploads.requests == []


def test_a_page_that_leads_back_to_itself_ends() -> None:
    following = f"{D365}/data/RetailTransactions?$skiptoken=1"
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if len(seen) > 2_000:
            raise AssertionError("asked without end")
        return ok([], **{"@odata.nextLink": following})

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    client = D365Client(D365, Credential(), http, lambda: NOW, "Retail import")
    with pytest.raises(TillpostError):
        run(client.headers_of_package("P1"))


def test_words_of_d365_reach_a_log_and_a_person_without_what_opens_a_blob() -> None:
    told = httpx.Response(400, json={"error": {"message": f"cannot read {SIGNED}"}})
    with pytest.raises(TillpostError) as raised:
        run(start(Played(told).client))
    assert "SeCrEt" not in str(raised.value)
