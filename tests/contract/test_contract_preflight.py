"""The pre-flight against the simulator: what changed in D365 is named to the field, and nothing is posted meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.flows.check_contract import check_contract, read_preflight
from shared.flows.post_transactions import post_transactions
from tests.contract.posting_world import PostingWorld, posting_world
from tests.unit.documents import sale_document
from tests.unit.flow_services import run

Story = Callable[[PostingWorld], Awaitable[None]]
METADATA = "GET $metadata"
HEADERS, SALES_LINES = "RetailTransactions", "RetailTransactionSalesLinesV2"


def tell(story: Story, folder: Path) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            await story(world)

    run(told())


async def restore(world: PostingWorld) -> None:
    answer = await world.http.delete(f"{world.url}/_sim/contract")
    assert answer.is_success, answer.text


async def differences(world: PostingWorld) -> list[tuple[str, str, str, bool]]:
    shown = await check_contract(world.services)
    return [(one["where"], one["expected"], one["found"], one["blocks"]) for one in shown["mismatches"]]


CHANGES: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "a renamed field, with the name it may have now": (
        {"rename_fields": [{"set": HEADERS, "field": "RreceiptId", "to": "ReceiptId"}]},
        ("RetailTransactions.RreceiptId", "a field of this name", "no such field; the nearest is ReceiptId"),
    ),
    "a field that differs in case only": (
        {"rename_fields": [{"set": HEADERS, "field": "BatchID", "to": "BatchId"}]},
        ("RetailTransactions.BatchID", "a field of this name", "no such field; the nearest is BatchId"),
    ),
    "a shortened length": (
        {"shorten_fields": [{"set": HEADERS, "field": "TransactionNumber", "length": 12}]},
        ("RetailTransactions.TransactionNumber", "length 44", "length 12"),
    ),
    "another type": (
        {"retype_fields": [{"set": SALES_LINES, "field": "Quantity", "type": "Int32"}]},
        ("RetailTransactionSalesLinesV2.Quantity", "type Edm.Decimal", "type Edm.Int32"),
    ),
    "a removed enum member": (
        {"remove_members": [{"enum": "RetailEntryStatus", "member": "Voided"}]},
        ("RetailEntryStatus.Voided", "a member of this name, 1", "no such member"),
    ),
    "a set that is gone": (
        {"hide_sets": ["RetailTransactionTaxLines"]},
        ("RetailTransactionTaxLines", "a set of this name", "no such set"),
    ),
    "another key": (
        {"change_keys": [{"set": HEADERS, "keys": ["dataAreaId", "TransactionNumber"]}]},
        (
            "RetailTransactions key",
            "OperatingUnitNumber, Terminal, TransactionNumber, dataAreaId",
            "TransactionNumber, dataAreaId",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_the_preflight_names(tmp_path: Path, change: str) -> None:
    order, expected = CHANGES[change]

    async def story(world: PostingWorld) -> None:
        assert await differences(world) == []
        await world.sim("contract", order)
        assert await differences(world) == [(*expected, True)]

    tell(story, tmp_path)


def test_nothing_is_gathered_while_the_contract_does_not_hold_and_all_of_it_goes_when_it_holds_again(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("contract", CHANGES["a shortened length"][0])
        await world.send(sale_document(1), sale_document(2))
        await world.drive(120)
        assert set((await world.statuses()).values()) == {"mapped"}
        assert not any(row.text("D365Number") for row in (await world.receipts()).values())
        assert await world.packages() == []
        (task,) = (await world.causes()).values()
        assert (task["code"], task["owner"]) == ("d365_contract_mismatch", "it")
        assert "RetailTransactions.TransactionNumber" in task["what_happened"]
        assert "expected length 44, found length 12" in task["what_happened"]
        assert await world.calls(METADATA) <= 8  # in two hours: at most every quarter of an hour
        await restore(world)
        await world.drive_until("posted")
        assert await world.ledger() == (2, {"1": "48"})
        assert await world.causes() == {}
        assert "d365_contract_mismatch" in await world.causes("ended")

    tell(story, tmp_path)


def test_a_refusing_answer_counts_for_a_quarter_of_an_hour_without_asking_again(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("contract", CHANGES["another type"][0])
        await world.send(sale_document(1))
        await world.beat()
        calls = await world.all_calls()
        world.hand.turn(minutes=10)
        assert await post_transactions(world.services) == "nothing to post"  # a doorbell rings early
        assert await world.all_calls() == calls
        assert await world.statuses() == {"T1": "mapped"}

    tell(story, tmp_path)


def test_a_check_that_passes_on_demand_lets_posting_go_on_at_once(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("contract", CHANGES["a removed enum member"][0])
        await world.send(sale_document(1))
        await world.drive(30)
        await restore(world)
        assert (await check_contract(world.services))["holds"] is True
        assert await world.causes() == {}
        await world.deliver()
        assert await world.statuses() == {"T1": "sending"}

    tell(story, tmp_path)


def test_a_passed_check_counts_for_a_day_and_for_every_worker(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.drive_until("posted")
        assert await world.calls(METADATA) == 1
        await world.send(sale_document(2))
        await world.drive_until("posted")
        assert await world.calls(METADATA) == 1
        world.hand.turn(hours=24)
        await world.sim("contract", CHANGES["another type"][0])
        await world.send(sale_document(3))
        await world.drive(40)
        assert (await world.statuses())["T3"] == "mapped"

    tell(story, tmp_path)


def test_a_check_costs_three_calls(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        before = await world.all_calls()
        await check_contract(world.services)
        assert await world.all_calls() == before + 3
        assert dict(world.services.d365.calls) == {"metadata": 1, "version": 2}

    tell(story, tmp_path)


@pytest.mark.parametrize("place", ["$metadata", "ApplicationVersion", "PlatformBuildVersion"])
def test_an_answer_that_is_lost_during_the_check_is_silence_and_never_a_pass(
    tmp_path: Path, place: str
) -> None:
    async def story(world: PostingWorld) -> None:
        until = world.hand() + timedelta(minutes=50)
        await world.fault(
            "silent", path_contains=place, **{"from": world.hand().isoformat(), "until": until.isoformat()}
        )
        await world.send(sale_document(1))
        await world.drive(44)
        assert await world.statuses() == {"T1": "mapped"}
        assert set(await world.causes()) == {"d365_silent"}
        assert await read_preflight(world.services) is None
        await world.drive_until("posted")
        assert await world.causes() == {}

    tell(story, tmp_path)


def test_a_check_obeys_retry_after(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.fault("throttle", retry_after_seconds=2400, times=1, path_contains="$metadata")
        await world.send(sale_document(1))
        await world.beat()
        assert set(await world.causes()) == {"d365_throttled"}
        calls = await world.all_calls()
        await world.drive(36)
        assert await post_transactions(world.services) == "nothing to post"
        assert await world.all_calls() == calls
        await world.drive_until("posted")
        assert await world.causes() == {}

    tell(story, tmp_path)


def test_a_set_that_gives_evidence_only_may_be_hidden_and_its_answer_is_unknown(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim(
            "contract", {"hide_sets": ["RetailStatementJourBIEntities", "RetailEodStatementAggregations"]}
        )
        await world.send(sale_document(1))
        await world.drive(80)
        shown = await read_preflight(world.services)
        assert shown is not None
        assert shown["holds"] is True
        assert {"RetailStatementJourBIEntities", "RetailEodStatementAggregations"} <= set(
            shown["unknown_sets"]
        )
        assert await world.statuses() == {"T1": "validated"}  # D365 has posted it, and does not say so
        assert await world.ledger() == (1, {"1": "24"})
        (task,) = (await world.causes()).values()
        assert (task["code"], task["value"]) == ("d365_evidence_missing", "RetailStatementJourBIEntities")
        await restore(world)
        await check_contract(world.services)
        await world.drive_until("posted")
        assert await world.causes() == {}

    tell(story, tmp_path)


@pytest.mark.parametrize(("switch", "not_compared"), [("state", 1), ("omit", 2)])
def test_an_environment_that_states_no_lengths_is_taken_and_that_is_said(
    tmp_path: Path, switch: str, not_compared: int
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("switches", {"metadata_lengths": switch})
        shown = await check_contract(world.services)
        assert shown["holds"] is True
        assert len(shown["not_compared"]) == not_compared

    tell(story, tmp_path)


def test_before_the_first_check_there_is_nothing_to_show(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        assert await read_preflight(world.services) is None

    tell(story, tmp_path)
