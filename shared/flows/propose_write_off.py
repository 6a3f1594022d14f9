"""Propose that a held receipt will never go to D365. It stays held until a second person of finance agrees."""

from __future__ import annotations

import json
from typing import Any

from shared.errors import RejectedError
from shared.flows.writing_off.receipt import (
    fingerprints_of,
    read_receipt,
    refuse_what_may_not_be_written_off,
    save_or_tell,
    why_of,
)
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.causes import cause_row, fingerprint_of, open_causes, receipt_member
from shared.storage.write_offs import is_proposed, proposed


async def propose_write_off(
    services: Services, store: str, account: str, transaction_id: str, person: Person, reason: str
) -> dict[str, Any] | None:
    """Propose it; None when there is no receipt of that name. The same person again: the answer is the same.

    Raises:
        RejectedError: it is not held, D365 has it, or somebody else has proposed it already.
        D365NotNowError: D365 cannot be asked now whether it has it.
        ChangedMeanwhileError: somebody changed it at the same time.
    """
    row = await read_receipt(services, store, account, transaction_id)
    if row is None:
        return None
    if is_proposed(row):
        if row.text("ProposedBy") != person.name:
            raise RejectedError(
                "it is proposed already: approve it, or withdraw it", field="status", expected="no proposal yet",
                found=f"proposed by {row.text('ProposedBy')}",
            )  # fmt: skip
        return {"transaction_id": transaction_id, "state": "proposed", "proposed_by": person.name}
    await refuse_what_may_not_be_written_off(services, row)
    now, why = services.now(), why_of(row)
    did = f"proposed to write off {row.text('TransactionId')} of {row.text('Account')}"
    await append_audit(
        services.tables.audit, store, now, who=person.name, did=did, reason=reason, evidence=row.key
    )
    await open_causes(services.tables.causes, [cause_row(why, receipt_member(row), now)])
    every = json.dumps([*fingerprints_of(row), fingerprint_of(why)])
    await save_or_tell(services, proposed(row, every, person.name, reason, now))
    return {"transaction_id": transaction_id, "state": "proposed", "proposed_by": person.name}
