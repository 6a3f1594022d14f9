"""The rows that posting leaves behind for integrations to read: orders, invoices, vouchers, journals, errors, stock."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from simulator.database import Database, key_of
from simulator.schema import (
    AGGREGATIONS,
    ENTITIES,
    INVOICES,
    LEDGER_LINES,
    ON_HAND,
    PAYMENT_JOURNAL_LINES,
    PAYMENT_JOURNALS,
    POSTING_ERRORS,
    STATEMENT_JOURNAL,
    STATEMENT_LINES,
    STATEMENT_VOUCHERS,
)
from simulator.values import ZERO, from_json, instant_text

if TYPE_CHECKING:  # they write evidence themselves
    from datetime import datetime

    from simulator.counting import StatementLine
    from simulator.draft import Draft, Order
    from simulator.ledger import VoucherLine
    from simulator.statement import Statement


def write(database: Database, odata_set: str, given: dict[str, object]) -> None:
    """Write a row of a set, over one of the same key. given: JSON values by property."""
    entity = ENTITIES[odata_set]
    values = {name: from_json(entity.fields[name], raw) for name, raw in given.items()}
    database.put(entity, key_of(entity, values), values)


def forget(database: Database, odata_set: str, **named: object) -> None:
    """Delete the rows of a set that have these values."""
    table = database.tables[odata_set]
    for key, row in list(table.items()):
        if all(row.values.get(name) == value for name, value in named.items()):
            del table[key]


def noon(day: str) -> str:
    """Write a day as D365 carries it."""
    return f"{day}T12:00:00Z"


def show_on_hand(database: Database, key: tuple[str, str, str], moved: Decimal) -> None:
    """Write what is on hand of an item in a warehouse. moved: by all statements so far."""
    company, warehouse, item = key
    reference = database.reference
    there = reference.on_hand_at_start.get(key, ZERO) + moved
    nothing = dict.fromkeys(
        ("ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId", "ProductVersionId"),
        "",
    )
    write(
        database, ON_HAND,
        {
            **nothing, "dataAreaId": company, "ItemNumber": item, "InventoryWarehouseId": warehouse,
            "InventorySiteId": reference.sites.get((company, warehouse), ""), "OnHandQuantity": there,
            "AvailableOnHandQuantity": there, "TotalAvailableQuantity": there,
        },
    )  # fmt: skip


def show_orders(database: Database, statement: Statement, orders: list[Order]) -> None:
    """Write a statement's aggregations: each with its order and invoice as far as they are made."""
    if statement.falls:
        forget(database, AGGREGATIONS, StatementId=statement.number)
    for number, order in enumerate(orders, start=1):
        word = "SOInvoiced" if order.invoice_id else "SOCreated" if order.sales_id else "SOCreateFailed"
        write(
            database, AGGREGATIONS,
            {
                "dataAreaId": statement.data_area, "StatementId": statement.number, "Aggregation": number,
                "StoreNumber": statement.store, "StatementStatus": statement.state, "AggregationStatus": word,
                "SalesId": order.sales_id, "InvoiceId": order.invoice_id, "ErrorMessage": statement.error,
            },
        )  # fmt: skip


def show_invoice(
    database: Database, draft: Draft, order: Order, voucher: str, lines: list[VoucherLine]
) -> None:
    """Write a posted invoice; a credit invoice's amounts are negative."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.kind] = sums.get(line.kind, ZERO) - line.amount
    write(
        database, INVOICES,
        {
            "dataAreaId": draft.store.data_area, "InvoiceNumber": order.invoice_id, "InvoiceDate": noon(draft.day),
            "LedgerVoucher": voucher, "SalesOrderNumber": order.sales_id, "CurrencyCode": draft.store.currency,
            "InvoiceCustomerAccountNumber": order.customer, "TotalInvoiceAmount": -sums.get("customer", ZERO),
            "TotalTaxAmount": sums.get("tax", ZERO), "TotalChargeAmount": sums.get("charge", ZERO),
            "TotalDiscountAmount": order.discount,
        },
    )  # fmt: skip


def show_payment_journal(database: Database, draft: Draft, journal: str, lines: list[VoucherLine]) -> None:
    """Write a posted payment journal with a line for each payment method; money received is a credit to the customer."""
    company = draft.store.data_area
    header = {
        "dataAreaId": company,
        "JournalBatchNumber": journal,
        "JournalName": "RetPay",
        "IsPosted": "Yes",
    }
    write(database, PAYMENT_JOURNALS, {**header, "Description": f"Statement {draft.statement}"})
    for number, line in enumerate((one for one in lines if one.kind == "payment"), start=1):
        write(
            database, PAYMENT_JOURNAL_LINES,
            {
                "dataAreaId": company, "JournalBatchNumber": journal, "LineNumber": number, "Voucher": line.voucher,
                "TransactionDate": noon(draft.day), "AccountDisplayValue": draft.store.customer,
                "OffsetAccountDisplayValue": line.account, "PaymentMethodName": line.code,
                "CreditAmount": max(line.amount, ZERO), "DebitAmount": max(-line.amount, ZERO),
                "CurrencyCode": line.currency, "TransactionText": f"Statement {draft.statement}",
            },
        )  # fmt: skip


def link_vouchers(database: Database, statement: Statement, lines: list[VoucherLine]) -> None:
    """Write which vouchers are a statement's, those that are not written yet. lines: all it posted, oldest first."""
    vouchers = list(dict.fromkeys(line.voucher for line in lines))
    for voucher in vouchers[statement.linked :]:
        write(
            database, STATEMENT_VOUCHERS,
            {
                "dataAreaId": statement.data_area, "SourceKey": len(database.tables[STATEMENT_VOUCHERS]) + 1,
                "statementId": statement.number, "voucher": voucher, "voucherDate": noon(statement.day),
            },
        )  # fmt: skip
    statement.linked = len(vouchers)


