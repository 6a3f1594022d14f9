"""What reading back makes of one receipt: D365's header, its rows and its words, each against what was sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from shared.d365.records import HeaderRow
from shared.flows.posting.read_back import (
    ABSENT_TRIES_MAX,
    Evidence,
    Outcome,
    as_sent,
    changed_cause,
    differences,
    errors_by_transaction,
    outcomes_of,
    refusal_cause,
    validation_cause,
)
from shared.retail.mapped import D365Key, MappedTransaction
from shared.storage.protocols import Row
from tests.unit.builders import sale
from tests.unit.test_mapping import mapped

ITEM = "The value 'D1001' in field 'ItemId' is not found in the related table 'InventTable'."
CONFLICT = "An update conflict occurred due to another user process."
ROW = Row("S1", "day~1", {"TransactionId": "T1", "ReceiptNumber": "S1-1-0001"})
# The golden sale as D365 shows it: it turns the sign of what was sold.
HEADER = HeaderRow(
    key=D365Key("usrt", "052", "NY01-1", "east:T1"), business_day=date(2017, 12, 23), status="None", gross=Decimal(-24),
    net=Decimal(-20), payment=Decimal(24), discount=Decimal(0), income_expense=Decimal(0), items=Decimal(2),
    item_lines=Decimal(1), payment_lines=2, package="P1",
)  # fmt: skip


def evidence(
    header: HeaderRow | None = HEADER, errors: dict[str, list[str]] | None = None, *short: str
) -> Evidence:
    return Evidence("P1", [header] if header else [], errors or {}, frozenset(short))


def outcome(told: Evidence, transaction: MappedTransaction | None = None) -> Outcome:
    (one,) = outcomes_of([(ROW, transaction or mapped(sale()))], told)
    assert one.row is ROW
    assert one.mapped.key == D365Key("usrt", "052", "NY01-1", "east:T1")
    return one


def kind(one: Outcome) -> str:
    """Say in one word what it is, and that it is nothing else."""
    held = f"held {one.held_for.code}" if one.held_for else ""
    words = [held, "sent" * one.sent, "absent" * one.absent, "suspect" * one.suspect, "again" * one.again]
    return " ".join(word for word in words if word)


def test_as_sent_is_the_golden_sale_as_d365_shows_it() -> None:
    assert as_sent(mapped(sale())) == replace(HEADER, package="")
    assert ABSENT_TRIES_MAX == 3


def test_a_header_as_sent_by_this_package_with_all_rows_counted_is_sent() -> None:
    one = outcome(evidence())
    assert (kind(one), one.header) == ("sent", HEADER)


def test_headers_are_found_by_their_key_whatever_their_order() -> None:
    second = replace(HEADER, key=replace(HEADER.key, transaction_number="east:T2"))
    third = replace(HEADER, key=replace(HEADER.key, transaction_number="east:T3"), gross=Decimal(-23))
    pairs = [(ROW, mapped(sale(number))) for number in (1, 2, 3, 4)]
    found = outcomes_of(pairs, Evidence("P1", [third, HEADER, second], {}))
    assert [kind(one) for one in found] == ["sent", "sent", "held changed_in_d365", "absent"]
    assert [one.header for one in found] == [HEADER, second, third, None]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ({}, "absent"),
        ({"": [ITEM]}, "absent"),
        ({"": [ITEM], "east:T2": [ITEM]}, "absent"),
        ({"": [ITEM], "east:T1": [""]}, "absent"),
        ({"": [ITEM], "east:T1": [ITEM]}, "held d365_data_refused"),
        ({"": [ITEM, ITEM.replace("D1001", "D77")], "east:T1": [ITEM]}, "held d365_data_refused"),
        ({"": [ITEM, "Something else."], "east:T1": [ITEM]}, "absent suspect"),
        ({"": [CONFLICT], "east:T1": [CONFLICT]}, "absent"),
        ({"": [ITEM, CONFLICT], "east:T1": [ITEM]}, "absent"),
        ({"east:T1": [ITEM]}, "absent suspect"),
    ],
)
def test_without_a_header_it_is_held_only_where_d365s_one_reason_names_it(
    errors: dict[str, list[str]], expected: str
) -> None:
    one = outcome(evidence(None, errors))
    assert (kind(one), one.header) == (expected, None)


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ({"": [ITEM]}, "sent"),
        ({"": [ITEM], "east:T1": [ITEM]}, "held d365_data_refused"),
        ({"": [ITEM, "Something else."], "east:T1": [ITEM]}, "suspect"),
        ({"": [CONFLICT], "east:T1": [CONFLICT]}, "suspect"),
        ({"east:T1": [ITEM]}, "suspect"),
    ],
)
def test_with_its_header_it_is_suspect_where_its_rows_are_named_for_no_clear_reason(
    errors: dict[str, list[str]], expected: str
) -> None:
    one = outcome(evidence(HEADER, errors))
    assert (kind(one), one.header) == (expected, HEADER)


def test_the_first_of_the_words_that_name_it_is_what_it_is_held_for() -> None:
    for header in (None, HEADER):
        one = outcome(evidence(header, {"": [ITEM], "east:T1": ["", ITEM, "The record already exists."]}))
        assert one.held_for is not None
        assert one.held_for.words["words"] == ITEM


@pytest.mark.parametrize(
    ("short", "expected"),
    [
        (("Transactions",), "suspect"),
        (("Sales transactions V2",), "suspect"),
        (("Discount transactions",), "sent"),
        (("Discount transactions", "Tax transactions"), "suspect"),
        (("Shifts",), "sent"),
    ],
)
def test_it_is_suspect_where_an_entity_it_has_rows_in_is_counted_short(
    short: tuple[str, ...], expected: str
) -> None:
    one = outcome(evidence(HEADER, None, *short))
    assert (kind(one), one.header) == (expected, HEADER)


def test_a_header_of_another_package_is_looked_at_row_by_row() -> None:
    other = replace(HEADER, package="P2")
    one = outcome(evidence(other))
    assert (kind(one), one.header) == ("suspect", other)


def test_a_header_that_differs_is_held_whatever_else_is_said() -> None:
    changed = replace(HEADER, gross=Decimal(-99), payment_lines=3)
    one = outcome(evidence(changed, {"": [ITEM], "east:T1": [ITEM]}))
    assert kind(one) == "held changed_in_d365"
    assert one.held_for is not None
    assert one.held_for.value == "S1-1-0001"
    assert one.held_for.words == {"differing": "gross -99 instead of -24.00; payment_lines 3 instead of 2"}


def test_what_is_not_compared_makes_no_difference_and_a_void_does() -> None:
    assert differences(HEADER, replace(HEADER, status="Posted", package="P9")) == ""
    assert differences(HEADER, replace(HEADER, status="Voided")) == "status Voided instead of None"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("business_day", date(2017, 12, 24), "business_day 2017-12-24 instead of 2017-12-23"),
        ("gross", Decimal(-25), "gross -25 instead of -24"),
        ("net", Decimal(-21), "net -21 instead of -20"),
        ("payment", Decimal(25), "payment 25 instead of 24"),
        ("discount", Decimal(1), "discount 1 instead of 0"),
        ("income_expense", Decimal(1), "income_expense 1 instead of 0"),
        ("items", Decimal(3), "items 3 instead of 2"),
        ("item_lines", Decimal(2), "item_lines 2 instead of 1"),
        ("payment_lines", 1, "payment_lines 1 instead of 2"),
    ],
)
def test_each_figure_that_differs_is_told_by_name(name: str, value: object, told: str) -> None:
    assert differences(HEADER, replace(HEADER, **{name: value})) == told  # type: ignore[arg-type]  # one of its fields


def test_a_receipt_without_a_number_of_its_own_is_told_by_its_id() -> None:
    why = changed_cause(Row("S1", "day~1", {"TransactionId": "T1"}), "its header")
    assert (why.code, why.value, why.words) == ("changed_in_d365", "T1", {"differing": "its header"})


def test_messages_are_given_to_the_receipts_they_name_else_to_all_that_failed() -> None:
    keys = [
        {"TRANSACTIONNUMBER": "east:T1"},
        {"transactionnumber": "east:T2", "LINE": "1"},
        {"LINE": "east:T9"},
        {"TransactionNumber": ""},
    ]
    first, second = "Row of east:T1 failed.", "Something else failed."
    assert errors_by_transaction(keys, [first, second]) == {
        "": [first, second], "east:T1": [first], "east:T2": [first, second],
    }  # fmt: skip
    assert errors_by_transaction(keys[:1], []) == {"": [], "east:T1": ["D365 refused it without a reason"]}
    assert errors_by_transaction([], [first]) == {"": [first]}


def test_a_known_refusal_is_told_in_the_decoders_words() -> None:
    why = refusal_cause(ITEM)
    assert why.code == "d365_data_refused"
    assert why.value == "the value # in field itemid is not found in the related table inventtable."
    assert why.words == {
        "words": ITEM,
        "sentence": "The receipt names something that D365 does not have.",
        "action": "Create it in D365 or correct the mapping, then release.",
        "owner": "retail_systems",
        "fault": "set-up of D365 or of its mapping",
    }


def test_a_refusal_that_passes_is_told_as_it_came_where_it_holds_after_all() -> None:
    why = refusal_cause(CONFLICT)
    assert (why.code, why.value, why.words) == ("d365_refused", CONFLICT.lower(), {"words": CONFLICT})


def test_a_refusal_that_nobody_knows_is_its_and_told_as_it_came() -> None:
    why = refusal_cause("Nobody has ever read this.")
    assert (why.code, why.value) == ("d365_refused", "nobody has ever read this.")
    assert (why.words["words"], why.words["owner"]) == ("Nobody has ever read this.", "it")


def test_long_words_are_cut_at_five_hundred_and_their_value_at_two_hundred() -> None:
    for why in (refusal_cause("a" * 600), validation_cause("a" * 600)):
        assert (why.value, why.words["words"]) == ("a" * 200, "a" * 500)


def test_a_finding_of_validation_is_told_in_the_decoders_words_or_in_general_ones() -> None:
    why = validation_cause(ITEM)
    assert (why.code, why.value) == (
        "validation_failed",
        "the value # in field itemid is not found in the related table inventtable.",
    )
    assert why.words == {
        "words": ITEM,
        "sentence": "The receipt names something that D365 does not have.",
        "action": "Create it in D365 or correct the mapping, then release.",
        "owner": "retail_systems",
        "fault": "set-up of D365 or of its mapping",
    }
    unknown = validation_cause("Nobody has ever read this.")
    assert (unknown.code, unknown.value) == ("validation_failed", "nobody has ever read this.")
    assert unknown.words == {
        "words": "Nobody has ever read this.",
        "sentence": "It found a contradiction.",
        "action": "Correct the cause in D365, then run “Validate store transactions” again.",
    }
