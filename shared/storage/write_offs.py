"""Proposals to write a held receipt off, and what was decided: columns of its own row, so that nothing else can go meanwhile."""

from __future__ import annotations

from datetime import datetime

from shared.retail.status import Status
from shared.storage.protocols import Row, Value
from shared.storage.receipts import advanced, noted

_PROPOSAL = ("ProposedBy", "ProposedWhy", "ProposedAt", "ProposedFor")


def is_proposed(row: Row) -> bool:
    """Say whether a proposal stands. It was made for what the receipt was held for then: one held anew since has none."""
    return (
        row.text("Status") == Status.HELD
        and bool(row.text("ProposedBy"))
        and row.text("ProposedFor") == row.instant("StatusSince").isoformat()
    )


def proposed(row: Row, fingerprints: str, by: str, reason: str, at: datetime) -> Row:
    """Give a held receipt with a proposal. fingerprints: everything it is held for, the proposal included."""
    told: dict[str, Value | None] = {
        "ProposedBy": by, "ProposedWhy": reason[:2000], "ProposedAt": at,
        "ProposedFor": row.instant("StatusSince").isoformat(), "Fingerprints": fingerprints,
    }  # fmt: skip
    return noted(row.with_values(**told), at, f"write-off proposed by {by}: {_line(reason)}")


def withdrawn(row: Row, fingerprints: str, by: str, reason: str, at: datetime) -> Row:
    """Give a receipt whose proposal was taken back."""
    bare = row.with_values(**dict.fromkeys(_PROPOSAL), Fingerprints=fingerprints)
    return noted(bare, at, f"write-off withdrawn by {by}: {_line(reason)}")


def written_off(row: Row, by: str, role: str, reason: str, at: datetime) -> Row:
    """Give a receipt that is written off, with both who wanted it so."""
    why = f"{row.text('ProposedWhy')} (proposed by {row.text('ProposedBy')}; approved: {reason})"
    named: dict[str, Value | None] = {
        "WrittenOffBy": by, "WrittenOffAs": role, "WrittenOffWhy": why[:4000], "WrittenOffAt": at.isoformat(),
    }  # fmt: skip
    note = f"proposed by {row.text('ProposedBy')}, approved by {by}: {_line(reason)}"
    return advanced(row, Status.WRITTEN_OFF, at, note, **named)


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
