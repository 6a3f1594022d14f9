"""Square's cash drawer shifts: what each tells, once, with its sizes whatever sign they come with (cases G)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from shared.pos.adapter import Arrival
from shared.retail.identity import content_hash
from shared.retail.rules import problems_of
from shared.retail.transaction import CashMovement, Counted, Kind, Transaction
from tests.unit.square_documents import SQUARE, fixture, money

D = Decimal
NAME = "shift__closed_with_events"


def arrivals(document: dict[str, Any]) -> list[Arrival]:
    return SQUARE.read(json.dumps(document).encode(), "sq-1")


def told(document: dict[str, Any] | None = None, **changes: Any) -> dict[Kind, Transaction]:
    """Read a shift with changes; each thing it tells is readable and kept so that it reads the same again."""
    document = document or fixture(NAME)
    document = {**document, "cash_drawer_shift": {**document["cash_drawer_shift"], **changes}}
    found = {}
    for arrival in arrivals(document):
        one = arrival.transaction
        assert one is not None, arrival.reason
        assert SQUARE.read_document(arrival.document, "sq-1") == one
        found[one.kind] = one
    return found


def test_a_closed_shift_tells_five_things_and_no_payment_twice() -> None:
    one = told()
    assert {kind: it.transaction_id for kind, it in one.items()} == {
        Kind.SHIFT_OPEN: "SHIFT-1:opened",
        Kind.SHIFT_CLOSE: "SHIFT-1:closed",
        Kind.PAID_IN: "EV-2",
        Kind.PAID_OUT: "EV-3",
        Kind.NO_SALE: "EV-4",
    }
    assert {(it.store, it.terminal, it.shift, it.currency) for it in one.values()} == {
        ("LOC-1", "Till 1", "SHIFT-1", "USD")
    }
    assert all(problems_of(it) == () for it in one.values())


def test_case_61_the_float() -> None:
    one = told()[Kind.SHIFT_OPEN]
    assert one.cash_movement == CashMovement("CASH", D("100.00"))
    assert one.shift_record is not None
    assert (one.shift_record.opening_float, one.shift_record.opened_by) == (D("100.00"), "TM-7")
    assert one.completed_at.isoformat() == "2025-03-08T13:00:00+00:00"


def test_case_62_63_and_65_money_in_and_out_by_its_text_also_a_bank_drop() -> None:
    one = told()
    assert one[Kind.PAID_IN].cash_movement == CashMovement(
        "CASH", D("20.00"), "Change from the bank", "Change from the bank"
    )
    assert one[Kind.PAID_OUT].cash_movement == CashMovement("CASH", D("-50.00"), "Bank drop", "Bank drop")


def test_money_out_without_a_text_has_squares_word_for_it() -> None:
    document = fixture(NAME)
    document["cash_drawer_shift_events"][2]["description"] = None
    assert told(document)[Kind.PAID_OUT].cash_movement == CashMovement("CASH", D("-50.00"), "PAID_OUT")


def test_figures_that_come_negative_count_by_their_size() -> None:
    document = fixture(NAME)
    document["cash_drawer_shift_events"][2]["event_money"] = money(-5000)
    one = told(document, cash_refunds_money=money(-1200), cash_paid_out_money=money(-5000))
    assert one[Kind.PAID_OUT].cash_movement == CashMovement("CASH", D("-50.00"), "Bank drop", "Bank drop")
    assert one[Kind.SHIFT_CLOSE].extra == told()[Kind.SHIFT_CLOSE].extra


def test_squares_own_sum_of_the_drawer_is_rebuilt() -> None:
    """100.00 + 86.50 - 12.00 + 20.00 - 50.00 = 144.50."""
    one = told()[Kind.SHIFT_CLOSE]
    assert one.extra == {
        "cash_payment": "86.50", "cash_refunds": "12.00", "cash_paid_in": "20.00", "cash_paid_out": "50.00",
        "expected_cash": "144.50",
    }  # fmt: skip
    record = one.shift_record
    assert record is not None
    assert record.opening_float is not None
    figures = {name: D(str(value)) for name, value in one.extra.items()}
    in_drawer = record.opening_float + figures["cash_payment"] - figures["cash_refunds"]
    assert in_drawer + figures["cash_paid_in"] - figures["cash_paid_out"] == figures["expected_cash"]


def test_case_66_the_drawer_opened_without_a_sale() -> None:
    one = told()[Kind.NO_SALE]
    assert (one.cash_movement, one.operator) == (None, "TM-7")


@pytest.mark.parametrize(("counted", "over"), [(14400, "-0.50"), (14500, "0.50"), (14450, "0.00")])
def test_case_68_and_69_over_and_short_are_the_count_less_what_was_expected(counted: int, over: str) -> None:
    one = told(closed_cash_money=money(counted))[Kind.SHIFT_CLOSE]
    assert one.shift_record is not None
    assert one.shift_record.counted == (Counted("CASH", "USD", D(counted) / 100),)
    assert one.shift_record.counted[0].amount - D(str(one.extra["expected_cash"])) == D(over)


def test_case_70_ended_and_not_counted_is_closed_blind() -> None:
    one = told(state="ENDED", closed_at=None, closed_cash_money=None)
    assert Kind.SHIFT_CLOSE not in one
    assert one[Kind.SHIFT_BLIND_CLOSE].completed_at.isoformat() == "2025-03-08T23:00:00+00:00"
    closed = told(closed_cash_money=None)[Kind.SHIFT_CLOSE].shift_record
    assert closed is not None
    assert closed.counted == ()


def test_case_72_a_shift_fetched_open_ended_and_closed_tells_its_opening_once() -> None:
    states: list[dict[str, Any]] = [
        {
            "state": "OPEN",
            "ended_at": None,
            "closed_at": None,
            "cash_payment_money": money(100),
            "closed_cash_money": None,
        },
        {
            "state": "ENDED",
            "closed_at": None,
            "updated_at": "2025-03-08T23:00:00Z",
            "closed_cash_money": None,
        },
        {"state": "CLOSED"},
    ]
    opened = {content_hash(told(**state)[Kind.SHIFT_OPEN]) for state in states}
    assert len(opened) == 1
    assert {told(**state)[Kind.SHIFT_OPEN].revision for state in states} == {None}


def test_case_73_two_people_at_one_drawer_are_told_by_their_events() -> None:
    document = fixture(NAME)
    document["cash_drawer_shift_events"][2]["team_member_id"] = "TM-8"
    one = told(document)
    assert (one[Kind.PAID_IN].operator, one[Kind.PAID_OUT].operator) == ("TM-7", "TM-8")
    assert one[Kind.SHIFT_CLOSE].operator == "TM-9"


def test_a_device_goes_by_its_name_and_by_its_id_only_where_it_has_none() -> None:
    assert told(device={"id": "DEV-1", "name": "Till 1"})[Kind.SHIFT_OPEN].terminal == "Till 1"
    assert told(device={"id": "DEV-1"})[Kind.SHIFT_OPEN].terminal == "DEV-1"
    assert told(device={"id": "DEV-1", "name": "Bar drawer 2"})[Kind.SHIFT_OPEN].terminal == "DEV-1"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "MELTED"}, "cash_drawer_shift.state: expected one of OPEN, ENDED, CLOSED, found MELTED"),
        ({"state": []}, "cash_drawer_shift.state: expected one of OPEN, ENDED, CLOSED, found a list of 0"),
        ({"state": None}, "cash_drawer_shift.state: expected one of OPEN, ENDED, CLOSED, found nothing"),
        ({"device": None}, "cash_drawer_shift.device: expected an object, found nothing"),
        (
            {"opened_cash_money": {"amount": 1, "currency": "usd"}},
            "cash_drawer_shift.opened_cash_money.currency: expected a currency of three letters, found usd",
        ),
    ],
)
def test_a_shift_that_cannot_be_read_says_why(change: dict[str, Any], reason: str) -> None:
    document = fixture(NAME)
    document["cash_drawer_shift"] |= change
    document["cash_drawer_shift_events"] = []
    first = arrivals(document)[0]
    assert (first.transaction, first.reason, first.store) == (None, reason, "LOC-1")


def test_an_event_that_cannot_be_read_never_stops_its_shift() -> None:
    document = fixture(NAME)
    document["cash_drawer_shift_events"] = [
        "nonsense",
        {"id": "EV-9", "event_type": "PAID_OUT", "created_at": "later"},
    ]
    found = arrivals(document)
    assert [one.reason for one in found] == [
        "",
        "",
        "cash_drawer_shift_event: expected an object, found nonsense",
        "cash_drawer_shift_event.event_money: expected an object, found nothing",
    ]
    assert found[3].transaction_id == "EV-9"
