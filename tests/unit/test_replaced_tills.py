"""A till that was replaced at 13:40 begins its numbers again at 1: declared or proposed, without conflicts or false gaps."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from shared.errors import RejectedError
from shared.flows.compile_statements import compile_statements
from shared.flows.declare_terminal import declare_terminal
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.read_records import list_causes, read_statement
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.release_exceptions import release_exceptions
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.settings import Person
from shared.storage.shifts import as_shifts, shifts_of_day
from tests.unit.documents import call_of, sale_document, shift_document
from tests.unit.flow_services import DESK, SENDER, Hand, flow_services, run

SYSTEMS = Person("retail systems desk", frozenset({"retail_systems"}), "x")

DAY = date(2017, 12, 23)
DUE = "map~S1~2017-12-23"
REPLACED = "2017-12-23T13:40:00-05:00"


def at(minute: int, hour: int) -> str:
    return f"2017-12-23T{hour:02d}:{minute:02d}:00-05:00"


def old_till(numbers: range) -> list[dict[str, Any]]:
    """Its shift from 08:00 and a receipt a minute from 13:00 on, numbered from 2."""
    opening = shift_document(1, "SHIFT_OPEN", "1", at(0, 8))
    return [opening, *(sale_document(number, completed_at=at(number, 13), shift="1") for number in numbers)]


def new_till(numbers: range) -> list[dict[str, Any]]:
    """Its own shift 1 from 13:41 and a receipt a minute from 14:00 on, numbered from 2 as well."""
    opening = shift_document(1, "SHIFT_OPEN", "1", at(41, 13))
    return [opening, *(sale_document(number, completed_at=at(number, 14), shift="1") for number in numbers)]


async def arrive(services: Services, documents: list[dict[str, Any]]) -> list[str]:
    verdicts = await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))
    await map_transactions(services, DUE)
    return [one.verdict for one in verdicts]


async def declare(services: Services, since: str = REPLACED) -> dict[str, Any] | None:
    return await declare_terminal(
        services, "S1", "1", DAY, datetime.fromisoformat(since), DESK, "it broke at 13:40"
    )


async def the_rest(services: Services) -> tuple[list[str], int, dict[str, Any]]:
    """Give the codes of all open causes, how many conflicts are kept, and the day's statement."""
    causes = [one["code"] for one in await list_causes(services, "open", None)]
    rows = [row async for row in services.tables.transactions.query("S1")]
    kept = sum(row.text("Record") == "conflict" for row in rows)
    statement = await read_statement(services, "S1", DAY)
    assert statement is not None
    return causes, kept, statement


async def close_both(services: Services) -> None:
    closings = [
        shift_document(21, "SHIFT_CLOSE", "1", at(0, 8), at(40, 13)),
        shift_document(21, "SHIFT_CLOSE", "1", at(41, 13), at(0, 20)) | {"transaction_id": "T21"},
    ]
    for one in closings:
        assert await arrive(services, [one]) == ["accepted"]


def clean(statement: dict[str, Any]) -> None:
    """Nineteen receipts of each till, none missing, none in conflict, nothing wrong with their shifts."""
    assert statement["receipts"]["received"] == 38
    assert statement["totals"]["received"] == "912.00"
    assert [one["code"] for one in statement["causes"]] == ["not_sent_yet"]
    assert statement["shift_findings"] == []
    shifts = [(one["shift"], one["opened_at"], one["closed_at"]) for one in statement["shifts"]]
    assert shifts == [
        ("1", "2017-12-23T13:00:00+00:00", "2017-12-23T18:40:00+00:00"),
        ("1", "2017-12-23T18:41:00+00:00", "2017-12-24T01:00:00+00:00"),
    ]


def test_a_till_declared_before_it_sends_begins_at_one_with_no_conflict_and_no_gap() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        assert await arrive(services, old_till(range(2, 21))) == ["accepted"] * 20
        assert await declare(services) == {
            "generation": 2, "receipts_moved": 0, "conflicts_settled": 0, "already_in_d365": 0,
        }  # fmt: skip
        assert await arrive(services, new_till(range(2, 21))) == ["accepted"] * 20
        assert await arrive(services, new_till(range(2, 21))) == ["duplicate"] * 20
        await close_both(services)
        hand.turn(hours=13)
        await compile_statements(services)
        causes, conflicts, statement = await the_rest(services)
        assert (causes, conflicts) == ([], 0)
        clean(statement)

    run(story())


def test_conflicts_from_before_the_declaration_are_settled_by_it() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await arrive(services, old_till(range(2, 21)))
        assert await arrive(services, new_till(range(2, 21))) == ["conflict"] * 20
        found = await declare(services)
        assert found == {"generation": 2, "receipts_moved": 20, "conflicts_settled": 20, "already_in_d365": 0}
        assert await arrive(services, new_till(range(2, 21))) == ["duplicate"] * 20
        assert await declare(services) == found | {"receipts_moved": 0, "conflicts_settled": 0}
        await close_both(services)
        hand.turn(hours=13)
        await compile_statements(services)
        causes, conflicts, statement = await the_rest(services)
        assert (causes, conflicts) == ([], 0)
        clean(statement)
        report = await rebuild_storeday(services, "S1", DAY)
        assert [str(one) for one in report.findings] == []

    run(story())


def test_receipts_that_stood_in_no_conflict_move_too_and_the_old_tills_late_ones_find_their_place() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        old, new = old_till(range(2, 21)), new_till(range(2, 21))
        await arrive(services, new)  # the old till was offline; its receipts come last
        assert await arrive(services, old[5:]) == ["conflict"] * 15
        await declare(services)
        assert await arrive(services, old[:5]) == ["accepted"] * 5
        await close_both(services)
        hand.turn(hours=13)
        await compile_statements(services)
        causes, conflicts, statement = await the_rest(services)
        assert (causes, conflicts) == ([], 0)
        clean(statement)

    run(story())


