"""API8:2023 Security misconfiguration: what is published, answered and logged is what was meant to be."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared.errors import SettingsError
from shared.settings import SIMULATION_ONLY, read_settings
from tests.app_in_process import App, http_functions
from tests.security.prepared import CAUSE, prepared

TOP = Path(__file__).resolve().parents[2]
INSIDE = re.compile(r"Traceback|File \"|\.py|line \d+|Error:|Exception|azure\.|site-packages|127\.0\.0\.1")


def told(story: Any) -> None:
    async def opened() -> None:
        async with prepared() as app:
            await story(app)

    asyncio.run(opened())


def test_an_error_says_what_is_wrong_and_nothing_of_the_inside() -> None:
    async def story(app: App) -> None:
        for method, path, body in (
            ("GET", "/api/causes?state=%00", None),
            ("GET", "/api/transactions/%F0%28/%2e%2e/%00", None),
            ("POST", f"/api/causes/{CAUSE}/notes", b"\xff\xfe{"),
            ("POST", f"/api/causes/{CAUSE}/notes", b'{"note": "\\ud800"}'),
            ("PUT", "/api/mappings/tenders", b"\x00\x01\x02"),
            ("PUT", "/api/mappings/__proto__", b"a"),
            ("GET", "/api/coverage?days=NaN", None),
            ("GET", "/api/statements/S1/2017-02-30", None),
            ("GET", "/api/accrual/usrt?cut_off=now()", None),
        ):
            answer = await app.desk("everything", method, path, body, **{"X-Reason": "x"})
            assert answer.failed is None, repr(answer.failed)
            assert 400 <= answer.status < 500, (path, answer.status)
            assert answer.media_type == "application/problem+json"
            assert not INSIDE.search(answer.body.decode()), answer.body

    told(story)


def test_no_answer_lets_another_site_read_it_or_names_what_it_runs_on() -> None:
    async def story(app: App) -> None:
        headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        for path in ("/api/health", "/api/causes", "/api/openapi.json"):
            answer = await app.desk("finance", "GET", path, None, **headers)
            assert answer.status == 200
            assert not {name for name in answer.headers if name.startswith("access-control-")}
            assert not {"server", "x-powered-by"} & set(answer.headers)
            assert (await app.desk("finance", "OPTIONS", path, None, **headers)).status == 405

    told(story)


def test_a_page_for_people_is_kept_by_no_browser_framed_by_nobody_and_runs_nothing() -> None:
    async def story(app: App) -> None:
        for path in ("/api/statements/S1/2017-12-23", "/api/trail/S1/2017-12-23/S1-1-0001"):
            page = await app.desk("finance", "GET", f"{path}?format=html")
            assert (page.status, page.media_type) == (200, "text/html")
            assert page.headers["cache-control"] == "no-store"
            assert page.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in page.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
            assert b"<script" not in page.body.lower()
            assert b"http" not in page.body.replace(b"http-equiv", b"")

    told(story)


def test_the_host_publishes_nothing_but_the_routes() -> None:
    host = json.loads((TOP / "host.json").read_text("utf-8"))
    assert host["extensions"]["http"]["routePrefix"] == "api"
    assert "customHeaders" not in host["extensions"]["http"]
    assert host["logging"]["logLevel"]["default"] == "Information"
    assert (
        host["logging"]["logLevel"]["Azure.Core"] == "Warning"
    )  # below, it logs addresses with their signatures
    assert host["functionTimeout"] == "00:10:00"
    for one in http_functions():
        assert len(one.trigger["methods"]) == 1, one.name


def test_what_is_for_simulations_alone_starts_nowhere_else() -> None:
    values = {
        "TILLPOST_ENVIRONMENT": "production", "TILLPOST_STORAGE": "x", "TILLPOST_SENDERS": "[]", "TILLPOST_PEOPLE": "[]",
        "TILLPOST_KEYED_HASH_SECRET": "only a made-up secret", "D365_URL": "https://d365.example",
        "D365_ENVIRONMENT_ID": "e", "D365_TENANT_ID": "t", "D365_DATA_PROJECT": "p",
    }  # fmt: skip
    read_settings(values)
    for name in SIMULATION_ONLY:
        with pytest.raises(SettingsError, match="for simulations only"):
            read_settings({**values, name: "2017-12-23T00:00:00+00:00"})
    for name, value in (
        ("TILLPOST_KEYED_HASH_SECRET", "short"),
        ("TILLPOST_SENDERS", '[{"account": "a", "secrets": ["short"], "stores": ["*"]}]'),
        ("TILLPOST_PEOPLE", '[{"name": "a", "roles": ["root"], "key_sha256": "' + "0" * 64 + '"}]'),
        ("TILLPOST_SENDERS", "@Microsoft.KeyVault(SecretUri=https://v.example/s)"),
    ):
        with pytest.raises(SettingsError):
            read_settings({**values, name: value})
