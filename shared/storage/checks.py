"""Checks that were made and kept: who made them, when, what they found. Partition = cadence and legal entity.

A kept check is inserted once and never changed; the next one of the same day is another row.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from shared.retail.checks import DAILY
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Row, Table, Value

TEXT_CHARS_MAX = (
    30_000  # a text column holds 32,768; what is longer keeps its figures and loses its last items
)


def check_row(
    cadence: str, legal_entity: str, period: str, body: Mapping[str, Any], *, who: str, note: str, at: datetime, unique: str
) -> Row:  # fmt: skip
    """Build the row of checks that were made: their verdict in plain columns, what they found as JSON.

    body: `is_over`, `verdict` and `checks`, as the API gives them.
    """
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%f")
    wrong = [one["key"] for one in body["checks"] if one["state"] != "in order"]
    values: dict[str, Value] = {
        "Cadence": cadence,
        "LegalEntity": legal_entity,
        "Period": period,
        "IsOver": body["is_over"],
        "Verdict": body["verdict"],
        "NotInOrder": len(wrong),
        "Which": ", ".join(wrong),
        "By": who,
        "Note": note,
        "At": at,
        "Found": _shortened(body["checks"]),
    }
    return Row(
        _partition(cadence, legal_entity), join_key(cadence, legal_entity, period, stamp, unique), values
    )


def _shortened(checks: list[dict[str, Any]]) -> str:
    """Write what was found; where it is too long, with ever fewer items of each check."""
    text = _written(checks)
    most = max((len(one["items"]) for one in checks), default=0)
    while len(text) > TEXT_CHARS_MAX and most:
        most //= 2
        text = _written([{**one, "items": one["items"][:most]} for one in checks])
    return text


def _written(checks: list[dict[str, Any]]) -> str:
    return json.dumps(checks, ensure_ascii=False, separators=(",", ":"))


def checks_made(table: Table, cadence: str, legal_entity: str, period: str = "") -> AsyncIterator[Row]:
    """Read the checks that were made of a legal entity, oldest period first; of one period where one is named."""
    if not period:
        return table.query(_partition(cadence, legal_entity))
    prefix = f"{join_key(cadence, legal_entity, period)}~"
    return table.query(_partition(cadence, legal_entity), key_from=prefix, key_before=prefix_end(prefix))


async def days_checked(table: Table, legal_entity: str, first: date, last: date) -> set[date]:
    """Give the days of a period for which a daily check was kept, made when they were over."""
    rows = table.query(
        _partition(DAILY, legal_entity),
        key_from=join_key(DAILY, legal_entity, first.isoformat()),
        key_before=prefix_end(f"{join_key(DAILY, legal_entity, last.isoformat())}~"),
        select=("Period", "IsOver"),
    )
    # Rows from before this was written down say nothing of it; they count.
    return {date.fromisoformat(row.text("Period")) async for row in rows if row.values.get("IsOver", True)}


def check_from(row: Row) -> dict[str, Any]:
    """Give a kept check as the API shows it."""
    return {
        "cadence": row.text("Cadence"),
        "legal_entity": row.text("LegalEntity"),
        "period": row.text("Period"),
        "verdict": row.text("Verdict"),
        "by": row.text("By"),
        "note": row.text("Note"),
        "at": row.instant("At").isoformat(),
        "checks": json.loads(row.text("Found")),
    }


def _partition(cadence: str, legal_entity: str) -> str:
    return join_key(cadence, legal_entity)
