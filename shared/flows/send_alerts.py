"""Send what waits to be told, channel by channel; a channel that fails holds up no other, and becomes a cause itself.

Each try is written down before it begins. Of what was sent and not answered nobody knows whether it arrived: it is sent once
more and then left, so nobody hears anything three times; each delivery of an alert carries the same id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.alerts.client import AlertClient
from shared.errors import RejectedError, RetryableError, UnknownOutcomeError
from shared.flows.telling.channel_cause import channel_failed, channel_works
from shared.retail.cause_state import ASIDE, OVER, TELL_BACK, TELL_NEW, Decided
from shared.services import Services
from shared.settings_alerts import Channel
from shared.storage.outbox import (
    DELIVERED,
    GIVEN_UP,
    NOT_KNOWN,
    NOT_NEEDED,
    Delivery,
    drop,
    finish,
    is_done,
    keep,
    waiting_deliveries,
)
from shared.storage.tasks import Change, KeptHead, active_heads, read_head, save_changes, texts_of

OF_A_CHANNEL_MAX = 20  # in one beat
TRIES_MAX = 24  # some twenty hours
UNKNOWN_MAX = 2
TOLD_AFTER_TRIES = 3
PAUSE_MINUTES, PAUSE_MINUTES_MAX = 2, 60
ABANDONED_SECONDS = 120  # a try takes fifteen at most


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of one try: how it ended ("" when it will be tried again), what to say, and how long to wait at least."""

    how: str
    words: str = ""
    is_unknown: bool = False
    wait_seconds: float = 0
    stops: bool = False


async def send_alerts(services: Services) -> int:
    """Send what is due of what waits; give how many alerts were delivered. Twice is once.

    One request, and for each alert sent four.
    """
    client = services.alerts
    now = services.now()
    due = await waiting_deliveries(services.tables.alerts, now)
    channels = {one.name: one for one in services.settings.alerts.channels}
    for one in due:
        if one.channel not in channels or client is None:
            await finish(
                services.tables.alerts, one, GIVEN_UP, now, "the settings name no such channel any more"
            )
    if client is None:
        return 0
    groups = [
        _through(services, client, channel, [one for one in due if one.channel == name])
        for name, channel in sorted(channels.items())
    ]
    return sum(await services.together(*groups))


async def _through(
    services: Services, client: AlertClient, channel: Channel, deliveries: Sequence[Delivery]
) -> int:
    """Send one channel's alerts, one after the other, until one says that the channel does not work now.

    Outages and what gets worse go first; a time that the receiver asks for holds for all that are due.
    """
    delivered, failed = 0, ""
    ordered = sorted(deliveries, key=lambda one: (not one.passes, one.at, one.alert_id))
    for place, one in enumerate(ordered[:OF_A_CHANNEL_MAX], start=1):
        begun = await _begun(services, one)
        if begun is None:
            continue
        tried = await _try(client, channel, begun)
        await _conclude(services, begun, tried)
        if tried.how == DELIVERED:
            delivered += 1
        elif begun.tries >= TOLD_AFTER_TRIES or tried.how:
            failed = tried.words
        if tried.wait_seconds:
            until = services.now() + timedelta(seconds=tried.wait_seconds)
            for later in ordered[place:]:
                await keep(services.tables.alerts, later, NotBefore=until)
        if tried.stops:
            break
    if delivered:
        await channel_works(services, channel.name)
    elif failed:
        await channel_failed(services, channel.name, failed)
    return delivered


async def _begun(services: Services, one: Delivery) -> Delivery | None:
    """Write down that a try begins; None where there is nothing to send, or another worker is at it."""
    table, now = services.tables.alerts, services.now()
    unknown = one.unknown
    if one.begun_at is not None:
        if now - one.begun_at < services.clock.patience(ABANDONED_SECONDS):
            return None
        unknown += 1  # whoever began it died before it was written how it ended
    if await is_done(table, one):
        await drop(table, one)
        return None
    waited = one.held_by_quiet and one.fingerprint
    kept = await read_head(services.tables.tasks, one.fingerprint) if waited else None
    if kept is not None and _is_over(kept, one):
        if not await _forget_word(services, kept, one):
            return None
        await finish(table, one, NOT_NEEDED, now, "the cause ended, or was set aside, in quiet hours")
        return None
    if one.held_by_quiet and await _is_batch_over(services, one):
        await finish(table, one, NOT_NEEDED, now, "nothing of the owner's waits any more")
        return None
    if unknown >= UNKNOWN_MAX:
        await finish(table, one, NOT_KNOWN, now, "sent twice, answered neither time")
        return None
    return await keep(table, one, BegunAt=now, Tries=one.tries + 1, Unknown=unknown)


def _is_over(kept: KeptHead, one: Delivery) -> bool:
    """Say whether what waited for quiet hours to end is told no more: it is over or set aside, or a later word says that it is
    back.
    """
    told_back_at = kept.head.told_back_at
    return kept.head.phase in (OVER, ASIDE) or (told_back_at is not None and told_back_at > one.at)


async def _is_batch_over(services: Services, one: Delivery) -> bool:
    """Say the same of new causes that are told together: which they were is not kept, so as long as any waits they are told."""
    if one.fingerprint or one.event != TELL_NEW:
        return False
    heads = await active_heads(services.tables.tasks)
    return all(kept.head.tally.owner != one.owner or kept.head.phase == ASIDE for kept in heads)


async def _forget_word(services: Services, kept: KeptHead, one: Delivery) -> bool:
    """Let a cause that comes back be told again where its last such word never went out; False where others write on it."""
    if one.event != TELL_BACK or kept.head.told_back_at is None or kept.head.told_back_at > one.at:
        return True
    untold = Decided(replace(kept.head, told_back_at=None))
    change = Change(untold, kept, texts_of(kept.row), services.now())
    return bool(await save_changes(services.tables.tasks, [change]))


async def _try(client: AlertClient, channel: Channel, delivery: Delivery) -> _Tried:
    try:
        await client.deliver(replace(channel, to=delivery.to) if delivery.to else channel, delivery.body)
    except RetryableError as error:
        return _Tried("", str(error), wait_seconds=error.wait_seconds or 0, stops=True)
    except UnknownOutcomeError as error:
        how = NOT_KNOWN if delivery.unknown + 1 >= UNKNOWN_MAX else ""
        return _Tried(how, str(error), is_unknown=True, stops=True)
    except RejectedError as error:
        return _Tried("", str(error))
    return _Tried(DELIVERED)


async def _conclude(services: Services, begun: Delivery, tried: _Tried) -> None:
    """Write down how a try ended: done with it, or when it is tried again."""
    table, now = services.tables.alerts, services.now()
    how = tried.how or (GIVEN_UP if begun.tries >= TRIES_MAX else "")
    services.log.info("alert %s through %s: %s", begun.alert_id, begun.channel, how or tried.words)
    if how:
        await finish(table, begun, how, now, tried.words)
        return
    minutes = min(PAUSE_MINUTES * 2 ** min(begun.tries - 1, 10), PAUSE_MINUTES_MAX)
    pause = max(timedelta(minutes=minutes), timedelta(seconds=tried.wait_seconds))
    unknown = begun.unknown + int(tried.is_unknown)
    await keep(table, begun, BegunAt=None, NotBefore=now + pause, Unknown=unknown, Words=tried.words)
