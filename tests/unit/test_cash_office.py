"""The cash office: by default kept and not sent, with the reason in words; by switch, rows written by hand here."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from shared.d365 import batch
from shared.d365.cash_entities import BANKED, DECLARED, SAFE
from shared.d365.package import build_package
from shared.d365.rows import transaction_rows
from shared.errors import RejectedError
from shared.flows.compile_statements import compile_statements
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes, read_statement, read_transaction
from shared.retail.mapped import MappedTransaction
from shared.retail.mapping import map_transaction
from shared.retail.transaction import CashMovement, Counted, Kind, ShiftRecord, TenderType
from shared.retail.transaction import Tender as TenderLine
from shared.services import Services
from shared.storage.shifts import as_shifts
from tests.unit.builders import DAY, NOON, sale
from tests.unit.documents import sale_document
from tests.unit.flow_services import Hand, flow_services, run
from tests.unit.test_flows_door_to_mapped import DUE, send, statuses
from tests.unit.test_mapping import mapped, mappings


def moved(kind: Kind, amount: str, **changes: Any) -> MappedTransaction:
    movement = CashMovement("CASH", Decimal(amount))
    return mapped(sale(kind=kind, lines=(), tenders=(), cash_movement=movement, operator="17", **changes))


def movement_document(number: int, kind: str, amount: str) -> dict[str, Any]:
    movement = {"tender": "CASH", "amount": amount}
    return sale_document(number, kind=kind, lines=[], tenders=[], cash_movement=movement)


async def with_switches(**switches: str) -> Services:
    services = await flow_services(Hand())
    d365 = replace(services.settings.d365, **switches)
    return replace(services, settings=replace(services.settings, d365=d365))


@pytest.mark.parametrize(
    ("kind", "amount", "transaction_type"),
    [
        (Kind.FLOAT, "100.00", "FloatEntry"), (Kind.SHIFT_OPEN, "100.00", "StartingAmount"),
        (Kind.PICKUP, "-100.00", "RemoveTender"),
    ],
)  # fmt: skip
def test_a_float_a_starting_amount_and_a_removal_are_a_header_and_a_payment(
    kind: Kind, amount: str, transaction_type: str
) -> None:
    rows = transaction_rows(moved(kind, amount), "P1")
    (header,), (payment,) = rows["Transactions"], rows["Payment transactions V2"]
    assert header["TransactionType"] == transaction_type
    names = ("GrossAmount", "NetAmount", "IncomeExpenseAmount", "SalesPaymentDifference", "NumberOfItemLines")
    assert [header[name] for name in names] == [0, 0, 0, 0, 0]
    assert (header["PaymentAmount"], header["NumberOfPaymentLines"]) == (Decimal(amount), 1)
    assert (payment["AmountTendered"], payment["TenderType"]) == (Decimal(amount), "1")
    assert rows["Income/Expense transaction"] == []
    assert {SAFE, BANKED, DECLARED} & set(rows) == set()


def test_an_exchange_of_tenders_is_a_header_and_its_two_payments() -> None:
    known = mappings(tenders__any__CARD={"store": "*", "tender": "CARD", "payment_method": "2"})
    tenders = (
        TenderLine(1, TenderType.CASH, "CASH", Decimal(-50)), TenderLine(2, TenderType.CARD, "CARD", Decimal(50)),
    )  # fmt: skip
    rows = transaction_rows(mapped(sale(kind=Kind.TENDER_EXCHANGE, lines=(), tenders=tenders), known), "P1")
    assert rows["Transactions"][0]["TransactionType"] == "ChangeTender"
    assert rows["Transactions"][0]["PaymentAmount"] == 0
    assert [row["AmountTendered"] for row in rows["Payment transactions V2"]] == [Decimal(-50), Decimal(50)]


@pytest.mark.parametrize(
    ("kind", "label", "transaction_type"),
    [(Kind.SAFE_DROP, SAFE, "SafeDrop"), (Kind.BANK_DROP, BANKED, "BankDrop")],
)
def test_a_drop_is_a_header_and_a_row_of_its_own_entity_and_no_payment(
    kind: Kind, label: str, transaction_type: str
) -> None:
    rows = transaction_rows(moved(kind, "-400.00"), "P1")
    (header,) = rows["Transactions"]
    assert (header["TransactionType"], header["PaymentAmount"], header["NumberOfPaymentLines"]) == (
        transaction_type, 0, 0,
    )  # fmt: skip
    assert rows["Payment transactions V2"] == []
    assert rows[label] == [
        {
            "TransactionNumber": "east:T1", "Terminal": "NY01-1", "StoreNumber": "NY01", "LineNumber": 1, "TenderType": "1",
            "AmountTendered": 400, "AmountCurrency": 400, "AmountMST": 400, "ExchangeRate": 100, "ExchangeRateMST": 100,
            "Currency": "USD", "Staff": "17", "BusinessDate": "2017-12-23T12:00:00Z",
            "TransactionDate": "2017-12-23T12:00:00Z", "TransactionTime": 43200, "TransactionStatus": "None",
        }
    ]  # fmt: skip


def counted() -> MappedTransaction:
    record = ShiftRecord("5", NOON, counted=(Counted("CASH", "USD", Decimal("123.45")),))
    return mapped(sale(kind=Kind.TENDER_DECLARATION, lines=(), tenders=(), shift_record=record))


def test_a_count_is_a_header_and_a_row_a_tender() -> None:
    rows = transaction_rows(counted(), "P1")
    assert rows["Transactions"][0]["TransactionType"] == "TenderDeclaration"
    (row,) = rows[DECLARED]
    names = (
        "RegisterNumber",
        "TransactionId",
        "PaymentMethod",
        "AmountInChannelCurrency",
        "TransactionCurrency",
    )
    assert [row[name] for name in names] == ["NY01-1", "east:T1", "1", Decimal("123.45"), "USD"]


def test_a_package_writes_drops_before_headers_and_counts_under_the_customers_own_label() -> None:
    custom = replace(counted(), declared_as="Tender declarations")
    other = moved(Kind.SAFE_DROP, "-400.00")
    other = replace(other, key=replace(other.key, transaction_number="east:T2"))
    built = build_package("Tillpost", "P1", [custom, other])
    assert built.rows_by_entity == {SAFE: 1, "Tender declarations": 1, "Transactions": 2}
    assert built.control[SAFE] == {"AmountTendered": Decimal(400)}
    with zipfile.ZipFile(io.BytesIO(built.content)) as archive:
        text = archive.read("Tender declarations.csv").decode("utf-16")
        assert next(csv.DictReader(io.StringIO(text)))["AmountInChannelCurrency"] == "123.45"
        manifest = archive.read("Manifest.xml").decode()
    assert manifest.index("Safe tender transactions") < manifest.index("<EntityName>Transactions<")


def test_a_drop_never_goes_by_the_route_that_has_no_set_for_it() -> None:
    with pytest.raises(RejectedError, match="no public set"):
        batch.request_of([transaction_rows(moved(Kind.BANK_DROP, "-400.00"), "P1")])


def test_a_count_in_an_entity_of_the_customers_own_goes_by_package_only_too() -> None:
    rows = transaction_rows(replace(counted(), declared_as="Tender declarations"), "P1")
    assert DECLARED not in rows
    assert len(rows["Tender declarations"]) == 1
    with pytest.raises(RejectedError, match="no public set"):
        batch.request_of([rows])


def test_a_tax_keeps_the_tills_sign_where_the_setting_says_so_and_nothing_else_changes() -> None:
    turned, kept = (transaction_rows(replace(mapped(), tax_as_pos=value), "P1") for value in (False, True))
    assert (turned["Tax transactions"][0]["TaxAmount"], kept["Tax transactions"][0]["TaxAmount"]) == (-4, 4)
    assert (turned["Sales transactions V2"][0]["SalesTaxAmount"], kept["Sales transactions V2"][0]["SalesTaxAmount"]) == (
        -4, 4,
    )  # fmt: skip
    assert turned["Transactions"] == kept["Transactions"]


@pytest.mark.parametrize(
    ("kind", "amount"),
    [(Kind.FLOAT, "-1.00"), (Kind.PICKUP, "1.00"), (Kind.SAFE_DROP, "0.00"), (Kind.TENDER_EXCHANGE, "1.00")],
)
def test_money_that_moved_the_wrong_way_is_held(kind: Kind, amount: str) -> None:
    wrong = sale(kind=kind, lines=(), tenders=(), cash_movement=CashMovement("CASH", Decimal(amount)))
    outcome = map_transaction(wrong, DAY, mappings(), ())
    assert isinstance(outcome, tuple)
    assert [one.code for one in outcome] == ["does_not_balance"]


def test_by_default_nothing_of_it_is_sent_and_the_receipt_and_the_statement_say_so() -> None:
    async def story() -> None:
        services = await flow_services(hand := Hand())
        await send(
            services, sale_document(1), movement_document(2, "SAFE_DROP", "-400.00"),
            movement_document(3, "SAFE_DROP", "-50.00"), movement_document(4, "FLOAT", "100.00"),
            movement_document(5, "FLOAT", "7.00") | {"training": True},
        )  # fmt: skip
        await map_transactions(services, DUE)
        assert await statuses(services) == {
            "T1": "mapped",
            "T2": "excluded",
            "T3": "excluded",
            "T4": "excluded",
            "T5": "excluded",
        }
        found = await read_transaction(services, "S1", "east", "T2")
        assert found is not None
        assert found["excluded_because"] == (
            "safe drop: kept here, not sent to D365; finance enters it there by hand"
        )
        assert (await list_causes(services, "open", None)) == []
        hand.turn(hours=13)
        await compile_statements(services)
        statement = await read_statement(services, "S1", DAY)
        assert statement is not None
        assert statement["by_hand"] == [
            {"kind": "FLOAT", "terminal": "1", "count": 1, "amount": "100.00"},
            {"kind": "SAFE_DROP", "terminal": "1", "count": 2, "amount": "-450.00"},
        ]
        assert statement["totals"]["received"] == "24.00"

    run(story())


def test_with_the_switch_movements_are_mapped_and_counts_still_stay() -> None:
    async def story() -> None:
        services = await with_switches(cash_office="packages")
        await send(
            services,
            movement_document(2, "BANK_DROP", "-400.00"),
            movement_document(3, "TENDER_DECLARATION", "1.00"),
        )
        await map_transactions(services, DUE)
        assert await statuses(services) == {"T2": "mapped", "T3": "excluded"}

    run(story())


def test_with_the_switch_for_counts_a_closing_that_was_counted_is_mapped_and_one_that_was_not_is_kept() -> (
    None
):
    async def story() -> None:
        services = await with_switches(tender_declarations="auditable")
        record = {
            "shift": "5",
            "opened_at": "2017-12-23T08:00:00-05:00",
            "closed_at": "2017-12-23T18:00:00-05:00",
        }
        count = {"counted": [{"tender": "CASH", "currency": "USD", "amount": "123.45"}]}
        plain = sale_document(4, kind="SHIFT_CLOSE", lines=[], tenders=[], shift="5", shift_record=record)
        full = plain | {"transaction_id": "T5", "shift_record": record | count}
        await send(services, plain, full, movement_document(6, "FLOAT", "100.00"))
        await map_transactions(services, DUE)
        assert await statuses(services) == {"T4": "excluded", "T5": "mapped", "T6": "excluded"}
        (shift,) = as_shifts([row async for row in services.tables.shifts.query("S1")])
        assert shift.counted == (("CASH", "USD", "123.45"),)

    run(story())
