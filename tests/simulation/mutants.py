"""Sixteen planted bugs, each one line of the app: (module, old, new). The harness must find every one.

They are planted while the app is imported; the tree on disk stays as it is.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

Mutant = tuple[str, str, str]

MUTANTS: dict[str, Mutant] = {
    "skip-the-slot": (
        "shared.flows.post_transactions",
        'if drive.slot.text("State") == SLOT_FREE and not await _start_package(services, drive):',
        "if not await _start_package(services, drive):",
    ),
    "trust-a-409": (
        "shared.flows.ingesting.settle",
        "        return False\n    for one in group:",
        "        pass\n    for one in group:",
    ),
    "re-send-on-timeout": (
        "shared.flows.post_transactions",
        'await drive.save_package(Stage=UNKNOWN, History=history(services, drive, "no answer: asking D365"))',
        'await drive.save_package(Stage=BUILT, History=history(services, drive, "no answer: asking D365"))',
    ),
    "delete-before-the-write": (
        "shared.flows.map_transactions",
        "    due = due_from(due_row)\n",
        "    due = due_from(due_row)\n    await services.tables.due.delete(due_row.partition, due_row.key)\n",
    ),
    "forget-the-due-row": (
        "shared.flows.map_transactions",
        "    await note_due(services.tables.due, dues)\n",
        "    await note_due(services.tables.due, dues[:1])\n",
    ),
    "forget-one-tender": (
        "shared.retail.figures",
        "    for tender in transaction.captured:\n",
        "    for tender in transaction.captured[:1]:\n",
    ),
    "turn-a-sign-on-returns": (
        "shared.retail.figures",
        "returns=total(line.net_without_tax for line in goods if line.is_return),",
        "returns=-total(line.net_without_tax for line in goods if line.is_return),",
    ),
    "lose-the-late-receipt": (
        "shared.flows.map_transactions",
        "        one = replace(one, row=one.row.with_values(Late=True))\n",
        '        return advanced(one.row, Status.EXCLUDED, now, "it came too late")\n',
    ),
    "trust-succeeded-without-counts": (
        "shared.flows.posting.conclude",
        "short = short_of(results, sent, are_named=are_named) if ended else frozenset(sent)",
        "short: frozenset[str] = frozenset()",
    ),
    "send-over-a-changed-row": (
        "shared.flows.posting.evidence",
        "absent = [(row, mapped) for row, mapped in sent if mapped.key not in there]",
        "absent = list(sent)",
    ),
    "call-a-receipt-reversed-too-early": (
        "shared.flows.track_packages",
        '        if row.text("Status") != Status.POSTED or not row.text("ReversalOf"):\n',
        '        if not row.text("ReversalOf"):\n',
    ),
    "send-cash-that-stays-by-hand": (
        "shared.flows.posting.office",
        "movements=settings.cash_office == PACKAGES",
        "movements=True",
    ),
    "let-nothing-go-by-itself": (
        "shared.flows.mapping.held_by_reference",
        "if not is_judged(broken.rule) or is_broken(mappings, broken.rule, broken.parts):",
        "if True:",
    ),
    "tell-nobody-what-is-gone": (
        "shared.flows.tracking.move",
        "    if not news.is_shown:\n        return []\n",
        "    return []\n",
    ),
    "come-back-too-early": (
        "shared.flows.posting.pace",
        "return told_seconds + min(told_seconds * 0.1, LATE_SECONDS_MAX) * chance",
        "return told_seconds * 0.5",
    ),
    "reverse-twice": (
        "shared.flows.reverse_transaction",
        '    if row.text("ReversedBy"):\n        return await _again',
        "    if False:\n        return await _again",
    ),
}

# Where each fell last, with few steps: tried first. One that falls there no longer is looked for from the first seed on.
FELL_AT: dict[str, int] = {
    "skip-the-slot": 12,
    "trust-a-409": 9,
    "re-send-on-timeout": 11,
    "delete-before-the-write": 12,
    "forget-the-due-row": 12,
    "forget-one-tender": 12,
    "turn-a-sign-on-returns": 12,
    "lose-the-late-receipt": 7,
    "send-cash-that-stays-by-hand": 5,
    "come-back-too-early": 9,
    "reverse-twice": 9,
    "send-over-a-changed-row": 17,
    "call-a-receipt-reversed-too-early": 24,
    "let-nothing-go-by-itself": 24,
    "tell-nobody-what-is-gone": 31,
    "trust-succeeded-without-counts": 37,
}


class _Planting(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module of the app, and loads it with its one line changed."""

    def __init__(self, module: str, old: str, new: str) -> None:
        self._module = module
        self._old = old
        self._new = new

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._module:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path)
        assert found is not None
        assert found.origin is not None
        return importlib.util.spec_from_file_location(
            fullname, found.origin, loader=_Changed(found.origin, self)
        )

    def changed(self, source: str) -> str:
        assert source.count(self._old) == 1, (
            f"{self._module} holds the line {source.count(self._old)} times: {self._old}"
        )
        return source.replace(self._old, self._new)


class _Changed(importlib.abc.Loader):
    def __init__(self, origin: str, planting: _Planting) -> None:
        self._origin = origin
        self._planting = planting

    def create_module(self, spec: Any) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        source = self._planting.changed(Path(self._origin).read_text(encoding="utf-8"))
        exec(compile(source, self._origin, "exec"), module.__dict__)  # noqa: S102  # the app's own source


def plant(name: str) -> None:
    """Plant a bug into this process. The app must not have been imported yet."""
    module, old, new = MUTANTS[name]
    assert module not in sys.modules, f"{module} was imported before the bug was planted"
    sys.meta_path.insert(0, _Planting(module, old, new))
