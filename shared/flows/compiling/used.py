"""Note which values a store-day used, for the coverage of its mappings."""

from __future__ import annotations

from shared.retail.statement import ReceiptRecord, StoreDay
from shared.retail.used_values import UsedBy, used_on
from shared.services import Services
from shared.storage.used import note_used


async def note_used_of(services: Services, day: StoreDay) -> None:
    """Note what the receipts of a store-day used. Compiled again, it notes the same."""
    used = used_on(day.business_day, (_used_by(one) for one in day.receipts))
    await note_used(services.tables.stores, day.store, used)


def _used_by(one: ReceiptRecord) -> UsedBy:
    tenders = {*one.figures.tenders, *one.drawer}
    reason = one.paid.reason if one.paid is not None else ""
    return UsedBy(one.codes, one.terminal, one.operator, one.figures.taxes, tenders, reason)
