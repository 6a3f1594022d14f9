"""Say whether a legal entity's period can be closed, and what is in the way; and keep what people say of silent tills."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.flows.closing.days import stores_of
from shared.flows.closing.readiness import readiness_for
from shared.retail.csv_text import csv_text
from shared.retail.money import money_text
from shared.retail.periods import days_of
from shared.retail.readiness import Blocker, Readiness
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.confirmations import confirmation_row

ITEMS_SHOWN_MAX = 200
COLUMNS = ("kind", "what", "owner", "currency", "amount", "count", "store", "till", "items")


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
    found = await readiness_for(services, legal_entity, period, stores)
    return ReadinessReport(legal_entity, first, last, services.now(), found)


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
