"""The harness finds every planted bug, and says at which seed it fell."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.simulation.mutants import MUTANTS

pytestmark = pytest.mark.simulation

TOP = Path(__file__).resolve().parents[2]
SEEDS_MAX = 200


@pytest.fixture(scope="module")
def fallen(say: Callable[[Iterable[str]], None]) -> dict[str, str]:
    """Give, for each planted bug, what the harness says of it. Each in a process of its own, two at a time."""

    def search(name: str) -> str:
        line = [sys.executable, "-m", "tests.simulation", "--mutant", name, "--seeds", str(SEEDS_MAX)]
        return subprocess.run(line, cwd=TOP, capture_output=True, text=True, check=False).stdout

    with ThreadPoolExecutor(2) as two:
        found = dict(zip(MUTANTS, two.map(search, MUTANTS), strict=True))
    say(text.strip() for text in found.values())
    return found


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_falls(fallen: dict[str, str], name: str) -> None:
    assert f"{name}: python -m tests.simulation --seed " in fallen[name]


def test_there_are_sixteen_of_them_each_in_a_line_of_the_app() -> None:
    assert len(MUTANTS) == 16
    for module, old, new in MUTANTS.values():
        source = (TOP / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        assert source.count(old) == 1
        assert old != new
