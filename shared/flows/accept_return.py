"""Let a return go as one without its receipt, on a named person's word: its sale never came, or has nothing left to give back."""

from __future__ import annotations

import json
from datetime import date

from shared.errors import ChangedMeanwhileError, RejectedError
from shared.flows.mapping.originals import WITHOUT_RECEIPT
from shared.flows.posting.apply import save_rows
from shared.retail.status import Status
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.due import MAP, STATEMENT, Due, due_key, note_due
from shared.storage.protocols import Row, Value
from shared.storage.receipts import advanced, identity_key

HELD_FOR = frozenset({"refund_above_sale", "return_without_receipt"})


async def accept_return(
    services: Services, store: str, account: str, transaction_id: str, person: Person, reason: str
) -> dict[str, str] | None:
    """Accept a return; None when there is no receipt of that name. Asked again, the answer is the same.

    It then claims nothing of its sale, goes to D365 without a link, and is counted as one without its receipt.

    Raises:
        RejectedError: no reason; it waits for no sale and is not held for one.
        ChangedMeanwhileError: somebody changed it at the same time.
    """
    if not reason.strip():
        raise RejectedError("a reason is needed", field="reason", expected="a sentence", found="nothing")
    table = services.tables.transactions
    identity = await table.read(store, identity_key(store, account, transaction_id))
    row = await table.read(store, identity.text("DayKey")) if identity is not None else None
    if row is None:
        return None
    if not row.flag(WITHOUT_RECEIPT):
        _refuse_others(row)
        await _accept(services, row, person, reason)
    return {"transaction_id": transaction_id, "accepted_by": row.text("AcceptedBy") or person.name}


def _refuse_others(row: Row) -> None:
    waits = row.text("Status") == Status.WAITING
    causes = {one.partition("~")[0] for one in json.loads(row.text("Fingerprints", "[]"))}
    if not waits and (row.text("Status") != Status.HELD or not causes & HELD_FOR):
        raise RejectedError(
            "only a return that waits for its sale, or is held for it, can be accepted", field="status",
            expected="waiting, or held for its sale or for having no receipt",
            found=" for ".join(one for one in (row.text("Status"), row.text("Cause")) if one),
        )  # fmt: skip


async def _accept(services: Services, row: Row, person: Person, reason: str) -> None:
    """Note the work, write down who decided, then let it go."""
    now, day = services.now(), date.fromisoformat(row.text("BusinessDay"))
    dues = [Due(MAP, row.partition, day, now), Due(STATEMENT, row.partition, day, now)]
    await note_due(services.tables.due, dues)
    await append_audit(
        services.tables.audit, row.partition, now, who=person.name,
        did=f"accepted return {row.text('TransactionId')} of {row.text('Account')} without its receipt", reason=reason,
        evidence=row.key,
    )  # fmt: skip
    note = f"accepted without its receipt by {person.name}: {reason}"[:300]
    named: dict[str, Value | None] = {
        WITHOUT_RECEIPT: True,
        "AcceptedBy": person.name,
        "AcceptedWhy": reason[:2000],
        "AcceptedAt": now,
    }
    moved = advanced(row, Status.RECEIVED, now, note, Cause=None, CauseValue=None, Fingerprint=None, **named)
    if not await save_rows(services.tables.transactions, [moved]):
        raise ChangedMeanwhileError(f"{row.key} was changed while it was being accepted")
    await services.ring(services.queues.mapping_due, due_key(MAP, row.partition, day))
