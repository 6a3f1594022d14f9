"""Ask D365 by their keys for receipts that it did not show; then, of movements that are not there, for their shifts.

In this order: see `posting/taken.py`. Movements whose shift cannot be asked for within the turn's calls wait for the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.d365.records import HeaderRow, ShiftKey
from shared.flows.posting.taken import Statements, is_posted_with_shift, shifts_it_was_in, statements_of
from shared.retail.mapped import D365Key
from shared.services import Services
from shared.storage.protocols import Row
from shared.storage.receipts import key_of

# By the key of a receipt, the shifts to ask for where it is gone; none for what D365 marks as posted itself.
Missing = Mapping[D365Key, Sequence[ShiftKey]]


@dataclass(frozen=True, slots=True)
class ByKey:
    """What D365 has under the keys that were asked for. statements: of the shifts of movements that are not there; None where
    it shows none. waiting: movements that are not there, and whose shift could not be asked for.
    """

    asked: frozenset[D365Key]
    headers: Mapping[D365Key, HeaderRow]
    statements: Statements | None
    waiting: frozenset[D365Key] = frozenset()


def missing_of(rows: Iterable[Row]) -> Missing:
    """Give what is to be asked for."""
    return {key_of(row): (shifts_it_was_in(row) or ()) if is_posted_with_shift(row) else () for row in rows}


async def ask_by_key(services: Services, missing: Missing, calls_left: int) -> ByKey:
    """Ask. calls_left: of the turn's calls; the second question needs two.

    Raises:
        RetryableError: D365 did not answer.
        RejectedError: it does not answer such a question.
    """
    found = await services.d365.headers_by_key(list(missing))
    headers = {header.key: header for header in found}
    gone = {key: shifts for key, shifts in missing.items() if shifts and key not in headers}
    if gone and calls_left < 2:
        return ByKey(frozenset(missing), headers, {}, frozenset(gone))
    shifts = {shift for some in gone.values() for shift in some}
    return ByKey(frozenset(missing), headers, await statements_of(services, shifts))
