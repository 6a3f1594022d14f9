"""A receipt that arrives when its period is closed in D365 goes by its company's policy, its own business day kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.flows.accrue_unposted import accrue_unposted
from shared.flows.check_vouchers import check_vouchers
from shared.flows.compile_statements import compile_statements
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.list_late import list_late
from shared.flows.read_records import read_statement, read_transaction
from shared.flows.read_reference import read_reference
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.release_exceptions import release_exceptions
from shared.pos.registry import ADAPTERS
from tests.contract.month_end_world import (
    RETURN,
    SALE,
    added,
    books,
    less,
    month_end_world,
    of_lines,
    return_document,
)
from tests.contract.posting_world import PostingWorld
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import DESK, SENDER, run

Story = Callable[[PostingWorld], Awaitable[None]]
DAY, FIRST_OPEN = date(2017, 12, 23), date(2018, 1, 1)
OPEN = {"dataAreaId": "usrt", "currency": "USD"}


def tell(story: Story, folder: Path) -> None:
    folder.mkdir(exist_ok=True)

    async def told() -> None:
        async with month_end_world(folder) as world:
            await story(world)

    run(told())


async def close_december(world: PostingWorld) -> None:
    """Headquarters closes the period by force; the app reads it."""
    await world.sim("setup", {"legal_entities": [{**OPEN, "open_periods": [["2018-01-01", "2018-01-31"]]}]})
    await read_reference(world.services, ordered=True)


async def policy(world: PostingWorld, late_receipts: str) -> None:
    await world.map_also("month_end", {"legal_entity": "usrt", "late_receipts": late_receipts})


async def still_lacking(world: PostingWorld, day: date = DAY) -> dict[str, int]:
    report = await accrue_unposted(world.services, "usrt", day=day)
    assert report is not None
    return added(*(of_lines(one["open"]) for one in report.as_json()["currencies"]))


async def statement(world: PostingWorld, day: date = DAY) -> dict[str, Any]:
    await compile_statements(world.services)
    found = await read_statement(world.services, "S1", day)
    assert found is not None
    return found


def test_under_the_policy_a_late_receipt_is_posted_in_the_next_period_and_keeps_its_own_day(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await policy(world, "next_period")
        await world.send(sale_document(1))
        await world.drive_until("posted")
        world.hand.turn(days=11)  # the till was offline over the end of the month
        await close_december(world)
        await world.send(sale_document(2), return_document(3))
        assert (
            await still_lacking(world)
            == less(added(SALE, SALE, RETURN), await books(world))
            == added(SALE, RETURN)
        )
        shown = await read_transaction(world.services, "S1", "east", "T2")
        assert shown is not None
        assert (shown["business_day"], shown["posts_on"], shown["status"]) == (
            "2017-12-23",
            "2018-01-01",
            "mapped",
        )
        task = (await world.causes())["receipt_after_close"]
        assert (task["owner"], task["receipts"], task["amount"]) == ("finance", 2, "12.00")
        await world.drive_until("posted")
        headers = {
            one["TransactionNumber"]: one["businessDate"][:10]
            for one in await world.rows("RetailTransactions")
        }
        assert headers == {"east:T1": "2017-12-23", "east:T2": "2018-01-01", "east:T3": "2018-01-01"}
        assert await world.ledger() == (3, {"1": "36"})
        assert await still_lacking(world) == {}
        assert "receipt_after_close" not in await world.causes()
        assert (await world.causes("ended"))["receipt_after_close"]["ended_how"][0].startswith(
            "posted on 2018-01-01"
        )
        found = await statement(world)
        assert (found["receipts"]["posted"], found["totals"]["posted"]) == (3, "36.00")
        await check_vouchers(world.services, "S1", DAY)
        assert (await statement(world))["vouchers"]["state"] == "equal"
        assert (await rebuild_storeday(world.services, "S1", DAY)).findings == ()

    tell(story, tmp_path)


def test_the_memo_has_two_sides_that_are_equal_and_opposite(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await policy(world, "next_period")
        world.hand.turn(days=11)
        await close_december(world)
        await world.send(sale_document(1), return_document(2))
        for period in ("2017-12", "2018-01"):
            report = await list_late(world.services, "usrt", period)
            assert report is not None
            (memo,) = report.as_json()["memos"]
            assert (memo["belongs_to"], memo["stands_in"]) == ("2017-12", "2018-01")
            assert of_lines(memo["add_to_first"]) == added(SALE, RETURN)
            assert of_lines(memo["take_from_second"]) == less({}, added(SALE, RETURN))
            assert [(one["receipt"], one["business_day"], one["posted"]) for one in memo["receipts"]] == [
                ("S1-1-0001", "2017-12-23", False),
                ("S1-1-0002", "2017-12-23", False),
            ]
        other = await list_late(world.services, "usrt", "2017-11")
        assert other is not None
        assert list(other.memos) == []

    tell(story, tmp_path)


def test_without_a_policy_a_late_receipt_is_held_until_finance_decides(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        world.hand.turn(days=11)
        await close_december(world)
        await world.send(sale_document(1))
        assert await world.statuses() == {"T1": "held"}
        ((code, task),) = (await world.causes()).items()
        assert "no open fiscal period" in task["what_happened"], task
        assert await still_lacking(world) == SALE
        await policy(world, "next_period")
        await release_exceptions(world.services, task["fingerprint"], DESK, "post it in January")
        await world.drive_until("posted")
        assert (await books(world), await still_lacking(world)) == (SALE, {})
        shown = await read_transaction(world.services, "S1", "east", "T1")
        assert shown is not None
        assert (shown["business_day"], shown["posts_on"]) == ("2017-12-23", "2018-01-01"), code

    tell(story, tmp_path)


def test_while_the_period_is_open_every_receipt_is_posted_on_its_own_day(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await policy(world, "next_period")
        world.hand.turn(days=11)
        await world.send(sale_document(1))
        await world.drive_until("posted")
        (header,) = await world.rows("RetailTransactions")
        assert header["businessDate"][:10] == "2017-12-23"

    tell(story, tmp_path)


def test_receipts_of_the_day_itself_and_late_ones_in_one_d365_statement_are_each_proved_on_their_own_day(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await policy(world, "next_period")
        world.hand.turn(days=9)
        await close_december(world)
        new_year = sale_document(2, business_day="2018-01-01", completed_at="2018-01-01T09:00:00-05:00")
        await world.send(sale_document(1), new_year)
        await world.drive_until("posted")
        world.hand.turn(days=1)
        numbers = {name: row.text("D365Statement") for name, row in (await world.receipts()).items()}
        assert numbers["T1"] == numbers["T2"]
        for day in (DAY, FIRST_OPEN):
            told = await check_vouchers(world.services, "S1", day)
            assert told is not None
            assert told["state"] == "equal", told
            found = await statement(world, day)
            assert (found["receipts"]["posted"], found["vouchers"]["state"]) == (1, "equal")
            assert (await rebuild_storeday(world.services, "S1", day)).findings == ()

    tell(story, tmp_path)


@pytest.mark.parametrize("before", [True, False])
def test_a_worker_may_die_anywhere_on_the_way_of_a_late_receipt(tmp_path: Path, before: bool) -> None:
    async def story(world: PostingWorld, at: int) -> bool:
        await policy(world, "next_period")
        world.hand.turn(days=11)
        await close_december(world)
        body = call_of(sale_document(1))
        await ingest_transactions(world.services, SENDER, ADAPTERS["canonical"], body)
        world.effects.plan_death(at, before=before)
        await world.drive_until("posted")
        await world.drive(60)
        assert (await books(world), await still_lacking(world)) == (SALE, {})
        assert await world.ledger() == (1, {"1": "24"})
        row = (await world.receipts())["T1"]
        assert (row.text("BusinessDay"), row.text("PostsOn")) == ("2017-12-23", "2018-01-01")
        assert set(await world.causes()) <= {"receipt_late"}
        report = await list_late(world.services, "usrt", "2017-12")
        assert report is not None
        assert [len(one.receipts) for one in report.memos] == [1]
        return world.effects.deaths > 0

    died = []
    for at in range(1, 100, 11):
        tell(lambda world, at=at: _kept(story(world, at), died), tmp_path / str(at))  # type: ignore[misc]
    assert sum(died) >= 7


async def _kept(work: Awaitable[bool], outcomes: list[bool]) -> None:
    outcomes.append(await work)
