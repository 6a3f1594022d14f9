"""Services for flow tests: the in-memory twins, a clock that the test turns, and a D365 that must not be called."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from shared.clock import Clock
from shared.services import Services
from shared.settings import D365Settings, Person, Sender, Settings, StorageSettings
from shared.storage.mappings import MappingCache, import_rows
from shared.storage.memory import memory_queues, memory_tables
from tests.unit.test_mapping import ROWS

T = TypeVar("T")
SENDER = Sender("east", ("a secret of the east",), frozenset({"*"}))
DESK = Person(
    "store operations desk", frozenset({"store_operations", "finance"}), hashlib.sha256(b"key").hexdigest()
)


class Hand:
    """A clock's hand, turned by the test."""

    def __init__(self) -> None:
        self.at = datetime(2017, 12, 23, 18, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def turn(self, **delta: float) -> None:
        self.at += timedelta(**delta)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def settings_for(hand: Hand) -> Settings:
    return Settings(
        environment="simulation", storage=StorageSettings("x"), senders={"east": SENDER}, people=(DESK,),
        keyed_hash_secret="a keyed hash secret", grace_minutes=60, package_minutes=15, tracking_minutes=15,
        settle_seconds=60, clock=Clock(real_now=hand),
        d365=D365Settings("https://d365.test", "env-1", "tenant", "client", "secret", "https://login.test", "Tillpost", ""),
    )  # fmt: skip


async def flow_services(hand: Hand, d365: Any = None, before_effect: Any = None) -> Services:
    """Build services over memory, with the mappings of the mapping tests imported. before_effect: a hook of the tables."""
    tables, queues = memory_tables(hand, before_effect=before_effect), memory_queues(hand)
    kinds: dict[str, list[dict[str, str]]] = {}
    for (kind, *_), values in ROWS.items():
        kinds.setdefault(kind, []).append(values)
    for kind, rows in kinds.items():
        await import_rows(tables.mappings, kind, rows, who="set-up", reason="first", at=hand())
    return Services(settings_for(hand), tables, queues, d365, MappingCache(tables.mappings), Counter())
