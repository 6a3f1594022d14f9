"""The simulation's own parts: time that jumps, a ledger that contradicts, a planted bug that changes one line."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.simulation.loop import NothingLeftToDoError, run_virtually
from tests.simulation.reference import HEALTHY, Reference, Version
from tests.simulation.tills import Evening
from tests.simulation.weather import CALM, weather_of

pytestmark = pytest.mark.simulation


def version(mark: str, revision: int = 0) -> Version:
    return Version("S1", "1-1", mark, HEALTHY, "1", "2017-12-23", "USD", revision, total=2_400)


def test_a_year_of_virtual_time_takes_no_time() -> None:
    async def story() -> float:
        await asyncio.sleep(365 * 86_400)
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert run_virtually(story()) == 365 * 86_400
    assert time.monotonic() - began < 5


def test_what_waits_for_the_least_goes_first_and_threads_are_called_on_the_spot() -> None:
    order: list[str] = []

    async def later(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(order.append, name)

    async def story() -> None:
        await asyncio.gather(later("c", 30), later("a", 1), later("b", 2))

    run_virtually(story())
    assert order == ["a", "b", "c"]


def test_a_run_that_can_never_go_on_says_so() -> None:
    async def story() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(NothingLeftToDoError):
        run_virtually(story())


def test_two_versions_without_a_revision_cannot_both_count() -> None:
    ledger = Reference()
    first, second = version("a"), version("b")
    ledger.send(first)
    ledger.send(second)
    assert ledger.promise(first, "accepted") == ""
    assert ledger.promise(second, "conflict") == ""
    assert ledger.counting(("S1", "1-1")) == first
    assert "both promised" in ledger.promise(second, "duplicate")


def test_the_higher_revision_counts_whichever_answer_came_last() -> None:
    ledger = Reference()
    first, second = version("a", 1), version("b", 2)
    ledger.send(first)
    ledger.send(second)
    assert ledger.promise(second, "accepted") == ""
    assert ledger.promise(first, "duplicate") == ""
    assert ledger.counting(("S1", "1-1")) == second


def test_a_receipt_that_is_refused_is_no_promise() -> None:
    ledger = Reference()
    ledger.send(version("a"))
    assert ledger.promise(version("a"), "refused") == "a was answered refused"


def test_the_tills_sums_are_those_of_their_lines_and_tenders() -> None:
    for seed in range(20):
        for one in Evening(seed).sent:
            counts, goods = (
                one.version,
                one.version.sales + one.version.returns + sum(one.version.taxes.values()),
            )
            assert sum(counts.tenders.values()) == counts.total or not counts.tenders
            assert counts.fate != HEALTHY or goods == counts.total


def test_each_history_has_weather_of_its_own() -> None:
    assert len({weather_of(seed) for seed in range(50)}) == 50
    assert all(weather_of(seed) != CALM for seed in range(50))
