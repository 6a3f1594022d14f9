"""Each validation rule of the simulated headquarters fires for one wrong field, and no other rule does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.simulator_driver import Headquarters, headquarters
from tests.contract.simulator_receipts import (
    DISCOUNTS,
    HEADERS,
    LINES,
    PAYMENTS,
    SETUP,
    TAXES,
    Receipt,
    return_of_one,
    sale,
)


@pytest.fixture
def hq(tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(tmp_path, SETUP) as running:
        yield running


def mutated(label: str, field: str, value: str, row: int = 0) -> Callable[[Receipt], None]:
    def change(receipt: Receipt) -> None:
        receipt[label][row][field] = value

    return change


def with_discount(amount: str) -> Callable[[Receipt], None]:
    def change(receipt: Receipt) -> None:
        key = {
            name: receipt[HEADERS][0][name]
            for name in ("OperatingUnitNumber", "Terminal", "TransactionNumber")
        }
        receipt[DISCOUNTS] = [{**key, "SalesLineNumber": "1", "LineNumber": "1", "DiscountAmount": amount}]

    return change


def returned_gift_card(receipt: Receipt) -> None:
    receipt.update(return_of_one("367-1-17", of=""))
    receipt[LINES][0] |= {"GiftCard": "Yes", "ItemId": "GIFT"}


def scaled(receipt: Receipt) -> None:
    """A thousandth more on both sides, so that only its decimals are wrong."""
    receipt[HEADERS][0] |= {"PaymentAmount": "24.001"}
    receipt[PAYMENTS][0]["AmountTendered"] = "30.001"


RULES: list[tuple[str, Callable[[Receipt], None]]] = [
    ("Business date", mutated(HEADERS, "businessDate", "2018-01-01T12:00:00Z")),
    ("Currency rounding", scaled),
    ("Customer account exists", mutated(HEADERS, "CustomerAccount", "NOBODY")),
    ("Discount amount", mutated(HEADERS, "DiscountAmount", "1")),
    ("Net", mutated(HEADERS, "NetAmount", "-21")),
    ("Number of items", mutated(HEADERS, "NumberOfItems", "-2")),
    ("Number of items", mutated(HEADERS, "NumberOfItemLines", "2")),
    ("Number of items", mutated(HEADERS, "NumberOfPaymentLines", "1")),
    ("Payment amount", mutated(HEADERS, "PaymentAmount", "24.05")),
    ("Income/expense amount", mutated(HEADERS, "IncomeExpenseAmount", "0.05")),
    ("Tax exempt calculation", mutated(HEADERS, "IsTaxExemptedForPriceInclusive", "Yes")),
    ("Tax included pricing", mutated(HEADERS, "IsTaxIncludedInPrice", "Yes")),
    ("Tax included pricing", mutated(TAXES, "IsTaxIncludedInPrice", "Yes")),
    ("Gross amount", mutated(LINES, "NetAmountInclusiveTax", "-23")),
    ("Barcode exists", mutated(LINES, "BarCode", "123")),
    ("Item variant exists", mutated(LINES, "ItemId", "SHIRT")),
    ("Item variant exists", mutated(LINES, "VariantNumber", "BLUE")),
    ("Line discount", with_discount("1")),
    ("Line tax", mutated(LINES, "SalesTaxAmount", "-3")),
    ("Negative price", mutated(LINES, "Price", "-10")),
    ("Serial number controlled", mutated(LINES, "ItemId", "PHONE")),
    ("Serial number dimension", mutated(LINES, "SerialNumber", "S1")),
    ("Tax exempt", mutated(LINES, "TaxExemptPriceInclusiveReductionAmount", "1")),
    ("Tax group assignment", mutated(LINES, "ItemSalesTaxGroup", "CITYONLY")),
    ("Tax group assignment", mutated(TAXES, "TaxCode", "CITY")),
    ("Unit of measure conversions", mutated(LINES, "Unit", "kg")),
    ("Gift card returns", returned_gift_card),
]
# A rule whose own field is watched by a second rule.
ALSO = {"Tax exempt": {"Tax exempt calculation"}}


@pytest.mark.parametrize(("rule", "change"), RULES, ids=lambda one: one if isinstance(one, str) else "")
def test_one_wrong_field_breaks_its_rule_and_no_other(
    hq: Headquarters, rule: str, change: Callable[[Receipt], None]
) -> None:
    receipt = sale()
    change(receipt)
    assert hq.import_rows(receipt) == "Succeeded", hq.errors()
    assert hq.validate() == {"validated": 1, "errors": 1}
    found = {one["rule"] for one in hq.sim("state")["validation_errors"]}
    assert found == {rule} | ALSO.get(rule, set())
    [status] = hq.rows("RetailTransactionsAuditable")
    assert status["ValidationStatus"] == "Error"
    errors = hq.rows("RetailTransactionValidationErrorBIEntities", filter="TransactionId eq '367-1-17'")
    assert any(error["ErrorMessage"].startswith(f"{rule}: ") for error in errors)
    assert hq.post_statements() == []


def test_wrong_tax_breaks_net_and_tax(hq: Headquarters) -> None:
    receipt = sale()
    receipt[TAXES][0]["TaxAmount"] = "4"
    hq.import_rows(receipt)
    hq.validate()
    assert {one["rule"] for one in hq.sim("state")["validation_errors"]} == {"Net + tax", "Line tax"}


def test_a_quantity_of_the_other_sign_is_a_contradiction(hq: Headquarters) -> None:
    receipt = sale()
    receipt[LINES][0]["Quantity"] = "2"
    hq.import_rows(receipt)
    hq.validate()
    assert {one["rule"] for one in hq.sim("state")["validation_errors"]} == {"Sign contradiction"}


def test_a_receipt_without_lines_is_empty(hq: Headquarters) -> None:
    receipt = sale()
    receipt[LINES][0]["TransactionStatus"] = "Voided"
    hq.import_rows(receipt)
    hq.validate()
    assert "Transaction not empty" in {one["rule"] for one in hq.sim("state")["validation_errors"]}


def test_more_than_the_stores_rounding_may_not_be_missing(hq: Headquarters) -> None:
    receipt = sale()
    receipt[PAYMENTS][0]["AmountTendered"], receipt[HEADERS][0]["PaymentAmount"] = "29.94", "23.94"
    hq.import_rows(receipt)
    hq.validate()
    assert {one["rule"] for one in hq.sim("state")["validation_errors"]} == {"Under/over payment"}
