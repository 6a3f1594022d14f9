"""Every setting of the app, read once and complete: what is missing or wrong is said at start, by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.clock import Clock
from shared.errors import SettingsError
from shared.settings_alerts import ALERT_SETTING_NAMES, AlertSettings, read_alert_settings
from shared.settings_callers import ROLES as ROLES
from shared.settings_callers import SECRET_CHARACTERS_MIN, read_people, read_senders
from shared.settings_callers import Person as Person
from shared.settings_callers import Sender as Sender
from shared.settings_callers import is_guid as is_guid
from shared.settings_callers import unlisted_name as unlisted_name
from shared.settings_entra import ENTRA_SETTING_NAMES, read_entra_settings
from shared.settings_entra import EntraSettings as EntraSettings

SIMULATION = "simulation"
ENVIRONMENTS = (SIMULATION, "test", "production")
SIMULATION_ONLY = ("TILLPOST_CLOCK_START", "TILLPOST_CLOCK_ANCHOR", "TILLPOST_CLOCK_SPEED", "D365_CA_FILE")
FUNCTION_KEYS = "TILLPOST_FUNCTION_KEYS"
SETTING_NAMES = (
    "TILLPOST_ENVIRONMENT",
    "TILLPOST_STORAGE",
    "TILLPOST_STORAGE__tableServiceUri",
    "TILLPOST_STORAGE__queueServiceUri",
    "TILLPOST_STORAGE__credential",
    "TILLPOST_STORAGE__clientId",
    "TILLPOST_SENDERS",
    "TILLPOST_PEOPLE",
    *ENTRA_SETTING_NAMES,
    FUNCTION_KEYS,
    "TILLPOST_KEYED_HASH_SECRET",
    "TILLPOST_HEARTBEAT_SCHEDULE",
    "TILLPOST_GRACE_MINUTES",
    "TILLPOST_PACKAGE_MINUTES",
    "TILLPOST_TRACKING_MINUTES",
    "TILLPOST_SETTLE_SECONDS",
    "TILLPOST_SILENT_MINUTES",
    "TILLPOST_LATE_MINUTES",
    "TILLPOST_REFUND_WAIT_HOURS",
    "TILLPOST_EFFECT_HOURS",
    *ALERT_SETTING_NAMES,
    "TILLPOST_DUE_SHARDS",
    *SIMULATION_ONLY[:3],
    "D365_URL",
    "D365_MOVED_FROM",
    "D365_ENVIRONMENT_ID",
    "D365_TENANT_ID",
    "D365_CLIENT_ID",
    "D365_CLIENT_SECRET",
    "D365_AUTHORITY",
    "D365_DATA_PROJECT",
    "D365_TAX_SIGN",
    "D365_IMPORT_ORDER",
    "D365_CASH_OFFICE",
    "D365_TENDER_DECLARATIONS",
    "D365_CA_FILE",
)
BY_HAND, PACKAGES, AUDITABLE = "by_hand", "packages", "auditable"
AS_NET, AS_POS = "as_net", "as_pos"
LINES_FIRST, HEADER_FIRST = "lines_first", "header_first"
LABEL_CHARACTERS_MAX = 80
NUMBER_MAX = 100_000
DUE_SHARDS = (1, 16)


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Either a connection string, or both service addresses for an identity."""

    connection_string: str = ""
    table_endpoint: str = ""
    queue_endpoint: str = ""
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class D365Settings:
    """An environment and how to sign in: client id and secret, or, without a secret, the app's own identity.

    import_order: whether a receipt's lines are imported before its header, so that headquarters never sees a header without
    them, or after it, where an environment takes no line without one.
    tax_sign: whether D365 keeps taxes in the sign of the net amount or in the till's. cash_office, tender_declarations:
    what of floats, drops and counts is sent (docs/cash-office.md); a declaration's entity by its label.
    """

    url: str
    environment_id: str
    tenant_id: str
    client_id: str
    client_secret: str
    authority: str
    data_project: str
    ca_file: str
    tax_sign: str = AS_NET
    import_order: str = LINES_FIRST
    cash_office: str = BY_HAND
    tender_declarations: str = BY_HAND
    moved_from: str = ""


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
    silent_minutes: int = 60
    late_minutes: int = 30
    refund_wait_hours: int = 24
    effect_hours: int = 72
    alerts: AlertSettings = field(default_factory=AlertSettings)
    due_shards: int = 1
    entra: EntraSettings = field(default_factory=EntraSettings)
    function_keys: bool = False  # Azure asks for one before a source account's request reaches this app


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read all settings from environment variables.

    Raises:
        SettingsError: a setting is missing or wrong; it is named.
    """
    for name in SETTING_NAMES:
        _refuse_unresolved(environ, name)
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
        senders=read_senders(_needed(environ, "TILLPOST_SENDERS")),
        people=read_people(_needed(environ, "TILLPOST_PEOPLE")),
        keyed_hash_secret=_secret(environ, "TILLPOST_KEYED_HASH_SECRET"),
        grace_minutes=_number(environ, "TILLPOST_GRACE_MINUTES", 60),
        package_minutes=_number(environ, "TILLPOST_PACKAGE_MINUTES", 15),
        tracking_minutes=_number(environ, "TILLPOST_TRACKING_MINUTES", 15),
        settle_seconds=_number(environ, "TILLPOST_SETTLE_SECONDS", 60),
        clock=_clock(environ),
        d365=_d365(environ),
        silent_minutes=_number(environ, "TILLPOST_SILENT_MINUTES", 60),
        late_minutes=_number(environ, "TILLPOST_LATE_MINUTES", 30),
        refund_wait_hours=_number(environ, "TILLPOST_REFUND_WAIT_HOURS", 24),
        effect_hours=_number(environ, "TILLPOST_EFFECT_HOURS", 72),
        alerts=read_alert_settings(environ),
        due_shards=_shards(environ),
        entra=read_entra_settings(environ),
        function_keys=_one_of(environ, FUNCTION_KEYS, "off", "on") == "on",
    )


def _needed(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _refuse_unresolved(environ: Mapping[str, str], name: str) -> None:
    if environ.get(name, "").strip().startswith("@Microsoft.KeyVault("):
        raise SettingsError(
            f"{name} is a Key Vault reference that was not resolved; check the app's identity"
        )


def _secret(environ: Mapping[str, str], name: str) -> str:
    value = _needed(environ, name)
    if len(value) < SECRET_CHARACTERS_MIN:
        raise SettingsError(f"{name} is shorter than {SECRET_CHARACTERS_MIN} characters")
    return value


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "").strip() or str(default)
    if not text.isdecimal() or len(text) > 6 or int(text) > NUMBER_MAX:
        raise SettingsError(f"{name} is {text!r}; expected a whole number from 0 to {NUMBER_MAX}")
    return int(text)


def _shards(environ: Mapping[str, str]) -> int:
    """Give over how many partitions the list of work is spread; a step between the two would move rows from shard to shard."""
    name = "TILLPOST_DUE_SHARDS"
    number = _number(environ, name, 1)
    if number not in DUE_SHARDS:
        raise SettingsError(
            f"{name} is {number}; expected a whole number, {' or '.join(map(str, DUE_SHARDS))}"
        )
    return number


def _storage(environ: Mapping[str, str]) -> StorageSettings:
    names = ("TILLPOST_STORAGE__tableServiceUri", "TILLPOST_STORAGE__queueServiceUri")
    if not any(environ.get(name) for name in names):
        return StorageSettings(connection_string=_needed(environ, "TILLPOST_STORAGE"))
    tables, queues = (_https(_needed(environ, name), name) for name in names)
    return StorageSettings("", tables, queues, environ.get("TILLPOST_STORAGE__clientId", ""))


def _https(address: str, name: str) -> str:
    if not address.startswith("https://"):
        raise SettingsError(f"{name} must start with https://")
    return address.rstrip("/")


def _clock(environ: Mapping[str, str]) -> Clock:
    start, anchor = environ.get("TILLPOST_CLOCK_START", ""), environ.get("TILLPOST_CLOCK_ANCHOR", "")
    if not start and not anchor:
        return Clock()
    if not start or not anchor:
        raise SettingsError("TILLPOST_CLOCK_START and TILLPOST_CLOCK_ANCHOR need each other")
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
    if not 0 < speed < math.inf:
        raise SettingsError("TILLPOST_CLOCK_SPEED must be more than 0, and finite")
    return clock


def _d365(environ: Mapping[str, str]) -> D365Settings:
    client_id = environ.get("D365_CLIENT_ID", "").strip()
    client_secret = environ.get("D365_CLIENT_SECRET", "").strip()
    if client_secret and not client_id:
        raise SettingsError("D365_CLIENT_ID is not set, but D365_CLIENT_SECRET is")
    moved_from = environ.get("D365_MOVED_FROM", "").strip()
    authority = environ.get("D365_AUTHORITY", "") or "https://login.microsoftonline.com"
    return D365Settings(
        url=_https(_needed(environ, "D365_URL"), "D365_URL"),
        environment_id=_needed(environ, "D365_ENVIRONMENT_ID"),
        tenant_id=_needed(environ, "D365_TENANT_ID"),
        client_id=client_id,
        client_secret=client_secret,
        authority=_https(authority, "D365_AUTHORITY"),
        data_project=_needed(environ, "D365_DATA_PROJECT"),
        ca_file=environ.get("D365_CA_FILE", ""),
        tax_sign=_one_of(environ, "D365_TAX_SIGN", AS_NET, AS_POS),
        import_order=_one_of(environ, "D365_IMPORT_ORDER", LINES_FIRST, HEADER_FIRST),
        cash_office=_one_of(environ, "D365_CASH_OFFICE", BY_HAND, PACKAGES),
        tender_declarations=_declarations(environ),
        moved_from=_https(moved_from, "D365_MOVED_FROM") if moved_from else "",
    )


def _one_of(environ: Mapping[str, str], name: str, default: str, other: str) -> str:
    value = environ.get(name, "").strip() or default
    if value not in (default, other):
        raise SettingsError(f"{name} is {value!r}; expected {default} or {other}")
    return value


def _declarations(environ: Mapping[str, str]) -> str:
    """By hand, the auditable entity, or the label of an entity the customer had built; a label begins with a capital."""
    value = environ.get("D365_TENDER_DECLARATIONS", "").strip() or BY_HAND
    if value in (BY_HAND, AUDITABLE):
        return value
    if len(value) > LABEL_CHARACTERS_MAX or not value[0].isupper() or not value.isprintable():
        expected = f"{BY_HAND}, {AUDITABLE} or the label of a data entity, such as 'Tender declarations'"
        raise SettingsError(f"D365_TENDER_DECLARATIONS is {value!r}; expected {expected}")
    return value
