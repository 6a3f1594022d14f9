"""The settings of alerts: through which channels whom to tell of what, when to leave them alone, when the day's word goes out."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.errors import SettingsError
from shared.settings_rows import text_in, texts_in

CHANNELS, QUIET, DIGEST_AT, DIGEST_ZONE, RUNBOOKS, HIGH_VALUE = (
    "TILLPOST_ALERT_CHANNELS", "TILLPOST_QUIET_HOURS", "TILLPOST_DIGEST_AT", "TILLPOST_DIGEST_ZONE", "TILLPOST_RUNBOOKS_URL",
    "TILLPOST_HIGH_VALUE",
)  # fmt: skip
ALERT_SETTING_NAMES = (CHANNELS, QUIET, DIGEST_AT, DIGEST_ZONE, RUNBOOKS, HIGH_VALUE)
TEAMS, WEBHOOK, MAIL = "teams", "webhook", "mail"
KINDS = (TEAMS, WEBHOOK, MAIL)
TOLD_OWNERS = ("finance", "store_operations", "retail_systems", "it")
EVENTS = ("new", "escalation", "back_again", "no_longer_set_aside", "daily")
EVERYBODY = "*"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CHANNELS_MAX, ADDRESSES_MAX = 40, 20
SECRET_CHARACTERS_MIN = 16
HIGH_VALUE_DEFAULT, HIGH_VALUE_MAX = 1_000, 100_000_000
_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")
_WANTED = {TEAMS: (), WEBHOOK: ("secrets",), MAIL: ("key", "from", "to")}
_KNOWN = {"name", "kind", "url", "owners", "events", "secrets", "key", "from", "to"}


@dataclass(frozen=True, slots=True)
class Channel:
    """One way out. owners: roles whose causes go through it, or everybody's; events: what it takes.

    secrets: one or two, of a signed webhook. key, sender, to: of mail. The address itself may be a secret.
    """

    name: str
    kind: str
    url: str = field(repr=False)
    owners: frozenset[str]
    events: frozenset[str] = frozenset(EVENTS)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    key: str = field(default="", repr=False)
    sender: str = ""
    to: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc.lower()

    def takes(self, owner: str, event: str) -> bool:
        """Say whether an owner's event goes through this channel."""
        return event in self.events and (EVERYBODY in self.owners or owner in self.owners)


@dataclass(frozen=True, slots=True)
class QuietSetting:
    """Quiet from one clock time to another, and on whole weekdays (Monday: 0), in a time zone."""

    begins: time
    ends: time
    zone: str
    days: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """How people are told. high_value: the amount, in a store's own currency, from which a cause is more pressing."""

    channels: tuple[Channel, ...] = ()
    quiet: Mapping[str, QuietSetting] = field(default_factory=lambda: MappingProxyType({}))
    digest_at: time = time(7, 0)
    digest_zone: str = "UTC"
    runbooks_url: str = ""
    high_value: int = HIGH_VALUE_DEFAULT


def read_alert_settings(environ: Mapping[str, str]) -> AlertSettings:
    """Read the settings of alerts; without any, nobody is told and everything else works.

    Raises:
        SettingsError: one is wrong; it is named, and no secret of it shown.
    """
    runbooks = environ.get(RUNBOOKS, "").strip()
    if runbooks and not _is_address(runbooks):
        raise SettingsError(f"{RUNBOOKS} must be an address that starts with https://")
    zone = environ.get(DIGEST_ZONE, "").strip() or "UTC"
    _check_zone(zone, DIGEST_ZONE)
    return AlertSettings(
        channels=_channels(environ.get(CHANNELS, "").strip() or "[]"),
        quiet=_quiet(environ.get(QUIET, "").strip() or "{}"),
        digest_at=_time(environ.get(DIGEST_AT, "").strip() or "07:00", DIGEST_AT),
        digest_zone=zone,
        runbooks_url=runbooks.rstrip("/"),
        high_value=_high_value(environ.get(HIGH_VALUE, "").strip() or str(HIGH_VALUE_DEFAULT)),
    )


def _channels(text: str) -> tuple[Channel, ...]:
    rows = _json(text, CHANNELS)
    if (
        not isinstance(rows, list)
        or not all(isinstance(row, dict) for row in rows)
        or len(rows) > CHANNELS_MAX
    ):
        raise SettingsError(f"{CHANNELS} is not a list of at most {CHANNELS_MAX} objects")
    channels = tuple(_channel(row) for row in rows)
    if len({one.name for one in channels}) != len(channels):
        raise SettingsError(f"{CHANNELS}: two channels have the same name")
    return channels


