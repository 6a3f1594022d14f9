"""Where the app may call: https, port 443, and exactly the hosts that the settings name.

An address is judged as text before anything is resolved or sent. Certificates are verified against the host's name, so a host
that answers under somebody else's address gets nothing either. Redirects are never followed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from shared.errors import RejectedError, SettingsError

URL_CHARACTERS_MAX = 2_048
_HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_PLAIN = re.compile(r"[!-~]+")  # printable ASCII without blanks
_NEVER = (
    "localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "onion",
    "nip.io", "sslip.io", "localtest.me", "lvh.me",
)  # fmt: skip


def allowed_hosts(hosts: Iterable[str]) -> frozenset[str]:
    """Give the hosts of a client's settings.

    Raises:
        SettingsError: one is no public name: an address in figures, a name of this machine or of a private network.
    """
    found = frozenset(hosts)
    for one in sorted(found):
        if not is_public_name(one):
            raise SettingsError(f"{one!r} is no host that may be called: a public name in small letters is")
    return found


def allowed_address(url: str, hosts: frozenset[str]) -> str:
    """Give the address back if the app may call it with its token.

    Raises:
        RejectedError: anything else than https on port 443 to one of the hosts. Says the host at most, never the rest.
    """
    host = _host_of(url)
    if host is None or host not in hosts or not is_public_name(host):
        raise RejectedError(
            "this address may not be called", field="host", expected=" or ".join(sorted(hosts)) or "no host at all",
            found=(host or "no plain https address")[:100],
        )  # fmt: skip
    return url


def is_public_name(host: str) -> bool:
    """Say whether a host is a name that can be public: never figures in any notation, never this machine or its network."""
    if not _HOST.fullmatch(host) or any(host == one or host.endswith(f".{one}") for one in _NEVER):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False


def in_path(name: str) -> str:
    """Escape an id for a path: it stays one part of it, whatever it holds.

    Raises:
        RejectedError: it is empty, too long, or would be read as “here” or “above”.
    """
    if not name or len(name) > 200 or name in (".", ".."):
        raise RejectedError(
            "this id cannot be asked for", field="id", expected="1 to 200 characters", found=name[:40]
        )
    return quote(name, safe="")


def _host_of(url: str) -> str | None:
    """Give the host of a plain https address; None for one that two readers might understand differently."""
    if len(url) > URL_CHARACTERS_MAX or not _PLAIN.fullmatch(url) or "\\" in url or "#" in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if (
        not url.startswith("https://")
        or parts.scheme != "https"
        or "@" in parts.netloc
        or "%" in parts.netloc
    ):
        return None
    if port not in (None, 443) or parts.netloc.endswith(":") or _climbs(parts.path):
        return None
    return parts.netloc.lower().removesuffix(":443")


def _climbs(path: str) -> bool:
    """Say whether a path has a part that goes up, or an empty one, escaped or not."""
    folded = path.lower().replace("%2e", ".")
    return any(part in (".", "..") for part in folded.split("/")) or "//" in path
