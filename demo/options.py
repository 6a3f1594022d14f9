"""What may be asked of the demo on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

DEFAULT_DAY = date(2017, 12, 23)
DEFAULT_EVIDENCE = Path(".local/demo/evidence.json")
FIRST_DAY, LAST_DAY = date(2017, 1, 1), date(2017, 12, 31)


@dataclass(frozen=True, slots=True)
class Options:
    """One run: which days and stores, by which seed, how fast, and what is kept of it."""

    days: tuple[date, ...] = (DEFAULT_DAY,)
    stores: str | None = None
    seed: int = 7
    speed: float | None = None
    clean: bool = False
    keep: bool = False
    evidence: Path = DEFAULT_EVIDENCE
    quiet: bool = False


def read_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; what is wrong with it is said, and the program ends."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Trade a chain's day end to end: from the tills, through the app, to D365's (simulated) ledger.",
    )
    parser.add_argument(
        "--day", action="append", metavar="DAY", help="2017-12-23, or 2017-12-22..2017-12-24; may be repeated"
    )
    parser.add_argument(
        "--stores", help="so many of the busiest stores, or their numbers: 367,329 (default: all)"
    )
    parser.add_argument(
        "--seed", type=int, default=7, help="what is assigned and where troubles strike (default: 7)"
    )
    parser.add_argument(
        "--speed", type=float, help="virtual seconds a second (default: 400 to 720, as this machine allows)"
    )
    parser.add_argument("--clean", action="store_true", help="plant no troubles")
    parser.add_argument(
        "--keep", action="store_true", help="leave everything running at the end, until Ctrl-C"
    )
    parser.add_argument(
        "--evidence",
        type=Path,
        default=DEFAULT_EVIDENCE,
        help="JSON file of all findings (default: %(default)s)",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, only the tables")
    given = parser.parse_args(arguments)
    if given.speed is not None and not 0 < given.speed <= 3600:
        parser.error("--speed must be more than 0 and at most 3600")
    try:
        days = _days(given.day or [DEFAULT_DAY.isoformat()])
    except ValueError as error:
        parser.error(f"--day: {error}")
    return Options(
        days, given.stores, given.seed, given.speed, given.clean, given.keep, given.evidence, given.quiet
    )


def _days(texts: Sequence[str]) -> tuple[date, ...]:
    days: set[date] = set()
    for text in texts:
        first, _, last = text.partition("..")
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
        if not FIRST_DAY <= begin <= end <= LAST_DAY:
            raise ValueError(f"{text} is not within {FIRST_DAY}..{LAST_DAY}")
        days |= {begin + timedelta(days=number) for number in range((end - begin).days + 1)}
    return tuple(sorted(days))
