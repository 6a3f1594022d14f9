"""Headquarters' books, and the job that posts transactional statements: from Started to Posted, state by state.

On an error a statement stays what it was before the state that failed and says why; the job's next run goes on with that
state, and makes nothing a second time (D365 facts §3.4).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

from simulator import evidence, posting, posting_payments
from simulator.counting import Declaration, Drawer, StatementLine, group_of
from simulator.database import Receipt, key_of
from simulator.draft import Draft, Numbers, PostingError
from simulator.ledger import Ledger
from simulator.schema import AGGREGATIONS, ENTITIES, HEADERS
from simulator.statement import TRANSACTIONAL, Statement
from simulator.statement_faults import StatementFaults
from simulator.validation import SUCCESSFUL, VALIDATED_TYPES
from simulator.values import day_of, instant_text, text_of
from simulator.world import World

Group = tuple[str, str, str]


class Books:
    """Statements of both kinds, the ledger they post to, and what people told headquarters by hand."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ledger = Ledger()
        self.numbers = Numbers()
        self.statements: dict[str, Statement] = {}
        self.faults = StatementFaults()
        self.declarations: list[Declaration] = []
        self.stuck_shifts: set[tuple[str, str]] = set()
        self._drafts: dict[str, Draft] = {}

    async def post_transactional(self) -> dict[str, object]:
        """Run the job: try again what failed, then take up every validated receipt that is in no statement."""
        tried = []
        for statement in [one for one in self.statements.values() if one.number in self._drafts]:
            draft, members = self._drafts[statement.number], self._members(statement)
            if not draft.taken and not members:
                self._dissolve(statement)
                continue
            self._attempt(statement, draft, members)
            tried.append(statement)
            await asyncio.sleep(0)
        for group, found in self._waiting().items():
            receipts = [one for one in found if _waits(one)]
            if not receipts:
                continue
            statement = self._begin(group, receipts)
            self._attempt(statement, self._drafts[statement.number], receipts)
            tried.append(statement)
            await asyncio.sleep(0)
        return {"statements": [one.as_json() for one in tried]}

    def delete_order(self, number: str, aggregation: int) -> list[str]:
        """Do "Delete customer order": give back the receipts of one order of a waiting statement.

        aggregation: as integrations read it, from 1. Gives the receipts' numbers.

        Raises:
            ValueError: no such statement waits or it has no such order, or it is invoiced or shares a receipt with another order.
        """
        draft = self._drafts.get(number)
        if draft is None or not 1 <= aggregation <= len(draft.orders):
            raise ValueError(f"no statement {number} with an aggregation {aggregation} waits")
        order = draft.orders[aggregation - 1]
        elsewhere = {
            id(member) for one in draft.orders if one.sales_id and one is not order for member in one.members
        }
        if order.invoice_id or any(id(member) in elsewhere for member in order.members):
            raise ValueError(
                f"aggregation {aggregation} of statement {number} is invoiced, or shares a receipt"
            )
        given_back = order.members
        for member in given_back:
            draft.let_go(member)
        draft.orders.remove(order)
        evidence.forget(self.world.database, AGGREGATIONS, StatementId=number)
        evidence.show_orders(self.world.database, self.statements[number], draft.orders)
        return [member.case.number for member in given_back]

    def _members(self, statement: Statement) -> list[Receipt]:
        """Give the receipts that are in a statement still; one that was written again has left it."""
        return [
            one
            for one in self.world.database.receipts.values()
            if one.statement == statement.number and one.header
        ]

    def _waiting(self) -> dict[Group, list[Receipt]]:
        found: dict[Group, list[Receipt]] = defaultdict(list)
        stores = self.world.database.reference.stores_by_unit
        for receipt in self.world.database.receipts.values():
            if receipt.header is not None and _waits(receipt):
                values = receipt.header.values
                store = stores[text_of(values, "OperatingUnitNumber")]
                group = group_of(store.method, values) if store.split else ""
                found[store.number, day_of(values, "businessDate"), group].append(receipt)
        return dict(sorted(found.items()))

    def _begin(self, group: Group, receipts: list[Receipt]) -> Statement:
        world = self.world
        store = world.database.reference.stores[group[0]]
        statement = Statement(self.numbers.take("STMT"), TRANSACTIONAL, store.data_area, *group)
        self.statements[statement.number] = statement
        self._drafts[statement.number] = Draft(
            world.database, world.switches, self.ledger, self.numbers, store, statement.day, statement.number
        )
        for receipt in receipts:
            receipt.statement = statement.number
        return statement

    def _attempt(self, statement: Statement, draft: Draft, receipts: list[Receipt]) -> None:
        """Go from the last state reached as far as it goes."""
        world = self.world
        draft.store, draft.switches = world.database.reference.stores[statement.store], world.switches
        draft.posted_at = instant_text(world.now())
        draft.refresh(receipts)
        statement.transactions, statement.error, statement.error_state = len(draft.members), "", ""
        if len(statement.history) > len(_BEFORE_ORDERS):
            posting.aggregate(draft)
        for state in statement.states_left():
            try:
                self._step(state, statement, draft)
            except PostingError as error:
                statement.fall(state, instant_text(world.now()), str(error))
                evidence.note_error(world.database, statement)
                break
            statement.reach(state, instant_text(world.now()))
        evidence.show_orders(world.database, statement, draft.orders)
        if statement.is_posted:
            self._close(statement, draft)

    def _step(self, state: str, statement: Statement, draft: Draft) -> None:
        def watch(done: int) -> None:
            self.faults.watch(state, statement.kind, done)

        watch(0)
        if state == "Calculated":
            statement.lines = _lines_of(draft)
        elif state == "CustomerOrderCreated":
            posting.create_orders(draft, watch)
        elif state == "CustomerOrderInvoiced":
            posting.invoice_orders(draft, watch)
        elif state in ("SalesVoucherLinked", "Posted"):
            evidence.link_vouchers(self.world.database, statement, self.ledger.of_statement(statement.number))
        elif state in _STEPS:
            _STEPS[state](draft)

    def _dissolve(self, statement: Statement) -> None:
        """A statement whose receipts were all written again, and so left it, is deleted."""
        del self.statements[statement.number], self._drafts[statement.number]
        evidence.forget(self.world.database, AGGREGATIONS, StatementId=statement.number)

    def _close(self, statement: Statement, draft: Draft) -> None:
        """Mark every receipt posted that is still in the statement, and write the statement's journal."""
        del self._drafts[statement.number]
        statement.posted_at = draft.posted_at
        self.ledger.post([], [], posting.posted_receipts(draft))
        for member in draft.members:
            receipt = member.receipt
            if receipt.statement != statement.number:
                continue
            receipt.posted = True
            if receipt.header and self.world.switches.posted_header_status == "Posted":
                values = {**receipt.header.values, "TransactionStatus": "Posted"}
                self.world.database.put(ENTITIES[HEADERS], key_of(ENTITIES[HEADERS], values), values)
        self._write_journal(statement, draft)

    def _write_journal(self, statement: Statement, draft: Draft) -> None:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.ledger.of_statement(statement.number):
            sums[line.kind] -= line.amount
        codes = [row.get("TransactionCode") for one in draft.members for row in one.case.lines]
        unpaid = [one for one in draft.members if posting_payments.rounded(one)]
        evidence.write_journal(
            self.world.database, statement, self.world.now(), draft.store.method, draft.store.closing,
            salesAmount=sums["revenue"] + sums["charge"], taxAmount=sums["tax"],
            totalDiscAmount=sum((order.discount for order in draft.orders), Decimal(0)),
            numberOfItemsBarcodesNotOnFile=codes.count("ItemBarcodeNotOnFile"),
            numberOfBlockedItems=codes.count("ItemBlocked"), numberOfSalesPaymentDifferenceTrans=len(unpaid),
        )  # fmt: skip


def _waits(receipt: Receipt) -> bool:
    """Whether a statement may take it up now; asked again when its turn comes, for it may have been written meanwhile."""
    if receipt.header is None or receipt.statement or receipt.validation != SUCCESSFUL:
        return False
    values = receipt.header.values
    complete = values.get("TransactionStatus", "None") == "None"
    return complete and values.get("TransactionType") in VALIDATED_TYPES


def _lines_of(draft: Draft) -> list[StatementLine]:
    """A transactional statement's lines: what was paid by payment method. Counting is the financial statement's."""
    drawer = Drawer(draft.store)
    for member in draft.members:
        drawer.add(member.receipt, {})
    return drawer.lines()


_BEFORE_ORDERS = ("Started", "Marked", "Calculated", "Checked")
_STEPS: dict[str, Callable[[Draft], None]] = {
    "Checked": posting.check_currencies,
    "Aggregated": posting.aggregate,
    "DiscountsPosted": posting_payments.post_discounts,
    "IncomeExpensePosted": posting_payments.post_income_expense,
    "PaymentsPosted": posting_payments.post_payments,
}
