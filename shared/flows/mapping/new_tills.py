"""Move what a new till sent under its predecessor's numbers to where it belongs, and settle what stood in conflict with it;
and move it back where that was declared by mistake.

Each receipt moves in one group: its new identity and row in, the old ones out. What D365 has, or is about to have, stays as it
is; only its new identity is written, so that the same receipt sent again is known.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from shared.errors import AlreadyThereError, ChangedMeanwhileError, GroupRefusedError, NotThereError
from shared.flows.mapping.stay_in_d365 import Stays, marked, shift_in_d365, shifts_in_d365, stand_in
from shared.flows.posting.kept import first_adapter, read_as_sent, read_kept
from shared.pos.adapter import localised
from shared.retail.business_day import store_zone
from shared.retail.drawers import till_of_drawer
from shared.retail.generation import (
    began_at,
    declared_generation,
    in_generation,
    in_its_drawer,
    replaced_tills,
)
from shared.retail.identity import content_hash
from shared.retail.mapped import StoreSetup
from shared.retail.mapping import Mappings
from shared.retail.reasons import cause
from shared.retail.shift_events import is_about_a_shift
from shared.retail.status import Status
from shared.retail.transaction import Kind, Transaction
from shared.services import Services
from shared.storage.causes import end_causes_of, fingerprint_of, receipt_member
from shared.storage.corrections import CORRECTION
from shared.storage.erasures import carried
from shared.storage.keys import join_key, prefix_end
from shared.storage.protocols import Condition, Insert, Operation, Remove, Replace, Row
from shared.storage.receipts import advanced, document_of, receipt_label, receipt_rows
from shared.storage.shifts import shifts_of_day, without_told

MOVABLE = frozenset({Status.RECEIVED, Status.WAITING, Status.HELD, Status.MAPPED, Status.EXCLUDED})
TRIES_MAX = 5


@dataclass(frozen=True, slots=True)
class Moved:
    """How many receipts became the other till's, how many of them had stood in conflict, how many are in D365 as they were,
    and how many stay apart, since that till has another receipt of their number.
    """

    receipts: int = 0
    conflicts: int = 0
    in_d365: int = 0
    apart: int = 0

    def __add__(self, other: Moved) -> Moved:
        return Moved(
            self.receipts + other.receipts, self.conflicts + other.conflicts, self.in_d365 + other.in_d365,
            self.apart + other.apart,
        )  # fmt: skip


async def move_to_new_tills(
    services: Services, store: StoreSetup, day: date, mappings: Mappings, received: Sequence[Row]
) -> bool:
    """Move what was written while the replacement of a till of this day was not known everywhere yet; say if anything was."""
    moved = Moved()
    for terminal in replaced_tills(mappings, store.store, day, (row.text("Terminal") for row in received)):
        moved += await move_to_new_till(services, store, day, terminal, mappings)
    return moved.receipts > 0


async def move_to_new_till(
    services: Services, store: StoreSetup, day: date, terminal: str, mappings: Mappings
) -> Moved:
    """Move one till's receipts of a business day, then what stood in conflict. A second time changes nothing."""
    receipts, names, in_d365, apart = 0, set[str](), 0, 0
    sent = await shifts_in_d365(services, store.store, day)
    staying: list[Stays] = []
    for row in await _rows(services, "day", store.store, day, terminal):
        told = _as_declared(row, store, mappings)
        if told is None or row.text(CORRECTION):
            await _unmarked(services, row)
            continue
        goes_back = told.generation < row.number("Generation", 1)
        if not _may_move(row) or (goes_back and shift_in_d365(row) in sent):
            in_d365 += await _known_as_well(services, row, told)
            staying.append(Stays(row, told))
        elif await _move(services, row, told, day):
            receipts += 1
            names |= (
                {f"{row.text('Account')} {row.text('TransactionId')}"} if is_about_a_shift(told) else set()
            )
        else:
            apart += goes_back
    names |= await _give_drawers(services, store, day, terminal, mappings)
    if names:
        await _untell(services, store.store, day, terminal, names)
    for fresh in [fresh for one in staying if (fresh := marked(one, sent)) is not one.row]:
        await _written(services, [Replace(fresh, fresh.etag)])
    await stand_in(services, store, day, [one for one in staying if one.row.text("D365Number")])
    conflicts = 0
    for row in await _rows(services, "conflict", store.store, day, terminal):
        conflicts += await _settle_conflict(services, row, store, day, mappings)
    return Moved(receipts + conflicts, conflicts, in_d365, apart)


