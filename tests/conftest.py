"""Fixtures for all tests: the storage emulator, started once for the whole run and only when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.azurite import started


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    """Give the connection string of an emulator that is empty at the start of the run.

    It is never skipped: where it does not start, tests that need it fail and say why.
    """
    with started() as emulator:
        yield emulator.connection_string
