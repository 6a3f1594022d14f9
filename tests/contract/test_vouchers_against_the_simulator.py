"""The vouchers behind a statement: equal, different by a cent with the place named, or not visible and said to be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.flows.accrue_unposted import accrue_unposted
from shared.flows.check_vouchers import check_vouchers
from shared.flows.compile_statements import compile_statements
from shared.flows.read_records import read_statement
from shared.flows.read_reference import read_reference
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.tracking.ask import CALLS_MAX, KINDS
from shared.storage.vouchers import Check, note_checks
from tests.contract.month_end_world import (
    books,
    month_end_world,
    of_lines,
    paid_out_document,
    return_document,
)
from tests.contract.posting_world import SETUP, PostingWorld
from tests.unit.documents import sale_document, shift_document, totals_of
from tests.unit.flow_services import run

Story = Callable[[PostingWorld], Awaitable[None]]
DAY = date(2017, 12, 23)
OPENED, CLOSED = "2017-12-23T08:00:00-05:00", "2017-12-23T12:30:00-05:00"


def tell(story: Story, folder: Path, *, named: bool = True) -> None:
    async def told() -> None:
        async with month_end_world(folder, named=named) as world:
            await story(world)

    run(told())


async def a_proved_day(world: PostingWorld) -> None:
    """Two sales in a shift whose totals the till states, all of it posted, the day over."""
    totals = totals_of(2, "48.00", "40.00", "8.00", 1, 4)
    await world.send(
        shift_document(1, "SHIFT_OPEN", "1", OPENED), sale_document(2, shift="1"), sale_document(3, shift="1"),
        shift_document(4, "SHIFT_CLOSE", "1", OPENED, CLOSED, totals),
    )  # fmt: skip
    await world.drive_until("posted", "excluded")
    await world.drive(24 * 60 // 10 * 10, jobs=False)


async def compiled(world: PostingWorld) -> dict[str, Any]:
    """Compile what is due, and give the day's statement."""
    await compile_statements(world.services)
    found = await read_statement(world.services, "S1", DAY)
    assert found is not None
    return found


async def revenue_voucher(world: PostingWorld) -> str:
    (line,) = [one for one in (await world.sim("ledger"))["lines"] if one["account"] == "401100"]
    return str(line["voucher"])


async def alter(world: PostingWorld, by: str = "0.01") -> str:
    voucher = await revenue_voucher(world)
    await world.sim("people/alter-voucher", {"voucher": voucher, "account": "401100", "by": by})
    return voucher


