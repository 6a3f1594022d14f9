"""Note which values a store-day used, for the coverage of its mappings."""

from __future__ import annotations

from shared.retail.statement import StoreDay
from shared.retail.used_values import used_on
from shared.services import Services
from shared.storage.used import note_used


async def note_used_of(services: Services, day: StoreDay) -> None:
    """Note what the receipts of a store-day used. Compiled again, it notes the same."""
    receipts = ((one.codes, one.terminal, one.operator) for one in day.receipts)
    await note_used(services.tables.stores, day.store, used_on(day.business_day, receipts))
