"""The accrual is, to the cent and account by account, what the simulated ledger lacks; and nothing when all is posted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.flows.accrue_unposted import accrue_unposted
from shared.flows.compile_statements import compile_statements
from shared.flows.reverse_transaction import reverse_transaction
from tests.contract.month_end_world import (
    PAID_OUT,
    RETURN,
    SALE,
    added,
    books,
    less,
    month_end_world,
    of_lines,
    paid_out_document,
    return_document,
)
from tests.contract.posting_world import PostingWorld
from tests.unit.documents import sale_document
from tests.unit.flow_services import DESK, run

Story = Callable[[PostingWorld], Awaitable[None]]
DAY = date(2017, 12, 23)


def tell(story: Story, folder: Path, *, named: bool = True) -> None:
    async def told() -> None:
        async with month_end_world(folder, named=named) as world:
            await story(world)

    run(told())


async def accrual(world: PostingWorld, at: datetime | None = None, day: date | None = None) -> dict[str, Any]:
    """Give the one currency's accrual; empty parts where there is nothing."""
    report = await accrue_unposted(world.services, "usrt", at=at, day=day)
    assert report is not None
    found = report.as_json()["currencies"]
    if not found:
        return {"accrued": [], "late": [], "reversed": [], "open": [], "receipts": {}, "no_account_yet": []}
    (one,) = found
    for part in ("accrued", "late", "reversed", "open"):
        assert sum(of_lines(one[part]).values()) == 0, f"{part} does not balance"
    return dict(one)


def test_the_accrual_is_what_the_ledger_lacks_and_nothing_when_all_is_posted(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.drive_until("posted")
        assert await books(world) == SALE
        assert of_lines((await accrual(world))["open"]) == {}
        await world.send(sale_document(2), return_document(3), paid_out_document(4))
        tills = added(SALE, SALE, RETURN, PAID_OUT)
        before = await accrual(world)
        assert of_lines(before["open"]) == less(tills, await books(world)) == added(SALE, RETURN, PAID_OUT)
        assert before["receipts"]["open"] == 3
        taxes = {line["tax_code"]: line["credit"] for line in before["open"] if line["what"] == "tax"}
        assert taxes == {"V20": "2.00"}
        await world.drive_until("sent", "posted", jobs=False)
        assert of_lines((await accrual(world))["open"]) == less(tills, await books(world))
        await world.drive_until("posted")
        assert await books(world) == tills
        assert of_lines((await accrual(world))["open"]) == {}

    tell(story, tmp_path)


def test_an_accrual_at_an_earlier_cut_off_reverses_as_receipts_post_and_names_what_came_late(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.drive_until("posted")
        await world.send(sale_document(2))
        cut_off = world.hand()
        world.hand.turn(minutes=5)
        await world.send(return_document(3))  # rung up at noon, it arrives after the cut-off
        found = await accrual(world, at=cut_off)
        assert of_lines(found["accrued"]) == less(added(SALE, SALE), await books(world, cut_off)) == SALE
        assert (of_lines(found["late"]), of_lines(found["reversed"])) == (RETURN, {})
        assert of_lines(found["open"]) == added(SALE, RETURN)
        await world.drive_until("posted")
        world.hand.turn(minutes=24 * 60)
        await compile_statements(world.services)
        await compile_statements(world.services)
        found = await accrual(world, at=cut_off)
        assert (of_lines(found["accrued"]), of_lines(found["late"])) == (SALE, RETURN)
        assert of_lines(found["reversed"]) == less({}, added(SALE, RETURN))
        assert of_lines(found["open"]) == {}

    tell(story, tmp_path)


def test_a_receipt_rung_up_after_the_cut_off_is_not_in_it_but_one_of_its_business_day_is(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        night = sale_document(2, completed_at="2017-12-24T00:40:00-05:00")  # still the 23rd for this till
        await world.send(sale_document(1), night)
        midnight = datetime(2017, 12, 24, 5, 0, tzinfo=UTC)
        assert of_lines((await accrual(world, at=midnight))["open"]) == SALE
        assert of_lines((await accrual(world, day=DAY))["open"]) == added(SALE, SALE)
        assert of_lines((await accrual(world, day=DAY - timedelta(days=1)))["open"]) == {}

    tell(story, tmp_path)


def test_a_value_without_an_account_keeps_its_value_and_stands_under_none(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        found = await accrual(world)
        assert of_lines(found["open"]) == {"110110": 2400, "no account yet": -2400}
        assert [(line["what"], line["credit"]) for line in found["no_account_yet"]] == [
            ("sales", "20.00"),
            ("tax", "4.00"),
        ]

    tell(story, tmp_path, named=False)


def test_a_held_receipt_is_in_the_accrual_until_it_is_posted(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        tender = sale_document(1)["tenders"][0] | {"code": "VOUCHER", "amount": "24.00"}
        await world.send(sale_document(1, tenders=[tender]))
        assert await world.statuses() == {"T1": "held"}
        found = await accrual(world)
        assert of_lines(found["open"]) == {"no account yet": 2400, "401100": -2000, "222100-V20": -400}
        assert found["no_account_yet"][0]["what"] == "tender VOUCHER"

    tell(story, tmp_path)


def test_a_reversal_and_its_replacement_are_lacking_until_they_are_posted(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.drive_until("posted")
        await reverse_transaction(
            world.services, "S1", "east", "T1", DESK, "never sold", with_replacement=False
        )
        back = less({}, SALE)
        assert of_lines((await accrual(world))["open"]) == less(added(SALE, back), await books(world)) == back
        await world.drive_until("posted", "reversed")
        assert (await books(world), of_lines((await accrual(world))["open"])) == ({}, {})

    tell(story, tmp_path)
