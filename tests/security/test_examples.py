"""Every example of the description is what the app takes and answers: asked again, and held to its schema."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.retail.mapping_kinds import EVERY_KIND
from shared.web.detail import examples
from shared.web.names import IN_PATHS, MAPPING_KINDS
from shared.web.routes import ROUTES
from tests.app_in_process import Answer
from tests.security.examples import NOT_SHOWN, Asked, ask_all
from tests.security.whole import description

NAMES = {f"{one.method} {one.path}" for one in ROUTES}


@cache
def asked() -> list[tuple[Asked, Answer]]:
    return asyncio.run(ask_all())


@cache
def whole() -> dict[str, Any]:
    return description()


def operation(name: str) -> dict[str, Any]:
    method, _, path = name.partition(" ")
    found: dict[str, Any] = whole()["paths"][f"/api{path}"][method]
    return found


def validate(schema: dict[str, Any], value: object) -> None:
    Draft202012Validator({**schema, "components": whole()["components"]}).validate(value)


def test_every_route_has_an_example_but_those_that_say_why_not() -> None:
    assert set(examples()) == NAMES - NOT_SHOWN


def test_each_example_is_asked_for_again_and_answered_as_it_says() -> None:
    for one, answer in asked():
        assert 200 <= answer.status < 300, (one.route, answer.body)
        shown = examples()[one.route]["answer"]
        if isinstance(shown, dict):
            assert set(shown) <= set(answer.json()) or one.route.endswith("{transaction_id}"), one.route
        else:
            assert isinstance(shown, str), one.route
    assert {one.route for one, _ in asked()} == set(examples())


@pytest.mark.parametrize("name", sorted(NAMES - NOT_SHOWN))
def test_an_example_fits_its_schema(name: str) -> None:
    told, shown = operation(name), examples()[name]
    assert ("requestBody" in told) == ("request" in shown)
    if "request" in shown:
        (media,) = told["requestBody"]["content"].values()
        assert media["example"] == shown["request"]
        validate(media["schema"], shown["request"])
    (status,) = (one for one in told["responses"] if one.startswith("2"))
    content = told["responses"][status]["content"]
    media = next(one for one in content.values() if "example" in one)
    assert media["example"] == shown["answer"]
    validate(media["schema"], shown["answer"])


def test_each_answer_fits_its_schema() -> None:
    for one, answer in asked():
        content = operation(one.route)["responses"][str(answer.status)]["content"]
        schema = content[answer.media_type]["schema"]
        validate(schema, answer.json() if answer.media_type == "application/json" else answer.body.decode())


def test_every_parameter_of_a_path_has_an_example_that_fits_and_every_kind_of_mapping_is_named() -> None:
    assert set(MAPPING_KINDS) == set(EVERY_KIND)
    for method_and_path in NAMES:
        for one in operation(method_and_path)["parameters"]:
            if one["in"] == "path":
                validate(one["schema"], one["example"])


def test_a_link_leads_to_an_operation_and_gives_it_parameters_that_it_has() -> None:
    operations = {one["operationId"]: one for path in whole()["paths"].values() for one in path.values()}
    links = [
        link
        for one in operations.values()
        for response in one["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert len(links) >= 9
    for link in links:
        target = operations[link["operationId"]]
        assert set(link["parameters"]) == {one["name"] for one in target["parameters"] if one["in"] == "path"}
        if isinstance(link.get("requestBody"), dict):
            validate(next(iter(target["requestBody"]["content"].values()))["schema"], link["requestBody"])


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("business_day", ["2017-12-23", "2020-02-29", "2000-02-29", "1990-01-01", "2199-12-31"],
         ["2019-02-29", "2100-02-29", "2017-02-30", "2017-04-31", "2017-13-01", "1989-12-31", "2200-01-01", "20171223", "", " "]),
        ("period", ["2017-12", "2017-12-01..2017-12-31", "2017-12-23"], ["2017-13", "2017", "2017-12-01.2017-12-31", "12-01"]),
        ("number", [0, 9999], [-1, 10_000, "1"]),
        ("store", ["S1", "store=202", "tender_unmapped~AMEX"], ["", "S/1", "a b", "x" * 513]),
    ],
)  # fmt: skip
def test_a_name_may_hold_what_the_app_reads_and_nothing_else(
    name: str, right: list[Any], wrong: list[Any]
) -> None:
    validator = Draft202012Validator(dict(IN_PATHS[name]))
    assert [one for one in right if not validator.is_valid(one)] == []
    assert [one for one in wrong if validator.is_valid(one)] == []
