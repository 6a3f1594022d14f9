"""Keep what a POS sends, each receipt with its own verdict, durable before it is answered.

Round trips before the answer: note the work (1), write the groups (2), ring (3); one more to read the identities
where some of the receipts had been there before.
"""

from __future__ import annotations

import contextlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from shared.errors import (
    AlreadyThereError,
    ChangedMeanwhileError,
    GroupRefusedError,
    NotThereError,
    RejectedError,
)
from shared.pos.adapter import Adapter, Arrival, localised
from shared.retail.business_day import business_day_of, closing_hour, store_zone
from shared.retail.identity import content_hash, revision_is_higher
from shared.retail.mapping import Mappings
from shared.retail.reasons import Cause, cause
from shared.retail.rules import Problem, problems_of
from shared.retail.status import Status
from shared.retail.transaction import Transaction
from shared.services import Services
from shared.settings import Sender
from shared.storage.audit import append_audit
from shared.storage.causes import (
    Member,
    cause_row,
    end_causes_of,
    fingerprint_of,
    open_causes,
    receipt_member,
)
from shared.storage.due import MAP, STATEMENT, Due, note_due
from shared.storage.protocols import Insert, Operation, Replace, Row
from shared.storage.receipts import (
    UNKNOWN_STORE,
    advanced,
    document_fits,
    receipt_label,
    receipt_rows,
)

RECEIPTS_PER_GROUP = 50  # two rows each, of the 100 a group may hold
GROUP_DOCUMENT_BYTES = 3_000_000  # of the 4 MiB a group may weigh
READ_IN_THREAD_BYTES = 1_000_000  # a larger document would hold up the loop
ACCEPTED, DUPLICATE, CONFLICT, HELD, REFUSED = "accepted", "duplicate", "conflict", "held", "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one receipt of the call. kept_under: store, account and id that find it; () if it was not kept."""

    index: int
    transaction_id: str
    verdict: str
    kept_under: tuple[str, str, str] | tuple[()] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Kept:
    """A receipt on its way into the table."""

    index: int
    identity: Row
    day: Row
    business_day: date
    problems: tuple[Problem, ...]
    cause: Cause | None
    verdict: str = ""


async def ingest_transactions(
    services: Services, sender: Sender, adapter: Adapter, body: bytes
) -> list[Verdict]:
    """Read, check and keep the receipts in a document; give a verdict for each, in the order they stand in it.

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
        await _note_unreadable(services, sender, [(body, str(error))])
        raise
    mappings = await _mappings_for(services, arrivals)
    verdicts: list[Verdict] = []
    kept: list[_Kept] = []
    for index, arrival in enumerate(arrivals):
        outcome = _judge(services, sender, adapter, mappings, index, arrival)
        if isinstance(outcome, Verdict):
            verdicts.append(outcome)
        else:
            kept.append(outcome)
    refused = [(arrivals[one.index].document, _first_problem(one.problems)) for one in verdicts]
    await _note_unreadable(services, sender, refused)
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
) -> Verdict | _Kept:
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
    return _Kept(index, identity, row, day, problems, why)


def _placed(
    sender: Sender, mappings: Mappings, transaction: Transaction
) -> tuple[Transaction, date, tuple[Problem, ...], Cause | None]:
    """Find a receipt's store and business day, its broken rules, and the cause it is held for, if any."""
    store = mappings.store(transaction.store)
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
        return (
            transaction,
            day,
            problems,
            cause("does_not_balance", problems[0].rule, problem=problems[0].told),
        )
    return transaction, day, (), None


async def _keep(services: Services, kept: Sequence[_Kept]) -> None:
    """Note the work and the causes, write every group, ring; then settle what had been there before."""
    if not kept:
        return
    now = services.now()
    dues = [Due(MAP, one.identity.partition, one.business_day, now) for one in kept]
    held = [one for one in kept if one.cause is not None and one.identity.partition != UNKNOWN_STORE]
    compiles = [Due(STATEMENT, one.identity.partition, one.business_day, now) for one in held]
    await services.together(note_due(services.tables.due, [*dues, *compiles]), _open_causes(services, kept))
    first_of = {one.identity.key: one for one in reversed(kept)}
    groups = _groups([one for one in kept if first_of[one.identity.key] is one])
    outcomes = await services.together(*(_write(services, group) for group in groups))
    repeated = [group for group, written in zip(groups, outcomes, strict=True) if not written]
    bells = [
        services.ring(services.queues.mapping_due, key) for key in dict.fromkeys(due.key for due in dues)
    ]
    await services.together(*bells, *(_settle(services, group) for group in repeated))
    await _settle_one_by_one(services, [one for one in kept if first_of[one.identity.key] is not one])


def _groups(kept: Sequence[_Kept]) -> list[list[_Kept]]:
    """Cut receipts into groups of one store, by count and by weight."""
    groups: list[list[_Kept]] = []
    by_store: dict[str, list[_Kept]] = {}
    for one in kept:
        by_store.setdefault(one.identity.partition, []).append(one)
    for members in by_store.values():
        group: list[_Kept] = []
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


async def _write(services: Services, group: Sequence[_Kept]) -> bool:
    """Write a group of new receipts, all or nothing; False when one of them had been there before."""
    operations: list[Operation] = [
        insert for one in group for insert in (Insert(one.identity), Insert(one.day))
    ]
    try:
        await services.tables.transactions.write_group(operations)
    except GroupRefusedError as error:
        if not isinstance(error.cause, AlreadyThereError):
            raise
        return False
    for one in group:
        one.verdict = HELD if one.problems else ACCEPTED
    return True


