"""Send held receipts on their way after a fix: each is mapped again from its kept document, and may be held again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared.errors import GroupRefusedError
from shared.flows.mapping.release_held import held_receipts, receipt_of, release_receipts
from shared.flows.posting.apply import save_rows
from shared.flows.posting.kept import read_kept
from shared.pos.adapter import localised
from shared.retail.business_day import business_day_of, closing_hour, store_zone
from shared.retail.identity import content_hash
from shared.retail.mapping import Mappings
from shared.retail.money import total
from shared.retail.status import Status
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.causes import OPEN, RECEIPT, cause_rows, end_cause_rows
from shared.storage.due import MAP, STATEMENT, Due, due_key, note_again_after, note_due
from shared.storage.protocols import Insert, Row
from shared.storage.receipts import UNKNOWN_STORE, advanced, document_of, receipt_rows

# These hold no receipt that could go on; a person's word ends them.
ENDED_BY_WORD = frozenset(
    {
        "cannot_be_read",
        "content_conflict",
        "counted_twice",
        "credit_not_confirmed",
        "d365_went_back",
        "shift_closed_twice",
        "shift_counted_twice",
        "shift_never_opened",
        "till_maybe_replaced",
        "work_given_up",
    }
)


@dataclass(frozen=True, slots=True)
class Released:
    """How many receipts went on their way, and their money."""

    receipts: int
    amount: Decimal


async def release_exceptions(
    services: Services, fingerprint: str, person: Person, reason: str
) -> Released | None:
    """Release what a cause holds; None when there is no such cause. Doing it twice releases nothing more."""
    members = [row async for row in cause_rows(services.tables.causes, fingerprint)]
    if not members:
        return None
    now = services.now()
    held = [row for row in members if row.text("State") == OPEN and row.text("What") == RECEIPT]
    if members[0].text("Reason") in ENDED_BY_WORD:
        return await _end_by_word(services, members, person, reason)
    mappings = await services.mappings.refresh()
    await _bring_home(services, mappings, held, person)
    receipts = await held_receipts(services, held)
    await append_audit(
        services.tables.audit, "releases", now, who=person.name, did=f"released {len(receipts)} receipts",
        reason=reason, evidence=fingerprint,
    )  # fmt: skip
    note = f"released by {person.name}: {reason}"
    gone = await release_receipts(services, held, receipts, mappings.version, note)
    await _end_what_holds_no_more(services, held, gone)
    return Released(len(gone), total(Decimal(row.text("Total", "0")) for row in gone))


async def _end_what_holds_no_more(services: Services, held: Sequence[Row], gone: Sequence[Row]) -> None:
    """End what a cause says of receipts that went on without it, such as in a release that broke off half way."""
    names = {(row.text("Account"), row.text("TransactionId")) for row in gone}
    rest = [one for one in held if (one.text("Account"), one.text("TransactionId")) not in names]
    rest = [
        one for one in rest if one.text("Store") != UNKNOWN_STORE
    ]  # these are ended where they are brought home
    over = []
    for member in rest:
        row = await receipt_of(services, member)
        if row is not None and not _is_held_for(row, member.partition):
            over.append(member)
    await end_cause_rows(services.tables.causes, over, services.now(), "no longer holds it")


def _is_held_for(row: Row, fingerprint: str) -> bool:
    named = json.loads(row.text("Fingerprints", "[]"))
    return row.text("Status") == Status.HELD and fingerprint in (row.text("Fingerprint"), *named)


async def _end_by_word(services: Services, members: Sequence[Row], person: Person, reason: str) -> Released:
    """End a cause that holds no receipt, on a person's word: what could not be read was dealt with, the first stands."""
    now = services.now()
    fingerprint = members[0].partition
    await append_audit(
        services.tables.audit,
        "releases",
        now,
        who=person.name,
        did="ended a cause",
        reason=reason,
        evidence=fingerprint,
    )
    if members[0].text("Reason") == "content_conflict":
        await _first_stands(services, members)
    await end_cause_rows(services.tables.causes, members, now, f"ended by {person.name}: {reason}")
    return Released(0, Decimal(0))


async def _first_stands(services: Services, members: Sequence[Row]) -> None:
    """Take the mark of a conflict off the first versions, and have their store-days compiled again."""
    for member in members:
        row = await receipt_of(services, member)
        if row is not None and row.flag("Conflict"):
            day, begun_at = date.fromisoformat(row.text("BusinessDay")), services.now()
            dues = [Due(STATEMENT, row.partition, day, begun_at)]
            await note_due(services.tables.due, dues)
            await save_rows(services.tables.transactions, [row.with_values(Conflict=None)])
            took = (services.now() - begun_at) / services.clock.speed
            await note_again_after(services.tables.due, dues, took, services.settings.settle_seconds)


async def _bring_home(services: Services, mappings: Mappings, members: Sequence[Row], person: Person) -> None:
    """Move receipts of a location that is known by now to its store, from their kept documents.

    The row under `unknown` stays, as moved; a receipt that the store has already is not written again.
    """
    now = services.now()
    for member in (one for one in members if one.text("Store") == UNKNOWN_STORE):
        row = await receipt_of(services, member)
        transaction = read_kept(row) if row is not None and row.text("Status") == Status.HELD else None
        store = mappings.store(transaction.store) if transaction is not None else None
        if row is None or transaction is None or store is None:
            continue
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
        is_there = await _insert_or_same(services, identity, fresh)
        took = (services.now() - begun_at) / services.clock.speed
        await note_again_after(services.tables.due, dues, took, services.settings.settle_seconds)
        if not is_there:
            continue
        moved = advanced(
            row, Status.WRITTEN_OFF, now, f"kept under store {store.store} now, by {person.name}"
        )
        await save_rows(services.tables.transactions, [moved])
        await end_cause_rows(services.tables.causes, [member], now, f"kept under store {store.store} now")
        await services.ring(services.queues.mapping_due, due_key(MAP, store.store, day))


async def _insert_or_same(services: Services, identity: Row, day: Row) -> bool:
    """Write a receipt under its store; False when the store has another version of it."""
    table = services.tables.transactions
    try:
        await table.write_group([Insert(identity), Insert(day)])
    except GroupRefusedError:
        there = await table.read(identity.partition, identity.key)
        return there is not None and there.text("ContentHash") == identity.text("ContentHash")
    return True
