"""The day as the app shows it: statements, causes with everything they hold, use of D365 and storage. API only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from demo.chain import LEGAL_ENTITY
from demo.clock import Clock
from demo.prepare import Prepared
from demo.progress import Progress
from demo.web import Desk

Json = dict[str, Any]
ON_THE_WAY = frozenset({"not_sent_yet", "not_posted_yet"})
PROVED = "proved"
ASK_EVERY_SECONDS = 1.0
READS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Picture:
    """What the API said at one moment. `causes` have their members; `statements` are by store and day."""

    at: datetime
    statements: dict[tuple[str, str], Json]
    causes: tuple[Json, ...]
    usage: Json


async def take_picture(desk: Desk, prepared: Prepared, clock: Clock) -> Picture:
    """Read every statement, and every cause with its members; the use of D365 and storage before that."""
    usage = await desk.read("usage") or {}
    gate = asyncio.Semaphore(READS_AT_ONCE)

    async def read(*path: str) -> Json | None:
        async with gate:
            return await desk.read(*path)

    found = await asyncio.gather(*(read("statements", *storeday) for storeday in prepared.storedays))
    statements = {key: one for key, one in zip(prepared.storedays, found, strict=True) if one is not None}
    listed = await desk.read("causes", state="all") or {}
    causes = await asyncio.gather(
        *(read("causes", str(one["fingerprint"])) for one in listed.get("causes", []))
    )
    return Picture(clock.now(), statements, tuple(one for one in causes if one is not None), usage)


async def wait_for_days(
    desk: Desk,
    prepared: Prepared,
    clock: Clock,
    progress: Progress,
    is_done: Callable[[Sequence[Json]], bool],
    at_most: timedelta,
) -> bool:
    """Ask for the store-days' summaries until all are compiled and done; False when that took too long.

    at_most: virtual time.
    """
    until = clock.now() + at_most
    while True:
        found: list[Json] = []
        for day in prepared.days:
            answer = await desk.read("storedays", LEGAL_ENTITY, day.isoformat()) or {}
            found += answer.get("storedays", [])
        proved = sum(1 for one in found if one["verdict"] == PROVED)
        progress.now(f"{len(found)} of {len(prepared.storedays)} store-days compiled, {proved} proved")
        if len(found) == len(prepared.storedays) and is_done(found):
            progress.end()
            return True
        if clock.now() > until:
            progress.end()
            return False
        await clock.wait(ASK_EVERY_SECONDS)


def nothing_on_the_way(storedays: Sequence[Json]) -> bool:
    """Say whether no receipt is still on its way: all are posted or wait for a person."""
    return not any(cause["code"] in ON_THE_WAY for one in storedays for cause in one["causes"])


def all_proved(storedays: Sequence[Json]) -> bool:
    """Say whether every store-day is proved."""
    return all(one["verdict"] == PROVED for one in storedays)
