"""Faults people and tests order: windows of virtual time, the next so many calls, or drawn from a seed.

Each says how often it fired, and every firing is written down with the call it hit.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

UPDATE_CONFLICT = "An update conflict occurred due to another user process."
DEADLOCK = (
    "Transaction (Process ID 68) was deadlocked on lock resources with another process and has been chosen as the"
    " deadlock victim. Rerun the transaction."
)
CONFLICT_TEXTS = {"update_conflict": UPDATE_CONFLICT, "deadlock": DEADLOCK}
_WINDOW = ("from", "until", "times")
_CALL = (*_WINDOW, "action", "path_contains")
# What each kind may name. The first group strikes a call, the second an import, the last draws the others.
FIELDS: dict[str, tuple[str, ...]] = {
    "throttle": (*_CALL, "retry_after_seconds", "retry_after_as_date"),
    "silent": _CALL,
    "lose_answer": _CALL,
    "status": (*_CALL, "status", "text"),
    "status_after": (*_CALL, "status", "text"),
    "cut_answer": _CALL,
    "slow_answer": (*_CALL, "seconds"),
    "write_conflict": (*_CALL, "conflict", "status"),
    "address_expired": _CALL,
    "restart": _CALL,
    "slow_start": (*_WINDOW, "seconds"),
    "partial": (*_WINDOW, "entity", "rows", "transaction_numbers", "text", "conflict"),
    "zero_rows": _WINDOW,
    "stuck": (*_WINDOW, "after_rows"),
    "random": (*_WINDOW, "path_contains", "seed", "rate", "kinds"),
}
NEEDED: dict[str, tuple[str, ...]] = {
    "status": ("status",),
    "slow_answer": ("seconds",),
    "slow_start": ("seconds",),
    "partial": ("entity",),
    "random": ("seed", "rate", "kinds"),
}
# What a drawn fault is ordered with.
_DRAWN: dict[str, dict[str, object]] = {
    "throttle": {"retry_after_seconds": 5},
    "status": {"status": 503},
    "status_after": {"status": 500},
    "slow_answer": {"seconds": 2},
    "slow_start": {"seconds": 10},
    "partial": {"entity": "*", "rows": 1},
}
_FOR_EVER = frozenset({"throttle", "silent", "random"})
_WRITTEN_DOWN_MAX = 2_000
Matches = Callable[[Mapping[str, object]], bool]


@dataclass(slots=True)
class Fault:
    """One fault. left: calls it may still hit, None for as many as fall into its window. luck and kinds: of a random one."""

    number: int
    kind: str
    options: Mapping[str, object]
    begins: datetime | None
    ends: datetime | None
    left: int | None
    fired: int = 0
    luck: Random | None = None
    kinds: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Give it as ordered, with what became of it."""
        return {"id": self.number, "kind": self.kind, **self.options, "left": self.left, "fired": self.fired}


@dataclass(slots=True)
class Faults:
    """The faults that are on order. `now`: the simulator's clock. written_down: (fault, kind, call) as they fired."""

    now: Callable[[], datetime]
    ordered: list[Fault] = field(default_factory=list)
    written_down: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=_WRITTEN_DOWN_MAX))
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, order: Mapping[str, object]) -> Fault:
        """Take an order.

        Raises:
            ValueError: an unknown kind or option, a missing one, or a value that makes no sense.
        """
        kind = str(order.get("kind"))
        options = {name: value for name, value in order.items() if name != "kind"}
        _check(kind, options)
        begins, ends, times = _instant(options, "from"), _instant(options, "until"), options.get("times")
        windowed = kind in _FOR_EVER or "from" in options or "until" in options
        left = times if isinstance(times, int) else None if windowed else 1
        luck = Random(str(options["seed"])) if kind == "random" else None  # noqa: S311 - to be drawn again, not to be secret
        given = options.get("kinds")
        kinds = tuple(str(one) for one in given) if isinstance(given, list) else ()
        fault = Fault(next(self._numbers), kind, options, begins, ends, left, luck=luck, kinds=kinds)
        self.ordered.append(fault)
        return fault

    def clear(self) -> None:
        """Forget every fault that is on order; what fired stays written down."""
        self.ordered.clear()

    def draw(self, call: str, path: str) -> None:
        """Let each random fault decide about a call: the same seed and the same calls, the same decisions.

        A kind that strikes calls strikes this one; one that strikes imports waits for the next.
        """
        for fault in list(self.ordered):
            if fault.luck is None or not self._due(fault) or not on_path(path)(fault.options):
                continue
            strikes = fault.luck.random() < float(str(fault.options["rate"]))
            kind = fault.luck.choice(fault.kinds)
            if strikes:
                self._count(fault, call)
                order = {"kind": kind, **_DRAWN.get(kind, {}), "times": 1}
                drawn = self.add(order)
                self.ordered.remove(drawn)
                self.ordered.insert(0, drawn)

    def fire(self, kind: str, matches: Matches = lambda _: True, call: str = "") -> Fault | None:
        """Give the first fault of this kind that is due and matches, counted as fired; None if there is none."""
        for fault in self.ordered:
            if fault.kind == kind and self._due(fault) and matches(fault.options):
                self._count(fault, call)
                return fault
        return None

    def _due(self, fault: Fault) -> bool:
        now = self.now()
        begun = fault.begins is None or fault.begins <= now
        return begun and (fault.ends is None or now < fault.ends) and fault.left != 0

    def _count(self, fault: Fault, call: str) -> None:
        fault.fired += 1
        fault.left = None if fault.left is None else fault.left - 1
        self.written_down.append(
            {
                "id": fault.number,
                "kind": fault.kind,
                "call": call,
                "at": self.now().isoformat(timespec="seconds"),
            }
        )


def named(option: str, value: str) -> Matches:
    """Give the match of faults whose option has this value; `*` stands for any."""
    return lambda options: options[option] in (value, "*")


def on_path(path: str) -> Matches:
    """Give the match of faults that name a part of the path; those that name none match every path."""
    return lambda options: str(options.get("path_contains", "")) in path


def on_call(name: str, path: str) -> Matches:
    """Give the match of faults that name this call, a part of its path, or neither."""
    return lambda options: options.get("action", name) == name and on_path(path)(options)


def _check(kind: str, options: Mapping[str, object]) -> None:
    if kind not in FIELDS:
        raise ValueError(f"kind is one of {', '.join(FIELDS)}")
    unknown = set(options) - set(FIELDS[kind])
    missing = [name for name in NEEDED.get(kind, ()) if name not in options]
    if unknown or missing:
        raise ValueError(f"{kind}: unknown {sorted(unknown)}, missing {missing}")
    times = options.get("times")
    if times is not None and (not isinstance(times, int) or times < 1):
        raise ValueError("times is a positive number")
    if options.get("conflict", "deadlock") not in CONFLICT_TEXTS:
        raise ValueError(f"conflict is one of {', '.join(CONFLICT_TEXTS)}")
    if kind == "random":
        kinds, rate = options["kinds"], options["rate"]
        if not isinstance(kinds, list) or not kinds or not set(kinds) <= set(FIELDS) - {"random"}:
            raise ValueError(f"kinds is a list of {', '.join(name for name in FIELDS if name != 'random')}")
        if not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise ValueError("rate is a number from 0 to 1")


def _instant(options: Mapping[str, object], name: str) -> datetime | None:
    text = options.get(name)
    if text is None:
        return None
    instant = datetime.fromisoformat(str(text))
    if instant.tzinfo is None:
        raise ValueError(f"{name} has no offset")
    return instant
