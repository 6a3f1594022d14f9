"""The heartbeat: ring again whatever is overdue, so that a lost, late or expired doorbell costs time and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from shared.flows.isolating.given_up import end_given_up
from shared.flows.mapping.wake_waiting import wake_waiting
from shared.retail.status import Status
from shared.services import Services
from shared.storage.due import MAP, POST, due_from, finish_due, is_in_part, is_rested, list_due
from shared.storage.keys import join_key
from shared.storage.packages import SLOT_TAKEN, read_slot
from shared.storage.protocols import Row
from shared.storage.receipts import keys_of_day

RINGS_AT_ONCE = 32


async def ring_overdue(services: Services) -> int:
    """Ring for every store-day with something to map, and for posting when a package is due; give how many rang."""
    now = services.now()
    due_rows = await list_due(services.tables.due, MAP)
    overdue = [row for row in due_rows if due_from(row).next_try <= now]
    keys = [row.key for row in overdue if not is_rested(row)]
    await _ring_all(services, keys)
    late = await _not_done(services, [row for row in overdue if is_rested(row)])
    await _ring_all(services, late)
    keys += late
    await end_given_up(services)
    await wake_waiting(services)
    if await _posting_is_due(services):
        await services.ring(
            services.queues.posting_due, join_key("drive", services.settings.d365.environment_id)
        )
        return len(keys) + 1
    return len(keys)


async def _ring_all(services: Services, keys: Sequence[str]) -> None:
    for at in range(0, len(keys), RINGS_AT_ONCE):
        bells = (services.ring(services.queues.mapping_due, key) for key in keys[at : at + RINGS_AT_ONCE])
        await services.together(*bells)


async def _not_done(services: Services, rested: Sequence[Row]) -> list[str]:
    """Look once more at store-days that had nothing left to map: end those that still have nothing, without a doorbell.

    Each row was read before its store-day is looked at, as a worker would; give the keys of those with something to do.
    """
    keys = []
    for at in range(0, len(rested), RINGS_AT_ONCE):
        part = rested[at : at + RINGS_AT_ONCE]
        found = await services.together(*(_has_received(services, row) for row in part))
        for row, has_work in zip(part, found, strict=True):
            if has_work or not await finish_due(services.tables.due, row, services.settings.settle_seconds):
                keys.append(row.key)
    return keys


async def _has_received(services: Services, due_row: Row) -> bool:
    due = due_from(due_row)
    received = await keys_of_day(services.tables.transactions, due.store, due.day, Status.RECEIVED)
    return any(is_in_part(due_row, key) for key in received)


async def _posting_is_due(services: Services) -> bool:
    """Say whether the package in the slot wants to be asked about, or the next one may start."""
    slot = await read_slot(services.tables.packages, services.settings.d365.environment_id)
    now = services.now()
    if slot.text("State") == SLOT_TAKEN:
        resting = "NextTry" in slot.values and slot.instant("NextTry") > now
        driven = "LeaseUntil" in slot.values and slot.instant("LeaseUntil") > now
        return not resting and not driven
    pause = timedelta(minutes=services.settings.package_minutes)
    last = max((slot.instant(name) for name in ("StartedAt", "FreedAt") if name in slot.values), default=None)
    if last is not None and last + pause > now:
        return False
    return any(due_from(row).next_try <= now for row in await list_due(services.tables.due, POST))
