"""API7:2023 Server side request forgery: no caller chooses where the app connects to, and nothing it reads makes it fetch."""

from __future__ import annotations

import ast
import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from shared.errors import SettingsError
from shared.settings import read_settings
from tests.app_in_process import app_in_process
from tests.security.prepared import call
from tests.unit.documents import sale_document

INSIDE = "http://169.254.169.254/metadata/identity/oauth2/token?resource=https://management.azure.com/"
ENTITY = (
    f'<?xml version="1.0"?><!DOCTYPE POSLog [<!ENTITY x SYSTEM "{INSIDE}">]>'
    '<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/"><Transaction>&x;</Transaction></POSLog>'
)
INCLUDED = (
    '<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/" xmlns:xi="http://www.w3.org/2001/XInclude" '
    f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://x {INSIDE}">'
    f'<?xml-stylesheet href="{INSIDE}"?><xi:include href="{INSIDE}"/></POSLog>'
)
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every name that was looked up and every address that was connected to."""
    seen: list[Any] = []

    def refuse(*words: Any, **_: Any) -> Any:
        seen.append(words[-2:])
        raise OSError("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return seen


def test_nothing_that_is_sent_makes_the_app_fetch_anything(asked: list[Any]) -> None:
    async def story() -> None:
        async with app_in_process() as app:
            tempting = sale_document(1, extra={"image": INSIDE, "callback": INSIDE, "$ref": INSIDE})
            await app.till(
                "POST",
                "/api/transactions",
                call(tempting),
            )
            for body in (ENTITY, INCLUDED):
                answer = await app.till("POST", "/api/pos/poslog", body.encode())
                assert answer.status in (400, 422)
                assert answer.failed is None
            note = {"note": f"see {INSIDE}", "url": INSIDE}
            await app.desk("finance", "POST", "/api/causes/x/notes", note)
            mapping = f"store,tender,payment_method\n*,CASH,{INSIDE}\n".encode()
            await app.desk("finance", "PUT", "/api/mappings/tenders", mapping, **{"X-Reason": INSIDE})
            headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Referer": INSIDE}
            answer = await app.ask("GET", "/api/openapi.json", b"", headers, host="evil.example")
            assert b"evil.example" not in answer.body
            await app.world.deliver()

    asyncio.run(story())
    assert asked == []


def test_an_address_that_the_status_url_gives_is_a_path_and_names_no_host(asked: list[Any]) -> None:
    async def story() -> str:
        async with app_in_process() as app:
            headers = app.signed("POST", "/api/transactions", call(sale_document(1)))
            sent = await app.ask(
                "POST", "/api/transactions", call(sale_document(1)), headers, host="evil.example"
            )
            return str(sent.json()["results"][0]["status_url"])

    assert asyncio.run(story()) == "/api/transactions/S1/east/T1"


@pytest.mark.parametrize("name", ["D365_URL", "D365_AUTHORITY", "TILLPOST_STORAGE__tableServiceUri"])
@pytest.mark.parametrize(
    "address", ["http://d365.example", "file:///etc/passwd", "ftp://x", "//x", "d365.example"]
)
def test_the_settings_alone_name_hosts_and_only_over_https(name: str, address: str) -> None:
    values = {
        "TILLPOST_ENVIRONMENT": "test", "TILLPOST_STORAGE__tableServiceUri": "https://t.example",
        "TILLPOST_STORAGE__queueServiceUri": "https://q.example", "TILLPOST_SENDERS": "[]", "TILLPOST_PEOPLE": "[]",
        "TILLPOST_KEYED_HASH_SECRET": "only a made-up secret", "D365_URL": "https://d365.example",
        "D365_ENVIRONMENT_ID": "e", "D365_TENANT_ID": "t", "D365_DATA_PROJECT": "p",
    }  # fmt: skip
    read_settings(values)
    with pytest.raises(SettingsError, match="https"):
        read_settings({**values, name: address})


def test_no_client_of_the_app_follows_a_redirect() -> None:
    clients = 0
    for path in SHARED.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "httpx.AsyncClient":
                clients += 1
                told = {one.arg: ast.unparse(one.value) for one in node.keywords}
                assert told.get("follow_redirects") == "False", f"{path.name}:{node.lineno}"
                assert "timeout" in told, f"{path.name}:{node.lineno}"
                assert told.get("verify") != "False", f"{path.name}:{node.lineno}"
    assert clients >= 2
