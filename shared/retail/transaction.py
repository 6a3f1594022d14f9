"""The canonical transaction: what happened at a terminal, in words every POS can be put into.

Sign rule, the store's view: sold +, returned -, money in +, money out -. All amounts are exact decimals in the
transaction's one currency. A `Transaction` may be wrong (a till may send one that does not balance): what is wrong
with it is said by `shared.retail.rules`, and it is kept and held. (POS facts §6.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType

from shared.retail.drawers import drawer_name

# Written this way, the words are this module's too: whoever handles transactions needs both.
from shared.retail.kinds import Disposition as Disposition
from shared.retail.kinds import Kind as Kind
from shared.retail.kinds import LineKind as LineKind
from shared.retail.kinds import LinkRole as LinkRole
from shared.retail.kinds import RoundingReason as RoundingReason
from shared.retail.kinds import TenderRole as TenderRole
from shared.retail.kinds import TenderStatus as TenderStatus
from shared.retail.kinds import TenderType as TenderType
from shared.retail.kinds import TillStatus as TillStatus
from shared.retail.money import ZERO, total


@dataclass(frozen=True, slots=True)
class Link:
    """A pointer to another transaction, as far as the POS names it."""

    role: LinkRole
    transaction_id: str | None = None
    store: str | None = None
    terminal: str | None = None
    business_day: date | None = None
    sequence_number: int | None = None
    receipt_number: str | None = None
    line_number: int | None = None


@dataclass(frozen=True, slots=True)
class Discount:
    """One reduction on a line; `amount` has the sign of the line's gross."""

    amount: Decimal
    scope: str = "LINE"
    method: str = "AMOUNT"
    code: str | None = None
    promotion: str | None = None
    reason: str | None = None
    funded_by: str = "RETAILER"


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax on a line, signed as the line; `rate` in percent, `base` the amount it was computed on."""

    code: str
    amount: Decimal
    rate: Decimal | None = None
    base: Decimal | None = None
    inclusive: bool = False
    remitted_by: str = "MERCHANT"
    exempt_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One sales line. quantity, gross, net and taxes are + when sold and - when returned; unit_price is never negative.

    gross: before discounts, same tax basis as the prices. net = gross - discounts.
    """

    line_number: int
    item: str | None
    quantity: Decimal
    gross: Decimal
    net: Decimal
    kind: LineKind = LineKind.ITEM
    gtin: str | None = None
    description: str | None = None
    unit: str | None = None
    unit_price: Decimal | None = None
    discounts: tuple[Discount, ...] = ()
    taxes: tuple[Tax, ...] = ()
    original: Link | None = None
    return_reason: str | None = None
    disposition: Disposition | None = None
    gift_card: str | None = None
    serial: str | None = None
    parent_line_number: int | None = None

    @property
    def discount(self) -> Decimal:
        return total(one.amount for one in self.discounts)

    @property
    def tax(self) -> Decimal:
        return total(one.amount for one in self.taxes)

    @property
    def net_without_tax(self) -> Decimal:
        return self.net - total(one.amount for one in self.taxes if one.inclusive)

    @property
    def amount_due(self) -> Decimal:
        """The line's total with every tax."""
        return self.net_without_tax + self.tax

    @property
    def is_gift_card(self) -> bool:
        return self.kind in (LineKind.GIFT_CARD_ISSUE, LineKind.GIFT_CARD_LOAD)

    @property
    def is_return(self) -> bool:
        return self.quantity < 0 or (self.quantity == 0 and self.gross < 0)


@dataclass(frozen=True, slots=True)
class Card:
    """What may be kept of a payment card: never its number."""

    brand: str | None = None
    last4: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignMoney:
    """What was handed over in another currency; `rate` = home currency per unit."""

    currency: str
    amount: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Tender:
    """One payment, signed: money in +, money out -. `code` is the POS's own name of the tender."""

    tender_number: int
    type: TenderType
    code: str
    amount: Decimal
    role: TenderRole = TenderRole.PAYMENT
    status: TenderStatus = TenderStatus.CAPTURED
    card: Card | None = None
    gift_card: str | None = None
    fx: ForeignMoney | None = None
    tip_portion: Decimal | None = None

    @property
    def is_captured(self) -> bool:
        return self.status is TenderStatus.CAPTURED


@dataclass(frozen=True, slots=True)
class Rounding:
    """A named rounding, added to the amount due: -0.02 means the customer paid two cents less."""

    reason: RoundingReason
    amount: Decimal
    tender_number: int | None = None


