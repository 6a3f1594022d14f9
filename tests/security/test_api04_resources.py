"""API4:2023 Unrestricted resource consumption: sizes, numbers and depths have limits, and what is over one is told."""

from __future__ import annotations

import asyncio
import json
import time

from shared.flows.verify_audit import SHOWN_MAX
from shared.storage.audit import append_audit
from shared.web.openapi import openapi_document
from tests.app_in_process import app_in_process
from tests.security.prepared import CAUSE, call, prepared
from tests.unit.documents import sale_document

MEBIBYTE = 1024 * 1024


def test_a_call_of_more_than_500_receipts_or_16_mebibytes_is_refused_with_the_limit() -> None:
    async def story() -> None:
        async with app_in_process() as app:
            many = await app.till("POST", "/api/transactions", call(*(sale_document(n) for n in range(501))))
            assert (many.status, many.json()["expected"]) == (422, "at most 500 transactions")
            large = await app.till("POST", "/api/transactions", b" " * (16 * MEBIBYTE) + b"{}")
            assert (large.status, large.json()["expected"]) == (413, "at most 16777216 bytes")

    asyncio.run(story())


def test_a_decision_of_more_than_64_kibibytes_or_nested_without_end_is_refused_within_a_second() -> None:
    async def story() -> None:
        async with prepared() as app:
            path = f"/api/causes/{CAUSE}/notes"
            began = time.monotonic()
            for body, status in (
                (json.dumps({"note": "x" * 64 * 1024}).encode(), 413),
                (b'{"note":' * 5000 + b"1" + b"}" * 5000, 400),
                (b"[" * 60_000, 400),
                (b'{"note": 1' + b"0" * 60_000 + b"}", 400),
                (json.dumps({"note": "x" * 2001}).encode(), 422),
            ):
                answer = await app.desk("finance", "POST", path, body)
                assert answer.failed is None, repr(answer.failed)
                assert answer.status in (status, 422), (body[:30], answer.status)
            assert time.monotonic() - began < 5

    asyncio.run(story())


def test_the_record_of_decisions_is_given_in_parts() -> None:
    async def story() -> None:
        async with app_in_process() as app:
            table, now = app.world.services.tables.audit, app.world.hand()
            for number in range(SHOWN_MAX + 1):
                await append_audit(
                    table, "S1", now, who="a", did=f"no. {number}", reason="r", evidence="e" * 20_000
                )
            first = await app.desk("it", "GET", "/api/audit/S1")
            assert len(first.json()["decided"]) == SHOWN_MAX == 100
            assert len(first.body) < 3 * MEBIBYTE
            rest = (await app.desk("it", "GET", f"/api/audit/S1?start={first.json()['next']}")).json()
            assert [one["did"] for one in rest["decided"]] == ["no. 100"]
            assert rest["next"] is None
            for wrong in ("0", "-1", "x", "1e3", "9" * 30):
                assert (await app.desk("it", "GET", f"/api/audit/S1?start={wrong}")).status == 422

    asyncio.run(story())


def test_every_text_and_list_that_a_caller_may_send_has_a_limit_in_the_description() -> None:
    found = 0
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            for one in operation["parameters"]:
                schema, place = one["schema"], f"{method} {path} {one['name']}"
                bounded = {"enum", "maximum", "maxLength", "pattern"} & set(schema)
                assert bounded or schema["type"] == "boolean", place
                found += 1
            for content in operation.get("requestBody", {}).get("content", {}).values():
                assert operation["x-bytes-max"] <= 16 * MEBIBYTE
                for name, schema in content["schema"].get("properties", {}).items():
                    bounded = {"enum", "maximum", "maxLength", "pattern", "maxItems", "maxProperties"} & set(
                        schema
                    )
                    assert bounded or schema["type"] in ("boolean", "integer"), f"{method} {path} {name}"
                    found += 1
    assert found > 150
