"""What posting a transactional statement makes of its receipts: sales orders, invoices and credit invoices, stock."""

from __future__ import annotations

from simulator import evidence
from simulator.draft import Draft, Entry, Order, PostingError, Watch, is_stocked, item_of, warehouse_of
from simulator.ledger import CHARGE_REVENUE, CUSTOMERS, GIFT_CARDS, TAX_PAYABLE, PostedReceipt, StockMovement
from simulator.order_checks import check_order, check_stock
from simulator.rule_case import Case, charge_net, charge_tax, shared_codes, total
from simulator.values import ZERO, Values, day_of, decimal_of, text_of


def check_currencies(draft: Draft) -> None:
    """Checked: the books of a store are kept in its own currency, and nothing converts a receipt into it.

    Raises:
        PostingError: a receipt is in another one.
    """
    for member in draft.members:
        currency = text_of(member.case.header, "Currency")
        if currency != draft.store.currency:
            raise PostingError(
                f"Transaction {member.case.number} is in {currency}; store {draft.store.number} keeps"
                f" {draft.store.currency}."
            )


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
        check_order(draft, order)
        order.sales_id = draft.numbers.take("SO")
        for member in order.members:
            draft.take(member)


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
        check_stock(draft, movements)
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
        item = item_of(draft, row)
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
    item = item_of(draft, row)
    if not is_stocked(item, row):
        return []
    place = warehouse_of(draft, case, row)
    return [
        StockMovement(draft.store.data_area, place, item.number, decimal_of(row, "Quantity"), draft.statement)
    ]


def posted_receipts(draft: Draft) -> list[PostedReceipt]:
    """Give the entries that say which receipts were posted."""
    return [
        PostedReceipt(
            draft.store.data_area, draft.store.number, day_of(one.case.header, "businessDate"), one.case.number,
            draft.statement, total(one.case.lines, "CashDiscountAmount"), one.again,
        )
        for one in draft.members
    ]  # fmt: skip