@dataclass(frozen=True, slots=True)
class CashMovement:
    """Cash put in (+) or taken out (-) without a sale."""

    tender: str
    amount: Decimal
    reason_code: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Denomination:
    value: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted of one tender at the end of a shift."""

    tender: str
    currency: str
    amount: Decimal
    denominations: tuple[Denomination, ...] = ()


@dataclass(frozen=True, slots=True)
class ShiftTotals:
    """What the POS says its shift took: the left column of the proof. Signs as in the transactions.

    total = sales + returns + taxes + gift_cards_issued + rounding = sum of tenders.
    """

    transactions: int
    total: Decimal
    sales: Decimal = ZERO
    returns: Decimal = ZERO
    discounts: Decimal = ZERO
    rounding: Decimal = ZERO
    gift_cards_issued: Decimal = ZERO
    taxes: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    tenders: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    first_sequence: int | None = None
    last_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class ShiftRecord:
    """The opening or closing of a drawer. `totals` is there on closing, where the POS gives them."""

    shift: str
    opened_at: datetime
    closed_at: datetime | None = None
    opened_by: str | None = None
    closed_by: str | None = None
    business_day: date | None = None
    opening_float: Decimal | None = None
    counted: tuple[Counted, ...] = ()
    totals: ShiftTotals | None = None


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """What the POS itself claims of one transaction; None where it says nothing."""

    gross: Decimal | None = None
    discount: Decimal | None = None
    tax: Decimal | None = None
    rounding: Decimal | None = None
    total: Decimal | None = None
    paid: Decimal | None = None
    change: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction as its source account tells it. `store` is our store id once the door has resolved it.

    transaction_id: unique within (source account, store), built by the adapter's fixed scheme.
    sequence_number: the terminal's own counter; control transactions use numbers too.
    business_day: the POS's own, or None when it gives none (the door then computes it).
    drawer: which of a till's drawers, where it has several; drawer_till: the till whose drawer it is, where that is
    another's; drawer_generation: which of the tills that have borne that number, where somebody says so.
    """

    account: str
    store: str
    transaction_id: str
    terminal: str
    completed_at: datetime
    currency: str
    kind: Kind = Kind.SALES
    status: TillStatus = TillStatus.COMPLETED
    revision: str | None = None
    generation: int = 1
    receipt_number: str | None = None
    sequence_number: int | None = None
    shift: str | None = None
    operator: str | None = None
    began_at: datetime | None = None
    business_day: date | None = None
    offline: bool = False
    training: bool = False
    prices_include_tax: bool = False
    links: tuple[Link, ...] = ()
    lines: tuple[Line, ...] = ()
    voided_lines: tuple[Line, ...] = ()
    tenders: tuple[Tender, ...] = ()
    rounding: tuple[Rounding, ...] = ()
    cash_movement: CashMovement | None = None
    shift_record: ShiftRecord | None = None
    control_totals: ControlTotals | None = None
    extra: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    drawer: str | None = None
    drawer_till: str | None = None
    drawer_generation: int | None = None

    @property
    def drawer_of(self) -> tuple[str, int]:
        """Whose shifts hold its money: the drawer's name, and the generation of the till that the drawer is of."""
        if self.drawer_till is None or self.drawer_till == self.terminal:
            return drawer_name(self.terminal, self.drawer), self.generation
        return drawer_name(self.drawer_till, self.drawer), self.drawer_generation or 1

    @property
    def amount_due(self) -> Decimal:
        """What the lines and the roundings add up to, with tax."""
        return total(line.amount_due for line in self.lines) + self.amount_rounded

    @property
    def amount_rounded(self) -> Decimal:
        return total(one.amount for one in self.rounding)

    @property
    def captured(self) -> tuple[Tender, ...]:
        return tuple(one for one in self.tenders if one.is_captured)

    @property
    def amount_paid(self) -> Decimal:
        """What was captured: money in less money out."""
        return total(one.amount for one in self.captured)

    @property
    def is_for_the_ledger(self) -> bool:
        """A completed sale or return that is no exercise: the only thing that counts as turnover."""
        return self.kind is Kind.SALES and self.status is TillStatus.COMPLETED and not self.training

    @property
    def shape(self) -> str:
        """SALE, RETURN, EXCHANGE, EVEN or MONEY_ONLY, from the lines."""
        sold = any(not line.is_return for line in self.lines)
        back = any(line.is_return for line in self.lines)
        if sold and back:
            return "EXCHANGE" if self.amount_due else "EVEN"
        if back:
            return "RETURN"
        return "SALE" if sold else "MONEY_ONLY"
