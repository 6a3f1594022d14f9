"""Where a transaction stands, and the one table of how it may move on.

One vocabulary for code, API, console, alerts and docs. The table is compared pair by pair with one written by hand.
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """sent: D365 has it, read back. validated: headquarters' validation passed. posted: it is in a posted D365
    statement, and nothing less is ever called posted. written_off: only what was never sent or is proven absent.
    """

    RECEIVED = "received"
    WAITING = "waiting"
    MAPPED = "mapped"
    SENDING = "sending"
    SENT = "sent"
    VALIDATED = "validated"
    POSTED = "posted"
    HELD = "held"
    REPAIR = "repair"
    EXCLUDED = "excluded"
    REVERSED = "reversed"
    WRITTEN_OFF = "written off"


_NEXT: dict[Status, frozenset[Status]] = {
    Status.RECEIVED: frozenset({Status.MAPPED, Status.WAITING, Status.HELD, Status.EXCLUDED}),
    Status.WAITING: frozenset({Status.RECEIVED, Status.HELD}),
    Status.MAPPED: frozenset({Status.SENDING, Status.RECEIVED, Status.HELD}),
    Status.SENDING: frozenset({Status.SENT, Status.MAPPED, Status.HELD}),
    Status.SENT: frozenset({Status.VALIDATED, Status.HELD}),
    Status.VALIDATED: frozenset({Status.POSTED, Status.HELD}),
    Status.POSTED: frozenset({Status.REVERSED, Status.HELD}),  # held: D365 no longer has it
    Status.HELD: frozenset({Status.RECEIVED, Status.REPAIR, Status.WRITTEN_OFF}),
    Status.REPAIR: frozenset({Status.SENT, Status.HELD}),
    Status.EXCLUDED: frozenset(),
    Status.REVERSED: frozenset({Status.HELD}),  # the same
    Status.WRITTEN_OFF: frozenset(),
}

IN_THE_LEDGER = frozenset(
    {Status.POSTED, Status.REVERSED}
)  # a reversal stands beside it, it stays where it is
IN_D365 = frozenset({Status.SENT, Status.VALIDATED}) | IN_THE_LEDGER
ENDED = frozenset({Status.POSTED, Status.EXCLUDED, Status.REVERSED, Status.WRITTEN_OFF})


def may_advance(current: Status, to: Status) -> bool:
    """Say whether a transaction may move from one status to another."""
    return to in _NEXT[current]


def advance(current: Status, to: Status) -> Status:
    """Give the next status, or raise: a move that the table does not know is a bug, never a person's mistake.

    Raises:
        ValueError: the move is not in the table.
    """
    if not may_advance(current, to):
        raise ValueError(f"a transaction that is {current} cannot become {to}")
    return to
