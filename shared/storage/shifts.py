"""Shifts and decisions about missing numbers, one row each. Partition = store, row = store-day, terminal and shift."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.retail.completeness import Decision, Numbered
from shared.retail.figures import figures_from
from shared.retail.identity import d365_shift_number
from shared.retail.shift import Shift
from shared.retail.shift_events import COUNTED, ShiftAsTold, TillTold, shift_as_told, told_once
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Row, Table, Value

TOLD_CHARACTERS_MAX = 30_000  # of the 32 K characters a property may hold
OPEN, CLOSED, SENDING, SENT = "open", "closed", "sending", "sent"


def shift_key(store: str, day: date, terminal: str, generation: int, shift: str) -> str:
    """Give the row key of a shift."""
    return join_key("shift", store, day.isoformat(), terminal, str(generation), shift)


def shift_row(
    store: str,
    day: date,
    terminal: str,
    generation: int,
    shift: str,
    told: Sequence[TillTold],
    old: Row | None,
    *,
    synthetic: bool = False,
) -> Row:
    """Build a shift's row from what a till told of it, all of it; what a person decided about its end stays.

    What D365 has, or is about to have, keeps the end it was sent with.
    """
    values: dict[str, Value] = dict(old.values) if old else {"Status": OPEN}
    every = told_once([*told_from(old), *told] if old else told)
    found = shift_as_told(every)
    values |= {
        "Record": "shift",
        "Store": store,
        "BusinessDay": day.isoformat(),
        "Terminal": terminal,
        "Shift": shift,
        "Generation": generation,
        "ShiftNumber": d365_shift_number(day, generation, shift),
        "OpenedAt": min(found.opened_at, old.instant("OpenedAt")) if old else found.opened_at,
        "Synthetic": synthetic,
        "TillState": found.state,
        "WasOpened": found.was_opened,
        "Counts": found.counts,
        "Closings": found.closings,
        "Told": _told_text(every),
    }
    values.pop("StoppedAt", None)
    if found.stopped_at is not None:
        values["StoppedAt"] = found.stopped_at
    if found.closed_at is not None:
        values |= {"TillClosedAt": found.closed_at}
        if not values.get("EndedBy") and values["Status"] not in (SENDING, SENT):
            values |= {"ClosedAt": found.closed_at}
        if values["Status"] == OPEN:
            values["Status"] = CLOSED
    values |= _counted_values(found)
    return Row(
        partition=store,
        key=shift_key(store, day, terminal, generation, shift),
        values=values,
        etag=old.etag if old else "",
    )


def _counted_values(found: ShiftAsTold) -> dict[str, Value]:
    """Give what was counted and added up of a shift, as far as its till told."""
    values: dict[str, Value] = {}
    if found.opening_float:
        values["OpeningFloat"] = found.opening_float
        if found.float_tender:
            values["FloatTender"] = found.float_tender
    if found.counted:
        names = ("tender", "currency", "amount")
        values["Counted"] = json.dumps([dict(zip(names, one, strict=True)) for one in found.counted])
    if found.says:
        values["PosSays"] = found.says
    numbers = {"FirstSequence": found.first_sequence, "LastSequence": found.last_sequence}
    return values | {name: number for name, number in numbers.items() if number is not None}


def without_told(row: Row, names: Collection[str]) -> Row | None:
    """Give a shift's row without what transactions of these names told of it: None where nothing is left.

    The row itself where they told nothing, or where D365 has the shift or a person has ended it.
    """
    told = told_from(row)
    left = [one for one in told if one.name not in names]
    if len(left) == len(told) or row.text("Status") in (SENDING, SENT) or row.text("EndedBy"):
        return row
    if not left:
        return None
    kept = ("Store", "Terminal", "Shift")
    store, terminal, shift = (row.text(name) for name in kept)
    day = date.fromisoformat(row.text("BusinessDay"))
    fresh = shift_row(store, day, terminal, row.number("Generation", 1), shift, left, None)
    return Row(row.partition, row.key, fresh.values, etag=row.etag)


def told_from(row: Row) -> tuple[TillTold, ...]:
    """Read what a till told of a shift, as it is kept on the shift's row."""
    found = []
    for at, name, kind, opened, closed, counted, says, first, last, *amount in json.loads(
        row.text("Told", "[]")
    ):
        tender_counts = tuple((tender, currency, amount) for tender, currency, amount in counted)
        found.append(
            TillTold(
                datetime.fromisoformat(at), name, kind, datetime.fromisoformat(opened),
                datetime.fromisoformat(closed) if closed else None, tender_counts, says, first, last, *amount,
            )
        )  # fmt: skip
    return tuple(found)


