"""The settings of Entra ID: whose tokens open this app, and whether keys of people still do. Without any, none does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.errors import SettingsError
from shared.settings_callers import is_guid

TENANT, AUDIENCE, AUTHORITY, KEYS = (
    "TILLPOST_TENANT_ID",
    "TILLPOST_AUDIENCE",
    "TILLPOST_AUTHORITY",
    "TILLPOST_KEYS_OF_PEOPLE",
)
ENTRA_SETTING_NAMES = (TENANT, AUDIENCE, AUTHORITY, KEYS)
PUBLIC_AUTHORITY = "https://login.microsoftonline.com"
AUDIENCES_MAX = 4
# Tokens of version 1 name another issuer than the host that gives them (learn.microsoft.com, "Access tokens in the
# Microsoft identity platform"; "National clouds").
_ISSUERS_OF_VERSION_1 = {
    "login.microsoftonline.com": "https://sts.windows.net",
    "login.microsoftonline.us": "https://sts.windows.net",
    "login.partner.microsoftonline.cn": "https://sts.chinacloudapi.cn",
}


@dataclass(frozen=True, slots=True)
class EntraSettings:
    """One tenant, the audiences its tokens must name, and the host whose keys sign them.

    keys_of_people: whether people may still come with a key of TILLPOST_PEOPLE.
    """

    tenant_id: str = ""
    audiences: tuple[str, ...] = ()
    authority: str = PUBLIC_AUTHORITY
    keys_of_people: bool = True

    @property
    def is_on(self) -> bool:
        return bool(self.tenant_id)

    @property
    def keys_address(self) -> str:
        """Give where the tenant's signing keys are."""
        return f"{self.authority}/{self.tenant_id}/discovery/v2.0/keys"

    @property
    def issuers(self) -> Mapping[str, str]:
        """Give the issuer that a token must name, by the version it says it has."""
        host = urlsplit(self.authority).hostname or ""
        first = _ISSUERS_OF_VERSION_1.get(host, self.authority)
        return {"1.0": f"{first}/{self.tenant_id}/", "2.0": f"{self.authority}/{self.tenant_id}/v2.0"}


def read_entra_settings(environ: Mapping[str, str]) -> EntraSettings:
    """Read whose tokens open this app.

    Raises:
        SettingsError: one is wrong, one lacks the other, or nobody could come in.
    """
    tenant = environ.get(TENANT, "").strip().lower()
    audiences = tuple(one for one in environ.get(AUDIENCE, "").replace(",", " ").split() if one)
    if bool(tenant) != bool(audiences):
        raise SettingsError(f"{TENANT} and {AUDIENCE} need each other")
    if tenant and not is_guid(tenant):
        raise SettingsError(f"{TENANT} is {tenant!r}; expected the id of one tenant, never common")
    if len(audiences) > AUDIENCES_MAX or any("*" in one for one in audiences):
        raise SettingsError(f"{AUDIENCE} names more than {AUDIENCES_MAX} audiences, or a pattern")
    keys = environ.get(KEYS, "").strip() or "on"
    if keys not in ("on", "off"):
        raise SettingsError(f"{KEYS} is {keys!r}; expected on or off")
    if keys == "off" and not tenant:
        raise SettingsError(f"{KEYS} is off, but {TENANT} is not set: nobody could come in")
    return EntraSettings(tenant, audiences, _authority(environ), keys == "on")


def _authority(environ: Mapping[str, str]) -> str:
    address = (environ.get(AUTHORITY, "").strip() or PUBLIC_AUTHORITY).rstrip("/")
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname or parts.path or parts.query or parts.username:
        raise SettingsError(f"{AUTHORITY} must be https:// and a host, nothing more")
    return address
