"""NCR's POSLog: signs, voids, rewards, taxes, change, times, and what its XML may not hold."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.errors import RejectedError
from shared.pos.adapter import Arrival, localised
from shared.pos.allocation import allocated
from shared.pos.registry import ADAPTERS
from shared.retail.rules import problems_of
from shared.retail.transaction import (
    ControlTotals,
    Kind,
    Line,
    Link,
    LinkRole,
    TenderRole,
    TenderStatus,
    TillStatus,
    Transaction,
)

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "pos" / "poslog" / "sale__every_case.xml"
POSLOG = ADAPTERS["poslog"]
CENT = Decimal("0.01")
NEW_YORK = ZoneInfo("America/New_York")


def read(body: str | None = None) -> list[Arrival]:
    return POSLOG.read((body if body is not None else FIXTURE.read_text("utf-8")).encode(), "ncr-9")


def sale() -> Transaction:
    transaction = read()[0].transaction
    assert transaction is not None
    return transaction


def changed(old: str, new: str) -> Arrival:
    text = FIXTURE.read_text("utf-8")
    assert old in text
    return read(text.replace(old, new, 1))[0]


def by_item(lines: tuple[Line, ...], item: str) -> list[tuple[str, str, str, str, str]]:
    return [
        (str(one.quantity), str(one.gross), str(one.discount), str(one.net), str(one.tax))
        for one in lines
        if one.item == item
    ]


def test_the_header_is_read_and_its_id_follows_the_fixed_scheme() -> None:
    one = sale()
    assert one.transaction_id == "2-1-20171105-41"
    assert (one.account, one.store, one.terminal, one.generation) == ("ncr-9", "9", "2", 1)
    assert (one.sequence_number, one.business_day, one.currency) == (41, date(2017, 11, 5), "USD")
    assert (one.kind, one.status, one.operator) == (Kind.SALES, TillStatus.COMPLETED, "437")
    assert one.control_totals == ControlTotals(total=Decimal("20.96"), tax=Decimal("1.01"))
    assert one.links == (
        Link(
            LinkRole.RESUMES,
            transaction_id="32-1-20171105-111",
            store="9",
            terminal="32",
            business_day=date(2017, 11, 5),
            sequence_number=111,
        ),
    )


def test_the_sale_balances_with_rewards_taxes_voids_and_cashback() -> None:
    assert problems_of(sale()) == ()
    assert sale().amount_due == sale().amount_paid == Decimal("20.96")


def test_rewards_and_tax_land_on_their_lines_once() -> None:
    one = sale()
    assert by_item(one.lines, "A") == [("1", "10.00", "2.00", "8.00", "0.45")]
    assert by_item(one.lines, "B") == [("1", "10.00", "0", "10.00", "0.56")]
    (discount,) = one.lines[0].discounts
    assert (discount.scope, discount.method, discount.promotion) == ("BASKET", "PERCENT", "1032")
    assert one.lines[0].taxes[0].code == "1"
    assert one.lines[0].taxes[0].base == Decimal("8.00")
    assert (one.lines[0].gtin, one.lines[0].description) == ("00000000000017", "WINE")


def test_a_void_that_cancels_a_line_exactly_goes_aside_with_it() -> None:
    one = sale()
    assert by_item(one.lines, "C") == []
    assert [(line.line_number, str(line.quantity), str(line.gross)) for line in one.voided_lines] == [
        (4, "2", "4.00"),
        (5, "-2", "-4.00"),
    ]


def test_a_void_of_part_of_a_line_stays_among_the_lines() -> None:
    assert by_item(sale().lines, "D") == [("3", "3.00", "0", "3.00", "0"), ("-1", "-1.00", "0", "-1.00", "0")]


def test_a_voided_line_with_a_reward_on_it_stays_among_the_lines() -> None:
    arrival = changed(
        "<acs:OperatorSequenceReference>1</acs:OperatorSequenceReference>",
        "<acs:OperatorSequenceReference>3</acs:OperatorSequenceReference>",
    )
    assert arrival.transaction is not None
    assert arrival.transaction.voided_lines == ()
    assert by_item(arrival.transaction.lines, "C")[0] == ("2", "4.00", "2.00", "2.00", "0")
    assert arrival.transaction.amount_due == Decimal("20.96")


def test_a_reward_that_names_no_line_goes_to_its_item_and_else_over_all_that_was_sold() -> None:
    reference = "<acs:OperatorSequenceReference>1</acs:OperatorSequenceReference>"
    nowhere = "<acs:OperatorSequenceReference>0</acs:OperatorSequenceReference>"
    to_item = changed(reference, nowhere).transaction
    assert to_item is not None
    assert str(to_item.lines[0].discount) == "2.00"
    text = FIXTURE.read_text("utf-8").replace(reference, nowhere)
    to_all = read(text.replace("<acs:RewardBasis><acs:ItemID>A</acs:ItemID></acs:RewardBasis>", ""))[
        0
    ].transaction
    assert to_all is not None
    # 2.00 over 10.00, 10.00 and 3.00 is 0.8696, 0.8696, 0.2609: the cent that is left goes to the first.
    assert [str(one.discount) for one in to_all.lines if one.gross > 0] == ["0.87", "0.87", "0.26"]
    assert problems_of(to_all) == ()


def test_a_negative_item_turns_its_quantity() -> None:
    assert by_item(sale().lines, "E") == [("-1", "-0.05", "0", "-0.05", "0")]


def test_cashback_and_change_are_told_apart_and_counted_once() -> None:
    tenders = [(one.code, one.role, str(one.amount)) for one in sale().tenders]
    assert tenders == [
        ("12", TenderRole.PAYMENT, "30.00"),
        ("1", TenderRole.CASHBACK, "-5.00"),
        ("1", TenderRole.CHANGE, "-4.04"),
    ]
    card = sale().tenders[0].card
    assert card is not None
    assert (card.brand, card.reference) == ("Debit", "316324")


def test_a_voided_tender_and_its_negation_count_for_nothing() -> None:
    extra = (
        '<LineItem><SequenceNumber>20</SequenceNumber><Tender TenderType="Check" TypeCode="Sale">'
        "<TenderID>3</TenderID><Amount>7.00</Amount></Tender></LineItem>"
        '<LineItem VoidFlag="true"><SequenceNumber>21</SequenceNumber>'
        '<Tender TenderType="Check" TypeCode="Sale">'
        "<TenderID>3</TenderID><Amount>-7.00</Amount></Tender></LineItem>"
    )
    arrival = changed(
        '<Total TotalType="TransactionGrandAmount">', extra + '<Total TotalType="TransactionGrandAmount">'
    )
    assert arrival.transaction is not None
    assert [one.status for one in arrival.transaction.tenders if one.code == "3"] == [TenderStatus.VOIDED] * 2
    assert problems_of(arrival.transaction) == ()


def test_a_return_and_a_refund_are_money_out_whatever_sign_they_came_with() -> None:
    body = FIXTURE.read_text("utf-8")
    head, tail = body.index("<LineItem>"), body.index("<Total ")
    lines = (
        "<LineItem><SequenceNumber>1</SequenceNumber><Return><ItemID>A</ItemID>"
        "<ExtendedAmount>3.00</ExtendedAmount><Quantity>1</Quantity></Return></LineItem>"
        '<LineItem><SequenceNumber>2</SequenceNumber><Tender TenderType="Cash" TypeCode="Refund">'
        "<TenderID>1</TenderID><Amount>3.00</Amount></Tender></LineItem>"
    )
    totals = body[tail:].replace("20.96", "-3.00").replace("1.01", "0.00")
    transaction = read(body[:head] + lines + totals)[0].transaction
    assert transaction is not None
    assert problems_of(transaction) == ()
    assert (transaction.shape, transaction.amount_paid) == ("RETURN", Decimal("-3.00"))


def test_a_tax_no_line_is_liable_to_leaves_the_receipt_unbalanced_rather_than_bent() -> None:
    body = FIXTURE.read_text("utf-8").replace('Tax1="true"', 'Tax2="true"')
    transaction = read(body)[0].transaction
    assert transaction is not None
    assert [one.rule for one in problems_of(transaction)] == ["I1 balance", "I3 tax", "I6 control total"]


def test_a_control_transaction_uses_its_number_and_moves_no_money() -> None:
    one = read()[1].transaction
    assert one is not None
    assert (one.kind, one.sequence_number, one.lines, one.tenders) == (Kind.NO_SALE, 42, (), ())
    assert (one.extra["control"], one.extra["control_reason"]) == ("NoSale", "Procedure 21")


def test_naive_times_become_the_stores_local_times_once() -> None:
    one = sale()
    assert one.completed_at == datetime(2017, 11, 5, 1, 30, tzinfo=UTC)
    assert one.extra["naive_times"] is True
    # 01:30 comes twice in New York on this day; the first is meant, at UTC-4.
    there = localised(one, NEW_YORK)
    assert there.completed_at == datetime(2017, 11, 5, 5, 30, tzinfo=UTC)
    assert "naive_times" not in there.extra
    assert localised(there, NEW_YORK) is there
    assert there.business_day == one.business_day


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        ("2017-07-01T12:00:00", datetime(2017, 7, 1, 16, 0, tzinfo=UTC)),
        ("2017-12-01T12:00:00", datetime(2017, 12, 1, 17, 0, tzinfo=UTC)),
        ("2017-03-12T02:30:00", datetime(2017, 3, 12, 7, 30, tzinfo=UTC)),  # skipped in spring
    ],
)
def test_local_times_follow_the_zones_own_offset(local: str, instant: datetime) -> None:
    arrival = changed("<EndDateTime>2017-11-05T01:30:00", f"<EndDateTime>{local}")
    assert arrival.transaction is not None
    assert localised(arrival.transaction, NEW_YORK).completed_at == instant


def test_a_time_with_its_offset_is_left_alone() -> None:
    arrival = changed("<EndDateTime>2017-11-05T01:30:00", "<EndDateTime>2017-11-05T01:30:00-05:00")
    assert arrival.transaction is not None
    assert "naive_times" not in arrival.transaction.extra
    assert localised(arrival.transaction, NEW_YORK).completed_at == datetime(2017, 11, 5, 6, 30, tzinfo=UTC)


def test_what_is_kept_reads_back_equal_and_holds_no_person() -> None:
    for arrival in read():
        assert arrival.transaction is not None
        assert POSLOG.read_document(arrival.document, "ncr-9") == arrival.transaction
        assert POSLOG.read(arrival.document, "ncr-9")[0].document == arrival.document
        for secret in (b"Nobody", b"2062264897", b"1980", b"M70"):
            assert secret not in arrival.document


def test_a_card_number_anywhere_in_the_xml_is_masked_and_item_codes_are_not() -> None:
    arrival = changed("<Description>WINE", '<Description note="5555555555554444">4111 1111 1111 1111')
    assert b"4111" not in arrival.document
    assert b"5555" not in arrival.document
    arrival = changed("<ItemID>A</ItemID>", "<ItemID>4111111111111111</ItemID>")
    assert b"4111111111111111" in arrival.document


@pytest.mark.parametrize(
    ("old", "new", "field", "expected"),
    [
        ("<SequenceNumber>41<", "<SequenceNumber>x<", "Transaction/SequenceNumber", "a whole number"),
        (
            "<ExtendedAmount>10.00<",
            "<ExtendedAmount>1e1<",
            "LineItem[1]/Sale/ExtendedAmount",
            "a decimal number",
        ),
        ("<BusinessDayDate>2017-11-05<", "<BusinessDayDate>5 Nov<", "Transaction/BusinessDayDate", "a day"),
        (
            "<EndDateTime>2017-11-05T01:30:00<",
            "<EndDateTime>01:30<",
            "Transaction/EndDateTime",
            "a local time",
        ),
        ("<RetailStoreID>9<", "<RetailStoreID><", "Transaction/RetailStoreID", "an identifier"),
        (
            "<RetailTransaction ",
            '<RetailTransaction TransactionStatus="Odd" ',
            "@TransactionStatus",
            "one of Fin",
        ),
        ("<Sale ItemType", "<FuelSale/><Sale ItemType", "LineItem[1]", "one of LoyaltyReward"),
    ],
)
def test_a_wrong_place_is_named_and_its_neighbour_is_read(
    old: str, new: str, field: str, expected: str
) -> None:
    text = FIXTURE.read_text("utf-8")
    assert old in text
    wrong, right = read(text.replace(old, new, 1))
    assert wrong.transaction is None
    assert right.transaction is not None
    assert field in wrong.problems[0].field
    assert wrong.problems[0].expected.startswith(expected)
    assert b"Nobody" not in wrong.document


def test_an_unreadable_transaction_still_says_which_it_is() -> None:
    arrival = changed("<Amount>30.00<", "<Amount>thirty<")
    assert (arrival.store, arrival.transaction_id) == ("9", "2-1-20171105-41")
    assert arrival.reason.endswith("expected a decimal number such as 12.50, found thirty")


DTD = '<!DOCTYPE POSLog [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE POSLog [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
OPENED = '<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/">'


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("", "nothing"),
        ("not xml", "syntax error"),
        (f"{DTD}{OPENED}&b;</POSLog>", "a DTD, an entity or an outside reference"),
        (f"{OUTSIDE}{OPENED}&x;</POSLog>", "a DTD, an entity or an outside reference"),
        (f"{OPENED}", "no element found"),
        (f"{OPENED}</POSLog>", "0"),
        (f"{OPENED}{'<Transaction/>' * 501}</POSLog>", "501"),
        ("<POSLog/>", "POSLog"),
        ('<?xml version="1.0" encoding="nonsense"?><POSLog/>', "unknown encoding"),
    ],
)
def test_a_body_that_is_wrong_as_a_whole_is_rejected(body: str, found: str) -> None:
    with pytest.raises(RejectedError) as caught:
        read(body)
    assert found in caught.value.found


def test_a_transaction_that_nests_too_deep_is_refused_alone() -> None:
    deep = f"{OPENED}<Transaction>{'<a>' * 40_000}{'</a>' * 40_000}</Transaction></POSLog>"
    (arrival,) = read(deep)
    assert arrival.transaction is None
    assert (arrival.problems[0].expected, arrival.document) == ("at most 32 levels", b"")


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        ("1.00", ["1", "1", "1"], ["0.34", "0.33", "0.33"]),
        ("-1.00", ["1", "1", "1"], ["-0.34", "-0.33", "-0.33"]),
        ("0.05", ["10", "0", "10"], ["0.03", "0.00", "0.02"]),
        ("1.00", ["3", "-1"], ["1.50", "-0.50"]),
        ("-0.50", ["-2.5", "-2.5"], ["-0.25", "-0.25"]),
        ("0.001", ["1", "2"], ["0.000", "0.001"]),
    ],
)
def test_an_amount_is_split_exactly(amount: str, weights: list[str], shares: list[str]) -> None:
    found = allocated(Decimal(amount), [Decimal(one) for one in weights], CENT)
    assert found == [Decimal(one) for one in shares]


@given(
    some.decimals(-9999, 9999, places=2),
    some.lists(some.decimals(0, 9999, places=3), min_size=1, max_size=20).filter(lambda all_: sum(all_) > 0),
)
def test_shares_always_add_up_and_are_never_off_by_a_cent(amount: Decimal, weights: list[Decimal]) -> None:
    shares = allocated(amount, weights, CENT)
    whole = sum(weights)
    assert sum(shares) == amount
    assert all(
        abs(share - amount * weight / whole) < CENT for share, weight in zip(shares, weights, strict=True)
    )


def test_weights_that_say_nothing_are_an_error() -> None:
    with pytest.raises(ValueError, match="nothing about shares"):
        allocated(Decimal(1), [], CENT)
