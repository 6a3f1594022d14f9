"""Financial statements: per store and day, of closed shifts only; refused while a till of the store is busy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

from simulator.database import StoredRow
from simulator.reference import Store
from simulator.rule_case import plain
from simulator.schema import SHIFTS
from simulator.statements import Books, Statement
from simulator.values import NO_DATE, Values, day_of, decimal_of, instant_text, text_of

_FOR_EVER = datetime.max.replace(tzinfo=NO_DATE.tzinfo) - timedelta(days=1)
_STATES = ("Started", "Marked", "Calculated", "Checked", "FinancialReconciliationPosted", "Posted")


async def post_financial(books: Books) -> dict[str, object]:
    """Run the job for every store and day that has a shift in no statement. Give each statement, posted or refused."""
    tried = []
    for store_number, day in sorted(_due(books)):
        store = books.world.database.reference.stores[store_number]
        statement = _statement(books, store, day)
        _attempt(books, store, statement)
        tried.append(statement.as_json())
        await asyncio.sleep(0)
    return {"statements": tried}


def _due(books: Books) -> set[tuple[str, str]]:
    rows = books.world.database.tables[SHIFTS].values()
    return {
        (text_of(row.values, "StoreNumber"), day_of(row.values, "StartDate"))
        for row in rows
        if not row.values.get("StatementId")
    }


def _statement(books: Books, store: Store, day: str) -> Statement:
    for one in books.statements.values():
        if one.kind == "Financial" and one.state != "Posted" and (one.store, one.day) == (store.number, day):
            return one
    statement = Statement(books.numbers.take("STMT"), "Financial", store.data_area, store.number, day)
    books.statements[statement.number] = statement
    return statement


def _attempt(books: Books, store: Store, statement: Statement) -> None:
    shifts = [
        row
        for row in books.world.database.tables[SHIFTS].values()
        if text_of(row.values, "StoreNumber") == store.number
    ]
    mine = [
        row
        for row in shifts
        if day_of(row.values, "StartDate") == statement.day and not row.values.get("StatementId")
    ]
    problems = list(_problems(books, store, statement.day, [row.values for row in shifts]))
    statement.transactions, statement.error = len(mine), " ".join(problems)
    if problems:
        return
    now = instant_text(books.world.now())
    for state in _STATES:
        statement.state = state
        statement.history.append((state, now))
    statement.posted_at = now
    _close(books, statement, mine)


def _close(books: Books, statement: Statement, shifts: list[StoredRow]) -> None:
    for row in shifts:
        row.values["StatementId"] = statement.number
    wrong = sum(1 for _ in _outside_their_shift(books, [row.values for row in shifts]))
    books.write_journal(statement, numberOfWrongShiftTransactions=wrong)


def _problems(books: Books, store: Store, day: str, shifts: list[Values]) -> Iterator[str]:
    reference = books.world.database.reference
    if not reference.legal_entities[store.data_area].is_open(day):
        yield f"The fiscal period of {day} is closed."
    for terminal, number in sorted(reference.terminals.items()):
        if number == store.number and reference.closing_status.get(terminal) in ("Closing", "Error"):
            yield f"Terminal {terminal} is busy: its closing status is {reference.closing_status[terminal]}."
    that_day = [row for row in shifts if day_of(row, "StartDate") <= day and not row.get("StatementId")]
    for row in that_day:
        yield from _busy(row, day)
    yield from _overlaps([row for row in shifts if day_of(row, "StartDate") <= day], day)
    for (area, channel, _), tender in reference.tender_types.items():
        if (area, channel) == (store.data_area, store.channel) and tender.counting_required:
            yield f"Counting is required for payment method {tender.number} and nothing was declared."


def _busy(row: Values, day: str) -> Iterator[str]:
    terminal, shift = text_of(row, "Terminal"), row["BatchShiftId"]
    if row.get("Status") != "Closed":
        yield f"Terminal {terminal} is busy: shift {shift} is still open."
    elif day_of(row, "StartDate") == day and _close_of(row) == _FOR_EVER:
        yield f"Terminal {terminal} is busy: shift {shift} is closed and has no closing time."
    if row.get("HasPendingOfflineTransactions") == "Yes":
        yield f"Terminal {terminal} is busy: shift {shift} has pending offline transactions."


def _overlaps(shifts: list[Values], day: str) -> Iterator[str]:
    """Two shifts of one till share time when each begins before the other ends; one of them is of the day."""
    ordered = sorted(shifts, key=lambda row: (text_of(row, "Terminal"), _start_of(row)))
    for index, first in enumerate(ordered):
        for second in ordered[index + 1 :]:
            if text_of(second, "Terminal") != text_of(first, "Terminal") or _start_of(second) >= _close_of(
                first
            ):
                break
            if day in (day_of(first, "StartDate"), day_of(second, "StartDate")):
                yield (
                    f"Terminal {text_of(first, 'Terminal')} is busy: shifts {first['BatchShiftId']} and"
                    f" {second['BatchShiftId']} overlap."
                )


def _start_of(row: Values) -> datetime:
    value = row["StartDateTimeUtc"]
    return value if isinstance(value, datetime) else NO_DATE


def _close_of(row: Values) -> datetime:
    value = row.get("CloseDateTimeUtc")
    return value if isinstance(value, datetime) and value != NO_DATE else _FOR_EVER


def _outside_their_shift(books: Books, shifts: list[Values]) -> Iterator[str]:
    """Receipts that carry one of these shifts and began before or after it."""
    spans = {
        (text_of(row, "Terminal"), row["BatchShiftId"]): (_start_of(row), _close_of(row)) for row in shifts
    }
    for receipt in books.world.database.receipts.values():
        values = receipt.header.values if receipt.header else {}
        span = spans.get((text_of(values, "BatchTerminalId"), values.get("BatchID", 0)))
        begun = values.get("BeginDateTime")
        if span and isinstance(begun, datetime) and begun != NO_DATE and not span[0] <= begun <= span[1]:
            yield plain(decimal_of(values, "GrossAmount"))
