"""Change documents of every adapter at random, many of them, and say what came of it: `make fuzz DOCUMENTS=100000`.

    python -m tests.unit.fuzz [--documents 100000] [--seed 20261127] [--adapter NAME ...]

Every adapter of the registry is fed changed copies of its own fixtures, in portions with a seed each. A document may be read,
be told what is wrong with it, or be refused with a field and what was expected; anything else is a finding: it is printed with
the seed that shows it again, and the program ends with 1.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import defusedxml.ElementTree

from shared.errors import RejectedError
from shared.pos.adapter import Adapter, Arrival
from shared.pos.registry import ADAPTERS
from shared.retail.transaction import Transaction
from tests.unit.pos_fuzz import JUNK, bytes_changed, fuzz, judge
from tests.unit.test_pos_lightspeed_fuzz import as_form
from tests.unit.test_pos_poslog_fuzz import damaged
from tests.unit.test_pos_shopify_fuzz import NAMES, STRANGE, is_masked_for_good

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "pos"
PORTION = 1_000
CELLS = (
    "",
    "0",
    "-1",
    "1e9",
    "NaN",
    "12,50",
    "9" * 40,
    '"',
    ";",
    "\n",
    "=1+1",
    "4111 1111 1111 1111",
    "x" * 5_000,
)
ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "shopify": {"junk": STRANGE, "names": NAMES, "check": is_masked_for_good},
}  # fmt: skip


@dataclass(slots=True)
class Watched:
    """An adapter, and what it said of the documents it was given: by kind of refusal, and by rule of what was wrong."""

    of: Adapter
    said: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        return self.of.name

    @property
    def version(self) -> int:
        return self.of.version

    def read(self, body: bytes, account: str) -> list[Arrival]:
        try:
            arrivals = self.of.read(body, account)
        except RejectedError as error:
            self.said[f"refused: {error.field.partition('[')[0] or 'without a field'}"] += 1
            raise
        for one in arrivals:
            self.said.update({f"unreadable: {problem.rule}" for problem in one.problems})
        return arrivals

    def read_document(self, document: bytes, account: str) -> Transaction:
        return self.of.read_document(document, account)

    def id_in(self, transaction_id: str, generation: int) -> str:
        return self.of.id_in(transaction_id, generation)


@dataclass(slots=True)
class Tally:
    """What came of an adapter's documents."""

    documents: int = 0
    seconds: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def lines(self, watched: Watched) -> list[str]:
        """Give the tally as lines to print."""
        each = self.seconds / max(self.documents, 1) * 1000
        kinds = ", ".join(f"{name} {count:,}" for name, count in sorted(watched.said.items()))
        found = len(self.findings)
        return [
            f"{watched.name} (version {watched.version}): {self.documents:,} documents, {each:.2f} ms each, {found} findings",
            f"  receipts: {', '.join(f'{name} {count:,}' for name, count in sorted(self.seen.items()))}",
            f"  said: {kinds}",
            *(f"  FINDING {one}" for one in self.findings[:10]),
        ]


def fuzz_adapter(name: str, documents: int, first_seed: int) -> tuple[Watched, Tally]:
    """Feed one adapter with so many changed documents; each portion of a thousand has a seed of its own, one after another."""
    watched, tally = Watched(ADAPTERS[name]), Tally()
    portion = _portion_of(name)
    began = time.process_time()
    for number, start in enumerate(range(0, documents, PORTION)):
        count, seed = min(PORTION, documents - start), first_seed + number
        try:
            tally.seen.update(portion(watched, seed, count))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            place = traceback.extract_tb(error.__traceback__)[-1]
            tally.findings.append(
                f"seed {seed}: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}: {str(error)[:300]}"
            )
        tally.documents += count
    tally.seconds = time.process_time() - began
    return watched, tally


Portion = Callable[[Watched, int, int], Mapping[str, int]]


