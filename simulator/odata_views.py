"""How each OData set is read: stored rows as they are; auditable receipts and validation errors from the receipts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from simulator.contract import Shape
from simulator.database import Database, Receipt
from simulator.schema import AUDITABLE, ENTITIES, HEADERS, TRANSACTIONS, VALIDATION_ERRORS, Entity
from simulator.values import NO_DATE, Value, default_of, text_of

Getter = Callable[[Any, str], Value]
_AUDITABLE = ENTITIES[AUDITABLE]
# Properties of the auditable receipt that the header has under another name.
_RENAMED = {
    "RegisterNumber": "Terminal", "TransactionId": "TransactionNumber", "DiscountAmountExcludingTax": "DiscountAmountWithoutTax",
    "NumberOfProducts": "NumberOfItems", "NumberOfProductLines": "NumberOfItemLines",
    "CustomerDiscount": "CustomerDiscountAmount",
    "ShiftId": "BatchID", "ShiftRegisterId": "BatchTerminalId", "BusinessDate": "businessDate", "OperatorId": "Staff",
    "SalesOrder": "SalesOrderId", "Invoice": "InvoiceId", "Site": "SiteId", "ReceiptNumber": "RreceiptId",
    "EntryStatus": "TransactionStatus", "LoyaltyCardNumber": "LoyaltyCardId", "ModeOfDelivery": "DeliveryMode",
    "RequestedShipDate": "ShippingDateRequested", "CreatedAtRegister": "CreatedOnPosTerminal",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """A set that can be read, as the environment shows it.

    get(source, name) gives a property by the name the environment shows, company(source) the row's legal entity, etag(source)
    its ETag or "".
    """

    shape: Shape
    sources: Callable[[], Iterable[Any]]
    get: Getter
    company: Callable[[Any], str]
    etag: Callable[[Any], str]

    @property
    def entity(self) -> Entity:
        """The set as the environment shows it."""
        return self.shape.outer


def view_of(database: Database, shape: Shape) -> View:
    """Give the view of a set."""
    entity = shape.inner
    if entity.odata_set == AUDITABLE:
        return _view(shape, lambda: _with_header(database), _auditable_getter(database), _header_etag)
    if entity.odata_set == TRANSACTIONS:
        return _view(shape, lambda: _with_header(database), _transaction_getter(database), _header_etag)
    if entity.odata_set == VALIDATION_ERRORS:
        return _view(shape, lambda: _errors(database), lambda source, name: str(source[name]), lambda _: "")
    defaults = {name: default_of(field) for name, field in entity.fields.items()}
    return _view(
        shape,
        database.tables[entity.odata_set].values,
        lambda source, name: source.values.get(name, defaults[name]),
        lambda source: str(source.etag),
    )


def _view(
    shape: Shape, sources: Callable[[], Iterable[Any]], get: Getter, etag: Callable[[Any], str]
) -> View:
    shown = (
        get
        if shape.outer is shape.inner
        else lambda source, name: shape.shown(name, get(source, shape.inner_names[name]))
    )
    company = (lambda source: str(get(source, "dataAreaId"))) if shape.inner.has_company else lambda _: ""
    return View(shape, sources, shown, company, etag)


def _with_header(database: Database) -> list[Receipt]:
    return [receipt for receipt in database.receipts.values() if receipt.header is not None]


def _header_etag(receipt: Receipt) -> str:
    return receipt.header.etag if receipt.header else ""


def _auditable_getter(database: Database) -> Callable[[Receipt, str], Value]:
    header_fields = ENTITIES[HEADERS].fields
    defaults = {name: default_of(field) for name, field in _AUDITABLE.fields.items()}

    def get(receipt: Receipt, name: str) -> Value:
        values = receipt.header.values if receipt.header else {}
        if name == "ValidationStatus":
            return receipt.validation
        if name == "LastValidationTime":
            return receipt.validated_at or NO_DATE
        if name in ("StatementNumber", "StatementCode"):
            return receipt.statement
        if name == "StoreNumber":
            store = database.reference.stores_by_unit.get(text_of(values, "OperatingUnitNumber"))
            return store.number if store else ""
        known = _RENAMED.get(name, name)
        return values.get(known, defaults[name]) if known in header_fields else defaults[name]

    return get


# Properties of the transaction as the data lake sees it, which the header has under another name.
_IN_LAKE = {
    "transactionId": "TransactionNumber", "terminal": "Terminal", "receiptId": "RreceiptId", "custAccount": "CustomerAccount",
    "transDate": "TransactionDate", "transTime": "TransactionTime", "discAmount": "DiscountAmount", "type": "TransactionType",
    "entryStatus": "TransactionStatus",
}  # fmt: skip


def _transaction_getter(database: Database) -> Callable[[Receipt, str], Value]:
    entity, auditable = ENTITIES[TRANSACTIONS], _auditable_getter(database)
    header_fields = {name.lower(): name for name in ENTITIES[HEADERS].fields}
    of_receipt = {
        "ValidationStatus": "ValidationStatus", "validationDateTime": "LastValidationTime", "statementId": "StatementNumber",
        "store": "StoreNumber",
    }  # fmt: skip

    def get(receipt: Receipt, name: str) -> Value:
        if name in of_receipt:
            return auditable(receipt, of_receipt[name])
        known = _IN_LAKE.get(name) or header_fields.get(name.lower(), name)
        values = receipt.header.values if receipt.header else {}
        return values.get(known, default_of(entity.fields[name]))

    return get


def _errors(database: Database) -> list[dict[str, str]]:
    return [
        {"TransactionId": text_of(receipt.header.values, "TransactionNumber"), "ErrorMessage": error.message}
        for receipt in database.receipts.values()
        if receipt.errors and receipt.header
        for error in receipt.errors
    ]
