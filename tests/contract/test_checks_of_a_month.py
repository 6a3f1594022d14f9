"""The checks of a month against an app and a D365 that really have it: neglected, each is found; put right, all are in order."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from shared.flows.check_contract import check_contract
from shared.flows.check_readiness import confirm_till
from shared.flows.compile_statements import compile_statements
from shared.flows.read_records import read_statement
from shared.flows.read_reference import read_reference
from shared.flows.run_checks import keep_checks, run_checks
from shared.flows.sign_off import sign_off
from tests.contract.month_end_world import month_end_world
from tests.contract.posting_world import PostingWorld
from tests.contract.test_vouchers_against_the_simulator import a_proved_day
from tests.unit.documents import sale_document
from tests.unit.flow_services import DESK, run

DAY, MONTH = date(2017, 12, 23), "2017-12"


async def states(world: PostingWorld, cadence: str, period: str) -> dict[str, list[str]]:
    """Give what is not in order, with what speaks against it or why nobody knows."""
    with world.looking():
        report = await run_checks(world.services, cadence, "usrt", period)
    assert report is not None
    return {
        one.check.key: [item.what for item in one.items] or [one.unknown]
        for one in report.results
        if one.state != "in order"
    }


async def sign(world: PostingWorld) -> None:
    found = await read_statement(world.services, "S1", DAY)
    assert found is not None
    await sign_off(world.services, "S1", DAY, found["revision"], DESK, "it is right")
    await compile_statements(world.services)


def test_a_month_is_in_order_when_each_neglect_has_been_made_good(tmp_path: Path) -> None:
    async def story() -> None:
        async with month_end_world(tmp_path) as world:
            await world.map_also("terminals", {"store": "S1", "terminal": "2", "register": "NY01-2"})
            await a_proved_day(world)
            await compile_statements(world.services)
            day = await states(world, "daily", "2017-12-23")
            assert day == {
                "days_signed": ["Store S1 is not signed off, or something came after its signature."]
            }
            world.hand.turn(days=9)
            before = await states(world, "monthly", MONTH)
            assert set(before) == {
                "tills_heard",
                "month_signed",
                "days_checked",
                "month_lists",
                "month_compared",
            }
            assert before["tills_heard"] == ["Till 2 of store S1: nothing of it arrived in this period."]
            assert before["month_lists"][0].endswith("which is too long ago")
            await confirm_till(world.services, "usrt", MONTH, "S1", "2", DESK, "it stands in a cupboard")
            await sign(world)
            await read_reference(world.services, ordered=True)
            await check_contract(world.services)
            assert await states(world, "daily", "2017-12-23") == {}
            await keep_checks(world.services, "daily", "usrt", "2017-12-23", DESK, "")
            assert await states(world, "monthly", MONTH) == {}

    run(story())


def test_a_receipt_that_comes_after_the_signature_is_found_by_what_it_undoes(tmp_path: Path) -> None:
    async def story() -> None:
        async with month_end_world(tmp_path) as world:
            await a_proved_day(world)
            await compile_statements(world.services)
            await sign(world)
            assert await states(world, "daily", "2017-12-23") == {}
            await world.send(sale_document(5, shift="1"))
            world.hand.turn(hours=3)
            await compile_statements(world.services)
            found = await states(world, "daily", "2017-12-23")
            assert {"all_in_d365", "days_proved", "days_signed"} <= set(found)
            assert found["all_in_d365"] == ["Store S1: received, and not in D365."]
            month = await states(world, "monthly", MONTH)
            assert month["ledger_lacks_nothing"] == ["1 receipts are not in the ledger."]
            assert month["month_posted"] == [
                "1 receipts are not posted in D365; the accrual has them by account."
            ]

    run(story())
