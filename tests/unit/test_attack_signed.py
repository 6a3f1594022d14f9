"""Signatures under attack: a signed text that was altered is said to be, and who was too late has signed nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import ChangedMeanwhileError
from shared.flows.read_records import read_signed
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.sign_off import sign_off
from shared.flows.trace_receipt import trace_receipt
from shared.storage.audit import audit_of
from shared.storage.protocols import Row, Table
from shared.storage.signed import signed_key
from tests.unit.flow_services import DESK, Hand, run
from tests.unit.test_sign_off import DAY, compiled, post_all, traded

OTHER = replace(DESK, name="second desk")


def test_a_signed_text_of_which_a_byte_was_altered_is_named_as_altered() -> None:
    async def story() -> None:
        hand = Hand()
        services = await traded(hand)
        await post_all(services)
        found = await compiled(hand, services)
        await sign_off(services, "S1", DAY, found["revision"], DESK, "seen")
        row = await services.tables.statements.read("S1", signed_key("S1", DAY, 0))
        assert row is not None
        packed = row.data("Statement0")
        await services.tables.statements.upsert(
            row.with_values(Statement0=packed[:20] + bytes([packed[20] ^ 1]) + packed[21:])
        )
        kept = await read_signed(services, "S1", DAY, 0)
        assert kept is not None
        assert kept["unaltered"] is False
        (trail,) = await trace_receipt(services, "S1", DAY, "S1-1-0001")
        assert trail["altered"] == ["the signed statement"]

    run(story())


def test_figures_beside_a_signed_text_that_were_altered_are_named() -> None:
    """What came later is told by them: with 20.00 less there, 20.00 would seem to have come since."""

    async def story() -> None:
        hand = Hand()
        services = await traded(hand)
        await post_all(services)
        found = await compiled(hand, services)
        await sign_off(services, "S1", DAY, found["revision"], DESK, "seen")
        await compiled(hand, services)
        assert (await rebuild_storeday(services, "S1", DAY)).findings == ()
        row = await services.tables.statements.read("S1", signed_key("S1", DAY, 0))
        assert row is not None
        less = row.text("Received").replace("48.00", "28.00")
        assert less != row.text("Received")
        await services.tables.statements.upsert(row.with_values(Received=less))
        kept = await read_signed(services, "S1", DAY, 0)
        assert kept is not None
        assert kept["unaltered"] is False
        (trail,) = await trace_receipt(services, "S1", DAY, "S1-1-0001")
        assert trail["altered"] == ["the signed statement"]
        altered = (await rebuild_storeday(services, "S1", DAY)).findings
        assert "statuses and columns" in [one.field for one in altered]

    run(story())


class SignedMeanwhile:
    """The statements, where another person signs in the moment before a signature is written."""

    def __init__(self, table: Table, other: Callable[[], Awaitable[object]]) -> None:
        self.table, self.other = table, other

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table, name)

    async def insert(self, row: Row) -> str:
        await self.other()
        return await self.table.insert(row)


def test_who_signed_too_late_has_signed_nothing_and_the_record_of_decisions_says_so() -> None:
    async def story() -> None:
        hand = Hand()
        services = await traded(hand)
        await post_all(services)
        found = await compiled(hand, services)

        async def other() -> None:
            assert await sign_off(services, "S1", DAY, found["revision"], OTHER, "seen too")

        racing = SignedMeanwhile(services.tables.statements, other)
        late = replace(services, tables=replace(services.tables, statements=racing))
        with pytest.raises(ChangedMeanwhileError):
            await sign_off(late, "S1", DAY, found["revision"], DESK, "seen")
        told = [(row.text("Who"), row.text("Did")) async for row in audit_of(services.tables.audit, "S1")]
        assert sorted(one for one in told if "signed" in one[1]) == [
            (OTHER.name, "signed the statement of 2017-12-23 off"),
            (DESK.name, "has not signed the statement of 2017-12-23 off: somebody was first"),
            (DESK.name, "signed the statement of 2017-12-23 off"),
        ]

    run(story())
