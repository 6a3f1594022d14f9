"""Map what a store-day has received: shifts first, then every receipt, each on its own; what cannot go on is held.

The run is for one store-day, so that two of its receipts never wait for each other and neighbours never do at all.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from shared.d365.row_rules import broken_rules
from shared.d365.rows import transaction_rows
from shared.errors import (
    RejectedError,
)
from shared.flows.mapping.held_by_reference import note_held
from shared.flows.mapping.keep_shifts import keep_shifts
from shared.flows.mapping.late import note_late_receipts, posted_by_policy, posts_on, told_late
from shared.flows.mapping.look_alikes import look_alikes
from shared.flows.mapping.new_tills import move_to_new_tills
from shared.flows.mapping.note_shifts import note_shifts_of
from shared.flows.mapping.save import hold_all, save
from shared.flows.mapping.with_returns import Outcome, Read, Waits, note_waiting, waiting, with_returns
from shared.flows.posting.corrections import (
    corrected,
    linked_as_kept,
    replaced_originals,
    shifts_for,
)
from shared.flows.posting.kept import read_kept
from shared.flows.posting.office import office_of
from shared.pos.adapter import localised
from shared.retail.business_day import closing_hour, day_ends_at, store_zone
from shared.retail.cash_office import BY_HAND_KINDS, CashOffice
from shared.retail.d365_rules import cause_of
from shared.retail.mapped import MappedTransaction, StoreSetup, statement_at
from shared.retail.mapping import NEVER_SENT, SENT_KINDS, Mappings, map_transaction, other_days
from shared.retail.reasons import Cause, cause
from shared.retail.rules import held_because, problems_of
from shared.retail.shift import Shift
from shared.retail.shift_events import is_about_a_shift
from shared.retail.status import Status
from shared.retail.transaction import Kind, TillStatus, Transaction
from shared.services import Services
from shared.storage.amendments import as_amended
from shared.storage.causes import (
    cause_row,
    end_causes_of,
    fingerprint_of,
    open_causes,
    receipt_member,
)
from shared.storage.corrections import CORRECTION, mapped_for_day, version_of
from shared.storage.due import (
    POST,
    STATEMENT,
    Due,
    due_from,
    finish_due,
    finish_or_rest,
    is_in_part,
    note_again_after,
    note_due,
    read_due,
)
from shared.storage.protocols import Row
from shared.storage.receipt_record import record_of
from shared.storage.receipts import advanced, receipts_of_day
from shared.storage.statements import statement_key

ROWS_PER_RUN_MAX = 1_000  # a run stays well within the time in which its due row may not be deleted


async def map_transactions(services: Services, key: str) -> int:
    """Map one store-day's received transactions; give how many moved on. Runs twice without effect."""
    due_row = await read_due(services.tables.due, key)
    if due_row is None:
        return 0
    due = due_from(due_row)
    mappings = await services.mappings.at_least(due.mapping_version)
    received = await receipts_of_day(services.tables.transactions, due.store, due.day, Status.RECEIVED)
    store = mappings.store(due.store, due.day)
    if store is not None and await move_to_new_tills(services, store, due.day, mappings, received):
        received = await receipts_of_day(services.tables.transactions, due.store, due.day, Status.RECEIVED)
    rows = [row for row in received if is_in_part(due_row, row.key)]
    moved = await _map_rows(services, due, mappings, rows[:ROWS_PER_RUN_MAX]) if rows else 0
    if len(rows) > ROWS_PER_RUN_MAX:
        await services.ring(services.queues.mapping_due, key)
    elif moved == len(rows):
        settle = services.settings.settle_seconds
        if rows or due.next_try <= services.now():
            await finish_or_rest(services.tables.due, due_row, settle, services.rested_at())
        else:  # nobody has written it since it was left to rest: it rests as it is
            await finish_due(services.tables.due, due_row, settle)
    return moved


async def _map_rows(services: Services, due: Due, mappings: Mappings, rows: Sequence[Row]) -> int:
    store = mappings.store(due.store, due.day)
    if store is None:
        words = other_days(mappings, due.day, "stores", due.store)
        return await hold_all(services, rows, cause("store_unknown", due.store, **words))
    read, unreadable = _read_rows(rows, store)
    read = [await _with_originals(services, one) for one in read]
    rung_up = [one.transaction for one in read if not one.row.text(CORRECTION)]
    known = await keep_shifts(services, store, due.day, rung_up)
    shifts = [one for one in known if one.day == due.day]
    await _judge_shifts(services, store, due.day, mappings, read, known)
    office = office_of(services.settings.d365)
    mappings = await _newest_mappings(services, mappings, read, shifts, office)
    begun_at = services.now()
    dues = await _note_work_ahead(services, store, due.day, read)
    moved = await hold_all(
        services, unreadable, cause("cannot_be_read", due.store, problem="the kept document")
    )
    alike = await look_alikes(services, mappings, store, due.day, [one.row for one in read])
    alone = [(one, alike.get(one.row.key) or _decided(one, mappings, shifts, office)) for one in read]
    decided = await with_returns(services, mappings, alone)
    dues += await note_waiting(services, store.store, due.day, decided)
    await _open_causes(services, decided)
    await note_late_receipts(
        services, [(one.row, outcome) for one, outcome in decided if not isinstance(outcome, Waits)]
    )
    compiled_at = await _first_compiled_at(services, store, due.day)
    next_rows = [_moved_on(services, one, outcome, mappings, compiled_at) for one, outcome in decided]
    saved = await save(services, next_rows)
    took = (services.now() - begun_at) / services.clock.speed
    await note_again_after(services.tables.due, dues, took, services.settings.settle_seconds)
    await _end_causes_that_are_over(services, read, next_rows, saved)
    return moved + len(saved)


