"""The statement is the same bytes whatever the order of arrival and however many workers there are."""

from __future__ import annotations

import pytest

from tests.simulation.history import History, Script
from tests.simulation.weather import CALM

pytestmark = pytest.mark.simulation

ORDERS = 12


def statements(seed: int, order: int, workers: int) -> dict[str, str]:
    script = Script(weather=CALM, workers=workers, order=order, receipts_max=5, brief=True)
    return History(seed, script).run().statements


@pytest.mark.parametrize("seed", [22, 9, 2])
def test_every_order_and_any_number_of_workers_give_the_same_statement(seed: int) -> None:
    first = statements(seed, 0, 1)
    assert first
    for order in range(1, ORDERS):
        workers = (1, 2, 8, 24)[order % 4]
        assert statements(seed, order, workers) == first, f"order {order} with {workers} workers"
