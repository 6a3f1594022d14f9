"""Run every benchmark and print its figures beside the budget: `make bench`, options as in --help."""

from __future__ import annotations

import argparse
import asyncio
import platform
import sys
from importlib.metadata import version

from benchmarks.budgets import budgets
from benchmarks.counted_operations import counted_operations
from benchmarks.statement_time import statement_time
from benchmarks.storage_groups import storage_groups
from benchmarks.year_of_statements import year_of_statements


def main() -> int:
    """Print machine and versions, then each measurement. Nothing is asserted here."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--receipts", type=int, default=10_000, help="receipts in the statement benchmark")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds of what is timed")
    options = parser.parse_args()
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("azure-data-tables", "pydantic", "jiter", "aiohttp")
    )
    print(f"Python {sys.version.split()[0]} on {platform.machine()}; {packages}; seed 7\n")
    asyncio.run(budgets())
    asyncio.run(counted_operations())
    asyncio.run(statement_time(options.receipts, options.rounds))
    asyncio.run(storage_groups(40, options.receipts))
    year_of_statements()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
