"""What never arrived: the numbers reported are the numbers dropped, across days, tills that restart, and decisions."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from shared.flows.compile_statements import compile_statements
from shared.flows.confirm_missing import confirm_missing
from shared.retail.completeness import SeenNumber, Spell, first_expected, tills_of
from shared.retail.figures import Figures, figures_of, sum_of
from shared.retail.shift import Shift
from shared.retail.statement import StoreDay, compile_store_day
from shared.retail.status import Status
from shared.services import Services
from shared.storage.audit import audit_of
from shared.storage.causes import cause_rows
from shared.storage.due import STATEMENT, Due, list_due, note_due
from shared.storage.statements import statement_key, statement_text
from tests.unit.builders import DAY, sale
from tests.unit.documents import sale_document
from tests.unit.flow_services import DESK, Hand, flow_services, run
from tests.unit.test_flows_door_to_mapped import send
from tests.unit.test_statement import CLOSED, OPENED, record

SALE = figures_of(sale())


@pytest.mark.parametrize(
    ("first", "before", "expected"),
    [
        (101, [], 101),  # nothing is known of it
        (101, [(1, 100)], 101),
        (104, [(1, 100)], 101),  # 101 to 103 were dropped
        (104, [(1, 40), (41, 100)], 101),
        (1, [(900, 1000)], 1),  # set back, or another machine: nothing is missing
        (41, [(900, 1000), (1, 40)], 41),
        (43, [(900, 1000), (1, 40)], 41),
        (3, [(1, 40), (1, 55)], 1),  # begins each day anew
        (60, [(1, 40), (1, 55)], 1),  # and today's first 59 were dropped
        (1, [(1, 40), (1, 55)], 1),
        (1001, [(1001, 1040), (1001, 1020)], 1001),
        (30_000, [(1, 100)], 30_000),  # too far to be a day's receipts: another counter
    ],
)
def test_where_a_tills_day_had_to_begin(first: int, before: list[tuple[int, int]], expected: int) -> None:
    assert first_expected(first, [Spell(*one) for one in before]) == expected


def test_the_first_receipts_of_a_day_that_never_came_are_missing() -> None:
    records = [record(104), record(105)]
    today = StoreDay(
        store="S1", legal_entity="usrt", business_day=DAY, currency="USD", ends_at=CLOSED, receipts=records, shifts=(),
        numbers_before={("1", 1): (Spell(1, 100),)},
    )  # fmt: skip
    statement = compile_store_day(today)
    assert [(gap.terminal, gap.numbers) for gap in statement.gaps] == [("1", (101, 102, 103))]
    assert statement.verdict == "completeness not proven"


def test_a_till_of_which_only_the_close_of_its_shift_came_misses_every_number_it_names() -> None:
    shift = Shift("1", "1", OPENED, CLOSED, pos_says=SALE + SALE, first_sequence=8, last_sequence=9)
    (till,) = tills_of([], (shift,), {}, {})
    assert till.gap is not None
    assert (till.gap.numbers, till.gap.worth) == ((8, 9), SALE + SALE)


def test_a_till_that_was_replaced_and_declared_begins_anew_and_misses_nothing() -> None:
    """At 13:40 another machine takes over the terminal and counts from 1: its generation is 2."""
    seen = [SeenNumber("1", 1, number) for number in range(501, 540)]
    seen += [SeenNumber("1", 2, number) for number in range(1, 30)]
    tills = tills_of(seen, (), {}, {}, {("1", 1): (Spell(1, 500),)})
    assert [(one.generation, one.first, one.last, one.gap) for one in tills] == [
        (1, 501, 539, None),
        (2, 1, 29, None),
    ]


class Till:
    """A till of one store that rings for some days: sales, voids, and control transactions that carry numbers too."""

    def __init__(self, chance: random.Random, terminal: str) -> None:
        self.chance, self.terminal = chance, terminal
        self.generation = 1
        self.counter = chance.choice([1, 1, chance.randrange(1, 9000)])
        self.begins_daily = chance.random() < 0.3
        self.begun = self.counter
        self.states_totals = chance.random() < 0.5

    def ring(self, day: int) -> list[tuple[int, int, str]]:
        """Give what it rang: generation, number, kind."""
        if day and self.begins_daily:
            self.counter = self.begun
        rung = []
        for _ in range(self.chance.randrange(3, 25)):
            if self.chance.random() < 0.01 and not self.begins_daily:
                self.generation, self.counter = self.generation + 1, 1
            kind = self.chance.choice(["sale"] * 6 + ["void", "shift open", "drawer opened", "declaration"])
            rung.append((self.generation, self.counter, kind))
            self.counter += 1
        return rung


def dropped_of(chance: random.Random, rung: list[tuple[int, int, str]], keep_last: bool) -> set[int]:
    """Choose which of a day's transactions never arrive, by their place."""
    share = chance.choice([0, 0, 0.05, 0.3])
    gone = {place for place in range(len(rung)) if chance.random() < share}
    last_of = {one[0]: place for place, one in enumerate(rung)}
    first_of = {one[0]: place for place, one in reversed(list(enumerate(rung)))}
    for generation, place in last_of.items():
        # No number after it and no total: nobody can know of the last ones. A new machine's first ones are the same.
        if keep_last or generation > 1:
            gone.discard(place)
        if generation > 1:
            gone.discard(first_of[generation])
    return gone


