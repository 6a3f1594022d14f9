"""Work that failed five times in a row, as exception rows in front of IT; a row ends when its work is done."""

from __future__ import annotations

from shared.retail.reasons import Cause, cause
from shared.services import Services
from shared.storage.causes import OPEN, Member, cause_key, cause_rows, end_cause_rows, fingerprint_of
from shared.storage.due import read_due
from shared.storage.packages import read_slot
from shared.storage.protocols import Row

WORK = "work"
MAPPING_DUE, POSTING_DUE = "mapping-due", "posting-due"
_TOLD = {MAPPING_DUE: "mapping receipts", POSTING_DUE: "sending receipts to D365"}


def given_up_cause(queue: str, named: str) -> Cause:
    """Give the cause of a doorbell that was given up; one for all, so that the heartbeat asks once. named: for people."""
    return cause("work_given_up", "the app", work=_TOLD.get(queue, "its work"), named=named)


def given_up_member(due_key: str, store: str, business_day: str) -> Member:
    """Give what a doorbell named as a member of its cause."""
    return Member(what=WORK, store=store, name=due_key, business_day=business_day, receipts=0)


async def read_given_up(services: Services, why: Cause, member: Member) -> Row | None:
    """Read the exception row of work that was given up before; None where it never was."""
    fingerprint = fingerprint_of(why)
    return await services.tables.causes.read(fingerprint, cause_key(fingerprint, member.store, member.name))


async def end_given_up(services: Services) -> int:
    """End the rows whose work was done since: the due row is gone, or posting has ended a package. Give their number."""
    fingerprint = fingerprint_of(given_up_cause("", ""))
    rows = [row async for row in cause_rows(services.tables.causes, fingerprint, OPEN)]
    done = [row for row in rows if await _is_done(services, row)]
    return await end_cause_rows(services.tables.causes, done, services.now(), "the work is done")


async def _is_done(services: Services, row: Row) -> bool:
    if row.text("Queue") == MAPPING_DUE:
        return await read_due(services.tables.due, row.text("DueKey")) is None
    slot = await read_slot(services.tables.packages, services.settings.d365.environment_id)
    return "FreedAt" in slot.values and slot.instant("FreedAt") > row.instant("FailedAt")
