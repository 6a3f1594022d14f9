"""Shifts all the way: nobody closed it and a person does, receipts that come after it was sent, tills replaced and busy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from shared.flows.compile_statements import compile_statements
from shared.flows.declare_terminal import declare_terminal
from shared.flows.end_shift import end_shift
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.read_records import read_statement
from shared.flows.read_tills import read_tills
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.take_back_terminal import take_back_terminal
from shared.pos.registry import ADAPTERS
from tests.contract.posting_world import PostingWorld, posting_world
from tests.unit.documents import call_of, sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK, SENDER, run

DAY = date(2017, 12, 23)
Story = Callable[[PostingWorld], Awaitable[None]]


def tell(story: Story, folder: Path) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            await story(world)

    run(told())


def at(clock: str) -> str:
    return f"2017-12-23T{clock}:00-05:00"


def sold(number: int, clock: str, shift: str | None = "1") -> dict[str, Any]:
    return sale_document(number, completed_at=at(clock), shift=shift)


async def shifts_in_d365(world: PostingWorld) -> list[tuple[int, str, str, str]]:
    return sorted(
        (one["BatchShiftId"], one["Status"], one["StartDateTimeUtc"], one["CloseDateTimeUtc"])
        for one in await world.rows("RetailPosBatches")
    )


async def statements(world: PostingWorld) -> list[tuple[str, str]]:
    found = (await world.sim("state"))["statements"]
    return sorted((one["kind"], one["state"]) for one in found)


async def statement(world: PostingWorld) -> dict[str, Any]:
    with world.looking():
        found = await read_statement(world.services, "S1", DAY)
    assert found is not None
    return found


def test_a_shift_that_nobody_closed_is_ended_by_a_person_and_d365_takes_it(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(
            shift_document(1, "SHIFT_OPEN", "1", at("08:00")), sold(2, "11:00"), sold(3, "12:00")
        )
        world.hand.turn(hours=13)
        await world.drive_until("posted", "excluded")
        await compile_statements(world.services)
        assert await shifts_in_d365(world) == []
        assert await statements(world) == [("Transactional", "Posted")]
        cause = (await world.causes())["shift_not_closed"]
        assert (cause["receipts"], cause["amount"]) == (2, "48.00")
        assert cause["do_this"] == "End shift 1 here at 12:00:01: its last receipt was rung up then."
        (finding,) = (await statement(world))["shift_findings"]
        (foretold,) = await read_tills(world.services, "S1", DAY) or []
        assert foretold["busy"] == ["shift 1 is not closed"]
        ends_at = datetime.fromisoformat(finding["proposal"]["at"])
        await end_shift(world.services, "S1", "1", "1", ends_at, DESK, "the store forgot it")
        await world.drive(60)
        assert await shifts_in_d365(world) == [
            (20171223010001, "Closed", "2017-12-23T13:00:00Z", "2017-12-23T17:00:01Z")
        ]
        assert await statements(world) == [("Financial", "Posted"), ("Transactional", "Posted")]
        await compile_statements(world.services)
        assert await world.causes() == {}
        assert (await statement(world))["shift_findings"] == []

    tell(story, tmp_path)


def test_receipts_that_come_after_their_shift_was_sent_go_to_a_late_shift_which_overlaps_none(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        closing = shift_document(
            4, "SHIFT_CLOSE", "1", at("08:00"), at("12:30"), totals_of(3, "72.00", "60.00", "12.00", 1, 5)
        )
        await world.send(
            shift_document(1, "SHIFT_OPEN", "1", at("08:00")), sold(2, "11:00"), sold(3, "12:00"), closing
        )
        await world.drive_until("posted", "excluded")
        await world.send(sold(5, "12:10"))
        world.hand.turn(hours=13)
        await world.drive_until("posted", "excluded")
        await world.drive(60)
        first, late = await shifts_in_d365(world)
        assert first == (20171223010001, "Closed", "2017-12-23T13:00:00Z", "2017-12-23T17:30:00Z")
        assert late[1:] == ("Closed", "2017-12-23T17:30:00Z", "2017-12-23T17:30:01Z")
        assert {kind for kind, _ in await statements(world)} == {"Financial", "Transactional"}
        assert {state for _, state in await statements(world)} == {"Posted"}
        assert await world.shifts() == {"1": "sent", "late-20171223-01": "sent"}
        batches = {one["TransactionNumber"]: one["BatchID"] for one in await world.rows("RetailTransactions")}
        assert batches == {"east:T2": first[0], "east:T3": first[0], "east:T5": late[0]}
        await compile_statements(world.services)
        found = await statement(world)
        assert (found["totals"]["pos_says"], found["verdict"]) == ("72.00", "proved")

    tell(story, tmp_path)


def test_a_shift_that_we_made_leaves_its_last_second_for_what_comes_late(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sold(2, "11:00", None))
        world.hand.turn(hours=13)
        await world.drive_until("posted")
        await world.drive(60)
        await world.send(sold(3, "11:30", None))
        await world.drive_until("posted")
        await world.drive(60)
        ours, late = sorted(await shifts_in_d365(world), key=lambda one: one[2])
        assert ours[2:] == ("2017-12-23T05:00:00Z", "2017-12-24T04:59:59Z")
        assert late[2:] == ("2017-12-24T04:59:59Z", "2017-12-24T05:00:00Z")
        assert {state for _, state in await statements(world)} == {"Posted"}

    tell(story, tmp_path)


def test_both_tills_of_one_number_post_and_their_shifts_do_not_overlap(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(shift_document(1, "SHIFT_OPEN", "1", at("08:00")), sold(2, "11:00"))
        new = call_of(shift_document(1, "SHIFT_OPEN", "1", at("12:00")), sold(2, "12:05"))
        verdicts = await ingest_transactions(world.services, SENDER, ADAPTERS["canonical"], new)
        assert [one.verdict for one in verdicts] == ["conflict", "conflict"]
        assert {"content_conflict", "till_maybe_replaced"} <= set(await world.causes())
        since = datetime.fromisoformat(at("12:00"))
        await declare_terminal(world.services, "S1", "1", DAY, since, DESK, "the till broke")
        await world.send(
            shift_document(3, "SHIFT_CLOSE", "1", at("08:00"), at("12:00")),
            shift_document(3, "SHIFT_CLOSE", "1", at("12:00"), at("12:30")) | {"transaction_id": "T30"},
        )
        world.hand.turn(hours=13)
        await world.drive_until("posted", "excluded")
        await world.drive(60)
        assert [one[0] for one in await shifts_in_d365(world)] == [20171223010001, 20171223020001]
        assert await world.ledger() == (2, {"1": "48"})
        assert {state for _, state in await statements(world)} == {"Posted"}
        assert await world.causes() == {}

    tell(story, tmp_path)


def test_what_d365_has_as_the_old_tills_stays_so_and_is_never_posted_twice(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sold(2, "12:05", None))
        await world.drive_until("posted")
        since = datetime.fromisoformat(at("12:00"))
        told = await declare_terminal(world.services, "S1", "1", DAY, since, DESK, "the till broke")
        assert told == {"generation": 2, "receipts_moved": 0, "conflicts_settled": 0, "already_in_d365": 1}
        again = call_of(sold(2, "12:05", None))
        (verdict,) = await ingest_transactions(world.services, SENDER, ADAPTERS["canonical"], again)
        assert verdict.verdict == "duplicate"
        await world.send(sold(3, "12:10", None))
        world.hand.turn(hours=13)
        await world.drive(120)
        assert await world.statuses() == {"T2": "posted", "T3#2": "posted"}
        assert await world.ledger() == (2, {"1": "48"})
        await compile_statements(world.services)
        numbers = (await statement(world))[
            "completeness"
        ]  # the first one's is the new till's, whatever D365 has
        assert [(one["generation"], one["first"], one["last"]) for one in numbers] == [(2, 2, 3)]
        assert await take_back_terminal(world.services, "S1", "1", 2, DESK, "it was another till") is not None
        await compile_statements(world.services)
        numbers = (await statement(world))["completeness"]
        assert [(one["generation"], one["first"], one["last"]) for one in numbers] == [(1, 2, 3)]
        with world.looking():
            report = await rebuild_storeday(world.services, "S1", DAY)
        assert [str(one) for one in report.findings] == []

    tell(story, tmp_path)


def test_what_was_sent_as_a_new_tills_stays_so_when_that_is_taken_back_and_the_day_is_whole(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(
            shift_document(1, "SHIFT_OPEN", "1", at("08:00")), sold(2, "11:00"), sold(3, "11:30")
        )
        since = datetime.fromisoformat(at("12:00"))
        await declare_terminal(world.services, "S1", "1", DAY, since, DESK, "the till broke")
        await world.send(sold(4, "12:05"), sold(5, "12:06"))
        await world.drive_until("posted", "excluded")
        await world.send(sold(6, "12:10"))
        told = await take_back_terminal(world.services, "S1", "1", 2, DESK, "it was another till")
        assert told == {
            "generation": 2, "receipts_moved": 1, "conflicts_settled": 0, "already_in_d365": 2, "stay_apart": 0,
        }  # fmt: skip
        again = call_of(sold(4, "12:05"), sold(6, "12:10"))
        verdicts = await ingest_transactions(world.services, SENDER, ADAPTERS["canonical"], again)
        assert [one.verdict for one in verdicts] == ["duplicate", "duplicate"]
        closing = shift_document(
            7, "SHIFT_CLOSE", "1", at("08:00"), at("12:30"), totals_of(5, "120.00", "100.00", "20.00", 1, 7)
        )
        counted = [{"tender": "CASH", "currency": "USD", "amount": "120.00"}]
        await world.send(closing | {"shift_record": closing["shift_record"] | {"counted": counted}})
        world.hand.turn(hours=13)
        await world.drive_until("posted", "excluded")
        await world.drive(60)
        assert await world.ledger() == (5, {"1": "120"})
        first, stands_in = await shifts_in_d365(world)
        # the till's own was still open: so the day's first second
        assert first == (20171223010001, "Closed", "2017-12-23T13:00:00Z", "2017-12-23T17:30:00Z")
        assert stands_in == (20171223020001, "Closed", "2017-12-23T05:00:00Z", "2017-12-23T05:00:01Z")
        assert {state for _, state in await statements(world)} == {"Posted"}
        await compile_statements(world.services)
        found = await statement(world)
        assert (found["verdict"], found["totals"]["pos_says"], found["unexplained"]) == (
            "proved",
            "120.00",
            "0.00",
        )
        numbers = [
            (one["generation"], one["first"], one["last"], one["missing"]) for one in found["completeness"]
        ]
        assert numbers == [(1, 1, 7, 0)]
        (count,) = found["counts"]["lines"]
        assert (count["expected"], count["difference"]) == ("120.00", "0.00")
        assert found["shift_findings"] == []
        assert await world.causes() == {}
        with world.looking():
            report = await rebuild_storeday(world.services, "S1", DAY)
        assert [str(one) for one in report.findings] == []

    tell(story, tmp_path)
