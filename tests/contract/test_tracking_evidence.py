"""What tracking learns from the simulator beside posted or not: what stands still, what is busy, what an effect rests on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from shared.d365.reader import SPELLS_MAX, _spells
from shared.flows.read_records import read_transaction
from shared.flows.read_tills import read_tills
from shared.flows.tracking.ask import CALLS_MAX, KINDS
from shared.retail.reasons import D365_DATA
from tests.contract.posting_world import SETUP, PostingWorld, SignIn, posting_world
from tests.unit.documents import sale_document, shift_document, totals_of

Story = Callable[[PostingWorld], Awaitable[None]]
(WAREHOUSE,) = SETUP["warehouses"]
BLOCKED = {"dataAreaId": "usrt", "ItemNumber": "D1001", "SalesUnitSymbol": "ea", "Blocked": "Yes"}


def return_of_one(number: int) -> dict[str, Any]:
    """One item of 10.00 with 20 % tax comes back, 12.00 in cash."""
    (line,) = sale_document(number)["lines"]
    taxes = [line["taxes"][0] | {"base": "-10.00", "amount": "-2.00"}]
    back = line | {"quantity": "-1", "gross": "-10.00", "net": "-10.00", "taxes": taxes}
    tender = {
        "tender_number": 1, "type": "CASH", "code": "CASH", "role": "REFUND", "amount": "-12.00", "status": "CAPTURED",
    }  # fmt: skip
    return sale_document(number, lines=[back], tenders=[tender])


def tell(story: Story, folder: Path) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            await story(world)

    asyncio.run(told())


async def hide(world: PostingWorld, *sets: str) -> None:
    await world.sim("contract", {"hide_sets": list(sets)})


async def evidence(world: PostingWorld, transaction: str) -> dict[str, Any]:
    shown = await read_transaction(world.services, "S1", "east", transaction)
    assert shown is not None
    return shown


async def turns_until(world: PostingWorld, code: str) -> dict[str, Any]:
    for _ in range(60):
        await world.beat()
        if code in (found := await world.causes()):
            return found[code]
    raise AssertionError(f"no {code}: {await world.causes()}")


def test_a_statement_that_stands_still_for_a_reason_d365_is_known_to_give_is_its_owners(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("setup", {"warehouses": [{**WAREHOUSE, "OperationalSiteId": ""}]})
        await world.send(sale_document(1))
        task = await turns_until(world, "d365_statement_stands")
        assert (task["owner"], task["fault"]) == ("retail_systems", D365_DATA)
        assert "without a site or warehouse" in task["why"]
        assert task["do_this"].startswith("Give the store its site and warehouse in the stores mapping")

    tell(story, tmp_path)


def test_a_statement_that_stands_still_is_a_task_in_plain_words_until_it_is_posted(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("setup", {"items": [BLOCKED]})
        await world.send(sale_document(1), sale_document(2))
        task = await turns_until(world, "d365_statement_stands")
        assert (task["owner"], task["receipts"], task["amount"], task["stores"]) == (
            "finance",
            2,
            "48.00",
            ["NY01"],
        )
        assert "stands still at “Aggregated”" in task["what_happened"]
        assert "D1001" in task["what_happened"]
        await world.drive(40)
        assert (await world.causes())["d365_statement_stands"][
            "receipts"
        ] == 2  # one task, however often it is seen
        await world.sim("setup", {"items": [BLOCKED | {"Blocked": "No"}]})
        await world.drive_until("posted")
        assert await world.causes() == {}
        assert (await world.causes("ended"))["d365_statement_stands"]["ended_how"] == ["D365 has posted it"]

    tell(story, tmp_path)


def test_a_till_that_d365_calls_busy_is_a_task_until_it_is_not(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        till = {"TerminalNumber": "NY01-1", "StoreNumber": "NY01"}
        await world.send(sale_document(1))
        await world.drive_until("sent", jobs=False)
        await world.sim("setup", {"terminals": [till | {"ClosingStatus": "Error"}]})
        for _ in range(20):
            await world.beat(jobs=False)
        task = (await world.causes())["d365_till_busy"]
        assert (task["owner"], task["value"]) == ("store_operations", "NY01-1")
        assert task["what_happened"] == (
            "D365 calls till 1 of store S1 busy: D365 failed to close it (its closing status is “Error”)."
        )
        (till_1,) = await read_tills(world.services, "S1", date(2017, 12, 23)) or []
        assert (till_1["terminal"], till_1["busy"]) == ("1", ["D365 failed to close it"])
        assert till_1["d365_says"] == till_1["busy"]
        await world.sim("setup", {"terminals": [till | {"ClosingStatus": "None"}]})
        await world.drive(40, jobs=False)
        assert await world.causes() == {}

    tell(story, tmp_path)


async def judge_shift(world: PostingWorld, **values: str) -> None:
    """Headquarters' check of the till's shift finds something, or an accountant acknowledges it."""
    token = await SignIn(world.url, world.http).get_token(f"{world.url}/.default")
    (shift,) = await world.rows("RetailPosBatches")
    key = (
        f"dataAreaId='usrt',OperationUnitNumber='052',Terminal='NY01-1',BatchShiftId={shift['BatchShiftId']}"
    )
    answer = await world.http.patch(
        f"{world.url}/data/RetailPosBatches({key})?cross-company=true", json=values,
        headers={"Authorization": f"Bearer {token.token}", "If-Match": "*"},
    )  # fmt: skip
    assert answer.is_success, answer.text


def test_a_shift_that_d365_finds_an_error_in_is_a_task_until_somebody_acknowledges_it(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        opened, closed = "2017-12-23T08:00:00-05:00", "2017-12-23T12:30:00-05:00"
        totals = totals_of(1, "24.00", "20.00", "4.00", 1, 3)
        await world.send(
            shift_document(1, "SHIFT_OPEN", "1", opened), sale_document(2, shift="1"),
            shift_document(3, "SHIFT_CLOSE", "1", opened, closed, totals),
        )  # fmt: skip
        await world.drive(120, jobs=False)
        await judge_shift(world, ErrorCode="Error", Error="The totals differ.")
        await world.drive(40, jobs=False)
        task = (await world.causes())["d365_shift_in_error"]
        assert (task["owner"], task["stores"]) == ("store_operations", ["NY01"])
        assert task["what_happened"] == (
            "D365 has an error on shift 1 of till 1, store S1: “The totals differ.”."
        )
        await judge_shift(world, ErrorCode="Acknowledged")
        await world.drive(40, jobs=False)
        assert await world.causes() == {}
        await judge_shift(world, HasPendingOfflineTransactions="Yes", Error="")
        await world.drive(40, jobs=False)
        task = (await world.causes())["d365_shift_in_error"]
        assert "“receipts of shift 1 are still offline at the till”" in task["what_happened"]
        (till,) = await read_tills(world.services, "S1", date(2017, 12, 23)) or []
        assert till["d365_says"] == ["receipts of shift 1 are still offline at the till"]

    tell(story, tmp_path)


def test_a_posted_receipt_says_what_it_rests_on(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), return_of_one(2))
        await world.drive_until("posted")
        sale, back = await evidence(world, "T1"), await evidence(world, "T2")
        assert sale["evidence"][0].startswith(f"posted: statement {sale['d365_statement']} of 2017-12-")
        assert sale["evidence"][0].endswith(", by RetailStatementJourBIEntities")
        assert [line.partition(":")[0] for line in sale["evidence"]] == ["posted", "invoice", "vouchers"]
        kinds = [line.partition(":")[0] for line in back["evidence"]]
        assert kinds == ["posted", "credit note", "stock receipt", "vouchers"]
        assert "stock receipt: unknown" in back["evidence"][2]

    tell(story, tmp_path)


@pytest.mark.parametrize(
    ("hidden", "rests_at"),
    [
        ("RetailTransactionsAuditable", "sent"),
        ("RetailStatementJourBIEntities", "validated"),
        ("RetailEodStatementAggregations", "posted"),
        ("RetailTransactionValidationErrorBIEntities", "posted"),
        ("RetailTerminals", "posted"),
    ],
)
def test_a_set_that_is_hidden_makes_its_answer_unknown_and_nothing_else(
    tmp_path: Path, hidden: str, rests_at: str
) -> None:
    async def story(world: PostingWorld) -> None:
        await hide(world, hidden)
        await world.send(sale_document(1))
        await world.drive(80)
        assert await world.statuses() == {"T1": rests_at}
        telling = {"RetailTransactionsAuditable", "RetailStatementJourBIEntities"} & {hidden}
        assert set(await world.causes()) == ({"d365_evidence_missing"} if telling else set())
        await world.http.delete(f"{world.url}/_sim/contract")
        await world.drive_until("posted")

    tell(story, tmp_path)


@pytest.mark.parametrize("barred", ["RetailTransactionsAuditable", "RetailStatementJourBIEntities"])
def test_a_set_we_have_no_right_to_read_is_a_task_for_it_until_we_have(tmp_path: Path, barred: str) -> None:
    async def story(world: PostingWorld) -> None:
        await world.fault("status", status=403, text="Access denied", times=1000, path_contains=barred)
        await world.send(sale_document(1))
        await world.drive(80)
        (task,) = (await world.causes()).values()
        assert (task["code"], task["owner"]) == ("d365_evidence_missing", "it")
        assert f"rows of {barred}" in task["what_happened"]
        assert set((await world.statuses()).values()) <= {"sent", "validated"}
        await world.http.delete(f"{world.url}/_sim/faults")
        await world.drive_until("posted")
        await world.drive(40)
        assert await world.causes() == {}

    tell(story, tmp_path)


@pytest.mark.parametrize("turns_before", [0, 1])
def test_a_turn_asks_at_most_six_questions_and_at_most_every_quarter_of_an_hour(
    tmp_path: Path, turns_before: int
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(*(sale_document(number) for number in range(1, 4)))
        asked_at: list[datetime] = []
        before = 0
        most = 0
        for beat in range(60):
            await world.beat(jobs=beat >= 8 * turns_before)
            made = sum(world.services.d365.calls[kind] for kind in KINDS)
            most = max(most, made - before)
            if made > before:
                asked_at.append(world.hand())
            before = made
        assert most == CALLS_MAX == 6
        assert await world.statuses() == dict.fromkeys(("T1", "T2", "T3"), "posted")
        gaps = [(late - early).total_seconds() for early, late in pairwise(asked_at)]
        assert min(gaps) >= 900

    tell(story, tmp_path)


def test_one_old_open_day_does_not_ask_for_all_days_since() -> None:
    old, new, next_day = date(2017, 1, 2), date(2017, 12, 23), date(2017, 12, 24)
    assert _spells({next_day, old, new}) == [(old, old), (new, next_day)]


def test_too_many_spells_are_joined_over_the_shortest_gaps() -> None:
    days = {date(2017, month, day) for month in range(1, 13) for day in (1, 3)}
    spells = _spells(days)
    assert len(spells) == SPELLS_MAX == 20
    assert (date(2017, 1, 1), date(2017, 1, 3)) in spells
    assert (date(2017, 12, 1), date(2017, 12, 1)) in spells
    covered = [day for first, last in spells for day in days if first <= day <= last]
    assert sorted(covered) == sorted(days)
