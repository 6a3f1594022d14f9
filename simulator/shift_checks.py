"""What keeps a store's financial statement from being made: closed books, busy tills, shifts that are not what they should be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from simulator.counting import shift_name
from simulator.database import Database
from simulator.reference import Reference, Store
from simulator.values import NO_DATE, Values, day_of, text_of

FOR_EVER = datetime.max.replace(tzinfo=NO_DATE.tzinfo) - timedelta(days=1)
# (the shift's row, or None for the store as a whole; what is wrong)
Problem = tuple[Values | None, str]


def store_problems(reference: Reference, store: Store, day: str) -> Iterator[Problem]:
    """Say what is wrong with the store itself."""
    company = reference.legal_entities[store.data_area]
    if store.closing != "PosBatch":
        yield (
            None,
            f"The closing method of store {store.number} is {store.closing}; a financial statement needs Shift.",
        )
    if not company.is_open(day):
        yield None, f"{'Period' if company.has_year(day) else 'Fiscal year'} for {day} does not exist."
    for terminal, number in sorted(reference.terminals.items()):
        if number == store.number and reference.closing_status.get(terminal) in ("Closing", "Error"):
            yield (
                None,
                f"Terminal {terminal} is busy: its closing status is {reference.closing_status[terminal]}.",
            )


def shift_problems(shifts: list[Values], day: str, stuck: set[tuple[str, str]]) -> Iterator[Problem]:
    """Say what is wrong with shifts that began on or before a day and are in no statement, and where they overlap."""
    that_day = [row for row in shifts if day_of(row, "StartDate") <= day and not row.get("StatementId")]
    for row in that_day:
        terminal, shift = text_of(row, "Terminal"), row["BatchShiftId"]
        if row.get("Status") != "Closed":
            yield row, f"Terminal {terminal} is busy: shift {shift} is still open."
        elif day_of(row, "StartDate") == day and close_of(row) == FOR_EVER:
            yield row, f"Terminal {terminal} is busy: shift {shift} is closed and has no closing time."
        if (text_of(row, "StoreNumber"), shift_name(terminal, shift)) in stuck:
            yield (
                row,
                f"Terminal {terminal} is busy: shift {shift} is open in the channel and closed in headquarters.",
            )
        if row.get("HasPendingOfflineTransactions") == "Yes":
            yield row, f"Terminal {terminal} is busy: shift {shift} has pending offline transactions."
    yield from _overlaps([row for row in shifts if day_of(row, "StartDate") <= day], day)


def _overlaps(shifts: list[Values], day: str) -> Iterator[Problem]:
    """Two shifts of one till share time when each begins before the other ends; one of them is of the day."""
    ordered = sorted(shifts, key=lambda row: (text_of(row, "Terminal"), start_of(row)))
    for index, first in enumerate(ordered):
        for second in ordered[index + 1 :]:
            apart = text_of(second, "Terminal") != text_of(first, "Terminal")
            if apart or start_of(second) >= close_of(first):
                break
            if day in (day_of(first, "StartDate"), day_of(second, "StartDate")):
                yield (
                    second,
                    (
                        f"Terminal {text_of(first, 'Terminal')} is busy: shifts {first['BatchShiftId']} and"
                        f" {second['BatchShiftId']} overlap."
                    ),
                )


def start_of(row: Values) -> datetime:
    """Give the instant a shift began."""
    value = row["StartDateTimeUtc"]
    return value if isinstance(value, datetime) else NO_DATE


def close_of(row: Values) -> datetime:
    """Give the instant a shift was closed; without one it goes on for ever."""
    value = row.get("CloseDateTimeUtc")
    return value if isinstance(value, datetime) and value != NO_DATE else FOR_EVER


def outside_their_shift(database: Database, shifts: list[Values]) -> int:
    """Count the receipts that carry one of these shifts and began before or after it."""
    spans = {
        (text_of(row, "Terminal"), row["BatchShiftId"]): (start_of(row), close_of(row)) for row in shifts
    }
    found = 0
    for receipt in database.receipts.values():
        values = receipt.header.values if receipt.header else {}
        span = spans.get((text_of(values, "BatchTerminalId"), values.get("BatchID", 0)))
        begun = values.get("BeginDateTime")
        if span and isinstance(begun, datetime) and begun != NO_DATE:
            found += not span[0] <= begun <= span[1]
    return found
