"""Transactional statements: per store and business day, from Started to Posted, falling back one state on an error."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from simulator import posting
from simulator.database import Receipt, key_of
from simulator.enumerations import STATEMENT_STATES
from simulator.ledger import Ledger
from simulator.posting import Draft, Numbers, PostingError
from simulator.schema import AGGREGATIONS, ENTITIES, HEADERS, STATEMENT_JOURNAL
from simulator.validation import SUCCESSFUL, VALIDATED_TYPES
from simulator.values import Values, day_of, from_json, instant_text, text_of
from simulator.world import World

StoreDay = tuple[str, str]


@dataclass(slots=True)
class Statement:
    """One D365 statement. history: (state, instant) of each state reached; error: why it did not go on."""

    number: str
    kind: str
    data_area: str
    store: str
    day: str
    state: str = "Started"
    error: str = ""
    history: list[tuple[str, str]] = field(default_factory=list)
    transactions: int = 0
    posted_at: str = ""

    def as_json(self) -> dict[str, object]:
        """Give it for people and tests."""
        return {
            "StatementId": self.number, "kind": self.kind, "dataAreaId": self.data_area, "StoreNumber": self.store,
            "businessDate": self.day, "state": self.state, "ErrorMessage": self.error, "posted_at": self.posted_at,
            "transactions": self.transactions, "history": [list(one) for one in self.history],
        }  # fmt: skip


class Books:
    """Statements of both kinds, and the ledger they post to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ledger = Ledger()
        self.numbers = Numbers()
        self.statements: dict[str, Statement] = {}
        self._members: dict[str, list[Receipt]] = {}

    async def post_transactional(self) -> dict[str, object]:
        """Run the job: try again what failed, then take up every validated receipt that is in no statement."""
        tried = []
        for statement in [
            one for one in self.statements.values() if one.kind == "Transactional" and one.state != "Posted"
        ]:
            if not any(one.statement == statement.number for one in self._members[statement.number]):
                self._dissolve(statement)
                continue
            self._attempt(statement)
            tried.append(statement)
            await asyncio.sleep(0)
        for (store_number, day), receipts in self._waiting().items():
            store = self.world.database.reference.stores[store_number]
            statement = Statement(
                self.numbers.take("STMT"), "Transactional", store.data_area, store_number, day
            )
            self.statements[statement.number] = statement
            self._members[statement.number] = receipts
            for receipt in receipts:
                receipt.statement = statement.number
            self._attempt(statement)
            tried.append(statement)
            await asyncio.sleep(0)
        return {"statements": [one.as_json() for one in tried]}

    def _waiting(self) -> dict[StoreDay, list[Receipt]]:
        found: dict[StoreDay, list[Receipt]] = defaultdict(list)
        for receipt in self.world.database.receipts.values():
            if receipt.header is None or receipt.statement or receipt.validation != SUCCESSFUL:
                continue
            values = receipt.header.values
            if (
                values.get("TransactionType") in VALIDATED_TYPES
                and values.get("TransactionStatus", "None") == "None"
            ):
                store = self.world.database.reference.stores_by_unit[text_of(values, "OperatingUnitNumber")]
                found[store.number, day_of(values, "businessDate")].append(receipt)
        return dict(sorted(found.items()))

    def _attempt(self, statement: Statement) -> None:
        """Go from the last state reached to Posted. Only a whole statement reaches the ledger."""
        world, reference = self.world, self.world.database.reference
        members = [
            one for one in self._members[statement.number] if one.statement == statement.number and one.header
        ]
        store = reference.stores[statement.store]
        statement.transactions, statement.error = len(members), ""
        draft = posting.draft_of(
            world.database, world.switches, store, statement.day, statement.number, instant_text(world.now()),
            self.numbers, members,
        )  # fmt: skip
        for state in STATEMENT_STATES:
            try:
                self._step(state, draft)
            except PostingError as error:
                statement.error = str(error)
                break
            if state == "Posted":
                self.ledger.post(draft.lines, draft.movements, posting.posted_receipts(draft))
            self._reach(statement, state)
        self._show_orders(statement, draft)
        if statement.state == "Posted":
            self._close(statement, members)

    def _step(self, state: str, draft: Draft) -> None:
        database = self.world.database
        if state == "Aggregated":
            posting.aggregate(draft)
        elif state == "CustomerOrderCreated":
            posting.create_orders(draft, database.reference, database)
        elif state == "CustomerOrderInvoiced":
            posting.invoice_orders(draft, database.reference, self.ledger)
        elif state == "IncomeExpensePosted":
            posting.post_income_expense(draft)
        elif state == "PaymentsPosted":
            posting.post_payments(draft, database.reference)

    def _reach(self, statement: Statement, state: str) -> None:
        reached = [one for one, _ in statement.history]
        statement.state = state
        if state not in reached:
            statement.history.append((state, instant_text(self.world.now())))

    def _show_orders(self, statement: Statement, draft: Draft) -> None:
        """Write the rows that integrations read about a statement's orders."""
        entity = ENTITIES[AGGREGATIONS]
        self._forget_orders(statement)
        states = STATEMENT_STATES.index(statement.state)
        for number, order in enumerate(draft.orders, start=1):
            created = states >= STATEMENT_STATES.index("CustomerOrderCreated")
            invoiced = states >= STATEMENT_STATES.index("CustomerOrderInvoiced")
            word = "SOInvoiced" if invoiced else "SOCreated" if created else "SOCreateFailed"
            values: Values = {
                "dataAreaId": statement.data_area, "StatementId": statement.number, "Aggregation": number,
                "StoreNumber": statement.store, "StatementStatus": statement.state, "AggregationStatus": word,
                "SalesId": order.sales_id if created else "", "InvoiceId": order.invoice_id if invoiced else "",
                "ErrorMessage": statement.error,
            }  # fmt: skip
            self.world.database.put(entity, key_of(entity, values), values)

    def _forget_orders(self, statement: Statement) -> None:
        table = self.world.database.tables[AGGREGATIONS]
        for key in [key for key, row in table.items() if row.values["StatementId"] == statement.number]:
            del table[key]

    def _dissolve(self, statement: Statement) -> None:
        """A statement whose receipts were all written again, and so left it, is deleted."""
        del self.statements[statement.number], self._members[statement.number]
        self._forget_orders(statement)

    def _close(self, statement: Statement, members: list[Receipt]) -> None:
        del self._members[statement.number]
        statement.posted_at = instant_text(self.world.now())
        for receipt in members:
            receipt.posted, receipt.posted_times = True, receipt.posted_times + 1
            if receipt.header and self.world.switches.posted_header_status == "Posted":
                values = {**receipt.header.values, "TransactionStatus": "Posted"}
                self.world.database.put(ENTITIES[HEADERS], key_of(ENTITIES[HEADERS], values), values)
        lines = [one for one in self.ledger.lines if one.statement == statement.number]
        self.write_journal(
            statement,
            salesAmount=-sum(one.amount for one in lines if one.kind == "revenue"),
            taxAmount=-sum(one.amount for one in lines if one.kind == "tax"),
        )

    def write_journal(self, statement: Statement, **figures: object) -> None:
        """Write the row that says that a statement is posted."""
        entity, now, noon = (
            ENTITIES[STATEMENT_JOURNAL],
            instant_text(self.world.now()),
            f"{statement.day}T12:00:00Z",
        )
        today = f"{now[:10]}T12:00:00Z"
        given: dict[str, object] = {
            "dataAreaId": statement.data_area, "statementId": statement.number, "storeId": statement.store,
            "calculatedDateTime": now, "postedDateTime": now, "CreatedOn": now, "postedDate": today,
            "postingDate": noon, "statementDate": noon, "transFromDate": noon, "transToDate": noon,
            "CalculatedLines": statement.transactions, "closingMethod": "PosBatch", "statementMethod": "Shift",
            "StatementType": statement.kind, **figures,
        }  # fmt: skip
        values = {name: from_json(entity.fields[name], raw) for name, raw in given.items()}
        self.world.database.put(entity, key_of(entity, values), values)
