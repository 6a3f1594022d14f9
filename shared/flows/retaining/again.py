"""Store-days that something came to after retention was through with them: they are looked at again."""

from __future__ import annotations

from datetime import date

from shared.flows.retaining.storedays import CASHIERS, STAGES, TEXTS
from shared.retail.retention import last_day_gone
from shared.services import Services
from shared.storage.retention import leave, read_progress, through

CAME_LATE = "something came to it after its time"


def last_day_of(services: Services, stage: str) -> date | None:
    """Give the last business day that is past a stage's time; None where that is never."""
    settings, today = services.settings.retention, services.now().date()
    if stage == TEXTS:
        return last_day_gone(today, days=settings.texts_days)
    if stage == CASHIERS:
        return last_day_gone(today, days=settings.cashiers_days)
    return last_day_gone(today, months=settings.documents_months)


async def look_again(services: Services, store: str, legal_entity: str, day: date) -> None:
    """Have a store-day that was compiled looked at again where retention has passed it. A younger one costs nothing."""
    past = [one for one in STAGES if (last := last_day_of(services, one)) is not None and day <= last]
    if not past:
        return
    table, environment, now = services.tables.packages, services.settings.d365.environment_id, services.now()
    progress = await read_progress(table, environment)
    for stage in past:
        done = through(progress, stage)
        if done is not None and day <= done:
            await leave(table, environment, stage, store, legal_entity, day, CAME_LATE, now)