async def _unmarked(services: Services, row: Row) -> None:
    """What is right as it stands needs nothing said beside it any more."""
    if "NumbersOf" in row.values or "CountedIn" in row.values:
        await _written(services, [Replace(row.with_values(NumbersOf=None, CountedIn=None), row.etag)])


async def _give_drawers(
    services: Services, store: StoreSetup, day: date, terminal: str, mappings: Mappings
) -> set[str]:
    """Count what other tills sold into the till's drawers for those of the new till. Give what of it told of a shift, by name."""
    prefix = f"{join_key('day', store.store, day.isoformat())}~"
    where = (Condition("DrawerName", "ge", terminal), Condition("DrawerName", "lt", f"{terminal}~"))
    table, names = services.tables.transactions, set[str]()
    rows = table.query(store.store, key_from=prefix, key_before=prefix_end(prefix), where=where)
    for row in [one async for one in rows if till_of_drawer(one.text("DrawerName")) == terminal]:
        transaction = _read(row.with_values(DrawerGeneration=None), store)
        if transaction is None or row.text("Terminal") == terminal or not _may_move(row):
            continue
        _, generation = in_its_drawer(mappings, transaction).drawer_of
        if generation == row.number("DrawerGeneration"):
            continue
        fresh = row.with_values(DrawerGeneration=generation)
        if row.text("Status") == Status.MAPPED:
            note = f"till {terminal}, whose drawer it used, was replaced"
            fresh = advanced(fresh, Status.RECEIVED, services.now(), note)
        is_told = await _written(services, [Replace(fresh, row.etag)]) and is_about_a_shift(transaction)
        names |= {f"{row.text('Account')} {row.text('TransactionId')}"} if is_told else set()
    return names


async def _rows(services: Services, record: str, store: str, day: date, terminal: str) -> list[Row]:
    prefix = f"{join_key(record, store, day.isoformat(), terminal)}~"
    table = services.tables.transactions
    return [row async for row in table.query(store, key_from=prefix, key_before=prefix_end(prefix))]


def _read(row: Row, store: StoreSetup) -> Transaction | None:
    transaction = read_kept(row)
    if transaction is None:
        return None
    return localised(replace(transaction, store=row.partition), store_zone(store.time_zone))


def _as_declared(row: Row, store: StoreSetup, mappings: Mappings) -> Transaction | None:
    """Give a receipt as that of the till whose it is by what is declared now; None where it is right as it stands."""
    sent = read_as_sent(row)
    if sent is None or sent.generation != 1:
        return None
    transaction = localised(replace(sent, store=row.partition), store_zone(store.time_zone))
    transaction = in_its_drawer(mappings, transaction)
    generation = declared_generation(mappings, row.partition, transaction.terminal, began_at(transaction))
    if generation == row.number("Generation", 1):
        return None
    new_id = (
        first_adapter(row).id_in(sent.transaction_id, generation) if generation > 1 else sent.transaction_id
    )
    return in_generation(transaction, generation, new_id)


def _may_move(row: Row) -> bool:
    return Status(row.text("Status")) in MOVABLE and not row.text("Package") and not row.text("D365Number")


def _fresh(row: Row, transaction: Transaction, day: date) -> tuple[Row, Row]:
    fresh = receipt_rows(
        transaction, day=day, document=document_of(row), adapter=row.text("Adapter"),
        content_hash=content_hash(transaction), received_at=row.instant("ReceivedAt"),
    )  # fmt: skip
    return carried(row, *fresh)


