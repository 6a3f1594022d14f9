"""How bad it gets: each history switches some kinds of trouble on, each at a rate of its own, and leaves the others off."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from random import Random


@dataclass(frozen=True, slots=True)
class Weather:
    """Chances for each effect, 0 to 1; seconds of virtual time. All 0: calm.

    storage_refused: nothing happened. storage_lost: it happened, the answer got lost. storage_false_conflict: it
    happened, and the answer says that somebody else was first. crash: the worker dies, half of the time after the
    effect. pause: it stands still beyond its lease. silent_rows: an import loses rows and counts them honestly, but
    says Succeeded. reversals: finance has posted receipts reversed. cash_office: tills move and count cash.
    reference_changes: people change what receipts name in D365, and its reference data is read. restored: D365 is set
    back to an earlier copy, once.
    """

    storage_refused: float = 0.0
    storage_lost: float = 0.0
    storage_false_conflict: float = 0.0
    d365_unreachable: float = 0.0
    d365_lost: float = 0.0
    d365_error: float = 0.0
    d365_error_after: float = 0.0
    d365_throttled: float = 0.0
    d365_signed_out: float = 0.0
    crash: float = 0.0
    pause: float = 0.0
    slow: float = 0.0
    message_twice: float = 0.0
    message_stays: float = 0.0
    partial_import: float = 0.0
    zero_rows: float = 0.0
    silent_rows: float = 0.0
    slow_import: float = 0.0
    import_breaks: float = 0.0
    stuck_import: float = 0.0
    people_edit: float = 0.0
    neighbour: float = 0.0
    pause_seconds: float = 400.0
    skew_seconds: float = 0.0
    reversals: float = 0.0
    cash_office: float = 0.0
    reference_changes: float = 0.0
    restored: float = 0.0
    signing: float = 0.0


CALM = Weather()
# The worst rate of each kind.
WORST = Weather(
    storage_refused=0.02, storage_lost=0.02, storage_false_conflict=0.01, d365_unreachable=0.08, d365_lost=0.1,
    d365_error=0.06, d365_error_after=0.06, d365_throttled=0.08, d365_signed_out=0.03, crash=0.012, pause=0.004,
    slow=0.1, message_twice=0.2, message_stays=0.1, partial_import=0.4, zero_rows=0.15, silent_rows=0.4,
    slow_import=0.3, import_breaks=0.2, stuck_import=0.1, people_edit=0.5, neighbour=0.4, pause_seconds=400.0, skew_seconds=140.0,
    reversals=0.9, cash_office=0.6, reference_changes=0.9, restored=1.0, signing=0.9,
)  # fmt: skip
# How often these are on; the others in every second history. Each is decided by itself, so that plain evenings remain.
SELDOM = {"reversals": 0.3, "cash_office": 0.2, "reference_changes": 0.16, "restored": 0.12, "signing": 0.4}


def weather_of(seed: int) -> Weather:
    """Choose the weather of a history."""
    rng = Random(f"weather {seed}")
    chosen: dict[str, float] = {"pause_seconds": rng.choice((100.0, 400.0, 4_500.0))}
    for one in fields(Weather):
        worst = getattr(WORST, one.name)
        if one.name in SELDOM:
            own = Random(f"weather {seed} {one.name}")
            chosen[one.name] = worst * own.uniform(0.3, 1.0) if own.random() < SELDOM[one.name] else 0.0
        elif one.name != "pause_seconds":
            chosen[one.name] = worst * rng.random() if rng.random() < 0.5 else 0.0
    return replace(CALM, **chosen)
