"""Writing one row as headquarters does, by data package or OData: mandatory fields, related tables, then insert or update."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulator.database import Database, Key, Receipt, StoredRow, key_of, receipt_key
from simulator.reference import Reference, Store
from simulator.schema import (
    BANKED_TENDERS,
    CHARGES,
    DISCOUNT_LINES,
    ENTITIES,
    HEADERS,
    INCOME_EXPENSE_LINES,
    PAYMENT_LINES,
    SAFE_TENDERS,
    SALES_LINES,
    SHIFTS,
    TAX_LINES,
    TENDER_DECLARATIONS,
    Entity,
)
from simulator.switches import Switches
from simulator.values import Values, text_of

Relation = tuple[str, bool, str]


class RefusedRowError(ValueError):
    """A row that headquarters does not take; the message is D365's. already_there: its key exists."""

    def __init__(self, text: str, *, already_there: bool = False) -> None:
        super().__init__(text)
        self.already_there = already_there


def upsert(
    database: Database, switches: Switches, entity: Entity, values: Values, key: Key | None = None
) -> tuple[Key, str]:
    """Insert or update by key; what an update does not name stays. Give the key, and "created" or "updated".

    key: the row's, where it is known already.

    Raises:
        RefusedRowError: a mandatory field is empty, a related row is missing, the receipt is posted and stays so, or the
            shift is in a statement.
    """
    if key is None:
        _check_keys(entity, values)
        key = key_of(entity, values)
    old = database.tables[entity.odata_set].get(key)
    merged = {**old.values, **values} if old else values
    check_row(database.reference, entity, merged)
    statement = _statement_of_shift(entity, old)
    if old and statement and merged != old.values:
        raise RefusedRowError(f"The shift is in statement {statement} and cannot be changed.")
    if _touch_receipt(database, switches, entity, merged):
        reopened = database.tables[entity.odata_set].get(key)
        database.put(entity, key, {**reopened.values, **values} if reopened else merged)
    return key, "updated" if old else "created"


def insert(database: Database, switches: Switches, entity: Entity, values: Values) -> Key:
    """Insert, as OData's POST does.

    Raises:
        RefusedRowError: as `upsert`, or the key exists.
    """
    _check_keys(entity, values)
    if entity.odata_set == TENDER_DECLARATIONS and switches.tender_declaration_insert == "refuse":
        raise RefusedRowError(f"Cannot create a record in {entity.table}. The record can only be edited.")
    if key_of(entity, values) in database.tables[entity.odata_set]:
        raise RefusedRowError(
            f"Cannot create a record in {entity.table}. The record already exists.", already_there=True
        )
    return upsert(database, switches, entity, values)[0]


def delete(database: Database, switches: Switches, entity: Entity, key: Key) -> None:
    """Delete a row; a header takes its lines with it.

    Raises:
        RefusedRowError: the receipt or the shift is in a statement.
    """
    values = database.tables[entity.odata_set][key].values
    receipt = _receipt_of(database, entity, values)
    statement = (
        receipt.statement if receipt else _statement_of_shift(entity, database.tables[entity.odata_set][key])
    )
    if statement:
        raise RefusedRowError(f"The record cannot be deleted: it belongs to statement {statement}.")
    _touch_receipt(database, switches, entity, values)
    database.remove(entity, key)


def check_row(reference: Reference, entity: Entity, values: Values) -> None:
    """Check what must be filled in and what must be found in another table.

    Raises:
        RefusedRowError: with D365's text for the first that is wrong.
    """
    for name in entity.mandatory:
        if not values.get(name):
            raise RefusedRowError(f"Field '{name}' must be filled in.")
    for name, found, table in RELATIONS[entity.odata_set](reference, values):
        if not found:
            raise RefusedRowError(
                f"The value '{text_of(values, name)}' in field '{name}' is not found in the related table '{table}'."
            )