def _portion_of(name: str) -> Portion:
    """Give what changes an adapter's own fixtures: by field where they are JSON, by element, or by cell."""
    texts = {path.suffix: [] for path in FIXTURES.joinpath(name).iterdir()}  # type: dict[str, list[bytes]]
    for path in sorted(FIXTURES.joinpath(name).iterdir()):
        texts[path.suffix].append(path.read_bytes())
    if ".xml" in texts:
        return _changed_xml(texts[".xml"])
    if ".csv" in texts:
        return _changed_csv(texts[".csv"])
    return _changed_json(name, [json.loads(text) for text in texts[".json"]])


def _changed_json(name: str, trees: Sequence[Any]) -> Portion:
    documents = [*trees, {"documents": list(trees[:3])}]
    if name == "canonical":
        documents = [{"transactions": [one]} for one in trees] + [{"transactions": list(trees[:4])}]

    def portion(watched: Watched, seed: int, count: int) -> Mapping[str, int]:
        as_forms = count // 4 if name == "lightspeed" else 0
        seen = Counter(
            fuzz(watched, documents, seed, count - as_forms, **{"junk": JUNK, **ARGUMENTS.get(name, {})})
        )
        if as_forms:
            seen.update(fuzz(watched, trees, seed, as_forms, encode=as_form))
        return seen

    return portion


def _changed_xml(texts: Sequence[bytes]) -> Portion:
    roots = [defusedxml.ElementTree.fromstring(text.decode()) for text in texts]

    def portion(watched: Watched, seed: int, count: int) -> Mapping[str, int]:
        dice, seen = random.Random(seed), _nothing_seen()
        for number in range(count):
            judge(watched, damaged(roots[number % len(roots)], dice), seen, None)
        assert seen.pop("refused without a reason") == 0
        return seen

    return portion


def _changed_csv(texts: Sequence[bytes]) -> Portion:
    def portion(watched: Watched, seed: int, count: int) -> Mapping[str, int]:
        dice, seen = random.Random(seed), _nothing_seen()
        for _ in range(count):
            body = dice.choice(texts)
            for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
                body = _cell_changed(dice, body) if dice.random() < 0.8 else bytes_changed(dice, body)
            judge(watched, body, seen, None)
        assert seen.pop("refused without a reason") == 0
        return seen

    return portion


def _cell_changed(dice: random.Random, body: bytes) -> bytes:
    """Put another cell's text or a strange one into a cell, leave a line out, or say it twice."""
    lines = body.split(b"\n")
    at, how = dice.randrange(len(lines)), dice.randrange(4)
    if how == 0:
        return b"\n".join(lines[:at] + lines[at + 1 :])
    if how == 1:
        return b"\n".join([*lines[:at], lines[at], *lines[at:]])
    cells = lines[at].split(b",")
    other = dice.choice(dice.choice(lines).split(b",")) if how == 2 else dice.choice(CELLS).encode()
    cells[dice.randrange(len(cells))] = other
    return b"\n".join([*lines[:at], b",".join(cells), *lines[at + 1 :]])


def _nothing_seen() -> dict[str, int]:
    return {"readable": 0, "unreadable": 0, "refused": 0, "refused without a reason": 0}


def main() -> int:
    """Feed every adapter, or those that are named; 1 if there was a finding."""
    options = argparse.ArgumentParser(description="Change documents of every adapter at random.")
    options.add_argument("--documents", type=int, default=100_000, help="for each adapter")
    options.add_argument("--seed", type=int, default=20261127, help="of the first portion of a thousand")
    options.add_argument(
        "--adapter", action="append", choices=sorted(ADAPTERS), help="this one alone; may be said again"
    )
    given = options.parse_args()
    found = 0
    print(
        f"Python {sys.version.split()[0]}, seeds from {given.seed}, one for each {PORTION:,} documents",
        flush=True,
    )
    for name in given.adapter or ADAPTERS:
        watched, tally = fuzz_adapter(name, given.documents, given.seed)
        print("\n".join(tally.lines(watched)), flush=True)
        found += len(tally.findings)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
