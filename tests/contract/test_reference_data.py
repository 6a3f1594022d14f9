"""D365's reference data against the simulator: what the mappings name in vain is told first, and ends by itself."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from shared.errors import RejectedError, RetryableError
from shared.flows.import_mapping import export_mapping, import_mapping
from shared.flows.read_reference import read_reference, show_reference
from shared.storage.mappings import IMPORTS
from tests.contract.posting_world import SETUP, PostingWorld, posting_world
from tests.unit.documents import sale_document
from tests.unit.flow_services import DESK, run
from tests.unit.test_mapping import STORE

Story = Callable[[PostingWorld], Awaitable[None]]
IMPORT, BATCH = "POST ImportFromPackage", "POST $batch"
NOTHING_CHANGED = "0 rows changed, 0 findings, 0 receipts released"


def tell(story: Story, folder: Path) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            await story(world)

    run(told())


async def read(world: PostingWorld) -> str:
    """What the timer does a quarter of an hour later."""
    world.hand.turn(minutes=16)
    return await read_reference(world.services)


async def removed(world: PostingWorld, section: str, *key: str) -> None:
    await world.sim("setup", {"removed": [{"section": section, "key": list(key)}]})


async def shown(world: PostingWorld) -> dict[str, Any]:
    found = await show_reference(world.services)
    assert found is not None
    return found


async def imports(world: PostingWorld) -> list[tuple[str, str, int]]:
    rows = [row async for row in world.services.tables.mappings.query(IMPORTS)]
    return [
        (row.text("Kind"), row.text("By"), row.number("Rows")) for row in rows if row.text("By") == "D365"
    ]


def test_what_d365_has_is_kept_once_and_a_second_reading_keeps_nothing(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        assert await show_reference(world.services) is None
        assert await read_reference(world.services) == "12 rows changed, 0 findings, 0 receipts released"
        assert await imports(world) == [
            ("d365_stores", "D365", 1), ("d365_terminals", "D365", 1), ("d365_tenders", "D365", 1),
            ("d365_warehouses", "D365", 1), ("d365_tax_groups", "D365", 1), ("d365_item_tax_groups", "D365", 2),
            ("d365_tax_codes", "D365", 1), ("d365_items", "D365", 1), ("d365_customers", "D365", 1),
            ("d365_accounts", "D365", 1), ("d365_periods", "D365", 1),
        ]  # fmt: skip
        calls = await world.all_calls()
        assert calls == 18  # one a set
        assert await read_reference(world.services) == "not due"
        assert await read_reference(world.services, ordered=True) == NOTHING_CHANGED
        assert len(await imports(world)) == 11
        found = await shown(world)
        assert (found["unknown"], found["findings"], found["trouble"]) == ([], [], None)
        assert found["read_at"] == "2017-12-23T18:00:00+00:00"
        csv = await export_mapping(world.services, "d365_tenders")
        assert csv.splitlines() == [
            "legal_entity,channel,payment_method,there,name,account,counting_required,small_difference_max,difference_account",
            "usrt,5637,1,yes,Cash,110110,no,0,",
        ]
        with pytest.raises(RejectedError, match="there is no mapping"):
            await import_mapping(world.services, "d365_tenders", b"legal_entity", DESK, "no")

    tell(story, tmp_path)


def test_a_retired_warehouse_and_a_missing_payment_method_are_named_before_any_receipt_and_end_when_put_right(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await read_reference(world.services)
        await removed(world, "warehouses", "usrt", "NYWH")
        await removed(world, "tender_types", "usrt", "5637", "1")
        assert (
            await read_reference(world.services, ordered=True)
            == "2 rows changed, 2 findings, 0 receipts released"
        )
        named = {one["value"]: (one["owner"], one["problem"]) for one in (await shown(world))["findings"]}
        assert named == {
            "Payment method: usrt / 5637 / 1": ("finance", "channel 5637 of company usrt has no payment method 1"),
            "Warehouse: usrt / NYWH": (
                "retail_systems", "warehouse NYWH of company usrt does not exist in D365, or was retired",
            ),
        }  # fmt: skip
        (cause, other) = sorted(
            [row async for row in world.services.tables.causes.query(None)], key=lambda row: row.text("Value")
        )
        assert (cause.text("Reason"), cause.text("Owner"), cause.text("What")) == (
            "d365_reference",
            "finance",
            "mapping",
        )
        assert other.text("WhatHappened") == (
            "Our mappings name what D365 does not have: warehouse NYWH of company usrt does not exist in D365, or was "
            "retired."
        )
        await world.sim("setup", {name: SETUP[name] for name in ("warehouses", "tender_types")})
        assert (
            await read_reference(world.services, ordered=True)
            == "2 rows changed, 0 findings, 0 receipts released"
        )
        assert await world.causes() == {}
        assert (await shown(world))["findings"] == []

    tell(story, tmp_path)


def closed(*periods: list[str]) -> dict[str, Any]:
    entity = deepcopy(SETUP["legal_entities"][0]) | {"open_periods": list(periods)}
    return {"legal_entities": [entity]}


def test_a_receipt_of_a_closed_period_waits_and_goes_by_itself_when_the_period_is_opened(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("setup", closed(["2018-01-01", "2018-01-31"]))
        await read_reference(world.services)
        await world.send(sale_document(1))
        await world.drive(40)
        assert await world.statuses() == {"T1": "held"}
        assert await world.calls(IMPORT) == 0
        cause = (await world.causes())["d365_rule"]
        assert (cause["value"], cause["owner"]) == ("Business date: usrt / 2017-12-23", "finance")
        assert cause["receipts"] == 1  # told before it came, and held by it since: one cause
        assert await read(world) == "0 rows changed, 1 finding, 0 receipts released"
        await world.sim("setup", closed(["2017-12-01", "2018-01-31"]))
        assert await read_reference(world.services) == "not due"
        assert await read(world) == "1 row changed, 0 findings, 1 receipt released"
        assert await world.causes() == {}
        await world.drive_until("posted")
        assert await world.ledger() == (1, {"1": "24"})
        assert await read(world) == "not due"  # nothing waits for D365 any more

    tell(story, tmp_path)


def test_what_an_environment_does_not_show_is_unknown_and_holds_nothing(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("setup", closed(["2018-01-01", "2018-01-31"]))
        await read_reference(world.services)
        await world.sim("contract", {"hide_sets": ["LedgerFiscalPeriods", "TaxItemGroups", "CustomersV3"]})
        await read_reference(world.services, ordered=True)
        unknown = {one["set"]: one["not_judged"] for one in (await shown(world))["unknown"]}
        assert unknown == {
            "CustomersV3": ["Customer account exists"],
            "LedgerFiscalPeriods": ["Business date"],
            "TaxItemGroups": ["Tax group assignment"],
        }
        assert await world.causes() == {}  # what was known of the period is forgotten with it
        await world.send(sale_document(1))
        assert await world.statuses() == {"T1": "mapped"}

    tell(story, tmp_path)


def test_nothing_is_held_before_the_first_reading(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("setup", closed(["2018-01-01", "2018-01-31"]))
        await world.send(sale_document(1))
        assert await world.statuses() == {"T1": "mapped"}

    tell(story, tmp_path)


def test_d365s_own_pause_is_kept_and_sales_go_first(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.fault("throttle", path_contains="RetailStores", retry_after_seconds=1800, times=1)
        assert await read_reference(world.services) == "D365 did not answer"
        calls = await world.all_calls()
        world.hand.turn(minutes=29)
        assert await read_reference(world.services) == "not due"
        with pytest.raises(RetryableError, match="D365 asked for time") as error:
            await read_reference(world.services, ordered=True)  # a person's word does not shorten it
        assert error.value.wait_seconds == 60
        assert await world.all_calls() == calls
        world.hand.turn(minutes=2)
        assert "12 rows changed" in await read_reference(world.services)
        await world.send(sale_document(1))
        await world.fault("throttle", path_contains="GetAzureWriteUrl", retry_after_seconds=1800, times=1)
        await world.beat()
        calls = await world.all_calls()
        await world.map_also("items", {"item": "77", "item_number": "D1001", "unit": "ea"})
        world.hand.turn(minutes=20)  # a reading would be due, were posting not told to wait for half an hour
        assert await read_reference(world.services) == "not due"
        with pytest.raises(RetryableError, match="D365 asked for time; nothing was changed"):
            await read_reference(world.services, ordered=True)
        assert await world.all_calls() == calls

    tell(story, tmp_path)


MISTAKES: dict[str, tuple[str, dict[str, str], str, str]] = {
    "a till of another store": (
        "terminals", {"store": "S1", "terminal": "9", "register": "NY99-1"}, "Till: NY99-1 / NY01", "retail_systems",
    ),
    "a store under another operating unit": (
        "stores", STORE | {"operating_unit": "999"}, "Store: NY01 / usrt / 999 / 5637", "retail_systems",
    ),
    "a customer that D365 lacks": (
        "stores", STORE | {"customer_account": "NOBODY"}, "Customer account exists: usrt / NOBODY", "retail_systems",
    ),
    "a tax group that D365 lacks": (
        "stores", STORE | {"tax_group": "XX"}, "Sales tax group: usrt / XX", "finance",
    ),
    "an item tax group that D365 lacks": (
        "taxes", {"code": "VAT5", "tax_code": "V20", "item_tax_group": "LOW"}, "Item sales tax group: usrt / LOW", "finance",
    ),
    "a tax code that D365 lacks": (
        "taxes", {"code": "VAT5", "tax_code": "V5", "item_tax_group": "FULL"}, "Sales tax code: usrt / V5", "finance",
    ),
    "an item that D365 lacks": (
        "items", {"item": "77", "item_number": "D77", "unit": "ea"}, "Item: usrt / D77", "retail_systems",
    ),
    "a unit that D365 cannot convert": (
        "items", {"item": "77", "item_number": "D1001", "unit": "kg"},
        "Unit of measure conversions: usrt / D1001 / kg", "retail_systems",
    ),
    "an account that D365 lacks": (
        "reasons", {"reason": "TAXI", "account_number": "EXP9", "account_type": "Expense"},
        "Income or expense account: usrt / EXP9 / Expense", "finance",
    ),
    "a store that D365 gives another warehouse": (
        "stores", STORE | {"warehouse": "OLDWH"}, "Store set-up: NY01 / warehouse / OLDWH", "retail_systems",
    ),
    "two stores on one warehouse": (
        "stores", STORE | {"store": "S2", "store_number": "NY02", "operating_unit": "053", "channel_id": "5638"},
        "Shared warehouse: usrt / NYWH", "retail_systems",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mapping_that_names_what_d365_does_not_have_is_told_to_its_owner(tmp_path: Path, name: str) -> None:
    kind, row, value, owner = MISTAKES[name]

    async def story(world: PostingWorld) -> None:
        await read_reference(world.services)
        await world.map_also(kind, row)
        await read(world)  # a changed mapping is compared within a quarter of an hour
        named = {one["value"]: one["owner"] for one in (await shown(world))["findings"]}
        assert named.get(value) == owner, named
        causes = [row async for row in world.services.tables.causes.query(None)]
        assert {(row.text("State"), row.text("Owner")) for row in causes if row.text("Value") == value} == {
            ("open", owner)
        }

    tell(story, tmp_path)


def test_a_blocked_item_and_an_account_less_payment_method_are_told_and_hold_only_what_needs_them(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        blocked = SETUP["items"][0] | {"Blocked": "Yes"}
        await world.sim(
            "setup",
            {"items": [blocked, {"dataAreaId": "usrt", "ItemNumber": "D1002", "SalesUnitSymbol": "ea"}]},
        )
        await world.map_also("items", {"item": "1002", "item_number": "D1002", "unit": "ea"})
        await read_reference(world.services)
        other = sale_document(2)
        other["lines"][0]["item"] = "1002"
        await world.send(sale_document(1), other)
        assert await world.statuses() == {"T1": "held", "T2": "mapped"}
        assert (await world.causes())["d365_reference"]["value"] == "Blocked item: usrt / D1001"
        method = SETUP["tender_types"][0] | {"LedgerDimensionDisplayValue": ""}
        await world.sim("setup", {"tender_types": [method], "items": [SETUP["items"][0]]})
        assert await read(world) == "2 rows changed, 1 finding, 1 receipt released"
        await world.deliver()
        assert (await world.statuses())["T1"] == "held"  # by its next cause
        assert (await world.causes())["d365_reference"][
            "value"
        ] == "Payment method without account: usrt / 5637 / 1"

    tell(story, tmp_path)


def test_the_kept_rows_read_well_and_a_receipt_keeps_the_version_it_was_judged_by(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await read_reference(world.services)
        await world.send(sale_document(1))
        version = (await world.receipts())["T1"].number("MappingVersion")
        await world.sim("setup", {"items": [SETUP["items"][0] | {"Blocked": "Yes"}]})
        await read_reference(world.services, ordered=True)
        known = world.services.mappings.known
        now = known.find("d365_items", "usrt", "D1001")
        then = known.at_version(version).find("d365_items", "usrt", "D1001")
        assert (then or {})["blocked"] == "no"
        assert (now or {})["blocked"] == "yes"
        rows = [row async for row in world.services.tables.mappings.query("d365_items")]
        assert {row.text("ItemNumber") for row in rows} == {"D1001"}
        assert json.loads(rows[0].text("Key")) == ["usrt", "D1001"]

    tell(story, tmp_path)
