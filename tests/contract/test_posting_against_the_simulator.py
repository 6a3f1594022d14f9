"""Posting, from mapped to posted, against D365's simulator over HTTPS: once and only once, whatever breaks in between.

What D365 has is read from the simulator itself, never from the app.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
import re
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.flows.end_shift import end_shift
from shared.flows.post_transactions import post_transactions
from shared.flows.release_exceptions import release_exceptions
from shared.flows.ring_overdue import ring_overdue
from shared.flows.track_packages import track_packages
from shared.retail.identity import d365_shift_number
from tests.contract.posting_world import SETUP, PostingWorld, posting_world, second_worker
from tests.unit.documents import sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK, run
from tests.unit.test_flows_door_to_mapped import overlap

Story = Callable[[PostingWorld], Awaitable[None]]
IMPORT, WRITE_URL, ASK = "POST ImportFromPackage", "POST GetAzureWriteUrl", "POST GetExecutionSummaryStatus"
ITEM_MISSING = "The value 'D1001' in field 'ItemId' is not found in the related table 'InventTable'."
NEW_ITEM = {"item": "1002", "item_number": "D1002", "unit": "ea"}


def tell(story: Story, folder: Path) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            await story(world)

    run(told())


def sale_of(item: str, number: int) -> dict[str, Any]:
    (line,) = sale_document(number)["lines"]
    return sale_document(number, lines=[line | {"item": item}])


async def cause_of(world: PostingWorld, code: str) -> dict[str, Any]:
    return (await world.causes())[code]


async def release(world: PostingWorld, code: str) -> None:
    fingerprint = (await cause_of(world, code))["fingerprint"]
    assert await release_exceptions(world.services, fingerprint, DESK, "put right") is not None


def test_a_day_of_receipts_is_posted_once_and_each_knows_its_d365_statement(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(*(sale_document(number) for number in range(1, 6)))
        await world.drive_until("posted")
        assert await world.ledger() == (5, {"1": "120"})
        (statement,) = (await world.sim("state"))["statements"]
        assert {row.text("D365Statement") for row in (await world.receipts()).values()} == {
            statement["StatementId"]
        }
        (package,) = await world.packages()
        assert (package.text("Stage"), package.number("Receipts"), package.number("ReadBack")) == (
            "done",
            5,
            5,
        )
        assert (package.number("Attempt"), package.text("Amount")) == (1, "120.00")
        assert package.text("Rows") == (
            '{"Sales transactions V2": 5, "Payment transactions V2": 10, "Tax transactions": 5, "Transactions": 5}'
        )
        (upload,) = world.effects.uploads
        assert package.text("Sha256") == hashlib.sha256(upload).hexdigest()
        notes = [line.partition(" ")[2] for line in package.text("History").splitlines()]
        assert notes == [
            "gathered", "uploading", f"handing over as {package.text('Package')}-1", "import ended: Succeeded", "5 read back",
        ]  # fmt: skip
        assert await world.causes() == {}
        await world.drive(60)
        assert await world.calls(IMPORT) == 1

    tell(story, tmp_path)


def test_an_import_answer_that_got_lost_is_asked_about_and_nothing_goes_twice(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), sale_document(2))
        await world.fault("lose_answer", action="ImportFromPackage")
        await world.beat()
        (package,) = await world.packages()
        assert package.text("Stage") == "unknown"
        cause = await cause_of(world, "import_answer_lost")
        assert (cause["value"], cause["owner"]) == (package.text("Package"), "it")
        await world.drive_until("posted")
        assert await world.ledger() == (2, {"1": "48"})
        assert await world.calls(IMPORT) == 1
        assert await world.causes() == {}

    tell(story, tmp_path)


def test_an_import_that_never_arrived_goes_again_only_after_its_address_expired_and_keys_were_read_back(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), sale_document(2))
        await world.fault("silent", path_contains="ImportFromPackage", times=1)
        await world.beat()
        (package,) = await world.packages()
        assert package.text("Stage") == "unknown"
        expires_at = package.instant("UploadExpiresAt")
        while world.hand() < expires_at - timedelta(minutes=2):
            await world.beat()
            assert await world.calls(IMPORT) == 1
        assert "import_answer_lost" in await world.causes()
        await world.drive_until("posted")
        assert await world.calls(IMPORT) == 2
        imports = [at for at, one in enumerate(world.effects.seen) if one == "d365 POST ImportFromPackage"]
        assert "d365 GET RetailTransactions" in world.effects.seen[imports[0] : imports[1]]
        assert await world.ledger() == (2, {"1": "48"})
        assert await world.causes() == {}
        assert [one["executionId"][-2:] for one in (await world.sim("state"))["executions"]] == ["-2"]

    tell(story, tmp_path)


@pytest.mark.parametrize("call", ["GetAzureWriteUrl", "ImportFromPackage", "GetExecutionSummaryStatus"])
def test_when_d365_says_when_to_come_back_nothing_is_asked_before(tmp_path: Path, call: str) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.fault("throttle", retry_after_seconds=2400, times=1, path_contains=call)
        await world.beat()
        calls = await world.all_calls()
        assert (await cause_of(world, "d365_throttled"))["owner"] == "it"
        await world.drive(38)
        assert await world.all_calls() == calls
        await world.drive_until("posted")
        assert await world.ledger() == (1, {"1": "24"})
        assert "d365_throttled" not in await world.causes()
        assert "d365_throttled" in await world.causes("ended")

    tell(story, tmp_path)


def test_tracking_too_waits_for_as_long_as_posting_was_told_to(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.drive_until("sent")
        await world.send(sale_document(2))
        await world.fault("throttle", retry_after_seconds=2400, times=1, path_contains="GetAzureWriteUrl")
        while "d365_throttled" not in await world.causes():
            await world.beat()
        calls = await world.all_calls()
        await world.drive(38)
        assert await world.all_calls() == calls
        await world.drive_until("posted")
        assert await world.ledger() == (2, {"1": "48"})

    tell(story, tmp_path)


def test_tracking_obeys_its_own_retry_after_and_its_cause_ends(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.drive_until("sent")
        await world.fault("throttle", retry_after_seconds=3600, times=1, path_contains="Auditable")
        while "d365_throttled" not in await world.causes():
            await world.beat()
        calls = await world.calls("GET RetailTransactionsAuditable")
        await world.drive(58)
        assert await world.calls("GET RetailTransactionsAuditable") == calls
        await world.drive_until("posted")
        assert await world.causes() == {}

    tell(story, tmp_path)


def test_a_d365_that_is_silent_for_an_hour_costs_nothing_but_time(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), sale_document(2))
        until = world.hand() + timedelta(hours=1)
        await world.fault("silent", **{"from": world.hand().isoformat(), "until": until.isoformat()})
        await world.drive(58)
        assert set((await world.statuses()).values()) == {
            "mapped"
        }  # nothing is frozen before a check was made
        assert (await cause_of(world, "d365_silent"))["owner"] == "it"
        await world.drive_until("posted", minutes_max=60)
        assert await world.ledger() == (2, {"1": "48"})
        assert await world.calls(IMPORT) == 1
        assert await world.causes() == {}

    tell(story, tmp_path)


def test_an_hour_of_silence_does_not_use_up_the_attempts(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        until = world.hand() + timedelta(hours=1)
        await world.fault("silent", **{"from": world.hand().isoformat(), "until": until.isoformat()})
        await world.fault("zero_rows", times=1)
        await world.drive_until("posted")
        assert await world.calls(IMPORT) == 2
        assert await world.ledger() == (1, {"1": "24"})

    tell(story, tmp_path)


def test_a_row_that_d365_refuses_holds_its_receipt_in_d365s_words_and_its_neighbours_go(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(*(sale_document(number) for number in (1, 2, 3)))
        await world.fault(
            "partial", entity="Sales transactions V2", transaction_numbers=["east:T2"], text=ITEM_MISSING
        )
        await world.drive_until("posted", "held")
        assert await world.statuses() == {"T1": "posted", "T2": "held", "T3": "posted"}
        cause = await cause_of(world, "d365_data_refused")
        assert (cause["receipts"], cause["owner"]) == (1, "retail_systems")
        assert cause["value"] == "the value # in field itemid is not found in the related table inventtable."
        assert await world.ledger() == (2, {"1": "48"})
        await release(world, "d365_data_refused")
        await world.drive_until("posted")
        assert await world.ledger() == (3, {"1": "72"})

    tell(story, tmp_path)


def test_an_item_that_d365_lost_after_mapping_holds_only_its_receipts_until_it_is_back(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.map_also("items", NEW_ITEM)
        await world.send(sale_document(1), sale_of("1002", 2), sale_document(3))
        await world.drive_until("posted", "held")
        assert await world.statuses() == {"T1": "posted", "T2": "held", "T3": "posted"}
        assert "itemid" in (await cause_of(world, "d365_data_refused"))["value"]
        await world.sim(
            "setup", {"items": [{"dataAreaId": "usrt", "ItemNumber": "D1002", "SalesUnitSymbol": "ea"}]}
        )
        await release(world, "d365_data_refused")
        await world.drive_until("posted")
        assert await world.ledger() == (3, {"1": "72"})
        assert await world.in_d365() == ["NY01-1 east:T1", "NY01-1 east:T2", "NY01-1 east:T3"]
        assert await world.causes() == {}

    tell(story, tmp_path)


def test_a_header_that_met_another_job_goes_again_by_itself(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), sale_document(2))
        await world.fault("partial", entity="Transactions", transaction_numbers=["east:T2"], times=1)
        await world.drive_until("posted")
        assert await world.calls(IMPORT) == 2
        assert await world.ledger() == (2, {"1": "48"})
        assert await world.causes() == {}
        assert await world.causes("ended") == {}

    tell(story, tmp_path)


@pytest.mark.parametrize("entity", ["Sales transactions V2", "Payment transactions V2", "Tax transactions"])
def test_a_receipt_that_landed_half_is_completed_by_changeset_before_the_slot_is_freed(
    tmp_path: Path, entity: str
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), sale_document(2))
        await world.fault("partial", entity=entity, transaction_numbers=["east:T2"], times=1)
        await world.drive_until("sent", jobs=False)
        assert await world.calls(IMPORT) == 1
        (package,) = await world.packages()
        assert "completing 1 receipts by changeset" in package.text("History")
        assert (package.text("Stage"), package.number("ReadBack")) == ("done", 2)
        await world.drive_until("posted")
        assert await world.ledger() == (2, {"1": "48"})
        assert await world.causes() == {}
        assert await world.causes("ended") == {}

    tell(story, tmp_path)


def test_succeeded_with_zero_rows_is_not_believed_and_goes_out_again(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.fault("zero_rows", times=1)
        await world.drive_until("posted")
        assert await world.calls(IMPORT) == 2
        assert await world.ledger() == (1, {"1": "24"})

    tell(story, tmp_path)


def test_what_packages_do_not_bring_to_d365_goes_one_by_one(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), sale_document(2))
        await world.fault("zero_rows", times=99)
        await world.drive_until("posted")
        assert await world.calls(IMPORT) == 2
        assert await world.ledger() == (2, {"1": "48"})
        assert await world.causes() == {}
        assert (await world.causes("ended"))["import_failed"]["owner"] == "it"

    tell(story, tmp_path)


def test_what_d365_refuses_one_by_one_too_is_held_in_its_words_and_was_never_called_sent(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.map_also("items", NEW_ITEM)
        await world.send(sale_of("1002", 1), sale_document(2))
        await world.fault("zero_rows", times=2)
        await world.drive_until("held", "posted")
        assert await world.statuses() == {"T1": "held", "T2": "posted"}
        assert await world.in_d365() == ["NY01-1 east:T2"]
        history = (await world.receipts())["T1"].text("History")
        assert [line.split()[1].rstrip(":") for line in history.splitlines()] == [
            "received", "mapped", "sending", "held",
        ]  # fmt: skip
        assert "itemid" in (await cause_of(world, "d365_data_refused"))["value"]
        await world.sim(
            "setup", {"items": [{"dataAreaId": "usrt", "ItemNumber": "D1002", "SalesUnitSymbol": "ea"}]}
        )
        await release(world, "d365_data_refused")
        await world.drive_until("posted")
        assert await world.ledger() == (2, {"1": "48"})

    tell(story, tmp_path)


def test_a_changeset_whose_answer_got_lost_is_read_back_and_not_written_twice(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        lost: list[str] = []

        async def the_answer_gets_lost(effect: str) -> None:
            package = (await world.packages())[-1] if await world.packages() else None
            completing = package is not None and "completing" in package.text("History")
            if effect == "d365 POST $batch" and completing and not lost:
                lost.append(effect)
                await world.fault("lose_answer", action="$batch")

        await world.send(sale_document(1))
        await world.fault("partial", entity="Sales transactions V2", transaction_numbers=["east:T1"], times=1)
        world.effects.meanwhile = the_answer_gets_lost
        await world.drive_until("posted")
        assert lost == ["d365 POST $batch"]
        assert await world.ledger() == (1, {"1": "24"})
        assert await world.causes() == {}

    tell(story, tmp_path)


def test_a_receipt_that_d365_has_already_is_not_sent_over_even_the_first_time(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), sale_document(2))
        await world.write_receipt("east:T1", GrossAmount=-99, NetAmount=-99, PaymentAmount=99)
        await world.drive_until("held", "posted")
        assert await world.statuses() == {"T1": "held", "T2": "posted"}
        assert list(await world.causes()) == ["changed_in_d365"]
        headers = {
            one["TransactionNumber"]: one["GrossAmount"] for one in await world.rows("RetailTransactions")
        }
        assert headers == {"east:T1": -99, "east:T2": -24}

    tell(story, tmp_path)


def test_a_header_that_somebody_changed_in_d365_is_told_and_never_overwritten(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), sale_document(2))
        await world.beat()
        world.hand.turn(minutes=1)
        await world.settle()
        await world.change_header("east:T1", GrossAmount=-99)
        await world.drive_until("posted", "held")
        assert await world.statuses() == {"T1": "held", "T2": "posted"}
        cause = await cause_of(world, "changed_in_d365")
        assert (cause["value"], cause["owner"]) == ("S1-1-0001", "finance")
        await release(world, "changed_in_d365")
        await world.drive(60)
        assert (await world.statuses())["T1"] == "held"
        headers = {
            one["TransactionNumber"]: one["GrossAmount"] for one in await world.rows("RetailTransactions")
        }
        assert headers == {"east:T1": -99, "east:T2": -24}
        assert "changed_in_d365" in await world.causes()

    tell(story, tmp_path)


def test_a_half_landed_receipt_that_somebody_changed_in_d365_is_not_sent_over(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.map_also("items", NEW_ITEM)
        await world.send(sale_of("1002", 1))
        await world.drive_until("held")
        await world.change_header("east:T1", GrossAmount=-99)
        await release(world, "d365_data_refused")
        await world.drive(60)
        assert await world.statuses() == {"T1": "held"}
        assert await world.calls(IMPORT) == 1
        assert [one["GrossAmount"] for one in await world.rows("RetailTransactions")] == [-99]
        assert list(await world.causes()) == ["changed_in_d365"]

    tell(story, tmp_path)


def test_a_half_landed_receipt_that_was_completed_and_posted_in_d365_is_not_sent_again(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        text = "The value 'V20' in field 'TaxCode' is not found in the related table 'TaxTable'."
        await world.fault("partial", entity="Tax transactions", transaction_numbers=["east:T1"], text=text)
        await world.drive_until("held")
        await world.add_tax_line("east:T1", TaxAmount=-4)
        await world.headquarters()
        assert await world.ledger() == (1, {"1": "24"})
        await release(world, "d365_data_refused")
        await world.drive_until("posted")
        assert await world.calls(IMPORT) == 1
        assert await world.ledger() == (1, {"1": "24"})

    tell(story, tmp_path)


def test_a_header_that_is_there_under_another_package_is_found_by_its_key_and_not_sent_again(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.beat()
        world.hand.turn(minutes=1)
        await world.settle()
        await world.change_header("east:T1", Comment="checked by Ann")
        await world.drive_until("posted")
        assert await world.calls(IMPORT) == 1
        assert await world.ledger() == (1, {"1": "24"})

    tell(story, tmp_path)


def test_a_receipt_that_was_released_after_d365_posted_it_is_not_sent_again(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("setup", {"legal_entities": closed_books()})
        await world.send(sale_document(1))
        await world.drive_until("held")
        await world.sim("setup", {"legal_entities": SETUP["legal_entities"]})
        await world.headquarters()
        await release(world, "validation_failed")
        await world.drive_until("posted")
        assert await world.calls(IMPORT) == 1
        assert await world.ledger() == (1, {"1": "24"})
        assert await world.causes() == {}

    tell(story, tmp_path)


def closed_books() -> list[dict[str, Any]]:
    return [SETUP["legal_entities"][0] | {"open_periods": [["2018-01-01", "2018-01-31"]]}]


def test_what_headquarters_refuses_is_held_and_goes_on_by_itself_once_corrected_there(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("setup", {"legal_entities": closed_books()})
        await world.send(sale_document(1), sale_document(2))
        await world.drive_until("held")
        cause = await cause_of(world, "validation_failed")
        assert (cause["receipts"], cause["owner"]) == (2, "finance")
        assert "not in an open fiscal period" in cause["value"]
        assert (await world.sim("totals"))["totals"] == []
        await world.sim("setup", {"legal_entities": SETUP["legal_entities"]})
        await world.drive_until("posted")
        assert await world.ledger() == (2, {"1": "48"})
        assert await world.calls(IMPORT) == 1
        assert await world.causes() == {}

    tell(story, tmp_path)


def test_a_receipt_is_built_with_the_mapping_version_it_was_mapped_with(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.map_also("tenders", {"store": "*", "tender": "CASH", "payment_method": "2"})
        await world.send(sale_document(2))
        await world.drive_until("posted")
        assert await world.ledger() == (2, {"1": "24", "2": "24"})

    tell(story, tmp_path)


def test_a_receipts_d365_key_stays_though_its_till_is_mapped_to_another_register(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.map_also("items", NEW_ITEM)
        await world.send(sale_of("1002", 1))
        await world.drive_until("held")
        await world.map_also("terminals", {"store": "S1", "terminal": "1", "register": "NY01-2"})
        await world.sim(
            "setup", {"items": [{"dataAreaId": "usrt", "ItemNumber": "D1002", "SalesUnitSymbol": "ea"}]}
        )
        await release(world, "d365_data_refused")
        await world.send(sale_document(2))
        await world.drive_until("posted")
        assert await world.in_d365() == ["NY01-1 east:T1", "NY01-2 east:T2"]
        assert await world.ledger() == (2, {"1": "48"})

    tell(story, tmp_path)


def test_a_statement_that_d365_has_not_finished_leaves_its_receipts_validated(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        blocked = {"dataAreaId": "usrt", "ItemNumber": "D1001", "SalesUnitSymbol": "ea", "Blocked": "Yes"}
        await world.sim("setup", {"items": [blocked]})
        await world.send(sale_document(1))
        await world.drive(60)
        (statement,) = (await world.sim("state"))["statements"]
        assert statement["state"] == "Aggregated"
        assert await world.statuses() == {"T1": "validated"}
        await world.sim("setup", {"items": [blocked | {"Blocked": "No"}]})
        await world.drive_until("posted")
        assert await world.ledger() == (1, {"1": "24"})

    tell(story, tmp_path)


def test_a_statement_that_is_not_in_the_journal_of_posted_ones_is_never_called_posted(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        world.effects.hidden_sets.add("RetailStatementJourBIEntities")
        await world.send(sale_document(1))
        await world.drive(60)
        assert await world.ledger() == (1, {"1": "24"})
        assert await world.statuses() == {"T1": "validated"}
        world.effects.hidden_sets.clear()
        await world.drive_until("posted")

    tell(story, tmp_path)


def test_a_receipt_that_somebody_wrote_while_it_was_tracked_is_posted_by_the_next_turn(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.drive_until("sent")
        touched: list[str] = []

        async def somebody_writes(effect: str) -> None:
            tracking = "d365 GET RetailStatementJourBIEntities" in world.effects.seen
            if effect == "group transactions" and tracking and not touched:
                touched.append(effect)
                row = (await world.receipts())["T1"]
                with world.looking():
                    await world.services.tables.transactions.replace(row.with_values(Conflict=True), row.etag)

        world.effects.meanwhile = somebody_writes
        await world.drive_until("posted")
        assert touched

    tell(story, tmp_path)


def shift_of_the_morning(*, closed: bool = True) -> list[dict[str, Any]]:
    opened, closed_at = "2017-12-23T08:00:00-05:00", "2017-12-23T12:30:00-05:00"
    documents = [
        shift_document(1, "SHIFT_OPEN", "1", opened),
        sale_document(2, shift="1"),
        sale_document(3, shift="1"),
        shift_document(
            4, "SHIFT_CLOSE", "1", opened, closed_at, totals_of(2, "48.00", "40.00", "8.00", 1, 4)
        ),
    ]
    return documents if closed else documents[:-1]


async def shifts_in_d365(world: PostingWorld) -> list[str]:
    return sorted(f"{one['BatchShiftId']} {one['Status']}" for one in await world.rows("RetailPosBatches"))


def test_a_shift_goes_closed_only_when_its_receipts_are_in_d365(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.fault("zero_rows", times=2)
        await world.send(*shift_of_the_morning())
        for _ in range(60):
            await world.beat(jobs=False)
            if await shifts_in_d365(world):
                break
            assert await world.shifts() != {"1": "sent"}
        assert await world.in_d365() == ["NY01-1 east:T2", "NY01-1 east:T3"]
        assert await shifts_in_d365(world) == ["20171223010001 Closed"]
        await world.drive_until("posted", "excluded")
        assert await world.shifts() == {"1": "sent"}
        assert await world.ledger() == (2, {"1": "48"})

    tell(story, tmp_path)


def test_a_shift_with_a_receipt_on_hold_waits_for_it_until_its_grace_has_passed(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.fault(
            "partial", entity="Sales transactions V2", transaction_numbers=["east:T3"], text=ITEM_MISSING
        )
        await world.send(*shift_of_the_morning())
        await world.drive(120)
        assert (await world.statuses())["T3"] == "held"
        assert await shifts_in_d365(world) == []
        world.hand.turn(hours=12)
        await world.drive(60)
        assert await shifts_in_d365(world) == ["20171223010001 Closed"]

    tell(story, tmp_path)


def test_an_overlapping_shift_is_not_sent_until_a_person_ended_it(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(*overlap())
        world.hand.turn(hours=13)
        await world.drive(120)
        assert (await world.statuses())["T4"] == "held"
        assert await shifts_in_d365(world) == ["20171223010002 Closed"]
        world.hand.turn(hours=1)
        at = datetime.fromisoformat("2017-12-23T13:50:00-05:00")
        await end_shift(world.services, "S1", "1", "1", at, DESK, "the store said so")
        await world.drive_until("posted", "excluded")
        await world.drive(60)
        late = d365_shift_number(
            date(2017, 12, 23), 1, "late-20171223-01"
        )  # shift 2 had been sent without the receipt
        assert await shifts_in_d365(world) == sorted(
            [f"{late} Closed", "20171223010001 Closed", "20171223010002 Closed"]
        )
        batches = {one["TransactionNumber"]: one["BatchID"] for one in await world.rows("RetailTransactions")}
        assert batches["east:T4"] == late
        assert await world.ledger() == (3, {"1": "72"})
        statements = (await world.sim("state"))["statements"]
        assert {(one["kind"], one["state"]) for one in statements} == {
            ("Transactional", "Posted"), ("Financial", "Posted"),
        }  # fmt: skip

    tell(story, tmp_path)


def test_a_mapped_receipt_follows_its_shift_when_a_person_ends_it_before_the_package_is_built(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        first, rest = overlap()[:2] + overlap()[3:4], [*overlap()[2:3], *overlap()[4:]]
        await world.send(*first)
        await world.send(*rest)
        world.hand.turn(hours=1)
        at = datetime.fromisoformat("2017-12-23T13:50:00-05:00")
        await end_shift(world.services, "S1", "1", "1", at, DESK, "the store said so")
        await world.drive_until("posted", "excluded")
        batches = {one["TransactionNumber"]: one["BatchID"] for one in await world.rows("RetailTransactions")}
        assert batches == {"east:T2": 20171223010001, "east:T4": 20171223010002, "east:T5": 20171223010002}
        assert (await world.receipts())["T4"].text("Shift") == "2"

    tell(story, tmp_path)


async def posted_once(world: PostingWorld) -> None:
    """Two receipts, each once in D365 and in its ledger; nothing is left open."""
    assert await world.in_d365() == ["NY01-1 east:T1", "NY01-1 east:T2"]
    assert await world.ledger() == (2, {"1": "48"})
    assert set((await world.statuses()).values()) == {"posted"}
    assert await world.causes() == {}


def test_a_worker_that_finds_the_slot_driven_goes_away_and_asks_d365_nothing(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        answers: list[str] = []

        async def another_comes(effect: str) -> None:
            if effect == "d365 PUT blob":
                world.effects.meanwhile = None
                calls = await world.all_calls()
                answers.append(await post_transactions(second_worker(world)))
                assert await world.all_calls() == calls

        await world.send(sale_document(1))
        world.effects.meanwhile = another_comes
        await world.drive_until("posted")
        assert answers == ["driven by another worker"]
        assert await world.ledger() == (1, {"1": "24"})

    tell(story, tmp_path)


@pytest.mark.parametrize("seed", range(8))
def test_two_workers_at_once_drive_one_package_at_a_time_and_double_nothing(
    tmp_path: Path, seed: int
) -> None:
    async def story(world: PostingWorld) -> None:
        chance, other = random.Random(seed), second_worker(world)

        async def somebody_else_first(effect: str) -> None:
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0.001)

        await world.send(sale_document(1), sale_document(2))
        world.effects.meanwhile = somebody_else_first
        for _ in range(12):
            world.hand.turn(minutes=5)
            await world.settle()
            for flow in (ring_overdue, post_transactions, track_packages):
                await asyncio.gather(flow(world.services), flow(other))
            taken = [one for one in await world.packages() if one.text("Stage") not in ("building", "done")]
            assert len(taken) <= 1
            await world.headquarters()
        await posted_once(world)
        assert await world.calls(IMPORT) == 1

    tell(story, tmp_path)


async def live_on(world: PostingWorld) -> None:
    """Let time pass until both receipts are posted; five minutes outlast every lease."""
    await world.drive_until("posted", beat_minutes=5)


async def nothing_else(_: PostingWorld) -> None:
    """A history without any fault but the worker's own."""


