"""A world to count in: the app's flows over the twins in memory and the D365 simulator, each storage request counted.

Requests that are under way together are one round trip. The host's own requests for doorbells are counted too.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

from shared.storage.mappings import MappingCache
from shared.storage.protocols import PAGE_ROWS_MAX, Row
from shared.storage.tables import queues_from, tables_from
from tests.contract.posting_world import PostingWorld

NOT_REQUESTS = frozenset({"name", "before_effect", "after_effect", "peek"})


@dataclass(slots=True)
class Counts:
    """Requests by kind, and round trips. latency_seconds: how long each takes, so that what goes together is seen."""

    requests: Counter[str] = field(default_factory=Counter)
    latency_seconds: float = 0.0
    trips: int = 0
    under_way: int = 0

    @property
    def total(self) -> int:
        return sum(self.requests.values())

    async def begin(self, kind: str) -> None:
        self.requests[kind] += 1
        self.trips += self.under_way == 0
        self.under_way += 1
        if self.latency_seconds:
            await asyncio.sleep(self.latency_seconds)

    def end(self) -> None:
        self.under_way -= 1


class Counted:
    """A table or queue whose requests are counted. A group is one request; a query one for each page of a thousand."""

    def __init__(self, inner: Any, counts: Counts) -> None:
        self._inner = inner
        self._counts = counts
        self.name: str = inner.name

    def __getattr__(self, kind: str) -> Any:
        method = getattr(self._inner, kind)
        if kind in NOT_REQUESTS:
            return method

        async def counted(*arguments: Any, **named: Any) -> Any:
            await self._counts.begin(kind)
            try:
                found = await method(*arguments, **named)
            finally:
                self._counts.end()
            if kind == "receive" and not found:
                self._counts.requests[kind] -= 1  # the host's polling of an empty queue is no work of ours
            return found

        return counted

    async def query(self, *arguments: Any, **named: Any) -> AsyncIterator[Row]:
        await self._counts.begin("query")
        seen = 0
        try:
            async for row in self._inner.query(*arguments, **named):
                if seen and seen % PAGE_ROWS_MAX == 0:
                    self._counts.requests["query"] += 1
                seen += 1
                yield row
        finally:
            self._counts.end()


def counted(world: PostingWorld, latency_seconds: float = 0.0) -> Counts:
    """Put counters around a world's storage, at zero."""
    counts, plain = Counts(latency_seconds=latency_seconds), world.services

    async def nothing(*_: Any) -> None:
        return

    tables = tables_from(lambda name: Counted(getattr(plain.tables, name), counts), nothing, nothing)
    queues = queues_from(
        lambda name: Counted(getattr(plain.queues, name.replace("-", "_")), counts), nothing, nothing
    )
    world.services = replace(plain, tables=tables, queues=queues, mappings=MappingCache(tables.mappings))
    return counts
