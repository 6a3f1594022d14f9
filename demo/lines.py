"""Lines of a receipt as the tills write them: from the data, brought back, or a gift card sold. Store's sign."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from demo.chain import GIFT_CARD_ITEM, tax_of
from demo.journey import CENT, BasketLine

Json = dict[str, Any]
THOUSANDTHS = Decimal("0.001")
PRICE_DECIMALS = Decimal("0.000001")


def money(amount: Decimal) -> str:
    """Write an amount with two decimals; an amount that needs more is a bug here."""
    text = amount.quantize(CENT)
    if text != amount:
        raise ValueError(f"{amount} is not a whole number of cents")
    return str(abs(text) if text == 0 else text)


def plain(number: Decimal) -> str:
    """Write a number without exponent and without trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def sold_line(number: int, line: BasketLine) -> Json:
    """Write a line of the data. The amount is the data's; the unit price is derived from it, never the other way.

    A line of quantity 0 with money on it (49 in the whole year, none on 23 December) is written as quantity 1; fuel is
    counted in thousandths in the data and in gallons here.
    """
    gross = line.shelf_price
    quantity = Decimal(line.quantity) * (THOUSANDTHS if line.is_fuel else 1)
    if quantity == 0 and gross != 0:
        quantity = Decimal(1)
    price = (gross / quantity).quantize(PRICE_DECIMALS, ROUND_HALF_UP) if quantity else None
    discounts = [
        {"scope": "LINE", "method": "AMOUNT", "code": code, "funded_by": "RETAILER", "amount": money(amount)}
        for code, amount in (("LOYALTY", line.retail_discount), ("COUPONMATCH", line.coupon_match))
        if amount
    ]
    tax = tax_of(line.product)
    amount = (line.sales * tax.rate / 100).quantize(CENT, ROUND_HALF_UP)
    taxes = [
        {
            "code": tax.code,
            "rate": str(tax.rate),
            "base": money(line.sales),
            "amount": money(amount),
            "inclusive": False,
        }
    ]
    return {
        "line_number": number,
        "kind": "ITEM",
        "item": line.product,
        "quantity": plain(quantity),
        "unit": "gal" if line.is_fuel else "ea",
        "unit_price": plain(price) if price is not None else None,
        "gross": money(gross),
        "discounts": discounts,
        "net": money(line.sales),
        "taxes": taxes,
    }


def returned_line(number: int, sold: Json, original: Json, disposition: str, reason: str) -> Json:
    """Write a sold line that comes back in full: every amount turned round, the price as it was."""
    return {
        **sold,
        "line_number": number,
        "quantity": turned(sold["quantity"]),
        "gross": turned(sold["gross"]),
        "discounts": [{**one, "amount": turned(one["amount"])} for one in sold["discounts"]],
        "net": turned(sold["net"]),
        "taxes": [
            {**one, "base": turned(one["base"]), "amount": turned(one["amount"])} for one in sold["taxes"]
        ],
        "original": {**original, "line_number": sold["line_number"]},
        "return_reason": reason,
        "disposition": disposition,
    }


def gift_card_line(number: int, amount: Decimal, card: str) -> Json:
    """Write the sale of a gift card: a debt of the chain's, neither turnover nor taxed."""
    return {
        "line_number": number,
        "kind": "GIFT_CARD_ISSUE",
        "item": GIFT_CARD_ITEM,
        "quantity": "1",
        "unit": "ea",
        "unit_price": money(amount),
        "gross": money(amount),
        "discounts": [],
        "net": money(amount),
        "taxes": [],
        "gift_card": card,
    }


def line_total(line: Json) -> Decimal:
    """Add up a line with its taxes, all of which are added to the price."""
    return Decimal(line["net"]) + sum((Decimal(one["amount"]) for one in line["taxes"]), Decimal(0))


def turned(text: str) -> str:
    """Turn the sign of a number written as text; zero stays zero."""
    if not Decimal(text):
        return text
    return text[1:] if text.startswith("-") else f"-{text}"
