"""Read a cause's releases: how far each is, what came of it, and receipt by receipt whether that is what was foreseen."""

from __future__ import annotations

import json
from typing import Any

from shared.flows.releasing.drive import read_run
from shared.flows.releasing.outcome import UNDER_WAY, outcome_of, outcome_text
from shared.flows.releasing.told import release_json, with_outcome
from shared.retail.release import Became
from shared.services import Services
from shared.storage.releases import releases_of


async def list_releases(services: Services, fingerprint: str) -> list[dict[str, Any]]:
    """Give a cause's releases, the newest first."""
    rows = await releases_of(services.tables.releases, fingerprint)
    return [release_json(row) for row in reversed(rows)]


async def read_release(services: Services, fingerprint: str, number: int) -> dict[str, Any] | None:
    """Give one release with what became of each receipt by now; None when there is no such one."""
    run = await read_run(services, fingerprint, number)
    if run is None:
        return None
    found = await outcome_of(services, run)
    fresh = json.loads(outcome_text(found))
    return with_outcome(release_json(run), fresh) | {"each": [_receipt(one) for one in found]}


def _receipt(one: Became) -> dict[str, Any]:
    planned = one.planned
    return {
        "store": planned.store,
        "account": planned.account,
        "transaction_id": planned.transaction_id,
        "foreseen": f"{planned.becomes}: {planned.code} {planned.value}".rstrip(" :") or None,
        "became": f"{one.becomes or UNDER_WAY}: {one.why}".rstrip(" :"),
        "as_foreseen": one.is_as_foreseen if one.becomes else None,
    }
