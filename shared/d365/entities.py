"""What we send to D365 and read from it: entity names, keys, fields, types and lengths, as data and nothing
else.

Names and Edm types come from an observed `$metadata`, names also from Microsoft's common data model, lengths
from the AX 2012 reference or convention (D365 facts §2.1; their case matters: `RreceiptId`, `BatchID`,
`businessDate`, `OperationUnitNumber` are spelt so). Only fields that we send or read are here; what D365
fills itself is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

STRING, DECIMAL, INT32, INT64, INSTANT, ENUM = (
    "Edm.String", "Edm.Decimal", "Edm.Int32", "Edm.Int64", "Edm.DateTimeOffset", "Enum",
)  # fmt: skip

COMPANY = "dataAreaId"
HEADERS = "Transactions"
SALES_LINES = "Sales transactions V2"
PAYMENTS = "Payment transactions V2"
TAXES = "Tax transactions"
DISCOUNTS = "Discount transactions"
INCOME_EXPENSES = "Income/Expense transaction"
SHIFTS = "Shifts"


@dataclass(frozen=True, slots=True)
class Field:
    """One column. `length_max` 0: none known. `enum`: the enum type's name where `edm` is Enum."""

    name: str
    edm: str = STRING
    length_max: int = 0
    enum: str = ""


@dataclass(frozen=True)
class Entity:
    """One entity that is written: the label data packages use, the OData set, its key in the set's order.

    A plain frozen class without slots, so that what is asked a million times a package is worked out once.
    sequence: its place among the children of its level. `control`: the fields whose sums go with a package.
    `line_keys`: the part of the key below the receipt; empty for the header and for shifts.
    """

    label: str
    odata_set: str
    keys: tuple[str, ...]
    fields: tuple[Field, ...]
    sequence: int
    control: tuple[str, ...]
    line_keys: tuple[str, ...] = ()

    @cached_property
    def limits(self) -> tuple[tuple[str, int], ...]:
        """The texts that have a known length, with it."""
        return tuple((field.name, field.length_max) for field in self.fields if field.length_max)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the data file. The company is none: data management takes it from the import
        call.
        """
        return tuple(field.name for field in self.fields if field.name != COMPANY)

    @property
    def file_name(self) -> str:
        """The data file's name in a package: the label, less what no file name may hold."""
        return self.label.replace("/", "") + ".csv"


@dataclass(frozen=True, slots=True)
class ReadSet:
    """One OData set that is only read, with the fields we ask for."""

    odata_set: str
    fields: tuple[Field, ...]

    @property
    def select(self) -> str:
        """The fields as `$select` takes them."""
        return ",".join(field.name for field in self.fields)


def _text(name: str, length_max: int = 0) -> Field:
    return Field(name, STRING, length_max)


def _amounts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, DECIMAL) for name in names)


def _yes_no(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, ENUM, enum="NoYes") for name in names)


def _instants(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, INSTANT) for name in names)


_RECEIPT_KEY = (
    _text("dataAreaId", 4), _text("OperatingUnitNumber"), _text("Terminal", 10), _text("TransactionNumber",
    44),
)  # fmt: skip
_ENTRY_STATUS = Field("TransactionStatus", ENUM, enum="RetailEntryStatus")

HEADER = Entity(
    HEADERS, "RetailTransactions", ("dataAreaId", "TransactionNumber", "OperatingUnitNumber", "Terminal"),
    (
        *_RECEIPT_KEY,
        Field("TransactionType", ENUM, enum="RetailTransactionType"), _ENTRY_STATUS,
        _text("RreceiptId", 18), _text("RefundReceiptId", 18),
        *_instants("businessDate", "TransactionDate", "BeginDateTime"), Field("TransactionTime", INT32),
        _text("Currency", 3), Field("ExchangeRate", DECIMAL), _text("CustomerAccount", 38), _text("Staff",
        25),
        _text("Warehouse", 10), _text("SiteId", 10), Field("BatchID", INT64), _text("BatchTerminalId", 10),
        *_amounts(
            "GrossAmount", "NetAmount", "PaymentAmount", "DiscountAmount", "IncomeExpenseAmount",
            "SalesPaymentDifference", "NumberOfItems", "NumberOfItemLines",
        ),
        Field("NumberOfPaymentLines", INT32),
        *_yes_no("IsTaxIncludedInPrice", "SaleIsReturnSale", "CreatedOffline"), _text("Comment"),
    ),
    9, ("GrossAmount", "NetAmount", "PaymentAmount", "DiscountAmount", "IncomeExpenseAmount"),
)  # fmt: skip

