"""The demo's tills and desks over HTTP: signed, patient, and never with other bytes the second time."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from demo.clock import Clock
from demo.tempo import speed_of
from demo.web import AnswerError, Desk, Tills

SECRET = "a secret of the test's own"
CLOCK = Clock(datetime(2017, 12, 23, 5, tzinfo=UTC), datetime.now(UTC), 900)
Handler = Callable[[httpx.Request], httpx.Response]


def tills(handler: Handler) -> Tills:
    found = Tills("http://app", SECRET, CLOCK)
    found.http = httpx.AsyncClient(base_url="http://app", transport=httpx.MockTransport(handler))
    return found


def accepted(_: httpx.Request) -> httpx.Response:
    return httpx.Response(202, json={"results": [{"index": 0, "transaction_id": "1", "verdict": "accepted"}]})


def test_a_call_is_signed_over_its_time_its_path_and_its_raw_bytes() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return accepted(request)

    sender = tills(answer)
    asyncio.run(sender.send([{"transaction_id": "1"}]))
    request = seen[0]
    stamp = request.headers["X-Tillpost-Timestamp"]
    message = f"{stamp}\nPOST\n/api/transactions\n".encode() + request.content
    expected = hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    assert request.headers["X-Tillpost-Signature"] == expected
    assert request.headers["X-Tillpost-Account"] == "canonical-east"
    assert int(stamp) >= int(datetime(2017, 12, 23, 5, tzinfo=UTC).timestamp())
    assert json.loads(request.content) == {"transactions": [{"transaction_id": "1"}]}


def test_no_answer_and_a_server_in_trouble_are_asked_again_with_the_same_bytes() -> None:
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        if len(bodies) == 1:
            raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response(503) if len(bodies) == 2 else accepted(request)

    sender = tills(answer)
    asyncio.run(sender.send([{"transaction_id": "1"}]))
    assert len(bodies) == 3
    assert len(set(bodies)) == 1
    assert (sender.counts.tries_again, sender.counts.verdicts) == (2, {"accepted": 1})


def test_a_refusal_is_noted_and_not_asked_again() -> None:
    calls = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(
            422, json={"results": [{"index": 0, "transaction_id": "1", "verdict": "refused"}]}
        )

    sender = tills(answer)
    asyncio.run(sender.send([{"transaction_id": "1"}]))
    assert len(calls) == 1
    assert sender.counts.unexpected == [{"index": 0, "transaction_id": "1", "verdict": "refused"}]


def test_an_answer_that_says_the_call_itself_is_wrong_ends_the_run() -> None:
    sender = tills(lambda _: httpx.Response(401, text="not signed"))
    with pytest.raises(AnswerError, match="401 not signed"):
        asyncio.run(sender.send([]))


def test_a_desk_shows_its_key_and_names_what_it_reads() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(404)

    desk = Desk("http://app", "auditor", "key")
    desk.http = httpx.AsyncClient(
        base_url="http://app", transport=httpx.MockTransport(answer), headers={"Authorization": "Bearer key"}
    )
    assert asyncio.run(desk.read("causes", "tender_unmapped~KLARNA/1")) is None
    assert seen[0].url.raw_path == b"/api/causes/tender_unmapped~KLARNA%2F1"
    assert seen[0].headers["Authorization"] == "Bearer key"


def test_the_clock_runs_so_many_times_faster() -> None:
    started = datetime.now(UTC)
    clock = Clock(datetime(2017, 12, 23, 5, tzinfo=UTC), started, 3600)
    asyncio.run(clock.wait_until(datetime(2017, 12, 23, 5, 3, tzinfo=UTC)))
    assert clock.now() >= datetime(2017, 12, 23, 5, 3, tzinfo=UTC)
    assert clock.settings() == {
        "TILLPOST_CLOCK_START": "2017-12-23T05:00:00+00:00",
        "TILLPOST_CLOCK_ANCHOR": started.isoformat(),
        "TILLPOST_CLOCK_SPEED": "3600",
    }


def test_a_slow_or_busy_machine_gets_a_slower_day_within_bounds() -> None:
    assert speed_of(0.3) == speed_of(0.6) == 720
    assert speed_of(1.0) == 440
    assert speed_of(5.0) == 400
