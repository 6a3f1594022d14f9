"""Post what is mapped: one package at a time through the environment's slot, followed until D365's answer is read back.

A run goes as far as it can and leaves the rest to the next doorbell. Stages: building, built, uploading, importing
(or unknown), reading back, done. Intent is written before effect; an unknown outcome is asked about, never sent again
blindly.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from shared.d365.decoder import decode
from shared.errors import (
    AccessRefusedError,
    RejectedError,
    RetryableError,
    ThrottledError,
    UnknownOutcomeError,
)
from shared.flows.posting.apply import advance_members, rest_shifts, save_rows
from shared.flows.posting.build import content_of, frozen_figures, mapped_again, mapped_shifts
from shared.flows.posting.conclude import FINAL, NEVER_STARTED, conclude, control_text
from shared.flows.posting.evidence import may_go
from shared.flows.posting.gather import RECEIPTS_MAX, gather
from shared.flows.posting.material import being_sent, to_build
from shared.flows.posting.pace import pause_seconds, poll_seconds
from shared.flows.posting.preflight import contract_holds
from shared.flows.posting.send_shifts import shifts_that_may_go
from shared.flows.posting.set_aside import set_aside
from shared.flows.posting.slot import Drive, LostLeaseError, is_waiting, take_lease, tracking_waits_until
from shared.flows.posting.taken import without_taken
from shared.flows.posting.trouble import (
    end_causes,
    end_trouble,
    history,
    note_trouble,
    open_package_cause,
    rest_after,
    tell_of_long_import,
)
from shared.retail.mapped import MappedTransaction
from shared.retail.reasons import cause
from shared.retail.status import Status
from shared.services import Services
from shared.storage.keys import join_key
from shared.storage.packages import (
    BUILDING,
    BUILT,
    DONE,
    IMPORTING,
    READING,
    SLOT_FREE,
    UNKNOWN,
    UPLOADING,
    package_key,
    read_slot,
    sent_part,
    write_members,
)  # fmt: skip
from shared.storage.protocols import Row, Value
from shared.storage.receipts import advanced, key_values
from shared.storage.shifts import SENDING

DRIVE = "drive"
STEPS_MAX = 12
REFUSALS_MAX = 8
IMPORT_RUNNING = "d365_import_running"
UPLOAD_MARGIN_SECONDS = 300
UPLOAD_HOURS = 24  # where the upload address does not say when it expires
CONTENT_BYTES_MAX = 64 * 1024 * 1024  # compressed; no limit of D365's is known


def drive_key(environment: str) -> str:
    """Give the name under which the posting doorbell of an environment rings."""
    return join_key(DRIVE, environment)


async def post_transactions(services: Services) -> str:
    """Drive the slot as far as it goes; give the stage it rests in, for the log. Safe to run twice, and beside itself."""
    slot = await read_slot(services.tables.packages, services.settings.d365.environment_id)
    if slot.text("State") == SLOT_FREE and not _is_time(services, slot):
        return "nothing to post yet"  # a doorbell too many: what it would cost to find that out is saved
    drive = await take_lease(services, slot)
    if drive is None:
        return "driven by another worker"
    try:
        if is_waiting(drive.slot, services.now(), timedelta(0)):
            await drive.let_go(drive.slot.instant("NextTry"))
            return "waiting"
        told = await tracking_waits_until(services)
        if told is not None:
            await drive.let_go(told)
            return "waiting"
        return await _drive(services, drive)
    except LostLeaseError:
        return "taken over by another worker"


async def _drive(services: Services, drive: Drive) -> str:
    for _ in range(STEPS_MAX):
        if drive.slot.text("State") == SLOT_FREE and not await _start_package(services, drive):
            if "LeaseUntil" in drive.slot.values:  # else the package that ended has let go of it
                await drive.free()
            return "nothing to post"
        stage = drive.package.text("Stage") if drive.package else DONE
        try:
            pause = await _step(services, drive, stage)
        except (RetryableError, RejectedError) as error:
            pause = await _told(services, drive, error)
        if pause:
            await drive.let_go(services.now() + timedelta(seconds=pause))
            key = drive_key(services.settings.d365.environment_id)
            await services.ring(services.queues.posting_due, key, after_seconds=pause)
            return stage
    await drive.let_go(services.now())
    await services.ring(services.queues.posting_due, drive_key(services.settings.d365.environment_id))
    return "paused"


async def _told(services: Services, drive: Drive, error: RetryableError | RejectedError) -> float:
    """Put D365's trouble before its owner; give how long D365 is left alone."""
    if isinstance(error, RejectedError):
        services.log.error("the package cannot go on: %s", error)
        code = "package_stuck" if error.field == "package" else "d365_call_refused"
        await note_trouble(services, drive, code, str(error))
        return await rest_after(services, drive, RetryableError(str(error)))
    if isinstance(error, AccessRefusedError):
        services.log.error("D365 does not let us in: %s", error)
        await note_trouble(services, drive, "d365_call_refused", str(error))
    elif isinstance(error, ThrottledError):
        await note_trouble(services, drive, "d365_throttled")
    elif error.wait_seconds is None:  # whoever says when to come back is not silent
        services.log.warning("D365 did not answer: %s", error)
        await note_trouble(services, drive, "d365_silent")
    return await rest_after(services, drive, error)


