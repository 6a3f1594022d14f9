"""The demo's tables, its progress, and the comparison that decides its exit code, on a day made by hand."""

from __future__ import annotations

import copy
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from demo.books import write_books
from demo.compare import Expected, compare_findings, compare_statements
from demo.documents import Counters, write_messages
from demo.journey import BasketLine
from demo.picture import Picture
from demo.prepare import Prepared
from demo.progress import Progress
from demo.report import chain_table, exceptions_text, stores_table, usage_table
from demo.rests import rests_table
from demo.tables import Column, amount, table
from demo.troubles import Plan
from demo.visits import Payment, Visit

DAY = date(2017, 12, 23)
NOW = datetime(2017, 12, 24, 8, tzinfo=UTC)
Json = dict[str, Any]


def columns(pos_says: str, received: str, in_d365: str, posted: str) -> Json:
    difference = str(Decimal(pos_says) - Decimal(posted))
    figures = {"pos_says": pos_says, "received": received, "in_d365": in_d365, "posted": posted}
    return {**figures, "difference": difference, "unexplained": "0.00"}


def statement(
    store: str, cash: Json, sales: Json, causes: list[Json], receipts: tuple[int, int, int, int]
) -> Json:
    nothing = columns("0.00", "0.00", "0.00", "0.00")
    groups = [{"code": "sales", **sales}]
    groups += [{"code": one, **nothing} for one in ("returns", "discounts", "gift_cards_issued", "rounding")]
    return {
        "store": store,
        "business_day": "2017-12-23",
        "verdict": "not proved" if causes else "proved",
        "receipts": dict(zip(("pos_says", "received", "in_d365", "posted"), receipts, strict=True)),
        "totals": cash,
        "tenders": [{"code": "CASH", **cash}],
        "taxes": [{"code": "NYFOOD", **nothing}],
        "groups": groups,
        "causes": causes,
        "unexplained": "0.00",
    }


def cause(code: str, money: str, receipts: list[str]) -> Json:
    return {"code": code, "amount": money, "receipts": receipts, "decided": None}


# Two stores. 9001 sold 4.00 and 8.00; the 8.00 never arrived. 9002 sold 6.50; all of it is posted.
def picture() -> Picture:
    short = columns("12.00", "4.00", "4.00", "4.00")
    whole = columns("6.50", "6.50", "6.50", "6.50")
    missing = [cause("receipts_missing", "8.00", ["till 1 number 12"])]
    statements = {
        ("9001", "2017-12-23"): statement("9001", short, short, missing, (2, 1, 1, 1)),
        ("9002", "2017-12-23"): statement("9002", whole, whole, [], (1, 1, 1, 1)),
    }
    member = {
        "what": "number", "store": "9001", "terminal": "1", "business_day": "2017-12-23", "sequence_number": 12,
        "transaction_id": "", "state": "open",
    }  # fmt: skip
    found = {
        "fingerprint": "receipts_missing~1", "code": "receipts_missing", "value": "9001 till 1 2017-12-23",
        "state": "open", "owner": "store_operations", "what_happened": "Till 1 used number 12, which never arrived.",
        "why": "It was not sent.", "holds_up": "Its money is in no ledger.",
        "do_this": "Re-send it, or confirm that it is lost.", "receipts": 1, "amount": "8.00", "currency": "USD",
        "stores": ["9001"], "members": [member], "ended_how": [],
    }  # fmt: skip
    usage = {"d365": {"import": 2, "read": 1}, "storage": {"group": 1234}}
    return Picture(NOW, statements, (found,), usage)


STORES = """\
STORE BY STORE, worst first (USD)

Store    Day    POS says  Received  In D365  Posted  Difference  Unexplained  Causes, which add up to the difference
-------  -----  --------  --------  -------  ------  ----------  -----------  --------------------------------------
9001     12-23     12.00      4.00     4.00    4.00        8.00         0.00  8.00 never arrived (1 receipt)
1 other             6.50      6.50     6.50    6.50        0.00         0.00
-------  -----  --------  --------  -------  ------  ----------  -----------  --------------------------------------
All                18.50     10.50    10.50   10.50        8.00         0.00"""

CHAIN = """\
THE WHOLE CHAIN (USD)

The chain                   POS says  Received  In D365  Posted  Difference
--------------------------  --------  --------  -------  ------  ----------
Tender CASH                    18.50     10.50    10.50   10.50        8.00
Tax NYFOOD                      0.00      0.00     0.00    0.00        0.00
Sales without tax              18.50     10.50    10.50   10.50        8.00
Returns without tax             0.00      0.00     0.00    0.00        0.00
Gift cards sold                 0.00      0.00     0.00    0.00        0.00
Cash rounding                   0.00      0.00     0.00    0.00        0.00
Discounts given (in sales)      0.00      0.00     0.00    0.00        0.00
Receipts                           3         2        2       2           1
--------------------------  --------  --------  -------  ------  ----------
Total paid                     18.50     10.50    10.50   10.50        8.00"""

