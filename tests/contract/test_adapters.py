"""Every adapter of the registry keeps what all of them must, over its own fixtures (tests/contract/adapter_contract.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.pos import canonical, lightspeed, poslog_xml, shopify_masking, square
from shared.pos.registry import ADAPTERS
from tests.contract.adapter_contract import CHECKS, ROOT, Tried

OTHERWISE: dict[str, dict[str, Any]] = {
    "canonical": {
        "body": lambda content: b'{"transactions":[' + content + b"]}",
        "typed": canonical.IDENTIFIERS,
    },
    "csv": {"typed": canonical.IDENTIFIERS},
    "lightspeed": {"typed": lightspeed.MASKS.identifiers},
    "poslog": {"typed": poslog_xml.IDENTIFIERS},
    "shopify": {
        "typed": shopify_masking.IDENTIFIERS,
        # it names no store: it is compared with what came as an order
        "not_receipts": frozenset({"tender_transaction__card"}),
    },
    "square": {
        "typed": square.MASKS.identifiers,
        # it names the order to fetch
        "not_receipts": frozenset({"webhook__payment_updated"}),
    },
}


def tried(name: str) -> Tried:
    folder, page = ROOT / "tests" / "fixtures" / "pos" / name, ROOT / "docs" / "pos" / f"{name}.md"
    return Tried(ADAPTERS[name], folder, page, **OTHERWISE.get(name, {}))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_an_adapter_keeps_what_all_must(name: str, check: Callable[[Tried], object]) -> None:
    check(tried(name))
