"""The refund ledger: no more comes back of a receipt than it sold, line by line and tender by tender, in whatever order.

A refund makes a *claim* on each receipt it names. A claim stands or falls by the claims that stand already; which claims stand
is all the ledger keeps. Amounts and quantities are positive here: so much was sold, so much came back. (Rule I8, POS facts §6.)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from shared.retail.money import ZERO, money_text, total
from shared.retail.transaction import Line, Link, LinkRole, TenderRole, Transaction

_NAMES_A_SALE = (LinkRole.ORIGINAL, LinkRole.EXCHANGE_OF)
_NO_MONEY: Mapping[str, Decimal] = MappingProxyType({})
RETURNED_GOODS = "returned goods"
QUANTITY, AMOUNT, NOT_SOLD, MONEY, CURRENCY = "quantity", "amount", "not sold", "money", "currency"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a receipt is kept: its store, the account it came from, its id there."""

    store: str
    account: str
    transaction_id: str


@dataclass(frozen=True, slots=True)
class SoldLine:
    """What one line sold, with every tax."""

    item: str
    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Sold:
    """What a receipt sold and how it was paid: change is taken off the tender that gave it. label: for people."""

    label: str
    currency: str
    lines: Mapping[int, SoldLine]
    paid: Mapping[str, Decimal]
    rounded: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return total(line.amount for line in self.lines.values())


@dataclass(frozen=True, slots=True)
class Claim:
    """What one refund takes back of one receipt: by line number (quantity, amount), and the money by tender."""

    refund: Place
    lines: Mapping[int, tuple[Decimal, Decimal]]
    money: Mapping[str, Decimal] = field(default_factory=lambda: _NO_MONEY)

    @property
    def amount(self) -> Decimal:
        return total(amount for _, amount in self.lines.values())


@dataclass(frozen=True, slots=True)
class Over:
    """What would come back beyond what was sold: of a line, or of the money. line_number 0: the whole receipt."""

    kind: str
    line_number: int
    item: str
    sold: Decimal
    back: Decimal
    wanted: Decimal


@dataclass(frozen=True, slots=True)
class Left:
    """What may still come back of a line or a tender."""

    sold: Decimal
    back: Decimal

    @property
    def left(self) -> Decimal:
        return self.sold - self.back


@dataclass(frozen=True, slots=True)
class Remaining:
    """What may still come back of a receipt. other_tenders: money that went back by a tender the sale was not paid with."""

    quantities: Mapping[int, Left]
    amounts: Mapping[int, Left]
    tenders: Mapping[str, Left]
    other_tenders: Mapping[str, Decimal]
    amount: Left


def sold_by(transaction: Transaction) -> Sold:
    """Give what a receipt sold. Lines that came back on it sold nothing, nor did gift cards: D365 takes none back.

    In an exchange, what came back paid for a part of what was taken.
    """
    lines = {
        line.line_number: SoldLine(line.item or line.gtin or str(line.kind), line.quantity, line.amount_due)
        for line in transaction.lines
        if not line.is_return and not line.is_gift_card
    }
    paid: dict[str, Decimal] = {}
    for tender in transaction.captured:
        paid[tender.code] = paid.get(tender.code, ZERO) + tender.amount
    goods = total(-line.amount_due for line in transaction.lines if line.is_return)
    goods += total(amount for amount in paid.values() if amount < 0)
    if goods > 0:
        paid[RETURNED_GOODS] = goods
    label = transaction.receipt_number or transaction.transaction_id
    return Sold(
        label, transaction.currency, lines, {code: one for code, one in paid.items() if one > 0},
        abs(transaction.amount_rounded),
    )  # fmt: skip


def named_by(transaction: Transaction, line: Line) -> Link | None:
    """Give the sale that a returned line names: by itself, or by the receipt's only link. None: without its receipt."""
    if not line.is_return:
        return None
    if line.original is not None and line.original.transaction_id:
        return line.original
    links = [one for one in transaction.links if one.role in _NAMES_A_SALE and one.transaction_id]
    return links[0] if len({(one.store, one.transaction_id) for one in links}) == 1 else None


def amount_without_receipt(transaction: Transaction) -> Decimal | None:
    """Give what came back without naming its sale, in the store's sign; None where nothing did."""
    lines = [line for line in transaction.lines if line.is_return and named_by(transaction, line) is None]
    return total(line.amount_due for line in lines) if lines and transaction.is_for_the_ledger else None


