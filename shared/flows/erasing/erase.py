"""Erase what may speak of a person from everything that is kept of one receipt. Safe to run again after a death anywhere.

Order: the decision is written down, without what goes; then what causes say of the receipt; then its rows, each store's in one
group under their ETags, so that no worker who read them before can bring anything back.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.errors import ChangedMeanwhileError, GroupRefusedError, NotThereError
from shared.flows.erasing.family import Family, families_of, may_lose_operator
from shared.flows.erasing.left import Left, left_of
from shared.retail.mapping import Mappings
from shared.services import Services
from shared.storage.audit import append_audit
from shared.storage.erasures import Erasure, erased_identity, evidence_of, is_erased_as, without_texts
from shared.storage.protocols import Condition, Operation, Replace, Row, Table
from shared.storage.tasks import PARTITION as TASKS
from shared.storage.tasks import head_key

TRIES_MAX = 5
GROUP_ROWS_MAX = 50
_NUMBERS = re.compile(r"\[\d+\]")
_TOLD = ("WhatHappened", "Why", "HoldsUp", "DoThis", "EndedHow")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written of one family. unread: receipts whose documents nobody can read any more."""

    family: Family
    left: tuple[Left, ...]
    unread: tuple[Row, ...]

    @property
    def names(self) -> dict[str, int]:
        """Count what goes by field, places in lists aside."""
        counts: dict[str, int] = {}
        for one in self.left:
            for place in one.gone:
                name = _field_of(place)
                counts[name] = counts.get(name, 0) + 1
        return dict(sorted(counts.items()))


def _field_of(place: str) -> str:
    return _NUMBERS.sub("", place)


def plan_of(family: Family, mappings: Mappings, erasure: Erasure) -> Plan:
    """Decide what is left of a family's receipts that are not erased yet. Nothing is written."""
    left, unread = [], []
    for row in family.receipts:
        own = replace(erasure, operator=erasure.operator and may_lose_operator(row))
        if is_erased_as(row, operator=own.operator):
            continue
        one = left_of(row, mappings, own)
        (unread.append(row) if one is None else left.append(one))
    return Plan(family, tuple(left), tuple(unread))


async def erase_receipt(
    services: Services, store: str, account: str, transaction_id: str, erasure: Erasure
) -> list[Plan]:
    """Erase one receipt with its whole family; give what was done, [] where nothing was left to do.

    Raises:
        ChangedMeanwhileError: it changes faster than it can be erased.
    """
    done: list[Plan] = []
    for _ in range(TRIES_MAX):
        mappings = await services.mappings.at_least(0)
        families = await families_of(services, store, account, transaction_id)
        open_ones = [one for one in families if not one.is_done(operator=erasure.operator)]
        if not open_ones:
            return done
        plans = [plan_of(one, mappings, erasure) for one in open_ones]
        written = [await _write(services, plan, account, transaction_id, erasure) for plan in plans]
        done += [plan for plan, good in zip(plans, written, strict=True) if good]
        if all(plan.unread for plan in plans):
            return done
    raise ChangedMeanwhileError(f"{transaction_id} of {account} changed while it was being erased")


async def _write(services: Services, plan: Plan, account: str, transaction_id: str, erasure: Erasure) -> bool:
    rows = [one.row for one in plan.left]
    await append_audit(
        services.tables.audit, plan.family.store, erasure.at, who=erasure.by,
        did=f"erased personal data of {transaction_id} of {account}", reason=erasure.why,
        evidence=evidence_of(rows),
    )  # fmt: skip
    for one in plan.left:
        await scrub_causes(services, one)
    return await write_left(services, plan.family.identities, plan.left, erasure)


async def write_left(
    services: Services, identities: Sequence[Row], left: Sequence[Left], erasure: Erasure
) -> bool:
    """Write receipts with their identities, whole groups under their ETags; False where somebody wrote some of them meanwhile."""
    hash_of = {one.row.key: one.erased_hash for one in left}
    marked = [
        erased_identity(one, erasure, hash_of.get(one.text("DayKey")) or one.text("ErasedHash") or one.text("ContentHash"))
        for one in identities
    ]  # fmt: skip
    operations: list[Operation] = [Replace(row, row.etag) for row in (*marked, *(one.row for one in left))]
    for at in range(0, len(operations), GROUP_ROWS_MAX):
        try:
            await services.tables.transactions.write_group(operations[at : at + GROUP_ROWS_MAX])
        except GroupRefusedError as error:
            if not isinstance(error.cause, ChangedMeanwhileError | NotThereError):
                raise
            return False
    return True


async def scrub_causes(services: Services, left: Left) -> int:
    """Take what goes out of what was told of the receipt, open or ended; give how many rows were changed."""
    texts = [one for one in left.gone.values() if one]
    if not texts:
        return 0
    where = (
        Condition("Account", "eq", left.row.text("Account")),
        Condition("TransactionId", "eq", left.row.text("TransactionId")),
    )
    rows = [row async for row in services.tables.causes.query(where=where)]
    heads = [
        await services.tables.tasks.read(TASKS, head_key(one))
        for one in sorted({row.partition for row in rows})
    ]
    changed = await _scrub(services.tables.tasks, [one for one in heads if one is not None], texts)
    return changed + await _scrub(services.tables.causes, rows, texts)


async def _scrub(table: Table, rows: Sequence[Row], texts: Sequence[str]) -> int:
    """Take texts out of what rows tell people; what somebody wrote meanwhile tells something else by now."""
    changed = 0
    for row in rows:
        fresh = {name: without_texts(f": {row.text(name)}", texts)[2:] for name in _TOLD if row.text(name)}
        if any(row.text(name) != text for name, text in fresh.items()):
            changed += 1
            with contextlib.suppress(ChangedMeanwhileError, NotThereError):
                await table.replace(row.with_values(**fresh), row.etag)
    return changed
