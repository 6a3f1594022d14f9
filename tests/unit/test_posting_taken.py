"""Whether a movement that D365 no longer has may have been posted with its shift: each answer of D365, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.d365.records import ShiftKey, shift_statement
from shared.flows.posting.taken import Statements, is_posted_with_shift, shifts_it_was_in, taken_cause
from shared.retail.cash_office import POSTED_WITH_SHIFT
from shared.retail.kinds import Kind
from shared.storage.protocols import Row
from shared.storage.receipts import sent_in
from tests.unit.builders import sale
from tests.unit.test_mapping import mapped

FIRST = ShiftKey("usrt", "052", "NY01-1", 2017122301000001)
SECOND = ShiftKey("usrt", "052", "NY01-1", 1234567890123456)
NOT_SAID = "D365 does not say which statement that shift is in"


def drop(**values: Any) -> Row:
    known = {
        "Kind": "BANK_DROP", "TransactionId": "T5", "ReceiptNumber": "S1-1-0005", "LegalEntity": "usrt", "OperatingUnit": "052",
        "Register": "NY01-1", "SentIn": "NY01-1 2017122301000001", "ReadBackAt": datetime(2017, 12, 23, tzinfo=UTC),
    }  # fmt: skip
    return Row("S1", "day~S1", {name: one for name, one in {**known, **values}.items() if one is not None})


def test_what_a_financial_statement_posts_is_every_kind_of_the_cash_office_that_d365_takes() -> None:
    assert {
        Kind.SAFE_DROP, Kind.BANK_DROP, Kind.FLOAT, Kind.PICKUP, Kind.TENDER_EXCHANGE, Kind.SHIFT_OPEN, Kind.SHIFT_CLOSE,
        Kind.TENDER_DECLARATION,
    } == POSTED_WITH_SHIFT  # fmt: skip
    assert is_posted_with_shift(drop())
    assert not is_posted_with_shift(drop(Kind="SALES"))
    assert not is_posted_with_shift(drop(Kind="PAID_OUT"))


def test_the_shifts_asked_for_are_those_d365_had_it_in_and_not_the_one_it_is_mapped_to_now() -> None:
    both = drop(SentIn="NY01-1 2017122301000001\nNY01-1 1234567890123456", ShiftNumber=99)
    assert shifts_it_was_in(both) == (FIRST, SECOND)


def test_a_row_of_before_shifts_were_written_down_was_in_that_of_its_own_register() -> None:
    assert shifts_it_was_in(drop(SentIn=None, ShiftNumber=2017122301000001)) == (FIRST,)


def test_what_such_a_row_was_in_is_unknown_where_its_money_is_in_another_tills_drawer() -> None:
    row = drop(SentIn=None, ShiftNumber=2017122301000001, DrawerName="2")
    assert shifts_it_was_in(row) is None
    why = taken_cause(row, {})
    assert why is not None
    assert why.words == {"said": NOT_SAID}


def test_a_movement_in_no_shift_is_posted_by_no_financial_statement() -> None:
    row = drop(SentIn=None)
    assert shifts_it_was_in(row) == ()
    assert taken_cause(row, None) is None


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ({FIRST: "000123", SECOND: ""}, "shift 2017122301000001 of NY01-1 is in 000123"),
        ({FIRST: "000123", SECOND: None}, "shift 2017122301000001 of NY01-1 is in 000123"),
        (
            {FIRST: "000123", SECOND: "000124"},
            "shift 2017122301000001 of NY01-1 is in 000123; shift 1234567890123456 of NY01-1 is in 000124",
        ),
        ({SECOND: "000124"}, "shift 1234567890123456 of NY01-1 is in 000124"),
        ({FIRST: "", SECOND: None}, NOT_SAID),
        ({FIRST: None}, NOT_SAID),
        (None, NOT_SAID),
    ],
)
def test_it_may_be_posted_where_a_shift_it_was_in_is_in_a_statement_or_d365_does_not_say(
    statements: Statements | None, said: str
) -> None:
    why = taken_cause(drop(SentIn="NY01-1 2017122301000001\nNY01-1 1234567890123456"), statements)
    assert why is not None
    assert (why.code, why.value, why.words) == ("drop_gone_from_d365", "S1 S1-1-0005", {"said": said})


@pytest.mark.parametrize(
    "statements", [{}, {FIRST: ""}, {SECOND: "000124"}], ids=["no shift", "in none", "another's"]
)
def test_it_is_not_posted_where_d365_has_no_such_shift_or_has_it_in_no_statement(
    statements: Statements,
) -> None:
    assert taken_cause(drop(), statements) is None


def test_a_shift_is_the_same_one_in_whatever_case_d365_gives_its_register() -> None:
    assert taken_cause(drop(SentIn="ny01-1 2017122301000001"), {FIRST: "000123"}) is not None


@pytest.mark.parametrize(
    ("given", "statement"),
    [
        ({"StatementId": "000123"}, "000123"), ({"StatementId": ""}, ""), ({"StatementId": " "}, ""), ({"StatementId": None}, ""),
        ({}, None),
    ],
)  # fmt: skip
def test_a_shift_without_the_field_is_in_a_statement_nobody_knows(
    given: dict[str, Any], statement: str | None
) -> None:
    row = {
        "dataAreaId": "USRT",
        "OperationUnitNumber": "052",
        "Terminal": "NY01-1",
        "BatchShiftId": 2017122301000001,
    }
    found = shift_statement({**row, **given})
    assert (found.key, found.statement) == (FIRST, statement)


def test_every_shift_it_was_in_is_written_down_once_the_latest_last() -> None:
    one = mapped(sale())
    number = one.shift_number
    assert number is not None
    assert sent_in(drop(SentIn=None), one) == f"NY01-1 {number}"
    assert sent_in(drop(SentIn=f"NY01-1 {number}\nNY01-1 7"), one) == f"NY01-1 7\nNY01-1 {number}"
    many = "\n".join(f"NY01-1 {n}" for n in range(1, 31))
    lines = sent_in(drop(SentIn=many), one).splitlines()
    assert (len(lines), lines[0], lines[-1]) == (20, "NY01-1 12", f"NY01-1 {number}")
