"""Write down that a till was replaced, and give the new till what it sent under its predecessor's numbers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from shared.errors import RejectedError
from shared.flows.mapping.move_days import end_proposals, move_days
from shared.retail.business_day import business_day_of, closing_hour, store_zone
from shared.retail.generation import GENERATION_MAX, KIND, declarations_of, replacements_of
from shared.retail.mapped import StoreSetup
from shared.retail.mapping import Mappings
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.mappings import import_rows

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
    if all(one.generation != generation for one in declarations_of(mappings, store, terminal)):
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
    moved = await move_days(services, setup, terminal, days, mappings)
    await end_proposals(services, store, terminal, days, f"declared by {person.name}: {reason}")
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
    generation = 2 + len(list(declarations_of(mappings, store.store, terminal)))
    if generation > GENERATION_MAX:
        expected = f"at most {GENERATION_MAX} tills of one number"
        raise RejectedError("too many tills", field="terminal", expected=expected, found=terminal)
    return generation
