"""An app with a day behind it, so that what is asked for is there: receipts posted and held, a statement, a mapping's history."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from shared.flows.compile_statements import compile_statements
from tests.app_in_process import App, app_in_process
from tests.unit.documents import sale_document
from tests.unit.vendor_calls import accounts

AMEX = {
    "tender_number": 1, "type": "CARD", "code": "AMEX", "role": "PAYMENT", "amount": "24.00", "status": "CAPTURED",
}  # fmt: skip
HELD, POSTED = "T4", "T1"
STORE_DAY = "S1/2017-12-23"
CAUSE = "tender_unmapped~AMEX"


def call(*documents: dict[str, Any]) -> bytes:
    """Write a call of canonical transactions."""
    return json.dumps({"transactions": documents}).encode()


@asynccontextmanager
async def prepared(**setup: Any) -> AsyncIterator[App]:
    """Run the app: three receipts of a store-day are posted, three are held for their tender, and the statement is compiled.

    Accounts at vendors are there, and nothing of them that could be fetched.
    """
    async with app_in_process(**setup) as app:
        app.world.services.settings = replace(app.world.services.settings, vendors=accounts())
        held = [sale_document(number, tenders=[AMEX]) for number in (4, 5, 6)]
        sent = await app.till(
            "POST", "/api/transactions", call(*(sale_document(n) for n in (1, 2, 3)), *held)
        )
        assert sent.status == 202, sent.body
        await app.world.deliver()
        await app.world.drive(60)
        app.world.hand.turn(hours=24)
        await app.world.drive(6)
        await compile_statements(app.world.services)
        yield app