async def points_of(folder: Path, prepare: Story) -> dict[int, str]:
    """Give what changes something in a history in which nobody dies, by its place among all effects.

    To die around a mere reading is to die after the change before it.
    """
    async with posting_world(folder) as world:
        await world.send(sale_document(1), sale_document(2))
        before = len(world.effects.seen)
        await prepare(world)
        await live_on(world)
        seen = enumerate(world.effects.seen[before:], start=1)
        return {at: name for at, name in seen if name.split()[0] not in ("read", "query", "receive")}


async def die_everywhere(folder: Path, prepare: Story, sides: tuple[bool, ...]) -> int:
    """Kill the worker around every effect from the first gathering to the last receipt posted; count the deaths.

    sides: True before the effect, False after it.
    """
    points, failures = await points_of(folder / "clean", prepare), []
    for at, name in points.items():
        for before in sides:
            async with posting_world(folder / f"{at}-{before}") as world:
                await world.send(sale_document(1), sale_document(2))
                await prepare(world)
                world.effects.plan_death(at, before=before)
                try:
                    await live_on(world)
                    await posted_once(world)
                except AssertionError as error:
                    failures.append(f"{'before' if before else 'after'} {at} ({name}): {str(error)[:300]}")
                assert world.effects.deaths == 1
    assert failures == []
    return len(points) * len(sides)


