"""The one client that sends alerts: over https, to hosts of the settings alone, following nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from shared.alerts.mail import mail_request
from shared.alerts.outgoing import Outgoing
from shared.alerts.teams import teams_request
from shared.alerts.webhook import webhook_request
from shared.errors import RejectedError, RetryableError, ThrottledError, UnknownOutcomeError
from shared.settings_alerts import MAIL, TEAMS, Channel

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
WAIT_SECONDS_MAX = 3_600
_NOT_NOW = frozenset({425, 429, 503})
_NOBODY_KNOWS = frozenset({408, 500, 502, 504})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_hosts: set[str] = set()


class AlertClient:
    """Delivers alerts through the channels of the settings."""

    def __init__(
        self, http: httpx.AsyncClient, channels: tuple[Channel, ...], now: Callable[[], datetime]
    ) -> None:
        self._http, self._now = http, now
        self._allowed = frozenset(one.host for one in channels)
        _hosts.update(self._allowed)

    async def deliver(self, channel: Channel, body: Mapping[str, Any]) -> None:
        """Send an alert through a channel.

        Raises:
            RetryableError: it was not taken, and may be later.
            UnknownOutcomeError: nobody knows whether it was taken.
            RejectedError: it was refused, and will be until the channel is mended.
        """
        outgoing = request_of(channel, body, self._now())
        address = urlsplit(outgoing.url)
        if address.scheme != "https" or address.netloc.lower() not in self._allowed:
            raise RejectedError("an alert may only go over https to a host that the settings name")
        try:
            answer = await self._http.post(
                outgoing.url,
                content=outgoing.content,
                headers=dict(outgoing.headers),
                timeout=TIMEOUT,
                follow_redirects=False,
            )
        except _NEVER_SENT as error:
            raise RetryableError(f"no connection ({type(error).__name__})") from error
        except httpx.HTTPError as error:
            raise UnknownOutcomeError(f"no answer ({type(error).__name__})") from error
        _judge(answer)

    async def close(self) -> None:
        """Let connections go."""
        await self._http.aclose()


def request_of(channel: Channel, body: Mapping[str, Any], at: datetime) -> Outgoing:
    """Build the request that a channel's kind wants."""
    if channel.kind == TEAMS:
        return teams_request(channel, body)
    if channel.kind == MAIL:
        return mail_request(channel, body, at)
    return webhook_request(channel, body, at)


def _judge(answer: httpx.Response) -> None:
    status = answer.status_code
    if status in _NOT_NOW:
        raise ThrottledError(f"it asked for time ({status})", wait_seconds=_wait(answer))
    if status in _NOBODY_KNOWS:
        raise UnknownOutcomeError(f"it failed ({status})")
    if not 200 <= status < 300:
        raise RejectedError(f"it refused ({status})")


def _wait(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(min(int(text[:6]), WAIT_SECONDS_MAX)) if text.isascii() and text.isdecimal() else None


def _hide_addresses(record: logging.LogRecord) -> bool:
    """Let httpx log its requests, but of a channel's address no more than the host: the rest of it is a secret."""
    if isinstance(record.args, tuple):
        record.args = tuple(_host_only(one) if isinstance(one, httpx.URL) else one for one in record.args)
    return True


def _host_only(url: httpx.URL) -> httpx.URL | str:
    return f"https://{url.host}/…" if url.netloc.decode("ascii", "replace").lower() in _hosts else url


logging.getLogger("httpx").addFilter(_hide_addresses)
