"""What each kind of channel is sent: a card for Teams, signed JSON, a mail; and never more than may be said."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.alerts.client import AlertClient, request_of
from shared.alerts.mail import signed_headers
from shared.alerts.teams import CARD_BYTES_MAX
from shared.alerts.webhook import signature_of
from shared.errors import RejectedError, RetryableError, ThrottledError, UnknownOutcomeError
from shared.flows.assign_cause import assign_cause
from shared.flows.note_cause import note_cause
from shared.retail.reasons import cause
from tests.unit.alerted import CARD, HOOK, MAIL_KEY, OTHER_SECRET, POST, SECRET, TEAMS_URL, desk
from tests.unit.flow_services import DESK, run

NOON = datetime(2017, 12, 23, 12, 0, tzinfo=UTC)
PATH = os.pathsep.join((os.environ.get("PATH", ""), os.defpath))  # the system's own tools, too
TOP = Path(__file__).resolve().parents[2]


def one_cause(**more: Any) -> dict[str, Any]:
    return {
        "fingerprint": "tender_unmapped~KLARNA", "code": "tender_unmapped", "state": "new", "told_because": "",
        "what_happened": "Receipts were paid with “KLARNA”, which has no D365 payment method yet.",
        "why": "The tills use a way to pay that nobody has mapped.",
        "holds_up": "Only receipts with this tender are held.", "do_this": "Choose the D365 payment method.",
        "size": "300 receipts of 9 stores", "receipts": 300, "stores": 9, "store_names": ["S1", "S2"],
        "amounts": {"USD": "8214.50"}, "stock": "Stock in D365 is overstated by 12 units sold and held",
        "first_seen": "2017-12-23T12:00:00+00:00", "due_at": "2017-12-23T20:00:00+00:00", "urgency": "normal",
        "overdue": False, "runbook": "https://runbooks.test/tender_unmapped.md",
    } | more  # fmt: skip


def body(*causes: dict[str, Any], more: int = 0, title: str = "New: 300 receipts") -> dict[str, Any]:
    return {
        "id": "tender_unmapped~KLARNA~1", "event": "new", "at": "2017-12-23T12:00:00+00:00", "owner": "finance",
        "title": title, "lines": [], "causes": list(causes), "more": more,
    }  # fmt: skip


def card_of(content: bytes) -> dict[str, Any]:
    message = json.loads(content)
    assert message["type"] == "message"
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card: dict[str, Any] = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    return card


def test_a_teams_card_says_what_it_holds_and_what_to_do() -> None:
    card = card_of(request_of(CARD, body(one_cause()), NOON).content)
    texts = [
        run_["text"]
        for block in card["body"]
        if block["type"] == "RichTextBlock"
        for run_ in block["inlines"]
    ]
    assert texts == [
        "New: 300 receipts",
        "Receipts were paid with “KLARNA”, which has no D365 payment method yet.",
        "The tills use a way to pay that nobody has mapped.",
        "Only receipts with this tender are held.",
        "Do this: Choose the D365 payment method.",
        "Alert tender_unmapped~KLARNA~1",
    ]
    (facts,) = (block["facts"] for block in card["body"] if block["type"] == "FactSet")
    assert {one["title"]: one["value"] for one in facts} == {
        "Holds": "300 receipts of 9 stores", "Value": "8214.50 USD", "State": "new", "Due": "2017-12-23 20:00 UTC",
        "Stock": "Stock in D365 is overstated by 12 units sold and held", "Stores": "S1, S2",
    }  # fmt: skip
    assert card["actions"] == [
        {"type": "Action.OpenUrl", "title": "What to do", "url": "https://runbooks.test/tender_unmapped.md"}
    ]


def test_a_value_from_a_till_is_never_markdown_on_a_card() -> None:
    link = "[press here](https://evil.test)"
    card = card_of(request_of(CARD, body(one_cause(what_happened=link), title=link), NOON).content)
    holding = [block for block in card["body"] if "evil" in json.dumps(block)]
    assert holding
    assert {block["type"] for block in holding} == {"RichTextBlock"}


def test_a_card_of_many_long_causes_stays_within_what_teams_takes_and_says_how_many_are_left_out() -> None:
    many = [
        one_cause(what_happened="é" * 600, do_this="ü" * 600, store_names=["S" * 60] * 10) for _ in range(10)
    ]
    content = request_of(CARD, body(*many, more=27), NOON).content
    assert len(content) <= CARD_BYTES_MAX
    (left,) = (
        block["inlines"][0]["text"]
        for block in card_of(content)["body"]
        if "more in the list" in json.dumps(block)
    )
    shown = content.count(b'"FactSet"')
    assert 0 < shown < 10
    assert left == f"and {27 + 10 - shown} more in the list of causes"


def test_a_webhook_is_signed_over_timestamp_and_body_with_every_live_secret() -> None:
    sent = request_of(replace(HOOK, secrets=(SECRET, OTHER_SECRET)), body(one_cause()), NOON)
    assert sent.headers["X-Tillpost-Timestamp"] == "1514030400"
    assert sent.headers["X-Tillpost-Alert"] == "tender_unmapped~KLARNA~1"
    wanted = [
        hmac.new(secret, b"1514030400\n" + sent.content, hashlib.sha256).hexdigest()
        for secret in (b"a secret of the receiver", b"the next secret of theirs")
    ]
    assert sent.headers["X-Tillpost-Signature"] == ",".join(wanted)
    assert json.loads(sent.content)["causes"][0]["receipts"] == 300


@pytest.mark.skipif(shutil.which("openssl", path=PATH) is None, reason="there is no openssl on this machine")
def test_the_check_that_the_page_shows_with_openssl_gives_the_same_signature(tmp_path: Path) -> None:
    sent = request_of(HOOK, body(one_cause()), NOON)
    (tmp_path / "body.json").write_bytes(sent.content)
    page = (TOP / "docs" / "alerts.md").read_text(encoding="utf-8")
    (line,) = (one for one in page.splitlines() if one.startswith("{ printf"))
    script = f"TIMESTAMP={sent.headers['X-Tillpost-Timestamp']}; SECRET='{SECRET}'\n{line}"
    ran = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=tmp_path,
        env={"PATH": PATH},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split()[-1] == sent.headers["X-Tillpost-Signature"]


def test_the_headers_of_a_mail_are_those_of_a_request_signed_elsewhere() -> None:
    """Figures from another implementation: a key of 32 bytes of 1, and a body of thirteen bytes."""
    at = datetime(2026, 10, 7, 0, 0, tzinfo=UTC)
    path = "/emails:send?api-version=2025-09-01"
    found = signed_headers(MAIL_KEY, "unit.communication.azure.com", path, b'{"test":true}', at)
    assert found["x-ms-date"] == "Wed, 07 Oct 2026 00:00:00 GMT"
    assert found["x-ms-content-sha256"] == "b9l325sq/oepzu5IQyiBKZpqr4PZNfu+gwB2YCh/nC4="
    assert found["Authorization"] == (
        "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256"
        "&Signature=YHV7zyLZxwoMUuUSzE/fChhD0/GFzDb5f2QJgvRlbCg="
    )


def test_a_mail_has_a_subject_a_text_and_an_id_that_stays() -> None:
    sent = request_of(POST, body(one_cause(), title="New:\n300 receipts"), NOON)
    assert sent.url == "https://mail.test/emails:send?api-version=2023-03-31"
    found = json.loads(sent.content)
    assert found["senderAddress"] == "tillpost@chain.test"
    assert found["recipients"] == {"to": [{"address": "night.desk@chain.test"}]}
    assert found["content"]["subject"] == "Tillpost: New: 300 receipts"
    assert found["content"]["plainText"].splitlines()[3:] == [
        "Receipts were paid with “KLARNA”, which has no D365 payment method yet.",
        "The tills use a way to pay that nobody has mapped.",
        "Only receipts with this tender are held.",
        "Holds: 300 receipts of 9 stores, 8214.50 USD",
        "State: new; due 2017-12-23 20:00 UTC",
        "Stores: S1, S2",
        "Stock in D365 is overstated by 12 units sold and held",
        "Do this: Choose the D365 payment method.",
        "Runbook: https://runbooks.test/tender_unmapped.md",
        "",
        "Alert tender_unmapped~KLARNA~1",
    ]
    again = request_of(POST, body(one_cause()), NOON.replace(hour=13))
    assert again.headers["Operation-Id"] == sent.headers["Operation-Id"]
    other = request_of(POST, body(one_cause()) | {"id": "tender_unmapped~KLARNA~2"}, NOON)
    assert other.headers["Operation-Id"] != sent.headers["Operation-Id"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200), None),
        (httpx.Response(202), None),
        (httpx.Response(429, headers={"Retry-After": "90"}), ThrottledError),
        (httpx.Response(503), RetryableError),
        (httpx.Response(500), UnknownOutcomeError),
        (httpx.Response(504), UnknownOutcomeError),
        (httpx.Response(400), RejectedError),
        (httpx.Response(404), RejectedError),
        (httpx.Response(302, headers={"Location": "https://elsewhere.test"}), RejectedError),
        (httpx.ConnectError("no"), RetryableError),
        (httpx.ReadTimeout("slow"), UnknownOutcomeError),
        (httpx.RemoteProtocolError("cut"), UnknownOutcomeError),
    ],
)
def test_an_answer_says_whether_it_was_taken(
    answer: httpx.Response | Exception, error: type[Exception] | None
) -> None:
    def receive(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def send() -> None:
        http = httpx.AsyncClient(transport=httpx.MockTransport(receive))
        client = AlertClient(http, (HOOK, CARD), lambda: NOON)
        if error is None:
            await client.deliver(CARD, body(one_cause()))
            return
        with pytest.raises(error) as caught:
            await client.deliver(CARD, body(one_cause()))
        told = str(caught.value)
        assert "sig" not in told
        assert "teams.test" not in told
        if (
            isinstance(caught.value, ThrottledError)
            and isinstance(answer, httpx.Response)
            and answer.status_code == 429
        ):
            assert caught.value.wait_seconds == 90

    run(send())


@pytest.mark.parametrize(
    "url", ["http://hook.test/alerts", "https://elsewhere.test/alerts", "https://hook.test:444/"]
)
def test_nothing_goes_out_to_another_host_or_without_https(url: str) -> None:
    async def send() -> None:
        got: list[httpx.Request] = []
        http = httpx.AsyncClient(
            transport=httpx.MockTransport(lambda request: got.append(request) or httpx.Response(200))
        )
        client = AlertClient(http, (HOOK,), lambda: NOON)
        with pytest.raises(RejectedError):
            await client.deliver(replace(HOOK, url=url), body(one_cause()))
        assert got == []

    run(send())


def test_a_channels_address_and_secrets_are_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        one = await desk((HOOK, CARD, POST))
        await one.hold(3)
        with caplog.at_level(logging.DEBUG):
            await one.beat(minutes=2)
        assert len(one.receiver.got) == 2

    run(story())
    assert any(record.name == "httpx" for record in caplog.records)
    for secret in ("the-teams-signature", SECRET, MAIL_KEY, "0a1b"):
        assert secret not in caplog.text
    for channel in (HOOK, CARD, POST):
        assert TEAMS_URL not in repr(channel)
        assert SECRET not in repr(channel)
        assert MAIL_KEY not in repr(channel)


def test_an_alert_names_no_person_no_card_no_mail_address_and_no_note() -> None:
    async def story() -> None:
        one = await desk((HOOK, CARD))
        words = "Card 4111 1111 1111 1111 of jo.doe@home.example was refused."
        await one.hold(3, cause("d365_refused", words, words=words))
        await one.beat(minutes=2)
        await one.hold(3)
        await one.beat(minutes=2)
        found = await one.the()
        await assign_cause(one.services, found["fingerprint"], DESK.name, DESK, "for Josephine")
        await note_cause(one.services, found["fingerprint"], "Josephine rang the bank", DESK)
        await one.hold(60, first=10)
        await one.beat(hours=9)
        assert one.receiver.events() == ["new", "new", "escalation", "escalation"]
        sent = "".join(request.content.decode() + str(request.headers) for request in one.receiver.got)
        rows = [row async for row in one.services.tables.alerts.query("done~2017-12")]
        assert len(rows) == 6
        kept = "".join(row.text("Body") + row.text("Title") + row.key for row in rows)
        for word in ("4111", "jo.doe", "Josephine", DESK.name, SECRET, "the-teams-signature"):
            assert word not in sent.replace(TEAMS_URL, ""), word
            assert word not in kept, word
        assert "[card removed]" in sent

    run(story())


def test_the_signature_is_of_these_bytes_alone() -> None:
    good = signature_of(SECRET, "1514030400", b'{"a":1}')
    assert good != signature_of(SECRET, "1514030401", b'{"a":1}')
    assert good != signature_of(SECRET, "1514030400", b'{"a": 1}')
    assert good != signature_of(OTHER_SECRET, "1514030400", b'{"a":1}')
