"""The canonical JSON: what is read from it exactly, what is refused and how the refusal reads."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.errors import RejectedError
from shared.pos import canonical_model
from shared.pos.adapter import Arrival
from shared.pos.registry import ADAPTERS
from shared.retail import transaction as retail
from shared.retail.rules import problems_of

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "pos" / "canonical"
CANONICAL = ADAPTERS["canonical"]
EAST = timezone(timedelta(hours=-5))


def fixture(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return read


def read_text(*transactions: str) -> list[Arrival]:
    return CANONICAL.read(('{"transactions":[' + ",".join(transactions) + "]}").encode(), "canonical-east")


def read_one(transaction: object) -> Arrival:
    (arrival,) = read_text(json.dumps(transaction))
    return arrival


def sale(**changes: object) -> dict[str, Any]:
    return fixture("sale__cash_rounding") | changes


def sale_with_line(**changes: object) -> dict[str, Any]:
    whole = fixture("sale__cash_rounding")
    whole["lines"][0] |= changes
    return whole


def test_a_golden_sale_is_read_field_by_field() -> None:
    arrival = read_one(fixture("sale__discount_and_tax"))
    discount = retail.Discount(Decimal("0.50"), "LINE", "PERCENT", "LOYALTY", "5177", "member", "RETAILER")
    tax = retail.Tax("NY8", Decimal("0.22"), Decimal("8.875"), Decimal("2.50"), False, "MERCHANT", None)
    line = retail.Line(
        line_number=1,
        item="1004906",
        quantity=Decimal(2),
        gross=Decimal("3.00"),
        net=Decimal("2.50"),
        gtin="4006381333931",
        description="SOUP BAR CUP",
        unit="ea",
        unit_price=Decimal("1.50"),
        discounts=(discount,),
        taxes=(tax,),
    )
    assert arrival.problems == ()
    assert arrival.transaction == retail.Transaction(
        account="canonical-east",
        store="367",
        transaction_id="1-17",
        terminal="1",
        completed_at=datetime(2017, 12, 23, 18, 4, 5, tzinfo=EAST),
        began_at=datetime(2017, 12, 23, 18, 3, 5, tzinfo=EAST),
        currency="USD",
        kind=retail.Kind.SALES,
        status=retail.TillStatus.COMPLETED,
        revision="1",
        receipt_number="367-1-0017",
        sequence_number=17,
        shift="1",
        operator="437",
        business_day=date(2017, 12, 23),
        lines=(line,),
        tenders=(retail.Tender(1, retail.TenderType.CASH, "CASH", Decimal("2.72")),),
        control_totals=retail.ControlTotals(
            gross=Decimal("3.00"),
            discount=Decimal("0.50"),
            tax=Decimal("0.22"),
            total=Decimal("2.72"),
            paid=Decimal("2.72"),
            change=Decimal("0.00"),
        ),
        extra={"lane": 7, "weight": Decimal("0.42")},
    )


@pytest.mark.parametrize(
    ("name", "shape", "due", "paid"),
    [
        ("sale__discount_and_tax", "SALE", "2.72", "2.72"),
        ("return__of_an_earlier_sale", "RETURN", "-1.63", "-1.63"),
        ("exchange__uneven", "EXCHANGE", "2.73", "2.73"),
        ("sale__split_tender_with_change", "SALE", "26.97", "26.97"),
        ("gift_card__issued_and_used", "SALE", "25.00", "25.00"),
        ("sale__cash_rounding", "SALE", "10.00", "10.00"),
        ("sale__coupon_tender", "SALE", "5.49", "5.49"),
        ("sale__total_zero", "SALE", "0.00", "0"),
        ("sale__line_of_quantity_zero", "SALE", "1.00", "1.00"),
        ("sale__training", "SALE", "1.00", "0"),
        ("sale__prices_include_tax", "SALE", "11.90", "11.90"),
        ("shift__open", "MONEY_ONLY", "0", "0"),
        ("shift__close", "MONEY_ONLY", "0", "0"),
        ("cash__paid_out", "MONEY_ONLY", "0", "0"),
    ],
)
def test_a_golden_document_is_sound_and_reads_back_equal(name: str, shape: str, due: str, paid: str) -> None:
    arrival = read_one(fixture(name))
    assert arrival.transaction is not None, arrival.problems
    assert problems_of(arrival.transaction) == ()
    assert arrival.transaction.shape == shape
    assert (arrival.transaction.amount_due, arrival.transaction.amount_paid) == (Decimal(due), Decimal(paid))
    assert CANONICAL.read_document(arrival.document, "canonical-east") == arrival.transaction


def test_the_parts_of_a_return_an_issued_gift_card_and_a_shift_arrive_where_they_belong() -> None:
    back = read_one(fixture("return__of_an_earlier_sale")).transaction
    card = read_one(fixture("gift_card__issued_and_used")).transaction
    shift = read_one(fixture("shift__close")).transaction
    movement = read_one(fixture("cash__paid_out")).transaction
    assert back
    assert card
    assert shift
    assert shift.shift_record
    assert shift.shift_record.totals
    assert movement
    assert back.lines[0].original == retail.Link(
        retail.LinkRole.ORIGINAL, transaction_id="1-17", line_number=1
    )
    assert back.lines[0].disposition is retail.Disposition.SCRAP
    assert card.lines[0].is_gift_card
    assert card.tenders[0].gift_card == "GC-0007"
    assert shift.shift_record.closed_at == datetime(2017, 12, 24, 2, 0, tzinfo=UTC)
    assert shift.shift_record.counted[0].denominations[1] == retail.Denomination(Decimal("0.10"), 31)
    assert dict(shift.shift_record.totals.taxes) == {"NY8": Decimal("3.10")}
    assert dict(shift.shift_record.totals.tenders) == {"CASH": Decimal("43.10")}
    assert movement.cash_movement == retail.CashMovement(
        "CASH", Decimal("-20.00"), "WINDOW", "window cleaning"
    )


def test_amounts_are_exact_as_texts_and_as_numbers() -> None:
    text = json.dumps(sale_with_line(gross="GROSS", net="NET", unit_price="PRICE"))
    text = (
        text.replace('"GROSS"', "12345678901234567.89").replace('"NET"', "1.10").replace('"PRICE"', '"1.10"')
    )
    (arrival,) = read_text(text)
    assert arrival.transaction is not None, arrival.problems
    line = arrival.transaction.lines[0]
    assert line.gross == Decimal("12345678901234567.89")
    assert (str(line.net), str(line.unit_price)) == ("1.10", "1.10")


def test_ids_sent_as_numbers_are_read_to_their_last_digit() -> None:
    text = json.dumps(sale(transaction_id="ID", store=367)).replace('"ID"', "9007199254740993000000001")
    (arrival,) = read_text(text)
    assert arrival.transaction is not None, arrival.problems
    assert arrival.transaction.transaction_id == "9007199254740993000000001"
    assert arrival.transaction.store == "367"


_AMOUNT = "a decimal number such as 12.50"
_INSTANT = "an instant with its offset, such as 2017-12-23T18:04:05-05:00 or ...Z, years 1990 to 2199"
_ID = "an identifier of 1 to 200 printable characters without blanks around it"
_NO_FIELD = "no such field (a vendor's own fields belong inside extra)"


@pytest.mark.parametrize(
    ("wrong", "field", "expected", "found"),
    [
        (sale(colour="red"), "colour", _NO_FIELD, "red"),
        (sale_with_line(colour={"a": 1}), "lines[0].colour", _NO_FIELD, "an object"),
        (sale_with_line(gross="9,98"), "lines[0].gross", _AMOUNT, "9,98"),
        (sale_with_line(gross=" 9.98"), "lines[0].gross", _AMOUNT, " 9.98"),
        (sale_with_line(gross="1e3"), "lines[0].gross", _AMOUNT, "1e3"),
        (sale_with_line(gross="٩.٩٨"), "lines[0].gross", _AMOUNT, "٩.٩٨"),
        (sale_with_line(gross="1_000"), "lines[0].gross", _AMOUNT, "1_000"),
        (sale_with_line(gross=True), "lines[0].gross", _AMOUNT, "true"),
        (sale_with_line(gross=None), "lines[0].gross", _AMOUNT, "null"),
        (sale_with_line(gross="1." + "0" * 13), "lines[0].gross", _AMOUNT, "1.0000000000000"),
        (sale_with_line(gross="9" * 29), "lines[0].gross", _AMOUNT, "9" * 29),
        (sale_with_line(gross=10**28), "lines[0].gross", _AMOUNT, "1" + "0" * 28),
        (sale_with_line(line_number=0), "lines[0].line_number", "1 or more", "0"),
        (sale_with_line(line_number="1"), "lines[0].line_number", "a whole number", "1"),
        (sale_with_line(gtin="40063813339311234"), "lines[0].gtin", "text of the form ^[0-9]{6,14}$",
         "40063813339311234"),
        (sale(completed_at="2017-12-23T18:04:05"), "completed_at", _INSTANT, "2017-12-23T18:04:05"),
        (sale(completed_at="2017-12-23 18:04:05Z"), "completed_at", _INSTANT, "2017-12-23 18:04:05Z"),
        (sale(completed_at="2017-02-30T18:04:05Z"), "completed_at", _INSTANT, "2017-02-30T18:04:05Z"),
        (sale(completed_at="9999-12-31T23:59:59-12:00"), "completed_at", _INSTANT,
         "9999-12-31T23:59:59-12:00"),
        (sale(completed_at=1514070245), "completed_at", _INSTANT, "1514070245"),
        (sale(business_day="23.12.2017"), "business_day", "a day such as 2017-12-23, years 1990 to 2199",
         "23.12.2017"),
        (sale(transaction_id=""), "transaction_id", _ID, "an empty text"),
        (sale(transaction_id=" 17"), "transaction_id", _ID, " 17"),
        (sale(transaction_id="1\u00007"), "transaction_id", _ID, "1\x007"),
        (sale(transaction_id=1.5), "transaction_id", _ID, "1.5"),
        (sale(training="no"), "training", "true or false", "no"),
        (sale(currency="usd"), "currency", "text of the form ^[A-Z]{3}$", "usd"),
        (sale(lines={}), "lines", "a list", "an object"),
        (sale(lines=[7]), "lines[0]", "an object", "7"),
        (sale(lines=[{}] * 10_001), "lines", "at most 10000 entries", "a list of 10001"),
        (sale(status="DONE"), "status",
         "one of 'COMPLETED', 'VOIDED', 'SUSPENDED', 'PENDING' or 'FAILED'", "DONE"),
        (sale(extra=[]), "extra", "an object", "a list of 0"),
        ([1], "transaction", "an object", "a list of 1"),
        (None, "transaction", "an object", "null"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_what_was_expected_and_found(
    wrong: object, field: str, expected: str, found: str
) -> None:
    arrival = read_one(wrong)
    assert arrival.transaction is None
    problem = arrival.problems[0]
    assert (problem.field, problem.expected, problem.found) == (field, expected, found)
    assert arrival.reason == f"{field}: expected {expected}, found {found}"


def test_a_shift_that_gives_a_tenders_total_twice_is_refused() -> None:
    shift = fixture("shift__close")
    shift["shift_record"]["totals"]["tenders"] *= 2
    (problem,) = read_one(shift).problems
    assert (problem.field, problem.expected) == ("shift_record.totals.tenders", "each code once")


def test_what_is_missing_is_named() -> None:
    arrival = read_one({"store": "367", "transaction_id": 17})
    assert [(one.field, one.expected, one.found) for one in arrival.problems] == [
        ("terminal", "a value", "nothing"),
        ("completed_at", "a value", "nothing"),
        ("currency", "a value", "nothing"),
    ]
    assert (arrival.store, arrival.transaction_id) == ("367", "17")


@pytest.mark.parametrize(
    ("number", "found"),
    [("1e999999999", "1E+999999999"), ("1e13", "1E+13"), ("1e-13", "1E-13"), ("9" * 400, "9" * 80)],
)
def test_a_number_bomb_is_refused_by_its_field_wherever_it_is(number: str, found: str) -> None:
    for field, whole in (
        ("lines[0].gross", sale_with_line(gross="BOMB")),
        ("extra", sale(extra={"a": ["BOMB"]})),
    ):
        (arrival,) = read_text(json.dumps(whole).replace('"BOMB"', number))
        assert arrival.transaction is None
        assert arrival.problems[0].field == field
        assert field == "extra" or arrival.problems[0].found == found


@pytest.mark.parametrize(
    ("slice_text", "found"),
    [
        ('{"store":NaN}', "expected value"),
        ('{"store":-Infinity}', "invalid number"),
        ('{"store":"1","store":"2"}', 'duplicate key "store"'),
        ('{"lines":[{"net":"1","net":"2"}]}', 'duplicate key "net"'),
        ('{"store":"\\ud800"}', "hex escape"),
        ('{"a":' * 33 + "1" + "}" * 33, "more levels"),
        ('{"a":' * 300 + "1" + "}" * 300, "recursion limit"),
        ('{"store":' + "7" * 5000 + "}", "1000 digits or more"),
    ],
)
def test_what_is_no_clean_json_spoils_only_its_own_slice(slice_text: str, found: str) -> None:
    good = json.dumps(sale())
    arrivals = read_text(good, slice_text, good)
    assert [one.transaction is None for one in arrivals] == [False, True, False]
    assert found in arrivals[1].problems[0].found
    assert arrivals[1].document == slice_text.encode()


@pytest.mark.parametrize(
    ("body", "field", "found"),
    [
        (b"", "body", "nothing"),
        (b"  \n", "body", "nothing"),
        (b"hello", "body", "expecting {"),
        (b"[]", "body", "expecting {"),
        (b'{"transactions":[]}', "transactions", "none"),
        (b'{"transactions":[{}],"more":1}', "body", "expecting }"),
        (b'{"more":1,"transactions":[{}]}', "body", "the field more"),
        (b'{"transactions":[{}],"transactions":[{}]}', "body", "expecting }"),
        (b'{"transactions":[{}]} {}', "body", "expecting the end"),
        (b'{"transactions":[{},]}', "body", "Expecting value"),
        (b'{"transactions":[{}', "body", "expecting ,"),
        (b'{"transactions":[{"a":"\xff"}]}', "body", "no UTF-8"),
        (b"\xef\xbb\xbf" + b'{"transactions":[{}]}', "body", "expecting {"),
        (b'{"transactions":[' + b"[" * 100_000, "body", "nesting without end"),
        (b'{"transactions":[' + b"{}," * 500 + b"{}]}", "transactions", "more"),
        (b'{"transactions":["' + b"x" * (16 * 1024 * 1024) + b'"]}', "body", "bytes"),
    ],
)
def test_a_body_that_is_wrong_as_a_whole_is_rejected(body: bytes, field: str, found: str) -> None:
    with pytest.raises(RejectedError) as caught:
        CANONICAL.read(body, "canonical-east")
    assert caught.value.field == field
    assert found in caught.value.found


def test_500_transactions_are_read_in_the_order_sent() -> None:
    arrivals = read_text(*(json.dumps(sale(transaction_id=str(number))) for number in range(500)))
    assert [one.transaction_id for one in arrivals] == [str(number) for number in range(500)]


def test_each_arrival_keeps_its_own_bytes_exactly_as_sent() -> None:
    first = json.dumps(sale(operator="Zoë"), indent=3, ensure_ascii=False)
    second = json.dumps(sale(extra={"weight": "W"})).replace('"W"', "1.2300")
    body = f'\n{{ "transactions" :\t[ {first} ,\r\n {second}\n] }} '.encode()
    arrivals = CANONICAL.read(body, "canonical-east")
    assert [one.document for one in arrivals] == [first.encode(), second.encode()]
    assert all(one.transaction for one in arrivals)


def test_a_masked_slice_is_written_again_with_the_same_numbers_and_reads_back_equal() -> None:
    text = json.dumps(sale(extra={"email": "a@example.com", "weight": "W", "big": "B"}))
    text = text.replace('"W"', "1.2300").replace('"B"', "1e5")
    (arrival,) = read_text(text)
    assert arrival.transaction is not None
    assert b'"extra":{"email":"[removed]","weight":1.2300,"big":1E+5}' in arrival.document
    assert CANONICAL.read_document(arrival.document, "canonical-east") == arrival.transaction
    assert read_text(arrival.document.decode())[0].document == arrival.document


def test_a_document_that_was_never_kept_is_rejected_by_its_first_field() -> None:
    with pytest.raises(RejectedError) as caught:
        CANONICAL.read_document(json.dumps(sale(currency="Dollar")).encode(), "canonical-east")
    assert caught.value.field == "currency"


def test_the_example_in_the_documentation_is_read() -> None:
    page = (ROOT / "docs" / "pos" / "canonical.md").read_text(encoding="utf-8")
    example = page.split("```json\n")[1].split("```")[0]
    (arrival,) = CANONICAL.read(example.encode(), "canonical-east")
    assert arrival.transaction is not None, arrival.problems
    assert arrival.transaction.transaction_id == "1-17"


def test_the_published_schema_is_the_model() -> None:
    published = (ROOT / "docs" / "transaction.schema.json").read_text(encoding="utf-8")
    assert published == canonical_model.schema_text()


@pytest.mark.parametrize(
    ("model", "value"),
    [
        (canonical_model.TransactionModel, retail.Transaction),
        (canonical_model.LineModel, retail.Line),
        (canonical_model.DiscountModel, retail.Discount),
        (canonical_model.TaxModel, retail.Tax),
        (canonical_model.LinkModel, retail.Link),
        (canonical_model.TenderModel, retail.Tender),
        (canonical_model.CardModel, retail.Card),
        (canonical_model.ForeignMoneyModel, retail.ForeignMoney),
        (canonical_model.RoundingModel, retail.Rounding),
        (canonical_model.CashMovementModel, retail.CashMovement),
        (canonical_model.ShiftRecordModel, retail.ShiftRecord),
        (canonical_model.CountedModel, retail.Counted),
        (canonical_model.DenominationModel, retail.Denomination),
        (canonical_model.ShiftTotalsModel, retail.ShiftTotals),
        (canonical_model.ControlTotalsModel, retail.ControlTotals),
    ],
)
def test_a_model_has_the_fields_of_its_domain_value(model: Any, value: Any) -> None:
    assert set(model.model_fields) == {one.name for one in dataclasses.fields(value)} - {"account"}
