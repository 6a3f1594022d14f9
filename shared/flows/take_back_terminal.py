"""Take a declared replacement of a till back: it was a mistake, its numbers are the old till's as before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.errors import RejectedError
from shared.flows.mapping.move_days import move_days
from shared.retail.generation import KIND, YES, declarations_of
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.mappings import import_rows

DAYS_MAX = 31


async def take_back_terminal(
    services: Services, store: str, terminal: str, generation: int, person: Person, reason: str
) -> dict[str, Any] | None:
    """Take the newest replacement of a till back. Give what moved; None where there is no such store.

    What D365 has, or is about to have, stays there as it was sent; its numbers and its money count for the till they are of. A
    receipt whose number the old till has given another one stays apart, for the two cannot be told to be one. The same
    word again only looks once more.

    Raises:
        RejectedError: no reason, no such replacement, a later one stands, or its day is too far away.
    """
    if not reason.strip():
        raise RejectedError("a reason is needed", field="reason", expected="a sentence", found="nothing")
    mappings = await services.mappings.refresh()
    declared = {one.generation: one for one in declarations_of(mappings, store, terminal)}
    wrong = declared.get(generation)
    standing = [one.generation for one in declared.values() if not one.is_taken_back]
    if wrong is None or max(standing, default=0) > generation:
        expected = (
            f"no. {max(standing)}, the last that was declared"
            if standing
            else "a till that was declared replaced"
        )
        raise RejectedError(
            "no such replacement, or a later one stands",
            field="generation",
            expected=expected,
            found=str(generation),
        )
    if (services.now().date() - wrong.business_day).days > DAYS_MAX:
        expected = f"one of the last {DAYS_MAX} days"
        raise RejectedError(
            "its day is too far away", field="generation", expected=expected, found=str(wrong.business_day)
        )
    setup = mappings.store(store, wrong.business_day)
    if setup is None:
        return None
    if not wrong.is_taken_back:
        await append_audit(
            services.tables.audit, store, services.now(), who=person.name,
            did=f"took back that till {terminal} was replaced (no. {generation}) from {wrong.since.isoformat()} on",
            reason=reason,
        )  # fmt: skip
        row = {
            "store": store, "terminal": terminal, "generation": str(generation),
            "business_day": wrong.business_day.isoformat(), "since": wrong.since.isoformat(), "taken_back": YES,
        }  # fmt: skip
        await import_rows(
            services.tables.mappings, KIND, [row], who=person.name, reason=reason, at=services.now()
        )
        mappings = await services.mappings.refresh()
    until = (services.now().date() - wrong.business_day).days + 2
    days = [wrong.business_day + timedelta(days=one) for one in range(until)]
    moved = await move_days(services, setup, terminal, days, mappings)
    return {
        "generation": generation, "receipts_moved": moved.receipts, "conflicts_settled": moved.conflicts,
        "already_in_d365": moved.in_d365, "stay_apart": moved.apart,
    }  # fmt: skip
