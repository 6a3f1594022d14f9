"""Rules that the simulated evenings found broken, each worked out by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from shared.flows.map_transactions import map_transactions
from shared.flows.release_exceptions import release_exceptions
from shared.flows.reverse_transaction import Reversed, reverse_transaction
from shared.flows.track_packages import track_packages
from shared.storage.due import MAP, POST, STATEMENT, TRACK, Due, due_key, list_due, note_due
from tests.contract.posting_world import SETUP, PostingWorld, posting_world
from tests.unit.documents import sale_document, shift_document
from tests.unit.flow_services import DESK
from tests.unit.test_cash_office import movement_document

Story = Callable[[PostingWorld], Awaitable[None]]
DAY = date(2017, 12, 23)
ITEM = {"dataAreaId": "usrt", "ItemNumber": "D1001", "SalesUnitSymbol": "ea"}


def tell(story: Story, folder: Path, **switches: str) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            d365 = replace(world.services.settings.d365, **switches)
            world.services.settings = replace(world.services.settings, d365=d365)
            await world.sim("setup", SETUP)
            await story(world)

    asyncio.run(told())


def test_the_first_turn_of_tracking_yields_to_what_posting_was_told(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await note_due(world.services.tables.due, [Due(TRACK, "S1", DAY, world.services.now())])
        await world.fault("throttle", retry_after_seconds=3600, times=1)
        await world.send(sale_document(1))
        world.hand.turn(minutes=2)
        await world.ring_and_deliver()
        assert "d365_throttled" in await world.causes()
        before = await world.all_calls()
        await track_packages(world.services)
        assert await world.all_calls() == before
        world.hand.turn(minutes=70)
        await track_packages(world.services)
        assert await world.all_calls() > before

    tell(story, tmp_path)


def test_a_day_whose_last_receipt_comes_out_of_hold_and_is_posted_at_once_is_not_followed_for_ever(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.drive_until("sent", jobs=False)
        await world.sim("setup", {"removed": [{"section": "items", "key": ["usrt", "D1001"]}]})
        await world.drive_until("held")
        assert list(await world.causes()) == ["validation_failed"]
        await world.sim("setup", {"items": [ITEM]})
        await world.headquarters()  # judged again and posted, before tracking asks
        await world.drive_until("posted", jobs=False)
        await world.drive(40)
        with world.looking():
            assert await list_due(world.services.tables.due, TRACK) == []

    tell(story, tmp_path)


def test_a_reversal_that_d365_lost_turns_back_the_item_that_was_posted_whatever_is_mapped_since(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("setup", {"items": [ITEM | {"ItemNumber": "D2002"}]})
        await world.send(sale_document(1))
        await world.drive_until("posted")
        await reverse_transaction(
            world.services, "S1", "east", "T1", DESK, "the wrong item", with_replacement=False
        )
        await world.drive_until("posted", "sent", jobs=False)
        key = {"dataAreaId": "usrt", "OperatingUnitNumber": "052", "Terminal": "NY01-1"}
        await world.sim("people/delete", {**key, "TransactionNumber": "east:T1.rev"})
        await world.drive_until("posted", "held", jobs=False)
        await world.map_also("items", {"item": "1001", "item_number": "D2002", "unit": "ea"})
        gone = (await world.causes())["gone_from_d365"]
        await release_exceptions(world.services, str(gone["fingerprint"]), DESK, "it belongs there")
        await world.drive_until("posted", "reversed")
        moved = {
            one["ItemNumber"]: str(one["MovedQuantity"]) for one in (await world.sim("on-hand"))["on_hand"]
        }
        assert {item: quantity for item, quantity in moved.items() if quantity != "0"} == {}
        assert await world.ledger() == (2, {"1": "0"})

    tell(story, tmp_path)


def test_what_a_restored_d365_lost_of_a_day_that_is_not_over_is_told(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        world.hand.turn(hours=12)
        await world.send(sale_document(1))  # of the day before, which is over
        await world.drive_until("posted")
        await world.drive(40)
        next_day = {"business_day": "2017-12-24", "completed_at": "2017-12-24T01:00:00-05:00"}
        await world.sim("snapshot", {})
        await world.send(sale_document(2, **next_day))
        await world.drive_until("posted")
        await world.drive(40)
        await world.sim("restore", {})
        await world.send(
            sale_document(3)
        )  # of another day, so that nothing but the loss leads to the lost one
        for _ in range(60):
            await world.beat()
        assert await world.statuses() == {"T1": "posted", "T2": "held", "T3": "posted"}
        assert set(await world.causes()) == {"d365_went_back", "gone_from_d365"}

    tell(story, tmp_path)


async def reversed_and_replaced(world: PostingWorld) -> None:
    done = await reverse_transaction(
        world.services, "S1", "east", "T1", DESK, "the wrong item", with_replacement=True
    )
    assert done == Reversed("T1.rev", "T1.new", DAY)


def test_a_replacement_whose_writer_stood_still_between_its_note_and_its_write_is_mapped_all_the_same(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.drive_until("posted")

        async def stands_still(effect: str) -> None:
            if effect == "group transactions":
                world.effects.meanwhile = None
                world.hand.turn(minutes=5)
                assert await map_transactions(world.services, due_key(MAP, "S1", DAY)) == 0
                with world.looking():
                    assert await list_due(world.services.tables.due, MAP) == []

        world.effects.meanwhile = stands_still
        await reversed_and_replaced(world)
        await world.drive_until("posted", "reversed")
        assert await world.statuses() == {"T1": "reversed", "T1.rev": "posted", "T1.new": "posted"}

    tell(story, tmp_path)


def test_who_asks_again_for_a_reversal_sets_its_work_going_again(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.drive_until("posted")
        await reversed_and_replaced(world)
        for stage in (MAP, POST, STATEMENT):  # as where the first had stood still, and died after its write
            with world.looking():
                for row in await list_due(world.services.tables.due, stage):
                    await world.services.tables.due.delete(row.partition, row.key)
        await reversed_and_replaced(world)
        await world.drive_until("posted", "reversed")
        assert await world.ledger() == (3, {"1": "24"})

    tell(story, tmp_path)


def count_document(number: int) -> dict[str, Any]:
    document = shift_document(number, "TENDER_DECLARATION", "1", "2017-12-23T08:00:00-05:00")
    document["shift_record"]["counted"] = [{"tender": "CASH", "currency": "USD", "amount": "14.00"}]
    return document


def test_a_count_that_no_package_takes_keeps_no_drop_back(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("switches", {"tender_declaration_insert": "accept"})
        drops = [movement_document(2, "SAFE_DROP", "-30.00"), movement_document(3, "BANK_DROP", "-20.00")]
        await world.send(count_document(1), *drops)
        await world.drive_until("sent", minutes_max=600)
        assert await world.causes() == {}
        with world.looking():
            held = [row for row in (await world.receipts()).values() if "held" in row.text("History")]
        assert held == []

    tell(story, tmp_path, cash_office="packages", tender_declarations="auditable")
