"""Fourteen thousand receipts of fifty stores: how many requests D365 sees, against the budgets of the architecture.

Counted by the simulator, not by the app.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.track_packages import track_packages
from shared.pos.registry import ADAPTERS
from tests.contract.posting_world import SETUP, PostingWorld, posting_world
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER, run
from tests.unit.test_mapping import ROWS

STORES, RECEIPTS_A_STORE, RECEIPTS_A_CALL = 50, 280, 280
CALLS_A_THOUSAND_MAX, CALLS_A_PACKAGE_MAX, CALLS_A_TICK_MAX = 2.0, 10, 6


def store_name(number: int) -> str:
    return f"S{number + 1}"


def chain_setup() -> dict[str, Any]:
    """Fifty stores of one company, each with a till and cash."""
    (store,), (till, _), (cash, _) = SETUP["stores"], SETUP["terminals"], SETUP["tender_types"]
    numbers = range(STORES)
    own = {
        number: {
            "StoreNumber": f"N{number}",
            "RetailChannelId": f"C{number}",
            "OperatingUnitNumber": f"U{number}",
        }
        for number in numbers
    }
    return {
        "stores": [store | own[number] for number in numbers],
        "terminals": [
            till | {"TerminalNumber": f"N{number}-1", "StoreNumber": f"N{number}"} for number in numbers
        ],
        "tender_types": [cash | {"RetailChannelId": f"C{number}"} for number in numbers],
    }


async def map_chain(world: PostingWorld) -> None:
    store = ROWS["stores", "S1"]
    rows = [
        store | {"store": store_name(one), "store_number": f"N{one}", "operating_unit": f"U{one}"}
        for one in range(STORES)
    ]
    await world.map_also("stores", *rows)
    tills = [{"store": store_name(one), "terminal": "1", "register": f"N{one}-1"} for one in range(STORES)]
    await world.map_also("terminals", *tills)


async def trade(world: PostingWorld) -> None:
    for number in range(STORES):
        name = store_name(number)
        documents = [
            sale_document(one, store=name, receipt_number=f"{name}-1-{one:04d}")
            for one in range(1, RECEIPTS_A_STORE + 1)
        ]
        verdicts = await ingest_transactions(
            world.services, SENDER, ADAPTERS["canonical"], call_of(*documents)
        )
        assert {one.verdict for one in verdicts} == {"accepted"}
        assert await map_transactions(world.services, f"map~{name}~2017-12-23") == RECEIPTS_A_STORE


async def packages_are_done(world: PostingWorld) -> None:
    for _ in range(60):
        packages = await world.packages()
        receipts = sum(one.number("ReadBack") for one in packages)
        if receipts == STORES * RECEIPTS_A_STORE:
            return
        world.hand.turn(minutes=5)
        await world.settle(patience=5_000, looks=20_000)
        await world.ring_and_deliver()
    raise AssertionError([one.text("History") for one in await world.packages()])


def test_fourteen_thousand_receipts_cost_d365_no_more_than_the_budget(tmp_path: Path) -> None:
    async def story() -> None:
        async with posting_world(tmp_path) as world:
            await world.sim("setup", chain_setup())
            await map_chain(world)
            await trade(world)
            await packages_are_done(world)
            packages = await world.packages()
            sent = await world.all_calls()
            assert [one.number("Receipts") for one in packages] == [7_000, 7_000]
            assert sent <= CALLS_A_PACKAGE_MAX * len(packages), await world.sim("calls")
            await world.headquarters()
            world.hand.turn(minutes=15)
            assert await track_packages(world.services) == STORES * RECEIPTS_A_STORE
            tracked = await world.all_calls() - sent
            assert tracked <= CALLS_A_TICK_MAX, await world.sim("calls")
            assert 1_000 * (sent + tracked) / (STORES * RECEIPTS_A_STORE) <= CALLS_A_THOUSAND_MAX
            receipts, payments = await world.ledger()
            assert (receipts, payments) == (14_000, {"1": "336000"})

    run(story())


def test_what_is_mapped_while_a_package_runs_waits_for_the_next_interval(tmp_path: Path) -> None:
    async def story() -> None:
        async with posting_world(tmp_path) as world:
            await world.send(sale_document(1))
            await world.beat()
            started = world.hand.at
            assert len(await world.packages()) == 1
            for number in range(2, 7):
                await world.send(sale_document(number))
                await world.beat()
            assert [one.text("Stage") for one in await world.packages()] == ["done"]
            while len(await world.packages()) == 1:
                await world.beat()
            assert 15 <= (world.hand.at - started).total_seconds() / 60 <= 21
            assert [one.number("Members") for one in await world.packages()] == [1, 5]

    run(story())
