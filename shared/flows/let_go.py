"""Retention: let go what is past its time, in bounded steps, a business day after the other. Twice is once.

Of a store-day that is whole, signed and in a closed period: first what may speak of a person, then the cashiers, then the
documents, each after its own time. What may not be touched yet is written down with the reason and looked at again each day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from shared.flows.isolating.storedays import StoreDays
from shared.flows.retaining.again import last_day_of
from shared.flows.retaining.ended import ROWS_A_TURN, forget_ended
from shared.flows.retaining.storedays import (
    CASHIERS,
    DOCUMENTS,
    STAGES,
    TEXTS,
    keep_no_longer,
    keep_strangers_no_longer,
)
from shared.services import Services
from shared.storage.keys import join_key
from shared.storage.protocols import Row
from shared.storage.receipts import UNKNOWN_STORE
from shared.storage.retention import (
    RETENTION,
    counted,
    forget_left,
    leave,
    left_behind,
    read_progress,
    save_progress,
    through,
)
from shared.storage.statements import storedays_of

LOOKS_EVERY, GOES_ON_AFTER = timedelta(hours=6), timedelta(minutes=10)
LEFT_AGAIN_AFTER = timedelta(hours=20)
STORE_DAYS_A_TURN = 300
LEFT_A_TURN = 100
FAILED = "the app fails at it (IT has been told)"
_COUNTS = {TEXTS: "TextsErased", CASHIERS: "CashiersErased", DOCUMENTS: "DocumentsGone"}


@dataclass(slots=True)
class Turn:
    """One turn: how many store-days it may still look at, and what came of it."""

    services: Services
    guard: StoreDays
    room: int = STORE_DAYS_A_TURN
    counts: Counter[str] = field(default_factory=Counter)

    async def look_at(self, stage: str, summary: Row, legal_entity: str) -> str:
        """Do one store-day; give why it had to be left, "" where it is done. One that fails stops no other."""
        if summary.text("Store") == UNKNOWN_STORE:
            day = date.fromisoformat(summary.text("BusinessDay"))
            step = keep_strangers_no_longer(self.services, stage, day)
        else:
            self.room -= 1
            step = keep_no_longer(self.services, stage, summary, legal_entity)
        found = await self.guard.beside(step)
        if found is None:
            return FAILED
        written, why = found
        self.counts[_COUNTS[stage]] += written
        return why


async def let_go(services: Services) -> dict[str, int]:
    """Take one turn where one is due; give the counts of what went. Where none is due it costs one read, or none."""
    now, environment = services.now(), services.settings.d365.environment_id
    if services.retention_rests_until > now:
        return {}
    table = services.tables.packages
    progress = await read_progress(table, environment)
    if progress is not None and progress.instant("NextTurn") > now:
        services.retention_rests_until = progress.instant("NextTurn")
        return {}
    progress = await save_progress(table, environment, progress, NextTurn=now + GOES_ON_AFTER, LookedAt=now)
    if progress is None:
        return {}  # another worker has taken this turn
    turn = Turn(services, StoreDays(services, RETENTION))
    reached = {stage: await _stage(turn, stage, through(progress, stage)) for stage in STAGES}
    await _left(turn)
    await _ended(turn)
    goes_on = turn.room <= 0 or any(count >= ROWS_A_TURN for count in turn.counts.values())
    days = {f"{stage}Through": day.isoformat() for stage, day in reached.items() if day is not None}
    rest = now + (GOES_ON_AFTER if goes_on else LOOKS_EVERY)
    await save_progress(table, environment, progress, NextTurn=rest, **days, **counted(progress, turn.counts))
    gone = {name: count for name, count in sorted(turn.counts.items()) if count}
    if gone:
        services.log.info("retention let go: %s", gone)
    turn.guard.end()
    return gone


async def _stage(turn: Turn, stage: str, done: date | None) -> date | None:
    """Go on from where a stage has come to, as far as its time and this turn allow; give the last day it is through with."""
    last = last_day_of(turn.services, stage)
    if last is None:
        return done
    if done is None:
        first = await _first_day(turn.services)
        done = (first or last + timedelta(days=1)) - timedelta(days=1)
    while done < last and turn.room > 0:
        day = done + timedelta(days=1)
        await _day(turn, stage, day)
        done = day
    return done


async def _first_day(services: Services) -> date | None:
    """Give the first business day there is; asked once, before the first turn of a stage."""
    days = [
        row.text("BusinessDay")
        async for row in services.tables.storedays.query(select=("BusinessDay",))
        if row.text("BusinessDay")
    ]
    return date.fromisoformat(min(days)) if days else None


async def _day(turn: Turn, stage: str, day: date) -> None:
    """Do every store of one business day, and what came of none; what must wait is written down before the day counts as done."""
    services, strangers = turn.services, _strangers(day.isoformat())
    why = await turn.look_at(stage, strangers, "")
    if why:
        await _leave(services, stage, "", strangers, why)
    for entity in await _legal_entities(services):
        async for summary in storedays_of(services.tables.storedays, entity, day):
            why = await turn.look_at(stage, summary, entity)
            if why:
                await _leave(services, stage, entity, summary, why)


def _strangers(day: str) -> Row:
    """Stand in for the line that receipts of no known store have in no statement."""
    return Row("", "", {"Store": UNKNOWN_STORE, "BusinessDay": day})


async def _legal_entities(services: Services) -> Sequence[str]:
    mappings = await services.mappings.at_least(0)
    return sorted({one.legal_entity for one in mappings.stores()})


async def _leave(services: Services, stage: str, entity: str, summary: Row, why: str) -> None:
    environment = services.settings.d365.environment_id
    day = date.fromisoformat(summary.text("BusinessDay"))
    await leave(
        services.tables.packages, environment, stage, summary.text("Store"), entity, day, why, services.now()
    )


async def _left(turn: Turn) -> None:
    """Look again at the store-days that had to be left, each once a day."""
    services = turn.services
    environment, before = services.settings.d365.environment_id, services.now() - LEFT_AGAIN_AFTER
    for row in await left_behind(services.tables.packages, environment, before, LEFT_A_TURN):
        stage, entity, store, day = (
            row.text(one) for one in ("Stage", "LegalEntity", "Store", "BusinessDay")
        )
        summary = (
            _strangers(day)
            if store == UNKNOWN_STORE
            else await services.tables.storedays.read(join_key(entity, day), join_key(entity, day, store))
        )
        why = await turn.look_at(stage, summary, entity) if summary is not None else "it has no statement"
        if why and summary is not None:
            await _leave(services, stage, entity, summary, why)
        elif not why:
            await forget_left(services.tables.packages, row)


async def _ended(turn: Turn) -> None:
    days = turn.services.settings.retention.ended_days
    if not days:
        return
    before = turn.services.now() - timedelta(days=days)
    found = await turn.guard.beside(forget_ended(turn.services, before))
    turn.counts.update(found or {})
