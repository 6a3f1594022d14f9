"""Find the receipt that is to be written off, and say whether it may be: only what was never sent, or what D365 does not have."""

from __future__ import annotations

import json
from datetime import date

from shared.errors import ChangedMeanwhileError, RejectedError, RetryableError, ThrottledError, not_now
from shared.flows.posting.apply import save_rows
from shared.flows.posting.pace import ASKED_FOR_TIME_SECONDS
from shared.flows.posting.slot import is_throttled
from shared.retail.reasons import Cause, cause
from shared.retail.reversal import REVERSAL
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import fingerprint_of
from shared.storage.corrections import CORRECTION
from shared.storage.due import POST, STATEMENT, Due, note_due
from shared.storage.packages import SLOT_TAKEN, read_slot
from shared.storage.protocols import Row
from shared.storage.receipts import UNKNOWN_STORE, identity_key, key_of


async def read_receipt(services: Services, store: str, account: str, transaction_id: str) -> Row | None:
    """Read a receipt's day row; None when there is none of that name."""
    table = services.tables.transactions
    identity = await table.read(store, identity_key(store, account, transaction_id))
    return await table.read(store, identity.text("DayKey")) if identity is not None else None


async def refuse_what_may_not_be_written_off(services: Services, row: Row) -> None:
    """Let pass what no D365 has.

    Raises:
        RejectedError: it is not held, is a reversal, or D365 has it.
        D365NotNowError: D365 cannot be asked now, or may still be taking it.
    """
    if row.text("Status") != Status.HELD:
        raise RejectedError(
            "only a receipt that is held can be written off", field="status", expected=str(Status.HELD),
            found=row.text("Status"),
        )  # fmt: skip
    if row.text(CORRECTION) == REVERSAL:
        raise RejectedError(
            "a reversal is not written off: its original would stand in the ledger as if nothing had been decided",
            field="transaction_id", expected="a receipt of a till, or a replacement", found="a reversal",
        )  # fmt: skip
    if row.text("D365Number"):
        await _refuse_what_d365_has(services, row)


async def _refuse_what_d365_has(services: Services, row: Row) -> None:
    """It has been in a package once: only D365 can say that it is not there."""
    slot = await read_slot(services.tables.packages, services.settings.d365.environment_id)
    if slot.text("State") == SLOT_TAKEN and slot.text("Package") == row.text("Package") != "":
        raise not_now(RetryableError("its package is not finished"))
    if await is_throttled(services):
        raise not_now(ThrottledError("D365 has asked for time", wait_seconds=ASKED_FOR_TIME_SECONDS))
    try:
        there = await services.d365.headers_by_key([key_of(row)])
    except RetryableError as error:
        raise not_now(error) from error
    if there:
        raise RejectedError(
            "D365 has this receipt, so it cannot be written off here", field="status",
            expected="a receipt that was never sent, or that D365 does not have",
            found=f"{row.text('D365Number')} in D365",
        )  # fmt: skip


def why_of(row: Row) -> Cause:
    """Give the cause under which a store's proposals wait."""
    return cause("write_off_proposed", row.partition)


def fingerprints_of(row: Row) -> list[str]:
    """Give everything a receipt is held for, the proposal aside."""
    named = [row.text("Fingerprint"), *json.loads(row.text("Fingerprints", "[]"))]
    return [one for one in dict.fromkeys(named) if one and one != fingerprint_of(why_of(row))]


async def note_what_follows(services: Services, row: Row) -> None:
    """Write down that the store-day is compiled again, and looked at for a shift that waited."""
    if row.partition == UNKNOWN_STORE:
        return
    now, day = services.now(), date.fromisoformat(row.text("BusinessDay"))
    await note_due(
        services.tables.due, [Due(STATEMENT, row.partition, day, now), Due(POST, row.partition, day, now)]
    )


async def save_or_tell(services: Services, row: Row) -> None:
    """Save a receipt's row.

    Raises:
        ChangedMeanwhileError: somebody changed it since it was read.
    """
    if not await save_rows(services.tables.transactions, [row]):
        raise ChangedMeanwhileError(f"{row.key} was changed while it was being written off")
