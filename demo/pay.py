"""How an amount due becomes tenders: coupons first, then the assigned ways; cash with notes, change and rounding."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from demo.chain import NEW_TENDERS, TENDERS
from demo.lines import money
from demo.visits import Payment

Json = dict[str, Any]


class Purse:
    """Collects the tenders and roundings of one receipt. `step` is the store's cash rounding, None for none."""

    def __init__(self, luck: Random, step: Decimal | None) -> None:
        self.luck = luck
        self.step = step
        self.tenders: list[Json] = []
        self.rounding: list[Json] = []

    def pay(self, due: Decimal, coupons: Decimal, payment: Payment) -> None:
        """Settle `due` (negative: money goes back); afterwards sum of tenders = due + sum of roundings."""
        if coupons:
            self._add("COUPON", coupons, "PAYMENT")
        rest = due - coupons
        if rest < 0:
            self._give_back(-rest, payment.ways[-1] if due < 0 else "CASH", "REFUND" if due < 0 else "CHANGE")
            return
        first = self._first_part(rest, payment)
        if first:
            self._add(payment.ways[0], first, "PAYMENT")
            rest -= first
        if rest:
            self._settle(rest, payment)

    def _first_part(self, rest: Decimal, payment: Payment) -> Decimal:
        if len(payment.ways) < 2:
            return Decimal(0)
        part = (rest * payment.first_part).quantize(Decimal(1), ROUND_DOWN)
        return part if 0 < part < rest else Decimal(0)

    def _settle(self, rest: Decimal, payment: Payment) -> None:
        way = payment.ways[-1]
        if way != "CASH":
            self._add(way, rest, "PAYMENT")
            return
        to_pay = self._rounded(rest)
        note = payment.cash_note
        handed = (to_pay / note).quantize(Decimal(1), ROUND_CEILING) * note if note else to_pay
        if handed:
            self._add("CASH", handed, "PAYMENT")
        self._note_rounding(to_pay - rest)
        if handed > to_pay:
            self._add("CASH", to_pay - handed, "CHANGE")

    def _give_back(self, amount: Decimal, way: str, role: str) -> None:
        to_give = self._rounded(amount) if way == "CASH" else amount
        if to_give:
            self._add(way, -to_give, role)
        self._note_rounding(amount - to_give)

    def _rounded(self, amount: Decimal) -> Decimal:
        """Round to the store's step; an amount that would vanish stays as it is."""
        if self.step is None:
            return amount
        return (amount / self.step).quantize(Decimal(1), ROUND_HALF_UP) * self.step or amount

    def _note_rounding(self, amount: Decimal) -> None:
        if amount:
            number = next(one["tender_number"] for one in self.tenders if one["code"] == "CASH")
            self.rounding.append({"reason": "CASH", "amount": money(amount), "tender_number": number})

    def _add(self, code: str, amount: Decimal, role: str) -> None:
        kind = TENDERS.get(code) or NEW_TENDERS[code]
        tender: Json = {
            "tender_number": len(self.tenders) + 1,
            "type": kind.type,
            "code": code,
            "role": role,
            "amount": money(amount),
            "status": "CAPTURED",
        }
        if kind.type == "CARD":
            last4 = f"{self.luck.randint(0, 9999):04}"
            tender["card"] = {
                "brand": code,
                "last4": last4,
                "reference": f"A{self.luck.randint(100000, 999999)}",
            }
        if kind.type == "GIFT_CARD":
            tender["gift_card"] = f"GC-{self.luck.randint(1, 99999):05}"
        self.tenders.append(tender)


def control_totals(lines: list[Json], tenders: list[Json], rounding: list[Json]) -> Json:
    """Write what the till itself claims of a receipt; change is money out, so negative."""
    gross = _sum(one["gross"] for one in lines)
    discount = _sum(part["amount"] for one in lines for part in one["discounts"])
    tax = _sum(part["amount"] for one in lines for part in one["taxes"])
    rounded = _sum(one["amount"] for one in rounding)
    change = _sum(one["amount"] for one in tenders if one["role"] == "CHANGE")
    captured = _sum(one["amount"] for one in tenders)
    amounts = {
        "gross": gross, "discount": discount, "tax": tax, "rounding": rounded,
        "total": gross - discount + tax + rounded, "paid": captured - change, "change": change,
    }  # fmt: skip
    return {name: money(amount) for name, amount in amounts.items()}


def _sum(amounts: Any) -> Decimal:
    return sum((Decimal(one) for one in amounts), Decimal(0))
