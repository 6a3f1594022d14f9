"""One view of a Lightspeed X-Series sale, whichever of its shapes it has: API 1.0 (webhooks), 2.0, or 2026-07.

Prices and taxes are per unit, without tax and after discount, with five digits; a line's totals carry the direction, but not
all of them do: a return's tax components came positive in Lightspeed's own example. So the direction is the quantity's, or
that the line says it is a return, and every amount follows it. (POS facts §4.1.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from shared.pos.adapter import LINES_MAX, TENDERS_MAX
from shared.pos.canonical_values import read_instant
from shared.pos.vendor_json import Part
from shared.retail.money import ZERO
from shared.retail.transaction import TillStatus

DISCOUNT_HANDLE = "vend-discount"
_LARGEST, _FINEST = 10**9, Decimal("0.000001")
_STATUSES = {
    "OPEN": TillStatus.SUSPENDED, "SAVED": TillStatus.SUSPENDED, "CLOSED": TillStatus.COMPLETED,
    "ONACCOUNT": TillStatus.COMPLETED, "ONACCOUNT_CLOSED": TillStatus.COMPLETED, "LAYBY": TillStatus.PENDING,
    "LAYBY_CLOSED": TillStatus.COMPLETED, "AWAITING_DISPATCH": TillStatus.PENDING, "AWAITING_PICKUP": TillStatus.PENDING,
    "DISPATCHED_CLOSED": TillStatus.COMPLETED, "PICKED_UP_CLOSED": TillStatus.COMPLETED, "VOIDED": TillStatus.VOIDED,
}  # fmt: skip
_STATES = {
    "parked": TillStatus.SUSPENDED, "pending": TillStatus.PENDING, "closed": TillStatus.COMPLETED, "voided": TillStatus.VOIDED,
}  # fmt: skip
_DUSTY = re.compile(r"-?[0-9]{1,9}\.[0-9]{7,40}")
_NAIVE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class TaxPart:
    """One tax of a line, exact and in its direction; rate in percent where it is told."""

    code: str
    amount: Decimal
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One line as sold, exact: quantity and totals in the store's sign, unit prices never negative.

    is_discount: it takes off the whole sale. promotions: id, name and amount of each, as sizes.
    """

    product: str
    name: str | None
    quantity: Decimal
    price: Decimal
    discount_each: Decimal
    total: Decimal
    discount: Decimal
    taxes: tuple[TaxPart, ...]
    is_discount: bool = False
    promotions: tuple[tuple[str, str, Decimal], ...] = ()
    reason: str | None = None
    gift_card: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment: negative where money went out. shift: the register's opening it was taken in."""

    code: str
    kind: str
    amount: Decimal
    at: datetime | None
    is_deleted: bool
    reference: str
    last4: str
    shift: str | None


def size(part: Part, name: str) -> Decimal:
    """Give a number that must be there, below a milliard. Digits beyond the sixth are dust of Lightspeed's floating point."""
    value = part.fields.get(name)
    if isinstance(value, str) and _DUSTY.fullmatch(value):
        value = Decimal(value)
    amount = value if isinstance(value, Decimal) and value.is_finite() else part.amount(name)
    if abs(amount) >= _LARGEST:
        raise part.wrong(name, f"less than {_LARGEST}")
    return amount.quantize(_FINEST, ROUND_HALF_UP) if int(amount.as_tuple().exponent) < -6 else amount


def size_or_none(part: Part, name: str) -> Decimal | None:
    return size(part, name) if part.has(name) and part.fields[name] != "" else None


def status_of(sale: Part) -> TillStatus:
    """Say how a sale stands. On account, the goods are out: it counts."""
    if sale.has("status"):
        return _STATUSES[sale.word("status", _STATUSES)]
    state = _STATES[sale.word("state", _STATES)]
    return TillStatus.COMPLETED if state is TillStatus.PENDING and is_on_account(sale) else state


def is_on_account(sale: Part) -> bool:
    """Say whether a customer owes what was not paid."""
    attributes = sale.fields.get("attributes")
    return sale.text("status").startswith("ONACCOUNT") or (
        isinstance(attributes, list) and "onaccount" in attributes
    )


def instant_of(part: Part, *names: str) -> datetime:
    """Read the first time that is there, the last must be; one without an offset is UTC, as Lightspeed keeps them."""
    name = next((one for one in names if part.has(one) and part.fields[one] != ""), names[-1])
    value = part.fields.get(name)
    if isinstance(value, str) and _NAIVE.fullmatch(value):
        value = f"{value.replace(' ', 'T')}Z"
    try:
        return read_instant(value)
    except ValueError as error:
        raise part.wrong(name, str(error)) from error


