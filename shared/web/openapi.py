"""The description of every route (OpenAPI 3.1), made from one table, and the schema of transactions."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from shared.pos.canonical_model import schema_text
from shared.web.answer_schemas import answer_schema
from shared.web.bodies import ENCODING
from shared.web.detail import with_detail
from shared.web.route import CSV, HTML, JSON, REASON, SENDERS, Route
from shared.web.routes import ROUTES
from shared.web.routes_vendors import HEARD_SCHEMA, VENDOR_SCHEMES, VENDOR_SECURITY
from shared.web.vendor_bodies import WEBHOOK_BODIES

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


@cache
def openapi_document() -> dict[str, Any]:
    """Give the OpenAPI document. The same in `docs/openapi.json`, which a test compares."""
    paths: dict[str, dict[str, Any]] = {}
    for one in ROUTES:
        paths.setdefault(f"/api{one.path}", {})[one.method] = with_detail(one, _operation(one))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tillpost",
            "version": "0.1.0",
            "description": "POS transactions into Dynamics 365: kept, posted once, proved to the penny.",
        },
        "paths": paths,
        "components": {"schemas": _SCHEMAS, "securitySchemes": _SECURITY},
    }


@cache
def transactions_schema() -> dict[str, Any]:
    """Give the JSON Schema of a call of canonical transactions."""
    one: dict[str, Any] = json.loads(schema_text())
    return {
        "$schema": one.pop("$schema"),
        "$defs": one.pop("$defs", {}),
        "type": "object",
        "additionalProperties": False,
        "required": ["transactions"],
        "properties": {"transactions": {"type": "array", "minItems": 1, "maxItems": 500, "items": one}},
    }


def _operation(route: Route) -> dict[str, Any]:
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    answers = {**route.answers, **_common(route)}
    operation: dict[str, Any] = {
        "summary": route.summary,
        "security": _security(route.security.ways),
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ],
        "responses": {code: _response(route, kind) for code, kind in answers.items()},
    }
    if route.security.roles:
        operation["x-roles"] = list(route.security.roles)
    if route.body:
        operation["x-bytes-max"] = route.bytes_max
    if route.body == CSV and route.method == "put":  # a person's file; a sender gives no reason
        operation["parameters"].append(
            {"name": "X-Reason", "in": "header", "required": True, "schema": REASON}
        )
    if route.body and route.security == SENDERS:
        operation["parameters"].append(_ENCODED)
    operation["parameters"] += [
        {"name": name, "in": "query", "schema": schema} for name, schema in route.query.items()
    ]
    if route.body:
        operation["requestBody"] = {
            "required": True,
            "content": {route.body: {"schema": _body_schema(route)}},
        }
    return operation


def _security(ways: tuple[str, ...]) -> list[dict[str, list[str]]]:
    """A token opens wherever a person or a source account may come in; what a vendor signs, nothing else opens."""
    own = [_SCHEMES[name] for name in ways]
    return [*own, *_TOKEN] if own and not set(ways) & set(VENDOR_SCHEMES) else own


def _body_schema(route: Route) -> dict[str, Any]:
    if route.path == "/transactions":
        return {"$ref": "/api/schemas/transactions.json"}
    if route.path in WEBHOOK_BODIES:
        return WEBHOOK_BODIES[route.path]
    if route.body != JSON:
        return {"type": "string"}
    return {"type": "object", "properties": {**route.takes, **route.may}, "required": sorted(route.takes)}


def _common(route: Route) -> dict[str, str]:
    if set(route.security.ways) & set(VENDOR_SCHEMES):  # authentic, whatever is in it, is never refused
        return {"401": "Problem", "503": "Problem"}
    common = {"401": "Problem", "403": "Problem", "503": "Problem"} if route.security.ways else {}
    if not route.body:
        return common
    answers = ("400", "409", "413", "415") if route.security == SENDERS else ("400", "409", "413")
    return common | dict.fromkeys(answers, "Problem")


def _response(route: Route, kind: str) -> dict[str, Any]:
    if kind == "Problem":
        return {"description": "What is wrong, and what was expected.", "content": _PROBLEM}
    if kind in _TEXTS:
        return {"description": "The rows.", "content": {_TEXTS[kind]: {"schema": {"type": "string"}}}}
    if kind == "Sheet":
        text = {"schema": {"type": "string"}}
        content = {JSON: {"schema": answer_schema(route)}, CSV: text, HTML: text}
        return {"description": "The answer, in the format asked for.", "content": content}
    named = kind in ("Results", "Heard")
    schema = {"$ref": f"#/components/schemas/{kind}"} if named else answer_schema(route)
    return {"description": "The answer.", "content": {"application/json": {"schema": schema}}}


_VERDICTS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["index", "transaction_id", "verdict", "status_url", "problems"],
        "properties": {
            "index": {"type": "integer"},
            "transaction_id": {"type": "string"},
            "verdict": {"type": "string", "enum": ["accepted", "duplicate", "conflict", "held", "refused"]},
            "status_url": {"type": ["string", "null"]},
            "problems": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        name: {"type": "string"}
                        for name in ("rule", "field", "expected", "found", "d365_rule")
                    },
                },
            },
        },
    },
}
_SCHEMAS: dict[str, Any] = {
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "field": {"type": "string"},
            "expected": {"type": "string"},
            "found": {"type": "string"},
            "results": _VERDICTS,
            "problems": {
                "description": "What is wrong with which row of a file, the heading being row 1.",
                "type": "array",
                "items": {"type": "object"},
            },
        },
    },
    "Results": {"type": "object", "required": ["results"], "properties": {"results": _VERDICTS}},
    "Heard": HEARD_SCHEMA,
}
_ENCODED: dict[str, Any] = {
    "name": ENCODING,
    "in": "header",
    "schema": {"type": "string", "enum": ["gzip", "identity"], "default": "identity"},
    "description": "How the body is compressed. The signature is over the bytes as they are sent.",
}
_TEXTS = {"Text": CSV}
_SCHEMES: dict[str, dict[str, list[str]]] = {
    "person": {"person": []}, "signature": {"account": [], "timestamp": [], "signature": []},
    **VENDOR_SCHEMES,
}  # fmt: skip
_TOKEN: list[dict[str, list[str]]] = [{"token": []}]
_SECURITY: dict[str, Any] = {
    "person": {"type": "http", "scheme": "bearer", "description": "The key of a person or a desk."},
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of Entra ID: of a person with one of the roles in x-roles, or of an application that "
        "is bound to a source account. See docs/access.md.",
    },
    "account": {"type": "apiKey", "in": "header", "name": "X-Tillpost-Account"},
    "timestamp": {"type": "apiKey", "in": "header", "name": "X-Tillpost-Timestamp"},
    "signature": {"type": "apiKey", "in": "header", "name": "X-Tillpost-Signature"},
    **VENDOR_SECURITY,
}
