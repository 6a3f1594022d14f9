"""Documents of a made-up Lightspeed X-Series retailer for tests: API 1.0 as webhooks send it, 2.0 and 2026-07 as fetched."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from shared.pos.adapter import Arrival
from shared.pos.registry import ADAPTERS
from shared.retail.transaction import Transaction

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "pos" / "lightspeed"
LIGHTSPEED = ADAPTERS["lightspeed"]
NOON = "2025-03-08 00:00:00"  # without an offset: UTC


def fixture(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    return found


def form(payload: Any, **fields: str) -> bytes:
    """Write the form of a webhook."""
    return urlencode({"payload": json.dumps(payload), "domain_prefix": "made-up", **fields}).encode()


def read(document: dict[str, Any]) -> Arrival:
    (arrival,) = LIGHTSPEED.read(json.dumps(document).encode(), "ls-1")
    return arrival


def receipt(document: dict[str, Any]) -> Transaction:
    """Read a document that is readable; what was kept of it gives the same again."""
    arrival = read(document)
    assert arrival.transaction is not None, arrival.reason
    assert LIGHTSPEED.read_document(arrival.document, "ls-1") == arrival.transaction
    return arrival.transaction


def line(
    product: str, price: float | str, tax: float | str, quantity: float | str = 1, **more: Any
) -> dict[str, Any]:
    """A line of API 1.0: price and tax of one unit."""
    return {
        "id": f"LINE-{product}", "product_id": product, "name": f"Article {product}", "quantity": quantity, "price": price,
        "discount": 0, "tax": tax, "tax_id": "GST", "status": "CONFIRMED", **more,
    }  # fmt: skip


def payment(amount: float | str, name: str = "Cash", **more: Any) -> dict[str, Any]:
    kinds = {"Cash": "1", "Credit Card": "3"}
    return {
        "id": f"PAY-{name}", "payment_type_id": kinds.get(name, "9"), "retailer_payment_type_id": f"TYPE-{name}", "name": name,
        "payment_date": NOON, "amount": amount, **more,
    }  # fmt: skip


def sale(
    lines: Sequence[dict[str, Any]],
    payments: Sequence[dict[str, Any]],
    price: float | str,
    tax: float | str,
    **more: Any,
) -> dict[str, Any]:
    """A sale of API 1.0 with what was fetched beside it."""
    told = {
        "id": "SALE-1", "register_id": "REG-1", "user_id": "USER-7", "sale_date": NOON, "updated_at": NOON,
        "status": "CLOSED", "invoice_number": "MR-101", "invoice_sequence": 101, "total_price": price, "total_tax": tax,
        "register_sale_products": list(lines), "register_sale_payments": list(payments), **more,
    }  # fmt: skip
    return {
        "sale": told, "register": {"id": "REG-1", "outlet_id": "OUT-1"}, "outlet": {"id": "OUT-1", "currency": "NZD"},
        "retailer": {"discount_product_id": "DISCOUNT"},
    }  # fmt: skip