def _check_keys(entity: Entity, values: Values) -> None:
    for name in entity.keys:
        if values.get(name, "") == "":
            raise RefusedRowError(f"Field '{name}' must be filled in.")


def _receipt_of(database: Database, entity: Entity, values: Values) -> Receipt | None:
    if entity.odata_set == HEADERS or entity.is_child:
        return database.receipts.get(receipt_key(values))
    return None


def _statement_of_shift(entity: Entity, row: StoredRow | None) -> str:
    """Give the statement that a shift is in; what a statement has closed nobody opens or moves again."""
    return text_of(row.values, "StatementId") if row and entity.odata_set == SHIFTS else ""


def _touch_receipt(database: Database, switches: Switches, entity: Entity, values: Values) -> bool:
    """Say whether the write goes on. Any write makes the receipt not validated; a posted one is reopened, or not."""
    receipt = _receipt_of(database, entity, values)
    if receipt is None:
        return True
    if receipt.posted or receipt.taken:
        if switches.posted_row_sent_again == "refuse":
            raise RefusedRowError(
                f"The transaction is posted in statement {receipt.statement} and cannot be changed."
            )
        if switches.posted_row_sent_again == "ignore":
            return False
        database.touch(receipt, posted=False, taken=False, reopened_times=receipt.reopened_times + 1)
        _reopen_header(database, receipt)
    database.touch(receipt, statement="", validation="None", validated_at=None, errors=[])
    return True


def _reopen_header(database: Database, receipt: Receipt) -> None:
    """Worst case: the header forgets that it was posted, so that a statement takes it up again."""
    if receipt.header is not None and receipt.header.values.get("TransactionStatus") == "Posted":
        header = ENTITIES[HEADERS]
        values = {**receipt.header.values, "TransactionStatus": "None"}
        database.put(header, key_of(header, values), values)


def _place(reference: Reference, values: Values, unit: str = "OperatingUnitNumber") -> Iterator[Relation]:
    store = reference.store_of_unit(text_of(values, "dataAreaId"), text_of(values, unit))
    yield unit, store is not None, "OMOperatingUnit"
    at_till = store is not None and reference.terminals.get(text_of(values, "Terminal")) == store.number
    yield "Terminal", at_till, "RetailTerminalTable"


def _store(reference: Reference, values: Values) -> Store:
    store = reference.store_of_unit(text_of(values, "dataAreaId"), text_of(values, "OperatingUnitNumber"))
    if store is None:
        raise RefusedRowError("Field 'OperatingUnitNumber' must be filled in.")
    return store


def _in_company(values: Values, name: str, known: object, table: str) -> Relation:
    """An empty reference is fine; one that is given must exist in the row's company."""
    given = text_of(values, name)
    return name, not given or (text_of(values, "dataAreaId"), given) in known, table  # type: ignore[operator]


def _header(reference: Reference, values: Values) -> Iterator[Relation]:
    yield from _place(reference, values)
    yield "Currency", text_of(values, "Currency") in reference.currencies, "Currency"
    yield _in_company(values, "Warehouse", reference.warehouses, "InventLocation")
    owner = text_of(values, "BatchTerminalId")
    yield "BatchTerminalId", not owner or owner in reference.terminals, "RetailTerminalTable"


def _sales_line(reference: Reference, values: Values) -> Iterator[Relation]:
    yield from _place(reference, values)
    yield _in_company(values, "ItemId", reference.items, "InventTable")
    yield _in_company(values, "Warehouse", reference.warehouses, "InventLocation")
    yield _in_company(values, "SalesTaxGroup", reference.tax_groups, "TaxGroupHeading")
    yield _in_company(values, "ItemSalesTaxGroup", reference.tax_item_groups, "TaxItemGroupHeading")
    unit = text_of(values, "ReturnOperatingUnitNumber")
    yield "ReturnOperatingUnitNumber", not unit or unit in reference.stores_by_unit, "OMOperatingUnit"
    till = text_of(values, "ReturnTerminal")
    yield "ReturnTerminal", not till or till in reference.terminals, "RetailTerminalTable"
    currency = text_of(values, "Currency")
    yield "Currency", not currency or currency in reference.currencies, "Currency"