async def _step(services: Services, drive: Drive, stage: str) -> float:
    """Take one step; give the seconds to wait before the next, 0 for none."""
    await drive.renew()
    if stage == BUILDING:
        await _build(services, drive)
    elif stage in (BUILT, UPLOADING):
        await _send(services, drive)
    elif stage in (IMPORTING, UNKNOWN):
        return await _ask(services, drive)
    elif stage == READING:
        await conclude(services, drive)
    else:
        await drive.free()
    return 0.0


async def _start_package(services: Services, drive: Drive) -> bool:
    """Gather the next package, write it and its members down, and put it into the slot."""
    if not _is_time(services, drive.slot) or not await contract_holds(services, drive):
        return False
    gathered = await gather(services, drive.slot.number("ReceiptsMax") or RECEIPTS_MAX)
    if not gathered.members:
        return False
    environment = services.settings.d365.environment_id
    now = services.now()
    package = f"P{now:%Y%m%dT%H%M%S}-{services.token_hex(3)}"
    await write_members(services.tables.packages, environment, package, gathered.members)
    values: dict[str, Value] = {
        "Record": "package", "Package": package, "Stage": BUILDING, "LegalEntity": gathered.legal_entity,
        "Attempt": 0, "Members": len(gathered.members), "StartedAt": now, "History": f"{now:%Y-%m-%dT%H:%M:%SZ} gathered",
    }  # fmt: skip
    await services.tables.packages.insert(
        Row(partition=environment, key=package_key(environment, package), values=values)
    )
    await drive.take(package, now, more=gathered.more)
    return True


def _is_time(services: Services, slot: Row) -> bool:
    """Say whether the next package may start: a package holds what came in its interval, unless more waits than it holds."""
    if slot.flag("More") or slot.number("ReceiptsMax") or "StartedAt" not in slot.values:
        return True
    pause = timedelta(minutes=services.settings.package_minutes)
    return slot.instant("StartedAt") + pause <= services.now()


