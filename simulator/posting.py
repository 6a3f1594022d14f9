"""What posting a transactional statement makes of its receipts: sales orders, invoices, vouchers, payments, stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from simulator.database import Database, Receipt
from simulator.ledger import (
    CUSTOMERS,
    GIFT_CARDS,
    REVENUE,
    TAX_PAYABLE,
    Ledger,
    PostedReceipt,
    StockMovement,
    VoucherLine,
)
from simulator.reference import Reference, Store
from simulator.rule_case import Case, case_of, plain, total
from simulator.schema import SALES_LINES
from simulator.switches import Switches
from simulator.values import ZERO, Values, day_of, decimal_of, text_of

Entry = tuple[str, str, str, Decimal]
Link = tuple[str, str, str, Decimal]


class PostingError(Exception):
    """A statement that cannot go on; the message is headquarters'."""


@dataclass(slots=True)
class Numbers:
    """Number sequences of orders, invoices, credit notes, vouchers and statements."""

    used: dict[str, int] = field(default_factory=dict)

    def take(self, prefix: str) -> str:
        """Give the next number."""
        self.used[prefix] = self.used.get(prefix, 0) + 1
        return f"{prefix}-{self.used[prefix]:07d}"


@dataclass(slots=True)
class Order:
    """One aggregation: a sales order of all sales, or of all returns, of one customer. again: posted before."""

    customer: str
    returns: bool
    again: bool
    lines: list[tuple[Case, Values]] = field(default_factory=list)
    sales_id: str = ""
    invoice_id: str = ""


@dataclass(slots=True)
class Draft:
    """What one statement is about to book. Nothing is in the ledger until all of it can be."""

    store: Store
    day: str
    statement: str
    posted_at: str
    numbers: Numbers
    cases: list[tuple[Receipt, Case]]
    orders: list[Order] = field(default_factory=list)
    lines: list[VoucherLine] = field(default_factory=list)
    movements: list[StockMovement] = field(default_factory=list)

    def book(self, source: str, entries: Iterable[Entry], *, again: bool) -> None:
        """Write one voucher: (account, kind, code, amount) debit positive; entries of one kind and code are added up."""
        sums: dict[tuple[str, str, str], Decimal] = defaultdict(lambda: ZERO)
        for account, kind, code, amount in entries:
            sums[account, kind, code] += amount
        voucher = self.numbers.take("VCH")
        for (account, kind, code), amount in sums.items():
            if amount:
                self.lines.append(
                    VoucherLine(
                        voucher, source, self.store.data_area, self.store.number, self.day, self.posted_at, self.statement,
                        account, kind, code, amount, self.store.currency, again,
                    )
                )  # fmt: skip


def draft_of(
    database: Database, switches: Switches, store: Store, day: str, statement: str, posted_at: str, numbers: Numbers,
    receipts: list[Receipt],
) -> Draft:  # fmt: skip
    """Begin a statement's posting."""
    cases = [(receipt, case_of(receipt, database.reference, switches)) for receipt in receipts]
    return Draft(store, day, statement, posted_at, numbers, cases)


def aggregate(draft: Draft) -> None:
    """Aggregated: gather lines to orders, by customer, sales apart from returns."""
    found: dict[tuple[str, bool, bool], Order] = {}
    for receipt, case in draft.cases:
        customer = text_of(case.header, "CustomerAccount") or draft.store.customer
        for row in case.lines:
            key = (customer, decimal_of(row, "Quantity") > 0, receipt.posted_times > 0)
            found.setdefault(key, Order(*key)).lines.append((case, row))
    draft.orders = list(found.values())


def create_orders(draft: Draft, reference: Reference, database: Database) -> None:
    """CustomerOrderCreated. Fails for a blocked item, a store without customer, more returned than was sold."""
    for order in draft.orders:
        if (draft.store.data_area, order.customer) not in reference.customers:
            raise PostingError(f"The customer account '{order.customer}' does not exist.")
        for _, row in order.lines:
            if reference.items[draft.store.data_area, text_of(row, "ItemId")].blocked:
                raise PostingError(f"Item {text_of(row, 'ItemId')} is blocked for sales orders.")
        order.sales_id = draft.numbers.take("SO")
    _check_returns(draft, database)


def _check_returns(draft: Draft, database: Database) -> None:
    """No more may come back of a line than it sold; a link to a receipt headquarters does not have is not checked."""
    links = {
        _link(row) for _, case in draft.cases for row in case.lines if text_of(row, "ReturnTransactionNumber")
    }
    if not links:
        return
    own = {id(receipt) for receipt, _ in draft.cases}
    returned: dict[Link, Decimal] = defaultdict(lambda: ZERO)
    for receipt in database.receipts.values():
        if receipt.posted or id(receipt) in own:
            for row in receipt.lines(SALES_LINES):
                if text_of(row, "ReturnTransactionNumber"):
                    returned[_link(row)] += decimal_of(row, "Quantity")
    for link, sold in _sold(database, links).items():
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


