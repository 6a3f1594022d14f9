"""Drawers all the way: one that two tills sell into, and a till with two, each counted by D365's own financial statement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from shared.flows.compile_statements import compile_statements
from shared.flows.read_records import read_statement
from shared.storage.mappings import import_rows
from tests.contract.posting_world import SETUP, PostingWorld, posting_world
from tests.unit.documents import paid_with
from tests.unit.flow_services import run
from tests.unit.test_shared_drawers import DAY, DRAWER_2, SHARED, TILL_2, TWO, rung, shift_of

Story = Callable[[PostingWorld], Awaitable[None]]


def tell(story: Story, folder: Path, *tills: dict[str, str]) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            registers = [{"TerminalNumber": one["register"], "StoreNumber": "NY01"} for one in tills]
            await world.sim("setup", SETUP | {"terminals": [*SETUP["terminals"], *registers]})
            await import_rows(
                world.services.tables.mappings,
                "terminals",
                list(tills),
                who="set-up",
                reason="a",
                at=world.hand(),
            )
            await story(world)

    run(told())


async def lines_of_cash(world: PostingWorld) -> list[tuple[str, str, str]]:
    """Give each drawer's line of the posted financial statement: shift by its register, what was taken, what was counted."""
    found = (await world.sim("state"))["statements"]
    assert {(one["kind"], one["state"]) for one in found} == {
        ("Financial", "Posted"),
        ("Transactional", "Posted"),
    }
    return sorted(
        (line["shift"], line["transaction"], line["counted"])
        for one in found if one["kind"] == "Financial" for line in one["lines"]
    )  # fmt: skip


async def headers(world: PostingWorld) -> list[tuple[str, str, str, int]]:
    return sorted(
        (one["TransactionNumber"], one["Terminal"], one["BatchTerminalId"], one["BatchID"])
        for one in await world.rows("RetailTransactions")
    )


def test_two_tills_sell_into_one_drawer_and_d365_counts_it_as_one_shift_of_its_owner(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(
            shift_of(1, "SHIFT_OPEN", ("08:00",)), rung(2, "09:00"), rung(1, "09:30", "2", **SHARED),
            rung(2, "10:00", "2", **SHARED), shift_of(3, "SHIFT_CLOSE", ("08:00", "12:30"), "2", counted="72.00", **SHARED),
        )  # fmt: skip
        world.hand.turn(hours=13)
        await world.drive_until("posted", "excluded")
        await world.drive(60)
        assert await headers(world) == [
            ("east:1-2", "NY01-1", "NY01-1", 20171223010001),
            ("east:2-1", "NY01-2", "NY01-1", 20171223010001),
            ("east:2-2", "NY01-2", "NY01-1", 20171223010001),
        ]
        (batch,) = await world.rows("RetailPosBatches")
        assert (batch["Terminal"], batch["TransactionsCount"], str(batch["SalesTotal"])) == (
            "NY01-1",
            3,
            "60",
        )
        assert await lines_of_cash(world) == [("NY01-1:20171223010001", "72", "")]
        await compile_statements(world.services)
        assert await world.causes() == {}

    tell(story, tmp_path, TILL_2)


def test_a_drawers_shift_waits_for_the_held_receipt_of_another_till(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        held = paid_with("VOUCHER", 1) | {"transaction_id": "2-1", "terminal": "2", "shift": "1", **SHARED}
        await world.send(
            shift_of(1, "SHIFT_OPEN", ("08:00",)), rung(2, "09:00"), held, shift_of(3, "SHIFT_CLOSE", ("08:00", "12:30")),
        )  # fmt: skip
        await world.drive(30)
        assert (await world.statuses())["1-2"] == "posted"
        assert await world.shifts() == {"1": "closed"}
        world.hand.turn(hours=13)
        await world.drive(60)
        assert await world.shifts() == {"1": "sent"}  # its grace is over: it goes without

    tell(story, tmp_path, TILL_2)


def test_two_drawers_of_one_till_open_at_once_are_two_registers_shifts_and_none_is_busy(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(*TWO)
        world.hand.turn(hours=13)
        await world.drive_until("posted", "excluded")
        await world.drive(60)
        found: list[Any] = await headers(world)
        assert [one[1:3] for one in found] == [
            ("NY01-1", "NY01-1"), ("NY01-1", "NY01-9"), ("NY01-1", "NY01-9"), ("NY01-1", "NY01-1"), ("NY01-1", "NY01-9"),
        ]  # fmt: skip
        assert await lines_of_cash(world) == [
            ("NY01-1:20171223010001", "48", ""),
            ("NY01-9:20171223010002", "72", ""),
        ]
        await compile_statements(world.services)
        with world.looking():
            statement = await read_statement(world.services, "S1", DAY)
        assert statement is not None
        assert statement["totals"]["posted"] == "120.00"

    tell(story, tmp_path, DRAWER_2)
