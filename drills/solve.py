"""Solve a drill by its runbook alone: each fenced step in order, its words from the task and from what its owner knows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from drills.drill import Drill
from drills.scene import Scene, SceneError
from scripts.runbook import PLACEHOLDER, Step, call_of, read_runbook

Json = dict[str, Any]
REASON = "a drill: done as the runbook says"
_OTHER = re.compile(rb"[^A-Za-z0-9_.-]")


async def solve(scene: Scene, drill: Drill) -> list[str]:
    """Do what the runbook says, and wait until the drill is solved; give what was done, step by step.

    Raises:
        SceneError: a call was refused, nothing gives one of its words, or the drill is not solved by it.
    """
    task = await scene.until_cause(drill.reason)
    known = await drill.knows(scene)
    done = []
    for number, step in enumerate(read_runbook(drill.reason).steps, 1):
        if number in drill.steps:
            task = await scene.cause(drill.reason) or task
            words = {**words_of(task), **known, "REASON": REASON}
            done.append(await _take(scene, drill, step, str(task["owner"]), words))
    await scene.until(f"drill {drill.name} solved", _is_solved(scene, drill))
    return done


async def _take(scene: Scene, drill: Drill, step: Step, owner: str, words: Mapping[str, str]) -> str:
    if step.place == "d365":
        await drill.in_d365(scene)
    elif step.place == "till":
        await drill.at_till(scene)
    else:
        call = call_of(filled(step.text, words))
        if call.method == "GET":  # that nothing is there is an answer too
            await scene.ask(step.role or owner, call)
        else:
            await scene.done(step.role or owner, call)
        return f"{step.role or owner}: {call.method} {call.path}"
    return f"{step.place}: {step.text}"


def _is_solved(scene: Scene, drill: Drill) -> Any:
    async def is_so() -> bool:
        return not await drill.wrong(scene)

    return is_so


def words_of(task: Mapping[str, Any]) -> dict[str, str]:
    """Give what a task says for the words of a runbook: its own, and those of the first thing it holds now."""
    held = [one for one in task["members"] if one["state"] == "open"] or task["members"]
    first = held[0]
    names = ("store", "terminal", "business_day", "account", "transaction_id", "receipt_number")
    numbers = sorted(one["sequence_number"] for one in held if one["sequence_number"] is not None)
    return {
        "fingerprint": str(task["fingerprint"]), "value": str(task["value"]), "sequence_numbers": json.dumps(numbers),
        **{name: str(first[name]) for name in names},
    }  # fmt: skip


def filled(text: str, words: Mapping[str, str]) -> str:
    """Put words into a call; in its address they are written as addresses need them.

    Raises:
        SceneError: nothing gives one of them.
    """
    missing = sorted(set(PLACEHOLDER.findall(text)) - set(words))
    if missing:
        raise SceneError(f"nothing gives {', '.join(missing)} for: {text.splitlines()[0]}")
    address, _, rest = text.partition("\n")
    plain = {name: word if name == "fingerprint" else in_address(word) for name, word in words.items()}
    address = PLACEHOLDER.sub(lambda found: plain[found[1]], address)
    return "\n".join([address, PLACEHOLDER.sub(lambda found: words[found[1]], rest)])


def in_address(word: str) -> str:
    """Write an id so that it comes whole out of every address: `=` and two hexadecimal digits for what is not plain."""
    return _OTHER.sub(lambda found: b"=%02X" % found[0][0], word.encode()).decode("ascii")
