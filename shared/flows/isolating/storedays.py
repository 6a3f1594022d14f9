"""The one place where an error waits: a store-day at which the app fails stops none of the others of its beat.

It is put before IT and rests, longer each time; the first error is raised when every store-day has had its turn.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from shared.errors import RetryableError, UnknownOutcomeError
from shared.flows.isolating.given_up import end_done, keep, rest
from shared.pos.masking import masked_text
from shared.services import Services
from shared.storage.due import doorbell
from shared.storage.protocols import Row

T = TypeVar("T")
STORE_DAYS_AT_ONCE = 16
TIME_HELPS = (RetryableError, UnknownOutcomeError)


@dataclass(slots=True)
class StoreDays:
    """The store-days of one beat of a timer. stage: what the timer does for them."""

    services: Services
    stage: str
    errors: list[Exception] = field(default_factory=list)

    async def each(self, due_rows: Sequence[Row], work: Callable[[Row], Awaitable[T]]) -> list[tuple[Row, T]]:
        """Do the work of every due row, sixteen at once; give what came of those at which it did not fail.

        Where a whole part fails for want of time alone, such as storage that does not answer, the rest waits for the
        next beat.
        """
        done: list[tuple[Row, T]] = []
        for at in range(0, len(due_rows), STORE_DAYS_AT_ONCE):
            part = due_rows[at : at + STORE_DAYS_AT_ONCE]
            late = 0
            found = await self.services.settled(*(work(row) for row in part))
            for row, one in zip(part, found, strict=True):
                if not isinstance(one, Exception):
                    done.append((row, one))
                    continue
                self.errors.append(one)
                late += isinstance(one, TIME_HELPS)
            await self._tell(part, found)
            if late == len(part):
                break
        return done

    async def beside(self, work: Awaitable[T]) -> T | None:
        """Do what a beat does beside its store-days: an error in it stops none of them, and is raised like theirs."""
        (found,) = await self.services.settled(work)
        if isinstance(found, Exception):
            self.services.log.error("the app fails beside its store-days: %s", masked_text(repr(found)))
            self.errors.append(found)
            return None
        return found

    async def _tell(self, part: Sequence[Row], found: Sequence[object]) -> None:
        """Put what failed before IT, and end what had failed before; a row that cannot be told of is met again."""
        steps = []
        for row, one in zip(part, found, strict=True):
            if isinstance(one, Exception) and not isinstance(one, TIME_HELPS):
                steps.append(self._failed(row, one))
            elif not isinstance(one, Exception) and "FailedAt" in row.values:
                steps.append(end_done(self.services, row))
        told = await self.services.settled(*steps)
        self.errors += [one for one in told if isinstance(one, Exception)]

    async def _failed(self, row: Row, error: Exception) -> None:
        self.services.log.error("the app fails at %s: %s", row.key, masked_text(repr(error)))
        failures = await keep(self.services, self.stage, row.key, doorbell(row.key), row)
        await rest(self.services, row, failures)

    def end(self) -> None:
        """Raise what was first to go wrong, if anything did: a bug, so that the host and its alerts see it, else what time
        helps.
        """
        bugs = [one for one in self.errors if not isinstance(one, TIME_HELPS)]
        for error in (*bugs, *self.errors):
            raise error