def owed_to_customer(transaction: Transaction) -> Decimal:
    """Give what came back less what was taken in exchange; negative where the customer pays the difference."""
    return -total(line.amount_due for line in transaction.lines)


def claim_on(
    transaction: Transaction, refund: Place, lines: Sequence[Line], sold: Sold, others: Sequence[Claim],
    money: Mapping[str, Decimal],
) -> Claim:  # fmt: skip
    """Say what a refund takes back of one receipt. lines: those of its lines that name it.

    A line that does not say which one it gives back takes the receipt's lines of its item, as far as they are not back yet.
    """
    taken: dict[int, tuple[Decimal, Decimal]] = {}
    for line in lines:
        link = named_by(transaction, line)
        number = link.line_number if link is not None else None
        for at, quantity, amount in _spread(line, number, sold, [*others, Claim(refund, taken)]):
            before = taken.get(at, (ZERO, ZERO))
            taken[at] = (before[0] + quantity, before[1] + amount)
    return Claim(refund, taken, _up_to(money, total(amount for _, amount in taken.values())))


def money_back(transaction: Transaction) -> dict[str, Decimal]:
    """Give the money a receipt gave back, by tender."""
    back: dict[str, Decimal] = {}
    for tender in transaction.captured:
        if tender.role is TenderRole.REFUND:
            back[tender.code] = back.get(tender.code, ZERO) - tender.amount
    return back


