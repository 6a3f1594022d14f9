"""Canonical documents for tests: the golden sale and return as a till would send them, and shift records."""

from __future__ import annotations

import json
from typing import Any

STORE_MIDDAY = "2017-12-23T12:00:00-05:00"


def sale_document(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Two items of 10.00 with 20 % tax, 24.00, paid with 30.00 and 6.00 change."""
    return {
        "transaction_id": f"T{number}", "kind": "SALES", "status": "COMPLETED", "store": "S1", "terminal": "1",
        "receipt_number": f"S1-1-{number:04d}", "sequence_number": number, "completed_at": STORE_MIDDAY,
        "business_day": "2017-12-23", "currency": "USD", "prices_include_tax": False,
        "lines": [
            {
                "line_number": 1, "kind": "ITEM", "item": "1001", "quantity": "2", "unit": "ea", "unit_price": "10.00",
                "gross": "20.00", "net": "20.00",
                "taxes": [{"code": "VAT20", "rate": "20", "base": "20.00", "amount": "4.00", "inclusive": False}],
            }
        ],
        "tenders": [
            {"tender_number": 1, "type": "CASH", "code": "CASH", "role": "PAYMENT", "amount": "30.00", "status": "CAPTURED"},
            {"tender_number": 2, "type": "CASH", "code": "CASH", "role": "CHANGE", "amount": "-6.00", "status": "CAPTURED"},
        ],
        **changes,
    }  # fmt: skip


def paid_with(code: str, number: int) -> dict[str, Any]:
    """The golden sale, paid exactly with a tender of this name."""
    tender = {
        "tender_number": 1,
        "type": "OTHER",
        "code": code,
        "role": "PAYMENT",
        "amount": "24.00",
        "status": "CAPTURED",
    }
    return sale_document(number, tenders=[tender])


def shift_document(
    number: int, kind: str, shift: str, opened_at: str, closed_at: str | None = None, totals: Any = None
) -> dict[str, Any]:
    """The opening or closing of a shift of till 1."""
    return {
        "transaction_id": f"T{number}", "kind": kind, "status": "COMPLETED", "store": "S1", "terminal": "1",
        "sequence_number": number, "completed_at": closed_at or opened_at, "business_day": "2017-12-23", "currency": "USD",
        "shift": shift,
        "shift_record": {"shift": shift, "opened_at": opened_at, "closed_at": closed_at, "totals": totals},
    }  # fmt: skip


def totals_of(count: int, total: str, sales: str, tax: str, first: int, last: int) -> dict[str, Any]:
    """What a till says its shift took, all of it cash."""
    return {
        "transactions": count, "total": total, "sales": sales, "returns": "0", "discounts": "0", "rounding": "0",
        "gift_cards_issued": "0", "taxes": [{"code": "VAT20", "amount": tax}], "tenders": [{"code": "CASH", "amount": total}],
        "first_sequence": first, "last_sequence": last,
    }  # fmt: skip


def call_of(*documents: dict[str, Any]) -> bytes:
    """Put documents into the body of a call."""
    return json.dumps({"transactions": list(documents)}).encode()
