"""What is read back from D365, as values. Amounts keep D365's sign: they are compared with rows, not with
receipts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shared.d365.read_values import amount as _amount
from shared.d365.read_values import day as _day
from shared.d365.read_values import instant as _instant
from shared.d365.read_values import text as _text
from shared.retail.mapped import D365Key, folded


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """A receipt's header in D365. `package` is its Comment, our package id."""

    key: D365Key
    business_day: date | None
    status: str
    gross: Decimal
    net: Decimal
    payment: Decimal
    discount: Decimal
    income_expense: Decimal
    items: Decimal
    item_lines: Decimal
    payment_lines: int
    package: str

    @property
    def counts(self) -> bool:
        """Whether D365 still means it; headquarters itself moves the status from None to Posted."""
        return self.status not in ("Voided", "Cancelled")

    @property
    def figures(self) -> tuple[object, ...]:
        """Everything but key and package: equal figures mean that D365 has what was sent."""
        return (
            self.business_day, self.counts, self.gross, self.net, self.payment, self.discount, self.income_expense,
            self.items, self.item_lines, self.payment_lines,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class ShiftKey:
    """The four values that name a shift in D365. Equal where they are one to D365."""

    legal_entity: str
    operating_unit: str
    terminal: str
    number: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShiftKey) and self._as_compared == other._as_compared

    def __hash__(self) -> int:
        return hash(self._as_compared)

    @property
    def _as_compared(self) -> tuple[str, str, str, int]:
        return folded(self.legal_entity), folded(self.operating_unit), folded(self.terminal), self.number


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """A shift as D365 has it. Instants are None where D365 has no date."""

    key: ShiftKey
    status: str
    store_number: str
    opened_at: datetime | None
    closed_at: datetime | None

    @property
    def meaning(self) -> tuple[object, ...]:
        """What must be equal for D365 to have the shift that was sent; its totals are figures for people."""
        return self.status, self.store_number, self.opened_at, self.closed_at


@dataclass(frozen=True, slots=True)
class ShiftStatement:
    """A shift as D365 has it, and the D365 statement it is in: "" for none, None where D365 does not say."""

    key: ShiftKey
    statement: str | None


@dataclass(frozen=True, slots=True)
class AuditableRow:
    """A receipt as headquarters judges it. `validation` and `statement` are "" where D365 says nothing."""

    key: D365Key
    store_number: str
    business_day: date | None
    validation: str
    validated_at: datetime | None
    statement: str
    sales_order: str
    invoice: str
    gross: Decimal
    net: Decimal
    payment: Decimal
    package: str


@dataclass(frozen=True, slots=True)
class ValidationError:
    """One message of headquarters' validation about one receipt."""

    transaction_number: str
    text: str


@dataclass(frozen=True, slots=True)
class StatementAggregation:
    """One sales order of one D365 statement. `status` is the statement's: Posted, or a state before it."""

    legal_entity: str
    statement: str
    store_number: str
    status: str
    aggregation_status: str
    sales_order: str
    invoice: str
    error: str


@dataclass(frozen=True, slots=True)
class PostedStatement:
    """A statement in D365's journal of posted ones. `posted_at` None: D365 shows it but no date; not proof
    enough.
    """

    legal_entity: str
    statement: str
    store_number: str
    posted_at: datetime | None
    sales_amount: Decimal
    tax_amount: Decimal


@dataclass(frozen=True, slots=True)
class Invoice:
    """A posted invoice of a sales order; a credit note's amount is negative."""

    legal_entity: str
    number: str
    sales_order: str
    amount: Decimal
    voucher: str


@dataclass(frozen=True, slots=True)
class StatementVoucher:
    """One voucher that a posted statement made in the ledger."""

    legal_entity: str
    statement: str
    voucher: str


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line of a posted voucher, in the currency of the transaction: debit positive, credit negative."""

    legal_entity: str
    voucher: str
    account: str
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class StatementEvidence:
    """What confirms a posted statement. was_asked: whether the rest was looked for; None: not shown, or not asked."""

    journal: PostedStatement
    was_asked: bool = False
    invoices: tuple[Invoice, ...] | None = None
    vouchers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ShiftState:
    """A shift as headquarters judges it. has_pending: the till still holds receipts that D365 does not have."""

    legal_entity: str
    store_number: str
    terminal: str
    shift: str
    status: str
    has_error: bool
    error: str
    has_pending: bool


@dataclass(frozen=True, slots=True)
class TerminalState:
    """A register's closing status: Closing and Error mean that D365 calls it busy."""

    terminal: str
    store_number: str
    closing_status: str


def header_row(values: Mapping[str, object]) -> HeaderRow:
    """Read a row of RetailTransactions; also a row that is to be sent, so that both compare."""
    return HeaderRow(
        key=_key(values, "Terminal", "TransactionNumber"),
        business_day=_day(values.get("businessDate")),
        status=_text(values, "TransactionStatus"),
        gross=_amount(values, "GrossAmount"),
        net=_amount(values, "NetAmount"),
        payment=_amount(values, "PaymentAmount"),
        discount=_amount(values, "DiscountAmount"),
        income_expense=_amount(values, "IncomeExpenseAmount"),
        items=_amount(values, "NumberOfItems"),
        item_lines=_amount(values, "NumberOfItemLines"),
        payment_lines=int(_amount(values, "NumberOfPaymentLines")),
        package=_text(values, "Comment"),
    )


