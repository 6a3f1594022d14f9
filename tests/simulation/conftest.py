"""Says at the end of a test run what the simulation met, also when all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

TOLD = pytest.StashKey[list[str]]()


@pytest.fixture(scope="module")
def say(pytestconfig: pytest.Config) -> Callable[[Iterable[str]], None]:
    """Give what keeps lines for the end of the run."""
    return pytestconfig.stash.setdefault(TOLD, []).extend


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was kept."""
    lines = config.stash.get(TOLD, [])
    if lines:
        terminalreporter.section("the simulation")
        for line in lines:
            terminalreporter.write_line(line)
