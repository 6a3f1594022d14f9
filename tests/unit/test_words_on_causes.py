"""What people say of causes: whose it is, notes, set aside until; who may, and what is recorded."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import ForbiddenError, RejectedError
from shared.flows.assign_cause import assign_cause
from shared.flows.note_cause import note_cause
from shared.flows.set_cause_aside import set_cause_aside
from shared.settings import Person
from shared.storage.audit import audit_of
from tests.unit.alerted import Desk, desk, interleave, utc
from tests.unit.flow_services import DESK, run

CLERK = Person("retail clerk", frozenset({"retail_systems"}), hashlib.sha256(b"clerk").hexdigest())


async def held(*, looked_at: bool = True) -> tuple[Desk, str]:
    one = await desk()
    one.services.settings = replace(one.services.settings, people=(DESK, CLERK))
    await one.hold(10)
    if looked_at:
        await one.beat(minutes=2)
    return one, (await one.the())["fingerprint"]


async def recorded(one: Desk) -> list[tuple[Any, ...]]:
    rows = [row async for row in audit_of(one.services.tables.audit, "causes")]
    return [(row.text("Who"), row.text("Did"), row.text("Reason"), row.text("Evidence")) for row in rows]


@pytest.mark.parametrize("looked_at", [True, False], ids=["known", "not looked at yet"])
def test_a_cause_is_given_to_a_person_noted_and_recorded(looked_at: bool) -> None:
    async def story() -> None:
        one, fingerprint = await held(looked_at=looked_at)
        assert await assign_cause(one.services, fingerprint, DESK.name, DESK, "finance has it")
        one.hand.turn(minutes=5)
        assert await note_cause(one.services, fingerprint, "the provider is asked", DESK)
        found = await one.the()
        assert (found["assigned_to"], found["phase"]) == (DESK.name, "ongoing")
        mine = [line for line in found["history"] if not line["text"].startswith("told")]
        assert [line["text"] for line in mine] == [
            "new: 10 receipts of 1 store",
            "given to store operations desk by store operations desk: finance has it",
            "note by store operations desk: the provider is asked",
        ]
        assert mine[-1]["at"] == one.hand.at.isoformat()
        assert await recorded(one) == [
            (DESK.name, "gave a cause to store operations desk", "finance has it", fingerprint),
            (DESK.name, "wrote a note on a cause", "the provider is asked", fingerprint),
        ]
        await one.beat(minutes=2)
        assert (await one.the())["assigned_to"] == DESK.name
        assert one.receiver.events() == ["new"]

    run(story())


def test_a_cause_is_given_only_to_somebody_who_answers_for_it_and_may_be_given_back() -> None:
    async def story() -> None:
        one, fingerprint = await held()
        for name in (CLERK.name, "nobody we know"):
            with pytest.raises(RejectedError) as caught:
                await assign_cause(one.services, fingerprint, name, DESK, "x")
            assert caught.value.expected == "one of: store operations desk"
        assert await recorded(one) == []
        await assign_cause(one.services, fingerprint, DESK.name, CLERK, "x")
        await assign_cause(one.services, fingerprint, "", CLERK, "on leave")
        found = await one.the()
        assert found["assigned_to"] is None
        assert found["history"][-1]["text"] == "given back to everybody by retail clerk: on leave"
        assert await assign_cause(one.services, "no~such", DESK.name, DESK, "x") is None
        assert await note_cause(one.services, "no~such", "x", DESK) is None

    run(story())


def test_a_cause_is_set_aside_by_its_owner_until_a_time_and_taken_up_again() -> None:
    async def story() -> None:
        one, fingerprint = await held()
        until = one.hand.at + timedelta(days=2)
        with pytest.raises(ForbiddenError) as caught:
            await set_cause_aside(one.services, fingerprint, until, CLERK, "x")
        assert caught.value.status == 403
        for wrong in (one.hand.at, one.hand.at - timedelta(1), one.hand.at + timedelta(days=93)):
            with pytest.raises(RejectedError):
                await set_cause_aside(one.services, fingerprint, wrong, DESK, "x")
        with pytest.raises(RejectedError):
            await set_cause_aside(one.services, fingerprint, None, DESK, "it is not aside")
        assert await recorded(one) == []
        await set_cause_aside(one.services, fingerprint, until, DESK, "the provider answers on Monday")
        found = await one.the()
        assert (found["phase"], found["set_aside_until"]) == ("set aside", until.astimezone(UTC).isoformat())
        assert (found["set_aside_by"], found["set_aside_why"]) == (
            DESK.name,
            "the provider answers on Monday",
        )
        await one.beat(hours=30)  # long overdue, and silent
        assert one.receiver.events() == ["new"]
        await one.beat(hours=18)
        found = await one.the()
        assert (found["phase"], found["set_aside_until"]) == ("ongoing", None)
        assert one.receiver.events() == ["new", "no_longer_set_aside"]
        await set_cause_aside(one.services, fingerprint, one.hand.at + timedelta(days=9), DESK, "again")
        await set_cause_aside(one.services, fingerprint, None, DESK, "they answered")
        assert (await one.the())["phase"] == "ongoing"
        await one.mend()
        await one.beat(minutes=2)
        with pytest.raises(RejectedError):
            await set_cause_aside(one.services, fingerprint, one.hand.at + timedelta(days=1), DESK, "x")

    run(story())


def test_a_time_said_in_another_zone_is_recorded_as_the_instant_it_is() -> None:
    async def story() -> None:
        one, fingerprint = await held()
        until = datetime.fromisoformat("2017-12-25T09:00:00-05:00")
        await set_cause_aside(one.services, fingerprint, until, DESK, "the provider answers on Monday")
        said = "set aside until 2017-12-25 14:00 UTC by store operations desk: the provider answers on Monday"
        assert (await one.the())["history"][-1]["text"] == said
        assert [did for _, did, *_ in await recorded(one)] == ["set a cause aside until 2017-12-25 14:00 UTC"]

    run(story())


def test_a_cause_that_is_set_aside_comes_back_when_it_grows() -> None:
    async def story() -> None:
        one, fingerprint = await held()
        await set_cause_aside(one.services, fingerprint, utc("2018-01-10T00:00"), DESK, "later")
        await one.hold(9, first=10)
        await one.beat(minutes=2)
        assert (await one.the())["phase"] == "set aside"
        await one.hold(1, first=19)
        await one.beat(minutes=2)
        assert (await one.the())["phase"] == "getting worse"
        assert one.receiver.events() == ["new", "escalation"]

    run(story())


def test_words_said_at_once_are_all_kept() -> None:
    async def story() -> None:
        one, fingerprint = await held()
        interleave(one.services)
        await asyncio.gather(*(note_cause(one.services, fingerprint, f"note {n}", DESK) for n in range(3)))
        found = await one.the()
        notes = {line["text"] for line in found["history"] if line["text"].startswith("note")}
        assert notes == {f"note by {DESK.name}: note {n}" for n in range(3)}

    run(story())
