"""Two stores over the twins in memory, and returns as tills send them: for tests of the refund ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.flows.ring_overdue import ring_overdue
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.storage.due import MAP, list_due
from shared.storage.mappings import import_rows
from shared.storage.protocols import Row
from tests.unit.documents import call_of, sale_document
from tests.unit.flow_services import SENDER, Hand, flow_services
from tests.unit.test_mapping import STORE

DAY, NEXT_DAY = date(2017, 12, 23), date(2017, 12, 24)


async def two_stores(hand: Hand, **columns: str) -> Services:
    """S1 as in the mapping tests, and S2 beside it; columns: more of both stores' rows."""
    services = await flow_services(hand)
    other = STORE | {"store": "S2", "store_number": "NY02", "operating_unit": "053", "warehouse": "NYW2"}
    await add(services, "stores", STORE | columns, other | columns)
    await add(services, "terminals", {"store": "S2", "terminal": "1", "register": "NY02-1"})
    await add(services, "tenders", {"store": "*", "tender": "CARD", "payment_method": "2"})
    return services


async def add(services: Services, kind: str, *rows: dict[str, str]) -> None:
    at = services.now()
    await import_rows(services.tables.mappings, kind, list(rows), who="set-up", reason="more", at=at)
    await services.mappings.refresh()


def back_document(
    number: int, quantity: str, amount: str, *, store: str = "S1", day: date = DAY, of: str | None = "T1", tender: str = "CASH",
    sold_by: str = "S1", **changes: Any,
) -> dict[str, Any]:  # fmt: skip
    """A return of item 1001 without tax; amount: how much goes back."""
    line: dict[str, Any] = {
        "line_number": 1, "kind": "ITEM", "item": "1001", "quantity": f"-{quantity}", "unit": "ea", "gross": f"-{amount}",
        "net": f"-{amount}",
    }  # fmt: skip
    if of is not None:
        line["original"] = {"transaction_id": of, "store": sold_by, "terminal": "1", "line_number": 1}
    paid = {
        "tender_number": 1, "type": "OTHER", "code": tender, "role": "REFUND", "amount": f"-{amount}", "status": "CAPTURED",
    }  # fmt: skip
    return sale_document(
        number, store=store, lines=[line], tenders=[paid], business_day=day.isoformat(), receipt_number=f"{store}-{number:04d}",
        completed_at=f"{day}T15:{number % 60:02d}:00-05:00", **changes,
    )  # fmt: skip


async def send(services: Services, *documents: dict[str, Any]) -> list[str]:
    verdicts = await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(*documents))
    return [one.verdict for one in verdicts]


async def map_all(services: Services) -> None:
    """Map every store-day that has something to map."""
    for row in await list_due(services.tables.due, MAP):
        await map_transactions(services, row.key)


async def beat(services: Services) -> None:
    """A heartbeat, and what it rang for."""
    await ring_overdue(services)
    await map_all(services)


async def rows_of(services: Services) -> dict[str, Row]:
    """Give every receipt's day row by its id; ids are unique over both stores here."""
    rows = [row async for row in services.tables.transactions.query()]
    return {row.text("TransactionId"): row for row in rows if row.text("Record") == "receipt"}


async def statuses(services: Services, *only: str) -> dict[str, str]:
    found = {name: row.text("Status") for name, row in (await rows_of(services)).items()}
    return {name: found[name] for name in only} if only else found


async def with_status(services: Services, name: str, status: str, **values: Any) -> None:
    """Put a receipt where later steps would have brought it."""
    row = (await rows_of(services))[name]
    await services.tables.transactions.replace(row.with_values(Status=status, **values), row.etag)


def on_tables(services: Services, table: Any) -> Services:
    """Give the same services with another table of returns."""
    return replace(services, tables=replace(services.tables, returns=table))
