"""An event loop without a wall clock, without sockets and without threads: time jumps to the next thing that is due.

Callbacks run in the order they were made ready, so a run depends on nothing but what its tasks do: one seed, one trace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class NothingLeftToDoError(Exception):
    """Every task waits for another: the run can never go on."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs tasks in virtual seconds from 0. What would go to a thread is called on the spot."""

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0
        self._selector: Any = self
        self._clock_resolution = 1e-6  # a year in seconds has no room for nanoseconds

    def time(self) -> float:
        return self._seconds

    def select(self, timeout: float | None) -> list[Any]:
        """Stand in for a selector: no events ever; a wait is a jump in time."""
        if timeout is None:
            raise NothingLeftToDoError
        if timeout > 0:
            scheduled: Any = self
            due_at = scheduled._scheduled[0]._when
            self._seconds = max(self._seconds + timeout, due_at)
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        assert not event_list

    def _write_to_self(self) -> None:
        return

    def run_in_executor(  # type: ignore[override]  # the same call, answered on the spot
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  # whoever waits for the future gets it
            future.set_exception(error)
        return future


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time, and end what is left over."""
    loop = VirtualLoop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(work)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
