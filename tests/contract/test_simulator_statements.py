"""D365 statements pass fourteen states, fall back by one when something stops them, and never make a thing twice."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.contract.simulator_driver import headquarters
from tests.contract.simulator_office import Office
from tests.contract.simulator_receipts import (
    CHARGES,
    HEADERS,
    LINES,
    PAYMENTS,
    SETUP,
    Receipt,
    in_shift,
    return_of_one,
    sale,
    together,
    with_charge,
)

STATES = [
    "Started", "Marked", "Calculated", "Checked", "Aggregated", "CustomerOrderCreated", "CustomerOrderInvoiced",
    "DiscountsPosted", "IncomeExpensePosted", "SalesVoucherLinked", "PaymentsPosted", "GiftCardPosted",
    "FinancialReconciliationPosted", "Posted",
]  # fmt: skip
# A sale of 20 + 4 tax and a return of 10 + 2, all in cash.
BOOKED = {
    ("401100", "sales"): Decimal(-20),
    ("401100", "returns"): Decimal(10),
    ("222100-VAT20", "VAT20"): Decimal(-2),
    ("110110", "1"): Decimal(12),
}


def ready(*receipts: Receipt, setup: dict[str, Any] | None = None, **switches: str) -> Office:
    office = Office(setup or SETUP, **switches)
    office.put(together(*receipts))
    assert office.validate()["errors"] == 0, office.broken_rules()
    return office


def changed(section: str, **values: Any) -> dict[str, Any]:
    """The set-up with other values in the first row of a section."""
    return {section: [{**SETUP[section][0], **values}]}


@pytest.mark.parametrize("state", STATES)
def test_a_statement_stopped_at_any_state_goes_on_there_and_makes_nothing_twice(state: str) -> None:
    office = ready(sale(), return_of_one())
    office.books.faults.add({"state": state, "text": "The batch was stopped.", "times": 2})
    for _ in range(2):
        [statement] = office.post()
        assert statement["state"] == STATES[max(STATES.index(state) - 1, 0)]
        assert (statement["ErrorMessage"], statement["PostingErrorStatus"]) == (
            "The batch was stopped.",
            state,
        )
        assert statement["PostingErrorCode"] == "Error"
    [statement] = office.post()
    assert (statement["state"], statement["ErrorMessage"], len(statement["falls"])) == ("Posted", "", 2)
    assert [one for one, _ in statement["history"]] == STATES
    assert office.accounts() == BOOKED
    assert office.numbers("RetailEodStatementAggregations", "SalesId") == ["SO-0000001", "SO-0000002"]
    assert office.numbers("SalesInvoiceHeadersV2", "InvoiceNumber") == ["CN-0000001", "INV-0000001"]
    assert [one["ErrorMessage"] for one in office.rows("RetailEodTransactionErrorBIEntities")] == (
        ["The batch was stopped."] * 2
    )
    assert office.post() == []


@pytest.mark.parametrize("state", ["CustomerOrderCreated", "CustomerOrderInvoiced"])
def test_a_statement_stopped_between_two_orders_keeps_the_first(state: str) -> None:
    office = ready(sale(), return_of_one())
    office.books.faults.add({"state": state, "after": 1})
    [statement] = office.post()
    assert "Deadlock" in statement["ErrorMessage"]
    created = [str(one["SalesId"]) for one in office.rows("RetailEodStatementAggregations")]
    invoiced = office.numbers("SalesInvoiceHeadersV2", "InvoiceNumber")
    if state == "CustomerOrderCreated":
        assert (created, invoiced) == (["SO-0000001", ""], [])
    else:
        assert (created, invoiced) == (["SO-0000001", "SO-0000002"], ["INV-0000001"])
    office.post()
    assert office.accounts() == BOOKED
    assert office.numbers("RetailEodStatementAggregations", "SalesId") == ["SO-0000001", "SO-0000002"]


def test_an_order_that_cannot_be_made_says_so_on_its_aggregation() -> None:
    office = ready(sale())
    office.books.faults.add({"state": "CustomerOrderCreated", "text": "Number sequence has been exceeded"})
    office.post()
    [row] = office.rows("RetailEodStatementAggregations")
    assert (row["AggregationStatus"], row["StatementStatus"]) == ("SOCreateFailed", "Aggregated")
    assert row["ErrorMessage"] == "Number sequence has been exceeded"


def test_receipts_that_arrive_while_a_statement_waits_go_into_another() -> None:
    office = ready(sale())
    office.books.faults.add({"state": "PaymentsPosted", "times": 2})
    office.post()
    office.put(return_of_one())
    office.validate()
    first, second = office.post()
    assert (first["state"], second["state"]) == ("SalesVoucherLinked", "Posted")
    assert [one["state"] for one in office.post()] == ["Posted"]
    assert office.accounts() == BOOKED


def test_a_receipt_of_an_order_that_is_not_made_yet_may_still_leave_the_statement() -> None:
    office = ready(sale(), return_of_one())
    office.books.faults.add({"state": "CustomerOrderCreated", "after": 1})
    office.post()
    office.put(return_of_one())
    assert office.receipt("367-1-18").statement == ""
    office.validate()
    assert [one["state"] for one in office.post()] == ["Posted", "Posted"]
    assert office.accounts() == BOOKED
    assert office.books.ledger.double_postings() == []


def test_an_order_that_cannot_be_made_is_deleted_and_its_receipt_posted_by_another_statement(
    tmp_path: Path,
) -> None:
    with headquarters(tmp_path, SETUP) as hq:
        hq.import_rows(together(sale(), return_of_one("R1"), return_of_one("R2"), return_of_one("R3")))
        hq.validate()
        [held] = hq.post_statements()
        assert held["ErrorMessage"] == "Line 1 of transaction 367-1-17 sold 2; 3 would be returned."
        [failed] = hq.rows("RetailEodStatementAggregations", filter="SalesId eq ''")
        name = {"StatementId": held["StatementId"], "Aggregation": failed["Aggregation"]}
        assert hq.sim("statements/delete-order", name) == {"given_back": ["R1", "R2", "R3"]}
        assert hq.import_rows(
            {LINES: [{**return_of_one("R3", of="")[LINES][0], "ReturnTerminal": ""}]}, "run-2"
        )
        assert hq.validate() == {"validated": 3, "errors": 0}
        first, second = hq.post_statements()
        assert (first["StatementId"], first["state"], first["transactions"]) == (
            held["StatementId"],
            "Posted",
            1,
        )
        assert (second["state"], second["transactions"]) == ("Posted", 3)
        assert hq.sim("totals")["totals"][0]["returns"] == "-30"
        assert hq.sim("state")["double_postings"] == []
        assert hq.http.post("/_sim/statements/delete-order", json=name).status_code == 400


def test_an_exchange_whose_sale_is_invoiced_cannot_be_given_back() -> None:
    receipt, back = sale(), return_of_one("367-1-17", of="")
    receipt[LINES].append({**back[LINES][0], "LineNumber": "2"})
    receipt["Tax transactions"].append({**back["Tax transactions"][0], "SalesLineNumber": "2"})
    receipt[HEADERS][0] |= {
        "NetAmount": "-10", "GrossAmount": "-12", "PaymentAmount": "12", "NumberOfItems": "3", "NumberOfItemLines": "2",
    }  # fmt: skip
    receipt[PAYMENTS][0]["AmountTendered"] = "18"
    office = ready(receipt)
    office.books.faults.add({"state": "CustomerOrderInvoiced", "after": 1})
    [held] = office.post()
    for aggregation in (1, 2):
        with pytest.raises(ValueError, match="invoiced, or shares a receipt"):
            office.books.delete_order(held["StatementId"], aggregation)
    office.post()
    assert office.accounts() == BOOKED


# (what is wrong in the set-up, at which state it stops, headquarters' text)
CAUSES: list[tuple[dict[str, Any], str, str]] = [
    (changed("items", Blocked="Yes"), "CustomerOrderCreated", "Item 1004906 is blocked for sales orders."),
    (changed("customers", Blocked="Yes"), "CustomerOrderCreated", "Customer account C-WALKIN is blocked for sales orders."),
    (
        changed("warehouses", OperationalSiteId=""), "CustomerOrderCreated",
        "Inventory dimension Site is mandatory and must consequently be specified.",
    ),
    (
        changed("legal_entities", open_periods=[["2017-11-01", "2017-11-30"]]), "CustomerOrderInvoiced",
        "Period for 2017-12-23 does not exist.",
    ),
    (
        changed("legal_entities", open_periods=[["2018-01-01", "2018-01-31"]]), "CustomerOrderInvoiced",
        "Fiscal year for 2017-12-23 does not exist.",
    ),
    (
        changed("warehouses", IsPhysicalNegativeRetailStoreInventoryAllowed="No"), "CustomerOrderInvoiced",
        "Item number 1004906: 2 cannot be picked because only 0 is/are available from the inventory of W367.",
    ),
    (
        changed("items", RevenueAccount="none"), "CustomerOrderInvoiced",
        "Account number for transaction type Sales order, revenue does not exist.",
    ),
    (
        changed("tax_groups", codes=[]), "CustomerOrderInvoiced",
        "The tax groups 'STORE' and 'FULL' share no tax code.",
    ),
    (
        changed("tender_types", LedgerDimensionDisplayValue=""), "PaymentsPosted",
        "Payment method 1 of store 367 has no ledger account.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "state", "text"), CAUSES, ids=[one[2] for one in CAUSES])
def test_what_is_wrong_in_the_set_up_stops_a_statement_until_it_is_mended(
    wrong: dict[str, Any], state: str, text: str
) -> None:
    office = ready(sale(), return_of_one())
    office.set_up(wrong)
    [statement] = office.post()
    assert (statement["PostingErrorStatus"], statement["ErrorMessage"]) == (state, text)
    section = next(iter(wrong))
    office.set_up({section: [SETUP[section][0]]})
    assert [one["state"] for one in office.post()] == ["Posted"]
    assert office.accounts() == BOOKED


def test_a_line_without_warehouse_stops_unless_the_environment_fills_it_in() -> None:
    receipt = sale()
    del receipt[LINES][0]["Warehouse"]
    strict, kind = ready(receipt), ready(receipt, missing_warehouse="store")
    [statement] = strict.post()
    assert statement["ErrorMessage"] == "Inventory dimension Location must be specified."
    [statement] = kind.post()
    assert statement["state"] == "Posted"


def test_a_statement_for_each_of_what_the_store_splits_them_by() -> None:
    second = in_shift(return_of_one(), "2")
    store = changed("stores", SeparateStatementPerStaffTerminal="Yes", StatementMethod="Shift")
    office = ready(in_shift(sale()), second, setup={**SETUP, **store})
    assert [(one["group"], one["transactions"]) for one in office.post()] == [("367-1:1", 1), ("367-1:2", 1)]
    assert office.accounts() == BOOKED


@pytest.mark.parametrize(
    ("method", "place", "name"),
    [
        ("Shift", "shift", "367-1:1"),
        ("Total", "shift", ""),
        ("PosTerminal", "terminal", "367-1"),
        ("Staff", "staff", "A7"),
    ],
)
def test_a_statements_lines_are_grouped_by_its_method(method: str, place: str, name: str) -> None:
    receipt = in_shift(sale())
    receipt[HEADERS][0]["Staff"] = "A7"
    office = ready(receipt, setup={**SETUP, **changed("stores", StatementMethod=method)})
    [statement] = office.post()
    [line] = statement["lines"]
    assert (line["tender"], line["transaction"], line[place]) == ("1", "24", name)


def test_charges_are_invoiced_with_the_sale() -> None:
    office = ready(with_charge(sale(), "-5", net="-25", gross="-29", paid="29"))
    office.post()
    assert office.accounts() == {
        ("401100", "sales"): Decimal(-20),
        ("403300", "DELIVERY"): Decimal(-5),
        ("222100-VAT20", "VAT20"): Decimal(-4),
        ("110110", "1"): Decimal(29),
    }
    [invoice] = office.rows("SalesInvoiceHeadersV2")
    assert (invoice["TotalInvoiceAmount"], invoice["TotalChargeAmount"]) == (29, 5)


@pytest.mark.parametrize(
    ("charge", "inside", "on_top"), [("-6", "-1", "0"), ("-5", "0", "-1")], ids=["tax in it", "tax on top"]
)
def test_a_charges_tax_is_posted_as_tax(charge: str, inside: str, on_top: str) -> None:
    receipt = with_charge(sale(), charge, net="-25", gross="-30", paid="30")
    receipt[CHARGES][0] |= {"TaxAmountInclusive": inside, "TaxAmountExclusive": on_top}
    office = ready(receipt)
    office.post()
    assert office.accounts()["403300", "DELIVERY"] == -5
    assert office.accounts()["222100-charges", "charges"] == -1


def test_discounts_are_shown_on_their_account_where_the_company_has_one() -> None:
    receipt = sale()
    receipt[LINES][0] |= {"CashDiscountAmount": "2", "LineDiscount": "2"}
    receipt[HEADERS][0]["DiscountAmount"] = "2"
    key = {name: receipt[LINES][0][name] for name in ("OperatingUnitNumber", "Terminal", "TransactionNumber")}
    receipt["Discount transactions"] = [
        {**key, "SalesLineNumber": "1", "LineNumber": "1", "DiscountAmount": "2"}
    ]
    parameters = {
        "parameters": [{"dataAreaId": "usrt", "DiscountAccountLedgerDimensionDisplayValue": "403100"}]
    }
    office = ready(receipt, setup={**SETUP, **parameters})
    office.post()
    assert office.accounts()["403100", "given"] == Decimal(2)
    assert office.accounts()["401100", "revenue"] == Decimal(-2)


def test_the_evidence_of_a_posted_statement_agrees_with_the_ledger(tmp_path: Path) -> None:
    with headquarters(tmp_path, SETUP) as hq:
        hq.import_rows(together(sale(), return_of_one()))
        hq.validate()
        [statement] = hq.post_statements()
        invoices = {one["InvoiceNumber"]: one for one in hq.rows("SalesInvoiceHeadersV2")}
        amounts = {name: (one["TotalInvoiceAmount"], one["TotalTaxAmount"]) for name, one in invoices.items()}
        assert amounts == {"INV-0000001": (24, 4), "CN-0000001": (-12, -2)}
        vouchers = {one["voucher"] for one in hq.rows("RetailStatementVoucherBIEntities")}
        assert vouchers == {one["voucher"] for one in hq.sim("ledger")["lines"]}
        assert {one["LedgerVoucher"] for one in invoices.values()} <= vouchers
        [journal] = hq.rows("CustomerPaymentJournalHeaders")
        [line] = hq.rows("CustomerPaymentJournalLines")
        assert (journal["IsPosted"], line["CreditAmount"], line["PaymentMethodName"]) == ("Yes", 12, "1")
        sold = hq.rows("RetailTransactionTableBIEntities", filter="transactionId eq '367-1-17'")
        assert [(one["store"], one["statementId"], one["grossAmount"]) for one in sold] == [
            ("367", statement["StatementId"], -24)
        ]
        [stock] = hq.rows("WarehousesOnHandV2")
        assert (stock["ItemNumber"], stock["InventoryWarehouseId"], stock["OnHandQuantity"]) == (
            "1004906",
            "W367",
            -1,
        )


def test_people_order_a_failure_and_take_it_back(tmp_path: Path) -> None:
    with headquarters(tmp_path, SETUP) as hq:
        assert hq.http.post("/_sim/statements/fail", json={"state": "Nowhere"}).status_code == 400
        assert hq.sim("statements/fail", {"state": "PaymentsPosted", "times": 5})["left"] == 5
        hq.import_rows(sale())
        hq.validate()
        [statement] = hq.post_statements()
        assert (statement["state"], statement["PostingErrorStatus"]) == (
            "SalesVoucherLinked",
            "PaymentsPosted",
        )
        [row] = hq.rows(
            "RetailEodTransactionErrorBIEntities", filter=f"StatementId eq '{statement['StatementId']}'"
        )
        assert "Deadlock" in row["ErrorMessage"]
        assert "Deadlock" in hq.http.get("/_sim/").text
        assert hq.http.delete("/_sim/statements/fail").status_code == 204
        assert [one["state"] for one in hq.post_statements()] == ["Posted"]
        assert hq.sim("statements")["statements"][0]["state"] == "Posted"


def test_an_environment_restored_in_the_middle_of_a_statement_goes_on_from_there(tmp_path: Path) -> None:
    with headquarters(tmp_path, SETUP) as hq:
        hq.import_rows(together(sale(), return_of_one()))
        hq.validate()
        hq.sim("statements/fail", {"state": "PaymentsPosted"})
        hq.post_statements()
        hq.sim("snapshot", {"name": "before"})
        assert [one["state"] for one in hq.post_statements()] == ["Posted"]
        hq.sim("restore", {"name": "before"})
        assert hq.sim("totals")["totals"][0]["payments"] == {}
        assert [one["state"] for one in hq.post_statements()] == ["Posted"]
        [total] = hq.sim("totals")["totals"]
        assert (total["sales"], total["returns"], total["payments"]) == ("20", "-10", {"1": "12"})
        assert hq.sim("state")["double_postings"] == []


def test_what_tills_could_not_find_is_counted_in_the_journal() -> None:
    receipt = sale()
    receipt[LINES][0]["TransactionCode"] = "ItemBarcodeNotOnFile"
    receipt[PAYMENTS][0]["AmountTendered"], receipt[HEADERS][0]["PaymentAmount"] = "30.02", "24.02"
    office = ready(receipt)
    office.post()
    [journal] = office.rows("RetailStatementJourBIEntities")
    assert journal["numberOfItemsBarcodesNotOnFile"] == 1
    assert journal["numberOfSalesPaymentDifferenceTrans"] == 1
