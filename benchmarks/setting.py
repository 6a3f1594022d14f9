"""What the benchmarks run on: the app's flows over the in-memory twins, their requests counted."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from shared.clock import Clock
from shared.services import Services
from shared.settings import D365Settings, Sender, Settings, StorageSettings
from shared.storage.counting import CountingQueue, CountingTable
from shared.storage.mappings import MappingCache, import_rows
from shared.storage.memory import MemoryTable
from shared.storage.memory_queue import MemoryQueue
from shared.storage.tables import queues_from, tables_from

NOW = datetime(2017, 12, 23, 18, 0, tzinfo=UTC)
SENDER = Sender("east", ("a secret of the east",), frozenset({"*"}))
STORE = {
    "store": "S1", "legal_entity": "usrt", "store_number": "NY01", "operating_unit": "052", "warehouse": "NYWH",
    "site": "NY", "tax_group": "NYT", "currency": "USD", "time_zone": "America/New_York", "closing_time": "00:00",
    "customer_account": "C1", "account": "east", "rounding_limit": "0.05",
}  # fmt: skip
MAPPINGS = {
    "stores": [STORE],
    "terminals": [{"store": "S1", "terminal": "1", "register": "NY01-1"}],
    "tenders": [{"store": "*", "tender": "CASH", "payment_method": "1"}],
    "taxes": [{"code": "VAT20", "tax_code": "V20", "item_tax_group": "FULL"}],
    "items": [{"item": "1001", "item_number": "D1001", "unit": "ea"}],
}


async def counted_services() -> tuple[Services, Counter[str]]:
    """Give services over memory with their mappings known, and the counter of their requests, at zero."""
    calls: Counter[str] = Counter()

    async def nothing(*_: Any) -> None:
        return

    tables = tables_from(lambda name: CountingTable(MemoryTable(name, lambda: NOW), calls), nothing, nothing)
    queues = queues_from(lambda name: CountingQueue(MemoryQueue(name, lambda: NOW), calls), nothing, nothing)
    for kind, rows in MAPPINGS.items():
        await import_rows(tables.mappings, kind, rows, who="bench", reason="set-up", at=NOW)
    settings = Settings(
        environment="simulation", storage=StorageSettings("x"), senders={"east": SENDER}, people=(),
        keyed_hash_secret="keyed hash", grace_minutes=60, package_minutes=15, tracking_minutes=15, settle_seconds=60,
        clock=Clock(real_now=lambda: NOW),
        d365=D365Settings("https://d365.test", "env", "t", "c", "s", "https://login.test", "Tillpost", ""),
    )  # fmt: skip
    services = Services(settings, tables, queues, None, MappingCache(tables.mappings), calls)  # type: ignore[arg-type]  # D365 is not called
    await services.mappings.refresh()
    calls.clear()
    return services, calls


def call_of(first: int, count: int) -> bytes:
    """Make a call of so many receipts of one till, each of ten lines."""
    return json.dumps({"transactions": [_receipt(number) for number in range(first, first + count)]}).encode()


def _receipt(number: int) -> dict[str, Any]:
    line = {
        "kind": "ITEM", "item": "1001", "quantity": "1", "unit": "ea", "unit_price": "10.00", "gross": "10.00",
        "net": "10.00", "taxes": [{"code": "VAT20", "rate": "20", "base": "10.00", "amount": "2.00", "inclusive": False}],
    }  # fmt: skip
    tender = {
        "tender_number": 1,
        "type": "CASH",
        "code": "CASH",
        "role": "PAYMENT",
        "amount": "120.00",
        "status": "CAPTURED",
    }
    return {
        "transaction_id": f"T{number}", "kind": "SALES", "status": "COMPLETED", "store": "S1", "terminal": "1",
        "sequence_number": number, "receipt_number": f"S1-1-{number:06d}", "completed_at": "2017-12-23T12:00:00-05:00",
        "business_day": "2017-12-23", "currency": "USD", "prices_include_tax": False,
        "lines": [line | {"line_number": one} for one in range(1, 11)], "tenders": [tender],
    }  # fmt: skip
