"""The double-count trap: 240 typed on top of a shift, six receipts of 240 come later: one proposal, nothing posted."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.errors import RejectedError
from shared.flows.release_exceptions import release_exceptions
from shared.flows.tell_over_typed import tell_over_typed
from shared.services import Services
from tests.unit.documents import sale_document
from tests.unit.flow_services import DESK, Hand, flow_services, run
from tests.unit.test_calendar import utc
from tests.unit.test_completeness import compiled
from tests.unit.test_flows_door_to_mapped import send

DAY = date(2017, 12, 23)
REASON = "ten receipts were still offline at close"


def of_forty(number: int, **changes: Any) -> dict[str, Any]:
    """A sale of 40.00 in cash of shift 7."""
    line = {
        "line_number": 1, "kind": "ITEM", "item": "1001", "quantity": "1", "unit": "ea", "unit_price": "40.00",
        "gross": "40.00", "net": "40.00", "taxes": [],
    }  # fmt: skip
    cash = {
        "tender_number": 1, "type": "CASH", "code": "CASH", "role": "PAYMENT", "amount": "40.00", "status": "CAPTURED",
    }  # fmt: skip
    return sale_document(number, lines=[line], tenders=[cash], shift="7", **changes)


async def typed(services: Services, amount: str = "240.00", reason: str = REASON, store: str = "S1") -> None:
    at = utc("12-24T03:10")
    await tell_over_typed(services, store, DAY, "1", "7", "CASH", amount, at, DESK, reason)


async def proposals(services: Services, state: str = "open") -> list[tuple[str, str, int]]:
    return [
        (row.text("Value"), row.text("Amount"), row.number("Receipts"))
        async for row in services.tables.causes.query()
        if row.text("Reason") == "counted_twice" and row.text("State") == state
    ]


PROPOSED = ("S1 till 1 2017-12-23 shift 7 CASH", "-240.00", 6)


def test_two_hundred_and_forty_typed_and_six_receipts_that_came_later_are_one_proposal_for_good() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await send(services, *(of_forty(number) for number in range(1, 5)))  # before it was typed
        hand.at = utc("12-24T08:00")
        await typed(services)
        await compiled(services, hand, "2017-12-23")
        assert await proposals(services) == []
        await send(services, *(of_forty(number) for number in range(5, 10)), of_forty(20, terminal="2"))
        await typed(services)  # told twice, kept once
        await compiled(services, hand, "2017-12-23")
        assert await proposals(services) == []  # 200 of 240
        await send(services, of_forty(10))
        for _ in range(2):
            await typed(services)
            await compiled(services, hand, "2017-12-23")
            assert await proposals(services) == [PROPOSED]
        (row,) = [
            row async for row in services.tables.causes.query() if row.text("Reason") == "counted_twice"
        ]
        assert row.text("WhatHappened") == (
            "Till 1 of store S1, shift 7 of 2017-12-23: 240.00 USD of CASH was typed on top of its totals, and 6 receipts of "
            "240.00 came afterwards."
        )
        assert "book -240.00 USD on CASH against it" in row.text("DoThis")
        sent = [row.text("Status") async for row in services.tables.transactions.query("S1", key_from="day~")]
        assert "sending" not in sent
        await release_exceptions(services, row.partition, DESK, "voucher 4711")
        await typed(services)
        await compiled(services, hand, "2017-12-23")
        assert await proposals(services) == []
        assert await proposals(services, "ended") == [PROPOSED]

    run(story())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "much"}, "amount"),
        ({"reason": " "}, "reason"),
        ({"store": "S404"}, "store"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(changes: dict[str, str], field: str) -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        with pytest.raises(RejectedError) as refused:
            await typed(services, **changes)
        assert refused.value.field == field
        assert [row async for row in services.tables.shifts.query()] == []

    run(story())
