"""The sets that D365's reference data is read from, as data and nothing else.

The first group stands in the extract of D365's metadata. Of the second, the extract holds at most the entity (tax group
memberships) or nothing (periods, tracking dimensions, unit conversions, order settings): their set and field names come
from client code that was generated from a live environment's `$metadata` in 2025 (D365 facts, source META), but for
income and expense accounts, whose set nobody has seen: its name is the entity's, in the plural. An environment that
lacks one of them leaves the rules *unknown* that need it, which `NEEDED_FOR` names.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.d365.entities import COMPANY, DECIMAL, ENUM, INSTANT, STRING, Field, ReadSet

_LENGTHS = {("RetailStores", "StoreNumber"): 10, ("TaxItemGroupHeadings", "TaxItemGroup"): 10}


def _set(name: str, *texts: str, also: tuple[Field, ...] = ()) -> ReadSet:
    return ReadSet(name, (*(Field(text, STRING, _LENGTHS.get((name, text), 0)) for text in texts), *also))


def _yes_no(name: str) -> Field:
    return Field(name, ENUM, enum="NoYes")


STORES = _set(
    "RetailStores", "StoreNumber", "RetailChannelId", "OperatingUnitNumber", "WarehouseId", "WarehouseLegalEntity",
    "TaxGroupCode", "Currency", "DefaultCustomerAccount",
    also=(
        _yes_no("PriceIncludesSalesTax"), Field("MaxRoundingAmount", DECIMAL), Field("MaximumPostingDifference", DECIMAL),
        Field("MaxShiftDifferenceAmount", DECIMAL), Field("MaxTransactionDifferenceAmount", DECIMAL),
    ),
)  # fmt: skip
TERMINALS = _set("RetailTerminals", "TerminalNumber", "StoreNumber")
TENDERS = _set(
    "RetailStoreTenderTypes", COMPANY, "RetailChannelId", "PaymentMethodNumber", "Name", "LedgerDimensionDisplayValue",
    "DifferenceAccLedgerDimensionDisplayValue",
    also=(_yes_no("CountingRequired"), Field("MaxNormalDifferenceAmount", DECIMAL)),
)  # fmt: skip
WAREHOUSES = _set("Warehouses", COMPANY, "WarehouseId", "OperationalSiteId")
TAX_GROUPS = _set("TaxGroups", COMPANY, "TaxGroupCode")
ITEM_TAX_GROUPS = _set("TaxItemGroupHeadings", COMPANY, "TaxItemGroup")
CUSTOMERS = _set("CustomersV3", COMPANY, "CustomerAccount")
ITEMS = _set(
    "ReleasedProductsV2", COMPANY, "ItemNumber", "ProductNumber", "SalesUnitSymbol", "TrackingDimensionGroupName",
    also=(Field("ProductSubType", ENUM, enum="EcoResProductSubtype"),),
)  # fmt: skip

TAX_GROUP_CODES = _set("TaxGroupDatas", COMPANY, "TaxGroupId", "TaxCodeId")
ITEM_TAX_GROUP_CODES = _set("TaxItemGroups", COMPANY, "TaxItemGroupCode", "TaxCodeId")
TAX_CODES = _set("TaxCodes", COMPANY, "TaxCode")
LEDGER_PERIODS = _set(
    "LedgerFiscalPeriods", "LegalEntityId", "Calendar", "YearName", "PeriodName",
    also=(Field("PeriodStatus", ENUM, enum="FiscalPeriodStatus"),),
)  # fmt: skip
CALENDAR_PERIODS = _set(
    "FiscalPeriods", "Calendar", "FiscalYear", "PeriodName",
    also=(Field("StartDate", INSTANT), Field("EndDate", INSTANT)),
)  # fmt: skip
TRACKING_GROUPS = _set(
    "TrackingDimensionGroups", "GroupName",
    also=(_yes_no("IsSerialNumberActive"), _yes_no("IsSerialNumberControlEnabled")),
)  # fmt: skip
PRODUCT_UNITS = _set("ProductUnitOfMeasureConversions", "ProductNumber", "FromUnitSymbol", "ToUnitSymbol")
ANY_UNITS = _set("UnitOfMeasureConversions", "FromUnitSymbol", "ToUnitSymbol")
ORDER_SETTINGS = _set(
    "ProductDefaultOrderSettings", COMPANY, "ItemNumber", also=(_yes_no("IsSalesProcessingStopped"),)
)
ACCOUNTS = _set(
    "RetailIncomeExpenseAccounts", COMPANY, "AccountNumber",
    also=(Field("AccountType", ENUM, enum="RetailIncomeExpense"),),
)  # fmt: skip

IN_THE_EXTRACT = (STORES, TERMINALS, TENDERS, WAREHOUSES, TAX_GROUPS, ITEM_TAX_GROUPS, CUSTOMERS, ITEMS)
NAMED_ELSEWHERE = (
    TAX_GROUP_CODES, ITEM_TAX_GROUP_CODES, TAX_CODES, LEDGER_PERIODS, CALENDAR_PERIODS, TRACKING_GROUPS,
    PRODUCT_UNITS, ANY_UNITS, ORDER_SETTINGS, ACCOUNTS,
)  # fmt: skip
# The members we compare with, of enumerations that the extract does not hold; numbers as in the same client code.
REFERENCE_MEMBERS = {"FiscalPeriodStatus": {"Open": 1}, "EcoResProductSubtype": {"ProductMaster": 1}}
# What cannot be judged where an environment does not show the set: rules by D365's names, and our own comparisons.
NEEDED_FOR: Mapping[str, tuple[str, ...]] = {
    STORES.odata_set: ("Under/over payment", "Store"),
    TERMINALS.odata_set: ("Till",),
    TENDERS.odata_set: ("Payment method", "Payment method without account"),
    WAREHOUSES.odata_set: ("Warehouse",),
    TAX_GROUPS.odata_set: ("Tax group assignment", "Sales tax group"),
    ITEM_TAX_GROUPS.odata_set: ("Tax group assignment", "Item sales tax group"),
    CUSTOMERS.odata_set: ("Customer account exists",),
    ITEMS.odata_set: (
        "Item variant exists", "Serial number controlled", "Serial number dimension", "Unit of measure conversions",
        "Item", "Blocked item",
    ),
    TAX_GROUP_CODES.odata_set: ("Tax group assignment",),
    ITEM_TAX_GROUP_CODES.odata_set: ("Tax group assignment",),
    TAX_CODES.odata_set: ("Sales tax code",),
    LEDGER_PERIODS.odata_set: ("Business date",),
    CALENDAR_PERIODS.odata_set: ("Business date",),
    TRACKING_GROUPS.odata_set: ("Serial number controlled", "Serial number dimension"),
    PRODUCT_UNITS.odata_set: ("Unit of measure conversions",),
    ANY_UNITS.odata_set: ("Unit of measure conversions",),
    ORDER_SETTINGS.odata_set: ("Blocked item",),
    ACCOUNTS.odata_set: ("Income or expense account",),
}  # fmt: skip
