"""What D365 says of an import, read defensively: its shapes differ between releases and none is documented in
full.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from shared.d365.json_text import read_json


@dataclass(frozen=True, slots=True)
class EntityResult:
    """One entity of one import. Counts are rows; None where D365 does not say."""

    entity: str
    status: str
    staging_created: int | None = None
    staging_failed: int | None = None
    target_created: int | None = None
    target_updated: int | None = None
    target_failed: int | None = None

    @property
    def has_counts(self) -> bool:
        """Whether it says how many rows reached their target."""
        return self.target_created is not None and self.target_updated is not None


# D365 facts §4 leave the shape open; each name below has been seen in a client, a job-details row or the
# simulator.
_NAMES = {
    "entity": ("entityname", "entity"),
    "status": ("status", "targetstatus", "entitystatus", "executionstatus"),
    "staging_created": ("stagingrecordscreatedcount", "stagingcreated"),
    "staging_failed": ("stagingrecordserrorcount", "stagingerrorcount", "stagingfailed",
    "stagingrecordsfailedcount"),
    "target_created": ("targetrecordscreatedcount", "targetcreated"),
    "target_updated": ("targetrecordsupdatedcount", "targetupdated"),
    "target_failed": (
        "targetrecordserrorcount", "targeterrorcount", "targetfailed", "numberofrecordsinerror",
        "errorrecords",
        "targetrecordsfailedcount",
    ),
}  # fmt: skip


def entity_results_of(value: object) -> list[EntityResult]:
    """Read the per-entity list: objects, JSON texts of objects, or one JSON text of them all. What is none is
    left out.
    """
    return [result for one in _as_list(value) if (result := _entity_result(one)) is not None]


def error_texts_of(value: object) -> list[str]:
    """Read the list of errors: a JSON text of messages, or of objects that hold one. Empty for "[]" and for
    nothing.
    """
    texts = []
    for one in _as_list(value):
        text = one
        if isinstance(one, Mapping):
            known = {str(name).lower(): part for name, part in one.items()}
            text = known.get("errormessage") or known.get("message") or json.dumps(dict(one), default=str)
        if str(text).strip():
            texts.append(str(text).strip())
    return texts


def _as_list(value: object) -> list[object]:
    if isinstance(value, str):
        if not value.strip():
            return []
        try:
            return _as_list(read_json(value))
        except ValueError:
            return [value]
    if isinstance(value, Mapping):
        return [value]
    return list(value) if isinstance(value, list) else []


def _entity_result(one: object) -> EntityResult | None:
    if isinstance(one, str):
        try:
            one = read_json(one)
        except ValueError:
            return None
    if not isinstance(one, Mapping):
        return None
    known = {str(name).lower(): part for name, part in one.items()}
    entity, status = _first(known, "entity"), _first(known, "status")
    if not entity:
        return None
    counts = {name: _count(_first(known, name)) for name in _NAMES if name not in ("entity", "status")}
    return EntityResult(str(entity), str(status or "Unknown"), **counts)


def _first(known: Mapping[str, object], name: str) -> object:
    return next((known[one] for one in _NAMES[name] if known.get(one) is not None), None)


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).lstrip("-").isdigit() else None
