"""What people are shown of a cause besides what it holds: what has become of it, whose it is, and its history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.retail.alert import runbook_of, stock_text
from shared.retail.cause_state import OVER, Head
from shared.retail.units import units_text
from shared.services import Services
from shared.storage.tasks import KeptHead, entries_of, every_head, read_head


async def with_states(services: Services, causes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give causes with what has become of each: one request for each 1,000 causes there ever were."""
    heads = (
        {one.head.tally.fingerprint: one for one in await every_head(services.tables.tasks)} if causes else {}
    )
    return [one | _state_body(services, one, heads.get(one["fingerprint"])) for one in causes]


async def with_history(services: Services, cause: dict[str, Any]) -> dict[str, Any]:
    """Give one cause with what has become of it, and every line of its history, oldest first."""
    kept = await read_head(services.tables.tasks, cause["fingerprint"])
    entries = await entries_of(services.tables.tasks, cause["fingerprint"])
    history = [{"at": row.instant("At").isoformat(), "text": row.text("Text")} for row in entries]
    return cause | _state_body(services, cause, kept) | {"history": history}


def _state_body(services: Services, cause: dict[str, Any], kept: KeptHead | None) -> dict[str, Any]:
    """Say what has become of a cause; one that the next look has not taken in yet has no more than its reason's runbook."""
    runbook = runbook_of(cause["code"], services.settings.alerts.runbooks_url)
    if kept is None:
        return {"phase": None, "due_at": None, "overdue": False, "assigned_to": None, "runbook": runbook}
    head = kept.head
    is_over = head.phase == OVER
    return {
        "phase": head.phase,
        "phase_since": head.phase_since.isoformat(),
        "first_seen": head.first_seen.isoformat(),
        "opened_at": head.opened_at.isoformat(),
        "times_back": head.times_back,
        "peak": head.peak,
        "urgency": None if is_over else head.urgency,
        "due_at": None if is_over else head.due_at.isoformat(),
        "overdue": head.is_overdue(services.now()),
        "assigned_to": head.assigned_to or None,
        "set_aside_until": _iso(head.aside_until),
        "set_aside_by": head.aside_by or None,
        "set_aside_why": head.aside_why or None,
        "stock": None if is_over else _stock_body(head),
        "alerts": head.alerts,
        "runbook": runbook,
    }


def _stock_body(head: Head) -> dict[str, Any] | None:
    """Give the units held, and what that means; None where what is held moves no goods."""
    text = stock_text(head.tally)
    if not text:
        return None
    units = head.tally.units
    return {
        "units_sold_held": units_text(units.sold) or "0",
        "units_back_held": units_text(units.back) or "0",
        "words": text,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
