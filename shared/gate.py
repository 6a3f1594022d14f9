"""The one gate: who is calling, and what they may do. Every route goes through it before anything is read or kept.

Senders sign each request over its raw bytes; people carry a key. Both are compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from shared.errors import ForbiddenError
from shared.settings import Person, Sender, Settings

REPLAY_WINDOW_SECONDS = 300


def admit_sender(
    settings: Settings, headers: Mapping[str, str], method: str, path: str, body: bytes, now: datetime
) -> Sender:
    r"""Verify a sender's signature and give the sender.

    signature = hex HMAC-SHA256(secret, "<timestamp>\n<METHOD>\n<path>\n" + raw body); the timestamp (unix seconds)
    may be at most five minutes from now, either way. Two secrets may be live, so that they rotate without a gap.

    Raises:
        ForbiddenError: 401; it does not say which part was wrong.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    sender = settings.senders.get(headers.get("x-tillpost-account", ""))
    stamp = headers.get("x-tillpost-timestamp", "")
    signature = headers.get("x-tillpost-signature", "").lower()
    message = _bytes(f"{stamp}\n{method.upper()}\n{path}\n") + body
    secrets = sender.secrets if sender else ("no such account",)
    matches = [
        hmac.compare_digest(
            hmac.new(_bytes(secret), message, hashlib.sha256).hexdigest().encode(), _bytes(signature)
        )
        for secret in secrets
    ]
    if sender is None or not any(matches) or not _is_fresh(settings, stamp, now):
        raise ForbiddenError("the request is not signed by a source account known here, or its time is off")
    return sender


def _is_fresh(settings: Settings, stamp: str, now: datetime) -> bool:
    if not stamp.isascii() or not stamp.isdecimal() or len(stamp) > 12:
        return False
    window = settings.clock.patience(REPLAY_WINDOW_SECONDS).total_seconds()
    return abs(now.timestamp() - int(stamp)) <= window


def admit_person(settings: Settings, headers: Mapping[str, str], *roles: str) -> Person:
    """Verify a person's key and that they hold one of the roles (any role when none is named).

    Raises:
        ForbiddenError: 401 for an unknown key, 403 for a known person without the role.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    scheme, _, key = headers.get("authorization", "").partition(" ")
    digest = hashlib.sha256(_bytes(key)).hexdigest()
    found = [one for one in settings.people if hmac.compare_digest(one.key_sha256, digest)]
    if scheme.lower() != "bearer" or not key or not found:
        raise ForbiddenError("sign in with a key that is known here")
    person = found[0]
    if roles and not person.roles & set(roles):
        raise ForbiddenError(f"this needs the role {' or '.join(roles)}", status=403)
    return person


def _bytes(text: str) -> bytes:
    """Encode a text, also one that came as a header in bytes that are no UTF-8: such a caller is refused, not a bug."""
    return text.encode("utf-8", "surrogatepass")
