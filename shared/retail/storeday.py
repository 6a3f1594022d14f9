"""A store's business day as it is known at a cut-off: its receipts, shifts, decisions and signatures.

Beside it what the statement lists and does not prove: cash moved by hand, money paid in and out, and what was counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType

from shared.retail.completeness import Decision, Numbered, Spell, Till
from shared.retail.counting import Counts, DrawerMove, Limits, compare_counts
from shared.retail.figures import Figures
from shared.retail.lateness import Times
from shared.retail.ledger import Instants, PaidInOrOut
from shared.retail.money import total
from shared.retail.rounding import Diagnosis
from shared.retail.shift import Shift
from shared.retail.shift_finding import Finding
from shared.retail.status import IN_D365, IN_THE_LEDGER, Status
from shared.retail.supplement import Signed


@dataclass(frozen=True, slots=True)
class ReceiptRecord:
    """What the statement needs of one transaction.

    correction: "reversal" (its figures are turned, its count is -1) or "replacement". is_replaced: of a reversal, whether
    a replacement stands beside it; decided: who had it reversed. moved: cash put in or taken out without a sale, for people
    to enter by hand; drawer: what a transaction that is no sale moved in the drawer, by tender; paid: income or expense it
    stands for. posts_on: the day D365 has it under, where that is not its business day. till_shift: the shift the till named,
    where it counts for another ("": it named none). rounding: how its taxes and amounts differ from what they come to when
    worked out again. without_receipt: what came back on it without its sale (negative); other_tender: how much of a refund
    went back by a tender the sale was not paid with. drawer_name, drawer_generation: whose drawer holds its money, where that
    is not simply its till's. numbers_of, counted_in: of what D365 had when its till was declared replaced, or no longer so: the
    generation that its number is of, and the one whose drawer holds its money; 0 where they are its own. codes: the values it
    asks the mappings for.
    """

    label: str
    account: str
    transaction_id: str
    terminal: str
    status: Status
    figures: Figures
    generation: int = 1
    sequence_number: int | None = None
    shift: str = ""
    is_receipt: bool = True
    late: bool = False
    conflict: bool = False
    cause_code: str = ""
    cause_value: str = ""
    fingerprint: str = ""
    d365_statement: str = ""
    currency: str = ""
    correction: str = ""
    is_replaced: bool = False
    decided: Decision | None = None
    kind: str = ""
    moved: Decimal | None = None
    drawer: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    in_time: Instants | None = None
    paid: PaidInOrOut | None = None
    mapping_version: int = 0
    posts_on: date | None = None
    completed_at: datetime | None = None
    till_shift: str | None = None
    times: Times | None = None
    rounding: tuple[Diagnosis, ...] = ()
    operator: str = ""
    without_receipt: Decimal | None = None
    other_tender: Decimal | None = None
    codes: str = ""
    amended: Figures | None = None
    drawer_name: str = ""
    drawer_generation: int = 0
    numbers_of: int = 0
    counted_in: int = 0

    @property
    def in_ledger(self) -> Figures:
        """Its figures by the codes that its ledger goes by: the till's own, but where a person said that they mean others."""
        return self.figures if self.amended is None else self.amended

    @property
    def drawer_of(self) -> tuple[str, int]:
        """Whose shifts hold its money: the drawer's name, and the generation of the till that the drawer is of."""
        return self.drawer_name or self.terminal, self.counted_in or self.drawer_generation or self.generation

    @property
    def shift_of(self) -> tuple[str, int]:
        """Whose shift it goes to D365 in; that stays as it was sent."""
        return self.drawer_name or self.terminal, self.drawer_generation or self.generation

    @property
    def numbered_by(self) -> tuple[str, int]:
        """Which of the tills that have borne its terminal's number gave it its own."""
        return self.terminal, self.numbers_of or self.generation

    @property
    def name(self) -> str:
        """Account and transaction id: what no other transaction of the store has."""
        return f"{self.account} {self.transaction_id}"

    def is_in(self, currency: str) -> bool:
        """Whether its amounts may be added to others in this currency; one that names none is in the store's own."""
        return self.currency in ("", currency)

    @property
    def moves_money(self) -> bool:
        """Whether it moved money without being a sale."""
        return bool(self.moved or self.drawer or self.paid)

    @property
    def is_of_the_till(self) -> bool:
        """Whether the till rang it up itself: its totals know nothing of a reversal or a replacement."""
        return not self.correction


