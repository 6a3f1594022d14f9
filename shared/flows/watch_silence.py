"""Watch which stores have fallen silent while they trade; many that fell silent together are one cause.

A silence is remembered before its cause is opened, so that a later turn ends it, whoever takes it. It ends when the store
is heard again, and not because its doors close.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from shared.errors import GroupRefusedError
from shared.retail.business_day import store_zone
from shared.retail.calendar import Calendar
from shared.retail.mapping import Mappings
from shared.retail.reasons import Cause, cause
from shared.retail.silence import Silence, Told, counts_from, half_waited, told_together
from shared.services import Services
from shared.storage.causes import (
    OPEN,
    STORE,
    Member,
    cause_key,
    cause_row,
    cause_rows,
    end_cause_rows,
    fingerprint_of,
    open_causes,
)
from shared.storage.heard import drop_silences, heard_of, save_silences, silence_row, silence_rows
from shared.storage.protocols import Row


async def watch_silence(services: Services) -> int:
    """Tell of every store that is silent, and end what is over; give how many stores are silent.

    One request for each 1,000 tills and each 1,000 silent stores; what changes costs a few for each hundred stores.
    """
    now = services.now()
    mappings = await services.mappings.at_least(0)
    heard_at = _newest((one.store, one.at) for one in await heard_of(services.tables.due))
    before = {row.text("Store"): row for row in await silence_rows(services.tables.stores)}
    told = {one.silence.store: one for one in _told(services, mappings, heard_at, before, now)}
    over = [row for store, row in before.items() if not _is_same(told.get(store), row)]
    await _end(services, over, heard_at, told)
    await _open(services, [one for store, one in told.items() if _is_new(one, before.get(store))])
    return len(told)


def _newest(heard: Iterable[tuple[str, datetime]]) -> dict[str, datetime]:
    newest: dict[str, datetime] = {}
    for store, at in heard:
        newest[store] = max(at, newest.get(store, at))
    return newest


def _told(
    services: Services,
    mappings: Mappings,
    heard_at: Mapping[str, datetime],
    before: Mapping[str, Row],
    now: datetime,
) -> list[Told]:
    """Say which stores are silent now, and under which cause. A store that never sent anything is not known to trade."""
    minutes = services.settings.silent_minutes
    silences: list[Silence] = []
    likely: dict[str, datetime] = {}
    for store, at in sorted(heard_at.items()):
        setup = mappings.store(store)
        if setup is None:
            continue
        calendar = Calendar(store, store_zone(setup.time_zone), mappings)
        since = counts_from(calendar, at, now, minutes)
        if since is not None:
            silences.append(Silence(store, at, since))
        elif half_waited(calendar, at, now, minutes):
            likely[store] = at
    outages = {row.instant("OutageAt") for row in before.values() if "OutageAt" in row.values}
    return told_together(silences, likely, sorted(outages))


def _is_same(told: Told | None, row: Row) -> bool:
    """Say whether a store is told under the same cause as before, for the same silence."""
    return (
        told is not None
        and fingerprint_of(_cause(told)) == row.text("Fingerprint")
        and told.silence.heard_at == row.instant("HeardAt")
    )


def _is_new(told: Told, row: Row | None) -> bool:
    return row is None or not _is_same(told, row) or not row.flag("Opened")


def _cause(told: Told) -> Cause:
    silence = told.silence
    if told.outage_at is None:
        return cause("store_silent", told.value, store=silence.store, since=_clock(silence.heard_at))
    return cause("stores_silent", told.value, since=_clock(told.outage_at))


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


async def _open(services: Services, told: Sequence[Told]) -> None:
    """Open what is new: remembered first, marked as open last."""
    rows = [
        silence_row(
            one.silence.store, fingerprint_of(_cause(one)), one.silence.heard_at, one.outage_at
        )
        for one in told
    ]  # fmt: skip
    await save_silences(services.tables.stores, rows)
    members = [
        cause_row(
            _cause(one),
            Member(STORE, one.silence.store, one.silence.store, receipts=0),
            one.silence.counts_from,
        )
        for one in told
    ]
    await open_causes(services.tables.causes, members)
    await save_silences(services.tables.stores, [row.with_values(Opened=True) for row in rows])


async def _end(
    services: Services, over: Sequence[Row], heard_at: Mapping[str, datetime], told: Collection[str]
) -> None:
    """End what is over, a whole cause at a time; then forget it, unless the store is told again at once."""
    now = services.now()
    for fingerprint in sorted({row.text("Fingerprint") for row in over}):
        mine = {row.text("Store"): row for row in over if row.text("Fingerprint") == fingerprint}
        keys = {cause_key(fingerprint, store, store): store for store in mine}
        heard: dict[str, list[Row]] = {}
        async for row in cause_rows(services.tables.causes, fingerprint, OPEN):
            if row.key in keys:
                store = keys[row.key]
                heard.setdefault(_how(mine[store], heard_at.get(store)), []).append(row)
        for how, rows in sorted(heard.items()):
            await end_cause_rows(services.tables.causes, rows, now, how)
    with contextlib.suppress(GroupRefusedError):  # another worker was quicker; the next turn looks again
        await drop_silences(
            services.tables.stores, [row for row in over if row.text("Store") not in told]
        )  # fmt: skip


def _how(silence: Row, heard_at: datetime | None) -> str:
    if heard_at is not None and heard_at > silence.instant("HeardAt"):
        return "heard again"
    return "told with the other stores, or the calendar was changed"
