"""The figures of receipts that a statement adds up: one value object for every column of the proof.

total = sales + returns + taxes + gift_cards_issued + rounding = sum of tenders. Store's sign.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from shared.retail.money import ZERO, total
from shared.retail.transaction import ShiftTotals, TenderType, Transaction

_NOTHING: Mapping[str, Decimal] = MappingProxyType({})
GROUPS = ("sales", "returns", "discounts", "gift_cards_issued", "rounding")


@dataclass(frozen=True, slots=True)
class Figures:
    """Amounts in one currency: `count` receipts, their total, and its parts by group, tax code and tender.

    gift_cards_redeemed is what was paid with gift cards, part of the tenders already: no column of the difference.
    """

    count: int = 0
    total: Decimal = ZERO
    sales: Decimal = ZERO
    returns: Decimal = ZERO
    discounts: Decimal = ZERO
    gift_cards_issued: Decimal = ZERO
    rounding: Decimal = ZERO
    taxes: Mapping[str, Decimal] = field(default_factory=lambda: _NOTHING)
    tenders: Mapping[str, Decimal] = field(default_factory=lambda: _NOTHING)
    gift_cards_redeemed: Decimal = ZERO

    def __add__(self, other: Figures) -> Figures:
        return sum_of((self, other))

    def __neg__(self) -> Figures:
        return Figures(
            -self.count, -self.total, -self.sales, -self.returns, -self.discounts, -self.gift_cards_issued,
            -self.rounding, {code: -one for code, one in self.taxes.items()},
            {code: -one for code, one in self.tenders.items()}, -self.gift_cards_redeemed,
        )  # fmt: skip

    def __sub__(self, other: Figures) -> Figures:
        return self + -other

    @property
    def is_nothing(self) -> bool:
        amounts = (self.total, *(getattr(self, group) for group in GROUPS))
        return not any((*amounts, *self.taxes.values(), *self.tenders.values()))


def sum_of(parts: Iterable[Figures]) -> Figures:
    """Add figures up, exactly, in one pass."""
    count = 0
    amounts = dict.fromkeys(("total", *GROUPS, "gift_cards_redeemed"), ZERO)
    taxes: dict[str, Decimal] = {}
    tenders: dict[str, Decimal] = {}
    for part in parts:
        count += part.count
        for name in amounts:
            amounts[name] += getattr(part, name)
        for code, amount in part.taxes.items():
            taxes[code] = taxes.get(code, ZERO) + amount
        for code, amount in part.tenders.items():
            tenders[code] = tenders.get(code, ZERO) + amount
    return Figures(count=count, taxes=taxes, tenders=tenders, **amounts)


def figures_of(transaction: Transaction) -> Figures:
    """Give the figures of one transaction; nothing at all where it does not count for the ledger."""
    if not transaction.is_for_the_ledger:
        return Figures()
    goods = [line for line in transaction.lines if not line.is_gift_card]
    taxes: dict[str, Decimal] = {}
    for line in transaction.lines:
        for tax in line.taxes:
            taxes[tax.code] = taxes.get(tax.code, ZERO) + tax.amount
    tenders: dict[str, Decimal] = {}
    for tender in transaction.captured:
        tenders[tender.code] = tenders.get(tender.code, ZERO) + tender.amount
    return Figures(
        count=1,
        total=transaction.amount_paid,
        sales=total(line.net_without_tax for line in goods if not line.is_return),
        returns=total(line.net_without_tax for line in goods if line.is_return),
        discounts=total(line.discount for line in transaction.lines),
        gift_cards_issued=total(line.net_without_tax for line in transaction.lines if line.is_gift_card),
        rounding=transaction.amount_rounded,
        taxes=taxes,
        tenders=tenders,
        gift_cards_redeemed=total(
            one.amount for one in transaction.captured if one.type is TenderType.GIFT_CARD
        ),
    )


def figures_of_shift(totals: ShiftTotals) -> Figures:
    """Give what the POS says its shift took."""
    return Figures(
        count=totals.transactions, total=totals.total, sales=totals.sales, returns=totals.returns,
        discounts=totals.discounts, gift_cards_issued=totals.gift_cards_issued, rounding=totals.rounding,
        taxes=totals.taxes, tenders=totals.tenders,
    )  # fmt: skip


def figures_text(figures: Figures) -> str:
    """Write figures compactly: a JSON list that is read back exactly."""
    return json.dumps(
        [
            figures.count,
            *(str(getattr(figures, name)) for name in ("total", *GROUPS)),
            {code: str(amount) for code, amount in figures.taxes.items()},
            {code: str(amount) for code, amount in figures.tenders.items()},
            *([str(figures.gift_cards_redeemed)] if figures.gift_cards_redeemed else []),
        ],
        separators=(",", ":"),
    )


def figures_from(text: str) -> Figures:
    """Read what `figures_text` wrote; nothing from an empty text."""
    if not text:
        return Figures()
    count, whole, sales, returns, discounts, gift_cards, rounding, taxes, tenders, *more = json.loads(text)
    return Figures(
        count, Decimal(whole), Decimal(sales), Decimal(returns), Decimal(discounts), Decimal(gift_cards),
        Decimal(rounding), {code: Decimal(one) for code, one in taxes.items()},
        {code: Decimal(one) for code, one in tenders.items()}, Decimal(more[0]) if more else ZERO,
    )  # fmt: skip
