"""What each entity looks like: data package label, OData set, key, fields with type and length, what must be filled in."""

from __future__ import annotations

from dataclasses import dataclass

from simulator import fields_evidence, fields_read, fields_written
from simulator.enumerations import ENUMERATIONS
from simulator.fields_reference import REFERENCE_SETS

STRING, DECIMAL, INT32, INT64, INSTANT = "String", "Decimal", "Int32", "Int64", "DateTimeOffset"
# Properties that hold a day, carried as an instant at noon UTC (D365 facts §5).
DAYS = frozenset(
    [
        "businessDate",
        "BusinessDate",
        "TransactionDate",
        "StartDate",
        "EndDate",
        "CloseDate",
        "postedDate",
        "postingDate",
        "statementDate",
        "shiftDate",
        "transFromDate",
        "transToDate",
        "transDate",
        "ShiftDate",
        "InvoiceDate",
        "voucherDate",
    ]
)


@dataclass(frozen=True, slots=True)
class Field:
    """One property. `kind`: an Edm type without its prefix, or an enumeration's name. length_max 0: none known.

    removed: members that this environment's enumeration does not have.
    """

    name: str
    kind: str
    length_max: int = 0
    removed: frozenset[str] = frozenset()

    @property
    def is_enumeration(self) -> bool:
        """Whether its values are members of an enumeration."""
        return self.kind in ENUMERATIONS

    def has_member(self, member: str) -> bool:
        """Whether its enumeration has this member."""
        return member in ENUMERATIONS[self.kind] and member not in self.removed


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity. `label`: its name in data packages, "" where it has none. `table`: its name in error texts."""

    odata_set: str
    odata_type: str
    table: str
    keys: tuple[str, ...]
    fields: dict[str, Field]
    label: str = ""
    mandatory: tuple[str, ...] = ()
    read_only: bool = True

    @property
    def is_child(self) -> bool:
        """Whether its rows belong to a retail transaction's header."""
        named = {"TransactionNumber", "OperatingUnitNumber"} <= set(self.keys)
        return not self.read_only and named and self.odata_set != HEADERS

    @property
    def is_public(self) -> bool:
        """Whether OData knows it; the others come by data package only."""
        return not self.odata_set.startswith("(")

    @property
    def has_company(self) -> bool:
        """Whether its rows belong to one legal entity."""
        return "dataAreaId" in self.fields


def _fields(text: str) -> dict[str, Field]:
    """Read a block of `Type[:length] = names`; a line without `=` goes on with the type above."""
    found: dict[str, Field] = {}
    kind, length_max = "", 0
    for line in filter(None, (one.strip() for one in text.splitlines())):
        head, equals, names = line.rpartition(" = ")
        if equals:
            kind, _, length = head.partition(":")
            length_max = int(length or 0)
        for name in names.split():
            found[name] = Field(name, kind, length_max)
    return found


