"""What month end needs of a store-day, beside its summary: what was heard of each till, since when all of it is posted."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from shared.retail.heard import Heard, heard_of, posted_until
from shared.retail.money import money_text, total
from shared.retail.statement import StoreDay
from shared.retail.status import Status
from shared.storage.protocols import Row, Value

TILLS_MAX = 200  # of one store-day; a text column holds no more


def month_end_values(day: StoreDay) -> dict[str, Value | None]:
    """Give the columns that a store-day's summary has for month end."""
    heard = [_written(one) for one in heard_of(day.receipts, day.shifts)[:TILLS_MAX]]
    gone = [
        one
        for one in day.receipts
        if one.is_receipt and one.status is Status.WRITTEN_OFF and one.currency in ("", day.currency)
    ]
    amount = total(one.figures.total for one in gone)
    return {
        "Tills": json.dumps(heard, separators=(",", ":")),
        "PostedUntil": posted_until(day.receipts),
        "WrittenOff": len(gone) or None,
        "WrittenOffAmount": money_text(amount, day.currency) if gone else None,
    }


def _written(one: Heard) -> list[str | int | bool | None]:
    last_at = one.last_at.astimezone(UTC).isoformat() if one.last_at else None
    return [one.terminal, one.generation, one.first, one.last, last_at, one.has_open_shift]


def heard_from(row: Row) -> list[Heard]:
    """Read what was heard of each till."""
    return [
        Heard(
            terminal, generation, first, last, datetime.fromisoformat(last_at) if last_at else None, is_open
        )
        for terminal, generation, first, last, last_at, is_open in json.loads(row.text("Tills", "[]"))
    ]


def all_posted_at(row: Row) -> datetime | None:
    """Give since when D365 has posted all of a store-day; None while something of it is not posted."""
    return row.instant("PostedUntil") if "PostedUntil" in row.values else None
