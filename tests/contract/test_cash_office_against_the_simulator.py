"""The cash office with its switches turned: what D365's financial statement makes of floats, removals, drops and counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.d365.batch import Outcome
from shared.d365.rows import transaction_rows
from tests.contract.posting_world import SETUP, PostingWorld, posting_world
from tests.unit.documents import sale_document, shift_document
from tests.unit.flow_services import run
from tests.unit.test_cash_office import counted, movement_document

Story = Callable[[PostingWorld], Awaitable[None]]
OPENED, CLOSED = "2017-12-23T08:00:00-05:00", "2017-12-23T12:30:00-05:00"


def tell(story: Story, folder: Path, **switches: str) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            d365 = replace(world.services.settings.d365, **switches)
            (cash, card) = SETUP["tender_types"]
            accounts = {
                "BankBagLedgerDimensionDisplayValue": "110111", "SafeAccLedgerDimensionDisplayValue": "110112",
            }  # fmt: skip
            await world.sim("setup", SETUP | {"tender_types": [cash | accounts, card]})
            world.services.settings = replace(world.services.settings, d365=d365)
            await story(world)

    run(told())


def closing(counted: str) -> dict[str, Any]:
    document = shift_document(9, "SHIFT_CLOSE", "1", OPENED, CLOSED)
    document["shift_record"]["counted"] = [{"tender": "CASH", "currency": "USD", "amount": counted}]
    return document


def morning() -> list[dict[str, Any]]:
    """A sale of 24.00, a float of 100.00, 60.00 taken out, 30.00 into the safe, 20.00 to the bank."""
    moved = [("FLOAT", "100.00"), ("PICKUP", "-60.00"), ("SAFE_DROP", "-30.00"), ("BANK_DROP", "-20.00")]
    movements = [
        movement_document(number, kind, amount) for number, (kind, amount) in enumerate(moved, start=2)
    ]
    return [one | {"shift": "1"} for one in (sale_document(1), *movements)]


async def cash_line(world: PostingWorld) -> dict[str, Any]:
    """Let time pass until the line of cash is in a posted financial statement; give it."""
    for _ in range(90):
        lines = await world.rows("RetailStatementTransBIEntities")
        if any(one["addedToDrawer"] or one["bankedAmount"] or one["countedAmount"] for one in lines):
            break
        await world.beat()
    (line,) = [one for one in lines if one["addedToDrawer"] or one["bankedAmount"] or one["countedAmount"]]
    return line


def test_floats_removals_and_drops_go_by_package_and_stand_in_d365s_statement(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(*morning(), closing("14.00"))
        line = await cash_line(world)
        names = ("transAmount", "addedToDrawer", "removedFromDrawer", "safeAmount", "bankedAmount")
        assert {name: str(abs(line[name])) for name in names} == {
            "transAmount": "24", "addedToDrawer": "100", "removedFromDrawer": "60", "safeAmount": "30",
            "bankedAmount": "20",
        }  # fmt: skip
        await world.drive(40)
        statuses = await world.statuses()
        assert (statuses["T1"], statuses["T9"]) == ("posted", "excluded")
        assert not {"mapped", "sending", "held"} & set(statuses.values())
        # The sale; float and removal; and each kind of drop by itself, since its entity may be lacking.
        sizes = sorted(one.number("Receipts") for one in await world.packages() if one.number("Receipts"))
        assert sizes == [1, 1, 1, 2]
        assert await world.causes() == {}

    tell(story, tmp_path, cash_office="packages")


def test_a_count_that_d365_does_not_take_is_held_with_its_words_and_stops_no_neighbour(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1, shift="1"), closing("24.00"))
        await world.drive_until("posted", "held")
        assert await world.statuses() == {"T1": "posted", "T9": "held"}
        assert list(await world.causes()) == ["d365_refused"]

    tell(story, tmp_path, tender_declarations="auditable")


@pytest.mark.parametrize(("switch", "outcome"), [("accept", Outcome.CREATED), ("refuse", Outcome.REFUSED)])
def test_a_count_goes_in_one_changeset_with_its_header_or_not_at_all(
    tmp_path: Path, switch: str, outcome: Outcome
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("switches", {"tender_declaration_insert": switch})
        (result,) = await world.services.d365.write_changesets([transaction_rows(counted(), "P1")])
        assert result.outcome is outcome
        there = [
            row["AmountInChannelCurrency"]
            for row in await world.rows("RetailTransactionAuditableTenderDeclarations")
        ]
        assert there == ([Decimal("123.45")] if outcome is Outcome.CREATED else [])
        assert len(await world.in_d365()) == len(there)

    tell(story, tmp_path)


def test_a_count_that_d365_takes_stands_in_its_statement(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("switches", {"tender_declaration_insert": "accept"})
        await world.send(sale_document(1, shift="1"), closing("24.00"))
        assert str((await cash_line(world))["countedAmount"]) == "24"
        await world.drive(40)
        assert (await world.statuses())["T1"] == "posted"
        assert "d365_refused" not in await world.causes()

    tell(story, tmp_path, tender_declarations="auditable")
