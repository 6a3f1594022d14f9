"""Complete receipts that landed half, or that packages cannot carry: each in one atomic changeset of what D365 lacks.

What D365 has is read first, every time: the same step after a crash, or after an answer that got lost, writes only what is
still missing. Nothing that is there is written again, and nothing is added to a receipt that D365 has posted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shared.d365.batch import ChangesetResult, without_a_set
from shared.d365.batch import Outcome as Written
from shared.d365.compare import Gaps, gaps_of
from shared.d365.records import HeaderRow
from shared.d365.rows import transaction_rows
from shared.errors import RetryableError, UnknownOutcomeError
from shared.flows.posting.read_back import Outcome, changed_cause, refusal_cause
from shared.flows.posting.slot import Drive
from shared.flows.posting.trouble import history
from shared.retail.mapped import D365Key
from shared.retail.mapping import SENT_KINDS
from shared.services import Services

COMPLETED_AT_ONCE = 200
CHANGESETS_A_CALL = 20  # with at most 200 rows, as an integration in production does (D365 facts §5, INT-A)
ROWS_A_CALL = 200
BUSY_TRIES_MAX = 10
BUSY_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Plan:
    outcome: Outcome
    header: HeaderRow | None
    gaps: Gaps


async def complete(services: Services, drive: Drive, suspects: Sequence[Outcome]) -> list[Outcome]:
    """Say of each suspect whether D365 has it whole by now, having written what was missing; or why it is held.

    At most `COMPLETED_AT_ONCE` are looked at; those that are left out come with the next step.

    Raises:
        RetryableError: D365 was busy with some, or an answer got lost: what it has must be read again, later.
    """
    package = drive.package.text("Package") if drive.package else ""
    plans = await _plans(services, package, suspects[:COMPLETED_AT_ONCE])
    lacking = [plan for plan in plans if plan.gaps.missing and not _is_closed(plan)]
    if not lacking:
        return [_judged(plan) for plan in plans]
    note = f"completing {len(lacking)} receipts by changeset"
    await drive.save_package(History=history(services, drive, note))
    refused = await _write(services, drive, lacking)
    written = {plan.outcome.mapped.key for plan in lacking}
    again = await _plans(services, package, [plan.outcome for plan in lacking])
    rest = [plan for plan in plans if plan.outcome.mapped.key not in written]
    judged = [_judged(_believed(plan, refused), refused) for plan in again]
    return [*(_judged(plan, refused) for plan in rest), *judged]


def _believed(plan: _Plan, refused: Mapping[D365Key, ChangesetResult]) -> _Plan:
    """What D365 shows nobody is believed where its changeset was taken, since that lands whole or not at all."""
    mapped = plan.outcome.mapped
    is_shown = mapped.transaction.kind in SENT_KINDS
    if is_shown or plan.header is None or mapped.key in refused:
        return plan
    return replace(plan, gaps=Gaps({}))


async def _plans(services: Services, package: str, suspects: Sequence[Outcome]) -> list[_Plan]:
    keys = [one.mapped.key for one in suspects]
    headers = {header.key: header for header in await services.d365.headers_by_key(keys)}
    children = await services.d365.children_by_key(keys)
    return [
        _Plan(
            one, headers.get(one.mapped.key),
            gaps_of(transaction_rows(one.mapped, package), headers.get(one.mapped.key), children[one.mapped.key]),
        )
        for one in suspects
    ]  # fmt: skip


def _is_closed(plan: _Plan) -> bool:
    """Say whether nothing may be written: it differs, D365 has posted it, or it can go by data package only."""
    is_posted = plan.header is not None and plan.header.status == "Posted"
    return bool(plan.gaps.differing) or is_posted or bool(without_a_set(plan.gaps.missing))


async def _write(
    services: Services, drive: Drive, plans: Sequence[_Plan]
) -> Mapping[D365Key, ChangesetResult]:
    """Write what is missing, one changeset a receipt; give what D365 refused, by key."""
    results: dict[D365Key, ChangesetResult] = {}
    for portion in _portions(plans):
        await drive.renew()
        try:
            found = await services.d365.write_changesets([plan.gaps.missing for plan in portion])
        except UnknownOutcomeError as error:
            raise RetryableError(
                "an answer got lost while receipts were completed: D365 is asked what it has"
            ) from error
        results |= {plan.outcome.mapped.key: one for plan, one in zip(portion, found, strict=True)}
    await _wait_while_busy(drive, list(results.values()))
    return {key: one for key, one in results.items() if one.outcome is not Written.CREATED}


async def _wait_while_busy(drive: Drive, results: Sequence[ChangesetResult]) -> None:
    tries = (drive.package.number("BusyTries") if drive.package else 0) + 1
    unsettled = any(one.outcome in (Written.BUSY, Written.UNKNOWN) for one in results)
    if not unsettled or tries > BUSY_TRIES_MAX:
        return
    await drive.save_package(BusyTries=tries)
    pause = max([BUSY_PAUSE_SECONDS, *(one.wait_seconds or 0.0 for one in results)])
    raise RetryableError("D365 was busy with receipts that were to be completed", wait_seconds=pause)


def _portions(plans: Sequence[_Plan]) -> list[list[_Plan]]:
    portions: list[list[_Plan]] = []
    rows = 0
    for plan in plans:
        count = sum(len(some) for some in plan.gaps.missing.values())
        if not portions or len(portions[-1]) >= CHANGESETS_A_CALL or rows + count > ROWS_A_CALL:
            portions.append([])
            rows = 0
        portions[-1].append(plan)
        rows += count
    return portions


def _judged(plan: _Plan, refused: Mapping[D365Key, ChangesetResult] | None = None) -> Outcome:
    """Believe only what was read: whole is sent; what differs is told; what is still lacking was refused, in D365's words."""
    row, mapped, header = plan.outcome.row, plan.outcome.mapped, plan.header
    if plan.gaps.is_whole:
        return Outcome(row, mapped, sent=True, header=header)
    if plan.gaps.differing:
        return Outcome(row, mapped, held_for=changed_cause(row, plan.gaps.differing), header=header)
    if header is not None and header.status == "Posted":
        lacking = ", ".join(f"{len(rows)} of {label}" for label, rows in plan.gaps.missing.items())
        why = changed_cause(row, f"posted there without {lacking}")
        return Outcome(row, mapped, held_for=why, header=header)
    unsendable = without_a_set(plan.gaps.missing)
    if unsendable:
        words = f"D365 did not take {', '.join(unsendable)} from the data package, and no other way is open"
        return Outcome(row, mapped, held_for=refusal_cause(words), header=header)
    result = (refused or {}).get(mapped.key)
    words = (
        result.text
        if result is not None and result.text
        else "D365 took the receipt's rows and does not have them"
    )
    return Outcome(row, mapped, held_for=refusal_cause(words), header=header)
