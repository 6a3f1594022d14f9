"""A store-day's statement compiled from rows in the storage emulator, beside reading the same rows through the same client.

    python -m benchmarks.statement_azurite [--receipts 10000] [--rounds 5]

All are taken in turns inside one run; only their ratios mean anything. The rows are made in memory first, by the
app's own flows (the first thousand; the others are numbered on), and written to the emulator as they are.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import platform
import pstats
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version

from benchmarks.setting import NOW
from benchmarks.statement_time import DAY, _spread, mapped_day
from scripts.azurite import started
from shared.flows.compiling.day import body_of, text_of
from shared.retail.statement import ReceiptRecord, StoreDay, compile_store_day
from shared.settings import StorageSettings
from shared.storage.azure import AzureTable, ensure_tables
from shared.storage.connection import Connection, account_of
from shared.storage.protocols import Row, Table, Upsert
from shared.storage.receipt_record import RECORD_COLUMNS, records_of_day
from shared.storage.receipts import day_rows, receipts_of_day


async def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.statement_azurite")
    options.add_argument("--receipts", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--profile", action="store_true", help="print where compiling spends its time")
    given = options.parse_args()
    names = ("azure-data-tables", "aiohttp")
    print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in names))
    await statement_azurite(given.receipts, given.rounds, profile=given.profile)
    await linear((given.receipts // 10, given.receipts, given.receipts * 10), given.rounds)


async def statement_azurite(receipts: int, rounds: int, *, profile: bool = False) -> None:
    """Print the ratios of compiling to raw reading, whole rows and the statement's columns, against an emulator."""
    memory = (await mapped_day(receipts)).tables.transactions
    rows = await receipts_of_day(memory, "S1", DAY)
    with started() as azurite:
        connection = Connection(account_of(StorageSettings(azurite.connection_string), None))
        await ensure_tables(connection)(["transactions"])
        table = AzureTable("transactions", connection)
        await _write(table, rows)
        await _compare(table, receipts, rounds)
        if profile:
            records = await records_of_day(table, "S1", DAY)
            with cProfile.Profile() as profiler:
                _compiled(records)
            pstats.Stats(profiler).sort_stats("tottime").print_stats(12)
        await connection.close()


async def _write(table: Table, rows: list[Row]) -> None:
    for at in range(0, len(rows), 100):
        await table.write_group([Upsert(row) for row in rows[at : at + 100]])


async def _compare(table: Table, receipts: int, rounds: int) -> None:
    whole, raw, columns, compiles, alone = [], [], [], [], []
    for _ in range(rounds):
        whole.append(await _timed(lambda: receipts_of_day(table, "S1", DAY)))
        raw.append(await _timed(lambda: _same_columns(table)))
        start = time.perf_counter()
        records = await records_of_day(table, "S1", DAY)
        columns.append(time.perf_counter() - start)
        start = time.perf_counter()
        _compiled(records)
        alone.append(time.perf_counter() - start)
        compiles.append(columns[-1] + alone[-1])
    print(f"statement of {receipts} receipts against the emulator, {rounds} rounds in turns:")
    print(
        f"  raw read of whole rows {_spread(whole)} s; of the statement's columns, as records {_spread(columns)} s"
    )
    print(f"  compiled and written out {_spread(alone)} s; read and compiled {_spread(compiles)} s")
    print(f"  read and compiled over the raw read of whole rows {_ratio(compiles, whole)} (budget 2)")
    print(f"  read and compiled over the raw read of the same columns {_ratio(compiles, raw)}\n")


async def _same_columns(table: Table) -> list[Row]:
    return [row async for row in day_rows(table, "S1", DAY, (), RECORD_COLUMNS)]


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


def _compiled(records: list[ReceiptRecord]) -> str:
    return text_of(body_of(compile_store_day(StoreDay("S1", "usrt", DAY, "USD", NOW, records, ()))))


async def linear(sizes: tuple[int, ...], rounds: int) -> None:
    """Print what compiling takes for days of growing size, in memory and in turns."""
    records = {size: await _records(size) for size in sizes}
    times: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            start = time.perf_counter()
            _compiled(records[size])
            times[size].append((time.perf_counter() - start) / size)
    for size in sizes:
        print(
            f"  {size} receipts compiled and written out: {_spread(times[size], 1_000_000)} microseconds a receipt"
        )


async def _records(size: int) -> list[ReceiptRecord]:
    return await records_of_day((await mapped_day(size)).tables.transactions, "S1", DAY)


def _ratio(over: list[float], under: list[float]) -> str:
    return _spread([one / other for one, other in zip(over, under, strict=True)])


if __name__ == "__main__":
    asyncio.run(main())
