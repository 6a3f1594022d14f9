"""For all tests: the storage emulator, the order in which files are run, and what the simulation met, said at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from scripts.azurite import started

TOLD = pytest.StashKey[list[str]]()
# These take longest: they begin first, so that the other core is not idle at the end.
FIRST = ("test_histories.py", "test_calls_of_a_chain.py", "test_crash_points.py", "test_mutants.py")


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    """Give the connection string of an emulator that is empty at the start of the run, one for each process of it.

    It is never skipped: where it does not start, tests that need it fail and say why.
    """
    with started() as emulator:
        yield emulator.connection_string


@pytest.fixture(scope="module")
def say(pytestconfig: pytest.Config) -> Callable[[Iterable[str]], None]:
    """Give what keeps lines for the end of the run."""
    return pytestconfig.stash.setdefault(TOLD, []).extend


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""

    def rank(item: pytest.Item) -> int:
        return FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST)

    items.sort(key=rank)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In one of several processes: hand over what was kept."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["the simulation"] = session.config.stash.get(TOLD, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what another process kept."""
    told = getattr(node, "workeroutput", {}).get("the simulation", [])
    node.config.stash.setdefault(TOLD, []).extend(told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was kept, also when all is well."""
    lines = config.stash.get(TOLD, [])
    if lines:
        terminalreporter.section("the simulation")
        for line in lines:
            terminalreporter.write_line(line)
