"""Look through every chain of decisions, and name the first place of each that is not as it was written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.retail.audit_chain import Link, Verified
from shared.services import Services
from shared.storage.audit import areas_of, audit_of, verify_area
from shared.storage.protocols import Row

AREAS_AT_ONCE = 8
SHOWN_MAX = 100  # each with up to 20,000 characters of evidence


async def verify_audit(
    services: Services, noted: Mapping[str, Link] | None = None, area: str | None = None
) -> list[Verified]:
    """Verify one area's chain, or all, by area. noted: where chains stood at some time before, by area, kept elsewhere."""
    known = noted or {}
    table = services.tables.audit
    names = [area] if area is not None else sorted({*await areas_of(table), *known})
    found: list[Verified] = []
    for start in range(0, len(names), AREAS_AT_ONCE):
        part = names[start : start + AREAS_AT_ONCE]
        found += await services.together(*(verify_area(table, one, known.get(one)) for one in part))
    return found


def verified_json(one: Verified) -> dict[str, Any]:
    """Give what was found of an area as the API does."""
    return {
        "area": one.area,
        "decisions": one.decisions,
        "before_the_chain": one.before_the_chain,
        "unbroken": one.broken is None,
        "broken_at": one.broken.number if one.broken is not None else None,
        "broken_how": one.broken.what if one.broken is not None else None,
        "head": {"number": one.head.number, "sha256": one.head.hash} if one.head is not None else None,
    }


async def read_audit(services: Services, area: str, start: int = 1) -> dict[str, Any] | None:
    """Give what was decided for a store or an area, in its order from the so-manieth on, a hundred at once; None for nothing.

    What was decided only ever grows at its end, so that a part stays the same however often it is asked for. `next` says where
    the next part begins. The whole chain is verified each time.
    """
    shown: list[dict[str, Any]] = []
    partition, many = "", 0
    async for row in audit_of(services.tables.audit, area):
        partition, many = row.partition, many + 1
        if start <= many < start + SHOWN_MAX:
            shown.append(_decision(row))
    if not many:
        return None
    (verified,) = await verify_audit(services, area=partition)
    after = start + SHOWN_MAX
    return verified_json(verified) | {
        "rows": many,
        "next": after if after <= many else None,
        "decided": shown,
    }


def _decision(row: Row) -> dict[str, Any]:
    """Give one decision; whatever of it is of another kind than was written is shown as it stands."""
    names = {"who": "Who", "did": "Did", "why": "Reason", "evidence": "Evidence", "sha256": "Hash"}
    body: dict[str, Any] = {name: str(row.values.get(column, "")) for name, column in names.items()}
    at, number = row.values.get("At", ""), row.values.get("Number")
    return {
        "number": number if isinstance(number, int) else None,
        "at": at.isoformat() if isinstance(at, datetime) else str(at),
        **body,
    }