def returned_line(values: Mapping[str, object]) -> tuple[str, int]:
    """Read which line of which receipt a sales line returns."""
    return _text(values, "ReturnTransactionNumber"), int(_amount(values, "ReturnLineNumber"))


def receipt_key_of(values: Mapping[str, object]) -> D365Key:
    """Read the key of the receipt that a header or child row belongs to."""
    return _key(values, "Terminal", "TransactionNumber")


def shift_row(values: Mapping[str, object]) -> ShiftRow:
    """Read a row of RetailPosBatches; also a row that is to be sent, so that both compare."""
    return ShiftRow(
        _shift_key(values), _text(values, "Status"), _text(values, "StoreNumber"), _instant(values.get("StartDateTimeUtc")),
        _instant(values.get("CloseDateTimeUtc")),
    )  # fmt: skip


def shift_statement(values: Mapping[str, object]) -> ShiftStatement:
    """Read a row of RetailPosBatches for the statement it is in."""
    said = values.get("StatementId")
    is_said = "StatementId" in values
    return ShiftStatement(
        _shift_key(values), ("" if said is None else str(said).strip()) if is_said else None
    )


def _shift_key(values: Mapping[str, object]) -> ShiftKey:
    return ShiftKey(
        _text(values, "dataAreaId").lower(), _text(values, "OperationUnitNumber"), _text(values, "Terminal"),
        int(_amount(values, "BatchShiftId")),
    )  # fmt: skip


def auditable_row(values: Mapping[str, object]) -> AuditableRow:
    """Read a row of RetailTransactionsAuditable."""
    return AuditableRow(
        key=_key(values, "RegisterNumber", "TransactionId"),
        store_number=_text(values, "StoreNumber"),
        business_day=_day(values.get("BusinessDate")),
        validation=_text(values, "ValidationStatus"),
        validated_at=_instant(values.get("LastValidationTime")),
        statement=_text(values, "StatementNumber"),
        sales_order=_text(values, "SalesOrder"),
        invoice=_text(values, "Invoice"),
        gross=_amount(values, "GrossAmount"),
        net=_amount(values, "NetAmount"),
        payment=_amount(values, "PaymentAmount"),
        package=_text(values, "Comment"),
    )


def validation_error(values: Mapping[str, object]) -> ValidationError:
    """Read a row of RetailTransactionValidationErrorBIEntities."""
    return ValidationError(_text(values, "TransactionId"), _text(values, "ErrorMessage"))


def statement_aggregation(values: Mapping[str, object]) -> StatementAggregation:
    """Read a row of RetailEodStatementAggregations."""
    names = (
        "dataAreaId", "StatementId", "StoreNumber", "StatementStatus", "AggregationStatus", "SalesId",
        "InvoiceId",
        "ErrorMessage",
    )  # fmt: skip
    company, *rest = (_text(values, name) for name in names)
    return StatementAggregation(company.lower(), *rest)


def posted_statement(values: Mapping[str, object]) -> PostedStatement:
    """Read a row of RetailStatementJourBIEntities."""
    return PostedStatement(
        legal_entity=_text(values, "dataAreaId").lower(),
        statement=_text(values, "statementId"),
        store_number=_text(values, "storeId"),
        posted_at=_instant(values.get("postedDateTime")) or _instant(values.get("postedDate")),
        sales_amount=_amount(values, "salesAmount"),
        tax_amount=_amount(values, "taxAmount"),
    )


def invoice(values: Mapping[str, object]) -> Invoice:
    """Read a row of SalesInvoiceHeadersV2."""
    return Invoice(
        _text(values, "dataAreaId").lower(), _text(values, "InvoiceNumber"), _text(values, "SalesOrderNumber"),
        _amount(values, "TotalInvoiceAmount"), _text(values, "LedgerVoucher"),
    )  # fmt: skip


def statement_voucher(values: Mapping[str, object]) -> StatementVoucher:
    """Read a row of RetailStatementVoucherBIEntities."""
    return StatementVoucher(
        _text(values, "dataAreaId").lower(), _text(values, "statementId"), _text(values, "voucher")
    )


def ledger_line(values: Mapping[str, object]) -> LedgerLine:
    """Read a row of GeneralJournalAccountEntries."""
    return LedgerLine(
        _text(values, "DataArea").lower(), _text(values, "Voucher"), _text(values, "LedgerAccount"),
        _text(values, "TransactionCurrencyCode"), _amount(values, "TransactionCurrencyAmount"),
    )  # fmt: skip


def shift_state(values: Mapping[str, object]) -> ShiftState:
    """Read a row of RetailPosBatches."""
    return ShiftState(
        _text(values, "dataAreaId").lower(), _text(values, "StoreNumber"), _text(values, "Terminal"),
        _text(values, "BatchShiftId"), _text(values, "Status"), _text(values, "ErrorCode") == "Error",
        _text(values, "Error"), _text(values, "HasPendingOfflineTransactions") == "Yes",
    )  # fmt: skip


def terminal_state(values: Mapping[str, object]) -> TerminalState:
    """Read a row of RetailTerminals."""
    return TerminalState(
        _text(values, "TerminalNumber"), _text(values, "StoreNumber"), _text(values, "ClosingStatus")
    )


def _key(values: Mapping[str, object], terminal: str, number: str) -> D365Key:
    """Read a key. D365 gives companies in either case; ours are lower case, as in its OData keys."""
    return D365Key(
        _text(values, "dataAreaId").lower(), _text(values, "OperatingUnitNumber"), _text(values, terminal),
        _text(values, number),
    )  # fmt: skip
