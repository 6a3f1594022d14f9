"""Signing in with azure-identity itself, against the simulator's authority over HTTPS: by settings only, no secret in a log."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from shared.clock import Clock
from shared.errors import RetryableError
from shared.services import open_d365
from shared.settings import D365Settings
from simulator.app import serving
from simulator.clock import Clock as SimulatorClock
from tests.contract.posting_world import CLIENT_ID, CLIENT_SECRET, PostingWorld, posting_world
from tests.unit.documents import sale_document

Story = Callable[[D365Settings], Awaitable[None]]


def tell(story: Story, folder: Path) -> None:
    async def told() -> None:
        async with serving(folder, SimulatorClock(), CLIENT_ID, CLIENT_SECRET) as running:
            await story(
                D365Settings(
                    running.url, "env-1", "some-tenant", CLIENT_ID, CLIENT_SECRET, running.url, "Tillpost",
                    str(running.ca_file),
                )
            )  # fmt: skip

    asyncio.run(told())


async def asked(settings: D365Settings) -> str | None:
    client = open_d365(settings, Clock(), "")
    try:
        return await client.execution_status("never-started")
    finally:
        await client.close()


def test_the_app_signs_in_at_the_authority_of_its_settings(tmp_path: Path) -> None:
    async def story(settings: D365Settings) -> None:
        trust = ssl.create_default_context(cafile=settings.ca_file)
        assert await asked(settings) is None  # D365 let us in, and knows no such import
        async with httpx.AsyncClient(verify=trust) as http:
            calls = (await http.get(f"{settings.url}/_sim/calls")).json()
        assert calls["token"]["by_kind"] == {"POST token": 1}

    tell(story, tmp_path)


def test_neither_secret_nor_token_is_ever_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def story(settings: D365Settings) -> None:
        client = open_d365(settings, Clock(), "")
        await client.execution_status("never-started")
        token = await client._wire._tokens.bearer()
        target = await client.write_url("x.zip")
        await client.upload(target.url, b"package")
        await client.close()
        with pytest.raises(RetryableError) as refused:
            await asked(replace(settings, client_secret="a wrong but secret secret"))
        shown = caplog.text + str(refused.value) + repr(target)
        signature = target.url.partition("sig=")[2]
        assert len(signature) > 8
        for secret in (CLIENT_SECRET, token, "a wrong but secret secret", signature):
            assert secret not in shown

    tell(story, tmp_path)


def test_a_token_that_d365_refuses_once_is_forgotten_and_the_flow_goes_on_with_a_new_one(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        tokens = world.services.d365._wire._tokens
        await world.send(sale_document(1))
        before = await tokens.bearer()
        await world.fault("status", status=401, text="expired", times=1, path_contains="GetAzureWriteUrl")
        await world.beat()
        assert "d365_silent" in await world.causes()
        await world.drive_until("posted")
        assert await tokens.bearer() != before
        assert await world.ledger() == (1, {"1": "24"})
        assert await world.causes() == {}

    async def told() -> None:
        async with posting_world(tmp_path) as world:
            await story(world)

    asyncio.run(told())
