"""D365 says nothing for 48 hours: nothing is lost, no healthy message is delivered more than twice, and all of it drains."""

from __future__ import annotations

import pytest

from tests.simulation.history import History, Script
from tests.simulation.weather import CALM

pytestmark = pytest.mark.simulation

HOURS = 48.0


@pytest.mark.parametrize("seed", range(6))
def test_two_days_without_d365_cost_time_and_nothing_else(seed: int) -> None:
    history = History(seed, Script(weather=CALM, outage_hours=HOURS))
    told = history.run()
    assert told.hours > HOURS
    assert max(told.deliveries, default=1) <= 2
    assert history.platform.poisoned == []
    assert history.effects.met["d365 was silent to"] >= 20
