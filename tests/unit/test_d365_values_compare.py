"""How values are written for D365, and how what it has is compared: to the letter."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from shared.d365 import entities
from shared.d365.compare import gaps_of
from shared.d365.records import header_row
from shared.d365.rows import transaction_rows
from shared.d365.values import cell_text, decimal_text, per_unit
from shared.errors import RejectedError
from shared.retail.mapped import D365Key, LinkedPayment, MappedTender
from tests.unit.test_d365_rows import GOLDEN_SALE, cash, mapped, receipt, rows, sold, vat

D = Decimal
LINES, PAYMENTS, TAXES = entities.SALES_LINES, entities.PAYMENTS, entities.TAXES


@pytest.mark.parametrize(
    ("amount", "text"),
    [("100", "100"), ("100.00", "100"), ("0.10", "0.1"), ("-0.00", "0"), ("0", "0"), ("-0", "0"),
     ("1E+2", "100"), ("10.010", "10.01")],
)  # fmt: skip
def test_a_decimal_keeps_what_counts(amount: str, text: str) -> None:
    assert decimal_text(D(amount)) == text


def test_a_cell_holds_numbers_and_texts_as_they_are_and_no_control_character() -> None:
    assert cell_text(5) == "5"
    assert cell_text(D("5.50")) == "5.5"
    assert cell_text("as it is") == "as it is"
    assert cell_text("a\tb\r\nc") == "a b  c"


@pytest.mark.parametrize(
    ("amount", "quantity", "price"),
    [("10", "3", "3.333333"), ("-10", "3", "3.333333"), ("0.0000005", "1", "0.000001"), ("0.0000015", "1", "0.000002"),
     ("0.0000025", "1", "0.000003"), ("5", "0", "0")],
)  # fmt: skip
def test_a_price_is_rounded_half_up_to_six_decimals(amount: str, quantity: str, price: str) -> None:
    assert per_unit(D(amount), D(quantity)) == D(price)


def test_a_text_too_long_for_its_field_is_refused_with_both_lengths() -> None:
    with pytest.raises(RejectedError) as caught:
        transaction_rows(replace(mapped(GOLDEN_SALE), key=D365Key("usrt", "052", "T" * 40, "east:1")), "P1")
    error = caught.value
    assert (str(error), error.field) == (
        f"{error.field} is too long for D365",
        f"{LINES}.Terminal",
    )
    assert (error.expected, error.found) == ("at most 10 characters", "40 characters")


def sent() -> dict[str, list[dict[str, Any]]]:
    return rows(GOLDEN_SALE)  # type: ignore[return-value]


def header(sent_rows: dict[str, list[dict[str, Any]]]) -> Any:
    return header_row(sent_rows[entities.HEADERS][0])


def found_as(sent_rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What D365 has, as it was sent, in its own spelling: texts in capitals, numbers with more digits."""
    return {
        label: [
            {name: value.upper() if isinstance(value, str) else value for name, value in row.items()}
            for row in children
        ]
        for label, children in sent_rows.items()
    }


def test_what_d365_has_as_it_was_sent_has_no_gaps() -> None:
    ours = sent()
    gaps = gaps_of(ours, header(ours), found_as(ours))
    assert gaps.is_whole
    assert (gaps.missing, gaps.differing) == ({}, "")


def test_a_receipt_d365_does_not_have_is_missing_whole() -> None:
    ours = sent()
    gaps = gaps_of(ours, None, {})
    assert gaps.missing == {label: children for label, children in ours.items() if children}
    assert gaps.differing == ""
    assert not gaps.is_whole


def test_rows_without_a_set_are_missing_with_their_header_and_in_doubt_beside_it() -> None:
    ours = {**sent(), "Safe drops": [{"Amount": D(5)}], "Bank drops": [{"Amount": D(6)}]}
    assert gaps_of(ours, None, {}).missing["Safe drops"] == [{"Amount": D(5)}]
    gaps = gaps_of(ours, header(ours), found_as(sent()))
    assert gaps.missing == {}
    assert gaps.differing == (
        "Safe drops: D365 does not show what it has of these; Bank drops: D365 does not show what it has of these"
    )


def test_a_header_that_differs_is_said_first() -> None:
    ours = sent()
    other = replace(header(ours), gross=D("-25"))
    gaps = gaps_of({**ours, "Safe drops": [{"Amount": D(5)}]}, other, found_as(ours))
    assert gaps.differing == "its header; Safe drops: D365 does not show what it has of these"


def test_a_row_that_is_not_there_is_missing_alone() -> None:
    ours = sent()
    theirs = found_as(ours)
    first = theirs[PAYMENTS].pop(0)
    gaps = gaps_of(ours, header(ours), theirs)
    assert [row["LineNumber"] for row in gaps.missing[PAYMENTS]] == [first["LineNumber"]]
    assert gaps.differing == ""


def test_children_that_d365_does_not_know_at_all_are_missing() -> None:
    ours = sent()
    gaps = gaps_of(ours, header(ours), {})
    assert set(gaps.missing) == {LINES, PAYMENTS, TAXES}


