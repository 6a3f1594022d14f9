"""What the simulator has and the extract of D365's metadata does not hold: one list, a reason for each entry.

An entry names a set, a field, a key, a length, the types of a set's fields, a label, an enumeration or a member. What it
names is an assumption, and belongs among the things that a real environment must show.
"""

from __future__ import annotations

_COMPANY = "the common data model leaves the company out of an entity's fields; every set of a legal entity has it in OData"
_CDM_KEY = "the common data model knows no keys; this is the natural one of the table behind the entity"
_CDM_TYPES = (
    "the common data model calls every field a text; types are those of fields of the same name elsewhere"
)
_CDM_LENGTH = "the same field is known to be this long on the receipt's header"
_SEEN = "taken from a client that was generated from a live environment's metadata, which the extract was not made from"
_PLURAL = "the extract holds the entity and no set; the set's name is the entity's in the plural, as for its neighbours"
_LEDGER_ENTRIES = (
    "the common data model has the entity, the extract has not; the set is its name in the plural"
)
_USED_ONLY = "only the type's name is known; this member is the neutral one, or the one an integration was seen to send"
_LABELS = "members are the words headquarters shows; their values are the order in which it shows them"

BEYOND_FACTS: dict[str, str] = {
    "key RetailTransactionValidationErrorBIEntities": "the extract knows two fields and no key; both together tell rows apart",
    "types RetailStores": _CDM_TYPES,
    "types RetailTerminals": _CDM_TYPES,
    "length RetailTerminals.TerminalNumber": _CDM_LENGTH,
    "length RetailTerminals.StoreNumber": _CDM_LENGTH,
    "types RetailStoreTenderTypes": _CDM_TYPES,
    "field TaxGroups.dataAreaId": _COMPANY, "key TaxGroups": _CDM_KEY, "types TaxGroups": _CDM_TYPES,
    "field TaxItemGroupHeadings.dataAreaId": _COMPANY, "key TaxItemGroupHeadings": _CDM_KEY,
    "types TaxItemGroupHeadings": _CDM_TYPES,
    "field Warehouses.dataAreaId": _COMPANY, "key Warehouses": _CDM_KEY, "types Warehouses": _CDM_TYPES,
    "field ReleasedProductsV2.dataAreaId": _COMPANY, "key ReleasedProductsV2": _CDM_KEY, "types ReleasedProductsV2": _CDM_TYPES,
    "field CustomersV3.dataAreaId": _COMPANY, "key CustomersV3": _CDM_KEY, "types CustomersV3": _CDM_TYPES,
    "enum RetailStatementType": _LABELS,
    "enum RetailStaffTerminalTotal": _LABELS,
    "enum RetailEodCodeVersion": _USED_ONLY,
    "enum RetailTransactionCode": _USED_ONLY,
    "enum TaxCalculationType": _USED_ONLY,
    "enum RetailTransactionOrderTypes": _USED_ONLY,
    "enum RetailIncomeExpense": _LABELS,
    "enum RetailTenderVoidStatus": _LABELS,
    "enum RetailReturnTrackingStatusType": _USED_ONLY,
    "enum RetailInventStatusSales": _USED_ONLY,
    "enum RetailCustomerDiscountType": _USED_ONLY,
    "enum RetailDiscountOriginType": _USED_ONLY,
    "enum RetailManualDiscountType": _USED_ONLY,
    "enum RetailLedgerBank": _LABELS,
    "enum RetailAuthorizationTypes": _USED_ONLY,
    "enum RetailNoneNearestUpDown": _USED_ONLY,
    "member RetailTransactionValidationStatus.None": _LABELS,
    "member RetailTransactionValidationStatus.Successful": _LABELS,
    "member RetailTransactionValidationStatus.Error": _LABELS,
    "member RetailEodTransactionAggregationHeaderPostingStatus.None": _LABELS,
    "member RetailEodTransactionAggregationHeaderPostingStatus.SOCreated": _LABELS,
    "member RetailEodTransactionAggregationHeaderPostingStatus.SOInvoiced": _LABELS,
    "set FiscalPeriods": _SEEN, "set LedgerFiscalPeriods": _SEEN, "enum FiscalPeriodStatus": _SEEN,
    "set ProductDefaultOrderSettings": _SEEN, "set ProductUnitOfMeasureConversions": _SEEN,
    "set UnitOfMeasureConversions": _SEEN, "set TrackingDimensionGroups": _SEEN, "enum EcoResProductSubtype": _SEEN,
    "set TaxCodes": _PLURAL, "set TaxGroupDatas": _PLURAL, "set TaxItemGroups": _PLURAL,
    "set RetailIncomeExpenseAccounts": _PLURAL,
    "set RetailTransactionMarkupLines": _SEEN, "enum MarkupCategory": _USED_ONLY,
    "field (Banked tender transactions).dataAreaId": _COMPANY, "types (Banked tender transactions)": _CDM_TYPES,
    "field (Safe tender transactions).dataAreaId": _COMPANY, "types (Safe tender transactions)": _CDM_TYPES,
    "set SalesInvoiceHeadersV2": _SEEN, "set CustomerPaymentJournalHeaders": _SEEN,
    "set CustomerPaymentJournalLines": _SEEN, "set RetailStatementVoucherBIEntities": _SEEN,
    "set RetailStatementTransBIEntities": _SEEN, "set RetailEodTransactionErrorBIEntities": _SEEN,
    "set RetailTransactionTableBIEntities": _SEEN,
    "set GeneralJournalAccountEntries": _LEDGER_ENTRIES, "types WarehousesOnHandV2": _CDM_TYPES,
}  # fmt: skip
