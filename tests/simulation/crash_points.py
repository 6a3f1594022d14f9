"""Crash points: a story is told once and its effects are counted; then it is told again and again, and each time the worker
dies at another effect, before it or after it. Everything must come right all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from random import Random

from tests.simulation.history import BrokenPromiseError, History, Script
from tests.simulation.runner import quiet
from tests.simulation.weather import CALM, Weather

Deaths = tuple[tuple[int, bool], ...]
Story = tuple[int, Script]
PER_TASK = 12

# In good weather; and with an import that loses rows in silence, one that breaks off, and answers that get lost.
CALM_STORY: Story = (154, Script(weather=CALM, workers=1, receipts_max=4, brief=True))
FOUL_STORY: Story = (
    16,
    Script(
        weather=Weather(silent_rows=1.0, import_breaks=0.3, d365_lost=0.12, d365_error_after=0.1, storage_lost=0.01),
        workers=2, receipts_max=4, brief=True,
    ),
)  # fmt: skip


@dataclass(slots=True)
class Survey:
    """What became of so many tellings. flows: how many deaths fell into which flow. without_death: nobody died in these."""

    tellings: int = 0
    deaths: int = 0
    effects: int = 0
    flows: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    without_death: list[Deaths] = field(default_factory=list)


def effects_of(story: Story) -> int:
    """Tell a story once and count its effects."""
    return History(*story).run().steps


def single_deaths(story: Story) -> list[Deaths]:
    """Give every crash point of a story: each effect, before it and after it."""
    return [((at, before),) for at in range(1, effects_of(story) + 1) for before in (True, False)]


def double_deaths(story: Story, count: int) -> list[Deaths]:
    """Give so many pairs of crash points, the second while the story recovers from the first."""
    rng, last = Random("double deaths"), effects_of(story)
    found = []
    for _ in range(count):
        first = rng.randint(1, last)
        found.append(((first, rng.random() < 0.5), (first + rng.randint(1, 120), rng.random() < 0.5)))
    return found


def tell(work: tuple[Story, Sequence[Deaths]]) -> Survey:
    """Tell a story with each of these deaths."""
    (seed, script), many = work
    survey = Survey()
    for deaths in many:
        history = History(seed, replace(script, deaths=deaths))
        survey.tellings += 1
        try:
            told = history.run()
        except BrokenPromiseError as error:
            survey.broken.append(f"deaths {deaths} of story {seed}: {error}")
            continue
        survey.effects += told.steps
        survey.deaths += told.met["crash"]
        if not told.met["crash"]:
            survey.without_death.append(deaths)
        flow = ""
        for line in history.effects.trace:
            words = line.split()
            if words[1] == "crash":
                survey.flows[flow] += 1
            elif words[1].startswith("w") and len(words) > 3:
                flow = words[2]
    return survey


def survey_of(story: Story, many: Sequence[Deaths], processes: int) -> Survey:
    """Tell a story with all of these deaths, in several processes."""
    parts = [(story, many[at : at + PER_TASK]) for at in range(0, len(many), PER_TASK)]
    whole = Survey()
    with get_context("spawn").Pool(processes, quiet) as pool:
        for one in pool.imap_unordered(tell, parts):
            whole.tellings += one.tellings
            whole.deaths += one.deaths
            whole.effects += one.effects
            whole.flows += one.flows
            whole.broken += one.broken
            whole.without_death += one.without_death
    return whole


def run_all(processes: int) -> int:
    """Take every crash point of both stories, and a thousand pairs; print how many there were; 1 where one broke."""
    broken = 0
    for name, story in (("calm", CALM_STORY), ("foul", FOUL_STORY)):
        for what, many in (("points", single_deaths(story)), ("pairs", double_deaths(story, 500))):
            survey = survey_of(story, many, processes)
            flows = ", ".join(f"{flow} {count}" for flow, count in sorted(survey.flows.items()))
            print(f"{name} story: {survey.tellings:,} crash {what}, {survey.deaths:,} deaths ({flows})")
            for line in survey.broken[:10]:
                print(line[:1_000])
            print(f"{len(survey.without_death)} tellings without a death {survey.without_death[:10] or ''}")
            broken += len(survey.broken)
    print(f"{broken} broken promises")
    return 1 if broken else 0