def test_an_entity_the_receipt_has_no_rows_of_is_not_missed() -> None:
    ours = sent()
    own = {label: children for label, children in ours.items() if label in (entities.HEADERS, LINES)}
    theirs = {LINES: found_as(ours)[LINES]}
    assert gaps_of(own, header(ours), theirs).is_whole


def test_a_row_that_differs_is_named_with_both_values() -> None:
    ours = sent()
    theirs = found_as(ours)
    theirs[LINES][0] |= {"NetAmount": D("-21"), "Unit": "pcs"}
    assert gaps_of(ours, header(ours), theirs).differing == (
        f"{LINES} 1: Unit pcs instead of ea, NetAmount -21 instead of {ours[LINES][0]['NetAmount']}"
    )


def test_a_row_nobody_sent_is_a_difference() -> None:
    ours = sent()
    theirs = found_as(ours)
    theirs[LINES].append(theirs[LINES][0] | {"LineNumber": D(2)})
    assert gaps_of(ours, header(ours), theirs).differing == f"{LINES} 2 was never sent"


def test_an_empty_number_is_nothing_and_not_one() -> None:
    ours = sent()
    for empty in ("", None):
        theirs = found_as(ours)
        theirs[LINES][0] |= {"CashDiscountAmount": empty, "ReturnTransactionNumber": empty}
        assert gaps_of(ours, header(ours), theirs).is_whole


def test_a_text_that_is_the_word_none_is_no_empty_text() -> None:
    ours = sent()
    ours[LINES][0] |= {"ReturnTransactionNumber": "none"}
    theirs = found_as(ours)
    theirs[LINES][0] |= {"ReturnTransactionNumber": None}
    assert "ReturnTransactionNumber None instead of none" in gaps_of(ours, header(ours), theirs).differing


LINK = {
    "IsLinkedRefund": "No", "LinkedPaymentStore": "", "LinkedPaymentTerminal": "", "LinkedPaymentTransactionNumber": "",
    "LinkedPaymentLineNumber": D(0), "LinkedPaymentCurrency": "",
}  # fmt: skip


def test_a_payment_names_the_one_it_gives_back_only_where_it_is_known() -> None:
    plain = mapped(GOLDEN_SALE)
    (first, *_) = transaction_rows(plain, "P1")[PAYMENTS]
    assert {name: first[name] for name in LINK} == LINK
    back = LinkedPayment(D365Key("usrt", "052", "HOUSTON-2", "east:9"), "HOUSTON", 3, "USD")
    tenders = tuple(MappedTender(one.tender, one.payment_method, back) for one in plain.tenders)
    (first, *_) = transaction_rows(replace(plain, tenders=tenders), "P1")[PAYMENTS]
    assert {name: first[name] for name in LINK} == {
        "IsLinkedRefund": "Yes", "LinkedPaymentStore": "HOUSTON", "LinkedPaymentTerminal": "HOUSTON-2",
        "LinkedPaymentTransactionNumber": "east:9", "LinkedPaymentLineNumber": D(3), "LinkedPaymentCurrency": "USD",
    }  # fmt: skip


def test_a_receipt_without_a_shift_names_none() -> None:
    (row,) = transaction_rows(mapped(GOLDEN_SALE, shift_number=None), "P1")[entities.HEADERS]
    assert (row["BatchID"], row["BatchTerminalId"]) == (0, "")


def test_a_receipt_rung_up_offline_says_so() -> None:
    (row,) = transaction_rows(mapped(replace(GOLDEN_SALE, offline=True)), "P1")[entities.HEADERS]
    assert row["CreatedOffline"] == "Yes"
    (row,) = transaction_rows(mapped(GOLDEN_SALE), "P1")[entities.HEADERS]
    assert row["CreatedOffline"] == "No"


def test_a_tax_without_a_code_is_refused_with_its_line() -> None:
    one = mapped(receipt((sold(7, "1", "10.00", vat("2.00")),), (cash(1, "12.00"),)))
    lines = tuple(replace(line, tax_codes=("",)) for line in one.lines)
    with pytest.raises(RejectedError) as caught:
        transaction_rows(replace(one, lines=lines), "P1")
    error = caught.value
    assert (error.field, error.expected, error.found) == ("lines[7].taxes", "a code", "none")


def test_a_tax_of_nothing_without_a_code_does_not_hide_the_next() -> None:
    one = mapped(receipt((sold(1, "1", "10.00", vat("0.00"), vat("2.00")),), (cash(1, "12.00"),)))
    lines = tuple(replace(line, tax_codes=("", "TX20")) for line in one.lines)
    found = transaction_rows(replace(one, lines=lines), "P1")
    assert [row["TaxCode"] for row in found[TAXES]] == ["TX20"]


def test_every_payment_stands_as_not_voided() -> None:
    assert {row["TransactionStatus"] for row in sent()[PAYMENTS]} == {"None"}
