"""Financial statements: closed shifts, what was counted against what was taken, drops, floats and removals."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from simulator.counting import Declaration
from tests.contract.simulator_driver import headquarters
from tests.contract.simulator_office import Office
from tests.contract.simulator_receipts import (
    BANKED,
    HEADERS,
    SAFE,
    SETUP,
    SHIFTS,
    Receipt,
    cash_movement,
    drop,
    in_shift,
    return_of_one,
    sale,
    shift,
)

ACCOUNTS = {
    "CountingRequired": "Yes", "DifferenceAccLedgerDimensionDisplayValue": "619100",
    "DiffAccBigDiffLedgerDimensionDisplayValue": "619200", "MaxNormalDifferenceAmount": "1",
    "BankBagLedgerDimensionDisplayValue": "110150", "SafeAccLedgerDimensionDisplayValue": "110160",
    "TenderFlowLedgerDimensionDisplayValue": "110170",
}  # fmt: skip


def counting(**store: str) -> dict[str, Any]:
    """A set-up in which cash is counted; differences of up to 5 are posted."""
    limits = dict.fromkeys(
        ("MaximumPostingDifference", "MaxShiftDifferenceAmount", "MaxTransactionDifferenceAmount"), "5"
    )
    cash, *others = SETUP["tender_types"]
    stores = [{**SETUP["stores"][0], **limits, **store}]
    return {**SETUP, "stores": stores, "tender_types": [{**cash, **ACCOUNTS}, *others]}


def traded(*more: Receipt, **store: str) -> Office:
    """The golden sale's 24 in cash, posted, in a closed shift; not counted yet."""
    office = Office(counting(**store))
    for receipt in (in_shift(sale()), *more):
        office.put(receipt)
    office.put({SHIFTS: [shift(1, "08:00", "12:00")]})
    office.validate()
    office.post()
    return office


def declare(office: Office, *amounts: str) -> None:
    for amount in amounts:
        office.books.declarations.append(Declaration("367", "367-1", 1, "1", Decimal(amount)))


def test_a_count_that_is_missing_holds_the_statement_until_somebody_counts() -> None:
    office = traded()
    [statement] = office.post_financial()
    assert (statement["state"], statement["PostingErrorStatus"]) == ("Calculated", "Checked")
    assert (
        statement["ErrorMessage"]
        == "Counting is required for payment method 1 of 367-1:1 and nothing was declared."
    )
    declare(office, "24")
    [statement] = office.post_financial()
    assert (statement["state"], len(statement["history"])) == ("Posted", 14)
    assert office.post_financial() == []


def test_a_company_that_need_not_count_does_not() -> None:
    office = traded()
    office.set_up({"parameters": [{"dataAreaId": "usrt", "DisableCountingRequired": "Yes"}]})
    assert [one["state"] for one in office.post_financial()] == ["Posted"]


@pytest.mark.parametrize(
    ("counted", "account", "amount"), [("23.50", "619100", "0.50"), ("26", "619200", "-2")]
)
def test_a_difference_goes_to_the_account_of_its_size(counted: str, account: str, amount: str) -> None:
    office = traded()
    declare(office, counted)
    [statement] = office.post_financial()
    assert statement["state"] == "Posted", statement["ErrorMessage"]
    assert office.accounts()[account, "account"] == Decimal(amount)
    [row] = office.rows("RetailStatementTransBIEntities")
    assert (row["transAmount"], row["countedAmount"]) == (24, Decimal(counted))
    assert row["differenceAmount"] == Decimal(counted) - 24
    assert (row["uniqueShiftId"], row["tenderTypeId"]) == ("367-1:1", "1")
    [total] = office.books.ledger.totals()
    assert (total["payments"], total["differences"]) == ({"1": "24"}, f"{Decimal(counted) - 24}")


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        ("MaxTransactionDifferenceAmount", "in payment method 1 of 367-1:1 is above the maximum of 1."),
        ("MaxShiftDifferenceAmount", "in shift 367-1:1 is above the maximum of 1."),
        ("MaximumPostingDifference", "in the statement is above the maximum of 1."),
    ],
)
def test_a_difference_above_the_stores_maximum_holds_the_statement(limit: str, text: str) -> None:
    office = traded(**{limit: "1"})
    declare(office, "22")
    [statement] = office.post_financial()
    assert statement["state"] == "Calculated"
    assert statement["ErrorMessage"].endswith(text)
    office.set_up({"stores": counting()["stores"]})
    assert [one["state"] for one in office.post_financial()] == ["Posted"]


