"""The day itself: every till sends what happened, in small calls at its virtual time, and D365 has its bad moments."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.chance import chance
from demo.clock import Clock
from demo.documents import Message, instant
from demo.journey import STORE_ZONE
from demo.prepare import Prepared
from demo.progress import Progress
from demo.troubles import RETRY_AFTER_SECONDS, Plan
from demo.web import Headquarters, Tills

SEND_EVERY = timedelta(minutes=15)
RECEIPTS_PER_CALL = 100
STORES_AT_ONCE = 8
SENT_TWICE_SHARE = 0.04  # of the calls are sent again on purpose, as tills do that did not hear the answer


@dataclass(frozen=True, slots=True)
class Call:
    """What one store sends at one time."""

    at: datetime
    store: str
    messages: tuple[Message, ...]


def calls_of(messages: Sequence[Message]) -> list[Call]:
    """Cut the day into calls: each store sends every fifteen minutes what has happened since, in order."""
    slots: dict[tuple[datetime, str], list[Message]] = {}
    for message in sorted(messages, key=lambda one: (one.at, one.terminal, one.sequence)):
        slots.setdefault((_slot_of(message.at), message.store), []).append(message)
    return [
        Call(at, store, tuple(own[begin : begin + RECEIPTS_PER_CALL]))
        for (at, store), own in sorted(slots.items())
        for begin in range(0, len(own), RECEIPTS_PER_CALL)
    ]


def calls_sent_twice(calls: Sequence[Call], seed: int) -> list[Call]:
    """Choose the calls that are sent a second time, a quarter of an hour later."""
    chosen = [one for one in calls if chance(seed, "twice", one.at, one.store).random() < SENT_TWICE_SHARE]
    return [Call(one.at + SEND_EVERY, one.store, one.messages) for one in chosen]


async def plant_faults(headquarters: Headquarters, plan: Plan) -> None:
    """Tell the simulator when D365 answers 429, and when nothing."""
    for kind, window in (("throttle", plan.throttled), ("silent", plan.silent)):
        if window is not None:
            fault: dict[str, object] = {
                "kind": kind,
                "from": instant(window.begins),
                "until": instant(window.ends),
            }
            if kind == "throttle":
                fault |= {"retry_after_seconds": RETRY_AFTER_SECONDS}
            await headquarters.post("faults", fault)


class Trade:
    """Sends the day's calls at their times. A store's calls go one after the other, stores side by side."""

    def __init__(
        self,
        prepared: Prepared,
        seed: int,
        tills: Tills,
        headquarters: Headquarters,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self.tills = tills
        self.headquarters = headquarters
        self.clock = clock
        self.progress = progress
        self.answer_lost_from = prepared.plan.answer_lost_from
        self.gate = asyncio.Semaphore(STORES_AT_ONCE)
        first = calls_of(prepared.in_time)
        self.calls = sorted([*first, *calls_sent_twice(first, seed)], key=lambda one: (one.at, one.store))
        self.receipts = sum(1 for one in prepared.in_time if one.visit)
        self.sent: set[str] = set()
        self.behind = timedelta()

    async def run(self) -> None:
        """Trade until midnight of the last day.

        Raises:
            AnswerError: the app gave no usable answer to a call, again and again.
        """
        for at in sorted({one.at for one in self.calls}):
            await self.clock.wait_until(at)
            await self._lose_an_answer(at)
            by_store: dict[str, list[Call]] = {}
            for call in self.calls:
                if call.at == at:
                    by_store.setdefault(call.store, []).append(call)
            await asyncio.gather(*(self._send(own) for own in by_store.values()))
            self.behind = self.clock.now() - at
            minutes = self.behind.total_seconds() / 60
            self.progress.now(
                f"{at.astimezone(STORE_ZONE):%a %d %b %H:%M} in the stores: {len(self.sent)} of {self.receipts} receipts sent"
                + (f", {minutes:.0f} minutes behind" if minutes > 15 else "")
            )
        self.progress.end()

    async def _send(self, calls: Sequence[Call]) -> None:
        async with self.gate:
            for call in calls:
                await self.tills.send([one.document for one in call.messages])
                self.sent |= {one.visit for one in call.messages if one.visit}

    async def _lose_an_answer(self, at: datetime) -> None:
        """Have the simulator drop the connection once, after it has taken a package."""
        if self.answer_lost_from is not None and at >= self.answer_lost_from:
            self.answer_lost_from = None
            await self.headquarters.post(
                "faults", {"kind": "lose_answer", "action": "ImportFromPackage", "times": 1}
            )


def _slot_of(at: datetime) -> datetime:
    """Give the end of the quarter hour an instant falls into."""
    begun = at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
    return begun + SEND_EVERY
