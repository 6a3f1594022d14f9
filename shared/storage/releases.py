"""Releases as rows: who lets what go, how far it is, and what was foreseen of each receipt.

Partition = the cause's fingerprint, one numbered row a release; one at a time runs. Beside them, in the partition `running`,
a mark for each that has not ended, written before it begins, so that one whose worker died is found.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.errors import AlreadyThereError, ChangedMeanwhileError, NotThereError
from shared.retail.release import Planned, plan_from, plan_text
from shared.storage.keys import join_key
from shared.storage.protocols import Row, Table, Value

RUNNING, CANCELLED, DONE = "running", "cancelled", "done"
MARKS = "running"
PART_BYTES = 60_000


@dataclass(frozen=True, slots=True)
class Begun:
    """What a release begins with. mark: the preview somebody had seen, "" where nobody looked before."""

    fingerprint: str
    by: str
    reason: str
    mark: str
    plan: tuple[Planned, ...]


def release_key(number: int) -> str:
    """Give the row key of a cause's release."""
    return f"release~{number:06d}"


async def releases_of(table: Table, fingerprint: str) -> list[Row]:
    """Read a cause's releases, oldest first."""
    return [row async for row in table.query(fingerprint) if row.text("Record") == "release"]


async def begin_release(table: Table, begun: Begun, number: int, at: datetime, driver: str) -> Row | None:
    """Write a release down that begins; None where somebody else's has this number."""
    await table.upsert(_mark(begun.fingerprint, number))
    values: dict[str, Value] = {
        "Record": "release",
        "Fingerprint": begun.fingerprint,
        "Number": number,
        "State": RUNNING,
        "By": begun.by,
        "Reason": begun.reason,
        "StartedAt": at,
        "BeatAt": at,
        "Driver": driver,
        "Mark": begun.mark,
        "Receipts": len(begun.plan),
        "Done": 0,
        "Went": 0,
        **_plan_values(begun.plan),
    }
    row = Row(begun.fingerprint, release_key(number), values)
    try:
        await table.insert(row)
    except AlreadyThereError:
        return None
    return await table.read(row.partition, row.key)


def _mark(fingerprint: str, number: int) -> Row:
    values: dict[str, Value] = {"Record": "running", "Fingerprint": fingerprint, "Number": number}
    return Row(MARKS, join_key(fingerprint, str(number)), values)


async def running_releases(table: Table) -> list[Row]:
    """Give the marks of releases that have not ended, as far as anybody knows."""
    return [row async for row in table.query(MARKS)]


async def end_mark(table: Table, fingerprint: str, number: int) -> None:
    """Take the mark of a release away that has ended, or never began."""
    mark = _mark(fingerprint, number)
    if await table.read(mark.partition, mark.key) is not None:
        try:
            await table.delete(mark.partition, mark.key)
        except NotThereError:
            return


async def save_release(table: Table, row: Row) -> Row | None:
    """Save a release's row and give it as it is now; None when somebody else wrote it meanwhile."""
    try:
        await table.replace(row, row.etag)
    except (ChangedMeanwhileError, NotThereError):
        return None
    return await table.read(row.partition, row.key)


def plan_of(row: Row) -> tuple[Planned, ...]:
    """Give what a release was begun with."""
    parts: list[bytes] = []
    while f"Plan{len(parts)}" in row.values:
        parts.append(row.data(f"Plan{len(parts)}"))
    return plan_from(zlib.decompress(b"".join(parts)).decode()) if parts else ()


def note_of(row: Row) -> str:
    """Give the words a release leaves in the history of each of its receipts: no other release has the same."""
    reason = " ".join(row.text("Reason").split())
    return f"released by {row.text('By')}: {reason} (release {row.number('Number')})"


def _plan_values(plan: Sequence[Planned]) -> dict[str, Value]:
    packed = zlib.compress(plan_text(plan).encode(), 6)
    starts = range(0, len(packed), PART_BYTES)
    return {f"Plan{number}": packed[start : start + PART_BYTES] for number, start in enumerate(starts)}
