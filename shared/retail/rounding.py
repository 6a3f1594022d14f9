"""The rounding doctor: work a receipt's amounts out again, name how a difference came about, and prove that it is rounding.

A difference is rounding only where the stated amount lies as near to the exact one as half a smallest unit for each rounding
that was made: one a taxed line, one more for each discount on it. Beyond that it is an error, and the receipt waits.
Exact amounts are fractions: nothing is rounded on the way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from shared.retail.money import ZERO, minor_unit, money_text, total
from shared.retail.transaction import Line, RoundingReason, Tax, Tender, TenderType, Transaction

LINE_OR_TOTAL = "line or total"
TAX_INCLUDED = "tax included in the price"
DISCOUNT_SPLIT = "discount split"
CURRENCY_BY_LINE = "currency by line"
CASH_ROUNDING = "cash rounding"
OTHER_ROUNDING = "rounded in another way"
MECHANISMS = (
    LINE_OR_TOTAL, TAX_INCLUDED, DISCOUNT_SPLIT, CURRENCY_BY_LINE, CASH_ROUNDING, OTHER_ROUNDING,
)  # fmt: skip
CASH_STEPS = tuple(
    Decimal(one) for one in ("0.005", "0.01", "0.05", "0.1", "0.2", "0.25", "0.5", "1", "5", "10")
)
# The smallest coin of currencies whose coins are known here; of any other, what the amounts themselves say.
_SMALLEST_COIN = {
    "AUD": "0.05", "CAD": "0.05", "CHF": "0.05", "CZK": "1", "DKK": "0.5", "EUR": "0.05", "HUF": "5", "MYR": "0.05",
    "NOK": "1", "NZD": "0.1", "SEK": "1", "SGD": "0.05", "USD": "0.05", "ZAR": "0.1",
}  # fmt: skip
_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One difference: stated less worked out again; `bound` is the most that rounding can make of it on that side.

    what: the tax code, the tender, or "cash". lines: how many roundings the bound allows for.
    """

    mechanism: str
    what: str
    difference: Decimal
    bound: Decimal
    lines: int

    @property
    def is_rounding(self) -> bool:
        return abs(self.difference) <= self.bound


@dataclass(frozen=True, slots=True)
class TaxTaken:
    """One tax code's amount: as stated, and worked out by line, by document, and as D365 groups it (code and line)."""

    code: str
    stated: Decimal
    by_line: Decimal
    by_document: Decimal
    by_d365: Decimal
    exact: Fraction
    lines: int
    base_roundings: Fraction
    by_split: Decimal
    by_net_first: Decimal


@dataclass(frozen=True, slots=True)
class _Part:
    """One tax on one line. base_rounded: how far the rounding of its stated base alone can have moved it, in units."""

    code: str
    stated: Decimal
    exact: Fraction
    roundings: int
    base_rounded: Fraction
    split: Decimal
    net_first: Decimal
    group: tuple[int, str]


@dataclass(frozen=True, slots=True)
class RoundingSum:
    """The roundings of one mechanism over many receipts."""

    mechanism: str
    count: int
    amount: Decimal
    bound: Decimal


def diagnose(transaction: Transaction) -> tuple[Diagnosis, ...]:
    """Name every difference of a receipt: its taxes by code, its foreign money, its cash rounding. Empty when there is none.

    Whoever is beyond its bound (`is_rounding` false) is no rounding.
    """
    currency = transaction.currency
    by_line = all(_is_by_line(line, minor_unit(currency)) for line in transaction.lines)
    taxes = [] if by_line else [_of_tax(one, currency) for one in taxes_of(transaction)]
    return (
        *(one for one in taxes if one.difference),
        *_of_foreign_money(transaction.captured, currency),
        *_of_cash(transaction),
    )


def taxes_of(transaction: Transaction, d365_codes: Mapping[str, str] | None = None) -> tuple[TaxTaken, ...]:
    """Work every tax code of a receipt out again, in the order of the codes.

    d365_codes: our code to D365's, which adds up what two of our codes make of one of its own on a line. A tax without a
    rate cannot be worked out, nor an exempt one.
    """
    return tax_of_day([transaction], d365_codes)


def tax_of_day(
    transactions: Sequence[Transaction], d365_codes: Mapping[str, str] | None = None
) -> tuple[TaxTaken, ...]:
    """Work every tax code of several receipts out again, as if they were one document: `by_document` is the day's."""
    codes = d365_codes or {}
    parts: dict[str, list[_Part]] = {}
    units = [minor_unit(one.currency) for one in transactions]
    for number, transaction in enumerate(transactions):
        for part in _parts_of(transaction, codes, number):
            parts.setdefault(part.code, []).append(part)
    return tuple(_taken(code, some, units[0]) for code, some in sorted(parts.items()))


