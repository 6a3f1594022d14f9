"""Make the daily or the monthly checks now, keep them where a person asks for it, and list those that were kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.errors import RejectedError
from shared.flows.checking.seen import see_day, see_period
from shared.flows.closing.days import stores_of
from shared.retail.checks import CADENCES, DAILY, Item, Result, verdict_of
from shared.retail.checks_daily import daily_results
from shared.retail.checks_monthly import monthly_results
from shared.retail.csv_text import csv_text
from shared.retail.money import money_text
from shared.retail.periods import days_of
from shared.retail.runbooks import runbook_of
from shared.services import Services
from shared.settings import Person
from shared.storage.checks import check_from, check_row, checks_made

ITEMS_SHOWN_MAX = 500
YEARS = range(1990, 2200)
COLUMNS = (
    "check",
    "owner",
    "state",
    "what",
    "item_owner",
    "store",
    "currency",
    "amount",
    "receipts",
    "runbook",
)


@dataclass(frozen=True, slots=True)
class ChecksReport:
    """The checks of a period as they are answered. is_over: of a day, whether it is over in every store."""

    cadence: str
    legal_entity: str
    period: str
    at: datetime
    results: tuple[Result, ...]
    is_over: bool = True

    def as_json(self) -> dict[str, Any]:
        """Give them as the API does."""
        return {
            "cadence": self.cadence,
            "legal_entity": self.legal_entity,
            "period": self.period,
            "at": self.at.isoformat(),
            "is_over": self.is_over,
            "verdict": verdict_of(self.results),
            "checks": [_result_json(one) for one in self.results],
        }

    def as_csv(self) -> str:
        """Give one line an item, and one for each check that found none, as CSV that no spreadsheet runs."""
        rows: list[list[object]] = []
        for one in self.results:
            head = [one.check.sentence, one.check.owner, one.state]
            found = [_item_json(item) for item in one.items]
            rows += [[*head, *(item[name] for name in _ITEM_COLUMNS)] for item in found]
            if not found:
                rows.append([*head, one.unknown, "", "", "", "", "", ""])
        return csv_text(COLUMNS, rows)


_ITEM_COLUMNS = ("what", "owner", "store", "currency", "amount", "receipts", "runbook")


def _result_json(one: Result) -> dict[str, Any]:
    return {
        "key": one.check.key,
        "sentence": one.check.sentence,
        "owner": one.check.owner,
        "state": one.state,
        "unknown": one.unknown or None,
        "count": len(one.items),
        "receipts": one.receipts,
        "amounts": {currency: money_text(amount, currency) for currency, amount in one.amounts.items()},
        "items": [_item_json(item) for item in one.items[:ITEMS_SHOWN_MAX]],
    }


def _item_json(item: Item) -> dict[str, Any]:
    return {
        "what": item.what,
        "owner": item.owner,
        "store": item.store,
        "currency": item.currency,
        "amount": money_text(item.amount, item.currency) if item.currency else "",
        "receipts": item.receipts,
        "code": item.code,
        "fingerprint": item.fingerprint,
        "runbook": runbook_of(item.code),
    }


async def run_checks(services: Services, cadence: str, legal_entity: str, period: str) -> ChecksReport | None:
    """Make the checks of a business day (daily) or of a month (monthly) now; None where the entity has no store.

    Nothing is written.

    Raises:
        RejectedError: there is no such cadence, or it is no day or no period.
    """
    _refuse_cadence(cadence)
    stores = await stores_of(services, legal_entity)
    if not stores:
        return None
    if cadence == DAILY:
        seen = await see_day(services, legal_entity, stores, _day(period))
        results, is_over = daily_results(seen), not seen.ahead
    else:
        results, is_over = monthly_results(await see_period(services, legal_entity, stores, period)), True
    return ChecksReport(cadence, legal_entity, period, services.now(), results, is_over)


async def keep_checks(
    services: Services, cadence: str, legal_entity: str, period: str, person: Person, note: str
) -> dict[str, Any] | None:
    """Make the checks now, and keep what they found under the person who asked for it; None where the entity has no store.

    Raises:
        RejectedError: as `run_checks`.
    """
    report = await run_checks(services, cadence, legal_entity, period)
    if report is None:
        return None
    body = report.as_json()
    row = check_row(
        cadence, legal_entity, period, body, who=person.name, note=note, at=report.at, unique=services.token_hex(4)
    )  # fmt: skip
    await services.tables.checks.insert(row)
    return {**body, "by": person.name, "note": note}


async def list_checks(
    services: Services, cadence: str, legal_entity: str, period: str = ""
) -> list[dict[str, Any]]:
    """Give the checks that were kept, the newest first.

    Raises:
        RejectedError: there is no such cadence, or it is no day or no period.
    """
    _refuse_cadence(cadence)
    if period:
        _day(period) if cadence == DAILY else days_of(period)
    rows = [row async for row in checks_made(services.tables.checks, cadence, legal_entity, period)]
    return [check_from(row) for row in sorted(rows, key=lambda row: row.instant("At"), reverse=True)]


def _refuse_cadence(cadence: str) -> None:
    if cadence not in CADENCES:
        raise RejectedError(
            "there are no such checks", field="cadence", expected=" or ".join(CADENCES), found=cadence
        )


def _day(period: str) -> date:
    """Read a day as days are written everywhere: what is kept is found under it."""
    try:
        day = date.fromisoformat(period)
    except ValueError:
        day = date.min
    if day.isoformat() != period or day.year not in YEARS:
        raise RejectedError(
            "this is no day", field="period", expected="a business day, such as 2017-12-23", found=period
        )
    return day
