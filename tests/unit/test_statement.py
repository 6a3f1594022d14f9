"""The store-day's proof: hand-made days, with every cause's amount written out."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from shared.retail.completeness import Decision
from shared.retail.figures import Figures, figures_of, sum_of
from shared.retail.reasons import REASONS
from shared.retail.shift import Shift
from shared.retail.statement import ReceiptRecord, StoreDay, compile_store_day
from shared.retail.status import Status
from tests.unit.builders import DAY, refund, sale

OPENED, CLOSED = datetime(2017, 12, 23, 13, 0, tzinfo=UTC), datetime(2017, 12, 24, 3, 0, tzinfo=UTC)
SALE, REFUND = figures_of(sale()), figures_of(refund())  # 24.00 and -12.00, in cash


def record(
    number: int, status: Status = Status.POSTED, figures: Figures = SALE, **changes: Any
) -> ReceiptRecord:
    whole = ReceiptRecord(
        label=f"S1-1-{number:04d}", account="east", transaction_id=f"T{number}", terminal="1", status=status,
        figures=figures, sequence_number=number,
    )  # fmt: skip
    return replace(whole, **changes)


def day(records: list[ReceiptRecord], says: Figures | None, **changes: Any) -> StoreDay:
    shift = Shift("1", "1", OPENED, CLOSED, pos_says=says, first_sequence=1, last_sequence=len(records))
    whole = StoreDay(
        store="S1", legal_entity="usrt", business_day=DAY, currency="USD", ends_at=CLOSED, receipts=records,
        shifts=(shift,),
    )  # fmt: skip
    return replace(whole, **changes)


def causes(statement: Any) -> list[tuple[str, str, str]]:
    return [(one.code, one.value, str(one.figures.total)) for one in statement.causes]


def test_a_day_that_is_all_posted_is_proved() -> None:
    statement = compile_store_day(day([record(1), record(2, figures=REFUND)], SALE + REFUND))
    assert statement.verdict == "proved"
    assert statement.causes == ()
    assert statement.difference.total == 0
    assert statement.posted.total == Decimal("12.00")
    assert statement.unexplained.is_nothing


def test_held_receipts_are_named_by_their_cause_and_the_rest_is_on_its_way() -> None:
    held = {"cause_code": "tender_unmapped", "cause_value": "KLARNA", "fingerprint": "tender_unmapped~KLARNA"}
    records = [
        record(1), record(2, Status.HELD, **held), record(3, Status.SENT), record(4, Status.MAPPED),
        record(5, Status.HELD, figures=REFUND, **held),
    ]  # fmt: skip
    statement = compile_store_day(day(records, sum_of([SALE, SALE, SALE, SALE, REFUND])))
    assert causes(statement) == [
        ("not_posted_yet", "", "24.00"),
        ("not_sent_yet", "", "24.00"),
        ("tender_unmapped", "KLARNA", "12.00"),
    ]
    assert statement.difference.total == Decimal("60.00")
    assert statement.unexplained.is_nothing
    assert statement.verdict == "not proved"
    assert statement.in_d365.total == Decimal("48.00")
    assert [one.receipts for one in statement.causes][2] == ("S1-1-0002", "S1-1-0005")


def test_a_receipt_that_never_arrived_is_worth_what_the_till_counts_for_it() -> None:
    records = [record(1), record(3)]
    statement = compile_store_day(day(records, SALE + SALE + REFUND))
    (cause,) = statement.causes
    assert (cause.code, str(cause.figures.total), cause.receipts) == (
        "receipts_missing",
        "-12.00",
        ("till 1 number 2",),
    )
    assert cause.owner == "store_operations"
    assert statement.unexplained.is_nothing
    assert statement.verdict == "not proved"


def test_a_lost_receipt_confirmed_by_a_person_stays_in_the_proof_and_proves_the_day() -> None:
    lost = Decision(
        "lost",
        "store operations desk",
        "store_operations",
        "till 1 was replaced",
        "2017-12-24T06:00:00+00:00",
    )
    statement = compile_store_day(
        day([record(1), record(3)], SALE + SALE + SALE, decisions={("1", 1, 2): lost})
    )
    assert causes(statement) == [("receipts_missing", "S1 till 1 2017-12-23", "24.00")]
    assert statement.causes[0].decided == lost
    assert statement.verdict == "proved"


def test_a_missing_number_of_a_control_transaction_is_worth_nothing() -> None:
    statement = compile_store_day(day([record(1), record(3)], SALE + SALE))
    assert causes(statement) == [("receipts_missing", "S1 till 1 2017-12-23", "0")]
    assert statement.verdict == "completeness not proven"


def test_a_penny_that_no_cause_explains_is_unexplained_and_never_plugged() -> None:
    penny = replace(SALE, total=SALE.total + Decimal("0.01"), tenders={"CASH": Decimal("24.01")})
    statement = compile_store_day(day([record(1)], penny))
    assert statement.causes == ()
    assert statement.unexplained.total == Decimal("0.01")
    assert statement.unexplained.tenders["CASH"] == Decimal("0.01")
    assert statement.verdict == "not proved"


def test_money_in_the_wrong_tender_is_unexplained_though_the_total_agrees() -> None:
    moved = replace(SALE, tenders={"CARD": Decimal("24.00")})
    statement = compile_store_day(day([record(1)], moved))
    assert statement.unexplained.total == 0
    assert statement.unexplained.tenders == {"CARD": Decimal("24.00"), "CASH": Decimal("-24.00")}
    assert statement.verdict == "not proved"


def test_more_receipts_missing_than_numbers_is_unexplained() -> None:
    statement = compile_store_day(day([record(1), record(3)], SALE + SALE + SALE + SALE))
    assert str(statement.unexplained.total) == "48.00"
    assert statement.verdict == "not proved"


def test_without_totals_of_the_till_completeness_is_not_proven() -> None:
    statement = compile_store_day(day([record(1)], None))
    assert statement.pos_says is None
    assert statement.verdict == "completeness not proven"
    assert statement.difference.total == 0


def test_one_till_without_totals_leaves_the_whole_day_not_stated() -> None:
    other = record(9, terminal="2", sequence_number=None)
    statement = compile_store_day(day([record(1), other], SALE))
    assert statement.pos_says is None


def test_a_late_receipt_that_is_posted_is_told_with_no_amount() -> None:
    statement = compile_store_day(day([record(1), record(2, late=True)], SALE + SALE))
    assert causes(statement) == [("receipt_late", "", "0")]
    assert statement.late == ("S1-1-0002",)
    assert statement.verdict == "proved"


def test_excluded_transactions_count_in_the_sequence_and_not_in_the_money() -> None:
    no_sale = record(2, Status.EXCLUDED, figures=Figures(), is_receipt=False)
    statement = compile_store_day(day([record(1), no_sale, record(3)], SALE + SALE))
    assert statement.gaps == ()
    assert statement.verdict == "proved"


def test_the_order_of_receipts_changes_nothing() -> None:
    records = [
        record(number, Status.SENT if number % 3 else Status.POSTED) for number in range(1, 30) if number != 7
    ]
    says = sum_of([SALE] * 29)
    first = compile_store_day(day(records, says))
    for seed in range(50):
        shuffled = random.Random(seed).sample(records, len(records))
        again = compile_store_day(day(shuffled, says))
        assert (again.causes, again.difference, again.unexplained, again.verdict) == (
            first.causes, first.difference, first.unexplained, first.verdict,
        )  # fmt: skip


def test_causes_and_unexplained_always_add_up_to_the_difference() -> None:
    statuses = [Status.POSTED, Status.SENT, Status.HELD, Status.MAPPED, Status.WRITTEN_OFF, Status.VALIDATED]
    for seed in range(300):
        chance = random.Random(seed)
        records = [
            record(
                number, chance.choice(statuses), chance.choice([SALE, REFUND]), cause_code="tender_unmapped"
            )
            for number in range(1, 12)
            if chance.random() > 0.2
        ]
        says = sum_of([SALE] * chance.randint(0, 12)) if chance.random() > 0.2 else None
        statement = compile_store_day(day(records, says))
        added = sum_of(one.figures for one in statement.causes) + statement.unexplained
        assert (added - statement.difference).is_nothing


def test_corrections_of_an_earlier_day_leave_the_totals_of_todays_tills_stated() -> None:
    """Till 2 did not trade today; a reversal and its replacement of its receipt count for today all the same."""
    shared = {"terminal": "2", "sequence_number": None, "status": Status.MAPPED}
    back = record(8, figures=-SALE, correction="reversal", is_replaced=True, **shared)  # type: ignore[arg-type]
    again = record(9, correction="replacement", **shared)  # type: ignore[arg-type]
    statement = compile_store_day(day([record(1), back, again], SALE, shifts=(till_one(),)))
    assert statement.pos_says is not None
    assert causes(statement) == [
        ("not_sent_yet", "replacement", "24.00"),
        ("not_sent_yet", "reversal", "-24.00"),
    ]
    assert statement.unexplained.is_nothing
    posted = [record(1), replace(back, status=Status.POSTED), replace(again, status=Status.POSTED)]
    assert compile_store_day(day(posted, SALE, shifts=(till_one(),))).verdict == "proved"


def till_one() -> Shift:
    return Shift("1", "1", OPENED, CLOSED, pos_says=SALE, first_sequence=1, last_sequence=1)


def test_a_reversed_receipt_still_counts_as_posted_and_hides_no_missing_number() -> None:
    reversed_one = record(1, Status.REVERSED)
    back = record(7, figures=-SALE, sequence_number=None, correction="reversal")
    statement = compile_store_day(day([reversed_one, record(3), back], SALE + SALE + SALE))
    assert (statement.posted.total, statement.received.total) == (Decimal("24.00"), Decimal("24.00"))
    assert causes(statement) == [
        ("receipts_missing", "S1 till 1 2017-12-23", "24.00"), ("reversed", "S1-1-0007", "24.00"),
    ]  # fmt: skip
    assert statement.unexplained.is_nothing


def test_what_to_do_about_a_cause_is_said_whole_whatever_the_cause() -> None:
    """No blank of a template is shown; a rule of D365's has its own owner and words; the rest refers to its entry."""

    def said(code: str, value: str) -> tuple[str, str]:
        held = {"cause_code": code, "cause_value": value, "fingerprint": f"{code}~{value}"}
        (found,) = compile_store_day(day([record(1, Status.HELD, **held)], SALE)).causes
        return found.owner, found.do_this

    assert said("tender_unmapped", "KLARNA") == (
        "finance",
        (
            "Choose the D365 payment method for “KLARNA” in the tenders mapping (in D365 it must exist for the store, with its "
            "ledger account), then release."
        ),
    )
    owner, do_this = said("d365_reference", "Blocked item: usrt / 77")
    assert (owner, do_this.startswith("Take the block off in D365")) == ("retail_systems", True)
    assert said("shift_overlap", "S1 till 1 2017-12-23 shift 1") == (
        "store_operations",
        "Do what its entry in the list of causes says.",
    )
    for code in REASONS:
        assert not {"{", "}", "…"} & set(said(code, "S1")[1]), code
