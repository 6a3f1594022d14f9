"""Entity groups written by hand and by the SDK, and a partition read through our rows and through the SDK alone.

    python -m benchmarks.storage_groups [--groups 40] [--rows 10000]

Both of each are measured in turns inside one run against one emulator; only their ratio means anything.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

from azure.data.tables.aio import TableClient

from scripts.azurite import started
from shared.settings import StorageSettings
from shared.storage.azure import AzureTable, ensure_tables
from shared.storage.connection import Connection, account_of
from shared.storage.protocols import Insert, Row, Value

TURNS = 4
SMALL: dict[str, Value] = {"Status": "received", "Total": "12.50", "SequenceNumber": 17, "Late": False}
LARGE: dict[str, Value] = {**SMALL, "Document": b"\x9c" * 2_000, "History": "x" * 800}


async def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.storage_groups")
    options.add_argument("--groups", type=int, default=40)
    options.add_argument("--rows", type=int, default=10_000)
    given = options.parse_args()
    names = ("azure-data-tables", "aiohttp")
    print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in names))
    await storage_groups(given.groups, given.rows)


async def storage_groups(groups: int, rows: int) -> None:
    """Compare groups and reads with the SDK's own, against an emulator of their own."""
    with started() as azurite:
        connection = Connection(account_of(StorageSettings(azurite.connection_string), None))
        await ensure_tables(connection)(["groups", "reads"])
        async with TableClient.from_connection_string(azurite.connection_string, "groups") as sdk:
            for title, values in (("rows of 200 B", SMALL), ("rows of 3 KB", LARGE)):
                await compare_groups(title, AzureTable("groups", connection), sdk, values, groups)
        async with TableClient.from_connection_string(azurite.connection_string, "reads") as sdk:
            await compare_reads(AzureTable("reads", connection), sdk, rows)
        await connection.close()


async def compare_groups(
    title: str, table: AzureTable, sdk: TableClient, values: dict[str, Value], groups: int
) -> None:
    """Write groups of 100 inserts both ways, in turns."""
    number = iter(range(10**9))

    def rows() -> list[Row]:
        return [Row(title, f"{title[8:]}-{next(number):09d}", values) for _ in range(100)]

    async def by_hand() -> None:
        await table.write_group([Insert(row) for row in rows()])

    async def by_sdk() -> None:
        entities = [{"PartitionKey": row.partition, "RowKey": row.key, **row.values} for row in rows()]
        await sdk.submit_transaction([("create", one) for one in entities])

    hand, other = await in_turns(by_hand, by_sdk, groups // TURNS)
    rates = (groups / hand, groups / other)
    print(
        f"groups of 100, {title}: by hand {rates[0]:.0f}/s, SDK {rates[1]:.0f}/s, ratio {rates[0] / rates[1]:.1f}"
    )


async def compare_reads(table: AzureTable, sdk: TableClient, rows: int) -> None:
    """Read one partition both ways, in turns."""
    for start in range(0, rows, 100):
        await table.write_group([Insert(Row("p", f"k{start + at:06d}", SMALL)) for at in range(100)])

    async def ours() -> None:
        assert len([row async for row in table.query("p")]) == rows

    async def raw() -> None:
        assert len([one async for one in sdk.query_entities("PartitionKey eq 'p'")]) == rows

    ours_seconds, raw_seconds = await in_turns(ours, raw, 1)
    rates = (TURNS * rows / ours_seconds, TURNS * rows / raw_seconds)
    print(f"a partition of {rows} rows: ours {rates[0]:.0f} rows/s, SDK {rates[1]:.0f} rows/s, ", end="")
    print(f"time ratio {ours_seconds / raw_seconds:.2f}")


async def in_turns(
    one: Callable[[], Awaitable[Any]], other: Callable[[], Awaitable[Any]], times: int
) -> list[float]:
    """Run both after each other, several turns; give the seconds each took in all."""
    seconds = [0.0, 0.0]
    await one()
    await other()
    for _ in range(TURNS):
        for index, work in enumerate((one, other)):
            begun = time.perf_counter()
            for _ in range(times):
                await work()
            seconds[index] += time.perf_counter() - begun
    return seconds


if __name__ == "__main__":
    asyncio.run(main())
