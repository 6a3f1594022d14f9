"""Held receipts on their way again: read as they stand now, moved back to received, their store-days rung for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.flows.posting.apply import save_rows
from shared.retail.reasons import NO_ACTION
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import end_cause_rows
from shared.storage.due import MAP, Due, note_due
from shared.storage.protocols import Row
from shared.storage.receipts import UNKNOWN_STORE, advanced, identity_key

READS_AT_ONCE = 32
# D365 has a row of these, or may have posted one. They go on by themselves when D365 says otherwise, never by release.
HELD_WITH_A_ROW_IN_D365 = frozenset({"changed_in_d365", "drop_gone_from_d365", "validation_failed"})


async def held_receipts(services: Services, members: Sequence[Row]) -> list[Row]:
    """Read the receipts a cause holds, as they stand now. Those of a location still unknown stay where they are."""
    found: list[Row] = []
    for at in range(0, len(members), READS_AT_ONCE):
        part = members[at : at + READS_AT_ONCE]
        found += [
            row
            for row in await services.together(*(receipt_of(services, one) for one in part))
            if row is not None
        ]
    return [row for row in found if may_go(row)]


def may_go(row: Row) -> bool:
    """Say whether a release may move a receipt: it is held, its store is known, and D365 has nothing of it to put right."""
    return (
        row.text("Status") == Status.HELD
        and row.partition != UNKNOWN_STORE
        and (row.text("Cause") not in HELD_WITH_A_ROW_IN_D365 or _was_never_as_sent(row))
    )


def _was_never_as_sent(row: Row) -> bool:
    """Say whether D365 never had it as it was sent: tracking has nothing to compare it with, so a person says when it is put
    right. Posting then reads it back, and sends nothing over a row that is there.
    """
    return row.text("Cause") == "changed_in_d365" and "D365Gross" not in row.values


async def release_receipts(
    services: Services, members: Sequence[Row], receipts: Sequence[Row], version: int, note: str
) -> list[Row]:
    """Let receipts be mapped again with mappings of at least this version; give those that went. Twice is once."""
    now = services.now()
    # Those that a release before this one let go, and then failed, are here too: their work is noted again.
    places = {
        (row.text("Store"), row.text("BusinessDay")) for row in members if row.text("Store") != UNKNOWN_STORE
    }
    days = sorted(places | {(row.partition, row.text("BusinessDay")) for row in receipts})
    dues = [Due(MAP, store, date.fromisoformat(day), now, version) for store, day in days]
    await note_due(services.tables.due, dues)
    moved = [
        advanced(row, Status.RECEIVED, now, note, Cause=None, CauseValue=None, Fingerprint=None)
        for row in receipts
    ]
    saved = await save_rows(services.tables.transactions, moved)
    await note_due(services.tables.due, dues)  # again: many rows may have taken longer than a due row is safe
    gone = [row for row in receipts if row.key in saved]
    await end_cause_rows(services.tables.causes, _rows_of(members, gone), now, note)
    await _end_what_is_over(services, members, receipts)
    await services.together(*(services.ring(services.queues.mapping_due, due.key) for due in dues))
    return gone


async def _end_what_is_over(services: Services, members: Sequence[Row], receipts: Sequence[Row]) -> None:
    """End the rows of a cause whose receipts went on without it: a release before this one failed half done."""
    held = {_place(row.partition, row) for row in receipts}
    for member in (one for one in members if one.text("Reason") not in NO_ACTION):
        if _place(member.text("Store"), member) not in held:
            row = await receipt_of(services, member)
            if row is not None and row.text("Status") != Status.HELD:
                await end_cause_rows(services.tables.causes, [member], services.now(), "no longer held")


async def receipt_of(services: Services, member: Row) -> Row | None:
    """Read the receipt that a cause's row names."""
    table, store = services.tables.transactions, member.text("Store")
    identity = await table.read(
        store, identity_key(store, member.text("Account"), member.text("TransactionId"))
    )
    return await table.read(store, identity.text("DayKey")) if identity is not None else None


def _rows_of(members: Sequence[Row], receipts: Sequence[Row]) -> list[Row]:
    gone = {_place(row.partition, row) for row in receipts}
    return [row for row in members if _place(row.text("Store"), row) in gone]


def _place(store: str, row: Row) -> tuple[str, str, str]:
    """Name a receipt wholly: two stores of one source may have the same id."""
    return store, row.text("Account"), row.text("TransactionId")
