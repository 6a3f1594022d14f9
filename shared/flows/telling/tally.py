"""Count what is open of every cause: one reading of the open rows, kept as sums and never as rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from shared.flows.telling.people import quiet_hours_of
from shared.retail.business_day import store_zone
from shared.retail.calendar import Calendar
from shared.retail.cause_state import Tally
from shared.retail.due_time import STORES_MAX, Stake, due_at, period_end_of, urgency_of
from shared.retail.mapping import Mappings
from shared.retail.money import ZERO
from shared.retail.reasons import TOLD_BESIDES
from shared.retail.units import Units
from shared.services import Services
from shared.storage.causes import OPEN
from shared.storage.protocols import Condition, Row

STORES_NAMED_MAX = 50
FAR_AHEAD = datetime.max.replace(tzinfo=UTC)
_COUNTED = (
    "Reason", "Value", "Owner", "Fault", "What", "Store", "BusinessDay", "Amount", "Currency", "Receipts", "Since",
    "UnitsSold", "UnitsBack",
)  # fmt: skip


@dataclass(slots=True)
class Counting:
    """A cause being counted. newest: where the row is that came last; its texts are the cause's."""

    newest: Row
    things: int = 0
    receipts: int = 0
    first_since: datetime = FAR_AHEAD
    stores: set[str] = field(default_factory=set)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    at_stake: dict[str, Decimal] = field(default_factory=dict)
    units: Units = field(default_factory=Units)
    oldest_day: str = ""

    def add(self, row: Row) -> None:
        """Count one open row."""
        receipts, currency, day = row.number("Receipts", 1), row.text("Currency"), row.text("BusinessDay")
        self.things += max(receipts, 1)
        self.receipts += receipts
        self.first_since = min(self.first_since, row.instant("Since"))
        if row.instant("Since") >= self.newest.instant("Since"):
            self.newest = row
        if row.text("Store"):
            self.stores.add(row.text("Store"))
        amount = Decimal(row.text("Amount") or "0")
        if amount or currency:
            self.amounts[currency] = self.amounts.get(currency, ZERO) + amount
            self.at_stake[currency] = self.at_stake.get(currency, ZERO) + abs(amount)
        if row.text("Reason") not in TOLD_BESIDES:
            self.units += Units(_units(row, "UnitsSold"), _units(row, "UnitsBack"))
        if day and (not self.oldest_day or day < self.oldest_day):
            self.oldest_day = day

    def tally(self) -> Tally:
        """Give the sums."""
        newest = self.newest
        return Tally(
            fingerprint=newest.partition, code=newest.text("Reason"), value=newest.text("Value"),
            owner=newest.text("Owner"), fault=newest.text("Fault"), things=self.things, receipts=self.receipts,
            stores=tuple(sorted(self.stores)[:STORES_NAMED_MAX]), store_count=len(self.stores),
            first_since=self.first_since, last_since=newest.instant("Since"), amounts=self.amounts, units=self.units,
            oldest_day=date.fromisoformat(self.oldest_day) if self.oldest_day else None,
            at_stake=max(self.at_stake.values(), default=ZERO),
        )  # fmt: skip


def _units(row: Row, name: str) -> Decimal:
    return Decimal(row.text(name)) if row.text(name) else ZERO


async def count_open(services: Services, fingerprint: str | None = None) -> dict[str, Counting]:
    """Count one cause's open rows, or every cause's, by fingerprint: a request for each 1,000 rows of the table."""
    counts: dict[str, Counting] = {}
    where = (Condition("State", "eq", OPEN),)
    async for row in services.tables.causes.query(fingerprint, where=where, select=_COUNTED):
        if row.partition not in counts:
            counts[row.partition] = Counting(row)
        counts[row.partition].add(row)
    return counts


def urgency_now(services: Services, mappings: Mappings, tally: Tally, now: datetime) -> str:
    """Say how pressing a cause is now, in its first store's day."""
    setup = mappings.store(tally.stores[0]) if tally.stores else None
    today = now.astimezone(store_zone(setup.time_zone)).date() if setup is not None else now.date()
    oldest, legal_entity = tally.oldest_day, setup.legal_entity if setup is not None else ""
    stake = Stake(
        code=tally.code,
        amount=tally.at_stake,
        stores=tally.store_count,
        oldest_day=oldest,
        period_end=period_end_of(mappings, legal_entity, oldest) if oldest is not None else None,
    )
    return urgency_of(stake, today, services.settings.alerts.high_value)


def due_of(services: Services, mappings: Mappings, tally: Tally, since: datetime, urgency: str) -> datetime:
    """Give when a cause is due that came at an instant, in the trading hours of its stores."""
    setups = [setup for store in tally.stores[:STORES_MAX] if (setup := mappings.store(store)) is not None]
    calendars = [Calendar(one.store, store_zone(one.time_zone), mappings) for one in setups]
    return due_at(calendars, since, urgency, quiet_hours_of(services.settings, tally.owner))
