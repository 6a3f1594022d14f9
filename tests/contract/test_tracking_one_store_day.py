"""Tracking at one store-day fails: the others move on in the same turn, the one is told to IT and goes on once mended."""

from __future__ import annotations

from typing import Any

import pytest

from shared.storage.causes import cause_rows
from shared.storage.packages import tracking_key
from shared.storage.protocols import Row
from tests.contract.posting_in_process import posting_in_process
from tests.contract.posting_world import PostingWorld
from tests.unit.documents import sale_document
from tests.unit.flow_services import run

DAYS = [f"2017-12-{number:02}" for number in range(1, 20)]


class BugError(Exception):
    """A mistake in the app that shows at one receipt."""


class FailsToMove:
    """A table at which the app fails when it validates the receipts of one day. mended: the mistake is out."""

    def __init__(self, table: Any) -> None:
        self._table, self.mended, self.name = table, False, table.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    async def write_group(self, operations: Any) -> None:
        rows = [one.row for one in operations if hasattr(one, "row")]
        if not self.mended and any(is_bad(row) for row in rows):
            raise BugError
        await self._table.write_group(operations)


def is_bad(row: Row) -> bool:
    return row.text("BusinessDay") == "2017-12-05" and row.text("Status") in ("validated", "posted")


async def told(world: PostingWorld) -> list[Row]:
    causes = world.services.tables.causes
    with world.looking():
        return [row async for row in cause_rows(causes, "work_given_up~the=20app")]


def test_a_store_day_at_which_tracking_fails_stops_no_other_and_goes_on_once_mended() -> None:
    async def story() -> None:
        async with posting_in_process() as world:
            days = enumerate(DAYS, start=1)
            await world.send(
                *(sale_document(n, business_day=day, completed_at=f"{day}T12:00:00-05:00") for n, day in days)
            )
            await world.drive_until("sent")
            await world.headquarters()
            broken = FailsToMove(world.services.tables.transactions)
            object.__setattr__(world.services.tables, "transactions", broken)
            world.hand.turn(minutes=16)
            with pytest.raises(BugError):
                await world._track()
            statuses = await world.statuses()
            assert statuses.pop("T5") == "sent"
            assert set(statuses.values()) <= {"validated", "posted"}
            (row,) = await told(world)
            assert row.text("DueKey") == "track~S1~2017-12-05"
            expected = "The app failed once at following what D365 has posted: store S1, 2017-12-05."
            assert row.text("WhatHappened") == expected
            broken.mended = True
            await world.drive_until("posted")
            await world.ring_and_deliver()
            (row,) = await told(world)
            assert (row.text("State"), row.text("EndedHow")) == ("ended", "the work is done")

    run(story())


def test_a_mistake_in_what_people_are_told_of_d365_stops_no_receipt() -> None:
    async def story() -> None:
        async with posting_in_process() as world:
            await world.send(sale_document(1))
            await world.drive_until("sent")
            await world.headquarters()
            packages = world.services.tables.packages
            with world.looking():
                turn = await packages.read("env-1", tracking_key("env-1"))
                values = (
                    {**turn.values, "Tills": "{"}
                    if turn is not None
                    else {"Record": "tracking", "Tills": "{"}
                )
                await packages.upsert(
                    Row("env-1", tracking_key("env-1"), {"AskedAt": world.hand(), **values})
                )
            world.hand.turn(minutes=16)
            with pytest.raises(ValueError, match="Expecting property name"):
                await world._track()
            assert (await world.statuses())["T1"] in ("validated", "posted")

    run(story())
