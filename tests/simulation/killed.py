"""Real processes, really killed: the app's flows over the storage emulator and the simulator's HTTPS.

`python -m tests.simulation.killed CONNECTION FOLDER KILLS`: for each kill, a process sends three receipts on their way and
ends itself, without a word, at one of its effects; another process then finishes. Prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import os
import ssl
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from shared.clock import Clock
from shared.d365.client import D365Client
from shared.flows.compile_statements import compile_statements
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.post_transactions import post_transactions
from shared.flows.ring_overdue import ring_overdue
from shared.flows.track_packages import track_packages
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.settings import StorageSettings
from shared.storage import open_storage
from shared.storage.due import MAP, list_due
from shared.storage.mappings import MappingCache, import_rows
from shared.storage.receipts import receipts_of_day
from simulator.app import serving
from tests.contract.posting_world import CLIENT_ID, CLIENT_SECRET, SETUP, SignIn, SimulatorClock
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER, Hand, settings_for
from tests.unit.test_mapping import ROWS

KILLED = 9
START = datetime(2017, 12, 23, 18, 0, tzinfo=UTC)
STEP_SECONDS = 600.0
ROUNDS_MAX = 40
RECEIPTS = 3
DAY = date(2017, 12, 23)


class SharedHand(Hand):
    """A clock's hand that all processes see. Nobody waits for it; whoever is done for now turns it."""

    def __init__(self, seconds: Any) -> None:
        super().__init__()
        self._seconds = seconds

    def __call__(self) -> datetime:
        return START + timedelta(seconds=float(self._seconds.value))

    def turn_on(self) -> None:
        with self._seconds.get_lock():
            self._seconds.value += STEP_SECONDS


@dataclass(slots=True)
class Fate:
    """At which effect the process ends itself, before it or after it. 0: never."""

    at: int
    before: bool
    seen: int = 0

    async def meet(self, effect: Any) -> Any:
        """Take an effect."""
        self.seen += 1
        mine = self.seen == self.at
        if mine and self.before:
            os._exit(KILLED)
        answer = await effect
        if mine:
            os._exit(KILLED)
        return answer


class MortalTable:
    """A table whose every request may be its process's last."""

    def __init__(self, table: Any, fate: Fate) -> None:
        self._table, self._fate, self.name = table, fate, table.name

    def __getattr__(self, kind: str) -> Any:
        return lambda *given, **named: self._fate.meet(getattr(self._table, kind)(*given, **named))

    async def query(self, *given: Any, **named: Any) -> AsyncIterator[Any]:
        for row in await self._fate.meet(_all(self._table.query(*given, **named))):
            yield row


async def _all(rows: AsyncIterator[Any]) -> list[Any]:
    return [row async for row in rows]


class MortalWire(httpx.AsyncHTTPTransport):
    """A connection to D365 whose every call may be its process's last."""

    def __init__(self, trust: ssl.SSLContext, fate: Fate) -> None:
        super().__init__(verify=trust)
        self._fate = fate

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._fate.meet(super().handle_async_request(request))  # type: ignore[no-any-return]  # what it was given


@dataclass(slots=True)
class Place:
    """What every process knows."""

    connection: str
    url: str
    ca_file: str
    hand: SharedHand

    async def services(self, fate: Fate) -> tuple[Services, httpx.AsyncClient]:
        tables, queues, calls = open_storage(StorageSettings(self.connection))
        await tables.ensure()
        await queues.ensure()
        names = [name for name in tables.__dataclass_fields__ if not name.startswith("_")]
        mortal = replace(tables, **{name: MortalTable(getattr(tables, name), fate) for name in names})
        trust = ssl.create_default_context(cafile=self.ca_file)
        http = httpx.AsyncClient(verify=trust, timeout=30)
        wire = httpx.AsyncClient(transport=MortalWire(trust, fate), timeout=30)
        host = self.url.removeprefix("https://")
        d365 = D365Client(self.url, SignIn(self.url, http), wire, self.hand, "Tillpost", (host,))
        settings = replace(
            settings_for(self.hand), clock=Clock(real_now=self.hand), package_minutes=1, tracking_minutes=1
        )
        settings = replace(settings, d365=replace(settings.d365, url=self.url))
        return Services(settings, mortal, queues, d365, MappingCache(mortal.mappings), Counter(calls)), http


