"""D365 in process: the real simulator's own routes, called without a socket, on the history's clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import httpx
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from simulator.blob_store import BlobStore
from simulator.clock import Clock
from simulator.controls import Controls
from simulator.door import Door
from simulator.executions import Execution
from simulator.imports import Imports
from simulator.jobs import Jobs
from simulator.package_api import PackageApi
from simulator.schema import BANKED_TENDERS, ENTITIES, SAFE_TENDERS, TENDER_DECLARATIONS
from simulator.service import D365Service
from simulator.statements import Books
from simulator.upkeep import Upkeep
from simulator.world import World
from tests.simulation.effects import Effects
from tests.simulation.places import NUMBER_OF, UNIT_OF

ORIGIN = "https://d365.test"


class DroppedError(Exception):
    """The simulator closed the connection without an answer."""


@dataclass(slots=True)
class _Line:
    """The connection of one request."""

    dropped: bool = False

    def abort(self) -> None:
        self.dropped = True


@dataclass(slots=True)
class Call:
    """One request as the simulator's handlers ask about it."""

    method: str
    raw_path: str
    headers: CIMultiDict[str]
    content: bytes
    transport: _Line = field(default_factory=_Line)
    match_info: Any = None
    host: str = "d365.test"
    rel_url: Any = None

    def __post_init__(self) -> None:
        self.rel_url = URL(self.raw_path, encoded=True)

    @property
    def path(self) -> str:
        return str(self.rel_url.path)

    @property
    def query(self) -> Any:
        return self.rel_url.query

    @property
    def can_read_body(self) -> bool:
        return bool(self.content)

    async def read(self) -> bytes:
        return self.content

    async def json(self) -> Any:
        return json.loads(self.content)


class AnyToken:
    """An authority that takes every token: signing in is not what is tried here."""

    def refusal(self, _: Any) -> None:
        return


class UnluckyImports(Imports):
    """Imports that are slow, break off, refuse rows, or lose some without a word, as the weather has it."""

    def __init__(self, world: World, effects: Effects) -> None:
        super().__init__(world)
        self._weather = effects
        self.collisions: list[str] = []

    def submit(self, execution_id: str, *rest: Any, **named: Any) -> Execution:
        """Queue an import, and decide what becomes of it."""
        effects, weather = self._weather, self._weather.weather
        if self.running is not None and self.running.kind != "neighbour":
            self.collisions.append(f"{execution_id} beside {self.running.execution_id}")
        faults = self._world.faults
        faults.clear()
        slow = effects.chance(weather.slow_import)
        if slow:
            # Unknown to D365 for less long than its upload address lives, however late the call came; then queued for as
            # long as it likes.
            left = int(self._world.blobs.good_for(f"{execution_id}.zip").total_seconds()) - 1
            faults.add({"kind": "slow_start", "seconds": min(int(effects.between(5, 1_500)), max(1, left))})
        queued = int(effects.between(1, 9_000)) if slow else 1
        self._world.switches = replace(self._world.switches, queued_seconds=queued)
        if effects.chance(weather.zero_rows):
            faults.add({"kind": "zero_rows"})
        if effects.chance(weather.partial_import):
            entity = _CHILDREN[int(effects.between(0, len(_CHILDREN) - 0.01))]
            faults.add({"kind": "partial", "entity": entity, "rows": int(effects.between(1, 6))})
        if effects.chance(weather.stuck_import):
            faults.add({"kind": "stuck", "after_rows": int(effects.between(0, 30))})
        execution = super().submit(execution_id, *rest, **named)
        if effects.chance(weather.import_breaks):
            asyncio.get_running_loop().call_later(effects.between(0.0, 8.0), self._break, execution)
        effects.note(f"import {execution_id}")
        return execution

    def _break(self, execution: Execution) -> None:
        """The environment restarts: what runs ends half done."""
        if self.running is execution:
            self._weather.met["import breaks"] += 1
            status = _BROKEN[int(self._weather.between(0, len(_BROKEN) - 0.01))]
            self.end(status, "The service was restarted.")

    async def _run(self, execution: Execution, *rest: Any) -> None:
        await super()._run(execution, *rest)
        effects = self._weather
        if not effects.chance(effects.weather.silent_rows):
            return
        effects.met["rows lost in silence"] += 1
        for outcome in execution.entities:
            table = self._world.database.tables[outcome.entity.odata_set]
            if outcome.entity.is_child and outcome.created and table and effects.chance(0.5):
                key = list(table)[-1]
                self._world.database.remove(ENTITIES[outcome.entity.odata_set], key)
                outcome.created -= 1


ImportsT = TypeVar("ImportsT", bound=Imports)
_STORE_OF = {unit: store for store, unit in UNIT_OF.items()}
_BROKEN = ("Unknown", "Failed", "Canceled")
_CHILDREN = ("Transactions", "Sales lines", "Payment lines", "Tax lines")