def _channel(row: Mapping[str, Any]) -> Channel:
    name, kind, url = _identity(row)
    secrets, to = texts_in(row, "secrets", f"{CHANNELS}: {name}"), texts_in(row, "to", f"{CHANNELS}: {name}")
    if len(secrets) > 2 or any(len(one) < SECRET_CHARACTERS_MIN for one in secrets):
        shape = f"one or two secrets of at least {SECRET_CHARACTERS_MIN} characters"
        raise SettingsError(f"{CHANNELS}: {name} needs {shape}")
    if len(to) > ADDRESSES_MAX or any(one.count("@") != 1 for one in to):
        raise SettingsError(f"{CHANNELS}: {name} needs at most {ADDRESSES_MAX} mail addresses in to")
    key, sender = text_in(row, "key", f"{CHANNELS}: {name}"), text_in(row, "from", f"{CHANNELS}: {name}")
    if kind == MAIL and (urlsplit(url).path not in ("", "/") or not _is_base64(key)):
        raise SettingsError(
            f"{CHANNELS}: {name} needs the mail service's address without a path, and its access key"
        )
    owners = frozenset(texts_in(row, "owners", f"{CHANNELS}: {name}"))
    if not owners or not owners <= {*TOLD_OWNERS, EVERYBODY}:
        raise SettingsError(f"{CHANNELS}: {name} needs owners: {', '.join(TOLD_OWNERS)} or {EVERYBODY}")
    events = frozenset(texts_in(row, "events", f"{CHANNELS}: {name}")) or frozenset(EVENTS)
    if not events <= set(EVENTS):
        raise SettingsError(f"{CHANNELS}: {name} has an event that is none of {', '.join(EVENTS)}")
    return Channel(name, kind, url, owners, events, secrets, key, sender, to)


def _identity(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Give name, kind and address, once nothing is there that means nothing, and nothing lacks that its kind needs."""
    name, kind, url = row.get("name"), row.get("kind"), row.get("url")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingsError(f"{CHANNELS}: each needs a name of at most 40 letters, digits and dashes")
    if not isinstance(kind, str) or kind not in KINDS:
        raise SettingsError(f"{CHANNELS}: {name} needs a kind: {', '.join(KINDS)}")
    if not isinstance(url, str) or not _is_address(url):
        raise SettingsError(f"{CHANNELS}: {name} needs a url that starts with https:// and names a host")
    if unknown := sorted(set(row) - _KNOWN):
        raise SettingsError(f"{CHANNELS}: {name} has {', '.join(unknown)}, which means nothing here")
    if missing := [one for one in _WANTED[kind] if not row.get(one)]:
        raise SettingsError(f"{CHANNELS}: {name} lacks {', '.join(missing)}")
    return name, kind, url


def _quiet(text: str) -> Mapping[str, QuietSetting]:
    rows = _json(text, QUIET)
    if not isinstance(rows, dict) or not set(rows) <= set(TOLD_OWNERS):
        raise SettingsError(f"{QUIET} is not an object by owner: {', '.join(TOLD_OWNERS)}")
    return MappingProxyType({owner: _quiet_of(owner, row) for owner, row in rows.items()})


def _quiet_of(owner: str, row: object) -> QuietSetting:
    if not isinstance(row, dict) or not set(row) <= {"from", "until", "zone", "days"}:
        raise SettingsError(f"{QUIET}: {owner} needs from, until, zone and perhaps days")
    begins, ends = (_time(str(row.get(name, "")), f"{QUIET}: {owner}, {name}") for name in ("from", "until"))
    zone, days = str(row.get("zone", "")), row.get("days", [])
    _check_zone(zone, f"{QUIET}: {owner}, zone")
    if (
        not isinstance(days, list)
        or not set(map(str, days)) <= set(WEEKDAYS)
        or len(set(map(str, days))) == 7
    ):
        raise SettingsError(f"{QUIET}: {owner} needs days: some of {', '.join(WEEKDAYS)}, not all seven")
    return QuietSetting(begins, ends, zone, frozenset(WEEKDAYS.index(str(one)) for one in days))


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{name} is not JSON") from error


def _is_base64(key: str) -> bool:
    try:
        return bool(b64decode(key, validate=True))
    except ValueError:
        return False


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parts.scheme == "https" and named and parts.username is None and parts.password is None


def _time(text: str, name: str) -> time:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or len(text) != 5 or found.tzinfo is not None:
        raise SettingsError(f"{name} is {text!r}; expected a time of day such as 07:00")
    return found


def _check_zone(name: str, setting: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"{setting} is {name!r}; expected a time zone such as Europe/London") from error


def _high_value(text: str) -> int:
    if (
        not text.isascii()
        or not text.isdecimal()
        or not 1 <= int(text[:12]) <= HIGH_VALUE_MAX
        or len(text) > 9
    ):
        raise SettingsError(f"{HIGH_VALUE} is {text!r}; expected a whole amount from 1 to {HIGH_VALUE_MAX}")
    return int(text)
