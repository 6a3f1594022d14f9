"""A worker dies at every single effect, before it and after it, and then twice: everything comes right all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.simulation.crash_points import (
    CALM_STORY,
    FOUL_STORY,
    Survey,
    double_deaths,
    effects_of,
    single_deaths,
    survey_of,
)

pytestmark = pytest.mark.simulation
Say = Callable[[Iterable[str]], None]
DOUBLE_DEATHS = 300
FOUL_STEP = (
    4  # every so-manieth point of the foul story; `python -m tests.simulation --crash-points` takes them all
)
FLOWS = ("ingest", "map", "post", "track", "compile", "ring", "release", "missing", "end")


@pytest.fixture(scope="module")
def calm(say: Say) -> Survey:
    survey = survey_of(CALM_STORY, single_deaths(CALM_STORY), 2)
    say([f"{survey.tellings:,} crash points, {survey.deaths:,} deaths, by flow: {dict(survey.flows)}"])
    return survey


def test_every_crash_point_is_survived(calm: Survey) -> None:
    assert calm.broken == []
    assert calm.tellings == 2 * effects_of(CALM_STORY)
    assert calm.without_death == []
    assert calm.deaths == calm.tellings


def test_recovery_costs_little_more_than_no_crash_at_all(calm: Survey) -> None:
    assert calm.effects / calm.tellings <= 1.25 * effects_of(CALM_STORY)


def test_crash_points_lie_in_every_flow(calm: Survey) -> None:
    missing = [flow for flow in FLOWS if not calm.flows[flow]]
    assert missing == []


def test_crash_points_are_survived_where_imports_lose_rows_and_answers_get_lost(say: Say) -> None:
    survey = survey_of(FOUL_STORY, single_deaths(FOUL_STORY)[::FOUL_STEP], 2)
    say([f"{survey.tellings} of {2 * effects_of(FOUL_STORY):,} crash points of the foul story"])
    assert survey.broken == []


def test_two_crashes_are_survived(say: Say) -> None:
    survey = survey_of(CALM_STORY, double_deaths(CALM_STORY, DOUBLE_DEATHS), 2)
    say([f"{survey.tellings} pairs of crashes, {survey.deaths} deaths"])
    assert survey.tellings == DOUBLE_DEATHS
    assert survey.broken == []
