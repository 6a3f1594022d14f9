"""What a drill is: one fault, a task in the words of the person it happens to, and how to see that it is solved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from drills.scene import Scene
from drills.shop import OPENS

Act = Callable[[Scene], Awaitable[None]]


async def nothing(_: Scene) -> None:
    """Find that nobody has anything to do there."""


async def no_words(_: Scene) -> dict[str, str]:
    """Give no words: the task itself says everything."""
    return {}


@dataclass(frozen=True, slots=True)
class Drill:
    """One exercise. reason: whose runbook solves it. task: what has happened, for the person. hint: where to begin.

    begin: puts the fault in. wrong: what is still wrong, nothing when it is solved. in_d365, at_till: what the D365 team and
    the store do when the runbook has them asked. knows: what its owner knows or decides, by the runbook's capital words. steps:
    which of the runbook's fenced steps, counted from 1, fit this case. begins: when its clock starts. jobs: whether
    headquarters validates and posts meanwhile.
    """

    name: str
    reason: str
    task: str
    begin: Act
    wrong: Callable[[Scene], Awaitable[list[str]]]
    steps: frozenset[int]
    in_d365: Act = nothing
    at_till: Act = nothing
    knows: Callable[[Scene], Awaitable[dict[str, str]]] = no_words
    begins: datetime = OPENS
    jobs: bool = True


async def still_open(scene: Scene, code: str) -> list[str]:
    """Say that a reason's task is still open, where it is."""
    task = await scene.cause(code)
    return [] if task is None else [f"still open: {task['what_happened']}"]


async def not_yet(scene: Scene, wanted: tuple[str, ...], *transaction_ids: str) -> list[str]:
    """Name the receipts that do not stand where they should."""
    found = {one: await scene.status(one) for one in transaction_ids}
    return [f"receipt {one} is {where or 'not here'}" for one, where in found.items() if where not in wanted]
