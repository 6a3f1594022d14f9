"""Send held receipts on their way after a fix: each is mapped again from its kept document, and may be held again.

One release of a cause runs at a time. It is a row of its own: what it was begun with, how far it is, what came of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shared.errors import AnotherWasFirstError, ForbiddenError
from shared.flows.mapping.release_held import receipt_of, release_receipts
from shared.flows.posting.apply import save_rows
from shared.flows.releasing.drive import amounts_of, drive, is_driven, take_over
from shared.flows.releasing.foresee import foresee, foresee_word
from shared.flows.releasing.order import (
    ends_by_word,
    is_held_for,
    name_of,
    read_held,
    refuse_what_is_decided_otherwise,
)
from shared.flows.releasing.part import MapDay
from shared.flows.releasing.told import preview_json, release_json
from shared.retail.money import money_text, total
from shared.retail.reasons import REASONS
from shared.retail.release import RECEIPTS_MAX, Planned, Preview, changes_since
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.causes import OPEN, RECEIPT, cause_rows, end_cause_rows
from shared.storage.due import STATEMENT, Due, note_again_after, note_due
from shared.storage.protocols import Row
from shared.storage.receipts import UNKNOWN_STORE
from shared.storage.releases import RUNNING, Begun, begin_release, releases_of


@dataclass(frozen=True, slots=True)
class Released:
    """How many receipts went on their way, and their money. run: the release's row, None where there was nothing to release;
    preview: what was foreseen of it, None where nobody looked ahead.
    """

    receipts: int
    amount: Decimal
    run: Row | None = None
    preview: Preview | None = None

    def as_json(self) -> dict[str, Any]:
        """Give it as the API does: how many went, what came of it, and what stays held."""
        sums = release_json(self.run)["amounts"] if self.run is not None else {}
        return {
            "released": self.receipts,
            "amount": money_text(self.amount) if len(sums) < 2 else None,  # currencies are not added up
            "amounts": sums,
            "stay": preview_json(self.preview)["stay"] if self.preview is not None else [],
            "run": release_json(self.run) if self.run is not None else None,
        }


async def release_exceptions(
    services: Services,
    fingerprint: str,
    person: Person,
    reason: str,
    *,
    seen: str | None = None,
    map_day: MapDay | None = None,
) -> Released | None:
    """Release what a cause holds; None when there is no such cause. Doing it twice releases nothing more.

    seen: the hash of the preview somebody decided by: it is looked ahead again, and only the same goes. map_day: maps a
    store-day at once; without it nobody looks ahead, and the doorbells do the mapping.

    Raises:
        AnotherWasFirstError: another release of it runs, or something is not as it was in the preview.
        RejectedError: what was seen is no hash of a preview.
    """
    members = [row async for row in cause_rows(services.tables.causes, fingerprint)]
    if not members:
        return None
    if await ends_by_word(services, members):
        return await _end_by_word(services, members, person, reason, seen)
    refuse_what_is_decided_otherwise(members[0])
    number = await _after_the_last(services, fingerprint, map_day)
    members = [row async for row in cause_rows(services.tables.causes, fingerprint)]
    held = [row for row in members if row.text("State") == OPEN and row.text("What") == RECEIPT]
    preview, plan = await _plan(services, fingerprint, held, seen, map_day)
    if not plan:
        await _heal(services, held)
        return Released(0, Decimal(0), None, preview)
    begun = Begun(fingerprint, person.name, reason, seen or "", plan)
    now, driver = services.now(), services.token_hex(8)
    run = await begin_release(services.tables.releases, begun, number, now, driver)
    if run is None:
        raise await _somebody_else(services, fingerprint)
    run = await drive(services, run, map_day)
    return Released(run.number("Went"), total(amounts_of(run).values()), run, preview)


async def _after_the_last(services: Services, fingerprint: str, map_day: MapDay | None) -> int:
    """Give the number of the next release; one that was left alone is carried to its end first."""
    runs = await releases_of(services.tables.releases, fingerprint)
    if not runs:
        return 1
    last = runs[-1]
    if last.text("State") == RUNNING:
        if is_driven(services, last):
            raise _runs_already(last)
        mine = await take_over(services, last)
        if mine is None or (await drive(services, mine, map_day)).text("State") == RUNNING:
            raise await _somebody_else(services, fingerprint)
    return last.number("Number") + 1


async def _somebody_else(services: Services, fingerprint: str) -> AnotherWasFirstError:
    runs = await releases_of(services.tables.releases, fingerprint)
    return _runs_already(runs[-1])


def _runs_already(run: Row) -> AnotherWasFirstError:
    return AnotherWasFirstError(
        f"{run.text('By')} has been releasing this cause since {run.instant('StartedAt'):%Y-%m-%d %H:%M} UTC: "
        f"{run.number('Done')} of {run.number('Receipts')} receipts so far"
    )


async def _plan(
    services: Services, fingerprint: str, held: Sequence[Row], seen: str | None, map_day: MapDay | None
) -> tuple[Preview | None, tuple[Planned, ...]]:
    """Say what goes. Who has seen a preview gets that, or is told what moved since."""
    if map_day is not None and held:
        preview, plan = await foresee(services, fingerprint, held, map_day)
        changes = changes_since(seen, preview) if seen is not None else []
        if changes:
            raise AnotherWasFirstError(
                "this is no longer what the preview showed; nothing was released", changes
            )
        return preview, plan
    if seen is not None:
        raise AnotherWasFirstError(
            "this cause holds no receipt any more; nothing was released", ("receipts: now none",)
        )
    strangers = [one for one in held if one.text("Store") == UNKNOWN_STORE]
    rows = await read_held(services, [one for one in held if one.text("Store") != UNKNOWN_STORE])
    plan = (
        *(_planned(one, UNKNOWN_STORE, "Since") for one in strangers),
        *(_planned(row, row.partition, "StatusSince") for row in rows),
    )
    return None, plan[:RECEIPTS_MAX]


def _planned(row: Row, store: str, since: str) -> Planned:
    return Planned(store, *name_of(row), row.text("BusinessDay"), row.instant(since).isoformat())


async def _heal(services: Services, held: Sequence[Row]) -> None:
    """End what holds nothing any more, and note again the work of what a release let go that then failed."""
    mappings = await services.mappings.refresh()
    await release_receipts(services, held, [], mappings.version, "no longer held")
    over = []
    for member in (one for one in held if one.text("Store") != UNKNOWN_STORE):
        row = await receipt_of(services, member)
        if row is not None and not is_held_for(row, member.partition):
            over.append(member)
    await end_cause_rows(services.tables.causes, over, services.now(), "no longer holds it")


async def _end_by_word(
    services: Services, members: Sequence[Row], person: Person, reason: str, seen: str | None
) -> Released:
    """End a cause that holds no receipt, on its owner's word: what could not be read was dealt with, the first stands.

    Raises:
        ForbiddenError: 403; it is not the person's to end.
    """
    owner = REASONS[members[0].text("Reason")].owner
    if owner not in person.roles:
        raise ForbiddenError(
            f"a word ends this cause, and it must be its owner's: this needs the role {owner}", status=403
        )
    changes = changes_since(seen, foresee_word(members)) if seen is not None else []
    if changes:
        raise AnotherWasFirstError("this is no longer what the preview showed; nothing was ended", changes)
    now = services.now()
    fingerprint = members[0].partition
    await append_audit(
        services.tables.audit,
        "releases",
        now,
        who=person.name,
        did="ended a cause",
        reason=reason,
        evidence=fingerprint,
    )
    if members[0].text("Reason") == "content_conflict":
        await _first_stands(services, members)
    dues = await _store_days(services, members, now)
    await note_due(services.tables.due, dues)
    await end_cause_rows(services.tables.causes, members, now, f"ended by {person.name}: {reason}")
    took = (services.now() - now) / services.clock.speed
    await note_again_after(services.tables.due, dues, took, services.settings.settle_seconds)
    return Released(0, Decimal(0))


async def _store_days(services: Services, members: Sequence[Row], now: datetime) -> list[Due]:
    """Give the store-days to compile again: what a word ends may stand in their statements."""
    days = {(row.text("Store"), row.text("BusinessDay")) for row in members if row.text("BusinessDay")}
    dues = [Due(STATEMENT, store, date.fromisoformat(day), now) for store, day in sorted(days)]
    return [one for one in dues if await services.mappings.store(one.store, one.day) is not None]


async def _first_stands(services: Services, members: Sequence[Row]) -> None:
    """Take the mark of a conflict off the first versions, and have their store-days compiled again."""
    for member in members:
        row = await receipt_of(services, member)
        if row is not None and row.flag("Conflict"):
            day, begun_at = date.fromisoformat(row.text("BusinessDay")), services.now()
            dues = [Due(STATEMENT, row.partition, day, begun_at)]
            await note_due(services.tables.due, dues)
            await save_rows(services.tables.transactions, [row.with_values(Conflict=None)])
            took = (services.now() - begun_at) / services.clock.speed
            await note_again_after(services.tables.due, dues, took, services.settings.settle_seconds)
