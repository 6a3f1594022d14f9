"""Say whether a legal entity's period can be closed, and what is in the way; and keep what people say of silent tills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from shared.flows.closing.days import ends_at, stores_of, with_work
from shared.flows.closing.period import read_causes, read_signed, read_summaries
from shared.retail.csv_text import csv_text
from shared.retail.late import HOLD, policy_of
from shared.retail.mapped import StoreSetup
from shared.retail.mapping import Mappings
from shared.retail.money import money_text
from shared.retail.periods import days_of
from shared.retail.readiness import Blocker, DaySummary, Known, Period, Readiness, readiness_of
from shared.retail.reference import newest_rows, period_is_closed, periods_are_known
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.confirmations import confirmation_row, confirmations_of

LOOKED_AFTER_DAYS = 7
ITEMS_SHOWN_MAX = 200
COLUMNS = ("kind", "what", "owner", "currency", "amount", "count", "store", "till", "items")
POLICY_WORDS = {HOLD: "held for finance", "next_period": "posted in the next open period, with a memo"}


@dataclass(frozen=True, slots=True)
class ReadinessReport:
    """A readiness as it is answered."""

    legal_entity: str
    first: date
    last: date
    as_of: datetime
    readiness: Readiness

    def as_json(self) -> dict[str, Any]:
        """Give it as the API does."""
        return {
            "legal_entity": self.legal_entity,
            "first_day": self.first.isoformat(),
            "last_day": self.last.isoformat(),
            "as_of": self.as_of.isoformat(),
            "verdict": self.readiness.verdict,
            "blockers": [_blocker_json(one) for one in self.readiness.blockers],
            "notes": list(self.readiness.notes),
        }

    def as_csv(self) -> str:
        """Give the blockers as CSV that no spreadsheet runs."""
        rows = []
        for one in self.readiness.blockers:
            body = _blocker_json(one)
            rows.append([*(body[name] for name in COLUMNS[:-1]), "; ".join(body["items"])])
        return csv_text(COLUMNS, rows)


def _blocker_json(one: Blocker) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "what": one.what,
        "owner": one.owner,
        "currency": one.currency,
        "amount": money_text(one.amount, one.currency or "USD"),
        "count": one.count,
        "store": one.store,
        "till": one.terminal,
        "items": list(one.items[:ITEMS_SHOWN_MAX]),
    }


async def check_readiness(services: Services, legal_entity: str, period: str) -> ReadinessReport | None:
    """Check a period: a month (2017-12) or days (2017-12-01..2017-12-31); None where the entity has no store.

    Raises:
        RejectedError: it is no period, or longer than two months.
    """
    first, last = days_of(period)
    stores = await stores_of(services, legal_entity)
    if not stores:
        return None
    known = await _known(services, legal_entity, period, stores, first, last)
    now, mappings = services.now(), services.mappings.known
    is_over = all(ends_at(one, last) <= now for one in stores.values())
    closed = [one for one in _days(first, last) if period_is_closed(mappings, legal_entity, one)]
    is_known = periods_are_known(mappings, legal_entity)
    asked = Period(legal_entity, first, last, is_over, closed if is_known else None)
    return ReadinessReport(legal_entity, first, last, now, readiness_of(asked, known))


async def _known(
    services: Services, legal_entity: str, period: str, stores: dict[str, StoreSetup], first: date, last: date
) -> Known:
    mappings = services.mappings.known
    signed = await read_signed(services, stores, first, last)
    days = await read_summaries(services, legal_entity, _days(first, last), signed)
    after = _days(last + timedelta(days=1), last + timedelta(days=LOOKED_AFTER_DAYS))
    later = await read_summaries(services, legal_entity, after)
    work = {key for key in await with_work(services) if key[0] in stores and first <= key[1] <= last}
    confirmed = [row async for row in confirmations_of(services.tables.storedays, legal_entity, period)]
    return Known(
        days=_of(days, stores),
        later=_of(later, stores),
        tills=_tills(mappings, stores, first),
        causes=await read_causes(services, stores, first, last),
        uncompiled=work - {(one.store, one.day) for one in days},
        confirmed=[(row.text("Store"), row.text("Terminal")) for row in confirmed],
        policy=POLICY_WORDS[policy_of(mappings, legal_entity, last)],
    )


def _of(days: Sequence[DaySummary], stores: dict[str, StoreSetup]) -> list[DaySummary]:
    return [one for one in days if one.store in stores]


def _tills(mappings: Mappings, stores: dict[str, StoreSetup], first: date) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in newest_rows(mappings, first).get("terminals", []):
        if row["store"] in stores:
            found.setdefault(row["store"], set()).add(row["terminal"])
    return found


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=one) for one in range((last - first).days + 1)]


async def confirm_till(
    services: Services, legal_entity: str, period: str, store: str, terminal: str, person: Person, reason: str
) -> bool:
    """Keep a person's word that nothing of a till is outstanding for a period; False where the store is not the entity's.

    Raises:
        RejectedError: it is no period.
    """
    days_of(period)
    if store not in await stores_of(services, legal_entity):
        return False
    now = services.now()
    did = f"said of till {terminal}: nothing is outstanding for {period}"
    await append_audit(services.tables.audit, store, now, who=person.name, did=did, reason=reason)
    row = confirmation_row(legal_entity, period, store, terminal, who=person.name, reason=reason, at=now)
    await services.tables.storedays.upsert(row)
    return True
