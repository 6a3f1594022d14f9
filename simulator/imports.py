"""Imports of data packages: one at a time, started after a while, then staging, target, counts, errors, status."""

from __future__ import annotations

import asyncio
import csv
import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulator.database import Database, Key, receipt_key
from simulator.faults import Fault, named
from simulator.package_file import Part, Staging, read_staging
from simulator.schema import Entity
from simulator.switches import Switches
from simulator.values import Values
from simulator.world import World
from simulator.writing import RefusedRowError, upsert

ROWS_AT_ONCE = 250


@dataclass(slots=True)
class EntityOutcome:
    """One entity of an import: counts of rows, and what went wrong with which."""

    entity: Entity
    status: str = "NotRun"
    staging_created: int = 0
    staging_errors: list[tuple[int, str]] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    target_errors: list[tuple[Values, str]] = field(default_factory=list)
    refused: str = ""

    def finish(self) -> None:
        """Set the status from the counts."""
        failed = len(self.staging_errors) + len(self.target_errors)
        if self.refused or (failed and not self.created + self.updated):
            self.status = "Failed"
        else:
            self.status = "PartiallySucceeded" if failed else "Succeeded"


@dataclass(slots=True)
class Execution:
    """One run of an import. known_from: before it, D365 says that it was not found."""

    execution_id: str
    company: str
    submitted_at: datetime
    known_from: datetime
    status: str = "NotRun"
    entities: list[EntityOutcome] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    ended_at: datetime | None = None

    def outcome(self, label: str) -> EntityOutcome | None:
        """Give the outcome of one entity by its label."""
        return next((one for one in self.entities if one.entity.label == label), None)

    def all_errors(self) -> list[str]:
        """Give every message, package first."""
        messages = list(self.errors)
        for one in self.entities:
            messages += [one.refused] if one.refused else []
            messages += [f"Row {number}: {text}" for number, text in one.staging_errors]
            messages += [text for _, text in one.target_errors]
        return messages


class ImportRefusedError(ValueError):
    """ImportFromPackage is not done at all; the message is D365's."""


class Imports:
    """Every import, and the one that runs."""

    def __init__(self, world: World) -> None:
        self.executions: dict[str, Execution] = {}
        self.running: Execution | None = None
        self.runs = 0
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, execution_id: str, company: str, content: bytes, parts: list[Part]) -> Execution:
        """Queue an import.

        Raises:
            ImportRefusedError: another one has not ended, the company is unknown, or the id was used and may not be.
        """
        if self.running is not None:
            raise ImportRefusedError(
                f"Another import is being executed ({self.running.execution_id}). Imports must not run in parallel."
            )
        if company not in self._world.database.reference.legal_entities:
            raise ImportRefusedError(f"The company '{company}' does not exist.")
        if execution_id in self.executions and self._world.switches.repeated_execution_id == "refuse":
            raise ImportRefusedError(f"The execution ID {execution_id} already exists.")
        now = self._world.now()
        slow = self._world.faults.fire("slow_start")
        seconds = self._world.switches.start_seconds + (int(str(slow.options["seconds"])) if slow else 0)
        execution = Execution(execution_id, company, now, now + timedelta(seconds=seconds))
        execution.entities = [EntityOutcome(part.entity) for part in parts]
        self.executions[execution_id] = self.running = execution
        self.runs += 1
        task = asyncio.create_task(self._run(execution, content, parts))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return execution

    async def stop(self) -> None:
        """End what runs; for the server's own end only."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def status(self, execution_id: str) -> str | None:
        """Give a known import's status; None before it has started."""
        execution = self.executions.get(execution_id)
        if execution is None or self._world.now() < execution.known_from:
            return None
        return execution.status

    async def _run(self, execution: Execution, content: bytes, parts: list[Part]) -> None:
        clock, switches = self._world.clock, self._world.switches
        try:
            await clock.sleep((execution.known_from - clock.now()).total_seconds() + switches.queued_seconds)
            execution.status = "Executing"
            staged = await asyncio.to_thread(read_staging, content, parts, execution.company)
            await self._load(execution, staged)
            execution.status = _overall(execution)
        finally:
            if execution.status in ("NotRun", "Executing"):
                execution.status = "Failed"
                execution.errors.append("An unexpected error has occurred.")
            execution.ended_at = self._world.now()
            self.running = None

    async def _load(self, execution: Execution, staged: list[Staging]) -> None:
        world = self._world
        nothing = world.faults.fire("zero_rows") is not None
        new_children: list[tuple[Entity, Key, EntityOutcome]] = []
        for outcome, staging in zip(execution.entities, staged, strict=True):
            outcome.refused, outcome.staging_errors = staging.refused, staging.errors
            outcome.staging_created = len(staging.rows)
            partial = world.faults.fire("partial", named("entity", outcome.entity.label))
            loader = _Loader(world.database, world.switches, outcome, _Hit(partial))
            for start in range(0, 0 if nothing else len(staging.rows), ROWS_AT_ONCE):
                for key, values in staging.rows[start : start + ROWS_AT_ONCE]:
                    if loader.load(key, values) and outcome.entity.is_child:
                        new_children.append((outcome.entity, key, outcome))
                await asyncio.sleep(0)
        if world.switches.child_without_header == "refuse":
            _remove_orphans(world.database, new_children)
        for outcome in execution.entities:
            outcome.finish()


