"""Rows as the service's JSON and back, types told by `@odata.type`."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime

from shared.storage.filters import instant_text
from shared.storage.protocols import Row, Value


def entity_json(row: Row) -> bytes:
    """Write a row as an entity. Every integer is an Edm.Int64, so that numbers are compared as one type."""
    entity: dict[str, str | bool] = {"PartitionKey": row.partition, "RowKey": row.key}
    for name, value in row.values.items():
        kind, written = _written(value)
        entity[name] = written
        if kind:
            entity[f"{name}@odata.type"] = kind
    return json.dumps(entity, ensure_ascii=False, separators=(",", ":")).encode()


def _written(value: Value) -> tuple[str, str | bool]:
    if isinstance(value, str | bool):
        return "", value
    if isinstance(value, int):
        return "Edm.Int64", str(value)
    if isinstance(value, bytes):
        return "Edm.Binary", b64encode(value).decode("ascii")
    assert isinstance(value, datetime)
    return "Edm.DateTime", instant_text(value)
