"""The arithmetic a transaction must keep, by rule name. What breaks a rule is told, kept and held, never bent.

Rules I1 to I6, I14 and I15 of the canonical model (POS facts §6).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.retail.d365_rules import (
    DISCOUNT,
    GIFT_CARD,
    GROSS,
    LINE_DISCOUNT,
    NEGATIVE_PRICE,
    NET_TAX,
    NOT_EMPTY,
    PAYMENT,
    ROUNDING,
    SIGN,
    TAX_INCLUDED,
    UNDER_OVER,
)
from shared.retail.money import ZERO, has_whole_minor_units, minor_unit, money_text, total
from shared.retail.reasons import Cause, cause
from shared.retail.rounding import diagnose, smallest_coin, told
from shared.retail.transaction import Kind, Line, RoundingReason, TenderRole, TenderType, Transaction

_OF_SHIFTS = frozenset(
    {Kind.SHIFT_OPEN, Kind.SHIFT_SUSPEND, Kind.SHIFT_RESUME, Kind.SHIFT_BLIND_CLOSE, Kind.SHIFT_CLOSE}
)
NOT_ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: where, what was expected, what was found. Written for the person at the POS.

    d365_rule: the rule of D365's that would refuse the receipt for it, by Microsoft's name; "" where it has none.
    """

    rule: str
    field: str
    expected: str
    found: str
    d365_rule: str = ""

    @property
    def told(self) -> str:
        """Say it in one line, with D365's own name of the rule where it has the same one."""
        name = f"{self.rule}, D365's “{self.d365_rule}”" if self.d365_rule else self.rule
        return f"{name} ({self.field}: expected {self.expected}, found {self.found})"


def problems_of(transaction: Transaction) -> tuple[Problem, ...]:
    """List every rule a transaction breaks; empty when it is sound.

    A training transaction or one the till voided is not judged by money rules (I15): it is never sent.
    """
    if transaction.kind in (Kind.PAID_IN, Kind.PAID_OUT) and not transaction.training:
        return tuple(_movement_problems(transaction))
    if not transaction.is_for_the_ledger:
        return tuple(_shift_problems(transaction))
    return tuple(
        problem
        for rule in (
            _not_empty,
            _amounts_payable,
            _lines,
            _signs,
            _balance,
            _rounding_bounds,
            _control_totals,
            _rounding_proved,
        )
        for problem in rule(transaction)
    )


def held_because(problems: Sequence[Problem]) -> Cause:
    """Give the cause of a receipt that breaks rules: its own contradiction first, else what no rounding explains."""
    first = problems[0]
    if first.rule == NOT_ROUNDING:
        return cause("not_rounding", first.field, problem=first.found)
    return cause("does_not_balance", first.rule, problem=first.told)


def _not_empty(transaction: Transaction) -> Iterator[Problem]:
    if not transaction.lines and not transaction.tenders:
        yield Problem("I1 balance", "lines", "at least one line or tender", "none", NOT_EMPTY)
    numbers = [line.line_number for line in transaction.lines]
    if len(set(numbers)) != len(numbers):
        yield Problem("I2 line", "lines.line_number", "each number once", "a number twice")
    tenders = [tender.tender_number for tender in transaction.tenders]
    if len(set(tenders)) != len(tenders):
        yield Problem("I1 balance", "tenders.tender_number", "each number once", "a number twice")


def _amounts_payable(transaction: Transaction) -> Iterator[Problem]:
    unit = minor_unit(transaction.currency)
    for index, tender in enumerate(transaction.tenders):
        if not has_whole_minor_units(tender.amount, transaction.currency):
            yield Problem(
                "I14 exponent",
                f"tenders[{index}].amount",
                f"whole units of {unit}",
                str(tender.amount),
                ROUNDING,
            )
    for index, rounding in enumerate(transaction.rounding):
        if rounding.reason is RoundingReason.CASH and not has_whole_minor_units(
            rounding.amount, transaction.currency
        ):
            yield Problem(
                "I14 exponent",
                f"rounding[{index}].amount",
                f"whole units of {unit}",
                str(rounding.amount),
                ROUNDING,
            )
    for index, line in enumerate(transaction.lines):
        for field, amount in _amounts_of(line):
            if not has_whole_minor_units(amount, transaction.currency):
                where = f"lines[{index}].{field}"
                yield Problem("I14 exponent", where, f"whole units of {unit}", str(amount), ROUNDING)


