"""Check on demand that D365 still is as we use it, and show the last check: when, what was compared, what differs."""

from __future__ import annotations

from typing import Any

from shared.d365.contract import CONTRACT
from shared.errors import RetryableError, ThrottledError, not_now
from shared.flows.posting.pace import ASKED_FOR_TIME_SECONDS
from shared.flows.posting.preflight import Preflight, check_now, read_kept_preflight, ring_for_posting
from shared.flows.posting.slot import is_throttled
from shared.services import Services

_LABELS = "the names that data packages use for entities; the first import compares them"
_LENGTHS = "how long texts may be: this environment does not state it"


async def check_contract(services: Services) -> dict[str, Any]:
    """Make a check now and give its result; where the contract holds, posting goes on at once.

    Raises:
        D365NotNowError: D365 did not answer, or has asked for time; the last result stays.
        RejectedError: D365 refuses to show what it has.
    """
    if await is_throttled(services):
        raise not_now(ThrottledError("D365 has asked for time", wait_seconds=ASKED_FOR_TIME_SECONDS))
    try:
        made = await check_now(services)
    except RetryableError as error:
        raise not_now(error) from error
    if made.holds:
        await ring_for_posting(services)
    return _shown(services, made)


async def read_preflight(services: Services) -> dict[str, Any] | None:
    """Give the last check; None before the first."""
    kept = await read_kept_preflight(services)
    return None if kept is None else _shown(services, kept)


def _shown(services: Services, made: Preflight) -> dict[str, Any]:
    return {
        "environment": services.settings.d365.environment_id,
        "address": made.url,
        "checked_at": made.checked_at.isoformat(),
        "holds": made.holds,
        "compared": {
            "sets": sorted(CONTRACT.set_names),
            "fields": sum(len(one.fields) for one in CONTRACT.sets),
            "enumerations": sorted(CONTRACT.members),
            "contract": made.contract,
            "is_this_release": made.contract == CONTRACT.version,
        },
        "mismatches": [
            {"where": one.where, "expected": one.expected, "found": one.found, "blocks": one.blocks}
            for one in made.mismatches
        ],
        "unknown_sets": list(made.unknown),
        "not_compared": [_LABELS] if made.states_lengths else [_LABELS, _LENGTHS],
        "application_version": made.application_version or None,
        "platform_version": made.platform_version or None,
    }
