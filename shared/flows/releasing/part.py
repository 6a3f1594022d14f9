"""Let one part of a release go, and map its store-days at once, so that what comes next finds it on its way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date
from typing import TypeAlias

from shared.flows.mapping.release_held import release_receipts
from shared.flows.releasing.order import name_of
from shared.services import Services
from shared.storage.due import MAP, due_key
from shared.storage.protocols import Row

# What maps a store-day, given by whoever begins a release: the trigger that knows both. None: doorbells alone.
MapDay: TypeAlias = Callable[[Services, str], Awaitable[int]]
MAPPED_AT_ONCE = 1_000


async def release_part(
    services: Services,
    members: Sequence[Row],
    rows: Sequence[Row],
    version: int,
    note: str,
    map_day: MapDay | None,
) -> list[Row]:
    """Let receipts go; give those that went. members: all that the cause says of them. A second time is none."""
    names = {(row.partition, name_of(row)) for row in rows}
    own = [one for one in members if (one.text("Store"), name_of(one)) in names]
    gone = await release_receipts(services, own, rows, version, note)
    days = sorted({(row.partition, date.fromisoformat(row.text("BusinessDay"))) for row in rows})
    await map_days(services, days, map_day)
    return gone


async def map_days(services: Services, days: Iterable[tuple[str, date]], map_day: MapDay | None) -> None:
    """Map store-days now; each is rung for as well, whoever comes first."""
    if map_day is None:
        return
    for store, day in days:
        while await map_day(services, due_key(MAP, store, day)) >= MAPPED_AT_ONCE:
            continue