def _payment_line(reference: Reference, values: Values) -> Iterator[Relation]:
    yield from _place(reference, values)
    store = _store(reference, values)
    yield "Store", text_of(values, "Store") == store.number, "RetailStoreTable"
    tender = reference.tender_type(store, text_of(values, "TenderType"))
    yield "TenderType", tender is not None, "RetailStoreTenderTypeTable"


def _tax_line(reference: Reference, values: Values) -> Iterator[Relation]:
    yield from _place(reference, values)
    yield _in_company(values, "TaxCode", reference.tax_codes, "TaxTable")


def _income_expense_line(reference: Reference, values: Values) -> Iterator[Relation]:
    yield from _place(reference, values)
    account = reference.accounts.get((text_of(values, "dataAreaId"), text_of(values, "AccountNumber")))
    yield "AccountNumber", account is not None, "RetailIncomeExpenseAccountTable"
    yield "AccountType", account == text_of(values, "AccountType"), "RetailIncomeExpenseAccountTable"


def _shift(reference: Reference, values: Values) -> Iterator[Relation]:
    yield from _place(reference, values, "OperationUnitNumber")
    store = reference.store_of_unit(text_of(values, "dataAreaId"), text_of(values, "OperationUnitNumber"))
    yield (
        "StoreNumber",
        store is not None and store.number == text_of(values, "StoreNumber"),
        "RetailStoreTable",
    )


def _charge(reference: Reference, values: Values) -> Iterator[Relation]:
    yield from _place(reference, values)
    yield _in_company(values, "SalesTaxGroup", reference.tax_groups, "TaxGroupHeading")
    yield _in_company(values, "ItemTaxGroup", reference.tax_item_groups, "TaxItemGroupHeading")


def _cash_drop(reference: Reference, values: Values) -> Iterator[Relation]:
    """Banked and safe tender name the shop by its number, not by its operating unit."""
    store = reference.stores.get(text_of(values, "StoreNumber"))
    mine = store is not None and store.data_area == text_of(values, "dataAreaId")
    yield "StoreNumber", mine, "RetailStoreTable"
    at_till = store is not None and reference.terminals.get(text_of(values, "Terminal")) == store.number
    yield "Terminal", at_till, "RetailTerminalTable"
    tender = reference.tender_type(store, text_of(values, "TenderType")) if store else None
    yield "TenderType", tender is not None, "RetailStoreTenderTypeTable"


def _declaration(reference: Reference, values: Values) -> Iterator[Relation]:
    store = reference.store_of_unit(text_of(values, "dataAreaId"), text_of(values, "OperatingUnitNumber"))
    yield "OperatingUnitNumber", store is not None, "OMOperatingUnit"
    named = store is not None and store.number == text_of(values, "StoreNumber")
    yield "StoreNumber", named, "RetailStoreTable"
    at_till = store is not None and reference.terminals.get(text_of(values, "RegisterNumber")) == store.number
    yield "RegisterNumber", at_till, "RetailTerminalTable"
    tender = reference.tender_type(store, text_of(values, "PaymentMethod")) if store else None
    yield "PaymentMethod", tender is not None, "RetailStoreTenderTypeTable"


RELATIONS: dict[str, Callable[[Reference, Values], Iterator[Relation]]] = {
    HEADERS: _header,
    SALES_LINES: _sales_line,
    PAYMENT_LINES: _payment_line,
    TAX_LINES: _tax_line,
    DISCOUNT_LINES: _place,
    INCOME_EXPENSE_LINES: _income_expense_line,
    SHIFTS: _shift,
    CHARGES: _charge,
    BANKED_TENDERS: _cash_drop,
    SAFE_TENDERS: _cash_drop,
    TENDER_DECLARATIONS: _declaration,
}
