"""End a shift by a person's decision: one that nobody closed, or one that overlaps the next."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from shared.errors import ChangedMeanwhileError, RejectedError
from shared.flows.mapping.note_shifts import note_shifts_of
from shared.flows.posting.apply import save_rows
from shared.retail.shift import shift_value
from shared.retail.status import Status
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.causes import OPEN, cause_rows, end_cause_rows
from shared.storage.due import MAP, POST, STATEMENT, Due, note_due
from shared.storage.keys import join_key
from shared.storage.protocols import Condition, Row
from shared.storage.receipts import advanced, receipts_of_day
from shared.storage.shifts import CLOSED, SENDING, SENT, ended

CLOCKS_DIFFER = timedelta(minutes=5)
TRIES_MAX = 5


async def end_shift(
    services: Services, store: str, terminal: str, shift: str, at: datetime, person: Person, reason: str
) -> int | None:
    """End a shift at an instant; its receipts after that go to the next shift. Give how many held receipts go on.

    The shift is the till's newest of that name that had been opened by then; None when there is none.

    Raises:
        RejectedError: the instant is before the shift was opened, or the shift is already in D365.
    """
    if not reason.strip():
        raise RejectedError("a reason is needed", field="reason", expected="a sentence", found="nothing")
    key = await _find(services, store, terminal, shift, at)
    row = await _end(services, key, store, at, person, reason) if key else None
    if row is None:
        return None
    day = date.fromisoformat(row.text("BusinessDay"))
    now = services.now()
    dues = [Due(stage, store, day, now) for stage in (MAP, POST, STATEMENT)]
    await note_due(services.tables.due, dues)
    value = shift_value(store, terminal, row.number("Generation", 1), day, shift)
    released = await _release(services, store, day, value, person, reason)
    members = [
        one async for one in cause_rows(services.tables.causes, join_key("shift_overlap", value), OPEN)
    ]
    await end_cause_rows(services.tables.causes, members, now, f"shift ended by {person.name}: {reason}")
    mappings = await services.mappings.at_least(0)
    setup = mappings.store(store, day)
    if setup is not None:
        await note_shifts_of(services, setup, day, mappings)
    await services.ring(services.queues.mapping_due, dues[0].key)
    return released


async def _find(services: Services, store: str, terminal: str, shift: str, at: datetime) -> str:
    where = (Condition("Terminal", "eq", terminal), Condition("Shift", "eq", shift))
    found = [
        row async for row in services.tables.shifts.query(store, where=where) if row.text("Record") == "shift"
    ]
    begun = [row for row in found if row.instant("OpenedAt") < at]
    return max(begun or found, key=lambda row: row.instant("OpenedAt")).key if found else ""


async def _end(
    services: Services, key: str, store: str, at: datetime, person: Person, reason: str
) -> Row | None:
    for _ in range(TRIES_MAX):
        row = await services.tables.shifts.read(store, key)
        if row is None:
            return None
        if row.text("Status") in (SENDING, SENT):
            raise RejectedError(
                "the shift is already in D365", field="shift", expected="a shift not yet sent", found="sent"
            )
        if at <= row.instant("OpenedAt"):
            opened = row.instant("OpenedAt").isoformat()
            raise RejectedError(
                "a shift cannot end before it began",
                field="at",
                expected=f"after {opened}",
                found=at.isoformat(),
            )
        if at > services.now() + CLOCKS_DIFFER:
            raise RejectedError(
                "a shift cannot end before that time has come",
                field="at",
                expected=f"not after {services.now().isoformat()}",
                found=at.isoformat(),
            )
        await append_audit(
            services.tables.audit, store, services.now(), who=person.name, did=f"ended shift {key} at {at.isoformat()}",
            reason=reason,
        )  # fmt: skip
        try:
            await services.tables.shifts.replace(ended(row, at, person.name, reason, CLOSED), row.etag)
        except ChangedMeanwhileError:
            continue
        return row
    raise ChangedMeanwhileError("the shift keeps changing")


async def _release(services: Services, store: str, day: date, value: str, person: Person, reason: str) -> int:
    """Send the receipts that the overlap held on their way again."""
    rows = await receipts_of_day(services.tables.transactions, store, day, Status.HELD)
    mine = [row for row in rows if row.text("Cause") == "shift_overlap" and row.text("CauseValue") == value]
    note = f"shift ended by {person.name}: {reason}"
    now = services.now()
    moved = [
        advanced(row, Status.RECEIVED, now, note, Cause=None, CauseValue=None, Fingerprint=None)
        for row in mine
    ]
    return len(await save_rows(services.tables.transactions, moved))
