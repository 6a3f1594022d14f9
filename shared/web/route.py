"""What one HTTP route is: what it does, who may call it, what it takes and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import azure.functions as func

from shared.errors import RejectedError
from shared.gate import PERSON, SIGNATURE, Access, people

PEOPLE = people()
DESKS = people("finance", "store_operations", "retail_systems", "it")
SENDERS = Access((SIGNATURE,))
EITHER = Access((PERSON, SIGNATURE), PEOPLE.roles)
ANYONE = Access()

NOTHING: Mapping[str, Any] = MappingProxyType({})
REASON = {"type": "string", "minLength": 1, "maxLength": 2000}
JSON, CSV, HTML = "application/json", "text/csv", "text/html"
DECISION_BYTES_MAX = 64 * 1024
FILE_BYTES_MAX = 16 * 1024 * 1024  # of receipts, and of a mapping


@dataclass(frozen=True, slots=True)
class Route:
    """One route. security: who may call it; body: the media type it takes, "" for none, and bytes_max how much of it.

    answers: kind of answer by status, beside the errors that all routes have. takes: the body's properties that must be
    there, may: those that may; query: parameters of the query by name.
    """

    method: str
    path: str
    summary: str
    security: Access
    body: str = ""
    answers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({"200": "Object"}))
    takes: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    may: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    query: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    bytes_max: int = 0

    def __post_init__(self) -> None:
        if bool(self.body) != bool(self.bytes_max):
            raise ValueError(f"{self.path} must say what body it takes, and how many bytes of it")
        if self.method != "get" and not self.security.ways:
            raise ValueError(f"{self.path} changes something, and must say who may")


def body_of(request: func.HttpRequest, route: Route) -> bytes:
    """Give a request's body, which is no larger than its route takes.

    Raises:
        RejectedError: it is larger.
    """
    body: bytes = request.get_body()
    if len(body) > route.bytes_max:
        expected, found = f"at most {route.bytes_max} bytes", f"{len(body)} bytes"
        raise RejectedError("the body is too large", field="body", expected=expected, found=found)
    return body


DAY = {"type": "string", "format": "date"}


def format_of(*known: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(known), "default": "json"}


NAME = {"type": "string", "minLength": 1, "maxLength": 200}
