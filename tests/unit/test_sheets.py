"""Statements as sheets and pages: no cell that a spreadsheet runs, no mark-up that a browser reads, nothing left out."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from typing import Any

import pytest

from shared.retail.csv_text import csv_text
from shared.web.sheets import statement_csv, statement_page, storedays_csv
from shared.web.trail import trail_page

FIGURES = {
    "pos_says": "48.00", "received": "24.00", "in_d365": "0.00", "posted": "0.00", "difference": "48.00", "unexplained": "0.00",
}  # fmt: skip
BODY: dict[str, Any] = {
    "store": "S1", "legal_entity": "usrt", "business_day": "2017-12-23", "currency": "USD", "verdict": "not proved",
    "source": {"pos_says": "shift totals", "in_d365": "posted"},
    "receipts": {"pos_says": 2, "received": 1, "in_d365": 0, "posted": 0},
    "totals": FIGURES, "tenders": [{"code": "=CASH()", **FIGURES}], "taxes": [{"code": "VAT20", **FIGURES}],
    "groups": [{"code": "sales", **FIGURES}],
    "causes": [
        {
            "code": "tender_unmapped", "value": "<script>alert(1)</script>", "amount": "-24.00", "owner": "finance",
            "receipts": ["S1-1-0001"], "do_this": "@map it", "decided": None,
        }
    ],
    "unexplained": "0.00", "late": [], "d365_statements": [],
    "shifts": [{"terminal": "1", "shift": "7", "opened_at": "2017-12-23T13:00:00+00:00", "closed_at": None, "ended_by": None}],
    "by_hand": [{"kind": "SAFE_DROP", "terminal": "1", "count": 1, "amount": "-50.00"}],
    "gift_cards": {
        "issued": {"received": "0.00", "in_d365": "0.00", "posted": "0.00"},
        "redeemed": {"received": "10.00", "in_d365": "0.00", "posted": "0.00"},
    },
    "income_expense": [
        {"kind": "PAID_OUT", "reason": "WINDOW", "count": 1, "received": "-3.00", "in_d365": "0.00", "posted": "0.00"}
    ],
    "counts": {
        "lines": [
            {
                "terminal": "1", "shift": "7", "tender": "CASH", "expected": "24.00", "counted": "23.00", "difference": "-1.00",
                "verdict": "within the limit", "account": "618160",
            }
        ]
    },
    "signed": [], "supplement": None, "vouchers": {"state": "equal", "said": "Vouchers read, and equal."},
    "shift_findings": [
        {
            "flaw": "never_closed", "terminal": "3", "shift": "9", "since": "2017-12-24T05:00:00+00:00", "amount": "24.00",
            "proposal": {"because": "nobody sold in it since"},
        }
    ],
    "rounding": [{"mechanism": "line or total", "count": 2, "amount": "0.01", "bound": "0.02"}],
    "returns": {
        "without_receipt": [{"cashier": "17", "count": 1, "amount": "-5.00"}],
        "by_another_tender": [{"receipt": "S1-1-0008", "amount": "-7.00"}],
    },
}  # fmt: skip


class Cells(HTMLParser):
    """The texts of a page's cells, and every tag in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"), ("+44", "'+44"), ("@SUM(A1)", "'@SUM(A1)"), ("-12.50", "-12.50"), ("-cmd", "'-cmd"), ("-1-1", "'-1-1"),
        ("\t=1", "'\t=1"), ("12.50", "12.50"), (None, ""), ("-١", "'-١"), ("--1", "'--1"),
    ],
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_run_is_made_text_and_a_negative_amount_stays_a_number(
    value: object, written: str
) -> None:
    assert rows(csv_text(("head",), [[value, "end"]]))[1] == [written, "end"]


def test_a_statements_sheet_has_a_row_for_each_figure_cause_count_and_movement() -> None:
    found = rows(statement_csv(BODY))
    assert found[0][3:11] == [
        "what", "code", "pos_says", "received", "in_d365", "posted", "difference", "unexplained",
    ]  # fmt: skip
    assert [one[3] for one in found[1:]] == ["total", "tender", "tax", "group", "cause", "counted", "by hand"]
    assert found[1][5:11] == ["48.00", "24.00", "0.00", "0.00", "48.00", "0.00"]
    assert found[2][4] == "'=CASH()"
    assert (found[5][9], found[5][11], found[5][12]) == ("-24.00", "finance", "'@map it")
    assert {len(one) for one in found} == {13}


def test_a_page_shows_every_part_and_runs_nothing() -> None:
    page = Cells(statement_page(BODY))
    assert "script" not in page.tags
    text = " ".join(page.texts)
    for words in (
        "Store S1, 2017-12-23: not proved", "<script>alert(1)</script>", "-24.00", "not closed", "safe drop", "WINDOW",
        "redeemed", "23.00", "Not signed off", "Unexplained", "Vouchers read, and equal.", "never closed",
        "nobody sold in it since", "line or total", "cashier 17", "S1-1-0008", "-7.00",
    ):  # fmt: skip
        assert words in text