@pytest.mark.parametrize(("how", "counted"), [("Sum", "24"), ("Last", "20")])
def test_counts_are_added_up_or_the_last_one_holds(how: str, counted: str) -> None:
    office = traded(TenderDeclarationCalculation=how)
    declare(office, "4", "20")
    [statement] = office.post_financial()
    assert statement["lines"][0]["counted"] == counted


def test_cash_that_comes_and_goes_needs_no_validation_and_is_posted_with_the_shift() -> None:
    office = traded(
        cash_movement("F1", "FloatEntry", "50"), cash_movement("S1", "StartingAmount", "100"),
        cash_movement("T1", "RemoveTender", "-30"), drop("B1", BANKED, "20"), drop("D1", SAFE, "10"),
    )  # fmt: skip
    assert {office.receipt(number).validation for number in ("F1", "S1", "T1", "B1", "D1")} == {"None"}
    declare(office, "114")
    [statement] = office.post_financial()
    assert statement["state"] == "Posted", statement["ErrorMessage"]
    assert statement["lines"] == [
        {
            "tender": "1", "staff": "", "terminal": "", "shift": "367-1:1", "transaction": "24", "added": "150",
            "removed": "30", "change_tender": "0", "banked": "20", "safe": "10", "counted": "114", "difference": "0",
        }
    ]  # fmt: skip
    accounts = office.accounts()
    assert accounts["110150", "account"] == 20
    assert accounts["110160", "account"] == 10
    assert accounts["110170", "account"] == -120
    assert accounts["110110", "1"] == 24 + 120 - 20 - 10


def test_a_drop_without_its_account_posts_nothing_of_the_statement() -> None:
    office = traded(drop("D1", SAFE, "10"))
    declare(office, "13")
    cash = {**SETUP["tender_types"][0], **ACCOUNTS, "SafeAccLedgerDimensionDisplayValue": ""}
    office.set_up({"tender_types": [cash]})
    before = len(office.books.ledger.lines)
    [statement] = office.post_financial()
    assert statement["PostingErrorStatus"] == "FinancialReconciliationPosted"
    assert statement["ErrorMessage"] == "Payment method 1 of store 367 has no account for safe drops."
    assert len(office.books.ledger.lines) == before


def test_a_statement_stopped_after_its_differences_does_not_post_them_again() -> None:
    office = traded()
    declare(office, "23")
    office.books.faults.add({"state": "Posted", "kind": "Financial", "times": 2})
    for _ in range(3):
        [statement] = office.post_financial()
    assert statement["state"] == "Posted"
    assert office.accounts()["619100", "account"] == 1


def test_only_closed_shifts_are_taken_where_an_open_one_does_not_hold_the_day() -> None:
    office = traded()
    declare(office, "24")
    office.put({SHIFTS: [shift(2, "12:00", "20:00", Status="Open")]})
    [held] = office.post_financial()
    assert held["ErrorMessage"] == "Terminal 367-1 is busy: shift 2 is still open."
    assert office.rows("RetailPosBatches")[1]["ErrorCode"] == "Error"
    office.world.switches = office.world.switches.changed({"open_shift": "leave_out"})
    assert [one["state"] for one in office.post_financial()] == ["Posted"]
    assert [row.get("StatementId", "") != "" for row in office.rows("RetailPosBatches")] == [True, False]
    office.put({SHIFTS: [shift(2, "12:00", "20:00")]})
    assert [(one["state"], one["transactions"]) for one in office.post_financial()] == [("Posted", 1)]
    assert office.rows("RetailPosBatches")[1]["ErrorCode"] == "None"


def test_a_store_that_closes_by_date_gets_no_financial_statement() -> None:
    office = traded(ClosingMethod="DateTime")
    [statement] = office.post_financial()
    assert "The closing method of store 367 is DateTime" in statement["ErrorMessage"]


