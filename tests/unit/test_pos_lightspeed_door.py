"""Lightspeed at the door: what its signature lets in and what not. (Forgeries by the thousand: test_forged_webhooks.py.)"""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.storage.wanted import all_wanted
from tests.unit.flow_services import Hand, run
from tests.unit.vendor_calls import LIGHTSPEED, Call, called, door, heard, lightspeed, sale

WEBHOOK = lightspeed(sale())
HEXADECIMAL = WEBHOOK.headers["X-Signature"].removeprefix("signature=").partition(",")[0]


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (WEBHOOK, 200),
        (replace(WEBHOOK, body=WEBHOOK.body.replace(b"SALE-1", b"SALE-2")), 401),
        (replace(WEBHOOK, body=b"&".join(reversed(WEBHOOK.body.split(b"&")))), 401),
        (lightspeed(sale(), secret="hush-lightspeed-09"), 401),
        (replace(WEBHOOK, headers={"X-Signature": HEXADECIMAL}), 401),
        (replace(WEBHOOK, headers={"X-Signature": f"signature={HEXADECIMAL},algorithm=none"}), 401),
        (replace(WEBHOOK, headers={}), 401),
    ],
    ids=["as signed", "altered", "fields in another order", "other secret", "bare", "no algorithm", "no header"],
)  # fmt: skip
def test_case_74_only_what_lightspeed_signed_is_let_in(call: Call, status: int) -> None:
    async def work() -> None:
        services = await door(Hand())
        assert (await called(services, call)).status_code == status
        assert bool(services.storage_calls) is (status == 200)

    run(work())


def test_case_75_the_sale_in_a_form_is_the_one_to_fetch() -> None:
    async def work() -> None:
        services = await door(Hand())
        assert await heard(services, lightspeed(sale(id="Größe & 7 = 100%"))) == "wanted"
        (one,) = await all_wanted(services.tables.wanted, LIGHTSPEED)
        assert (one.kind, one.id) == ("sale", "Größe & 7 = 100%")

    run(work())
