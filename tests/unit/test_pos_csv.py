"""Receipts as CSV: read field by field, equal to their JSON, cut and kept receipt by receipt, refused by row and column."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.errors import RejectedError
from shared.pos.adapter import Arrival, localised
from shared.pos.csv_columns import COLUMNS, NEEDED
from shared.pos.masking import masked_tree
from shared.pos.registry import ADAPTERS
from shared.retail.identity import content_hash
from shared.retail.kinds import Kind, TillStatus
from shared.retail.rules import problems_of
from shared.retail.transaction import Transaction
from tests.unit.csv_documents import FIXTURES, csv_of
from tests.unit.documents import sale_document

CSV, CANONICAL = ADAPTERS["csv"], ADAPTERS["canonical"]
JSON_FIXTURES = FIXTURES.parent / "canonical"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "pos" / "csv.md"
HEAD = "transaction_id,store,terminal,completed_at,currency"
START = "A,S1,1,2017-12-23T12:00:00Z,USD"


def as_json(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((JSON_FIXTURES / f"{name}.json").read_text("utf-8"))
    return read


def from_json(document: dict[str, Any]) -> Transaction:
    (arrival,) = CANONICAL.read(json.dumps({"transactions": [document]}).encode(), "east")
    assert arrival.transaction is not None
    return arrival.transaction


def read(text: str | bytes) -> list[Arrival]:
    return CSV.read(text.encode() if isinstance(text, str) else text, "east")


def receipts(text: str | bytes) -> list[Transaction]:
    found = read(text)
    assert [one.reason for one in found] == [""] * len(found)
    return [one.transaction for one in found if one.transaction is not None]


def told(text: str) -> list[str]:
    """Say what is wrong with the first receipt."""
    one = read(text)[0]
    assert one.transaction is None
    return [f"{each.field}: expected {each.expected}, found {each.found}" for each in one.problems]


def refusal(body: bytes) -> str:
    with pytest.raises(RejectedError) as caught:
        CSV.read(body, "east")
    return str(caught.value)


@pytest.mark.parametrize("path", sorted(JSON_FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_every_canonical_document_has_the_same_content_as_csv(path: Path) -> None:
    document = as_json(path.stem)
    for body in (
        csv_of(document),
        csv_of(document, separator=";", newline="\n"),
        csv_of(document, newline="\r"),
    ):
        (arrival,) = read(body)
        assert arrival.transaction is not None, arrival.problems
        assert content_hash(arrival.transaction) == content_hash(from_json(document))
        assert arrival.document == body
        assert CSV.read_document(arrival.document, "east") == arrival.transaction


@pytest.mark.parametrize(
    "name",
    [
        "sale__discount_and_tax",
        "return__of_an_earlier_sale",
        "sale__split_tender_with_change",
        "shift__close",
    ],
)
def test_a_file_written_by_hand_says_what_its_json_says(name: str) -> None:
    (one,) = receipts((FIXTURES / f"{name}.csv").read_bytes())
    assert content_hash(one) == content_hash(from_json(as_json(name)))
    assert problems_of(one) == ()


def test_a_day_of_a_small_till_is_read_to_the_cent() -> None:
    day = [
        localised(one, ZoneInfo("America/New_York"))
        for one in receipts((FIXTURES / "day__of_a_small_till.csv").read_bytes())
    ]
    sent = receipts((FIXTURES / "day__of_a_small_till.csv").read_bytes())[0]
    assert (sent.completed_at, sent.extra) == (
        datetime(2017, 12, 23, 9, 0, tzinfo=UTC),
        {"naive_times": True},
    )
    assert [(one.transaction_id, one.kind, one.status, one.training) for one in day] == [
        ("K-1", Kind.SHIFT_OPEN, TillStatus.COMPLETED, False),
        ("K-2", Kind.SALES, TillStatus.COMPLETED, False),
        ("K-3", Kind.SALES, TillStatus.VOIDED, False),
        ("K-4", Kind.SALES, TillStatus.COMPLETED, True),
        ("K-5", Kind.SALES, TillStatus.COMPLETED, False),
        ("K-6", Kind.PAID_OUT, TillStatus.COMPLETED, False),
        ("K-7", Kind.SHIFT_CLOSE, TillStatus.COMPLETED, False),
    ]
    assert [problems_of(one) for one in day] == [()] * 7
    opened, sold, back, out, closed = day[0], day[1], day[4], day[5], day[6]
    assert opened.completed_at == datetime(2017, 12, 23, 14, 0, tzinfo=UTC)
    assert [(line.line_number, line.description, line.net, line.tax) for line in sold.lines] == [
        (1, 'Tea "Morning"; loose', Decimal("10.80"), Decimal("1.80")),
        (2, "=Cup", Decimal("5.40"), Decimal("0.90")),
    ]
    assert (sold.amount_due, sold.amount_paid, sold.prices_include_tax) == (
        Decimal("16.20"),
        Decimal("16.20"),
        True,
    )
    assert [(one.tender_number, one.amount) for one in sold.tenders] == [
        (1, Decimal("20.00")),
        (2, Decimal("-3.80")),
    ]
    assert (back.amount_due, back.lines[0].discount) == (Decimal("-5.40"), Decimal("-0.60"))
    assert out.cash_movement is not None
    assert (out.cash_movement.amount, out.cash_movement.reason_code) == (Decimal("-20.00"), "WINDOW")
    assert closed.shift_record is not None
    assert closed.shift_record.closed_at == datetime(2017, 12, 23, 23, 0, tzinfo=UTC)
    # 100.00 in the drawer, 16.20 and -5.40 taken, 20.00 paid out
    assert closed.shift_record.counted[0].amount == Decimal("90.80")


def test_each_receipt_keeps_the_heading_and_its_own_rows_as_sent() -> None:
    text = f'{HEAD},line.description\r\n{START},one\r\n\r\nB,S1,1,2017-12-23T12:00:00Z,USD,"two\nrows"\r\n'
    first, second = read("\ufeff" + text)
    assert first.document.decode() == f"{HEAD},line.description\r\n{START},one\r\n"
    assert second.document.decode() == (
        f'{HEAD},line.description\r\nB,S1,1,2017-12-23T12:00:00Z,USD,"two\nrows"\r\n'
    )


def test_taxes_and_discounts_go_to_the_line_above_or_to_the_line_of_a_number() -> None:
    columns = "line.line_number,line.item,line.quantity,line.gross,line.net,line.tax.code,line.tax.amount"
    rows = [
        "1,X,1,10.00,10.00,STATE,0.40",
        ",,,,,CITY,0.45",
        "2,Y,1,5.00,5.00,STATE,0.20",
        "1,,,,,COUNTY,0.10",
    ]
    (one,) = receipts(
        f"{HEAD},{columns}\n{START},{rows[0]}\n" + "".join(f"A,,,,,{row}\n" for row in rows[1:])
    )
    assert [[(tax.code, str(tax.amount)) for tax in line.taxes] for line in one.lines] == [
        [("STATE", "0.40"), ("CITY", "0.45"), ("COUNTY", "0.10")],
        [("STATE", "0.20")],
    ]


def test_numbers_are_counted_where_none_are_given() -> None:
    columns = "line.quantity,line.gross,line.net,tender.type,tender.code,tender.amount"
    (one,) = receipts(f"{HEAD},{columns}\n{START},1,2.00,2.00,CASH,C,3.00\nA,,,,,1,4.00,4.00,CARD,V,3.00\n")
    assert [line.line_number for line in one.lines] == [1, 2]
    assert [tender.tender_number for tender in one.tenders] == [1, 2]


def test_a_spreadsheets_formula_is_a_text_like_any_other() -> None:
    (one,) = receipts(
        f'{HEAD},line.item,line.quantity,line.gross,line.net,line.description\n{START},-1,1,1.00,1.00,"=1+1"\n'
    )
    assert (one.lines[0].item, one.lines[0].description) == ("-1", "=1+1")
    columns = "line.quantity,line.gross,line.net"
    assert told(f"{HEAD},{columns}\n{START},1,=1.00,1.00\n") == [
        "row 2, column line.gross: expected a decimal number such as 12.50, found =1.00"
    ]


_LINE = "line.quantity,line.gross,line.net"
_DOT = "a decimal number with a dot and no separators of thousands, such as 1250.50"


@pytest.mark.parametrize(
    ("columns", "cells", "expected"),
    [
        (_LINE, ["1", '"1,50"', "1.50"], f"row 2, column line.gross: expected {_DOT}, found 1,50"),
        (_LINE, ["1", '"1,250.50"', "1.50"], f"row 2, column line.gross: expected {_DOT}, found 1,250.50"),
        (_LINE, ["1", "1.50", ""], "row 2, column line.net: expected a value, found nothing"),
        (_LINE, ["1", "1.50 ", "1.50"], "row 2, column line.gross: expected a decimal number such as 12.50, found 1.50 "),
        ("sequence_number", ["7.0"], "row 2, column sequence_number: expected a whole number, found 7.0"),
        ("training", ["WAHR"], "row 2, column training: expected true or false, found WAHR"),
        ("business_day", ["23.12.2017"],
         "row 2, column business_day: expected a day such as 2017-12-23, years 1990 to 2199, found 23.12.2017"),
        ("receipt_number", ["4.00638E+12"],
         ("row 2, column receipt_number: expected an identifier in full (a spreadsheet has shortened it: format the "
         "column as text), found 4.00638E+12")),
        ("line.tax.code", ["V"],
         "row 2, column line.tax.code: expected a row of the line it belongs to, before it or the same, found none"),
        ("line.line_number,line.tax.code", ["3", "V"],
         "row 2, column line.line_number: expected the number of a line that stands above, found 3"),
        ("began_at", ["2017-12-23T12:00:00"],
         ("row 2, column completed_at: expected either all times of a receipt with their offset, or none, "
         "found some with, some without")),
        ("tender.type", ["CHEESE"], "row 2, column tender.code: expected a value, found nothing"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_told_by_row_and_column(columns: str, cells: list[str], expected: str) -> None:
    found = told(f"{HEAD},{columns}\n{START},{','.join(cells)}\n")
    assert expected in found, found


def test_a_dot_that_may_set_thousands_apart_is_not_taken_for_a_decimal_one() -> None:
    columns = f"{HEAD},{_LINE},line.unit_price,line.item,tender.type,tender.code,tender.amount"
    cells = "2.000,1.250,1.250,1.459,A,CASH,C,1.250"
    maybe = "an amount in whole 0.01, such as 1250.50: this may be a separator of thousands, found 1.250"
    assert told(f"{columns}\n{START},{cells}\n") == [
        f"row 2, column {name}: expected {maybe}" for name in ("line.gross", "line.net", "tender.amount")
    ]
    yen = told(f"{columns}\n{START.replace('USD', 'JPY')},{cells.replace('1.250', '1.000')}\n")
    assert [one.partition(",")[0] for one in yen] == ["row 2"] * 3
    (dinars,) = receipts(f"{columns}\n{START.replace('USD', 'KWD')},{cells}\n")
    assert (dinars.lines[0].gross, dinars.lines[0].quantity) == (Decimal("1.250"), Decimal("2.000"))
    (pennies,) = receipts(f"{columns}\n{START},{cells.replace('1.250', '0.250')}\n")
    assert pennies.lines[0].gross == Decimal("0.250")


def test_a_receipt_that_was_exported_twice_over_is_not_taken_for_one_of_twice_the_goods() -> None:
    columns = f"{HEAD},line.line_number,line.item,{_LINE},tender.tender_number,tender.type,tender.code,tender.amount"
    sold, paid = f"{START},,4711,1,9.00,9.00,,,,", f"{START},,,,,,,CASH,C,9.00"
    assert told(f"{columns}\n{sold}\n{paid}\n{sold}\n{paid}\n") == [
        (
            "row 4, column transaction_id: expected each row once (of equal lines that were paid equally: with "
            "line.line_number and tender.tender_number), found the same rows as from row 2 on"
        )
    ]
    again = sold.replace("A,S1,1,2017-12-23T12:00:00Z,USD", "A,S1,,,").replace("9.00,9.00", "9.0,9.000")
    assert told(f"{columns}\n{sold}\n{paid}\n{again}\n{paid}\n{sold}\n{paid}\n")[0].startswith("row 4, ")
    both_in_one = f"{START},,4711,1,9.00,9.00,,CASH,C,9.00"
    assert told(f"{columns}\n{both_in_one}\n{both_in_one}\n{both_in_one}\n")[0].startswith("row 3, ")
    back = f"{START},,4711,-1,-9.00,-9.00,,,,"
    (exchanged,) = receipts(f"{columns}\n{sold}\n{back}\n{sold}\n{back}\n")
    assert (len(exchanged.lines), exchanged.amount_paid) == (4, Decimal(0))
    numbered = [f"{START},{one},4711,1,9.00,9.00,{one},CASH,C,9.00" for one in (1, 2)]
    (both,) = receipts("\n".join((columns, *numbered, "")))
    assert (len(both.lines), both.amount_paid) == (2, Decimal("18.00"))
    (twice_sold,) = receipts(f"{columns}\n{sold}\n{sold}\n{START},,,,,,,CASH,C,18.00\n")
    assert (len(twice_sold.lines), twice_sold.amount_paid) == (2, Decimal("18.00"))


def test_what_the_rows_of_a_receipt_say_of_it_must_be_the_same() -> None:
    later = "A,S1,1,2017-12-23T12:00:01Z,USD"
    assert told(f"{HEAD}\n{START}\n{later}\n") == [
        "row 3, column completed_at: expected the same as in row 2, or nothing, found 2017-12-23T12:00:01Z"
    ]


def test_a_wrong_receipt_never_stops_its_neighbours_and_rows_count_as_a_spreadsheet_counts() -> None:
    good = "B,S1,1,2017-12-23T12:00:00Z,USD"
    found = read(f"{HEAD}\n\n{START.replace('USD', 'usd')}\n{good}\nC,S1,1,yesterday,USD\n")
    assert [one.transaction is None for one in found] == [True, False, True]
    assert found[0].reason == "row 3, column currency: expected text of the form ^[A-Z]{3}$, found usd"
    assert found[2].reason.startswith("row 5, column completed_at: expected an instant with its offset")
    assert [(one.store, one.transaction_id) for one in found] == [("S1", "A"), ("S1", "B"), ("S1", "C")]


def test_neither_piece_of_a_receipt_whose_rows_stand_apart_is_read() -> None:
    other = "B,S1,1,2017-12-23T12:00:00Z,USD"
    found = read(f"{HEAD}\n{START}\n{other}\n{START}\n")
    expected = "row 4, column transaction_id: expected the rows of a receipt together; this one's had ended in row 2, found A"
    assert [one.reason for one in found] == [expected, "", expected]


def test_a_row_with_a_cell_too_many_takes_the_receipt_before_it_with_it() -> None:
    columns = f"{HEAD},tender.type,tender.code,tender.amount"
    body = f"{columns}\n{START},CASH,C,1.00\nB,S1,1,2017-12-23T12:00:00Z,USD,CASH,C,1,50\nC,S1,1,2017-12-23T12:00:00Z,USD,,,\n"
    found = read(body)
    expected = "row 3: expected 8 cells, as the heading has, found 9"
    assert [one.reason for one in found] == [expected, expected, ""]
    found = read(f"{columns}\n{START},CASH,C,1.00\nA,,,,,CASH,C\n")
    assert [one.reason for one in found] == ["row 3: expected 8 cells, as the heading has, found 7"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "body: expected a document, found nothing"),
        (b"\xff\xfet\x00", ("body: expected UTF-8 text, with or without a byte order mark (in a spreadsheet: save as CSV UTF-8), "
         "found UTF-16 text")),
        (f"{HEAD}\n{START}\nB\xfc\n".encode("latin-1"), "row 3: expected UTF-8 text"),
        (f"{HEAD}\n{START}".encode(), "the last row: expected a line end after the last row"),
        (b"transaction_id,colour\n", "row 1, column 2: expected a column's name"),
        (b"a;b\n", "row 1, column 1: expected a column's name"),
        (f"{HEAD},\n".encode(), ("row 1, column 6: expected a column's name, such as transaction_id, line.item, tender.amount or "
         "extra.lane, found an empty name")),
        (f"{HEAD},extra.a4111111111111111\n".encode(), "row 1, column 6: expected a column's name"),
        (f"{HEAD},store\n".encode(), "row 1: expected each column once, found store twice"),
        (b"transaction_id,store\nA,B\n", ("row 1: expected the columns transaction_id, store, terminal, completed_at, currency, "
         "found no terminal, completed_at, currency")),
        ((",".join(f"extra.a{n}" for n in range(301)) + "\n").encode(), "row 1: expected at most 300 columns, found 301"),
        (f"{HEAD}\n".encode(), "body: expected 1 to 500 receipts, found none"),
        (f'{HEAD}\n"A\n'.encode(), "row 2: expected a well-formed CSV row (RFC 4180), found unexpected end of data"),
        (f'{HEAD}\n"A"x,\n'.encode(), "row 2: expected a well-formed CSV row (RFC 4180)"),
        (f"{HEAD}\n{START}\x00\n".encode(), "body: expected UTF-8 text"),
        (f"{HEAD}\n{START}{',' * 100_000}\n".encode(), "body: expected lines of at most 100000 characters"),
        ((f"{HEAD}\n" + "".join(f"{n},S1,1,2017-12-23T12:00:00Z,USD\n" for n in range(501))).encode(),
         "body: expected at most 500 receipts, found more"),
        (b"," * (16 * 1024 * 1024 + 1), "body: expected at most 16777216 bytes"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_as_a_whole(body: bytes, expected: str) -> None:
    assert refusal(body).startswith(expected)


@pytest.mark.parametrize("closed_in", ["line.description", "line.item", "line.net"])
def test_a_quote_that_nobody_closed_takes_no_receipts_with_it(closed_in: str) -> None:
    columns = f"{HEAD};line.item;line.description;{_LINE.replace(',', ';')};tender.type;tender.code;tender.amount".replace(
        ",", ";"
    )
    rows = [
        [
            "1",
            "S1",
            "1",
            "2017-12-23T12:00:00Z",
            "USD",
            "A",
            '"large',
            "1",
            "2.00",
            "2.00",
            "CASH",
            "C",
            "2.00",
        ],
        [
            "2",
            "S1",
            "1",
            "2017-12-23T12:01:00Z",
            "USD",
            "B",
            "small",
            "1",
            "5.00",
            "5.00",
            "CASH",
            "C",
            "5.00",
        ],
        [
            "3",
            "S1",
            "1",
            "2017-12-23T12:02:00Z",
            "USD",
            "C",
            "round",
            "1",
            "9.00",
            "9.00",
            "CASH",
            "C",
            "9.00",
        ],
    ]
    rows[2][columns.split(";").index(closed_in)] += '"'
    body = "\n".join([columns, *(";".join(one) for one in rows)]) + "\n"
    assert refusal(body.encode()) == (
        "row 2: expected each quote closed in its own row, found a cell that takes in the rows after it"
    )


def test_a_cell_of_several_lines_is_a_text_like_any_other() -> None:
    columns = f"{HEAD},line.item,{_LINE},line.description"
    (one,) = receipts(f'{columns}\n{START},A,1,2.00,2.00,"for the door, left\nand right, in oak"\n')
    assert one.lines[0].description == "for the door, left\nand right, in oak"


def test_a_file_of_too_many_rows_and_a_receipt_too_long_are_refused_before_they_are_put_together() -> None:
    expected = "row 100002: expected at most 100000 rows, found more"
    assert refusal(f"{HEAD}\n{START}\n".encode() + b"\n" * 100_000) == expected
    long = f"{HEAD},extra.n\n" + f"{START},{'x' * 999}\n" * 1_100
    assert refusal(long.encode()) == "row 510: expected a receipt of at most 524288 characters, found more"


def test_ids_of_digits_in_groups_cost_nothing_and_texts_of_them_only_so_much() -> None:
    row = "S1,1,2017-12-23T12:00:00Z,USD,A,1,1.00,1.00\n"
    rows = "".join(f"100-1-20171223-{number:04},{row}" * 40 for number in range(400))
    assert len(receipts(f"{HEAD},line.item,{_LINE}\n{rows}")) == 400
    texts = f"{START},{'333 ' * 24_000}\n" * 3
    assert refusal(f"{HEAD},line.description\n{texts}".encode()) == (
        "body: expected at most 262144 bytes of digits in groups, found more"
    )


def test_no_column_of_ours_is_named_like_a_persons() -> None:
    names = {one.leaf for one in COLUMNS.values()}
    assert [name for name in names if masked_tree({name: "x"}) != {name: "x"}] == []


def test_cards_and_people_are_masked_in_what_is_kept_and_typed_numbers_stay() -> None:
    columns = f"line.item,{_LINE},line.description,line.gtin,receipt_number,extra.customer_name,extra.note"
    cells = "4111111111111111,1,1.00,1.00,card 4111-1111-1111-1111,4006381333931,5500005555555559,Jane Doe,jane@example.test"
    (one,) = read(f"{HEAD},{columns}\n{START},{cells}\n")
    assert one.transaction is not None
    kept = one.document.decode()
    assert "4111-1111" not in kept
    assert "Jane" not in kept
    assert "jane@" not in kept
    line = one.transaction.lines[0]
    assert (line.item, line.description, line.gtin) == (
        "4111111111111111",
        "card [card removed]",
        "4006381333931",
    )
    assert one.transaction.receipt_number == "5500005555555559"
    assert dict(one.transaction.extra) == {"customer_name": "[removed]", "note": "[removed]"}
    assert CSV.read_document(one.document, "east") == one.transaction
    assert read(one.document)[0].document == one.document


@pytest.mark.parametrize("said", ["CVV 123", "cvc: 9876", "PIN: 4711"])
def test_a_code_too_short_for_a_card_number_is_kept_in_no_cell(said: str) -> None:
    columns = f"line.item,{_LINE},line.description,line.return_reason"
    (one,) = read(f"{HEAD},{columns}\n{START},1,1,1.00,1.00,{said},{said}\n")
    assert one.transaction is not None
    assert said not in one.document.decode()
    assert (one.transaction.lines[0].description, one.transaction.lines[0].return_reason) == (
        ("[card removed]",) * 2
    )


def test_nothing_of_a_card_is_told_where_a_cell_is_wrong() -> None:
    body = f"{HEAD},{_LINE}\n{START},1,4111111111111111x,1.00\nB 4111 1111 1111 1111,S1,1,x,USD,1,,\n"
    found = read(body)
    assert "4111" not in repr([one.problems for one in found])
    assert b"4111" not in b"".join(one.document for one in found if one.transaction_id == "A")


def test_a_later_generation_has_the_id_with_its_number() -> None:
    assert CSV.id_in("A", 2) == "A#2"


def test_more_than_one_receipt_is_no_kept_document() -> None:
    with pytest.raises(RejectedError, match="the rows of one receipt"):
        CSV.read_document(csv_of(sale_document(1), sale_document(2)), "east")


def test_the_page_names_every_column_and_no_other() -> None:
    page = PAGE.read_text("utf-8")
    table = page[page.index("| Begins with |") :].partition("\n\n")[0].splitlines()[2:]
    named = set()
    for _, begins_with, names, _ in (row.split("|") for row in table):
        prefix = "" if begins_with.strip() == "the receipt" else begins_with.strip(" `")
        named |= {prefix + name.strip(" `") for name in names.split(",")}
    assert named == set(COLUMNS)
    assert set(NEEDED) <= named


def test_the_business_day_and_revision_are_the_senders_own() -> None:
    (one,) = receipts(csv_of(sale_document(1, revision="3")))
    assert (one.business_day, one.revision) == (date(2017, 12, 23), "3")


def test_the_pages_example_adds_up() -> None:
    page = PAGE.read_text("utf-8")
    example = page[page.index("```csv\n") + 7 :].partition("```")[0]
    (one,) = receipts(example)
    assert problems_of(one) == ()
    assert (one.amount_due, len(one.lines), len(one.tenders)) == (Decimal("26.78"), 2, 2)


def test_rows_without_an_id_are_told_as_such_wherever_they_stand() -> None:
    nameless = ",S1,1,2017-12-23T12:00:00Z,USD"
    found = read(f"{HEAD}\n{nameless}\nB,S2,1,2017-12-23T12:00:00Z,USD\n{nameless}\n")
    expected = "column transaction_id: expected a value, found nothing"
    assert [one.reason for one in found] == [f"row 2, {expected}", "", f"row 4, {expected}"]
    assert [one.transaction_id for one in found] == ["", "B", ""]


@pytest.mark.parametrize("adapter", ["canonical", "csv"])
@pytest.mark.parametrize(
    ("name", "totals"),
    [
        (
            "sale__discount_and_tax",
            {
                "gross": "3.00",
                "discount": "0.50",
                "tax": "0.22",
                "total": "2.72",
                "paid": "2.72",
                "change": "0",
            },
        ),
        ("sale__split_tender_with_change", {"total": "26.97", "paid": "30.00", "change": "-3.03"}),
    ],
)
def test_the_senders_own_totals_are_rebuilt_from_what_is_kept(
    adapter: str, name: str, totals: dict[str, str]
) -> None:
    document = as_json(name)
    body = csv_of(document) if adapter == "csv" else json.dumps({"transactions": [document]}).encode()
    (arrival,) = ADAPTERS[adapter].read(body, "east")
    kept = ADAPTERS[adapter].read_document(arrival.document, "east")
    change = sum((one.amount for one in kept.tenders if one.role == "CHANGE"), Decimal(0))
    added = {
        "gross": sum((one.gross for one in kept.lines), Decimal(0)),
        "discount": sum((one.gross - one.net for one in kept.lines), Decimal(0)),
        "tax": sum((tax.amount for one in kept.lines for tax in one.taxes), Decimal(0)),
        "total": sum((one.net for one in kept.lines), Decimal(0))
        + sum((tax.amount for one in kept.lines for tax in one.taxes), Decimal(0)),
        "paid": sum((one.amount for one in kept.tenders), Decimal(0)) - change,
        "change": change,
    }
    assert {one: added[one] for one in totals} == {one: Decimal(figure) for one, figure in totals.items()}
    assert {one: Decimal(figure) for one, figure in document["control_totals"].items()} == {
        one: added[one] for one in document["control_totals"]
    }
