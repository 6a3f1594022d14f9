"""Tolerances as data: how far something may be off before it is held or told, for each store or for all of them (`*`).

A store's own row goes before what its line in the stores mapping says, that before the row for all stores, and the
app's setting comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from shared.retail.mapped import StoreSetup

TOLERANCES = "tolerances"
EVERY_STORE = "*"
ROUNDING, NO_RECEIPT, GRACE = "rounding", "return_without_receipt", "grace_minutes"
LATE, REFUND_WAIT = "late_minutes", "refund_wait_hours"

Look = Callable[..., Mapping[str, str] | None]


@dataclass(frozen=True, slots=True)
class Bound:
    """What a limit may be: below this; whole where it counts minutes or hours."""

    below: int
    whole: bool


BOUNDS: Mapping[str, Bound] = {
    ROUNDING: Bound(1_000, whole=False),
    NO_RECEIPT: Bound(1_000_000, whole=False),
    GRACE: Bound(24 * 60 + 1, whole=True),
    LATE: Bound(10_081, whole=True),
    REFUND_WAIT: Bound(10_081, whole=True),
}


def tolerance(find: Look, store: str, what: str) -> Decimal | None:
    """Give a limit of a store's own, else that of all stores; None where nobody set one. `find` looks a row up by store and
    what.
    """
    own = _limit(find(store, what))
    return own if own is not None else _limit(find(EVERY_STORE, what))


def tolerated(store: StoreSetup, line: Mapping[str, str], find: Look) -> StoreSetup:
    """Give a store's set-up with the limits that tolerances set; `line`: its line in the stores mapping."""
    own = {what: _limit(find(store.store, what)) for what in (ROUNDING, NO_RECEIPT, GRACE)}
    all_of = {what: _limit(find(EVERY_STORE, what)) for what in (ROUNDING, NO_RECEIPT, GRACE)}
    if not any(one is not None for one in (*own.values(), *all_of.values())):
        return store
    stated = store.rounding_limit if line.get("rounding_limit") else None
    rounding = _first(own[ROUNDING], stated, all_of[ROUNDING])
    grace = _first(own[GRACE], store.grace_minutes, all_of[GRACE])
    return replace(
        store,
        rounding_limit=rounding if rounding is not None else store.rounding_limit,
        no_receipt_limit=_first(own[NO_RECEIPT], store.no_receipt_limit, all_of[NO_RECEIPT]),
        grace_minutes=int(grace) if grace is not None else None,
    )


def _first(*limits: Decimal | int | None) -> Decimal | None:
    return next((Decimal(one) for one in limits if one is not None), None)


def _limit(row: Mapping[str, str] | None) -> Decimal | None:
    return Decimal(row["limit"]) if row and row.get("limit") else None


def tolerance_problems(values: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Check one row of the mapping: give column, expected and found of each mistake."""
    what, limit = values.get("what", ""), values.get("limit", "")
    bound = BOUNDS.get(what)
    if bound is None:
        yield "what", " or ".join(BOUNDS), what
        return
    expected = f"{'a whole number' if bound.whole else 'an amount'} from 0 to below {bound.below}"
    try:
        amount = Decimal(limit or "x")
        is_right = amount.is_finite() and 0 <= amount < bound.below
    except InvalidOperation:
        is_right = False
    if not is_right or (bound.whole and not (limit.isascii() and limit.isdecimal())):
        yield "limit", expected, limit