@pytest.mark.parametrize("part", range(12))
def test_what_is_reported_missing_is_what_was_dropped_and_nothing_else(part: int) -> None:
    """1,200 random weeks of tills; the last number of each day is known by its successor or by the shift's totals."""
    dropped_in_all = streams = 0
    for seed in range(part * 100, part * 100 + 100):
        chance = random.Random(seed)
        till = Till(chance, "1")
        spells: dict[tuple[str, int], list[Spell]] = {}
        dropped: set[tuple[int, int, int]] = set()
        reported: set[tuple[int, int, int]] = set()
        for day in range(5):
            rung = till.ring(day)
            # The first two days of a till that begins daily teach how it begins; drops in them are only inside.
            teaches = day < 2 and till.begins_daily
            gone = dropped_of(chance, rung, keep_last=not till.states_totals)
            if day == 0 or teaches:
                gone -= {0}
            dropped |= {(day, *rung[place][:2]) for place in gone}
            arrived = [one for place, one in enumerate(rung) if place not in gone]
            found = tills_of(seen_of(arrived, chance), shifts_of(rung, till), {}, {}, spells)
            for one in found:
                spells.setdefault((one.terminal, one.generation), []).append(one.spell)
                numbers = one.gap.numbers if one.gap else ()
                reported |= {(day, one.generation, number) for number in numbers}
        assert reported == dropped, seed
        dropped_in_all += len(dropped)
        streams += 1
    assert streams == 100
    assert dropped_in_all > 300  # the test is about something


def seen_of(arrived: list[tuple[int, int, str]], chance: random.Random) -> list[SeenNumber]:
    """Everything that carries a number counts, sale or not; in any order, some of it twice."""
    seen = [SeenNumber("1", generation, number) for generation, number, _ in arrived]
    seen += [one for one in seen if chance.random() < 0.1]
    chance.shuffle(seen)
    return seen


def shifts_of(rung: list[tuple[int, int, str]], till: Till) -> list[Shift]:
    if not till.states_totals:
        return []
    numbers: dict[int, list[int]] = {}
    for generation, number, _ in rung:
        numbers.setdefault(generation, []).append(number)
    return [
        Shift("1", str(generation), OPENED, CLOSED, generation=generation, first_sequence=some[0], last_sequence=some[-1])
        for generation, some in numbers.items()
    ]  # fmt: skip


