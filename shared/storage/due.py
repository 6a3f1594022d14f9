"""The list of work: one row for each stage and store-day that has something to do. A doorbell names a row, nothing more.

A row is upserted before the group that makes work, and deleted under its ETag when the work is done and the row is
old enough that no writer can still be between the two (its age is measured by the storage service's own clock).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from shared.errors import ChangedMeanwhileError, NotThereError
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Row, Table, Upsert, Value

PARTITION = "due"
MAP, POST, TRACK, STATEMENT, WAIT, EFFECT = "map", "post", "track", "statement", "wait", "effect"


@dataclass(frozen=True, slots=True)
class Due:
    """Something to do for a store-day. next_try: not before; mapping_version: the mappings it needs, 0 for any."""

    stage: str
    store: str
    day: date
    next_try: datetime
    mapping_version: int = 0

    @property
    def key(self) -> str:
        return due_key(self.stage, self.store, self.day)

    def row(self) -> Row:
        values: dict[str, Value] = {
            "Stage": self.stage,
            "Store": self.store,
            "BusinessDay": self.day.isoformat(),
            "NextTry": self.next_try,
        }
        if self.mapping_version:
            values["MappingVersion"] = self.mapping_version
        return Row(partition=PARTITION, key=self.key, values=values)


def due_key(stage: str, store: str, day: date) -> str:
    """Give the key of a due row."""
    return join_key(stage, store, day.isoformat())


def due_from(row: Row) -> Due:
    """Read a due row."""
    return Due(
        stage=row.text("Stage"),
        store=row.text("Store"),
        day=date.fromisoformat(row.text("BusinessDay")),
        next_try=row.instant("NextTry"),
        mapping_version=row.number("MappingVersion"),
    )


def part_row(whole: Row, first: str, last: str, next_try: datetime) -> Row:
    """Give the due row of a part of a store-day: the receipts whose row keys lie from first to last, both included.

    It stands beside the row of the whole day, and is rung and finished like it.
    """
    key = f"{whole.key}~{sha256(f'{first} {last}'.encode()).hexdigest()[:24]}"
    values = {name: whole.values[name] for name in ("Stage", "Store", "BusinessDay")}
    return Row(PARTITION, key, {**values, "NextTry": next_try, "FirstKey": first, "LastKey": last})


def is_in_part(due_row: Row, key: str) -> bool:
    """Say whether a receipt belongs to the part of its store-day that a due row is for; the whole day holds them all."""
    return "FirstKey" not in due_row.values or due_row.text("FirstKey") <= key <= due_row.text("LastKey")


def doorbell(key: str) -> str:
    """Write the message that names a due row."""
    return json.dumps({"due": key})


def read_doorbell(text: str) -> str:
    """Read the key a doorbell names; "" when it names nothing."""
    try:
        named = json.loads(text)
    except ValueError:
        return ""
    return str(named.get("due", "")) if isinstance(named, dict) else ""


async def note_due(table: Table, dues: Sequence[Due], beside: Sequence[Row] = ()) -> None:
    """Write down work to come, before it is made. One storage request for up to 100 rows.

    beside: other rows of the same partition, which then cost no request of their own.
    """
    rows = [*{due.key: due.row() for due in dues}.values(), *beside]
    if len(rows) == 1:
        await table.upsert(rows[0])
        return
    for at in range(0, len(rows), 100):
        await table.write_group([Upsert(row) for row in rows[at : at + 100]])


async def note_again_after(table: Table, dues: Sequence[Due], took: timedelta, settle_seconds: int) -> None:
    """Write work down again where making it took so long that somebody may have found the row old, and nothing to do yet.

    took: since before the row was noted. A worker that was paused between its note and its write comes here late.
    """
    if took.total_seconds() > settle_seconds / 2:
        await note_due(table, dues)


async def read_due(table: Table, key: str) -> Row | None:
    """Read one due row as it stands."""
    return await table.read(PARTITION, key)


async def list_due(table: Table, stage: str) -> list[Row]:
    """List the due rows of a stage."""
    rows = table.query(PARTITION, key_from=f"{stage}~", key_before=prefix_end(f"{stage}~"))
    return [row async for row in rows]


async def finish_due(table: Table, row: Row, settle_seconds: int) -> bool:
    """Delete a due row whose work is done, unless it is young or somebody wrote it meanwhile. Say whether it is gone."""
    if row.read_at is None or row.written_at is None:
        return False
    if (row.read_at - row.written_at).total_seconds() < settle_seconds:
        return False
    try:
        await table.delete(row.partition, row.key, row.etag)
    except (ChangedMeanwhileError, NotThereError):
        return False
    return True


async def finish_or_rest(table: Table, row: Row, settle_seconds: int, rested_at: datetime) -> bool:
    """Delete a due row whose work is done, or, while it is too young for that, leave it alone until `rested_at`."""
    if await finish_due(table, row, settle_seconds):
        return True
    await postpone_due(table, row.with_values(Rests=True), rested_at)
    return False


def is_rested(row: Row) -> bool:
    """Say whether a due row only waits to be old enough: there was nothing left to do, and nobody has noted work since."""
    return row.flag("Rests")


async def postpone_due(table: Table, row: Row, next_try: datetime) -> None:
    """Write when to try again; somebody else's newer row wins."""
    try:
        await table.replace(row.with_values(NextTry=next_try), row.etag)
    except (ChangedMeanwhileError, NotThereError):
        return