def show_ledger_line(database: Database, number: int, line: VoucherLine) -> None:
    """Write a line of the ledger as the set of ledger entries shows it. number: which line of the ledger it is, from 1."""
    write(
        database, LEDGER_LINES,
        {
            "GeneralJournalAccountEntryRecId": number, "DataArea": line.data_area, "Voucher": line.voucher,
            "AccountingDate": noon(line.business_day), "LedgerAccount": line.account, "Description": line.source,
            "TransactionCurrencyCode": line.currency, "TransactionCurrencyAmount": line.amount,
            "TransactionCurrencyDebitAmount": max(line.amount, ZERO), "AccountingCurrencyAmount": line.amount,
            "TransactionCurrencyCreditAmount": max(-line.amount, ZERO), "IsCredit": "Yes" if line.amount < 0 else "No",
        },
    )  # fmt: skip


def show_lines(database: Database, statement: Statement, lines: list[StatementLine], currency: str) -> None:
    """Write a statement's lines: per payment method, and by what its method groups them."""
    for number, line in enumerate(lines, start=1):
        amounts = {
            "transAmount": line.paid, "countedAmount": line.counted_amount, "differenceAmount": line.difference,
            "bankedAmount": line.banked, "safeAmount": line.safe,
        }  # fmt: skip
        in_store = {f"{name}Store": amount for name, amount in amounts.items()}
        in_company = {
            ("transAmountInMST" if name == "transAmount" else f"{name}MST"): amount
            for name, amount in amounts.items()
        }
        write(
            database, STATEMENT_LINES,
            {
                **amounts, **in_store, **in_company, "dataAreaId": statement.data_area, "statementId": statement.number,
                "lineNum": number, "storeId": statement.store, "terminalId": line.terminal, "staffId": line.staff,
                "uniqueShiftId": line.shift, "tenderTypeId": line.tender, "currency": currency,
                "addedToDrawer": line.added, "removedFromDrawer": line.removed, "changeTender": line.changed,
                "inDrawerAtEndOfDay": line.counted_amount, "postedDate": noon(statement.day),
            },
        )  # fmt: skip


def note_error(database: Database, statement: Statement) -> None:
    """Write why a statement did not go on."""
    write(
        database, POSTING_ERRORS,
        {
            "dataAreaId": statement.data_area, "SourceKey": len(database.tables[POSTING_ERRORS]) + 1,
            "StatementId": statement.number, "ErrorMessage": statement.error, "ErrorMessageLocalized": statement.error,
        },
    )  # fmt: skip


def write_journal(
    database: Database, statement: Statement, now: datetime, method: str, closing: str, **figures: object
) -> None:
    """Write the row that says that a statement is posted."""
    instant, day = instant_text(now), noon(statement.day)
    write(
        database, STATEMENT_JOURNAL,
        {
            "dataAreaId": statement.data_area, "statementId": statement.number, "storeId": statement.store,
            "calculatedDateTime": instant, "postedDateTime": instant, "CreatedOn": instant,
            "postedDate": noon(instant[:10]), "postingDate": day, "statementDate": day, "transFromDate": day,
            "transToDate": day, "CalculatedLines": statement.transactions, "closingMethod": closing,
            "statementMethod": method, "staffTerminal": statement.group, "StatementType": statement.kind, **figures,
        },
    )  # fmt: skip
