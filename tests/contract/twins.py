"""Compare the tables and queues in memory with the storage emulator by random operation sequences: `make twins`.

    python -m tests.contract.twins [--sequences 5000] [--first 0]

Three of four sequences are for tables, one is for queues. It prints how many there were, how long, and every difference
that is not in tolerated_differences.json, with the seed and the step that shows it again; it ends with 1 if there was one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from scripts.azurite import started
from tests.contract.queue_sequences import QueueSide, queue_sequence
from tests.contract.storage_sequences import Side, outcome, sequence
from tests.contract.storage_twins import AZURITE, MEMORY, queue_of, table_of

TOLERATED = Path(__file__).with_name("tolerated_differences.json")


def tolerated() -> set[str]:
    """Give the differences that are known and explained."""
    return {one["difference"] for one in json.loads(TOLERATED.read_text("utf-8"))}


@dataclass(slots=True)
class Tally:
    """What was compared: sequences' lengths by kind, steps by their first word, tolerated differences, and the others."""

    lengths: dict[str, list[int]] = field(default_factory=lambda: {"table": [], "queue": []})
    steps: Counter[str] = field(default_factory=Counter)
    tolerated: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Give the tally as lines to print."""
        told = []
        for kind, lengths in self.lengths.items():
            if lengths:
                middle = statistics.fmean(lengths)
                told.append(
                    f"{kind}: {len(lengths)} sequences of {min(lengths)} to {max(lengths)} operations (mean {middle:.1f}), "
                    f"{sum(lengths)} in all"
                )
        told.append(
            "operations: " + ", ".join(f"{name} {count}" for name, count in sorted(self.steps.items()))
        )
        told.append(f"tolerated differences met: {dict(self.tolerated) or 'none'}")
        told.append(f"unexplained differences: {len(self.differences)}")
        return told + [one[:300] for one in self.differences[:50]]


async def compare_tables(seeds: range, azurite: str, tally: Tally) -> None:
    """Run table sequences against both, each in a partition of its own."""
    known = tolerated()
    async with table_of(MEMORY, azurite) as memory, table_of(AZURITE, azurite) as emulator:
        for seed in seeds:
            one, other = Side(memory), Side(emulator)
            steps = sequence(seed, f"p{seed}")
            tally.lengths["table"].append(len(steps))
            for number, named in enumerate(steps):
                tally.steps[named.words.split()[0]] += 1
                ours, theirs = await outcome(one, named), await outcome(other, named)
                if ours == theirs:
                    continue
                if named.may_differ in known:
                    tally.tolerated[named.may_differ] += 1
                    continue
                tally.differences.append(
                    f"table seed {seed}, step {number}: {named.words}: {ours!r}, {theirs!r}"
                )


async def compare_queues(seeds: range, azurite: str, tally: Tally) -> None:
    """Run queue sequences against both, each in a queue of its own."""
    for seed in seeds:
        async with queue_of(MEMORY, azurite) as memory, queue_of(AZURITE, azurite) as emulator:
            one, other = QueueSide(memory), QueueSide(emulator, is_encoded=True)
            steps = queue_sequence(seed)
            tally.lengths["queue"].append(len(steps))
            for number, named in enumerate(steps):
                tally.steps[f"queue {named.words.split()[0]}"] += 1
                ours, theirs = await named.step(one), await named.step(other)
                if _comparable(ours) != _comparable(theirs):
                    tally.differences.append(
                        f"queue seed {seed}, step {number}: {named.words}: {ours!r}, {theirs!r}"
                    )


def _comparable(found: object) -> object:
    """The service promises no order: what came is compared as a set where several came."""
    return sorted(found) if isinstance(found, list) else found


def main() -> int:
    """Compare and print; 1 where something differs that nobody has explained."""
    options = argparse.ArgumentParser(prog="make twins")
    options.add_argument("--sequences", type=int, default=5_000)
    options.add_argument("--first", type=int, default=0, help="the first seed")
    given = options.parse_args()
    queues = given.sequences // 4
    tally = Tally()
    with started() as emulator:
        tables = range(given.first, given.first + given.sequences - queues)
        asyncio.run(compare_tables(tables, emulator.connection_string, tally))
        asyncio.run(
            compare_queues(range(given.first, given.first + queues), emulator.connection_string, tally)
        )
    print(*tally.lines(), sep="\n")
    return 1 if tally.differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