async def _judge_shifts(
    services: Services,
    store: StoreSetup,
    day: date,
    mappings: Mappings,
    read: Sequence[Read],
    known: Sequence[Shift],
) -> None:
    """Tell what is wrong with shifts as soon as it arrives: all of the day's where a till told of one, else these receipts."""
    told = any(is_about_a_shift(one.transaction) for one in read)
    here = None if told else [record_of(one.row) for one in read]
    await note_shifts_of(services, store, day, mappings, here, known)
    if told and services.now() >= day_ends_at(
        day, store_zone(store.time_zone), closing_hour(store.closing_time)
    ):
        await note_shifts_of(services, store, day + timedelta(days=1), mappings)


def _read_rows(rows: Sequence[Row], store: StoreSetup) -> tuple[list[Read], list[Row]]:
    """Read each kept document again with its adapter, its times in the store's zone."""
    zone = store_zone(store.time_zone)
    read: list[Read] = []
    unreadable: list[Row] = []
    for row in rows:
        transaction = read_kept(row)
        if transaction is None:
            unreadable.append(row)
        else:
            transaction = localised(replace(transaction, store=row.partition), zone)
            read.append(Read(row, as_amended(row, transaction), transaction))
    return read, unreadable


async def _with_originals(services: Services, one: Read) -> Read:
    """Point returned lines at the receipts that stand today, where the ones they name were replaced."""
    replaced = await replaced_originals(services, one.row, one.transaction)
    if replaced is None:
        return one
    row = one.row.with_values(OriginalsReplaced=replaced)
    return replace(one, row=row, transaction=linked_as_kept(row, one.transaction))


def _decided(
    one: Read, mappings: Mappings, shifts: Sequence[Shift], office: CashOffice
) -> MappedTransaction | tuple[Cause, ...] | str:
    """Decide about one receipt; a replacement is mapped for its original's day and keeps its shift."""
    as_mapped = mappings.at_version(version_of(one.row, mappings.version))
    outcome = _decide(
        one.transaction, mapped_for_day(one.row), as_mapped, shifts_for(one.row, shifts), office
    )
    if not isinstance(outcome, MappedTransaction):
        return outcome
    outcome = corrected(one.row.with_values(PostsOn=None), outcome)
    return _fits_d365(posted_by_policy(outcome, mappings), mappings)


def _decide(
    transaction: Transaction, day: date, mappings: Mappings, shifts: Sequence[Shift], office: CashOffice
) -> MappedTransaction | tuple[Cause, ...] | str:
    """Say what becomes of a transaction: mapped, held for causes, or excluded with the reason in words."""
    store = mappings.store(transaction.store, day)
    if store is not None and store.account and store.account != transaction.account:
        return (cause("store_wrong_account", store.store),)
    if transaction.training:
        return "a training receipt"
    if transaction.status is not TillStatus.COMPLETED:
        return f"{transaction.status.lower()} at the till"
    is_sent = transaction.kind in SENT_KINDS or office.takes(transaction)
    if transaction.kind in NEVER_SENT and not is_sent:
        return _why_not_sent(transaction)
    if not is_sent:
        return (cause("kind_not_supported", transaction.kind),)
    problems = problems_of(transaction)
    if problems:
        return (held_because(problems),)
    return map_transaction(transaction, day, mappings, shifts)


def _why_not_sent(transaction: Transaction) -> str:
    words = transaction.kind.replace("_", " ").lower()
    if transaction.kind in BY_HAND_KINDS:
        return f"{words}: kept here, not sent to D365; finance enters it there by hand"
    return f"{words}: counted, not sent to D365"


def _fits_d365(mapped: MappedTransaction, mappings: Mappings) -> MappedTransaction | tuple[Cause, ...]:
    """Judge the rows that would go, by D365's own rules and its reference data, before anything is sent."""
    try:
        rows = transaction_rows(mapped, "")
    except RejectedError as error:
        return (cause("does_not_fit_d365", f"{error.field}: {error}"[:200]),)
    if mapped.transaction.kind not in SENT_KINDS:
        return mapped  # D365 validates nothing of the cash office (D365 facts §3.3)
    return tuple(cause_of(one) for one in broken_rules(rows, mapped.store, mappings)) or mapped


