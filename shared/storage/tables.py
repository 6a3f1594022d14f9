"""The app's tables and queues, by name. Plain names: people read them in the Azure portal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from shared.storage.protocols import Queue, Table

TABLE_NAMES = (
    "transactions",
    "due",
    "packages",
    "causes",
    "storedays",
    "shifts",
    "statements",
    "mappings",
    "returns",
    "stores",
    "audit",
    "releases",
    "checks",
    "tasks",
    "alerts",
    "wanted",
)
QUEUE_NAMES = ("mapping-due", "posting-due")
POISON_SUFFIX = "-poison"
DEAD_LETTERS = "dead-letters"  # for people only: plain text, nobody takes from it but a person

Ensure = Callable[[Sequence[str]], Awaitable[None]]
Close = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Tables:
    """Every table of the app."""

    transactions: Table
    due: Table
    packages: Table
    causes: Table
    storedays: Table
    shifts: Table
    statements: Table
    mappings: Table
    returns: Table
    stores: Table
    audit: Table
    releases: Table
    checks: Table
    tasks: Table
    alerts: Table
    wanted: Table
    _ensure: Ensure
    _close: Close

    async def ensure(self) -> None:
        """Make the tables that are missing."""
        await self._ensure(TABLE_NAMES)

    async def close(self) -> None:
        """Let connections go. A second call does nothing."""
        await self._close()


@dataclass(frozen=True, slots=True)
class Queues:
    """Every queue of the app."""

    mapping_due: Queue
    posting_due: Queue
    dead_letters: Queue
    _ensure: Ensure
    _close: Close

    async def ensure(self) -> None:
        """Make the queues that are missing, those for messages that failed five times and their copies included."""
        names = [*QUEUE_NAMES, *(name + POISON_SUFFIX for name in QUEUE_NAMES), DEAD_LETTERS]
        await self._ensure(names)

    async def close(self) -> None:
        """Let connections go. A second call does nothing."""
        await self._close()


def tables_from(make: Callable[[str], Table], ensure: Ensure, close: Close) -> Tables:
    """Build the bundle from a function that makes one table by its name."""
    return Tables(**{name: make(name) for name in TABLE_NAMES}, _ensure=ensure, _close=close)


def queues_from(make: Callable[[str], Queue], ensure: Ensure, close: Close) -> Queues:
    """Build the bundle from a function that makes one queue by its name."""
    names = (*QUEUE_NAMES, DEAD_LETTERS)
    return Queues(**{name.replace("-", "_"): make(name) for name in names}, _ensure=ensure, _close=close)