async def story(place: Place, number: int, fate: Fate) -> int:
    """Send three receipts and see them posted. Gives how many effects that took."""
    services, http = await place.services(fate)
    documents = [
        sale_document(one, receipt_number=f"S1-1-{one:04d}")
        for one in range(number * RECEIPTS + 1, (number + 1) * RECEIPTS + 1)
    ]
    await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))
    names = {str(one["transaction_id"]) for one in documents}
    for _ in range(ROUNDS_MAX):
        await ring_overdue(services)
        for row in await list_due(services.tables.due, MAP):
            await map_transactions(services, row.key)
        await post_transactions(services)
        for job in ("validate", "statements/transactional"):
            await http.post(f"{place.url}/_sim/jobs/{job}", json={})
        await track_packages(services)
        await compile_statements(services)
        rows = await receipts_of_day(services.tables.transactions, "S1", DAY)
        statuses = {row.text("TransactionId"): row.text("Status") for row in rows}
        if all(statuses.get(name) == "posted" for name in names):
            return fate.seen
        place.hand.turn_on()
        await asyncio.sleep(0.05)
    raise AssertionError(f"after {ROUNDS_MAX} rounds: {statuses}")


def tell(place: Place, number: int, fate: Fate) -> int:
    """Be a process that tells a story; give its exit code."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        asyncio.run(story(place, number, fate))
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)
    return code


def serve(folder: Path, hand: SharedHand, ready: Any) -> None:
    """Be headquarters."""

    async def run() -> None:
        async with serving(folder, SimulatorClock(hand=hand), CLIENT_ID, CLIENT_SECRET) as running:
            ready.send((running.url, str(running.ca_file)))
            await asyncio.Event().wait()

    asyncio.run(run())


async def begin(place: Place) -> None:
    """Set both sides up."""
    services, http = await place.services(Fate(0, before=True))
    answer = await http.post(f"{place.url}/_sim/setup", json=SETUP)
    assert answer.is_success, answer.text
    await http.post(f"{place.url}/_sim/switches", json={"start_seconds": 0, "queued_seconds": 0})
    kinds: dict[str, list[dict[str, str]]] = {}
    for (kind, *_), values in ROWS.items():
        kinds.setdefault(kind, []).append(values)
    for kind, rows in kinds.items():
        await import_rows(services.tables.mappings, kind, rows, who="set-up", reason="first", at=START)


async def ledger(place: Place) -> dict[str, Any]:
    """Ask headquarters what it has posted."""
    http = httpx.AsyncClient(verify=ssl.create_default_context(cafile=place.ca_file), timeout=30)
    state = (await http.get(f"{place.url}/_sim/state")).json()
    totals = (await http.get(f"{place.url}/_sim/totals")).json()["totals"]
    return {
        "receipts": sum(int(one["transactions"]) for one in totals),
        "cash": [one["payments"] for one in totals],
        "twice": state["double_postings"],
        "dangers": state["double_posting_dangers"],
    }


def main() -> None:
    connection, folder, kills = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    logging.disable(logging.CRITICAL)
    fork = multiprocessing.get_context("fork")
    hand = SharedHand(fork.Value("d", 0.0))
    mine, theirs = fork.Pipe()
    headquarters = fork.Process(target=serve, args=(folder, hand, theirs), daemon=True)
    headquarters.start()
    url, ca_file = mine.recv()
    place = Place(connection, url, ca_file, hand)
    asyncio.run(begin(place))
    began, killed, finished = time.monotonic(), 0, 0
    for number in range(kills):
        fate = Fate(1 + number * 4, before=number % 2 == 0)
        killed += tell(place, number, fate) == KILLED
        finished += tell(place, number, Fate(0, before=True)) == 0
    told = {"killed": killed, "finished": finished, **asyncio.run(ledger(place))}
    headquarters.terminate()
    headquarters.join()
    print(json.dumps({**told, "seconds": round(time.monotonic() - began, 1)}))


if __name__ == "__main__":
    main()
