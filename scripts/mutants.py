"""Change the code one small step at a time and see whether a test notices: `make mutants`.

    python -m scripts.mutants [--group NAME ...] [--minutes 10]

Each group of modules is mutated by mutmut in a copy of the repository in a folder of its own, with the tests that are
fast and meant for it; one child at a time, and politely (nice 15). What no test noticed is printed with its change.
docs/mutants.md says of each that is left why it is.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
COPIED = ("shared", "simulator", "scripts", "tests", "pyproject.toml", "docs")
LEFT_OUT = shutil.ignore_patterns("node", "node_modules", "__pycache__", ".pytest_cache")
KILLED = frozenset({"killed", "timeout", "suspicious", "segfault"})
_RESULT = re.compile(r"^\s*(\S+)__mutmut_(\d+): (.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Group:
    """Modules that are mutated together, and the tests that must notice."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


def _paths(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}.py" for name in names)


_RETAIL_TESTS = _paths("tests/unit", "test_retail_basics", "test_money_figures_identity", "test_status")
_D365_TESTS = _paths(
    "tests/unit", "test_d365_values_compare", "test_d365_rows", "test_money_figures_identity"
)  # fmt: skip
GROUPS = {
    "retail": Group(_paths("shared/retail", "money", "status", "identity", "figures"), _RETAIL_TESTS),
    "d365": Group(_paths("shared/d365", "values", "compare"), _D365_TESTS),
    "rows": Group(
        _paths("shared/d365", "rows"), (*_D365_TESTS, *_paths("tests/unit", "test_d365_rarer_rows"))
    ),
    "posting": Group(
        _paths("shared/flows/posting", "pace", "slot", "evidence", "gather"),
        _paths("tests/unit", "test_posting_pace", "test_posting_steps"),
    ),
    "packages": Group(
        _paths("shared/flows/posting", "read_back", "complete", "conclude"),
        (
            *_paths("tests/unit", "test_posting_read_back", "test_posting_complete"),
            "tests/contract/test_posting_conclusions.py",
        ),
    ),
}


def main() -> int:
    """Run the groups asked for and print each module's score."""
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("--group", action="append", choices=sorted(GROUPS), help="all groups when not given")
    parser.add_argument("--minutes", type=float, default=10.0, help="at most so long a group")
    options = parser.parse_args()
    os.nice(15)
    for name in options.group or GROUPS:
        _run(name, GROUPS[name], options.minutes * 60)
    return 0


def _run(name: str, group: Group, seconds_max: float) -> None:
    with tempfile.TemporaryDirectory(prefix=f"mutants-{name}-") as folder:
        copy = Path(folder)
        _prepare(copy, group)
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1"]
        try:
            done = subprocess.run(
                command, cwd=copy, capture_output=True, text=True, timeout=seconds_max, check=False
            )
            if done.returncode:
                print(done.stdout[-2000:], done.stderr[-2000:])
        except subprocess.TimeoutExpired:
            print(f"{name}: stopped after {seconds_max / 60:.0f} minutes; the rest is not checked")
        _tell(name, copy)


def _prepare(copy: Path, group: Group) -> None:
    for one in COPIED:
        if (TOP / one).is_dir():
            shutil.copytree(TOP / one, copy / one, ignore=LEFT_OUT)
        else:
            shutil.copy(TOP / one, copy / one)
    settings = copy / "pyproject.toml"
    tests = [one for one in group.tests if (TOP / one).exists()]
    settings.write_text(
        settings.read_text("utf-8")
        + f'\n[tool.mutmut]\nsource_paths = ["shared"]\nonly_mutate = {list(group.modules)}\n'
        + f'also_copy = ["simulator", "scripts", "docs"]\npytest_add_cli_args_test_selection = {tests}\n',
        encoding="utf-8",
    )


def _tell(name: str, copy: Path) -> None:
    """Print a line for each module, then every mutant that lived, as the change it is."""
    text = _mutmut(copy, "results", "--all", "true")
    scores: dict[str, Counter[str]] = defaultdict(Counter)
    living = []
    for function, number, state in _RESULT.findall(text):
        module = ".".join(function.split(".")[:-1])
        scores[module][state] += 1
        if state not in KILLED and state != "not checked":
            living.append((f"{function}__mutmut_{number}", state))
    for module, states in sorted(scores.items()):
        checked = sum(count for state, count in states.items() if state != "not checked")
        killed = sum(count for state, count in states.items() if state in KILLED)
        share = 100 * killed / checked if checked else 0.0
        print(
            f"{name}: {module}: {killed} of {checked} killed, {share:.1f} %  {dict(sorted(states.items()))}"
        )
    for mutant, state in living:
        change = [
            line for line in _mutmut(copy, "show", mutant).splitlines() if re.match(r"[-+](?![-+])", line)
        ]
        print(f"  {state}: {mutant}", *(f"    {line.strip()}" for line in change), sep="\n")


def _mutmut(copy: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *words], cwd=copy, capture_output=True, text=True, check=False
    )
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
