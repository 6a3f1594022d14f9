"""Failures of statements that people and tests order: any state, so many times, with any text, also between two orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.draft import PostingError
from simulator.enumerations import STATEMENT_STATES

DEADLOCK = (
    "Cannot edit a record in Sales orders (SalesTable). Deadlock, where one or more users have simultaneously locked the"
    " whole table or part of it."
)
_OPTIONS = frozenset({"state", "text", "times", "after", "kind"})


@dataclass(slots=True)
class StatementFault:
    """One failure on order. after: orders of the state that are made before it fails; left: attempts it still hits."""

    state: str
    text: str
    left: int
    after: int
    kind: str
    fired: int = 0

    def as_json(self) -> dict[str, object]:
        """Give it as ordered, with what became of it."""
        return {
            "state": self.state, "text": self.text, "after": self.after, "kind": self.kind, "left": self.left,
            "fired": self.fired,
        }  # fmt: skip


@dataclass(slots=True)
class StatementFaults:
    """The failures on order."""

    ordered: list[StatementFault] = field(default_factory=list)

    def add(self, order: Mapping[str, object]) -> StatementFault:
        """Take an order: state, and if wanted text, times, after, kind (Transactional or Financial).

        Raises:
            ValueError: an unknown state, kind or option, or a number that is none.
        """
        state, kind = str(order.get("state")), str(order.get("kind", ""))
        times, after = order.get("times", 1), order.get("after", 0)
        if set(order) - _OPTIONS or state not in STATEMENT_STATES:
            raise ValueError(f"state is one of {', '.join(STATEMENT_STATES)}; options are {sorted(_OPTIONS)}")
        if kind not in ("", "Transactional", "Financial"):
            raise ValueError("kind is Transactional or Financial")
        if not isinstance(times, int) or times < 1 or not isinstance(after, int) or after < 0:
            raise ValueError("times is a positive number, after a number")
        fault = StatementFault(state, str(order.get("text") or DEADLOCK), times, after, kind)
        self.ordered.append(fault)
        return fault

    def watch(self, state: str, kind: str, done: int) -> None:
        """Fail if a failure of this state is due, with so many of its orders made.

        Raises:
            PostingError: with the ordered text.
        """
        for fault in self.ordered:
            if fault.state == state and fault.left and fault.after <= done and fault.kind in ("", kind):
                fault.left -= 1
                fault.fired += 1
                raise PostingError(fault.text)
