"""Hand alerts on: decided here is through which channels, and whether now or when quiet hours are over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.flows.telling.people import addresses_of, quiet_hours_of
from shared.pos.masking import masked_text
from shared.retail.alert import Alert
from shared.services import Services
from shared.settings import Settings
from shared.settings_alerts import MAIL, Channel
from shared.storage.keys import split_key
from shared.storage.outbox import add_delivery


def channels_of(settings: Settings, owner: str, event: str) -> Iterator[Channel]:
    """Give the channels that an owner's event goes through: the one place where this is decided."""
    return (one for one in settings.alerts.channels if one.takes(owner, event))


async def hand_on(services: Services, alert: Alert) -> int:
    """Write an alert down for each of its channels, before anything is sent; give their number. Twice is once."""
    shown = replace(alert, body=_masked(dict(alert.body)))
    channels = list(channels_of(services.settings, alert.owner, alert.event))
    not_before = alert.at if alert.passes else _after_quiet(services.settings, alert.owner, alert.at)
    mappings = await services.mappings.at_least(0)
    to = addresses_of(mappings, alert.owner, alert.stores, alert.at.date())
    for channel in channels:
        ways = to if channel.kind == MAIL else ()
        await add_delivery(services.tables.alerts, shown, channel.name, not_before, ways)
    return len(channels)


def _after_quiet(settings: Settings, owner: str, at: datetime) -> datetime:
    quiet = quiet_hours_of(settings, owner)
    return at if quiet is None else quiet.ends_after(at)


def _masked(value: Any) -> Any:
    """Take card numbers and mail addresses out of every text: offending values and D365's own words may hold some."""
    if isinstance(value, str):
        return masked_text(value, free=True)
    if isinstance(value, dict):
        return {
            name: _sayable_key(one) if name == "fingerprint" else _masked(one) for name, one in value.items()
        }
    return [_masked(one) for one in value] if isinstance(value, list) else value


def _sayable_key(fingerprint: str) -> str:
    """Give a cause's fingerprint, or "" where its value holds what must not be said."""
    text = " ".join(split_key(fingerprint))
    return fingerprint if masked_text(text, free=True) == text else ""
