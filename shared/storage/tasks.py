"""What has become of each cause, as rows for people: one a cause, and one for each line of its history.

Partition = `causes`, so that a cause and its history are written together. `head~<fingerprint>`: the cause. `entry~<fingerprint>~
<number>`: a line of its history. The things it holds stay in the table `causes`; nothing here is written on a receipt's way.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shared.errors import GroupRefusedError
from shared.retail.cause_state import OVER, Decided, Head, Tally, Telling
from shared.retail.money import ZERO, money_text
from shared.retail.units import Units, units_text
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Condition, Insert, Operation, Replace, Row, Table, Upsert, Value

PARTITION = "causes"
HEAD, ENTRY, DIGEST = "head", "entry", "digest"
TEXTS = ("WhatHappened", "Why", "HoldsUp", "DoThis")
CAUSES_A_GROUP = 48


@dataclass(frozen=True, slots=True)
class KeptHead:
    """A cause as it is kept: `row` has the ETag and the four texts."""

    head: Head
    row: Row


@dataclass(frozen=True, slots=True)
class Change:
    """A cause's next state, written over what is kept of it (None: it is new). texts: its four texts, by column."""

    decided: Decided
    kept: KeptHead | None
    texts: dict[str, str]
    at: datetime


def head_key(fingerprint: str) -> str:
    return join_key(HEAD, fingerprint)


def head_row(head: Head, texts: dict[str, str]) -> Row:
    """Build the row of a cause."""
    tally = head.tally
    values: dict[str, Value | None] = {
        "Record": HEAD, "Fingerprint": tally.fingerprint, "Active": head.phase != OVER, "State": head.phase,
        "Owner": tally.owner, "AssignedTo": head.assigned_to or None, "Urgency": head.urgency, "DueAt": head.due_at,
        **texts, "Reason": tally.code, "Value": tally.value, "Fault": tally.fault,
        "Receipts": tally.receipts, "Things": tally.things, "Peak": head.peak,
        "Amounts": json.dumps({name: money_text(one, name or "USD") for name, one in sorted(tally.amounts.items())}),
        "AtStake": str(tally.at_stake), "StoreCount": tally.store_count, "Stores": json.dumps(tally.stores),
        "UnitsSold": units_text(tally.units.sold), "UnitsBack": units_text(tally.units.back),
        "OldestDay": tally.oldest_day.isoformat() if tally.oldest_day else None,
        "FirstSeen": head.first_seen, "LastSeen": tally.last_since, "OpenedAt": head.opened_at, "EndedAt": head.ended_at,
        "Since": tally.first_since, "StateSince": head.phase_since, "TimesBack": head.times_back,
        "ToldBackAt": head.told_back_at, "OverdueTold": head.overdue_told, "Baseline": head.baseline,
        "SettlesAt": head.settles_at, "SetAsideUntil": head.aside_until, "SetAsideBy": head.aside_by or None,
        "SetAsideWhy": head.aside_why or None, "SetAsideThings": head.aside_things, "Alerts": head.alerts,
        "Entries": head.entries, **_telling_values(head.telling),
    }  # fmt: skip
    present = {name: value for name, value in values.items() if value is not None}
    return Row(PARTITION, head_key(tally.fingerprint), present)


def _telling_values(telling: Telling | None) -> dict[str, Value | None]:
    if telling is None:
        return {}
    return {
        "Telling": telling.event, "TellingNumber": telling.number, "TellingAt": telling.at, "TellingWhy": telling.why,
        "TellingBatch": telling.batch,
    }  # fmt: skip


def head_from(row: Row) -> Head:
    """Read a cause's row."""
    telling = None
    if row.text("Telling"):
        telling = Telling(
            row.text("Telling"), row.number("TellingNumber"), row.instant("TellingAt"), row.text("TellingWhy"),
            row.text("TellingBatch"),
        )  # fmt: skip
    return Head(
        tally=_tally_from(row), phase=row.text("State"), first_seen=row.instant("FirstSeen"),
        opened_at=row.instant("OpenedAt"), phase_since=row.instant("StateSince"), urgency=row.text("Urgency"),
        due_at=row.instant("DueAt"), baseline=row.number("Baseline"), settles_at=row.instant("SettlesAt"),
        peak=row.number("Peak"), ended_at=_instant(row, "EndedAt"), overdue_told=row.flag("OverdueTold"),
        told_back_at=_instant(row, "ToldBackAt"), times_back=row.number("TimesBack"), assigned_to=row.text("AssignedTo"),
        aside_until=_instant(row, "SetAsideUntil"), aside_by=row.text("SetAsideBy"), aside_why=row.text("SetAsideWhy"),
        aside_things=row.number("SetAsideThings"), alerts=row.number("Alerts"), entries=row.number("Entries"),
        telling=telling,
    )  # fmt: skip


