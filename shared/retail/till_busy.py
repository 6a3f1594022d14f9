"""Which tills D365 would call busy, foretold from our shifts and told in the same words as what D365 itself says of them.

A busy till is one with a shift that is not closed, two shifts that share time, receipts still offline, or a closing of its
own that D365 is at, or failed at (D365 facts §3.5). A store with one gets no financial statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.retail.shift_finding import Finding, Flaw

CLOSING, FAILED = "Closing", "Error"
DIGITS = 14  # of a shift number that tells day, generation and the till's own number
OFFLINE = "receipts of shift {shift} are still offline at the till"
OPEN = "shift {shift} is not closed"
_OF_FLAWS = {
    Flaw.NEVER_CLOSED: OPEN,
    Flaw.SUSPENDED: "shift {shift} is suspended, not closed",
    Flaw.BLIND_CLOSED: "shift {shift} was put aside without a count, not closed",
    Flaw.OVERLAP: "shifts {shift} and {other} share time",
}
_OF_STATES = {CLOSING: "D365 is still closing it", FAILED: "D365 failed to close it"}


@dataclass(frozen=True, slots=True)
class Told:
    """What D365 says of a till: its closing status, and the shifts of which receipts are still offline, by our names.

    in_error: shifts that D365 has found an error in, as one that is closed there and open at the till.
    """

    terminal: str
    closing_status: str = ""
    offline: tuple[str, ...] = ()
    in_error: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Busy:
    """A till that D365 calls busy, or will, and why, one line a reason."""

    terminal: str
    because: tuple[str, ...]


def busy_tills(findings: Iterable[Finding], told: Iterable[Told] = ()) -> tuple[Busy, ...]:
    """Say which tills are busy or will be: by our findings, and by what D365 says itself."""
    why: dict[str, set[str]] = {}
    for finding in findings:
        if finding.makes_busy:
            other = finding.others[0] if finding.others else ""
            text = _OF_FLAWS[finding.flaw].format(shift=finding.shift, other=other)
            why.setdefault(finding.terminal, set()).add(text)
    for one in told:
        lines = [OFFLINE.format(shift=shift) for shift in one.offline]
        lines += [f"D365 has found an error in shift {shift}" for shift in one.in_error]
        if one.closing_status in _OF_STATES:
            lines.append(_OF_STATES[one.closing_status])
        if lines:
            why.setdefault(one.terminal, set()).update(lines)
    return tuple(Busy(terminal, tuple(sorted(lines))) for terminal, lines in sorted(why.items()))


def state_words(status: str) -> str:
    """Say a closing status of D365's in our words; one that is not known stays as it is."""
    return _OF_STATES.get(status, status)


def our_shift(number: str) -> str:
    """Give the till's name of a shift by its number in D365, where the number tells it (`d365_shift_number`)."""
    is_plain = number.isdecimal() and len(number) == DIGITS and number[:2] in ("19", "20", "21")
    return str(int(number[-4:])) if is_plain else number
