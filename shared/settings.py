"""Every setting of the app, read once and complete: what is missing or wrong is said at start, by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.clock import Clock
from shared.errors import SettingsError

SIMULATION = "simulation"
ENVIRONMENTS = (SIMULATION, "test", "production")
SIMULATION_ONLY = ("TILLPOST_CLOCK_START", "TILLPOST_CLOCK_ANCHOR", "TILLPOST_CLOCK_SPEED", "D365_CA_FILE")
SETTING_NAMES = (
    "TILLPOST_ENVIRONMENT",
    "TILLPOST_STORAGE",
    "TILLPOST_STORAGE__tableServiceUri",
    "TILLPOST_STORAGE__queueServiceUri",
    "TILLPOST_STORAGE__credential",
    "TILLPOST_STORAGE__clientId",
    "TILLPOST_SENDERS",
    "TILLPOST_PEOPLE",
    "TILLPOST_KEYED_HASH_SECRET",
    "TILLPOST_HEARTBEAT_SCHEDULE",
    "TILLPOST_GRACE_MINUTES",
    "TILLPOST_PACKAGE_MINUTES",
    "TILLPOST_TRACKING_MINUTES",
    "TILLPOST_SETTLE_SECONDS",
    *SIMULATION_ONLY[:3],
    "D365_URL",
    "D365_ENVIRONMENT_ID",
    "D365_TENANT_ID",
    "D365_CLIENT_ID",
    "D365_CLIENT_SECRET",
    "D365_AUTHORITY",
    "D365_DATA_PROJECT",
    "D365_CA_FILE",
)
ROLES = ("reader", "finance", "store_operations", "retail_systems", "it")


@dataclass(frozen=True, slots=True)
class Sender:
    """A source account that may send: one or two live secrets, and the stores it may speak for ("*": all)."""

    account: str
    secrets: tuple[str, ...]
    stores: frozenset[str]

    def may_send_for(self, store: str) -> bool:
        return "*" in self.stores or store in self.stores


@dataclass(frozen=True, slots=True)
class Person:
    """A person or a desk that may read and decide; only the SHA-256 of the key is known here."""

    name: str
    roles: frozenset[str]
    key_sha256: str


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Either a connection string, or both service addresses for an identity."""

    connection_string: str = ""
    table_endpoint: str = ""
    queue_endpoint: str = ""
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class D365Settings:
    """An environment and how to sign in: client id and secret, or, without a secret, the app's own identity."""

    url: str
    environment_id: str
    tenant_id: str
    client_id: str
    client_secret: str
    authority: str
    data_project: str
    ca_file: str


