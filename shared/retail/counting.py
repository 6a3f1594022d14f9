"""Counted against expected, a line for each shift and tender, judged by D365's own limits.

Expected is what the till should hold: the opening amount, all money in and out by receipts (held ones too: it is in the
drawer all the same), and all cash put in or taken out without a sale. Over is +, short is -. D365 posts a financial statement
only within its maxima per line, per shift and per statement (D365 facts §3.5). Whether over and short of a shift cancel
out there nobody could say: here they add up. A limit that was not read is not judged. Where a count is what the till's own
totals come to, the difference is receipts that never arrived, which is told as that and not as over or short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from shared.retail.money import ZERO, total
from shared.retail.shift import Shift

AGREES, WITHIN, OVER_LIMIT = "agrees", "within the limit", "over the limit"
NOT_COUNTED, NO_LIMIT, FLOAT_UNKNOWN = "not counted", "no limit known", "opening amount of no tender"
MISSING = "as the till says: receipts are missing here"
CASH = "CASH"


@dataclass(frozen=True, slots=True)
class TenderLimit:
    """What D365 says of a tender: counted or not, up to what a difference is small, and the account for small ones.

    The account for big ones is in no set that has been seen.
    """

    counting_required: bool | None = None
    small_max: Decimal | None = None
    small_account: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """D365's maxima of a store, None where they were not read, and its tenders by the till's code."""

    line_max: Decimal | None = None
    shift_max: Decimal | None = None
    statement_max: Decimal | None = None
    tenders: Mapping[str, TenderLimit] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class DrawerMove:
    """Money that one transaction moved in a drawer, by tender; in is +. of_sale: it is in the till's totals of sales."""

    terminal: str
    generation: int
    shift: str
    amounts: Mapping[str, Decimal]
    of_sale: bool = True


@dataclass(frozen=True, slots=True)
class CountLine:
    """One tender of one shift. counted and difference are None where nothing was counted, or it cannot be compared.

    account: where D365 posts the difference when it is small; "" where there is none, it is big, or none is known.
    """

    terminal: str
    generation: int
    shift: str
    tender: str
    expected: Decimal
    counted: Decimal | None
    verdict: str
    account: str = ""

    @property
    def difference(self) -> Decimal | None:
        if self.counted is None or self.verdict == FLOAT_UNKNOWN:
            return None
        return self.counted - self.expected


@dataclass(frozen=True, slots=True)
class Counts:
    """All lines of a store-day, and where their sum breaks the limit of a shift or of the statement."""

    lines: tuple[CountLine, ...]
    shifts_over: tuple[tuple[str, str], ...] = ()
    statement_over: bool = False

    @property
    def is_over(self) -> bool:
        """Whether D365 would refuse the financial statement for a difference."""
        return (
            self.statement_over
            or bool(self.shifts_over)
            or any(one.verdict == OVER_LIMIT for one in self.lines)
        )


def compare_counts(
    shifts: Sequence[Shift], moves: Sequence[DrawerMove], limits: Limits, currency: str
) -> Counts:
    """Compare what was counted with what should be there; shifts made by us and shifts still open are left out.

    A tender is shown where it was counted, or where D365 requires its count and money moved.
    """
    by_shift, beside_sales = _by_shift(moves), _by_shift([move for move in moves if not move.of_sale])
    lines = []
    for shift in sorted(shifts, key=lambda one: (one.terminal, one.generation, one.opened_at, one.shift)):
        if not shift.synthetic and shift.closed_at is not None:
            key = (shift.terminal, shift.generation, shift.shift)
            own = _lines_of(shift, by_shift.get(key, {}), limits, currency)
            lines += [_less_what_is_missing(line, shift, by_shift, beside_sales) for line in own]
    known = [one for one in lines if one.difference is not None and one.verdict != MISSING]
    sums: dict[tuple[str, int, str], Decimal] = {}
    for one in known:
        place = (one.terminal, one.generation, one.shift)
        sums[place] = sums.get(place, ZERO) + abs(one.difference or ZERO)
    over = tuple(
        (terminal, shift)
        for (terminal, _, shift), amount in sorted(sums.items())
        if _is_over(amount, limits.shift_max)
    )
    whole = total(abs(one.difference or ZERO) for one in known)
    return Counts(tuple(lines), over, _is_over(whole, limits.statement_max))


