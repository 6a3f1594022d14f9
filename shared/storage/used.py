"""Which values each store used and when last: one row a store in the table `stores`, partition `used`."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Mapping
from datetime import date

from shared.errors import AlreadyThereError, ChangedMeanwhileError, NotThereError, RetryableError
from shared.retail.used_values import Used, merged
from shared.storage.keys import join_key
from shared.storage.protocols import Row, Table, Value

USED = "used"
WRITES_MAX = 10
PART_BYTES = 60_000  # below the 64 KiB a binary property may hold
PARTS_MAX = 12


async def note_used(table: Table, store: str, fresh: Mapping[str, Mapping[str, date]]) -> None:
    """Add what a store-day used to what is known of the store; twice is once, in any order.

    Raises:
        RetryableError: other store-days of the store are being noted again and again.
    """
    if not fresh:
        return
    for _ in range(WRITES_MAX):
        row = await table.read(USED, join_key(USED, store))
        kept = used_of(row) if row is not None else {}
        both = merged(kept, fresh)
        if both == kept:
            return
        try:
            if row is None:
                await table.insert(Row(USED, join_key(USED, store), _values(store, both)))
            else:
                await table.replace(Row(row.partition, row.key, _values(store, both)), row.etag)
        except (AlreadyThereError, ChangedMeanwhileError, NotThereError):
            continue
        return
    raise RetryableError("what the store used is being noted by others")


def _values(store: str, used: Used) -> dict[str, Value]:
    """Pack it; what does not fit is left out, the longest unused first, and the row says so."""
    values: dict[str, Value] = {"Store": store}
    text = json.dumps(
        {
            kind: {value: day.isoformat() for value, day in sorted(of.items())}
            for kind, of in sorted(used.items())
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    packed = zlib.compress(text.encode(), 6)
    if len(packed) > PART_BYTES * PARTS_MAX:
        return _values(store, _newer_half(used)) | {"Shortened": True}
    for number, at in enumerate(range(0, len(packed), PART_BYTES)):
        values[f"Used{number or ''}"] = packed[at : at + PART_BYTES]
    return values


def _newer_half(used: Used) -> Used:
    days = sorted(day for of in used.values() for day in of.values())
    middle = days[len(days) // 2]
    kept = {kind: {value: day for value, day in of.items() if day > middle} for kind, of in used.items()}
    if any(kept.values()):
        return kept
    return {kind: dict(sorted(of.items())[: len(of) // 2]) for kind, of in used.items()}


def used_of(row: Row) -> Used:
    """Read a store's row."""
    names = [name for name in (f"Used{number or ''}" for number in range(PARTS_MAX)) if name in row.values]
    if not names:
        return {}
    text = zlib.decompress(b"".join(row.data(name) for name in names))
    return {
        kind: {value: date.fromisoformat(day) for value, day in of.items()}
        for kind, of in json.loads(text).items()
    }


async def used_rows(table: Table) -> AsyncIterator[Row]:
    """Read every store's row: one request for each 4 MiB."""
    async for row in table.query(USED):
        yield row
