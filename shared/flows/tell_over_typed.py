"""Write down that a person typed a shift's totals higher in D365, for sales that had not come yet."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from shared.errors import FOUND_MAX, RejectedError
from shared.retail.double_count import OverTyped
from shared.retail.money import exact_decimal, has_whole_minor_units
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.due import STATEMENT, Due, note_due
from shared.storage.over_typed import over_typed_row

AMOUNT_MAX = Decimal(10_000_000)


async def tell_over_typed(
    services: Services,
    store: str,
    day: date,
    terminal: str,
    shift: str,
    tender: str,
    amount: str,
    typed_at: datetime,
    person: Person,
    reason: str,
) -> None:
    """Keep what was typed; the day is compiled again, and what comes of the sales is compared with it.

    Raises:
        RejectedError: no such store, no amount, or no reason.
    """
    if not reason.strip():
        raise RejectedError("a reason is needed", field="reason", expected="a sentence", found="nothing")
    setup = await services.mappings.store(store, day)
    if setup is None:
        raise RejectedError(
            "no such store", field="store", expected="a store in the stores mapping", found=store
        )
    value = exact_decimal(amount, "amount")
    if value == 0 or abs(value) > AMOUNT_MAX or not has_whole_minor_units(value, setup.currency):
        expected = f"an amount of {setup.currency} that can be paid, such as 240"
        raise RejectedError("no such amount", field="amount", expected=expected, found=amount[:FOUND_MAX])
    now = services.now()
    did = f"said that {amount} of {tender} was typed on top of shift {shift} of till {terminal} on {day}"
    await append_audit(services.tables.audit, store, now, who=person.name, did=did, reason=reason)
    typed = OverTyped(terminal, shift, tender, value, typed_at, person.name)
    await note_due(services.tables.due, [Due(STATEMENT, store, day, now)])
    await services.tables.shifts.upsert(over_typed_row(store, day, typed))
