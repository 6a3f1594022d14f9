"""Shopify's documents for tests: the fixtures by name, and small orders and refunds put together by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.pos.adapter import Arrival
from shared.pos.registry import ADAPTERS
from shared.retail.rules import Problem, problems_of
from shared.retail.transaction import Transaction

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "pos" / "shopify"
SHOPIFY = ADAPTERS["shopify"]
ACCOUNT = "shop"
AT = "2026-03-02T16:20:10-05:00"
ORDER, REFUND = 5512345678901234567, 71001


def fixture(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def arrivals(document: object) -> list[Arrival]:
    """Read a document, and see that what is kept of each receipt is read as the same."""
    found = SHOPIFY.read(json.dumps(document).encode(), ACCOUNT)
    for one in found:
        if one.transaction is not None:
            assert SHOPIFY.read_document(one.document, ACCOUNT) == one.transaction
    return found


def read(document: object) -> list[Transaction]:
    found = [one.transaction for one in arrivals(document)]
    assert None not in found, [one.reason for one in arrivals(document)]
    return [one for one in found if one is not None]


def read_one(document: object) -> Transaction:
    (one,) = read(document)
    return one


def sound(document: object) -> Transaction:
    """Read one receipt that breaks no rule."""
    one = read_one(document)
    assert problems_of(one) == (), [each.told for each in problems_of(one)]
    return one


def problem(document: object) -> Problem:
    """Give the first rule that a receipt breaks."""
    return problems_of(read_one(document))[0]


def refusal(document: object) -> str:
    """Say why a document cannot be read."""
    (one,) = arrivals(document)
    assert one.transaction is None
    return one.reason


def tax(title: str, rate: float, price: str, **changes: Any) -> dict[str, Any]:
    return {"title": title, "rate": rate, "price": price, "channel_liable": False, **changes}


def off(amount: str, index: int = 0) -> dict[str, Any]:
    return {"amount": amount, "discount_application_index": index}


def line(
    sku: str | None, price: str, quantity: Any = 1, *, number: int = 61001, **changes: Any
) -> dict[str, Any]:
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{number}",
        "title": "An item",
        "sku": sku,
        "variant_id": None,
        "product_id": None,
        "quantity": quantity,
        "price": price,
        "total_discount": "0.00",
        "gift_card": False,
        "discount_allocations": [],
        "tax_lines": [],
        **changes,
    }


def order(lines: Sequence[dict[str, Any]], total: str, **changes: Any) -> dict[str, Any]:
    """An order as orders/paid tells it, by default paid in cash at till 3301 of location 70011."""
    return {
        "id": ORDER,
        "admin_graphql_api_id": f"gid://shopify/Order/{ORDER}",
        "order_number": 2041,
        "source_name": "pos",
        "location_id": 70011,
        "device_id": 3301,
        "user_id": 9001,
        "created_at": AT,
        "processed_at": AT,
        "updated_at": AT,
        "test": False,
        "currency": "USD",
        "taxes_included": False,
        "financial_status": "paid",
        "payment_gateway_names": ["cash"],
        "total_discounts": "0.00",
        "total_tax": "0.00",
        "total_tip_received": "0.00",
        "total_price": total,
        "line_items": list(lines),
        "shipping_lines": [],
        "discount_applications": [],
        "refunds": [],
        **changes,
    }


def payment(number: int, kind: str, gateway: str, amount: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "order_id": ORDER,
        "kind": kind,
        "gateway": gateway,
        "status": "success",
        "amount": amount,
        "currency": "USD",
        "processed_at": AT,
        "location_id": 70011,
        "device_id": 3301,
        "parent_id": None,
        "test": False,
        "receipt": {},
        "amount_rounding": None,
        **changes,
    }


def returned(
    item: dict[str, Any], quantity: int, subtotal: Any, total_tax: Any = 0, **changes: Any
) -> dict[str, Any]:
    return {
        "id": 72001,
        "line_item_id": item["id"],
        "line_item": item,
        "quantity": quantity,
        "location_id": 70011,
        "restock_type": "return",
        "subtotal": subtotal,
        "total_tax": total_tax,
        **changes,
    }


def refund(
    parts: Sequence[dict[str, Any]], money: Sequence[dict[str, Any]], **changes: Any
) -> dict[str, Any]:
    """A refund as refunds/create tells it; money: its transactions."""
    return {
        "id": REFUND,
        "admin_graphql_api_id": f"gid://shopify/Refund/{REFUND}",
        "order_id": ORDER,
        "created_at": "2026-03-05T11:00:00-05:00",
        "processed_at": "2026-03-05T11:00:00-05:00",
        "user_id": 9002,
        "return": None,
        "currency": "USD",
        "refund_line_items": list(parts),
        "refund_shipping_lines": [],
        "order_adjustments": [],
        "transactions": list(money),
        **changes,
    }


def paid_back(amount: str, gateway: str = "cash", number: int = 73001, **changes: Any) -> dict[str, Any]:
    return payment(number, "refund", gateway, amount, processed_at="2026-03-05T11:00:01-05:00", **changes)


def lines_told(one: Transaction) -> list[tuple[str, ...]]:
    """What the lines say: item or kind, quantity, gross, discount, net, tax."""
    return [
        (
            line.item or str(line.kind),
            str(line.quantity),
            str(line.gross),
            str(line.discount),
            str(line.net),
            str(line.tax),
        )
        for line in one.lines
    ]


def tenders_told(one: Transaction) -> list[tuple[str, ...]]:
    """What the tenders say: code, role, status, amount."""
    return [(each.code, str(each.role), str(each.status), str(each.amount)) for each in one.tenders]
