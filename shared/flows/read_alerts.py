"""Read which alerts wait to be delivered, and what became of those made in a month."""

from __future__ import annotations

from typing import Any

from shared.services import Services
from shared.storage.outbox import WAITING, done_in, waiting_deliveries
from shared.storage.protocols import Row


async def read_alerts(services: Services, month: str) -> dict[str, Any]:
    """Give what waits, and what is done of a month (2017-12), newest first. Two queries; addresses and secrets are not kept."""
    waiting = [one.row for one in await waiting_deliveries(services.tables.alerts)]
    done = await done_in(services.tables.alerts, month)
    newest = sorted(done, key=lambda row: (row.instant("At"), row.key), reverse=True)
    return {
        "month": month,
        "waiting": [_body(row) for row in waiting],
        "done": [_body(row) for row in newest],
    }


def _body(row: Row) -> dict[str, Any]:
    is_waiting = row.partition == WAITING
    return {
        "alert": row.text("Alert"),
        "channel": row.text("Channel"),
        "event": row.text("Event"),
        "owner": row.text("Owner"),
        "title": row.text("Title"),
        "fingerprint": row.text("Fingerprint") or None,
        "at": row.instant("At").isoformat(),
        "not_before": row.instant("NotBefore").isoformat() if is_waiting else None,
        "tries": row.number("Tries"),
        "outcome": WAITING if is_waiting else row.text("How"),
        "ended_at": None if is_waiting else row.instant("EndedAt").isoformat(),
        "words": row.text("Words") or None,
    }
