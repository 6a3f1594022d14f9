"""The heartbeat: ring again whatever is overdue, so that a lost, late or expired doorbell costs time and nothing else."""

from __future__ import annotations

from datetime import timedelta

from shared.flows.mapping.given_up import end_given_up
from shared.flows.mapping.wake_waiting import wake_waiting
from shared.services import Services
from shared.storage.due import MAP, POST, due_from, list_due
from shared.storage.keys import join_key
from shared.storage.packages import SLOT_TAKEN, read_slot

RINGS_AT_ONCE = 32


async def ring_overdue(services: Services) -> int:
    """Ring for every store-day with something to map, and for posting when a package is due; give how many rang."""
    now = services.now()
    due_rows = await list_due(services.tables.due, MAP)
    keys = [row.key for row in due_rows if due_from(row).next_try <= now]
    for at in range(0, len(keys), RINGS_AT_ONCE):
        bells = (services.ring(services.queues.mapping_due, key) for key in keys[at : at + RINGS_AT_ONCE])
        await services.together(*bells)
    await end_given_up(services)
    await wake_waiting(services)
    if await _posting_is_due(services):
        await services.ring(
            services.queues.posting_due, join_key("drive", services.settings.d365.environment_id)
        )
        return len(keys) + 1
    return len(keys)


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
