"""Previews and releases as people are told of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from shared.flows.releasing.outcome import UNDER_WAY
from shared.retail.release import ENDS, MOVES, STAYS, Foreseen, Preview, amounts
from shared.storage.protocols import Row


def preview_json(preview: Preview) -> dict[str, Any]:
    """Give a preview's sums: what goes, by store and day; what stays, by why; and the hash to release it by."""
    moving = preview.those(*MOVES)
    return {
        "fingerprint": preview.fingerprint,
        "code": preview.code,
        "value": preview.value,
        "held": _sum(one for one in preview.receipts if one.becomes != ENDS),
        "on_their_way": _sum(moving),
        "becomes": {word: _sum(some) for word, some in _by(moving, "becomes").items()},
        "stores": [{"store": name} | _sum(some) for name, some in _by(moving, "store").items()],
        "business_days": [
            {"business_day": name} | _sum(some) for name, some in _by(moving, "business_day").items()
        ],
        "proposed_to_be_written_off": _sum(one for one in preview.receipts if one.is_proposed),
        "ends_by_word": len(preview.those(ENDS)),
        "stay": [_staying(some) for some in _by_why(preview).values()],
        "left_for_the_next_release": preview.left,
        "mapping_version": preview.mapping_version,
        "hash": preview.mark,
    }


def _sum(receipts: Iterable[Foreseen]) -> dict[str, Any]:
    some = list(receipts)
    return {"receipts": len(some), "amounts": amounts(some)}


def _by(receipts: Iterable[Foreseen], name: str) -> dict[str, list[Foreseen]]:
    found: dict[str, list[Foreseen]] = {}
    for one in receipts:
        found.setdefault(str(getattr(one, name)), []).append(one)
    return dict(sorted(found.items()))


def _by_why(preview: Preview) -> Mapping[tuple[str, str, str], list[Foreseen]]:
    found: dict[tuple[str, str, str], list[Foreseen]] = {}
    for one in preview.receipts:
        if one.becomes not in (*MOVES, ENDS):
            found.setdefault((one.becomes, one.code, one.value), []).append(one)
    return dict(sorted(found.items()))


def _staying(some: list[Foreseen]) -> dict[str, Any]:
    first = some[0]
    looked_at = first.becomes == STAYS
    return {
        "code": first.code,
        "value": first.value,
        "do_this": first.do_this,
        "looked_at_again": looked_at,
        **_sum(some),
    }


def release_json(run: Row) -> dict[str, Any]:
    """Give a release as the API does."""
    names = {
        "release": "Number", "state": "State", "by": "By", "reason": "Reason", "receipts": "Receipts", "done": "Done",
        "went": "Went", "cancelled_by": "CancelledBy", "cancelled_why": "CancelledWhy",
    }  # fmt: skip
    instants = {"started_at": "StartedAt", "ended_at": "EndedAt", "cancelled_at": "CancelledAt"}
    body: dict[str, Any] = {name: run.values.get(column) for name, column in names.items()}
    body |= {
        name: run.instant(column).isoformat() if column in run.values else None
        for name, column in instants.items()
    }
    body["amounts"] = json.loads(run.text("Amounts", "{}"))
    body["preview"] = json.loads(run.text("Mark"))["sha256"] if run.text("Mark") else None
    return with_outcome(body, json.loads(run.text("Outcome", "{}")))


def with_outcome(body: dict[str, Any], outcome: dict[str, Any]) -> dict[str, Any]:
    """Say what came of it. on_their_way: to be held against the preview's; as_foreseen: None where nobody looked ahead, or not
    all has been looked at again.
    """
    known = bool(outcome.get("counts")) and outcome["foreseen"] and not outcome["counts"].get(UNDER_WAY)
    return body | {
        "outcome": outcome.get("counts") or None,
        "on_their_way": outcome.get("on_their_way"),
        "as_foreseen": outcome["otherwise"] == 0 if known else None,
        "otherwise": outcome.get("names", []),
    }
