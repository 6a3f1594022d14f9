"""Say of one held receipt that a code on it means another, or to which shift it belongs; then it is mapped and judged again.

Its document stays as it came. What a person says stands beside it, with the reason, and whoever maps it goes by both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from shared.errors import ChangedMeanwhileError, RejectedError
from shared.flows.mapping.release_held import may_go
from shared.flows.posting.apply import save_rows
from shared.flows.posting.kept import read_kept
from shared.flows.releasing.part import MapDay, map_days
from shared.retail.amendment import CODES_MAX, Amendment, refuse_what_is_not_on_it
from shared.retail.reversal import REVERSAL
from shared.retail.status import Status
from shared.retail.transaction import Transaction
from shared.services import Services
from shared.settings import Person
from shared.storage.amendments import amendment_values, amendments_of, amendments_text, as_amended
from shared.storage.audit import EVIDENCE_MAX, append_audit
from shared.storage.causes import causes_of, end_cause_rows, receipt_member
from shared.storage.corrections import CORRECTION
from shared.storage.due import MAP, STATEMENT, Due, due_key, note_due
from shared.storage.protocols import TEXT_UNITS_MAX, Row
from shared.storage.receipts import advanced, identity_key
from shared.storage.shifts import shifts_of_day

AMENDMENTS_MAX = 20


async def amend_receipt(
    services: Services,
    store: str,
    account: str,
    transaction_id: str,
    person: Person,
    reason: str,
    changes: Mapping[str, Mapping[str, str]],
    shift: str,
    map_day: MapDay | None = None,
) -> dict[str, Any] | None:
    """Amend a receipt and let it be mapped again; None when there is no such one. Give where it stands then.

    changes: by tenders, taxes, items, reasons: the till's code -> the code it counts as.

    Raises:
        RejectedError: it is not held, D365 has a row of it, or it has no such code or shift.
        ChangedMeanwhileError: somebody changed it at the same time.
    """
    row = await _read(services, store, account, transaction_id)
    if row is None:
        return None
    role = ", ".join(sorted(person.roles))
    one = Amendment(person.name, role, reason, services.now().isoformat(), **changes, shift=shift)
    transaction = _may_be_amended(row, one)
    day = date.fromisoformat(row.text("BusinessDay"))
    known = await shifts_of_day(services.tables.shifts, store, day)
    drawer = row.text("DrawerName") or row.text("Terminal")
    own = [each.text("Shift") for each in known if each.text("Terminal") == drawer]
    refuse_what_is_not_on_it(as_amended(row, transaction), one, own)
    _refuse_what_has_no_room(row, one)
    await _amend(services, row, transaction, one, day)
    await map_days(services, [(store, day)], map_day)
    after = await _read(services, store, account, transaction_id)
    return _told(after or row, one)


async def _read(services: Services, store: str, account: str, transaction_id: str) -> Row | None:
    table = services.tables.transactions
    identity = await table.read(store, identity_key(store, account, transaction_id))
    return await table.read(store, identity.text("DayKey")) if identity is not None else None


def _may_be_amended(row: Row, one: Amendment) -> Transaction:
    """Give what a receipt's document says, where a person may say more of it."""
    if not may_go(row) or "D365Gross" in row.values or row.text(CORRECTION) == REVERSAL:
        raise RejectedError(
            "only a receipt that is held, and that D365 never had, is amended; one that is posted is reversed and replaced",
            field="status", expected=str(Status.HELD),
            found=" for ".join(part for part in (row.text("Status"), row.text("Cause")) if part),
        )  # fmt: skip
    if len(amendments_of(row)) >= AMENDMENTS_MAX or sum(map(len, _changes(one))) > CODES_MAX:
        raise RejectedError(
            "this receipt was amended too often", field="body", expected=f"at most {AMENDMENTS_MAX} amendments",
            found="one more",
        )  # fmt: skip
    transaction = read_kept(row)
    if transaction is None:
        raise RejectedError(
            "the receipt's kept document can no longer be read", field="transaction_id",
            expected="a document its adapter can read", found=row.text("Adapter"),
        )  # fmt: skip
    return replace(transaction, store=row.partition)


def _refuse_what_has_no_room(row: Row, one: Amendment) -> None:
    """Refuse what cannot be kept whole on the receipt's row, before anything of it is written down."""
    room = min(
        TEXT_UNITS_MAX - len(amendments_text([*amendments_of(row), one])), EVIDENCE_MAX - len(one.text)
    )
    if room < 0:
        raise RejectedError(
            "the receipt's row has no room for so much: say it shorter, or write the receipt off", field="reason",
            expected="fewer words, or fewer codes", found=f"{-room} characters too many",
        )  # fmt: skip


def _changes(one: Amendment) -> tuple[Mapping[str, str], ...]:
    return one.tenders, one.taxes, one.items, one.reasons


async def _amend(services: Services, row: Row, transaction: Transaction, one: Amendment, day: date) -> None:
    """Note the work, write down who said so, then let it be mapped again."""
    now, mappings = services.now(), await services.mappings.refresh()
    dues = [Due(MAP, row.partition, day, now, mappings.version), Due(STATEMENT, row.partition, day, now)]
    await note_due(services.tables.due, dues)
    did = f"amended {row.text('TransactionId')} of {row.text('Account')}: {one.words}"
    await append_audit(
        services.tables.audit, row.partition, now, who=one.by, did=did, reason=one.reason, evidence=one.text
    )
    note = f"amended by {one.by}: {one.words}: {' '.join(one.reason.split())}"[:500]
    # Read before the receipt moves: whoever maps it meanwhile, and holds it again, has told of it anew.
    named = [row.text("Fingerprint"), *json.loads(row.text("Fingerprints", "[]"))]
    told = await causes_of(services.tables.causes, row.partition, receipt_member(row).name, named)
    moved = advanced(
        row, Status.RECEIVED, now, note, Cause=None, CauseValue=None, Fingerprint=None,
        **amendment_values(row, transaction, one),
    )  # fmt: skip
    if not await save_rows(services.tables.transactions, [moved]):
        raise ChangedMeanwhileError(f"{row.key} was changed while it was being amended")
    await note_due(services.tables.due, dues)
    how = f"amended by {one.by}: {one.words}"
    await end_cause_rows(services.tables.causes, told, services.now(), how)
    await services.ring(services.queues.mapping_due, due_key(MAP, row.partition, day))


def _told(row: Row, one: Amendment) -> dict[str, Any]:
    return {
        "transaction_id": row.text("TransactionId"),
        "amended": one.words,
        "status": row.text("Status"),
        "cause": row.text("Cause") or None,
        "cause_value": row.text("CauseValue") or None,
    }