def _amounts_of(line: Line) -> Iterator[tuple[str, Decimal]]:
    yield "gross", line.gross
    yield "net", line.net
    yield from ((f"taxes[{number}].amount", tax.amount) for number, tax in enumerate(line.taxes))
    yield from ((f"discounts[{number}].amount", one.amount) for number, one in enumerate(line.discounts))


def _lines(transaction: Transaction) -> Iterator[Problem]:
    for index, line in enumerate(transaction.lines):
        field, currency = f"lines[{index}]", transaction.currency
        if line.net != line.gross - line.discount:
            expected = money_text(line.gross - line.discount, currency)
            yield Problem(
                "I2 line", f"{field}.net", f"gross less discounts = {expected}", str(line.net), LINE_DISCOUNT
            )
        if line.quantity == 0 and line.gross != 0:
            yield Problem("I2 line", f"{field}.quantity", "a quantity, since gross is not 0", "0", SIGN)
        for number, tax in enumerate(line.taxes):
            if (
                tax.inclusive != transaction.prices_include_tax
                and len({one.inclusive for one in line.taxes}) == 1
            ):
                expected = "inclusive" if transaction.prices_include_tax else "added to the price"
                found = "inclusive" if tax.inclusive else "added"
                yield Problem("I3 tax", f"{field}.taxes[{number}].inclusive", expected, found, TAX_INCLUDED)


def _signs(transaction: Transaction) -> Iterator[Problem]:
    for index, line in enumerate(transaction.lines):
        if line.quantity * line.gross < 0:
            yield Problem(
                "I5 signs", f"lines[{index}].gross", "the sign of the quantity", str(line.gross), SIGN
            )
        if line.unit_price is not None and line.unit_price < 0:
            yield Problem(
                "I5 signs", f"lines[{index}].unit_price", "0 or more", str(line.unit_price), NEGATIVE_PRICE
            )
        if line.is_gift_card and line.is_return:
            yield Problem(
                "gift card",
                f"lines[{index}].quantity",
                "a card sold or loaded",
                str(line.quantity),
                GIFT_CARD,
            )
        yield from _signs_within(line, index)
    for index, tender in enumerate(transaction.tenders):
        money_in = tender.role is TenderRole.PAYMENT
        if (money_in and tender.amount < 0) or (not money_in and tender.amount > 0):
            expected = "0 or more for a payment" if money_in else f"0 or less for {tender.role.lower()}"
            yield Problem("I5 signs", f"tenders[{index}].amount", expected, str(tender.amount))


def _signs_within(line: Line, index: int) -> Iterator[Problem]:
    for number, discount in enumerate(line.discounts):
        if discount.amount * line.gross < 0:
            yield Problem(
                "I5 signs",
                f"lines[{index}].discounts[{number}].amount",
                "the sign of gross",
                str(discount.amount),
            )
    for number, tax in enumerate(line.taxes):
        if tax.amount * line.gross < 0:
            yield Problem(
                "I5 signs", f"lines[{index}].taxes[{number}].amount", "the sign of gross", str(tax.amount)
            )


def _balance(transaction: Transaction) -> Iterator[Problem]:
    due, paid = transaction.amount_due, transaction.amount_paid
    if due != paid:
        currency = transaction.currency
        yield Problem(
            "I1 balance",
            "tenders",
            f"captured tenders of {money_text(due, currency)} {currency} (lines, taxes and rounding)",
            f"{money_text(paid, currency)} {currency}, a difference of {money_text(paid - due, currency)}",
            UNDER_OVER,
        )


def _rounding_bounds(transaction: Transaction) -> Iterator[Problem]:
    """Rounding is small and named (I7): cash rounding below 1, or its currency's smallest coin, with cash; other kinds a unit
    a line.
    """
    unit = minor_unit(transaction.currency)
    most = max(unit * 100, smallest_coin(transaction.currency) or ZERO)
    cash = {tender.tender_number for tender in transaction.captured if tender.type is TenderType.CASH}
    for index, rounding in enumerate(transaction.rounding):
        if rounding.reason is RoundingReason.CASH:
            if not cash:
                yield Problem(
                    "I7 rounding", f"rounding[{index}]", "a cash tender it belongs to", "none", UNDER_OVER
                )
            if abs(rounding.amount) >= most:
                yield Problem(
                    "I7 rounding",
                    f"rounding[{index}].amount",
                    f"less than {most}",
                    str(rounding.amount),
                    UNDER_OVER,
                )
        elif abs(rounding.amount) > unit * (len(transaction.lines) + 1):
            bound = unit * (len(transaction.lines) + 1)
            yield Problem(
                "I7 rounding",
                f"rounding[{index}].amount",
                f"at most {bound}",
                str(rounding.amount),
                UNDER_OVER,
            )


