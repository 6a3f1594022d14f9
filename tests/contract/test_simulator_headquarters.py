"""What the simulated headquarters makes of receipts: validation, statements, vouchers that balance, stock, busy tills."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from simulator.clock import Clock
from simulator.switches import CHOICES, Switches
from tests.contract.simulator_driver import Headquarters, headquarters
from tests.contract.simulator_receipts import (
    CHARGES,
    HEADERS,
    INCOME_EXPENSES,
    LINES,
    PAYMENTS,
    SETUP,
    SHIFTS,
    TAXES,
    Receipt,
    return_of_one,
    sale,
    shift,
    together,
    with_charge,
)


@pytest.fixture
def hq(tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(tmp_path, SETUP) as running:
        yield running


def booked(hq: Headquarters) -> dict[tuple[str, str], Decimal]:
    """Add the ledger up by account and code, having seen that each voucher balances."""
    accounts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    vouchers: dict[str, Decimal] = defaultdict(Decimal)
    for line in hq.sim("ledger")["lines"]:
        vouchers[line["voucher"]] += Decimal(line["amount"])
        accounts[line["account"], line["code"]] += Decimal(line["amount"])
    assert not any(vouchers.values()), vouchers
    return {account: amount for account, amount in accounts.items() if amount}


def post(hq: Headquarters, receipt: Receipt) -> list[dict[str, Any]]:
    assert hq.import_rows(receipt) == "Succeeded", hq.errors()
    assert hq.validate()["errors"] == 0, hq.sim("state")["validation_errors"]
    return hq.post_statements()


def test_the_golden_sale_and_return_are_posted_to_the_right_accounts(hq: Headquarters) -> None:
    [statement] = post(hq, together(sale(), return_of_one()))
    assert (statement["state"], statement["ErrorMessage"], statement["transactions"]) == ("Posted", "", 2)
    assert [state for state, _ in statement["history"]][0::13] == ["Started", "Posted"]
    assert booked(hq) == {
        ("401100", "sales"): Decimal(-20),
        ("401100", "returns"): Decimal(10),
        ("222100-VAT20", "VAT20"): Decimal(-2),
        ("110110", "1"): Decimal(12),
    }
    assert hq.sim("totals")["totals"] == [
        {
            "dataAreaId": "usrt", "StoreNumber": "367", "businessDate": "2017-12-23", "transactions": 2,
            "revenue": "10", "sales": "20", "returns": "-10", "gift_cards": "0", "tax": {"VAT20": "2"},
            "payments": {"1": "12"}, "income_expense": {}, "discounts": "0", "rounding": "0",
            "charges": "0", "differences": "0",
        }
    ]  # fmt: skip
    assert hq.sim("on-hand")["on_hand"] == [
        {
            "dataAreaId": "usrt",
            "WarehouseId": "W367",
            "ItemNumber": "1004906",
            "OnHandQuantity": "-1",
            "MovedQuantity": "-1",
        }
    ]


def test_sales_become_an_invoice_and_returns_a_credit_invoice(hq: Headquarters) -> None:
    [statement] = post(hq, together(sale(), return_of_one()))
    orders = hq.rows("RetailEodStatementAggregations", filter=f"StatementId eq '{statement['StatementId']}'")
    assert [(one["SalesId"], one["InvoiceId"]) for one in orders] == [
        ("SO-0000001", "INV-0000001"),
        ("SO-0000002", "CN-0000001"),
    ]
    assert {(one["StatementStatus"], one["ErrorMessage"]) for one in orders} == {("Posted", "")}


def test_a_posted_receipt_shows_its_statement_and_the_journal_shows_the_statement(hq: Headquarters) -> None:
    assert hq.import_rows(sale()) == "Succeeded"
    [before] = hq.rows("RetailTransactionsAuditable")
    assert (before["ValidationStatus"], before["StatementNumber"], before["EntryStatus"]) == (
        "None",
        "",
        "None",
    )
    hq.validate()
    wanted = (
        "ValidationStatus eq Microsoft.Dynamics.DataEntities.RetailTransactionValidationStatus'Successful'"
    )
    [validated] = hq.rows("RetailTransactionsAuditable", filter=wanted)
    assert (validated["TransactionId"], validated["StoreNumber"], validated["RegisterNumber"]) == (
        "367-1-17",
        "367",
        "367-1",
    )
    assert validated["LastValidationTime"] > "2020"
    assert hq.rows("RetailStatementJourBIEntities") == []
    [statement] = hq.post_statements()
    [posted] = hq.rows("RetailTransactionsAuditable", filter="BusinessDate eq 2017-12-23T12:00:00Z")
    assert (posted["StatementNumber"], posted["EntryStatus"]) == (statement["StatementId"], "Posted")
    [journal] = hq.rows(
        "RetailStatementJourBIEntities", filter=f"statementId eq '{statement['StatementId']}'"
    )
    assert (journal["storeId"], journal["salesAmount"], journal["taxAmount"]) == ("367", 20, 4)
    assert journal["statementDate"] == "2017-12-23T12:00:00Z"


def test_cash_rounding_goes_to_its_own_account(hq: Headquarters) -> None:
    receipt = sale()
    receipt[PAYMENTS][0]["AmountTendered"] = "30.02"
    receipt[HEADERS][0] |= {"PaymentAmount": "24.02", "SalesPaymentDifference": "0.02"}
    post(hq, receipt)
    assert booked(hq) == {
        ("401100", "sales"): Decimal(-20),
        ("222100-VAT20", "VAT20"): Decimal(-4),
        ("110110", "1"): Decimal("24.02"),
        ("618160", "payment"): Decimal("-0.02"),
    }
    assert hq.sim("totals")["totals"][0]["rounding"] == "0.02"


def test_a_gift_card_sold_is_a_liability_and_no_revenue(hq: Headquarters) -> None:
    receipt = sale()
    receipt[LINES][0] |= {
        "ItemId": "GIFT", "GiftCard": "Yes", "SalesTaxAmount": "0", "NetAmountInclusiveTax": "-20", "SalesTaxGroup": "",
        "ItemSalesTaxGroup": "",
    }  # fmt: skip
    del receipt[TAXES]
    receipt[PAYMENTS][0]["AmountTendered"] = "26"
    receipt[HEADERS][0] |= {"GrossAmount": "-20", "PaymentAmount": "20"}
    post(hq, receipt)
    assert booked(hq) == {("250600", "issued"): Decimal(-20), ("110110", "1"): Decimal(20)}
    assert hq.sim("on-hand")["on_hand"] == []


def test_cash_taken_out_is_an_expense(hq: Headquarters) -> None:
    receipt = sale()
    key = {
        name: receipt[HEADERS][0][name] for name in ("OperatingUnitNumber", "Terminal", "TransactionNumber")
    }
    receipt = {
        INCOME_EXPENSES: [
            {**key, "LineNumber": "1", "AccountNumber": "618900", "AccountType": "Expense", "Amount": "20", "StoreNumber": "367"}
        ],
        PAYMENTS: [{**receipt[PAYMENTS][0], "AmountTendered": "-20"}],
        HEADERS: [
            {
                **receipt[HEADERS][0], "TransactionType": "IncomeExpense", "NetAmount": "0", "GrossAmount": "0",
                "PaymentAmount": "-20", "IncomeExpenseAmount": "20", "NumberOfItems": "0", "NumberOfItemLines": "0",
                "NumberOfPaymentLines": "1",
            }
        ],
    }  # fmt: skip
    post(hq, receipt)
    assert booked(hq) == {("618900", "618900"): Decimal(20), ("110110", "1"): Decimal(-20)}


def test_charges_come_by_data_package_under_their_label(hq: Headquarters) -> None:
    receipt = with_charge(sale(), "-5", net="-25", gross="-29", paid="29")
    post(hq, receipt)
    assert hq.counts()[CHARGES] == (1, 0, 0)
    [row] = hq.rows("RetailTransactionMarkupLines")
    assert (row["MarkupCode"], row["CalculatedAmount"]) == ("DELIVERY", -5)
    assert booked(hq)["403300", "DELIVERY"] == Decimal(-5)


def test_the_page_on_headquarters_tells_its_switches_truly() -> None:
    text = (Path(__file__).parents[2] / "docs" / "simulated-headquarters.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `")]
    told = {cells[1].strip(" `"): set(re.findall(r"`(\w+)`", cells[2] + cells[3])) for cells in rows[-6:]}
    assert told == {name: set(CHOICES[name]) for name in told}
    assert set(told) == {
        "number_of_items", "tax_sign", "discount_sign_on_returns", "open_shift", "missing_warehouse",
        "tender_declaration_insert",
    }  # fmt: skip
    for cells in rows[-6:]:
        default = re.findall(r"`(\w+)`", cells[2])[0]
        assert getattr(Switches(), cells[1].strip(" `")) == default


def test_only_validated_receipts_enter_a_statement(hq: Headquarters) -> None:
    hq.import_rows(sale())
    assert hq.post_statements() == []
    assert hq.sim("ledger")["lines"] == []


def test_a_payment_method_without_account_holds_the_statement_until_it_has_one(hq: Headquarters) -> None:
    receipt = sale()
    for row in receipt[PAYMENTS]:
        row["TenderType"] = "9"
    [statement] = post(hq, receipt)
    assert statement["state"] == "SalesVoucherLinked"
    assert statement["ErrorMessage"] == "Payment method 9 of store 367 has no ledger account."
    assert booked(hq) == {
        ("401100", "sales"): Decimal(-20),
        ("222100-VAT20", "VAT20"): Decimal(-4),
        ("130100", "C-WALKIN"): Decimal(24),
    }
    [row] = hq.rows("RetailEodStatementAggregations")
    assert (row["StatementStatus"], row["ErrorMessage"]) == ("SalesVoucherLinked", statement["ErrorMessage"])
    assert hq.rows("RetailTransactionsAuditable")[0]["StatementNumber"] == statement["StatementId"]
    fixed = {**SETUP["tender_types"][2], "LedgerDimensionDisplayValue": "110190"}
    hq.sim("setup", {"tender_types": [fixed]})
    [again] = hq.post_statements()
    assert (again["StatementId"], again["state"]) == (statement["StatementId"], "Posted")
    assert booked(hq)["110190", "9"] == Decimal(24)


def test_more_cannot_come_back_than_was_sold(hq: Headquarters) -> None:
    assert post(hq, sale())[0]["state"] == "Posted"
    hq.import_rows(together(return_of_one("R1"), return_of_one("R2"), return_of_one("R3")), "run-2")
    hq.validate()
    [statement] = hq.post_statements()
    assert statement["state"] == "Aggregated"
    assert "sold 2; 3 would be returned" in statement["ErrorMessage"]
    assert {
        one["AggregationStatus"] for one in hq.rows("RetailEodStatementAggregations", filter="SalesId eq ''")
    } == {"SOCreateFailed"}


def test_a_second_import_before_posting_doubles_nothing(hq: Headquarters) -> None:
    hq.import_rows(sale())
    hq.import_rows(sale(), "run-2")
    hq.validate()
    hq.post_statements()
    assert booked(hq)["401100", "sales"] == Decimal(-20)
    assert hq.post_statements() == []


def test_a_posted_receipt_sent_again_is_posted_again_and_that_is_seen(hq: Headquarters) -> None:
    post(hq, sale())
    hq.import_rows(sale(), "run-2")
    state = hq.sim("state")
    assert (state["double_posting_dangers"], state["double_postings"]) == (1, [])
    hq.validate()
    hq.post_statements()
    assert booked(hq)["401100", "sales"] == Decimal(-40)
    assert hq.sim("state")["double_postings"] == [
        {"dataAreaId": "usrt", "StoreNumber": "367", "TransactionNumber": "367-1-17", "times": "2"}
    ]
    assert any(line["double_posted"] for line in hq.sim("ledger")["lines"])


def test_a_posted_receipt_can_be_made_to_stay_posted(hq: Headquarters) -> None:
    post(hq, sale())
    hq.sim("switches", {"posted_row_sent_again": "refuse"})
    assert hq.import_rows(sale(), "run-2") == "Failed"
    hq.validate()
    assert hq.post_statements() == []
    assert booked(hq)["401100", "sales"] == Decimal(-20)


def test_a_day_of_closed_shifts_is_posted_once(hq: Headquarters) -> None:
    hq.import_rows({SHIFTS: [shift(1, "08:00", "12:00"), shift(2, "12:00", "20:00")]})
    [statement] = hq.post_statements("financial")
    assert (statement["state"], statement["transactions"]) == ("Posted", 2)
    assert hq.post_statements("financial") == []
    assert [row["StatementType"] for row in hq.rows("RetailStatementJourBIEntities")] == ["Financial"]


@pytest.mark.parametrize(
    ("shifts", "text"),
    [
        ([shift(1, "08:00", "12:00"), shift(2, "11:59", "20:00")], "shifts 1 and 2 overlap"),
        ([shift(1, "08:00", "12:00", Status="Open")], "shift 1 is still open"),
        (
            [shift(1, "08:00", "12:00", HasPendingOfflineTransactions="Yes")],
            "shift 1 has pending offline transactions",
        ),
        ([shift(1, "08:00", "12:00", StartDate="2018-01-02")], "Fiscal year for 2018-01-02 does not exist."),
    ],
)
def test_a_busy_till_holds_the_days_financial_statement(
    hq: Headquarters, shifts: list[dict[str, Any]], text: str
) -> None:
    assert hq.import_rows({SHIFTS: shifts}) == "Succeeded", hq.errors()
    [statement] = hq.post_statements("financial")
    assert statement["state"] == "Started"
    assert text in statement["ErrorMessage"]
    assert hq.rows("RetailStatementJourBIEntities") == []


def test_overlapping_shifts_of_two_tills_are_no_overlap(hq: Headquarters) -> None:
    hq.import_rows({SHIFTS: [shift(1, "08:00", "12:00"), shift(1, "08:00", "12:00", Terminal="367-2")]})
    assert [one["state"] for one in hq.post_statements("financial")] == ["Posted"]


def test_a_closing_till_holds_its_store(hq: Headquarters) -> None:
    hq.sim(
        "setup",
        {"terminals": [{"TerminalNumber": "367-2", "StoreNumber": "367", "ClosingStatus": "Closing"}]},
    )
    hq.import_rows({SHIFTS: [shift(1, "08:00", "12:00")]})
    [statement] = hq.post_statements("financial")
    assert "Terminal 367-2 is busy: its closing status is Closing." in statement["ErrorMessage"]


def test_people_find_what_was_posted_on_one_page(hq: Headquarters) -> None:
    post(hq, sale())
    text = hq.http.get("/_sim/").text
    assert "This is not Dynamics 365" in text
    assert "2017-12-23" in text
    assert "VAT20 4" in text


def test_receipts_that_differ_only_by_case_are_one_as_in_d365(hq: Headquarters) -> None:
    hq.import_rows(sale("ab-1"))
    assert hq.import_rows(sale("AB-1"), "run-2") == "Succeeded"
    assert hq.counts("run-2")[HEADERS] == (0, 1, 0)


def test_a_receipt_written_again_leaves_a_statement_that_has_made_no_order(hq: Headquarters) -> None:
    blocked = {**SETUP["items"][0], "Blocked": "Yes"}
    hq.sim("setup", {"items": [blocked]})
    [held] = post(hq, sale())
    assert (held["state"], held["ErrorMessage"]) == (
        "Aggregated",
        "Item 1004906 is blocked for sales orders.",
    )
    hq.sim("setup", {"items": [{**blocked, "Blocked": "No"}]})
    hq.import_rows(sale(), "run-2")
    hq.validate()
    [statement] = hq.post_statements()
    assert (statement["state"], statement["StatementId"] != held["StatementId"]) == ("Posted", True)
    assert [one["StatementId"] for one in hq.rows("RetailEodStatementAggregations")] == [
        statement["StatementId"]
    ]
    assert booked(hq)["110110", "1"] == Decimal(24)


def test_a_receipt_written_again_after_its_invoice_is_in_the_books_twice_and_that_is_seen(
    hq: Headquarters,
) -> None:
    receipt = sale()
    for row in receipt[PAYMENTS]:
        row["TenderType"] = "9"
    post(hq, receipt)
    hq.import_rows(sale(), "run-2")
    assert hq.sim("state")["double_posting_dangers"] == 1
    hq.validate()
    hq.post_statements()
    assert booked(hq)["401100", "sales"] == Decimal(-40)


def test_the_jobs_run_by_themselves_on_the_virtual_clock(tmp_path: Path) -> None:
    began = datetime.now(UTC)
    clock = Clock(datetime(2017, 12, 23, 5, tzinfo=UTC), began, 7200)
    with headquarters(tmp_path, SETUP, clock, jobs_every_minutes=15) as hq:
        assert hq.import_rows(together(sale(), return_of_one())) == "Succeeded"
        assert hq.import_rows({SHIFTS: [shift(1, "08:00", "12:00")]}, "run-2") == "Succeeded"
        deadline = time.monotonic() + 20
        while len(hq.rows("RetailStatementJourBIEntities")) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert sorted(row["StatementType"] for row in hq.rows("RetailStatementJourBIEntities")) == [
            "Financial",
            "Transactional",
        ]
        [statement] = [one for one in hq.sim("state")["statements"] if one["kind"] == "Transactional"]
        assert statement["posted_at"].startswith("2017-12-2")