async def _settle(services: Services, group: Sequence[_Kept]) -> None:
    """Sort out a group in which something had been there before: read the identities, write only what is new."""
    table = services.tables.transactions
    found = await services.together(*(table.read(one.identity.partition, one.identity.key) for one in group))
    new: list[_Kept] = []
    for one, identity in zip(group, found, strict=True):
        if identity is None:
            new.append(one)
        elif identity.text("ContentHash") == one.identity.text("ContentHash"):
            one.verdict = DUPLICATE
        else:
            await _settle_other_content(services, one, identity)
    if new and not await _write(services, new):
        await _settle_one_by_one(services, new)


async def _settle_one_by_one(services: Services, rest: Sequence[_Kept]) -> None:
    """Write receipts singly, where another call got some of them in meanwhile or the call holds one twice."""
    table = services.tables.transactions
    for one in rest:
        if await _write(services, [one]):
            continue
        identity = await table.read(one.identity.partition, one.identity.key)
        if identity is not None and identity.text("ContentHash") != one.identity.text("ContentHash"):
            await _settle_other_content(services, one, identity)
        else:
            one.verdict = DUPLICATE


async def _settle_other_content(services: Services, one: _Kept, identity: Row) -> None:
    """Same key, other content: a higher revision replaces what was not sent; anything else is a conflict, both kept."""
    table = services.tables.transactions
    first = await table.read(identity.partition, identity.text("DayKey"))
    if first is not None and _may_replace(one, identity, first):
        day = one.day.with_values(History=f"{first.text('History')}\n{one.day.text('History')} (revision)")
        operations: list[Operation] = [Replace(one.identity, identity.etag)]
        if day.key == first.key:
            operations.append(Replace(day, first.etag))
            try:
                await table.write_group(operations)
            except GroupRefusedError as error:
                if not isinstance(error.cause, ChangedMeanwhileError | NotThereError):
                    raise
            else:
                one.verdict = HELD if one.problems else ACCEPTED
                await _end_older_causes(services, one, first)
                return
    await _keep_conflict(services, one, first)


async def _end_older_causes(services: Services, one: _Kept, first: Row) -> None:
    """The version that was held is gone: end what held it, unless it holds the new one too."""
    held = json.loads(first.text("Fingerprints", "[]")) or [first.text("Fingerprint")]
    over = [fingerprint for fingerprint in held if fingerprint and fingerprint != one.day.text("Fingerprint")]
    name = receipt_member(first).name
    how = "replaced by a newer revision"
    await end_causes_of(services.tables.causes, first.partition, name, over, services.now(), how)


def _may_replace(one: _Kept, identity: Row, first: Row) -> bool:
    unsent = first.text("Status") in (Status.RECEIVED, Status.WAITING, Status.HELD, Status.MAPPED)
    was_packaged = bool(first.text("Package"))
    newer = revision_is_higher(one.identity.text("Revision"), identity.text("Revision"))
    return unsent and not was_packaged and newer


async def _keep_conflict(services: Services, one: _Kept, first: Row | None) -> None:
    """Keep the second version beside the first, and show both to a person. The first one counts."""
    digest = one.identity.text("ContentHash").rpartition(":")[2][:24]
    second = replace(one.day, key=f"conflict{one.day.key.removeprefix('day')}~{digest}", etag="")
    label = receipt_label(one.day)
    why = cause("content_conflict", label)
    await open_causes(
        services.tables.causes,
        [cause_row(why, replace(receipt_member(one.day), name=f"conflict {label} {digest}"), services.now())],
    )
    with contextlib.suppress(AlreadyThereError):  # the same second version came again
        await services.tables.transactions.insert(
            second.with_values(Record="conflict", DayKey=first.key if first else None)
        )
    one.verdict = CONFLICT


async def _open_causes(services: Services, kept: Sequence[_Kept]) -> None:
    now = services.now()
    rows = [cause_row(one.cause, receipt_member(one.day), now) for one in kept if one.cause is not None]
    await open_causes(services.tables.causes, rows)


def _verdict_of(one: _Kept) -> Verdict:
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


async def _note_unreadable(
    services: Services, sender: Sender, documents: Sequence[tuple[bytes, str]]
) -> None:
    """Keep that something came which cannot be read: sender, time, length, reason and a keyed hash, never its bytes."""
    if not documents:
        return
    now, rows = services.now(), []
    for document, why in documents:
        digest = hmac.new(services.settings.keyed_hash_secret.encode(), document, "sha256").hexdigest()
        problem = cause("cannot_be_read", sender.account, problem=why[:300])
        member = Member(what="document", store="", name=digest[:32], account=sender.account, receipts=0)
        rows.append(cause_row(problem, member, now).with_values(Bytes=len(document), KeyedHash=digest))
    await open_causes(services.tables.causes, rows)
    evidence = "; ".join(f"{row.number('Bytes')} bytes, keyed hash {row.text('KeyedHash')}" for row in rows)
    did = f"sent {len(rows)} that cannot be read" if len(rows) > 1 else "sent what cannot be read"
    await append_audit(
        services.tables.audit, sender.account, now, who=sender.account, did=did, reason=documents[0][1],
        evidence=evidence,
    )  # fmt: skip
