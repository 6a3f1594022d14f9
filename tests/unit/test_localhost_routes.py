"""Route templates of the local host, without a server."""

from __future__ import annotations

import pytest

from localhost.app import HTTP, Function
from localhost.routes import Found, find, routes_of
from localhost.settings import HostError


def function(name: str, route: str, *methods: str) -> Function:
    trigger = {"type": HTTP, "name": "request", "route": route, "methods": list(methods)}
    return Function(name, print, trigger, wants_context=False)


def answer(method: str, path: str, *functions: Function) -> tuple[str | None, dict[str, str]]:
    found: Found = find(routes_of(functions, "api"), method, path)
    return (found.function.name if found.function else None), found.parameters


def test_a_parameter_takes_one_segment() -> None:
    one = function("one", "stores/{store}", "GET")
    assert answer("GET", "/api/stores/367", one) == ("one", {"store": "367"})
    assert answer("GET", "/api/stores/367/days", one) == (None, {})


def test_a_literal_segment_goes_before_a_constrained_one_and_that_before_a_plain_one() -> None:
    plain, number = (
        function("plain", "stores/{store}", "GET"),
        function("number", "stores/{store:int}", "GET"),
    )
    literal = function("literal", "stores/unknown", "GET")
    assert answer("GET", "/api/stores/unknown", plain, number, literal) == ("literal", {})
    assert answer("GET", "/api/stores/12", plain, number, literal) == ("number", {"store": "12"})
    assert answer("GET", "/api/stores/x12", plain, number, literal) == ("plain", {"store": "x12"})


def test_an_optional_parameter_may_be_absent() -> None:
    one = function("one", "days/{day?}", "GET")
    assert answer("GET", "/api/days", one) == ("one", {})
    assert answer("GET", "/api/days/2017-12-23", one) == ("one", {"day": "2017-12-23"})


def test_a_catch_all_takes_the_rest() -> None:
    one = function("one", "files/{*rest}", "GET")
    assert answer("GET", "/api/files/a/b.json", one) == ("one", {"rest": "a/b.json"})


def test_a_slash_inside_a_segment_stays_encoded_and_everything_else_is_decoded() -> None:
    one = function("one", "receipts/{receipt}", "GET")
    assert answer("GET", "/api/receipts/A%2F1%20%C3%A9", one) == ("one", {"receipt": "A%2F1 é"})


def test_a_path_with_another_method_says_which_are_allowed() -> None:
    one, two = function("one", "stores/{store}", "GET"), function("two", "stores/{store}", "PUT")
    found = find(routes_of([one, two], "api"), "DELETE", "/api/stores/1")
    assert found.function is None
    assert found.allowed == {"GET", "PUT"}


def test_a_function_that_names_no_methods_takes_all() -> None:
    assert answer("PATCH", "/api/any", function("one", "any")) == ("one", {})


def test_letters_of_a_literal_match_in_any_case() -> None:
    assert answer("GET", "/API/Health", function("one", "health", "GET")) == ("one", {})


def test_an_unknown_constraint_is_refused_at_the_start() -> None:
    with pytest.raises(HostError, match="constraint 'regex'"):
        routes_of([function("one", "stores/{store:regex}", "GET")], "api")
