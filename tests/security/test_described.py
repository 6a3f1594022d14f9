"""Thousands of requests made from the description: no 5xx, no answer that is not described, no wrong request taken."""

from __future__ import annotations

import pytest

from tests.security.described import run

CHECKS = {
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "missing_required_header",
    "unsupported_method", "ignored_auth", "use_after_free", "ensure_resource_availability",
}  # fmt: skip

HEARD = {f"{vendor}: {word}" for vendor in ("shopify", "square", "lightspeed") for word in ("wanted", "told")}


@pytest.mark.filterwarnings("default")  # of a tool: whatever it warns of is no answer of the app
def test_whatever_is_asked_is_answered_as_described() -> None:
    told = run(cases=60, seed=20261127)
    assert told.failures == {}, "\n".join(told.lines())
    assert told.errors == []
    assert sum(told.cases.values()) > 2_000
    assert len(told.operations) >= 60
    assert told.cases["stateful"] > 0
    assert set(told.checks) >= CHECKS
    assert set(told.heard) >= HEARD, told.heard
    assert not [status for status in told.statuses if status >= 500]
