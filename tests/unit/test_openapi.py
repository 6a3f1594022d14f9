"""The description says what the app does: every route, both ways, and the files in docs/ are what is served."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from scripts.write_docs import documents
from shared.web.openapi import openapi_document, transactions_schema
from tests.unit.documents import sale_document

TOP = Path(__file__).resolve().parents[2]


def routes() -> dict[tuple[str, str], ast.AsyncFunctionDef]:
    """Every HTTP function of the triggers by method and path, read from its decorators."""
    found = {}
    modules = sorted((TOP / "shared" / "triggers").glob("*.py"))
    nodes = [node for path in modules for node in ast.parse(path.read_text(encoding="utf-8")).body]
    for node in nodes:
        if not isinstance(node, ast.AsyncFunctionDef):
            continue
        for call in node.decorator_list:
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "route":
                (methods,) = (ast.literal_eval(one.value) for one in call.keywords if one.arg == "methods")
                for method in methods:
                    found[method, f"/api/{ast.literal_eval(call.args[0])}"] = node
    return found


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    paths = openapi_document()["paths"]
    return {(method.upper(), path): one for path, methods in paths.items() for method, one in methods.items()}


def test_the_description_is_valid_openapi() -> None:
    validate(openapi_document())


def test_every_http_function_is_described_and_nothing_else() -> None:
    assert len(routes()) == 60
    assert set(routes()) == set(operations())


@pytest.mark.parametrize("name", ["openapi.json", "transactions.schema.json"])
def test_the_file_in_docs_is_what_the_app_serves(name: str) -> None:
    served = documents()[name]
    assert json.loads((TOP / "docs" / name).read_text(encoding="utf-8")) == served, (
        "python -m scripts.write_docs"
    )


def test_the_description_says_who_may_call_and_which_roles_it_takes() -> None:
    told = {
        address: {name for one in found["security"] for name in one}
        for address, found in operations().items()
    }
    signature = {"account", "timestamp", "signature"}
    assert told["POST", "/api/transactions"] == {*signature, "token"}
    assert told["GET", "/api/transactions/{store}/{account}/{transaction_id}"] == {
        "person",
        *signature,
        "token",
    }
    assert told["POST", "/api/preflight"] == {"person", "token"}
    assert operations()["POST", "/api/preflight"]["x-roles"] == ["it"]
    assert {path for (_, path), found in told.items() if not found} == {
        "/api/health", "/api/openapi.json", "/api/schemas/transactions.json",
    }  # fmt: skip


def test_each_part_of_a_path_is_a_parameter_and_each_operation_says_what_it_answers() -> None:
    for (method, path), one in operations().items():
        told = {parameter["name"] for parameter in one["parameters"] if parameter["in"] == "path"}
        assert told == set(re.findall(r"\{(\w+)\}", path))
        answers = set(one["responses"])
        assert answers & {"200", "202"}
        assert not one["security"] or {"401", "503"} <= answers, path
        takes_a_body = method in ("POST", "PUT") and path not in (
            "/api/preflight",
            "/api/reference",
            "/api/statements/{store}/{business_day}/vouchers",
        )  # those only order a check
        assert ("requestBody" in one) == takes_a_body, path
        assert "requestBody" not in one or {"400", "413", "422"} <= answers, path


def test_the_schema_of_a_call_takes_a_golden_sale_and_1_to_500_of_them_and_no_unknown_field() -> None:
    schema = transactions_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"transactions": [sale_document()]})
    assert validator.is_valid({"transactions": [sale_document()] * 500})
    for wrong in (
        {"transactions": []},
        {"transactions": [sale_document()] * 501},
        {"transactions": [sale_document(colour="red")]},
        {"transactions": [sale_document()], "more": 1},
        {},
    ):
        assert not validator.is_valid(wrong)


def test_the_schema_of_one_transaction_in_docs_is_the_one_within_the_call() -> None:
    one = json.loads((TOP / "docs" / "transaction.schema.json").read_text(encoding="utf-8"))
    call = transactions_schema()
    items = call["properties"]["transactions"]["items"]
    assert {**items, "$schema": call["$schema"], "$defs": call["$defs"]} == one
