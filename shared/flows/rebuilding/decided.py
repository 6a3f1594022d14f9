"""Compare what people decided about receipts, as their rows have it, with the record of every decision."""

from __future__ import annotations

from collections.abc import Sequence

from shared.flows.rebuilding.findings import Finding, receipt_name
from shared.services import Services
from shared.storage.amendments import AMENDMENTS, amendments_of
from shared.storage.audit import audit_of
from shared.storage.corrections import CORRECTION
from shared.storage.erasures import BY, is_erased, mark_of
from shared.storage.protocols import Row


async def undecided(services: Services, store: str, rows: Sequence[Row]) -> list[Finding]:
    """Name receipts that are written off otherwise than two people decided; one query where any is written off."""
    gone = [row for row in rows if row.text("WrittenOffBy")]
    said = [row for row in rows if AMENDMENTS in row.values and not row.text(CORRECTION)]
    erased = [row for row in rows if is_erased(row)]
    if not gone and not said and not erased:
        return []
    decisions = [one async for one in audit_of(services.tables.audit, store)]
    told = {(one.text("Who"), one.text("Did")) for one in decisions}
    known = {(one.text("Who"), one.text("Did"), one.text("Evidence")) for one in decisions}
    return [
        Finding(
            "receipt", receipt_name(row), "write-off", "as two people decided, by the audit",
            f"approved by {row.text('WrittenOffBy')}, proposed by {row.text('ProposedBy')}",
        )
        for row in gone
        if not _decided(row, told) or row.text("WrittenOffBy") == row.text("ProposedBy")
    ] + [
        Finding("receipt", receipt_name(row), "amendment", "as the audit has it", one.text)
        for row in said
        for one in amendments_of(row)
        if (one.by, f"amended {row.text('TransactionId')} of {row.text('Account')}: {one.words}", one.text) not in known
    ] + _erased_by_nobody(erased, decisions)  # fmt: skip


def _erased_by_nobody(rows: Sequence[Row], decisions: Sequence[Row]) -> list[Finding]:
    """Name erased receipts of which no decision says that just this is left."""
    marks = {
        mark
        for one in decisions
        if "personal data" in one.text("Did")
        for mark in one.text("Evidence").split()
    }
    return [
        Finding(
            "receipt", receipt_name(row), "what is left of it", "as the audit has it",
            f"erased by {row.text(BY)}, altered since",
        )
        for row in rows
        if mark_of(row) not in marks
    ]  # fmt: skip


def _decided(row: Row, told: set[tuple[str, str]]) -> bool:
    what = f"to write off {row.text('TransactionId')} of {row.text('Account')}"
    proposer, approver = row.text("ProposedBy"), row.text("WrittenOffBy")
    return (proposer, f"proposed {what}") in told and (
        approver, f"approved {what}, proposed by {proposer}",
    ) in told  # fmt: skip
