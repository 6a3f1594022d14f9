"""Keep what failed five times in a row: an exception row for IT, a readable copy that never expires, and a way out.

The doorbell is gone, the due row is not: it rings on, ever more rarely. Where it is mapping that failed, the store-day is
cut into parts that are rung each on its own, so that every other receipt goes on; the one that fails alone is held.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.flows.isolating.given_up import MAPPING_DUE, keep, rest
from shared.flows.posting.apply import save_rows
from shared.pos.masking import masked_text
from shared.retail.reasons import cause
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import Member, cause_row, fingerprint_of, open_causes, receipt_member
from shared.storage.due import (
    STATEMENT,
    Due,
    due_from,
    is_in_part,
    note_due,
    part_row,
    read_doorbell,
    read_due,
)
from shared.storage.protocols import Row, Upsert
from shared.storage.receipts import advanced, receipts_of_day

PARTS_MAX = 32  # a thousand receipts are down to single ones after two cuts


async def keep_given_up(services: Services, queue: str, text: str) -> None:
    """Put a message that was given up before IT, and get its neighbours going. Runs twice the same.

    queue: the one it was given up on, without the ending. text: the message as it stands, ours or not.
    """
    key = read_doorbell(text)
    due_row = await read_due(services.tables.due, key) if key else None
    if due_row is None:  # whoever wrote it, anything may stand in it
        text = masked_text(text, free=True)
        key = read_doorbell(text)
    failures = await keep(services, queue, key, text, due_row)
    services.log.error("%s was given up after five tries: %s", queue, key or "a message that names nothing")
    if due_row is None or queue != MAPPING_DUE:
        return
    await _isolate(services, due_row)
    await rest(services, due_row, failures)


async def _isolate(services: Services, due_row: Row) -> None:
    """Cut what failed into parts with doorbells of their own; hold a receipt that has failed as a part of its own."""
    due = due_from(due_row)
    received = await receipts_of_day(services.tables.transactions, due.store, due.day, Status.RECEIVED)
    rows = [row for row in received if is_in_part(due_row, row.key)]
    if len(rows) == 1 and "FirstKey" in due_row.values:
        await _hold(services, due, rows[0])
        return
    parts = [part_row(due_row, part[0].key, part[-1].key, services.now()) for part in _parts(rows)]
    if not parts:
        return
    await services.tables.due.write_group([Upsert(part) for part in parts])
    for part in parts:
        await services.ring(services.queues.mapping_due, part.key)


def _parts(rows: Sequence[Row]) -> list[Sequence[Row]]:
    """Cut rows into up to 32 parts of nearly the same size."""
    size = -(-len(rows) // PARTS_MAX)
    return [rows[at : at + size] for at in range(0, len(rows), size)] if rows else []


async def _hold(services: Services, due: Due, row: Row) -> None:
    now = services.now()
    why = cause("cannot_be_mapped", f"{due.store} {due.day}")
    member: Member = receipt_member(row)
    await note_due(services.tables.due, [Due(STATEMENT, due.store, due.day, now)])
    await open_causes(services.tables.causes, [cause_row(why, member, now)])
    held = {"Cause": why.code, "CauseValue": why.value, "Fingerprint": fingerprint_of(why)}
    await save_rows(services.tables.transactions, [advanced(row, Status.HELD, now, why.code, **held)])
    services.log.error("held alone, the app fails at it: %s / %s", row.partition, row.key)
