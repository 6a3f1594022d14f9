"""The time to compile a store-day beside the time to read its rows, interleaved in one run."""

from __future__ import annotations

import statistics
import time
from datetime import date

from benchmarks.counted_operations import DUE
from benchmarks.setting import NOW, SENDER, call_of, counted_services
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.map_transactions import map_transactions
from shared.pos.registry import ADAPTERS
from shared.retail.statement import StoreDay, compile_store_day
from shared.services import Services
from shared.storage.protocols import Row
from shared.storage.receipt_record import records_of_day
from shared.storage.receipts import receipts_of_day

DAY = date(2017, 12, 23)
MAPPED = 1_000


async def statement_time(receipts: int, rounds: int) -> None:
    """Print the ratio of compiling to raw reading, for a store-day of so many receipts, in memory."""
    services = await mapped_day(receipts)
    ratios, reads, compiles = [], [], []
    for _ in range(rounds):
        reads.append(await _raw_read(services))
        compiles.append(await _compile(services))
        ratios.append(compiles[-1] / reads[-1])
    print(f"statement of {receipts} receipts, in memory, {rounds} interleaved rounds:")
    print(
        f"  raw read {_spread(reads, 1000)} ms, read and compile {_spread(compiles, 1000)} ms, ratio {_spread(ratios)}"
    )
    print("  (the twin in memory reads faster than any service: the ratio against Azurite is lower)\n")


async def mapped_day(receipts: int) -> Services:
    """Give a store-day of so many receipts in memory: the first thousand are mapped by the app, the others numbered on."""
    services, _ = await counted_services()
    for first in range(1, min(receipts, MAPPED) + 1, 500):
        await ingest_transactions(
            services, SENDER, ADAPTERS["canonical"], call_of(first, min(500, receipts + 1 - first))
        )
    await map_transactions(services, DUE)
    table = services.tables.transactions
    rows = await receipts_of_day(table, "S1", DAY)
    for number in range(MAPPED + 1, receipts + 1):
        row = rows[(number - 1) % MAPPED]
        name = f"T{number}"
        values = row.with_values(
            TransactionId=name, SequenceNumber=number, ReceiptNumber=f"S1-1-{number:06d}"
        ).values
        await table.upsert(Row("S1", f"{row.key.rpartition('~')[0]}~{name}", values))
    return services


async def _raw_read(services: Services) -> float:
    start = time.perf_counter()
    await receipts_of_day(services.tables.transactions, "S1", DAY)
    return time.perf_counter() - start


async def _compile(services: Services) -> float:
    start = time.perf_counter()
    records = await records_of_day(services.tables.transactions, "S1", DAY)
    compile_store_day(StoreDay("S1", "usrt", DAY, "USD", NOW, records, ()))
    return time.perf_counter() - start


def _spread(figures: list[float], factor: float = 1.0) -> str:
    low, middle, high = min(figures), statistics.median(figures), max(figures)
    return f"{middle * factor:.2f} ({low * factor:.2f} to {high * factor:.2f})"