@dataclass(frozen=True, slots=True)
class Settings:
    environment: str
    storage: StorageSettings
    senders: Mapping[str, Sender]
    people: tuple[Person, ...]
    keyed_hash_secret: str
    grace_minutes: int
    package_minutes: int
    tracking_minutes: int
    settle_seconds: int
    clock: Clock
    d365: D365Settings


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read all settings from environment variables.

    Raises:
        SettingsError: a setting is missing or wrong; it is named.
    """
    environment = _needed(environ, "TILLPOST_ENVIRONMENT")
    if environment not in ENVIRONMENTS:
        raise SettingsError(
            f"TILLPOST_ENVIRONMENT is {environment!r}; expected one of {', '.join(ENVIRONMENTS)}"
        )
    for name in SIMULATION_ONLY:
        if environ.get(name) and environment != SIMULATION:
            raise SettingsError(f"{name} is for simulations only; TILLPOST_ENVIRONMENT is {environment}")
    return Settings(
        environment=environment,
        storage=_storage(environ),
        senders=_senders(_needed(environ, "TILLPOST_SENDERS")),
        people=_people(_needed(environ, "TILLPOST_PEOPLE")),
        keyed_hash_secret=_needed(environ, "TILLPOST_KEYED_HASH_SECRET"),
        grace_minutes=_number(environ, "TILLPOST_GRACE_MINUTES", 60),
        package_minutes=_number(environ, "TILLPOST_PACKAGE_MINUTES", 15),
        tracking_minutes=_number(environ, "TILLPOST_TRACKING_MINUTES", 15),
        settle_seconds=_number(environ, "TILLPOST_SETTLE_SECONDS", 60),
        clock=_clock(environ),
        d365=_d365(environ),
    )


def _needed(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set")
    return _resolved(environ, name)


def _resolved(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if value.startswith("@Microsoft.KeyVault("):
        raise SettingsError(
            f"{name} is a Key Vault reference that was not resolved; check the app's identity"
        )
    return value


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "").strip() or str(default)
    if not text.isdecimal():
        raise SettingsError(f"{name} is {text!r}; expected a whole number")
    return int(text)


def _storage(environ: Mapping[str, str]) -> StorageSettings:
    tables = environ.get("TILLPOST_STORAGE__tableServiceUri", "")
    queues = environ.get("TILLPOST_STORAGE__queueServiceUri", "")
    if tables and queues:
        return StorageSettings("", tables, queues, environ.get("TILLPOST_STORAGE__clientId", ""))
    return StorageSettings(connection_string=_needed(environ, "TILLPOST_STORAGE"))


def _json_list(text: str, name: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{name} is not JSON") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SettingsError(f"{name} is not a list of objects")
    return rows


def _senders(text: str) -> dict[str, Sender]:
    senders = {}
    for row in _json_list(text, "TILLPOST_SENDERS"):
        account, secrets, stores = row.get("account"), row.get("secrets", []), row.get("stores", [])
        if not isinstance(account, str) or not account or not 1 <= len(secrets) <= 2 or not stores:
            raise SettingsError("TILLPOST_SENDERS: each needs an account, one or two secrets, and its stores")
        if any(len(str(secret)) < 16 for secret in secrets):
            raise SettingsError(f"TILLPOST_SENDERS: a secret of {account} is shorter than 16 characters")
        senders[account] = Sender(account, tuple(map(str, secrets)), frozenset(map(str, stores)))
    return senders


def _people(text: str) -> tuple[Person, ...]:
    people = []
    for row in _json_list(text, "TILLPOST_PEOPLE"):
        name, roles, digest = (
            str(row.get("name", "")),
            frozenset(row.get("roles", [])),
            str(row.get("key_sha256", "")),
        )
        if not name or not roles or not roles <= set(ROLES) or len(digest) != 64:
            raise SettingsError(
                f"TILLPOST_PEOPLE: each needs a name, roles of {', '.join(ROLES)}, and key_sha256"
            )
        people.append(Person(name, roles, digest.lower()))
    return tuple(people)


def _clock(environ: Mapping[str, str]) -> Clock:
    start, anchor = environ.get("TILLPOST_CLOCK_START", ""), environ.get("TILLPOST_CLOCK_ANCHOR", "")
    if not start or not anchor:
        return Clock()
    try:
        speed = float(environ.get("TILLPOST_CLOCK_SPEED", "") or "1")
        clock = Clock(datetime.fromisoformat(start), datetime.fromisoformat(anchor), speed)
    except ValueError as error:
        raise SettingsError("TILLPOST_CLOCK_START, _ANCHOR or _SPEED cannot be read") from error
    if (
        clock.start is None
        or clock.start.tzinfo is None
        or clock.anchor is None
        or clock.anchor.tzinfo is None
    ):
        raise SettingsError("TILLPOST_CLOCK_START and _ANCHOR need an offset, such as +00:00")
    if speed <= 0:
        raise SettingsError("TILLPOST_CLOCK_SPEED must be more than 0")
    return clock


def _d365(environ: Mapping[str, str]) -> D365Settings:
    url = _needed(environ, "D365_URL").rstrip("/")
    if not url.startswith("https://"):
        raise SettingsError("D365_URL must start with https://")
    return D365Settings(
        url=url,
        environment_id=_needed(environ, "D365_ENVIRONMENT_ID"),
        tenant_id=_needed(environ, "D365_TENANT_ID"),
        client_id=environ.get("D365_CLIENT_ID", ""),
        client_secret=_resolved(environ, "D365_CLIENT_SECRET"),
        authority=(environ.get("D365_AUTHORITY", "") or "https://login.microsoftonline.com").rstrip("/"),
        data_project=_needed(environ, "D365_DATA_PROJECT"),
        ca_file=environ.get("D365_CA_FILE", ""),
    )
