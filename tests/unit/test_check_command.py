"""`make daily-check`: what it prints for people, what it asks the app for, and how it ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from scripts import check
from scripts.check import _before, checks_text, main

RUNBOOK = "docs/handover/runbooks/tender_unmapped.md"


def found(sentence: str, owner: str, state: str, *items: dict[str, str], **more: Any) -> dict[str, Any]:
    whole = {"sentence": sentence, "owner": owner, "state": state, "unknown": None, "amounts": {}}
    return {**whole, "items": list(items), "count": len(items), **more}


def item(what: str, amount: str = "", currency: str = "", runbook: str = "") -> dict[str, str]:
    return {"what": what, "amount": amount, "currency": currency, "runbook": runbook}


BODY: dict[str, Any] = {
    "cadence": "daily", "legal_entity": "usrt", "period": "2017-12-23", "at": "2017-12-24T09:00:00+00:00",
    "verdict": "1 of 3 checks not in order, 1 not known", "by": "finance desk",
    "checks": [
        found("All is well.", "it", "in order"),
        found(
            "Nothing waits.", "store_operations", "not in order", item("A receipt waits.", "24.00", "USD", RUNBOOK),
            *(item("And this.") for _ in range(20)), amounts={"USD": "24.00"},
        ),
        found("It was looked at.", "it", "not known", unknown="never"),
    ],
}  # fmt: skip


def test_each_check_is_a_line_and_what_speaks_against_it_stands_below() -> None:
    lines = checks_text(BODY).splitlines()
    assert lines[0] == "daily checks of usrt, 2017-12-23: 1 of 3 checks not in order, 1 not known"
    assert lines[1] == "made at 2017-12-24T09:00:00+00:00, kept under finance desk"
    assert lines[3] == "ok All is well. [it]"
    assert lines[4] == "NO Nothing waits. (21, 24.00 USD) [store operations]"
    assert lines[5:7] == [
        "    - A receipt waits. 24.00 USD",
        "      docs/handover/runbooks/tender_unmapped.md",
    ]
    assert lines[-3:] == ["      and 1 more", "?  It was looked at. [it]", "      never"]


@pytest.mark.parametrize(
    ("states", "ends"), [(["in order"], 0), (["in order", "not in order"], 1), (["not known"], 1)]
)
def test_it_ends_with_how_the_checks_stand(
    states: list[str], ends: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, str, Any, str]] = []

    def answer(method: str, address: str, **options: Any) -> httpx.Response:
        asked.append((method, address, options["json"], options["headers"]["Authorization"]))
        checks = [BODY["checks"][0] | {"state": state} for state in states]
        return httpx.Response(200, json=BODY | {"checks": checks}, request=httpx.Request(method, address))

    monkeypatch.setattr(httpx, "request", answer)
    environ = {"APP": "https://app.test/api/", "TILLPOST_KEY": "a key"}
    assert main(["daily", "--entity", "us/t", "--period", "2017-12-23"], environ) == ends
    assert (
        main(["monthly", "--entity", "usrt", "--period", "2017-12", "--keep", "--note", "x"], environ) == ends
    )
    assert asked == [
        ("GET", "https://app.test/api/checks/daily/us%2Ft/2017-12-23", None, "Bearer a key"),
        ("POST", "https://app.test/api/checks/monthly/usrt/2017-12", {"note": "x"}, "Bearer a key"),
    ]
    assert "All is well." in capsys.readouterr().out


def test_without_entity_or_key_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["daily"], {}) == 2
    assert main(["daily", "--entity", "usrt"], {"APP": "https://app.test"}) == 2
    assert "ENTITY=" in capsys.readouterr().err


def test_a_refusal_is_told_in_the_apps_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    body = json.dumps({"title": "this is no day", "status": 422})
    refused = httpx.Response(422, text=body, request=httpx.Request("GET", "http://x"))
    monkeypatch.setattr(check.httpx, "request", lambda *_, **__: refused)
    assert main(["daily", "--entity", "usrt"], {}) == 2
    assert "this is no day" in capsys.readouterr().err


def test_the_day_and_the_month_before_are_asked_for_where_none_is_named() -> None:
    at = datetime(2018, 1, 1, 12, tzinfo=UTC)
    assert (_before("daily", at), _before("monthly", at)) == ("2017-12-31", "2017-12")