async def _newest_mappings(
    services: Services,
    mappings: Mappings,
    read: Sequence[Read],
    shifts: Sequence[Shift],
    office: CashOffice,
) -> Mappings:
    """Before anything is held for a missing mapping, look once whether somebody has mapped it meanwhile."""
    for one in read:
        if isinstance(_decided(one, mappings, shifts, office), tuple):
            return await services.mappings.refresh()
    return mappings


async def _note_work_ahead(
    services: Services, store: StoreSetup, day: date, read: Sequence[Read]
) -> list[Due]:
    """Write down that the store-day will have something to post, and a statement after its end."""
    ready_at = max(statement_at(store, day, services.settings.grace_minutes), services.now())
    dues = [Due(STATEMENT, store.store, day, ready_at)]
    office = office_of(services.settings.d365)
    kinds = SENT_KINDS | {Kind.SHIFT_CLOSE}
    if any(one.transaction.kind in kinds or office.takes(one.transaction) for one in read):
        dues.append(Due(POST, store.store, day, services.now()))
    await note_due(services.tables.due, dues)
    return dues


async def _first_compiled_at(services: Services, store: StoreSetup, day: date) -> datetime | None:
    """Give when the store-day was first compiled; looked up only once its end and grace have passed."""
    if services.now() < statement_at(store, day, services.settings.grace_minutes):
        return None
    row = await services.tables.statements.read(store.store, statement_key(store.store, day))
    return row.instant("FirstCompiledAt") if row is not None else None


def _moved_on(
    services: Services,
    one: Read,
    outcome: Outcome,
    mappings: Mappings,
    compiled_at: datetime | None,
) -> Row:
    """Give the row's next state. Late: it arrived after its store-day had first been compiled."""
    now = services.now()
    is_late = compiled_at is not None and one.row.instant("ReceivedAt") > compiled_at
    if is_late and not one.row.text(CORRECTION):
        one = replace(one, row=one.row.with_values(Late=True))
    if isinstance(outcome, str):
        return advanced(one.row, Status.EXCLUDED, now, outcome, ExcludedBecause=outcome)
    if isinstance(outcome, Waits):
        return waiting(one.row, outcome, now)
    if isinstance(outcome, tuple):
        first = outcome[0]
        held = {"Cause": first.code, "CauseValue": first.value, "Fingerprint": fingerprint_of(first)}
        every = json.dumps([fingerprint_of(why) for why in outcome])
        return advanced(one.row, Status.HELD, now, f"{first.code} {first.value}", Fingerprints=every, **held)
    frozen = one.row.text("LegalEntity") if one.row.text("D365Number") else ""
    changes = {
        "Fingerprints": None,
        "Cause": None,
        "CauseValue": None,
        "Fingerprint": None,
        "WaitsSince": None,
        "LegalEntity": frozen or outcome.key.legal_entity,
        "PostsOn": posts_on(one.row, outcome),
    }
    version = version_of(one.row, mappings.version)
    counted = {
        "MappingVersion": version,
        "D365Rows": _d365_rows(outcome),
        "ShiftNumber": outcome.shift_number,
    }
    note = f"with mappings {version}{told_late(one.row, outcome)}"
    told = one.transaction.shift or ""
    till_shift = told if told != outcome.shift and not one.row.text(CORRECTION) else None
    return advanced(
        one.row, Status.MAPPED, now, note, Shift=outcome.shift, TillShift=till_shift, **counted, **changes
    )


def _d365_rows(mapped: MappedTransaction) -> int:
    """Count the rows a receipt takes in a package."""
    lines = mapped.transaction.lines
    return 1 + len(lines) + len(mapped.tenders) + sum(len(line.taxes) + len(line.discounts) for line in lines)


async def _end_causes_that_are_over(
    services: Services, read: Sequence[Read], next_rows: Sequence[Row], saved: Collection[str]
) -> None:
    """A receipt that had been held for several causes: end those that no longer hold it. Not of one that somebody else moved."""
    for one, row in zip(read, next_rows, strict=True):
        if row.key not in saved:
            continue
        before = json.loads(one.row.text("Fingerprints", "[]"))
        over = set(before) - set(json.loads(row.text("Fingerprints", "[]")))
        name = receipt_member(row).name
        await end_causes_of(
            services.tables.causes, row.partition, name, sorted(over), services.now(), "no longer holds it"
        )


async def _open_causes(services: Services, decided: Sequence[tuple[Read, Outcome]]) -> None:
    now = services.now()
    whys = [(one, why) for one, outcome in decided if isinstance(outcome, tuple) for why in outcome]
    await note_held(services, (why for _, why in whys))
    rows = [cause_row(why, receipt_member(one.row), now) for one, why in whys]
    await open_causes(services.tables.causes, rows)
