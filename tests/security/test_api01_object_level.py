"""API1:2023 Broken object level authorization: whoever may call a route still reaches only what is theirs."""

from __future__ import annotations

import asyncio

from tests.app_in_process import SHOP, App
from tests.security.prepared import call, prepared
from tests.unit.documents import sale_document


def test_an_account_of_one_shop_neither_reads_nor_writes_what_belongs_to_another() -> None:
    async def story() -> None:
        async with prepared() as app:
            known = "/api/transactions/S1/east/T1"
            assert (await app.till("GET", known)).status == 200
            other = await app.till("GET", known, sender=SHOP)
            never = await app.till("GET", "/api/transactions/S1/east/T999", sender=SHOP)
            # What is another's is answered as what never was: nobody learns that it is there.
            assert (other.status, other.body) == (never.status, never.body) == (404, never.body)
            sent = await app.till("POST", "/api/transactions", call(sale_document(50)), sender=SHOP)
            assert sent.status == 422
            assert sent.json()["results"][0]["verdict"] in ("refused", "held")
            assert (await app.desk("reader", "GET", "/api/transactions/S1/one-shop/T50")).status == 404

    asyncio.run(story())


def test_an_account_cannot_put_its_receipts_under_the_name_of_another() -> None:
    async def story(app: App) -> None:
        # The account of a receipt is who signed it, whatever the document or the path says.
        await app.till("POST", "/api/transactions", call(sale_document(51, extra={"account": "one-shop"})))
        assert (await app.desk("reader", "GET", "/api/transactions/S1/one-shop/T51")).status == 404
        assert (await app.desk("reader", "GET", "/api/transactions/S1/east/T51")).json()["account"] == "east"
        spoofed = app.signed("GET", "/api/transactions/S1/east/T51", b"", SHOP) | {
            "X-Tillpost-Account": "east"
        }
        assert (await app.ask("GET", "/api/transactions/S1/east/T51", b"", spoofed)).status == 401

    async def opened() -> None:
        async with prepared() as app:
            await story(app)

    asyncio.run(opened())


def test_the_key_of_one_path_opens_no_other() -> None:
    async def story() -> None:
        async with prepared() as app:
            signed = app.signed("GET", "/api/transactions/S1/east/T1", b"")
            assert (await app.ask("GET", "/api/transactions/S1/east/T1", b"", signed)).status == 200
            for elsewhere in (
                "/api/transactions/S1/east/T2",
                "/api/transactions/S1/east/T1=2F",
                "/api/transactions/S2/east/T1",
            ):
                assert (await app.ask("GET", elsewhere, b"", signed)).status == 401, elsewhere

    asyncio.run(story())
