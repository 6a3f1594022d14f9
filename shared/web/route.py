"""What one HTTP route is: what it does, who may call it, what it takes and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

Security = tuple[str, ...]
PEOPLE: Security = ("person",)
SENDERS: Security = ("signature",)
EITHER: Security = ("person", "signature")
ANYONE: Security = ()

NOTHING: Mapping[str, Any] = MappingProxyType({})
REASON = {"type": "string", "minLength": 1, "maxLength": 2000}
JSON, CSV, HTML = "application/json", "text/csv", "text/html"


@dataclass(frozen=True, slots=True)
class Route:
    """One route. security: who may call it; body: the media type it takes, "" for none.

    answers: kind of answer by status, beside the errors that all routes have. takes: the body's properties that must be
    there, may: those that may; query: parameters of the query by name.
    """

    method: str
    path: str
    summary: str
    security: Security
    body: str = ""
    answers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({"200": "Object"}))
    takes: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    may: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    query: Mapping[str, Any] = field(default_factory=lambda: NOTHING)


DAY = {"type": "string", "format": "date"}


def format_of(*known: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(known), "default": "json"}


NAME = {"type": "string", "minLength": 1, "maxLength": 200}