HEADERS = "RetailTransactions"
SALES_LINES = "RetailTransactionSalesLinesV2"
PAYMENT_LINES = "RetailTransactionPaymentLinesV2"
TAX_LINES = "RetailTransactionTaxLines"
DISCOUNT_LINES = "RetailTransactionDiscountLines"
INCOME_EXPENSE_LINES = "RetailTransactionIncomeExpenseLines"
SHIFTS = "RetailPosBatches"
AUDITABLE = "RetailTransactionsAuditable"
AGGREGATIONS = "RetailEodStatementAggregations"
STATEMENT_JOURNAL = "RetailStatementJourBIEntities"
VALIDATION_ERRORS = "RetailTransactionValidationErrorBIEntities"
CHARGES = "RetailTransactionMarkupLines"
BANKED_TENDERS, SAFE_TENDERS = "(Banked tender transactions)", "(Safe tender transactions)"
TENDER_DECLARATIONS = "RetailTransactionAuditableTenderDeclarations"
INVOICES, ON_HAND = "SalesInvoiceHeadersV2", "WarehousesOnHandV2"
STATEMENT_VOUCHERS, STATEMENT_LINES = "RetailStatementVoucherBIEntities", "RetailStatementTransBIEntities"
LEDGER_LINES = "GeneralJournalAccountEntries"
POSTING_ERRORS, TRANSACTIONS = "RetailEodTransactionErrorBIEntities", "RetailTransactionTableBIEntities"
PAYMENT_JOURNALS, PAYMENT_JOURNAL_LINES = "CustomerPaymentJournalHeaders", "CustomerPaymentJournalLines"
STORES, TERMINALS, TENDER_TYPES = "RetailStores", "RetailTerminals", "RetailStoreTenderTypes"
CUSTOMERS, WAREHOUSES, PRODUCTS = "CustomersV3", "Warehouses", "ReleasedProductsV2"
TAX_GROUPS, TAX_ITEM_GROUPS, BARCODES = "TaxGroups", "TaxItemGroupHeadings", "ProductBarcodesV3"

