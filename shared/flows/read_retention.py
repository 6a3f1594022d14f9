"""Read how long what is kept, how far retention has come, what it has let go, and what it had to leave and why."""

from __future__ import annotations

from typing import Any

from shared.services import Services
from shared.storage.protocols import Row
from shared.storage.retention import left_behind, read_progress

LEFT_SHOWN_MAX = 200
_COUNTS = {
    "receipts_erased": "TextsErased", "cashiers_erased": "CashiersErased", "documents_gone": "DocumentsGone",
    "ended_causes_gone": "CausesGone", "histories_gone": "HistoriesGone", "alerts_gone": "AlertsGone",
}  # fmt: skip
_THROUGH = {"texts": "TextsThrough", "cashiers": "CashiersThrough", "documents": "DocumentsThrough"}


async def read_retention(services: Services) -> dict[str, Any]:
    """Give it; one read and one query."""
    table, environment = services.tables.packages, services.settings.d365.environment_id
    progress = await read_progress(table, environment)
    left = await left_behind(table, environment, None, LEFT_SHOWN_MAX)
    settings = services.settings.retention
    return {
        "keeps": {
            "texts_days": settings.texts_days, "cashiers_days": settings.cashiers_days,
            "documents_months": settings.documents_months, "ended_days": settings.ended_days,
        },
        "looked_at": progress.instant("LookedAt").isoformat() if progress is not None else None,
        "next_turn": progress.instant("NextTurn").isoformat() if progress is not None else None,
        "through": {name: _text(progress, column) for name, column in _THROUGH.items()},
        "gone": {name: progress.number(column) if progress else 0 for name, column in _COUNTS.items()},
        "left": [
            {
                "what": row.text("Stage").lower(), "store": row.text("Store"), "business_day": row.text("BusinessDay"),
                "why": row.text("Why"),
            }
            for row in left
        ],
        "more_left": len(left) >= LEFT_SHOWN_MAX,
    }  # fmt: skip


def _text(progress: Row | None, column: str) -> str | None:
    return (progress.text(column) or None) if progress is not None else None
