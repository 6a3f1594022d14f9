"""Keep what a POS sends, each receipt with its own verdict, durable before it is answered.

Round trips before the answer: note the work (1), write the groups (2), ring (3); one more to read the identities
where some of the receipts had been there before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from shared.errors import (
    RejectedError,
)
from shared.flows.ingesting.settle import Kept, settle, settle_one_by_one, write
from shared.flows.ingesting.unreadable import note_unreadable
from shared.pos.adapter import Adapter, Arrival, localised
from shared.retail.business_day import business_day_of, closing_hour, store_zone
from shared.retail.generation import in_generation, in_its_drawer, is_another_tills
from shared.retail.identity import content_hash
from shared.retail.mapping import Mappings
from shared.retail.reasons import Cause, cause
from shared.retail.rules import Problem, held_because, problems_of
from shared.retail.status import Status
from shared.retail.transaction import Transaction
from shared.services import Services
from shared.settings import Sender
from shared.storage.causes import (
    cause_row,
    fingerprint_of,
    open_causes,
    receipt_member,
)
from shared.storage.due import MAP, STATEMENT, Due, note_again_after, note_due
from shared.storage.heard import heard_rows
from shared.storage.receipts import (
    UNKNOWN_STORE,
    advanced,
    document_fits,
    receipt_rows,
)

RECEIPTS_PER_GROUP = 50  # two rows each, of the 100 a group may hold
GROUP_DOCUMENT_BYTES = 3_000_000  # of the 4 MiB a group may weigh
READ_IN_THREAD_BYTES = 1_000_000  # a larger document would hold up the loop
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one receipt of the call. kept_under: store, account and id that find it; () if it was not kept."""

    index: int
    transaction_id: str
    verdict: str
    kept_under: tuple[str, str, str] | tuple[()] = ()
    problems: tuple[Problem, ...] = ()


async def ingest_transactions(
    services: Services, sender: Sender, adapter: Adapter, body: bytes, *, tell_again: bool = True
) -> list[Verdict]:
    """Read, check and keep the receipts in a document; give a verdict for each, in the order they stand in it.

    tell_again: what cannot be read is told again where a person has ended it; not of what anybody may have sent once more.

    Raises:
        RejectedError: the document as a whole cannot be read; that it came is kept, with a keyed hash of it.
        RetryableError, UnknownOutcomeError: storage did not answer; the sender sends the same again.
    """
    try:
        if len(body) > READ_IN_THREAD_BYTES:
            arrivals = await services.in_thread(adapter.read, body, sender.account)
        else:
            arrivals = adapter.read(body, sender.account)
    except RejectedError as error:
        await note_unreadable(services, sender, [(body, str(error))], tell_again=tell_again)
        raise
    mappings = await _mappings_for(services, arrivals)
    verdicts: list[Verdict] = []
    kept: list[Kept] = []
    for index, arrival in enumerate(arrivals):
        outcome = _judge(services, sender, adapter, mappings, index, arrival)
        if isinstance(outcome, Verdict):
            verdicts.append(outcome)
        else:
            kept.append(outcome)
    refused = [(arrivals[one.index].document, _first_problem(one.problems)) for one in verdicts]
    await note_unreadable(services, sender, refused, tell_again=tell_again)
    await _keep(services, kept)
    verdicts += [_verdict_of(one) for one in kept]
    return sorted(verdicts, key=lambda one: one.index)


async def _mappings_for(services: Services, arrivals: Sequence[Arrival]) -> Mappings:
    """Give the mappings; look again once where a store is not in them."""
    mappings = await services.mappings.at_least(0)
    stores = {one.transaction.store for one in arrivals if one.transaction is not None}
    if any(mappings.store(store) is None for store in stores):
        mappings = await services.mappings.refresh()
    return mappings


def _judge(
    services: Services, sender: Sender, adapter: Adapter, mappings: Mappings, index: int, arrival: Arrival
) -> Verdict | Kept:
    """Decide what to do with one receipt: refuse what cannot be read, hold what is wrong, keep the rest."""
    transaction = arrival.transaction
    if transaction is None:
        return Verdict(index, arrival.transaction_id, REFUSED, problems=_located(index, arrival.problems))
    if not sender.may_send_for(transaction.store):
        problem = Problem("store", "store", "a store of this source account", transaction.store)
        return Verdict(index, transaction.transaction_id, REFUSED, problems=(problem,))
    if not document_fits(arrival.document):
        problem = Problem("size", f"transactions[{index}]", "a receipt of at most 720 kB compressed", "more")
        return Verdict(index, transaction.transaction_id, REFUSED, problems=(problem,))
    transaction, day, problems, why = _placed(sender, mappings, transaction)
    if generation := is_another_tills(mappings, transaction):
        new_id = adapter.id_in(transaction.transaction_id, generation)
        transaction = in_generation(transaction, generation, new_id)
    transaction = in_its_drawer(mappings, transaction)
    received_at = services.now()
    identity, row = receipt_rows(
        transaction,
        day=day,
        document=arrival.document,
        adapter=f"{adapter.name}/{adapter.version}",
        content_hash=content_hash(transaction),
        received_at=received_at,
    )
    if why is not None:
        held = {"Cause": why.code, "CauseValue": why.value, "Fingerprint": fingerprint_of(why)}
        row = advanced(row, Status.HELD, received_at, _first_problem(problems), **held)
    return Kept(index, identity, row, day, problems, why)


