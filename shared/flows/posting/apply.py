"""Apply what was decided about a package's receipts and shifts to their rows, group by group, under their ETags."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta

from shared.flows.posting.read_back import Outcome
from shared.retail.cash_office import POSTED_WITH_SHIFT
from shared.retail.reasons import Cause, cause
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import (
    cause_row,
    end_causes_of,
    fingerprint_of,
    open_causes,
    receipt_member,
    shift_member,
)
from shared.storage.due import MAP, POST, STATEMENT, TRACK, Due, note_due
from shared.storage.keys import just_after
from shared.storage.limits import place_of
from shared.storage.packages import PackageMember
from shared.storage.protocols import Replace, Row, Table
from shared.storage.receipts import SENT_IN, advanced, d365_day, sent_in
from shared.storage.shifts import CLOSED, SENT
from shared.storage.unchanged import write_unchanged

ROWS_PER_GROUP = 100
SHIFT_PAUSE = timedelta(minutes=30)
READS_AT_ONCE = 32


async def rows_of_members(services: Services, table: Table, members: Sequence[PackageMember]) -> list[Row]:
    """Read the rows of a package's members: by a range query where a store has several, else one by one."""
    by_prefix: dict[tuple[str, str], set[str]] = {}
    for member in members:
        prefix = "~".join(member.key.split("~")[:3])
        by_prefix.setdefault((member.store, prefix), set()).add(member.key)
    rows: list[Row] = []
    pairs = sorted(by_prefix.items())
    for at in range(0, len(pairs), READS_AT_ONCE):
        part = pairs[at : at + READS_AT_ONCE]
        found = await services.together(*(_read_some(table, store, keys) for (store, _), keys in part))
        rows += [row for some in found for row in some]
    return sorted(rows, key=lambda row: (row.partition, row.key))


async def _read_some(table: Table, store: str, keys: set[str]) -> list[Row]:
    if len(keys) == 1:
        row = await table.read(store, next(iter(keys)))
        return [row] if row is not None else []
    low, high = min(keys), max(keys)
    return [
        row async for row in table.query(store, key_from=low, key_before=just_after(high)) if row.key in keys
    ]


async def save_rows(table: Table, rows: Iterable[Row]) -> set[str]:
    """Replace rows under their ETags, a hundred of one store a group; give the keys that were saved.

    A row that somebody changed meanwhile is left as it is.
    """
    saved: set[str] = set()
    by_store: dict[str, list[Row]] = {}
    for row in rows:
        by_store.setdefault(row.partition, []).append(row)
    for members in by_store.values():
        for at in range(0, len(members), ROWS_PER_GROUP):
            saved |= await _save_group(table, members[at : at + ROWS_PER_GROUP])
    return saved


async def _save_group(table: Table, group: list[Row]) -> set[str]:
    written = await write_unchanged(table, [Replace(row, row.etag) for row in group])
    return {place_of(one)[1] for one in written}


async def advance_members(services: Services, rows: Sequence[Row], to: Status, note: str) -> None:
    """Move receipts back to an earlier stage, with their work noted first."""
    if not rows:
        return
    now = services.now()
    days = {(row.partition, row.text("BusinessDay")) for row in rows}
    dues = [
        Due(stage, store, date.fromisoformat(day), now)
        for store, day in sorted(days)
        for stage in (MAP, POST)
    ]
    await note_due(services.tables.due, dues)
    mapped = [row for row in rows if row.text("Status") == Status.MAPPED]
    await save_rows(services.tables.transactions, [advanced(row, to, now, note) for row in mapped])
    sending = [row for row in rows if row.text("Status") == Status.SENDING]
    await save_rows(
        services.tables.transactions,
        [advanced(row, Status.MAPPED, now, note, Package=None) for row in sending],
    )