def _control_totals(transaction: Transaction) -> Iterator[Problem]:
    """The till's own totals must be ours (I6), and its basket discount what its lines carry (I4)."""
    claimed = transaction.control_totals
    if claimed is None:
        return
    change = total(one.amount for one in transaction.captured if one.role is TenderRole.CHANGE)
    lines = transaction.lines
    ours: dict[str, tuple[str, str, Decimal | None, Decimal]] = {
        "gross": ("I6 control total", GROSS, claimed.gross, total(line.gross for line in lines)),
        "discount": ("I4 discount", DISCOUNT, claimed.discount, total(line.discount for line in lines)),
        "tax": ("I3 tax", NET_TAX, claimed.tax, total(line.tax for line in lines)),
        "rounding": ("I6 control total", UNDER_OVER, claimed.rounding, transaction.amount_rounded),
        "total": ("I6 control total", GROSS, claimed.total, transaction.amount_due),
        "paid": ("I6 control total", PAYMENT, claimed.paid, transaction.amount_paid - change),
        "change": ("I6 control total", PAYMENT, claimed.change, change),
    }
    for name, (rule, d365_rule, theirs, found) in ours.items():
        if theirs is not None and theirs != found:
            expected = f"{found} (what the lines and tenders say)"
            yield Problem(rule, f"control_totals.{name}", expected, str(theirs), d365_rule)


def _rounding_proved(transaction: Transaction) -> Iterator[Problem]:
    """A stated tax, or an amount of foreign money or cash, differs by no more than rounding can make of it (last: I3)."""
    for one in diagnose(transaction):
        if not one.is_rounding:
            expected = f"at most {money_text(one.bound, transaction.currency)} off by rounding"
            yield Problem(NOT_ROUNDING, one.what, expected, told(one, transaction.currency))


def _movement_problems(transaction: Transaction) -> Iterator[Problem]:
    """Money put in or taken out says how much, in payable units, with the sign of its kind."""
    movement = transaction.cash_movement
    if movement is None:
        yield Problem("cash movement", "cash_movement", "the tender and amount that moved", "nothing")
        return
    if not has_whole_minor_units(movement.amount, transaction.currency):
        unit = minor_unit(transaction.currency)
        yield Problem("I14 exponent", "cash_movement.amount", f"whole units of {unit}", str(movement.amount))
    wanted = "more than 0" if transaction.kind is Kind.PAID_IN else "less than 0"
    if movement.amount == 0 or (movement.amount > 0) is not (transaction.kind is Kind.PAID_IN):
        yield Problem("I5 signs", "cash_movement.amount", wanted, str(movement.amount))
    if transaction.captured and transaction.amount_paid != movement.amount:
        yield Problem("I1 balance", "tenders", f"tenders of {movement.amount}", str(transaction.amount_paid))


def _shift_problems(transaction: Transaction) -> Iterator[Problem]:
    record = transaction.shift_record
    if transaction.kind in _OF_SHIFTS and record is None:
        yield Problem("shift", "shift_record", f"the shift that {transaction.kind} is about", "nothing")
        return
    if record is None:
        return
    if transaction.kind is Kind.SHIFT_CLOSE and record.closed_at is None:
        yield Problem("shift", "shift_record.closed_at", "the instant of closing", "nothing")
    if record.closed_at is not None and record.closed_at < record.opened_at:
        yield Problem("shift", "shift_record.closed_at", "not before opened_at", record.closed_at.isoformat())
    for index, counted in enumerate(record.counted):
        if counted.amount < ZERO:
            yield Problem("shift", f"shift_record.counted[{index}].amount", "0 or more", str(counted.amount))
        if counted.currency != transaction.currency:
            field = f"shift_record.counted[{index}].currency"
            yield Problem("I14 exponent", field, transaction.currency, counted.currency)
