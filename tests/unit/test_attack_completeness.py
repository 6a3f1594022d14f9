"""Numbers that are missing, and numbers that only look so: counters that run full, far jumps, decisions, replaced tills."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from shared.flows.compile_statements import compile_statements
from shared.flows.confirm_missing import confirm_missing
from shared.flows.read_records import list_causes
from shared.retail.completeness import Decision, SeenNumber, missing_numbers, tills_of
from shared.retail.figures import figures_of, sum_of
from shared.retail.shift import Shift
from shared.retail.statement import compile_store_day
from tests.unit.builders import DAY, sale
from tests.unit.documents import sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK, Hand, flow_services, run
from tests.unit.test_replaced_tills import arrive, declare, new_till, old_till, the_rest
from tests.unit.test_statement import CLOSED, OPENED, day, record

SALE = figures_of(sale())
AT = "2017-12-24T06:00:00+00:00"
VOIDED = Decision("voided", "store operations desk", "store_operations", "voided at the till", AT)


def test_a_counter_that_ran_full_within_the_day_misses_nothing() -> None:
    """A till with four digits goes on with 1 after 9999: 29 receipts arrived, and none is missing."""
    seen = [SeenNumber("1", 1, number) for number in (*range(9990, 10_000), *range(1, 20))]
    (till,) = tills_of(seen, (), {}, {})
    assert till.gap is None


def test_what_is_missing_around_a_counter_that_ran_full_is_found() -> None:
    numbers = (9990, 9992, 9993, 9994, 9995, 9996, 9997, 9998, 9999, 1, 2, 4, 5)
    (till,) = tills_of([SeenNumber("1", 1, number) for number in numbers], (), {}, {})
    assert till.gap is not None
    assert till.gap.numbers == (3, 9991)


def test_a_number_that_jumps_far_away_hides_no_gap() -> None:
    assert missing_numbers({1, 2, 4, 5, 50_000}, 1, 50_000) == (3,)


def test_numbers_said_to_be_voided_explain_no_money_that_the_till_itself_counts() -> None:
    """The till's totals have the 24.00 of number 2: then it was a sale, whatever a person says of it."""
    statement = compile_store_day(
        day([record(1), record(3)], SALE + SALE + SALE, decisions={("1", 1, 2): VOIDED})
    )
    assert statement.difference.total == Decimal("24.00")
    assert statement.verdict == "not proved"


def test_a_decision_about_a_tills_number_is_not_one_about_its_successors() -> None:
    """Both tills lost their number 2. A person said that the first one's was voided; of the new till's nobody said anything."""
    records = [record(one) for one in (1, 3)]
    records += [
        replace(record(one), generation=2, transaction_id=f"N{one}", label=f"N-{one}") for one in (1, 3)
    ]
    shifts = [
        Shift(
            "1",
            "1",
            OPENED,
            CLOSED,
            generation=number,
            pos_says=sum_of([SALE, SALE]),
            first_sequence=1,
            last_sequence=3,
        )
        for number in (1, 2)
    ]
    statement = compile_store_day(day(records, None, shifts=shifts, decisions={("1", 1, 2): VOIDED}))
    decided = {gap.generation: dict(gap.decisions) for gap in statement.gaps}
    assert decided == {1: {2: VOIDED}, 2: {}}


def test_a_word_about_the_new_tills_number_leaves_the_old_tills_missing() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await arrive(services, [*old_till(range(2, 5)), *old_till(range(6, 8))])
        await declare(services)
        await arrive(services, [*new_till(range(2, 5)), *new_till(range(6, 8))])
        hand.turn(hours=13)
        await confirm_missing(services, "S1", DAY, "1", [5], "lost", DESK, "its drawer burnt", 2)
        await compile_statements(services)
        (_, _, statement) = await the_rest(services)
        found = [(one["generation"], one["gaps"][0]["state"]) for one in statement["completeness"]]
        assert found == [(1, "missing"), (2, "lost")]

    run(story())


def test_a_void_that_the_tills_own_totals_contradict_is_asked_for_again() -> None:
    """A person says that number 2 was voided; then the shift is closed, and its totals have two sales."""

    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await arrive(services, [sale_document(1, shift="1")])
        await confirm_missing(services, "S1", DAY, "1", [2], "voided", DESK, "the cashier says so")
        totals = totals_of(2, "48.00", "40.00", "8.00", 1, 3)
        hours = ("2017-12-23T08:00:00-05:00", "2017-12-23T22:00:00-05:00")
        await arrive(services, [shift_document(3, "SHIFT_CLOSE", "1", *hours, totals)])
        hand.turn(hours=16)
        await compile_statements(services)
        assert [one["code"] for one in await list_causes(services, "open", None)] == ["receipts_missing"]
        await confirm_missing(services, "S1", DAY, "1", [2], "lost", DESK, "the cashier was wrong")
        hand.turn(minutes=5)
        await compile_statements(services)
        assert await list_causes(services, "open", None) == []

    run(story())
