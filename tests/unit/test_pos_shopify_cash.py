"""Shopify's cash sessions and money alone; each test bears the number of its case in the list of POS cases."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from shared.retail.money import total
from shared.retail.rules import problems_of
from shared.retail.transaction import CashMovement, Counted, Kind, Link, LinkRole, TillStatus, Transaction
from tests.unit.shopify_documents import (
    arrivals,
    fixture,
    line,
    order,
    read,
    read_one,
    refusal,
)

D = Decimal
NAMES = "pointOfSaleDevicePaymentSessions"


def session() -> dict[str, Any]:
    found: dict[str, Any] = fixture("cash__device_session")["data"][NAMES]["nodes"][0]
    return found


def old_session() -> dict[str, Any]:
    found: dict[str, Any] = fixture("cash__register_session")["data"]["cashTrackingSessions"]["nodes"][0]
    return found


def by_kind(document: object, kind: Kind) -> list[Transaction]:
    found = [one for one in read(document) if one.kind is kind]
    assert all(problems_of(one) == () for one in found)
    return found


def test_a_session_is_told_in_order_of_time_under_ids_that_stay() -> None:
    assert [(one.transaction_id, one.kind) for one in read(fixture("cash__device_session"))] == [
        ("S44001-OPEN", Kind.SHIFT_OPEN),
        ("S44001-A20260302150000000000", Kind.PAID_IN),
        ("S44001-A20260302170000000000", Kind.PAID_OUT),
        ("S44001-A20260302180000000000", Kind.NO_SALE),
        ("S44001-A20260302200000000000", Kind.PICKUP),
        ("S44001-CLOSE", Kind.SHIFT_CLOSE),
    ]


def test_a_session_is_of_the_device_that_the_receipts_name() -> None:
    till = {(one.store, one.terminal, one.shift, one.currency) for one in read(session())}
    assert till == {("70011", "3301", "44001", "USD")}
    sale = read_one(order([line("A", "1.00")], "1.00"))
    assert (sale.store, sale.terminal) == ("70011", "3301")


def test_61_the_float_is_what_was_counted_at_the_opening() -> None:
    (one,) = by_kind(session(), Kind.SHIFT_OPEN)
    assert one.shift_record is not None
    assert (one.shift_record.opening_float, one.shift_record.opened_by) == (D("100.00"), "9001")
    assert one.shift_record.closed_at is None
    assert one.cash_movement == CashMovement("cash", D("100.00"))  # names the float's tender


def test_62_money_put_in() -> None:
    (one,) = by_kind(session(), Kind.PAID_IN)
    assert one.cash_movement == CashMovement("cash", D("20.00"), "Float top-up", "more coins")


def test_63_money_taken_out_for_a_reason() -> None:
    (one,) = by_kind(session(), Kind.PAID_OUT)
    assert one.cash_movement == CashMovement("cash", D("-5.00"), "Petty cash", "window cleaner")
    assert one.operator == "9001"


def test_63_a_gift_card_paid_out_in_cash_is_no_removal() -> None:
    paid = session()
    paid["cashActivities"]["nodes"][5]["giftCard"] = {"id": "gid://shopify/GiftCard/8801"}
    found = by_kind(paid, Kind.PAID_OUT)[-1]
    assert found.cash_movement == CashMovement("cash", D("-50.00"), "gift card paid out", None)


def test_65_a_payout_is_a_removal_of_cash() -> None:
    (one,) = by_kind(session(), Kind.PICKUP)
    assert one.cash_movement == CashMovement("cash", D("-50.00"))


def test_67_68_69_the_count_at_closing_and_what_is_over_or_short() -> None:
    for counted, over in (("125.00", "-1.50"), ("130.00", "3.50")):
        told = session() | {"cashCountedAtClose": {"amount": counted, "currencyCode": "USD"}}
        (one,) = by_kind(told, Kind.SHIFT_CLOSE)
        assert one.shift_record is not None
        assert one.shift_record.counted == (Counted("cash", "USD", D(counted)),)
        assert one.shift_record.closed_by == "9002"
        expected = D(str(one.extra["expectedCashAtClose"]))
        assert one.shift_record.counted[0].amount - expected == D(over)


def test_67_a_count_between_opening_and_closing_is_kept_and_declares_nothing() -> None:
    (one,) = by_kind(session(), Kind.NO_SALE)
    assert (one.shift_record, one.cash_movement, one.shift) == (None, None, "44001")
    assert one.extra["cashCounted"] == "135.00"


def test_70_a_session_closed_without_a_count() -> None:
    (one,) = by_kind(session() | {"cashCountedAtClose": None}, Kind.SHIFT_CLOSE)
    assert one.shift_record is not None
    assert one.shift_record.counted == ()


def test_what_is_taken_out_after_the_count_is_not_counted_as_missing() -> None:
    moved = [one.cash_movement.amount for one in read(session())[1:] if one.cash_movement is not None]
    assert moved == [D("20.00"), D("-5.00"), D("-50.00")]
    (one,) = by_kind(session(), Kind.SHIFT_CLOSE)
    assert one.extra["closingAdjustment"] == "-25.00"


def test_the_sessions_own_totals_can_be_rebuilt() -> None:
    found = read(session())
    closing, opening = found[-1], found[0]
    assert opening.shift_record is not None
    moved = total(one.cash_movement.amount for one in found[1:] if one.cash_movement is not None)
    expected = (opening.shift_record.opening_float or D(0)) + D(str(closing.extra["netCashSales"])) + moved
    assert moved == D(str(closing.extra["totalAdjustments"]))
    assert expected == D(str(closing.extra["expectedCashAtClose"]))
    assert closing.shift_record is not None
    assert closing.shift_record.counted[0].amount - expected == D(str(closing.extra["totalDiscrepancy"]))


def test_an_open_session_tells_its_opening_and_says_the_same_when_it_is_closed() -> None:
    still_open = session() | {
        "closingTime": None,
        "status": "OPEN",
        "cashCountedAtClose": None,
        "closingStaffMember": None,
    }
    early, late = read(still_open), read(session())
    assert [one.kind for one in early][-1] is Kind.PICKUP
    for before, after in zip(early, late, strict=False):
        assert (before.transaction_id, before.shift_record, before.cash_movement) == (
            after.transaction_id,
            after.shift_record,
            after.cash_movement,
        )


def test_two_movements_at_one_instant_have_two_ids() -> None:
    twice = session()
    twice["cashActivities"]["nodes"].insert(2, copy.deepcopy(twice["cashActivities"]["nodes"][1]))
    ids = [one.transaction_id for one in by_kind(twice, Kind.PAID_IN)]
    assert ids == ["S44001-A20260302150000000000", "S44001-A20260302150000000000-2"]


def test_an_older_session_is_of_the_device_that_took_its_cash() -> None:
    found = read(fixture("cash__register_session"))
    assert [(one.transaction_id, one.kind, one.terminal) for one in found] == [
        ("S33001-OPEN", Kind.SHIFT_OPEN, "3301"),
        ("S33001-A34001", Kind.PAID_OUT, "3301"),
        ("S33001-CLOSE", Kind.SHIFT_CLOSE, "3301"),
    ]
    closing = found[-1].shift_record
    assert closing is not None
    opening = found[0].shift_record
    assert opening is not None
    assert (opening.opening_float, closing.counted) == (D("80.00"), (Counted("cash", "USD", D("112.40")),))
    assert found[1].cash_movement == CashMovement("cash", D("-10.00"), None, "stamps")


def test_an_older_session_without_cash_payments_has_only_its_registers_name() -> None:
    found = read(old_session() | {"cashTransactions": {"nodes": []}})
    assert {one.terminal for one in found} == {"Front till"}
    assert refusal_of_all(old_session() | {"cashTransactions": {"nodes": []}, "registerName": "Bar drawer 2"})


def refusal_of_all(document: object) -> bool:
    return all(
        one.transaction is None and one.reason.startswith("registerName") for one in arrivals(document)
    )


def test_an_older_session_that_is_open_is_left_until_it_is_closed() -> None:
    assert arrivals(old_session() | {"closingTime": None}) == []


def test_an_order_transaction_is_kept_as_evidence_and_counts_nowhere() -> None:
    one = read_one(fixture("transaction__card"))
    assert (one.transaction_id, one.kind, one.status) == ("T63003", Kind.NO_SALE, TillStatus.COMPLETED)
    assert (one.store, one.terminal, one.tenders, one.lines) == ("70011", "3301", (), ())
    assert one.links == (Link(LinkRole.ORDER, transaction_id="O5512345678901234567"),)
    assert (one.extra["kind"], one.extra["gateway"], one.extra["amount"]) == (
        "capture",
        "shopify_payments",
        "29.06",
    )
    assert not one.is_for_the_ledger
    failed = read_one(fixture("transaction__card") | {"status": "failure"})
    assert failed.status is TillStatus.FAILED


def test_a_tender_transaction_posts_nothing_and_says_so() -> None:
    assert "a tender transaction, which names no store" in refusal(fixture("tender_transaction__card"))