def test_a_proved_day_rests_on_vouchers_that_equal_it_account_by_account(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await a_proved_day(world)
        found = await compiled(world)
        assert (found["verdict"], found["vouchers"]["state"]) == ("proved", "equal")
        sums = {one["account"]: (one["expected"], one["found"]) for one in found["vouchers"]["accounts"]}
        assert sums == {
            "110110": ("48.00", "48.00"), "401100": ("-40.00", "-40.00"), "222100-V20": ("-8.00", "-8.00"),
        }  # fmt: skip
        assert (await rebuild_storeday(world.services, "S1", DAY)).findings == ()

    tell(story, tmp_path)


def test_a_voucher_altered_by_a_cent_takes_the_proof_away_and_the_place_is_named(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await a_proved_day(world)
        assert (await compiled(world))["verdict"] == "proved"
        voucher = await alter(world)
        await world.drive(26 * 60, jobs=False)
        found = await compiled(world)
        assert (found["verdict"], found["vouchers"]["state"]) == ("not proved", "differs")
        (place,) = found["vouchers"]["places"]
        statement = found["d365_statements"][0]["number"]
        assert place == {
            "statement": statement, "account": "401100", "vouchers": [voucher], "expected": "-40.00", "found": "-39.99",
            "difference": "0.01",
        }  # fmt: skip
        words = f"account 401100, statement {statement}, voucher {voucher}: expected -40.00, found -39.99"
        assert words in found["vouchers"]["said"]
        task = (await world.causes())["vouchers_differ"]
        assert (task["owner"], task["amount"]) == ("finance", "0.01")
        assert words in task["what_happened"]
        assert (await rebuild_storeday(world.services, "S1", DAY)).findings == ()
        await alter(world, "-0.01")
        await world.drive(26 * 60, jobs=False)
        assert (await compiled(world))["verdict"] == "proved"
        assert "vouchers_differ" not in await world.causes()

    tell(story, tmp_path)


def test_a_person_who_asks_has_them_read_at_once(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await a_proved_day(world)
        await compiled(world)
        voucher = await alter(world)
        told = await check_vouchers(world.services, "S1", DAY)
        assert told is not None
        assert (told["state"], told["places"][0]["vouchers"]) == ("differs", [voucher])
        assert (await compiled(world))["verdict"] == "not proved"
        assert await check_vouchers(world.services, "S1", DAY + timedelta(days=1)) is None

    tell(story, tmp_path)


@pytest.mark.parametrize("hidden", ["GeneralJournalAccountEntries", "RetailStatementVoucherBIEntities"])
def test_vouchers_that_d365_does_not_show_are_said_to_be_not_visible(tmp_path: Path, hidden: str) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("contract", {"hide_sets": [hidden]})
        await a_proved_day(world)
        found = await compiled(world)
        assert (found["verdict"], found["vouchers"]["state"]) == ("proved", "not visible")
        assert found["vouchers"]["said"].startswith("proved, vouchers not visible: D365 does not show")
        assert found["vouchers"]["accounts"] == []
        await world.http.delete(f"{world.url}/_sim/contract")
        await world.drive(26 * 60, jobs=False)
        assert (await compiled(world))["vouchers"]["state"] == "equal"

    tell(story, tmp_path)


def test_an_account_that_nobody_named_is_not_compared_and_never_called_equal(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await a_proved_day(world)
        found = (await compiled(world))["vouchers"]
        assert found["state"] == "not visible"
        assert "no account is known here for sales, tax V20" in found["said"]
        assert [(one["what"], one["expected"]) for one in found["not_compared"]] == [
            ("sales", "-40.00"),
            ("tax V20", "-8.00"),
        ]
        assert [one["account"] for one in found["accounts"]] == ["110110"]
        await world.map_also(
            "ledger_accounts",
            {"legal_entity": "usrt", "what": "sales", "code": "*", "account": "401100"},
            {"legal_entity": "usrt", "what": "tax", "code": "V20", "account": "222100-V20"},
        )
        assert (await rebuild_storeday(world.services, "S1", DAY)).findings == ()
        await world.drive(26 * 60, jobs=False)
        assert (await compiled(world))["vouchers"]["state"] == "equal"

    tell(story, tmp_path, named=False)


def test_returns_and_money_paid_out_are_in_what_the_vouchers_must_come_to(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), return_document(2), paid_out_document(3))
        await world.drive_until("posted")
        await world.drive(24 * 60, jobs=False)
        found = (await compiled(world))["vouchers"]
        assert found["state"] == "equal", found
        sums = {one["account"]: one["found"] for one in found["accounts"]}
        assert sums == {"110110": "-8.00", "401100": "-10.00", "222100-V20": "-2.00", "EXP1": "20.00"}

    tell(story, tmp_path)


def test_cash_rounding_and_a_gift_card_stand_on_their_own_accounts_in_accrual_and_vouchers(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        gift = {"dataAreaId": "usrt", "ItemNumber": "GIFT", "SalesUnitSymbol": "ea", "Stocked": "No"}
        await world.sim("setup", {"items": [*SETUP["items"], gift]})
        await world.map_also("items", {"item": "CARD", "item_number": "GIFT", "unit": "ea"})
        await world.map_also("taxes", {"code": "NONE", "tax_code": "", "item_tax_group": ""})
        await read_reference(world.services, ordered=True)
        card = {
            "line_number": 2, "kind": "GIFT_CARD_ISSUE", "item": "CARD", "quantity": "1", "unit": "ea", "unit_price": "25.02",
            "gross": "25.02", "net": "25.02", "gift_card": "G-1",
        }  # fmt: skip
        sale = sale_document(1)
        paid = sale["tenders"][0] | {"amount": "49.00"}  # 24.00 and a card of 25.02, rounded to five cents
        rounding = [{"reason": "CASH", "amount": "-0.02"}]
        await world.send(sale_document(1, lines=[*sale["lines"], card], tenders=[paid], rounding=rounding))
        worth = {"110110": 4900, "401100": -2000, "222100-V20": -400, "250600": -2502, "618900": 2}
        report = await accrue_unposted(world.services, "usrt")
        assert report is not None
        assert of_lines(report.as_json()["currencies"][0]["open"]) == worth
        assert await world.causes() == {}
        await world.drive_until("posted")
        assert await books(world) == worth
        told = await check_vouchers(world.services, "S1", DAY)
        assert told is not None
        assert (told["state"], len(told["accounts"])) == ("equal", 5), told

    tell(story, tmp_path)


def test_reading_vouchers_keeps_a_turn_within_six_calls_and_needs_two(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(*(sale_document(number) for number in range(1, 4)))
        before, most, read = 0, 0, []
        for beat in range(26 * 30):
            await world.beat()
            if beat == 40:
                await world.send(sale_document(9))
            calls = world.services.d365.calls
            made = sum(calls[kind] for kind in KINDS)
            most = max(most, made - before)
            if calls["ledger_lines"] > len(read):
                read.append(made - before)
            before = made
        assert most <= CALLS_MAX == 6
        assert read[-1] == 2  # a turn with nothing else to ask
        assert 2 <= len(read) <= 4

    tell(story, tmp_path)


def test_a_turn_with_news_has_no_room_for_vouchers_and_stays_within_six_calls(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        before, most = 0, 0
        for beat in range(60):
            if beat % 10 == 0:
                await world.send(sale_document(beat + 1))  # something is newly posted every turn
            await note_checks(
                world.services.tables.due, [Check("S1", DAY, world.hand())]
            )  # vouchers are always due
            await world.beat()
            made = sum(world.services.d365.calls[kind] for kind in KINDS)
            most = max(most, made - before)
            before = made
        assert most == CALLS_MAX == 6
        assert world.services.d365.calls["ledger_lines"] > 0

    tell(story, tmp_path)
