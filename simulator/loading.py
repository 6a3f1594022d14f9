"""Taking staged rows to their targets: units side by side, levels one after the other, some hundred rows at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from simulator.database import Database, Key, receipt_key
from simulator.executions import EntityOutcome, Execution
from simulator.faults import CONFLICT_TEXTS, Fault, named
from simulator.package_file import Staging
from simulator.schema import Entity
from simulator.switches import Switches
from simulator.values import Values
from simulator.world import World
from simulator.writing import RefusedRowError, upsert

ROWS_AT_ONCE = 250
Written = list[tuple[Entity, Key, EntityOutcome]]


class StuckImportError(Exception):
    """The import goes no further, by order."""


async def load(world: World, execution: Execution, staged: list[Staging]) -> None:
    """Load every entity. Execution units run side by side; within one, level by level; within a level again side by side.

    Raises:
        StuckImportError: a fault keeps it from ever ending; what was loaded stays.
    """
    outcomes = dict(zip((id(one) for one in staged), execution.entities, strict=True))
    for staging in staged:
        outcome = outcomes[id(staging)]
        outcome.refused, outcome.staging_errors = staging.refused, staging.errors
        outcome.staging_created = len(staging.rows)
    nothing = world.faults.fire("zero_rows", call=execution.execution_id) is not None
    stuck = _Stuck(world.faults.fire("stuck", call=execution.execution_id))
    new_children: Written = []
    if not nothing:
        units = [
            _unit(world, execution, unit, outcomes, new_children, stuck) for unit in _by_unit(staged).values()
        ]
        for failed in await asyncio.gather(*units, return_exceptions=True):
            if isinstance(failed, BaseException):
                raise failed
    if stuck.is_ordered:
        raise StuckImportError
    if world.switches.child_without_header == "refuse":
        _remove_orphans(world.database, new_children)
    for outcome in execution.entities:
        if nothing or outcome.status == "Executing":
            outcome.finish()


def _by_unit(staged: list[Staging]) -> dict[int, list[Staging]]:
    units: dict[int, list[Staging]] = defaultdict(list)
    for staging in staged:
        units[staging.part.order[0]].append(staging)
    return units


def _levels(unit: list[Staging]) -> Iterator[list[Staging]]:
    levels: dict[int, list[Staging]] = defaultdict(list)
    for staging in unit:
        levels[staging.part.order[1]].append(staging)
    for level in sorted(levels):
        yield levels[level]


async def _unit(
    world: World, execution: Execution, unit: list[Staging], outcomes: dict[int, EntityOutcome], written: Written, stuck: _Stuck
) -> None:  # fmt: skip
    for number, level in enumerate(_levels(unit)):
        if number:
            await world.clock.sleep(world.switches.seconds_between_levels)
        await asyncio.gather(*(_entity(world, one, outcomes[id(one)], written, stuck) for one in level))
        if execution.fail_on_error and any(one.has_errors for one in execution.entities):
            return


async def _entity(
    world: World, staging: Staging, outcome: EntityOutcome, written: Written, stuck: _Stuck
) -> None:
    outcome.status = "Executing"
    partial = world.faults.fire("partial", named("entity", outcome.name), outcome.name)
    loader = _Loader(world.database, world.switches, outcome, _Hit(partial))
    for start in range(0, len(staging.rows), ROWS_AT_ONCE):
        for key, values in staging.rows[start : start + ROWS_AT_ONCE]:
            if stuck.is_ordered and stuck.stops():
                return
            if loader.load(key, values) and outcome.entity.is_child:
                written.append((outcome.entity, key, outcome))
        await asyncio.sleep(0)


class _Stuck:
    """How many rows a `stuck` fault still lets through."""

    def __init__(self, fault: Fault | None) -> None:
        self.is_ordered = fault is not None
        self._rows = int(str(fault.options.get("after_rows", 0))) if fault else 0

    def stops(self) -> bool:
        self._rows -= 1
        return self._rows < 0


class _Hit:
    """Which rows a `partial` fault hits: the first so many, or those of named receipts."""

    def __init__(self, fault: Fault | None) -> None:
        options = fault.options if fault else {}
        numbers = options.get("transaction_numbers")
        self._numbers = set(numbers) if isinstance(numbers, list) else set()
        self._rows = int(str(options.get("rows", 0 if self._numbers or not fault else 1)))
        self.text = str(options.get("text", CONFLICT_TEXTS[str(options.get("conflict", "update_conflict"))]))

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


def _remove_orphans(database: Database, children: Written) -> None:
    for entity, key, outcome in children:
        row = database.tables[entity.odata_set].get(key)
        if row is None or database.receipts[receipt_key(row.values)].header is not None:
            continue
        number = row.values["TransactionNumber"]
        database.remove(entity, key)
        outcome.created -= 1
        text = f"The value '{number}' in field 'TransactionNumber' is not found in the related table 'RetailTransactionTable'."
        outcome.target_errors.append((row.values, text))
