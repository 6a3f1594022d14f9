"""The word of the day: what waits for each owner, or that nothing does, so that silence means something."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from shared.flows.telling.outbox import hand_on
from shared.retail.alert import DAILY, DayFigures, Told, daily_alert
from shared.retail.cause_state import Telling
from shared.retail.money import total
from shared.retail.reason import OWNERS
from shared.services import Services
from shared.storage.protocols import Row
from shared.storage.statements import storedays_of
from shared.storage.tasks import (
    KeptHead,
    active_heads,
    digest_told_on,
    heads_ended_since,
    note_digest,
    texts_of,
)

ONE_DAY = timedelta(days=1)
PROVED = "proved"


async def tell_the_day(services: Services, now: datetime) -> int:
    """Hand on the word of the day, once its time has come; give how many owners it went to. Twice is once.

    One that was missed, because nothing ran, is handed on late, for the last such day alone.
    """
    settings = services.settings.alerts
    local = now.astimezone(ZoneInfo(settings.digest_zone))
    if not settings.channels:
        return 0
    is_before = local.time() < settings.digest_at
    day = local.date() - ONE_DAY if is_before else local.date()
    told_on = await digest_told_on(services.tables.tasks)
    if told_on >= day.isoformat():
        return 0
    if not told_on and is_before:  # the first look ever: yesterday's word was nobody's to give
        await note_digest(services.tables.tasks, day.isoformat(), now)
        return 0
    heads = await active_heads(services.tables.tasks)
    ended = await heads_ended_since(services.tables.tasks, now - ONE_DAY)
    figures = await _figures(services, day - ONE_DAY)
    for owner in OWNERS:
        mine = [_told(one, now) for one in heads if one.head.tally.owner == owner]
        gone = sum(one.head.tally.owner == owner for one in ended)
        await hand_on(services, daily_alert(owner, day, now, mine, gone, figures, settings.runbooks_url))
    await note_digest(services.tables.tasks, day.isoformat(), now)
    return len(OWNERS)


def _told(kept: KeptHead, now: datetime) -> Told:
    return Told(kept.head, texts_of(kept.row), Telling(DAILY, 0, now))


async def _figures(services: Services, day: date) -> list[DayFigures]:
    """Sum up the business day before, one query a company; companies of several currencies get a line for each."""
    mappings = await services.mappings.at_least(0)
    found: list[DayFigures] = []
    for legal_entity in sorted({one.legal_entity for one in mappings.stores()}):
        rows = [row async for row in storedays_of(services.tables.storedays, legal_entity, day)]
        found += [
            _sum(legal_entity, day, currency, [one for one in rows if one.text("Currency") == currency])
            for currency in sorted({row.text("Currency") for row in rows})
        ]
    return found


def _sum(legal_entity: str, day: date, currency: str, rows: list[Row]) -> DayFigures:
    received, posted, unexplained = (
        total(Decimal(row.text(name, "0") or "0") for row in rows)
        for name in ("Received", "Posted", "Unexplained")
    )
    proved = sum(row.text("Verdict") == PROVED for row in rows)
    return DayFigures(legal_entity, day, len(rows), proved, currency, received, posted, unexplained)
