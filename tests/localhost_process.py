"""Starts the local host as a process of its own: an app may be loaded only once per process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
FIXTURE_APP = TOP / "tests" / "fixtures" / "localhost"


@dataclass(frozen=True, slots=True)
class Running:
    """A host that listens: its address, its process, and the file its log goes to."""

    url: str
    process: subprocess.Popen[str]
    log: Path

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait, and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextlib.contextmanager
def running(folder: Path, settings: Mapping[str, str], log: Path) -> Iterator[Running]:
    """Run an app on a free port for the length of a `with` block."""
    command = [sys.executable, "-m", "localhost", "--port", "0", "--app", str(folder)]
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, cwd=TOP, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, f"the host did not start:\n{log.read_text(encoding='utf-8')}"
        yield Running(json.loads(line)["url"], process, log)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        process.stdout.close()


def wait_until(holds: Callable[[], bool], seconds_max: float = 20.0) -> None:
    """Wait until something holds; an AssertionError after so many seconds."""
    end = time.monotonic() + seconds_max
    while not holds():
        assert time.monotonic() < end, f"still not so after {seconds_max} seconds"
        time.sleep(0.05)