def invoice_orders(draft: Draft, reference: Reference, ledger: Ledger) -> None:
    """CustomerOrderInvoiced: an invoice or credit note per order, and its stock movements. Fails in a closed period."""
    if not reference.legal_entities[draft.store.data_area].is_open(draft.day):
        raise PostingError(f"The fiscal period of {draft.day} is closed.")
    for order in draft.orders:
        order.invoice_id = draft.numbers.take("CN" if order.returns else "INV")
        entries: list[Entry] = []
        for case, row in order.lines:
            entries += _invoice_entries(case, row, returns=order.returns)
            draft.movements += _movements(draft, reference, case, row)
        entries.append((CUSTOMERS, "customer", order.customer, -sum((entry[3] for entry in entries), ZERO)))
        draft.book("credit invoice" if order.returns else "invoice", entries, again=order.again)
    _check_stock(draft, reference, ledger)


def _invoice_entries(case: Case, row: Values, *, returns: bool) -> list[Entry]:
    """Revenue (or a gift card's liability) and each tax; D365's sign is already the ledger's: sales are credits."""
    amount = decimal_of(row, "NetAmount")
    if row.get("GiftCard") == "Yes":
        entries = [(GIFT_CARDS, "gift_card", "issued", amount)]
    else:
        entries = [(REVENUE, "revenue", "returns" if returns else "sales", amount)]
    for tax in case.taxes.get(decimal_of(row, "LineNumber"), []):
        code = text_of(tax, "TaxCode")
        entries.append((f"{TAX_PAYABLE}-{code}", "tax", code, decimal_of(tax, "TaxAmount")))
    return entries


def _movements(draft: Draft, reference: Reference, case: Case, row: Values) -> list[StockMovement]:
    """A line without warehouse moves stock in its receipt's, and else in its store's: no stock movement is skipped."""
    item = reference.items[draft.store.data_area, text_of(row, "ItemId")]
    if not item.stocked or row.get("GiftCard") == "Yes":
        return []
    warehouse = text_of(row, "Warehouse") or text_of(case.header, "Warehouse") or draft.store.warehouse
    quantity = decimal_of(row, "Quantity")
    return [StockMovement(draft.store.data_area, warehouse, item.number, quantity, draft.statement)]


def _check_stock(draft: Draft, reference: Reference, ledger: Ledger) -> None:
    """Where negative stock is not allowed, issues must be covered without counting on this statement's returns."""
    issued: dict[tuple[str, str, str], Decimal] = defaultdict(lambda: ZERO)
    for one in draft.movements:
        if one.quantity < 0 and not reference.warehouses.get((one.data_area, one.warehouse), True):
            issued[one.data_area, one.warehouse, one.item] += one.quantity
    for key, quantity in issued.items():
        there = ledger.on_hand.get(key, ZERO) + reference.on_hand_at_start.get(key, ZERO)
        if there + quantity < 0:
            raise PostingError(
                f"Item {key[2]} cannot be issued from {key[1]}: {plain(there)} on hand, {plain(-quantity)} sold."
            )


def post_income_expense(draft: Draft) -> None:
    """IncomeExpensePosted: each account against the customer account the payments clear."""
    for again, cases in _by_again(draft):
        entries: list[Entry] = [
            (
                text_of(row, "AccountNumber"),
                "income_expense",
                text_of(row, "AccountNumber"),
                decimal_of(row, "Amount"),
            )
            for case in cases
            for row in case.income_expenses
        ]
        owed = -sum((entry[3] for entry in entries), ZERO)
        draft.book(
            "income/expense", [*entries, (CUSTOMERS, "customer", draft.store.customer, owed)], again=again
        )


def post_payments(draft: Draft, reference: Reference) -> None:
    """PaymentsPosted: each payment method's account against the customer, and what was rounded to its own account."""
    for again, cases in _by_again(draft):
        payments: list[Entry] = []
        rounding: list[Entry] = []
        for case in cases:
            customer = text_of(case.header, "CustomerAccount") or draft.store.customer
            paid = total(case.payments, "AmountTendered")
            payments += [_payment_entry(draft, reference, row) for row in case.payments]
            payments.append((CUSTOMERS, "customer", customer, -paid))
            difference = (
                decimal_of(case.header, "GrossAmount") + decimal_of(case.header, "IncomeExpenseAmount") + paid
            )
            rounding.append((draft.store.rounding_account, "rounding", "payment", -difference))
            rounding.append((CUSTOMERS, "customer", customer, difference))
        draft.book("payment journal", payments, again=again)
        draft.book("rounding", rounding, again=again)


def _payment_entry(draft: Draft, reference: Reference, row: Values) -> Entry:
    number = text_of(row, "TenderType")
    method = reference.tender_type(draft.store, number)
    if method is None or not method.account:
        raise PostingError(f"Payment method {number} of store {draft.store.number} has no ledger account.")
    return method.account, "payment", number, decimal_of(row, "AmountTendered")


def _by_again(draft: Draft) -> list[tuple[bool, list[Case]]]:
    found: dict[bool, list[Case]] = defaultdict(list)
    for receipt, case in draft.cases:
        found[receipt.posted_times > 0].append(case)
    return list(found.items())


def posted_receipts(draft: Draft) -> list[PostedReceipt]:
    """Give the entries that say which receipts were posted."""
    return [
        PostedReceipt(
            draft.store.data_area, draft.store.number, day_of(case.header, "businessDate"),
            text_of(case.header, "TransactionNumber"), draft.statement, total(case.lines, "CashDiscountAmount"),
            receipt.posted_times > 0,
        )
        for receipt, case in draft.cases
    ]  # fmt: skip