async def _build(services: Services, drive: Drive) -> None:
    """Freeze the keys of the package's receipts and write down what it holds, before D365 is called."""
    package = drive.package.text("Package") if drive.package else ""
    material = await to_build(services, drive)
    good, bad = await services.in_thread(mapped_again, material)
    await advance_members(services, bad, Status.RECEIVED, "its mapping or shift has changed")
    good = await without_taken(services, good)
    now = services.now()
    fresh = [(row, one) for row, one in good if row.text("Status") == Status.MAPPED]
    frozen = [_frozen(row, one, package, now) for row, one in fresh]
    saved = await save_rows(services.tables.transactions, frozen)
    to_close = mapped_shifts(material)
    figures = {row.key: frozen_figures(shift) for row, shift in to_close}
    shifts = [
        row.with_values(Status=SENDING, Package=package, SentFigures=figures.get(row.key))
        for row in material.shift_rows
        if row.text("Status") != SENDING
    ]
    await save_rows(services.tables.shifts, shifts)
    kept = [one for row, one in good if row.key in saved or row.text("Status") == Status.SENDING]
    if not kept and not to_close:
        if len(saved) < len(frozen):
            return  # written by somebody else, or by us and told otherwise: the next step sees which
        await rest_shifts(services, material.shift_rows)
        await drive.save_package(Stage=DONE, EndedAt=now, History=history(services, drive, "nothing to send"))
        return
    try:
        built = await services.in_thread(
            content_of, services.settings.d365, package, kept, [shift for _, shift in to_close]
        )
    except RejectedError as error:
        services.log.error("package %s cannot be built: %s", package, error)
        await set_aside(services, package, material.shift_rows)
        await drive.save_package(History=history(services, drive, f"set aside what cannot be built: {error}"))
        return  # still building: the next step takes what is left
    await drive.save_package(
        Stage=BUILT,
        Receipts=len(kept),
        Sha256=built.sha256,
        Rows=json.dumps(built.rows_by_entity),
        Control=control_text(built.control),
        Amount=str(sum((one.transaction.amount_paid for one in kept), start=Decimal(0))),
    )


def _frozen(row: Row, mapped: MappedTransaction, package: str, at: datetime) -> Row:
    """Give a receipt's row with what no later mapping or shift changes: its key, its shift, its package."""
    before = True if row.text("D365Number") else None
    since = row.instant("D365Since") if "D365Since" in row.values else at  # before it, D365 cannot have it
    return advanced(
        row, Status.SENDING, at, f"in package {package}", Package=package, SentBefore=before, D365Since=since, Shift=mapped.shift,
        ShiftNumber=mapped.shift_number, **key_values(mapped),
    )  # fmt: skip


async def _send(services: Services, drive: Drive) -> None:
    """One attempt: upload, then hand over. Its execution id is new each time; the hand-over is intended before made."""
    assert drive.package is not None
    package, attempt = drive.package.text("Package"), drive.package.number("Attempt") + 1
    material, good = await being_sent(services, drive)
    going = await may_go(services, good, sent_before=attempt > 1)
    mapped = [one for _, one in going]
    pairs = mapped_shifts(material)
    closed = await shifts_that_may_go(services, pairs)
    if not mapped and not closed:
        note = history(services, drive, "D365 has rows of all of it: nothing is sent over them")
        await drive.save_package(Stage=READING, FinalStatus="", Rows="{}", History=note)
        return
    built = await services.in_thread(content_of, services.settings.d365, package, mapped, closed)
    if len(built.content) > CONTENT_BYTES_MAX and len(mapped) > 1:
        await _cut_in_half(services, drive, good)
        return
    execution = f"{package}-{attempt}"
    keys = {row.key for row, _ in going} | {row.key for row, shift in pairs if shift in closed}
    await drive.save_package(
        Stage=UPLOADING,
        Attempt=attempt,
        ExecutionId=execution,
        Sha256=built.sha256,
        Rows=json.dumps(built.rows_by_entity),
        Sent=sent_part(material.members, keys),
        History=history(services, drive, "uploading"),
    )
    target = await services.d365.write_url(f"{execution}.zip")
    expires_at = target.expires_at or services.now() + timedelta(hours=UPLOAD_HOURS)
    await services.d365.upload(target.url, built.content)
    await drive.renew()
    await drive.save_package(
        Stage=IMPORTING, UploadExpiresAt=expires_at, HandedOverAt=services.now(),
        History=history(services, drive, f"handing over as {execution}"),
    )  # fmt: skip
    try:
        await services.d365.import_package(target.url, execution, drive.package.text("LegalEntity"))
    except UnknownOutcomeError:
        await drive.save_package(AnswerLost=True)  # first, so that whoever reads back ends the cause
        await open_package_cause(services, drive.package, cause("import_answer_lost", package))
        await drive.save_package(Stage=UNKNOWN, History=history(services, drive, "no answer: asking D365"))
    except ThrottledError as error:
        # A gateway may say so although D365 has begun: it is asked before anything is sent again, and only who says for how
        # long is believed not to have taken it. Else "not found" proves nothing before the address has expired.
        note = history(services, drive, "told to come back later: D365 is asked first")
        is_refusal = True if error.wait_seconds is not None else None
        await drive.save_after(error, Stage=UNKNOWN, Doubtful=is_refusal, History=note)
        raise
    except (RejectedError, RetryableError) as error:
        note = history(services, drive, f"not taken: {str(error)[:200]}")
        await drive.save_after(error, Stage=BUILT, History=note)
        if isinstance(error, RetryableError):
            raise
        await _refused_whole(services, drive, str(error))
    await end_trouble(services, drive)


