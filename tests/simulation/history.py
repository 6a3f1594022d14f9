"""One history: an evening of trade, everything that goes wrong in it, and its end, when all must have come right.

The seed decides everything. `History(seed).run()` gives what happened; a broken promise is a `Broken` with one line that
reproduces it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import httpx

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.posting.preflight import check_now
from shared.pos.registry import ADAPTERS
from shared.services import spread
from shared.storage.mappings import import_rows
from shared.storage.memory import memory_queues, memory_tables
from tests.simulation.effects import Effects
from tests.simulation.endings import Endings
from tests.simulation.finance import Finance
from tests.simulation.headquarters import Headquarters, HeadquartersClock, UnluckyImports
from tests.simulation.invariants import Invariants
from tests.simulation.loop import run_virtually
from tests.simulation.pace import Pace
from tests.simulation.people import Desk, Meddlers
from tests.simulation.places import MAPPINGS, headquarters_setup
from tests.simulation.reference import Reference
from tests.simulation.statements import Signer, StatementsHold
from tests.simulation.tills import CashHabits, Evening, Sent
from tests.simulation.upheavals import ReferenceDesk, Restorer
from tests.simulation.weather import CALM, Weather, weather_of
from tests.simulation.wire import InProcess
from tests.simulation.workers import CallFailedError, Platform
from tests.unit.documents import call_of
from tests.unit.flow_services import SENDER

DRAIN_HOURS_MAX = 96
BATCH_MAX = 6
LONGER_SECONDS = 3_600.0
QUIET_AFTER_A_LOSS = 3  # looks: tracking asks after the loss was noticed, and again
_CHECKED: list[Any] = []  # the row that says that D365 is as we use it; the same in every history


class BrokenPromiseError(AssertionError):
    """A promise was broken; the message names it and says how to see it again."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a history is made of besides its seed. outage_hours: how long D365 says nothing, from the first hour on.

    order: another order of arrival than the seed's, of the same receipts, all before the day's end.
    deaths: at which effects the worker dies, (number from 1, before it or after it). brief: seldom heartbeats, one desk,
    nobody meddles: the same story with as few effects as it can be told with.
    """

    weather: Weather | None = None
    workers: int | None = None
    deaths: tuple[tuple[int, bool], ...] = ()
    receipts_max: int = 8
    outage_hours: float = 0.0
    order: int | None = None
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What happened in a history."""

    seed: int
    steps: int
    digest: str
    receipts: int
    met: Counter[str]
    hours: float
    deliveries: Counter[int] = field(default_factory=Counter)
    statements: dict[str, str] = field(default_factory=dict)


