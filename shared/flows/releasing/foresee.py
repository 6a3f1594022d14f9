"""See what a release would do: it is done, receipt by receipt, on tables laid over the app's own, and then forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from shared.flows.mapping.release_held import receipt_of
from shared.flows.releasing.bring_home import bring_home
from shared.flows.releasing.order import name_of, parts_of, read_held
from shared.flows.releasing.part import MapDay, map_days, release_part
from shared.retail.release import (
    ENDS,
    EXCLUDED,
    GOES,
    LEFT,
    RECEIPTS_MAX,
    STAYS,
    WAITS,
    Foreseen,
    Planned,
    Preview,
)
from shared.retail.status import Status
from shared.services import Services
from shared.storage.causes import OPEN, cause_key, receipt_member
from shared.storage.memory import memory_queues
from shared.storage.overlay import overlay_tables
from shared.storage.protocols import Row
from shared.storage.receipts import UNKNOWN_STORE, identity_key, receipt_label
from shared.storage.write_offs import is_proposed

READS_AT_ONCE = 32
_BECOMES = {Status.EXCLUDED: EXCLUDED, Status.WAITING: WAITS, Status.HELD: STAYS}


async def foresee(
    services: Services, fingerprint: str, members: Sequence[Row], map_day: MapDay
) -> tuple[Preview, tuple[Planned, ...]]:
    """Give what a release of these members would do, and its plan. members: the open receipts that the cause names."""
    mappings = await services.mappings.refresh()
    scratch = replace(
        services,
        tables=overlay_tables(services.tables, services.now),
        queues=memory_queues(services.now),
    )
    strangers = [one for one in members if one.text("Store") == UNKNOWN_STORE][:RECEIPTS_MAX]
    every = await read_held(services, [one for one in members if one.text("Store") != UNKNOWN_STORE])
    rows = every[: RECEIPTS_MAX - len(strangers)]
    homes = await bring_home(scratch, mappings, strangers, "a preview")
    await map_days(scratch, sorted(set(homes.values())), map_day)
    for part in parts_of(rows):
        await release_part(scratch, members, part, mappings.version, "a preview", map_day)
    found: list[tuple[str, str, Foreseen]] = []
    for one in strangers:
        if name_of(one) in homes:
            after = await _row_of(scratch, homes[name_of(one)][0], one)
            found.append(
                (
                    UNKNOWN_STORE,
                    one.instant("Since").isoformat(),
                    await _foreseen(scratch, after or one, after),
                )
            )
    for row in rows:
        after = await scratch.tables.transactions.read(row.partition, row.key)
        found.append(
            (row.partition, row.instant("StatusSince").isoformat(), await _foreseen(scratch, row, after))
        )
    plan = tuple(
        Planned(
            store, one.account, one.transaction_id, one.business_day, since, one.becomes, one.code, one.value
        )
        for store, since, one in found
    )
    going = {(row.partition, name_of(row)) for row in every} | {(UNKNOWN_STORE, name) for name in homes}
    rest = [one for one in members if (one.text("Store"), name_of(one)) not in going]
    receipts = (*(one for _, _, one in found), *await _left(services, rest))
    first = members[0]
    preview = Preview(
        fingerprint,
        first.text("Reason"),
        first.text("Value"),
        mappings.version,
        receipts,
        len(every) - len(rows),
    )
    return preview, plan


def foresee_word(members: Sequence[Row]) -> Preview:
    """Give what a person's word would end of a cause that holds no receipt: all that is open of it, and nothing goes."""
    first = members[0]
    ending = tuple(
        Foreseen(
            store=one.text("Store"), account=one.text("Account"), transaction_id=one.text("TransactionId") or one.key,
            label=one.text("ReceiptNumber"), terminal=one.text("Terminal"), business_day=one.text("BusinessDay"),
            amount=Decimal(one.text("Amount", "0")), currency=one.text("Currency"), becomes=ENDS,
        )
        for one in members
        if one.text("State") == OPEN
    )  # fmt: skip
    return Preview(first.partition, first.text("Reason"), first.text("Value"), 0, ending)


async def _row_of(services: Services, store: str, member: Row) -> Row | None:
    table = services.tables.transactions
    identity = await table.read(store, identity_key(store, *name_of(member)))
    return await table.read(store, identity.text("DayKey")) if identity is not None else None


async def _foreseen(services: Services, before: Row, after: Row | None) -> Foreseen:
    """Say what became of a receipt; one that is no longer under its name is the new till's."""
    if after is None:
        return _named(before, before, LEFT, "", "it belongs to the till that replaced its own")
    becomes = _BECOMES.get(Status(after.text("Status")), GOES)
    if becomes is STAYS:
        do_this = await _what_to_do(services, after)
        return _named(before, after, STAYS, after.text("Cause"), after.text("CauseValue"), do_this)
    if becomes is WAITS:
        return _named(before, after, WAITS, "", after.text("CauseValue"))
    return _named(before, after, becomes, "", after.text("ExcludedBecause"))


async def _what_to_do(services: Services, row: Row) -> str:
    fingerprint, member = row.text("Fingerprint"), receipt_member(row)
    told = await services.tables.causes.read(fingerprint, cause_key(fingerprint, member.store, member.name))
    return told.text("DoThis") if told is not None else ""


async def _left(services: Services, members: Sequence[Row]) -> list[Foreseen]:
    """Give what a release does not move, with what it waits for; what is no longer held is none of it."""
    found: list[Foreseen] = []
    for start in range(0, len(members), READS_AT_ONCE):
        part = members[start : start + READS_AT_ONCE]
        rows = await services.together(*(receipt_of(services, one) for one in part))
        for row in rows:
            if row is not None and row.text("Status") == Status.HELD:
                do_this = await _what_to_do(services, row)
                found.append(_named(row, row, LEFT, row.text("Cause"), row.text("CauseValue"), do_this))
    return found


def _named(
    before: Row, row: Row, becomes: str, code: str = "", value: str = "", do_this: str = ""
) -> Foreseen:
    return Foreseen(
        store=row.partition, account=row.text("Account"), transaction_id=row.text("TransactionId"),
        label=receipt_label(row), terminal=row.text("Terminal"), business_day=row.text("BusinessDay"),
        amount=Decimal(row.text("Total", "0")), currency=row.text("Currency"), becomes=becomes, code=code, value=value,
        do_this=do_this, content=row.text("ContentHash"),
        proposed_by=before.text("ProposedBy") if is_proposed(before) else "",
    )  # fmt: skip
