"""How far retention has come, as one row of `packages` for people and for the next turn, and the store-days it had to leave."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import date, datetime

from shared.errors import AlreadyThereError, ChangedMeanwhileError, NotThereError
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Row, Table, Value

RETENTION, LEFT = "retention", "retention-left"


def retention_key(environment: str) -> str:
    """Give the row key of how far retention has come."""
    return join_key(RETENTION, environment)


async def read_progress(table: Table, environment: str) -> Row | None:
    """Read how far retention has come; None before its first turn."""
    return await table.read(environment, retention_key(environment))


async def save_progress(
    table: Table, environment: str, old: Row | None, **values: Value | None
) -> Row | None:
    """Write how far it has come; None where another worker was quicker."""
    row = (old or Row(environment, retention_key(environment), {"Record": RETENTION})).with_values(**values)
    try:
        etag = await (table.insert(row) if old is None else table.replace(row, old.etag))
    except (AlreadyThereError, ChangedMeanwhileError, NotThereError):
        return None
    return Row(row.partition, row.key, row.values, etag)


def through(row: Row | None, stage: str) -> date | None:
    """Give the last business day a stage has looked at; None before the first."""
    text = row.text(f"{stage}Through") if row is not None else ""
    return date.fromisoformat(text) if text else None


def counted(row: Row | None, more: Mapping[str, int]) -> dict[str, Value]:
    """Give the counts of all time with those of one turn."""
    return {
        name: (row.number(name) if row is not None else 0) + count for name, count in more.items() if count
    }


async def leave(
    table: Table,
    environment: str,
    stage: str,
    store: str,
    legal_entity: str,
    day: date,
    why: str,
    at: datetime,
) -> None:
    """Remember a store-day that could not be touched yet, and why."""
    values: dict[str, Value] = {
        "Record": LEFT, "Stage": stage, "Store": store, "LegalEntity": legal_entity, "BusinessDay": day.isoformat(),
        "Why": why, "LookedAt": at,
    }  # fmt: skip
    await table.upsert(Row(environment, join_key(LEFT, environment, stage, day.isoformat(), store), values))


async def left_behind(table: Table, environment: str, looked_before: datetime | None, most: int) -> list[Row]:
    """Read the store-days that were left, the oldest first; looked_before: not looked at since."""
    prefix = f"{join_key(LEFT, environment)}~"
    found: list[Row] = []
    async for row in table.query(environment, key_from=prefix, key_before=prefix_end(prefix)):
        if looked_before is None or row.instant("LookedAt") < looked_before:
            found.append(row)
        if len(found) >= most:
            break
    return found


async def forget_left(table: Table, row: Row) -> None:
    """A store-day that was left is done."""
    with contextlib.suppress(NotThereError, ChangedMeanwhileError):
        await table.delete(row.partition, row.key, row.etag)
