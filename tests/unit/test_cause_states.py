"""What becomes of a cause, decided without any storage: states, growth, coming back, being set aside."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from shared.retail.cause_state import (
    ASIDE,
    BACK,
    NEW,
    ONGOING,
    OVER,
    TELL_BACK,
    TELL_NEW,
    TELL_RETURNED,
    TELL_WORSE,
    WORSE,
    Head,
    Tally,
    assign,
    decide,
    set_aside,
    take_up,
)
from shared.retail.reason import OWNERS
from shared.retail.reasons import NO_ACTION, OUTAGES, REASONS
from shared.settings_alerts import EVENTS, TOLD_OWNERS
from shared.storage.protocols import Row
from shared.storage.tasks import head_from, head_row

MONDAY = datetime(2017, 12, 11, 9, 0, tzinfo=UTC)


def tally(things: int, code: str = "tender_unmapped", since: datetime = MONDAY) -> Tally:
    return Tally(
        "tender_unmapped~KLARNA", code, "KLARNA", "finance", "set-up of D365 or of its mapping", things, things,
        ("S1",), 1, since, since, {"USD": Decimal(things)},
    )  # fmt: skip


def due(since: datetime, urgency: str) -> datetime:
    return since + timedelta(hours={"low": 40, "normal": 8, "high": 4, "urgent": 2}[urgency])


class Story:
    """One cause, looked at again and again; tellings are handed on at once and collected."""

    def __init__(self) -> None:
        self.head: Head | None = None
        self.told: list[str] = []
        self.lines: list[str] = []

    def look(self, things: int, at: datetime, urgency: str = "normal", code: str = "tender_unmapped") -> str:
        counted = tally(things, code, min(at, MONDAY if self.head is None else at)) if things else None
        decided = decide(self.head, counted, at, urgency, due)
        self.take(decided.head, decided.entries)
        return decided.head.phase

    def take(self, head: Head, lines: tuple[str, ...]) -> None:
        self.lines += lines
        if head.telling is not None:
            self.told.append(head.telling.event)
        self.head = replace(head, telling=None)

    def known(self) -> Head:
        assert self.head is not None
        return self.head


def hours(number: float) -> datetime:
    return MONDAY + timedelta(hours=number)


def test_a_cause_is_told_once_when_it_is_new_and_stays_new_for_a_day() -> None:
    one = Story()
    assert one.look(300, MONDAY, "low") == NEW
    assert one.look(300, hours(23.9), "low") == NEW
    assert one.look(300, hours(24), "low") == ONGOING
    assert one.told == [TELL_NEW]
    assert one.lines == ["new: 300 receipts of 1 store"]


def test_a_thousand_that_come_within_the_hour_are_one_word_and_five_fold_later_is_one_more() -> None:
    one = Story()
    for minute, things in enumerate((1, 20, 90, 400, 700, 1_000)):
        one.look(things, MONDAY + timedelta(minutes=2 * minute), "low")
    assert one.told == [TELL_NEW]
    assert one.look(4_999, hours(3), "low") == NEW
    assert one.look(5_000, hours(4), "low") == WORSE
    assert one.look(9_000, hours(5), "low") == WORSE
    assert one.look(26_000, hours(6), "low") == WORSE  # once a day is enough
    assert one.told == [TELL_NEW, TELL_WORSE]
    assert one.lines[-1] == "getting worse: it has grown from 1,000 to 5,000"
    assert one.look(26_000, hours(4 + 24), "low") == ONGOING
    assert one.known().peak == 26_000


def test_little_growth_of_little_things_is_none() -> None:
    one = Story()
    one.look(1, MONDAY, "low")
    one.look(10, hours(2), "low")
    assert one.told == [TELL_NEW]
    one.look(11, hours(3), "low")  # ten more, and more than five-fold
    assert one.told == [TELL_NEW, TELL_WORSE]


def test_what_is_overdue_is_told_once_and_never_what_needs_no_action() -> None:
    one = Story()
    one.look(3, MONDAY)
    assert one.look(3, hours(7.99)) == NEW
    assert one.look(3, hours(8)) == WORSE
    one.look(3, hours(9))
    one.look(3, hours(200))
    assert one.told == [TELL_NEW, TELL_WORSE]
    assert one.lines[-1] == "overdue: it was due 2017-12-11 17:00 UTC"
    late = Story()
    late.look(3, MONDAY, "low", "receipt_late")
    late.look(3_000, hours(100), "low", "receipt_late")
    assert late.told == []
    assert not late.known().is_overdue(hours(1_000))


def test_fixed_and_recurring_is_back_again_with_its_owner_kept() -> None:
    one = Story()
    one.look(300, MONDAY)
    decided = assign(one.known(), "Asha", "finance desk", "knows the tenders")
    one.take(decided.head, decided.entries)
    assert one.known().phase == ONGOING
    assert one.look(0, hours(2)) == OVER
    assert one.known().ended_at == hours(2)
    assert one.look(0, hours(3)) == OVER
    assert one.look(5, hours(50)) == BACK
    known = one.known()
    assert (known.assigned_to, known.times_back, known.first_seen, known.opened_at) == (
        "Asha",
        1,
        MONDAY,
        hours(50),
    )
    assert known.due_at == hours(58)  # due anew
    assert one.told == [TELL_NEW, TELL_BACK]
    assert one.lines == [
        "new: 300 receipts of 1 store",
        "given to Asha by finance desk: knows the tenders",
        "ended: nothing is held any more",
        "back again: 5 receipts of 1 store",
    ]
    assert one.look(5, hours(57.9)) == BACK


def test_what_comes_and_goes_is_told_once_a_day() -> None:
    one = Story()
    one.look(1, MONDAY, "low")
    for quarter in range(1, 40):
        one.look(quarter % 2, MONDAY + timedelta(minutes=15 * quarter), "low")
    assert one.told == [TELL_NEW, TELL_BACK]
    assert one.known().times_back == 19
    one.look(0, hours(30), "low")
    one.look(1, hours(31), "low")
    assert one.told == [TELL_NEW, TELL_BACK, TELL_BACK]


def test_what_is_set_aside_is_quiet_until_its_time_and_then_told() -> None:
    one = Story()
    one.look(10, MONDAY)
    decided = set_aside(one.known(), hours(48), "finance desk", "the bank is asked", hours(1))
    one.take(decided.head, decided.entries)
    assert one.look(19, hours(20)) == ASIDE  # overdue, and nearly twice as many
    assert not one.known().is_overdue(hours(20))
    assert one.look(19, hours(47.9)) == ASIDE
    assert one.look(19, hours(48)) == ONGOING
    assert one.told == [TELL_NEW, TELL_RETURNED]
    assert one.look(19, hours(49)) == WORSE  # and it is still overdue
    assert one.known().aside_until is None


@pytest.mark.parametrize(("before", "grown"), [(10, 20), (1, 6), (100, 200)])
def test_what_is_set_aside_comes_back_when_it_holds_twice_as_much(before: int, grown: int) -> None:
    one = Story()
    one.look(before, MONDAY)
    decided = set_aside(one.known(), hours(480), "finance desk", "the bank is asked", hours(1))
    one.take(decided.head, decided.entries)
    assert one.look(grown - 1, hours(2)) == ASIDE
    assert one.look(grown, hours(3)) == WORSE
    assert one.told == [TELL_NEW, TELL_WORSE]


def test_what_ends_while_set_aside_ends_and_is_not_aside_when_it_comes_back() -> None:
    one = Story()
    one.look(10, MONDAY)
    decided = set_aside(one.known(), hours(48), "finance desk", "the bank is asked", hours(1))
    one.take(decided.head, decided.entries)
    assert one.look(0, hours(5)) == OVER
    assert one.look(1, hours(6)) == BACK
    assert one.known().aside_until is None
    again = set_aside(one.known(), hours(48), "finance desk", "again", hours(7))
    up = take_up(again.head, "finance desk", "the bank answered", hours(8))
    assert (up.head.phase, up.head.aside_until, up.head.aside_why) == (ONGOING, None, "")


def test_what_presses_more_is_due_sooner_and_what_is_due_is_never_put_off() -> None:
    one = Story()
    one.look(3, MONDAY, "normal")
    one.look(3, hours(1), "urgent")
    assert one.known().due_at == hours(3)
    one.look(3, hours(2), "normal")
    one.look(3, hours(2.5), "high")
    assert one.known().due_at == hours(3)


def test_a_word_that_was_not_handed_on_is_not_lost_and_no_second_one_is_made() -> None:
    head = decide(None, tally(3), MONDAY, "normal", due).head
    assert head.telling is not None
    later = decide(head, tally(3_000), hours(9), "normal", due).head
    assert later.telling == head.telling
    gone = decide(later, None, hours(10), "normal", due).head
    assert gone.telling == head.telling


def test_a_cause_reads_as_it_was_written() -> None:
    one = Story()
    one.look(7, MONDAY)
    head = set_aside(one.known(), hours(48), "finance desk", "asked", hours(1)).head
    for known in (
        head,
        decide(None, replace(tally(3), oldest_day=date(2017, 12, 9)), MONDAY, "high", due).head,
        decide(replace(head, phase=OVER, ended_at=hours(2)), tally(2), hours(3), "normal", due).head,
        replace(head, tally=replace(head.tally, amounts={"USD": Decimal("1.50"), "EUR": Decimal(-2)})),
    ):
        row = head_row(known, {"WhatHappened": "x", "Why": "y", "HoldsUp": "z", "DoThis": "w"})
        assert head_from(Row(row.partition, row.key, row.values, "etag")) == known


def test_reasons_told_otherwise_are_registered_and_the_words_of_settings_are_ours() -> None:
    assert set(REASONS) >= NO_ACTION | OUTAGES
    assert all(REASONS[code].do_this == "No action." or code == "receipt_after_close" for code in NO_ACTION)
    assert TOLD_OWNERS == OWNERS
    assert set(EVENTS) == {TELL_NEW, TELL_WORSE, TELL_BACK, TELL_RETURNED, "daily"}
