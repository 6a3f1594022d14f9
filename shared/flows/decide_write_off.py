"""Agree that a held receipt never goes to D365, as a second person of finance; or take the proposal back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from shared.errors import ForbiddenError, RejectedError
from shared.flows.writing_off.receipt import (
    fingerprints_of,
    note_what_follows,
    read_receipt,
    refuse_what_may_not_be_written_off,
    save_or_tell,
    why_of,
)
from shared.retail.status import Status
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.causes import end_causes_of, fingerprint_of, receipt_member
from shared.storage.protocols import Row
from shared.storage.write_offs import is_proposed, withdrawn, written_off


async def decide_write_off(
    services: Services,
    store: str,
    account: str,
    transaction_id: str,
    person: Person,
    reason: str,
    *,
    approve: bool,
) -> dict[str, Any] | None:
    """Approve or withdraw a proposal; None when there is no receipt of that name. A second time changes nothing.

    Raises:
        ForbiddenError: who proposed it approves it.
        RejectedError: no proposal stands, or D365 has the receipt.
        D365NotNowError: D365 cannot be asked now whether it has it.
        ChangedMeanwhileError: somebody changed it at the same time.
    """
    row = await read_receipt(services, store, account, transaction_id)
    if row is None:
        return None
    if approve and row.text("WrittenOffBy"):
        await _end_causes(services, row, [*fingerprints_of(row), fingerprint_of(why_of(row))], "written off")
        return _told(row, row.text("WrittenOffBy"))
    if not is_proposed(row):
        raise RejectedError(
            "nobody proposes to write it off for what it is held for now", field="status", expected="a proposal",
            found=" for ".join(one for one in (row.text("Status"), row.text("Cause")) if one),
        )  # fmt: skip
    return await (_approve if approve else _withdraw)(services, row, person, reason)


async def _approve(services: Services, row: Row, person: Person, reason: str) -> dict[str, Any]:
    """Note the work, write down who agreed, then write it off."""
    if any(_same(name, row.text("ProposedBy")) for name in person.names):
        raise ForbiddenError(
            "nobody approves their own write-off: a second person of finance does", status=403
        )
    await refuse_what_may_not_be_written_off(services, row)
    await note_what_follows(services, row)
    now = services.now()
    await append_audit(
        services.tables.audit, row.partition, now, who=person.name,
        did=f"approved to write off {row.text('TransactionId')} of {row.text('Account')}, "
        f"proposed by {row.text('ProposedBy')}",
        reason=reason, evidence=row.key,
    )  # fmt: skip
    role = ", ".join(sorted(person.roles))
    await save_or_tell(services, written_off(row, person.name, role, reason, now))
    await _end_causes(services, row, [*fingerprints_of(row), fingerprint_of(why_of(row))], "written off")
    await note_what_follows(services, row)  # again: asking D365 may have taken longer than a due row is safe
    return _told(row, person.name)


async def _withdraw(services: Services, row: Row, person: Person, reason: str) -> dict[str, Any]:
    now, rest = services.now(), fingerprints_of(row)
    did = f"withdrew the proposal to write off {row.text('TransactionId')} of {row.text('Account')}"
    await append_audit(
        services.tables.audit, row.partition, now, who=person.name, did=did, reason=reason, evidence=row.key
    )
    await save_or_tell(services, withdrawn(row, json.dumps(rest), person.name, reason, now))
    await _end_causes(services, row, [fingerprint_of(why_of(row))], f"withdrawn by {person.name}")
    return {
        "transaction_id": row.text("TransactionId"),
        "state": "withdrawn",
        "proposed_by": row.text("ProposedBy"),
    }


async def _end_causes(services: Services, row: Row, fingerprints: Sequence[str], how: str) -> None:
    name = receipt_member(row).name
    await end_causes_of(services.tables.causes, row.partition, name, fingerprints, services.now(), how)


def _same(one: str, other: str) -> bool:
    """Say whether two names are one person's, however they are written."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _told(row: Row, approver: str) -> dict[str, Any]:
    return {
        "transaction_id": row.text("TransactionId"),
        "state": str(Status.WRITTEN_OFF),
        "proposed_by": row.text("ProposedBy"),
        "approved_by": approver,
    }
