"""Look through everything that people decided, and say whether it still is what was written down.

    python -m scripts.verify_audit
    python -m scripts.verify_audit --area 367
    python -m scripts.verify_audit --note heads.json       # write where each chain stands, to be kept somewhere else
    python -m scripts.verify_audit --noted heads.json      # and later compare with it

It reads the app's own settings from the environment variables and writes nothing into the storage. It ends with 1 where a chain
is broken, and names the number of the first decision that was altered, taken away or put in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.errors import SettingsError
from shared.flows.verify_audit import verify_audit
from shared.retail.audit_chain import Link, Verified
from shared.services import open_services
from shared.settings import read_settings


def main(words: Sequence[str] | None = None) -> int:
    """Verify what the words name, print it, and say by the exit code whether all of it is as it was written."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.verify_audit", description="Verify the chains of decisions."
    )
    parser.add_argument("--area", help="one store or area, as the table names it")
    parser.add_argument("--note", type=Path, metavar="FILE", help="write where each chain stands")
    parser.add_argument("--noted", type=Path, metavar="FILE", help="compare with where they stood")
    options = parser.parse_args(words)
    try:
        noted = read_noted(options.noted) if options.noted else {}
        found = asyncio.run(_main(options.area, noted))
        tell(found)
        if options.note and not any(one.broken for one in found):
            options.note.write_text(note_of(found))
    except (SettingsError, OSError, ValueError) as error:
        print(f"verify-audit: {error}", file=sys.stderr)
        return 2
    return 1 if any(one.broken for one in found) else 0


def read_noted(path: Path) -> dict[str, Link]:
    """Read where chains stood.

    Raises:
        ValueError: the file is no such note.
    """
    try:
        written = json.loads(path.read_text())
        return {area: Link(int(one["number"]), str(one["sha256"])) for area, one in written.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no note of where the chains stood") from error


def note_of(found: Sequence[Verified]) -> str:
    """Write where the chains stand."""
    heads = {one.area: {"number": one.head.number, "sha256": one.head.hash} for one in found if one.head}
    return json.dumps(heads, indent=1, sort_keys=True) + "\n"


async def _main(area: str | None, noted: Mapping[str, Link]) -> list[Verified]:
    services = await open_services(read_settings(os.environ))
    try:
        return await verify_audit(services, noted, area)
    finally:
        await services.tables.close()


def tell(found: Sequence[Verified]) -> None:
    """Print each area and a sum."""
    for one in found:
        _tell(one)
    broken = sum(one.broken is not None for one in found)
    decisions = sum(one.decisions for one in found)
    print(f"{len(found)} stores and areas, {decisions} decisions: {broken or 'none'} broken")


def _tell(one: Verified) -> None:
    older = f", {one.before_the_chain} from before the chain" if one.before_the_chain else ""
    if one.broken is None:
        head = f", the last {one.head.hash}" if one.head is not None else ""
        print(f"{one.area}: {one.decisions} decisions{older}: unbroken{head}")
    else:
        print(
            f"{one.area}: {one.decisions} decisions{older}: BROKEN at {one.broken.number}: {one.broken.what}"
        )


if __name__ == "__main__":
    raise SystemExit(main())
