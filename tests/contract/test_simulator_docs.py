"""The simulator's page says what is there: changes, faults, people's calls, and switches with their true defaults."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.clock import Clock
from simulator.contract import CHANGES
from simulator.faults import FIELDS
from simulator.imports import Imports
from simulator.people import People
from simulator.switches import CHOICES, Switches
from simulator.world import World

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


def rows_of(section: str) -> list[list[str]]:
    text = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    cells = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return [[one.strip() for one in row] for row in cells]


def test_every_change_of_the_contract_is_told() -> None:
    assert {row[0].strip("`") for row in rows_of("What it claims to be")} == set(CHANGES)


def test_every_fault_is_told() -> None:
    assert {row[0].strip("`") for row in rows_of("Faults")} == set(FIELDS)


def test_switches_are_told_with_their_defaults_and_choices() -> None:
    rows = rows_of("Open questions")
    assert len(rows) >= 14
    for name, default, others in rows:
        switch = name.strip("`")
        said = [re.findall(r"`([\w]+)`", default)[0], *re.findall(r"`(\w+)`", others)]
        assert said[0] == getattr(Switches(), switch), switch
        assert sorted(said) == sorted(CHOICES[switch]), switch


def test_every_call_of_people_is_told() -> None:
    told = set(re.findall(r"`POST (/_sim/[\w/-]+)`", PAGE))
    world = World(Clock())
    assert {one.path for one in People(world, Imports(world)).routes()} <= told
