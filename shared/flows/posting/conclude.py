"""Conclude an attempt: read back what D365 has of the package, move its receipts on, complete what landed half, and say
what becomes of the rest: another attempt, half the size, or one by one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from shared.d365.decoder import decode
from shared.d365.entities import HEADERS
from shared.d365.outcomes import EntityResult
from shared.d365.reports import StillWritingError
from shared.errors import RejectedError, RetryableError
from shared.flows.posting.apply import advance_members, close_receipts, close_shifts, free_shifts
from shared.flows.posting.build import Material, mapped_shifts
from shared.flows.posting.complete import complete
from shared.flows.posting.evidence import errors_of, headers_of, rows_sent, short_of
from shared.flows.posting.gather import RECEIPTS_MAX
from shared.flows.posting.material import being_sent
from shared.flows.posting.read_back import ABSENT_TRIES_MAX, Evidence, Outcome, outcomes_of
from shared.flows.posting.send_shifts import shifts_landed, write_shifts
from shared.flows.posting.slot import Drive
from shared.flows.posting.trouble import end_causes, end_trouble, history, open_package_cause, page_link
from shared.retail.mapped import MappedTransaction
from shared.retail.money import total
from shared.retail.reasons import cause
from shared.retail.status import Status
from shared.services import Services
from shared.storage.packages import BUILT, DONE
from shared.storage.protocols import Row

FINAL = frozenset({"Succeeded", "PartiallySucceeded", "Failed", "Canceled"})
NEVER_STARTED = "never started"
ONE_BY_ONE_MAX = 20  # a package this small that fails whole goes by changesets
FAILURES_THAT_PASS_MAX = 4
KEYS_WAITS_MAX = 4  # for the file of refused keys, each wait four times the one before: seven minutes in all


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one reading back saw: what was sent, what D365 says, and what that makes of each receipt."""

    material: Material
    results: Sequence[EntityResult]
    evidence: Evidence
    outcomes: Sequence[Outcome]


async def conclude(services: Services, drive: Drive) -> None:
    """Read back, settle what is settled, and choose the package's next stage; free the slot when nothing is left."""
    material, good = await being_sent(services, drive)
    package = _package(drive)
    results = await _results(services, package)
    evidence = await _evidence(services, drive, results, good)
    await end_trouble(services, drive)
    if any(evidence.errors.values()) and (page := await page_link(services, package)):
        await drive.save_package(**page)
    seen = _Seen(material, results, evidence, outcomes_of(good, evidence))
    await drive.renew()
    if not await close_receipts(services, seen.outcomes):
        return  # still reading back: the next step reads again what somebody wrote meanwhile
    nothing_there = all(one.absent and not one.suspect for one in seen.outcomes) and not evidence.headers
    if seen.outcomes and nothing_there and _was_tried(package):
        await _failed_whole(services, drive, seen)
    else:
        await _go_on(services, drive, seen)


def _package(drive: Drive) -> Row:
    assert drive.package is not None
    return drive.package


async def _results(services: Services, package: Row) -> list[EntityResult]:
    """Ask how many rows D365 took; nothing where it does not say, such as when it has forgotten the import by now."""
    if package.text("FinalStatus") not in FINAL:
        return []
    try:
        return await services.d365.entity_results(package.text("ExecutionId"))
    except RejectedError as error:
        services.log.warning("D365 does not say what it took: %s", error)
        return []


async def _evidence(
    services: Services,
    drive: Drive,
    results: Sequence[EntityResult],
    good: Sequence[tuple[Row, MappedTransaction]],
) -> Evidence:
    package = _package(drive)
    name = package.text("Package")
    ended = package.text("FinalStatus") in FINAL
    errors = await _errors(services, drive, results) if ended else {"": _last_words(package)}
    sent, are_named = rows_sent(package), len(errors) > 1
    short = short_of(results, sent, are_named=are_named) if ended else frozenset(sent)
    return Evidence(name, await headers_of(services, name, good), errors, short)


async def _errors(services: Services, drive: Drive, results: Sequence[EntityResult]) -> dict[str, list[str]]:
    """Ask what went wrong; a file of refused keys that does not come is waited for only so long."""
    package = _package(drive)
    waits = package.number("KeysWaits")
    try:
        return await errors_of(services, package, results, with_keys=waits < KEYS_WAITS_MAX)
    except RejectedError as error:  # its rows tell, one by one
        services.log.warning("D365 does not say what went wrong: %s", error)
        return {"": []}
    except StillWritingError as error:
        await drive.save_package(KeysWaits=waits + 1)
        raise RetryableError(str(error), wait_seconds=(error.wait_seconds or 1.0) * 4.0**waits) from error


def _last_words(package: Row) -> list[str]:
    return [package.text("LastError")] if package.text("LastError") else []


def _was_tried(package: Row) -> bool:
    """Say whether D365 had the chance to take it: an import that never started tells nothing of its receipts."""
    return package.text("FinalStatus") != NEVER_STARTED and package.number("Attempt") > 0


