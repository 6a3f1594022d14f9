"""A sample of the crash points as real processes that really end, against the storage emulator and the simulator's HTTPS."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.azurite import started

pytestmark = pytest.mark.simulation
TOP = Path(__file__).resolve().parents[2]
KILLS = 20


def test_processes_that_are_killed_lose_nothing_and_post_nothing_twice(tmp_path: Path) -> None:
    with started() as emulator:
        line = [
            sys.executable, "-m", "tests.simulation.killed", emulator.connection_string, str(tmp_path), str(KILLS),
        ]  # fmt: skip
        run = subprocess.run(line, cwd=TOP, capture_output=True, text=True, check=False, timeout=400)
    assert run.returncode == 0, run.stderr[-3_000:]
    told = json.loads(run.stdout)
    print(told)
    assert told["killed"] == told["finished"] == KILLS
    assert told["receipts"] == 3 * KILLS
    assert told["cash"] == [{"1": f"{24 * 3 * KILLS}"}]
    assert (told["twice"], told["dangers"]) == ([], 0)
