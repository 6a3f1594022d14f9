"""Attacks on posting and tracking that once got through: each ends by itself, or stands before somebody, and never for ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from shared.errors import RetryableError, UnknownOutcomeError
from shared.flows.ingest_transactions import ingest_transactions
from shared.pos.registry import ADAPTERS
from tests.contract.posting_world import SETUP, PostingWorld, WorkerDiedError, posting_world
from tests.unit.documents import call_of, sale_document, shift_document
from tests.unit.flow_services import SENDER, run

Story = Callable[[PostingWorld], Awaitable[None]]
IMPORT = "POST ImportFromPackage"


def tell(story: Story, folder: Path) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            await story(world)

    run(told())


def test_a_file_of_failed_keys_that_never_comes_does_not_hold_the_slot_for_ever(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.sim("switches", {"error_keys_file": "never"})
        await world.send(sale_document(1), sale_document(2))
        await world.fault("partial", entity="Sales transactions V2", transaction_numbers=["east:T2"], times=1)
        await world.drive_until("posted", minutes_max=120)
        assert await world.ledger() == (2, {"1": "48"})
        assert await world.calls("POST GenerateImportTargetErrorKeysFile") <= 6

    tell(story, tmp_path)


@pytest.mark.parametrize(
    "action",
    ["GetImportTargetErrorKeysFileUrl", "GetExecutionErrors", "GetEntityExecutionSummaryStatusList"],
)
def test_what_d365_will_not_say_of_an_import_does_not_hold_the_slot_for_ever(
    tmp_path: Path, action: str
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1), sale_document(2))
        await world.fault("partial", entity="Sales transactions V2", transaction_numbers=["east:T2"], times=1)
        await world.fault("status", status=404, text="The execution was not found.", action=action, times=99)
        await world.drive_until("posted", minutes_max=120)
        assert await world.ledger() == (2, {"1": "48"})

    tell(story, tmp_path)


def test_what_d365_did_not_show_is_asked_about_once_for_all_store_days(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await deleted_on_three_days(world)
        before = world.services.d365.calls["read_by_key"]
        await world.drive_until("held", "posted")
        assert await world.statuses() == {"T1": "held", "T2": "held", "T3": "held", "T4": "posted"}
        assert world.services.d365.calls["read_by_key"] - before == 1

    tell(story, tmp_path)


def test_trouble_with_what_d365_did_not_show_is_told_and_stops_no_other_store_day(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await deleted_on_three_days(world)
        world.effects.meanwhile = throttled_once(world, "d365 GET RetailTransactions")
        while "d365_throttled" not in await world.causes():
            await world.beat()
        calls = await world.all_calls()
        await world.drive(58)
        assert await world.all_calls() == calls
        await world.drive_until("held", "posted")
        assert await world.statuses() == {"T1": "held", "T2": "held", "T3": "held", "T4": "posted"}
        assert list(await world.causes()) == ["gone_from_d365"]

    tell(story, tmp_path)


async def deleted_on_three_days(world: PostingWorld) -> None:
    """Receipts of three business days are in D365, and somebody deletes them there; one stays."""
    days = ("2017-12-21", "2017-12-22", "2017-12-23", "2017-12-23")
    await world.send(*(sale_document(number, business_day=day) for number, day in enumerate(days, start=1)))
    await world.drive_until("sent", jobs=False)
    for number in (1, 2, 3):
        await world.sim("people/delete", {"TransactionNumber": f"east:T{number}"})


def throttled_once(world: PostingWorld, call: str) -> Callable[[str], Awaitable[None]]:
    """D365 asks for an hour at the next call of this name."""
    done: list[str] = []

    async def throttle(effect: str) -> None:
        if effect == call and not done:
            done.append(effect)
            await world.fault("throttle", retry_after_seconds=3600, times=1, path_contains=call.split()[-1])

    return throttle


def test_posting_too_waits_for_as_long_as_tracking_was_told_to(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.drive_until("sent", jobs=False)
        await world.fault("throttle", retry_after_seconds=3600, times=1, path_contains="Auditable")
        while "d365_throttled" not in await world.causes():
            await world.beat()
        calls = await world.all_calls()
        await world.send(sale_document(2))
        await world.drive(56)
        assert await world.all_calls() == calls
        await world.drive_until("posted")
        assert await world.ledger() == (2, {"1": "48"})

    tell(story, tmp_path)


@pytest.mark.parametrize("trouble", [RetryableError("storage is busy"), UnknownOutcomeError("no answer")])
def test_d365s_time_to_come_back_is_kept_though_storage_will_not_write_where_the_package_stands(
    tmp_path: Path, trouble: Exception
) -> None:
    async def story(world: PostingWorld) -> None:
        failed: list[str] = []

        async def fails_once(effect: str) -> None:
            if effect == "replace packages" and f"d365 {IMPORT}" in world.effects.seen and not failed:
                failed.append(effect)
                raise trouble

        await world.send(sale_document(1))
        await world.fault("throttle", retry_after_seconds=2400, times=1, path_contains="ImportFromPackage")
        world.effects.meanwhile = fails_once
        await world.beat()
        assert failed
        assert list(await world.causes()) == ["d365_throttled"]
        calls = await world.all_calls()
        await world.drive(38)
        assert await world.all_calls() == calls
        await world.drive_until("posted", minutes_max=300)
        assert await world.ledger() == (1, {"1": "24"})
        assert await world.causes() == {}

    tell(story, tmp_path)


def test_an_import_that_starts_late_after_a_429_is_not_sent_again_beside_it(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.fault("slow_start", seconds=1200, times=1)
        await world.fault("status_after", status=429, times=1, action="ImportFromPackage")
        await world.drive_until("posted")
        assert await world.calls(IMPORT) == 1
        assert await world.ledger() == (1, {"1": "24"})

    tell(story, tmp_path)


def test_two_receipts_whose_numbers_differ_by_case_only_are_two_in_d365(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        (line,) = sale_document(1)["lines"]
        await world.send(
            sale_document(1, transaction_id="a1", lines=[line]),
            sale_document(2, transaction_id="A1"),
        )
        await world.drive_until("posted", "held")
        assert await world.statuses() == {"a1": "posted", "A1": "posted"}
        assert await world.ledger() == (2, {"1": "48"})

    tell(story, tmp_path)


def test_a_release_that_died_half_way_ends_its_cause_when_it_is_done_again(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        text = "Blue moon in view."
        await world.fault("partial", entity="Tax transactions", transaction_numbers=["east:T1"], text=text)
        await world.drive_until("held")
        (code,) = await world.causes()

        async def die(effect: str) -> None:
            if (await world.receipts())["T1"].text("Status") != "held":
                world.effects.dead = True
                raise WorkerDiedError

        world.effects.meanwhile = die
        with pytest.raises(WorkerDiedError):
            await release(world, code)
        world.effects.meanwhile, world.effects.dead = None, False
        world.hand.turn(minutes=2)  # nobody drives it any more
        await release(world, code)
        assert await world.causes() == {}

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
    async def story(world: PostingWorld) -> None:
        lost: list[str] = []

        async def lose(effect: str) -> None:
            if effect == "d365 POST $batch" and not lost:
                found = (await world.statuses()).values()
                if "sent" in found and "sending" not in found:
                    lost.append(effect)
                    await world.fault("lose_answer", action="$batch")

        opened, closed_at = "2017-12-23T08:00:00-05:00", "2017-12-23T12:30:00-05:00"
        await world.send(shift_document(1, "SHIFT_OPEN", "1", opened), sale_document(2, shift="1"))
        await world.drive_until("sent", "excluded", jobs=False)
        await world.fault("zero_rows", times=2)
        await world.send(
            shift_document(3, "SHIFT_CLOSE", "1", opened, closed_at),
            shift_document(4, "SHIFT_OPEN", "2", "2017-12-23T12:40:00-05:00"),
            sale_document(5, shift="2", completed_at="2017-12-23T12:50:00-05:00"),
        )
        world.effects.meanwhile = lose
        await world.drive(120)
        assert lost
        assert (await world.shifts())["1"] == "sent"
        assert await world.causes() == {}

    tell(story, tmp_path)


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


def test_a_receipt_that_was_never_in_d365_as_sent_goes_on_when_a_person_says_it_is_put_right(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.send(sale_document(1))
        await world.beat()
        world.hand.turn(minutes=1)
        await world.settle()
        await world.change_header("east:T1", GrossAmount=-99)
        await world.drive_until("held")
        await release(world, "changed_in_d365")
        await world.drive(60)
        assert (await world.statuses(), list(await world.causes())) == ({"T1": "held"}, ["changed_in_d365"])
        await world.change_header("east:T1", GrossAmount=-24)
        await release(world, "changed_in_d365")
        await world.drive_until("posted")
        assert await world.calls(IMPORT) == 1
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
