"""The posting world without sockets: the same simulator, its routes called in process. A tenth of the time, for many tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from shared.d365.client import D365Client
from shared.services import Services
from shared.storage.mappings import MappingCache
from shared.storage.memory import memory_queues, memory_tables
from simulator.imports import Imports
from tests.contract.posting_world import SETUP, Effects, PostingWorld, SimulatorClock
from tests.simulation.headquarters import ORIGIN, DroppedError, Headquarters, as_httpx, target_of
from tests.simulation.wire import Token
from tests.unit.flow_services import Hand, settings_for
from tests.unit.test_mapping import ROWS


class _Straight(httpx.AsyncBaseTransport):
    """A connection to the simulator that is a call. effects: each is one of the app's, where they are given."""

    def __init__(self, headquarters: Headquarters[Imports], effects: Effects | None = None) -> None:
        self._headquarters, self._effects = headquarters, effects

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raw, name = target_of(request)
        if name == "token":
            return httpx.Response(200, json={"access_token": "a token"}, request=request)
        content = await request.aread()
        if self._effects is None:
            return await self._answered(request, raw, content)
        await self._effects.before(f"d365 {request.method}", name)
        if name == "blob":
            self._effects.uploads.append(content)
        response = await self._answered(request, raw, content)
        if name in self._effects.hidden_sets:
            response = httpx.Response(200, json={"value": []}, request=request)
        await self._effects.after(f"d365 {request.method}", name)
        return response

    async def _answered(self, request: httpx.Request, raw: str, content: bytes) -> httpx.Response:
        try:
            answer = await self._headquarters.answer(request.method, raw, dict(request.headers), content)
        except DroppedError as error:
            raise httpx.RemoteProtocolError("no answer", request=request) from error
        return as_httpx(request, answer)


@asynccontextmanager
async def posting_in_process(**setup: Any) -> AsyncIterator[PostingWorld]:
    """Build both sides in this process, set up with the same reference data."""
    hand, effects = Hand(), Effects()
    headquarters = Headquarters(SimulatorClock(hand=hand), {}, Imports)
    async with (
        httpx.AsyncClient(transport=_Straight(headquarters)) as http,
        httpx.AsyncClient(transport=_Straight(headquarters, effects)) as app_http,
    ):
        d365 = D365Client(ORIGIN, Token(), app_http, hand, "Tillpost", ("d365.test",))
        tables = memory_tables(hand, before_effect=effects.before, after_effect=effects.after)
        queues = memory_queues(hand, before_effect=effects.before, after_effect=effects.after)
        services = Services(
            settings_for(hand),
            tables,
            queues,
            d365,
            MappingCache(tables.mappings),
            Counter(),
            chance=lambda: 0.5,
        )
        world = PostingWorld(hand, services, effects, http, ORIGIN)
        await world.sim("setup", {**SETUP, **setup})
        for (kind, *_), values in ROWS.items():
            await world.map_also(kind, values)
        try:
            yield world
        finally:
            await headquarters.imports.stop()