def test_an_instance_that_does_not_know_yet_writes_what_mapping_moves() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        body = call_of(*new_till(range(2, 4)))
        await ingest_transactions(services, SENDER, ADAPTERS["canonical"], body)  # not mapped yet
        rows = {row.key: row async for row in services.tables.transactions.query("S1")}
        await arrive(services, old_till(range(8, 9)))
        await declare(services)
        for row in [one async for one in services.tables.transactions.query("S1")]:
            await services.tables.transactions.delete("S1", row.key, row.etag)
        for row in rows.values():
            await services.tables.transactions.upsert(row)
        await map_transactions(services, DUE)
        found = [
            row async for row in services.tables.transactions.query("S1") if row.text("Record") == "receipt"
        ]
        assert sorted((row.text("TransactionId"), row.number("Generation")) for row in found) == [
            ("T1#2", 2), ("T2#2", 2), ("T3#2", 2),
        ]  # fmt: skip

    run(story())


def test_the_shifts_of_both_tills_are_apart_though_both_are_called_one() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, new_till(range(2, 4)))
        await declare(services)
        await map_transactions(services, DUE)
        shifts = as_shifts(await shifts_of_day(services.tables.shifts, "S1", DAY))
        assert [(one.generation, one.shift) for one in shifts] == [(2, "1")]

    run(story())


def test_the_same_number_at_another_hour_proposes_a_replacement_which_the_declaration_ends() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, old_till(range(2, 21)))
        await arrive(services, list(reversed(new_till(range(2, 4)))))
        (proposed,) = [
            one for one in await list_causes(services, "open", None) if one["code"] == "till_maybe_replaced"
        ]
        assert proposed["owner"] == "retail_systems"
        assert proposed["what_happened"] == (
            "Till 1 of store S1 began its receipt numbers again on 2017-12-23 at 13:41."
        )
        await declare(services)
        assert [one["code"] for one in await list_causes(services, "open", None)] == []

    run(story())


def test_a_till_that_was_not_replaced_is_said_so_by_a_persons_word() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, old_till(range(2, 21)))
        await arrive(services, list(reversed(new_till(range(2, 4)))))
        open_now = {one["code"]: one for one in await list_causes(services, "open", None)}
        fingerprint = open_now["till_maybe_replaced"]["fingerprint"]
        await release_exceptions(services, fingerprint, SYSTEMS, "the supplier tested the till")
        assert {one["code"] for one in await list_causes(services, "open", None)} == {"content_conflict"}

    run(story())


def test_numbers_that_begin_again_without_a_conflict_propose_it_too() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        long_ago = [
            sale_document(number, transaction_id=f"a{number}", completed_at=at(number - 500, 11), shift="1")
            for number in range(510, 520)
        ]
        long_ago.append(shift_document(500, "SHIFT_OPEN", "1", at(0, 8)))
        await arrive(services, long_ago)
        assert await list_causes(services, "open", None) == []
        opening = shift_document(1, "SHIFT_OPEN", "1", at(0, 12))
        await arrive(services, [opening, sale_document(2, completed_at=at(5, 12), shift="1")])
        assert [one["code"] for one in await list_causes(services, "open", None)] == ["till_maybe_replaced"]
        await declare(services, at(0, 12))
        assert await list_causes(services, "open", None) == []

    run(story())


@pytest.mark.parametrize(
    ("day", "since", "field"),
    [
        (DAY, "2017-12-24T13:40:00-05:00", "since"),
        (date(2017, 11, 1), "2017-11-01T13:40:00-05:00", "business_day"),
    ],
)
def test_a_declaration_that_cannot_be_is_answered_with_the_field(day: date, since: str, field: str) -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        with pytest.raises(RejectedError) as error:
            await declare_terminal(services, "S1", "1", day, datetime.fromisoformat(since), DESK, "it broke")
        assert error.value.field == field

    run(story())


def test_a_till_may_be_replaced_twice_in_a_day_but_not_backwards() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await declare(services)
        second = await declare(services, "2017-12-23T15:00:00-05:00")
        assert second is not None
        assert second["generation"] == 3
        with pytest.raises(RejectedError):
            await declare(services, "2017-12-23T14:00:00-05:00")
        await arrive(services, [sale_document(1, completed_at=at(30, hour)) for hour in (13, 14, 15)][:1])
        assert await arrive(services, [sale_document(1, completed_at=at(30, 14))]) == ["accepted"]
        assert await arrive(services, [sale_document(1, completed_at=at(30, 15))]) == ["accepted"]

    run(story())


def test_a_poslog_receipt_bears_the_new_generation_in_its_id() -> None:
    assert ADAPTERS["poslog"].id_in("31-1-20171001-114", 2) == "31-2-20171001-114"
    assert ADAPTERS["poslog"].id_in("A-7-1-20171001-114", 3) == "A-7-3-20171001-114"
    assert ADAPTERS["canonical"].id_in("T5", 2) == "T5#2"


def test_the_instant_itself_is_the_new_tills_and_the_moment_before_the_old_ones() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await declare(services)
        moments = ["2017-12-23T13:39:59.999999-05:00", "2017-12-23T13:40:00-05:00"]
        await arrive(services, [sale_document(7, completed_at=one) for one in moments])
        rows = [
            row async for row in services.tables.transactions.query("S1") if row.text("Record") == "receipt"
        ]
        assert sorted((row.text("TransactionId"), row.number("Generation")) for row in rows) == [
            ("T7", 1), ("T7#2", 2),
        ]  # fmt: skip

    run(story())