def _tally_from(row: Row) -> Tally:
    """Read what was open at the last look."""
    return Tally(
        fingerprint=row.text("Fingerprint"), code=row.text("Reason"), value=row.text("Value"), owner=row.text("Owner"),
        fault=row.text("Fault"), things=row.number("Things"), receipts=row.number("Receipts"),
        stores=tuple(json.loads(row.text("Stores", "[]"))), store_count=row.number("StoreCount"),
        first_since=row.instant("Since"), last_since=row.instant("LastSeen"),
        amounts={name: Decimal(one) for name, one in json.loads(row.text("Amounts", "{}")).items()},
        units=Units(_units(row, "UnitsSold"), _units(row, "UnitsBack")),
        oldest_day=date.fromisoformat(row.text("OldestDay")) if row.text("OldestDay") else None,
        at_stake=Decimal(row.text("AtStake", "0")),
    )  # fmt: skip


def _units(row: Row, name: str) -> Decimal:
    return Decimal(row.text(name)) if row.text(name) else ZERO


def _instant(row: Row, name: str) -> datetime | None:
    return row.instant(name) if name in row.values else None


def texts_of(row: Row) -> dict[str, str]:
    """Give the four texts of a cause's row, or of one thing's that it holds."""
    return {name: row.text(name) for name in TEXTS}


async def read_head(table: Table, fingerprint: str) -> KeptHead | None:
    """Read one cause; None where nothing is kept of it yet."""
    row = await table.read(PARTITION, head_key(fingerprint))
    return KeptHead(head_from(row), row) if row is not None else None


async def active_heads(table: Table) -> list[KeptHead]:
    """Read every cause that has not ended, at the last look."""
    where = (Condition("Active", "eq", True),)
    return [one async for one in _heads(table, where)]


async def every_head(table: Table) -> list[KeptHead]:
    """Read every cause there ever was."""
    return [one async for one in _heads(table, ())]


async def heads_ended_since(table: Table, since: datetime) -> list[KeptHead]:
    """Read the causes that ended at or after an instant, and have not come back."""
    where = (Condition("Active", "eq", False), Condition("EndedAt", "ge", since))
    return [one async for one in _heads(table, where)]


async def _heads(table: Table, where: tuple[Condition, ...]) -> AsyncIterator[KeptHead]:
    prefix = f"{HEAD}~"
    async for row in table.query(PARTITION, key_from=prefix, key_before=prefix_end(prefix), where=where):
        yield KeptHead(head_from(row), row)


async def long_ended(table: Table, before: datetime, most: int) -> list[Row]:
    """Read causes that ended before an instant and have not come back, as many as are wanted."""
    prefix, found = f"{HEAD}~", list[Row]()
    where = (Condition("Active", "eq", False), Condition("EndedAt", "lt", before))
    async for row in table.query(PARTITION, key_from=prefix, key_before=prefix_end(prefix), where=where):
        found.append(row)
        if len(found) >= most:
            break
    return found


async def entries_of(table: Table, fingerprint: str) -> list[Row]:
    """Read a cause's history, oldest first."""
    prefix = f"{join_key(ENTRY, fingerprint)}~"
    return [row async for row in table.query(PARTITION, key_from=prefix, key_before=prefix_end(prefix))]


async def save_changes(table: Table, changes: Sequence[Change]) -> list[Change]:
    """Write causes with the new lines of their history, each whole or not at all; give those that were written.

    What somebody else wrote meanwhile is left as it is: the next look decides anew.
    """
    saved: list[Change] = []
    for at in range(0, len(changes), CAUSES_A_GROUP):
        saved += await _save_group(table, list(changes[at : at + CAUSES_A_GROUP]))
    return saved


async def _save_group(table: Table, group: list[Change]) -> list[Change]:
    while group:
        parts = [_operations(one) for one in group]
        try:
            await table.write_group([one for part in parts for one in part])
        except GroupRefusedError as error:
            ends, at_fault = 0, 0
            for number, part in enumerate(parts):
                ends += len(part)
                if error.index < ends:
                    at_fault = number
                    break
            group = group[:at_fault] + group[at_fault + 1 :]
        else:
            return group
    return []


def _operations(change: Change) -> list[Operation]:
    """Give the head's write first: it carries the condition; its history's lines are numbered by what it was."""
    head, row = change.decided.head, head_row(change.decided.head, change.texts)
    first = head.entries - len(change.decided.entries)
    lines = [
        Upsert(_entry_row(head.tally.fingerprint, first + number, change.at, text))
        for number, text in enumerate(change.decided.entries, start=1)
    ]
    return [Insert(row) if change.kept is None else Replace(row, change.kept.row.etag), *lines]


def _entry_row(fingerprint: str, number: int, at: datetime, text: str) -> Row:
    key = join_key(ENTRY, fingerprint, f"{number:06d}")
    return Row(PARTITION, key, {"Record": ENTRY, "Fingerprint": fingerprint, "At": at, "Text": text})


async def digest_told_on(table: Table) -> str:
    """Give the day for which the last daily word was made; "" before the first."""
    row = await table.read(PARTITION, DIGEST)
    return row.text("Day") if row is not None else ""


async def note_digest(table: Table, day: str, at: datetime) -> None:
    """Remember that a day's word was made."""
    await table.upsert(Row(PARTITION, DIGEST, {"Record": DIGEST, "Day": day, "At": at}))
