"""Runs histories: one with its trace, or many in several processes, and adds up what they met."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.simulation.history import BrokenPromiseError, History, Told

PER_TASK = 10
PROGRESS_EVERY = 1_000
LONG_ENOUGH_STEPS = 100


@dataclass(slots=True)
class Tally:
    """Sums over histories. broken: the lines that reproduce what broke."""

    histories: int = 0
    long_enough: int = 0
    steps: int = 0
    receipts: int = 0
    hours: float = 0.0
    cpu_seconds: float = 0.0
    met: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def add(self, told: Told) -> None:
        self.histories += 1
        self.long_enough += told.steps >= LONG_ENOUGH_STEPS
        self.steps += told.steps
        self.receipts += told.receipts
        self.hours += told.hours
        self.met += told.met

    def join(self, other: Tally) -> None:
        self.histories += other.histories
        self.long_enough += other.long_enough
        self.steps += other.steps
        self.receipts += other.receipts
        self.hours += other.hours
        self.cpu_seconds += other.cpu_seconds
        self.met += other.met
        self.broken += other.broken

    def lines(self) -> Iterator[str]:
        """Say it for people."""
        lost = sum(count for what, count in self.met.items() if "lost" in what or "after commit" in what)
        again = self.met["duplicate message"] + self.met["delivery again"] + self.met["verdict duplicate"]
        yield (
            f"{self.histories:,} histories ({self.long_enough:,} of {LONG_ENOUGH_STEPS} steps or more), {self.steps:,} steps, "
            f"{self.receipts:,} receipts, {self.hours / 24:,.0f} days of virtual time"
        )
        yield f"{self.met['crash']:,} crashes, {again:,} duplicates, {lost:,} unknown answers"
        yield ", ".join(f"{what} {count:,}" for what, count in sorted(self.met.items()) if count)
        yield f"{self.cpu_seconds:,.0f} seconds of processor time, {self.cpu_seconds / max(self.histories, 1):.2f} a history"
        yield f"{len(self.broken)} broken promises"


def run_seeds(work: tuple[Sequence[int], float]) -> Tally:
    """Run histories one after another, none begun after a point of the machine's time (0: any)."""
    seeds, until = work
    tally, began = Tally(), time.process_time()
    for seed in seeds:
        if until and time.time() > until:
            break
        try:
            tally.add(History(seed).run())
        except BrokenPromiseError as error:
            tally.broken.append(str(error))
    tally.cpu_seconds = time.process_time() - began
    return tally


def tally_of(
    first: int,
    count: int,
    processes: int = 1,
    seconds: float = 0.0,
    told: Callable[[Tally], None] | None = None,
) -> Tally:
    """Run so many histories in several processes; begin none after so many seconds (0: no limit).

    told: is given the sums so far after each part, in the order of the seeds.
    """
    until = time.time() + seconds if seconds else 0.0
    parts = [
        (range(at, min(at + PER_TASK, first + count)), until) for at in range(first, first + count, PER_TASK)
    ]
    whole = Tally()
    if processes == 1:
        for part in parts:
            whole.join(run_seeds(part))
            if told is not None:
                told(whole)
        return whole
    with multiprocessing.get_context("spawn").Pool(processes, quiet) as pool:
        for tally in pool.imap(run_seeds, parts):
            whole.join(tally)
            if told is not None:
                told(whole)
    return whole


def quiet() -> None:
    """Prepare a process for histories: log lines tell nothing there, and collecting garbage often only takes time."""
    logging.disable(logging.CRITICAL)
    gc.set_threshold(50_000, 20, 100)


def run_many(first: int, count: int, processes: int, seconds: float) -> int:
    """Run many and print the sums, those so far at every thousand; 1 where a promise was broken."""
    began, broken = time.monotonic(), 0

    def told(so_far: Tally) -> None:
        nonlocal broken
        for line in so_far.broken[broken:]:
            print(line[:2_000], flush=True)
        broken, done = len(so_far.broken), so_far.histories + len(so_far.broken)
        if done % PROGRESS_EVERY == 0 and done < count:
            size, met, *_ = so_far.lines()
            print(
                f"seeds {first} to {first + done - 1} after {time.monotonic() - began:.0f} s: {size}; {met}; {broken} broken",
                flush=True,
            )

    tally = tally_of(first, count, processes, seconds, told)
    for line in tally.lines():
        print(line)
    print(f"{time.monotonic() - began:.0f} seconds in {processes} processes")
    return 1 if tally.broken else 0


def run_one(seed: int, trace_lines: int) -> int:
    """Run one and print what happened, or the end of its trace and what broke."""
    history = History(seed)
    try:
        told = history.run()
    except BrokenPromiseError as error:
        print("\n".join(history.effects.trace[-trace_lines:]))
        print(str(error))
        return 1
    print(
        f"seed {seed}: {told.steps} steps, {told.receipts} receipts, {told.hours:.1f} hours, trace {told.digest}"
    )
    print(", ".join(f"{what} {count}" for what, count in sorted(told.met.items()) if count))
    return 0


def first_break(first: int, count: int) -> str:
    """Give the line of the first seed that breaks; "" where none does."""
    for seed in range(first, first + count):
        try:
            History(seed).run()
        except BrokenPromiseError as error:
            return str(error).partition("\n")[0][:300]
    return ""
