"""Faults people and tests order: windows of virtual time, or the next so many calls. Each says how often it fired."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

FIELDS = {
    "throttle": ("from", "until", "retry_after_seconds", "times", "path_contains"),
    "silent": ("from", "until", "times", "path_contains"),
    "lose_answer": ("action", "times"),
    "status": ("status", "times", "path_contains", "text", "from", "until"),
    "slow_start": ("seconds", "times"),
    "partial": ("entity", "rows", "transaction_numbers", "text", "times"),
    "zero_rows": ("times",),
}
NEEDED = {
    "lose_answer": ("action",),
    "status": ("status",),
    "slow_start": ("seconds",),
    "partial": ("entity",),
}
_FOR_EVER = frozenset({"throttle", "silent"})


@dataclass(slots=True)
class Fault:
    """One fault. left: calls it may still hit, None for as many as fall into its window."""

    number: int
    kind: str
    options: Mapping[str, object]
    begins: datetime | None
    ends: datetime | None
    left: int | None
    fired: int = 0

    def as_json(self) -> dict[str, object]:
        """Give it as ordered, with what became of it."""
        return {"id": self.number, "kind": self.kind, **self.options, "left": self.left, "fired": self.fired}


@dataclass(slots=True)
class Faults:
    """The faults that are on order. `now`: the simulator's clock."""

    now: Callable[[], datetime]
    ordered: list[Fault] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, order: Mapping[str, object]) -> Fault:
        """Take an order.

        Raises:
            ValueError: an unknown kind or option, or a missing one.
        """
        kind = str(order.get("kind"))
        options = {name: value for name, value in order.items() if name != "kind"}
        if kind not in FIELDS:
            raise ValueError(f"kind is one of {', '.join(FIELDS)}")
        unknown = set(options) - set(FIELDS[kind])
        missing = [name for name in NEEDED.get(kind, ()) if name not in options]
        if unknown or missing:
            raise ValueError(f"{kind}: unknown {sorted(unknown)}, missing {missing}")
        begins, ends, times = _instant(options, "from"), _instant(options, "until"), options.get("times")
        if times is not None and (not isinstance(times, int) or times < 1):
            raise ValueError("times is a positive number")
        windowed = kind in _FOR_EVER or "from" in options or "until" in options
        left = times if isinstance(times, int) else None if windowed else 1
        fault = Fault(next(self._numbers), kind, options, begins, ends, left)
        self.ordered.append(fault)
        return fault

    def clear(self) -> None:
        """Forget every fault."""
        self.ordered.clear()

    def fire(
        self, kind: str, matches: Callable[[Mapping[str, object]], bool] = lambda _: True
    ) -> Fault | None:
        """Give the first fault of this kind that is due and matches, counted as fired; None if there is none."""
        now = self.now()
        for fault in self.ordered:
            due = (fault.begins is None or fault.begins <= now) and (fault.ends is None or now < fault.ends)
            if fault.kind == kind and due and fault.left != 0 and matches(fault.options):
                fault.fired += 1
                fault.left = None if fault.left is None else fault.left - 1
                return fault
        return None


def named(option: str, value: str) -> Callable[[Mapping[str, object]], bool]:
    """Give the match of faults whose option has this value."""
    return lambda options: options[option] == value


def on_path(path: str) -> Callable[[Mapping[str, object]], bool]:
    """Give the match of faults that name a part of the path; those that name none match every path."""
    return lambda options: str(options.get("path_contains", "")) in path


def _instant(options: Mapping[str, object], name: str) -> datetime | None:
    text = options.get(name)
    if text is None:
        return None
    instant = datetime.fromisoformat(str(text))
    if instant.tzinfo is None:
        raise ValueError(f"{name} has no offset")
    return instant
