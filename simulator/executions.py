"""Executions of imports and exports: what became of each entity and row, and the files that say so."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import datetime

from simulator.schema import Entity
from simulator.values import Values, instant_text

# States in which an execution has ended.
ENDED = frozenset({"Succeeded", "PartiallySucceeded", "Failed", "Unknown", "Canceled"})


@dataclass(slots=True)
class EntityOutcome:
    """One entity of an execution: counts of rows, and what went wrong with which. name: its label."""

    entity: Entity
    name: str
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

    @property
    def has_errors(self) -> bool:
        """Whether anything went wrong."""
        return bool(self.refused or self.staging_errors or self.target_errors)


@dataclass(slots=True)
class Execution:
    """One run of an import or export. known_from: before it, D365 says that it was not found.

    kind: import, export, or the import of a neighbour. content: an export's package. fail_on_error: the first error ends it.
    """

    execution_id: str
    company: str
    submitted_at: datetime
    known_from: datetime
    kind: str = "import"
    fail_on_error: bool = False
    status: str = "NotRun"
    entities: list[EntityOutcome] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    ended_at: datetime | None = None
    content: bytes | None = None

    def outcome(self, name: str) -> EntityOutcome | None:
        """Give the outcome of one entity by its label."""
        return next((one for one in self.entities if one.name == name), None)

    def all_errors(self, *, with_keys: bool = False) -> list[str]:
        """Give every message, package first. with_keys: whether rows are named."""
        messages = list(self.errors)
        for one in self.entities:
            messages += [one.refused] if one.refused else []
            messages += [f"Row {number}: {text}" for number, text in one.staging_errors]
            messages += [
                f"{one.name} ({_key_text(one, values)}): {text}" if with_keys else text
                for values, text in one.target_errors
            ]
        return messages

    def finish(self) -> None:
        """Set the status from the entities'."""
        found = {one.status for one in self.entities}
        if found == {"Succeeded"} or not found:
            self.status = "Succeeded"
        else:
            self.status = "Failed" if found == {"Failed"} else "PartiallySucceeded"

    def as_json(self) -> dict[str, object]:
        """Give it for people and tests."""
        return {
            "executionId": self.execution_id, "kind": self.kind, "company": self.company, "status": self.status,
            "submitted_at": instant_text(self.submitted_at),
            "ended_at": instant_text(self.ended_at) if self.ended_at else "",
            "errors": len(self.all_errors()), "messages": self.all_errors(with_keys=True)[:50],
            "entities": {part.name: [part.created, part.updated] for part in self.entities},
        }  # fmt: skip


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


def _key_text(outcome: EntityOutcome, values: Values) -> str:
    return ", ".join(f"{name} {values[name]}" for name in outcome.entity.keys)
