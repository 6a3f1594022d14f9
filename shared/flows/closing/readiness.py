"""Read all that says whether a period can be closed, and let it be judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from shared.flows.closing.days import ends_at, with_work
from shared.flows.closing.period import read_causes, read_signed, read_summaries
from shared.retail.drawers import till_of_drawer
from shared.retail.late import HOLD, policy_of
from shared.retail.mapped import StoreSetup
from shared.retail.mapping import Mappings
from shared.retail.periods import days_of
from shared.retail.readiness import DaySummary, Known, Period, Readiness, readiness_of
from shared.retail.reference import newest_rows, period_is_closed, periods_are_known
from shared.services import Services
from shared.storage.confirmations import confirmations_of

LOOKED_AFTER_DAYS = 7
POLICY_WORDS = {HOLD: "held for finance", "next_period": "posted in the next open period, with a memo"}


async def readiness_for(
    services: Services, legal_entity: str, period: str, stores: dict[str, StoreSetup]
) -> Readiness:
    """Judge a legal entity's period; `stores` are its stores.

    Raises:
        RejectedError: it is no period.
    """
    first, last = days_of(period)
    known = await _known(services, legal_entity, period, stores)
    now, mappings = services.now(), services.mappings.known
    is_over = all(ends_at(one, last) <= now for one in stores.values())
    closed = [one for one in days_between(first, last) if period_is_closed(mappings, legal_entity, one)]
    is_known = periods_are_known(mappings, legal_entity)
    asked = Period(legal_entity, first, last, is_over, closed if is_known else None)
    return readiness_of(asked, known)


async def _known(services: Services, legal_entity: str, period: str, stores: dict[str, StoreSetup]) -> Known:
    mappings, (first, last) = services.mappings.known, days_of(period)
    signed = await read_signed(services, stores, first, last)
    days = await read_summaries(services, legal_entity, days_between(first, last), signed)
    after = days_between(last + timedelta(days=1), last + timedelta(days=LOOKED_AFTER_DAYS))
    later = await read_summaries(services, legal_entity, after)
    work = {key for key in await with_work(services) if key[0] in stores and first <= key[1] <= last}
    confirmed = [row async for row in confirmations_of(services.tables.storedays, legal_entity, period)]
    return Known(
        days=_of(days, stores),
        later=_of(later, stores),
        tills=_tills(mappings, stores),
        causes=await read_causes(services, stores, first, last),
        uncompiled=work - {(one.store, one.day) for one in days},
        confirmed=[(row.text("Store"), row.text("Terminal")) for row in confirmed],
        policy=POLICY_WORDS[policy_of(mappings, legal_entity, last)],
    )


def _of(days: Sequence[DaySummary], stores: dict[str, StoreSetup]) -> list[DaySummary]:
    return [one for one in days if one.store in stores]


def _tills(mappings: Mappings, stores: dict[str, StoreSetup]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in newest_rows(mappings).get("terminals", []):
        if row["store"] in stores:
            found.setdefault(row["store"], set()).add(till_of_drawer(row["terminal"]))
    return found


def days_between(first: date, last: date) -> list[date]:
    """Give the days of a period, the last one too."""
    return [first + timedelta(days=one) for one in range((last - first).days + 1)]
