"""Square's receipts through the real flow that keeps them: once, whichever event led there, and the later reading counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.flows.ingest_transactions import ingest_transactions
from shared.services import Services
from shared.storage.protocols import Row
from tests.unit.flow_services import SENDER, Hand, flow_services, run
from tests.unit.square_documents import SQUARE, bought, line, order, payment, refund, return_order, returned


def at_s1(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**document, "order": {**document["order"], "location_id": "S1", **changes}}


SALE = at_s1(bought(order([line("A", 500, 500)], 500), payment(500)))
LATER = "2025-03-08T17:10:00Z"


async def verdicts_of(services: Services, *documents: dict[str, Any]) -> list[str]:
    found = []
    for one in documents:
        body = json.dumps(one).encode()
        found += [it.verdict for it in await ingest_transactions(services, SENDER, SQUARE, body)]
    return found


async def receipts(services: Services) -> list[Row]:
    rows = [row async for row in services.tables.transactions.query("S1")]
    return [row for row in rows if row.text("Record") == "receipt"]


def test_the_same_order_fetched_for_two_events_is_kept_once() -> None:
    async def go() -> None:
        services = await flow_services(Hand())
        refunded = {
            **SALE,
            "payments": [{**SALE["payments"][0], "updated_at": LATER, "refunded_money": {"amount": 500}}],
        }
        assert await verdicts_of(services, SALE, SALE, refunded) == ["accepted", "duplicate", "duplicate"]
        assert len(await receipts(services)) == 1

    run(go())


def test_a_later_reading_replaces_and_an_earlier_one_that_comes_late_does_not() -> None:
    async def go() -> None:
        services = await flow_services(Hand())
        tipped = at_s1(
            bought(
                {**order([line("A", 500, 500)], 600), "total_tip_money": {"amount": 100, "currency": "USD"}},
                payment(600, updated_at=LATER),
            ),
        )
        assert await verdicts_of(services, SALE, tipped, SALE) == ["accepted", "accepted", "duplicate"]
        assert [row.text("Total") for row in await receipts(services)] == ["6.00"]

    run(go())


@pytest.mark.parametrize("refund_first", [True, False])
def test_a_sale_and_its_return_are_two_receipts_whichever_comes_first(refund_first: bool) -> None:
    async def go() -> None:
        services = await flow_services(Hand())
        lines = [returned("A", 500, 500)]
        back = at_s1(
            {"order": return_order(lines, 500, id="ORDER-2"), "refunds": [refund(500, order_id="ORDER-2")]}
        )
        documents = [back, SALE] if refund_first else [SALE, back]
        assert await verdicts_of(services, *documents) == ["accepted", "accepted"]
        assert sorted(row.text("Total") for row in await receipts(services)) == ["-5.00", "5.00"]

    run(go())


def test_one_that_does_not_add_up_is_kept_and_held() -> None:
    async def go() -> None:
        services = await flow_services(Hand())
        short = {**SALE, "payments": [payment(499)]}
        assert await verdicts_of(services, short) == ["held"]
        assert [row.text("Cause") for row in await receipts(services)] == ["does_not_balance"]

    run(go())
