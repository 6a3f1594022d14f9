"""The accrual of a legal entity at a cut-off: to the cent what tills had sold and the ledger did not have, and what became of it.

accrued: rung up and known at the cut-off, not posted by then. late: rung up before the cut-off, arrived after it. reversed: of
both, what D365 has posted since. open = accrued + late - reversed: what the ledger lacks of that period now; nothing at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shared.retail.ledger import Accounts, Entry, Instants, entries_of, entries_of_paid, merged, turned
from shared.retail.statement import ReceiptRecord
from shared.retail.status import IN_THE_LEDGER, Status

NEVER_GOES = frozenset({Status.EXCLUDED, Status.WRITTEN_OFF})
ACCRUED, LATE, REVERSED, OPEN = "accrued", "late", "reversed", "open"
PARTS = (ACCRUED, LATE, REVERSED, OPEN)


@dataclass(frozen=True, slots=True)
class CutOff:
    """Until when: receipts rung up at or before `at`. day: where a business day is asked for, what counts for it or before."""

    at: datetime
    day: date | None = None

    def covers(self, completed_at: datetime, business_day: date) -> bool:
        """Say whether a receipt was rung up before it."""
        return completed_at <= self.at if self.day is None else business_day <= self.day


@dataclass(frozen=True, slots=True)
class DayReceipts:
    """A store-day's receipts. cut_off: an asked-for day ends at another instant in each store's zone."""

    store: str
    business_day: date
    receipts: Sequence[ReceiptRecord]
    accounts: Accounts
    cut_off: CutOff


@dataclass(frozen=True, slots=True)
class Accrual:
    """One currency's accrual: entries and number of receipts by part. stores: receipts still open, by store and day."""

    currency: str
    entries: dict[str, tuple[Entry, ...]]
    receipts: dict[str, int]
    still_open: tuple[tuple[str, date, int], ...]


def accrue(days: Iterable[DayReceipts]) -> list[Accrual]:
    """Add up what the ledger lacked at the cut-off and what became of it since, by currency. Each part balances."""
    found: dict[str, dict[str, list[Entry]]] = {}
    counts: dict[str, dict[str, int]] = {}
    still: dict[str, dict[tuple[str, date], int]] = {}
    for day in days:
        for one in day.receipts:
            parts = parts_of(one, day)
            if not parts:
                continue
            entries = entries_of_receipt(one, day.accounts)
            by_part = found.setdefault(one.currency, {part: [] for part in PARTS})
            number = counts.setdefault(one.currency, dict.fromkeys(PARTS, 0))
            for part in parts:
                by_part[part] += turned(entries) if part == REVERSED else entries
                number[part] += 1
            if OPEN in parts:
                own = still.setdefault(one.currency, {})
                own[day.store, day.business_day] = own.get((day.store, day.business_day), 0) + 1
    return [
        Accrual(
            currency,
            {part: tuple(merged(found[currency][part])) for part in PARTS},
            counts[currency],
            tuple((store, day, number) for (store, day), number in sorted(still.get(currency, {}).items())),
        )
        for currency in sorted(found)
    ]


def parts_of(one: ReceiptRecord, day: DayReceipts) -> tuple[str, ...]:
    """Say which parts of the accrual a receipt is in; none where the ledger had it, or where it was rung up later."""
    when = one.in_time
    counts = (one.is_receipt or one.paid is not None) and one.status not in NEVER_GOES
    if when is None or not counts or not day.cut_off.covers(when.completed_at, day.business_day):
        return ()
    posted_at = in_the_ledger_since(one, when)
    if posted_at is not None and posted_at <= day.cut_off.at:
        return ()
    first = LATE if when.received_at > day.cut_off.at else ACCRUED
    return (first, OPEN if posted_at is None else REVERSED)


def in_the_ledger_since(one: ReceiptRecord, when: Instants) -> datetime | None:
    """Give since when D365 has a receipt posted; one kept before that was written down counts from its arrival."""
    if one.status not in IN_THE_LEDGER:
        return None
    return when.posted_at or when.received_at


def entries_of_receipt(one: ReceiptRecord, accounts: Accounts) -> list[Entry]:
    """Give a receipt's entries, by the mappings it was mapped with."""
    own = accounts.of_receipt(one.mapping_version, one.completed_at)
    found = entries_of(one.in_ledger, own) if one.is_receipt else []
    return merged([*found, *(entries_of_paid(one.paid, own) if one.paid is not None else ())])