async def _move(services: Services, row: Row, transaction: Transaction, day: date) -> bool:
    """Move one receipt; where it was sent again meanwhile, and is there as the new till's, only the old one goes."""
    if row.text("Status") == Status.HELD and transaction.kind is not Kind.SALES:
        return False  # what is wrong with it stays before its owner
    table = services.tables.transactions
    identity, fresh = _fresh(row, transaction, day)
    old_key = join_key("id", row.partition, row.text("Account"), row.text("TransactionId"))
    old = await table.read(row.partition, old_key)
    if old is None or old.text("DayKey") != row.key:
        return False
    out: list[Operation] = [
        Remove(row.partition, row.key, row.etag),
        Remove(row.partition, old.key, old.etag),
    ]
    there = await table.read(row.partition, identity.key)
    if there is not None and there.text("ContentHash") != identity.text("ContentHash"):
        return False
    into: list[Operation] = [] if there is not None else [Insert(identity), Insert(fresh)]
    if row.text("Fingerprint"):
        await _end_held(services, row)
    return await _written(services, [*into, *out])


async def _end_held(services: Services, row: Row) -> None:
    name = receipt_member(row).name
    how = "it is the new till's, and is looked at again"
    now, named = services.now(), json.loads(row.text("Fingerprints", "[]"))
    held_for = list(dict.fromkeys((row.text("Fingerprint"), *named)))
    await end_causes_of(services.tables.causes, row.partition, name, held_for, now, how)


async def _known_as_well(services: Services, row: Row, transaction: Transaction) -> int:
    """A receipt that D365 has keeps its name; under the new one it is known as well, so that it is never sent twice."""
    identity, _ = _fresh(row, transaction, date.fromisoformat(row.text("BusinessDay")))
    try:
        await services.tables.transactions.insert(identity.with_values(DayKey=row.key))
    except AlreadyThereError:
        return 0
    return 1


async def _settle_conflict(
    services: Services, row: Row, store: StoreSetup, day: date, mappings: Mappings
) -> bool:
    """A second version that is no second version: the receipt of another till, whose place is free."""
    transaction = _as_declared(row, store, mappings) or _read(row, store)
    if transaction is None:
        return False
    table = services.tables.transactions
    identity, fresh = _fresh(row, transaction, day)
    there = await table.read(row.partition, identity.key)
    if there is not None and there.text("ContentHash") != identity.text("ContentHash"):
        return False
    into: list[Operation] = [] if there is not None else [Insert(identity), Insert(fresh)]
    label, digest = receipt_label(row), row.text("ContentHash").rpartition(":")[2][:24]
    how = "the till was replaced: they are two receipts"
    await end_causes_of(
        services.tables.causes, row.partition, f"conflict {label} {digest}",
        [fingerprint_of(cause("content_conflict", label))], services.now(), how,
    )  # fmt: skip
    if not await _written(services, [*into, Remove(row.partition, row.key, row.etag)]):
        return False
    await _unmark(services, row)
    return bool(into)


async def _unmark(services: Services, conflict: Row) -> None:
    """The first version stands alone again, unless there is a third."""
    key = conflict.text("DayKey")
    table = services.tables.transactions
    prefix = f"conflict{key.removeprefix('day')}~"
    others = [
        row async for row in table.query(conflict.partition, key_from=prefix, key_before=prefix_end(prefix))
    ]
    first = await table.read(conflict.partition, key) if key else None
    if first is not None and not others and first.flag("Conflict"):
        await _written(services, [Replace(first.with_values(Conflict=None), first.etag)])


async def _untell(services: Services, store: str, day: date, terminal: str, names: set[str]) -> None:
    """Take back from one till's shifts what the other told of its own."""
    for row in await shifts_of_day(services.tables.shifts, store, day):
        if till_of_drawer(row.text("Terminal")) != terminal:
            continue
        current: Row | None = row
        for _ in range(TRIES_MAX):
            if current is None:
                break
            left = without_told(current, names)
            if left is current:
                break
            try:
                if left is None:
                    await services.tables.shifts.delete(store, row.key, current.etag)
                else:
                    await services.tables.shifts.replace(left, current.etag)
            except (ChangedMeanwhileError, NotThereError):
                current = await services.tables.shifts.read(store, row.key)
                continue
            break


async def _written(services: Services, operations: Sequence[Operation]) -> bool:
    """Write a group; False where somebody wrote one of its rows meanwhile: the next look sees what they wrote."""
    try:
        await services.tables.transactions.write_group(operations)
    except GroupRefusedError as error:
        if not isinstance(error.cause, AlreadyThereError | ChangedMeanwhileError | NotThereError):
            raise
        return False
    return True
