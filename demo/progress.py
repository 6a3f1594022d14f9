"""Says where the run is: one line that rewrites itself on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from typing import TextIO

PLAIN_EVERY_SECONDS = 10.0
WIDTH_MAX = 110


class Progress:
    """Speaks on stderr, so that the tables on stdout stay clean."""

    def __init__(self, *, quiet: bool = False, out: TextIO | None = None) -> None:
        self.quiet = quiet
        self.out = out if out is not None else sys.stderr
        self.rewrites = self.out.isatty()
        self.began = time.monotonic()
        self.spoke = -PLAIN_EVERY_SECONDS
        self.dirty = False

    def step(self, text: str) -> None:
        """Begin a new part of the run, on a line of its own."""
        if not self.quiet:
            self._end_line()
            print(self._stamped(text), file=self.out, flush=True)

    def now(self, text: str) -> None:
        """Say where the part stands: rewritten in place on a terminal, at most every ten seconds elsewhere."""
        if self.quiet:
            return
        if self.rewrites:
            print(f"\r{self._stamped(text)[:WIDTH_MAX]:<{WIDTH_MAX}}", end="", file=self.out, flush=True)
            self.dirty = True
        elif time.monotonic() - self.spoke >= PLAIN_EVERY_SECONDS:
            self.spoke = time.monotonic()
            print(self._stamped(text), file=self.out, flush=True)

    def end(self) -> None:
        """Leave the line as it is and go to the next."""
        if not self.quiet:
            self._end_line()

    def _stamped(self, text: str) -> str:
        return f"[{time.monotonic() - self.began:5.0f} s] {text}"

    def _end_line(self) -> None:
        if self.dirty:
            print(file=self.out)
            self.dirty = False
