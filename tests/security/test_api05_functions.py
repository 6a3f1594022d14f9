"""API5:2023 Broken function level authorization: who may read may not decide, and a till is no person.

Which role opens which route is written down by hand and tried for every route in tests/unit/test_every_route.py; here is what
someone would try who has a key, and wants to do more with it.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.app_in_process import App
from tests.security.prepared import CAUSE, HELD, prepared

REASON = {"reason": "let me"}
T4 = f"/api/transactions/S1/east/{HELD}"
TRIED = [
    ("reader", "POST", f"/api/causes/{CAUSE}/release", REASON),
    ("reader", "POST", f"/api/causes/{CAUSE}/notes", {"note": "x"}),
    ("reader", "PUT", "/api/mappings/tenders", b"store,tender,payment_method\n*,AMEX,1\n"),
    ("store_operations", "PUT", "/api/mappings/tenders", b"store,tender,payment_method\n*,AMEX,1\n"),
    ("retail_systems", "PUT", "/api/mappings/ledger_accounts", b"legal_entity,what,code,account\nusrt,sales,*,1\n"),
    ("retail_systems", "PUT", "/api/mappings/tolerances", b"store,what,limit\nS1,statement,1000000\n"),
    ("store_operations", "POST", f"{T4}/write-off", REASON),
    ("it", "POST", f"{T4}/reversal", {**REASON, "replace": False}),
    ("it", "POST", "/api/statements/S1/2017-12-23/sign-off", {**REASON, "revision": 1}),
    ("finance", "POST", "/api/shifts/S1/1/day-20171223/end", {**REASON, "at": "2017-12-23T20:00:00-05:00"}),
    ("finance", "POST", "/api/tills/S1/1/replaced", {**REASON, "business_day": "2017-12-23", "since": "2017-12-23T20:00:00Z"}),
    ("store_operations", "POST", "/api/preflight", None),
    ("store_operations", "GET", "/api/audit", None),
    ("retail_systems", "GET", "/api/audit/S1", None),
    ("reader", "GET", "/api/rebuild/S1/2017-12-23", None),
]  # fmt: skip


async def kept(app: App) -> int:
    tables = app.world.services.tables
    return len([row async for row in tables.audit.query(None)])


def test_a_key_does_no_more_than_its_roles_and_what_was_tried_leaves_nothing_behind() -> None:
    async def story() -> None:
        async with prepared() as app:
            before = await kept(app)
            for desk, method, path, body in TRIED:
                answer = await app.desk(desk, method, path, body, **{"X-Reason": "let me"})
                assert answer.status == 403, (desk, method, path, answer.body)
            assert await kept(app) == before
            assert (await app.desk("reader", "GET", T4)).json()["status"] == "held"

    asyncio.run(story())


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "HEAD", "TRACE", "post "])
def test_another_method_is_no_way_around(method: str) -> None:
    async def story() -> None:
        async with prepared() as app:
            path = f"/api/causes/{CAUSE}/release"
            answer = await app.desk("everything", method, path, REASON, **{"X-HTTP-Method-Override": "POST"})
            assert answer.status == 405
            got = await app.ask(
                "GET", "/api/causes", b"", {"X-HTTP-Method-Override": "POST", "X-Original-URL": "/api/health"}
            )
            assert got.status == 401

    asyncio.run(story())


def test_a_till_that_signs_well_is_no_person_on_any_route_of_people() -> None:
    async def story() -> None:
        async with prepared() as app:
            for method, path in (
                ("GET", "/api/causes"),
                ("GET", "/api/statements/S1/2017-12-23"),
                ("GET", "/api/audit"),
            ):
                assert (await app.till(method, path)).status == 401
            assert (await app.till("POST", f"{T4}/write-off", b'{"reason": "x"}')).status == 401

    asyncio.run(story())