def less_money(money: Mapping[str, Decimal], taken: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Take what one claim has of the money away: the next receipt's claim has the rest."""
    return {code: amount - taken.get(code, ZERO) for code, amount in money.items()}


def beyond(sold: Sold, others: Sequence[Claim], claim: Claim, currency: str) -> tuple[Over, ...]:
    """List what a claim takes back beyond what was sold, beside the claims of others that stand; empty: it stands too."""
    if currency != sold.currency:
        return (Over(CURRENCY, 0, f"{currency} for {sold.currency}", sold.total, ZERO, claim.amount),)
    found: list[Over] = []
    for number, (quantity, amount) in sorted(claim.lines.items()):
        line = sold.lines.get(number)
        if line is None:
            found.append(Over(NOT_SOLD, number, "", ZERO, ZERO, quantity))
            continue
        back = _back(others, number)
        for kind, had, came, wanted in (
            (QUANTITY, line.quantity, back[0], quantity), (AMOUNT, line.amount, back[1], amount),
        ):  # fmt: skip
            if came + wanted > had:
                found.append(Over(kind, number, line.item, had, came, wanted))
    paid = total(sold.paid.values())
    came, wanted = total(_money(others)), total(claim.money.values())
    if wanted and came + wanted > paid + sold.rounded:  # what the sale's own rounding kept back may come back
        found.append(Over(MONEY, 0, "", paid, came, wanted))
    return tuple(found)


def remaining(sold: Sold, claims: Sequence[Claim]) -> Remaining:
    """Say what may still come back of a receipt; the same claims give the same, in whatever order they came."""
    backs = {number: _back(claims, number) for number in sold.lines}
    tenders, others = _by_tender(sold, claims)
    return Remaining(
        quantities={number: Left(one.quantity, backs[number][0]) for number, one in sold.lines.items()},
        amounts={number: Left(one.amount, backs[number][1]) for number, one in sold.lines.items()},
        tenders=tenders,
        other_tenders=others,
        amount=Left(sold.total, total(one.amount for one in claims)),
    )


def to_another_tender(sold: Sold, claim: Claim) -> Decimal:
    """Give how much of a refund went back by tenders that the sale was not paid with."""
    return total(amount for code, amount in claim.money.items() if code not in sold.paid)


def told(over: Over, currency: str) -> str:
    """Say with numbers what is beyond."""
    if over.kind == NOT_SOLD:
        what = f"line {over.line_number}" if over.line_number else "an item of it"
        return f"{what} was not sold on it"
    if over.kind == CURRENCY:
        return f"it is in {over.item.replace(' for ', ', the sale in ')}"
    if over.kind == QUANTITY:
        sold, back, wanted = (f"{one.normalize():f}" for one in (over.sold, over.back, over.wanted))
        return (
            f"line {over.line_number} ({over.item}) sold {sold}, {back} came back before, {wanted} more would"
        )
    sold, back, wanted = (
        f"{money_text(one, currency)} {currency}" for one in (over.sold, over.back, over.wanted)
    )
    what = "it was paid with" if over.kind == MONEY else f"line {over.line_number} ({over.item}) sold for"
    return f"{what} {sold}, {back} went back before, {wanted} more would"


def claims_text(claims: Iterable[Claim]) -> str:
    """Write claims, in the order of their refunds: the same claims give the same text."""
    return json.dumps(
        [
            [
                [one.refund.store, one.refund.account, one.refund.transaction_id],
                [[number, str(quantity), str(amount)] for number, (quantity, amount) in sorted(one.lines.items())],
                {code: str(amount) for code, amount in sorted(one.money.items())},
            ]
            for one in sorted(claims, key=lambda each: each.refund)
        ],
        separators=(",", ":"),
    )  # fmt: skip


def claims_from(text: str) -> tuple[Claim, ...]:
    """Read what `claims_text` wrote; nothing from an empty text."""
    return tuple(
        Claim(
            Place(*refund),
            {number: (Decimal(quantity), Decimal(amount)) for number, quantity, amount in lines},
            {code: Decimal(amount) for code, amount in money.items()},
        )
        for refund, lines, money in (json.loads(text) if text else [])
    )


def nothing_sold(sold: Sold) -> Sold:
    """Give a receipt that was taken back whole: nothing of it may come back any more."""
    lines = {number: replace(line, quantity=ZERO, amount=ZERO) for number, line in sold.lines.items()}
    return replace(sold, lines=lines, paid={}, rounded=ZERO)


def _back(claims: Iterable[Claim], number: int) -> tuple[Decimal, Decimal]:
    some = [one.lines[number] for one in claims if number in one.lines]
    return total(quantity for quantity, _ in some), total(amount for _, amount in some)


def _money(claims: Iterable[Claim]) -> Iterable[Decimal]:
    return (amount for one in claims for amount in one.money.values())


def _spread(
    line: Line, number: int | None, sold: Sold, others: Sequence[Claim]
) -> Iterable[tuple[int, Decimal, Decimal]]:
    """Give which lines of the sale a returned line takes back, how many of each, and for how much."""
    quantity, amount = abs(line.quantity), abs(line.amount_due)
    item = line.item or line.gtin or str(line.kind)
    numbers = sorted(at for at, one in sold.lines.items() if one.item == item) if number is None else [number]
    if len(numbers) <= 1 or not quantity:
        yield (numbers[0] if numbers else 0), quantity, amount
        return
    each, left = amount / quantity, quantity
    for at in numbers[:-1]:
        room = max(ZERO, sold.lines[at].quantity - _back(others, at)[0])
        some = min(room, left)
        if some:
            part = min((each * some).quantize(Decimal("0.0001")), amount)
            yield at, some, part if some < left else amount
            left, amount = left - some, amount - (part if some < left else amount)
    if left:
        yield numbers[-1], left, amount


def _up_to(money: Mapping[str, Decimal], most: Decimal) -> dict[str, Decimal]:
    """Take money by tender, in the order of their names, up to an amount."""
    taken: dict[str, Decimal] = {}
    for code, amount in sorted(money.items()):
        part = min(amount, most - total(taken.values()))
        if part > 0:
            taken[code] = part
    return taken


def _by_tender(sold: Sold, claims: Sequence[Claim]) -> tuple[dict[str, Left], dict[str, Decimal]]:
    """Set the money that went back against the tenders of the sale: its own first, then whichever has room."""
    back: dict[str, Decimal] = {}
    for claim in claims:
        for code, amount in claim.money.items():
            back[code] = back.get(code, ZERO) + amount
    own = {code: min(paid, back.get(code, ZERO)) for code, paid in sold.paid.items()}
    others = {
        code: amount - own.get(code, ZERO) for code, amount in sorted(back.items()) if amount > own.get(code, ZERO)
    }  # fmt: skip
    rest = total(others.values())
    for code in sorted(own):
        room = min(sold.paid[code] - own[code], rest)
        own[code], rest = own[code] + room, rest - room
    return {code: Left(sold.paid[code], own[code]) for code in sorted(own)}, others
