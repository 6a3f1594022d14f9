"""The set-up and the receipts of the simulator's tests, every figure written by hand (D365 facts §3.1)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

SETUP: dict[str, Any] = {
    "legal_entities": [
        {"dataAreaId": "usrt", "currency": "USD", "open_periods": [["2017-12-01", "2017-12-31"]]},
        {"dataAreaId": "gbsi", "currency": "GBP", "open_periods": [["2017-12-01", "2017-12-31"]]},
    ],
    "warehouses": [{"dataAreaId": "usrt", "WarehouseId": "W367", "OperationalSiteId": "EAST"}],
    "customers": [{"dataAreaId": "usrt", "CustomerAccount": "C-WALKIN"}],
    "tax_codes": [
        {"dataAreaId": "usrt", "TaxCodeId": "VAT20", "Value": "20"},
        {"dataAreaId": "usrt", "TaxCodeId": "CITY", "Value": "1"},
    ],
    "tax_groups": [{"dataAreaId": "usrt", "TaxGroupCode": "STORE", "codes": ["VAT20"]}],
    "tax_item_groups": [
        {"dataAreaId": "usrt", "TaxItemGroupCode": "FULL", "codes": ["VAT20", "CITY"]},
        {"dataAreaId": "usrt", "TaxItemGroupCode": "CITYONLY", "codes": ["CITY"]},
    ],
    "stores": [
        {
            "dataAreaId": "usrt", "StoreNumber": "367", "RetailChannelId": "CH367", "OperatingUnitNumber": "OU367",
            "WarehouseId": "W367", "SiteId": "EAST", "TaxGroupCode": "STORE", "Currency": "USD",
            "DefaultCustomerAccount": "C-WALKIN", "PriceIncludesSalesTax": "No", "MaxRoundingAmount": "0.05",
        }
    ],
    "terminals": [
        {"TerminalNumber": "367-1", "StoreNumber": "367"},
        {"TerminalNumber": "367-2", "StoreNumber": "367"},
    ],
    "tender_types": [
        {
            "dataAreaId": "usrt", "RetailChannelId": "CH367", "PaymentMethodNumber": "1", "Name": "Cash",
            "Function": "Normal", "LedgerDimensionDisplayValue": "110110", "CountingRequired": "No",
        },
        {
            "dataAreaId": "usrt", "RetailChannelId": "CH367", "PaymentMethodNumber": "3", "Name": "Card",
            "Function": "Card", "LedgerDimensionDisplayValue": "110180", "CountingRequired": "No",
        },
        {"dataAreaId": "usrt", "RetailChannelId": "CH367", "PaymentMethodNumber": "9", "Name": "No account"},
    ],
    "items": [
        {
            "dataAreaId": "usrt", "ItemNumber": "1004906", "SalesUnitSymbol": "ea", "barcodes": ["4006381333931"],
            "units": ["box"],
        },
        {"dataAreaId": "usrt", "ItemNumber": "SHIRT", "SalesUnitSymbol": "ea", "variants": ["RED"]},
        {"dataAreaId": "usrt", "ItemNumber": "PHONE", "SalesUnitSymbol": "ea", "SerialNumberControlled": "Yes"},
        {"dataAreaId": "usrt", "ItemNumber": "GIFT", "SalesUnitSymbol": "ea", "Stocked": "No"},
    ],
    "income_expense_accounts": [{"dataAreaId": "usrt", "AccountNumber": "618900", "AccountType": "Expense"}],
}  # fmt: skip

HEADERS, LINES, PAYMENTS = "Transactions", "Sales transactions V2", "Payment transactions V2"
TAXES, DISCOUNTS, INCOME_EXPENSES, SHIFTS = (
    "Tax transactions", "Discount transactions", "Income/Expense transaction", "Shifts",
)  # fmt: skip
CHARGES, BANKED, SAFE = (
    "Retail Transaction charges", "Banked tender transactions", "Safe tender transactions",
)  # fmt: skip
Receipt = dict[str, list[dict[str, Any]]]


def _key(number: str) -> dict[str, Any]:
    return {"OperatingUnitNumber": "OU367", "Terminal": "367-1", "TransactionNumber": number}


def sale(number: str = "367-1-17") -> Receipt:
    """Two of 10.00 at 20 percent, tax on top, 30 in cash, 6 back."""
    return deepcopy(
        {
            LINES: [
                {
                    **_key(number), "LineNumber": "1", "ItemId": "1004906", "Unit": "ea", "Quantity": "-2", "Price": "10",
                    "NetAmount": "-20", "SalesTaxAmount": "-4", "NetAmountInclusiveTax": "-24", "SalesTaxGroup": "STORE",
                    "ItemSalesTaxGroup": "FULL", "Warehouse": "W367", "TransactionCode": "ItemOnFile",
                    "TransactionStatus": "None", "GiftCard": "No", "Currency": "USD",
                }
            ],
            TAXES: [
                {
                    **_key(number), "SalesLineNumber": "1", "TaxCode": "VAT20", "TaxAmount": "-4", "TaxPercentage": "20",
                    "IsTaxIncludedInPrice": "No",
                }
            ],
            PAYMENTS: [
                {
                    **_key(number), "Store": "367", "LineNumber": "1", "TenderType": "1", "AmountTendered": "30",
                    "IsChangeLine": "No", "TransactionStatus": "None",
                },
                {
                    **_key(number), "Store": "367", "LineNumber": "2", "TenderType": "1", "AmountTendered": "-6",
                    "IsChangeLine": "Yes", "TransactionStatus": "None",
                },
            ],
            HEADERS: [
                {
                    **_key(number), "TransactionType": "Sales", "TransactionStatus": "None", "RreceiptId": "367-1-0017",
                    "businessDate": "2017-12-23T12:00:00Z", "TransactionDate": "2017-12-23T12:00:00Z",
                    "TransactionTime": "36000", "Currency": "USD", "CustomerAccount": "C-WALKIN", "NetAmount": "-20",
                    "GrossAmount": "-24", "PaymentAmount": "24", "DiscountAmount": "0", "NumberOfItems": "2",
                    "NumberOfItemLines": "1", "NumberOfPaymentLines": "2", "SaleIsReturnSale": "No",
                    "IsTaxIncludedInPrice": "No", "Comment": "P1",
                }
            ],
        }
    )  # fmt: skip


def return_of_one(number: str = "367-1-18", of: str = "367-1-17") -> Receipt:
    """One of the two brought back, 12 in cash."""
    receipt = sale(number)
    receipt[LINES][0] |= {
        "Quantity": "1", "NetAmount": "10", "SalesTaxAmount": "2", "NetAmountInclusiveTax": "12",
        "ReturnOperatingUnitNumber": "OU367", "ReturnTerminal": "367-1", "ReturnTransactionNumber": of,
        "ReturnLineNumber": "1", "ReturnQuantity": "1",
    }  # fmt: skip
    receipt[TAXES][0]["TaxAmount"] = "2"
    receipt[PAYMENTS] = receipt[PAYMENTS][:1]
    receipt[PAYMENTS][0]["AmountTendered"] = "-12"
    receipt[HEADERS][0] |= {
        "NetAmount": "10", "GrossAmount": "12", "PaymentAmount": "-12", "NumberOfItems": "1", "NumberOfPaymentLines": "1",
        "SaleIsReturnSale": "Yes",
    }  # fmt: skip
    return receipt


def with_charge(receipt: Receipt, amount: str, net: str, gross: str, paid: str) -> Receipt:
    """Add a delivery charge for the whole receipt; amount in D365's sign, and the header and the first payment it makes."""
    receipt[CHARGES] = [
        {
            **_key(receipt[HEADERS][0]["TransactionNumber"]), "SalesLineNumber": "0", "LineNumber": "1",
            "MarkupCode": "DELIVERY", "CalculatedAmount": amount, "MarkupValue": amount, "CurrencyCode": "USD",
        }
    ]  # fmt: skip
    receipt[HEADERS][0] |= {"NetAmount": net, "GrossAmount": gross, "PaymentAmount": paid}
    receipt[PAYMENTS] = [{**receipt[PAYMENTS][0], "AmountTendered": paid}]
    receipt[HEADERS][0]["NumberOfPaymentLines"] = "1"
    return receipt