def _placed(
    sender: Sender, mappings: Mappings, transaction: Transaction
) -> tuple[Transaction, date, tuple[Problem, ...], Cause | None]:
    """Find a receipt's store and business day, its broken rules, and the cause it is held for, if any."""
    then = transaction.business_day or transaction.completed_at.date()
    store = mappings.store(transaction.store, then) or mappings.store(transaction.store)
    if store is None:
        why = cause("store_unknown", transaction.store)
        problem = Problem("store", "store", "a store in the stores mapping", transaction.store)
        day = transaction.business_day or transaction.completed_at.date()
        return replace(transaction, store=UNKNOWN_STORE), day, (problem,), why
    zone = store_zone(store.time_zone)
    transaction = localised(transaction, zone)
    day = transaction.business_day or business_day_of(
        transaction.completed_at, zone, closing_hour(store.closing_time)
    )
    problems = problems_of(transaction)
    if transaction.currency != store.currency:
        problems = (*problems, Problem("currency", "currency", store.currency, transaction.currency))
    if store.account and store.account != sender.account:
        why = cause("store_wrong_account", store.store)
        problem = Problem(
            "store", "store", f"a store whose source of record is {sender.account}", store.store
        )
        return transaction, day, (*problems, problem), why
    if problems:
        return transaction, day, problems, held_because(problems)
    return transaction, day, (), None


async def _keep(services: Services, kept: Sequence[Kept]) -> None:
    """Note the work and the causes, write every group, ring; then settle what had been there before."""
    if not kept:
        return
    now = services.now()
    dues = [Due(MAP, one.identity.partition, one.business_day, now) for one in kept]
    held = [one for one in kept if one.cause is not None and one.identity.partition != UNKNOWN_STORE]
    compiles = [Due(STATEMENT, one.identity.partition, one.business_day, now) for one in held]
    heard = heard_rows(_tills(kept), now)
    await services.together(
        note_due(services.tables.due, [*dues, *compiles], heard), _open_causes(services, kept)
    )
    first_of = {one.identity.key: one for one in reversed(kept)}
    groups = _groups([one for one in kept if first_of[one.identity.key] is one])
    outcomes = await services.together(*(write(services, group) for group in groups))
    repeated = [group for group, written in zip(groups, outcomes, strict=True) if not written]
    await _note_again(services, [*dues, *compiles], now)
    bells = [
        services.ring(services.queues.mapping_due, key) for key in dict.fromkeys(due.key for due in dues)
    ]
    await services.together(*bells, *(settle(services, group) for group in repeated))
    await settle_one_by_one(services, [one for one in kept if first_of[one.identity.key] is not one])
    await _note_again(services, [*dues, *compiles], now)


def _tills(kept: Sequence[Kept]) -> set[tuple[str, str]]:
    """Give the tills that a call speaks of, by store and terminal."""
    return {
        (one.identity.partition, one.day.text("Terminal"))
        for one in kept
        if one.identity.partition != UNKNOWN_STORE
    }


async def _note_again(services: Services, dues: Sequence[Due], noted_at: datetime) -> None:
    """Before anybody is told that a receipt is kept, be sure that its work is still written down."""
    took = (services.now() - noted_at) / services.clock.speed
    await note_again_after(services.tables.due, dues, took, services.settings.settle_seconds)


def _groups(kept: Sequence[Kept]) -> list[list[Kept]]:
    """Cut receipts into groups of one store, by count and by weight."""
    groups: list[list[Kept]] = []
    by_store: dict[str, list[Kept]] = {}
    for one in kept:
        by_store.setdefault(one.identity.partition, []).append(one)
    for members in by_store.values():
        group: list[Kept] = []
        weight = 0
        for one in members:
            size = sum(len(value) for value in one.day.values.values() if isinstance(value, bytes | str))
            if group and (len(group) >= RECEIPTS_PER_GROUP or weight + size > GROUP_DOCUMENT_BYTES):
                groups.append(group)
                group, weight = [], 0
            group.append(one)
            weight += size
        groups.append(group)
    return groups


async def _open_causes(services: Services, kept: Sequence[Kept]) -> None:
    now = services.now()
    rows = [cause_row(one.cause, receipt_member(one.day), now) for one in kept if one.cause is not None]
    await open_causes(services.tables.causes, rows)


def _verdict_of(one: Kept) -> Verdict:
    row = one.day
    place = (row.partition, row.text("Account"), row.text("TransactionId"))
    return Verdict(one.index, place[2], one.verdict, place, _located(one.index, one.problems))


def _located(index: int, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Say in which receipt of the call a field stands."""
    return tuple(replace(one, field=f"transactions[{index}].{one.field}") for one in problems)


def _first_problem(problems: Sequence[Problem]) -> str:
    if not problems:
        return ""
    first = problems[0]
    return f"{first.rule}: {first.field}: expected {first.expected}, found {first.found}"
