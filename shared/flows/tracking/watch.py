"""Watch whether D365 still has what it had posted: an environment that is restored from a copy forgets.

The newest posted statements are asked about again whenever others are. When one is missing, or was posted at another time,
every store-day of the last two weeks is followed again, compiled or not, and what D365 no longer has is told, receipt by receipt.
"""

from __future__ import annotations

import json
from datetime import date, timedelta

from shared.flows.posting.trouble import open_package_cause
from shared.flows.tracking.ask import News, Number
from shared.flows.tracking.tell import remember
from shared.retail.reasons import cause
from shared.services import Services
from shared.storage.due import STATEMENT, TRACK, Due, due_from, list_due, note_due
from shared.storage.late import late_of
from shared.storage.protocols import Row
from shared.storage.statements import storedays_of

WATCHED_MAX = 20
FOLLOWED_AGAIN = timedelta(days=14)


def watched(turn: Row) -> dict[Number, str]:
    """Read the statements that are watched: when each was posted, by legal entity and number."""
    return {(entity, number): at for entity, number, at in json.loads(turn.text("Watched") or "[]")}


async def watch(services: Services, turn: Row, news: News) -> Row:
    """Remember the newest posted statements; where D365 forgot one, say so and have everything looked for.

    Give the turn's row as it is then.
    """
    before = watched(turn)
    now_posted = {
        number: f"{one.journal.posted_at:%Y-%m-%dT%H:%M:%SZ}" for number, one in news.evidence.items()
    }
    if news.forgotten:
        await _went_back(services, sorted(number for _, number in news.forgotten))
    after = {number: at for number, at in (before | now_posted).items() if number not in news.forgotten}
    newest = sorted(after.items(), key=lambda one: (one[1], one[0]))[-WATCHED_MAX:]
    if dict(newest) != before:
        rows = [[entity, number, at] for (entity, number), at in newest]
        return await remember(services, turn.with_values(Watched=json.dumps(rows)))
    return turn


async def _went_back(services: Services, statements: list[str]) -> None:
    environment = services.settings.d365.environment_id
    names = ", ".join(statements)
    services.log.error("D365 no longer has statements it had posted: %s", names)
    await open_package_cause(services, None, cause("d365_went_back", environment, statements=names[:500]))
    services.posted_statements.clear()
    today, now = services.now().date(), services.now()
    # First those that wait to be compiled, such as today's: who compiles one meanwhile has written its summary before.
    waiting = [due_from(row) for row in await list_due(services.tables.due, STATEMENT)]
    dues = [Due(TRACK, one.store, one.day, now) for one in waiting if one.day >= today - FOLLOWED_AGAIN]
    await note_due(services.tables.due, dues)
    mappings = await services.mappings.refresh()
    entities = sorted({store.legal_entity for store in mappings.stores()})
    for entity in entities:
        for back in range(FOLLOWED_AGAIN.days + 1):
            day = today - timedelta(days=back)
            rows = [row async for row in storedays_of(services.tables.storedays, entity, day)]
            if rows:
                await note_due(services.tables.due, [Due(TRACK, row.text("Store"), day, now) for row in rows])
        late = [row async for row in late_of(services.tables.storedays, entity)]
        under = {(row.text("Store"), date.fromisoformat(row.text("PostsOn"))) for row in late}
        await note_due(
            services.tables.due,
            [Due(TRACK, store, day, now) for store, day in sorted(under) if day >= today - FOLLOWED_AGAIN],
        )
