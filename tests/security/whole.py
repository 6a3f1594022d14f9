"""The OpenAPI description in one piece, as a tool reads it that follows no address."""

from __future__ import annotations

from typing import Any

from shared.web.openapi import openapi_document, transactions_schema


def description() -> dict[str, Any]:
    """Give the description in one piece: the schema of transactions, which is served under an address of its own, within it."""
    document = {**openapi_document()}
    whole = {name: value for name, value in transactions_schema().items() if name != "$schema"}
    parts = whole.pop("$defs")
    schemas = {**document["components"]["schemas"], **parts, "Transactions": whole}
    document["components"] = {**document["components"], "schemas": schemas}
    return _with_refs(document)  # type: ignore[no-any-return]


def _with_refs(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ref(one) if name == "$ref" else _with_refs(one) for name, one in value.items()}
    return [_with_refs(one) for one in value] if isinstance(value, list) else value


def _ref(address: str) -> str:
    if address == "/api/schemas/transactions.json":
        return "#/components/schemas/Transactions"
    return address.replace("#/$defs/", "#/components/schemas/")