EXCEPTIONS = """\
WHAT WAITS FOR SOMEBODY (1 cause)

Store operations: 1 receipt, 8.00 USD, store 9001
    Till 1 used number 12, which never arrived. It was not sent.
    Its money is in no ledger.
    Do this: Re-send it, or confirm that it is lost."""

USAGE = """\
WHAT IT TOOK, for 4 receipts traded in small calls all day

Calls and operations so far  Number  Per 1,000 receipts
---------------------------  ------  ------------------
D365: import                      2               500.0
D365: read                        1               250.0
D365, all                         3               750.0
Storage: group                1,234           308,500.0
Storage, all                  1,234           308,500.0"""


def test_a_table_sets_words_left_and_figures_right() -> None:
    drawn = table(
        "T",
        [Column("Word"), Column("Sum", True)],
        [["a", amount("1234.5")], ["all", "7.00"]],
        last_is_sum=True,
    )
    assert drawn == "T\n\nWord       Sum\n----  --------\na     1,234.50\n----  --------\nall       7.00"


def test_what_is_not_stated_is_a_dash() -> None:
    assert (amount(None), amount("-0.50"), amount(Decimal(1234567))) == ("-", "-0.50", "1,234,567.00")


def test_the_worst_store_comes_first_and_the_rest_is_summed() -> None:
    assert stores_table(picture()) == STORES


def test_the_chain_is_shown_by_tender_tax_and_group() -> None:
    assert chain_table(picture()) == CHAIN


def test_an_exception_says_whose_it_is_and_what_to_do() -> None:
    assert exceptions_text(picture()) == EXCEPTIONS


def test_use_of_d365_and_storage_is_shown_for_a_thousand_receipts() -> None:
    assert usage_table(picture(), 4) == USAGE


def prepared() -> Prepared:
    """The same two stores on paper: food, paid in cash, the 8.00 of store 9001 lost."""
    visits = tuple(
        Visit(
            name=name,
            day=DAY,
            store=store,
            terminal="1",
            at=datetime(2017, 12, 23, hour, tzinfo=UTC),
            lines=(BasketLine("2", 1, Decimal(price), Decimal(0), Decimal(0), Decimal(0)),),
            payment=Payment(("CASH",)),
        )
        for name, store, hour, price in (
            ("a", "9001", 15, "4.00"),
            ("b", "9001", 16, "8.00"),
            ("c", "9002", 15, "6.50"),
        )
    )
    messages = tuple(write_messages(visits, 7, Counters(7)))
    return Prepared((DAY,), visits, messages, Plan(lost_visits=("b",)), write_books(visits, messages, 7))


def missing(run: Prepared) -> Expected:
    number = f"store 9001 till 1 number {run.lost[0].sequence}"
    return Expected("receipts_missing", "store_operations", "lost", frozenset({number}))


def with_number(shown: Picture, number: int) -> Picture:
    found = copy.deepcopy(shown)
    found.causes[0]["members"][0]["sequence_number"] = number
    return found


def test_statements_that_say_what_the_books_say_are_right() -> None:
    assert compare_statements(picture(), prepared(), repaired=False) == []


def test_a_penny_that_differs_from_the_books_is_named_with_its_store_and_column() -> None:
    shown = picture()
    shown.statements["9002", "2017-12-23"]["tenders"][0]["received"] = "6.49"
    wrong = compare_statements(shown, prepared(), repaired=False)
    assert wrong == ["store 9002 on 2017-12-23: received of tenders CASH is 6.49, the books hold 6.50"]


def test_an_unexplained_penny_is_named() -> None:
    shown = picture()
    shown.statements["9001", "2017-12-23"] |= {
        "unexplained": "0.01", "causes": [cause("receipts_missing", "7.99", ["till 1 number 12"])],
    }  # fmt: skip
    wrong = compare_statements(shown, prepared(), repaired=False)
    assert wrong == ["store 9001 on 2017-12-23: 0.01 is unexplained"]


def test_causes_that_do_not_add_up_are_named() -> None:
    shown = picture()
    shown.statements["9001", "2017-12-23"]["causes"] = []
    assert "do not make the difference of 8.00" in compare_statements(shown, prepared(), repaired=False)[0]


def test_a_store_day_without_a_statement_is_named() -> None:
    shown = picture()
    del shown.statements["9002", "2017-12-23"]
    assert compare_statements(shown, prepared(), repaired=False) == ["store 9002 on 2017-12-23: no statement"]


def test_after_the_repair_every_store_day_must_be_proved() -> None:
    wrong = compare_statements(picture(), prepared(), repaired=True)
    assert wrong == ["store 9001 on 2017-12-23: not proved"]


def test_a_trouble_found_with_its_receipts_owner_and_remedy_is_right() -> None:
    run = prepared()
    assert compare_findings(with_number(picture(), run.lost[0].sequence), [missing(run)]) == []


