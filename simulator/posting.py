"""What posting a transactional statement makes of its receipts: sales orders, invoices and credit invoices, stock.

Each order and each invoice is in the books as soon as it is made, as in D365: a statement that stops afterwards has them, and
its next attempt goes on after them. From then on the receipts in them are frozen here, whatever is written over them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from simulator import evidence
from simulator.database import Database, Receipt
from simulator.ledger import (
    CHARGE_REVENUE,
    CUSTOMERS,
    GIFT_CARDS,
    TAX_PAYABLE,
    Ledger,
    PostedReceipt,
    StockMovement,
    VoucherLine,
)
from simulator.reference import Item, Reference, Store
from simulator.rule_case import Case, case_of, charge_net, charge_tax, plain, shared_codes, total
from simulator.schema import SALES_LINES
from simulator.switches import Switches
from simulator.values import ZERO, Values, day_of, decimal_of, text_of

Entry = tuple[str, str, str, Decimal]
Link = tuple[str, str, str, Decimal]
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
    """A receipt of a statement as it was judged. again: it had been in the books before."""

    receipt: Receipt
    case: Case
    again: bool


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
    done: set[str] = field(default_factory=set)

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
        if all(one is not member for one in self.taken):
            self.taken.append(member)
            member.receipt.taken = True
            member.receipt.posted_times += 1

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
        self.ledger.post(lines, moved, [])
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


def aggregate(draft: Draft) -> None:
    """Aggregated: gather the lines that are in no order yet, by customer, sales before returns."""
    held = {id(row) for order in draft.orders for _, row in (*order.lines, *order.charges)}
    found: dict[tuple[str, bool, bool], Order] = {}
    for member in draft.members:
        for row in member.case.lines:
            if id(row) not in held:
                key = (member.case.customer, decimal_of(row, "Quantity") > 0, member.again)
                found.setdefault(key, Order(*key)).lines.append((member, row))
    for member in draft.members:
        for row in member.case.charge_rows:
            if id(row) not in held:
                key = (member.case.customer, charge_net(member.case, row) > 0, member.again)
                found.setdefault(key, Order(*key)).charges.append((member, row))
    draft.orders += sorted(found.values(), key=lambda one: one.returns)


def create_orders(draft: Draft, watch: Watch) -> None:
    """CustomerOrderCreated, one order after the other. Fails for what is blocked, nowhere, or returned too often."""
    for number, order in enumerate(draft.orders):
        if order.sales_id:
            continue
        watch(number)
        _check_customer(draft, order)
        for member, row in order.lines:
            _check_item(draft, member.case, row)
        if order.returns:
            _check_returns(draft, order)
        order.sales_id = draft.numbers.take("SO")
        for member in order.members:
            draft.take(member)


def _check_customer(draft: Draft, order: Order) -> None:
    key = (draft.store.data_area, order.customer)
    if key not in draft.reference.customers:
        raise PostingError(f"The customer account '{order.customer}' does not exist.")
    if key in draft.reference.blocked_customers:
        raise PostingError(f"Customer account {order.customer} is blocked for sales orders.")


def _check_item(draft: Draft, case: Case, row: Values) -> None:
    item = _item(draft, row)
    if item.blocked:
        raise PostingError(f"Item {item.number} is blocked for sales orders.")
    if _is_stocked(item, row):
        warehouse = _warehouse(draft, case, row)
        if not draft.reference.sites.get((draft.store.data_area, warehouse)):
            raise PostingError("Inventory dimension Site is mandatory and must consequently be specified.")


def _check_returns(draft: Draft, order: Order) -> None:
    """No more may come back of a line than it sold; a link to a receipt headquarters does not have is not checked."""
    rows = [row for _, row in order.lines if text_of(row, "ReturnTransactionNumber")]
    if not rows:
        return
    own = {id(row) for row in rows}
    returned: dict[Link, Decimal] = defaultdict(lambda: ZERO)
    for receipt in draft.database.receipts.values():
        if receipt.taken:
            rows += [row for row in receipt.lines(SALES_LINES) if id(row) not in own]
    for row in rows:
        if text_of(row, "ReturnTransactionNumber") and decimal_of(row, "Quantity") > 0:
            returned[_link(row)] += decimal_of(row, "Quantity")
    links = {_link(row) for _, row in order.lines if text_of(row, "ReturnTransactionNumber")}
    for link, sold in _sold(draft.database, links).items():
        if returned[link] > sold:
            raise PostingError(
                f"Line {plain(link[3])} of transaction {link[2]} sold {plain(sold)};"
                f" {plain(returned[link])} would be returned."
            )


def _link(row: Values) -> Link:
    return (
        text_of(row, "ReturnOperatingUnitNumber").lower(), text_of(row, "ReturnTerminal").lower(),
        text_of(row, "ReturnTransactionNumber").lower(), decimal_of(row, "ReturnLineNumber"),
    )  # fmt: skip


def _sold(database: Database, links: set[Link]) -> dict[Link, Decimal]:
    """Give what each line sold, of those links whose receipt is here; a line that is not on it sold nothing."""
    wanted: dict[tuple[str, ...], list[Link]] = defaultdict(list)
    for link in links:
        wanted[link[:3]].append(link)
    found: dict[Link, Decimal] = {}
    for key, receipt in database.receipts.items():
        for link in wanted.get(key[1:], ()):
            rows = [row for row in receipt.lines(SALES_LINES) if decimal_of(row, "LineNumber") == link[3]]
            found[link] = -decimal_of(rows[0], "Quantity") if rows else ZERO
    return found


def invoice_orders(draft: Draft, watch: Watch) -> None:
    """CustomerOrderInvoiced: an invoice or credit invoice for each order, with its stock movements."""
    for number, order in enumerate(draft.orders):
        if order.invoice_id:
            continue
        watch(number)
        draft.check_period()
        entries: list[Entry] = []
        movements: list[StockMovement] = []
        for member, row in order.lines:
            entries += _line_entries(draft, member.case, row, returns=order.returns)
            movements += _movements(draft, member.case, row)
        for member, row in order.charges:
            entries += _charge_entries(member.case, row)
        _check_stock(draft, movements)
        entries.append((CUSTOMERS, "customer", order.customer, -sum((entry[3] for entry in entries), ZERO)))
        order.invoice_id = draft.numbers.take("CN" if order.returns else "INV")
        source = "credit invoice" if order.returns else "invoice"
        lines = draft.book(source, entries, movements, again=order.again)
        evidence.show_invoice(draft.database, draft, order, lines[0].voucher if lines else "", lines)


def _line_entries(draft: Draft, case: Case, row: Values, *, returns: bool) -> list[Entry]:
    """Revenue (or a gift card's liability) and each tax; D365's sign is already the ledger's: sales are credits."""
    if shared_codes(case, row) == frozenset() and case.switches.empty_tax_intersection == "refuse":
        groups = f"'{text_of(row, 'SalesTaxGroup')}' and '{text_of(row, 'ItemSalesTaxGroup')}'"
        raise PostingError(f"The tax groups {groups} share no tax code.")
    amount = decimal_of(row, "NetAmount")
    if row.get("GiftCard") == "Yes":
        entries = [(GIFT_CARDS, "gift_card", "issued", amount)]
    else:
        item = _item(draft, row)
        if item.revenue_account == "none":
            raise PostingError("Account number for transaction type Sales order, revenue does not exist.")
        entries = [(item.revenue_account, "revenue", "returns" if returns else "sales", amount)]
    for tax in case.taxes.get(decimal_of(row, "LineNumber"), []):
        code = text_of(tax, "TaxCode")
        entries.append((f"{TAX_PAYABLE}-{code}", "tax", code, case.tax_of(tax)))
    return entries


def _charge_entries(case: Case, row: Values) -> list[Entry]:
    code = text_of(row, "MarkupCode")
    return [
        (CHARGE_REVENUE, "charge", code, charge_net(case, row)),
        (f"{TAX_PAYABLE}-charges", "tax", "charges", charge_tax(case, row)),
    ]


def _movements(draft: Draft, case: Case, row: Values) -> list[StockMovement]:
    item = _item(draft, row)
    if not _is_stocked(item, row):
        return []
    place = _warehouse(draft, case, row)
    return [
        StockMovement(draft.store.data_area, place, item.number, decimal_of(row, "Quantity"), draft.statement)
    ]


def _item(draft: Draft, row: Values) -> Item:
    return draft.reference.items[draft.store.data_area, text_of(row, "ItemId")]


def _is_stocked(item: Item, row: Values) -> bool:
    return item.stocked and row.get("GiftCard") != "Yes"


def _warehouse(draft: Draft, case: Case, row: Values) -> str:
    """Give the line's warehouse, or its receipt's; the store's only where the environment fills it in."""
    given = text_of(row, "Warehouse") or text_of(case.header, "Warehouse")
    if not given and draft.switches.missing_warehouse == "refuse":
        raise PostingError("Inventory dimension Location must be specified.")
    return given or draft.store.warehouse


def _check_stock(draft: Draft, movements: list[StockMovement]) -> None:
    """Where negative stock is not allowed, what leaves must be there; sales come before a statement's own returns."""
    issued: dict[tuple[str, str, str], Decimal] = defaultdict(lambda: ZERO)
    for one in movements:
        if one.quantity < 0 and not draft.reference.warehouses.get((one.data_area, one.warehouse), True):
            issued[one.data_area, one.warehouse, one.item] += one.quantity
    for key, quantity in issued.items():
        there = draft.ledger.on_hand.get(key, ZERO) + draft.reference.on_hand_at_start.get(key, ZERO)
        if there + quantity < 0:
            raise PostingError(
                f"Item number {key[2]}: {plain(-quantity)} cannot be picked because only {plain(there)} is/are available"
                f" from the inventory of {key[1]}."
            )


def posted_receipts(draft: Draft) -> list[PostedReceipt]:
    """Give the entries that say which receipts were posted."""
    return [
        PostedReceipt(
            draft.store.data_area, draft.store.number, day_of(one.case.header, "businessDate"), one.case.number,
            draft.statement, total(one.case.lines, "CashDiscountAmount"), one.again,
        )
        for one in draft.members
    ]  # fmt: skip
