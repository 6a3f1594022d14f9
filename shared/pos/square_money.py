"""Square's money (whole smallest units of one currency), and how its taxes and discounts are named.

An amount in another currency than the order's is no amount of it: it is refused where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from shared.pos.vendor_json import Part
from shared.retail.money import ZERO, minor_unit

_CURRENCY = re.compile(r"[A-Z]{3}")
_TAX_TYPES = {"ADDITIVE": False, "INCLUSIVE": True}
_PERCENTAGES = frozenset({"FIXED_PERCENTAGE", "VARIABLE_PERCENTAGE"})
_WHOLE = "a whole number of the currency's smallest unit"


@dataclass(frozen=True, slots=True)
class Purse:
    """Reads amounts of one currency."""

    currency: str

    def of(self, part: Part, name: str) -> Decimal:
        """Give an amount of money that must be there, in the currency's main unit: 1599 of USD is 15.99."""
        money = part.part(name)
        amount = money.amount("amount")
        if amount != int(amount) or abs(amount) >= 10**15:
            raise money.wrong("amount", _WHOLE)
        if money.fields.get("currency") != self.currency:
            raise money.wrong("currency", self.currency)
        return int(amount) * minor_unit(self.currency)

    def or_none(self, part: Part, name: str) -> Decimal | None:
        return self.of(part, name) if part.has(name) else None

    def or_zero(self, part: Part, name: str) -> Decimal:
        return self.of(part, name) if part.has(name) else ZERO

    def first(self, part: Part, *names: str) -> Decimal:
        """Give the first amount that is there, of several names; the last must be."""
        found = next((name for name in names if part.has(name)), names[-1])
        return self.of(part, found)


def currency_of(part: Part, *names: str) -> str:
    """Give the currency of the first amount of money that is there."""
    name = next((one for one in names if part.has(one)), names[0])
    currency = part.part(name).text("currency")
    if not _CURRENCY.fullmatch(currency):
        raise part.part(name).wrong("currency", "a currency of three letters")
    return currency


@dataclass(frozen=True, slots=True)
class TaxTerms:
    """A tax of an order: its code for the taxes mapping, percentage, whether prices include it, whether it is on other taxes."""

    code: str
    rate: Decimal | None
    inclusive: bool
    on_taxes: bool


@dataclass(frozen=True, slots=True)
class DiscountTerms:
    """A discount of an order. share: what it takes off in all; is_basket: off the whole order."""

    code: str | None
    method: str
    is_basket: bool
    name: str | None
    promotion: str | None
    funded_by: str
    share: Decimal


def tax_terms(taxes: Iterable[Part]) -> dict[str, TaxTerms]:
    """Read an order's taxes by uid. A tax goes by its catalogue id, or by its name where it has none."""
    found = {}
    for one in taxes:
        kind = one.word("type", _TAX_TYPES, "ADDITIVE")
        found[one.id("uid")] = TaxTerms(
            code=one.id_or_none("catalog_object_id") or one.id("name"),
            rate=one.amount_or_none("percentage"),
            inclusive=_TAX_TYPES[kind],
            on_taxes=one.text("calculation_phase") == "TAX_TOTAL_PHASE",
        )
    return found


def discount_terms(discounts: Iterable[Part], purse: Purse) -> dict[str, DiscountTerms]:
    """Read an order's discounts by uid. One that names loyalty rewards is the loyalty programme's."""
    found = {}
    for one in discounts:
        found[one.id("uid")] = DiscountTerms(
            code=one.id_or_none("catalog_object_id"),
            method="PERCENT" if one.text("type") in _PERCENTAGES else "AMOUNT",
            is_basket=one.text("scope") == "ORDER",
            name=one.text("name") or None,
            promotion=one.id_or_none("pricing_rule_id"),
            funded_by="LOYALTY" if one.fields.get("reward_ids") else "RETAILER",
            share=purse.or_zero(one, "applied_money"),
        )
    return found
