"""A person's word on a cause: recorded first, then written on the cause and in its history, whoever else writes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from shared.errors import ChangedMeanwhileError
from shared.flows.telling.tally import count_open, due_of, urgency_now
from shared.retail.cause_state import Decided, Head, decide
from shared.services import Services
from shared.settings import Person
from shared.storage.audit import append_audit
from shared.storage.tasks import Change, KeptHead, read_head, save_changes, texts_of

AREA = "causes"
TRIES_MAX = 5

Word = Callable[[Head], Decided]


async def read_or_begin(services: Services, fingerprint: str) -> Head | None:
    """Give a cause as it is known, or as the next look will know it; None where there is none."""
    kept = await read_head(services.tables.tasks, fingerprint)
    if kept is not None:
        return kept.head
    begun = await _begun(services, fingerprint)
    return begun.decided.head if begun is not None else None


async def say(
    services: Services, fingerprint: str, person: Person, did: str, reason: str, word: Word
) -> Head:
    """Write a person's word on a cause, and give it as it is then.

    Raises:
        RejectedError: the word does not fit the cause as it stands; nothing was written.
        ChangedMeanwhileError: others wrote on it each time; nothing was written but the record of the word.
    """
    is_recorded = False
    for _ in range(TRIES_MAX):
        now = services.now()
        change = await _change(services, fingerprint, word, now)
        if not is_recorded:
            await append_audit(
                services.tables.audit, AREA, now, who=person.name, did=did, reason=reason, evidence=fingerprint
            )  # fmt: skip
            is_recorded = True
        if await save_changes(services.tables.tasks, [change]):
            return change.decided.head
    raise ChangedMeanwhileError("others are writing on this cause; nothing was changed, say it again")


async def _change(services: Services, fingerprint: str, word: Word, now: datetime) -> Change:
    kept = await read_head(services.tables.tasks, fingerprint)
    if kept is not None:
        return _said(word(kept.head), kept, texts_of(kept.row), now)
    begun = await _begun(services, fingerprint)
    if begun is None:
        raise ChangedMeanwhileError("the cause has just ended; nothing was changed")
    said = word(begun.decided.head)
    both = Decided(said.head, (*begun.decided.entries, *said.entries))
    return _said(both, None, begun.texts, now)


def _said(decided: Decided, kept: KeptHead | None, texts: dict[str, str], now: datetime) -> Change:
    return Change(decided, kept, texts, now)


async def _begun(services: Services, fingerprint: str) -> Change | None:
    """Begin a cause that no look has taken in yet, from what is open of it."""
    counting = (await count_open(services, fingerprint)).get(fingerprint)
    if counting is None:
        return None
    now, tally = services.now(), counting.tally()
    mappings = await services.mappings.at_least(0)
    urgency = urgency_now(services, mappings, tally, now)

    def due(since: datetime, pressing: str) -> datetime:
        return due_of(services, mappings, tally, since, pressing)

    row = await services.tables.causes.read(counting.newest.partition, counting.newest.key)
    return Change(decide(None, tally, now, urgency, due), None, texts_of(row) if row is not None else {}, now)
