"""The last fence before a log: known secrets and what looks like one are blanked in every record, whoever writes it.

The first fence is that nobody writes them: settings show none in their texts, errors name kinds and fields, and what libraries
say of requests is turned down. This one is for what nobody thought of.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from shared.settings import Settings

HIDDEN = "[hidden]"
SECRET_CHARACTERS_MIN = 8
# Libraries that write down headers, addresses with signatures, or tokens, when they are asked to say more.
TALKATIVE = ("httpcore", "azure", "msal", "urllib3", "aiohttp")
_LOOKS_SECRET = re.compile(
    r"""(?ix)
    (?P<name>(?:\b(?:sig|signature|accountkey|sharedaccesskey|sharedaccesssignature|client_secret|client_assertion|
      access_token|refresh_token|id_token|password|api[-_]?key)(?:=|["']\s*:\s*b?["'])|[?&]code=))(?!\s)[^&\s"';,]+
    | (?P<scheme>\b(?:bearer|sharedkey|sharedkeylite|basic)\s+)(?=[^\s"']{8,})[^\s"',]+
    | (?P<header>\b(?:x-functions-key|x-tillpost-signature|x-[a-z-]*hmac[a-z0-9-]*|x-signature|authorization|cookie|set-cookie)
      ["']?\s*[:,]\s*(?:b?["'])?)(?!\s)(?:bearer\s+|sharedkey\s+|basic\s+)?[^\s"',)]+
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*
    """
)
_formatter = logging.Formatter()


class Fence:
    """Makes log records in which no secret stands. One for a process; installing it again adds to what it knows."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, secrets: Iterable[str]) -> None:
        """Remember texts that may stand in no record; short ones would be found anywhere."""
        self._known |= {one for one in secrets if len(one) >= SECRET_CHARACTERS_MIN}
        longest_first = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def clean(self, text: str) -> str:
        """Blank what is known to be secret, and what looks so."""
        known = self._pattern.sub(HIDDEN, text) if self._pattern is not None else text
        return _LOOKS_SECRET.sub(_blanked, known)

    def __call__(self, *arguments: Any, **named: Any) -> logging.LogRecord:
        """Make a record as the logging library does, then clean its words and its traceback."""
        record: logging.LogRecord = self._make(*arguments, **named)
        try:
            text = record.getMessage()
        except (
            TypeError,
            ValueError,
            KeyError,
        ):  # wrongly written: the library says so itself, with what was to be said
            record.msg = self.clean(str(record.msg))
            if isinstance(record.args, tuple):
                record.args = tuple(self.clean(one) if isinstance(one, str) else one for one in record.args)
            return record
        cleaned = self.clean(text)
        if cleaned != text:
            record.msg, record.args = cleaned, None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = self.clean(_formatter.formatException(record.exc_info))
        return record


def _blanked(found: re.Match[str]) -> str:
    return f"{found['name'] or found['scheme'] or found['header'] or ''}{HIDDEN}"


def put_up_fence(secrets: Iterable[str]) -> Fence:
    """Let every record of this process pass the fence, and turn talkative libraries down. Twice is once."""
    make = logging.getLogRecordFactory()
    fence = make if isinstance(make, Fence) else Fence(make)
    fence.learn(secrets)
    logging.setLogRecordFactory(fence)
    for name in TALKATIVE:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET or logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)
    return fence


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Give every text of the settings that may stand in no log: keys, secrets, addresses that are as good as a key."""
    key = re.search(r"(?i)AccountKey=([^;]+)", settings.storage.connection_string)
    channels = [
        one
        for each in settings.alerts.channels
        for one in (each.url, urlsplit(each.url).path.strip("/"), each.key, *each.secrets)
    ]
    return (
        settings.keyed_hash_secret,
        settings.d365.client_secret,
        settings.storage.connection_string,
        *([key[1]] if key else []),
        *(secret for sender in settings.senders.values() for secret in sender.secrets),
        *(one for account in settings.vendors.values() for one in (*account.secrets, *account.tokens)),
        *(person.key_sha256 for person in settings.people),
        *channels,
    )
