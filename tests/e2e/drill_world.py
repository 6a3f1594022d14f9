"""The app and D365's simulator in this process, over HTTP messages without sockets, on a clock that drills turn."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import azure.functions as func
import httpx
from azure.functions.decorators.function_app import FunctionBuilder

from demo.chain import ACCOUNT
from drills.drill import Drill
from drills.scene import Scene
from localhost.routes import PARAMETER
from shared import services as of_process
from shared.d365.client import D365Client
from shared.flows.check_effects import check_effects
from shared.flows.compile_statements import compile_statements
from shared.flows.end_empty_causes import end_empty_causes
from shared.flows.read_reference import read_reference
from shared.flows.watch_lateness import watch_lateness
from shared.flows.watch_silence import watch_silence
from shared.services import Services
from shared.settings import Person, Sender
from shared.storage.mappings import MappingCache
from shared.storage.memory import memory_queues, memory_tables
from simulator.imports import Imports
from simulator.people import People
from tests.contract.posting_in_process import _Straight
from tests.contract.posting_world import Effects, PostingWorld, SimulatorClock
from tests.simulation.headquarters import ORIGIN, Headquarters
from tests.simulation.wire import Token
from tests.unit.flow_services import Hand, settings_for

SECRET, ROLES = "the drill tills' secret", ("reader", "finance", "store_operations", "retail_systems", "it")
TRIGGERS = Path(__file__).resolve().parents[2] / "shared" / "triggers"
TIMERS = (read_reference, compile_statements, check_effects, watch_silence, watch_lateness, end_empty_causes)


class App(httpx.AsyncBaseTransport):
    """Calls the app's own HTTP functions, as a host would, without one."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0].removeprefix("/api/")
        for call, methods, pattern in functions():
            found = pattern.fullmatch(path)
            if found and request.method in methods:
                parameters = {name: unquote(value) for name, value in found.groupdict().items()}
                answer = await call(
                    func.HttpRequest(
                        method=request.method, url=str(request.url), headers=dict(request.headers),
                        params=dict(request.url.params), route_params=parameters, body=await request.aread(),
                    )
                )  # fmt: skip
                kind = {"content-type": answer.mimetype or "text/plain"}
                return httpx.Response(
                    answer.status_code, headers=kind, content=answer.get_body(), request=request
                )
        return httpx.Response(404, json={"title": "no such route"}, request=request)


@cache
def functions() -> list[tuple[FunctionBuilder, set[str], re.Pattern[str]]]:
    """Give every HTTP function with its methods and the pattern of its route, literal routes first."""
    found = []
    for path in sorted(TRIGGERS.glob("[!_]*.py")):
        module: ModuleType = import_module(f"shared.triggers.{path.stem}")
        for one in vars(module).values():
            if isinstance(one, FunctionBuilder):
                trigger = one._function.get_trigger()
                found.append(
                    (
                        one,
                        {str(getattr(each, "value", each)).upper() for each in trigger.methods},
                        trigger.route,
                    )
                )
    return [
        (one, methods, re.compile(PARAMETER.sub(lambda part: f"(?P<{part[2]}>[^/]+)", route)))
        for one, methods, route in sorted(found, key=lambda each: each[2].count("{"))
    ]


class WithPeople(Headquarters[Imports]):
    """Headquarters with the routes of an accountant who changes what is there."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._app.add_routes(People(self.world, self.imports).routes())


@dataclass(slots=True)
class Turned:
    """The drill's time: each look at it lets a heartbeat pass."""

    world: PostingWorld
    jobs: bool = True

    def now(self) -> datetime:
        return self.world.hand()

    async def pass_on(self) -> None:
        await self.world.beat(jobs=self.jobs, minutes=5)
        for timer in TIMERS:
            await timer(self.world.services)
        await self.world.deliver()


@asynccontextmanager
async def drill_scene(drill: Drill) -> AsyncIterator[Scene]:
    """Open the scene of a drill, set up and on its clock."""
    hand, effects = Hand(), Effects()
    hand.at = drill.begins
    headquarters = WithPeople(SimulatorClock(hand=hand), {}, Imports)
    async with (
        httpx.AsyncClient(transport=_Straight(headquarters), base_url=ORIGIN) as hq,
        httpx.AsyncClient(transport=_Straight(headquarters, effects)) as app_http,
        httpx.AsyncClient(transport=App(), base_url="http://app.test") as app,
    ):
        services = _services(hand, effects, app_http)
        world = PostingWorld(hand, services, effects, hq, ORIGIN)
        ready: asyncio.Future[Services] = asyncio.get_running_loop().create_future()
        ready.set_result(services)
        of_process._opening[id(asyncio.get_running_loop())] = ready  # type: ignore[assignment]  # awaited like its task
        scene = Scene(app, hq, Turned(world, drill.jobs), {role: f"key of {role}" for role in ROLES}, SECRET)
        await scene.set_up()
        try:
            yield scene
        finally:
            of_process._opening.clear()
            await headquarters.imports.stop()


def _services(hand: Hand, effects: Effects, app_http: httpx.AsyncClient) -> Services:
    people = tuple(
        Person(f"{role} desk", frozenset({role}), hashlib.sha256(f"key of {role}".encode()).hexdigest())
        for role in ROLES
    )
    sender = Sender(ACCOUNT, (SECRET,), frozenset({"*"}))
    settings = replace(settings_for(hand), people=people, senders={ACCOUNT: sender}, refund_wait_hours=1)
    tables = memory_tables(hand, before_effect=effects.before, after_effect=effects.after)
    queues = memory_queues(hand, before_effect=effects.before, after_effect=effects.after)
    d365 = D365Client(ORIGIN, Token(), app_http, hand, "Tillpost", ("d365.test",))
    return Services(
        settings, tables, queues, d365, MappingCache(tables.mappings), Counter(), chance=lambda: 0.5
    )
