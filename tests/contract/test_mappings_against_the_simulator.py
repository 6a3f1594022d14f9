"""Mappings and D365 together: what an import names must be there, and what goes out is what was in force on the day."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared.errors import RetryableError
from shared.flows.import_mapping import Imported, import_mapping
from shared.flows.map_transactions import map_transactions
from shared.flows.preview_release import preview_release
from shared.flows.read_reference import read_reference
from shared.flows.read_releases import read_release
from shared.flows.release_exceptions import release_exceptions
from tests.contract.posting_world import SETUP, PostingWorld, posting_world
from tests.unit.documents import paid_with, sale_document
from tests.unit.flow_services import DESK, run
from tests.unit.test_dated_mappings import JULY, MAY, on
from tests.unit.test_mapping import STORE

Story = Callable[[PostingWorld], Awaitable[None]]
TENDERS = "store,tender,payment_method"


def tell(story: Story, folder: Path) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            await story(world)

    run(told())


async def put(world: PostingWorld, kind: str, text: str, *, check: bool = False) -> Imported:
    return await import_mapping(world.services, kind, text.encode(), DESK, "a test", check=check)


def problems(done: Imported) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.expected) for one in done.problems]


async def kept(world: PostingWorld) -> list[object]:
    with world.looking():
        return [row async for row in world.services.tables.mappings.query()]


def store_line(**changes: str) -> str:
    row = STORE | changes
    return ",".join(row) + "\n" + ",".join(row.values()) + "\n"


def test_a_mapping_to_a_warehouse_that_d365_does_not_have_is_refused_by_row_until_it_is_there(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await read_reference(world.services)
        before = await kept(world)
        done = await put(world, "stores", store_line(warehouse="NOWH", quarantine_warehouse="NOQA"))
        assert problems(done) == [
            (
                2, "quarantine_warehouse",
                "what D365 has: warehouse NOQA of company usrt does not exist in D365, or was retired",
            ),
            (2, "warehouse", "what D365 has: warehouse NOWH of company usrt does not exist in D365, or was retired"),
        ]  # fmt: skip
        assert await kept(world) == before
        warehouses = [
            {"dataAreaId": "usrt", "WarehouseId": one, "OperationalSiteId": "NY"} for one in ("NOWH", "NOQA")
        ]
        await world.sim("setup", {"warehouses": warehouses})
        done = await put(world, "stores", store_line(warehouse="NOWH", quarantine_warehouse="NOQA"))
        assert (done.problems, [one.what for one in done.changes]) == ((), ["corrected"])

    tell(story, tmp_path)


def test_what_was_missing_at_the_last_reading_is_asked_for_again(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.map_also("tenders", {"store": "*", "tender": "OLD", "payment_method": "9"})
        assert "1 finding" in await read_reference(world.services)
        assert problems(await put(world, "tenders", f"{TENDERS}\n*,NEW,9\n"))
        added = SETUP["tender_types"][0] | {"PaymentMethodNumber": "9", "Name": "Pay later"}
        await world.sim("setup", {"tender_types": [added]})
        done = await put(world, "tenders", f"{TENDERS}\n*,NEW,9\n")
        assert (done.problems, done.not_asked) == ((), "")

    tell(story, tmp_path)


def test_a_row_that_names_what_d365_has_no_more_can_be_ended_and_withdrawn(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        for tender in ("OLD", "WRONG"):
            await world.map_also("tenders", {"store": "*", "tender": tender, "payment_method": "9"})
        await read_reference(world.services)
        dated = f"{TENDERS},valid_from,valid_to\n"
        assert problems(await put(world, "tenders", f"{dated}*,NEW,9,,\n"))  # D365 has no payment method 9
        done = await put(world, "tenders", f"{dated}*,OLD,9,,2017-12-31\n*,WRONG,9,,never\n")
        assert (done.problems, [one.what for one in done.changes]) == ((), ["ended", "withdrawn"])
        assert problems(
            await put(world, "tenders", f"{dated}*,OLD,9,always,2018-12-31\n")
        )  # and not prolonged

    tell(story, tmp_path)


def test_codes_of_each_kind_that_d365_lacks_are_refused_and_good_rows_beside_them_are_not_taken(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await read_reference(world.services)
        before = await kept(world)
        for kind, text, expected in (
            ("tenders", f"{TENDERS}\n*,CARD,2\n*,KLARNA,9\n", [(3, "payment_method")]),
            ("terminals", "store,terminal,register\nS1,2,NY01-2\nS1,3,NY01-3\n", [(3, "register")]),
            ("taxes", "code,tax_code,item_tax_group\nA,V20,FULL\nB,V99,NOPE\n", [(3, "item_tax_group"), (3, "tax_code")]),
            (
                "reasons", "reason,account_number,account_type\nTAXI,EXP1,Expense\nBUS,EXP9,Expense\nCAB,EXP1,Income\n",
                [(3, "account_number"), (4, "account_number")],
            ),
        ):  # fmt: skip
            done = await put(world, kind, text)
            assert [(one.row, one.column) for one in done.problems] == expected, kind
            assert await kept(world) == before
        good = await put(world, "tenders", f"{TENDERS}\n*,CARD,2\n")
        assert (good.problems, good.not_asked) == ((), "")

    tell(story, tmp_path)


def test_what_only_some_stores_lack_is_a_warning_and_a_store_on_anothers_warehouse_too(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.map_also("stores", STORE | {"store": "S2", "store_number": "NY02", "channel_id": "5638"})
        await read_reference(world.services)
        done = await put(world, "tenders", f"{TENDERS}\n*,CARD,2\n")
        assert [(one.row, one.problem) for one in done.warnings] == [
            (2, "channel 5638 of company usrt has no payment method 2")
        ]
        third = store_line(store="S3", store_number="NY01")
        done = await put(world, "stores", third, check=True)
        assert [(one.column, one.problem) for one in done.warnings] == [
            ("warehouse", "store S1, S2 takes its goods from warehouse NYWH too")
        ]

    tell(story, tmp_path)


class SilentD365:
    """A D365 that asks for time."""

    async def reference_rows(self, *_: object) -> list[dict[str, Any]]:
        raise RetryableError("D365 does not answer")


def test_an_import_is_taken_while_d365_does_not_answer_and_says_that_it_was_not_compared(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        unread = await put(world, "tenders", f"{TENDERS}\n*,CARD,2\n")
        assert unread.not_asked.startswith("D365's reference data was not read yet")
        await read_reference(world.services)
        world.services = replace(world.services, d365=SilentD365())  # type: ignore[arg-type]
        done = await put(world, "tenders", f"{TENDERS}\n*,KLARNA,9\n")
        assert (done.problems, done.not_asked.startswith("D365 could not be asked now")) == ((), True)
        assert (await world.services.mappings.refresh()).find("tenders", "*", "KLARNA") is not None

    tell(story, tmp_path)


def test_a_late_receipt_of_may_is_posted_by_mays_mapping_and_one_of_july_by_julys(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        whole_year = SETUP["legal_entities"][0] | {"open_periods": [["2017-01-01", "2017-12-31"]]}
        await world.sim("setup", {"legal_entities": [whole_year]})
        world.hand.at = datetime(2017, 5, 20, 18, 0, tzinfo=UTC)
        await world.send(on(MAY, paid_with("CASH", 1)))
        world.hand.at = datetime(2017, 7, 3, 18, 0, tzinfo=UTC)
        done = await put(world, "tenders", f"{TENDERS},valid_from\n*,CASH,2,2017-07-01\n")
        assert not done.problems
        await world.send(
            on(MAY, paid_with("CASH", 2)),
            on(JULY, paid_with("CASH", 3)),
        )
        await world.drive_until("posted")
        rows = await world.rows("RetailTransactionPaymentLinesV2")
        assert {one["TransactionNumber"]: one["TenderType"] for one in rows} == {
            "east:T1": "1", "east:T2": "1", "east:T3": "2",
        }  # fmt: skip
        assert await world.ledger() == (3, {"1": "48", "2": "24"})

    tell(story, tmp_path)


def test_a_scanned_variant_and_a_mapped_cashier_are_what_d365_gets(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        item = {"dataAreaId": "usrt", "ItemNumber": "SHIRT", "SalesUnitSymbol": "ea", "variants": ["RED-L"]}
        await world.sim("setup", {"items": [item]})
        assert not (
            await put(world, "barcodes", "barcode,item_number,variant,unit\n4006381333931,SHIRT,RED-L,ea\n")
        ).problems
        assert not (await put(world, "staff", "store,staff,staff_id\n*,17,000160\n")).problems
        document = {**sale_document(1), "operator": "17"}
        line = {**document["lines"][0], "gtin": "4006381333931"}
        del line["item"]
        await world.send({**document, "lines": [line]}, {**sale_document(2), "operator": "18"})
        await world.drive_until("posted")
        (sold, _) = sorted(
            await world.rows("RetailTransactionSalesLinesV2"), key=lambda one: one["TransactionNumber"]
        )
        assert (sold["ItemId"], sold["VariantNumber"], sold["Quantity"]) == ("SHIRT", "RED-L", Decimal(-2))
        headers = {one["TransactionNumber"]: one["Staff"] for one in await world.rows("RetailTransactions")}
        assert headers == {"east:T1": "000160", "east:T2": "18"}

    tell(story, tmp_path)


def test_what_a_preview_says_is_on_its_way_is_posted_once_to_the_cent_though_two_release_at_once(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        documents = [paid_with("VOUCHER", number) for number in range(1, 31)]
        for document in documents[26:]:
            document["lines"] = [{**document["lines"][0], "item": "9999"}]
        await world.send(*documents)
        await world.map_also("tenders", {"store": "*", "tender": "VOUCHER", "payment_method": "1"})
        fingerprint = "tender_unmapped~VOUCHER"
        preview = await preview_release(world.services, fingerprint, map_transactions)
        assert preview is not None
        assert preview["on_their_way"] == {"receipts": 26, "amounts": {"USD": "624.00"}}
        both = (
            release_exceptions(
                world.services, fingerprint, DESK, "mapped", seen=preview["hash"], map_day=map_transactions
            )
            for _ in range(2)
        )
        ended = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(type(one).__name__ for one in ended) == ["AnotherWasFirstError", "Released"]
        await world.drive(180)
        assert await world.ledger() == (26, {"1": "624"})
        told = await read_release(world.services, fingerprint, 1)
        assert told is not None
        assert (told["on_their_way"], told["as_foreseen"]) == (preview["on_their_way"], True)
        assert [one["receipts"] for one in (await world.causes()).values()] == [4]
        assert set(await world.causes()) == {"item_unmapped"}

    tell(story, tmp_path)