def test_two_days_are_one_statement_only_where_the_store_wants_it_so() -> None:
    later = shift(
        2, "12:00", "20:00", StartDateTimeUtc="2017-12-24T08:00:00Z", CloseDateTimeUtc="2017-12-24T12:00:00Z",
        StartDate="2017-12-24", CloseDate="2017-12-24",
    )  # fmt: skip
    for one_a_day, found in (("Yes", [("2017-12-23", 1), ("2017-12-24", 1)]), ("No", [("2017-12-24", 2)])):
        office = traded(OneStatementPerDay=one_a_day)
        declare(office, "24")
        office.put({SHIFTS: [later]})
        assert [(one["businessDate"], one["transactions"]) for one in office.post_financial()] == found


def test_only_validated_receipts_are_in_a_shifts_lines() -> None:
    wrong = in_shift(return_of_one())
    wrong[HEADERS][0]["NetAmount"] = "11"
    office = traded(wrong)
    declare(office, "24")
    [statement] = office.post_financial()
    assert (statement["state"], statement["lines"][0]["transaction"]) == ("Posted", "24")


def test_people_count_and_see_a_shift_that_is_open_in_the_channel_only(tmp_path: Path) -> None:
    with headquarters(tmp_path, counting()) as hq:
        hq.import_rows(in_shift(sale()))
        hq.import_rows({SHIFTS: [shift(1, "08:00", "12:00")]}, "run-2")
        hq.validate()
        hq.post_statements()
        place = {"StoreNumber": "367", "Terminal": "367-1", "BatchShiftId": 1}
        assert hq.http.post("/_sim/people/declare", json={"StoreNumber": "367"}).status_code == 400
        hq.sim("people/declare", {**place, "TenderType": "1", "Amount": "24.00"})
        hq.sim("shifts/stuck", place)
        [statement] = hq.post_statements("financial")
        text = "Terminal 367-1 is busy: shift 1 is open in the channel and closed in headquarters."
        assert statement["ErrorMessage"] == text
        [row] = hq.rows("RetailPosBatches")
        assert (row["Status"], row["ErrorCode"], row["Error"]) == ("Closed", "Error", text)
        hq.sim("shifts/stuck", {**place, "stuck": False})
        assert [one["state"] for one in hq.post_statements("financial")] == ["Posted"]


def test_a_declaration_comes_by_odata_only_where_the_environment_takes_one(tmp_path: Path) -> None:
    row = {
        "dataAreaId": "usrt", "OperatingUnitNumber": "OU367", "StoreNumber": "367", "RegisterNumber": "367-1",
        "TransactionId": "TD1", "LineNumber": 1, "PaymentMethod": "1", "AmountInChannelCurrency": 24,
    }  # fmt: skip
    with headquarters(tmp_path, counting()) as hq:
        hq.import_rows(in_shift(sale()))
        hq.import_rows({HEADERS: cash_movement("TD1", "TenderDeclaration", "0")[HEADERS]}, "run-2")
        hq.import_rows({SHIFTS: [shift(1, "08:00", "12:00")]}, "run-3")
        hq.validate()
        hq.post_statements()
        path = "/data/RetailTransactionAuditableTenderDeclarations"
        refused = hq.http.post(path, json=row, headers=hq.bearer)
        assert (refused.status_code, "can only be edited" in refused.text) == (400, True)
        hq.sim("switches", {"tender_declaration_insert": "accept"})
        assert hq.http.post(path, json=row, headers=hq.bearer).status_code == 201
        [statement] = hq.post_statements("financial")
        assert (statement["state"], statement["lines"][0]["counted"]) == ("Posted", "24")


def test_drops_come_by_package_under_their_labels_and_no_odata_set_shows_them(tmp_path: Path) -> None:
    with headquarters(tmp_path, counting()) as hq:
        assert hq.import_rows(drop("B1", BANKED, "20")) == "Succeeded", hq.errors()
        assert hq.counts()[BANKED] == (1, 0, 0)
        assert "Banked" not in hq.get("$metadata").text
        assert hq.get("(Banked tender transactions)").status_code == 404
        wrong = drop("B2", BANKED, "20")
        wrong[BANKED][0]["TenderType"] = "77"
        assert hq.import_rows(wrong, "run-2") == "PartiallySucceeded"