def _by_shift(moves: Sequence[DrawerMove]) -> dict[tuple[str, int, str], dict[str, Decimal]]:
    found: dict[tuple[str, int, str], dict[str, Decimal]] = {}
    for move in moves:
        amounts = found.setdefault((move.terminal, move.generation, move.shift), {})
        for tender, amount in move.amounts.items():
            amounts[tender] = amounts.get(tender, ZERO) + amount
    return found


def _less_what_is_missing(
    line: CountLine,
    shift: Shift,
    by_shift: Mapping[tuple[str, int, str], Mapping[str, Decimal]],
    beside_sales: Mapping[tuple[str, int, str], Mapping[str, Decimal]],
) -> CountLine:
    """Name a difference that is all in receipts which the till counts and which never arrived."""
    if shift.pos_says is None or not line.difference:
        return line
    key = (shift.terminal, shift.generation, shift.shift)
    arrived = by_shift.get(key, {}).get(line.tender, ZERO) - beside_sales.get(key, {}).get(line.tender, ZERO)
    missing = shift.pos_says.tenders.get(line.tender, ZERO) - arrived
    return _with(line, MISSING) if missing == line.difference else line


def _lines_of(shift: Shift, moved: Mapping[str, Decimal], limits: Limits, currency: str) -> list[CountLine]:
    counted: dict[str, Decimal] = {}
    for tender, money, amount in shift.counted:
        if money == currency:  # another currency is told apart, never added
            counted[tender] = counted.get(tender, ZERO) + Decimal(amount)
    required = {code for code, one in limits.tenders.items() if one.counting_required}
    tenders = sorted({*counted, *(code for code, amount in moved.items() if amount and code in required)})
    float_of, lines = _float_tender(shift, tenders), []
    for tender in tenders:
        opening = (shift.opening_float or ZERO) if tender == float_of else ZERO
        line = CountLine(
            shift.terminal, shift.generation, shift.shift, tender, moved.get(tender, ZERO) + opening,
            counted.get(tender), NOT_COUNTED,
        )  # fmt: skip
        lines.append(_judged(line, limits, float_is_known=float_of is not None or not shift.opening_float))
    return lines


def _float_tender(shift: Shift, tenders: Sequence[str]) -> str | None:
    """Give the tender of the opening amount: the one the till named, the only one counted, or the one called cash."""
    if shift.float_tender:
        return shift.float_tender
    if len(tenders) == 1:
        return tenders[0]
    return CASH if CASH in tenders else None


def _judged(line: CountLine, limits: Limits, *, float_is_known: bool) -> CountLine:
    limit = limits.tenders.get(line.tender, TenderLimit())
    if line.counted is None:
        return line
    if not float_is_known:
        return _with(line, FLOAT_UNKNOWN)
    difference = line.counted - line.expected
    if not difference:
        return _with(line, AGREES)
    is_small = limit.small_max is not None and abs(difference) <= limit.small_max
    account = limit.small_account if is_small else ""
    if limits.line_max is None:
        return _with(line, NO_LIMIT, account)
    return _with(line, OVER_LIMIT if _is_over(difference, limits.line_max) else WITHIN, account)


def _with(line: CountLine, verdict: str, account: str = "") -> CountLine:
    return CountLine(
        line.terminal, line.generation, line.shift, line.tender, line.expected, line.counted, verdict, account
    )


def _is_over(difference: Decimal, most: Decimal | None) -> bool:
    """D365 posts a difference only below the maximum, none at all where that is 0 (D365 facts §3.5)."""
    return most is not None and bool(difference) and abs(difference) >= most
