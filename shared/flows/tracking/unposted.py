"""Find what D365 has had for long and has not posted: not validated, in no statement, or in one that stands still.

It is read off what D365 says of all days that are followed, at no question more. What it refused, and statements with an
error, are told elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from shared.d365.records import AuditableRow
from shared.flows.tracking.ask import PASSED, REFUSED, News, Number
from shared.retail.money import total
from shared.retail.reasons import Cause, cause
from shared.storage.causes import STATEMENT, Member

UNPOSTED = "d365_unposted"
UNPOSTED_AFTER = timedelta(
    hours=36
)  # a night for headquarters' jobs, and one more try; from the end of the day in UTC


def unposted(news: News, now: datetime) -> Iterator[tuple[Cause, Member]]:
    """Give a cause for each store, day and state that receipts have rested in for longer than headquarters should need."""
    states = {(one.legal_entity, one.statement): (one.status, one.error) for one in news.aggregations or ()}
    groups: dict[tuple[str, date, str, str], list[AuditableRow]] = {}
    for (_, day), rows in news.by_day.items():
        if day is None or now < _over(day) + UNPOSTED_AFTER:
            continue
        for row in rows:
            state = None if news.is_posted(row) or not row.package else _state(row, states)
            if state is not None:
                groups.setdefault((row.store_number, day, *state), []).append(row)
    for (store, day, where, words), members in sorted(groups.items()):
        value = f"{store} {day} {where}"
        yield (
            cause(
                UNPOSTED, value, store=store, day=day.isoformat(), state=words, since=_since(members, day)
            ),
            Member(
                STATEMENT, store, value, business_day=day.isoformat(), receipts=len(members),
                amount=total(row.payment for row in members),
            ),
        )  # fmt: skip


def _over(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, UTC)


def _state(row: AuditableRow, states: Mapping[Number, tuple[str, str]]) -> tuple[str, str] | None:
    """Say where D365 has a receipt, in short and in words; None where somebody is told of it already."""
    if row.statement:
        status, error = states.get((row.key.legal_entity, row.statement), ("", ""))
        if error:
            return None
        stands = f"stands at “{status}”" if status else "D365 shows no state of"
        return f"statement {row.statement}", f"in D365 statement {row.statement}, which {stands}"
    if row.validation in PASSED:
        return "in no statement", "validated, and in no D365 statement"
    return None if row.validation in REFUSED else ("not validated", "not validated by headquarters")


def _since(members: list[AuditableRow], day: date) -> str:
    """Say since when: when the first was validated, where D365 says so; else only that it is of that day."""
    validated = [row.validated_at for row in members if row.validated_at is not None]
    return f"{min(validated):%Y-%m-%d %H:%M} UTC" if validated else day.isoformat()
