"""API3:2023 Broken object property level authorization: a caller sets only what is theirs to set, and sees only what it needs."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.security.prepared import CAUSE, call, prepared
from tests.unit.documents import sale_document

# What the app alone decides of a receipt.
OURS: dict[str, Any] = {
    "posted": True, "account": "one-shop", "legal_entity": "jprt", "d365_number": "1", "package": "P1",
    "mapping_version": 99, "content_hash": "h1:0", "evidence": ["posted"], "invoice": "INV-1", "received_at": "2001-01-01",
}  # fmt: skip


def test_a_till_cannot_say_of_its_receipt_what_the_app_decides() -> None:
    async def story() -> None:
        async with prepared() as app:
            for name, value in OURS.items():
                sent = await app.till("POST", "/api/transactions", call(sale_document(60, **{name: value})))
                assert sent.status == 422, name
                (problem,) = sent.json()["results"][0]["problems"]
                assert problem["field"] == f"transactions[0].{name}"
            assert (await app.desk("reader", "GET", "/api/transactions/S1/east/T60")).status == 404

    asyncio.run(story())


def test_a_person_cannot_decide_in_the_name_of_another_nor_say_what_state_follows() -> None:
    async def story() -> None:
        async with prepared() as app:
            said = {
                "note": "seen", "who": "somebody else", "person": "it desk", "at": "2001-01-01T00:00:00Z", "state": "ended",
                "owner": "it", "roles": ["finance"], "amount": "0.00",
            }  # fmt: skip
            noted = await app.desk("store_operations", "POST", f"/api/causes/{CAUSE}/notes", said)
            assert noted.status == 200
            cause = noted.json()
            assert (cause["state"], cause["owner"], cause["amount"]) == ("open", "finance", "72.00")
            assert "somebody else" not in str(cause)
            assert "store_operations desk" in str(cause)

    asyncio.run(story())


def test_no_answer_holds_a_secret_a_document_or_a_name_of_storage() -> None:
    async def story() -> None:
        async with prepared() as app:
            for path in (
                "/transactions/S1/east/T1", "/causes", f"/causes/{CAUSE}", "/usage", "/heard", "/statements/S1/2017-12-23",
                "/trail/S1/2017-12-23/S1-1-0001", "/alerts", "/openapi.json",
            ):  # fmt: skip
                body = (await app.desk("everything", "GET", f"/api{path}")).body.decode()
                for never in (
                    "a secret of",
                    "the key of",
                    "key_sha256",
                    "keyed hash",
                    "PartitionKey",
                    "RowKey",
                    "odata.etag",
                ):
                    assert never not in body, (path, never)

    asyncio.run(story())
