"""Square's documents on their way: repeats, revisions, neighbours, numbers, times, masking, and the samples as published."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.errors import RejectedError
from shared.pos.adapter import Arrival
from shared.pos.square_events import (
    Named,
    listed_orders,
    listed_shifts,
    named_by_event,
    needed_for,
)
from shared.pos.vendor_json import is_settled
from shared.retail.identity import content_hash, revision_is_higher
from shared.retail.rules import problems_of
from shared.retail.transaction import TillStatus
from tests.unit.square_documents import (
    FIXTURES,
    SQUARE,
    bought,
    discount,
    fixture,
    line,
    money,
    order,
    payment,
    read,
    receipt,
    return_order,
    returned,
)

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "pos" / "square"
PLAIN = bought(order([line("A", 500, 500)], 500), payment(500))


def read_all(body: Any) -> list[Arrival]:
    return SQUARE.read(json.dumps(body).encode(), "sq-1")


def with_order(**changes: Any) -> dict[str, Any]:
    return {**PLAIN, "order": {**PLAIN["order"], **changes}}


# Cases H, transport.


def test_case_76_and_94_the_same_again_is_the_same_receipt() -> None:
    first, second = receipt(PLAIN), receipt(PLAIN)
    assert content_hash(first) == content_hash(second)
    assert (first.transaction_id, first.revision) == (second.transaction_id, second.revision)


def test_case_77_whichever_event_led_to_it_the_receipt_is_the_orders() -> None:
    payment_event = named_by_event((FIXTURES / "webhook__payment_updated.json").read_bytes())
    order_event = {
        "merchant_id": "MERCHANT-1", "type": "order.updated", "event_id": "E2",
        "data": {"type": "order_updated", "id": "ORDER-1", "object": {"order_updated": {"order_id": "ORDER-1"}}},
    }  # fmt: skip
    assert (
        payment_event.order
        == named_by_event(json.dumps(order_event).encode()).order
        == receipt(PLAIN).transaction_id
    )


def test_case_78_and_79_a_later_reading_is_higher_and_an_earlier_one_is_not() -> None:
    first = receipt(PLAIN)
    later = receipt({**PLAIN, "payments": [{**PLAIN["payments"][0], "updated_at": "2025-03-08T17:09:00Z"}]})
    assert revision_is_higher(later.revision, first.revision)
    assert not revision_is_higher(first.revision, later.revision)
    assert content_hash(first) == content_hash(later)  # refunded since, say: the sale is what it was


def test_case_78_a_version_that_square_numbers_weighs_more_than_a_time() -> None:
    second = receipt(with_order(version=2))
    tenth = receipt(with_order(version=10, updated_at="2025-03-08T17:00:00Z"))
    assert revision_is_higher(tenth.revision, second.revision)


def test_case_80_one_that_cannot_be_read_never_stops_its_neighbours() -> None:
    bad = with_order(state="MELTED")
    arrivals = read_all(
        {"documents": [PLAIN, bad, 7, {**PLAIN, "order": {**PLAIN["order"], "id": "ORDER-9"}}]}
    )
    assert [one.transaction is not None for one in arrivals] == [True, False, False, False]
    assert arrivals[1].reason == "order.state: expected one of OPEN, DRAFT, COMPLETED, CANCELED, found MELTED"
    assert arrivals[2].reason == "transaction: expected an object, found 7"
    assert arrivals[3].reason == "payments: expected the payment PAY-1 of the order, found 0 others"


def test_case_81_an_offline_payment_counts_when_the_till_took_it() -> None:
    late = payment(
        500,
        is_offline_payment=True,
        offline_payment_details={"client_created_at": "2025-03-06T11:00:00Z"},
        created_at="2025-03-08T17:00:00Z",
    )
    one = receipt(bought(order([line("A", 500, 500)], 500), late))
    assert one.offline
    assert one.completed_at.isoformat() == "2025-03-06T11:00:00+00:00"


def test_case_82_the_sandbox_is_training() -> None:
    assert receipt({**PLAIN, "environment": "Sandbox"}).training
    assert not receipt({**PLAIN, "environment": "Production"}).training


def test_case_84_ids_are_kept_digit_by_digit() -> None:
    numbers = with_order(id=9007199254740993, location_id="0000000000123")
    numbers["payments"] = [{**PLAIN["payments"][0], "order_id": 9007199254740993}]
    one = receipt(numbers)
    assert (one.transaction_id, one.store) == ("9007199254740993", "0000000000123")


@pytest.mark.parametrize("amount", ["500", 500, 500.0])
def test_case_85_whole_numbers_may_come_as_text_too(amount: Any) -> None:
    one = receipt(with_order(total_money={"amount": amount, "currency": "USD"}))
    assert problems_of(one) == ()


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (500.5, "a whole number of the currency's smallest unit, found 500.5"),
        ("5,00", "a decimal number such as 12.50, found 5,00"),
        (None, "a decimal number such as 12.50, found nothing"),
        (True, "a decimal number such as 12.50, found true"),
        (10**15, "a whole number of the currency's smallest unit, found 1000000000000000"),
    ],
)
def test_case_85_what_is_no_amount_is_named(found: Any, expected: str) -> None:
    arrival = read(
        with_order(
            line_items=[{**line("A", 500, 500), "gross_sales_money": {"amount": found, "currency": "USD"}}]
        )
    )
    assert arrival.reason == f"order.line_items[0].gross_sales_money.amount: expected {expected}"


def test_case_86_times_with_z_and_with_an_offset_are_one_time_and_without_is_refused() -> None:
    there = receipt(with_order(closed_at="2025-03-08T12:00:00-05:00")).completed_at
    assert there == receipt(with_order(closed_at="2025-03-08T17:00:00.000Z")).completed_at
    assert "an instant with its offset" in read(with_order(closed_at="2025-03-08T17:00:00")).reason


def in_currency(tree: Any, currency: str) -> Any:
    text = json.dumps(tree).replace('"USD"', f'"{currency}"')
    return json.loads(text)


@pytest.mark.parametrize(("currency", "due"), [("JPY", "500"), ("KWD", "0.500"), ("USD", "5.00")])
def test_case_91_the_smallest_unit_is_the_currencys(currency: str, due: str) -> None:
    one = receipt(in_currency(PLAIN, currency))
    assert (one.currency, str(one.amount_due), problems_of(one)) == (currency, due, ())


def test_an_amount_in_another_currency_is_refused_where_it_stands() -> None:
    arrival = read(with_order(line_items=[{**line("A", 500, 500), "gross_sales_money": money(500, "CAD")}]))
    assert arrival.reason == "order.line_items[0].gross_sales_money.currency: expected USD, found CAD"


def test_case_92_fields_nobody_knows_and_nulls_change_nothing() -> None:
    changed = with_order(
        brand_new={"deep": [1, {"er": None}]}, rounding_adjustment=None, returns=None, version=None
    )
    assert receipt(changed) == receipt(PLAIN)


def test_case_95_people_and_card_numbers_are_gone_before_anything_is_kept() -> None:
    sent = fixture("sale__split_tender_tip_and_basket_discount")
    sent["order"]["line_items"][0]["name"] = "Gift for sam@example.org 4111 1111 1111 1111"
    sent["order"]["fulfillments"] = [{"pickup_details": {"recipient": {"display_name": "Sam Sample"}}}]
    sent["order"]["reference_id"] = "4111111111111111"
    kept = read(sent).document.decode()
    for secret in ("Sam", "SAM", "sample", "example.org", "4111", "555 0100", "424242", "sq-1-made-up"):
        assert secret not in kept, secret
    assert "Gift for [removed] [card removed]" in kept
    assert '"name":"Offer ten"' in kept  # a discount's name is no person's
    assert '"last_4":"4242"' in kept


def test_what_was_kept_is_kept_the_same_when_it_is_read_again() -> None:
    document = read(fixture("sale__split_tender_tip_and_basket_discount")).document
    (again,) = SQUARE.read(document, "sq-1")
    assert again.document == document


# What cannot be booked


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "nothing"),
        (b"{}", "something else"),
        (b"[]", "a list of 0"),
        (b'{"payments": []}', "payments"),
        (b'{"order": 5}', "order"),
        (b'{"documents": []}', "none"),
        (b'{"documents": {}}', "none"),
    ],
)
def test_a_body_that_holds_no_receipt_is_refused(body: bytes, found: str) -> None:
    with pytest.raises(RejectedError) as error:
        SQUARE.read(body, "sq-1")
    assert error.value.found == found


def test_more_than_500_receipts_in_a_call_are_refused() -> None:
    with pytest.raises(RejectedError, match="expected 1 to 500 receipts and drawer events, found more"):
        read_all({"documents": [PLAIN] * 501})


def test_a_drawer_shift_does_not_grow_by_what_is_kept_with_each_of_its_events() -> None:
    shift = fixture("shift__closed_with_events")
    with pytest.raises(RejectedError, match="at most 8192 characters kept with each document, found 9891"):
        read_all({**shift, "brand_new": "x" * 9_700})
    shift["cash_drawer_shift"]["device"]["name"] = "x" * 10_000
    with pytest.raises(RejectedError, match="at most 8192 characters kept with each document"):
        read_all(shift)


def test_basket_discounts_without_end_are_not_spread_but_held_with_the_difference() -> None:
    many = [discount(f"d{number}", 1) for number in range(21)]
    one = receipt(bought(order([line("A", 500, 500)], 479, discounts=many), payment(479)))
    assert one.lines[0].discounts == ()
    assert problems_of(one)[0].found == "4.79 USD, a difference of -0.21"
    assert (
        problems_of(receipt(bought(order([line("A", 500, 500)], 480, discounts=many[:20]), payment(480))))
        == ()
    )


def test_parts_without_end_are_refused_before_they_are_read() -> None:
    with pytest.raises(RejectedError, match="at most 200000 objects and lists, found more"):
        SQUARE.read(b'{"documents":[' + b"{}," * 200_000 + b"{}]}", "sq-1")


def test_a_webhook_names_what_to_fetch_and_is_no_receipt() -> None:
    body = (FIXTURES / "webhook__payment_updated.json").read_bytes()
    with pytest.raises(RejectedError, match='expected "order" with "payments"'):
        SQUARE.read(body, "sq-1")
    assert named_by_event(body) == Named(
        "8d5f7a52-made-up", "payment.updated", "MERCHANT-1", "ORDER-1", "LOC-1", "PAY-2", is_settled=True
    )


def test_an_event_about_something_else_names_nothing_to_fetch() -> None:
    body = b'{"type": "catalog.version.updated", "event_id": "E", "merchant_id": "M", "data": {}}'
    assert named_by_event(body) == Named("E", "catalog.version.updated", "M")


def test_an_order_says_which_payments_and_sales_belong_beside_it() -> None:
    exchange = {"order": fixture("exchange__customer_pays_the_difference")["order"]}
    assert needed_for(json.dumps(exchange).encode()) == (("PAY-1",), ("ORDER-1",))


@pytest.mark.parametrize(
    ("change", "settled"),
    [
        ({}, True),
        (
            {"order": {**PLAIN["order"], "state": "CANCELED"}, "payments": [payment(500, status="CANCELED")]},
            True,
        ),
        ({"order": {**PLAIN["order"], "state": "OPEN"}}, False),
        ({"order": {**PLAIN["order"], "state": "DRAFT", "tenders": []}, "payments": []}, False),
        ({"payments": [payment(500, status="APPROVED")]}, False),
    ],
)
def test_only_what_is_settled_is_handed_over(change: dict[str, Any], settled: bool) -> None:
    assert is_settled(receipt({**PLAIN, **change})) is settled


def test_lists_name_what_to_fetch_and_the_next_page() -> None:
    orders = listed_orders(b'{"order_entries": [{"order_id": "A"}, {"order_id": "B"}], "cursor": "next"}')
    assert (orders.ids, orders.cursor) == (("A", "B"), "next")
    assert listed_orders(b'{"orders": [{"id": "C"}]}').ids == ("C",)
    assert listed_orders(b"{}").ids == ()


# Documents nobody in the project wrote


def sample(name: str) -> bytes:
    if not SAMPLES.is_dir():
        pytest.skip(f"no samples at {SAMPLES}: what Square published is not judged")
    return (SAMPLES / f"{name}.json").read_bytes()


@pytest.mark.parametrize(
    ("name", "due", "tax", "discount"),
    [("CreateOrderResponse", "61.76", "5.10", "4.33"), ("RetrieveOrderResponse", "5.50", "0", "5.50")],
)
def test_published_orders_add_up_and_wait_because_they_are_open(
    name: str, due: str, tax: str, discount: str
) -> None:
    (arrival,) = SQUARE.read(sample(name), "sq-1")
    one = arrival.transaction
    assert one is not None
    assert (one.status, one.amount_due) == (TillStatus.SUSPENDED, Decimal(due))
    assert sum(line.tax for line in one.lines) == Decimal(tax)
    assert sum(line.discount for line in one.lines) == Decimal(discount)
    assert one.control_totals is not None
    assert one.control_totals.total == Decimal(due)


@pytest.mark.parametrize("name", ["CreateOrderResponse", "RetrieveOrderResponse"])
def test_a_published_order_would_be_sent_once_it_was_paid(name: str) -> None:
    ordered = json.loads(sample(name))["order"]
    total = ordered["total_money"]["amount"]
    paid = payment(total, order_id=ordered["id"])
    one = receipt(bought({**ordered, "state": "COMPLETED"}, paid))
    assert problems_of(one) == ()


@pytest.mark.parametrize(
    ("name", "order_id", "settled"),
    [
        ("PaymentCreatedEvent", "03O3USaPaAaFnI6kkwB1JxGgBsUZY", False),
        ("PaymentUpdatedEvent", "03O3USaPaAaFnI6kkwB1JxGgBsUZY", True),
        ("RefundCreatedEvent", "haOyDuHiqtAXMk0d8pDKXpL7Jg4F", False),
        ("RefundUpdatedEvent", "haOyDuHiqtAXMk0d8pDKXpL7Jg4F", True),
    ],
)
def test_published_events_name_the_order_to_fetch(name: str, order_id: str, settled: bool) -> None:
    named = named_by_event(sample(name))
    assert (named.order, named.is_settled) == (order_id, settled)
    with pytest.raises(RejectedError):
        SQUARE.read(sample(name), "sq-1")


def test_published_events_money_is_read_beside_its_order() -> None:
    """The payment and the refund of the events, each put beside a made-up order of its id and amount."""
    paid = json.loads(sample("PaymentUpdatedEvent"))["data"]["object"]["payment"]
    one = receipt(bought({**order([line("A", 100, 100)], 100), "id": paid["order_id"]}, paid))
    assert (problems_of(one), one.amount_paid, one.tenders[0].code) == ((), Decimal("1.00"), "CARD")
    back = json.loads(sample("RefundUpdatedEvent"))["data"]["object"]["refund"]
    lines = [returned("A", 1000, 1000)]
    one = receipt({"order": return_order(lines, 1000, id=back["order_id"]), "refunds": [back]})
    assert (problems_of(one), one.amount_paid, one.tenders[0].code) == ((), Decimal("-10.00"), "REFUND")
    waiting = json.loads(sample("RefundCreatedEvent"))["data"]["object"]["refund"]
    one = receipt({"order": return_order(lines, 1000, id=back["order_id"]), "refunds": [waiting]})
    assert one.status is TillStatus.PENDING


@pytest.mark.parametrize(
    "name",
    [
        "BatchUpsertCatalogObjectsRequest",
        "BatchUpsertCatalogObjectsResponse",
        "ListLocationsResponse",
        "ListCashDrawerShiftsResponse",
    ],
)
def test_published_lists_and_catalogues_are_refused_as_no_receipts(name: str) -> None:
    with pytest.raises(RejectedError, match='expected "order" with "payments"'):
        SQUARE.read(sample(name), "sq-1")


def test_the_published_list_of_drawer_shifts_names_what_to_fetch_and_its_figures_are_read() -> None:
    body = sample("ListCashDrawerShiftsResponse")
    assert listed_shifts(body).ids == ("DCC99978-09A6-4926-849F-300BE9C5793A",)
    shift = json.loads(body)["cash_drawer_shifts"][0]
    opened, closed = read_all({"cash_drawer_shift": shift})
    assert opened.reason == closed.reason
    assert opened.reason.startswith("location_id: expected an identifier of 1 to 200 printable characters")
    fetched = {"cash_drawer_shift": {**shift, "device": {"name": "Till 1"}}, "location_id": "LOC-1"}
    record = read_all(fetched)[1].transaction
    assert record is not None
    assert record.shift_record is not None
    assert (record.shift_record.opening_float, record.shift_record.counted[0].amount) == (
        Decimal(100),
        Decimal("99.70"),
    )
