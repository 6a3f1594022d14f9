"""What follows a word about a till: its receipts move, and what was proposed of it is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.flows.mapping.new_tills import Moved, move_to_new_till
from shared.flows.mapping.note_shifts import note_shifts_of
from shared.retail.mapped import StoreSetup
from shared.retail.mapping import Mappings
from shared.retail.reasons import cause
from shared.retail.shift import shift_value
from shared.services import Services
from shared.storage.causes import OPEN, cause_rows, end_cause_rows, fingerprint_of
from shared.storage.due import MAP, POST, STATEMENT, Due, note_due
from shared.storage.mappings import AGE_MAX


async def move_days(
    services: Services, store: StoreSetup, terminal: str, days: Sequence[date], mappings: Mappings
) -> Moved:
    """Move a till's receipts of some days to where they belong by what is declared, with the work noted first."""
    now = services.now()
    later = now + 2 * AGE_MAX  # by then every instance knows of the new till
    await note_due(
        services.tables.due,
        [Due(stage, store.store, day, now) for day in days for stage in (POST, STATEMENT)]
        + [Due(MAP, store.store, day, later, mappings.version) for day in days],
    )
    moved = Moved()
    for day in days:
        moved += await move_to_new_till(services, store, day, terminal, mappings)
        await note_shifts_of(services, store, day, mappings)
    for day in days:
        await services.ring(services.queues.mapping_due, Due(MAP, store.store, day, now).key)
    return moved


async def end_proposals(
    services: Services, store: str, terminal: str, days: Sequence[date], how: str
) -> None:
    """End what was proposed of a till: that it might have been replaced."""
    for day in days:
        why = cause("till_maybe_replaced", shift_value(store, terminal, 1, day, ""))
        rows = [row async for row in cause_rows(services.tables.causes, fingerprint_of(why), OPEN)]
        await end_cause_rows(services.tables.causes, rows, services.now(), how)
