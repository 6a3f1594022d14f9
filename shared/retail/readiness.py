"""Whether a legal entity's period can be closed: Ready, or Not ready with each thing in the way, its value and its owner.

A till counts as heard when something of it arrived for the last day the company traded, or later with the number that follows
its last one. A till that was silent at the end, or all along, is named until it is heard or a person says that nothing is
outstanding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from shared.retail.heard import Heard
from shared.retail.money import ZERO, money_text, total
from shared.retail.reasons import FINANCE, IT, NO_ACTION, STORE_OPERATIONS
from shared.retail.statement import PROVED
from shared.retail.vouchers import EQUAL, NOTHING_POSTED

READY, NOT_READY = "Ready", "Not ready"
Till = tuple[str, str]


@dataclass(frozen=True, slots=True)
class DaySummary:
    """A store-day as its summary has it. receipts, posted: how many; open_amount: what is not posted of them and still to be.

    written_off: receipts that never go, by the word of two people.
    """

    store: str
    day: date
    verdict: str
    currency: str
    open_receipts: int
    open_amount: Decimal
    unexplained: Decimal
    heard: tuple[Heard, ...]
    is_signed: bool
    vouchers: str = ""
    written_off: int = 0
    written_off_amount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class OpenCause:
    """One open cause, as far as it concerns the period."""

    code: str
    value: str
    owner: str
    what_happened: str
    amount: Decimal
    currency: str
    receipts: int
    stores: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """The days to be closed. closed: those of them that D365 has no open period for; None where its periods are not known."""

    legal_entity: str
    first: date
    last: date
    is_over: bool
    closed: Collection[date] | None


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of a period. tills: those mapped, by store; later: summaries of the days after it; uncompiled: store-days
    with work and no statement yet; confirmed: tills of which a person said that nothing is outstanding.
    """

    days: Sequence[DaySummary]
    later: Sequence[DaySummary]
    tills: Mapping[str, Collection[str]]
    causes: Sequence[OpenCause]
    uncompiled: Collection[tuple[str, date]] = ()
    confirmed: Collection[Till] = ()
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing in the way. items: the store-days or numbers it is about, written out for people."""

    kind: str
    what: str
    owner: str
    currency: str = ""
    amount: Decimal = ZERO
    count: int = 1
    store: str = ""
    terminal: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Readiness:
    """The verdict. notes: what is not in the way but should be known."""

    verdict: str
    blockers: tuple[Blocker, ...]
    notes: tuple[str, ...] = field(default=())


def readiness_of(period: Period, known: Known) -> Readiness:
    """Say whether a period is ready, and what is in the way: the most valuable first, then by kind and place."""
    found = [
        *_not_over(period), *_causes(known.causes), *_tills(known), *_unproved(known.days), *_unsigned(known.days),
        *_uncompiled(known.uncompiled), *_unposted(known.days), *_closed(period, known),
    ]  # fmt: skip
    if not known.days:
        found.append(Blocker("nothing here", "No store-day of this period has a statement.", FINANCE))
    ordered = sorted(found, key=lambda one: (-abs(one.amount), one.kind, one.store, one.terminal, one.what))
    return Readiness(NOT_READY if found else READY, tuple(ordered), tuple(_notes(period, known)))


def _not_over(period: Period) -> Iterable[Blocker]:
    if not period.is_over:
        yield Blocker("period not over", f"The period runs until the end of {period.last}.", FINANCE)


def _causes(causes: Sequence[OpenCause]) -> Iterable[Blocker]:
    for one in causes:
        if one.code not in NO_ACTION:
            store = one.stores[0] if len(one.stores) == 1 else ""
            yield Blocker(
                "open cause",
                one.what_happened,
                one.owner,
                one.currency,
                one.amount,
                one.receipts,
                store,
                items=(one.value,),
            )


def _tills(known: Known) -> Iterable[Blocker]:
    """Name each till that was not heard to the end."""
    heard: dict[Till, dict[date, Heard]] = {}
    for day in known.days:
        for one in day.heard:
            heard.setdefault((day.store, one.terminal), {})[day.day] = one
    after = _first_after(known.later)
    every = {*heard, *((store, till) for store, some in known.tills.items() for till in some)}
    last_trade = max((day.day for day in known.days if day.heard), default=None)
    for till in sorted(every - set(known.confirmed)):
        problem = _till_problem(heard.get(till, {}), after.get(till), last_trade)
        if problem:
            store, terminal = till
            yield Blocker(
                "till not heard",
                f"Till {terminal} of store {store}: {problem}.",
                STORE_OPERATIONS,
                store=store,
                terminal=terminal,
            )


def _first_after(later: Sequence[DaySummary]) -> dict[Till, Heard]:
    """Give what was heard first of each till after the period."""
    found: dict[Till, Heard] = {}
    for day in sorted(later, key=lambda one: one.day, reverse=True):
        found |= {(day.store, one.terminal): one for one in day.heard}
    return found


def _till_problem(heard: Mapping[date, Heard], after: Heard | None, last_trade: date | None) -> str:
    """Say what is wrong with a till at the end of a period; "" where it was heard."""
    if not heard:
        return "" if after is not None else "nothing of it arrived in this period"
    last_day = max(heard)
    last = heard[last_day]
    if after is not None and after.generation == last.generation:
        jump = _jump(last, after)
        if jump != "unknown":
            return jump
    if last.has_open_shift:
        return f"its last shift, of {last_day}, is still open; {_last_words(last)}"
    if last_trade is not None and last_day < last_trade:
        return f"not heard since {last_day}, while the company traded until {last_trade}; {_last_words(last)}"
    return ""


def _jump(last: Heard, after: Heard) -> str:
    """Compare its last number with the first one afterwards: "" where it follows, "unknown" where they cannot be compared."""
    if last.last is None or after.first is None or after.first <= last.last:
        return "unknown"
    if after.first == last.last + 1:
        return ""
    numbers = f"{last.last + 1} to {after.first - 1}" if after.first > last.last + 2 else str(last.last + 1)
    return f"its receipts number {numbers} never arrived: it went on with {after.first} after the period"


def _last_words(last: Heard) -> str:
    number = f"number {last.last}" if last.last is not None else "without a number"
    when = f" at {last.last_at:%Y-%m-%d %H:%M} UTC" if last.last_at is not None else ""
    return f"its last receipt was {number}{when}"


def _unproved(days: Sequence[DaySummary]) -> Iterable[Blocker]:
    groups: dict[tuple[str, str], list[DaySummary]] = {}
    for one in days:
        if one.verdict != PROVED:
            groups.setdefault((one.verdict, one.currency), []).append(one)
    for (verdict, currency), some in sorted(groups.items()):
        amount = total(abs(one.unexplained) for one in some)
        yield Blocker(
            "store-day not proved", f"{len(some)} store-days read: {verdict}.", FINANCE, currency, amount, len(some),
            items=_named(some),
        )  # fmt: skip


def _unsigned(days: Sequence[DaySummary]) -> Iterable[Blocker]:
    some = [one for one in days if not one.is_signed]
    if some:
        yield Blocker(
            "store-day not signed",
            f"{len(some)} store-days are not signed off.",
            FINANCE,
            count=len(some),
            items=_named(some),
        )


def _uncompiled(keys: Collection[tuple[str, date]]) -> Iterable[Blocker]:
    if keys:
        items = tuple(f"{store} {day}" for store, day in sorted(keys))
        what = f"{len(keys)} store-days have receipts or work and no statement yet."
        yield Blocker("store-day not compiled", what, IT, count=len(keys), items=items)


def _unposted(days: Sequence[DaySummary]) -> Iterable[Blocker]:
    for currency, some in _by_currency(one for one in days if one.open_receipts or one.open_amount):
        count = sum(one.open_receipts for one in some)
        what = f"{count} receipts are not posted in D365; the accrual has them by account."
        amount = total(one.open_amount for one in some)
        yield Blocker("not posted", what, FINANCE, currency, amount, count, items=_named(some))


def _closed(period: Period, known: Known) -> Iterable[Blocker]:
    """What is not posted cannot be any more on its own day."""
    closed = set(period.closed or ())
    for currency, some in _by_currency(one for one in known.days if one.open_receipts and one.day in closed):
        count, amount = sum(one.open_receipts for one in some), total(one.open_amount for one in some)
        what = f"D365's period is closed for {count} receipts that are not posted; late receipts are: {known.policy}."
        yield Blocker("period closed in D365", what, FINANCE, currency, amount, count, items=_named(some))


def _by_currency(days: Iterable[DaySummary]) -> list[tuple[str, list[DaySummary]]]:
    groups: dict[str, list[DaySummary]] = {}
    for one in days:
        groups.setdefault(one.currency, []).append(one)
    return sorted(groups.items())


def _named(days: Iterable[DaySummary]) -> tuple[str, ...]:
    return tuple(f"{one.store} {one.day}" for one in sorted(days, key=lambda one: (one.store, one.day)))


def _notes(period: Period, known: Known) -> Iterable[str]:
    if period.closed is None:
        yield "D365's periods are not known here, so nobody says whether they are open."
    for currency, some in _by_currency(one for one in known.days if one.written_off):
        count, amount = sum(one.written_off for one in some), total(one.written_off_amount for one in some)
        yield (
            f"{count} receipts of {money_text(amount, currency or 'USD')} {currency} are written off by decision: "
            f"no ledger has them, and no accrual ({', '.join(_named(some))})."
        )
    unseen = [one for one in known.days if one.vouchers not in ("", EQUAL, NOTHING_POSTED)]
    if unseen:
        states = ", ".join(sorted({one.vouchers for one in unseen}))
        yield f"{len(unseen)} store-days rest on no voucher that was read and equal: {states}."
    if known.confirmed:
        yield f"{len(set(known.confirmed))} tills were not heard to the end and a person said that nothing is outstanding."