def test_voids_and_control_transactions_are_no_gap_and_take_no_part_in_the_control_totals() -> None:
    nothing: dict[str, Any] = {"figures": Figures(), "is_receipt": False, "status": Status.EXCLUDED}
    records = [record(1), record(2, **nothing), record(3), record(4, **nothing)]
    shift = Shift("1", "1", OPENED, CLOSED, pos_says=SALE + SALE, first_sequence=1, last_sequence=4)
    day = StoreDay(
        store="S1", legal_entity="usrt", business_day=DAY, currency="USD", ends_at=CLOSED, receipts=records,
        shifts=(shift,),
    )  # fmt: skip
    statement = compile_store_day(day)
    (till,) = statement.tills
    assert till.gap is None
    assert (till.says, till.received) == (SALE + SALE, SALE + SALE)
    assert statement.verdict == "proved"


def test_control_totals_that_disagree_without_a_gap_are_shown() -> None:
    shift = Shift("1", "1", OPENED, CLOSED, pos_says=sum_of([SALE] * 3))
    records = [replace(record(1), sequence_number=None)]
    day = StoreDay(
        store="S1", legal_entity="usrt", business_day=DAY, currency="USD", ends_at=CLOSED, receipts=records,
        shifts=(shift,),
    )  # fmt: skip
    assert compile_store_day(day).verdict == "not proved"


# From the door to the statement, over days.


async def compiled(services: Services, hand: Hand, day: str) -> dict[str, Any]:
    """Compile what is due, until nothing is; give a day's statement."""
    while await compile_statements(services):
        hand.turn(seconds=120)
    row = await services.tables.statements.read("S1", statement_key("S1", date.fromisoformat(day)))
    assert row is not None
    body: dict[str, Any] = json.loads(statement_text(row))
    return body


def receipt(number: int, day: str) -> dict[str, Any]:
    return sale_document(number, business_day=day, completed_at=f"{day}T12:00:00-05:00")


async def arrive(services: Services, day: str, *numbers: int) -> None:
    assert set(await send(services, *(receipt(number, day) for number in numbers))) <= {"accepted"}
    await note_due(services.tables.due, [Due(STATEMENT, "S1", date.fromisoformat(day), services.now())])


async def life(services: Services, day: str) -> dict[int, tuple[str, str, str]]:
    rows = [
        row async for row in cause_rows(services.tables.causes, f"receipts_missing~S1=20till=201=20{day}")
    ]
    return {
        row.number("SequenceNumber"): (row.text("State"), row.text("EndedHow"), row.text("Life"))
        for row in rows
    }


def test_a_decision_is_about_one_of_the_tills_that_have_borne_a_number() -> None:
    """Both tills no. 1 miss their number 2; the first one's was voided."""

    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        both = [receipt(1, "2017-12-23"), receipt(3, "2017-12-23")]
        both += [one | {"generation": 2, "transaction_id": f"{one['transaction_id']}-b"} for one in both]
        assert set(await send(services, *both)) == {"accepted"}
        day = date(2017, 12, 23)
        await note_due(services.tables.due, [Due(STATEMENT, "S1", day, hand.at)])
        hand.turn(days=2)

        async def states() -> list[tuple[int, list[str]]]:
            body = await compiled(services, hand, "2017-12-23")
            return [
                (one["generation"], [gap["state"] for gap in one["gaps"]]) for one in body["completeness"]
            ]

        assert await states() == [(1, ["missing"]), (2, ["missing"])]
        await confirm_missing(services, "S1", day, "1", [2], "voided", DESK, "the slip says so")
        assert await states() == [(1, ["voided"]), (2, ["missing"])]
        await confirm_missing(services, "S1", day, "1", [2], "lost", DESK, "the new till's disk", 2)
        assert await states() == [(1, ["voided"]), (2, ["lost"])]
        audit = [row.text("Did") async for row in audit_of(services.tables.audit, "S1")]
        assert audit == [
            "confirmed numbers 2 of till 1 on 2017-12-23 as voided",
            "confirmed numbers 2 of till 1 no. 2 on 2017-12-23 as lost",
        ]

    run(story())


