"""Each validation rule of the simulated headquarters fires for one wrong field, alone or with what arithmetic forces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.validation import RULES
from tests.contract.simulator_driver import headquarters
from tests.contract.simulator_office import Office
from tests.contract.simulator_receipts import (
    CHARGES,
    DISCOUNTS,
    HEADERS,
    LINES,
    PAYMENTS,
    SETUP,
    TAXES,
    Receipt,
    return_of_one,
    sale,
    with_charge,
)

# Brazil's; the simulator has no Brazilian company, and no receipt of ours can break it.
EXCUSED = {"Fiscal document posting status"}


def delivered() -> Receipt:
    """The golden sale with 5.00 for delivery: 20 + 5 without tax, 29 with it."""
    return with_charge(sale(), "-5", net="-25", gross="-29", paid="29")


def voucher_back() -> Receipt:
    """A return of an item that is not known to be a gift card."""
    receipt = return_of_one("367-1-17", of="")
    receipt[LINES][0]["ItemId"] = "GIFT"
    return receipt


# (rule, valid receipt, entity, field, wrong value, the rules that arithmetic forces along)
CASES: list[tuple[str, Callable[[], Receipt], str, str, str, set[str]]] = [
    ("Business date", sale, HEADERS, "businessDate", "2018-01-01T12:00:00Z", set()),
    ("Currency rounding", sale, HEADERS, "DiscountAmount", "0.001", {"Discount amount"}),
    ("Currency rounding", delivered, CHARGES, "CalculatedAmount", "-5.001", {"Gross amount", "Net", "Net + tax"}),
    ("Customer account exists", sale, HEADERS, "CustomerAccount", "NOBODY", set()),
    ("Discount amount", sale, HEADERS, "DiscountAmount", "1", set()),
    ("Gross amount", sale, LINES, "NetAmountInclusiveTax", "-23", set()),
    ("Gross amount", sale, HEADERS, "GrossAmount", "-23", {"Net + tax", "Under/over payment"}),
    ("Net", sale, HEADERS, "NetAmount", "-21", set()),
    ("Net + tax", sale, TAXES, "TaxAmount", "4", {"Line tax"}),
    ("Number of items", sale, HEADERS, "NumberOfItems", "-2", set()),
    ("Number of items", sale, HEADERS, "NumberOfItemLines", "2", set()),
    ("Number of items", sale, HEADERS, "NumberOfPaymentLines", "1", set()),
    ("Payment amount", sale, HEADERS, "PaymentAmount", "24.05", set()),
    ("Payment amount", sale, PAYMENTS, "AmountTendered", "31", set()),
    ("Income/expense amount", sale, HEADERS, "IncomeExpenseAmount", "0.05", set()),
    ("Tax exempt calculation", sale, HEADERS, "IsTaxExemptedForPriceInclusive", "Yes", set()),
    ("Tax included pricing", sale, HEADERS, "IsTaxIncludedInPrice", "Yes", set()),
    ("Tax included pricing", sale, TAXES, "IsTaxIncludedInPrice", "Yes", set()),
    (
        "Transaction not empty", sale, LINES, "TransactionStatus", "Voided",
        {"Gross amount", "Net", "Net + tax", "Number of items"},
    ),
    ("Under/over payment", sale, HEADERS, "PaymentAmount", "23.94", {"Payment amount"}),
    ("Barcode exists", sale, LINES, "BarCode", "123", set()),
    ("Charge lines", delivered, CHARGES, "TaxExemptPriceInclusiveReductionAmount", "1", set()),
    ("Charge lines", delivered, CHARGES, "SalesLineNumber", "2", set()),
    ("Gift card returns", voucher_back, LINES, "GiftCard", "Yes", set()),
    ("Item variant exists", sale, LINES, "ItemId", "SHIRT", set()),
    ("Item variant exists", sale, LINES, "VariantNumber", "BLUE", set()),
    ("Line discount", sale, LINES, "LineDiscount", "1", set()),
    ("Line discount", sale, LINES, "CashDiscountAmount", "1", {"Discount amount"}),
    ("Line tax", sale, LINES, "SalesTaxAmount", "-3", set()),
    ("Negative price", sale, LINES, "Price", "-10", set()),
    ("Serial number controlled", sale, LINES, "ItemId", "PHONE", set()),
    ("Serial number dimension", sale, LINES, "SerialNumber", "S1", set()),
    ("Sign contradiction", sale, LINES, "Quantity", "2", set()),
    ("Tax exempt", sale, LINES, "TaxExemptPriceInclusiveReductionAmount", "1", {"Tax exempt calculation"}),
    ("Tax group assignment", sale, LINES, "ItemSalesTaxGroup", "CITYONLY", set()),
    ("Tax group assignment", sale, TAXES, "TaxCode", "CITY", set()),
    ("Unit of measure conversions", sale, LINES, "Unit", "kg", set()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "valid", "entity", "field", "wrong", "forced"),
    CASES,
    ids=[f"{one[0]}: {one[3]}" for one in CASES],
)
def test_one_wrong_field_breaks_its_rule_and_what_arithmetic_forces(
    rule: str, valid: Callable[[], Receipt], entity: str, field: str, wrong: str, forced: set[str]
) -> None:
    sound = Office(SETUP)
    sound.put(valid())
    assert sound.validate() == {"validated": 1, "errors": 0}, sound.broken_rules()
    office, receipt = Office(SETUP), valid()
    receipt[entity][0][field] = wrong
    office.put(receipt)
    assert office.validate() == {"validated": 1, "errors": 1}
    assert office.broken_rules() == {rule} | forced
    assert office.receipt("367-1-17").validation == "Error"
    assert office.post() == []


def test_every_rule_of_microsofts_page_and_ours_has_its_wrong_field() -> None:
    assert len(set(RULES) - {"Income/expense amount"}) == 27
    assert {one[0] for one in CASES} == set(RULES) - EXCUSED


@pytest.mark.parametrize("rule", [name for name in RULES if name not in EXCUSED])
def test_a_rule_that_is_switched_off_finds_nothing(rule: str) -> None:
    _, valid, entity, field, wrong, forced = next(one for one in CASES if one[0] == rule)
    office, receipt = Office(SETUP), valid()
    office.world.database.reference.disabled_rules = {rule}
    receipt[entity][0][field] = wrong
    office.put(receipt)
    office.validate()
    assert office.broken_rules() == forced


def test_integrations_read_what_a_rule_found_and_people_switch_it_off(tmp_path: Path) -> None:
    with headquarters(tmp_path, SETUP) as hq:
        receipt = sale()
        receipt[LINES][0]["SalesTaxAmount"] = "-3"
        hq.import_rows(receipt)
        assert hq.validate() == {"validated": 1, "errors": 1}
        [status] = hq.rows("RetailTransactionsAuditable")
        assert status["ValidationStatus"] == "Error"
        [error] = hq.rows("RetailTransactionValidationErrorBIEntities", filter="TransactionId eq '367-1-17'")
        assert error["ErrorMessage"] == "Line tax: The sales tax of the line: -3 instead of -4."
        assert hq.http.post("/_sim/rules/disabled", json={"disabled": ["Line taxes"]}).status_code == 400
        assert hq.sim("rules/disabled", {"disabled": ["Line tax"]})["disabled"] == ["Line tax"]
        assert hq.validate() == {"validated": 1, "errors": 0}
        assert [one["state"] for one in hq.post_statements()] == ["Posted"]


def test_the_number_of_items_is_a_size_or_a_sum_as_the_environment_has_it() -> None:
    office, receipt = Office(SETUP, number_of_items="sum"), sale()
    office.put(receipt)
    office.validate()
    assert office.broken_rules() == {"Number of items"}
    receipt[HEADERS][0]["NumberOfItems"] = "-2"
    office.put(receipt)
    assert office.validate()["errors"] == 0


def test_taxes_may_be_positive_on_a_sale_where_the_environment_has_them_so() -> None:
    office, receipt = Office(SETUP, tax_sign="positive"), sale()
    receipt[TAXES][0]["TaxAmount"], receipt[LINES][0]["SalesTaxAmount"] = "4", "4"
    office.put(receipt)
    assert office.validate()["errors"] == 0, office.broken_rules()
    office.post()
    assert office.accounts()["222100-VAT20", "VAT20"] == -4


@pytest.mark.parametrize(("sign", "amount"), [("negative", "-1"), ("positive", "1")])
def test_a_returns_discount_has_the_sign_the_environment_wants(sign: str, amount: str) -> None:
    def returned(discount: str) -> Receipt:
        receipt = return_of_one("367-1-17", of="")
        receipt[LINES][0] |= {"CashDiscountAmount": discount, "LineDiscount": discount}
        receipt[HEADERS][0]["DiscountAmount"] = discount
        key = {
            name: receipt[LINES][0][name] for name in ("OperatingUnitNumber", "Terminal", "TransactionNumber")
        }
        receipt[DISCOUNTS] = [{**key, "SalesLineNumber": "1", "LineNumber": "1", "DiscountAmount": discount}]
        return receipt

    right, wrong = Office(SETUP, discount_sign_on_returns=sign), Office(SETUP, discount_sign_on_returns=sign)
    right.put(returned(amount))
    wrong.put(returned("1" if amount == "-1" else "-1"))
    assert right.validate()["errors"] == 0, right.broken_rules()
    wrong.validate()
    assert wrong.broken_rules() == {"Line discount"}
