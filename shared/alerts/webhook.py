"""An alert as JSON, signed: whoever receives it can tell that it is ours, fresh, and not another delivery of one it has."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.alerts.outgoing import Outgoing, json_bytes
from shared.settings_alerts import Channel


def webhook_request(channel: Channel, body: Mapping[str, Any], at: datetime) -> Outgoing:
    """Build the request. The signature is over timestamp and body, one for each live secret, so that secrets rotate."""
    content, stamp = json_bytes(body), str(int(at.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Tillpost-Alert": _plain(body["id"]),
        "X-Tillpost-Timestamp": stamp,
        "X-Tillpost-Signature": ",".join(signature_of(one, stamp, content) for one in channel.secrets),
    }
    return Outgoing(channel.url, content, headers)


def signature_of(secret: str, stamp: str, content: bytes) -> str:
    r"""Sign: hex HMAC-SHA256(secret, "<unix seconds>\n" + raw body)."""
    return hmac.new(secret.encode(), f"{stamp}\n".encode() + content, hashlib.sha256).hexdigest()


def _plain(identity: str) -> str:
    return identity.encode("ascii", "replace").decode()