class History:
    """Puts one history together and runs it."""

    def __init__(self, seed: int, script: Script | None = None) -> None:
        self.seed = seed
        self.script = script or Script()
        self._rng = Random(f"history {seed}")
        weather = self.script.weather if self.script.weather is not None else weather_of(seed)
        self.effects = Effects(seed, weather, deaths=self.script.deaths)
        self.cash = _cash_habits(seed, weather.cash_office)
        self.evening = Evening(seed, self.script.receipts_max, self.cash)
        self.reference = Reference()
        self.headquarters = Headquarters(
            HeadquartersClock(history=self),
            headquarters_setup(),
            lambda world: UnluckyImports(world, self.effects),
        )
        self.wire = InProcess(self.headquarters, self.effects)
        hooks: Any = {
            "before_effect": self.effects.before_storage, "after_effect": self.effects.after_storage,
        }  # fmt: skip
        self.tables, self.queues = memory_tables(self.now, **hooks), memory_queues(self.now, **hooks)
        http = httpx.AsyncClient(transport=self.wire, trust_env=False)
        minutes = self._rng.choice((5, 15))
        seen = spread(self.tables, 4) if seed % 16 == 5 else self.tables  # a chain of thousands of stores
        self.platform = Platform(seed, self.effects, http, seen, self.queues, self.now, minutes)
        self.platform.d365 = _switches(self.cash)
        self.meddlers = Meddlers(seed, self.headquarters, self.reference, self.effects, self.platform)
        self.desk = Desk(seed, self.platform, self.tables, self.reference)
        self.invariants = Invariants(self)
        self.endings = Endings(self, self.invariants)
        self.statements = StatementsHold(self.tables, self.reference, self.invariants)
        self.effects.checked = self._check
        self.signer = Signer(seed, self.platform, self.tables)
        self.finance = Finance(seed, self.platform, self.tables, self.reference, self.invariants)
        self.reference_desk = ReferenceDesk(
            seed, self.headquarters, self.reference, self.effects, self.invariants
        )
        self.restorer = Restorer(
            seed, self.headquarters, self.reference, self.effects, self.tables, self.reference_desk
        )
        pace = Pace(self.platform.skew_seconds_of, self.invariants.fail, self.effects.met)
        self.platform.pace = self.wire.pace = pace
        self._weather = weather
        self._settling = False

    def now(self) -> datetime:
        """Give true time."""
        return self.evening.start + timedelta(seconds=asyncio.get_running_loop().time())

    def _beat(self) -> float:
        """Give the seconds between two heartbeats: two minutes while the shops trade, longer when little moves."""
        if self.script.brief:
            return 1_200.0
        if self._settling:
            return 300.0
        return 120.0 if asyncio.get_running_loop().time() < (self.evening.hours + 1.5) * 3600 else 600.0

    def run(self) -> Told:
        """Run it.

        Raises:
            BrokenPromiseError: a promise was broken.
        """
        if not _CHECKED:
            _CHECKED.append(run_virtually(_compared_contract()))
        try:
            return run_virtually(self._run())
        except BrokenPromiseError:
            raise
        except Exception as error:
            raise BrokenPromiseError(f"{self.line}: {error!r}") from error

    @property
    def line(self) -> str:
        """Give the one line that runs this history again."""
        return f"python -m tests.simulation --seed {self.seed}"

    async def _run(self) -> Told:
        await self._begin()
        self.platform.run(self._beat)
        if self._weather.reference_changes:
            self.platform.spawn(self.platform.tick("reference", self.reference_desk.read, lambda: 300.0))
        troubles = [asyncio.ensure_future(one) for one in self._troubles()]
        await self._trade()
        await asyncio.sleep(self._rng.choice((0.0, 1_800.0, 7_200.0)) + self.script.outage_hours * 3600)
        if self._weather.reversals or self._weather.restored:
            await asyncio.sleep(LONGER_SECONDS)
        for one in troubles:
            one.cancel()
        await asyncio.gather(*troubles, return_exceptions=True)
        await self._drain()
        self.endings.check()
        self.statements.check_end()
        self._raise_if_broken()
        hours = asyncio.get_running_loop().time() / 3600
        return Told(
            self.seed, self.effects.count, self.effects.digest, len(self.reference.versions), self.effects.met, hours,
            self.platform.deliveries, self.invariants.statements(),
        )  # fmt: skip

    async def _begin(self) -> None:
        await self.headquarters.begin()
        if self.cash is not None and self.cash.counts_sent:
            await self.headquarters.sim("switches", {"tender_declaration_insert": "accept"})
        for kind, rows in MAPPINGS.items():
            await import_rows(self.tables.mappings, kind, rows, who="set-up", reason="first", at=self.now())
        if self._rng.random() < 0.9:
            await self._know_the_contract()
        self.platform.start(self.script.workers or self._rng.randint(1, 3))

    async def _know_the_contract(self) -> None:
        """Most histories begin with D365's contract compared already: reading it is what takes longest."""
        row = _CHECKED[0].with_values(CheckedAt=self.now() + timedelta(days=7))
        await self.tables.packages.upsert(row)

    async def _trade(self) -> None:
        """Let every till send what it rings, until all of it was answered for."""
        if self.script.order is not None:
            self.evening.shuffle(self.script.order)
        waiting: list[Sent] = list(self.evening.sent)
        tasks = []
        while waiting:
            batch, waiting = self._next_batch(waiting)
            tasks.append(asyncio.ensure_future(self._deliver(batch)))
        await asyncio.gather(*tasks)
        self._raise_if_broken()

    def _next_batch(self, waiting: list[Sent]) -> tuple[list[Sent], list[Sent]]:
        size = self._rng.randint(1, BATCH_MAX)
        return waiting[:size], waiting[size:]

    async def _deliver(self, batch: list[Sent]) -> None:
        """Send a batch until it is answered, and now and then once more after that."""
        rng = self._rng
        at = max(0.0, *(one.at for one in batch))
        if rng.random() < 0.3:
            at += rng.uniform(0.0, 600.0)
        await asyncio.sleep(at)
        for one in batch:
            self.reference.send(one.version, asyncio.get_running_loop().time())
        again = rng.random() < 0.25
        while True:
            try:
                verdicts = await self.platform.call("ingest", lambda services: self._ingest(services, batch))
            except CallFailedError:
                self.effects.met["delivery again"] += 1
                await asyncio.sleep(rng.uniform(1.0, 60.0))
                continue
            for one, verdict in zip(batch, verdicts, strict=True):
                self.effects.met[f"verdict {verdict.verdict}"] += 1
                self.invariants.promised(one.version, verdict.verdict)
            if not again:
                return
            again = False
            await asyncio.sleep(rng.choice((0.5, 30.0, 5_000.0)))
            rng.shuffle(batch)

    async def _ingest(self, services: Any, batch: list[Sent]) -> Any:
        body = call_of(*(dict(one.document) for one in batch))
        return await ingest_transactions(services, SENDER, ADAPTERS["canonical"], body)

    def _troubles(self) -> list[Any]:
        """Give what goes on beside the app until the faults stop."""
        weather = self.effects.weather
        if self.script.order is not None:
            return []
        works: list[Any] = [self._headquarters_jobs(), *self._upheavals()]
        if self.script.brief:
            return [*works, self._decide_once()]
        if weather.people_edit:
            works.append(self._now_and_then(self.meddlers.edit, 3_000.0, weather.people_edit))
            works.append(self._now_and_then(self.meddlers.type_in, 1_500.0, weather.people_edit))
        if weather.neighbour:
            works.append(self._now_and_then(self.meddlers.neighbour, 1_500.0, weather.neighbour))
        if self._rng.random() < 0.4:
            works.append(self._now_and_then(self.desk.decide, 4_000.0, 0.5))
            works.append(self._now_and_then(self.desk.release_everything, 4_000.0, 0.5))
        if self.script.outage_hours:
            works.append(self._outage())
        elif self._rng.random() < 0.2:
            works.append(self._silences())
        return works

    def _upheavals(self) -> list[Any]:
        weather, works = self.effects.weather, []
        if weather.reversals:
            works.append(self._now_and_then(self.desk.map_an_item_anew, 6_000.0, 0.5))
            works.append(self._now_and_then(self.finance.ask, 2_400.0, weather.reversals))
        if weather.reference_changes:
            works.append(self._now_and_then(self.reference_desk.change, 3_000.0, weather.reference_changes))
        if weather.signing:
            works.append(self._now_and_then(self.signer.sign, 4_000.0, weather.signing))
        if weather.restored:
            works.append(self.restorer.restore_once(self.evening.hours))
        return works

    async def _headquarters_jobs(self) -> None:
        while True:
            await asyncio.sleep(self._rng.uniform(300.0, 3_600.0))
            await self.run_jobs()

    async def run_jobs(self) -> None:
        """Run headquarters' jobs once, and let somebody look after imports there."""
        await self.meddlers.cancel_what_is_stuck()
        jobs = self.headquarters.jobs
        for job in (jobs.validate, jobs.transactional, jobs.financial):
            await job()
        self.effects.note("headquarters' jobs")
        self.invariants.check()

    async def _now_and_then(self, work: Any, seconds: float, rate: float) -> None:
        while True:
            await asyncio.sleep(self._rng.uniform(0.0, seconds))
            if self._rng.random() < rate:
                await work()
                self.invariants.check()

    async def _decide_once(self) -> None:
        await asyncio.sleep(600.0)
        await self.desk.decide()

    async def _silences(self) -> None:
        while True:
            await asyncio.sleep(self._rng.uniform(0.0, 5_000.0))
            self.wire.silent = True
            self.effects.met["d365 silent"] += 1
            try:
                await asyncio.sleep(self._rng.uniform(60.0, 5_000.0))
            finally:
                self.wire.silent = False

    async def _outage(self) -> None:
        await asyncio.sleep(300.0)
        self.wire.silent = True
        try:
            await asyncio.sleep(self.script.outage_hours * 3600)
        finally:
            self.wire.silent = False

    async def _drain(self) -> None:
        """Faults stop, people mend what can be mended, and time passes until nothing moves any more."""
        self.effects.calm_down()
        self._settling = True
        self.wire.silent = False
        await self.desk.map_the_voucher()
        await self.reference_desk.put_all_right()
        if self.restorer.restored:  # trade goes on, and with it the questions by which a loss is noticed
            await self._deliver(self.evening.next_morning(asyncio.get_running_loop().time()))
        quiet_for = 0
        until = asyncio.get_running_loop().time() + DRAIN_HOURS_MAX * 3600
        while asyncio.get_running_loop().time() < until:
            await asyncio.sleep(1_800.0 if self.script.brief else 1_200.0)
            for fingerprint in await self.meddlers.take_out_halves():
                await self.desk.release(fingerprint)
            await self.desk.release_everything()
            await self.run_jobs()
            if self.effects.weather.signing:
                await self.signer.sign()
            self._raise_if_broken()
            is_quiet = self.invariants.is_quiet() and not self.endings.stranded()
            quiet_for = quiet_for + 1 if is_quiet else 0
            if quiet_for > (QUIET_AFTER_A_LOSS if self.restorer.restored else 0):
                return
        self.invariants.fail("it does not drain: " + self.invariants.what_moves())

    def _check(self) -> None:
        self.invariants.check()
        self.statements.check()

    def _raise_if_broken(self) -> None:
        if self.invariants.broken:
            first = self.invariants.broken[0]
            raise BrokenPromiseError(f"{self.line}  # {first}")
        if self.platform.bugs:
            raise BrokenPromiseError(f"{self.line}  # {self.platform.bugs[0]}")


def _cash_habits(seed: int, rate: float) -> CashHabits | None:
    """Choose what tills do with cash, and what of it is sent: in some histories all, in some a part, in some nothing."""
    rng = Random(f"cash habits {seed}")
    return CashHabits(rate, sent=rng.random() < 0.75, counts_sent=rng.random() < 0.5) if rate else None


def _switches(cash: CashHabits | None) -> dict[str, str]:
    if cash is None:
        return {}
    return {
        "cash_office": "packages" if cash.sent else "by_hand",
        "tender_declarations": "auditable" if cash.counts_sent else "by_hand",
    }


async def _compared_contract() -> Any:
    """Let a worker compare D365's contract once, in good weather, and give the row it keeps."""
    history = History(0, Script(weather=CALM))
    await history.headquarters.begin()
    history.platform.start(1)
    services = history.platform.workers[0].services
    await check_now(services)
    return await history.tables.packages.read("env-1", "preflight~env-1")
