"""What an attempt ends in, step by step: read back, sent again, halved, completed one by one, or done. D365 in process."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.errors import RetryableError
from shared.flows.posting.conclude import conclude
from shared.flows.posting.slot import Drive, take_lease
from shared.retail.reasons import cause
from shared.storage.causes import PACKAGE, Member, cause_row, cause_rows, open_causes
from shared.storage.protocols import Row, Value
from tests.contract.posting_in_process import posting_in_process
from tests.contract.posting_world import PostingWorld, WorkerDiedError
from tests.unit.documents import sale_document, shift_document, totals_of
from tests.unit.flow_services import run

ITEM = "The value 'D1001' in field 'ItemId' is not found in the related table 'InventTable'."
CONFLICT = "An update conflict occurred due to another user process."
TAX_LINES = "RetailTransactionTaxLines"
Story = Callable[[PostingWorld], Awaitable[None]]


def tell(story: Story) -> None:
    async def told() -> None:
        async with posting_in_process() as world:
            await world.sim("switches", {"error_keys_seconds": 0})
            await story(world)

    run(told())


async def sent(world: PostingWorld, count: int = 2, *more: dict[str, Any]) -> Drive:
    """Send receipts and let their package be imported; whoever would read it back dies, and the test takes over."""

    async def dies(_: str) -> None:
        if [row for row in await world.packages() if row.text("Stage") == "reading back"]:
            world.effects.meanwhile = None
            raise WorkerDiedError

    world.effects.meanwhile = dies
    await world.send(*(sale_document(number) for number in range(1, count + 1)), *more)
    for _ in range(20):
        await world.beat(jobs=False)
        if world.effects.meanwhile is None:
            break
    return await taken(world)


async def taken(world: PostingWorld) -> Drive:
    world.hand.turn(minutes=2)
    drive = await take_lease(world.services)
    assert drive is not None
    assert drive.package is not None
    return drive


async def concluded(world: PostingWorld, drive: Drive, **package: Value | None) -> tuple[Row, Row]:
    """Conclude the attempt; give the package and the slot as they are kept then."""
    await drive.save_package(**package)
    await conclude(world.services, drive)
    rows = world.services.tables.packages
    assert drive.package is not None
    with world.looking():
        kept = await rows.read("env-1", drive.package.key)
        slot = await rows.read("env-1", "slot~env-1")
    assert kept is not None
    assert slot is not None
    return kept, slot


def last_note(package: Row) -> str:
    return package.text("History").splitlines()[-1].partition(" ")[2]


async def nothing_there(world: PostingWorld, count: int = 2) -> Drive:
    await world.fault("zero_rows", times=1)
    return await sent(world, count)


async def refused(world: PostingWorld, text: str, count: int = 2) -> Drive:
    """Let every row of the package be refused in these words."""
    await world.fault("partial", entity="*", rows=10_000, text=text, times=1)
    return await sent(world, count)


async def told_of(world: PostingWorld, code: str) -> list[Row]:
    with world.looking():
        return [row async for row in cause_rows(world.services.tables.causes) if row.text("Reason") == code]


def test_what_is_there_as_sent_is_sent_and_the_slot_is_free() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        assert drive.package is not None
        name = drive.package.text("Package")
        package, slot = await concluded(world, drive)
        assert await world.statuses() == {"T1": "sent", "T2": "sent"}
        assert (package.text("Stage"), package.number("ReadBack"), last_note(package)) == (
            "done",
            2,
            "2 read back",
        )
        assert package.instant("EndedAt") == world.hand()
        assert json.loads(package.text("ControlReadBack")) == {
            "Transactions": {
                "GrossAmount": "-48", "NetAmount": "-40", "PaymentAmount": "48", "DiscountAmount": "0",
                "IncomeExpenseAmount": "0",
            }
        }  # fmt: skip
        counts = {one["entity"]: one["target_created"] for one in json.loads(package.text("Entities"))}
        assert counts == {
            "Transactions": 2, "Sales transactions V2": 2, "Payment transactions V2": 4, "Tax transactions": 2,
        }  # fmt: skip
        assert (slot.text("State"), slot.instant("FreedAt")) == ("free", world.hand())
        assert "ReceiptsMax" not in slot.values
        assert "Page" not in package.values
        assert await world.causes() == {}
        assert name

    tell(story)


def test_the_control_totals_leave_out_what_another_package_wrote() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        await world.change_header("east:T1", Comment="P-other")
        package, _ = await concluded(world, drive)
        assert json.loads(package.text("ControlReadBack"))["Transactions"]["GrossAmount"] == "-24"
        assert package.number("ReadBack") == 2

    tell(story)


def test_a_package_of_which_nothing_is_there_for_no_reason_goes_again_once() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await nothing_there(world)
        package, slot = await concluded(world, drive)
        assert (package.text("Stage"), package.number("Failures")) == ("built", 1)
        expected = "nothing of it is in D365 (nothing was imported, for no reason given): sending it again"
        assert last_note(package) == expected
        assert "Entities" in package.values
        assert slot.text("State") == "taken"
        assert await world.statuses() == {"T1": "sending", "T2": "sending"}
        assert await world.causes() == {}

    tell(story)


def test_the_second_time_its_receipts_go_one_by_one_and_it_is_told() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await nothing_there(world)
        package, slot = await concluded(world, drive, Failures=1)
        assert (package.text("Stage"), package.number("Failures"), package.number("ReadBack")) == (
            "done",
            2,
            2,
        )
        assert slot.text("State") == "free"
        assert await world.statuses() == {"T1": "sent", "T2": "sent"}
        (told,) = await told_of(world, "import_failed")
        assert (told.text("State"), told.text("EndedHow")) == ("ended", "settled by reading back")
        assert (told.text("Value"), told.number("Receipts")) == (package.text("Package"), 2)
        assert "nothing was imported, for no reason given" in told.text("WhatHappened") + told.text("Why")

    tell(story)


def test_what_d365_names_and_time_does_not_help_is_looked_at_one_by_one_at_once() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await refused(world, ITEM, 1)
        package, _ = await concluded(world, drive)
        assert (package.text("Stage"), await world.statuses()) == ("done", {"T1": "held"})
        assert list(await world.causes()) == ["d365_data_refused"]
        assert package.text("Page").startswith("https://d365.test/")

    tell(story)


@pytest.mark.parametrize(
    ("words", "failures", "stage"),
    [
        ("", 0, "built"), ("", 1, "done"),
        ("Nobody knows these words.", 0, "built"), ("Nobody knows these words.", 1, "done"),
        (ITEM, 0, "done"),
        (CONFLICT, 0, "built"), (CONFLICT, 1, "built"), (CONFLICT, 2, "built"), (CONFLICT, 3, "done"),
    ],
)  # fmt: skip
def test_how_often_a_package_goes_again_depends_on_d365s_words(words: str, failures: int, stage: str) -> None:
    async def story(world: PostingWorld) -> None:
        drive = await nothing_there(world)
        package, _ = await concluded(
            world, drive, FinalStatus="not taken", LastError=words or None, Failures=failures or None
        )
        assert (package.text("Stage"), package.number("Failures")) == (stage, failures + 1)
        reason = words or "nothing was imported, for no reason given"
        if stage == "built":
            assert last_note(package) == f"nothing of it is in D365 ({reason}): sending it again"
            assert "Entities" not in package.values
        else:
            (told,) = await told_of(world, "import_failed")
            texts = " ".join(told.text(name) for name in ("WhatHappened", "Why", "HoldsUp", "DoThis"))
            assert reason.rstrip(".") in texts

    tell(story)


def test_long_words_are_cut_in_the_history_and_in_what_is_told() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await nothing_there(world)
        long = "x" * 900
        package, _ = await concluded(world, drive, FinalStatus="not taken", LastError=long)
        assert last_note(package) == f"nothing of it is in D365 ({'x' * 200}): sending it again"
        await concluded(world, drive, Stage="reading back")
        (told,) = await told_of(world, "import_failed")
        texts = " ".join(told.text(name) for name in ("WhatHappened", "Why", "HoldsUp", "DoThis"))
        assert "x" * 500 in texts
        assert "x" * 501 not in texts

    tell(story)


def test_twenty_go_one_by_one_and_twenty_one_are_halved() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await nothing_there(world, 20)
        package, _ = await concluded(world, drive, Failures=1)
        assert (package.text("Stage"), set((await world.statuses()).values())) == ("done", {"sent"})

    async def larger(world: PostingWorld) -> None:
        drive = await nothing_there(world, 21)
        package, slot = await concluded(world, drive, Failures=1)
        assert (package.text("Stage"), package.number("Failures")) == ("built", 2)
        assert last_note(package) == "halved: 10 of 21 receipts go on"
        assert slot.number("ReceiptsMax") == 10
        rows = sorted((await world.receipts()).values(), key=lambda row: row.key)
        assert [row.text("Status") for row in rows] == ["sending"] * 10 + ["mapped"] * 11
        note = rows[10].text("History").splitlines()[-1].partition(" ")[2]
        assert note == "mapped: its package failed whole and is halved"
        assert [row.text("State") for row in await told_of(world, "import_failed")] == ["open"]

    tell(story)
    tell(larger)


def test_a_package_that_was_never_started_goes_again_however_often() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await nothing_there(world)
        package, _ = await concluded(world, drive, FinalStatus="never started", Readings=7)
        assert (package.text("Stage"), package.number("Readings")) == ("built", 8)
        assert last_note(package) == "2 not there: sending them again"
        assert "Failures" not in package.values
        assert "Entities" not in package.values

    tell(story)


def test_a_package_of_which_no_attempt_was_made_is_not_called_failed() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await nothing_there(world)
        package, _ = await concluded(world, drive, FinalStatus="", Attempt=0)
        assert (package.text("Stage"), package.number("Readings")) == ("built", 1)
        assert "Failures" not in package.values
        assert "Page" not in package.values

    tell(story)


@pytest.mark.parametrize(("readings", "stage"), [(0, "built"), (1, "built"), (2, "done"), (3, "done")])
def test_one_that_is_absent_goes_again_twice_and_then_by_itself(readings: int, stage: str) -> None:
    async def story(world: PostingWorld) -> None:
        await world.fault(
            "partial", entity="Transactions", transaction_numbers=["east:T2"], text=CONFLICT, times=1
        )
        drive = await sent(world)
        package, _ = await concluded(world, drive, Readings=readings or None)
        assert package.text("Stage") == stage
        expected = {"T1": "sent", "T2": "sending" if stage == "built" else "sent"}
        assert await world.statuses() == expected
        if stage == "built":
            assert package.number("Readings") == readings + 1
            assert last_note(package) == "1 not there: sending them again"
            assert "Entities" in package.values
        else:
            assert package.number("ReadBack") == 2

    tell(story)


def test_what_was_read_back_before_counts_in_the_end() -> None:
    async def story(world: PostingWorld) -> None:
        await world.fault(
            "partial", entity="Transactions", transaction_numbers=["east:T2"], text=CONFLICT, times=1
        )
        drive = await sent(world, 3)
        await concluded(world, drive)
        package, slot = await concluded(world, drive, Stage="reading back", Readings=2)
        assert (package.number("ReadBack"), last_note(package)) == (3, "3 read back")
        assert slot.text("State") == "free"

    tell(story)


def test_a_receipt_that_is_held_is_not_counted_as_read_back() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        await world.change_header("east:T1", GrossAmount=-99)
        package, _ = await concluded(world, drive)
        assert (package.number("ReadBack"), last_note(package)) == (1, "1 read back")
        assert await world.statuses() == {"T1": "held", "T2": "sent"}

    tell(story)


@pytest.mark.parametrize(("before", "after"), [(10, 20), (3499, 6998), (3500, 0), (5000, 0)])
def test_packages_grow_again_with_each_success(before: int, after: int) -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        await drive.remember(ReceiptsMax=before)
        _, slot = await concluded(world, drive)
        assert (slot.number("ReceiptsMax"), "ReceiptsMax" in slot.values) == (after, after > 0)

    tell(story)


def test_a_package_that_had_failed_makes_none_larger() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        await drive.remember(ReceiptsMax=10)
        _, slot = await concluded(world, drive, Failures=1)
        assert slot.number("ReceiptsMax") == 10

    tell(story)


@pytest.mark.parametrize(
    ("flag", "code"),
    [("TookLong", "import_takes_long"), ("AnswerLost", "import_answer_lost"), ("", "import_failed")],
)
def test_what_was_told_of_a_package_ends_with_it(flag: str, code: str) -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        assert drive.package is not None
        name = drive.package.text("Package")
        rows = [
            cause_row(cause(code, one), Member(PACKAGE, "", one), world.hand()) for one in (name, "P-other")
        ]
        await open_causes(world.services.tables.causes, rows)
        await concluded(world, drive, **({flag: True} if flag else {"Failures": 1}))
        states = {
            row.text("Value"): (row.text("State"), row.text("EndedHow")) for row in await told_of(world, code)
        }
        assert states == {name: ("ended", "settled by reading back"), "P-other": ("open", "")}

    tell(story)


def test_what_was_not_told_of_a_package_is_not_looked_for() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        assert drive.package is not None
        name, kinds = (
            drive.package.text("Package"),
            ("import_takes_long", "import_answer_lost", "import_failed"),
        )
        rows = [cause_row(cause(code, name), Member(PACKAGE, "", name), world.hand()) for code in kinds]
        await open_causes(world.services.tables.causes, rows)
        await concluded(world, drive)
        assert {row.text("State") for code in kinds for row in await told_of(world, code)} == {"open"}

    tell(story)


def test_trouble_with_d365_ends_with_its_answer() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        await drive.remember(Trouble="d365_silent", Strikes=3)
        why = cause("d365_silent", "env-1")
        await open_causes(
            world.services.tables.causes, [cause_row(why, Member(PACKAGE, "", "P1"), world.hand())]
        )
        _, slot = await concluded(world, drive)
        assert [row.text("State") for row in await told_of(world, "d365_silent")] == ["ended"]
        assert "Trouble" not in slot.values
        assert "Strikes" not in slot.values

    tell(story)


def test_a_d365_that_does_not_say_what_it_took_is_read_row_by_row(caplog: pytest.LogCaptureFixture) -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        action = "GetEntityExecutionSummaryStatusList"
        await world.fault("status", status=400, text="no such execution", path_contains=action, times=9)
        package, _ = await concluded(world, drive)
        assert (package.text("Stage"), package.number("ReadBack")) == ("done", 2)
        assert "Entities" not in package.values

    with caplog.at_level(logging.WARNING):
        tell(story)
    (told,) = [one for one in caplog.messages if one.startswith("D365 does not say what it took: ")]
    assert "no such execution" in told


def test_a_d365_that_does_not_say_what_went_wrong_is_read_row_by_row(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(world: PostingWorld) -> None:
        await world.fault(
            "partial", entity="Tax transactions", transaction_numbers=["east:T2"], text=ITEM, times=1
        )
        drive = await sent(world)
        await world.fault(
            "status", status=400, text="no such job", path_contains="GetExecutionErrors", times=9
        )
        package, _ = await concluded(world, drive)
        assert (package.text("Stage"), package.number("ReadBack")) == ("done", 2)
        assert "Page" not in package.values
        assert await world.causes() == {}

    with caplog.at_level(logging.WARNING):
        tell(story)
    (told,) = [one for one in caplog.messages if one.startswith("D365 does not say what went wrong: ")]
    assert "no such job" in told


def test_a_file_of_refused_keys_is_waited_for_ever_longer_and_then_the_receipts_rows_tell() -> None:
    async def story(world: PostingWorld) -> None:
        await world.fault(
            "partial", entity="Tax transactions", transaction_numbers=["east:T2"], text=CONFLICT, times=1
        )
        drive = await sent(world)
        await world.sim("switches", {"error_keys_seconds": 60})
        pauses = []
        for waits in range(1, 5):
            with pytest.raises(RetryableError, match="still writing") as caught:
                await conclude(world.services, drive)
            assert type(caught.value) is RetryableError
            pauses.append(caught.value.wait_seconds)
            assert drive.package is not None
            assert (drive.package.number("KeysWaits"), drive.package.text("Stage")) == (waits, "reading back")
        assert pauses == [5.0, 20.0, 80.0, 320.0]
        await conclude(world.services, drive)
        assert (drive.package.text("Stage"), drive.package.number("ReadBack")) == ("done", 2)
        assert (
            len(await world.rows(TAX_LINES)) == 2
        )  # whose row failed nobody said: each receipt was looked at

    tell(story)


async def without_its_tax(world: PostingWorld) -> None:
    """Let somebody in D365 take the tax line of a receipt away."""
    key = (
        "dataAreaId='usrt',OperatingUnitNumber='052',Terminal='NY01-1',TransactionNumber='east:T1',"
        "SalesLineNumber=1,TaxCode='V20'"
    )
    answer = await world.http.delete(
        f"{world.url}/data/{TAX_LINES}({key})?cross-company=true", headers={"If-Match": "*"}
    )
    assert answer.is_success, answer.text
    assert len(await world.rows(TAX_LINES)) == 1


def test_where_d365_does_not_count_its_rows_every_receipt_is_looked_at() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        await without_its_tax(world)
        action = "GetEntityExecutionSummaryStatusList"
        await world.fault("status", status=400, text="no such execution", path_contains=action, times=9)
        package, _ = await concluded(world, drive)
        assert (package.text("Stage"), package.number("ReadBack")) == ("done", 2)
        assert len(await world.rows(TAX_LINES)) == 2

    tell(story)


def test_where_the_import_was_not_seen_to_end_every_receipt_is_looked_at() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        await without_its_tax(world)
        await concluded(world, drive, FinalStatus="never started")
        assert await world.statuses() == {"T1": "sent", "T2": "sent"}
        assert len(await world.rows(TAX_LINES)) == 2

    tell(story)


def test_where_d365_counts_every_row_no_receipt_is_looked_at_row_by_row() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        before = len(world.effects.seen)
        await concluded(world, drive)
        asked = [one for one in world.effects.seen[before:] if one.startswith("d365")]
        assert asked == ["d365 POST GetEntityExecutionSummaryStatusList", "d365 GET RetailTransactions"]

    tell(story)


def test_receipts_named_for_different_reasons_are_looked_at_one_by_one_and_no_package_has_failed() -> None:
    async def story(world: PostingWorld) -> None:
        await world.fault(
            "partial", entity="Transactions", transaction_numbers=["east:T1"], text=ITEM, times=1
        )
        other = "The value 'C1' in field 'CustomerAccount' is not found in the related table 'CustTable'."
        await world.fault("partial", entity="Payment transactions V2", rows=10_000, text=other, times=1)
        drive = await sent(world, 1)
        package, _ = await concluded(world, drive)
        assert (package.text("Stage"), await world.statuses()) == ("done", {"T1": "sent"})
        assert await told_of(world, "import_failed") == []

    tell(story)


def test_a_receipt_that_somebody_wrote_meanwhile_is_looked_at_again() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await sent(world)
        await meanwhile_written(world, "group transactions")
        package, slot = await concluded(world, drive)
        assert (package.text("Stage"), slot.text("State")) == ("reading back", "taken")
        assert sorted((await world.statuses()).values()) == ["sending", "sent"]
        package, slot = await concluded(world, drive)
        assert (package.text("Stage"), package.number("ReadBack"), slot.text("State")) == ("done", 2, "free")

    tell(story)


async def meanwhile_written(world: PostingWorld, effect: str) -> None:
    """Let somebody write a receipt just before the app writes its receipts."""

    async def write(now: str) -> None:
        if now == effect:
            world.effects.meanwhile = None
            row = (await world.receipts())["T1"]
            with world.looking():
                await world.services.tables.transactions.replace(row.with_values(Note="seen"), row.etag)

    world.effects.meanwhile = write


def test_what_was_completed_and_written_by_somebody_meanwhile_is_looked_at_again() -> None:
    async def story(world: PostingWorld) -> None:
        await world.fault(
            "partial", entity="Tax transactions", transaction_numbers=["east:T1"], text=CONFLICT, times=1
        )
        drive = await sent(world, 1)
        await meanwhile_written(world, "group transactions")
        package, slot = await concluded(world, drive)
        assert (package.text("Stage"), slot.text("State")) == ("reading back", "taken")
        package, _ = await concluded(world, drive)
        assert (package.text("Stage"), package.number("ReadBack")) == ("done", 1)

    tell(story)


def test_one_by_one_too_what_somebody_wrote_meanwhile_is_looked_at_again() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await nothing_there(world, 1)
        await meanwhile_written(world, "group transactions")
        package, slot = await concluded(world, drive, Failures=1)
        assert (package.text("Stage"), slot.text("State"), package.number("Failures")) == (
            "reading back",
            "taken",
            2,
        )

    tell(story)


def test_more_suspects_than_a_step_takes_are_left_to_the_next() -> None:
    async def story(world: PostingWorld) -> None:
        await world.fault("partial", entity="Tax transactions", rows=10_000, text=CONFLICT, times=1)
        drive = await sent(world, 201)
        package, slot = await concluded(world, drive)
        assert (package.text("Stage"), slot.text("State")) == ("reading back", "taken")
        statuses = list((await world.statuses()).values())
        assert (statuses.count("sent"), statuses.count("sending")) == (200, 1)
        package, _ = await concluded(world, drive)
        assert (package.text("Stage"), package.number("ReadBack")) == ("done", 201)

    tell(story)


OPENED, CLOSED = "2017-12-23T08:00:00-05:00", "2017-12-23T12:30:00-05:00"


def shift_of(count: int, total: str, sales: str, tax: str) -> list[dict[str, Any]]:
    last = count + 2
    return [
        shift_document(1, "SHIFT_OPEN", "1", OPENED),
        *(sale_document(number, shift="1") for number in range(2, last)),
        shift_document(
            last, "SHIFT_CLOSE", "1", OPENED, CLOSED, totals_of(count, total, sales, tax, 1, last)
        ),
    ]


async def shift_going(world: PostingWorld) -> Drive:
    """Bring a shift's package to where it is to be read back: its receipts are in D365 before."""
    await world.send(*shift_of(2, "48.00", "40.00", "8.00"))
    seen: list[str] = []

    async def dies(_: str) -> None:
        for row in await world.packages():
            if row.text("Stage") == "reading back" and '"Shifts"' in row.text("Rows"):
                world.effects.meanwhile = None
                seen.append(row.text("Package"))
                raise WorkerDiedError

    world.effects.meanwhile = dies
    for _ in range(120):
        await world.beat(jobs=False, minutes=5)
        if seen:
            break
    assert seen
    return await taken(world)


def test_a_shift_that_landed_is_sent_with_the_end_of_its_package() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await shift_going(world)
        package, slot = await concluded(world, drive)
        assert (package.text("Stage"), slot.text("State"), await world.shifts()) == (
            "done",
            "free",
            {"1": "sent"},
        )

    tell(story)


def test_a_shift_that_somebody_wrote_meanwhile_is_looked_at_again() -> None:
    async def story(world: PostingWorld) -> None:
        drive = await shift_going(world)

        async def write(now: str) -> None:
            if now == "group shifts":
                world.effects.meanwhile = None
                with world.looking():
                    table = world.services.tables.shifts
                    (row,) = [one async for one in table.query("S1") if one.text("Record") == "shift"]
                    await table.replace(row.with_values(Note="seen"), row.etag)

        world.effects.meanwhile = write
        package, slot = await concluded(world, drive)
        assert (package.text("Stage"), slot.text("State")) == ("reading back", "taken")
        package, _ = await concluded(world, drive)
        assert (package.text("Stage"), await world.shifts()) == ("done", {"1": "sent"})

    tell(story)
