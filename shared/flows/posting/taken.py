"""Movements of the cash office that D365 had, and what became of the shift they were sent in.

Nothing in D365 marks such a movement as posted: the financial statement of its closed shift posts it, and the shift says in which
statement it is. So that a movement is no longer there does not say that its money is in no ledger (ADR 52).

The order is what makes the answer proof: first its header is absent, then the shift is asked. No statement can post an absent
header any more, so a shift in no statement then has not posted it, and will not. The other way round headquarters could post
the shift, and somebody delete the header, between the two questions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from shared.d365.records import ShiftKey
from shared.errors import AccessRefusedError, RejectedError
from shared.flows.posting.apply import close_receipts
from shared.flows.posting.read_back import Outcome
from shared.retail.cash_office import POSTED_WITH_SHIFT
from shared.retail.mapped import MappedTransaction
from shared.retail.reasons import Cause, cause
from shared.retail.status import Status
from shared.services import Services
from shared.storage.protocols import Row
from shared.storage.receipts import SENT_IN, receipt_label

TAKEN = "drop_gone_from_d365"
NOT_SAID = "D365 does not say which statement that shift is in"
# The statement of each shift that D365 has, "" for none; None where it does not say. None for all: the set is not shown.
Statements = Mapping[ShiftKey, str | None]
Sent = tuple[Row, MappedTransaction]


def is_posted_with_shift(row: Row) -> bool:
    """Say whether D365 posts it with its shift, and marks nothing on it."""
    return row.text("Kind") in POSTED_WITH_SHIFT


def shifts_it_was_in(row: Row) -> tuple[ShiftKey, ...] | None:
    """Give the shifts under which D365 was seen to have a movement; None where that is not known.

    Not the one its row names now: a release gives it another. Rows of before these were written down have one shift, that of
    their own register unless they were sold into another till's drawer.
    """
    names = [line.rsplit(" ", 1) for line in row.text(SENT_IN).splitlines()]
    if not names and row.number("ShiftNumber"):
        if row.text("DrawerName"):
            return None
        names = [[row.text("Register"), str(row.number("ShiftNumber"))]]
    company, unit = row.text("LegalEntity"), row.text("OperatingUnit")
    return tuple(ShiftKey(company, unit, register, int(number)) for register, number in names)


def taken_cause(row: Row, statements: Statements | None) -> Cause | None:
    """Say that a movement's money may be in the ledger, its shift being in a statement, or D365 not saying; None where it is not.

    statements: what D365 says of the shifts it was in, asked after its header was found absent; None where it shows none.
    """
    shifts = shifts_it_was_in(row)
    if shifts == ():
        return None  # it was in no shift: no financial statement takes it
    said = NOT_SAID
    if shifts is not None and statements is not None:
        found = [(one, statements[one]) for one in shifts if one in statements]
        if all(statement == "" for _, statement in found):
            return None
        named = [f"shift {one.number} of {one.terminal} is in {name}" for one, name in found if name]
        said = "; ".join(named) or NOT_SAID
    return cause(TAKEN, f"{row.partition} {receipt_label(row)}", said=said)


async def statements_of(services: Services, shifts: Collection[ShiftKey]) -> Statements | None:
    """Ask D365 in which statements shifts are; None where it does not show that, or not to us.

    Raises:
        RetryableError: D365 did not answer.
    """
    if not shifts:
        return {}
    try:
        found = await services.d365.statements_of_shifts(shifts)
    except (AccessRefusedError, RejectedError) as error:
        services.log.warning("D365 does not show the statements of shifts: %s", error)
        return None
    return {one.key: one.statement for one in found}


async def without_taken(services: Services, good: Sequence[Sent]) -> list[Sent]:
    """Leave out, and hold, movements that D365 had, that are gone, and whose shift is in a statement by now.

    They are here because a person released them before tracking saw that they were gone: such as what had come in half, was held
    for it, and was taken out. Of those that tracking held as gone it is known that no shift has posted them: those are not asked.
    What D365 has is left to be read back.

    Raises:
        RetryableError: D365 did not answer; nothing is built.
    """
    fresh = [
        (row, mapped) for row, mapped in good if row.text(SENT_IN) and row.text("Status") == Status.MAPPED
    ]
    if not fresh:
        return list(good)
    there = {one.key for one in await services.d365.headers_by_key([mapped.key for _, mapped in fresh])}
    gone = [(row, mapped) for row, mapped in fresh if mapped.key not in there]
    shifts = {shift for row, _ in gone for shift in shifts_it_was_in(row) or ()}
    statements = await statements_of(services, shifts)
    held = [
        Outcome(row, mapped, held_for=why)
        for row, mapped in gone
        if (why := taken_cause(row, statements)) is not None
    ]
    if held:
        await close_receipts(services, held)
    keys = {one.row.key for one in held}
    return [one for one in good if one[0].key not in keys]
