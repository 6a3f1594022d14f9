"""The description of every route (OpenAPI 3.1), made from one table, and the schema of transactions."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from shared.pos.canonical_model import schema_text

_PEOPLE: list[dict[str, list[str]]] = [{"person": []}]
_SENDERS: list[dict[str, list[str]]] = [{"account": [], "timestamp": [], "signature": []}]
_EITHER = [*_PEOPLE, *_SENDERS]
_ASKED = (
    "One transaction and where it stands. In its path all of an id but letters, digits, _ . and - is written as = and two "
    "hexadecimal digits for each UTF-8 byte; a source account signs the path as the status_url gave it."
)
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

# method, path, what it does, who may call it, media type of the body ("" for none), answers beside the errors all have
_ROUTES: tuple[tuple[str, str, str, list[dict[str, list[str]]], str, dict[str, str]], ...] = (
    (
        "post", "/transactions", "Send 1 to 500 transactions; each gets its own verdict.", _SENDERS, "application/json",
        {"202": "Results", "422": "Problem"},
    ),
    (
        "post", "/pos/poslog", "Send a POSLog document (XML).", _SENDERS, "application/xml",
        {"202": "Results", "422": "Problem"},
    ),
    (
        "get", "/transactions/{store}/{account}/{transaction_id}",
        _ASKED, _EITHER, "", {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    (
        "post", "/transactions/{store}/{account}/{transaction_id}/reversal",
        "Reverse a posted receipt in D365 and, if wanted, replace it by one mapped anew.", _PEOPLE, "application/json",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    (
        "get", "/statements/{store}/{business_day}", "The statement of a store-day with its proof.", _PEOPLE, "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    (
        "post", "/statements/{store}/{business_day}/missing", "Say that receipts which never arrived are lost or voided.",
        _PEOPLE, "application/json", {"200": "Object", "422": "Problem"},
    ),
    (
        "get", "/storedays/{legal_entity}/{business_day}", "The store-days of a legal entity, one line a store.", _PEOPLE,
        "", {"200": "Object", "422": "Problem"},
    ),
    ("get", "/causes", "What waits for a person, by cause.", _PEOPLE, "", {"200": "Object", "422": "Problem"}),
    (
        "get", "/causes/{fingerprint}", "One cause with all it holds.", _PEOPLE, "",
        {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    (
        "post", "/causes/{fingerprint}/release", "Send what a cause holds on its way, after the fix.", _PEOPLE,
        "application/json", {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    (
        "put", "/mappings/{kind}", "Take rows of a mapping over from CSV, all or nothing. Header X-Reason says why.",
        _PEOPLE, "text/csv", {"200": "Object", "422": "Problem"},
    ),
    ("get", "/mappings/{kind}", "A mapping as it is in force, as CSV.", _PEOPLE, "", {"200": "Text", "422": "Problem"}),
    (
        "post", "/shifts/{store}/{terminal}/{shift}/end", "End a shift that nobody closed, or that overlaps the next.",
        _PEOPLE, "application/json", {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    (
        "get", "/preflight", "The last check of what D365 has against what this app uses of it.", _PEOPLE, "",
        {"200": "Object", "404": "Problem"},
    ),
    ("post", "/preflight", "Make that check now.", _PEOPLE, "", {"200": "Object", "422": "Problem"}),
    (
        "get", "/reference", "What was read of D365's reference data, what is unknown, what our mappings name in vain.",
        _PEOPLE, "", {"200": "Object", "404": "Problem"},
    ),
    ("post", "/reference", "Read D365's reference data now.", _PEOPLE, "", {"200": "Object"}),
    (
        "get", "/rebuild/{store}/{business_day}",
        "Derive a store-day again from documents and decisions, and say what of what is kept differs. Nothing is written.",
        _PEOPLE, "", {"200": "Object", "404": "Problem", "422": "Problem"},
    ),
    ("get", "/usage", "Storage operations and D365 calls of this instance so far.", _PEOPLE, "", {"200": "Object"}),
    ("get", "/openapi.json", "This description.", [], "", {"200": "Object"}),
    ("get", "/schemas/transactions.json", "The JSON Schema of the body of /transactions.", [], "", {"200": "Object"}),
    ("get", "/health", "Whether the app is up.", [], "", {"200": "Object"}),
)  # fmt: skip


@cache
def openapi_document() -> dict[str, Any]:
    """Give the OpenAPI document. The same in `docs/openapi.json`, which a test compares."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, summary, security, body, answers in _ROUTES:
        paths.setdefault(f"/api{path}", {})[method] = _operation(path, summary, security, body, answers)
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


