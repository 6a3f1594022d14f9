"""Which part of an accrual a receipt is in, by the instants of its life; and that what is late goes by policy and periods."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from shared.retail.accrual import CutOff, DayReceipts, accrue, parts_of
from shared.retail.completeness import Decision
from shared.retail.heard import heard_of, posted_until
from shared.retail.late import LateReceipt, memos_of, policy_of, posting_day
from shared.retail.ledger import Entry, Instants, PaidInOrOut
from shared.retail.mapping import MappingRow, Mappings
from shared.retail.shift import Shift
from shared.retail.statement import ReceiptRecord
from shared.retail.status import Status
from tests.unit.test_vouchers import DAY, FIGURES, accounts

CUT_OFF = datetime(2018, 1, 1, 5, tzinfo=UTC)
BEFORE, AFTER = CUT_OFF - timedelta(seconds=1), CUT_OFF + timedelta(seconds=1)


def receipt(
    rung: datetime, arrived: datetime, posted: datetime | None = None, status: Status | None = None
) -> ReceiptRecord:
    known = status or (Status.MAPPED if posted is None else Status.POSTED)
    return ReceiptRecord(
        "R1", "east", "T1", "1", known, FIGURES, currency="USD", in_time=Instants(rung, arrived, posted)
    )


def day(*receipts: ReceiptRecord, cut_off: CutOff | None = None) -> DayReceipts:
    return DayReceipts("S1", DAY, receipts, accounts(), cut_off or CutOff(CUT_OFF))


@pytest.mark.parametrize(
    ("rung", "arrived", "posted", "parts"),
    [
        (BEFORE, BEFORE, None, ("accrued", "open")),
        (CUT_OFF, CUT_OFF, None, ("accrued", "open")),
        (AFTER, AFTER, None, ()),
        (BEFORE, AFTER, None, ("late", "open")),
        (BEFORE, BEFORE, BEFORE, ()),
        (BEFORE, BEFORE, CUT_OFF, ()),
        (BEFORE, BEFORE, AFTER, ("accrued", "reversed")),
        (BEFORE, AFTER, AFTER, ("late", "reversed")),
    ],
)
def test_a_receipt_is_in_the_parts_that_its_three_instants_say(
    rung: datetime, arrived: datetime, posted: datetime | None, parts: tuple[str, ...]
) -> None:
    one = receipt(rung, arrived, posted)
    assert parts_of(one, day(one)) == parts


@pytest.mark.parametrize("status", [Status.EXCLUDED, Status.WRITTEN_OFF])
def test_what_never_goes_is_in_no_part(status: Status) -> None:
    one = receipt(BEFORE, BEFORE, status=status)
    assert parts_of(one, day(one)) == ()


def test_a_business_day_as_cut_off_takes_what_counts_for_it_whatever_the_clock_said() -> None:
    one = receipt(AFTER, AFTER)
    assert parts_of(one, day(one, cut_off=CutOff(CUT_OFF, DAY))) == ("late", "open")
    assert parts_of(one, day(one, cut_off=CutOff(CUT_OFF, DAY - timedelta(days=1)))) == ()


def test_each_part_balances_and_open_is_accrued_and_late_less_reversed() -> None:
    receipts = (
        receipt(BEFORE, BEFORE),
        receipt(BEFORE, AFTER),
        receipt(BEFORE, BEFORE, AFTER),
        receipt(AFTER, AFTER),
    )
    (found,) = accrue([day(*receipts)])
    cash = {
        part: [one.amount for one in entries if one.what == "tender"]
        for part, entries in found.entries.items()
    }
    assert cash == {
        "accrued": [Decimal("67.96")], "late": [Decimal("33.98")], "reversed": [Decimal("-33.98")],
        "open": [Decimal("67.96")],
    }  # fmt: skip
    assert all(sum(one.amount for one in entries) == 0 for entries in found.entries.values())
    assert (found.receipts["open"], found.still_open) == (2, (("S1", DAY, 2),))


def test_currencies_are_never_added() -> None:
    foreign = ReceiptRecord(
        "R2", "east", "T2", "1", Status.HELD, FIGURES, currency="EUR", in_time=Instants(BEFORE, BEFORE)
    )
    assert [one.currency for one in accrue([day(receipt(BEFORE, BEFORE), foreign)])] == ["EUR", "USD"]


def test_money_paid_out_is_the_tender_against_its_reason() -> None:
    paid = ReceiptRecord(
        "R3", "east", "T3", "1", Status.MAPPED, FIGURES, currency="USD", is_receipt=False,
        paid=PaidInOrOut("WINDOW", {"CASH": Decimal("-20.00")}), in_time=Instants(BEFORE, BEFORE),
    )  # fmt: skip
    (found,) = accrue([day(paid)])
    assert {one.account: one.amount for one in found.entries["open"]} == {
        "110110": Decimal("-20.00"),
        "EXP1": Decimal("20.00"),
    }


def periods(spans: str, policy: str | None = "next_period") -> Mappings:
    rows = {("d365_periods", "usrt"): (MappingRow({"there": "yes", "open": spans}, 1),)}
    if policy is not None:
        rows["month_end", "usrt"] = (MappingRow({"late_receipts": policy}, 1),)
    return Mappings(1, rows)


@pytest.mark.parametrize(
    ("spans", "posted_on"),
    [
        ("2018-01-01/2018-01-31 2018-02-01/2018-02-28", date(2018, 1, 1)),
        ("2018-02-01/2018-02-28 2018-01-01/2018-01-31", date(2018, 1, 1)),
        ("2018-02-01/2018-02-28", date(2018, 2, 1)),
        ("2017-12-01/2017-12-31 2018-01-01/2018-01-31", None),  # its own period is open
        ("2017-11-01/2017-11-30", None),  # never back
        ("", None),
    ],
)
def test_a_late_receipt_goes_to_the_first_open_day_after_its_own(spans: str, posted_on: date | None) -> None:
    assert posting_day(periods(spans), "usrt", DAY) == posted_on


def test_without_the_policy_or_without_known_periods_no_day_is_another() -> None:
    for mappings in (periods("2018-01-01/2018-01-31", "hold"), periods("2018-01-01/2018-01-31", None)):
        assert (policy_of(mappings, "usrt", DAY), posting_day(mappings, "usrt", DAY)) == ("hold", None)
    unknown = Mappings(1, {("month_end", "usrt"): (MappingRow({"late_receipts": "next_period"}, 1),)})
    assert posting_day(unknown, "usrt", DAY) is None


def test_a_memo_is_made_for_each_pair_of_months_and_currency() -> None:
    entries = (Entry("tender", "CASH", "110110", Decimal(1)), Entry("sales", "", "401100", Decimal(-1)))
    first = LateReceipt("S1", "R1", DAY, date(2018, 1, 1), "USD", False, entries)
    other = LateReceipt("S1", "R2", DAY, date(2018, 2, 1), "USD", True, entries)
    memos = memos_of([other, first])
    assert [(one.belongs_to, one.stands_in, len(one.receipts)) for one in memos] == [
        ("2017-12", "2018-01", 1),
        ("2017-12", "2018-02", 1),
    ]
    one = memos[0]
    assert [
        (a.account, a.amount, b.amount) for a, b in zip(one.add_to_first, one.take_from_second, strict=True)
    ] == [
        ("110110", Decimal(1), Decimal(-1)),
        ("401100", Decimal(-1), Decimal(1)),
    ]


def test_what_was_heard_of_a_till_is_its_newest_generations_numbers_and_no_desks_correction() -> None:
    def rung(number: int, generation: int, correction: str = "") -> ReceiptRecord:
        return ReceiptRecord(
            "R", "east", f"T{number}", "1", Status.POSTED, FIGURES, generation=generation, sequence_number=number,
            correction=correction, in_time=Instants(BEFORE + timedelta(seconds=number), BEFORE),
            decided=Decision("reversal", "a desk", "finance", "why", "then") if correction else None,
        )  # fmt: skip

    shift = Shift("2", "1", BEFORE)
    found = heard_of([rung(80, 1), rung(2, 2), rung(1, 2), rung(99, 2, "reversal")], [shift])
    assert [(one.terminal, one.generation, one.first, one.last, one.has_open_shift) for one in found] == [
        ("1", 2, 1, 2, False),
        ("2", 1, None, None, True),
    ]
    assert found[0].last_at == BEFORE + timedelta(seconds=80)


def test_a_day_is_posted_since_its_last_receipt_was_and_not_while_one_is_not() -> None:
    assert posted_until([receipt(BEFORE, BEFORE, BEFORE), receipt(BEFORE, BEFORE, AFTER)]) == AFTER
    assert posted_until([receipt(BEFORE, BEFORE, BEFORE), receipt(BEFORE, BEFORE)]) is None
    assert (
        posted_until([receipt(BEFORE, BEFORE, BEFORE), receipt(BEFORE, BEFORE, status=Status.EXCLUDED)])
        == BEFORE
    )
