"""API6:2023 Unrestricted access to sensitive business flows: money moves neither in a rush, nor twice, nor by one alone."""

from __future__ import annotations

import asyncio

from tests.security.prepared import CAUSE, HELD, POSTED, STORE_DAY, call, prepared
from tests.unit.documents import sale_document

WHY = {"reason": "looked at with the store"}


def test_nobody_writes_a_receipt_off_alone_and_approving_twice_does_it_once() -> None:
    async def story() -> None:
        async with prepared() as app:
            path = f"/api/transactions/S1/east/{HELD}/write-off"
            assert (await app.desk("finance", "POST", path, WHY)).status == 200
            for desk in ("finance", "store_operations", "it", "reader"):
                assert (await app.desk(desk, "POST", f"{path}/approve", WHY)).status == 403, desk
            assert (await app.desk("reader", "GET", f"/api/transactions/S1/east/{HELD}")).json()[
                "status"
            ] == "held"
            first, again = [
                await app.desk("second finance", "POST", f"{path}/approve", WHY) for _ in range(2)
            ]
            assert first.status == 200
            assert again.status in (200, 409, 422)
            known = (await app.desk("reader", "GET", f"/api/transactions/S1/east/{HELD}")).json()
            assert known["status"] == "written off"
            assert sum("written off" in line for line in known["history"]) == 1

    asyncio.run(story())


def test_a_release_takes_what_was_previewed_and_nothing_that_came_since() -> None:
    async def story() -> None:
        async with prepared() as app:
            mapped = b"store,tender,payment_method,valid_from,valid_to\n*,AMEX,2,2017-12-01,\n"
            put = await app.desk("finance", "PUT", "/api/mappings/tenders", mapped, **{"X-Reason": "mapped"})
            assert put.status == 200, put.body
            seen = (await app.desk("finance", "GET", f"/api/causes/{CAUSE}/preview")).json()
            wrong = {**WHY, "hash": "0" * 64}
            assert (await app.desk("finance", "POST", f"/api/causes/{CAUSE}/release", wrong)).status in (
                409,
                422,
            )
            written_off = f"/api/transactions/S1/east/{HELD}/write-off"
            await app.desk("finance", "POST", written_off, WHY)
            await app.desk("second finance", "POST", f"{written_off}/approve", WHY)
            moved = await app.desk(
                "finance", "POST", f"/api/causes/{CAUSE}/release", {**WHY, "hash": seen["hash"]}
            )
            assert moved.status == 409, moved.body
            fresh = (await app.desk("finance", "GET", f"/api/causes/{CAUSE}/preview")).json()
            done = await app.desk(
                "finance", "POST", f"/api/causes/{CAUSE}/release", {**WHY, "hash": fresh["hash"]}
            )
            assert (done.status, done.json()["released"]) == (200, 2)
            again = await app.desk(
                "finance", "POST", f"/api/causes/{CAUSE}/release", {**WHY, "hash": fresh["hash"]}
            )
            assert again.status in (200, 409)
            assert again.status == 409 or again.json()["released"] == 0

    asyncio.run(story())


def test_a_day_with_a_difference_cannot_be_signed_off_nor_a_revision_that_was_not_read() -> None:
    async def story() -> None:
        async with prepared() as app:
            statement = (await app.desk("finance", "GET", f"/api/statements/{STORE_DAY}")).json()
            path = f"/api/statements/{STORE_DAY}/sign-off"
            for revision in (statement["revision"] + 1, 0, statement["revision"] - 1):
                stale = await app.desk("finance", "POST", path, {**WHY, "revision": revision})
                assert stale.status in (409, 422), revision
            assert (
                await app.desk("finance", "POST", path, {"revision": statement["revision"]})
            ).status == 422  # no reason

    asyncio.run(story())


def test_sending_the_same_receipt_again_and_again_counts_once_and_another_under_its_name_is_told() -> None:
    async def story() -> None:
        async with prepared() as app:
            for _ in range(20):
                sent = await app.till("POST", "/api/transactions", call(sale_document(1)))
                assert (sent.status, sent.json()["results"][0]["verdict"]) == (202, "duplicate")
            other = await app.till(
                "POST", "/api/transactions", call(sale_document(1, receipt_number="S1-1-0099"))
            )
            assert (other.status, other.json()["results"][0]["verdict"]) == (409, "conflict")
            await app.world.deliver()
            await app.world.drive(30)
            receipts, _ = await app.world.ledger()
            assert receipts == 3
            kept = (await app.desk("reader", "GET", f"/api/transactions/S1/east/{POSTED}")).json()
            assert (kept["status"], kept["receipt_number"]) == ("posted", "S1-1-0001")

    asyncio.run(story())
