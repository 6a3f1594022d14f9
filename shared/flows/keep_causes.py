"""Keep what has become of each cause, and hand on what people are to be told of it: once a beat, from the open rows.

A cause's next state and its telling are written together, under its ETag; the alert is made from what is written, and the
telling is taken away when it is handed on. So a worker that dies anywhere tells nothing twice and forgets nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.flows.telling.daily import tell_the_day
from shared.flows.telling.outbox import hand_on
from shared.flows.telling.tally import Counting, count_open, due_of, urgency_now
from shared.retail.alert import Alert, Told, batch_alert, cause_alert
from shared.retail.cause_state import Decided, Head, decide
from shared.retail.mapping import Mappings
from shared.retail.reasons import OUTAGES
from shared.services import Services
from shared.storage.tasks import Change, KeptHead, active_heads, read_head, save_changes, texts_of

ALONE_MAX = 10  # of one owner and event in one beat; more are told together
READS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Kept:
    """What a beat did: causes that changed, and alerts that were handed on."""

    changed: int
    alerts: int


async def keep_causes(services: Services) -> Kept:
    """Bring every cause up to date and tell what is to be told. Twice is once.

    A request for each 1,000 rows of `causes` and for each 1,000 causes there ever were, and one for each 48 that changed.
    """
    now = services.now()
    mappings = await services.mappings.at_least(0)
    heads = {one.head.tally.fingerprint: one for one in await active_heads(services.tables.tasks)}
    counts = await count_open(services)
    heads |= await _heads_of(services, [one for one in counts if one not in heads])
    changes = [
        change
        for fingerprint in sorted({*heads, *counts})
        if (change := _change(services, mappings, heads.get(fingerprint), counts.get(fingerprint), now))
    ]
    changes = await _with_texts(services, _batched(changes, now), counts)
    saved = await save_changes(services.tables.tasks, changes)
    known = [*(one.decided.head for one in saved), *(one.head for one in heads.values())]
    told = await _tell(services, now) if any(one.telling for one in known) else 0
    return Kept(len(saved), told + await tell_the_day(services, now))


async def _heads_of(services: Services, fingerprints: Sequence[str]) -> dict[str, KeptHead]:
    """Read the causes that are open now and were not at the last look: new ones have none."""
    found: dict[str, KeptHead] = {}
    for at in range(0, len(fingerprints), READS_AT_ONCE):
        part = fingerprints[at : at + READS_AT_ONCE]
        heads = await services.together(*(read_head(services.tables.tasks, one) for one in part))
        found |= {name: head for name, head in zip(part, heads, strict=True) if head is not None}
    return found


def _change(
    services: Services, mappings: Mappings, kept: KeptHead | None, counting: Counting | None, now: datetime
) -> Change | None:
    """Decide about one cause; None where nothing changes."""
    tally = counting.tally() if counting is not None else None
    before = kept.head if kept is not None else None
    known = tally or (before.tally if before is not None else None)
    if known is None:
        return None
    urgency = urgency_now(services, mappings, known, now)

    def due(since: datetime, pressing: str) -> datetime:
        return due_of(services, mappings, known, since, pressing)

    decided = decide(before, tally, now, urgency, due)
    return None if decided.head == before else Change(decided, kept, {}, now)


def _batched(changes: Sequence[Change], now: datetime) -> list[Change]:
    """Have what is told of more than ten causes of one owner and event at once told together, but for outages."""
    groups = Counter(_group(one.decided.head) for one in changes if _is_fresh(one))
    return [
        _in_batch(one, now) if _is_fresh(one) and groups[_group(one.decided.head)] > ALONE_MAX else one
        for one in changes
    ]


def _is_fresh(change: Change) -> bool:
    """Say whether a telling was decided just now, and not before a worker died."""
    telling = change.decided.head.telling
    was_there = change.kept is not None and change.kept.head.telling is not None
    return telling is not None and not was_there and change.decided.head.tally.code not in OUTAGES


def _group(head: Head) -> tuple[str, str]:
    return head.tally.owner, head.telling.event if head.telling is not None else ""


def _in_batch(change: Change, now: datetime) -> Change:
    head = change.decided.head
    if head.telling is None:
        return change
    owner, event = _group(head)
    telling = replace(head.telling, batch=f"{owner}~{event}~{now:%Y%m%dT%H%M%S%f}")
    return replace(change, decided=Decided(replace(head, telling=telling), change.decided.entries))


async def _with_texts(
    services: Services, changes: Sequence[Change], counts: Mapping[str, Counting]
) -> list[Change]:
    found: list[Change] = []
    for at in range(0, len(changes), READS_AT_ONCE):
        part = changes[at : at + READS_AT_ONCE]
        texts = await services.together(*(_texts(services, one, counts) for one in part))
        found += [replace(one, texts=text) for one, text in zip(part, texts, strict=True)]
    return found


async def _texts(services: Services, change: Change, counts: Mapping[str, Counting]) -> dict[str, str]:
    """Give a cause's texts: those of what came last, read anew only when something came."""
    tally = change.decided.head.tally
    counting = counts.get(tally.fingerprint)
    if change.kept is not None and (
        counting is None or change.kept.head.tally.last_since == tally.last_since
    ):
        return texts_of(change.kept.row)
    if counting is None:
        return {}
    row = await services.tables.causes.read(counting.newest.partition, counting.newest.key)
    return texts_of(row) if row is not None else {}


async def _tell(services: Services, now: datetime) -> int:
    """Hand on what is to be told, as it is written on the causes, then take it off them; give the number of alerts."""
    kept = [one for one in await active_heads(services.tables.tasks) if one.head.telling is not None]
    batches: dict[str, list[KeptHead]] = {}
    alerts: list[tuple[Alert, list[KeptHead]]] = []
    for one in kept:
        told = _told(one)
        if told.telling.batch:
            batches.setdefault(told.telling.batch, []).append(one)
        else:
            alerts.append((cause_alert(told, services.settings.alerts.runbooks_url, now), [one]))
    for _, group in sorted(batches.items()):
        url = services.settings.alerts.runbooks_url
        alerts.append((batch_alert([_told(one) for one in group], url, now), group))
    for alert, group in alerts:
        ways = await hand_on(services, alert)
        text = f"told ({alert.event.replace('_', ' ')}) through {ways} channel{'' if ways == 1 else 's'}"
        await save_changes(services.tables.tasks, [_handed_on(one, text, now) for one in group])
        services.log.info("alert %s %s: %d channels", alert.event, alert.id, ways)
    return len(alerts)


def _told(kept: KeptHead) -> Told:
    if kept.head.telling is None:
        raise ValueError("there is nothing to tell of this cause")
    return Told(kept.head, texts_of(kept.row), kept.head.telling)


def _handed_on(kept: KeptHead, text: str, now: datetime) -> Change:
    head = replace(kept.head, telling=None, entries=kept.head.entries + 1)
    return Change(Decided(head, (text,)), kept, texts_of(kept.row), now)
