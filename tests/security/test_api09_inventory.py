"""API9:2023 Improper inventory management: what runs, what is described and what is documented is one list."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from shared.web.route import ANYONE
from shared.web.routes import ROUTES
from tests.app_in_process import app_in_process, http_functions

TOP = Path(__file__).resolve().parents[2]
OPEN = {("get", "/health"), ("get", "/openapi.json"), ("get", "/schemas/transactions.json")}
# What hosts, frameworks and careless people leave open.
FORGOTTEN = (
    "/", "/api", "/api/", "/admin/host/keys", "/api/admin", "/api/swagger", "/api/docs", "/api/debug", "/api/test",
    "/api/v1/causes",
    "/api/.env", "/api/host.json", "/api/local.settings.json", "/runtime/webhooks/durabletask", "/api/metrics", "/api/graphql",
    "/api/causes/../health", "/api//health", "/api/transactions/", "/api/openapi.yaml", "/_sim/state",
)  # fmt: skip


def test_what_runs_is_what_is_listed_and_what_is_described() -> None:
    run = {(one.trigger["methods"][0].lower(), f"/{one.address}") for one in http_functions()}
    listed = [(one.method, one.path) for one in ROUTES]
    described = json.loads((TOP / "docs" / "openapi.json").read_text("utf-8"))["paths"]
    written = {
        (method, path.removeprefix("/api")) for path, methods in described.items() for method in methods
    }
    assert len(listed) == len(set(listed))
    assert run == set(listed) == written


def test_every_route_stands_in_the_readme_and_the_readme_names_no_other() -> None:
    text = (TOP / "README.md").read_text("utf-8")
    named = {
        (method.lower(), re.sub(r"\?.*", "", path))
        for method, path in re.findall(r"`(GET|POST|PUT|DELETE|PATCH) /api(/[^`\s]*)`", text)
    }
    listed = {(one.method, one.path) for one in ROUTES}
    unknown = {one for one in named if one not in listed and not any(_fits(one, other) for other in listed)}
    assert unknown == set()
    assert len(named) > 20


def _fits(named: tuple[str, str], listed: tuple[str, str]) -> bool:
    pattern = re.sub(r"\{\w+\}", "[^/]+", listed[1])
    return named[0] == listed[0] and re.fullmatch(pattern, named[1]) is not None


def test_only_what_says_nothing_of_anybody_is_open_to_anyone() -> None:
    assert {(one.method, one.path) for one in ROUTES if one.security == ANYONE} == OPEN

    async def story() -> None:
        async with app_in_process() as app:
            for one in ROUTES:
                path = "/api" + re.sub(r"\{\w+\}", "x", one.path)
                answer = await app.ask(one.method.upper(), path)
                assert answer.status == (200 if (one.method, one.path) in OPEN else 401), path

    asyncio.run(story())


def test_nothing_else_answers() -> None:
    async def story() -> None:
        async with app_in_process() as app:
            for path in FORGOTTEN:
                answer = await app.desk("everything", "GET", path)
                assert answer.status in (404, 405), path  # 405: a route of another method stands there
                assert not answer.body or answer.media_type == "application/problem+json"

    asyncio.run(story())


def test_the_description_names_one_version_and_no_server_of_its_own() -> None:
    described = json.loads((TOP / "docs" / "openapi.json").read_text("utf-8"))
    assert "servers" not in described
    assert described["info"]["version"]
    assert not any(
        one.get("deprecated") for methods in described["paths"].values() for one in methods.values()
    )