async def _failed_whole(services: Services, drive: Drive, seen: _Seen) -> None:
    """Nothing of it is in D365. What may pass is tried again; else the package is halved, and what is small enough goes one
    by one, so that a receipt that fails a whole import is found and its neighbours go on.
    """
    failures = _package(drive).number("Failures") + 1
    passes, name = seen.evidence.passes, seen.evidence.package
    words = next(
        (text for text in seen.evidence.errors.get("", ()) if text),
        "nothing was imported, for no reason given",
    )
    may_pass = passes or not decode(words).is_known
    if (failures == 1 and may_pass) or (passes and failures < FAILURES_THAT_PASS_MAX):
        note = history(services, drive, f"nothing of it is in D365 ({words[:200]}): sending it again")
        await drive.save_package(Stage=BUILT, Failures=failures, History=note, **_counts(seen.results))
        return
    await open_package_cause(services, drive.package, cause("import_failed", name, words=words[:500]))
    if len(seen.outcomes) > ONE_BY_ONE_MAX:
        await _halve(services, drive, seen, failures)
        return
    await drive.save_package(Failures=failures)
    done = await complete(services, drive, seen.outcomes)
    if not await close_receipts(services, done):
        return
    await write_shifts(services, mapped_shifts(seen.material))
    await _end(services, drive, seen, done)


async def _halve(services: Services, drive: Drive, seen: _Seen, failures: int) -> None:
    """Send the first half again, and give the other back to a later, as small package; shifts wait for both."""
    ordered = sorted((one.row for one in seen.outcomes), key=lambda row: (row.partition, row.key))
    half = len(ordered) // 2
    await drive.remember(ReceiptsMax=half)
    await free_shifts(services, seen.material.shift_rows)
    await advance_members(services, ordered[half:], Status.MAPPED, "its package failed whole and is halved")
    note = history(services, drive, f"halved: {half} of {len(ordered)} receipts go on")
    await drive.save_package(Stage=BUILT, Failures=failures, History=note)


async def _go_on(services: Services, drive: Drive, seen: _Seen) -> None:
    """Some of it is in D365, or never had the chance: complete the half, send the absent again, look at the rest one by one."""
    package = _package(drive)
    readings = package.number("Readings") + 1
    hopeless = readings >= ABSENT_TRIES_MAX and package.text("FinalStatus") != NEVER_STARTED
    suspects = [one for one in seen.outcomes if one.suspect or (one.absent and hopeless)]
    done = await complete(services, drive, suspects) if suspects else []
    if not await close_receipts(services, done) or len(done) < len(suspects):
        return  # still reading back: the next step takes the next ones
    left = sum(1 for one in seen.outcomes if one.absent and not one.suspect and not hopeless)
    if left:
        note = history(services, drive, f"{left} not there: sending them again")
        await drive.save_package(Stage=BUILT, Readings=readings, History=note, **_counts(seen.results))
        return
    await _end(services, drive, seen, done)


async def _end(services: Services, drive: Drive, seen: _Seen, done: Sequence[Outcome]) -> None:
    """The end was observed: judge the shifts, end what was told of the package, free the slot."""
    package = _package(drive)
    name = package.text("Package")
    landed = await shifts_landed(services, mapped_shifts(seen.material))
    if not await close_shifts(services, seen.material.shift_rows, landed):
        return
    for flag, code in (("TookLong", "import_takes_long"), ("AnswerLost", "import_answer_lost")):
        if package.flag(flag):
            await end_causes(services, cause(code, name), "settled by reading back")
    if package.number("Failures"):
        await end_causes(services, cause("import_failed", name), "settled by reading back")
    elif drive.slot.number("ReceiptsMax"):
        larger = drive.slot.number("ReceiptsMax") * 2
        await drive.remember(ReceiptsMax=larger if larger < RECEIPTS_MAX else None)
    sent = seen.material.sent_already + sum(1 for one in (*seen.outcomes, *done) if one.sent)
    await drive.save_package(
        Stage=DONE, EndedAt=services.now(), ReadBack=sent, ControlReadBack=_control_of(seen.evidence),
        History=history(services, drive, f"{sent} read back"), **_counts(seen.results),
    )  # fmt: skip
    await drive.free()


def _control_of(evidence: Evidence) -> str:
    """Add up what D365 has of the package, in its sign, to stand beside the control totals it was sent with."""
    own = [header for header in evidence.headers if header.package == evidence.package]
    return control_text(
        {
            HEADERS: {
                "GrossAmount": total(one.gross for one in own), "NetAmount": total(one.net for one in own),
                "PaymentAmount": total(one.payment for one in own), "DiscountAmount": total(one.discount for one in own),
                "IncomeExpenseAmount": total(one.income_expense for one in own),
            }
        }
    )  # fmt: skip


def _counts(results: Sequence[EntityResult]) -> dict[str, str]:
    return {"Entities": json.dumps([asdict(one) for one in results])[:20_000]} if results else {}


def control_text(control: dict[str, dict[str, Decimal]]) -> str:
    """Write a package's control totals: per entity the sums of its amounts, in D365's sign."""
    return json.dumps(
        {label: {name: str(total) for name, total in sums.items()} for label, sums in control.items()}
    )
