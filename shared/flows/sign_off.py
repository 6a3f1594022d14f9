"""Sign a store-day off: a finance person puts their name under what they saw, and it never changes again."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from shared.errors import AlreadyThereError, ChangedMeanwhileError, RejectedError
from shared.flows.compiling.day import body_of, full_body, gather_day, text_of
from shared.retail.statement import Statement, compile_store_day
from shared.retail.supplement import Signed, what_forbids_signing
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.counts import limits_from
from shared.storage.due import STATEMENT, Due, note_due
from shared.storage.signed import sha256_beside, sha256_of, signed_row
from shared.storage.statements import statement_key, statement_text


async def sign_off(
    services: Services, store: str, day: date, revision: int, person: Person, reason: str
) -> dict[str, Any] | None:
    """Sign the statement, or the open supplement, of a store-day; None where none was compiled.

    Raises:
        RejectedError: something is unexplained, or nothing is new since the last signature.
        ConflictError: it was compiled again since the person read it, or somebody signed at the same time.
    """
    row = await services.tables.statements.read(store, statement_key(store, day))
    if row is None:
        return None
    setup = await services.mappings.store(store, day)
    if setup is None:
        return None
    kept = statement_text(row)
    limits = limits_from(json.loads(kept))
    statement = compile_store_day(await gather_day(services, store, day, setup, limits=limits))
    body = await full_body(services, statement)
    text = text_of(body)
    if row.number("Revision") != revision or text != kept:
        raise ChangedMeanwhileError("the statement was compiled again, or is about to be; read it again")
    _refuse(statement)
    now = services.now()
    signed = _signature(statement, text, revision, person, reason, now.isoformat(), str(body["verdict"]))
    await append_audit(
        services.tables.audit, store, now, who=person.name, did=f"signed the {signed.name} of {day} off", reason=reason,
        evidence=f"revision {revision}, {signed.verdict}, SHA-256 {signed.sha256}, beside it {sha256_beside(signed)}",
    )  # fmt: skip
    await note_due(services.tables.due, [Due(STATEMENT, store, day, now)])
    try:
        await services.tables.statements.insert(signed_row(store, day, signed, text))
    except AlreadyThereError as error:
        await append_audit(
            services.tables.audit, store, services.now(), who=person.name,
            did=f"has not signed the {signed.name} of {day} off: somebody was first", reason=reason,
            evidence=f"revision {revision}",
        )  # fmt: skip
        raise ChangedMeanwhileError("somebody signed it at the same time; read it again") from error
    return {
        "signed": signed.name,
        "number": signed.number,
        "sha256": signed.sha256,
        "verdict": signed.verdict,
    }


def _refuse(statement: Statement) -> None:
    why = what_forbids_signing(statement.unexplained, statement.day.signed, statement.supplement)
    if why == "unexplained":
        found = json.dumps(body_of(statement)["unexplained_detail"])
        raise RejectedError(
            "a day with something unexplained cannot be signed off", field="unexplained", expected="0.00 everywhere",
            found=found[:300],
        )  # fmt: skip
    if why:
        last = max(statement.day.signed, key=lambda one: one.number)
        raise RejectedError(
            "nothing changed since it was last signed", field="revision", expected="a supplement to sign",
            found=f"the {last.name}, signed by {last.by}",
        )  # fmt: skip


def _signature(
    statement: Statement, text: str, revision: int, person: Person, reason: str, at: str, verdict: str
) -> Signed:
    receipts = statement.day.receipts
    return Signed(
        number=len(statement.day.signed),
        by=person.name,
        role=", ".join(sorted(person.roles)),
        reason=reason,
        at=at,
        sha256=sha256_of(text),
        revision=revision,
        verdict=verdict,
        statuses={one.name: str(one.status) for one in receipts},
        columns=statement.columns,
    )
