"""Write down what a named person says of receipts that never arrived: they are lost, or were voided at the till."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.errors import RejectedError
from shared.retail.completeness import LOST, VOIDED, Decision
from shared.retail.generation import GENERATION_MAX
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.due import STATEMENT, Due, note_due
from shared.storage.protocols import Upsert
from shared.storage.shifts import decision_row

DECISIONS = (LOST, VOIDED)
NUMBERS_MAX = 100


async def confirm_missing(
    services: Services,
    store: str,
    day: date,
    terminal: str,
    numbers: Sequence[int],
    decision: str,
    person: Person,
    reason: str,
    generation: int = 1,
) -> int:
    """Record the decision for each number; the statement is compiled again and keeps them as that cause.

    generation: which of the tills that have borne the terminal's number; each has a receipt no. 1 of its own.

    Raises:
        RejectedError: no numbers, too many, another decision than lost or voided, no such till, or no reason.
    """
    if decision not in DECISIONS:
        raise RejectedError(
            "no such decision", field="decision", expected=" or ".join(DECISIONS), found=decision
        )
    if not numbers or len(numbers) > NUMBERS_MAX:
        expected = f"1 to {NUMBERS_MAX} numbers"
        raise RejectedError(
            f"name {expected}", field="sequence_numbers", expected=expected, found=str(len(numbers))
        )
    if any(not 0 < number < 2**31 for number in numbers):
        raise RejectedError(
            "a number is out of range",
            field="sequence_numbers",
            expected="1 to 2147483647",
            found=str(numbers)[:80],
        )
    if not 1 <= generation <= GENERATION_MAX:
        expected = f"1 to {GENERATION_MAX}"
        raise RejectedError("no such till", field="generation", expected=expected, found=str(generation))
    if await services.mappings.store(store, day) is None:
        raise RejectedError(
            "no such store", field="store", expected="a store in the stores mapping", found=store
        )
    if not reason.strip():
        raise RejectedError("a reason is needed", field="reason", expected="a sentence", found="nothing")
    now = services.now()
    role = ", ".join(sorted(person.roles))
    till = f"till {terminal}" + (f" no. {generation}" if generation > 1 else "")
    await append_audit(
        services.tables.audit, store, now, who=person.name,
        did=f"confirmed numbers {', '.join(map(str, numbers))} of {till} on {day} as {decision}", reason=reason,
    )  # fmt: skip
    decided = Decision(decision, person.name, role, reason, now.isoformat())
    rows = [
        decision_row(store, day, (terminal, generation, number), decided) for number in sorted(set(numbers))
    ]
    await services.tables.shifts.write_group([Upsert(row) for row in rows])
    await note_due(services.tables.due, [Due(STATEMENT, store, day, now)])
    return len(rows)
