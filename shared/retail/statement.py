"""The statement of a store-day and its proof: three columns, and named causes that add up to the difference.

What the POS says, what we received, what D365 has and has posted. Nothing is ever plugged: what no cause explains is
shown as Unexplained. The same receipts give the same statement, whatever the order they came in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.retail.completeness import (
    Decision,
    Gap,
    SeenNumber,
    Till,
    TillNumbers,
    gap_value_of,
    terminal_says,
    tills_of,
)
from shared.retail.d365_rules import CARDS, Broken, cause_of
from shared.retail.drawers import till_of_drawer
from shared.retail.figures import Figures, sum_of
from shared.retail.money import total
from shared.retail.reasons import FINANCE, IT, REASONS, cause
from shared.retail.reversal import REVERSAL
from shared.retail.rounding import RoundingSum, sums_of
from shared.retail.shift import Shift
from shared.retail.status import IN_D365, IN_THE_LEDGER, Status
from shared.retail.storeday import ReceiptRecord as ReceiptRecord
from shared.retail.storeday import StoreDay as StoreDay
from shared.retail.supplement import Supplement, supplement_of

PROVED = "proved"
NOT_PROVED = "not proved"
NOT_STATED = "completeness not proven"
NOT_FETCHED = "receipt_not_fetched"
# What the POS says is said by: its shifts' totals; else what arrived and what else the vendor's list has; else nobody.
BY_SHIFTS, BY_LIST, BY_NOBODY = "shift totals", "vendor's list", "not stated"

# Causes that are no exception: the receipt is on its way. Owner and remedy by code.
ON_THE_WAY = {
    "not_sent_yet": (IT, "Nothing: the receipt goes with the next package."),
    "not_posted_yet": (FINANCE, "Nothing yet: headquarters' own jobs validate and post it."),
    "written_off": (FINANCE, "Nothing: a person decided that it will not go."),
    "reversed": (FINANCE, "Nothing: a person had it reversed, and gave the reason."),
}


@dataclass(frozen=True, slots=True)
class ProofCause:
    """One named part of the difference: `figures` is how much of it, `receipts` the evidence behind it."""

    code: str
    value: str
    fingerprint: str
    figures: Figures
    receipts: tuple[str, ...]
    owner: str
    do_this: str
    decided: Decision | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """The compiled store-day. pos_says is None where the POS states no totals; said_by: who states them.

    difference = pos_says - posted (received - posted where the POS says nothing);
    sum of causes + unexplained = difference, in total and for every tender, tax code and group.
    """

    day: StoreDay
    pos_says: Figures | None
    received: Figures
    in_d365: Figures
    posted: Figures
    causes: tuple[ProofCause, ...]
    unexplained: Figures
    gaps: tuple[Gap, ...]
    late: tuple[str, ...]
    verdict: str
    tills: tuple[TillNumbers, ...] = ()
    said_by: str = BY_NOBODY

    @property
    def columns(self) -> Mapping[str, Figures]:
        """The columns by name, as they are signed. pos_says is there where the shifts state it.

        What a vendor's list has stands in the statement only while it is missing, and is no column to compare with later.
        """
        says = {"pos_says": self.pos_says} if self.pos_says is not None and self.said_by == BY_SHIFTS else {}
        return {**says, "received": self.received, "in_d365": self.in_d365, "posted": self.posted}

    @property
    def supplement(self) -> Supplement | None:
        """What changed since finance last signed; None where nothing did, or nothing is signed."""
        receipts = [(one.name, one.label, str(one.status)) for one in self.day.receipts]
        return supplement_of(self.day.signed, receipts, self.columns)

    @property
    def rounding(self) -> tuple[RoundingSum, ...]:
        """The day's proved roundings by mechanism; what was beyond its bound is held and no rounding."""
        counted = (
            one
            for one in self.day.receipts
            if one.is_receipt and one.status is not Status.EXCLUDED and one.is_in(self.day.currency)
        )
        return sums_of(found for one in counted for found in one.rounding if found.is_rounding)

    @property
    def difference(self) -> Figures:
        return (self.received if self.pos_says is None else self.pos_says) - self.posted