def _operation(
    path: str, summary: str, security: list[dict[str, list[str]]], body: str, answers: dict[str, str]
) -> dict[str, Any]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    operation: dict[str, Any] = {
        "summary": summary,
        "security": security,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ],
        "responses": {code: _response(kind) for code, kind in {**answers, **_common(security, body)}.items()},
    }
    if body == "text/csv":
        reason = {"type": "string", "minLength": 1, "maxLength": 2000}
        operation["parameters"].append(
            {"name": "X-Reason", "in": "header", "required": True, "schema": reason}
        )
    if path == "/causes":
        state = {"type": "string", "enum": ["open", "ended", "all"], "default": "open"}
        operation["parameters"] += [
            {"name": "state", "in": "query", "schema": state},
            {"name": "business_day", "in": "query", "schema": {"type": "string", "format": "date"}},
        ]
    if body:
        schema = (
            {"$ref": "/api/schemas/transactions.json"}
            if path == "/transactions"
            else _body_schema(path, body)
        )
        operation["requestBody"] = {"required": True, "content": {body: {"schema": schema}}}
    return operation


def _body_schema(path: str, body: str) -> dict[str, Any]:
    if body != "application/json":
        return {"type": "string"}
    properties: dict[str, Any] = {"reason": {"type": "string", "minLength": 1, "maxLength": 2000}}
    if path.endswith("/end"):
        properties["at"] = {"type": "string", "format": "date-time"}
    if path.endswith("/missing"):
        properties |= {
            "terminal": {"type": "string"},
            "sequence_numbers": {
                "type": "array",
                "items": {"type": "integer"},
                "minItems": 1,
                "maxItems": 100,
            },
            "decision": {"type": "string", "enum": ["lost", "voided"]},
        }
    optional: dict[str, Any] = {}
    if path.endswith("/reversal"):
        properties["replace"] = {"type": "boolean"}
        optional["business_day"] = {
            "type": "string", "format": "date",
            "description": "The receipt's own business day or today's. Left out: its own, or today's where its period is closed.",
        }  # fmt: skip
    return {"type": "object", "properties": properties | optional, "required": sorted(properties)}


def _common(security: list[dict[str, list[str]]], body: str) -> dict[str, str]:
    common = {"401": "Problem", "403": "Problem", "503": "Problem"} if security else {}
    if not body:
        return common
    return common | dict.fromkeys(("400", "409", "413"), "Problem")


def _response(kind: str) -> dict[str, Any]:
    if kind == "Problem":
        return {"description": "What is wrong, and what was expected.", "content": _PROBLEM}
    if kind == "Text":
        return {"description": "The rows.", "content": {"text/csv": {"schema": {"type": "string"}}}}
    schema = {"$ref": "#/components/schemas/Results"} if kind == "Results" else {"type": "object"}
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
}
_SECURITY: dict[str, Any] = {
    "person": {"type": "http", "scheme": "bearer"},
    "account": {"type": "apiKey", "in": "header", "name": "X-Tillpost-Account"},
    "timestamp": {"type": "apiKey", "in": "header", "name": "X-Tillpost-Timestamp"},
    "signature": {"type": "apiKey", "in": "header", "name": "X-Tillpost-Signature"},
}
