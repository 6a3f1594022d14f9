"""The sets that only confirm what D365 made of receipts: invoices, vouchers, the states of shifts and of tills.

An environment need not show any of them: without one its answer is *unknown*, and nothing waits for it.

The names of invoice fields come from the common data model, the set's own name from Microsoft's naming of entities; the
fields of vouchers are the columns of the table behind them (D365 facts §2.3, §2.4). Neither was seen in a live `$metadata`.

Ledger lines: fields of GeneralJournalAccountEntryEntity in the common data model (amounts: debit positive); the set's name is
the entity's in the plural, as its users write it. It was not seen in a live `$metadata` either.
"""

from __future__ import annotations

from shared.d365.entities import DECIMAL, ENUM, INT64, STRING, Field, ReadSet

READ_INVOICES = ReadSet(
    "SalesInvoiceHeadersV2",
    (
        Field("dataAreaId", STRING), Field("InvoiceNumber", STRING), Field("SalesOrderNumber", STRING),
        Field("TotalInvoiceAmount", DECIMAL), Field("LedgerVoucher", STRING),
    ),
)  # fmt: skip
READ_VOUCHERS = ReadSet(
    "RetailStatementVoucherBIEntities",
    (Field("dataAreaId", STRING), Field("statementId", STRING), Field("voucher", STRING)),
)
READ_LEDGER_LINES = ReadSet(
    "GeneralJournalAccountEntries",
    (
        Field("DataArea", STRING), Field("Voucher", STRING), Field("LedgerAccount", STRING),
        Field("TransactionCurrencyCode", STRING), Field("TransactionCurrencyAmount", DECIMAL),
    ),
)  # fmt: skip
READ_SHIFT_STATES = ReadSet(
    "RetailPosBatches",
    (
        Field("dataAreaId", STRING), Field("StoreNumber", STRING), Field("Terminal", STRING),
        Field("BatchShiftId", INT64), Field("Status", ENUM, enum="RetailPosBatchStatus"),
        Field("ErrorCode", ENUM, enum="RetailEodShiftValidationErrorCode"), Field("Error", STRING),
        Field("HasPendingOfflineTransactions", ENUM, enum="NoYes"),
    ),
)  # fmt: skip
# Of a shift whose movements D365 no longer has. The common data model has StatementId, an observed `$metadata` has not: it is
# asked for only then, an environment need not have it, and what is not said is unknown. So it is no part of EVIDENCE_SETS.
READ_STATEMENTS_OF_SHIFTS = ReadSet(
    "RetailPosBatches",
    (
        Field("dataAreaId", STRING), Field("OperationUnitNumber", STRING), Field("Terminal", STRING),
        Field("BatchShiftId", INT64), Field("StatementId", STRING),
    ),
)  # fmt: skip
READ_TERMINAL_STATES = ReadSet(
    "RetailTerminals",
    (
        Field("TerminalNumber", STRING), Field("StoreNumber", STRING),
        Field("ClosingStatus", ENUM, enum="RetailClosingStatus"),
    ),
)  # fmt: skip
EVIDENCE_SETS = (READ_INVOICES, READ_VOUCHERS, READ_LEDGER_LINES, READ_SHIFT_STATES, READ_TERMINAL_STATES)
