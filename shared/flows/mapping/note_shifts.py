"""Put what is wrong with a store-day's shifts before people as soon as it is seen, and end it when it is mended.

What is open is remembered on a row of the store-day before it is opened, and once more when it is: whoever comes next, after
a death or beside another worker, ends it or opens it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from shared.errors import AlreadyThereError, ChangedMeanwhileError, NotThereError
from shared.retail.business_day import closing_hour, day_ends_at, store_zone
from shared.retail.count_limits import tenders_to_count
from shared.retail.mapped import StoreSetup, statement_at
from shared.retail.mapping import Mappings
from shared.retail.reasons import Cause
from shared.retail.restarts import restarts_of
from shared.retail.shift import Shift
from shared.retail.shift_tiling import Finding, Flaw, Rung, Trading, findings_of
from shared.retail.shift_words import cause_of, is_told
from shared.retail.statement import ReceiptRecord
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import SHIFT, Member, cause_row, end_causes_of, fingerprint_of, open_causes
from shared.storage.keys import join_key, split_key
from shared.storage.protocols import Row
from shared.storage.receipt_record import records_of_day
from shared.storage.shifts import as_shifts, findings_key, shifts_of_two_days

TRIES_MAX = 5
TOLD_MAX = 60  # findings open at once for one store-day; what more there is follows as these end


@dataclass(frozen=True, slots=True)
class _Open:
    """A finding that was put before people: member, since when, its words in short, and whether it is known to be open."""

    name: str
    since: datetime
    digest: str
    is_open: bool


def compiled_as_of(services: Services, store: StoreSetup, day: date) -> datetime:
    """Give the instant as of which a statement judges shifts: the day's end and its grace, whenever it is compiled."""
    return statement_at(store, day, services.settings.grace_minutes)


def judged(
    store: StoreSetup,
    day: date,
    shifts: Sequence[Shift],
    receipts: Iterable[ReceiptRecord],
    mappings: Mappings,
    as_of: datetime,
) -> tuple[Finding, ...]:
    """Judge a store-day's shifts, and the day before's where they reach into it. Its findings only."""
    rung = [one for record in receipts if (one := _rung(record, day)) is not None]
    codes = {code for one in rung for code in one.figures.tenders}
    ends_at = day_ends_at(day, store_zone(store.time_zone), closing_hour(store.closing_time))
    trading = Trading(ends_at, as_of, tenders_to_count(mappings, store, day, codes))
    found = [one for one in findings_of(shifts, rung, trading) if one.day == day]
    return (*found, *restarts_of(rung, day))


def _rung(record: ReceiptRecord, day: date) -> Rung | None:
    is_rung = record.is_receipt and record.is_of_the_till and record.status is not Status.EXCLUDED
    if not is_rung or record.completed_at is None:
        return None
    shift = record.shift if record.till_shift is None else record.till_shift
    drawer, generation = record.drawer_of
    return Rung(
        drawer, shift, record.completed_at, record.label, record.figures, generation, day, record.sequence_number,
        till=record.numbered_by,
    )  # fmt: skip


async def note_shifts_of(
    services: Services, store: StoreSetup, day: date, mappings: Mappings, here: Sequence[ReceiptRecord] | None = None,
    known: Sequence[Shift] | None = None,
) -> None:  # fmt: skip
    """Judge a store-day's shifts as they are now. here: only look closer where these receipts, or its shifts, are at fault.

    known: the shifts of both days, where they were read just now.
    """
    doubt: dict[str, str] | None = {}
    for _ in range(TRIES_MAX):
        shifts = known or as_shifts(await shifts_of_two_days(services.tables.shifts, store.store, day))
        known, now = None, services.now()
        if here is not None and not judged(store, day, shifts, here, mappings, now):
            return
        here = None
        records = await records_of_day(services.tables.transactions, store.store, day)
        findings = judged(store, day, shifts, records, mappings, now)
        doubt = await _note(services, store, day, findings, shifts, doubt or {})
        if doubt is None:
            return
    services.log.warning("what was told of the shifts of %s on %s keeps changing", store.store, day)


async def note_shifts(
    services: Services, store: StoreSetup, day: date, findings: Sequence[Finding], shifts: Sequence[Shift]
) -> None:
    """Put findings before people, and end what is no longer found."""
    doubt: dict[str, str] | None = {}
    for _ in range(TRIES_MAX):
        doubt = await _note(services, store, day, findings, shifts, doubt or {})
        if doubt is None:
            return


