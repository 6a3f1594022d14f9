"""A replacement that was declared by mistake is taken back: the day is then as if nobody had ever declared it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from shared.errors import RejectedError
from shared.flows.compile_statements import compile_statements
from shared.flows.declare_terminal import declare_terminal
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes, read_statement
from shared.flows.read_tills import read_tills
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.take_back_terminal import take_back_terminal
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.storage.mappings import MappingCache
from tests.unit.documents import call_of, sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run
from tests.unit.test_replaced_tills import DAY, DUE, arrive, at, declare, new_till, old_till

MORNING = [
    shift_document(1, "SHIFT_OPEN", "1", at(0, 8)),
    *(sale_document(number, completed_at=at(number, 13), shift="1") for number in range(2, 42)),
]
AFTERNOON = [sale_document(number, completed_at=at(number, 13), shift="1") for number in range(42, 51)]
HANDED_OVER = [
    shift_document(
        51, "SHIFT_CLOSE", "1", at(0, 8), at(52, 13), totals_of(49, "1176.00", "980.00", "196.00", 1, 51)
    ),
    shift_document(52, "SHIFT_OPEN", "2", at(53, 13)),
    sale_document(53, completed_at=at(54, 13), shift="2"),
    shift_document(
        54, "SHIFT_CLOSE", "2", at(53, 13), at(0, 15), totals_of(1, "24.00", "20.00", "4.00", 52, 54)
    ),
]


async def take_back(services: Services, generation: int = 2) -> dict[str, Any] | None:
    return await take_back_terminal(services, "S1", "1", generation, DESK, "it was the other till that broke")


async def generations(services: Services) -> list[int]:
    rows = services.tables.transactions.query("S1")
    return sorted([row.number("Generation") async for row in rows if row.text("Record") == "receipt"])


async def the_day(services: Services, hand: Hand) -> dict[str, Any]:
    hand.turn(hours=13)
    await compile_statements(services)
    statement = await read_statement(services, "S1", DAY)
    assert statement is not None
    (till,) = await read_tills(services, "S1", DAY) or []
    return {"statement": statement, "till": till, "causes": await list_causes(services, "open", None)}


Change = Callable[[Services], Awaitable[object]]


async def nothing(_: Services) -> None:
    return


def day_of(before: Change, between: Change, after: Change) -> dict[str, Any]:
    """Trade the day; `before` the afternoon, `between` it and the handing over, and `after` all somebody says something."""

    async def story() -> dict[str, Any]:
        hand = Hand()
        services = await flow_services(hand)
        hand.turn(hours=3)
        await arrive(services, MORNING)
        await before(services)
        await arrive(services, AFTERNOON)
        await between(services)
        await arrive(services, HANDED_OVER)
        await after(services)
        await map_transactions(services, DUE)
        again = await arrive(services, [*MORNING, *AFTERNOON, *HANDED_OVER])
        assert set(again) == {"duplicate"}
        assert [str(one) for one in (await rebuild_storeday(services, "S1", DAY)).findings] == []
        return await the_day(services, hand)

    return run(story())


def test_a_day_is_as_if_nothing_had_been_declared_whenever_it_is_taken_back() -> None:
    never = day_of(nothing, nothing, nothing)
    assert never["causes"] == []
    assert (never["statement"]["receipts"]["received"], never["statement"]["totals"]["pos_says"]) == (
        50,
        "1200.00",
    )
    assert [(one["generation"], one["missing"]) for one in never["statement"]["completeness"]] == [(1, 0)]
    for before, between, after in (
        (declare, take_back, nothing), (declare, nothing, take_back), (nothing, declare, take_back),
    ):  # fmt: skip
        assert day_of(before, between, after) == never


def test_what_moved_is_counted_and_a_second_word_moves_nothing() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, MORNING)
        await declare(services)
        await arrive(services, AFTERNOON)
        # 13:40 and 13:41 of the morning, nine of the afternoon
        assert await take_back(services) == {
            "generation": 2, "receipts_moved": 11, "conflicts_settled": 0, "already_in_d365": 0, "stay_apart": 0,
        }  # fmt: skip
        again = await take_back(services)
        assert again is not None
        assert again["receipts_moved"] == 0

    run(story())


def test_what_an_instance_writes_that_has_not_heard_of_it_is_moved_when_it_is_mapped() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await declare(services)
        behind = replace(services, mappings=MappingCache(services.tables.mappings))
        await behind.mappings.at_least(0)
        await take_back(services)
        await ingest_transactions(behind, SENDER, ADAPTERS["canonical"], call_of(*AFTERNOON))
        assert await generations(services) == [2] * 9
        await map_transactions(services, DUE)
        assert await generations(services) == [1] * 9

    run(story())


def test_a_number_that_the_old_till_has_given_too_stays_apart_and_nothing_is_overwritten() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, old_till(range(2, 21)))
        await declare(services)
        await arrive(services, new_till(range(2, 21)))
        found = await take_back(services)
        assert found is not None
        assert (found["receipts_moved"], found["stay_apart"]) == (0, 20)
        rows = [
            row async for row in services.tables.transactions.query("S1") if row.text("Record") == "receipt"
        ]
        assert sorted(row.number("Generation") for row in rows) == [1] * 20 + [2] * 20

    run(story())


@pytest.mark.parametrize("generation", [2, 4])
def test_only_the_last_that_was_declared_is_taken_back(generation: int) -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await declare(services)
        await declare(services, "2017-12-23T15:00:00-05:00")
        with pytest.raises(RejectedError) as error:
            await take_back(services, generation)
        assert (error.value.field, error.value.expected) == (
            "generation",
            "no. 3, the last that was declared",
        )
        assert await take_back(services, 3) is not None
        assert await take_back(services, 2) is not None

    run(story())


def test_a_till_that_is_really_replaced_afterwards_is_one_that_nobody_had_before() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await declare(services)
        await arrive(services, [sale_document(2, completed_at=at(50, 13))])
        await take_back(services)
        since = datetime.fromisoformat(at(45, 13))
        again = await declare_terminal(services, "S1", "1", DAY, since, DESK, "now it did break")
        assert again is not None
        assert (again["generation"], again["receipts_moved"]) == (3, 1)
        (row,) = [
            row async for row in services.tables.transactions.query("S1") if row.text("Record") == "receipt"
        ]
        assert (row.text("TransactionId"), row.number("Generation")) == ("T2#3", 3)

    run(story())
