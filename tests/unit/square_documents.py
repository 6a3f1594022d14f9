"""Documents of a made-up Square seller for tests, as its API would answer them: amounts in cents of one currency."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.pos.adapter import Arrival
from shared.pos.registry import ADAPTERS
from shared.retail.transaction import Transaction

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "pos" / "square"
SQUARE = ADAPTERS["square"]
NOON = "2025-03-08T17:00:00Z"


def fixture(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    return found


def read(document: dict[str, Any]) -> Arrival:
    (arrival,) = SQUARE.read(json.dumps(document).encode(), "sq-1")
    return arrival


def receipt(document: dict[str, Any]) -> Transaction:
    """Read a document that is readable; what was kept of it gives the same again."""
    arrival = read(document)
    assert arrival.transaction is not None, arrival.reason
    assert SQUARE.read_document(arrival.document, "sq-1") == arrival.transaction
    return arrival.transaction


def money(amount: int, currency: str = "USD") -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def line(
    uid: str, price: int, total: int, *, quantity: str = "1", gross: int | None = None, **more: Any
) -> dict[str, Any]:
    """One line; applied taxes and discounts come as {uid: amount}."""
    taxes, discounts = more.pop("taxes", {}), more.pop("discounts", {})
    return {
        "uid": uid, "quantity": quantity, "name": f"Article {uid}", "catalog_object_id": f"CAT-{uid}", "item_type": "ITEM",
        "base_price_money": money(price), "gross_sales_money": money(price if gross is None else gross),
        "total_money": money(total), "total_tax_money": money(sum(taxes.values())),
        "total_discount_money": money(sum(discounts.values())),
        "applied_taxes": [{"uid": f"{uid}-{one}", "tax_uid": one, "applied_money": money(it)} for one, it in taxes.items()],
        "applied_discounts": [
            {"uid": f"{uid}-{one}", "discount_uid": one, "applied_money": money(it)} for one, it in discounts.items()
        ],
        **more,
    }  # fmt: skip


def tax(uid: str, percentage: str, applied: int, kind: str = "ADDITIVE", **more: Any) -> dict[str, Any]:
    return {
        "uid": uid, "name": f"Tax {uid}", "catalog_object_id": f"TAX-{uid}", "type": kind, "percentage": percentage,
        "scope": "LINE_ITEM", "applied_money": money(applied), **more,
    }  # fmt: skip


def discount(
    uid: str, applied: int, *, scope: str = "ORDER", kind: str = "FIXED_AMOUNT", **more: Any
) -> dict[str, Any]:
    return {
        "uid": uid, "name": f"Offer {uid}", "catalog_object_id": f"OFF-{uid}", "type": kind, "scope": scope,
        "applied_money": money(applied), **more,
    }  # fmt: skip


def order(lines: Sequence[dict[str, Any]], total: int, **more: Any) -> dict[str, Any]:
    """A completed order; its own totals are as given, tax and discount as its taxes and discounts say."""
    return {
        "id": "ORDER-1", "location_id": "LOC-1", "state": "COMPLETED", "created_at": NOON, "updated_at": NOON,
        "closed_at": NOON, "line_items": list(lines), "total_money": money(total),
        "total_tax_money": money(sum(one["applied_money"]["amount"] for one in more.get("taxes", ()))),
        "total_discount_money": money(sum(one["applied_money"]["amount"] for one in more.get("discounts", ()))),
        "total_tip_money": money(0), "total_service_charge_money": money(0), **more,
    }  # fmt: skip


def payment(amount: int, kind: str = "CARD", *, uid: str = "PAY-1", **more: Any) -> dict[str, Any]:
    card = (
        {"card": {"card_brand": "VISA", "last_4": "4242"}, "status": "CAPTURED"} if kind == "CARD" else None
    )
    return {
        "id": uid, "order_id": "ORDER-1", "location_id": "LOC-1", "created_at": NOON, "updated_at": NOON, "status": "COMPLETED",
        "source_type": kind, "amount_money": money(amount), "total_money": money(amount), "receipt_number": "R1",
        "team_member_id": "TM-7", "device_details": {"device_id": "DEV-1", "device_name": "Till 1"},
        **({"card_details": card} if card else {}), **more,
    }  # fmt: skip


def refund(amount: int, *, uid: str = "REF-1", order_id: str = "ORDER-1", **more: Any) -> dict[str, Any]:
    return {
        "id": uid, "order_id": order_id, "payment_id": "PAY-0", "location_id": "LOC-1", "created_at": NOON, "updated_at": NOON,
        "status": "COMPLETED", "amount_money": money(amount), "destination_type": "CARD", "reason": "Did not fit",
        "destination_details": {"card_details": {"card": {"card_brand": "VISA", "last_4": "4242"}}}, **more,
    }  # fmt: skip


def returned(uid: str, price: int, total: int, *, quantity: str = "1", **more: Any) -> dict[str, Any]:
    """A returned line; `source` names the sold line's uid, None leaves it out."""
    source = more.pop("source", uid)
    sold = line(uid, price, total, quantity=quantity, **more)
    gross = sold.pop("gross_sales_money")
    named = {"source_line_item_uid": source} if source else {}
    return {**sold, "uid": f"back-{uid}", "gross_return_money": gross, **named}


def return_order(
    lines: Sequence[dict[str, Any]], total: int, *, tax_total: int = 0, off: int = 0, **more: Any
) -> dict[str, Any]:
    """A return order: its own totals are of what it sold, `return_amounts` of what came back."""
    source = more.pop("source", "ORDER-0")
    named = {"source_order_id": source} if source else {}
    back = {"uid": "RETURN", "return_line_items": list(lines), **named, **more.pop("back", {})}
    amounts = {"total_money": money(total), "tax_money": money(tax_total), "discount_money": money(off)}
    return order([], 0, returns=[back], return_amounts=amounts, **more)


def bought(ordered: dict[str, Any], *payments: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An order fetched together with its payments."""
    tenders = [{"id": one["id"], "payment_id": one["id"], "type": one["source_type"]} for one in payments]
    return {"order": {**ordered, "tenders": tenders}, "payments": list(payments), **more}
