"""Addresses: the environment's own, and those that D365 hands out for uploads, which are checked before
use.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from shared.errors import RejectedError, SettingsError


def environment_origin(url: str) -> str:
    """Give scheme, host and port of the environment's address, without a trailing slash.

    Raises:
        SettingsError: it is not an https address, or holds a path, a query or a password.
    """
    parts = urlsplit(url.strip())
    if (
        parts.scheme != "https"
        or not parts.hostname
        or parts.path not in ("", "/")
        or parts.query
        or parts.username
    ):
        raise SettingsError(
            "D365_URL must be an https address such as https://contoso.operations.dynamics.com"
        )
    return f"https://{parts.netloc.lower()}"


def same_origin(url: str, origin: str) -> bool:
    """Say whether an address stays with the environment that gave it."""
    return _host_and_port(url) is not None and _host_and_port(url) == _host_and_port(origin)


def allowed_upload_url(url: str, hosts: Sequence[str]) -> str:
    """Give the address back if a package may go there. `hosts`: exact `host` or `host:port`, or `*.domain`.

    Raises:
        RejectedError: not https, or a host nobody allowed. The message names the host, never the signature.
    """
    found = _host_and_port(url)
    if found is not None:
        host, port = found
        for allowed in hosts:
            if (
                allowed.startswith("*.")
                and port == 443
                and host.endswith(allowed[1:])
                and host != allowed[2:]
            ):
                return url
            if allowed in (f"{host}:{port}", host if port == 443 else ""):
                return url
    raise RejectedError(
        "D365 named an upload address that is not allowed", field="packageUrl", expected=" or ".join(hosts),
        found=found[0] if found else "no https address",
    )  # fmt: skip


def expiry_of(url: str) -> datetime | None:
    """Read when a signed address expires (its `se`); None where it does not say."""
    values = parse_qs(urlsplit(url).query).get("se", [])
    try:
        at = datetime.fromisoformat(values[0])
    except (IndexError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _host_and_port(url: str) -> tuple[str, int] | None:
    parts = urlsplit(url)
    try:
        port = parts.port or 443
    except ValueError:
        return None
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password:
        return None
    return parts.hostname.lower(), port
