"""Which of the dated rows D365 is asked about, and which are told: those that count today or later, ended ones no more."""

from __future__ import annotations

from datetime import date
from typing import Any

from shared.retail.mapping_csv import CsvLine
from shared.retail.mapping_rows import MappingRow, Mappings
from shared.retail.reference import ITEMS, TENDERS, newest_rows, wanted
from shared.retail.reference_findings import findings
from shared.retail.reference_lines import asked_by, objections, rows_to_ask_for
from tests.unit.test_mapping import STORE, mappings

TODAY = date(2018, 1, 10)
GONE = {"there": "no"}


def with_tenders(*rows: MappingRow, **changes: dict[str, str] | None) -> Mappings:
    known = mappings(**changes)
    return Mappings(9, {**known.rows, ("tenders", "*", "CASH"): rows})


def method(number: str) -> dict[str, str]:
    return {"store": "*", "tender": "CASH", "payment_method": number}


def told(known: Mappings) -> list[str]:
    return [one.value for one in findings(known, TODAY)]


def test_a_row_that_ended_or_was_followed_by_another_is_told_no_more_and_one_to_come_is_told_ahead() -> None:
    gone: dict[str, Any] = {f"d365_tenders__usrt__5637__{number}": GONE for number in ("1", "2", "3")}
    followed = with_tenders(MappingRow(method("1"), 1), MappingRow(method("2"), 2, date(2018, 1, 1)), **gone)
    assert told(followed) == ["Payment method: usrt / 5637 / 2"]
    ended = with_tenders(MappingRow(method("1"), 1, None, date(2018, 1, 9)), **gone)
    assert told(ended) == []
    to_come = with_tenders(MappingRow(method("1"), 1), MappingRow(method("3"), 2, date(2018, 2, 1)), **gone)
    assert told(to_come) == ["Payment method: usrt / 5637 / 1", "Payment method: usrt / 5637 / 3"]


def test_d365_is_asked_about_every_row_that_a_late_receipt_may_need() -> None:
    known = with_tenders(
        MappingRow(method("1"), 1, None, date(2018, 1, 9)), MappingRow(method("2"), 2, date(2018, 2, 1))
    )
    assert wanted(known).keys[TENDERS] == {("usrt", "5637", "1"), ("usrt", "5637", "2")}
    assert [row["payment_method"] for row in newest_rows(known, TODAY)["tenders"]] == ["2"]


def test_an_item_of_variants_is_told_where_a_row_names_none() -> None:
    shirt = {"there": "yes", "variants": "yes"}
    scanned = {"barcode": "4006381333931", "item_number": "SHIRT", "variant": "RED-L", "unit": ""}
    known = mappings(barcodes__4006381333931=scanned, d365_items__usrt__SHIRT=shirt)
    assert ("usrt", "SHIRT") in wanted(known).keys[ITEMS]
    assert told(known) == []
    plain = mappings(barcodes__4006381333931=scanned | {"variant": ""}, d365_items__usrt__SHIRT=shirt)
    assert told(plain) == ["Item variant exists: usrt / SHIRT"]


def test_two_stores_on_one_warehouse_are_told_only_while_both_are() -> None:
    second = STORE | {"store": "S2", "store_number": "NY02", "channel_id": ""}
    assert told(mappings(stores__S2=second)) == ["Shared warehouse: usrt / NYWH"]
    known = mappings(stores__S2=second)
    rows = {**known.rows, ("stores", "S1"): (MappingRow(STORE, 1, None, date(2018, 1, 9)),)}
    assert told(Mappings(1, rows)) == []


def test_an_item_that_was_missing_or_blocked_when_last_read_is_a_warning_and_no_refusal() -> None:
    known = mappings(
        d365_items__usrt__D9={"there": "no"}, d365_items__usrt__D8={"there": "yes", "blocked": "yes"}
    )
    lines = [
        CsvLine({"item": "9", "item_number": "D9", "unit": ""}, 2),
        CsvLine({"item": "8", "item_number": "D8"}, 3),
    ]
    asked = asked_by("items", lines, known)
    assert rows_to_ask_for(asked, known) == {}
    assert [(one.row, one.refuses, one.problem) for one in objections(asked, known)] == [
        (2, False, "item D9 is not released to company usrt"),
        (3, False, "item D8 is blocked in company usrt"),
    ]
