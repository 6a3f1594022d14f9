"""Derive a store-day's shifts and statement again, and compare."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from shared.flows.compiling.day import full_body, gather_day, text_of
from shared.flows.compiling.summary import summary_row
from shared.flows.mapping.keep_shifts import keep_shifts
from shared.flows.rebuilding.findings import Finding, differences, shown
from shared.retail.mapped import StoreSetup
from shared.retail.statement import compile_store_day
from shared.retail.transaction import Transaction
from shared.services import Services
from shared.storage.audit import audit_of
from shared.storage.counts import limits_from
from shared.storage.due import STATEMENT, due_key, read_due
from shared.storage.memory import memory_tables
from shared.storage.protocols import Row
from shared.storage.receipt_record import record_of
from shared.storage.shifts import shifts_of_day
from shared.storage.signed import is_unaltered, sha256_of, signed_from, signed_of_day, signed_text
from shared.storage.statements import statement_key, statement_text

# What a till told of a shift, and what follows from its name; where it stands and who ended it is not derived.
_TOLD = (
    "Shift", "Generation", "ShiftNumber", "OpenedAt", "TillClosedAt", "OpeningFloat", "Counted", "PosSays", "FirstSequence",
    "LastSequence", "Synthetic",
)  # fmt: skip


async def rebuild_shifts(
    services: Services, store: StoreSetup, day: date, transactions: Sequence[Transaction]
) -> list[Finding]:
    """Keep the day's shifts again, in a memory of its own, from the receipts that were mapped; compare with those kept."""
    scratch = replace(services, tables=memory_tables(services.now))
    await keep_shifts(scratch, store, day, transactions)
    rebuilt = {row.key: row for row in await shifts_of_day(scratch.tables.shifts, store.store, day)}
    kept = {row.key: row for row in await shifts_of_day(services.tables.shifts, store.store, day)}
    findings = []
    for key in sorted({*rebuilt, *kept}):
        ours, theirs = rebuilt.get(key), kept.get(key)
        name = _shift_name(ours or theirs)
        if theirs is None:
            findings.append(Finding("shift", name, "its row", "there", "gone"))
        elif ours is not None:
            findings += differences("shift", name, ours.values, theirs.values, _TOLD)
        elif not theirs.flag("Synthetic"):  # one of ours may have been made before the till told of its own
            findings.append(Finding("shift", name, "its row", "told by no till", "there"))
        if theirs is not None:
            findings += await _decided(services, name, theirs)
    return findings


def _shift_name(row: Row | None) -> str:
    assert row is not None
    return f"{row.text('Shift')} of store {row.partition}, {row.text('BusinessDay')}, till {row.text('Terminal')}"


async def _decided(services: Services, name: str, row: Row) -> list[Finding]:
    """A shift that a person ended must have ended when the audit says that person ended it."""
    if not row.text("EndedBy"):
        return []
    said = f"ended shift {row.key} at {row.instant('ClosedAt').isoformat()}"
    told = [
        (one.text("Who"), one.text("Did")) async for one in audit_of(services.tables.audit, row.partition)
    ]
    if (row.text("EndedBy"), said) in told:
        return []
    return [
        Finding(
            "shift", name, "end", "as the audit says", f"{row.instant('ClosedAt')} by {row.text('EndedBy')}"
        )
    ]


async def rebuild_statement(
    services: Services, store: StoreSetup, day: date, rows: Sequence[Row]
) -> tuple[list[Finding], str]:
    """Compile the statement again from receipts as derived; compare byte for byte. Also say why it was not compared."""
    kept = await services.tables.statements.read(store.store, statement_key(store.store, day))
    if kept is None:
        return [], "no statement was compiled yet"
    if await read_due(services.tables.due, due_key(STATEMENT, store.store, day)) is not None:
        return [], "its statement is due to be compiled again"
    receipts = [record_of(row) for row in rows]
    limits = limits_from(json.loads(statement_text(kept)))
    statement = compile_store_day(await gather_day(services, store.store, day, store, receipts, limits))
    body = await full_body(services, statement)
    name = f"of store {store.store}, {day}"
    findings = []
    if statement_text(kept) != text_of(body):
        before = json.loads(statement_text(kept))
        findings = [
            Finding("statement", name, one, shown(body.get(one)), shown(before.get(one)))
            for one in sorted({*body, *before})
            if body.get(one) != before.get(one)
        ] or [Finding("statement", name, "its text", "of other bytes", "of other bytes")]
    findings += await _altered_signatures(services, store.store, day)
    fresh = summary_row(body, statement.day, kept.instant("CompiledAt"))
    summary = await services.tables.storedays.read(fresh.partition, fresh.key)
    values = summary.values if summary is not None else {}
    fields = [one for one in fresh.values if one != "CompiledAt"]
    return [*findings, *differences("store-day", name, fresh.values, values, fields)], ""


async def _altered_signatures(services: Services, store: str, day: date) -> list[Finding]:
    """Compare every signature with the hashes it was signed under."""
    findings = []
    for row in await signed_of_day(services.tables.statements, store, day):
        signed, found = signed_from(row), sha256_of(signed_text(row))
        if found != signed.sha256:
            name = f"{signed.name} of store {store}, {day}, signed by {signed.by}"
            findings.append(Finding("signed statement", name, "text (SHA-256)", signed.sha256, found))
        elif not is_unaltered(row):
            name = f"{signed.name} of store {store}, {day}, signed by {signed.by}"
            was = "as they were signed"
            findings.append(Finding("signed statement", name, "statuses and columns", was, "altered since"))
    return findings
