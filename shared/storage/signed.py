"""Signatures under statements and supplements: rows that are inserted once and never written again.

Partition = store, row = store-day and number. Each keeps the whole text that was signed, its SHA-256, who signed and why.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from datetime import date

from shared.retail.figures import Figures, figures_from, figures_text
from shared.retail.supplement import COLUMNS, Signed
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Row, Table, Value

PART_BYTES = 60_000
_COLUMN_OF = {
    "pos_says": "PosSays",
    "received": "Received",
    "in_d365": "InD365",
    "posted": "Posted",
}


def signed_key(store: str, day: date, number: int) -> str:
    """Give the row key of a signature; 0 is the statement, 1 and on its supplements."""
    return join_key("signed", store, day.isoformat(), f"{number:04d}")


def sha256_of(text: str) -> str:
    """Give the hash under which a statement's text is signed."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_beside(signed: Signed) -> str:
    """Give the hash of what a signature keeps beside its text: each receipt's status and the columns, from which what came
    later is told apart.
    """
    columns = [figures_text(signed.columns[name]) for name in COLUMNS if name in signed.columns]
    return sha256_of("\n".join([_statuses_text(signed), *columns]))


def is_unaltered(row: Row) -> bool:
    """Say whether a signature is as it was signed: its text, and what stands beside it."""
    signed = signed_from(row)
    return (sha256_of(signed_text(row)), sha256_beside(signed)) == (signed.sha256, row.text("BesideSha256"))


def signed_row(store: str, day: date, signed: Signed, text: str) -> Row:
    """Build the row of a signature."""
    values: dict[str, Value] = {
        "Record": "signed",
        "Store": store,
        "BusinessDay": day.isoformat(),
        "Number": signed.number,
        "By": signed.by,
        "Role": signed.role,
        "Reason": signed.reason,
        "At": signed.at,
        "Sha256": signed.sha256,
        "BesideSha256": sha256_beside(signed),
        "Revision": signed.revision,
        "Verdict": signed.verdict,
        **_parts("Statement", text),
        **_parts("Statuses", _statuses_text(signed)),
    }
    values |= {_COLUMN_OF[name]: figures_text(one) for name, one in signed.columns.items()}
    return Row(partition=store, key=signed_key(store, day, signed.number), values=values)


def signed_from(row: Row) -> Signed:
    """Read a signature's row."""
    columns: Mapping[str, Figures] = {
        name: figures_from(row.text(_COLUMN_OF[name])) for name in COLUMNS if _COLUMN_OF[name] in row.values
    }
    return Signed(
        number=row.number("Number"),
        by=row.text("By"),
        role=row.text("Role"),
        reason=row.text("Reason"),
        at=row.text("At"),
        sha256=row.text("Sha256"),
        revision=row.number("Revision"),
        verdict=row.text("Verdict"),
        statuses=json.loads(_whole(row, "Statuses") or "{}"),
        columns=columns,
    )


def signed_text(row: Row) -> str:
    """Give back the text that was signed; "" where it was altered so that it cannot be read any more."""
    return _whole(row, "Statement")


async def signed_of_day(table: Table, store: str, day: date) -> list[Row]:
    """Read the signatures of a store-day, in their order."""
    prefix = f"{join_key('signed', store, day.isoformat())}~"
    return [row async for row in table.query(store, key_from=prefix, key_before=prefix_end(prefix))]


def _statuses_text(signed: Signed) -> str:
    return json.dumps(dict(sorted(signed.statuses.items())), separators=(",", ":"))


def _parts(name: str, text: str) -> dict[str, Value]:
    packed = zlib.compress(text.encode(), 6)
    starts = range(0, len(packed), PART_BYTES)
    return {f"{name}{number}": packed[start : start + PART_BYTES] for number, start in enumerate(starts)}


def _whole(row: Row, name: str) -> str:
    parts: list[bytes] = []
    while f"{name}{len(parts)}" in row.values:
        parts.append(row.data(f"{name}{len(parts)}"))
    try:
        return zlib.decompress(b"".join(parts)).decode()
    except zlib.error:
        return ""