def compile_store_day(day: StoreDay) -> Statement:
    """Compile a store-day: add each column up, name the causes of the difference, and say whether it is proved."""
    counted = [one for one in day.receipts if one.is_receipt and one.status is not Status.EXCLUDED]
    receipts = [one for one in counted if one.is_in(day.currency)]
    received = sum_of(one.figures for one in receipts)
    says = _pos_says(receipts, day.shifts)
    stated = says is not None
    listed = Figures() if stated else _listed(day)
    pos_says = received + listed if listed.count else says
    posted = sum_of(one.figures for one in receipts if one.status in IN_THE_LEDGER)
    tills = tills_of(
        _numbers(day.receipts),
        day.shifts,
        _by_till(receipts, _drawer_of),
        day.decisions,
        day.numbers_before,
        _by_till(receipts, lambda one: one.numbered_by),
    )
    gaps = tuple(one.gap for one in tills if one.gap is not None)
    foreign = [
        one
        for one in day.receipts
        if not one.is_in(day.currency)
        and (one.moves_money or (one.is_receipt and one.status is not Status.EXCLUDED))
    ]
    causes = (
        *_gap_causes(day, gaps, stated=stated), *_not_here(day, listed), *_receipt_causes(receipts),
        *_reversed_for_good(receipts, stated=stated), *_beside(receipts, foreign),
    )  # fmt: skip
    difference = (received if pos_says is None else pos_says) - posted
    causes = _less_what_the_till_voided(causes, difference)
    unexplained = difference - sum_of(one.figures for one in causes)
    return Statement(
        day=day,
        pos_says=pos_says,
        received=received,
        in_d365=sum_of(one.figures for one in receipts if one.status in IN_D365),
        posted=posted,
        causes=causes,
        unexplained=unexplained,
        gaps=gaps,
        late=tuple(sorted(one.label for one in receipts if one.late)),
        verdict=_verdict(pos_says, causes, unexplained),
        tills=tills,
        said_by=BY_SHIFTS if stated else BY_LIST if listed.count else BY_NOBODY,
    )


def _pos_says(receipts: Sequence[ReceiptRecord], shifts: Sequence[Shift]) -> Figures | None:
    """Add up the shifts' totals, if every terminal whose drawer took anything states them for all its shifts."""
    terminals = {_drawer_of(one)[0] for one in receipts if one.is_of_the_till} | {
        till_of_drawer(shift.terminal) for shift in shifts
    }
    says = [terminal_says(terminal, shifts) for terminal in sorted(terminals)]
    stated = [one for one in says if one is not None]
    return sum_of(stated) if says and len(stated) == len(says) else None


def _drawer_of(one: ReceiptRecord) -> Till:
    """Give the till whose drawer holds a receipt's money."""
    name, generation = one.drawer_of
    return till_of_drawer(name), generation


def _by_till(
    receipts: Sequence[ReceiptRecord], till_of: Callable[[ReceiptRecord], Till]
) -> dict[Till, Figures]:
    found: dict[Till, list[Figures]] = {}
    for one in receipts:
        if one.is_of_the_till:
            found.setdefault(till_of(one), []).append(one.figures)
    return {till: sum_of(some) for till, some in found.items()}


def _numbers(receipts: Sequence[ReceiptRecord]) -> list[SeenNumber]:
    return [
        SeenNumber(*one.numbered_by, one.sequence_number, _drawer_of(one))
        for one in receipts
        if one.sequence_number is not None
    ]


def _gap_causes(day: StoreDay, gaps: Sequence[Gap], *, stated: bool) -> list[ProofCause]:
    """One cause a gap. It is decided when a person has decided about every number in it."""
    reason = REASONS["receipts_missing"]
    causes = []
    for gap in gaps:
        worth = gap.worth if stated and gap.worth is not None else Figures()
        decided = len(gap.decisions) == len(gap.numbers)
        value = gap_value(day, gap.terminal, gap.generation)
        causes.append(
            ProofCause(
                code="receipts_missing",
                value=value,
                fingerprint="",
                figures=worth,
                receipts=tuple(f"till {gap.terminal} number {number}" for number in gap.numbers),
                owner=reason.owner,
                do_this=reason.do_this,
                decided=gap.decisions[min(gap.decisions)] if decided else None,
            )
        )
    return causes


def _listed(day: StoreDay) -> Figures:
    """Add up what a vendor's list has and we do not: totals alone, for a list tells neither tenders nor taxes."""
    amounts = [one.amount for one in day.not_here if one.amount is not None]
    return Figures(count=len(amounts), total=total(amounts))


def _not_here(day: StoreDay, listed: Figures) -> list[ProofCause]:
    """What a vendor's list has and we do not, worth what the POS says of it; where shifts state totals, it is in those."""
    if not day.not_here:
        return []
    reason, value = REASONS[NOT_FETCHED], f"{day.store} {day.business_day}"
    names = tuple(sorted(one.name for one in day.not_here))
    return [ProofCause(NOT_FETCHED, value, "", listed, names, reason.owner, reason.do_this)]


def gap_value(day: StoreDay, terminal: str, generation: int) -> str:
    """Name the gap of a till on a day: the value of its cause."""
    return gap_value_of(day.store, day.business_day, terminal, generation)