def items_of(sale: Part, discount_product: str | None) -> list[Item]:
    """Read the lines of a sale. discount_product: the product that stands for discounts on the whole of it."""
    old = sale.parts("register_sale_products", LINES_MAX)
    return [_item(one, discount_product) for one in old or sale.parts("line_items", LINES_MAX)]


def payments_of(sale: Part) -> list[Payment]:
    """Read the payments of a sale, in the order it tells them."""
    old = sale.parts("register_sale_payments", TENDERS_MAX)
    return [_payment(one) for one in old or sale.parts("payments", TENDERS_MAX)]


def _item(part: Part, discount_product: str | None) -> Item:
    pricing = part.part("pricing") if part.has("pricing") else part
    product = part.part("product").id("id") if part.has("product") else part.id("product_id")
    back = part.part_or_none("return")
    quantity = size(part, "quantity")
    is_discount = product == discount_product or DISCOUNT_HANDLE in (part.text("handle"), part.text("sku"))
    is_return = part.flag("is_return") or (back is not None and back.flag("is_return"))
    if is_return and not is_discount:
        quantity = -abs(quantity)
    sign = -1 if quantity < 0 else 1
    price, discount = abs(size(pricing, "price")), size_or_none(pricing, "discount") or ZERO
    stated = size_or_none(pricing, "total" if part.has("pricing") else "price_total")
    off = size_or_none(pricing, "discount_total")
    return Item(
        product=product,
        name=part.text("name") or None,
        quantity=quantity,
        price=price,
        discount_each=discount,
        total=price * quantity if stated is None else sign * abs(stated),
        discount=discount * quantity if off is None else _directed(off, discount, sign),
        taxes=tuple(_taxes(part, quantity, sign)),
        is_discount=is_discount,
        promotions=tuple(_promotions(part)),
        reason=(back.text("reason") or None) if back is not None else None,
        gift_card=part.id_or_none("gift_card_number"),
    )


def _directed(total: Decimal, each: Decimal, sign: int) -> Decimal:
    """Give a total in the line's direction: a discount below nothing, a mark-up, stays one."""
    return sign * abs(total) * (-1 if each < 0 else 1)


def _taxes(part: Part, quantity: Decimal, sign: int) -> Iterator[TaxPart]:
    """Read a line's taxes: the one it names, or each of its components where there are several."""
    new = part.part_or_none("tax") if isinstance(part.fields.get("tax"), dict) else None
    inner = part.part_or_none("_metadata")
    components = (inner or part).parts("tax_components")
    each = size_or_none(new, "amount") if new else size_or_none(part, "tax")
    stated = size_or_none(new, "total") if new else size_or_none(part, "tax_total")
    exact = (each or ZERO) * quantity if stated is None else sign * abs(stated)
    if len(components) > 1:
        for one in components:
            amount = sign * abs(size(one, "total_tax"))
            if amount:
                yield TaxPart(one.id("rate_id"), amount)
    elif exact:
        code = new.id("id") if new else part.id("tax_id")
        rate = size_or_none(part, "tax_rate")
        yield TaxPart(code, exact, rate * 100 if rate is not None else None)


def _promotions(part: Part) -> Iterator[tuple[str, str, Decimal]]:
    for one in part.parts("promotions"):
        amount = abs(size_or_none(one, "amount") or ZERO)
        if amount:
            yield one.id("id"), one.text("name"), amount


def _payment(part: Part) -> Payment:
    kind, inner = part.part_or_none("type"), part.part_or_none("_metadata")
    known = (
        kind.id("config_id")
        if kind
        else part.id_or_none("retailer_payment_type_id") or part.id("payment_type_id")
    )
    named = kind.id_or_none("name") if kind else part.id_or_none("name")
    outside = part.parts("external_attributes")
    return Payment(
        code=named or known,
        kind=(kind.text("id") if kind else str(part.fields.get("payment_type_id") or "")),
        amount=size(part, "amount"),
        at=instant_of(part, "payment_date", "date") if part.has("payment_date") or part.has("date") else None,
        is_deleted=part.has("deleted_at"),
        reference=part.id_or_none("id") or "",
        last4=next(
            (one.text("card_last_four_digits") for one in outside if one.has("card_last_four_digits")), ""
        ),
        shift=(inner or part).id_or_none("register_open_sequence_id"),
    )