SALES_LINE = Entity(
    SALES_LINES, "RetailTransactionSalesLinesV2",
    ("dataAreaId", "Terminal", "TransactionNumber", "LineNumber", "OperatingUnitNumber"),
    (
        *_RECEIPT_KEY, Field("LineNumber", DECIMAL), _text("ItemId", 20), _text("VariantNumber", 10), _text("Unit", 10),
        *_amounts(
            "Quantity", "UnitQuantity", "Price", "NetPrice", "NetAmount", "NetAmountInclusiveTax",
            "SalesTaxAmount",
            "LineDiscount", "CashDiscountAmount",
        ),
        _text("SalesTaxGroup", 10), _text("ItemSalesTaxGroup", 10), _text("Currency", 3),
        _text("Warehouse", 10), _text("SiteId", 10), _text("SerialNumber", 20), _text("ReceiptNumber", 18),
        Field("TransactionCode", ENUM, enum="RetailItemTransactionCode"), _ENTRY_STATUS,
        *_yes_no("GiftCard", "IsReturnNoSale"), *_instants("BusinessDate", "TransactionDate"),
        _text("ReturnOperatingUnitNumber"), _text("ReturnTerminal", 10), _text("ReturnTransactionNumber", 44),
        *_amounts("ReturnLineNumber", "ReturnQuantity"),
    ),
    1, ("Quantity", "NetAmount", "SalesTaxAmount", "NetAmountInclusiveTax"), ("LineNumber",),
)  # fmt: skip

PAYMENT = Entity(
    PAYMENTS, "RetailTransactionPaymentLinesV2",
    ("dataAreaId", "Terminal", "TransactionNumber", "LineNumber", "OperatingUnitNumber", "Store"),
    (
        *_RECEIPT_KEY, _text("Store", 10), Field("LineNumber", DECIMAL), _text("TenderType", 10),
        *_amounts(
            "AmountTendered", "AmountInTenderedCurrency", "AmountInAccountingCurrency",
            "ExchangeRateInTenderedCurrency", "ExchangeRateInAccountingCurrency",
        ),
        _text("CurrencyCode", 3), *_yes_no("IsChangeLine"), _ENTRY_STATUS, _text("ReceiptId", 18),
        _text("Staff", 25),
        *_yes_no("IsLinkedRefund"), _text("LinkedPaymentStore", 10), _text("LinkedPaymentTerminal", 10),
        _text("LinkedPaymentTransactionNumber", 44), *_amounts("LinkedPaymentLineNumber"),
        _text("LinkedPaymentCurrency", 3),
    ),
    2, ("AmountTendered",), ("LineNumber", "Store"),
)  # fmt: skip

TAX = Entity(
    TAXES, "RetailTransactionTaxLines",
    ("dataAreaId", "Terminal", "TransactionNumber", "SalesLineNumber", "TaxCode", "OperatingUnitNumber"),
    (
        *_RECEIPT_KEY, Field("SalesLineNumber", DECIMAL), _text("TaxCode", 10), *_amounts("TaxAmount",
        "TaxPercentage"),
        *_yes_no("IsTaxIncludedInPrice", "IsExempt"),
    ),
    3, ("TaxAmount",), ("SalesLineNumber", "TaxCode"),
)  # fmt: skip

DISCOUNT = Entity(
    DISCOUNTS, "RetailTransactionDiscountLines",
    ("dataAreaId", "Terminal", "TransactionNumber", "SalesLineNumber", "OperatingUnitNumber", "LineNumber"),
    (
        *_RECEIPT_KEY, Field("SalesLineNumber", DECIMAL), Field("LineNumber", DECIMAL),
        *_amounts("DiscountAmount", "EffectiveAmount"),
    ),
    4, ("DiscountAmount",), ("SalesLineNumber", "LineNumber"),
)  # fmt: skip

INCOME_EXPENSE = Entity(
    INCOME_EXPENSES, "RetailTransactionIncomeExpenseLines",
    ("dataAreaId", "Terminal", "TransactionNumber", "LineNumber", "OperatingUnitNumber"),
    (
        *_RECEIPT_KEY, Field("LineNumber", DECIMAL), Field("AccountType", ENUM, enum="RetailIncomeExpense"),
        _text("AccountNumber"), Field("Amount", DECIMAL), _ENTRY_STATUS, *_instants("TransactionDate"),
        Field("TransactionTime", INT32), _text("ReceiptNumber"), _text("StoreNumber", 10),
    ),
    5, ("Amount",), ("LineNumber",),
)  # fmt: skip

SHIFT = Entity(
    SHIFTS, "RetailPosBatches", ("dataAreaId", "OperationUnitNumber", "Terminal", "BatchShiftId"),
    (
        _text("dataAreaId", 4), _text("OperationUnitNumber"), _text("Terminal", 10), Field("BatchShiftId",
        INT64),
        _text("StoreNumber", 10), Field("Status", ENUM, enum="RetailPosBatchStatus"),
        *_instants("StartDateTimeUtc", "CloseDateTimeUtc", "StartDate", "CloseDate"),
        Field("StartTime", INT32), Field("CloseTime", INT32), _text("ClosedAtRegisterNumber", 10),
        *(Field(name, INT32) for name in ("TransactionsCount", "SalesCount", "ReturnsCount")),
        *_amounts("SalesTotal", "ReturnsTotal", "TaxTotal", "DiscountTotalAmount", "RoundedAmountTotal"),
        *_yes_no("HasPendingOfflineTransactions"),
    ),
    9, ("SalesTotal", "ReturnsTotal", "TaxTotal", "DiscountTotalAmount", "RoundedAmountTotal"),
)  # fmt: skip

