"""Square at the door: what its signature lets in and what not. (Forgeries by the thousand: test_forged_webhooks.py.)"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.flow_services import Hand, run
from tests.unit.vendor_calls import SQUARE_URL, Call, called, door, payment_event, square

WEBHOOK = square(payment_event())


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (WEBHOOK, 200),
        (replace(WEBHOOK, body=WEBHOOK.body.replace(b"ORDER-1", b"ORDER-2")), 401),
        (square(payment_event(), url=SQUARE_URL + "/"), 401),
        (square(payment_event(), url=SQUARE_URL.replace("door.example.com", "app.azurewebsites.net")), 401),
        (square(payment_event(), secret="hush-square-000009"), 401),
        (replace(WEBHOOK, headers={"x-square-signature": "an older one"}), 401),
        (replace(WEBHOOK, headers={}), 401),
    ],
    ids=["as signed", "altered", "address with a stroke", "address of the host", "other secret", "only the older", "no header"],
)  # fmt: skip
def test_case_74_only_what_square_signed_for_the_address_it_was_given_is_let_in(
    call: Call, status: int
) -> None:
    async def work() -> None:
        services = await door(Hand())
        assert (await called(services, call)).status_code == status
        assert bool(services.storage_calls) is (status == 200)

    run(work())
