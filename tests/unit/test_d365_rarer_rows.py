"""What D365 gets for the rarer receipts: counts, drops, cash in and out, exempt and doubled taxes, payments that were voided."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from shared.d365 import entities
from shared.d365.rows import receipt_id, transaction_rows
from shared.errors import RejectedError
from shared.retail.transaction import Kind, Link, LinkRole, Tax, TenderStatus
from tests.unit.test_cash_office import counted, moved
from tests.unit.test_d365_rows import GOLDEN_RETURN, GOLDEN_SALE, cash, mapped, receipt, rows, sold, vat

D = Decimal


def test_a_count_goes_under_the_label_of_the_customers_own_entity_with_all_its_rows() -> None:
    found = transaction_rows(replace(counted(), declared_as="Tender declarations"), "P1")
    assert [row["AmountInChannelCurrency"] for row in found["Tender declarations"]] == [D("123.45")]
    assert "Tender declaration transactions (auditable)" not in found


def test_a_kind_without_rows_is_refused_by_name_with_those_that_have_some() -> None:
    with pytest.raises(RejectedError, match=r"^a transaction of kind NO_SALE has no D365 rows$") as caught:
        rows(replace(GOLDEN_SALE, kind=Kind.NO_SALE))
    error = caught.value
    assert (error.field, error.found) == ("kind", "NO_SALE")
    assert error.expected == (
        "BANK_DROP, FLOAT, PAID_IN, PAID_OUT, PICKUP, SAFE_DROP, SALES, SHIFT_CLOSE, SHIFT_OPEN, "
        "TENDER_DECLARATION, TENDER_EXCHANGE"
    )


def test_a_receipt_without_a_number_has_none_in_d365() -> None:
    assert receipt_id(replace(GOLDEN_SALE, receipt_number=None)) == ""


@pytest.mark.parametrize(("as_pos", "amount"), [(False, D("-4.00")), (True, D("4.00"))])
def test_a_tax_turns_unless_the_environment_keeps_the_tills_sign(as_pos: bool, amount: Decimal) -> None:
    (tax,) = rows(GOLDEN_SALE, tax_as_pos=as_pos)[entities.TAXES]
    assert tax["TaxAmount"] == amount


def test_only_what_headquarters_validates_has_a_difference_between_sales_and_payment() -> None:
    (header,) = transaction_rows(moved(Kind.FLOAT, "100.00"), "P1")[entities.HEADERS]
    assert (header["PaymentAmount"], header["GrossAmount"], header["SalesPaymentDifference"]) == (
        D("100.00"),
        0,
        0,
    )
    (sale,) = rows(replace(GOLDEN_SALE, tenders=(cash(1, "25.00"),)))[entities.HEADERS]
    assert sale["SalesPaymentDifference"] == D("1.00")


def test_what_moves_no_stock_names_no_site_either() -> None:
    one = mapped(GOLDEN_SALE)
    lines = (replace(one.lines[0], warehouse=""),)
    (line,) = transaction_rows(replace(one, lines=lines), "P1")[entities.SALES_LINES]
    assert (line["Warehouse"], line["SiteId"]) == ("", "")
    (stocked,) = rows(GOLDEN_SALE)[entities.SALES_LINES]
    assert (stocked["Warehouse"], stocked["SiteId"]) == ("HOUSTON", "CENTRAL")


def test_a_payment_that_was_voided_is_left_out_and_those_after_it_are_sent() -> None:
    voided = replace(cash(1, "50.00"), status=TenderStatus.VOIDED)
    found = rows(replace(GOLDEN_SALE, tenders=(voided, cash(2, "24.00"))))
    assert [(row["LineNumber"], row["AmountTendered"]) for row in found[entities.PAYMENTS]] == [
        (D(2), D("24.00"))
    ]


def test_two_codes_on_a_line_are_two_rows_and_an_exempt_tax_says_so() -> None:
    exempt = Tax("VAT20", D("0.00"), D(0), exempt_reason="diplomat")
    one = mapped(receipt((sold(1, "1", "10.00", vat("2.00"), exempt),), (cash(1, "12.00"),)))
    lines = (replace(one.lines[0], tax_codes=("TX20", "EX0")),)
    found = transaction_rows(replace(one, lines=lines), "P1")[entities.TAXES]
    assert [(row["TaxCode"], row["TaxAmount"], row["TaxPercentage"], row["IsExempt"]) for row in found] == [
        ("EX0", D("0.00"), D(0), "Yes"),
        ("TX20", D("-2.00"), D(20), "No"),
    ]


def test_taxes_and_their_codes_that_do_not_pair_are_a_mistake_of_ours() -> None:
    one = mapped(GOLDEN_SALE)
    with pytest.raises(ValueError, match="zip"):
        transaction_rows(replace(one, lines=(replace(one.lines[0], tax_codes=("TX20", "TX5")),)), "P1")


def test_cash_that_is_put_in_is_one_row_of_its_account() -> None:
    (row,) = rows(
        replace(GOLDEN_SALE, kind=Kind.PAID_IN, lines=(), tenders=(cash(1, "15.00"),)),
        income_account="I1",
        income_account_type="Income",
    )[entities.INCOME_EXPENSES]
    assert (row["LineNumber"], row["AccountNumber"], row["AccountType"]) == (D(1), "I1", "Income")
    assert (row["Amount"], row["TransactionStatus"]) == (D("-15.00"), "None")


@pytest.mark.parametrize(
    ("role", "number"),
    [(role, "367-1-0009" if role in (LinkRole.ORIGINAL, LinkRole.VOIDS) else "") for role in LinkRole],
)
def test_only_what_is_returned_or_voided_is_named_as_the_original(role: LinkRole, number: str) -> None:
    linked = replace(GOLDEN_RETURN, links=(Link(role, receipt_number="367-1-0009"),))
    assert rows(linked)[entities.HEADERS][0]["RefundReceiptId"] == number
