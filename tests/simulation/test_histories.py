"""Thousands of histories in which everything goes wrong, and not one receipt lost, doubled, or off by a cent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.simulation.history import History
from tests.simulation.runner import LONG_ENOUGH_STEPS, Tally, tally_of

pytestmark = pytest.mark.simulation

Say = Callable[[Iterable[str]], None]
TOP = Path(__file__).resolve().parents[2]
HISTORIES = int(os.environ.get("TILLPOST_HISTORIES", "1000"))
SECONDS_MAX = 600.0  # other tests run beside it


@pytest.fixture(scope="module")
def tally(say: Say) -> Tally:
    """Run the share of histories that each run of the tests has, on two cores, and say what they met."""
    tally = tally_of(0, HISTORIES, processes=2, seconds=SECONDS_MAX)
    say(tally.lines())
    return tally


def test_no_history_breaks_a_promise(tally: Tally) -> None:
    assert tally.broken == []
    assert tally.histories == HISTORIES, f"only {tally.histories} were told within {SECONDS_MAX:.0f} seconds"


def test_every_history_is_long_enough_to_go_wrong(tally: Tally) -> None:
    assert tally.long_enough == tally.histories, f"some have fewer than {LONG_ENOUGH_STEPS} steps"


@pytest.mark.parametrize(
    "what",
    [
        "crash", "pause", "duplicate message", "delivery again", "verdict duplicate", "verdict conflict",
        "verdict held", "refused", "lost group", "lost replace", "d365 lost ImportFromPackage",
        "d365 error after commit", "d365 throttled", "d365 unreachable", "d365 silent", "d365 signed out",
        "import breaks", "rows lost in silence", "neighbour imports", "people", "false conflict",
        "reversals", "finance asked again", "reference data read", "people took away item", "people took away method",
        "people took away period", "sent what D365 must refuse", "D365 restored", "receipts D365 lost",
        "told when to come back",
    ],
)  # fmt: skip
def test_what_may_go_wrong_did_go_wrong(tally: Tally, what: str) -> None:
    assert sum(count for name, count in tally.met.items() if name.startswith(what)) > 0


@pytest.mark.parametrize("seed", [3, 12, 29])
def test_the_same_seed_leaves_the_same_trace(seed: int) -> None:
    first, second = History(seed), History(seed)
    assert first.run().digest == second.run().digest
    assert first.effects.trace == second.effects.trace


def test_the_trace_does_not_depend_on_the_process_it_runs_in() -> None:
    code = "import logging; logging.disable(50); from tests.simulation.history import History; print(History(12).run().digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=TOP, env={**os.environ, "PYTHONHASHSEED": hashing}, check=True,
            capture_output=True, text=True,
        ).stdout
        for hashing in ("1", "2")
    }  # fmt: skip
    assert len(digests) == 1


def test_another_seed_leaves_another_trace() -> None:
    assert History(3).run().digest != History(4).run().digest


def test_a_broken_promise_prints_the_one_line_that_shows_it_again() -> None:
    assert History(4711).line == "python -m tests.simulation --seed 4711"
