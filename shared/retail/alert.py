"""What an alert says: one cause, several of one owner, or the word of the day. Plain values; how a channel shows them is its own.

Said are counts, amounts, stores and our own sentences with the offending value. Never said are people's names, notes and reasons,
receipts' numbers beyond the offending value, or where anything can be opened without a key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shared.retail.cause_state import (
    ASIDE,
    BACK,
    NEW,
    OVER,
    TELL_BACK,
    TELL_NEW,
    TELL_RETURNED,
    TELL_WORSE,
    WORSE,
    Head,
    Tally,
    Telling,
    size_text,
)
from shared.retail.money import ZERO, money_text
from shared.retail.reasons import NO_ACTION, OUTAGES
from shared.retail.units import units_text

DAILY = "daily"
SHOWN_MAX = 10
STORES_SHOWN_MAX = 10
TEXT_CHARACTERS_MAX, TEXT_CHARACTERS_OF_MANY = 600, 200  # a kept row holds 32,768 characters in all
OWNER_NAMES: Mapping[str, str] = {
    "finance": "finance", "store_operations": "store operations", "retail_systems": "retail systems", "it": "IT",
}  # fmt: skip
_OPENING: Mapping[str, str] = {
    TELL_NEW: "New", TELL_WORSE: "Getting worse", TELL_BACK: "Back again", TELL_RETURNED: "No longer set aside",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. id: the same however often it is delivered. passes: goes out in quiet hours too. body: what it says.

    stores: all that its causes name, for the mails of their people; the body shows the first of each.
    """

    id: str
    event: str
    owner: str
    at: datetime
    passes: bool
    body: Mapping[str, Any]
    fingerprint: str = ""
    stores: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Told:
    """A cause to tell of: as it is known, its four texts, and why it is told now."""

    head: Head
    texts: Mapping[str, str]
    telling: Telling


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What the store-days of one company and business day came to."""

    legal_entity: str
    day: date
    stores: int
    proved: int
    currency: str
    received: Decimal
    posted: Decimal
    unexplained: Decimal


def passes_quiet_hours(code: str, event: str) -> bool:
    """Say whether an alert goes out whatever the hour: an outage, or something that has got worse."""
    return code in OUTAGES or event == TELL_WORSE


def cause_alert(told: Told, runbooks_url: str, now: datetime) -> Alert:
    """Make the alert of one cause."""
    head, telling = told.head, told.telling
    tally = head.tally
    opening = "Overdue" if telling.why == "it is overdue" else _OPENING[telling.event]
    what = told.texts["WhatHappened"]
    title = f"{opening}: {_weight(tally)}: {what}" if _weight(tally) else f"{opening}: {what}"
    identity = alert_id(tally, telling.number)
    body = _body(identity, telling.event, tally.owner, telling.at, title, [_cause(told, runbooks_url, now)])
    passes = passes_quiet_hours(tally.code, telling.event)
    stores = frozenset(tally.stores)
    return Alert(identity, telling.event, tally.owner, telling.at, passes, body, tally.fingerprint, stores)


def alert_id(tally: Tally, number: int) -> str:
    """Name one telling of one cause. The offending value is in it as a hash alone: it may be what must not be said."""
    digest = hashlib.sha256(tally.fingerprint.encode()).hexdigest()[:16]
    return f"{tally.code}~{digest}~{number}"


def batch_alert(told: Sequence[Told], runbooks_url: str, now: datetime) -> Alert:
    """Make one alert of many causes of one owner and event: the weightiest are shown, the others counted."""
    first = told[0]
    event, owner, at = first.telling.event, first.head.tally.owner, first.telling.at
    ordered = sorted(told, key=lambda one: (-_most(one.head.tally), one.head.tally.fingerprint))
    title = f"{_OPENING[event]}: {len(told):,} causes at once for {OWNER_NAMES.get(owner, owner)}"
    shown = [_cause(one, runbooks_url, now, TEXT_CHARACTERS_OF_MANY) for one in ordered[:SHOWN_MAX]]
    body = _body(first.telling.batch, event, owner, at, title, shown, more=len(told) - len(shown))
    passes = any(passes_quiet_hours(one.head.tally.code, event) for one in told)
    return Alert(first.telling.batch, event, owner, at, passes, body, stores=_stores_of(told))


def daily_alert(
    owner: str, day: date, now: datetime, open_heads: Sequence[Told], ended: int, figures: Sequence[DayFigures], runbooks_url: str
) -> Alert:  # fmt: skip
    """Make the word of the day for one owner: what waits for them, or that nothing does; and how the last business day stands."""
    name = OWNER_NAMES.get(owner, owner)
    waiting = [one for one in open_heads if one.head.phase not in (ASIDE, OVER) and not _is_idle(one)]
    idle = sum(_is_idle(one) for one in open_heads)
    aside = sum(one.head.phase == ASIDE for one in open_heads)
    overdue = sum(one.head.is_overdue(now) for one in waiting)
    phases = {phase: sum(one.head.phase == phase for one in waiting) for phase in (NEW, WORSE, BACK)}
    count = f"{len(waiting):,} cause{'' if len(waiting) == 1 else 's'}"
    title = f"All clear: nothing waits for {name}" if not waiting else f"Today: {count} for {name}"
    if overdue:
        title += f", {overdue:,} overdue"
    lines = [f"{number:,} {phase}" for phase, number in phases.items() if number]
    lines += [f"{aside:,} set aside"] if aside else []
    lines += [f"{ended:,} ended since yesterday"] if ended else []
    lines += [f"{idle:,} about which nothing has to be done"] if idle else []
    lines += [_figures_line(one) for one in figures]
    ordered = sorted(
        waiting, key=lambda one: (one.head.due_at, -_most(one.head.tally), one.head.tally.fingerprint)
    )
    shown = [_cause(one, runbooks_url, now, TEXT_CHARACTERS_OF_MANY) for one in ordered[:SHOWN_MAX]]
    identity = f"{DAILY}~{owner}~{day.isoformat()}"
    body = _body(identity, DAILY, owner, now, title, shown, more=len(waiting) - len(shown), lines=lines)
    return Alert(
        identity, DAILY, owner, now, True, {**body, "all_clear": not waiting}, stores=_stores_of(waiting)
    )


def _stores_of(told: Sequence[Told]) -> frozenset[str]:
    return frozenset(store for one in told for store in one.head.tally.stores)


def _is_idle(told: Told) -> bool:
    return told.head.tally.code in NO_ACTION


def _figures_line(one: DayFigures) -> str:
    amounts = {"received": one.received, "posted": one.posted, "unexplained": one.unexplained}
    words = ", ".join(f"{_amount(amount, one.currency)} {name}" for name, amount in amounts.items())
    return f"{one.legal_entity}, {one.day}: {one.proved} of {one.stores} stores proved; {words}"


def _body(
    identity: str, event: str, owner: str, at: datetime, title: str, causes: list[dict[str, Any]], *, more: int = 0,
    lines: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": identity,
        "event": event,
        "at": at.isoformat(),
        "owner": owner,
        "title": _short(title),
        "lines": list(lines),
        "causes": causes,
        "more": more,
    }


def _cause(
    told: Told, runbooks_url: str, now: datetime, longest: int = TEXT_CHARACTERS_MAX
) -> dict[str, Any]:
    head, tally = told.head, told.head.tally
    return {
        "fingerprint": tally.fingerprint,
        "code": tally.code,
        "state": head.phase,
        "told_because": told.telling.why,
        "what_happened": _short(told.texts["WhatHappened"], longest),
        "why": _short(told.texts["Why"], longest),
        "holds_up": _short(told.texts["HoldsUp"], longest),
        "do_this": _short(told.texts["DoThis"], longest),
        "size": size_text(tally),
        "receipts": tally.receipts,
        "stores": tally.store_count,
        "store_names": list(tally.stores[:STORES_SHOWN_MAX]),
        "amounts": {name: money_text(one, name or "USD") for name, one in sorted(tally.amounts.items())},
        "stock": stock_text(tally),
        "first_seen": head.opened_at.isoformat(),
        "due_at": head.due_at.isoformat(),
        "urgency": head.urgency,
        "overdue": head.is_overdue(now),
        "runbook": runbook_of(tally.code, runbooks_url),
    }


def stock_text(tally: Tally) -> str:
    """Say what D365's stock is off by while the receipts are held; "" where they move no goods."""
    parts = []
    if tally.units.sold:
        parts.append(f"overstated by {_units(tally.units.sold)} sold and held")
    if tally.units.back:
        parts.append(f"understated by {_units(tally.units.back)} brought back and held")
    return f"Stock in D365 is {' and '.join(parts)}" if parts else ""


def _units(units: Decimal) -> str:
    return f"{units_text(units)} unit{'' if units == 1 else 's'}"


def runbook_of(code: str, runbooks_url: str = "") -> str:
    """Give where the runbook of a reason is: an address where one is set, else the page's place in the handover."""
    return f"{runbooks_url or 'docs/handover/runbooks'}/{code}.md"


def _weight(tally: Tally) -> str:
    amounts = [_amount(one, name) for name, one in sorted(tally.amounts.items()) if one]
    return ", ".join([size_text(tally), *amounts]) if tally.receipts or amounts else ""


def _amount(amount: Decimal, currency: str) -> str:
    return f"{Decimal(money_text(amount, currency or 'USD')):,f} {currency}".strip()


def _most(tally: Tally) -> Decimal:
    return max((abs(one) for one in tally.amounts.values()), default=ZERO)


def _short(text: str, longest: int = TEXT_CHARACTERS_MAX) -> str:
    """Give a text on one line, cut where it is longer than anybody reads."""
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"
