"""Attacks on posting and tracking that once got through: each ends by itself, or stands before somebody, and never for ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from shared.flows.ingest_transactions import ingest_transactions
from shared.pos.registry import ADAPTERS
from tests.contract.posting_world import SETUP, PostingWorld, WorkerDiedError, posting_world
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER, run

Story = Callable[[PostingWorld], Awaitable[None]]
IMPORT = "POST ImportFromPackage"


def tell(story: Story, folder: Path) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            await story(world)

    run(told())


def on_day(number: int, day: str) -> dict[str, Any]:
    return sale_document(number, business_day=day)


def test_a_file_of_failed_keys_that_never_comes_does_not_hold_the_slot_for_ever(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("switches", {"error_keys_file": "never"})
        await world.send(sale_document(1), sale_document(2))
        await world.fault("partial", entity="Sales transactions V2", transaction_numbers=["east:T2"], times=1)
        await world.drive_until("posted", minutes_max=120)
        assert await world.ledger() == (2, {"1": "48"})
        assert await world.calls("POST GenerateImportTargetErrorKeysFile") <= 6

    tell(story, tmp_path)


def test_a_lost_answer_about_missing_receipts_leaves_the_other_store_days_moving(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), sale_document(2))
        await world.drive_until("sent", jobs=False)
        await world.sim("people/delete", {"TransactionNumber": "east:T1"})
        await world.fault("throttle", retry_after_seconds=3600, times=1, path_contains="/RetailTransactions")
        while "d365_throttled" not in await world.causes():
            await world.beat()
        calls = await world.all_calls()
        await world.drive(58)
        assert await world.all_calls() == calls
        await world.drive_until("posted", "held")
        assert await world.statuses() == {"T1": "held", "T2": "posted"}
        assert list(await world.causes()) == ["gone_from_d365"]

    tell(story, tmp_path)


def test_a_receipt_that_somebody_marks_while_it_is_read_back_does_not_stay_behind(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), sale_document(2))
        done = []

        async def another_version(effect: str) -> None:
            if effect == "d365 GET RetailTransactions" and await world.calls(IMPORT) and not done:
                done.append(effect)
                (line,) = sale_document(1)["lines"]
                other = sale_document(1, lines=[line | {"description": "another"}], operator="somebody")
                call = call_of(other)
                verdicts = await ingest_transactions(world.services, SENDER, ADAPTERS["canonical"], call)
                assert [one.verdict for one in verdicts] == ["conflict"]

        world.effects.meanwhile = another_version
        await world.drive_until("posted", minutes_max=120)
        assert done
        assert await world.ledger() == (2, {"1": "48"})

    tell(story, tmp_path)


def test_a_lost_answer_to_shifts_written_one_by_one_is_asked_about(tmp_path: Path) -> None:
    pass


def test_lines_without_their_header_do_not_hold_the_slot_for_ever(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("switches", {"child_without_header": "accept"})
        await world.send(sale_document(1))
        await world.drive_until("sent", jobs=False)
        lines = await world.rows("RetailTransactionSalesLinesV2")
        await world.sim("people/delete", {"TransactionNumber": "east:T1"})
        while "gone_from_d365" not in await world.causes():
            await world.beat(jobs=False)
        headers = {**await world._bearer()}
        line = {name: value for name, value in lines[0].items() if not name.startswith("@")}
        answer = await world.http.post(
            f"{world.url}/data/RetailTransactionSalesLinesV2?cross-company=true",
            content=__import__("json").dumps(line, default=float),
            headers={**headers, "Content-Type": "application/json"},
        )
        assert answer.is_success, answer.text
        await release(world, "gone_from_d365")
        before = await world.all_calls()
        await world.drive_until("posted", minutes_max=120)
        assert await world.ledger() == (1, {"1": "24"})
        assert await world.all_calls() - before < 60

    tell(story, tmp_path)


async def release(world: PostingWorld, code: str) -> None:
    from shared.flows.release_exceptions import release_exceptions
    from tests.unit.flow_services import DESK

    fingerprint = (await world.causes())[code]["fingerprint"]
    assert await release_exceptions(world.services, fingerprint, DESK, "put right") is not None


def test_a_validated_receipt_that_headquarters_refuses_later_is_told(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.drive_until("sent", jobs=False)
        await world.sim("jobs/validate", {})
        await world.drive_until("validated", jobs=False)
        await world.sim(
            "people/edit",
            {
                "set": "RetailTransactionSalesLinesV2",
                "TransactionNumber": "east:T1",
                "changes": {"Quantity": -3},
            },
        )
        for _ in range(30):
            await world.beat()
        assert await world.statuses() == {"T1": "held"}, await world.rows("RetailTransactionsAuditable")
        assert list(await world.causes()) == ["validation_failed"]

    tell(story, tmp_path)


def closed_books() -> list[dict[str, Any]]:
    return [SETUP["legal_entities"][0] | {"open_periods": [["2018-01-01", "2018-01-31"]]}]


def test_a_refused_receipt_that_finance_deletes_in_d365_can_be_released(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("setup", {"legal_entities": closed_books()})
        await world.send(sale_document(1))
        await world.drive_until("held")
        await world.sim("people/delete", {"TransactionNumber": "east:T1"})
        await world.sim("setup", {"legal_entities": SETUP["legal_entities"]})
        await world.drive(60)
        assert list(await world.causes()) == ["gone_from_d365"]
        await release(world, "gone_from_d365")
        await world.drive_until("posted")
        assert await world.ledger() == (1, {"1": "24"})
        assert await world.causes() == {}

    tell(story, tmp_path)


def test_a_worker_that_dies_after_a_held_receipt_went_on_leaves_no_cause_behind(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("setup", {"legal_entities": closed_books()})
        await world.send(sale_document(1))
        await world.drive_until("held")
        await world.sim("setup", {"legal_entities": SETUP["legal_entities"]})

        async def die(effect: str) -> None:
            row = (await world.receipts())["T1"]
            if row.text("Status") != "held" and not died:
                died.append(effect)
                world.effects.dead = True
                raise WorkerDiedError

        died: list[str] = []
        world.effects.meanwhile = die
        await world.drive_until("posted")
        await world.drive(60)
        assert died
        assert await world.causes() == {}

    tell(story, tmp_path)
