"""One request that delivers an alert: address, headers and bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A POST over https. The address and the headers may hold secrets, and are never shown."""

    url: str = field(repr=False)
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


def json_bytes(body: Mapping[str, Any]) -> bytes:
    """Write a body, the same bytes for the same body."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
