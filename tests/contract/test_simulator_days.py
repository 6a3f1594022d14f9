"""Whatever a chain trades, and wherever statements stop: headquarters' books come to the receipts, to the penny and piece."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.counting import Declaration
from simulator.enumerations import STATEMENT_STATES
from tests.contract.simulator_days import Days, days_setup
from tests.contract.simulator_office import Office
from tests.contract.simulator_receipts import HEADERS

ROUNDS_MAX = 60


def trade(office: Office, days: Days, receipts: int) -> None:
    """Let receipts arrive, some a second time, while jobs run and statements stop wherever chance has them stop."""
    chance = days.chance
    for _ in range(receipts):
        office.put(days.draw())
        if chance.random() < 0.2:
            again = chance.choice(days.receipts)
            if not office.receipt(again[HEADERS][0]["TransactionNumber"]).taken:
                office.put(again)
        if chance.random() < 0.3:
            fault = {
                "state": chance.choice(STATEMENT_STATES),
                "after": chance.randint(0, 2),
                "times": chance.randint(1, 3),
            }
            office.books.faults.add({**fault, "kind": "Transactional"})
        if chance.random() < 0.6:
            office.validate()
        if chance.random() < 0.5:
            office.post()


def finish(office: Office, days: Days) -> None:
    """Run the jobs until nothing waits; then close the shifts and run the financial one, stopped once at any state."""
    for _ in range(ROUNDS_MAX):
        assert office.validate()["errors"] == 0, office.broken_rules()
        if not office.post():
            break
    office.put(days.shifts())
    movements, counts = days.cash_of_shifts()
    for rows in movements:
        office.put(rows)
    for store, till, shift, counted in counts:
        office.books.declarations.append(Declaration(store, till, shift, "1", Decimal(counted) / 100))
    office.books.faults.add({"state": days.chance.choice(STATEMENT_STATES), "kind": "Financial"})
    for _ in range(ROUNDS_MAX):
        if not office.post_financial():
            return
    raise AssertionError("a financial statement never got through")


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), receipts=st.integers(1, 40))
def test_headquarters_books_come_to_the_receipts_wherever_statements_stop(seed: int, receipts: int) -> None:
    office, days = Office(days_setup()), Days(Random(seed))
    trade(office, days, receipts)
    finish(office, days)
    assert_ledger(office, days)
    assert_stock(office, days)
    assert_once(office, days)
    assert_shifts(office, days)


def assert_ledger(office: Office, days: Days) -> None:
    """Each voucher balances, and every account holds what the receipts come to, with a liability's sign turned."""
    expected: dict[tuple[str, str], int] = {
        ("401100", "sales"): -days.expected.revenue["sales"],
        ("401100", "returns"): -days.expected.revenue["returns"],
        ("250600", "issued"): -days.expected.gift_cards,
        ("403300", "DELIVERY"): -days.expected.charges,
        ("618160", "payment"): -days.expected.rounding,
        ("110110", "1"): days.expected.payments["1"] + days.expected.cash["110110"],
        ("110180", "3"): days.expected.payments["3"],
    }
    expected |= {(f"222100-{code}", code): -amount for code, amount in days.expected.tax.items()}
    expected |= {
        (account, "account"): days.expected.cash[account]
        for account in ("110150", "110160", "110170", "619100")
    }
    expected |= {(account, account): -amount for account, amount in days.expected.income_expense.items()}
    assert office.accounts() == {key: Decimal(amount) / 100 for key, amount in expected.items() if amount}
    totals = office.books.ledger.totals()
    assert sum(int(str(one["transactions"])) for one in totals) == len(days.receipts)
    assert sum(Decimal(str(one["discounts"])) for one in totals) * 100 == days.expected.discounts


def assert_stock(office: Office, days: Days) -> None:
    """On-hand moved by exactly the signed quantities, and what integrations read of it says the same."""
    wanted = {key: Decimal(pieces) for key, pieces in days.expected.moved.items()}
    moved = {(key[1], key[2]): pieces for key, pieces in office.books.ledger.on_hand.items()}
    assert moved == wanted
    shown = {
        (row["InventoryWarehouseId"], row["ItemNumber"]): row["OnHandQuantity"]
        for row in office.rows("WarehousesOnHandV2")
    }
    assert shown == wanted


def assert_once(office: Office, days: Days) -> None:
    """Every receipt is in the books once; sales are in invoices, returns in credit invoices, each number used once."""
    posted = {key[3]: one.posted_times for key, one in office.world.database.receipts.items()}
    numbers = [str(one[HEADERS][0]["TransactionNumber"]) for one in days.receipts]
    assert {posted[number] for number in numbers} == {1}
    assert office.books.ledger.double_postings() == []
    orders = office.rows("RetailEodStatementAggregations")
    for name in ("SalesId", "InvoiceId"):
        numbers = Counter(str(row[name]) for row in orders)
        assert set(numbers.values()) <= {1}
    invoices = {str(row["InvoiceNumber"]): row for row in office.rows("SalesInvoiceHeadersV2")}
    assert set(invoices) == {str(row["InvoiceId"]) for row in orders}
    credit = sum(
        row["TotalInvoiceAmount"] - row["TotalTaxAmount"]
        for name, row in invoices.items()
        if name[:2] == "CN"
    )  # type: ignore[operator]
    assert credit * 100 == days.expected.revenue["returns"]
    vouchers = {line.voucher for line in office.books.ledger.lines}
    assert set(office.numbers("RetailStatementVoucherBIEntities", "voucher")) == vouchers


def assert_shifts(office: Office, days: Days) -> None:
    """The financial statements' lines are what each shift took by payment method."""
    found = {
        (str(row["storeId"]), str(row["uniqueShiftId"]), str(row["tenderTypeId"])): row["transAmount"]
        for row in office.rows("RetailStatementTransBIEntities")
    }
    expected = {key: Decimal(amount) / 100 for key, amount in days.expected.by_shift.items()}
    assert {key: amount for key, amount in found.items() if amount} == {
        key: amount for key, amount in expected.items() if amount
    }
    assert all(row.get("StatementId") for row in office.rows("RetailPosBatches"))