CHILDREN = (SALES_LINE, PAYMENT, TAX, DISCOUNT, INCOME_EXPENSE)
ENTITIES = {entity.label: entity for entity in (*CHILDREN, HEADER, SHIFT)}


def level_of(entity: Entity, *, header_first: bool = False) -> int:
    """Give the level an entity is imported at; D365 finishes a level before it starts the next.

    Children come first and the header last, so that headquarters never sees a header without its lines (D365
    facts §1; whether an environment takes children first only a sandbox can tell, hence the switch). Closed
    shifts come after everything: a statement that picks a shift must find its receipts.
    """
    if entity.label == SHIFTS:
        return 3
    return 1 if (entity.label == HEADERS) == header_first else 2


READ_HEADERS = ReadSet(
    "RetailTransactions",
    tuple(
        field for field in HEADER.fields
        if field.name in {
            "dataAreaId", "OperatingUnitNumber", "Terminal", "TransactionNumber", "businessDate",
            "GrossAmount",
            "NetAmount", "PaymentAmount", "DiscountAmount", "IncomeExpenseAmount", "NumberOfItems",
            "NumberOfItemLines", "NumberOfPaymentLines", "TransactionStatus", "Comment",
        }
    ),
)  # fmt: skip
READ_RETURNS = ReadSet(
    "RetailTransactionSalesLinesV2",
    (_text("ReturnTransactionNumber", 44), Field("ReturnLineNumber", DECIMAL)),
)
READ_SHIFTS = ReadSet(
    "RetailPosBatches",
    tuple(
        field for field in SHIFT.fields
        if field.name in {
            "dataAreaId", "OperationUnitNumber", "Terminal", "BatchShiftId", "StoreNumber", "Status",
            "StartDateTimeUtc", "CloseDateTimeUtc",
        }
    ),
)  # fmt: skip
READ_AUDITABLE = ReadSet(
    "RetailTransactionsAuditable",
    (
        *(
            _text(name)
            for name in (
                "dataAreaId", "OperatingUnitNumber", "StoreNumber", "RegisterNumber", "TransactionId",
                "StatementNumber", "SalesOrder", "Invoice", "Comment",
            )
        ),
        Field("ValidationStatus", ENUM, enum="RetailTransactionValidationStatus"),
        *_instants("LastValidationTime", "BusinessDate"), *_amounts("GrossAmount", "NetAmount",
        "PaymentAmount"),
    ),
)  # fmt: skip
READ_VALIDATION_ERRORS = ReadSet(
    "RetailTransactionValidationErrorBIEntities", (_text("TransactionId"), _text("ErrorMessage"))
)
READ_AGGREGATIONS = ReadSet(
    "RetailEodStatementAggregations",
    (
        *(
            _text(n)
            for n in ("dataAreaId", "StatementId", "StoreNumber", "SalesId", "InvoiceId", "ErrorMessage")
        ),
        Field("StatementStatus", ENUM, enum="RetailEodTransactionPostingStatus"),
        Field("AggregationStatus", ENUM, enum="RetailEodTransactionAggregationHeaderPostingStatus"),
    ),
)
READ_POSTED_STATEMENTS = ReadSet(
    "RetailStatementJourBIEntities",
    (
        *(_text(name) for name in ("dataAreaId", "statementId", "storeId")),
        *_instants("postedDate", "postedDateTime", "statementDate"), *_amounts("salesAmount", "taxAmount"),
    ),
)  # fmt: skip
READ_SETS = (
    READ_HEADERS,
    READ_RETURNS,
    READ_SHIFTS,
    READ_AUDITABLE,
    READ_VALIDATION_ERRORS,
    READ_AGGREGATIONS,
    READ_POSTED_STATEMENTS,
)

# The enum members that we write or compare with, and the numbers D365 keeps them under (D365 facts §2.1, §3.4).
ENUM_MEMBERS: dict[str, dict[str, int]] = {
    "NoYes": {"No": 0, "Yes": 1},
    "RetailTransactionType": {
        "Sales": 2,
        "IncomeExpense": 18,
        "StartingAmount": 20,
        "FloatEntry": 5,
        "RemoveTender": 4,
        "ChangeTender": 6,
        "SafeDrop": 17,
        "BankDrop": 16,
        "TenderDeclaration": 7,
    },
    "RetailEntryStatus": {"None": 0, "Voided": 1, "Cancelled": 4},
    "RetailItemTransactionCode": {"ItemOnFile": 0},
    "RetailPosBatchStatus": {"Closed": 2},
    "RetailEodTransactionPostingStatus": {"Posted": 220},
    "RetailEodShiftValidationErrorCode": {"None": 0},
    "RetailClosingStatus": {"Closing": 1, "Error": 4},
}
# What the package API says of an import, as words; no enumeration of `$metadata`.
EXECUTION_STATUSES = (
    "Unknown",
    "NotRun",
    "Executing",
    "Succeeded",
    "PartiallySucceeded",
    "Failed",
    "Canceled",
)
