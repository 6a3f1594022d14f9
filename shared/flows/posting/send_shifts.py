"""Which shifts may go to D365, and which it has: judged by their keys, like receipts, and never written over."""

from __future__ import annotations

from collections.abc import Sequence

from shared.d365.records import ShiftRow, shift_row
from shared.d365.shifts import shift_rows
from shared.errors import RetryableError, UnknownOutcomeError
from shared.retail.mapped import MappedShift
from shared.services import Services
from shared.storage.protocols import Row

Pairs = Sequence[tuple[Row, MappedShift]]


async def shifts_that_may_go(services: Services, pairs: Pairs) -> list[MappedShift]:
    """Leave out every shift that D365 has under its key, as sent or otherwise; reading back judges those."""
    there = await _there(services, pairs)
    return [shift for _, shift in pairs if as_sent(shift).key not in there]


async def shifts_landed(services: Services, pairs: Pairs) -> set[str]:
    """Give the row keys of the shifts that D365 has as they were sent: closed, with the same times."""
    there = await _there(services, pairs)
    sent = [(row, as_sent(shift)) for row, shift in pairs]
    return {
        row.key for row, shift in sent if shift.key in there and there[shift.key].meaning == shift.meaning
    }


async def write_shifts(services: Services, pairs: Pairs) -> None:
    """Write the shifts that D365 does not have, one changeset each: for when packages do not get through. What became of
    them is read back by the caller.

    Raises:
        RetryableError: among others, an answer got lost; what D365 has must be read again.
    """
    missing = await shifts_that_may_go(services, pairs)
    if not missing:
        return
    try:
        await services.d365.write_changesets([shift_rows(shift) for shift in missing])
    except UnknownOutcomeError as error:
        raise RetryableError(
            "an answer got lost while shifts were written: D365 is asked what it has"
        ) from error


async def _there(services: Services, pairs: Pairs) -> dict[object, ShiftRow]:
    keys = [as_sent(shift).key for _, shift in pairs]
    return {one.key: one for one in await services.d365.shifts_by_key(keys)} if keys else {}


def as_sent(shift: MappedShift) -> ShiftRow:
    """Give a shift's row as it is sent, to compare with the one D365 has."""
    return shift_row(shift_rows(shift)["Shifts"][0])