class Headquarters(Generic[ImportsT]):
    """One environment of the simulator, its parts within reach. left: what people left in a field of a receipt."""

    def __init__(self, clock: Clock, setup: dict[str, Any], importing: Callable[[World], ImportsT]) -> None:
        self.world = World(clock)
        self.world.origin = ORIGIN
        self.authority = AnyToken()
        self.imports, self.jobs = importing(self.world), Jobs(Books(self.world))
        self.left: dict[str, tuple[Any, str, object]] = {}
        self._app = web.Application()
        door = Door(self.world, self.authority)  # type: ignore[arg-type]  # a stand-in
        parts = (
            Controls(self.world, self.imports, self.jobs), PackageApi(self.world, self.imports), BlobStore(self.world),
            D365Service(self.world),
            Upkeep(self.world, self.imports, self.jobs, self.authority, door),  # type: ignore[arg-type]  # the same
        )  # fmt: skip
        for part in parts:
            self._app.add_routes(part.routes())
        self._middleware: Any = door.middleware
        self._setup = setup

    @property
    def ledger(self) -> Any:
        return self.jobs.books.ledger

    @property
    def overwritten(self) -> list[str]:
        """Give the receipts in which what people left is not there any more."""
        receipts = self.world.database.receipts
        return [
            number
            for number, (key, field_name, value) in self.left.items()
            if key in receipts and receipts[key].header is not None
            and receipts[key].header.values.get(field_name) != value  # type: ignore[union-attr]  # asked before
        ]  # fmt: skip

    def numbers(self) -> set[tuple[str, str]]:
        """Give the receipts that are there: our store, and the number it has there."""
        return {
            (
                _STORE_OF[str(one.header.values["OperatingUnitNumber"])],
                str(one.header.values["TransactionNumber"]),
            )
            for one in self.world.database.receipts.values()
            if one.header is not None
        }

    def posted(self) -> set[tuple[str, str]]:
        """Give the receipts that are in the ledger, named in the same way."""
        names = {str(number): store for store, number in NUMBER_OF.items()}
        return {(names[one.store], one.transaction_number) for one in self.ledger.receipts}

    def forget_what_people_left(self) -> None:
        """After a restore, what people had left there is as it was before they came."""
        receipts = self.world.database.receipts
        there = {
            number for number, (key, *_) in self.left.items() if key in receipts and receipts[key].header
        }
        gone = {*self.overwritten, *(self.left.keys() - there)}
        self.left = {number: one for number, one in self.left.items() if number not in gone}

    async def begin(self) -> None:
        """Give headquarters its set-up."""
        await self.sim("setup", self._setup)

    async def sim(self, name: str, body: object = None) -> Any:
        """Speak to the simulator's own side, as people do."""
        method = "GET" if body is None else "POST"
        status, _, content = await self.answer(method, f"/_sim/{name}", {}, json.dumps(body).encode())
        assert status < 300, content
        return json.loads(content) if content else None

    async def answer(
        self, method: str, raw_path: str, headers: dict[str, str], content: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer one request: status, headers and body.

        Raises:
            DroppedError: no answer.
        """
        call: Any = Call(method, raw_path, CIMultiDict(headers), content)
        found = await self._app.router.resolve(call)
        call.match_info = found
        response: Any = await self._middleware(call, found.handler)
        if call.transport.dropped:
            raise DroppedError
        body = response.body
        return (
            response.status,
            dict(response.headers),
            body if isinstance(body, bytes) else bytes(body or b""),
        )

    async def delete(self, target: str, number: str, register: str) -> int:
        """Let somebody in D365 delete a receipt, also what of the cash office shows nowhere; give the status."""
        status = await self.person("DELETE", target)
        database = self.world.database
        for odata_set in (BANKED_TENDERS, SAFE_TENDERS, TENDER_DECLARATIONS):
            for key, row in list(database.tables[odata_set].items()):
                values = row.values
                numbers = (values.get("TransactionNumber"), values.get("TransactionId"))
                registers = (values.get("Terminal"), values.get("RegisterNumber"))
                if number in numbers and register in registers and status < 300:
                    database.remove(ENTITIES[odata_set], key)
        return status

    async def person(self, method: str, target: str, body: object = None) -> int:
        """Let somebody in D365 write by OData; give the status."""
        headers = {"If-Match": "*", "Content-Type": "application/json"}
        status, _, _ = await self.answer(method, f"/data/{target}", headers, json.dumps(body or {}).encode())
        return status


@dataclass(frozen=True, slots=True)
class HeadquartersClock(Clock):
    """The simulator's clock on the history's time."""

    history: Any = None

    def now(self) -> datetime:
        return self.history.now()  # type: ignore[no-any-return]

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))


def as_httpx(request: httpx.Request, answer: tuple[int, dict[str, str], bytes]) -> httpx.Response:
    """Turn an answer into one of httpx's."""
    status, headers, content = answer
    return httpx.Response(status, headers=headers, content=content, request=request)


def target_of(request: httpx.Request) -> tuple[str, str]:
    """Give a request's raw path with its query, and a short name for traces."""
    raw = request.url.raw_path.decode()
    path = urlsplit(raw).path
    name = "blob" if path.startswith("/blob") else path.rpartition("/")[2].rpartition(".")[2]
    return raw, name.partition("(")[0]