def cash_movement(number: str, kind: str, amount: str) -> Receipt:
    """Cash that comes or goes without a sale, in shift 1 of the first till."""
    receipt = sale(number)
    header = {
        **receipt[HEADERS][0], "TransactionType": kind, "NetAmount": "0", "GrossAmount": "0", "PaymentAmount": amount,
        "NumberOfItems": "0", "NumberOfItemLines": "0", "NumberOfPaymentLines": "1", "BatchID": "1",
        "BatchTerminalId": "367-1",
    }  # fmt: skip
    return {PAYMENTS: [{**receipt[PAYMENTS][0], "AmountTendered": amount}], HEADERS: [header]}


def drop(number: str, label: str, amount: str) -> Receipt:
    """A bank or safe drop in shift 1 of the first till."""
    kind = "BankDrop" if label == BANKED else "SafeDrop"
    row = {
        "StoreNumber": "367", "Terminal": "367-1", "TransactionNumber": number, "LineNumber": "1", "TenderType": "1",
        "AmountTendered": amount,
    }  # fmt: skip
    return {label: [row], HEADERS: cash_movement(number, kind, "0")[HEADERS]}


def in_shift(receipt: Receipt, shift: str = "1") -> Receipt:
    """Put a receipt into a shift of the first till."""
    receipt[HEADERS][0] |= {"BatchID": shift, "BatchTerminalId": "367-1"}
    return receipt


def shift(number: int, opens: str, closes: str, **changes: str) -> dict[str, Any]:
    """A closed shift of the first till."""
    return {
        "OperationUnitNumber": "OU367", "Terminal": "367-1", "BatchShiftId": str(number), "StoreNumber": "367",
        "Status": "Closed", "StartDateTimeUtc": f"2017-12-23T{opens}:00Z", "CloseDateTimeUtc": f"2017-12-23T{closes}:00Z",
        "StartDate": "2017-12-23", "CloseDate": "2017-12-23", "HasPendingOfflineTransactions": "No", **changes,
    }  # fmt: skip


def together(*receipts: Receipt) -> Receipt:
    """Put receipts into one package; rows of one entity get the same columns."""
    found: Receipt = {}
    for label in (LINES, TAXES, DISCOUNTS, CHARGES, PAYMENTS, INCOME_EXPENSES, HEADERS):
        rows = [row for receipt in receipts for row in receipt.get(label, [])]
        names = list(dict.fromkeys(name for row in rows for name in row))
        if rows:
            found[label] = [{name: row.get(name, "") for name in names} for row in rows]
    return found