async def close_receipts(services: Services, outcomes: Sequence[Outcome]) -> bool:
    """Write what read-back found of receipts: sent, or held for a cause. Runs twice the same.

    False: somebody wrote some of them meanwhile, and they are still being sent; the package must look at them again.
    """
    now = services.now()
    settled = [one for one in outcomes if one.sent or one.held_for is not None]
    await _note_what_follows(services, [one.row for one in settled])
    held = [(one, one.held_for) for one in settled if one.held_for is not None]
    causes = [cause_row(why, receipt_member(one.row), now) for one, why in held]
    await open_causes(services.tables.causes, causes)
    rows = [
        advanced(
            one.row, Status.SENT, now, "read back",
            D365Gross=str(one.header.gross), D365Payment=str(one.header.payment), ReadBackAt=now, **_seen_in(one),
        )
        for one in settled
        if one.sent and one.header is not None
    ]  # fmt: skip
    rows += [
        advanced(
            one.row, Status.HELD, now, f"{why.code} {why.value}", Cause=why.code, CauseValue=why.value,
            Fingerprint=fingerprint_of(why), **_seen_in(one),
        )
        for one, why in held
    ]  # fmt: skip
    return len(await save_rows(services.tables.transactions, rows)) == len(rows)


def _seen_in(one: Outcome) -> dict[str, str]:
    """Give the shift that D365 has a movement in: nothing else tells later whether it was posted."""
    is_there = one.header is not None and one.mapped.transaction.kind in POSTED_WITH_SHIFT
    shifts = sent_in(one.row, one.mapped) if is_there else ""
    return {SENT_IN: shifts} if shifts else {}


async def rest_shifts(services: Services, shifts: Sequence[Row]) -> bool:
    """Put shifts that could not go before IT; they rest, and are tried again later. False: some were written meanwhile."""
    now = services.now()
    rows = [cause_row(_shift_refused(row), shift_member(row), now) for row in shifts]
    await open_causes(services.tables.causes, rows)
    rested = {"Status": CLOSED, "Package": None, "RetryAt": now + SHIFT_PAUSE}
    return len(await save_rows(services.tables.shifts, [row.with_values(**rested) for row in shifts])) == len(
        shifts
    )


async def close_shifts(services: Services, shifts: Sequence[Row], landed: Collection[str]) -> bool:
    """Shifts that D365 has as they were sent are sent; others rest. landed: their row keys.

    False: somebody wrote some of them meanwhile; they are still the package's.
    """
    now = services.now()
    await _note_what_follows(services, shifts)
    there = [row for row in shifts if row.key in landed]
    for row in (row for row in there if "RetryAt" in row.values):
        why = fingerprint_of(_shift_refused(row))
        await end_causes_of(services.tables.causes, row.partition, row.key, [why], now, "D365 took it")
    saved = await save_rows(
        services.tables.shifts, [row.with_values(Status=SENT, SentAt=now, RetryAt=None) for row in there]
    )
    missing = [row for row in shifts if row.key not in landed]
    have_rested = await rest_shifts(services, missing) if missing else True
    return have_rested and len(saved) == len(there)


async def free_shifts(services: Services, shifts: Sequence[Row]) -> None:
    """Take shifts out of a package that will not carry them; a later one does."""
    free = [row.with_values(Status=CLOSED, Package=None) for row in shifts]
    await save_rows(services.tables.shifts, free)


def _shift_refused(row: Row) -> Cause:
    words = {"store": row.partition, "terminal": row.text("Terminal"), "shift": row.text("Shift")}
    value = f"{row.partition} till {row.text('Terminal')} {row.text('BusinessDay')} shift {row.text('Shift')}"
    return cause("shift_refused", value, **words)


async def _note_what_follows(services: Services, rows: Sequence[Row]) -> None:
    """Write down that these store-days are to be tracked, looked at again for posting, and compiled again."""
    now = services.now()
    soon = now + timedelta(minutes=services.settings.tracking_minutes)
    dues = [
        Due(TRACK, store, day, soon)
        for store, day in sorted({(row.partition, d365_day(row)) for row in rows})
    ]
    for store, day in sorted({(row.partition, row.text("BusinessDay")) for row in rows}):
        business_day = date.fromisoformat(day)
        dues.append(Due(POST, store, business_day, now))
        dues.append(Due(STATEMENT, store, business_day, now))
    if dues:
        await note_due(services.tables.due, dues)
