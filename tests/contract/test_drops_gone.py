"""Movements of the cash office that somebody deletes in D365, before and after their shift's financial statement posted them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.errors import ForbiddenError
from shared.flows.decide_write_off import decide_write_off
from shared.flows.propose_write_off import propose_write_off
from shared.flows.release_exceptions import release_exceptions
from shared.flows.tracking.absent import ask_by_key, missing_of
from shared.settings import Person
from shared.storage.due import TRACK, Due, note_due
from tests.contract.posting_world import SETUP, PostingWorld, posting_world
from tests.unit.documents import sale_document, shift_document
from tests.unit.flow_services import DESK, run
from tests.unit.test_cash_office import movement_document

Story = Callable[[PostingWorld], Awaitable[None]]
OPENED, CLOSED = "2017-12-23T08:00:00-05:00", "2017-12-23T12:30:00-05:00"
DROP = {"TransactionNumber": "east:T2"}
FIRST, SECOND = (Person(name, frozenset({"finance"}), "") for name in ("first clerk", "second clerk"))
NOT_SAID = "D365 does not say which statement that shift is in"


def tell(story: Story, folder: Path, *, shown: bool = True) -> None:
    async def told() -> None:
        async with posting_world(folder) as world:
            d365 = replace(world.services.settings.d365, cash_office="packages")
            world.services.settings = replace(world.services.settings, d365=d365)
            (cash, card) = SETUP["tender_types"]
            accounts = {
                "BankBagLedgerDimensionDisplayValue": "110111", "SafeAccLedgerDimensionDisplayValue": "110112",
            }  # fmt: skip
            await world.sim("setup", SETUP | {"tender_types": [cash | accounts, card]})
            await world.sim("switches", {"statement_of_shift": "shown" if shown else "hidden"})
            await story(world)

    run(told())


async def drop_is_sent(world: PostingWorld, kind: str = "BANK_DROP", amount: str = "-20.00") -> None:
    """A sale and a movement of one shift that is closed go to D365; headquarters does nothing yet."""
    closing = shift_document(9, "SHIFT_CLOSE", "1", OPENED, CLOSED)
    await world.send(
        sale_document(1, shift="1"), movement_document(2, kind, amount) | {"shift": "1"}, closing
    )
    await world.drive_until("sent", "excluded", jobs=False)
    await world.drive(120, jobs=False)
    assert (await world.shifts())["1"] == "sent"


async def shifts_in_d365(world: PostingWorld) -> dict[int, str]:
    state = await world.sim("state")
    return {int(one["BatchShiftId"]): one["StatementId"] for one in state["shifts"]}


async def posted_drops(world: PostingWorld) -> int:
    """Count the lines of cash in posted financial statements that have something banked; none may be there twice."""
    await world.ledger()
    lines = await world.rows("RetailStatementTransBIEntities")
    return sum(1 for one in lines if one["bankedAmount"] or one["addedToDrawer"] or one["removedFromDrawer"])


async def held_for(world: PostingWorld) -> str:
    row = (await world.receipts())["T2"]
    return row.text("Cause") if row.text("Status") == "held" else row.text("Status")


async def look_until(world: PostingWorld, wanted: str, *, jobs: bool = False) -> None:
    for _ in range(90):
        if await held_for(world) == wanted:
            return
        await world.beat(jobs=jobs)
    raise AssertionError(await held_for(world))


@pytest.mark.parametrize(
    ("kind", "amount"), [("BANK_DROP", "-20.00"), ("SAFE_DROP", "-20.00"), ("FLOAT", "20.00"), ("PICKUP", "-20.00")]
)  # fmt: skip
def test_a_movement_whose_shift_is_posted_is_held_and_no_release_sends_it_a_second_time(
    tmp_path: Path, kind: str, amount: str
) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world, kind, amount)
        await world.headquarters()
        ((number, statement),) = (await shifts_in_d365(world)).items()
        assert statement
        await world.sim("people/delete", DROP)
        await look_until(world, "drop_gone_from_d365")
        told = (await world.causes())["drop_gone_from_d365"]
        assert f"shift {number} of NY01-1 is in {statement}" in told["what_happened"]
        assert told["owner"] == "finance"
        released = await release_exceptions(world.services, told["fingerprint"], DESK, "it belongs there")
        assert released is not None
        assert released.receipts == 0
        await world.drive(180)
        assert await held_for(world) == "drop_gone_from_d365"
        assert "east:T2" not in " ".join(await world.in_d365())
        await world.ledger()

    tell(story, tmp_path)


def test_a_movement_that_is_never_sent_again_is_closed_by_two_people_of_finance(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        await world.headquarters()
        await world.sim("people/delete", DROP)
        await look_until(world, "drop_gone_from_d365")
        which = ("S1", "east", "T2")
        await propose_write_off(world.services, *which, FIRST, "STMT-0000002 has its 20.00")
        with pytest.raises(ForbiddenError):
            await decide_write_off(world.services, *which, FIRST, "seen", approve=True)
        await decide_write_off(world.services, *which, SECOND, "seen in the statement", approve=True)
        await world.drive(180)
        assert await held_for(world) == "written off"
        assert await world.causes() == {}
        assert await posted_drops(world) == 1

    tell(story, tmp_path)


def test_where_d365_does_not_say_in_which_statement_a_shift_is_the_movement_is_held_as_well(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        await world.sim("people/delete", DROP)
        await look_until(world, "drop_gone_from_d365")
        assert NOT_SAID in (await world.causes())["drop_gone_from_d365"]["what_happened"]

    tell(story, tmp_path, shown=False)


def test_a_movement_whose_shift_is_in_no_statement_goes_again_when_a_person_says_so_and_is_posted_once(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        await world.sim("people/delete", DROP)
        await look_until(world, "gone_from_d365")
        told = (await world.causes())["gone_from_d365"]
        released = await release_exceptions(world.services, told["fingerprint"], DESK, "it belongs there")
        assert released is not None
        assert released.receipts == 1
        await look_until(world, "sent")
        await world.drive(60)
        assert await posted_drops(world) == 1
        assert (await world.receipts())["T2"].text("SentIn").count("\n") == 0

    tell(story, tmp_path)


def test_a_shift_that_is_posted_only_after_a_movement_was_found_gone_does_not_keep_it_back(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        await world.sim("people/delete", DROP)
        await look_until(world, "gone_from_d365")
        told = (await world.causes())["gone_from_d365"]
        await world.sim("jobs/statements/financial", {})
        assert all((await shifts_in_d365(world)).values())
        await release_exceptions(world.services, told["fingerprint"], DESK, "it belongs there")
        await look_until(world, "sent")

    tell(story, tmp_path)


def test_a_receipt_that_is_no_movement_is_gone_whatever_became_of_its_shift(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        await world.sim("jobs/statements/financial", {})
        assert all((await shifts_in_d365(world)).values())
        await world.sim("people/delete", {"TransactionNumber": "east:T1"})
        await world.drive(60, jobs=False)
        row = (await world.receipts())["T1"]
        assert (row.text("Status"), row.text("Cause")) == ("held", "gone_from_d365")
        assert world.services.d365.calls["shift_statements"] == 0

    tell(story, tmp_path)


def test_one_that_is_looked_at_again_and_still_gone_stays_held_as_it_is_and_told(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        await world.headquarters()
        await world.sim("people/delete", DROP)
        await look_until(world, "drop_gone_from_d365")
        before, asked = (await world.receipts())["T2"], world.services.d365.calls["shift_statements"]
        due = Due(TRACK, "S1", date(2017, 12, 23), world.services.now())
        await note_due(world.services.tables.due, [due])
        await world.drive(40, jobs=False)
        assert world.services.d365.calls["shift_statements"] > asked
        assert (await world.receipts())["T2"].text("History") == before.text("History")
        assert "drop_gone_from_d365" in await world.causes()

    tell(story, tmp_path)


def test_one_that_somebody_changed_first_and_then_deleted_is_held_for_its_shift_alone(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        await world.headquarters()
        await world.change_header("east:T2", PaymentAmount=-3)
        await look_until(world, "changed_in_d365")
        await world.sim("people/delete", DROP)
        await look_until(world, "drop_gone_from_d365")
        assert set(await world.causes()) == {"drop_gone_from_d365"}

    tell(story, tmp_path)


def test_one_that_d365_shows_again_as_it_was_sent_goes_on_by_itself(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        await world.headquarters()
        await world.sim("snapshot", {"name": "copy"})
        await world.sim("people/delete", DROP)
        await look_until(world, "drop_gone_from_d365")
        await world.sim("restore", {"name": "copy"})
        await look_until(world, "sent")
        assert "drop_gone_from_d365" not in await world.causes()

    tell(story, tmp_path)


def test_after_a_restore_to_before_the_statement_one_that_is_not_there_may_be_released(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        await world.sim("people/delete", DROP)
        await world.sim("snapshot", {"name": "copy"})
        await world.headquarters()
        await look_until(world, "drop_gone_from_d365")
        await world.sim("restore", {"name": "copy"})
        await note_due(
            world.services.tables.due, [Due(TRACK, "S1", date(2017, 12, 23), world.services.now())]
        )
        await look_until(world, "gone_from_d365")
        assert "drop_gone_from_d365" not in await world.causes()

    tell(story, tmp_path)


async def half_of_it_is_there(world: PostingWorld) -> str:
    """Somebody else's header stands under the movement's number; it is held for that, and taken out. Give the cause."""
    await world.write_receipt(
        "east:T2", TransactionType="BankDrop", BatchTerminalId="NY01-1", PaymentAmount=-3
    )
    closing = shift_document(9, "SHIFT_CLOSE", "1", OPENED, CLOSED)
    drop = movement_document(2, "BANK_DROP", "-20.00") | {"shift": "1"}
    await world.send(sale_document(1, shift="1"), drop, closing)
    await world.drive_until("sent", "excluded", "held", jobs=False)
    while (await world.shifts())["1"] != "sent":  # it waits for what is held until the day's statement is due
        await world.beat(jobs=False, minutes=30)
    return str((await world.causes())["changed_in_d365"]["fingerprint"])


@pytest.mark.parametrize(
    ("is_posted", "ends_as"), [(True, "drop_gone_from_d365"), (False, "sent")], ids=["posted", "in none"]
)
def test_what_was_there_half_and_is_released_once_it_was_taken_out_goes_only_if_its_shift_is_in_no_statement(
    tmp_path: Path, is_posted: bool, ends_as: str
) -> None:
    async def story(world: PostingWorld) -> None:
        fingerprint = await half_of_it_is_there(world)
        if is_posted:
            await world.sim("jobs/statements/financial", {})
            assert all((await shifts_in_d365(world)).values())
        await world.sim("people/delete", DROP)
        released = await release_exceptions(world.services, fingerprint, DESK, "taken out")
        assert released is not None
        assert released.receipts == 1
        await world.deliver()
        for _ in range(60):
            if await held_for(world) == ends_as:
                break
            world.hand.turn(minutes=2)
            await world.settle()
            await world.ring_and_deliver()
        assert await held_for(world) == ends_as

    tell(story, tmp_path)


def test_what_is_there_half_and_is_released_is_read_back_whatever_became_of_its_shift(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        fingerprint = await half_of_it_is_there(world)
        await world.sim("jobs/statements/financial", {})
        assert all((await shifts_in_d365(world)).values())
        await release_exceptions(world.services, fingerprint, DESK, "put right")
        assert await held_for(world) == "received"
        await look_until(world, "changed_in_d365")
        assert world.services.d365.calls["shift_statements"] == 0

    tell(story, tmp_path)


def test_one_that_is_there_again_when_its_release_is_sent_is_read_back_and_its_shift_not_asked(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        await world.sim("snapshot", {"name": "as typed in"})
        await world.sim("people/delete", DROP)
        await look_until(world, "gone_from_d365")
        told = (await world.causes())["gone_from_d365"]
        await release_exceptions(world.services, told["fingerprint"], DESK, "it belongs there")
        await world.sim("restore", {"name": "as typed in"})
        before = world.services.d365.calls["shift_statements"]
        await look_until(world, "sent")
        assert world.services.d365.calls["shift_statements"] == before

    tell(story, tmp_path)


def test_the_shift_is_asked_after_the_header_and_only_where_two_calls_are_left(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        receipts = await world.receipts()
        missing = missing_of([receipts["T1"], receipts["T2"]])
        assert [len(shifts) for shifts in missing.values()] == [0, 1]
        seen: list[str] = []

        async def note(effect: str) -> None:
            seen.append(effect)

        there = await ask_by_key(world.services, missing, 2)
        assert (len(there.headers), there.statements, there.waiting) == (2, {}, frozenset())
        assert world.services.d365.calls["shift_statements"] == 0
        await world.sim("people/delete", DROP)
        waits = await ask_by_key(world.services, missing, 1)
        assert {one.transaction_number for one in waits.waiting} == {"east:T2"}
        assert world.services.d365.calls["shift_statements"] == 0
        world.effects.meanwhile = note
        asked = await ask_by_key(world.services, missing, 2)
        assert (list((asked.statements or {}).values()), asked.waiting) == ([""], frozenset())
        assert [one for one in seen if "d365" in one] == [
            "d365 GET RetailTransactions", "d365 GET RetailPosBatches",
        ]  # fmt: skip

    tell(story, tmp_path)


def test_where_a_turn_has_no_second_call_left_the_movement_waits_for_the_next_which_keeps_two(
    tmp_path: Path,
) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        await world.sim("statements/fail", {"state": "PaymentsPosted", "times": 50})
        await world.sim("jobs/validate", {})
        await world.sim("jobs/statements/transactional", {})
        await world.sim("people/delete", DROP)
        told: list[tuple[str, int, int]] = []
        for _ in range(40):
            before, asked = await world.all_calls(), world.services.d365.calls["read_by_key"]
            await world.beat(jobs=False)
            calls = await world.all_calls() - before
            if calls:
                asked = world.services.d365.calls["read_by_key"] - asked
                told.append((await held_for(world), calls, asked))
            if await held_for(world) == "gone_from_d365":
                break
        # The statement that stands still costs three calls each turn, and the states of shifts and tills two; so at first one is
        # left, for the header. The next turn leaves one of the states out.
        assert told == [("sent", 6, 1), ("gone_from_d365", 6, 1)]

    tell(story, tmp_path)


def test_d365_that_is_busy_when_asked_for_the_shift_moves_nothing_and_is_asked_again(tmp_path: Path) -> None:
    async def story(world: PostingWorld) -> None:
        await drop_is_sent(world)
        await world.sim("people/delete", DROP)
        asked: list[str] = []

        async def busy_next(effect: str) -> None:
            if effect == "d365 GET RetailTransactions" and not asked:
                asked.append(effect)
                await world.fault("status", status=503, times=1, action="RetailPosBatches")

        world.effects.meanwhile = busy_next
        failed: Any = None
        for _ in range(20):
            await world.beat(jobs=False)
            failed = failed or ("d365_throttled" in await world.causes() and await held_for(world))
        assert failed == "sent"
        assert await held_for(world) == "gone_from_d365"
        assert "d365_throttled" not in await world.causes()

    tell(story, tmp_path)
