"""How an account at a vendor is: when anything was last told or found, since when it fails, whether its webhooks arrive. Pure.

A sweep counts, of what changed since the last one, how much the vendor had told by webhook and how much it had to find itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

DEAF_AFTER = timedelta(hours=24)
DEAF_FOUND_MIN = 5
SILENT_AFTER = timedelta(hours=2)
SILENT_SWEEPS = 4
PROBLEM_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class VendorState:
    """What is known of an account. heard_at: when a webhook last told of something; swept_at: when a sweep was last complete.

    failing_since, problem: while it fails. refused: the vendor does not let us in. rests_until: it is not called
    before. deaf_since, missed: since when, and how often, sweeps found what no webhook had told, with none told in between.
    found_by_sweep: so much ever.
    """

    account: str
    heard_at: datetime | None = None
    swept_at: datetime | None = None
    failing_since: datetime | None = None
    problem: str = ""
    refused: bool = False
    rests_until: datetime | None = None
    deaf_since: datetime | None = None
    missed: int = 0
    found_by_sweep: int = 0
    told: tuple[str, ...] = ()
    etag: str = ""

    def rests(self, now: datetime) -> bool:
        return self.rests_until is not None and now < self.rests_until

    @property
    def is_failing(self) -> bool:
        return self.failing_since is not None


def failing(
    state: VendorState, now: datetime, problem: str, rest_seconds: float | None, *, refused: bool
) -> VendorState:
    """Give the state after the account failed. rest_seconds: how long all of it is left alone; None: a part of it failed."""
    return replace(
        state,
        failing_since=state.failing_since or now,
        problem=problem[:PROBLEM_CHARACTERS],
        refused=refused,
        rests_until=None if rest_seconds is None else now + timedelta(seconds=rest_seconds),
    )


def answering(state: VendorState) -> VendorState:
    """Give the state after the vendor let us in again; where only a part of it failed, a sweep must say that it does not."""
    if state.rests_until is None:
        return state
    return replace(state, refused=False, failing_since=None, problem="", rests_until=None)


def swept(state: VendorState, now: datetime) -> VendorState:
    """Give the state after a sweep of every list."""
    return replace(state, swept_at=now, failing_since=None, problem="", refused=False, rests_until=None)


def counted(state: VendorState, now: datetime, told: int, found: int) -> VendorState:
    """Give the state after a sweep met what had changed: told by a webhook before, or found by the sweep."""
    done = replace(state, found_by_sweep=state.found_by_sweep + found)
    if told:
        return replace(done, heard_at=now, deaf_since=None, missed=0)
    if found:
        return replace(done, deaf_since=done.deaf_since or now, missed=done.missed + found)
    return done


def heard(state: VendorState, at: datetime) -> VendorState:
    """Give the state after what a webhook had told was fetched."""
    newest = max(at, state.heard_at) if state.heard_at is not None else at
    return replace(state, heard_at=newest, deaf_since=None, missed=0)


def is_deaf(state: VendorState, now: datetime) -> bool:
    """Say whether webhooks seem dead: for a day the sweep found everything, and something was there to be found."""
    return (
        state.deaf_since is not None
        and now - state.deaf_since >= DEAF_AFTER
        and state.missed >= DEAF_FOUND_MIN
    )


def is_silent(state: VendorState, now: datetime, sweep_minutes: int) -> bool:
    """Say whether an account has failed for longer than anybody should wait without knowing."""
    limit = max(SILENT_AFTER, SILENT_SWEEPS * timedelta(minutes=sweep_minutes))
    return state.failing_since is not None and now - state.failing_since >= limit
