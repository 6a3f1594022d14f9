"""What headquarters believes of its business, in lists: receipts by day, shifts, accounts, stock, invoices, what is on order."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime

from simulator.desk import invoices
from simulator.rule_case import plain
from simulator.schema import SHIFTS
from simulator.statements import Books
from simulator.values import NO_DATE, ZERO, Values, day_of, instant_text, text_of


def business_of(books: Books) -> dict[str, object]:
    """Give every list, for `/_sim/state` and the page."""
    reference = books.world.database.reference
    return {
        "receipts_by_day": _receipts(books),
        "shifts": [_shift(books, row.values) for row in books.world.database.tables[SHIFTS].values()],
        "ledger_by_account": books.ledger.by_account(),
        "on_hand": on_hand(books),
        "invoices": invoices(books),
        "statement_faults": [one.as_json() for one in books.faults.ordered],
        "declarations": [
            {
                "StoreNumber": one.store, "Terminal": one.terminal, "BatchShiftId": one.shift, "TenderType": one.tender,
                "Amount": plain(one.amount),
            }
            for one in books.declarations
        ],
        "disabled_rules": sorted(reference.disabled_rules),
    }  # fmt: skip


def on_hand(books: Books) -> list[dict[str, str]]:
    """Give each item's stock in each warehouse, and how much of it statements moved."""
    ledger, start = books.ledger, books.world.database.reference.on_hand_at_start
    return [
        {
            "dataAreaId": key[0], "WarehouseId": key[1], "ItemNumber": key[2],
            "OnHandQuantity": plain(ledger.on_hand.get(key, ZERO) + start.get(key, ZERO)),
            "MovedQuantity": plain(ledger.on_hand.get(key, ZERO)),
        }
        for key in sorted(set(ledger.on_hand) | set(start))
    ]  # fmt: skip


def _receipts(books: Books) -> list[dict[str, object]]:
    """Give each store-day's receipts by what headquarters has made of them."""
    stores = books.world.database.reference.stores_by_unit
    days: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for receipt in books.world.database.receipts.values():
        if receipt.header is None:
            continue
        store = stores.get(text_of(receipt.header.values, "OperatingUnitNumber"))
        day = (store.number if store else "", day_of(receipt.header.values, "businessDate"))
        in_statement = "in a statement" if receipt.statement else f"validation {receipt.validation}"
        days[day]["posted" if receipt.posted else in_statement] += 1
    return [
        {"StoreNumber": store, "businessDate": day, "receipts": sum(found.values()), "by_state": dict(found)}
        for (store, day), found in sorted(days.items())
    ]


def _shift(books: Books, row: Values) -> dict[str, object]:
    stuck = (text_of(row, "StoreNumber"), f"{row['Terminal']}:{row['BatchShiftId']}") in books.stuck_shifts
    times = {name: _instant(row, name) for name in ("StartDateTimeUtc", "CloseDateTimeUtc")}
    return {
        "StoreNumber": row["StoreNumber"], "Terminal": row["Terminal"], "BatchShiftId": row["BatchShiftId"],
        "Status": f"{row.get('Status', 'None')}{' (open in the channel)' if stuck else ''}", **times,
        "StatementId": text_of(row, "StatementId"), "Error": text_of(row, "Error"),
    }  # fmt: skip


def _instant(row: Values, name: str) -> str:
    value = row.get(name)
    return instant_text(value) if isinstance(value, datetime) and value != NO_DATE else ""
