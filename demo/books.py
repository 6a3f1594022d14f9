"""The books: what the chain's day must come to, written down before the first receipt is sent.

An arithmetic of its own. It starts from the data's lines and from what was assigned (which lines come back, which cards
are sold, what is handed over), and shares no code with what writes the receipts or adds up the tills' totals. Of the
receipts themselves it reads only the tenders and roundings, because those *are* the assignment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from demo.chain import rounds_cash, tax_of
from demo.documents import Message
from demo.journey import BasketLine, FileSums
from demo.visits import Visit

ZERO = Decimal(0)
CENT = Decimal("0.01")


@dataclass(slots=True)
class Account:
    """What one store took on one day, in the store's sign. total = sum of tenders."""

    receipts: int = 0
    sales: Decimal = ZERO
    returns: Decimal = ZERO
    discounts: Decimal = ZERO
    gift_cards_issued: Decimal = ZERO
    rounding: Decimal = ZERO
    taxes: dict[str, Decimal] = field(default_factory=dict)
    tenders: dict[str, Decimal] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        """What was paid, money in less money out."""
        return sum(self.tenders.values(), ZERO)

    @property
    def due(self) -> Decimal:
        """What should have been paid: sales, returns, taxes, gift cards and roundings."""
        return (
            self.sales
            + self.returns
            + sum(self.taxes.values(), ZERO)
            + self.gift_cards_issued
            + self.rounding
        )

    def add(self, other: Account) -> None:
        """Add another account to this one."""
        self.receipts += other.receipts
        for name in ("sales", "returns", "discounts", "gift_cards_issued", "rounding"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in ((self.taxes, other.taxes), (self.tenders, other.tenders)):
            for code, amount in theirs.items():
                mine[code] = mine.get(code, ZERO) + amount


StoreDay = tuple[str, str]  # store, business day


@dataclass(frozen=True, slots=True)
class Books:
    """Every receipt's account by its visit, and every store-day's."""

    receipts: Mapping[str, Account]
    storedays: Mapping[StoreDay, Account]

    def chain(self) -> Account:
        """Give the whole chain's account."""
        return added(self.storedays.values())


def write_books(visits: Sequence[Visit], messages: Sequence[Message], seed: int) -> Books:
    """Add up every visit and every store-day.

    Raises:
        ValueError: a receipt's tenders and what is due on it differ; nothing may be sent then.
    """
    handed = {one.visit: one.document for one in messages if one.visit}
    by_name = {one.name: one for one in visits}
    receipts: dict[str, Account] = {}
    storedays: dict[StoreDay, Account] = {}
    for visit in visits:
        account = _account_of(visit, by_name)
        for tender in handed[visit.name]["tenders"]:
            amount = Decimal(tender["amount"])
            account.tenders[tender["code"]] = account.tenders.get(tender["code"], ZERO) + amount
        account.rounding = sum((Decimal(one["amount"]) for one in handed[visit.name]["rounding"]), ZERO)
        _check(visit, account, rounds_cash(seed, visit.store))
        receipts[visit.name] = account
        storedays.setdefault((visit.store, visit.day.isoformat()), Account()).add(account)
    return Books(receipts, storedays)


def added(accounts: Iterable[Account]) -> Account:
    """Add accounts up."""
    whole = Account()
    for one in accounts:
        whole.add(one)
    return whole


def less(account: Account, parts: Iterable[Account]) -> Account:
    """Give an account without some of its receipts."""
    rest = added([account])
    for part in parts:
        turned = Account(-part.receipts, *(-getattr(part, name) for name in _AMOUNTS))
        turned.taxes = {code: -amount for code, amount in part.taxes.items()}
        turned.tenders = {code: -amount for code, amount in part.tenders.items()}
        rest.add(turned)
    return rest


_AMOUNTS = ("sales", "returns", "discounts", "gift_cards_issued", "rounding")


def compare_with_file(books: Books, day: str, sums: Mapping[str, FileSums]) -> list[str]:
    """Compare sales and coupons of every traded store with the file's own sums; give what differs, in words."""
    found = []
    for (store, business_day), account in sorted(books.storedays.items()):
        if business_day != day:
            continue
        file = sums[store]
        coupons = account.tenders.get("COUPON", ZERO)
        if account.sales != file.sales:
            found.append(f"store {store}: the books hold sales of {account.sales}, the file {file.sales}")
        if coupons != file.coupons:
            found.append(f"store {store}: the books hold coupons of {coupons}, the file {file.coupons}")
    return found


def books_json(books: Books) -> dict[str, object]:
    """Give the store-days as JSON values: amounts as text."""
    return {
        f"{store} {day}": account_json(account) for (store, day), account in sorted(books.storedays.items())
    }


def account_json(account: Account) -> dict[str, object]:
    """Give one account as JSON values."""
    return {
        "receipts": account.receipts,
        "total": str(account.total),
        **{name: str(getattr(account, name)) for name in _AMOUNTS},
        "taxes": {code: str(amount) for code, amount in sorted(account.taxes.items())},
        "tenders": {code: str(amount) for code, amount in sorted(account.tenders.items())},
    }


def keep_books(books: Books, path: Path) -> None:
    """Write the books to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(books_json(books), indent=1) + "\n", encoding="utf-8")


def _account_of(visit: Visit, visits: Mapping[str, Visit]) -> Account:
    account = Account(receipts=1, gift_cards_issued=visit.gift_card_sold)
    for line in visit.lines:
        _book(account, line, 1)
    for back in visit.backs:
        _book(account, visits[back.visit].lines[back.line_number - 1], -1)
    return account


def _book(account: Account, line: BasketLine, sign: int) -> None:
    net = sign * line.sales
    if sign > 0:
        account.sales += net
    else:
        account.returns += net
    account.discounts += sign * (line.retail_discount + line.coupon_match)
    tax = tax_of(line.product)
    amount = sign * (line.sales * tax.rate / Decimal(100)).quantize(CENT, ROUND_HALF_UP)
    account.taxes[tax.code] = account.taxes.get(tax.code, ZERO) + amount


def _check(visit: Visit, account: Account, rounds: bool) -> None:
    coupons = sum((line.coupon for line in visit.lines), ZERO)
    if account.total != account.due:
        raise ValueError(f"receipt {visit.name}: due {account.due}, tenders {account.total}")
    if account.tenders.get("COUPON", ZERO) != coupons:
        raise ValueError(f"receipt {visit.name}: coupons {coupons} of the data are not its coupon tender")
    if account.rounding and (not rounds or abs(account.rounding) >= Decimal("0.05")):
        raise ValueError(f"receipt {visit.name}: rounding {account.rounding}")
