"""Headquarters' batch jobs: run by hand, or by themselves every so many minutes, never two at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from simulator.financial import post_financial
from simulator.statements import Books
from simulator.validation import validate_store_transactions

log = logging.getLogger(__name__)


class Jobs:
    """The three jobs, in the order headquarters runs them."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self._lock = asyncio.Lock()

    async def validate(self) -> dict[str, object]:
        """Run "Validate store transactions"."""
        return await self._alone(self._validate)

    async def transactional(self) -> dict[str, object]:
        """Post transactional statements."""
        return await self._alone(self.books.post_transactional)

    async def financial(self) -> dict[str, object]:
        """Post financial statements."""
        return await self._alone(self._financial)

    async def run_every(self, minutes: float) -> None:
        """Run all three again and again. Ends only by being cancelled."""
        while True:
            await self.books.world.clock.sleep(minutes * 60)
            for job in (self.validate, self.transactional, self.financial):
                [outcome] = await asyncio.gather(job(), return_exceptions=True)
                if isinstance(outcome, Exception):
                    log.error("a job failed; the next run tries again", exc_info=outcome)

    async def _validate(self) -> dict[str, object]:
        if self.books.world.switches.validation_during_import == "waits":
            await self.books.world.imports_idle.wait()
        return dict(await validate_store_transactions(self.books.world))

    async def _financial(self) -> dict[str, object]:
        return await post_financial(self.books)

    async def _alone(self, job: Callable[[], Awaitable[dict[str, object]]]) -> dict[str, object]:
        async with self._lock:
            return await job()
