"""The finer points of a route's description: what its names may hold, examples of what is asked and answered, and links."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from shared.web.names import IN_BODIES, IN_PATHS, IN_QUERIES, MAY_BE_NULL
from shared.web.route import Route

EXAMPLES = Path(__file__).with_name("examples.json")


@cache
def examples() -> Mapping[str, Mapping[str, Any]]:
    """Give the examples by route: `request` where it takes a body, and `answer`. A test asks the app for each of them."""
    found: Mapping[str, Mapping[str, Any]] = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return found


def with_detail(route: Route, operation: dict[str, Any]) -> dict[str, Any]:
    """Add the finer points to an operation of the description."""
    name = f"{route.method} {route.path}"
    shown = examples().get(name, {})
    parameters = [_parameter(one) for one in operation["parameters"]]
    found = {**operation, "operationId": operation_id(route), "parameters": parameters}
    if "requestBody" in operation:
        found["requestBody"] = {
            **operation["requestBody"],
            "content": _asked(route, operation["requestBody"]["content"], shown),
        }
    found["responses"] = {
        status: _answered(name, status, response, shown)
        for status, response in operation["responses"].items()
    }
    return found


def operation_id(route: Route) -> str:
    """Give a name of the operation that stays: its method and its path."""
    words = route.path.replace("{", "").replace("}", "").replace(".", "_").replace("-", "_").strip("/")
    return f"{route.method}_{words.replace('/', '_')}"


def _parameter(one: dict[str, Any]) -> dict[str, Any]:
    known = {"path": IN_PATHS, "query": IN_QUERIES}.get(one["in"], {})
    schema = dict(known.get(one["name"], {})) or one["schema"]
    more: dict[str, Any] = {}
    if one["in"] == "path":
        more["example"] = schema.get("examples", [None])[0]
    return {**one, "schema": {name: value for name, value in schema.items() if name != "examples"}, **more}


def _asked(route: Route, content: dict[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for media, told in content.items():
        schema = told["schema"]
        if route.takes or route.may:
            properties = {name: _property(route, name, one) for name, one in schema["properties"].items()}
            schema = {**schema, "properties": properties}
        found[media] = {
            **told,
            "schema": schema,
            **({"example": shown["request"]} if "request" in shown else {}),
        }
    return found


def _property(route: Route, name: str, told: Mapping[str, Any]) -> dict[str, Any]:
    known = MAY_BE_NULL if name in route.may else IN_BODIES
    found = {**told, **known.get(name, {})}
    if "pattern" in found:
        found.pop("format", None)  # the pattern says it, and more exactly
    return found


def _answered(name: str, status: str, response: dict[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    if not status.startswith("2") or "answer" not in shown:
        return response
    answer, content = shown["answer"], dict(response["content"])
    media = next(iter(content))
    if "text/csv" in content and isinstance(answer, str):
        media = "text/csv"
    return {**response, "content": {**content, media: {**content[media], "example": answer}}} | _links(name)


def _links(name: str) -> dict[str, Any]:
    """Say what can be asked for next with what an answer holds."""
    links = _LINKS.get(name)
    return {"links": links} if links else {}


_CAUSE = {"fingerprint": "$response.body#/causes/0/fingerprint"}
_OF_CAUSE = {"fingerprint": "$request.path.fingerprint"}
_OF_RECEIPT = {name: f"$response.body#/{name}" for name in ("store", "account", "transaction_id")}
_DAY_OF_RECEIPT = {name: f"$response.body#/{name}" for name in ("store", "business_day")}
_LINKS: Mapping[str, Mapping[str, Any]] = {
    "post /transactions": {
        "status": {
            "description": "Where the first of them stands, under the status_url of its verdict.",
            "operationId": "get_transactions_store_account_transaction_id",
            "parameters": {
                "store": "$request.body#/transactions/0/store",
                "account": "$request.header.X-Tillpost-Account",
                "transaction_id": "$request.body#/transactions/0/transaction_id",
            },
        }
    },
    "get /causes": {
        "cause": {"operationId": "get_causes_fingerprint", "parameters": _CAUSE},
        "preview": {"operationId": "get_causes_fingerprint_preview", "parameters": _CAUSE},
    },
    "get /causes/{fingerprint}/preview": {
        "release": {
            "operationId": "post_causes_fingerprint_release",
            "parameters": _OF_CAUSE,
            "requestBody": {"reason": "as the preview said", "hash": "$response.body#/hash"},
        }
    },
    "post /causes/{fingerprint}/release": {
        "releases": {"operationId": "get_causes_fingerprint_releases", "parameters": _OF_CAUSE}
    },
    "get /transactions/{store}/{account}/{transaction_id}": {
        "statement": {"operationId": "get_statements_store_business_day", "parameters": _DAY_OF_RECEIPT},
        "returns": {"operationId": "get_returns_store_account_transaction_id", "parameters": _OF_RECEIPT},
        "write_off": {
            "operationId": "post_transactions_store_account_transaction_id_write_off",
            "parameters": _OF_RECEIPT,
            "requestBody": {"reason": "it was a test of the till"},
        },
    },
    "post /transactions/{store}/{account}/{transaction_id}/write-off": {
        "withdraw": {
            "operationId": "post_transactions_store_account_transaction_id_write_off_withdraw",
            "parameters": {name: f"$request.path.{name}" for name in ("store", "account", "transaction_id")},
            "requestBody": {"reason": "it was no test after all"},
        }
    },
    "get /mappings/{kind}/history": {
        "import": {
            "operationId": "get_mappings_kind_history_version",
            "parameters": {"kind": "$request.path.kind", "version": "$response.body#/imports/0/version"},
        }
    },
}
