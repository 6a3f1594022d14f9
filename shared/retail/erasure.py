"""What of a receipt may speak of a person, and the receipt without it: every amount, code, number and instant stays.

A list of what stays, not of what goes: whatever a vendor sent beside our words is gone with `extra`. What is left is what
money, tax, stock and the duplicate check need. (docs/personal-data.md)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import replace

from shared.retail.transaction import CashMovement, Discount, Line, ShiftRecord, Tax, Tender, Transaction

ERASED = "[erased]"
_STAYS_IN_EXTRA = frozenset({"naive_times"})  # says how to read the times


def without_person(transaction: Transaction, *, operator: bool) -> Transaction:
    """Give a receipt without free texts, card endings, card numbers of gifts, coupon codes and what a vendor sent beside.

    operator: also without the cashier's number. Twice is once.
    """
    movement, shift = transaction.cash_movement, transaction.shift_record
    return replace(
        transaction,
        operator=None if operator else transaction.operator,
        lines=tuple(_line(one) for one in transaction.lines),
        voided_lines=tuple(_line(one) for one in transaction.voided_lines),
        tenders=tuple(_tender(one) for one in transaction.tenders),
        cash_movement=_movement(movement) if movement is not None else None,
        shift_record=_shift(shift) if shift is not None and operator else shift,
        extra={name: one for name, one in transaction.extra.items() if name in _STAYS_IN_EXTRA},
    )


def _line(line: Line) -> Line:
    return replace(
        line,
        description=None,
        return_reason=None,
        gift_card=None,
        discounts=tuple(_discount(one) for one in line.discounts),
        taxes=tuple(_tax(one) for one in line.taxes),
    )


def _discount(discount: Discount) -> Discount:
    return replace(discount, code=None, reason=None)


def _tax(tax: Tax) -> Tax:
    """D365 is told that a line is exempt, never why: that it has a reason stays."""
    return replace(tax, exempt_reason=ERASED) if tax.exempt_reason is not None else tax


def _tender(tender: Tender) -> Tender:
    card = replace(tender.card, last4=None, reference=None) if tender.card is not None else None
    return replace(tender, card=card, gift_card=None)


def _movement(movement: CashMovement) -> CashMovement:
    return replace(movement, note=None)


def _shift(shift: ShiftRecord) -> ShiftRecord:
    return replace(shift, opened_by=None, closed_by=None)


def personal_values(transaction: Transaction, *, operator: bool) -> dict[str, str]:
    """Name everything that would go, by where it stands, such as `lines[0].description`: what is kept of a person."""
    return dict(_gone("", transaction, without_person(transaction, operator=operator)))


def _gone(place: str, old: object, new: object) -> Iterator[tuple[str, str]]:
    if old in (new, ERASED):
        return
    if isinstance(old, Mapping):
        left = new if isinstance(new, Mapping) else {}
        for name, one in old.items():
            yield from _gone(f"{place}.{name}".lstrip("."), one, left.get(name))
    elif isinstance(old, tuple | list):
        others = new if isinstance(new, tuple | list) else ()
        for number, one in enumerate(old):
            yield from _gone(f"{place}[{number}]", one, others[number] if number < len(others) else None)
    elif dataclasses.is_dataclass(old) and not isinstance(old, type):
        for one in dataclasses.fields(old):
            yield from _gone(
                f"{place}.{one.name}".lstrip("."), getattr(old, one.name), getattr(new, one.name, None)
            )
    elif old is not None:
        yield place, str(old)
