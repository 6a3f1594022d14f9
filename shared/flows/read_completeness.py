"""Answer what arrived and what did not: last heard by store and till, and the life of each missing number of a store-day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shared.retail.business_day import store_zone
from shared.retail.calendar import Calendar
from shared.retail.completeness import gap_value_of
from shared.retail.forecast import Traded, forecast_of
from shared.retail.lateness import Ages, Times, till_to_d365, till_to_ledger
from shared.retail.mapping import Mappings
from shared.retail.money import money_text, total
from shared.retail.reasons import cause
from shared.retail.silence import Heard, counts_from
from shared.retail.statement import NOT_FETCHED
from shared.services import Services
from shared.storage.causes import cause_rows, fingerprint_of
from shared.storage.heard import heard_of, silence_rows
from shared.storage.receipt_record import records_of_day
from shared.storage.statements import statement_key, statement_text


async def read_completeness(services: Services, store: str, day: date) -> dict[str, Any] | None:
    """Give what is known of a store-day's numbers, and how old its receipts became; None before it was compiled."""
    row = await services.tables.statements.read(store, statement_key(store, day))
    if row is None:
        return None
    body = json.loads(statement_text(row))
    tills = body.get("completeness", [])
    for till in tills:
        value = gap_value_of(store, day, till["terminal"], till["generation"])
        till["lives"] = await _lives(services, fingerprint_of(cause("receipts_missing", value)))
        till["outstanding"] = outstanding_body(till, tills, body["currency"])
    return {
        "store": store,
        "business_day": day.isoformat(),
        "verdict": body["verdict"],
        "tills": tills,
        "not_here": [
            name for one in body["causes"] if one["code"] == NOT_FETCHED for name in one["receipts"]
        ],
        "lateness": await _lateness(services, store, day),
    }


def outstanding_body(
    till: Mapping[str, Any], tills: Sequence[Mapping[str, Any]], currency: str
) -> dict[str, Any] | None:
    """Write what a till's outstanding numbers are likely to bring, in words that say whether it is an estimate."""
    gaps = [one for one in till["gaps"] if one["state"] == "missing"]
    count = sum(one["last"] - one["first"] + 1 for one in gaps)
    every = [_traded(one) for one in tills]
    store = Traded(
        sum(one.numbers for one in every),
        sum(one.receipts for one in every),
        total(one.amount for one in every),
    )
    found = forecast_of(count, _traded(till), store, currency, _stated(till))
    if found is None:
        return None
    numbers = ", ".join(
        str(one["first"]) if one["first"] == one["last"] else f"{one['first']}-{one['last']}" for one in gaps
    )
    receipts = f"{found.receipts} receipt{'' if found.receipts == 1 else 's'}"
    amount = f"{money_text(found.amount, currency)} {currency}"
    begin = f"Numbers {numbers} are outstanding" if count > 1 else f"Number {numbers} is outstanding"
    words = f"{begin}: the till's own totals say that it is {receipts} of {amount}."
    if found.average is not None:
        average = money_text(found.average, currency)
        words = f"{begin}: an estimate is {receipts}, worth about {amount} at the day's average of {average}."
    return {
        "numbers": numbers, "count": count, "receipts": found.receipts, "amount": money_text(found.amount, currency),
        "is_estimate": found.is_estimate, "words": words,
    }  # fmt: skip


def _traded(till: Mapping[str, Any]) -> Traded:
    received = till["control"]["received"]
    numbers = till["last"] - till["expected_first"] + 1 - till["missing"]
    return Traded(numbers, received["count"], Decimal(received["total"]))


def _stated(till: Mapping[str, Any]) -> Traded | None:
    """Give what the till's own totals miss; None where it states none, or where decisions have taken a part of it."""
    says, received = till["control"]["pos_says"], till["control"]["received"]
    if says is None or any(one["state"] != "missing" for one in till["gaps"]):
        return None
    return Traded(0, says["count"] - received["count"], Decimal(says["total"]) - Decimal(received["total"]))


async def _lives(services: Services, fingerprint: str) -> list[dict[str, Any]]:
    rows = [row async for row in cause_rows(services.tables.causes, fingerprint)]
    return [
        {
            "number": row.number("SequenceNumber"),
            "state": row.text("State"),
            "ended_how": row.text("EndedHow") or None,
            "first_missed_at": row.instant("Since").isoformat(),
            "arrived_at": row.instant("ArrivedAt").isoformat() if "ArrivedAt" in row.values else None,
            "life": row.text("Life").split("\n"),
        }
        for row in sorted(rows, key=lambda row: row.number("SequenceNumber"))
    ]


async def _lateness(services: Services, store: str, day: date) -> dict[str, Any]:
    records = await records_of_day(services.tables.transactions, store, day)
    times = [one.times for one in records if one.is_receipt and one.is_of_the_till and one.times is not None]
    return lateness_body(times, services.settings.late_minutes)


def lateness_body(times: list[Times], limit: int) -> dict[str, Any]:
    """Write the figures of a store-day: from the till to D365, and to its being found posted."""

    def figures(ages: Ages) -> dict[str, int]:
        return {
            "receipts": ages.count, "median_minutes": ages.median, "p95_minutes": ages.p95,
            "longest_minutes": ages.longest, "late": ages.late,
        }  # fmt: skip

    return {
        "limit_minutes": limit,
        "till_to_d365": figures(till_to_d365(times, limit)),
        "till_to_posted": figures(till_to_ledger(times, limit)),
    }


async def list_heard(services: Services) -> list[dict[str, Any]]:
    """Give every store known, when it and each of its tills were last heard, and whether it should be heard now."""
    now = services.now()
    mappings = await services.mappings.at_least(0)
    heard: dict[str, list[Heard]] = {}
    for one in await heard_of(services.tables.due):
        heard.setdefault(one.store, []).append(one)
    told = {row.text("Store") for row in await silence_rows(services.tables.stores)}
    return [
        _store_body(
            mappings,
            setup.store,
            setup.time_zone,
            heard.get(setup.store, []),
            now,
            services.settings.silent_minutes,
            is_told=setup.store in told,
        )
        for setup in mappings.stores()
    ]


def _store_body(
    mappings: Mappings,
    store: str,
    zone: str,
    heard: list[Heard],
    now: datetime,
    minutes: int,
    *,
    is_told: bool,
) -> dict[str, Any]:
    calendar = Calendar(store, store_zone(zone), mappings)
    newest = max((one.at for one in heard), default=None)
    silent = counts_from(calendar, newest, now, minutes) if newest is not None else None
    opening = calendar.next_opening(now)
    return {
        "store": store,
        "has_calendar": calendar.is_known,
        "trades_now": calendar.trades_at(now),
        "next_opening": opening.isoformat() if opening else None,
        "last_heard": newest.isoformat() if newest else None,
        "silent_since": silent.isoformat() if silent else None,
        "is_told": is_told,
        "tills": [
            {
                "terminal": one.terminal,
                "last_heard": one.at.isoformat(),
                "trading_minutes_since": int(
                    calendar.trading_time(one.at, now).total_seconds() // 60
                ),
            }
            for one in sorted(heard, key=lambda one: one.terminal)
        ],
    }  # fmt: skip
