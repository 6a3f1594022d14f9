"""Checks that people make each day and each month: a sentence that should be true, whose it is, and what speaks against it.

Each is a question to what is kept here, asked at that moment; none is a box to tick. What a check finds is named thing by thing,
with its money, its owner and its runbook, so that whoever reads it can begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.retail.money import ZERO, total

DAILY, MONTHLY = "daily", "monthly"
CADENCES = (DAILY, MONTHLY)
IN_ORDER, NOT_IN_ORDER, NOT_KNOWN = "in order", "not in order", "not known"


@dataclass(frozen=True, slots=True)
class Check:
    """One check. sentence: what is true when it is in order; codes: the reasons whose open causes speak against it."""

    key: str
    cadence: str
    owner: str
    sentence: str
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that a cause holds. name: the same under every cause that holds it; receipts: how many it is."""

    name: str
    amount: Decimal
    receipts: int
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that speaks against a check. code, fingerprint and holds: of the cause it is, nothing where it is none."""

    what: str
    owner: str
    store: str = ""
    amount: Decimal = ZERO
    currency: str = ""
    receipts: int = 0
    code: str = ""
    fingerprint: str = ""
    holds: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found. unknown: why nobody can say, "" where one can."""

    check: Check
    items: tuple[Item, ...] = ()
    unknown: str = ""

    @property
    def state(self) -> str:
        if self.items:
            return NOT_IN_ORDER
        return NOT_KNOWN if self.unknown else IN_ORDER

    @property
    def amounts(self) -> dict[str, Decimal]:
        """Give the money that speaks against it, by currency; what several causes hold counts once."""
        found: dict[str, list[Decimal]] = {}
        for one in self._each_once():
            if one.currency:
                found.setdefault(one.currency, []).append(one.amount)
        return {currency: total(amounts) for currency, amounts in sorted(found.items())}

    @property
    def receipts(self) -> int:
        """Give how many receipts speak against it, each once."""
        return sum(one.receipts for one in self._each_once())

    def _each_once(self) -> list[Held]:
        found: dict[str, Held] = {}
        for number, item in enumerate(self.items):
            whole = Held(f"item {number}", item.amount, item.receipts, item.currency)
            for one in item.holds or (whole,):
                found.setdefault(one.name, one)
        return list(found.values())


@dataclass(frozen=True, slots=True)
class Waiting:
    """One open cause, counted now. amount: what it holds in its currency; holds has that in others too."""

    fingerprint: str
    code: str
    value: str
    owner: str
    what_happened: str
    amount: Decimal
    currency: str
    receipts: int
    stores: tuple[str, ...]
    holds: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """When something of D365 was last looked at, None for never, and what was wrong then. good_until: it counts until then."""

    at: datetime | None
    good_until: datetime | None = None
    wrong: tuple[str, ...] = ()


def verdict_of(results: Sequence[Result]) -> str:
    """Say in words how the checks stand."""
    wrong = sum(one.state == NOT_IN_ORDER for one in results)
    unknown = sum(one.state == NOT_KNOWN for one in results)
    if not wrong and not unknown:
        return f"all {len(results)} checks in order"
    told = [f"{wrong} of {len(results)} checks not in order"] if wrong else []
    return ", ".join([*told, *([f"{unknown} not known"] if unknown else [])])


def of_causes(causes: Iterable[Waiting]) -> tuple[Item, ...]:
    """Write open causes as items, the most valuable first."""
    ordered = sorted(causes, key=lambda one: (-abs(one.amount), one.fingerprint))
    return tuple(
        Item(
            one.what_happened, one.owner, ", ".join(one.stores), one.amount, one.currency, one.receipts, one.code,
            one.fingerprint, one.holds,
        )
        for one in ordered
    )  # fmt: skip


def of_looked(looked: Looked, owner: str, now: datetime, never: str) -> tuple[tuple[Item, ...], str]:
    """Give what a look at D365 found wrong, and why nobody can say where it was never made or is too old."""
    if looked.at is None:
        return (), never
    if looked.good_until is not None and looked.good_until <= now:
        return (), f"last looked at {looked.at:%Y-%m-%d %H:%M} UTC, which is too long ago"
    return tuple(Item(one, owner) for one in looked.wrong), ""