def _told_text(every: Sequence[TillTold]) -> str:
    """Write down what was told; where it is too long for a property, the oldest goes."""
    for begin in range(len(every)):
        text = json.dumps([_told_values(one) for one in every[begin:]], separators=(",", ":"))
        if len(text) <= TOLD_CHARACTERS_MAX:
            return text
    return "[]"


def _told_values(one: TillTold) -> list[Any]:
    return [
        one.at.astimezone(UTC).isoformat(), one.name, one.kind, one.opened_at.astimezone(UTC).isoformat(),
        one.closed_at.astimezone(UTC).isoformat() if one.closed_at else None, [list(each) for each in one.counted],
        one.says, one.first_sequence, one.last_sequence, one.opening_float, *([one.float_tender] if one.float_tender else []),
    ]  # fmt: skip


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
        state=row.text("TillState"),
        stopped_at=row.instant("StoppedAt") if "StoppedAt" in row.values else None,
        was_opened=row.flag("WasOpened"),
        counts=row.number("Counts"),
        closings=row.number("Closings"),
        is_sent=row.text("Status") in (SENDING, SENT),
        day=date.fromisoformat(row.text("BusinessDay")),
        stands_in=row.flag("StandsIn"),
    )


async def shifts_of_day(table: Table, store: str, day: date) -> list[Row]:
    """Read the shifts of a store-day, all tills."""
    prefix = f"{join_key('shift', store, day.isoformat())}~"
    return [row async for row in table.query(store, key_from=prefix, key_before=prefix_end(prefix))]


async def shifts_of_two_days(table: Table, store: str, day: date) -> list[Row]:
    """Read the shifts of a store-day and of the day before, in one query: yesterday's may reach into today."""
    first = join_key("shift", store, (day - timedelta(days=1)).isoformat())
    last = f"{join_key('shift', store, day.isoformat())}~"
    return [row async for row in table.query(store, key_from=f"{first}~", key_before=prefix_end(last))]


def findings_key(store: str, day: date) -> str:
    """Give the row key of what people were told of a store-day's shifts."""
    return join_key("findings", store, day.isoformat())


def decision_key(store: str, day: date, numbered: Numbered) -> str:
    """Give the row key of a decision about a missing number; that of a till's first generation names none."""
    terminal, generation, number = numbered
    later = (str(generation),) if generation > 1 else ()
    return join_key("missing", store, day.isoformat(), terminal, *later, f"{number:09d}")


def decision_row(store: str, day: date, numbered: Numbered, decision: Decision) -> Row:
    """Build the row of a decision about a missing number."""
    return Row(
        partition=store,
        key=decision_key(store, day, numbered),
        values={
            "Record": "decision",
            "Store": store,
            "BusinessDay": day.isoformat(),
            "Terminal": numbered[0],
            "Generation": numbered[1],
            "SequenceNumber": numbered[2],
            "Decision": decision.decision,
            "By": decision.by,
            "Role": decision.role,
            "Reason": decision.reason,
            "At": decision.at,
        },
    )


async def decisions_of_day(table: Table, store: str, day: date) -> Mapping[Numbered, Decision]:
    """Read what people decided about a store-day's missing numbers."""
    prefix = f"{join_key('missing', store, day.isoformat())}~"
    found = {}
    async for row in table.query(store, key_from=prefix, key_before=prefix_end(prefix)):
        key = (row.text("Terminal"), row.number("Generation", 1), row.number("SequenceNumber"))
        found[key] = Decision(*(row.text(name) for name in ("Decision", "By", "Role", "Reason", "At")))
    return found


def ended(row: Row, at: datetime, by: str, reason: str, status: str) -> Row:
    """Give a shift's row ended by a person."""
    return row.with_values(ClosedAt=at, EndedBy=by, EndedReason=reason, Status=status)


def as_shifts(rows: Sequence[Row]) -> tuple[Shift, ...]:
    """Read many rows; what was only counted is no shift yet."""
    return tuple(shift_from(row) for row in rows if row.text("TillState") != COUNTED)
