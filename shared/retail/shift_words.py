"""A finding about a till's shifts in the words of the people whose it is: a cause with its value, and one line for lists."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.retail.money import money_text
from shared.retail.reasons import Cause, cause
from shared.retail.shift import Shift, shift_value
from shared.retail.shift_finding import Act, Finding, Flaw, Proposal

CODES = {
    Flaw.OVERLAP: "shift_overlap",
    Flaw.NEVER_CLOSED: "shift_not_closed",
    Flaw.BLIND_CLOSED: "shift_blind_closed",
    Flaw.SUSPENDED: "shift_suspended",
    Flaw.CLOSED_EARLY: "shift_closed_early",
    Flaw.GAP: "shift_gap",
    Flaw.OUTSIDE: "shift_sale_outside",
    Flaw.NOT_COUNTED: "shift_not_counted",
    Flaw.COUNTED_TWICE: "shift_counted_twice",
    Flaw.CLOSED_TWICE: "shift_closed_twice",
    Flaw.NEVER_OPENED: "shift_never_opened",
    Flaw.BEGAN_AGAIN: "till_maybe_replaced",
}


def is_told(finding: Finding) -> bool:
    """Whether a person must hear of it: a shift that is suspended while the day lasts is no mistake."""
    return not (finding.flaw is Flaw.SUSPENDED and finding.proposal.act is Act.WAIT)


def cause_of(
    finding: Finding, store: str, day: date, zone: ZoneInfo, currency: str, shift: Shift | None
) -> Cause:
    """Put a finding into words; times are the store's. shift: the one it is about, where the till told of it."""
    if finding.flaw is Flaw.BEGAN_AGAIN:
        return maybe_replaced(store, finding.terminal, finding.generation, day, finding.since, zone)
    counted = "; ".join(
        f"{tender} {amount} {unit}" for tender, unit, amount in (shift.counted if shift else ())
    )
    return cause(
        CODES[finding.flaw],
        shift_value(
            store,
            finding.terminal,
            finding.generation,
            finding.own_day or day,
            finding.shift,
        ),
        store=store,
        terminal=finding.terminal,
        shift=finding.shift,
        day=(finding.own_day or day).isoformat(),
        since=_clock(finding.since, zone),
        until=_clock(finding.until, zone) if finding.until else "now",
        named=f", in shift {finding.shift}, which nobody opened" if finding.shift else "",
        receipts=_receipts(finding, currency),
        counted=counted or "nothing",
        because=finding.proposal.because,
        do_this=do_this(finding.proposal, finding.shift, zone),
    )


def maybe_replaced(
    store: str, terminal: str, generation: int, day: date, since: datetime, zone: ZoneInfo
) -> Cause:
    """Propose that a till was replaced: its numbers began again at an instant."""
    words = {"store": store, "terminal": terminal, "day": day.isoformat(), "since": _clock(since, zone)}
    return cause("till_maybe_replaced", shift_value(store, terminal, generation, day, ""), **words)


def do_this(proposal: Proposal, shift: str, zone: ZoneInfo) -> str:
    """Say a proposal as what to do."""
    at = _clock(proposal.at, zone) if proposal.at else ""
    named = f"shift {shift}" if shift else "their shift"
    texts = {
        Act.WAIT: f"Wait until {at}: {proposal.because}. If nothing comes by then, ask the store and end {named} here.",
        Act.SPLIT: f"End {named} at {at}; its receipts after that move to the next shift: {proposal.because}. "
        "Ask the store first.",
        Act.END: f"End {named} here at {at}: {proposal.because}.",
        Act.ASK: f"Ask the store: {proposal.because}.",
    }
    return texts[proposal.act]


def finding_json(finding: Finding) -> dict[str, Any]:
    """Write a finding for a statement: the same finding gives the same text."""
    return {
        "flaw": str(finding.flaw),
        "terminal": finding.terminal,
        "generation": finding.generation,
        "shift": finding.shift,
        "others": list(finding.others),
        "since": finding.since.isoformat(),
        "until": finding.until.isoformat() if finding.until else None,
        "receipts": list(finding.receipts),
        "amount": str(finding.amount),
        "makes_busy": finding.makes_busy,
        "proposal": {
            "act": str(finding.proposal.act),
            "at": finding.proposal.at.isoformat() if finding.proposal.at else None,
            "because": finding.proposal.because,
        },
    }


def _receipts(finding: Finding, currency: str) -> str:
    count = len(finding.receipts)
    amount = f"{money_text(finding.amount, currency)} {currency}"
    return f"{count} receipt{'' if count == 1 else 's'} of {amount}" if count else "no receipts"


def _clock(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
