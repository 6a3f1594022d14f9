"""Move receipts of a location that is known by now to its store, from their kept documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.errors import GroupRefusedError
from shared.flows.mapping.release_held import receipt_of
from shared.flows.posting.apply import save_rows
from shared.flows.posting.kept import read_kept
from shared.pos.adapter import localised
from shared.retail.business_day import business_day_of, closing_hour, store_zone
from shared.retail.identity import content_hash
from shared.retail.mapping import Mappings
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import end_cause_rows
from shared.storage.due import MAP, Due, due_key, note_again_after, note_due
from shared.storage.erasures import carried
from shared.storage.protocols import Insert, Row
from shared.storage.receipts import UNKNOWN_STORE, advanced, document_of, receipt_rows

Home = tuple[str, date]


async def bring_home(
    services: Services, mappings: Mappings, members: Sequence[Row], who: str
) -> dict[tuple[str, str], Home]:
    """Move what can be moved; give the store and day each receipt has now, by account and id.

    The row under `unknown` stays, as moved; a receipt that the store has already is not written again.
    """
    homes: dict[tuple[str, str], Home] = {}
    for member in (one for one in members if one.text("Store") == UNKNOWN_STORE):
        home = await _bring(services, mappings, member, who)
        if home is not None:
            homes[member.text("Account"), member.text("TransactionId")] = home
    return homes


async def _bring(services: Services, mappings: Mappings, member: Row, who: str) -> Home | None:
    now = services.now()
    row = await receipt_of(services, member)
    transaction = read_kept(row) if row is not None and row.text("Status") == Status.HELD else None
    store = mappings.store(transaction.store) if transaction is not None else None
    if row is None or transaction is None or store is None:
        return None
    transaction = localised(transaction, store_zone(store.time_zone))
    closes_at = closing_hour(store.closing_time)
    day = transaction.business_day or business_day_of(
        transaction.completed_at, store_zone(store.time_zone), closes_at
    )
    begun_at, dues = services.now(), [Due(MAP, store.store, day, now, mappings.version)]
    await note_due(services.tables.due, dues)
    identity, fresh = receipt_rows(
        transaction, day=day, document=document_of(row), adapter=row.text("Adapter"),
        content_hash=content_hash(transaction), received_at=row.instant("ReceivedAt"),
    )  # fmt: skip
    identity, fresh = carried(row, identity, fresh)
    is_there = await _insert_or_same(services, identity, fresh)
    took = (services.now() - begun_at) / services.clock.speed
    await note_again_after(services.tables.due, dues, took, services.settings.settle_seconds)
    if not is_there:
        return None
    moved = advanced(row, Status.WRITTEN_OFF, now, f"kept under store {store.store} now, by {who}")
    await save_rows(services.tables.transactions, [moved])
    await end_cause_rows(services.tables.causes, [member], now, f"kept under store {store.store} now")
    await services.ring(services.queues.mapping_due, due_key(MAP, store.store, day))
    return store.store, day


async def _insert_or_same(services: Services, identity: Row, day: Row) -> bool:
    """Write a receipt under its store; False when the store has another version of it."""
    table = services.tables.transactions
    try:
        await table.write_group([Insert(identity), Insert(day)])
    except GroupRefusedError:
        there = await table.read(identity.partition, identity.key)
        return there is not None and there.text("ContentHash") == identity.text("ContentHash")
    return True