def converted(amounts: Sequence[Decimal], rate: Decimal, stated: Decimal, currency: str) -> Diagnosis:
    """Say what became of foreign amounts, each converted and rounded by itself: stated less the sum converted at once."""
    exact = sum((Fraction(one) * Fraction(rate) for one in amounts), Fraction(0))
    unit = minor_unit(currency)
    return _diagnosis(CURRENCY_BY_LINE, "currency", stated, _rounded(exact, unit), exact, unit, len(amounts))


def discount_split(amount: Decimal, rate: Decimal, currency: str) -> tuple[Decimal, Decimal, Diagnosis]:
    """Split a discount that includes its tax: net and tax as they add up, and how the tax differs from that on the net."""
    unit = minor_unit(currency)
    tax = _rounded(Fraction(amount) * Fraction(rate) / (100 + Fraction(rate)), unit)
    net = amount - tax
    exact = Fraction(net) * Fraction(rate) / 100
    moved = Fraction(rate) / 100 / 2
    return net, tax, _diagnosis(DISCOUNT_SPLIT, "discount", tax, _rounded(exact, unit), exact, unit, 1, moved)


def smallest_coin(currency: str) -> Decimal | None:
    """Give the step that cash of a currency is rounded to, at most; None where its coins are not known here."""
    coin = _SMALLEST_COIN.get(currency)
    return Decimal(coin) if coin is not None else None


def paid_in_steps(due: Sequence[Decimal], paid: Decimal, step: Decimal) -> Diagnosis:
    """Say what became of amounts that were each rounded to what can be paid: paid less due, half a step for each."""
    bound = step * len(due) / 2
    return Diagnosis(CASH_ROUNDING, "cash", paid - total(due), bound, len(due))


def sums_of(diagnoses: Iterable[Diagnosis]) -> tuple[RoundingSum, ...]:
    """Add up by mechanism, in the order of their names: the same receipts give the same sums."""
    groups: dict[str, list[Diagnosis]] = {}
    for one in diagnoses:
        groups.setdefault(one.mechanism, []).append(one)
    return tuple(
        RoundingSum(name, len(some), total(one.difference for one in some), total(one.bound for one in some))
        for name, some in sorted(groups.items())
    )


def diagnoses_text(diagnoses: Sequence[Diagnosis]) -> str | None:
    """Write differences compactly, as they are kept with a receipt; None where there are none."""
    if not diagnoses:
        return None
    rows = [[one.mechanism, one.what, str(one.difference), str(one.bound), one.lines] for one in diagnoses]
    return json.dumps(rows, separators=(",", ":"))


def diagnoses_from(text: str) -> tuple[Diagnosis, ...]:
    """Read what `diagnoses_text` wrote; nothing from an empty text."""
    rows = json.loads(text) if text else []
    return tuple(
        Diagnosis(name, what, Decimal(difference), Decimal(bound), lines)
        for name, what, difference, bound, lines in rows
    )


def told(one: Diagnosis, currency: str) -> str:
    """Say a difference in words."""
    return (
        f"{money_text(abs(one.difference), currency)} {currency} too {'much' if one.difference > 0 else 'little'} for "
        f"{one.what}, where rounding explains {money_text(one.bound, currency)} at most"
    )


def _is_by_line(line: Line, unit: Decimal) -> bool:
    """Say whether each tax of a line is the nearest amount to the exact one: then there is nothing to work out. Most are."""
    rates = total(tax.rate or ZERO for tax in line.taxes if tax.inclusive) + 100
    return all(
        2 * abs(tax.amount * rates - line.net * tax.rate) < unit * rates
        for tax in line.taxes
        if tax.rate is not None and tax.exempt_reason is None
    )


def _of_tax(taken: TaxTaken, currency: str) -> Diagnosis:
    return _diagnosis(
        _mechanism(taken), taken.code, taken.stated, taken.by_d365, taken.exact, minor_unit(currency), taken.lines,
        taken.base_roundings,
    )  # fmt: skip


def _mechanism(taken: TaxTaken) -> str:
    """Name the way of rounding that gives what the till states; `OTHER_ROUNDING` where none of ours does."""
    ways = (
        (LINE_OR_TOTAL, taken.by_document), (LINE_OR_TOTAL, taken.by_line), (DISCOUNT_SPLIT, taken.by_split),
        (TAX_INCLUDED, taken.by_net_first),
    )  # fmt: skip
    return next((name for name, amount in ways if amount == taken.stated), OTHER_ROUNDING)


def _diagnosis(
    mechanism: str,
    what: str,
    stated: Decimal,
    again: Decimal,
    exact: Fraction,
    unit: Decimal,
    roundings: int,
    base_rounded: Fraction = Fraction(0),
) -> Diagnosis:
    """Put stated and worked out side by side. The bound is the farthest whole unit that so many roundings can reach."""
    reach = (Fraction(roundings) * _HALF + base_rounded) * Fraction(unit)
    if stated >= again:
        farthest = floor((exact + reach) / Fraction(unit)) * unit
    else:
        farthest = ceil((exact - reach) / Fraction(unit)) * unit
    return Diagnosis(mechanism, what, stated - again, abs(farthest - again), roundings)


