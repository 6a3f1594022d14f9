"""What D365 and the app are told before the day: D365's own set-up, and the mappings from the tills' words to it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from demo.chain import (
    ACCOUNT,
    CURRENCY,
    GIFT_CARD_ITEM,
    LEGAL_ENTITY,
    NEW_TENDERS,
    ROUNDING_STEP,
    TAX_GROUP,
    TAXES,
    TENDERS,
    UNTAXED_ITEM_GROUP,
    aside,
    register_of,
    warehouse_of,
)
from demo.documents import Message
from demo.visits import Visit

Json = dict[str, Any]
DATA_PROJECT = "Tillpost"
SITE = "EAST"
CUSTOMER = "WALKIN"
EFFECTS = {"RESTOCK": "resaleable", "NO_RESTOCK": "quarantine", "SCRAP": "none"}
STORE_COLUMNS = (
    "store", "legal_entity", "store_number", "operating_unit", "channel_id", "warehouse", "site", "tax_group", "currency",
    "prices_include_tax", "time_zone", "closing_time", "customer_account", "account", "rounding_limit",
    "quarantine_warehouse", "scrap_warehouse",
)  # fmt: skip


def d365_setup(visits: Sequence[Visit], messages: Sequence[Message], new_tender: str | None) -> Json:
    """Give what D365 must know: company, stores with their warehouses, tills, payment methods, taxes, items.

    The payment method of the new tender is among them: in D365 it exists, only nobody has mapped the tills' word to it.
    """
    stores = sorted({one.store for one in messages})
    tills = sorted({(one.store, one.terminal) for one in messages})
    tenders = [*TENDERS.values(), *([NEW_TENDERS[new_tender]] if new_tender else [])]
    of_entity = {"dataAreaId": LEGAL_ENTITY}
    return {
        "legal_entities": [{**of_entity, "currency": CURRENCY, "open_periods": [["2017-01-01", "2018-12-31"]]}],
        "stores": [_d365_store(store) for store in stores],
        "terminals": [{"TerminalNumber": register_of(store, till), "StoreNumber": store} for store, till in tills],
        "tender_types": [
            {
                **of_entity, "RetailChannelId": _channel(store), "PaymentMethodNumber": one.method, "Name": one.name,
                "Function": one.function, "LedgerDimensionDisplayValue": one.ledger_account, "CountingRequired": "No",
            }
            for store in stores
            for one in tenders
        ],
        "tax_codes": [{**of_entity, "TaxCodeId": one.tax_code, "Value": str(one.rate)} for one in TAXES],
        "tax_groups": [{**of_entity, "TaxGroupCode": TAX_GROUP, "codes": [one.tax_code for one in TAXES]}],
        "tax_item_groups": [
            *({**of_entity, "TaxItemGroupCode": one.item_tax_group, "codes": [one.tax_code]} for one in TAXES),
            {**of_entity, "TaxItemGroupCode": UNTAXED_ITEM_GROUP, "codes": [TAXES[0].tax_code]},
        ],
        "items": [
            {**of_entity, "ItemNumber": item, "SalesUnitSymbol": unit, "barcodes": []}
            for item, unit in _units(visits).items()
        ],
        "customers": [{**of_entity, "CustomerAccount": CUSTOMER}],
        "warehouses": [
            {**of_entity, "WarehouseId": place, "OperationalSiteId": SITE}
            for store in stores
            for place in (warehouse_of(store), aside(store, "Q"), aside(store, "S"))
        ],
        "income_expense_accounts": [],
        "data_projects": [DATA_PROJECT],
    }  # fmt: skip


def mapping_files(
    visits: Sequence[Visit], messages: Sequence[Message], without_warehouse: str | None
) -> Mapping[str, str]:
    """Give the mappings to import, by kind, as CSV; one store may lack its warehouse."""
    stores = sorted({one.store for one in messages})
    tills = sorted({(one.store, one.terminal) for one in messages})
    return {
        "stores": stores_csv(stores, without_warehouse),
        "terminals": _csv(("store", "terminal", "register"), ((*till, register_of(*till)) for till in tills)),
        "tenders": tenders_csv([(one.code, one.method) for one in TENDERS.values()]),
        "taxes": _csv(
            ("code", "tax_code", "item_tax_group"),
            [
                *((one.code, one.tax_code, one.item_tax_group) for one in TAXES),
                ("NONE", "", UNTAXED_ITEM_GROUP),
            ],
        ),
        "items": _csv(
            ("item", "item_number", "unit"), ((item, item, unit) for item, unit in _units(visits).items())
        ),
        "dispositions": _csv(("disposition", "effect"), EFFECTS.items()),
    }


def tenders_csv(tenders: Iterable[tuple[str, str]]) -> str:
    """Give rows of the tenders mapping, for every store: the tills' code and D365's payment method."""
    return _csv(("store", "tender", "payment_method"), (("*", code, method) for code, method in tenders))


def stores_csv(stores: Iterable[str], without_warehouse: str | None = None) -> str:
    """Give rows of the stores mapping."""
    return _csv(STORE_COLUMNS, (_store_row(store, store != without_warehouse) for store in stores))


def _store_row(store: str, warehouse: bool) -> tuple[str, ...]:
    return (
        store, LEGAL_ENTITY, store, f"OU{store}", _channel(store), warehouse_of(store) if warehouse else "", SITE, TAX_GROUP,
        CURRENCY, "No", "America/New_York", "00:00", CUSTOMER, ACCOUNT, str(ROUNDING_STEP),
        aside(store, "Q"), aside(store, "S"),
    )  # fmt: skip


def _d365_store(store: str) -> Json:
    return {
        "dataAreaId": LEGAL_ENTITY,
        "StoreNumber": store,
        "RetailChannelId": _channel(store),
        "OperatingUnitNumber": f"OU{store}",
        "WarehouseId": warehouse_of(store),
        "SiteId": SITE,
        "TaxGroupCode": TAX_GROUP,
        "Currency": CURRENCY,
        "DefaultCustomerAccount": CUSTOMER,
        "PriceIncludesSalesTax": "No",
        "MaxRoundingAmount": str(ROUNDING_STEP),
        "MaximumPostingDifference": "0",
        "MaxShiftDifferenceAmount": "0",
        "MaxTransactionDifferenceAmount": "0",
    }


def _channel(store: str) -> str:
    return f"CH{store}"


def _units(visits: Sequence[Visit]) -> dict[str, str]:
    """Give every item that is sold, with its unit: gallons for fuel, each for the rest."""
    units = {line.product: "gal" if line.is_fuel else "ea" for visit in visits for line in visit.lines}
    return {**dict(sorted(units.items())), GIFT_CARD_ITEM: "ea"}


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
