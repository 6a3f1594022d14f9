"""What one statement makes while it is posted: its receipts as they were judged, its orders, and the vouchers it books.

Each voucher is in the books as soon as it is made, as in D365: a statement that stops afterwards has it, and its next attempt
goes on after it. From then on the receipts in it are frozen here, whatever is written over them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from simulator import evidence
from simulator.database import Database, Receipt
from simulator.ledger import Ledger, StockMovement, VoucherLine
from simulator.reference import Item, Reference, Store
from simulator.rule_case import Case, case_of
from simulator.switches import Switches
from simulator.values import ZERO, Values, decimal_of, text_of

Entry = tuple[str, str, str, Decimal]
# Asked before each order with how many are done; raises PostingError when a fault is due there.
Watch = Callable[[int], None]


class PostingError(Exception):
    """A statement that cannot go on; the message is headquarters'."""


@dataclass(slots=True)
class Numbers:
    """Number sequences of orders, invoices, credit notes, vouchers, journals and statements."""

    used: dict[str, int] = field(default_factory=dict)

    def take(self, prefix: str) -> str:
        """Give the next number."""
        self.used[prefix] = self.used.get(prefix, 0) + 1
        return f"{prefix}-{self.used[prefix]:07d}"


@dataclass(slots=True)
class Member:
    """A receipt of a statement as it was judged. again: it had been in the books before; taken: it is now."""

    receipt: Receipt
    case: Case
    again: bool
    taken: bool = False


@dataclass(slots=True)
class Order:
    """One aggregation: a sales order of all sales, or of all returns, of one customer. again: in the books before."""

    customer: str
    returns: bool
    again: bool
    lines: list[tuple[Member, Values]] = field(default_factory=list)
    charges: list[tuple[Member, Values]] = field(default_factory=list)
    sales_id: str = ""
    invoice_id: str = ""

    @property
    def discount(self) -> Decimal:
        """The discounts of its lines."""
        return sum((decimal_of(row, "CashDiscountAmount") for _, row in self.lines), ZERO)

    @property
    def members(self) -> list[Member]:
        """The receipts in it, each once."""
        return list({id(one): one for one, _ in (*self.lines, *self.charges)}.values())


@dataclass(slots=True)
class Draft:
    """What one statement makes, over all its attempts. posted_at: of the present attempt."""

    database: Database
    switches: Switches
    ledger: Ledger
    numbers: Numbers
    store: Store
    day: str
    statement: str
    posted_at: str = ""
    members: list[Member] = field(default_factory=list)
    taken: list[Member] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)

    @property
    def reference(self) -> Reference:
        """Headquarters' set-up as it is now."""
        return self.database.reference

    def refresh(self, receipts: Iterable[Receipt]) -> None:
        """Take up receipts as they are now; those that are in the books already stay as they were."""
        frozen = {id(one.receipt) for one in self.taken}
        fresh = [one for one in receipts if id(one) not in frozen and one.header]
        self.members = self.taken + [
            Member(one, case_of(one, self.reference, self.switches), one.posted_times > 0) for one in fresh
        ]
        self.orders = [one for one in self.orders if one.sales_id]

    def take(self, member: Member) -> None:
        """Note that something of a receipt is in the books from now on."""
        if not member.taken:
            self.taken.append(member)
            member.taken = member.receipt.taken = True
            member.receipt.posted_times += 1

    def let_go(self, member: Member) -> None:
        """Give a receipt back that is in no invoice: it waits to be validated again, and for another statement."""
        receipt = member.receipt
        if member.taken:
            member.taken = receipt.taken = False
            receipt.posted_times -= 1
        self.taken = [one for one in self.taken if one is not member]
        self.members = [one for one in self.members if one is not member]
        receipt.statement, receipt.validation, receipt.validated_at = "", "None", None

    def book(
        self,
        source: str,
        entries: Iterable[Entry],
        movements: Iterable[StockMovement] = (),
        *,
        again: bool = False,
    ) -> list[VoucherLine]:
        """Post one voucher: (account, kind, code, amount) debit positive; entries of one kind and code are added up.

        Raises:
            PostingError: the day's period is closed.
        """
        self.check_period()
        sums: dict[tuple[str, str, str], Decimal] = defaultdict(lambda: ZERO)
        for account, kind, code, amount in entries:
            sums[account, kind, code] += amount
        moved = list(movements)
        if not moved and not any(sums.values()):
            return []
        voucher = self.numbers.take("VCH")
        lines = [
            VoucherLine(
                voucher, source, self.store.data_area, self.store.number, self.day, self.posted_at, self.statement,
                account, kind, code, amount, self.store.currency, again,
            )
            for (account, kind, code), amount in sums.items()
            if amount
        ]  # fmt: skip
        before = len(self.ledger.lines)
        self.ledger.post(lines, moved, [])
        for number, line in enumerate(lines, start=before + 1):
            evidence.show_ledger_line(self.database, number, line)
        for key in dict.fromkeys((one.data_area, one.warehouse, one.item) for one in moved):
            evidence.show_on_hand(self.database, key, self.ledger.on_hand[key])
        return lines

    def check_period(self) -> None:
        """Refuse to post into a closed period.

        Raises:
            PostingError: it is closed, or its year is not there.
        """
        company = self.reference.legal_entities[self.store.data_area]
        if not company.is_open(self.day):
            what = "Period" if company.has_year(self.day) else "Fiscal year"
            raise PostingError(f"{what} for {self.day} does not exist.")


def item_of(draft: Draft, row: Values) -> Item:
    """Give a line's item.

    Raises:
        PostingError: it was deleted after the receipt came.
    """
    number = text_of(row, "ItemId")
    item = draft.reference.items.get((draft.store.data_area, number))
    if item is None:
        raise PostingError(f"Item number {number} does not exist.")
    return item


def is_stocked(item: Item, row: Values) -> bool:
    """Whether selling it moves stock."""
    return item.stocked and row.get("GiftCard") != "Yes"


def warehouse_of(draft: Draft, case: Case, row: Values) -> str:
    """Give the line's warehouse, or its receipt's; the store's only where the environment fills it in.

    Raises:
        PostingError: there is none.
    """
    given = text_of(row, "Warehouse") or text_of(case.header, "Warehouse")
    if not given and draft.switches.missing_warehouse == "refuse":
        raise PostingError("Inventory dimension Location must be specified.")
    return given or draft.store.warehouse