async def _note(
    services: Services,
    store: StoreSetup,
    day: date,
    findings: Sequence[Finding],
    shifts: Sequence[Shift],
    doubt: Mapping[str, str],
) -> dict[str, str] | None:
    """Open what is new, end what is over. None when there was nothing to do: what was seen may be old by the time it is told, so
    whoever told something looks again. Else what is in doubt, for another worker was between: it is to be opened or ended again.
    """
    table, causes, key = services.tables.shifts, services.tables.causes, findings_key(store.store, day)
    row = await table.read(store.store, key) or Row(store.store, key, {"Record": "findings"})
    now, before = services.now(), _remembered(row)
    before |= {one: _Open(name, now, "", is_open=False) for one, name in doubt.items()}
    wanted = _wanted(store, day, findings, shifts)
    opening = {
        one: _Open(member.name, before[one].since if one in before else now, _digest(why, member), is_open=False)
        for one, (why, member) in wanted.items()
        if one not in before or not before[one].is_open or before[one].digest != _digest(why, member)
    }  # fmt: skip
    over = {one: was for one, was in before.items() if one not in wanted}
    if not opening and not over:
        return None
    opened = {one: was.name for one, was in opening.items()}
    saved = await _save(services, row, before | opening)
    if saved is None:
        return dict(doubt)
    await open_causes(causes, [cause_row(*wanted[one], was.since) for one, was in opening.items()])
    for one, was in over.items():
        await end_causes_of(causes, store.store, was.name, [one], services.now(), _how(was.name, shifts))
    left = {one: replace(was, is_open=True) for one, was in (before | opening).items() if one not in over}
    return {} if await _save(services, saved, left) is not None else {**doubt, **opened}


def _wanted(
    store: StoreSetup, day: date, findings: Sequence[Finding], shifts: Sequence[Shift]
) -> dict[str, tuple[Cause, Member]]:
    wanted: dict[str, tuple[Cause, Member]] = {}
    zone = store_zone(store.time_zone)
    for finding in (one for one in findings if is_told(one)):
        shift = next((one for one in shifts if _is_about(finding, one)), None)
        why = cause_of(finding, store.store, day, zone, store.currency, shift)
        # the receipts that an overlap holds are members of its cause themselves
        counts = finding.flaw is not Flaw.OVERLAP
        member = Member(
            SHIFT, store.store, join_key(finding.terminal, str(finding.generation), finding.shift, finding.flaw),
            terminal=finding.terminal, business_day=day.isoformat(), receipts=len(finding.receipts) if counts else 0,
            amount=finding.amount if counts else Decimal(0), currency=store.currency,
        )  # fmt: skip
        if len(wanted) < TOLD_MAX:
            wanted.setdefault(fingerprint_of(why), (why, member))
    return wanted


def _is_about(finding: Finding, shift: Shift) -> bool:
    named = (finding.terminal, finding.generation, finding.own_day, finding.shift)
    return named == (shift.terminal, shift.generation, shift.day, shift.shift)


def _how(name: str, shifts: Sequence[Shift]) -> str:
    terminal, generation, shift, _ = split_key(name)
    for one in shifts:
        if (one.terminal, str(one.generation), one.shift) == (terminal, generation, shift):
            if one.ended_by:
                return f"ended by {one.ended_by}"
            if one.closed_at is not None:
                return "closed at the till"
    return "no longer so"


def _digest(why: Cause, member: Member) -> str:
    text = json.dumps([why.texts(), member.receipts, str(member.amount)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _remembered(row: Row) -> dict[str, _Open]:
    return {
        key: _Open(name, datetime.fromisoformat(since), digest, is_open)
        for key, (name, since, digest, is_open) in json.loads(row.text("Open", "{}")).items()
    }


async def _save(services: Services, row: Row, left: dict[str, _Open]) -> Row | None:
    """Save what is open under the row's ETag; None where another worker did meanwhile."""
    text = json.dumps(
        {key: [one.name, one.since.isoformat(), one.digest, one.is_open] for key, one in sorted(left.items())}
    )
    row = row.with_values(Open=text)
    table = services.tables.shifts
    try:
        etag = await table.replace(row, row.etag) if row.etag else await table.insert(row)
    except (AlreadyThereError, ChangedMeanwhileError, NotThereError):
        return None
    return replace(row, etag=etag)
