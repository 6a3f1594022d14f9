"""Two thousand changed documents of Lightspeed, as JSON and as forms: read, told what is wrong, or refused; nothing else."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from shared.pos.registry import ADAPTERS
from tests.unit.lightspeed_documents import FIXTURES, fixture
from tests.unit.pos_fuzz import fuzz


def as_form(tree: Any) -> bytes:
    """Send what a document holds as a webhook would; each payment tells the currency, which nothing else does there."""
    told = (
        next((tree[name] for name in ("sale", "data") if name in tree), tree)
        if isinstance(tree, dict)
        else tree
    )
    if isinstance(told, dict):
        payments = told.get("register_sale_payments")
        listed = payments if isinstance(payments, list) else []
        with_currency = [{"currency": "NZD", **one} if isinstance(one, dict) else one for one in listed]
        told = {"outlet_id": "OUT-1", **told, "register_sale_payments": with_currency}
    return urlencode({"payload": json.dumps(told, default=str)}).encode()


def test_two_thousand_changed_documents_raise_nothing_but_rejections() -> None:
    documents = [fixture(path.stem) for path in sorted(FIXTURES.glob("*.json"))]
    together = {"documents": documents[:3]}
    seen = fuzz(ADAPTERS["lightspeed"], [*documents, together], seed=20250308, count=1_500)
    assert min(seen.values()) > 50, seen
    forms = fuzz(ADAPTERS["lightspeed"], documents, seed=20250309, count=500, encode=as_form)
    assert min(forms.values()) > 20, forms
