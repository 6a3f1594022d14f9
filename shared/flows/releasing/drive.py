"""Carry a release from where it stands to its end, part by part: it says how far it is, can be cancelled between two parts,
and whoever finds it without anybody driving it carries it on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from shared.flows.mapping.release_held import receipt_of, release_receipts
from shared.flows.releasing.bring_home import bring_home
from shared.flows.releasing.order import RECEIPTS_PER_PART, is_held_for, name_of, parts_of, read_held
from shared.flows.releasing.outcome import outcome_of, outcome_values
from shared.flows.releasing.part import MapDay, map_days, release_part
from shared.retail.mapping import Mappings
from shared.retail.release import Planned
from shared.services import Services
from shared.storage.audit import append_audit
from shared.storage.causes import OPEN, RECEIPT, cause_rows, end_cause_rows
from shared.storage.protocols import Row, Value
from shared.storage.receipts import UNKNOWN_STORE
from shared.storage.releases import (
    CANCELLED,
    DONE,
    RUNNING,
    end_mark,
    note_of,
    plan_of,
    release_key,
    save_release,
)

LEASE_SECONDS = 90  # of machine time: no part takes longer
DRIVEN_SECONDS = 120  # at a stretch; the heartbeat carries on from there


def is_driven(services: Services, run: Row) -> bool:
    """Say whether somebody carries a release on just now."""
    lease = services.clock.patience(LEASE_SECONDS)
    return bool(run.text("Driver")) and services.now() - run.instant("BeatAt") < lease


async def take_over(services: Services, run: Row) -> Row | None:
    """Make a release that nobody drives one's own; None when somebody else was first."""
    driver = services.token_hex(8)
    return await save_release(services.tables.releases, run.with_values(Driver=driver, BeatAt=services.now()))


async def drive(services: Services, run: Row, map_day: MapDay | None) -> Row:
    """Carry a release on until it has ended, or for as long as one call may take; give its row as it stands then."""
    mappings = await services.mappings.refresh()
    members = await _members(services, run.partition)
    until = services.now() + services.clock.patience(DRIVEN_SECONDS)
    if not run.flag("Told") and not run.text("CancelledBy"):
        run = await _begin(services, run, members, mappings)
    plan, driver = plan_of(run), run.text("Driver")
    while _is_ours(run, driver) and not run.text("CancelledBy") and run.number("Done") < len(plan):
        if services.now() >= until:
            return await _save(services, run, driver, {"Driver": ""})
        done = run.number("Done")
        part = plan[done : done + RECEIPTS_PER_PART]
        went, amounts = await _release(services, run, members, part, mappings, map_day)
        progress = _progress(run, done + len(part), went, amounts)
        run = await _save(services, run, driver, {**progress, "BeatAt": services.now()})
    if not _is_ours(run, driver):
        return run
    await _end_what_holds_no_more(services, members)
    return await _end(services, run, driver)


def _is_ours(run: Row, driver: str) -> bool:
    return run.text("State") == RUNNING and run.text("Driver") == driver


async def _members(services: Services, fingerprint: str) -> list[Row]:
    return [
        row
        async for row in cause_rows(services.tables.causes, fingerprint, OPEN)
        if row.text("What") == RECEIPT
    ]


async def _begin(services: Services, run: Row, members: Sequence[Row], mappings: Mappings) -> Row:
    """Write down who decided, before anything goes; and note again the work of a release that failed half way before this."""
    seen = (
        f"; preview {json.loads(run.text('Mark'))['sha256']}" if run.text("Mark") else "; without a preview"
    )
    await append_audit(
        services.tables.audit, "releases", services.now(), who=run.text("By"),
        did=f"released {run.number('Receipts')} receipts", reason=run.text("Reason"),
        evidence=f"{run.partition}, release {run.number('Number')}{seen}",
    )  # fmt: skip
    planned = {(one.store, (one.account, one.transaction_id)) for one in plan_of(run)}
    others = [one for one in members if (one.text("Store"), name_of(one)) not in planned]
    await release_receipts(services, others, [], mappings.version, note_of(run))
    return await _save(services, run, run.text("Driver"), {"Told": True, "BeatAt": services.now()})