def _parts_of(transaction: Transaction, codes: Mapping[str, str], document: int) -> Iterator[_Part]:
    unit = minor_unit(transaction.currency)
    for line in transaction.lines:
        included = [tax for tax in line.taxes if tax.inclusive]
        known = all(tax.rate is not None for tax in included)
        rates = sum((Fraction(tax.rate or 0) for tax in included), Fraction(0))
        if rates == -100:  # they would take the whole price: of nothing no share can be worked out
            continue
        for tax in line.taxes:
            if tax.rate is None or tax.exempt_reason is not None or (tax.inclusive and not known):
                continue
            code = codes.get(tax.code, tax.code)
            place = document * 1_000_000 + line.line_number
            yield _part(line, tax, code, rates, unit, (place, code))


def _part(line: Line, tax: Tax, code: str, rates: Fraction, unit: Decimal, group: tuple[int, str]) -> _Part:
    rate = Fraction(tax.rate or 0)

    def of(amount: Fraction) -> Fraction:
        # added taxes are on what is left of the price without those it includes
        return amount * rate / (100 + rates)

    exact, base_rounded = of(Fraction(line.net)), Fraction(0)
    if tax.base is not None:
        of_base = Fraction(tax.base) * rate / 100
        stated = Fraction(tax.amount)
        if abs(of_base - stated) < abs(exact - stated) and abs(of_base - exact) > Fraction(unit):
            exact = of_base  # the till taxed another amount than the line's own, and says which
            base_rounded = rate / 100 * _HALF if tax.inclusive else base_rounded
    split = _rounded(of(Fraction(line.gross)), unit) - total(
        _rounded(of(Fraction(one.amount)), unit) for one in line.discounts
    )
    net = _rounded(Fraction(line.net) * 100 / (100 + rates), unit)
    net_first = _rounded(Fraction(net) * rate / 100, unit)
    return _Part(
        code, tax.amount, exact, 1 + len(line.discounts), base_rounded, split,
        net_first if tax.inclusive else _rounded(exact, unit), group,
    )  # fmt: skip


def _taken(code: str, parts: Sequence[_Part], unit: Decimal) -> TaxTaken:
    groups: dict[tuple[int, str], Fraction] = {}
    for part in parts:
        groups[part.group] = groups.get(part.group, Fraction(0)) + part.exact
    exact = sum((part.exact for part in parts), Fraction(0))
    return TaxTaken(
        code=code,
        stated=total(part.stated for part in parts),
        by_line=total(_rounded(part.exact, unit) for part in parts),
        by_document=_rounded(exact, unit),
        by_d365=total(_rounded(one, unit) for one in groups.values()),
        exact=exact,
        lines=sum(part.roundings for part in parts),
        base_roundings=sum((part.base_rounded for part in parts), Fraction(0)),
        by_split=total(part.split for part in parts),
        by_net_first=total(part.net_first for part in parts),
    )


def _rounded(amount: Fraction, unit: Decimal) -> Decimal:
    """Round half up, away from nothing."""
    units = floor(abs(amount) / Fraction(unit) + _HALF)
    return (units if amount >= 0 else -units) * unit


def _of_foreign_money(tenders: Sequence[Tender], currency: str) -> Iterator[Diagnosis]:
    """Foreign money at its rate. A rate is itself rounded: half of its last digit counts with the bound."""
    unit = minor_unit(currency)
    for tender in tenders:
        if tender.fx is None:
            continue
        foreign = abs(Fraction(tender.fx.amount))
        exact = foreign * Fraction(tender.fx.rate)
        last_digit = Fraction(Decimal(1).scaleb(int(tender.fx.rate.as_tuple().exponent)))
        slack = foreign * last_digit * _HALF / Fraction(unit)
        found = _diagnosis(
            CURRENCY_BY_LINE, tender.code, abs(tender.amount), _rounded(exact, unit), exact, unit, 1, slack
        )
        if found.difference:
            yield found


def _of_cash(transaction: Transaction) -> Iterator[Diagnosis]:
    """Cash rounding, with the smallest step of cash that explains it: half a step, or less than one where a law says which way.

    What no step explains has a bound of nothing.
    """
    amounts = [one.amount for one in transaction.rounding if one.reason is RoundingReason.CASH]
    amount = total(amounts)
    if not amount:
        return
    cash = total(
        one.amount for one in transaction.captured if one.type in (TenderType.CASH, TenderType.FOREIGN_CASH)
    )
    unit, largest = minor_unit(transaction.currency), smallest_coin(transaction.currency) or CASH_STEPS[-1]
    steps = [one for one in CASH_STEPS if unit < one <= largest and not Fraction(cash) % Fraction(one)]
    bound = next((one / 2 for one in steps if abs(amount) <= one / 2), None)
    bound = bound or next((one - unit for one in steps if abs(amount) < one), ZERO)
    yield Diagnosis(CASH_ROUNDING, "cash", amount, bound, len(amounts))
