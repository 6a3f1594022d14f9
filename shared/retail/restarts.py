"""Tills whose numbers begin again within a business day: what a till that was replaced does, and proposes so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from shared.retail.money import ZERO
from shared.retail.shift_finding import Act, Finding, Flaw, Proposal, Rung

BEGINS_BY = 5  # a counter that is set back begins at 1, or soon after
FALLS_BY = 20  # clocks that differ let numbers fall by a few
ANOTHER_RECEIPT = timedelta(
    minutes=10
)  # between two receipts of one number: more is no second version of the first


def restarts_of(rung: Iterable[Rung], day: date) -> tuple[Finding, ...]:
    """Find, for each till, where its numbers first begin again. A counter that ran full (9999) is none."""
    tills: dict[tuple[str, int], list[tuple[datetime, int]]] = {}
    for one in rung:
        if one.number is not None:
            tills.setdefault(one.till or (one.terminal, one.generation), []).append((one.at, one.number))
    found = []
    for (terminal, generation), numbers in sorted(tills.items()):
        at = _begins_again(sorted(numbers))
        if at is not None:
            because = "its numbers fell back to the first ones, as those of a till that was replaced"
            found.append(
                Finding(
                    Flaw.BEGAN_AGAIN, terminal, "", (), at, None, (), ZERO, Proposal(Act.ASK, because, at), generation,
                    day, day,
                )
            )  # fmt: skip
    return tuple(found)


def _begins_again(numbers: list[tuple[datetime, int]]) -> datetime | None:
    highest = 0
    for at, number in numbers:
        ran_full = set(str(highest)) == {"9"}
        if number <= BEGINS_BY and highest >= number + FALLS_BY and not ran_full:
            return at
        highest = max(highest, number)
    return None


def is_another_receipt(first: datetime, second: datetime) -> bool:
    """Whether two receipts of one number are too far apart in time to be versions of one."""
    return abs(second - first) >= ANOTHER_RECEIPT
