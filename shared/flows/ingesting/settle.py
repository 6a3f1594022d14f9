"""Write receipts in groups, and settle what had been there before: the same, another version, or a newer revision."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from shared.errors import AlreadyThereError, ChangedMeanwhileError, GroupRefusedError, NotThereError
from shared.flows.ingesting.erased import as_erased, erase_behind, is_the_same
from shared.flows.ingesting.revisions import replacement, revision_seen
from shared.retail.business_day import store_zone
from shared.retail.identity import revision_is_higher
from shared.retail.reasons import Cause, cause
from shared.retail.restarts import is_another_receipt
from shared.retail.rules import Problem
from shared.retail.shift_words import maybe_replaced
from shared.services import Services
from shared.storage.causes import (
    OPEN,
    TERMINAL,
    Member,
    cause_row,
    causes_of,
    end_cause_rows,
    open_causes,
    receipt_member,
)
from shared.storage.due import STATEMENT, Due, note_due
from shared.storage.erasures import is_erased
from shared.storage.protocols import Insert, Operation, Row
from shared.storage.receipts import receipt_label

ACCEPTED, DUPLICATE, CONFLICT, HELD = "accepted", "duplicate", "conflict", "held"


@dataclass(slots=True)
class Kept:
    """A receipt on its way into the table."""

    index: int
    identity: Row
    day: Row
    business_day: date
    problems: tuple[Problem, ...]
    cause: Cause | None
    verdict: str = ""


async def write(services: Services, group: Sequence[Kept]) -> bool:
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


async def settle(services: Services, group: Sequence[Kept]) -> None:
    """Sort out a group in which something had been there before: read the identities, write only what is new."""
    table = services.tables.transactions
    found = await services.together(*(table.read(one.identity.partition, one.identity.key) for one in group))
    new: list[Kept] = []
    for one, identity in zip(group, found, strict=True):
        if identity is None:
            new.append(one)
        else:
            await _settle_known(services, one, identity)
    if new and not await write(services, new):
        await settle_one_by_one(services, new)


async def settle_one_by_one(services: Services, rest: Sequence[Kept]) -> None:
    """Write receipts singly, where another call got some of them in meanwhile or the call holds one twice."""
    table = services.tables.transactions
    for one in rest:
        if await write(services, [one]):
            continue
        identity = await table.read(one.identity.partition, one.identity.key)
        if identity is None:
            one.verdict = DUPLICATE
        else:
            await _settle_known(services, one, identity)


async def _settle_known(services: Services, one: Kept, identity: Row) -> None:
    """A receipt that was here before: the same is nothing new, nor is a revision that a newer one has overtaken."""
    revision, known = one.identity.text("Revision"), revision_seen(identity)
    if is_erased(identity):
        one.identity, one.day = await as_erased(services, identity, one.identity, one.day)
    if is_the_same(identity, one.identity):
        one.verdict = DUPLICATE
        if known and revision_is_higher(revision, known):
            await _remember_revision(services, identity, revision)
    elif revision and revision_is_higher(known, revision):
        one.verdict = DUPLICATE
    else:
        await _settle_other_content(services, one, identity)


async def _remember_revision(services: Services, identity: Row, revision: str) -> None:
    """A newer revision that says the same changes nothing; but what came before it can no longer replace anything."""
    with contextlib.suppress(ChangedMeanwhileError, NotThereError):
        await services.tables.transactions.replace(identity.with_values(RevisionSeen=revision), identity.etag)


async def _settle_other_content(services: Services, one: Kept, identity: Row) -> None:
    """Same key, other content: a higher revision replaces what was not sent; anything else is a conflict, both kept."""
    table = services.tables.transactions
    first = await table.read(identity.partition, identity.text("DayKey"))
    if first is not None and is_erased(first) and not is_erased(identity):
        one.identity, one.day = await as_erased(services, first, one.identity, one.day)
        if is_the_same(first, one.identity):
            one.verdict = DUPLICATE
            return
    writes = (
        await replacement(services, one.identity, one.day, identity, first) if first is not None else None
    )
    if first is not None and writes is not None:
        told = await _older_causes(services, one, first)
        try:
            await table.write_group(writes)
        except GroupRefusedError as error:
            if not isinstance(error.cause, AlreadyThereError | ChangedMeanwhileError | NotThereError):
                raise
        else:
            one.verdict = HELD if one.problems else ACCEPTED
            how = "replaced by a newer revision"
            await end_cause_rows(services.tables.causes, told, services.now(), how)
            return
    await _keep_conflict(services, one, first)


async def _older_causes(services: Services, one: Kept, first: Row) -> list[Row]:
    """Read what holds the version that is to be replaced, but for what holds the new one too. Before it is: once it is there, it
    may be mapped, and held for the same again.
    """
    held = json.loads(first.text("Fingerprints", "[]")) or [first.text("Fingerprint")]
    over = [fingerprint for fingerprint in held if fingerprint and fingerprint != one.day.text("Fingerprint")]
    return await causes_of(services.tables.causes, first.partition, receipt_member(first).name, over)


async def _keep_conflict(services: Services, one: Kept, first: Row | None) -> None:
    """Keep the second version beside the first, and show both to a person once. The first one counts."""
    one.verdict = CONFLICT
    digest = one.identity.text("ContentHash").rpartition(":")[2][:24]
    second = replace(one.day, key=f"conflict{one.day.key.removeprefix('day')}~{digest}", etag="")
    if await services.tables.transactions.read(second.partition, second.key) is not None:
        await erase_behind(services, one.identity, second.key)
        return  # the same second version came again
    label = receipt_label(one.day)
    why = cause("content_conflict", label)
    member = replace(receipt_member(one.day), name=f"conflict {label} {digest}")
    await open_causes(services.tables.causes, [cause_row(why, member, services.now())])
    await _mark_conflict(services, first)
    if first is not None and is_another_receipt(first.instant("CompletedAt"), one.day.instant("CompletedAt")):
        await _propose_new_till(services, first, one.day)
    with contextlib.suppress(AlreadyThereError):  # another call was quicker with the same version
        await services.tables.transactions.insert(
            second.with_values(Record="conflict", DayKey=first.key if first else None)
        )
    await erase_behind(services, one.identity, second.key)


async def _mark_conflict(services: Services, first: Row | None) -> None:
    """Show on the first version that a second one exists, and have its store-day compiled again."""
    if first is None:
        return
    day = date.fromisoformat(first.text("BusinessDay"))
    await note_due(services.tables.due, [Due(STATEMENT, first.partition, day, services.now())])
    with contextlib.suppress(ChangedMeanwhileError, NotThereError):
        await services.tables.transactions.replace(first.with_values(Conflict=True), first.etag)


async def _propose_new_till(services: Services, first: Row, second: Row) -> None:
    """Two receipts of one number, far apart in time: the till may have been replaced before the later one.

    The earliest such receipt says since when; whoever said that it was not is not asked again.
    """
    since = max(first.instant("CompletedAt"), second.instant("CompletedAt"))
    store, terminal, day = (
        first.partition,
        first.text("Terminal"),
        date.fromisoformat(first.text("BusinessDay")),
    )
    setup = await services.mappings.store(store, day)
    if setup is None:
        return
    why = maybe_replaced(
        store, terminal, first.number("Generation", 1), day, since, store_zone(setup.time_zone)
    )
    member = Member(
        TERMINAL, store, f"till {terminal}", terminal=terminal, business_day=day.isoformat(), receipts=0
    )
    row = cause_row(why, member, services.now()).with_values(BeganAgainAt=since)
    there = await services.tables.causes.read(row.partition, row.key)
    if there is None or (there.text("State") == OPEN and there.instant("BeganAgainAt") > since):
        await open_causes(services.tables.causes, [row])