class _Hit:
    """Which rows a `partial` fault hits: the first so many, or those of named receipts."""

    def __init__(self, fault: Fault | None) -> None:
        options = fault.options if fault else {}
        numbers = options.get("transaction_numbers")
        self._numbers = set(numbers) if isinstance(numbers, list) else set()
        self._rows = int(str(options.get("rows", 0 if self._numbers or not fault else 1)))
        self.text = str(options.get("text", "An update conflict occurred due to another user process."))

    def hits(self, values: Values) -> bool:
        if values.get("TransactionNumber") in self._numbers:
            return True
        self._rows -= 1
        return self._rows >= 0


@dataclass(frozen=True, slots=True)
class _Loader:
    database: Database
    switches: Switches
    outcome: EntityOutcome
    hit: _Hit

    def load(self, key: Key, values: Values) -> bool:
        """Take one staged row to its target, and count. Say whether it was taken."""
        try:
            if self.hit.hits(values):
                raise RefusedRowError(self.hit.text)
            _, done = upsert(self.database, self.switches, self.outcome.entity, values, key)
        except RefusedRowError as error:
            self.outcome.target_errors.append((values, str(error)))
            return False
        if done == "created":
            self.outcome.created += 1
        else:
            self.outcome.updated += 1
        return True


def _remove_orphans(database: Database, children: list[tuple[Entity, Key, EntityOutcome]]) -> None:
    for entity, key, outcome in children:
        row = database.tables[entity.odata_set].get(key)
        if row is None or database.receipts[receipt_key(row.values)].header is not None:
            continue
        number = row.values["TransactionNumber"]
        database.remove(entity, key)
        outcome.created -= 1
        text = f"The value '{number}' in field 'TransactionNumber' is not found in the related table 'RetailTransactionTable'."
        outcome.target_errors.append((row.values, text))


def _overall(execution: Execution) -> str:
    found = {one.status for one in execution.entities}
    if found == {"Succeeded"}:
        return "Succeeded"
    return "Failed" if found == {"Failed"} else "PartiallySucceeded"


def keys_file(outcome: EntityOutcome) -> bytes:
    """Write the keys of the rows that did not reach their target, as CSV; no key tells why."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(outcome.entity.keys)
    for values, _ in outcome.target_errors:
        writer.writerow([str(values[name]) for name in outcome.entity.keys])
    return text.getvalue().encode("utf-8-sig")


def staging_file(outcome: EntityOutcome) -> bytes:
    """Write the rows that did not reach staging, as CSV: row number and message."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("Row", "ErrorMessage"))
    writer.writerows(outcome.staging_errors)
    return text.getvalue().encode("utf-8-sig")
