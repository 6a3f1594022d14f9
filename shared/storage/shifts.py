"""Shifts and decisions about missing numbers, one row each. Partition = store, row = store-day, terminal and shift."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from shared.retail.completeness import Decision
from shared.retail.figures import figures_from, figures_of_shift, figures_text
from shared.retail.identity import d365_shift_number
from shared.retail.shift import Shift
from shared.retail.transaction import ShiftRecord
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Row, Table, Value

OPEN, CLOSED, SENDING, SENT = "open", "closed", "sending", "sent"


def shift_key(store: str, day: date, terminal: str, generation: int, shift: str) -> str:
    """Give the row key of a shift."""
    return join_key("shift", store, day.isoformat(), terminal, str(generation), shift)


def shift_row(
    store: str,
    day: date,
    terminal: str,
    generation: int,
    record: ShiftRecord,
    old: Row | None,
    *,
    synthetic: bool = False,
    float_tender: str = "",
) -> Row:
    """Build a shift's row from what a till told; what a person decided about its end stays."""
    values: dict[str, Value] = dict(old.values) if old else {"Status": OPEN}
    values |= {
        "Record": "shift",
        "Store": store,
        "BusinessDay": day.isoformat(),
        "Terminal": terminal,
        "Shift": record.shift,
        "Generation": generation,
        "ShiftNumber": d365_shift_number(day, generation, record.shift),
        "OpenedAt": min(record.opened_at, old.instant("OpenedAt")) if old else record.opened_at,
        "Synthetic": synthetic,
    }
    if record.closed_at is not None:
        values |= {"TillClosedAt": record.closed_at}
        if not values.get("EndedBy"):
            values |= {"ClosedAt": record.closed_at}
        if values["Status"] == OPEN:
            values["Status"] = CLOSED
    if record.opening_float is not None:
        values["OpeningFloat"] = str(record.opening_float)
        if float_tender:
            values["FloatTender"] = float_tender
    if record.counted:
        values["Counted"] = json.dumps(
            [
                {"tender": one.tender, "currency": one.currency, "amount": str(one.amount)}
                for one in record.counted
            ]
        )
    if record.totals is not None:
        values["PosSays"] = figures_text(figures_of_shift(record.totals))
        for name, number in (
            ("FirstSequence", record.totals.first_sequence),
            ("LastSequence", record.totals.last_sequence),
        ):
            if number is not None:
                values[name] = number
    return Row(
        partition=store,
        key=shift_key(store, day, terminal, generation, record.shift),
        values=values,
        etag=old.etag if old else "",
    )


def shift_from(row: Row) -> Shift:
    """Read a shift's row as the rules see it."""
    return Shift(
        terminal=row.text("Terminal"),
        shift=row.text("Shift"),
        opened_at=row.instant("OpenedAt"),
        closed_at=row.instant("ClosedAt") if "ClosedAt" in row.values else None,
        ended_by=row.text("EndedBy"),
        generation=row.number("Generation", 1),
        pos_says=figures_from(row.text("PosSays")) if row.text("PosSays") else None,
        first_sequence=row.number("FirstSequence") if "FirstSequence" in row.values else None,
        last_sequence=row.number("LastSequence") if "LastSequence" in row.values else None,
        synthetic=row.flag("Synthetic"),
        counted=tuple(
            (one["tender"], one["currency"], one["amount"]) for one in json.loads(row.text("Counted", "[]"))
        ),
        opening_float=Decimal(row.text("OpeningFloat")) if row.text("OpeningFloat") else None,
        float_tender=row.text("FloatTender"),
    )


async def shifts_of_day(table: Table, store: str, day: date) -> list[Row]:
    """Read the shifts of a store-day, all tills."""
    prefix = f"{join_key('shift', store, day.isoformat())}~"
    return [row async for row in table.query(store, key_from=prefix, key_before=prefix_end(prefix))]


def decision_key(store: str, day: date, terminal: str, number: int) -> str:
    """Give the row key of a decision about a missing number."""
    return join_key("missing", store, day.isoformat(), terminal, f"{number:09d}")


def decision_row(store: str, day: date, terminal: str, number: int, decision: Decision) -> Row:
    """Build the row of a decision about a missing number."""
    return Row(
        partition=store,
        key=decision_key(store, day, terminal, number),
        values={
            "Record": "decision",
            "Store": store,
            "BusinessDay": day.isoformat(),
            "Terminal": terminal,
            "SequenceNumber": number,
            "Decision": decision.decision,
            "By": decision.by,
            "Role": decision.role,
            "Reason": decision.reason,
            "At": decision.at,
        },
    )


async def decisions_of_day(table: Table, store: str, day: date) -> Mapping[tuple[str, int], Decision]:
    """Read what people decided about a store-day's missing numbers."""
    prefix = f"{join_key('missing', store, day.isoformat())}~"
    found = {}
    async for row in table.query(store, key_from=prefix, key_before=prefix_end(prefix)):
        key = (row.text("Terminal"), row.number("SequenceNumber"))
        found[key] = Decision(*(row.text(name) for name in ("Decision", "By", "Role", "Reason", "At")))
    return found


def ended(row: Row, at: datetime, by: str, reason: str, status: str) -> Row:
    """Give a shift's row ended by a person."""
    return row.with_values(ClosedAt=at, EndedBy=by, EndedReason=reason, Status=status)


def as_shifts(rows: Sequence[Row]) -> tuple[Shift, ...]:
    """Read many rows."""
    return tuple(shift_from(row) for row in rows)
