"""The one shop of every drill: what D365 knows of it, its lists here, and the receipts its tills send."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from demo.chain import ACCOUNT
from demo.setup_data import DATA_PROJECT

Json = dict[str, Any]
ENTITY, STORE, DAY = "usrt", "100", date(2026, 11, 23)
OPENS = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # nine in the morning in New York
LEGAL_ENTITY: Json = {
    "dataAreaId": ENTITY, "currency": "USD", "open_periods": [["2026-11-01", "2026-12-31"]],
}  # fmt: skip
OPEN_SINCE_OCTOBER: Json = {**LEGAL_ENTITY, "open_periods": [["2026-10-01", "2026-12-31"]]}


def method(number: str, name: str, account: str) -> Json:
    """A payment method of the shop, as D365 has it."""
    return {
        "dataAreaId": ENTITY, "RetailChannelId": "100", "PaymentMethodNumber": number, "Name": name, "Function": "Normal",
        "LedgerDimensionDisplayValue": account, "CountingRequired": "No",
    }  # fmt: skip


CASH, CARD, LATER = (
    method("1", "Cash", "110110"), method("2", "Cards", "110180"), method("7", "Pay later", "110250"),
)  # fmt: skip
SETUP: Json = {
    "data_projects": [DATA_PROJECT, "Tillpost"],
    "legal_entities": [LEGAL_ENTITY],
    "warehouses": [{"dataAreaId": ENTITY, "WarehouseId": "W100", "OperationalSiteId": "EAST"}],
    "customers": [{"dataAreaId": ENTITY, "CustomerAccount": "WALKIN"}],
    "tax_codes": [{"dataAreaId": ENTITY, "TaxCodeId": "NYGEN", "Value": "8.875"}],
    "tax_groups": [{"dataAreaId": ENTITY, "TaxGroupCode": "NY", "codes": ["NYGEN"]}],
    "tax_item_groups": [{"dataAreaId": ENTITY, "TaxItemGroupCode": "GENERAL", "codes": ["NYGEN"]}],
    "stores": [
        {
            "dataAreaId": ENTITY, "StoreNumber": STORE, "RetailChannelId": "100", "OperatingUnitNumber": "100",
            "WarehouseId": "W100", "SiteId": "EAST", "TaxGroupCode": "NY", "Currency": "USD",
            "DefaultCustomerAccount": "WALKIN", "PriceIncludesSalesTax": "No",
        }
    ],
    "terminals": [{"TerminalNumber": "100-1", "StoreNumber": STORE}],
    "tender_types": [CASH, LATER],
    "items": [{"dataAreaId": ENTITY, "ItemNumber": "4711", "SalesUnitSymbol": "ea"}],
}  # fmt: skip
STORES_HEADING = (
    "store,legal_entity,store_number,operating_unit,channel_id,warehouse,site,tax_group,currency,time_zone,customer_account,"
    "account"
)
STORES_ROW = f"{STORE},{ENTITY},{STORE},{STORE},{STORE},W100,EAST,NY,USD,America/New_York,WALKIN,{ACCOUNT}"
LISTS: dict[str, str] = {
    "stores": f"{STORES_HEADING}\n{STORES_ROW}\n",
    "terminals": f"store,terminal,register\n{STORE},1,100-1\n",
    "tenders": "store,tender,payment_method\n*,CASH,1\n",
    "taxes": "code,tax_code,item_tax_group\nNYGEN,NYGEN,GENERAL\n",
    "items": "item,item_number,unit\n4711,4711,ea\n",
}


def at(hours: int, minutes: int = 0) -> str:
    """Give an instant so long after the shop opens."""
    return (OPENS + timedelta(hours=hours, minutes=minutes)).isoformat()


def sale(number: int, **changes: Any) -> Json:
    """Two of item 4711 at 10.00 with 8.875 % tax: 21.78, paid in cash, one minute after the one before."""
    return {
        "transaction_id": f"1-{number}", "store": STORE, "terminal": "1", "sequence_number": number,
        "receipt_number": f"100-1-{number:04d}", "completed_at": at(1, number), "currency": "USD",
        "lines": [
            {
                "line_number": 1, "kind": "ITEM", "item": "4711", "quantity": "2", "gross": "20.00", "net": "20.00",
                "taxes": [{"code": "NYGEN", "rate": "8.875", "base": "20.00", "amount": "1.78", "inclusive": False}],
            }
        ],
        "tenders": [paid("CASH", "21.78")],
        **changes,
    }  # fmt: skip


def paid(code: str, amount: str, role: str = "PAYMENT") -> Json:
    """One payment."""
    kind = {"CASH": "CASH"}.get(code, "OTHER")
    return {"tender_number": 1, "type": kind, "code": code, "role": role, "amount": amount}


def refund(number: int, of: str) -> Json:
    """One of the two comes back: 10.00 and its tax, 10.89 out of the till."""
    (line,) = sale(number)["lines"]
    taxes = [line["taxes"][0] | {"base": "-10.00", "amount": "-0.89"}]
    back = line | {"quantity": "-1", "gross": "-10.00", "net": "-10.00", "taxes": taxes}
    back["original"] = {"transaction_id": of, "store": STORE, "terminal": "1", "line_number": 1}
    return sale(number, lines=[back], tenders=[paid("CASH", "-10.89", "REFUND")])


def opening(number: int, shift: str, opened_at: str) -> Json:
    """A drawer is opened."""
    return _shift(number, "SHIFT_OPEN", shift, opened_at, {"opened_at": opened_at})


def closing(
    number: int, shift: str, opened_at: str, closed_at: str, sales: int, first: int, last: int
) -> Json:
    """A drawer is closed after so many of these sales, all in cash, with its totals."""
    cents = 2178 * sales
    total, net, tax = (f"{one // 100}.{one % 100:02d}" for one in (cents, 2000 * sales, 178 * sales))
    totals = {
        "transactions": sales, "total": total, "sales": net, "returns": "0", "discounts": "0", "rounding": "0",
        "gift_cards_issued": "0", "taxes": [{"code": "NYGEN", "amount": tax}], "tenders": [{"code": "CASH", "amount": total}],
        "first_sequence": first, "last_sequence": last,
    }  # fmt: skip
    return _shift(
        number,
        "SHIFT_CLOSE",
        shift,
        closed_at,
        {"opened_at": opened_at, "closed_at": closed_at, "totals": totals},
    )


def _shift(number: int, kind: str, shift: str, when: str, record: Json) -> Json:
    return {
        "transaction_id": f"1-{number}", "kind": kind, "status": "COMPLETED", "store": STORE, "terminal": "1",
        "sequence_number": number, "completed_at": when, "business_day": DAY.isoformat(), "currency": "USD", "shift": shift,
        "shift_record": {"shift": shift, **record},
    }  # fmt: skip
