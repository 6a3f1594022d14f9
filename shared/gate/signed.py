"""Requests that source accounts sign: over their raw bytes, within five minutes, with one of two live secrets."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from shared.errors import ForbiddenError
from shared.gate.texts import bytes_of, lowered
from shared.settings import Sender, Settings

REPLAY_WINDOW_SECONDS = 300
UNSIGNED = "the request is not signed by a source account known here, or its time is off"


def admit_sender(
    settings: Settings, headers: Mapping[str, str], method: str, path: str, body: bytes, now: datetime
) -> Sender:
    r"""Verify a sender's signature and give the sender.

    signature = hex HMAC-SHA256(secret, "<timestamp>\n<METHOD>\n<path>\n" + raw body); the timestamp (unix seconds)
    may be at most five minutes from now, either way. Two secrets may be live, so that they rotate without a gap.

    Raises:
        ForbiddenError: 401; it does not say which part was wrong.
    """
    headers = lowered(headers)
    sender = settings.senders.get(headers.get("x-tillpost-account", ""))
    stamp = headers.get("x-tillpost-timestamp", "")
    signature = headers.get("x-tillpost-signature", "").lower()
    message = bytes_of(f"{stamp}\n{method.upper()}\n{path}\n") + body
    secrets = sender.secrets if sender and sender.secrets else ("no such account",)
    matches = [
        hmac.compare_digest(
            hmac.new(bytes_of(secret), message, hashlib.sha256).hexdigest().encode(), bytes_of(signature)
        )
        for secret in secrets
    ]
    is_known = sender is not None and bool(sender.secrets)
    if sender is None or not is_known or not any(matches) or not _is_fresh(settings, stamp, now):
        raise ForbiddenError(UNSIGNED)
    return sender


def _is_fresh(settings: Settings, stamp: str, now: datetime) -> bool:
    if not stamp.isascii() or not stamp.isdecimal() or len(stamp) > 12:
        return False
    window = settings.clock.patience(REPLAY_WINDOW_SECONDS).total_seconds()
    return abs(now.timestamp() - int(stamp)) <= window
