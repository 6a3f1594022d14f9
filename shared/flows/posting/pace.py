"""How long to wait before D365 is asked again: what it says is law; what it does not say is guessed ever more carefully.

No rate is hard-coded. Each throttling or silence in a row doubles the pause up to half an hour, and slows the asking;
each answer takes one step back. Every pause has some chance in it, so that many instances do not come back at once.
"""

from __future__ import annotations

PAUSE_SECONDS = 60.0
PAUSE_SECONDS_MAX = 1_800.0
ASKED_FOR_TIME_SECONDS = 120.0  # told to a person whose question comes while D365 has asked for time
STRIKES_MAX = 5
POLL_SECONDS = 30
POLL_SECONDS_MAX = 300
LATE_SECONDS_MAX = 60.0


def pause_seconds(told_seconds: float | None, strikes: int, chance: float) -> float:
    """Give the pause after a refusal. told_seconds: D365's Retry-After; never earlier, and at most a minute later.

    strikes: refusals and silences in a row before this one. chance: 0 to 1.
    """
    if told_seconds is not None:
        return told_seconds + min(told_seconds * 0.1, LATE_SECONDS_MAX) * chance
    pause = min(PAUSE_SECONDS * 2.0 ** min(strikes, STRIKES_MAX), PAUSE_SECONDS_MAX)
    return pause * (0.75 + 0.5 * chance)


def poll_seconds(polls: int, slowed: int) -> float:
    """Give the pause before a running import is asked about again: 30 seconds, growing to 5 minutes.

    slowed: how many steps D365's throttling has slowed us; each doubles the pause, up to half an hour.
    """
    pause = min(POLL_SECONDS * 2 ** min(polls, 4), POLL_SECONDS_MAX)
    return float(min(pause * 2 ** min(slowed, STRIKES_MAX), PAUSE_SECONDS_MAX))
