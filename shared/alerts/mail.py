"""An alert as a mail, through the mail API of Azure Communication Services, signed with the resource's access key.

`POST /emails:send`, answered 202 (learn.microsoft.com, *Email - Send*, 2023-03-31). Signed are method, path, date, host and the
body's hash (*Sign an HTTP request with an HMAC signature*). Delivery goes on after the answer and is not followed.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from shared.alerts.outgoing import Outgoing, json_bytes
from shared.settings_alerts import Channel

PATH = "/emails:send?api-version=2023-03-31"
SUBJECT_CHARACTERS_MAX = 180
_NAMESPACE = uuid.UUID("6d0c1a52-6a0b-5c0e-9f0e-2f6b7a1d4c11")


def mail_request(channel: Channel, body: Mapping[str, Any], at: datetime) -> Outgoing:
    """Build the request. The operation's id follows from the alert and the channel: the same whenever it is sent again."""
    parts = urlsplit(channel.url)
    content = json_bytes(
        {
            "senderAddress": channel.sender,
            "recipients": {"to": [{"address": one} for one in channel.to]},
            "content": {"subject": _subject(body["title"]), "plainText": mail_text(body)},
            "userEngagementTrackingDisabled": True,
        }
    )
    headers = signed_headers(channel.key, parts.netloc, PATH, content, at)
    headers["Operation-Id"] = str(uuid.uuid5(_NAMESPACE, f"{channel.name} {body['id']}"))
    return Outgoing(f"https://{parts.netloc}{PATH}", content, headers)


def signed_headers(key: str, host: str, path: str, content: bytes, at: datetime) -> dict[str, str]:
    """Give the headers that authorise a request. key: base64, as the portal shows it."""
    date = format_datetime(at, usegmt=True)
    digest = b64encode(hashlib.sha256(content).digest()).decode()
    text = f"POST\n{path}\n{date};{host};{digest}"
    signature = b64encode(hmac.digest(b64decode(key), text.encode(), hashlib.sha256)).decode()
    return {
        "Content-Type": "application/json",
        "x-ms-date": date,
        "x-ms-content-sha256": digest,
        "Authorization": f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}",
    }


def mail_text(body: Mapping[str, Any]) -> str:
    """Write an alert as plain text."""
    parts = [body["title"], *body["lines"]]
    for one in body["causes"]:
        amounts = ", ".join(f"{amount} {currency}".strip() for currency, amount in one["amounts"].items())
        told = f" ({one['told_because']})" if one["told_because"] else ""
        facts = [
            f"Holds: {one['size']}{f', {amounts}' if amounts else ''}",
            f"State: {one['state']}{told}; due {one['due_at'][:16].replace('T', ' ')} UTC{', overdue' if one['overdue'] else ''}",
            f"Stores: {', '.join(one['store_names'])}" if one["store_names"] else "",
            one["stock"],
        ]
        texts = [one["what_happened"], one["why"], one["holds_up"], *facts, f"Do this: {one['do_this']}"]
        parts.append("\n".join([*(text for text in texts if text), f"Runbook: {one['runbook']}"]))
    if body["more"]:
        parts.append(f"and {body['more']:,} more in the list of causes")
    return "\n\n".join([*parts, f"Alert {body['id']}"])


def _subject(title: str) -> str:
    text = "".join(one if one.isprintable() else " " for one in f"Tillpost: {title}")
    return text if len(text) <= SUBJECT_CHARACTERS_MAX else f"{text[: SUBJECT_CHARACTERS_MAX - 1]}…"
