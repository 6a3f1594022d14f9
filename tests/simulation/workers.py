"""Instances of the app beside each other, and the platform around them: what calls them, what brings their messages.

A worker dies whole, with everything it was doing, and comes back with an empty memory. The host delivers at least once.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import httpx

from shared.clock import Clock
from shared.d365.client import D365Client
from shared.errors import TillpostError
from shared.flows.check_effects import check_effects
from shared.flows.compile_statements import compile_statements
from shared.flows.continue_releases import continue_releases
from shared.flows.end_empty_causes import end_empty_causes
from shared.flows.map_transactions import map_transactions
from shared.flows.post_transactions import post_transactions
from shared.flows.ring_overdue import ring_overdue
from shared.flows.track_packages import track_packages
from shared.services import Services
from shared.storage.due import read_doorbell
from shared.storage.mappings import MappingCache
from tests.simulation.effects import DOING, Doing, Effects, WorkerDiedError
from tests.simulation.headquarters import ORIGIN
from tests.simulation.pace import Pace
from tests.simulation.wire import Token
from tests.unit.flow_services import Hand, settings_for

INVISIBLE_SECONDS = 600
TRIES_MAX = 5
FAILED_AGAIN_SECONDS = 30
IDLE_SECONDS = 3_600.0
OVERTAKEN = "taken over by another worker"
Flow = Callable[[Services], Awaitable[Any]]


class CallFailedError(Exception):
    """The worker gave no answer, or one that says to come again."""


@dataclass(eq=False, slots=True)
class Worker:
    """One instance."""

    name: str
    skew: timedelta
    services: Services
    life: int = 0
    up_at: float = 0.0


@dataclass(slots=True)
class Platform:
    """All workers, the queues' listeners and the timers. now: true time."""

    seed: int
    effects: Effects
    http: httpx.AsyncClient
    tables: Any
    queues: Any
    now: Callable[[], datetime]
    package_minutes: int
    workers: list[Worker] = field(default_factory=list)
    doing: set[Doing] = field(default_factory=set)
    poisoned: list[str] = field(default_factory=list)
    deliveries: Counter[int] = field(default_factory=Counter)
    bugs: list[str] = field(default_factory=list)
    d365: dict[str, str] = field(default_factory=dict)
    pace: Pace | None = None
    _rng: Random = field(init=False)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _bells: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rng = Random(f"platform {self.seed}")
        self.effects.rang = self._ring_bell

    def start(self, count: int) -> None:
        """Bring up workers, each with a clock of its own."""
        for number in range(count):
            limit = self.effects.weather.skew_seconds
            skew = timedelta(seconds=round(self._rng.uniform(-limit, limit)))
            self.workers.append(Worker(f"w{number}", skew, self._services(skew)))

    def _services(self, skew: timedelta) -> Services:
        def now() -> datetime:
            return self.now() + skew

        minutes = self.package_minutes
        settings = replace(
            settings_for(Hand()),
            clock=Clock(real_now=now),
            package_minutes=minutes,
            tracking_minutes=minutes,
            effect_hours=1,
        )
        settings = replace(settings, d365=replace(settings.d365, url=ORIGIN, **self.d365))
        d365 = D365Client(ORIGIN, Token(), self.http, now, "Tillpost", ("d365.test",))
        cache = MappingCache(self.tables.mappings, now)
        return Services(
            settings, self.tables, self.queues, d365, cache, chance=self._rng.random, token_hex=self._token
        )

    def _token(self, count: int) -> str:
        return self._rng.randbytes(count).hex()

    def skew_seconds_of(self, worker: str) -> float:
        """Give how far a worker's clock is before true time."""
        return next(one.skew.total_seconds() for one in self.workers if one.name == worker)

    async def worker(self) -> Worker:
        """Give a worker that is up, waiting for one where all are down."""
        while True:
            at = asyncio.get_running_loop().time()
            up = [one for one in self.workers if one.up_at <= at]
            if up:
                return self._rng.choice(up)
            await asyncio.sleep(min(one.up_at for one in self.workers) - at)

    async def call(self, what: str, flow: Flow, worker: Worker | None = None) -> Any:
        """Run a flow on a worker and give its answer.

        Raises:
            CallFailedError: it failed, or its worker died.
        """
        own = worker or await self.worker()
        life, began_at = own.life, asyncio.get_running_loop().time()
        doing = Doing(own.name, what, began_at, lambda: own.life != life, lambda: self._die(own))
        self.doing.add(doing)
        outer = DOING.set(doing)
        is_well = False
        try:
            answer = await flow(own.services)
            if doing.is_dead():
                raise CallFailedError
            is_well = answer != OVERTAKEN
            return answer
        except WorkerDiedError as error:
            raise CallFailedError from error
        except TillpostError as error:
            self.effects.note(f"{own.name} {what} failed: {type(error).__name__}")
            raise CallFailedError from error
        except CallFailedError:
            raise
        except Exception as error:  # a bug, whatever it is: nothing else may come out of a flow
            self.bugs.append(f"{what}: {error!r}\n{traceback.format_exc(limit=-6)}")
            raise CallFailedError from error
        finally:
            if doing.is_last and not doing.is_dead():  # refused, and the last of its flow
                self.effects.met["crash"] += 1
                doing.die()
            DOING.reset(outer)
            self.doing.discard(doing)
            if self.pace is not None:
                self.pace.ended(doing, well=is_well)
            self.effects.checked()

    def _die(self, worker: Worker) -> None:
        worker.life += 1
        worker.up_at = asyncio.get_running_loop().time() + self._rng.uniform(1.0, 90.0)
        worker.services = self._services(worker.skew)

    def spawn(self, work: Awaitable[Any]) -> None:
        """Run something beside everything else."""

        async def run() -> None:
            try:
                await work
            except CallFailedError:
                return

        task = asyncio.ensure_future(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def listen(self, queue: Any, name: str, flow: Callable[[Services, str], Awaitable[Any]]) -> None:
        """Deliver a queue's messages for ever, in no order, now and then twice."""
        rng = self._rng
        while True:
            await self._hear(queue)
            messages = await queue.receive(16, visibility_seconds=INVISIBLE_SECONDS)
            rng.shuffle(messages)
            for message in messages:
                if message.dequeue_count > TRIES_MAX:
                    self.poisoned.append(message.text)
                    await queue.delete(message.id, message.pop_receipt)
                    continue
                self.deliveries[message.dequeue_count] += 1
                copies = 2 if self.effects.chance(self.effects.weather.message_twice) else 1
                self.effects.met["duplicate message"] += copies - 1
                for copy in range(copies):
                    self.spawn(self._deliver(queue, message, name, flow, first=copy == 0))

    async def _hear(self, queue: Any) -> None:
        """Leave a queue alone until a message is sent or seen again, and some seconds more."""
        loop = asyncio.get_running_loop()
        bell = self._bells[queue.name] = loop.create_future()
        seen_at = min((kept.visible_at for kept in queue._kept.values()), default=None)
        wait = IDLE_SECONDS if seen_at is None else max(0.0, (seen_at - self.now()).total_seconds())
        alarm = loop.call_later(wait, self._ring_bell, queue.name)
        await bell
        alarm.cancel()
        await asyncio.sleep(self._rng.uniform(0.2, 6.0))

    def _ring_bell(self, name: str) -> None:
        bell = self._bells.get(name)
        if bell is not None and not bell.done():
            bell.set_result(None)

    async def _deliver(
        self,
        queue: Any,
        message: Any,
        name: str,
        flow: Callable[[Services, str], Awaitable[Any]],
        *,
        first: bool,
    ) -> None:
        key = read_doorbell(message.text)
        worker = await self.worker()
        life = worker.life
        try:
            await self.call(name, lambda services: flow(services, key), worker)
        except CallFailedError:
            if first and worker.life == life:  # the host sees the failure; a dead host sees nothing
                await _late(
                    queue.update(message.id, message.pop_receipt, visible_in_seconds=FAILED_AGAIN_SECONDS)
                )
            return
        if first and not self.effects.chance(self.effects.weather.message_stays):
            await _late(queue.delete(message.id, message.pop_receipt))

    async def tick(self, name: str, flow: Flow, every: Callable[[], float]) -> None:
        """Fire a timer for ever."""
        while True:
            await asyncio.sleep(every() * self._rng.uniform(0.9, 1.1))
            self.spawn(self.call(name, flow))

    def run(self, every: Callable[[], float]) -> None:
        """Start listeners and timers, as function_app.py binds them."""
        self.spawn(self.listen(self.queues.mapping_due, "map", map_transactions))
        self.spawn(
            self.listen(self.queues.posting_due, "post", lambda services, _: post_transactions(services))
        )
        self.spawn(self.tick("ring", ring_overdue, every))
        self.spawn(self.tick("track", track_packages, every))
        self.spawn(self.tick("compile", compile_statements, every))
        self.spawn(self.tick("effects", check_effects, every))
        self.spawn(self.tick("empty", end_empty_causes, every))
        self.spawn(
            self.tick("releases", lambda services: continue_releases(services, map_transactions), every)
        )


async def _late(work: Awaitable[Any]) -> None:
    """Tell the queue about a message; where its receipt has run out, somebody else has it by now."""
    try:
        await work
    except TillpostError:
        return
