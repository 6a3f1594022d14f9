"""Read what of a receipt came back, by which refunds, and what may still come back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from shared.flows.mapping.originals import standing
from shared.retail.money import money_text
from shared.retail.returns import Claim, Left, Sold, remaining
from shared.services import Services


async def read_returns(
    services: Services, store: str, account: str, transaction_id: str
) -> dict[str, Any] | None:
    """Give what a sold receipt's refund ledger says; None when the receipt is not here, or waits itself.

    Refunds that stand no more (reversed for good, accepted without their receipt) are not counted, and not listed.
    """
    found = await standing(services, store, account, transaction_id)
    if found is None:
        return None
    sold, claims = found
    left = remaining(sold, claims)
    return {
        "store": store,
        "account": account,
        "transaction_id": transaction_id,
        "receipt_number": sold.label,
        "currency": sold.currency,
        **_money(left.amount, sold.currency),
        "lines": [
            {
                "line_number": number,
                "item": line.item,
                "quantity": _quantities(left.quantities[number]),
                "amount": _money(left.amounts[number], sold.currency),
            }
            for number, line in sorted(sold.lines.items())
        ],
        "tenders": [{"tender": code, **_money(one, sold.currency)} for code, one in left.tenders.items()],
        "by_another_tender": _amounts(left.other_tenders, sold.currency),
        "refunds": [_refund(one, sold) for one in sorted(claims, key=lambda each: each.refund)],
    }


def _refund(claim: Claim, sold: Sold) -> dict[str, Any]:
    return {
        "store": claim.refund.store,
        "account": claim.refund.account,
        "transaction_id": claim.refund.transaction_id,
        "amount": money_text(claim.amount, sold.currency),
        "lines": [
            {
                "line_number": number,
                "quantity": _plain(quantity),
                "amount": money_text(amount, sold.currency),
            }
            for number, (quantity, amount) in sorted(claim.lines.items())
        ],
        "tenders": _amounts(claim.money, sold.currency),
    }


def _amounts(amounts: Mapping[str, Decimal], currency: str) -> dict[str, str]:
    return {code: money_text(amount, currency) for code, amount in sorted(amounts.items())}


def _money(left: Left, currency: str) -> dict[str, str]:
    names = {"sold": left.sold, "back": left.back, "left": left.left}
    return {name: money_text(amount, currency) for name, amount in names.items()}


def _quantities(left: Left) -> dict[str, str]:
    return {
        name: _plain(one) for name, one in (("sold", left.sold), ("back", left.back), ("left", left.left))
    }


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