async def _release(
    services: Services,
    run: Row,
    members: Sequence[Row],
    part: Sequence[Planned],
    mappings: Mappings,
    map_day: MapDay | None,
) -> tuple[int, dict[str, Decimal]]:
    """Let a part of the plan go; give how many went, and their money. What is held anew since is not meant."""
    planned = {(one.store, (one.account, one.transaction_id)): one.held_since for one in part}
    own = [one for one in members if (one.text("Store"), name_of(one)) in planned]
    strangers = [one for one in own if one.text("Store") == UNKNOWN_STORE]
    homes = await bring_home(services, mappings, strangers, run.text("By"))
    await map_days(services, sorted(set(homes.values())), map_day)
    held = await read_held(services, [one for one in own if one.text("Store") != UNKNOWN_STORE])
    rows = [
        row for row in held
        if planned[row.partition, name_of(row)] == row.instant("StatusSince").isoformat()
    ]  # fmt: skip
    went, amounts = len(homes), _amounts([one for one in strangers if name_of(one) in homes], "Amount")
    for some in parts_of(rows):
        gone = await release_part(services, own, some, mappings.version, note_of(run), map_day)
        went += len(gone)
        for currency, amount in _amounts(gone, "Total").items():
            amounts[currency] = amounts.get(currency, Decimal(0)) + amount
    if len(rows) < len(part):  # some went before somebody died: what maps them may not have been told
        days = {
            (one.store, date.fromisoformat(one.business_day)) for one in part if one.store != UNKNOWN_STORE
        }
        await map_days(services, sorted(days), map_day)
    return went, amounts


def _amounts(rows: Sequence[Row], column: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        amount = Decimal(row.text(column, "0"))
        found[row.text("Currency")] = found.get(row.text("Currency"), Decimal(0)) + amount
    return found


def amounts_of(run: Row) -> dict[str, Decimal]:
    """Give the money that a release let go so far, by currency."""
    return {currency: Decimal(one) for currency, one in json.loads(run.text("Amounts", "{}")).items()}


def _progress(run: Row, done: int, went: int, amounts: dict[str, Decimal]) -> dict[str, Value | None]:
    so_far = amounts_of(run)
    for currency, amount in amounts.items():
        so_far[currency] = so_far.get(currency, Decimal(0)) + amount
    texts = {currency: str(one) for currency, one in sorted(so_far.items())}
    return {"Done": done, "Went": run.number("Went") + went, "Amounts": json.dumps(texts)}


async def _save(services: Services, run: Row, driver: str, changes: dict[str, Value | None]) -> Row:
    """Save changes to a release's row, over what a cancellation wrote meanwhile; not over another driver's."""
    current: Row | None = run
    while current is not None and _is_ours(current, driver):
        saved = await save_release(services.tables.releases, current.with_values(**changes))
        if saved is not None:
            return saved
        current = await services.tables.releases.read(run.partition, run.key)
    return current or run.with_values(State=DONE)


async def _end_what_holds_no_more(services: Services, members: Sequence[Row]) -> None:
    """End what a cause says of receipts that went on without it, such as in a release that broke off half way."""
    open_still = {
        one.key async for one in cause_rows(services.tables.causes, members[0].partition, OPEN)
    } if members else set()  # fmt: skip
    over = []
    for member in members:
        if member.key not in open_still or member.text("Store") == UNKNOWN_STORE:
            continue  # what is of a store unknown is ended where it is brought home
        row = await receipt_of(services, member)
        if row is not None and not is_held_for(row, member.partition):
            over.append(member)
    await end_cause_rows(services.tables.causes, over, services.now(), "no longer holds it")


async def _end(services: Services, run: Row, driver: str) -> Row:
    """Write down what came of it: from the receipts themselves, since a worker that died had counted nothing of its part."""
    state = CANCELLED if run.text("CancelledBy") else DONE
    found = await outcome_of(services, run)
    ended: dict[str, Value | None] = {"State": state, "EndedAt": services.now()}
    run = await _save(services, run, driver, {**ended, **outcome_values(found)})
    await end_mark(services.tables.releases, run.partition, run.number("Number"))
    return run


async def read_run(services: Services, fingerprint: str, number: int) -> Row | None:
    """Read a release's row."""
    return await services.tables.releases.read(fingerprint, release_key(number))
