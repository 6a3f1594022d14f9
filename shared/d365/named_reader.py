"""Questions by name: what D365 has of these statements, orders and receipts. A thousand names cost one request.

Tracking has six requests a turn, and headquarters may post all stores of a chain in one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from shared.d365 import entities, records
from shared.d365.entities import ReadSet
from shared.d365.evidence_sets import READ_INVOICES, READ_LEDGER_LINES, READ_VOUCHERS
from shared.d365.keyed_reader import KeyedReader
from shared.d365.odata import any_of, condition, in_portions
from shared.d365.questions import Question
from shared.d365.records import (
    Invoice,
    LedgerLine,
    PostedStatement,
    StatementAggregation,
    StatementVoucher,
    ValidationError,
)

Made = TypeVar("Made")


class NamedReader(KeyedReader):
    """Rows whose field has one of many values."""

    async def validation_errors(self, transaction_numbers: Collection[str]) -> list[ValidationError]:
        """Give the texts of headquarters' validation for these transaction numbers."""
        return await self._read_named(
            "validation_errors", entities.READ_VALIDATION_ERRORS, "TransactionId",
            sorted(transaction_numbers),
            records.validation_error,
        )  # fmt: skip

    async def statement_aggregations(self, statements: Collection[str]) -> list[StatementAggregation]:
        """Give the sales orders of these D365 statements, and how far each statement is."""
        return await self._read_named(
            "statements",
            entities.READ_AGGREGATIONS,
            "StatementId",
            sorted(statements),
            records.statement_aggregation,
        )

    async def posted_statements(self, statements: Collection[str]) -> list[PostedStatement]:
        """Give those of these D365 statements that are in the journal of posted ones."""
        return await self._read_named(
            "posted_statements", entities.READ_POSTED_STATEMENTS, "statementId", sorted(statements),
            records.posted_statement,
        )  # fmt: skip

    async def invoices(self, sales_orders: Collection[str]) -> list[Invoice]:
        """Give the posted invoices of sales orders."""
        return await self._read_named(
            "invoices", READ_INVOICES, "SalesOrderNumber", sorted(sales_orders), records.invoice
        )

    async def vouchers(self, statements: Collection[str]) -> list[StatementVoucher]:
        """Give the vouchers of posted statements."""
        return await self._read_named(
            "vouchers", READ_VOUCHERS, "statementId", sorted(statements), records.statement_voucher
        )

    async def ledger_lines(self, vouchers: Collection[str]) -> list[LedgerLine]:
        """Give the lines that these vouchers have in the ledger."""
        return await self._read_named(
            "ledger_lines", READ_LEDGER_LINES, "Voucher", sorted(vouchers), records.ledger_line
        )

    async def _read_named(
        self,
        kind: str,
        source: ReadSet,
        field: str,
        values: Sequence[str],
        make: Callable[[dict[str, object]], Made],
    ) -> list[Made]:
        """Give the rows; names beyond what one filter holds are further questions of the same request."""
        questions = [
            Question(
                source.odata_set,
                {
                    "$filter": any_of(condition(field, "eq", value) for value in portion),
                    "$select": source.select,
                },
            )
            for portion in in_portions(values)
        ]
        return [make(row) for rows in await self._ask_all(kind, questions) for row in rows]