def test_a_trouble_found_on_another_receipt_is_wrong_twice() -> None:
    run = prepared()
    wrong = compare_findings(with_number(picture(), 1), [missing(run)])
    assert [one.rsplit(" ", 5)[-3:] for one in wrong] == [["is", "not", "named"], ["was", "not", "planted"]]


def test_a_planted_trouble_that_was_not_found_is_named() -> None:
    run = prepared()
    wrong = compare_findings(Picture(NOW, {}, (), {}), [missing(run)])
    assert wrong == ["planted but not found: receipts_missing"]


def test_something_reported_that_nobody_planted_is_named() -> None:
    wrong = compare_findings(picture(), [])
    assert wrong == ["reported but not planted: receipts_missing '9001 till 1 2017-12-23', 1 receipts"]


def test_the_wrong_owner_and_a_useless_remedy_are_named() -> None:
    run = prepared()
    shown = with_number(picture(), run.lost[0].sequence)
    shown.causes[0].update({"owner": "it", "do_this": "Try again."})
    wrong = compare_findings(shown, [missing(run)])
    assert len(wrong) == 2
    assert "owner it, should be store_operations" in wrong[0]


def test_progress_in_a_log_speaks_in_whole_lines_and_not_too_often() -> None:
    out = io.StringIO()
    progress = Progress(out=out)
    progress.step("begin")
    for number in range(100):
        progress.now(f"{number}")
    progress.end()
    assert [line.split("] ")[1] for line in out.getvalue().splitlines()] == ["begin", "0"]


def test_quiet_progress_says_nothing() -> None:
    out = io.StringIO()
    progress = Progress(quiet=True, out=out)
    progress.step("begin")
    progress.now("on")
    assert out.getvalue() == ""


def test_what_posted_receipts_rest_on_is_counted_and_one_that_gave_money_back_is_shown() -> None:
    sale = {
        "receipt_number": "9001-1", "status": "posted",
        "evidence": [
            "posted: statement STMT-1 of 2017-12-23, by RetailStatementJourBIEntities",
            "invoice: INV-1 of order SO-1, by SalesInvoiceHeadersV2",
            "vouchers: unknown; RetailStatementVoucherBIEntities is not shown or was not asked",
        ],
    }  # fmt: skip
    exchange = {
        "receipt_number": "9001-2", "status": "posted", "credit_note": "CR-1",
        "evidence": [
            "posted: statement STMT-1 of 2017-12-23, by RetailStatementJourBIEntities",
            "credit note: within invoice INV-1, which also holds sales; not confirmed by itself",
            "stock receipt: unknown; no set shows the stock movements of one receipt",
        ],
    }  # fmt: skip
    held = {"receipt_number": "9001-3", "status": "held", "evidence": []}
    assert rests_table([sale, exchange, held]).splitlines() == [
        "WHAT 2 POSTED RECEIPTS REST ON",
        "",
        "Of each posted receipt  Confirmed by D365  Within an invoice that also sells  Unknown",
        "----------------------  -----------------  ---------------------------------  -------",
        "posted                                  2                                  0        0",
        "invoice                                 1                                  0        0",
        "credit note                             0                                  1        0",
        "stock receipt                           0                                  0        1",
        "vouchers                                0                                  0        1",
        "",
        "One of them, 9001-2:",
        "  - posted: statement STMT-1 of 2017-12-23, by RetailStatementJourBIEntities",
        "  - credit note: within invoice INV-1, which also holds sales; not confirmed by itself",
        "  - stock receipt: unknown; no set shows the stock movements of one receipt",
    ]


def shift_cause(code: str, state: str) -> dict[str, Any]:
    return {
        "code": code,
        "value": "329 till 4 2017-12-23 shift 1",
        "state": state,
        "receipts": 1,
        "members": [],
    }


def test_a_shift_told_as_not_closed_is_the_overlaps_own_beginning_and_only_once_it_ended() -> None:
    overlap = shift_cause("shift_overlap", "open")
    overlap |= {
        "owner": "store_operations",
        "do_this": "End shift 1.",
        "what_happened": "x",
        "why": "y",
        "holds_up": "z",
    }
    planted = [Expected("shift_overlap", "store_operations", "end shift", None, 1, 1)]
    ended, still = shift_cause("shift_not_closed", "ended"), shift_cause("shift_not_closed", "open")
    assert compare_findings(Picture(NOW, {}, (overlap, ended), {}), planted) == []
    wrong = compare_findings(Picture(NOW, {}, (overlap, still), {}), planted)
    assert wrong == ["reported but not planted: shift_not_closed '329 till 4 2017-12-23 shift 1', 1 receipts"]
    elsewhere = ended | {"value": "100 till 1 2017-12-23 shift 1"}
    assert len(compare_findings(Picture(NOW, {}, (overlap, elsewhere), {}), planted)) == 1