@dataclass(frozen=True, slots=True)
class NotHere:
    """A receipt that a POS vendor lists and that never arrived, as it is named to people.

    amount: what it comes to with tax, in the store's currency and sign; None where its list did not tell that, or where
    the receipt itself is here and only a change of it is not.
    """

    name: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StoreDay:
    """A store's business day as it is known at the cut-off. signed: what finance has signed of it so far."""

    store: str
    legal_entity: str
    business_day: date
    currency: str
    ends_at: datetime
    receipts: Sequence[ReceiptRecord]
    shifts: Sequence[Shift]
    decisions: Mapping[Numbered, Decision] = field(default_factory=lambda: MappingProxyType({}))
    signed: tuple[Signed, ...] = ()
    limits: Limits = field(default_factory=Limits)
    shift_findings: Sequence[Finding] = ()
    numbers_before: Mapping[Till, Sequence[Spell]] = field(default_factory=lambda: MappingProxyType({}))
    not_here: tuple[NotHere, ...] = ()


@dataclass(frozen=True, slots=True)
class ByHand:
    """Floats, removals, drops or counts of one till that are kept and not sent; money out is negative."""

    kind: str
    terminal: str
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class IncomeExpense:
    """Money paid in (+) or out (-) for one reason: what arrived, what of it D365 has, and has posted."""

    kind: str
    reason: str
    count: int
    received: Decimal
    in_d365: Decimal
    posted: Decimal


def by_hand(day: StoreDay) -> tuple[ByHand, ...]:
    """What the tills did with cash that was not sent: finance enters it in D365 by hand (docs/cash-office.md)."""
    groups: dict[tuple[str, str], list[ReceiptRecord]] = {}
    for one in day.receipts:
        if one.status is Status.EXCLUDED and one.moved is not None and one.is_in(day.currency):
            groups.setdefault((one.kind, one.terminal), []).append(one)
    return tuple(
        ByHand(kind, terminal, len(some), total(one.moved for one in some if one.moved is not None))
        for (kind, terminal), some in sorted(groups.items())
    )


def income_expense(day: StoreDay) -> tuple[IncomeExpense, ...]:
    """Money paid in and out without a sale, by kind and reason; it is in the drawer and in no sale."""
    groups: dict[tuple[str, str], list[ReceiptRecord]] = {}
    for one in day.receipts:
        if one.kind in ("PAID_IN", "PAID_OUT") and one.drawer and one.is_in(day.currency):
            groups.setdefault((one.kind, one.paid.reason if one.paid else ""), []).append(one)
    return tuple(
        IncomeExpense(
            kind, reason, len(some), _moved(some), _moved([one for one in some if one.status in IN_D365]),
            _moved([one for one in some if one.status in IN_THE_LEDGER]),
        )
        for (kind, reason), some in sorted(groups.items())
    )  # fmt: skip


def _moved(some: Sequence[ReceiptRecord]) -> Decimal:
    return total(amount for one in some for amount in one.drawer.values())


def counts(day: StoreDay) -> Counts:
    """What was counted in the tills against what should be there. Money is in the drawer that the till named."""
    moves = [
        DrawerMove(
            *one.drawer_of,
            one.till_shift or one.shift,
            one.figures.tenders or one.drawer,
            of_sale=bool(one.figures.tenders),
        )
        for one in day.receipts
        if one.is_of_the_till
        and (one.drawer or one.status is not Status.EXCLUDED)
        and one.is_in(day.currency)
    ]
    return compare_counts(day.shifts, moves, day.limits, day.currency)
