"""Both effects of a return, against the simulator: the credit confirmed, or told when it is old; the stock said to be unknown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from shared.flows.check_effects import check_effects
from shared.flows.read_records import read_transaction
from shared.flows.release_exceptions import release_exceptions
from shared.storage.due import EFFECT, list_due
from tests.contract.posting_world import SETUP, PostingWorld, posting_world
from tests.contract.test_reversal_against_the_simulator import return_document
from tests.unit.documents import sale_document
from tests.unit.flow_services import DESK, run
from tests.unit.test_mapping import STORE

Story = Callable[[PostingWorld], Awaitable[None]]
INVOICES = "SalesInvoiceHeadersV2"
PLACES = {"quarantine_warehouse": "NYQUAR", "scrap_warehouse": "NYSCRAP"}


def tell(story: Story, folder: Path) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            await story(world)

    run(told())


async def hide(world: PostingWorld, *sets: str) -> None:
    await world.sim("contract", {"hide_sets": list(sets)})


async def shown(world: PostingWorld, name: str) -> dict[str, Any]:
    found = await read_transaction(world.services, "S1", "east", name)
    assert found is not None
    return found


async def posted_with_its_invoices_hidden(world: PostingWorld) -> None:
    await hide(world, INVOICES)
    await world.send(sale_document(1), return_document(2, of="T1"))
    await world.drive_until("posted")


def test_a_credit_that_is_not_shown_is_told_after_its_hours_and_ends_by_itself_when_it_is(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await posted_with_its_invoices_hidden(world)
        assert (await shown(world, "T2"))["evidence"][1].startswith("credit note: unknown")
        world.hand.turn(hours=71)
        assert await check_effects(world.services) == 0
        assert "credit_not_confirmed" not in await world.causes()
        world.hand.turn(hours=2)
        assert await check_effects(world.services) == 0
        task = (await world.causes())["credit_not_confirmed"]
        assert (task["owner"], task["receipts"], task["value"]) == ("finance", 1, "S1 2017-12-23")
        await world.http.delete(f"{world.url}/_sim/contract")
        assert await check_effects(world.services) == 0  # it is asked once a day
        world.hand.turn(hours=25)
        assert await check_effects(world.services) == 1
        assert "credit_not_confirmed" not in await world.causes()
        credit, stock = (await shown(world, "T2"))["evidence"][1:3]
        assert credit.startswith("credit note: ")
        assert INVOICES in credit or "within invoice" in credit
        assert stock.startswith("stock receipt: unknown since 2017-12-2")
        world.hand.turn(hours=25)
        await check_effects(world.services)
        assert await list_due(world.services.tables.due, EFFECT) == []

    tell(story, tmp_path)


def test_a_credit_that_finance_has_looked_up_is_not_told_again(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await posted_with_its_invoices_hidden(world)
        world.hand.turn(hours=73)
        await check_effects(world.services)
        task = (await world.causes())["credit_not_confirmed"]
        await release_exceptions(world.services, task["fingerprint"], DESK, "it is in invoice 12")
        for _ in range(2):
            world.hand.turn(hours=25)
            await check_effects(world.services)
        assert "credit_not_confirmed" not in await world.causes()
        assert await list_due(world.services.tables.due, EFFECT) == []

    tell(story, tmp_path)


def test_a_credit_that_is_shown_at_once_is_not_asked_about_again(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), return_document(2, of="T1"))
        await world.drive_until("posted")
        assert await list_due(world.services.tables.due, EFFECT) == []

    tell(story, tmp_path)


def test_quarantined_goods_stand_in_their_own_warehouse_in_d365(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        company = SETUP["warehouses"][0]
        place = company | {"WarehouseId": "NYQUAR"}
        await world.sim("setup", SETUP | {"warehouses": [company, place]})
        await world.map_also("stores", STORE | PLACES)
        await world.map_also("dispositions", {"disposition": "NO_RESTOCK", "effect": "quarantine"})
        back = return_document(2, of="T1")
        back["lines"][0]["disposition"] = "NO_RESTOCK"
        await world.send(sale_document(1), back)
        await world.drive_until("posted")
        on_hand = (await world.sim("on-hand"))["on_hand"]
        moved = {one["WarehouseId"]: str(one["MovedQuantity"]) for one in on_hand if one["MovedQuantity"]}
        assert moved == {"NYWH": "-2", "NYQUAR": "1"}

    tell(story, tmp_path)


def test_a_quarantine_warehouse_that_d365_does_not_have_stops_the_return_at_the_import(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.map_also("stores", STORE | PLACES)
        await world.map_also("dispositions", {"disposition": "NO_RESTOCK", "effect": "quarantine"})
        back = return_document(2, of="T1")
        back["lines"][0]["disposition"] = "NO_RESTOCK"
        await world.send(sale_document(1), back)
        await world.drive_until("posted", "held")
        assert await world.statuses() == {"T1": "posted", "T2": "held"}

    tell(story, tmp_path)
