"""Shifts that share time, over random intervals: against an oracle that only counts minutes. And what depends on the hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest

from shared.retail.figures import Figures
from shared.retail.shift import SUSPENDED, Shift
from shared.retail.shift_tiling import Act, Flaw, Rung, Trading, findings_of
from shared.retail.shift_words import is_told

# A plain day, clocks back and forward in New York, a half-hour change on Lord Howe, an hour skipped at midnight in Santiago.
EVENINGS = [
    ("Europe/Berlin", datetime(2017, 6, 1, 18, tzinfo=UTC)),
    ("America/New_York", datetime(2017, 11, 4, 20, tzinfo=UTC)),
    ("America/New_York", datetime(2018, 3, 10, 20, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2018, 4, 1, 0, tzinfo=UTC)),
    ("America/Santiago", datetime(2018, 8, 11, 20, tzinfo=UTC)),
]
SALE = Figures(count=1, total=Decimal("24.00"), tenders={"CASH": Decimal("24.00"), "CARD": Decimal(0)})


def minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def random_shifts(chance: Random) -> list[Shift]:
    """Up to seven shifts at two tills within 14 hours of an evening, in wall time, clocks up to 3 minutes off."""
    name, begin = chance.choice(EVENINGS)
    zone, found = ZoneInfo(name), []
    for number in range(chance.randint(1, 7)):
        wall = begin + timedelta(minutes=chance.randrange(0, 14 * 60, chance.choice((1, 15, 60))))
        opened = wall.replace(tzinfo=zone, fold=chance.randint(0, 1)).astimezone(UTC)
        skew = timedelta(minutes=chance.choice((0, 0, -3, 3)))
        closed = opened + timedelta(minutes=chance.randrange(5, 600, 5)) + skew
        found.append(
            Shift(chance.choice("12"), str(number), opened, None if chance.random() < 0.1 else closed)
        )
    return found


def minutes_of(shift: Shift) -> set[int]:
    until = shift.closed_at or shift.opened_at + timedelta(days=3)
    return set(range(minute(shift.opened_at), minute(until)))


@pytest.mark.parametrize("block", range(10))
def test_shifts_of_one_till_are_told_exactly_where_they_share_a_minute(block: int) -> None:
    for seed in range(block * 200, block * 200 + 200):
        chance = Random(seed)
        shifts = random_shifts(chance)
        over = Trading(
            max(one.opened_at for one in shifts) + timedelta(days=1), datetime(2030, 1, 1, tzinfo=UTC)
        )
        found = findings_of(shifts, (), over)
        ours = {frozenset((one.shift, *one.others)) for one in found if one.flaw is Flaw.OVERLAP}
        expected = {
            frozenset((first.shift, second.shift))
            for first in shifts for second in shifts
            if first is not second and first.terminal == second.terminal and minutes_of(first) & minutes_of(second)
        }  # fmt: skip
        unclosed = {one.shift for one in shifts if one.closed_at is None}
        # an open shift that began first is told as never closed, whatever begins after it
        assert ours == {pair for pair in expected if not _begins_open(pair, shifts)}, seed
        assert {one.shift for one in found if one.flaw is Flaw.NEVER_CLOSED} == unclosed, seed
        chance.shuffle(shifts)
        assert findings_of(shifts, (), over) == found, seed


def _begins_open(pair: frozenset[str], shifts: list[Shift]) -> bool:
    first, _ = sorted(
        (one for one in shifts if one.shift in pair), key=lambda one: (one.opened_at, one.closed_at is None)
    )
    return first.closed_at is None


@pytest.mark.parametrize("block", range(5))
def test_every_receipt_that_no_shift_covers_is_told_and_no_other(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        chance = Random(seed)
        shifts = [one for one in random_shifts(chance) if one.closed_at is not None]
        if not shifts:
            continue
        at = min(one.opened_at for one in shifts) - timedelta(hours=1)
        rung = [
            Rung(chance.choice("123"), "", at + timedelta(minutes=chance.randrange(0, 24 * 60), seconds=30), str(number), SALE)
            for number in range(12)
        ]  # fmt: skip
        found = findings_of(shifts, rung, Trading(at + timedelta(days=1), at + timedelta(days=3)))
        told = [receipt for one in found if one.flaw in (Flaw.GAP, Flaw.OUTSIDE) for receipt in one.receipts]
        tills = {one.terminal for one in shifts}
        bare = [
            one.label for one in rung
            if one.terminal in tills
            and not any(minute(one.at) in minutes_of(shift) for shift in shifts if shift.terminal == one.terminal)
        ]  # fmt: skip
        assert sorted(told) == sorted(bare), seed
        money = sum((one.amount for one in found if one.flaw in (Flaw.GAP, Flaw.OUTSIDE)), Decimal(0))
        assert money == 24 * len(bare), seed


def at(hour: int, minutes: int = 0) -> datetime:
    return datetime(2017, 12, 23, hour, minutes, tzinfo=UTC)


def flaws(shifts: list[Shift], rung: list[Rung], as_of: datetime, *must_count: str) -> list[tuple[Flaw, Act]]:
    found = findings_of(shifts, rung, Trading(at(23), as_of, frozenset(must_count)))
    return [(one.flaw, one.proposal.act) for one in found]


def test_a_closing_that_is_only_slow_is_waited_for_and_then_ended() -> None:
    shifts = [Shift("1", "1", at(8)), Shift("1", "2", at(12))]
    rung = [Rung("1", "1", at(11), "a", SALE)]
    assert flaws(shifts, rung, at(12, 14)) == [(Flaw.NEVER_CLOSED, Act.WAIT)]
    assert flaws(shifts, rung, at(12, 15)) == [(Flaw.NEVER_CLOSED, Act.END)]
    assert flaws(shifts[1:], [], at(22)) == []
    assert flaws(shifts[1:], [], at(23)) == [(Flaw.NEVER_CLOSED, Act.ASK)]


def test_a_shift_whose_opening_is_not_here_yet_is_no_mistake_until_the_till_went_on() -> None:
    rung = [Rung("1", "7", at(9), "a", SALE)]
    assert flaws([Shift("1", "6", at(6), at(8))], rung, at(10)) == []
    assert flaws([Shift("1", "8", at(12))], rung, at(13)) == [(Flaw.OUTSIDE, Act.WAIT)]
    assert flaws([Shift("1", "6", at(6), at(8))], rung, at(23)) == [(Flaw.OUTSIDE, Act.ASK)]
    assert flaws([], rung, at(23)) == []  # the till reports no shifts at all: ours hold its receipts
    assert flaws([Shift("1", "day", at(5), at(23), synthetic=True)], rung, at(23)) == []


def test_a_suspended_shift_is_told_to_people_only_when_the_day_is_over() -> None:
    shift = Shift("1", "1", at(8), state=SUSPENDED, stopped_at=at(12))
    (early,) = findings_of([shift], (), Trading(at(23), at(13)))
    (late,) = findings_of([shift], (), Trading(at(23), at(23)))
    assert (is_told(early), is_told(late)) == (False, True)
    assert (early.proposal.act, late.proposal.act, late.proposal.at) == (Act.WAIT, Act.END, at(12))


def test_only_what_must_be_counted_and_was_taken_is_missed() -> None:
    counted = Shift("1", "1", at(8), at(12), counted=(("CASH", "USD", "24.00"),))
    rung = [Rung("1", "1", at(9), "a", SALE)]
    assert flaws([counted], rung, at(13), "CASH", "CARD") == []
    bare = Shift("1", "1", at(8), at(12))
    assert flaws([bare], rung, at(13), "CARD") == []  # nothing was taken with a card
    assert flaws([bare], rung, at(13), "CASH") == [(Flaw.NOT_COUNTED, Act.WAIT)]
    assert flaws([bare], rung, at(23), "CASH") == [(Flaw.NOT_COUNTED, Act.ASK)]


def test_two_counts_two_closings_and_a_close_of_an_unknown_shift_are_asked_about() -> None:
    first = Shift("1", "1", at(8), at(12), counts=2)
    second = Shift("1", "2", at(12), at(16), closings=2)
    third = Shift("1", "3", at(16), at(20), was_opened=False)
    assert flaws([first, second, third], [], at(21)) == [
        (Flaw.COUNTED_TWICE, Act.ASK), (Flaw.CLOSED_TWICE, Act.ASK), (Flaw.NEVER_OPENED, Act.ASK),
    ]  # fmt: skip
    assert flaws([third], [], at(21)) == []  # a till that never tells of openings


def test_a_receipt_after_a_persons_end_counts_for_the_next_shift_and_is_no_flaw() -> None:
    ended = Shift("1", "1", at(8), at(12), ended_by="a person")
    rung = [Rung("1", "1", at(13), "a", SALE)]
    assert flaws([ended, Shift("1", "2", at(12), at(20))], rung, at(23)) == []
    assert flaws([ended], rung, at(23)) == [(Flaw.CLOSED_EARLY, Act.END)]


def test_the_shifts_of_a_new_till_are_others_though_they_bear_the_same_names() -> None:
    old, new = Shift("1", "1", at(8), at(13, 40)), Shift("1", "1", at(13, 40), at(20), generation=2)
    rung = [Rung("1", "1", at(13), "a", SALE), Rung("1", "1", at(14), "b", SALE, generation=2)]
    assert flaws([old, new], rung, at(23)) == []
