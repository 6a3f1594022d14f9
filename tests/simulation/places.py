"""The chain of the simulation: two shops in two companies and two time zones, as the mappings and headquarters have them."""

from __future__ import annotations

from typing import Any

PERIODS = [["2017-01-01", "2018-12-31"]]
METHODS = (("1", "Cash", "110110"), ("2", "Card", "110180"), ("3", "Voucher", "110190"))
_SHOPS = (
    ("S1", "usrt", "NY01", "052", "5637", "NYWH", "NYT", "USD", "America/New_York", "C1"),
    ("S2", "demf", "BE01", "071", "5801", "BEWH", "BET", "EUR", "Europe/Berlin", "C2"),
)


def _store(store: str) -> dict[str, str]:
    _, company, number, unit, channel, warehouse, group, currency, zone, customer = next(
        one for one in _SHOPS if one[0] == store
    )
    return {
        "store": store, "legal_entity": company, "store_number": number, "operating_unit": unit, "channel_id": channel,
        "warehouse": warehouse, "site": warehouse[:2], "tax_group": group, "currency": currency,
        "prices_include_tax": "no", "time_zone": zone, "closing_time": "00:00", "customer_account": customer,
        "account": "east", "rounding_limit": "0.05",
    }  # fmt: skip


MAPPINGS: dict[str, list[dict[str, str]]] = {
    "stores": [_store("S1"), _store("S2")],
    "terminals": [
        {"store": "S1", "terminal": "1", "register": "NY01-1"},
        {"store": "S1", "terminal": "2", "register": "NY01-2"},
        {"store": "S2", "terminal": "1", "register": "BE01-1"},
    ],
    "tenders": [
        {"store": "*", "tender": "CASH", "payment_method": "1"}, {"store": "*", "tender": "CARD", "payment_method": "2"},
    ],
    "taxes": [
        {"code": "VAT20", "tax_code": "V20", "item_tax_group": "FULL"},
        {"code": "RED10", "tax_code": "V10", "item_tax_group": "RED"},
    ],
    "items": [
        {"item": "1001", "item_number": "D1001", "unit": "ea"}, {"item": "1002", "item_number": "D1002", "unit": "ea"},
    ],
    "reasons": [{"reason": "WINDOW", "account_number": "EXP1", "account_type": "Expense"}],
}  # fmt: skip
OTHER_ITEM = {"item": "1002", "item_number": "D1003", "unit": "ea"}
LATE_TENDER = {"store": "*", "tender": "VOUCH", "payment_method": "3"}
METHOD_OF = {"CASH": "1", "CARD": "2", "VOUCH": "3"}
TAX_OF = {"VAT20": "V20", "RED10": "V10"}
UNIT_OF = {one[0]: one[3] for one in _SHOPS}
NUMBER_OF = {one[0]: one[2] for one in _SHOPS}
COMPANY_OF = {one[0]: one[1] for one in _SHOPS}
REGISTER_OF = {(one["store"], one["terminal"]): one["register"] for one in MAPPINGS["terminals"]}


def headquarters_setup() -> dict[str, Any]:
    """Give what `POST /_sim/setup` takes."""
    companies = [(one[1], one[7]) for one in _SHOPS]
    setup: dict[str, Any] = {
        "data_projects": ["Tillpost"],
        "legal_entities": [
            {"dataAreaId": company, "currency": currency, "open_periods": PERIODS} for company, currency in companies
        ],
        "terminals": [
            {"TerminalNumber": one["register"], "StoreNumber": NUMBER_OF[one["store"]]} for one in MAPPINGS["terminals"]
        ],
    }  # fmt: skip
    for shop in _SHOPS:
        for section, rows in _sections(*shop).items():
            setup.setdefault(section, []).extend(rows)
    return setup


def _sections(
    _: str, company: str, number: str, unit: str, channel: str, warehouse: str, group: str, currency: str,
    __: str, customer: str,
) -> dict[str, list[dict[str, Any]]]:  # fmt: skip
    area = {"dataAreaId": company}
    return {
        "warehouses": [{**area, "WarehouseId": warehouse, "OperationalSiteId": warehouse[:2]}],
        "customers": [{**area, "CustomerAccount": customer}],
        "tax_codes": [{**area, "TaxCodeId": "V20", "Value": "20"}, {**area, "TaxCodeId": "V10", "Value": "10"}],
        "tax_groups": [{**area, "TaxGroupCode": group, "codes": ["V20", "V10"]}],
        "tax_item_groups": [
            {**area, "TaxItemGroupCode": "FULL", "codes": ["V20"]}, {**area, "TaxItemGroupCode": "RED", "codes": ["V10"]},
        ],
        "stores": [
            {
                **area, "StoreNumber": number, "RetailChannelId": channel, "OperatingUnitNumber": unit,
                "WarehouseId": warehouse, "SiteId": warehouse[:2], "TaxGroupCode": group, "Currency": currency,
                "DefaultCustomerAccount": customer, "PriceIncludesSalesTax": "No", "MaxRoundingAmount": "0.05",
            }
        ],
        "tender_types": [
            {
                **area, "RetailChannelId": channel, "PaymentMethodNumber": one, "Name": name,
                "LedgerDimensionDisplayValue": account, "CountingRequired": "No",
                "BankBagLedgerDimensionDisplayValue": "110111", "SafeAccLedgerDimensionDisplayValue": "110112",
            }
            for one, name, account in METHODS
        ],
        "items": [
            {**area, "ItemNumber": number, "SalesUnitSymbol": "ea"} for number in ("D1001", "D1002", "D1003")
        ],
        "income_expense_accounts": [{**area, "AccountNumber": "EXP1", "AccountType": "Expense"}],
    }  # fmt: skip
