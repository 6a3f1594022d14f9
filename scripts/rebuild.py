"""Derive store-days again from documents, decisions, mapping versions and D365's answers, and name what differs.

    python -m scripts.rebuild --store 367 --day 2017-12-23
    python -m scripts.rebuild --all

It reads the app's own settings from the environment variables and writes nothing. It ends with 1 where something differs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import date

from shared.errors import SettingsError
from shared.flows.rebuild_storeday import Report, list_store_days, rebuild_storeday
from shared.services import Services, open_services
from shared.settings import read_settings


def main(words: Sequence[str] | None = None) -> int:
    """Rebuild what the words name, print it, and say by the exit code whether all of it is as it must be."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.rebuild", description="Derive store-days again and compare."
    )
    parser.add_argument("--store", help="one store")
    parser.add_argument("--day", type=date.fromisoformat, help="one business day, such as 2017-12-23")
    parser.add_argument("--all", action="store_true", help="every store-day that has a receipt")
    options = parser.parse_args(words)
    if options.all == bool(options.store or options.day) or bool(options.store) != bool(options.day):
        parser.error("give --store and --day, or --all")
    try:
        return asyncio.run(_main(options.store, options.day))
    except SettingsError as error:
        print(f"rebuild: {error}", file=sys.stderr)
        return 2


async def _main(store: str | None, day: date | None) -> int:
    services = await open_services(read_settings(os.environ))
    try:
        return await rebuild_and_tell(services, store, day)
    finally:
        await services.tables.close()


async def rebuild_and_tell(services: Services, store: str | None, day: date | None) -> int:
    """Rebuild one store-day, or all where none is named; print each and a sum. 1 where anything differs."""
    one = [(store, day)] if store is not None and day is not None else None
    store_days = one if one is not None else await list_store_days(services)
    packages: set[str] = set()
    receipts = found = 0
    for name, business_day in store_days:
        report = await rebuild_storeday(services, name, business_day, packages)
        receipts, found = receipts + report.receipts, found + len(report.findings)
        _tell(report)
    print(
        f"{len(store_days)} store-days, {receipts} receipts, {len(packages)} packages derived again: "
        f"{found or 'no'} differences"
    )
    return 1 if found else 0


def _tell(report: Report) -> None:
    verdict = f"{len(report.findings)} DIFFER" if report.findings else "alike"
    print(f"store {report.store}, {report.business_day}: {report.receipts} receipts: {verdict}")
    for finding in report.findings:
        print(f"  {finding.told()}")
    for note in report.not_compared:
        print(f"  not compared: {note}")


if __name__ == "__main__":
    raise SystemExit(main())
