"""Compare what people decided about receipts, as their rows have it, with the record of every decision."""

from __future__ import annotations

from collections.abc import Sequence

from shared.flows.rebuilding.findings import Finding, receipt_name
from shared.services import Services
from shared.storage.audit import audit_of
from shared.storage.protocols import Row


async def undecided(services: Services, store: str, rows: Sequence[Row]) -> list[Finding]:
    """Name receipts that are written off otherwise than two people decided; one query where any is written off."""
    gone = [row for row in rows if row.text("WrittenOffBy")]
    if not gone:
        return []
    told = {(one.text("Who"), one.text("Did")) async for one in audit_of(services.tables.audit, store)}
    return [
        Finding(
            "receipt", receipt_name(row), "write-off", "as two people decided, by the audit",
            f"approved by {row.text('WrittenOffBy')}, proposed by {row.text('ProposedBy')}",
        )
        for row in gone
        if not _decided(row, told) or row.text("WrittenOffBy") == row.text("ProposedBy")
    ]  # fmt: skip


def _decided(row: Row, told: set[tuple[str, str]]) -> bool:
    what = f"to write off {row.text('TransactionId')} of {row.text('Account')}"
    proposer, approver = row.text("ProposedBy"), row.text("WrittenOffBy")
    return (proposer, f"proposed {what}") in told and (
        approver, f"approved {what}, proposed by {proposer}",
    ) in told  # fmt: skip