_RECEIPT = ("dataAreaId", "Terminal", "TransactionNumber")
_WRITTEN = (
    Entity(
        HEADERS, "RetailTransaction", "RetailTransactionEntity",
        ("dataAreaId", "TransactionNumber", "OperatingUnitNumber", "Terminal"), _fields(fields_written.HEADER),
        "Transactions", ("TransactionType", "businessDate", "TransactionDate", "Currency"), read_only=False,
    ),
    Entity(
        SALES_LINES, "RetailTransactionSalesLineV2", "RetailTransactionSalesLineV2Entity",
        (*_RECEIPT, "LineNumber", "OperatingUnitNumber"), _fields(fields_written.SALES_LINE),
        "Sales transactions V2", ("ItemId", "Unit"), read_only=False,
    ),
    Entity(
        PAYMENT_LINES, "RetailTransactionPaymentLineV2", "RetailTransactionPaymentLineV2Entity",
        (*_RECEIPT, "LineNumber", "OperatingUnitNumber", "Store"), _fields(fields_written.PAYMENT_LINE),
        "Payment transactions V2", ("TenderType",), read_only=False,
    ),
    Entity(
        TAX_LINES, "RetailTransactionTaxLine", "RetailTransactionTaxLineEntity",
        (*_RECEIPT, "SalesLineNumber", "TaxCode", "OperatingUnitNumber"), _fields(fields_written.TAX_LINE),
        "Tax transactions", read_only=False,
    ),
    Entity(
        DISCOUNT_LINES, "RetailTransactionDiscountLine", "RetailTransactionDiscountLineEntity",
        (*_RECEIPT, "SalesLineNumber", "OperatingUnitNumber", "LineNumber"), _fields(fields_written.DISCOUNT_LINE),
        "Discount transactions", read_only=False,
    ),
    Entity(
        INCOME_EXPENSE_LINES, "RetailTransactionIncomeExpenseLine", "RetailTransactionIncomeExpenseLineEntity",
        (*_RECEIPT, "LineNumber", "OperatingUnitNumber"), _fields(fields_written.INCOME_EXPENSE_LINE),
        "Income/Expense transaction", ("AccountNumber", "AccountType"), read_only=False,
    ),
    Entity(
        SHIFTS, "RetailPosBatch", "RetailPosBatchEntity",
        ("dataAreaId", "OperationUnitNumber", "Terminal", "BatchShiftId"), _fields(fields_written.SHIFT),
        "Shifts", ("StoreNumber", "Status", "StartDateTimeUtc", "StartDate"), read_only=False,
    ),
    Entity(
        CHARGES, "RetailTransactionMarkupLine", "RetailTransactionMarkupLineEntity",
        (*_RECEIPT, "SalesLineNumber", "LineNumber", "OperatingUnitNumber"), _fields(fields_evidence.CHARGE),
        "Retail Transaction charges", ("MarkupCode",), read_only=False,
    ),
    Entity(
        BANKED_TENDERS, "RetailTransactionBankedTenderTrans", "RetailTransactionBankedTenderTransEntity",
        (*_RECEIPT, "StoreNumber", "LineNumber"), _fields(fields_evidence.BANKED_TENDER),
        "Banked tender transactions", ("TenderType",), read_only=False,
    ),
    Entity(
        SAFE_TENDERS, "RetailTransactionSafeTenderTrans", "RetailTransactionSafeTenderTransEntity",
        (*_RECEIPT, "StoreNumber", "LineNumber"), _fields(fields_evidence.SAFE_TENDER),
        "Safe tender transactions", ("TenderType",), read_only=False,
    ),
)  # fmt: skip
_READ = (
    Entity(
        AUDITABLE, "RetailTransactionAuditable", "RetailTransactionAuditableEntity",
        ("dataAreaId", "OperatingUnitNumber", "StoreNumber", "RegisterNumber", "TransactionId"),
        _fields(fields_read.AUDITABLE),
    ),
    Entity(
        AGGREGATIONS, "RetailEodStatementAggregation", "RetailEodStatementAggregationEntity",
        ("dataAreaId", "StatementId", "Aggregation"), _fields(fields_read.AGGREGATION),
    ),
    Entity(
        STATEMENT_JOURNAL, "RetailStatementJourBIEntity", "RetailStatementJourBIEntity",
        ("dataAreaId", "statementId"), _fields(fields_read.STATEMENT_JOURNAL),
    ),
    Entity(
        VALIDATION_ERRORS, "RetailTransactionValidationErrorBIEntity", "RetailTransactionValidationErrorBIEntity",
        ("TransactionId", "ErrorMessage"), _fields(fields_read.VALIDATION_ERROR),
    ),
    Entity(STORES, "RetailStore", "RetailStoreEntity", ("RetailChannelId",), _fields(fields_read.STORE)),
    Entity(TERMINALS, "RetailTerminal", "RetailTerminalEntity", ("TerminalNumber",), _fields(fields_read.TERMINAL)),
    Entity(
        TENDER_TYPES, "RetailStoreTenderType", "RetailStoreTenderTypeEntity",
        ("dataAreaId", "RetailChannelId", "PaymentMethodNumber"), _fields(fields_read.TENDER_TYPE),
    ),
    Entity(TAX_GROUPS, "TaxGroup", "TaxGroupEntity", ("dataAreaId", "TaxGroupCode"), _fields(fields_read.TAX_GROUP)),
    Entity(
        TAX_ITEM_GROUPS, "TaxItemGroupHeading", "TaxItemGroupHeadingEntity", ("dataAreaId", "TaxItemGroup"),
        _fields(fields_read.TAX_ITEM_GROUP),
    ),
    Entity(WAREHOUSES, "Warehouse", "InventWarehouseEntity", ("dataAreaId", "WarehouseId"), _fields(fields_read.WAREHOUSE)),
    Entity(
        PRODUCTS, "ReleasedProductV2", "EcoResReleasedProductV2Entity", ("dataAreaId", "ItemNumber"),
        _fields(fields_read.RELEASED_PRODUCT),
    ),
    Entity(
        BARCODES, "ProductBarcodeV3", "EcoResProductBarcodeV3Entity",
        ("dataAreaId", "ItemNumber", "ProductConfigurationId", "ProductColorId", "ProductSizeId", "ProductStyleId",
         "ProductVersionId", "ProductQuantityUnitSymbol", "BarcodeSetupId", "Barcode"),
        _fields(fields_read.BARCODE),
    ),
    Entity(CUSTOMERS, "CustomerV3", "CustCustomerV3Entity", ("dataAreaId", "CustomerAccount"), _fields(fields_read.CUSTOMER)),
)  # fmt: skip
_EVIDENCE = (
    Entity(
        TENDER_DECLARATIONS, "RetailTransactionAuditableTenderDeclaration",
        "RetailTransactionAuditableTenderDeclarationEntity",
        ("dataAreaId", "OperatingUnitNumber", "StoreNumber", "RegisterNumber", "TransactionId", "LineNumber"),
        _fields(fields_evidence.TENDER_DECLARATION), mandatory=("PaymentMethod",), read_only=False,
    ),
    Entity(
        INVOICES, "SalesInvoiceHeaderV2", "SalesInvoiceHeaderV2Entity",
        ("dataAreaId", "InvoiceNumber", "InvoiceDate", "LedgerVoucher"), _fields(fields_evidence.INVOICE),
    ),
    Entity(
        STATEMENT_VOUCHERS, "RetailStatementVoucherBIEntity", "RetailStatementVoucherBIEntity",
        ("dataAreaId", "SourceKey"), _fields(fields_evidence.STATEMENT_VOUCHER),
    ),
    Entity(
        LEDGER_LINES, "GeneralJournalAccountEntry", "GeneralJournalAccountEntryEntity",
        ("GeneralJournalAccountEntryRecId",), _fields(fields_evidence.LEDGER_LINE),
    ),
    Entity(
        STATEMENT_LINES, "RetailStatementTransBIEntity", "RetailStatementTransBIEntity",
        ("dataAreaId", "statementId", "lineNum"), _fields(fields_evidence.STATEMENT_LINE),
    ),
    Entity(
        POSTING_ERRORS, "RetailEodTransactionErrorBIEntity", "RetailEodTransactionErrorBIEntity",
        ("dataAreaId", "SourceKey"), _fields(fields_evidence.POSTING_ERROR),
    ),
    Entity(
        TRANSACTIONS, "RetailTransactionTableBIEntity", "RetailTransactionTableBIEntity",
        ("dataAreaId", "store", "terminal", "transactionId"), _fields(fields_evidence.TRANSACTION),
    ),
    Entity(
        PAYMENT_JOURNALS, "CustomerPaymentJournalHeader", "CustomerPaymentJournalHeaderEntity",
        ("dataAreaId", "JournalBatchNumber"), _fields(fields_evidence.PAYMENT_JOURNAL),
    ),
    Entity(
        PAYMENT_JOURNAL_LINES, "CustomerPaymentJournalLine", "CustomerPaymentJournalLineEntity",
        ("dataAreaId", "JournalBatchNumber", "LineNumber"), _fields(fields_evidence.PAYMENT_JOURNAL_LINE),
    ),
    Entity(
        ON_HAND, "WarehouseOnHandV2", "InventWarehouseOnHandV2Entity",
        ("dataAreaId", "ItemNumber", "ProductColorId", "ProductConfigurationId", "ProductSizeId", "ProductStyleId",
         "ProductVersionId", "InventorySiteId", "InventoryWarehouseId"),
        _fields(fields_evidence.ON_HAND),
    ),
)  # fmt: skip
_REFERENCE = tuple(
    Entity(odata_set, odata_type, table, keys, _fields(fields))
    for odata_set, odata_type, table, keys, fields in REFERENCE_SETS
)
ENTITIES: dict[str, Entity] = {one.odata_set: one for one in (*_WRITTEN, *_READ, *_REFERENCE, *_EVIDENCE)}
# Navigation properties and the type each leads to. A client generated from a live environment (D365 facts, META) shows that
# the header has none to its lines, only these two; the simulator keeps no rows behind them.
NAVIGATIONS: dict[str, dict[str, str]] = {
    HEADERS: {
        "RetailGiftCardTransactions": "RetailGiftCardTransactions",
        "GiftCardTransactionV2": "GiftCardTransactionsV2",
    },
}
CHILD_SETS = tuple(one.odata_set for one in _WRITTEN if one.is_child)