def test_a_worker_may_die_before_or_after_any_effect_and_another_finishes_its_package(tmp_path: Path) -> None:
    assert run(die_everywhere(tmp_path, nothing_else, (True, False))) > 60


def test_a_worker_may_die_anywhere_while_an_import_answer_is_lost_too(tmp_path: Path) -> None:
    async def answer_lost(world: PostingWorld) -> None:
        await world.fault("lose_answer", action="ImportFromPackage")

    assert run(die_everywhere(tmp_path, answer_lost, (True,))) > 30


def test_a_worker_may_die_anywhere_while_an_import_never_arrives(tmp_path: Path) -> None:
    async def never_arrives(world: PostingWorld) -> None:
        await world.sim("switches", {"sas_seconds": 600})
        await world.fault("silent", path_contains="ImportFromPackage", times=1)

    assert run(die_everywhere(tmp_path, never_arrives, (True,))) > 40


async def sleep_at(world: PostingWorld, place: int, *, beats: int) -> None:
    """Let the worker sleep before its so-manieth effect, while another one works on; then it wakes up and goes on."""
    other, last_awake = second_worker(world), len(world.effects.seen) + place

    async def fall_asleep(effect: str) -> None:
        if len(world.effects.seen) < last_awake:
            return
        world.effects.meanwhile = None
        for _ in range(beats):
            world.hand.turn(minutes=5)
            await world.settle()
            for flow in (ring_overdue, post_transactions, track_packages):
                await flow(other)
            await world.headquarters()

    world.effects.meanwhile = fall_asleep
    await live_on(world)


