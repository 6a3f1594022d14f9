"""Lightspeed's documents on their way: forms, repeats, revisions, neighbours, numbers, times, masking, closures."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from shared.errors import RejectedError
from shared.pos.adapter import Arrival
from shared.retail.identity import content_hash, revision_is_higher
from shared.retail.rules import problems_of
from shared.retail.transaction import Counted, Kind, Transaction
from tests.unit.lightspeed_documents import (
    FIXTURES,
    LIGHTSPEED,
    fixture,
    form,
    line,
    payment,
    read,
    receipt,
    sale,
)

D = Decimal
PLAIN = sale([line("A", 5, 0)], [payment(5)], 5, 0)


def read_all(body: Any) -> list[Arrival]:
    return LIGHTSPEED.read(json.dumps(body).encode(), "ls-1")


def with_sale(**changes: Any) -> dict[str, Any]:
    return {**PLAIN, "sale": {**PLAIN["sale"], **changes}}


# Cases H, transport.


def test_case_75_a_webhook_is_a_form_and_its_payload_the_sale() -> None:
    told = {**PLAIN["sale"], "outlet_id": "OUT-1"}
    told["register_sale_payments"] = [payment(5, currency="NZD")]
    (arrival,) = LIGHTSPEED.read(form(told, environment="prod"), "ls-1")
    one = arrival.transaction
    assert one is not None
    assert problems_of(one) == ()
    assert content_hash(one) == content_hash(receipt(PLAIN))
    assert LIGHTSPEED.read_document(arrival.document, "ls-1") == one
    assert arrival.document.startswith(b'{"sale":{')


def test_case_75_a_webhook_that_does_not_tell_its_currency_says_what_to_put_beside_it() -> None:
    (arrival,) = LIGHTSPEED.read(form(PLAIN["sale"]), "ls-1")
    assert arrival.reason == "outlet.currency: expected the outlet's currency beside the sale, found nothing"
    assert arrival.transaction_id == "SALE-1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"nonsense", "body"),
        (b"payload=" + b"%7B" * 700_000, "body"),
        (b"a=1&b=2", "payload"),
        (b"payload=%7B", "transaction"),
        (b"payload=%5B%5D", "body"),
        (b"payload=%FF%FE", "body"),
        ("payload=ä".encode(), "body"),
        (b"&".join(b"f%d=1" % number for number in range(30)), "body"),
        (b"[]", "body"),
        (b"{}", "body"),
        (b'{"sale": 5}', "body"),
        (b'{"documents": []}', "documents"),
        (b'{"documents": 7}', "documents"),
        (b'{"data": []}', "documents"),
        (b'{"register": {"id": "REG-1"}}', "body"),
    ],
)
def test_a_body_that_holds_no_sale_is_refused(body: bytes, field: str) -> None:
    with pytest.raises(RejectedError) as error:
        LIGHTSPEED.read(body, "ls-1")
    assert error.value.field == field


def test_more_than_500_sales_in_a_call_are_refused() -> None:
    with pytest.raises(RejectedError, match="expected 1 to 500 sales and closures, found more"):
        read_all({"documents": [PLAIN] * 501})


def test_a_page_of_sales_does_not_grow_by_what_is_kept_with_each_of_them() -> None:
    with pytest.raises(RejectedError, match="at most 8192 characters kept with each document"):
        read_all(
            {"data": [PLAIN["sale"]] * 2, "outlet": {"id": "OUT-1", "currency": "NZD", "name": "x" * 9_000}}
        )


def test_more_than_100_taxes_on_a_sale_are_not_read() -> None:
    lines = [line(f"L{number}", 1, "0.1", tax_id=f"T{number}") for number in range(101)]
    assert (
        read(sale(lines, [payment("111.1")], 101, "10.1")).reason
        == "sale: expected at most 100 taxes, found 101"
    )
    assert receipt(sale(lines[:100], [payment(110)], 100, 10)).amount_due == D(110)


def test_case_76_77_and_94_the_same_sale_by_webhook_and_by_list_is_the_same_receipt() -> None:
    told = {**PLAIN["sale"], "outlet_id": "OUT-1"}
    page = {
        "data": [told, {**told, "id": "SALE-2"}],
        "version": {"min": 1, "max": 2},
        "outlet": PLAIN["outlet"],
    }
    first, second = (one.transaction for one in read_all(page))
    assert first is not None
    assert second is not None
    assert content_hash(first) == content_hash(receipt(PLAIN))
    assert (first.transaction_id, second.transaction_id) == ("SALE-1", "SALE-2")


def test_case_78_and_79_a_later_version_is_higher_also_within_a_second() -> None:
    first = receipt(with_sale(version=7))
    second = receipt(with_sale(version=12))
    third = receipt(with_sale(updated_at="2025-03-08 00:00:01"))
    assert revision_is_higher(second.revision, first.revision)
    assert revision_is_higher(third.revision, second.revision)
    assert not revision_is_higher(first.revision, third.revision)
    assert content_hash(first) == content_hash(third)


def test_case_80_one_that_cannot_be_read_never_stops_its_neighbours() -> None:
    arrivals = read_all({"documents": [with_sale(status="MELTED"), 7, PLAIN]})
    assert [one.transaction is not None for one in arrivals] == [False, False, True]
    assert arrivals[0].reason.startswith("sale.status: expected one of OPEN, SAVED, CLOSED")
    assert (arrivals[0].store, arrivals[0].transaction_id) == ("OUT-1", "SALE-1")
    assert arrivals[1].reason == "transaction: expected an object, found 7"


def test_case_82_exercises_are_what_the_door_says_is_one() -> None:
    assert receipt({**PLAIN, "environment": "training"}).training
    assert not receipt(PLAIN).training


def test_case_84_ids_are_kept_digit_by_digit() -> None:
    assert receipt(with_sale(id=9007199254740993)).transaction_id == "9007199254740993"


@pytest.mark.parametrize(
    ("price", "tax"),
    [
        ("4.34783", "0.65217"),
        (4.34783, 0.65217),
        (4.347830000000001, "0.65217000000000003"),
        ("4.34783", 0.65217),
    ],
)
def test_case_85_numbers_and_texts_are_one_and_floating_dust_is_none(price: Any, tax: Any) -> None:
    one = receipt(sale([line("A", price, tax)], [payment("5")], price, tax))
    assert (problems_of(one), one.lines[0].unit_price) == ((), D("4.34783"))


def test_case_85_a_rest_of_floating_point_is_nothing() -> None:
    one = receipt(sale([line("A", 5, 1.1102230246251565e-16)], [payment(5)], 5, 0))
    assert (problems_of(one), one.amount_due) == ((), D(5))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("4,35", "a decimal number such as 12.50, found 4,35"),
        (None, "a decimal number such as 12.50, found nothing"),
        ("1000000000", "less than 1000000000, found 1000000000"),
        ([], "a decimal number such as 12.50, found a list of 0"),
    ],
)
def test_case_85_what_is_no_amount_is_named(found: Any, expected: str) -> None:
    arrival = read(with_sale(register_sale_products=[line("A", found, 0)]))
    assert arrival.reason == f"sale.register_sale_products[0].price: expected {expected}"


@pytest.mark.parametrize(
    "told",
    [
        "2025-03-08 00:00:00",
        "2025-03-08T00:00:00Z",
        "2025-03-08T13:00:00+13:00",
        "2025-03-08T00:00:00.000000",
    ],
)
def test_case_86_times_without_an_offset_are_utc(told: str) -> None:
    one = receipt(with_sale(sale_date=told))
    assert one.completed_at == receipt(PLAIN).completed_at
    assert "naive_times" not in one.extra


@pytest.mark.parametrize("told", ["8 March 2025", "", 5, "2025-13-08 00:00:00", None])
def test_case_86_what_is_no_time_is_named(told: Any) -> None:
    assert read(with_sale(sale_date=told)).transaction is None


@pytest.mark.parametrize(("currency", "due"), [("JPY", "5"), ("KWD", "5.000"), ("NZD", "5.00")])
def test_case_91_the_smallest_unit_is_the_currencys(currency: str, due: str) -> None:
    one = receipt({**PLAIN, "outlet": {"id": "OUT-1", "currency": currency}})
    assert (str(one.amount_due), problems_of(one)) == (due, ())


def test_case_92_fields_nobody_knows_and_nulls_change_nothing() -> None:
    changed = with_sale(
        brand_new={"deep": [1]},
        return_for=None,
        customer_id=None,
        totals=None,
        version=None,
        adjustments=None,
    )
    assert receipt(changed) == receipt(PLAIN)


def test_case_95_people_and_card_numbers_are_gone_before_anything_is_kept() -> None:
    sent = fixture("sale__five_digits")
    sent["sale"]["register_sale_products"][1]["name"] = "Gift for sam@example.org 4111 1111 1111 1111"
    kept = read(sent).document.decode()
    for secret in ("Sam", "Kim", "sample", "example.org", "4111", "555 0100", "line_note"):
        assert secret not in kept, secret
    assert "Gift for [removed] [card removed]" in kept
    assert '"name":"Article A"' in kept


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_what_was_kept_is_kept_the_same_when_it_is_read_again(name: str) -> None:
    for arrival in read_all(fixture(name)):
        (again,) = LIGHTSPEED.read(arrival.document, "ls-1")
        assert again.document == arrival.document
        assert again.transaction == arrival.transaction


# Cases G, cash office: what a register's closure tells.


def closure(**changes: Any) -> dict[Kind, Transaction]:
    document = fixture("closure__counted_by_payment_type")
    document["register_closure"] |= changes
    found = {}
    for arrival in read_all(document):
        one = arrival.transaction
        assert one is not None, arrival.reason
        assert problems_of(one) == ()
        assert LIGHTSPEED.read_document(arrival.document, "ls-1") == one
        found[one.kind] = one
    return found


def test_case_61_an_opening_with_its_float() -> None:
    one = closure()[Kind.SHIFT_OPEN]
    assert (one.transaction_id, one.store, one.terminal, one.shift) == (
        "OPEN-5:opened",
        "OUT-1",
        "REG-1",
        "OPEN-5",
    )
    assert one.completed_at.isoformat() == "2025-03-07T20:00:00+00:00"
    assert one.shift_record is not None
    assert (one.shift_record.opening_float, one.shift_record.opened_by) == (D("100.00"), "USER-7")


def test_case_68_69_and_71_a_close_counts_each_payment_type_beside_what_was_added_up() -> None:
    """Cash: 100.00 and 125.30 taken, 225.10 counted: twenty cents short. Cards as taken."""
    one = closure()[Kind.SHIFT_CLOSE]
    record = one.shift_record
    assert record is not None
    assert record.counted == (
        Counted("Cash", "NZD", D("225.10")),
        Counted("Credit Card", "NZD", D("1038.77")),
    )
    assert one.extra == {"payments": {"Cash": "125.30", "Credit Card": "1038.77"}, "closure_number": "25"}
    assert record.opening_float is not None
    assert record.counted[0].amount - record.opening_float - D("125.30") == D("-0.20")
    assert (record.closed_by, one.completed_at.isoformat()) == ("USER-9", "2025-03-08T05:00:00+00:00")


def test_case_70_a_close_without_a_count_counts_nothing() -> None:
    sums = [{"payment_type_name": "Cash", "payment_type_id": "TYPE-Cash", "total": "125.30"}]
    record = closure(payments=sums)[Kind.SHIFT_CLOSE].shift_record
    assert record is not None
    assert record.counted == ()


def test_case_72_a_register_still_open_tells_its_opening_only_and_the_same_later() -> None:
    still_open = closure(register_close_time=None)
    assert set(still_open) == {Kind.SHIFT_OPEN}
    assert content_hash(still_open[Kind.SHIFT_OPEN]) == content_hash(closure()[Kind.SHIFT_OPEN])


def test_case_73_a_sale_names_the_opening_it_was_completed_in() -> None:
    assert receipt(with_sale(complete_open_sequence_id="OPEN-5")).shift == closure()[Kind.SHIFT_CLOSE].shift


def test_a_webhook_of_a_closure_is_told_from_a_sales() -> None:
    told = fixture("closure__counted_by_payment_type")["register_closure"]
    arrivals = LIGHTSPEED.read(form(told), "ls-1")
    assert [one.transaction_id for one in arrivals] == ["OPEN-5:opened", "OPEN-5:closed"]
    assert {one.reason for one in arrivals} == {
        "outlet.currency: expected the outlet's currency beside the sale, found nothing"
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"register_open_time": None},
            "register_closure.register_open_time: expected an instant with its offset",
        ),
        ({"register_id": {}}, "register_closure.register_id: expected an identifier"),
        ({"id": None}, "register_closure.id: expected an identifier"),
    ],
)
def test_a_closure_that_cannot_be_read_says_why(change: dict[str, Any], reason: str) -> None:
    document = fixture("closure__counted_by_payment_type")
    document["register_closure"] |= change
    assert all(one.reason.startswith(reason) for one in read_all(document))
