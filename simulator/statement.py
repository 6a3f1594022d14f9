"""One D365 statement: the states it passed one by one, where it fell back and why, and its lines (D365 facts §3.4)."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.counting import StatementLine
from simulator.enumerations import STATEMENT_STATES

TRANSACTIONAL, FINANCIAL = "Transactional", "Financial"


@dataclass(slots=True)
class Statement:
    """One statement. group: whose, where a store splits them; history: (state, instant) of each state reached.

    falls: (state that failed, instant, message) of each attempt that did not go through; error: the last one's message,
    "" once it goes on. transactions: receipts, or shifts of a financial statement. linked: its vouchers written as its own.
    """

    number: str
    kind: str
    data_area: str
    store: str
    day: str
    group: str = ""
    state: str = "Started"
    error: str = ""
    error_state: str = ""
    history: list[tuple[str, str]] = field(default_factory=list)
    falls: list[tuple[str, str, str]] = field(default_factory=list)
    transactions: int = 0
    posted_at: str = ""
    linked: int = 0
    lines: list[StatementLine] = field(default_factory=list)

    @property
    def is_posted(self) -> bool:
        """Whether it is through."""
        return self.state == "Posted"

    def states_left(self) -> tuple[str, ...]:
        """Give the states still to be passed, the one that failed first."""
        return STATEMENT_STATES[len(self.history) :]

    def reach(self, state: str, instant: str) -> None:
        """Note a state passed."""
        self.state = state
        self.history.append((state, instant))

    def fall(self, state: str, instant: str, message: str) -> None:
        """Note a state that failed; the statement is what it was before it."""
        self.error, self.error_state = message, state
        self.falls.append((state, instant, message))

    def as_json(self) -> dict[str, object]:
        """Give it for people and tests."""
        return {
            "StatementId": self.number, "kind": self.kind, "dataAreaId": self.data_area, "StoreNumber": self.store,
            "businessDate": self.day, "group": self.group, "state": self.state,
            "PostingErrorCode": "Error" if self.error else "", "ErrorMessage": self.error,
            "PostingErrorStatus": self.error_state, "posted_at": self.posted_at, "transactions": self.transactions,
            "history": [list(one) for one in self.history], "falls": [list(one) for one in self.falls],
            "lines": [one.as_json() for one in self.lines],
        }  # fmt: skip