@pytest.mark.parametrize("beats", [1, 18])
def test_a_worker_that_slept_beyond_its_lease_doubles_nothing_when_it_wakes_up(
    tmp_path: Path, beats: int
) -> None:
    async def sleep_everywhere() -> int:
        points, failures = await points_of(tmp_path / "clean", nothing_else), []
        for at, name in points.items():
            async with posting_world(tmp_path / str(at)) as world:
                await world.send(sale_document(1), sale_document(2))
                try:
                    await sleep_at(world, at, beats=beats)
                    await posted_once(world)
                except AssertionError as error:
                    failures.append(f"before {at} ({name}): {str(error)[:300]}")
        assert failures == []
        return len(points)

    assert run(sleep_everywhere()) > 30


def test_an_environment_that_takes_no_line_without_its_header_is_served_in_the_other_order(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        d365 = replace(world.services.settings.d365, import_order="header_first")
        world.services.settings = replace(world.services.settings, d365=d365)
        await world.send(sale_document(1), sale_document(2))
        await world.drive_until("posted")
        manifest = zipfile.ZipFile(io.BytesIO(world.effects.uploads[0])).read("Manifest.xml").decode()
        levels = re.findall(r"<EntityName>([^<]+)</EntityName>.*?<LevelInExecutionUnit>(\d)", manifest)
        assert levels == [
            ("Transactions", "1"), ("Sales transactions V2", "2"), ("Payment transactions V2", "2"), ("Tax transactions", "2"),
        ]  # fmt: skip
        assert await world.ledger() == (2, {"1": "48"})

    tell(story, tmp_path)