def test_what_the_pos_does_not_say_is_written_as_not_stated() -> None:
    body = BODY | {"totals": FIGURES | {"pos_says": None}}
    assert "not stated" in Cells(statement_page(body)).texts


def test_a_signed_day_shows_its_signature_and_its_open_supplement() -> None:
    signed = {
        "what": "statement", "verdict": "proved", "by": "finance desk", "at": "2017-12-24T08:00:00+00:00", "reason": "checked",
        "sha256": "ab" * 32,
    }  # fmt: skip
    changes = {"received": {"receipts": 1, "total": "24.00"}, "posted": {"receipts": 0}}
    supplement = {"number": 1, "receipts": ["S1-1-0009"], "changes": changes}
    text = " ".join(Cells(statement_page(BODY | {"signed": [signed], "supplement": supplement})).texts)
    assert "finance desk" in text
    assert (
        "Supplement 1, not signed: receipts that came S1-1-0009; changes: received 24.00 (1 receipts); posted 0.00"
        in text
    )


def test_the_day_in_one_sheet_has_a_row_a_store() -> None:
    found = rows(
        storedays_csv([{"store": "S1", "verdict": "proved"}, {"store": "S2", "verdict": "not proved"}])
    )
    assert [one[:3] for one in found] == [
        ["store", "business_day", "verdict"], ["S1", "", "proved"], ["S2", "", "not proved"],
    ]  # fmt: skip


def test_a_trail_says_first_whether_anything_was_altered() -> None:
    one = {
        "receipt": "S1-1-0001", "store": "S1", "business_day": "2017-12-23", "terminal": "1", "account": "east",
        "transaction_id": "T1", "status": "posted", "total": "24.00", "currency": "USD", "is_second_version": False,
        "document": {"completed_at": "x", "received_at": "y", "adapter": "canonical/1", "bytes": 9, "sha256": "ff"},
        "d365": {
            "legal_entity": "usrt", "register": "NY01-1", "number": "east:T1", "statement": "S-1", "sales_order": "SO1",
            "invoice": "INV1", "credit_note": None, "evidence": ["voucher V1: confirmed"],
        },
        "package": {"package": "P1", "final_status": "Succeeded", "sha256": "aa"}, "mapping": {"version": 3},
        "corrections": {"replaced_by": "T1-replacement"}, "signed": [], "causes": [], "history": ["2017 received"],
        "altered": [],
    }  # fmt: skip
    text = " ".join(Cells(trail_page({"receipts": [one]})).texts)
    assert "Every hash checked: nothing was altered." in text
    for words in ("voucher V1: confirmed", "S-1", "INV1", "P1", "T1-replacement", "version 3"):
        assert words in text
    altered = " ".join(Cells(trail_page({"receipts": [one | {"altered": ["the kept document"]}]})).texts)
    assert "ALTERED since: the kept document" in altered


def test_a_page_says_what_to_do_about_a_shift_and_when_as_people_read_it() -> None:
    finding = {
        "flaw": "overlap", "terminal": "1", "shift": "1", "others": ["2"], "since": "2017-12-23T17:25:00+00:00", "amount": "0",
        "proposal": {"act": "end by head office", "at": "2017-12-23T17:25:01+00:00", "because": "nothing was sold in it after"},
    }  # fmt: skip
    texts = Cells(statement_page(BODY | {"shift_findings": [finding]})).texts
    assert "overlap with 2" in texts
    assert "2017-12-23 17:25" in texts
    assert "End by head office at 2017-12-23 17:25:01: nothing was sold in it after." in texts
    assert "2017-12-23 13:00" in texts  # when a shift was opened


def test_missing_numbers_are_written_as_stretches_and_receipts_one_by_one() -> None:
    (cause,) = BODY["causes"]
    missing = cause | {"receipts": [f"till 1 number {number}" for number in (10, 11, 13, 14, 15, 19)]}
    many = cause | {"receipts": [f"S1-1-{number:04d}" for number in range(14)]}
    texts = Cells(statement_page(BODY | {"causes": [missing, many]})).texts
    assert "till 1: 10-11, 13-15, 19" in texts
    assert ", ".join(f"S1-1-{number:04d}" for number in range(12)) + " …" in texts


def test_vouchers_are_shown_account_by_account_and_only_a_hash_is_broken_anywhere() -> None:
    account = {
        "account": "401100", "what": ["returns", "income_expense"], "expected": "-70.00", "found": "-69.99",
        "statement": "STMT-1",
    }  # fmt: skip
    body = BODY | {
        "vouchers": {
            "state": "different",
            "said": "not proved; account 401100 differs",
            "accounts": [account],
        }
    }
    text = statement_page(body)
    texts = Cells(text).texts
    assert "Not proved; account 401100 differs." in texts
    assert {"401100", "returns, income expense", "-70.00", "-69.99", "STMT-1"} <= set(texts)
    assert "class=w" not in text
    signed = {
        "what": "statement",
        "verdict": "proved",
        "by": "a",
        "at": "2017-12-24T08:00:00+00:00",
        "reason": "b",
        "sha256": "ab" * 32,
    }
    assert statement_page(body | {"signed": [signed]}).count("class=w") == 1