def test_each_missing_number_keeps_its_life_over_days_decisions_and_compilations() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await arrive(services, "2017-12-23", 1, 2, 3)
        hand.turn(days=1)
        await arrive(services, "2017-12-24", 7, 9)
        hand.turn(days=1)  # 25 December, 18:00
        body = await compiled(services, hand, "2017-12-24")
        (till,) = body["completeness"]
        assert (till["expected_first"], till["first"], till["last"], till["missing"]) == (4, 7, 9, 4)
        assert [(one["first"], one["last"], one["state"]) for one in till["gaps"]] == [
            (4, 6, "missing"),
            (8, 8, "missing"),
        ]
        lives = await life(services, "2017-12-24")
        missed = lives[5][2]
        assert missed.endswith("Z missing")
        assert set(lives) == {4, 5, 6, 8}

        hand.at = hand.at.replace(hour=19, minute=0, second=0)
        await arrive(services, "2017-12-24", 5)
        await confirm_missing(
            services, "S1", date(2017, 12, 24), "1", [6], "voided", DESK, "the drawer slip says so"
        )
        await compiled(services, hand, "2017-12-24")
        lives = await life(services, "2017-12-24")
        assert lives[5] == ("ended", "arrived", f"{missed}\n2017-12-25T19:00:00Z arrived")
        assert lives[6][:2] == ("ended", "decided by a person")
        assert lives[6][2].split("Z ")[-1] == "voided, said by store operations desk"
        assert lives[4][:2] == ("open", "")

        hand.at = hand.at.replace(hour=20, minute=0, second=0)
        await arrive(services, "2017-12-23", 4)  # yesterday's last one, late: today begins with 5
        await arrive(services, "2017-12-24", 6)  # and what was said to be void came after all
        body = await compiled(services, hand, "2017-12-24")
        (till,) = body["completeness"]
        assert (till["expected_first"], till["missing"]) == (5, 1)
        lives = await life(services, "2017-12-24")
        assert lives[4][:2] == ("ended", "arrived")
        assert lives[4][2].endswith("no longer missing")
        assert lives[6][:2] == ("ended", "arrived after all")
        assert lives[6][2].endswith("2017-12-25T20:00:00Z arrived")
        assert lives[8] == ("open", "", missed)
        assert await list_due(services.tables.due, STATEMENT) == []

    run(story())


def test_the_statements_of_two_days_are_the_same_in_whatever_order_they_come() -> None:
    async def texts(order: list[tuple[str, int]]) -> list[dict[str, Any]]:
        hand = Hand()
        services = await flow_services(hand)
        hand.turn(days=4)
        for day, number in order:
            await arrive(services, day, number)
            hand.turn(seconds=90)
            await compiled(services, hand, day)
        days = ("2017-12-23", "2017-12-24", "2017-12-26")
        found = [await compiled(services, hand, day) for day in days]
        return [one | {"late": [], "causes": []} for one in found]  # late is against the first compilation

    arrivals = [
        ("2017-12-23", 1),
        ("2017-12-23", 4),
        ("2017-12-24", 6),
        ("2017-12-24", 7),
        ("2017-12-26", 10),
    ]
    first = run(texts(arrivals))
    assert [one["completeness"][0]["missing"] for one in first] == [2, 1, 2]
    for seed in range(10):
        assert run(texts(random.Random(seed).sample(arrivals, len(arrivals)))) == first


def test_a_month_later_a_till_still_goes_on_and_after_that_nothing_is_expected_of_it() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await arrive(services, "2017-12-23", 1)
        hand.turn(days=40)
        first = date(2017, 12, 23)
        await arrive(services, str(first + timedelta(days=28)), 5)
        await compiled(services, hand, "2017-12-23")
        body = await compiled(services, hand, str(first + timedelta(days=28)))
        assert body["completeness"][0]["missing"] == 3
        await arrive(services, str(first + timedelta(days=29)), 9)
        body = await compiled(services, hand, str(first + timedelta(days=29)))
        assert body["completeness"][0]["missing"] == 3  # 6 to 8: after the 20th, not after the 23rd

    run(story())
