"""What becomes of a receipt that arrives when its period is closed in D365: by its legal entity's policy, never a silent edit.

`hold`: it waits for finance, as D365 would refuse it. `next_period`: it is posted on the first day that is open after its
business day, which it keeps here; a memo of two sides says what belongs to which period. While the period is open, every
receipt is posted on its own day, whatever the policy. (docs/month-end.md)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shared.retail.ledger import Entry, merged, turned
from shared.retail.mapping_rows import Mappings
from shared.retail.reasons import Cause, cause
from shared.retail.reference import open_spans, period_is_closed

MONTH_END = "month_end"
HOLD, NEXT_PERIOD = "hold", "next_period"
POLICIES = (NEXT_PERIOD, HOLD)


def policy_of(mappings: Mappings, legal_entity: str, day: date) -> str:
    """Give a legal entity's policy; who has said nothing holds."""
    row = mappings.find(MONTH_END, legal_entity, day=day)
    return row.get("late_receipts", HOLD) if row is not None else HOLD


def posting_day(mappings: Mappings, legal_entity: str, day: date) -> date | None:
    """Give the day a receipt is posted on where that is not its own; None where its own is right, or it waits.

    Only where D365's periods are known, and only ever forward: to the first open day after it.
    """
    if policy_of(mappings, legal_entity, day) != NEXT_PERIOD or not period_is_closed(
        mappings, legal_entity, day
    ):
        return None
    later = [first for first, _ in open_spans(mappings, legal_entity) if first > day.isoformat()]
    return date.fromisoformat(min(later)) if later else None


def late_cause(store: str, day: str, posts_on: str) -> Cause:
    """Give the cause that tells finance of receipts posted after their period was closed; it holds nothing."""
    return cause("receipt_after_close", f"{store} {day}", store=store, day=day, posts_on=posts_on)


@dataclass(frozen=True, slots=True)
class LateReceipt:
    """One receipt that is, or will be, in the ledger under another day than its own."""

    store: str
    label: str
    business_day: date
    posts_on: date
    currency: str
    is_posted: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Memo:
    """The two sides for one pair of periods: what belongs to the first and stands in the second. They are equal and opposite."""

    belongs_to: str
    stands_in: str
    currency: str
    receipts: tuple[LateReceipt, ...]
    add_to_first: tuple[Entry, ...]
    take_from_second: tuple[Entry, ...]


def memos_of(receipts: Iterable[LateReceipt]) -> list[Memo]:
    """Make a memo for each pair of months and currency."""
    groups: dict[tuple[str, str, str], list[LateReceipt]] = {}
    for one in receipts:
        key = (f"{one.business_day:%Y-%m}", f"{one.posts_on:%Y-%m}", one.currency)
        groups.setdefault(key, []).append(one)
    return [_memo(key, some) for key, some in sorted(groups.items())]


def _memo(key: tuple[str, str, str], some: list[LateReceipt]) -> Memo:
    first = merged(entry for one in some for entry in one.entries)
    own = tuple(sorted(some, key=lambda one: (one.business_day, one.store, one.label)))
    return Memo(*key, own, tuple(first), tuple(turned(first)))
