"""Lightspeed's sales through the real flow that keeps them: once by webhook and sweep, returns in any order, late revisions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.flows.ingest_transactions import ingest_transactions
from shared.services import Services
from tests.unit.flow_services import SENDER, Hand, flow_services, run
from tests.unit.lightspeed_documents import LIGHTSPEED, form, line, payment, sale


def at_s1(lines: list[Any], payments: list[Any], price: float, **more: Any) -> dict[str, Any]:
    document = sale(lines, payments, price, 0, outlet_id="S1", **more)
    return {"sale": document["sale"], "outlet": {"id": "S1", "currency": "USD"}}


SOLD = at_s1([line("A", 5, 0)], [payment(5, currency="USD")], 5)


async def verdicts_of(services: Services, *bodies: bytes) -> list[str]:
    found = []
    for body in bodies:
        found += [one.verdict for one in await ingest_transactions(services, SENDER, LIGHTSPEED, body)]
    return found


def as_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


async def totals(services: Services) -> list[str]:
    rows = [row async for row in services.tables.transactions.query("S1")]
    return sorted(row.text("Total") for row in rows if row.text("Record") == "receipt")


def test_a_sale_by_webhook_and_by_sweep_is_kept_once() -> None:
    async def go() -> None:
        services = await flow_services(Hand())
        later = as_json(
            {**SOLD, "sale": {**SOLD["sale"], "updated_at": "2025-03-08 09:00:00", "note": "paid"}}
        )
        assert await verdicts_of(services, form(SOLD["sale"]), as_json(SOLD), later) == [
            "accepted",
            "duplicate",
            "duplicate",
        ]
        assert await totals(services) == ["5.00"]

    run(go())


def test_an_earlier_state_that_comes_late_changes_nothing() -> None:
    async def go() -> None:
        services = await flow_services(Hand())
        edited = at_s1([line("A", 6, 0)], [payment(6)], 6, updated_at="2025-03-08 00:10:00")
        assert await verdicts_of(services, as_json(edited), as_json(SOLD)) == ["accepted", "duplicate"]
        assert await totals(services) == ["6.00"]

    run(go())


@pytest.mark.parametrize("return_first", [True, False])
def test_a_sale_and_its_return_are_two_receipts_whichever_comes_first(return_first: bool) -> None:
    async def go() -> None:
        services = await flow_services(Hand())
        back = at_s1([line("A", 5, 0, -1)], [payment(-5)], -5, id="SALE-2", return_for="SALE-1")
        bodies = [as_json(back), as_json(SOLD)]
        assert await verdicts_of(services, *(bodies if return_first else bodies[::-1])) == [
            "accepted",
            "accepted",
        ]
        assert await totals(services) == ["-5.00", "5.00"]

    run(go())