def _receipt_causes(receipts: Sequence[ReceiptRecord]) -> list[ProofCause]:
    """Group what is not posted by why, and show late receipts beside it with no amount."""
    groups: dict[tuple[str, str, str], list[ReceiptRecord]] = {}
    for one in receipts:
        if one.status not in IN_THE_LEDGER:
            groups.setdefault(_why_not_posted(one), []).append(one)
    causes = [_decided(_cause(key, members, counts=True), members) for key, members in sorted(groups.items())]
    late = [one for one in receipts if one.late and one.status in IN_THE_LEDGER]
    if late:
        causes.append(_cause(("receipt_late", "", ""), late, counts=False))
    return causes


def _decided(cause: ProofCause, members: Sequence[ReceiptRecord]) -> ProofCause:
    """What two people wrote off is decided, and stands as a cause of its own for each receipt."""
    if cause.code != "written_off" or any(one.decided is None for one in members):
        return cause
    return replace(cause, decided=members[0].decided)


def _reversed_for_good(receipts: Sequence[ReceiptRecord], *, stated: bool) -> list[ProofCause]:
    """What a person had reversed without a replacement: the till counted it, the ledger no longer has it."""
    gone = [one for one in receipts if one.correction == REVERSAL and not one.is_replaced]
    return [
        replace(
            _cause(("reversed", one.label, ""), [one], counts=False),
            figures=-one.figures if stated else Figures(),
            decided=one.decided,
        )
        for one in sorted(gone, key=lambda each: (each.label, each.transaction_id))
    ]


def _less_what_the_till_voided(causes: tuple[ProofCause, ...], difference: Figures) -> tuple[ProofCause, ...]:
    """A receipt that the till voided after it was finished is not in the till's totals either: its reversal explains
    nothing there, and would itself be unexplained.
    """
    gone = sum_of(one.figures for one in causes if one.code == "reversed")
    left = difference - sum_of(one.figures for one in causes)
    if gone.is_nothing or not (left + gone).is_nothing:
        return causes
    return tuple(replace(one, figures=Figures()) if one.code == "reversed" else one for one in causes)


def _beside(receipts: Sequence[ReceiptRecord], foreign: Sequence[ReceiptRecord]) -> list[ProofCause]:
    """Causes that no column can hold: receipts with two versions, of which the first counts, and other currencies."""
    causes = []
    for code, members in (
        ("content_conflict", [one for one in receipts if one.conflict]),
        ("other_currency", foreign),
    ):
        if members:
            causes.append(_cause((code, "", ""), members, counts=False))
    return causes


def _why_not_posted(one: ReceiptRecord) -> tuple[str, str, str]:
    if one.status in (Status.HELD, Status.WAITING, Status.REPAIR):
        return (one.cause_code or "d365_refused", one.cause_value, one.fingerprint)
    if one.status is Status.WRITTEN_OFF:
        return ("written_off", one.label if one.decided is not None else "", "")
    # a reversal and its replacement apart: together they are worth nothing, and nobody would see them under way
    return ("not_posted_yet" if one.status in IN_D365 else "not_sent_yet", one.correction, "")


def _cause(key: tuple[str, str, str], members: Sequence[ReceiptRecord], *, counts: bool) -> ProofCause:
    code, value, fingerprint = key
    owner, do_this = ON_THE_WAY[code] if code in ON_THE_WAY else _whose_and_what(code, value)
    return ProofCause(
        code=code,
        value=value,
        fingerprint=fingerprint,
        figures=sum_of(one.figures for one in members) if counts else Figures(),
        receipts=tuple(sorted(one.label for one in members)),
        owner=owner,
        do_this=do_this,
    )


def _whose_and_what(code: str, value: str) -> tuple[str, str]:
    """Give a cause's owner and what is to be done; where that needs words which only its entry has, where to read them."""
    broken = Broken.from_value(value)
    is_rule = code in ("d365_rule", "d365_reference") and broken.rule in CARDS
    why = cause_of(broken) if is_rule else cause(code, value)
    text = why.texts()["do_this"]
    return why.owner, text if "…" not in text else "Do what its entry in the list of causes says."


def _verdict(pos_says: Figures | None, causes: Sequence[ProofCause], unexplained: Figures) -> str:
    """Proved: the POS states its totals, nothing is unexplained, and every cause with money in it is decided.

    Where the money is whole and the till counts other receipts than came, one of nothing is missing: not proven.
    """
    if not unexplained.is_nothing:
        return NOT_PROVED
    if any(not one.figures.is_nothing and one.decided is None for one in causes):
        return NOT_PROVED
    if any(one.code in ("content_conflict", "other_currency") for one in causes):
        return NOT_PROVED
    open_gap = any(one.code in ("receipts_missing", NOT_FETCHED) and one.decided is None for one in causes)
    if pos_says is None or open_gap or unexplained.count:
        return NOT_STATED
    return PROVED
