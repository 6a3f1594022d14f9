"""Read a runbook of docs/handover/runbooks: its parts, and its steps as calls that can be made.

A step is done in one of four places, said by its fence: `http` here, with the owner's key or, where a role is named, that
role's; `d365` in Dynamics; `till` at the store; `sh` on this machine. In a call, {lower_case} comes from the cause or the first
thing it holds, and {UPPER_CASE} is what the person knows or decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

RUNBOOKS = Path(__file__).resolve().parent.parent / "docs" / "handover" / "runbooks"
PLACES = ("http", "d365", "till", "sh")
PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")
_FENCE = re.compile(r"^( *)```(\w+)(?: (\w+))?\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_HEADER = re.compile(r"([A-Z][A-Za-z]*(?:-[A-Z][A-Za-z]*)*): (.+)")


@dataclass(frozen=True, slots=True)
class Step:
    """One fenced step. place: one of PLACES; role: who makes it, "" for the reason's owner; text: what stands in it."""

    place: str
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP call as a runbook writes it down. path: with its query, its placeholders unfilled or filled."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True)
class Runbook:
    """A runbook, read."""

    code: str
    meaning: str
    effect: str
    who: str
    steps: tuple[Step, ...]
    worked: str


def read_runbook(code: str, folder: Path = RUNBOOKS) -> Runbook:
    """Read a reason's runbook.

    Raises:
        ValueError: a part is missing; it names the part.
    """
    text = (folder / f"{code}.md").read_text(encoding="utf-8")
    before, _, after = text.partition("\n## Steps\n")
    steps, _, worked = after.partition("\n## How to know it worked\n")
    parts = {name: _part(before, name) for name in ("Meaning", "Effect", "Who")}
    missing = [name for name, found in parts.items() if not found]
    missing += [
        name for name, found in (("Steps", steps), ("How to know it worked", worked)) if not found.strip()
    ]
    if missing or not text.startswith(f"# {code}\n"):
        raise ValueError(f"runbook {code} lacks {', '.join(missing) or 'its name as its title'}")
    return Runbook(code, parts["Meaning"], parts["Effect"], parts["Who"], steps_of(steps), worked.strip())


def steps_of(text: str) -> tuple[Step, ...]:
    """Give the fenced steps of a text, in order, their indentation taken away."""
    found = []
    for indent, place, role, block in _FENCE.findall(text):
        lines = [line.removeprefix(indent) for line in block.split("\n")]
        found.append(Step(place, role, "\n".join(lines).strip("\n")))
    return tuple(found)


def call_of(text: str) -> Call:
    """Read a call: its method and path, its headers, and after a blank line or at once its body.

    Raises:
        ValueError: it begins with no method and path.
    """
    first, _, rest = text.partition("\n")
    found = re.fullmatch(r"(GET|POST|PUT) (/\S+)", first)
    if not found:
        raise ValueError(f"this is no call: {first!r}")
    headers, lines = {}, rest.split("\n") if rest else []
    while lines and (header := _HEADER.fullmatch(lines[0])):
        headers[header[1]] = header[2]
        lines.pop(0)
    return Call(found[1], found[2], headers, "\n".join(lines).strip("\n"))


def _part(text: str, name: str) -> str:
    found = re.search(rf"\*\*{name}\.\*\* (.*?)(?=\n\n|\Z)", text, flags=re.DOTALL)
    return " ".join(found[1].split()) if found else ""
