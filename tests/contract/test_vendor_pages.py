"""What the vendors' pages say of signing by hand opens the door: each page's own command is run and its signature sent."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.flow_services import Hand, run
from tests.unit.vendor_calls import (
    SQUARE_URL,
    Call,
    called,
    door,
    lightspeed,
    paid,
    payment_event,
    shopify,
    square,
)

PAGES = Path(__file__).resolve().parents[2] / "docs" / "pos"
WHERE = {"ADDRESS": SQUARE_URL, "SIGNATURE_KEY": "hush-square-000001"}


@pytest.mark.parametrize(
    ("call", "header", "file", "secret"),
    [
        (shopify(paid()), "X-Shopify-Hmac-SHA256", "order.json", "hush-shopify-00001"),
        (square(payment_event()), "x-square-hmacsha256-signature", "event.json", "hush-square-000001"),
        (lightspeed({"id": "S", "status": "CLOSED"}), "X-Signature", "form.txt", "hush-lightspeed-01"),
    ],
    ids=["shopify", "square", "lightspeed"],
)
def test_a_webhook_signed_as_the_page_says_is_let_in(
    call: Call, header: str, file: str, secret: str, tmp_path: Path
) -> None:
    page = (PAGES / f"{call.vendor}.md").read_text("utf-8")
    (rest,) = page.split(f'-H "{header}: ')[1:]
    end = re.search(r'\)(?:,algorithm=HMAC-SHA256)?(?="(?: --data|\n))', rest)
    assert end is not None
    (tmp_path / file).write_bytes(call.body)
    script = f'printf %s "{rest[: end.end()]}"'
    told = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "SECRET": secret, **WHERE},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    others = {name: text for name, text in call.headers.items() if name.lower() != header.lower()}

    async def work() -> None:
        services = await door(Hand())
        assert (await called(services, replace(call, headers=others))).status_code == 401
        assert (await called(services, replace(call, headers={**others, header: told}))).status_code == 200

    run(work())
