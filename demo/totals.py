"""The totals a till prints at the end of a shift: what the chain's own tills say they took."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from demo.lines import money

Json = dict[str, Any]
ZERO = Decimal(0)


def shift_totals(documents: Sequence[Json]) -> Json:
    """Add a shift up over its completed sales; the numbers it used are those of all its transactions."""
    sales = [one for one in documents if one["kind"] == "SALES" and one["status"] == "COMPLETED"]
    lines = [line for one in sales for line in one["lines"]]
    goods = [line for line in lines if line["kind"] != "GIFT_CARD_ISSUE"]
    numbers = [one["sequence_number"] for one in documents]
    tenders = [tender for one in sales for tender in one["tenders"]]
    taxes = [tax for line in lines for tax in line["taxes"]]
    return {
        "transactions": len(sales),
        "total": money(_sum(tenders, "amount")),
        "sales": money(_sum([line for line in goods if Decimal(line["quantity"]) >= 0], "net")),
        "returns": money(_sum([line for line in goods if Decimal(line["quantity"]) < 0], "net")),
        "discounts": money(_sum([part for line in lines for part in line["discounts"]], "amount")),
        "rounding": money(_sum([part for one in sales for part in one["rounding"]], "amount")),
        "gift_cards_issued": money(
            _sum([line for line in lines if line["kind"] == "GIFT_CARD_ISSUE"], "net")
        ),
        "taxes": [{"code": code, "amount": money(amount)} for code, amount in _by_code(taxes).items()],
        "tenders": [{"code": code, "amount": money(amount)} for code, amount in _by_code(tenders).items()],
        "first_sequence": min(numbers),
        "last_sequence": max(numbers),
    }


def _sum(parts: Sequence[Json], name: str) -> Decimal:
    return sum((Decimal(part[name]) for part in parts), ZERO)


def _by_code(parts: Sequence[Json]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for part in parts:
        sums[part["code"]] = sums.get(part["code"], ZERO) + Decimal(part["amount"])
    return dict(sorted(sums.items()))
