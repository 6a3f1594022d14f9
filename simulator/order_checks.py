"""What stops an order or an invoice of a statement: blocked, nowhere, returned too often, not in stock (D365 facts §3.5)."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from simulator.database import Database
from simulator.draft import Draft, Order, PostingError, is_stocked, item_of, warehouse_of
from simulator.ledger import StockMovement
from simulator.rule_case import Case, is_voided, plain
from simulator.schema import SALES_LINES
from simulator.values import ZERO, Values, decimal_of, text_of

Link = tuple[str, str, str, Decimal]


def check_order(draft: Draft, order: Order) -> None:
    """Refuse an order that headquarters cannot make.

    Raises:
        PostingError: its customer or an item is blocked, a line has no place, or more comes back than was sold.
    """
    _check_customer(draft, order)
    for member, row in order.lines:
        _check_item(draft, member.case, row)
    if order.returns:
        _check_returns(draft, order)


def _check_customer(draft: Draft, order: Order) -> None:
    key = (draft.store.data_area, order.customer)
    if key not in draft.reference.customers:
        raise PostingError(f"The customer account '{order.customer}' does not exist.")
    if key in draft.reference.blocked_customers:
        raise PostingError(f"Customer account {order.customer} is blocked for sales orders.")


def _check_item(draft: Draft, case: Case, row: Values) -> None:
    item = item_of(draft, row)
    if item.blocked:
        raise PostingError(f"Item {item.number} is blocked for sales orders.")
    if is_stocked(item, row):
        warehouse = warehouse_of(draft, case, row)
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
            rows += [row for row in receipt.lines(SALES_LINES) if id(row) not in own and not is_voided(row)]
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
    """Give what each line sold, of those links whose receipt is here; a line that is voided or not on it sold nothing."""
    wanted: dict[tuple[str, ...], list[Link]] = defaultdict(list)
    for link in links:
        wanted[link[:3]].append(link)
    found: dict[Link, Decimal] = {}
    for key, receipt in database.receipts.items():
        for link in wanted.get(key[1:], ()):
            rows = [
                row
                for row in receipt.lines(SALES_LINES)
                if decimal_of(row, "LineNumber") == link[3] and not is_voided(row)
            ]
            found[link] = -decimal_of(rows[0], "Quantity") if rows else ZERO
    return found


def check_stock(draft: Draft, movements: list[StockMovement]) -> None:
    """Where negative stock is not allowed, what leaves must be there; sales come before a statement's own returns.

    Raises:
        PostingError: it is not.
    """
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
