"""What is assigned to each basket: its till, how it is paid, gift cards sold, and what is brought back later.

A *visit* is one time a customer stands at a till: a basket of the data, a basket with goods brought back (an exchange),
or goods brought back alone (a return). Returned lines are lines that the data sold earlier the same day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from demo.chain import tills_of
from demo.chance import chance
from demo.journey import Basket, BasketLine, day_begins

RETURN_SHARE = 0.04
EXCHANGE_SHARE = 0.03
GIFT_CARD_SHARE = 0.03
BACK_AFTER_MINUTES = (40, 300)
LAST_RETURN_BEFORE_MIDNIGHT = timedelta(minutes=20)
_WAYS: tuple[tuple[tuple[str, ...], int], ...] = (
    (("CASH",), 36), (("VISA",), 22), (("MASTERCARD",), 13), (("AMEX",), 4), (("DEBIT",), 10),
    (("CASH", "VISA"), 4), (("CASH", "DEBIT"), 3), (("GIFTCARD", "VISA"), 4), (("GIFTCARD", "CASH"), 4),
)  # fmt: skip
_DISPOSITIONS = (("RESTOCK", 60), ("NO_RESTOCK", 25), ("SCRAP", 15))
_REASONS = ("UNWANTED", "DAMAGED", "WRONG_ITEM")


@dataclass(frozen=True, slots=True)
class Payment:
    """How a visit is paid: `ways` in order; the first of two takes `first_part` of the amount, in whole dollars.

    cash_note: cash is handed over in multiples of this; 0 for the exact amount.
    """

    ways: tuple[str, ...]
    first_part: Decimal = Decimal("0.4")
    cash_note: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Back:
    """One line brought back: line `line_number` of visit `visit`, in full."""

    visit: str
    line_number: int
    disposition: str
    reason: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One time a customer stands at a till. `name` is the basket's number, or R and the number of what comes back."""

    name: str
    day: date
    store: str
    terminal: str
    at: datetime
    lines: tuple[BasketLine, ...]
    payment: Payment
    backs: tuple[Back, ...] = ()
    gift_card_sold: Decimal = field(default=Decimal(0))


def assign_visits(baskets: Sequence[Basket], day: date, seed: int) -> list[Visit]:
    """Assign tills, payments, gift cards, returns and exchanges to a day's baskets; the same seed, the same visits."""
    by_store: dict[str, list[Basket]] = {}
    for basket in baskets:
        by_store.setdefault(basket.store, []).append(basket)
    visits: list[Visit] = []
    for store, own in sorted(by_store.items()):
        tills = tills_of(seed, store, len(own))
        sales = [_sale(basket, day, tills, seed) for basket in own]
        visits += _with_backs(sales, tills, seed)
    return sorted(visits, key=lambda one: (one.at, one.name))


def touched_by_returns(visits: Sequence[Visit]) -> frozenset[str]:
    """Name every visit that brings something back, or whose goods come back: no trouble is planted on these."""
    names = {one.name for one in visits if one.backs}
    return frozenset(names | {back.visit for one in visits for back in one.backs})


def _sale(basket: Basket, day: date, tills: Sequence[str], seed: int) -> Visit:
    luck = chance(seed, day, "visit", basket.basket)
    gift_card = Decimal(luck.choice((25, 50))) if luck.random() < GIFT_CARD_SHARE else Decimal(0)
    return Visit(
        name=basket.basket,
        day=day,
        store=basket.store,
        terminal=luck.choice(tills),
        at=basket.at,
        lines=basket.lines,
        payment=_payment(luck),
        gift_card_sold=gift_card,
    )


def _payment(luck: Random) -> Payment:
    ways = luck.choices([way for way, _ in _WAYS], [weight for _, weight in _WAYS])[0]
    part = Decimal(luck.randint(2, 7)) / 10
    return Payment(ways, part, Decimal(luck.choice((0, 1, 5, 10, 20))))


def _with_backs(sales: Sequence[Visit], tills: Sequence[str], seed: int) -> list[Visit]:
    """Bring some goods back: alone, or together with a later basket of the same store."""
    visits: dict[str, Visit] = {one.name: one for one in sales}
    extra: list[Visit] = []
    for sale in sales:
        luck = chance(seed, sale.day, "back", sale.name)
        draw, lines = luck.random(), _returnable(sale)
        if not lines or visits[sale.name].backs or draw >= RETURN_SHARE + EXCHANGE_SHARE:
            continue
        back = Back(sale.name, luck.choice(lines), _weighted(luck), luck.choice(_REASONS))
        if draw < EXCHANGE_SHARE:
            later = _later_basket(visits, sale)
            if later is not None:
                visits[later.name] = replace(later, backs=(back,))
            continue
        alone = _return_alone(sale, back, tills, luck)
        if alone is not None:
            extra.append(alone)
    return [*visits.values(), *extra]


def _returnable(sale: Visit) -> list[int]:
    """Number the lines that may come back: goods with a price, neither fuel nor bought with a coupon."""
    return [
        number
        for number, line in enumerate(sale.lines, start=1)
        if line.quantity > 0 and line.sales > 0 and line.coupon == 0 and not line.is_fuel
    ]


def _later_basket(visits: Mapping[str, Visit], sale: Visit) -> Visit | None:
    """Give the next basket of the store that buys something, at least half an hour later, nothing brought back yet."""
    brought_back = {back.visit for one in visits.values() for back in one.backs}
    for one in visits.values():
        if one.at >= sale.at + timedelta(minutes=30) and not one.backs and one.name not in brought_back:
            return one if any(line.sales > 0 for line in one.lines) else None
    return None


def _return_alone(sale: Visit, back: Back, tills: Sequence[str], luck: Random) -> Visit | None:
    at = sale.at + timedelta(minutes=luck.randint(*BACK_AFTER_MINUTES), seconds=luck.randint(0, 59))
    if at > day_begins(sale.day + timedelta(days=1)) - LAST_RETURN_BEFORE_MIDNIGHT:
        return None
    way = sale.payment.ways[-1]
    return Visit(f"R{sale.name}", sale.day, sale.store, luck.choice(tills), at, (), Payment((way,)), (back,))


def _weighted(luck: Random) -> str:
    return luck.choices([name for name, _ in _DISPOSITIONS], [weight for _, weight in _DISPOSITIONS])[0]
