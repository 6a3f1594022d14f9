"""How set-up shows in the reference sets beside the ones it is given in; and what people take away again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulator.database import Database, key_of
from simulator.reference import Item
from simulator.schema import (
    CUSTOMERS,
    ENTITIES,
    PRODUCTS,
    STORES,
    TAX_GROUPS,
    TAX_ITEM_GROUPS,
    TENDER_TYPES,
    TERMINALS,
    WAREHOUSES,
)
from simulator.values import Values, from_json

SERIAL, PLAIN = "SERIAL", "NONE"
# Per section: its set, and the names its rows have for the parts of a key.
_REMOVABLE: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "warehouses": (WAREHOUSES, ("dataAreaId", "WarehouseId")),
    "customers": (CUSTOMERS, ("dataAreaId", "CustomerAccount")),
    "tax_codes": ("TaxCodes", ("dataAreaId", "TaxCode")),
    "tax_groups": (TAX_GROUPS, ("dataAreaId", "TaxGroupCode")),
    "tax_item_groups": (TAX_ITEM_GROUPS, ("dataAreaId", "TaxItemGroup")),
    "stores": (STORES, ("RetailChannelId",)),
    "terminals": (TERMINALS, ("TerminalNumber",)),
    "tender_types": (TENDER_TYPES, ("dataAreaId", "RetailChannelId", "PaymentMethodNumber")),
    "items": (PRODUCTS, ("dataAreaId", "ItemNumber")),
    "income_expense_accounts": ("RetailIncomeExpenseAccounts", ("dataAreaId", "AccountNumber")),
}


def put_shown(database: Database, odata_set: str, **texts: str) -> None:
    """Let a row be read in a set; every value is a text, a day, or a member of an enumeration."""
    entity = ENTITIES[odata_set]
    values: Values = {name: from_json(entity.fields[name], text) for name, text in texts.items()}
    database.put(entity, key_of(entity, values), values)


def show_periods(database: Database, company: str, periods: Iterable[tuple[str, str]]) -> None:
    """Show a company's open periods; what was open before and is not any more is closed."""
    entity = ENTITIES["LedgerFiscalPeriods"]
    for row in list(database.tables["LedgerFiscalPeriods"].values()):
        if row.values["LegalEntityId"] == company:
            database.put(entity, key_of(entity, row.values), {**row.values, "PeriodStatus": "Closed"})
    for first, last in periods:
        name = {"Calendar": company, "PeriodName": f"{first} to {last}"}
        put_shown(database, "FiscalPeriods", **name, FiscalYear=first[:4], StartDate=first, EndDate=last)
        put_shown(
            database, "LedgerFiscalPeriods", **name, LedgerName=company, YearName=first[:4], LegalEntityId=company,
            PeriodStatus="Open",
        )  # fmt: skip


def show_memberships(
    database: Database, odata_set: str, name: str, company: str, group: str, codes: Iterable[str]
) -> None:
    """Show which tax codes a group has, and no others any more."""
    table, entity = database.tables[odata_set], ENTITIES[odata_set]
    for key in [
        key for key, row in table.items() if (row.values["dataAreaId"], row.values[name]) == (company, group)
    ]:
        database.remove(entity, key)
    for code in codes:
        put_shown(database, odata_set, **{"dataAreaId": company, name: group, "TaxCodeId": code})


def show_item(database: Database, company: str, item: Item) -> dict[str, str]:
    """Show an item's units, tracking and block; give what its own row says of them."""
    put_shown(
        database, "TrackingDimensionGroups", GroupName=SERIAL, IsSerialNumberActive="Yes",
        IsSerialNumberControlEnabled="Yes",
    )  # fmt: skip
    put_shown(
        database, "TrackingDimensionGroups", GroupName=PLAIN, IsSerialNumberActive="No",
        IsSerialNumberControlEnabled="No",
    )  # fmt: skip
    for unit in item.units:
        put_shown(
            database, "ProductUnitOfMeasureConversions", ProductNumber=item.number, FromUnitSymbol=unit,
            ToUnitSymbol=item.unit,
        )  # fmt: skip
    put_shown(
        database, "ProductDefaultOrderSettings", dataAreaId=company, ItemNumber=item.number,
        IsSalesProcessingStopped="Yes" if item.blocked else "No",
    )  # fmt: skip
    return {
        "ProductSubType": "ProductMaster" if item.variants else "Product",
        "TrackingDimensionGroupName": SERIAL if item.serial_controlled else PLAIN,
    }


def remove_reference(database: Database, row: Mapping[str, object]) -> None:
    """Take something away that was set up: `section`, and the parts of its key in order as `key`.

    Raises:
        ValueError: it was never there.
    """
    section, parts = str(row["section"]), row["key"]
    if section not in _REMOVABLE or not isinstance(parts, list):
        raise ValueError(f"section is one of {', '.join(_REMOVABLE)}, and key a list")
    odata_set, names = _REMOVABLE[section]
    entity = ENTITIES[odata_set]
    values: Values = dict(zip(names, (str(part) for part in parts), strict=True))
    key = key_of(entity, values)
    if key not in database.tables[odata_set]:
        raise ValueError(f"no {section} {parts}")
    shown = database.tables[odata_set][key].values
    database.remove(entity, key)
    _forget(database, section, tuple(str(part) for part in parts), shown)


def _forget(database: Database, section: str, parts: tuple[str, ...], shown: Values) -> None:
    reference = database.reference
    pairs = {
        "warehouses": reference.warehouses, "tax_codes": reference.tax_codes, "tax_groups": reference.tax_groups,
        "tax_item_groups": reference.tax_item_groups, "items": reference.items,
        "income_expense_accounts": reference.accounts, "tender_types": reference.tender_types,
    }  # fmt: skip
    if section in pairs:
        del pairs[section][parts]  # type: ignore[attr-defined]  # each has tuples of this length as keys
    elif section == "customers":
        reference.customers.discard((parts[0], parts[1]))
    elif section == "terminals":
        del reference.terminals[parts[0]]
    elif section == "stores":
        store = reference.stores.pop(str(shown["StoreNumber"]))
        del reference.stores_by_unit[store.operating_unit]
