"""Give the accrual of a legal entity at a cut-off, by account and tax code: what tills had sold and the ledger did not have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.flows.closing.days import concerned, ends_at, read_days, stores_of
from shared.flows.closing.lines import NO_ACCOUNT, lines_json
from shared.retail.accrual import PARTS, Accrual, accrue
from shared.retail.csv_text import csv_text
from shared.retail.ledger import Entry
from shared.retail.money import money_text, total
from shared.services import Services
from shared.storage.protocols import Condition, Row
from shared.storage.receipts import UNKNOWN_STORE

A_DAY = timedelta(days=1)
STILL_OPEN_SHOWN_MAX = 500
COLUMNS = ("part", "currency", "account", "what", "tax_code", "debit", "credit")


@dataclass(frozen=True, slots=True)
class AccrualReport:
    """An accrual as it is answered. unattributed: receipts of locations nobody has mapped, of no legal entity yet."""

    legal_entity: str
    cut_off: str
    as_of: datetime
    accruals: Sequence[Accrual]
    unattributed: Sequence[tuple[str, int, Decimal]]

    def as_json(self) -> dict[str, Any]:
        """Give it as the API does."""
        return {
            "legal_entity": self.legal_entity,
            "cut_off": self.cut_off,
            "as_of": self.as_of.isoformat(),
            "currencies": [_currency_json(one) for one in self.accruals],
            "of_no_legal_entity": [
                {"currency": currency, "receipts": number, "total": money_text(amount, currency)}
                for currency, number, amount in self.unattributed
            ],
        }

    def as_csv(self) -> str:
        """Give its lines as CSV that no spreadsheet runs."""
        rows = [
            [part, one.currency, *line.values()]
            for one in self.accruals
            for part in PARTS
            for line in lines_json(one.entries[part], one.currency)
        ]
        return csv_text(COLUMNS, rows)


async def accrue_unposted(
    services: Services, legal_entity: str, *, at: datetime | None = None, day: date | None = None
) -> AccrualReport | None:
    """Accrue at an instant, or at the end of a business day in each store's own zone; None where the entity has no store."""
    stores = await stores_of(services, legal_entity)
    if not stores:
        return None
    now = services.now()
    if day is None:
        at = at or now
    since = at if at is not None else min(ends_at(one, day or now.date()) for one in stores.values())
    last_day = day or since.astimezone(UTC).date() + A_DAY  # a zone may be a day ahead
    keys = await concerned(services, legal_entity, stores, since, last_day)
    days = await read_days(services, stores, keys, at, day)
    cut_off = day.isoformat() if day is not None else since.isoformat()
    return AccrualReport(legal_entity, cut_off, now, accrue(days), await _unattributed(services))


async def _unattributed(services: Services) -> list[tuple[str, int, Decimal]]:
    """Count what waits under the unknown store: nobody can say which ledger lacks it."""
    where = (Condition("Status", "eq", "held"),)
    columns = ("Currency", "Total")
    found: dict[str, list[Row]] = {}
    async for row in services.tables.transactions.query(UNKNOWN_STORE, where=where, select=columns):
        found.setdefault(row.text("Currency"), []).append(row)
    return [
        (currency, len(rows), total(Decimal(row.text("Total", "0") or "0") for row in rows))
        for currency, rows in sorted(found.items())
    ]


def _currency_json(one: Accrual) -> dict[str, Any]:
    return {
        "currency": one.currency,
        "receipts": one.receipts,
        **{part: lines_json(one.entries[part], one.currency) for part in PARTS},
        "no_account_yet": _without_account(one.entries["open"], one.currency),
        "still_open": [
            {"store": store, "business_day": day.isoformat(), "receipts": number}
            for store, day, number in one.still_open[:STILL_OPEN_SHOWN_MAX]
        ],
    }


def _without_account(entries: Iterable[Entry], currency: str) -> list[dict[str, str]]:
    """Name what finance or D365 has no account for; its value stays in the lines."""
    return [line for line in lines_json(entries, currency) if line["account"] == NO_ACCOUNT]
