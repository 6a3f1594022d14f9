"""How long D365 is left alone: its own word is law, and every guess is bounded and has some chance in it."""

from __future__ import annotations

import pytest

from shared.flows.posting.pace import pause_seconds, poll_seconds


@pytest.mark.parametrize(
    ("told", "chance", "pause"),
    [(30.0, 0.0, 30.0), (30.0, 1.0, 33.0), (3600.0, 1.0, 3660.0), (0.0, 1.0, 0.0)],
)
def test_what_d365_says_is_never_undercut_and_overrun_by_a_minute_at_most(
    told: float, chance: float, pause: float
) -> None:
    assert pause_seconds(told, 7, chance) == pause


@pytest.mark.parametrize(
    ("strikes", "chance", "pause"),
    [
        (0, 0.5, 60.0),
        (1, 0.5, 120.0),
        (4, 0.5, 960.0),
        (5, 0.5, 1800.0),
        (99, 0.5, 1800.0),
        (0, 0.0, 45.0),
        (99, 1.0, 2250.0),
    ],
)
def test_without_a_word_the_pause_doubles_up_to_half_an_hour(
    strikes: int, chance: float, pause: float
) -> None:
    assert pause_seconds(None, strikes, chance) == pause


@pytest.mark.parametrize(
    ("polls", "slowed", "pause"), [(0, 0, 30.0), (1, 0, 60.0), (9, 0, 300.0), (0, 2, 120.0), (9, 9, 1800.0)]
)
def test_a_running_import_is_asked_about_more_rarely_the_longer_it_runs_and_the_busier_d365_is(
    polls: int, slowed: int, pause: float
) -> None:
    assert poll_seconds(polls, slowed) == pause
