"""Set-up that people and tests give headquarters by `POST /_sim/setup`: checked, additive, shown again as OData sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from simulator.database import Database, key_of
from simulator.evidence import show_on_hand
from simulator.ledger import REVENUE
from simulator.reference import Item, LegalEntity, Parameters, Store, TenderType
from simulator.schema import (
    BARCODES,
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
from simulator.setup_reference import put_shown, remove_reference, show_item, show_memberships, show_periods
from simulator.values import ZERO, Values, from_json

Row = Mapping[str, object]
METHODS = ("Staff", "PosTerminal", "Total", "Shift")
_REVENUE_ROUNDING = "618160"


class UnusableSetupError(ValueError):
    """Set-up that cannot be taken; the message says which part."""


def apply_setup(database: Database, setup: Mapping[str, object]) -> dict[str, int]:
    """Add to the set-up, all or nothing as far as its shape goes. Give the rows taken by section.

    Raises:
        UnusableSetupError: an unknown section or field, a missing field, or a reference that leads nowhere.
    """
    unknown = set(setup) - set(SECTIONS)
    if unknown:
        raise UnusableSetupError(f"unknown sections: {', '.join(sorted(unknown))}")
    taken = {}
    for section, (names, add) in SECTIONS.items():
        rows = setup.get(section, [])
        if not isinstance(rows, list):
            raise UnusableSetupError(f"{section} is a list")
        for number, row in enumerate(rows):
            where = f"{section}[{number}]"
            _check_names(where, row, names.split())
            try:
                add(database, row)
            except (KeyError, TypeError, ValueError, InvalidOperation) as error:
                raise UnusableSetupError(f"{where}: {error}") from error
        if rows:
            taken[section] = len(rows)
    return taken


def _check_names(where: str, row: object, names: list[str]) -> None:
    if not isinstance(row, dict):
        raise UnusableSetupError(f"{where} is an object")
    allowed = {name.rstrip("?") for name in names}
    missing = [name for name in names if not name.endswith("?") and row.get(name) in (None, "")]
    if missing or set(row) - allowed:
        raise UnusableSetupError(f"{where}: missing {missing}, unknown {sorted(set(row) - allowed)}")


def _text(row: Row, name: str, default: str = "") -> str:
    value = row.get(name)
    return default if value is None else str(value)


def _texts(row: Row, name: str) -> frozenset[str]:
    values = row.get(name) or []
    if not isinstance(values, list):
        raise TypeError(f"{name} is a list")
    return frozenset(str(one) for one in values)


def _yes(row: Row, name: str, default: str = "No") -> bool:
    word = _text(row, name, default)
    if word not in ("Yes", "No"):
        raise ValueError(f"{name} is Yes or No")
    return word == "Yes"


def _one_of(row: Row, name: str, words: tuple[str, ...], default: str = "") -> str:
    word = _text(row, name) or default or words[0]
    if word not in words:
        raise ValueError(f"{name} is one of {', '.join(words)}")
    return word


def _company(database: Database, row: Row) -> str:
    company = _text(row, "dataAreaId")
    if company not in database.reference.legal_entities:
        raise ValueError(f"no legal entity {company}")
    return company


def _show(database: Database, odata_set: str, row: Row) -> None:
    """Let a set-up row be read by OData; what the entity has no property for stays inside."""
    entity = ENTITIES[odata_set]
    values: Values = {}
    for name, raw in row.items():
        if name in entity.fields:
            field = entity.fields[name]
            values[name] = from_json(field, Decimal(str(raw)) if field.kind == "Decimal" else raw)
    for name in entity.keys:
        values.setdefault(name, "")
    database.put(entity, key_of(entity, values), values)


def _legal_entity(database: Database, row: Row) -> None:
    periods = tuple(
        (date.fromisoformat(first), date.fromisoformat(last))
        for first, last in row["open_periods"]  # type: ignore[attr-defined]  # a wrong shape raises TypeError
    )
    company = _text(row, "dataAreaId")
    if not 1 <= len(company) <= 4:
        raise ValueError("dataAreaId has one to four characters")
    database.reference.legal_entities[company] = LegalEntity(company, _text(row, "currency"), periods)
    show_periods(database, company, ((first.isoformat(), last.isoformat()) for first, last in periods))


def _store(database: Database, row: Row) -> None:
    company = _company(database, row)
    store = Store(
        company, _text(row, "StoreNumber"), _text(row, "RetailChannelId"), _text(row, "OperatingUnitNumber"),
        _text(row, "WarehouseId"), _text(row, "Currency"), _text(row, "DefaultCustomerAccount"),
        _yes(row, "PriceIncludesSalesTax"), Decimal(_text(row, "MaxRoundingAmount", "0")),
        _text(row, "RoundingAccountLedgerDimensionDisplayValue") or _REVENUE_ROUNDING,
        _one_of(row, "StatementMethod", METHODS, "Shift"), _one_of(row, "ClosingMethod", ("PosBatch", "DateTime")),
        _yes(row, "SeparateStatementPerStaffTerminal"), _yes(row, "OneStatementPerDay", "Yes"),
        Decimal(_text(row, "MaximumPostingDifference", "0")), Decimal(_text(row, "MaxShiftDifferenceAmount", "0")),
        Decimal(_text(row, "MaxTransactionDifferenceAmount", "0")),
        _one_of(row, "TenderDeclarationCalculation", ("Sum", "Last")),
    )  # fmt: skip
    other = database.reference.stores_by_unit.get(store.operating_unit)
    if other and other.number != store.number:
        raise ValueError(f"operating unit {store.operating_unit} belongs to store {other.number}")
    database.reference.stores[store.number] = database.reference.stores_by_unit[store.operating_unit] = store
    shown = {
        "WarehouseLegalEntity": company, "DefaultCustomerLegalEntity": company, "TaxGroupLegalEntity": company,
        "ClosingMethod": "PosBatch", "StatementMethod": "Shift", "OneStatementPerDay": "Yes",
    }  # fmt: skip
    _show(database, STORES, {**shown, **row})


def _terminal(database: Database, row: Row) -> None:
    number, store = _text(row, "TerminalNumber"), _text(row, "StoreNumber")
    if store not in database.reference.stores:
        raise ValueError(f"no store {store}")
    if database.reference.terminals.setdefault(number, store) != store:
        raise ValueError(f"terminal {number} belongs to store {database.reference.terminals[number]}")
    _show(database, TERMINALS, row)
    database.reference.closing_status[number] = _text(row, "ClosingStatus", "None")


def _tender_type(database: Database, row: Row) -> None:
    key = (_company(database, row), _text(row, "RetailChannelId"), _text(row, "PaymentMethodNumber"))
    database.reference.tender_types[key] = TenderType(
        key[2], _text(row, "Name"), _text(row, "LedgerDimensionDisplayValue"), _yes(row, "CountingRequired"),
        _text(row, "DifferenceAccLedgerDimensionDisplayValue"), _text(row, "DiffAccBigDiffLedgerDimensionDisplayValue"),
        Decimal(_text(row, "MaxNormalDifferenceAmount", "0")), _text(row, "BankBagLedgerDimensionDisplayValue"),
        _text(row, "SafeAccLedgerDimensionDisplayValue"), _text(row, "TenderFlowLedgerDimensionDisplayValue"),
    )  # fmt: skip
    _show(database, TENDER_TYPES, row)


def _tax_code(database: Database, row: Row) -> None:
    database.reference.tax_codes[_company(database, row), _text(row, "TaxCodeId")] = Decimal(
        _text(row, "Value")
    )
    put_shown(database, "TaxCodes", dataAreaId=_text(row, "dataAreaId"), TaxCode=_text(row, "TaxCodeId"))


def _tax_group(database: Database, row: Row) -> None:
    code = _text(row, "TaxGroupCode")
    database.reference.tax_groups[_company(database, row), code] = _texts(row, "codes")
    _show(database, TAX_GROUPS, row)
    show_memberships(
        database, "TaxGroupDatas", "TaxGroupId", _text(row, "dataAreaId"), code, sorted(_texts(row, "codes"))
    )


def _tax_item_group(database: Database, row: Row) -> None:
    code = _text(row, "TaxItemGroupCode")
    database.reference.tax_item_groups[_company(database, row), code] = _texts(row, "codes")
    _show(database, TAX_ITEM_GROUPS, {**row, "TaxItemGroup": code})
    show_memberships(
        database,
        "TaxItemGroups",
        "TaxItemGroupCode",
        _text(row, "dataAreaId"),
        code,
        sorted(_texts(row, "codes")),
    )


def _item(database: Database, row: Row) -> None:
    company, number, unit = _company(database, row), _text(row, "ItemNumber"), _text(row, "SalesUnitSymbol")
    database.reference.items[company, number] = Item(
        number, unit, _texts(row, "units"), _texts(row, "barcodes"), _texts(row, "variants"),
        _yes(row, "SerialNumberControlled"), _yes(row, "Blocked"), _yes(row, "Stocked", "Yes"),
        _text(row, "RevenueAccount", REVENUE),
    )  # fmt: skip
    also = show_item(database, company, database.reference.items[company, number])
    _show(database, PRODUCTS, {"ProductNumber": number, **also, **row})
    for barcode in _texts(row, "barcodes"):
        shown = {
            "dataAreaId": company,
            "ItemNumber": number,
            "ProductQuantityUnitSymbol": unit,
            "Barcode": barcode,
        }
        _show(database, BARCODES, shown)


def _customer(database: Database, row: Row) -> None:
    key = (_company(database, row), _text(row, "CustomerAccount"))
    database.reference.customers.add(key)
    database.reference.blocked_customers.discard(key)
    if _yes(row, "Blocked"):
        database.reference.blocked_customers.add(key)
    _show(database, CUSTOMERS, row)


def _warehouse(database: Database, row: Row) -> None:
    name = "IsPhysicalNegativeRetailStoreInventoryAllowed"
    key = (_company(database, row), _text(row, "WarehouseId"))
    database.reference.warehouses[key] = _yes(row, name, "Yes")
    database.reference.sites[key] = _text(row, "OperationalSiteId")
    _show(database, WAREHOUSES, {name: "Yes", "IsRetailStoreWarehouse": "Yes", **row})


def _account(database: Database, row: Row) -> None:
    word = _text(row, "AccountType")
    if word not in ("Income", "Expense"):
        raise ValueError("AccountType is Income or Expense")
    company, number = _company(database, row), _text(row, "AccountNumber")
    database.reference.accounts[company, number] = word
    put_shown(
        database, "RetailIncomeExpenseAccounts", dataAreaId=company, AccountNumber=number, AccountType=word,
        Name=_text(row, "Name"),
    )  # fmt: skip


def _on_hand(database: Database, row: Row) -> None:
    key = (_company(database, row), _text(row, "WarehouseId"), _text(row, "ItemNumber"))
    database.reference.on_hand_at_start[key] = Decimal(_text(row, "Quantity"))
    show_on_hand(database, key, ZERO)


def _parameters(database: Database, row: Row) -> None:
    database.reference.parameters[_company(database, row)] = Parameters(
        _yes(row, "DisableCountingRequired"), _text(row, "DiscountAccountLedgerDimensionDisplayValue")
    )


# Per section the fields it takes; "?" marks those that may be left out.
SECTIONS: dict[str, tuple[str, Callable[[Database, Row], None]]] = {
    "legal_entities": ("dataAreaId currency open_periods", _legal_entity),
    "warehouses": (
        "dataAreaId WarehouseId OperationalSiteId? WarehouseName? IsPhysicalNegativeRetailStoreInventoryAllowed?",
        _warehouse,
    ),
    "customers": (
        "dataAreaId CustomerAccount OrganizationName? CustomerGroupId? SalesCurrencyCode? Blocked?",
        _customer,
    ),
    "tax_codes": ("dataAreaId TaxCodeId Value", _tax_code),
    "tax_groups": ("dataAreaId TaxGroupCode codes Description?", _tax_group),
    "tax_item_groups": ("dataAreaId TaxItemGroupCode codes Name?", _tax_item_group),
    "stores": (
        (
            "dataAreaId StoreNumber RetailChannelId OperatingUnitNumber WarehouseId SiteId? TaxGroupCode? Currency"
            " DefaultCustomerAccount PriceIncludesSalesTax? MaxRoundingAmount? MaximumPostingDifference?"
            " MaxShiftDifferenceAmount? MaxTransactionDifferenceAmount? ChannelTimeZoneInfoId? EndOfBusinessDay?"
            " OneStatementPerDay? StatementPostAsBusinessDay? RoundingAccountLedgerDimensionDisplayValue?"
            " StatementMethod? ClosingMethod? SeparateStatementPerStaffTerminal? TenderDeclarationCalculation?"
        ),
        _store,
    ),
    "terminals": ("TerminalNumber StoreNumber Name? ClosingStatus?", _terminal),
    "tender_types": (
        (
            "dataAreaId RetailChannelId PaymentMethodNumber Name? Function? LedgerDimensionDisplayValue?"
            " DifferenceAccLedgerDimensionDisplayValue? DiffAccBigDiffLedgerDimensionDisplayValue?"
            " MaxNormalDifferenceAmount? BankBagLedgerDimensionDisplayValue? SafeAccLedgerDimensionDisplayValue?"
            " TenderFlowLedgerDimensionDisplayValue? CountingRequired?"
        ),
        _tender_type,
    ),
    "items": (
        (
            "dataAreaId ItemNumber SalesUnitSymbol SalesSalesTaxItemGroupCode? barcodes? units? variants?"
            " SerialNumberControlled? Blocked? Stocked? RevenueAccount?"
        ),
        _item,
    ),
    "income_expense_accounts": ("dataAreaId AccountNumber AccountType Name?", _account),
    "parameters": (
        "dataAreaId DisableCountingRequired? DiscountAccountLedgerDimensionDisplayValue?",
        _parameters,
    ),
    "removed": ("section key", remove_reference),
    "on_hand": ("dataAreaId WarehouseId ItemNumber Quantity", _on_hand),
}
