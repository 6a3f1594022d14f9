"""Imports of data packages: one at a time, started after a while, then staging, target, counts, errors, status."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from simulator.executions import ENDED, EntityOutcome, Execution
from simulator.loading import StuckImportError, load
from simulator.package_file import Part, read_staging
from simulator.world import World

_NEVER = 10**9


class ImportRefusedError(ValueError):
    """ImportFromPackage is not done at all; the message is D365's."""


class Imports:
    """Every execution, and the import that runs."""

    def __init__(self, world: World) -> None:
        self.executions: dict[str, Execution] = {}
        self.running: Execution | None = None
        self.runs = 0
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(
        self,
        execution_id: str,
        company: str,
        content: bytes,
        parts: list[Part],
        *,
        fail_on_error: bool = False,
        waits: bool = True,
        address_is_good: Callable[[], bool] = lambda: True,
    ) -> Execution:
        """Queue an import. waits: whether it waits for the batch service first. address_is_good: asked again at its start.

        Raises:
            ImportRefusedError: another one has not ended, the company is unknown, or the id was used and may not be.
        """
        self._refuse(execution_id, company)
        now = self._world.now()
        slow = self._world.faults.fire("slow_start", call=execution_id)
        seconds = (self._world.switches.start_seconds if waits else 0) + (
            int(str(slow.options["seconds"])) if slow else 0
        )
        execution = Execution(execution_id, company, now, now + timedelta(seconds=seconds))
        execution.fail_on_error = fail_on_error
        execution.entities = [EntityOutcome(part.entity, part.entity.label) for part in parts]
        self.runs += 1
        self._begin(execution, self._run(execution, content, parts, address_is_good))
        return execution

    def neighbour(self, execution_id: str, company: str, seconds: float) -> Execution:
        """Have another integration's import run for so long; it brings no rows of ours.

        Raises:
            ImportRefusedError: as `submit`.
        """
        self._refuse(execution_id, company)
        now = self._world.now()
        execution = Execution(execution_id, company, now, now, kind="neighbour", status="Executing")
        self._begin(execution, self._rest(execution, seconds))
        return execution

    def note(self, execution: Execution) -> None:
        """Keep an execution that is no import."""
        self.executions[execution.execution_id] = execution

    def end(self, status: str, message: str) -> Execution | None:
        """End the import that runs, by a person or a restart; what it has loaded stays. Give it."""
        execution = self.running
        if execution is None:
            return None
        execution.status, execution.ended_at = status, self._world.now()
        execution.errors.append(message)
        for task in list(self._tasks):
            task.cancel()
        self._release()
        return execution

    async def stop(self) -> None:
        """End what runs; for the server's own end only."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def replace(self, executions: dict[str, Execution]) -> None:
        """Have other executions, as after a restore. The import that runs is lost without a trace."""
        for task in list(self._tasks):
            task.cancel()
        self._release()
        self.executions = executions

    def found(self, execution_id: str) -> Execution | None:
        """Give an execution that D365 knows: it has started, and its history is not cleaned up yet."""
        execution = self.executions.get(execution_id)
        if execution is None or self._world.now() < execution.known_from:
            return None
        kept_until = execution.submitted_at + timedelta(seconds=self._world.switches.history_seconds)
        if execution.status in ENDED and self._world.now() >= kept_until:
            del self.executions[execution_id]
            return None
        return execution

    def _refuse(self, execution_id: str, company: str) -> None:
        running = self.running
        if running is not None:
            if self._world.switches.parallel_import == "both_fail":
                self.end("Failed", "Another import was started while this one was being executed.")
            raise ImportRefusedError(
                f"Another import is being executed ({running.execution_id}). Imports must not run in parallel."
            )
        if company not in self._world.database.reference.legal_entities:
            raise ImportRefusedError(f"The company '{company}' does not exist.")
        if execution_id in self.executions and self._world.switches.repeated_execution_id == "refuse":
            raise ImportRefusedError(f"The execution ID {execution_id} already exists.")

    def _begin(self, execution: Execution, work: object) -> None:
        self.executions[execution.execution_id] = self.running = execution
        self._world.imports_idle.clear()
        task: asyncio.Task[None] = asyncio.create_task(work)  # type: ignore[arg-type]  # one of the two coroutines below
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _release(self) -> None:
        self.running = None
        self._world.imports_idle.set()

    async def _rest(self, execution: Execution, seconds: float) -> None:
        await self._world.clock.sleep(seconds)
        execution.status, execution.ended_at = "Succeeded", self._world.now()
        self._release()

    async def _run(
        self, execution: Execution, content: bytes, parts: list[Part], address_is_good: Callable[[], bool]
    ) -> None:
        clock, switches = self._world.clock, self._world.switches
        try:
            await clock.sleep((execution.known_from - clock.now()).total_seconds() + switches.queued_seconds)
            if switches.address_checked == "import_and_start" and not address_is_good():
                execution.errors.append("The remote server returned an error: (403) Forbidden.")
                return
            execution.status = "Executing"
            staged = await asyncio.to_thread(read_staging, content, parts, execution.company)
            await load(self._world, execution, staged)
            execution.finish()
            if execution.fail_on_error and any(one.has_errors for one in execution.entities):
                execution.status = "Failed"
        except StuckImportError:
            await asyncio.sleep(_NEVER)
        finally:
            if self.running is execution:
                if execution.status in ("NotRun", "Executing"):
                    execution.status = "Failed"
                    execution.errors.append("An unexpected error has occurred.")
                execution.ended_at = self._world.now()
                self._release()
