"""Write down that a till was replaced, and give the new till what it sent under its predecessor's numbers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from shared.errors import RejectedError
from shared.flows.mapping.new_tills import Moved, move_to_new_till
from shared.flows.mapping.note_shifts import note_shifts_of
from shared.retail.business_day import business_day_of, closing_hour, store_zone
from shared.retail.generation import GENERATION_MAX, KIND, replacements_of
from shared.retail.mapped import StoreSetup
from shared.retail.mapping import Mappings
from shared.retail.reasons import cause
from shared.retail.shift import shift_value
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.causes import OPEN, cause_rows, end_cause_rows, fingerprint_of
from shared.storage.due import MAP, POST, STATEMENT, Due, note_due
from shared.storage.mappings import AGE_MAX, import_rows

DAYS_MAX = 31


async def declare_terminal(
    services: Services, store: str, terminal: str, day: date, since: datetime, person: Person, reason: str
) -> dict[str, Any] | None:
    """Declare that from an instant on a till's numbers are a new till's. Give what moved; None where there is no such store.

    The same declaration again only looks once more. Rows that another instance writes before it knows are moved when they
    are mapped, or by the look that is noted for later.

    Raises:
        RejectedError: no reason, the instant is of another business day, too old, or before an earlier replacement.
    """
    if not reason.strip():
        raise RejectedError("a reason is needed", field="reason", expected="a sentence", found="nothing")
    mappings = await services.mappings.refresh()
    setup = mappings.store(store, day)
    if setup is None:
        return None
    generation = _generation(services, setup, terminal, day, since, mappings)
    days = [day + timedelta(days=one) for one in range(max(0, (services.now().date() - day).days) + 2)]
    known = list(replacements_of(mappings, store, terminal))
    if generation > len(known) + 1:
        await append_audit(
            services.tables.audit, store, services.now(), who=person.name,
            did=f"declared till {terminal} replaced (no. {generation}) from {since.isoformat()} on", reason=reason,
        )  # fmt: skip
        row = {
            "store": store, "terminal": terminal, "generation": str(generation), "business_day": day.isoformat(),
            "since": since.isoformat(),
        }  # fmt: skip
        await import_rows(
            services.tables.mappings, KIND, [row], who=person.name, reason=reason, at=services.now()
        )
        mappings = await services.mappings.refresh()
    moved = await _move(services, setup, terminal, days, mappings)
    await _end_proposals(services, store, terminal, days, f"declared by {person.name}: {reason}")
    return {
        "generation": generation, "receipts_moved": moved.receipts, "conflicts_settled": moved.conflicts,
        "already_in_d365": moved.in_d365,
    }  # fmt: skip


def _generation(
    services: Services, store: StoreSetup, terminal: str, day: date, since: datetime, mappings: Mappings
) -> int:
    """Give the generation that the declaration is about: a known one, or the next."""
    zone, closes_at = store_zone(store.time_zone), closing_hour(store.closing_time)
    its_day, today = (business_day_of(at, zone, closes_at) for at in (since, services.now()))
    if its_day != day:
        raise RejectedError(
            "the instant is of another business day", field="since", expected=f"an instant of {day}", found=str(its_day)
        )  # fmt: skip
    if not 0 <= (today - day).days <= DAYS_MAX:
        expected = f"one of the last {DAYS_MAX} days"
        raise RejectedError(
            "the day is too far away", field="business_day", expected=expected, found=str(day)
        )
    known = list(replacements_of(mappings, store.store, terminal))
    same = [one.generation for one in known if one.since == since]
    if same:
        return same[0]
    if known and since <= known[-1].since:
        raise RejectedError(
            "the till was replaced later already", field="since", expected=f"after {known[-1].since.isoformat()}",
            found=since.isoformat(),
        )  # fmt: skip
    if len(known) + 2 > GENERATION_MAX:
        expected = f"at most {GENERATION_MAX} tills of one number"
        raise RejectedError("too many tills", field="terminal", expected=expected, found=terminal)
    return len(known) + 2


async def _move(
    services: Services, store: StoreSetup, terminal: str, days: list[date], mappings: Mappings
) -> Moved:
    now = services.now()
    later = now + 2 * AGE_MAX  # by then every instance knows of the new till
    await note_due(
        services.tables.due,
        [Due(stage, store.store, day, now) for day in days for stage in (POST, STATEMENT)]
        + [Due(MAP, store.store, day, later, mappings.version) for day in days],
    )
    moved = Moved()
    for day in days:
        moved += await move_to_new_till(services, store, day, terminal, mappings)
        await note_shifts_of(services, store, day, mappings)
    for day in days:
        await services.ring(services.queues.mapping_due, Due(MAP, store.store, day, now).key)
    return moved


async def _end_proposals(services: Services, store: str, terminal: str, days: list[date], how: str) -> None:
    for day in days:
        why = cause("till_maybe_replaced", shift_value(store, terminal, 1, day, ""))
        rows = [row async for row in cause_rows(services.tables.causes, fingerprint_of(why), OPEN)]
        await end_cause_rows(services.tables.causes, rows, services.now(), how)