async def _cut_in_half(
    services: Services, drive: Drive, good: Sequence[tuple[Row, MappedTransaction]]
) -> None:
    """A package larger than D365's upload should be goes in two; nothing was sent yet."""
    rows = sorted((row for row, _ in good), key=lambda row: (row.partition, row.key))
    half = len(rows) // 2
    await advance_members(services, rows[half:], Status.MAPPED, "its package was too large and is cut in two")
    await drive.save_package(
        History=history(services, drive, f"too large: {half} of {len(rows)} receipts go on")
    )


async def _refused_whole(services: Services, drive: Drive, text: str) -> None:
    """D365 would not take the package. What passes by itself, such as another import that runs, is waited for;
    else it is tried a few times before its receipts are held with D365's words.
    """
    services.log.warning("D365 did not take a package: %s", text)
    refusals = (drive.package.number("Refusals") if drive.package else 0) + 1
    await drive.save_package(Refusals=refusals)
    if decode(text).passes or refusals < REFUSALS_MAX:
        await note_trouble(services, drive, _refusal_code(text), text)
        raise RetryableError(text, wait_seconds=pause_seconds(None, refusals - 1, services.chance()))
    await drive.save_package(Stage=READING, FinalStatus="not taken", LastError=text[:1000])


def _refusal_code(text: str) -> str:
    return IMPORT_RUNNING if decode(text).reason == IMPORT_RUNNING else "d365_call_refused"


async def _ask(services: Services, drive: Drive) -> float:
    """Ask D365 what became of the attempt. "Not found" proves nothing until its upload address has expired."""
    assert drive.package is not None
    status = await services.d365.execution_status(drive.package.text("ExecutionId"))
    await end_trouble(services, drive)
    if status is None and drive.package.flag("Doubtful"):
        await drive.save_package(Stage=BUILT, Doubtful=None, History=history(services, drive, "not taken"))
        return 0.0
    if status in (None, "Unknown"):  # D365 knows nothing of it, or no more
        expires_at = drive.package.instant("UploadExpiresAt")
        if services.now() > expires_at + timedelta(seconds=UPLOAD_MARGIN_SECONDS):
            await drive.save_package(
                Stage=READING, FinalStatus=NEVER_STARTED, History=history(services, drive, NEVER_STARTED)
            )
            return 0.0
        await tell_of_long_import(services, drive)
        return _until_next_poll(drive)
    if drive.package.text("Stage") == UNKNOWN:
        note = f"D365 had taken it ({status})"
        await drive.save_package(Stage=IMPORTING, Doubtful=None, History=history(services, drive, note))
        await end_causes(services, cause("import_answer_lost", drive.package.text("Package")), note)
    if status not in FINAL:
        await tell_of_long_import(services, drive)
        return _until_next_poll(drive)
    await drive.save_package(
        Stage=READING, FinalStatus=status, History=history(services, drive, f"import ended: {status}")
    )
    return 0.0


def _until_next_poll(drive: Drive) -> float:
    return poll_seconds(drive.slot.number("Polls"), drive.slot.number("Slowed"))
