"""One HTTP call to D365 or its blob store, and what its outcome means. Never a retry, never a wait, never a
redirect.

| what happened                            | a read, or harmless to repeat | import, changeset     |
|------------------------------------------|-------------------------------|-----------------------|
| no connection: nothing was sent          | RetryableError                | RetryableError        |
| connection or answer lost on the way     | RetryableError                | UnknownOutcomeError   |
| 429; 503 in D365's words or with a time   | ThrottledError                | ThrottledError        |
| any other 503, a gateway's word          | ThrottledError                | UnknownOutcomeError   |
| 401: our sign-in, not the receipts       | RetryableError                | RetryableError        |
| 403: our rights, not the receipts        | AccessRefusedError            | AccessRefusedError    |
| 408, other 5xx, an answer nobody can read| RetryableError                | UnknownOutcomeError   |
| other 4xx, 3xx                           | RejectedError, D365's text    | the same              |
"""

from __future__ import annotations

import logging
import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from shared.d365.decoder import decode
from shared.d365.json_text import read_json
from shared.d365.tokens import Tokens
from shared.errors import (
    AccessRefusedError,
    RejectedError,
    RetryableError,
    ThrottledError,
    UnknownOutcomeError,
)

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
# Importing answers only when D365 has unpacked the package.
IMPORT_TIMEOUT = httpx.Timeout(180.0, connect=10.0)
ANSWER_BYTES_MAX = 64 * 1_048_576
WAIT_SECONDS_MAX = 86_400.0  # whoever asks for more is asked again after a day
_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_SIGNATURE = re.compile(r"(?i)\b(sig=|client_secret=|bearer )[^&\s\"']+")


class AnswerTooLargeError(RejectedError):
    """D365 answered with more than may be read at once: less must be asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. `content_type` as the header has it."""

    content: bytes
    content_type: str

    def json(self) -> object:
        """Read it as JSON; numbers with a point become Decimals.

        Raises:
            ValueError: it is none.
        """
        return read_json(self.content)


class Wire:
    """Calls with our token to one origin, and calls without it to addresses D365 gave us. Counts calls by
    kind.
    """

    def __init__(
        self, origin: str, tokens: Tokens, http: httpx.AsyncClient, now: Callable[[], datetime]
    ) -> None:
        self.origin = origin
        self.calls: Counter[str] = Counter()
        self._tokens = tokens
        self._http = http
        self._now = now

    async def call(
        self,
        kind: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
        patience: httpx.Timeout = TIMEOUT,
        bytes_max: int = ANSWER_BYTES_MAX,
    ) -> Answer:
        """Call D365 itself. `path` begins with a slash; `repeatable`: the call may be made again without
        asking.

        Raises: see the table above; an AnswerTooLargeError for an answer of more than `bytes_max`.
        """
        own = {
            "Authorization": f"Bearer {await self._tokens.bearer()}",
            "Accept": "application/json",
            "OData-Version": "4.0",
            "OData-MaxVersion": "4.0",
            **(headers or {}),
        }
        request = self._http.build_request(
            method, self.origin + path, params=params, content=content, headers=own, timeout=patience
        )
        return await self._exchange(kind, request, repeatable=repeatable, bytes_max=bytes_max)

    async def close(self) -> None:
        """Close all connections, the sign-in's too."""
        await self._http.aclose()
        await self._tokens.close()

    async def fetch(self, kind: str, method: str, url: str, content: bytes | None = None) -> Answer:
        """Call an address with its own signature, such as a blob: our token does not go there."""
        headers = (
            {"x-ms-blob-type": "BlockBlob", "Content-Type": "application/zip"} if content is not None else {}
        )
        try:
            request = self._http.build_request(
                method, url, content=content, headers=headers, timeout=IMPORT_TIMEOUT
            )
        except httpx.InvalidURL as error:
            raise RejectedError("D365 gave an address that cannot be read") from error
        try:
            return await self._exchange(kind, request, repeatable=True)
        except AccessRefusedError as error:
            raise RetryableError(f"{kind}: the address D365 gave is not good any more") from error

    async def _exchange(
        self, kind: str, request: httpx.Request, *, repeatable: bool, bytes_max: int = ANSWER_BYTES_MAX
    ) -> Answer:
        request_id = str(uuid.uuid4())
        request.headers["x-ms-client-request-id"] = request_id
        self.calls[kind] += 1
        try:
            response = await self._http.send(request, follow_redirects=False, stream=True)
            content = await _content(response, bytes_max)
        except _NOTHING_SENT as error:
            raise RetryableError(f"{kind}: no connection to D365 ({type(error).__name__})") from error
        except httpx.RequestError as error:
            lost = f"{kind}: the answer got lost ({type(error).__name__}, request {request_id})"
            raise _not_known(lost, repeatable=repeatable) from error
        if content is None:
            expected = f"at most {bytes_max} bytes"
            raise AnswerTooLargeError(f"{kind}: D365's answer is too large", field=kind, expected=expected)
        if response.is_success:
            return Answer(content, response.headers.get("content-type", ""))
        raise self._refusal(kind, response, content, request_id, repeatable=repeatable)

    def _refusal(
        self, kind: str, response: httpx.Response, content: bytes, request_id: str, *, repeatable: bool
    ) -> Exception:
        status, text = response.status_code, error_text(content)
        if status in (429, 503):
            wait = self._wait_seconds(response.headers.get("retry-after", ""))
            its_own_words = wait is not None or decode(text).passes
            if status == 503 and not repeatable and not its_own_words:
                return UnknownOutcomeError(f"{kind}: 503 (request {request_id}): {text}".rstrip(": "))
            return ThrottledError(f"{kind}: {text or f'D365 answered {status}'}", wait_seconds=wait)
        if status in (401, 403):
            self._tokens.forget()
            refusal = AccessRefusedError if status == 403 else RetryableError
            return refusal(f"{kind}: access refused ({status}): {text}".rstrip(": "))
        if status == 408 or status >= 500:
            lost = f"{kind}: D365 answered {status} (request {request_id}): {text}".rstrip(": ")
            return _not_known(lost, repeatable=repeatable)
        return RejectedError(text or f"{kind}: D365 answered {status}", field=kind, found=str(status))

    def _wait_seconds(self, header: str) -> float | None:
        """Read Retry-After, seconds or a date, at most a day; None where it is absent or nonsense."""
        told = header.strip()
        if told.isascii() and told.isdecimal():
            return min(float(told), WAIT_SECONDS_MAX)
        try:
            until = parsedate_to_datetime(header)
        except (TypeError, ValueError):
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        return min(max(0.0, (until - self._now()).total_seconds()), WAIT_SECONDS_MAX)


async def _content(response: httpx.Response, bytes_max: int) -> bytes | None:
    """Read a body as it comes; None as soon as it is larger than it may be."""
    parts, size = [], 0
    try:
        async for part in response.aiter_bytes():
            size += len(part)
            if size > bytes_max:
                return None
            parts.append(part)
    finally:
        await response.aclose()
    return b"".join(parts)


def _not_known(message: str, *, repeatable: bool) -> Exception:
    return RetryableError(message) if repeatable else UnknownOutcomeError(message)


def error_text(content: bytes) -> str:
    """Give D365's own words of an error body: the inner message where there is one; at most 2,000 characters.

    Signatures of addresses never pass through.
    """
    text = content.decode("utf-8", "replace")
    try:
        body = read_json(content)
        error = body["error"]
        inner = error.get("innererror") or {}
        text = str(inner.get("message") or error.get("message") or "")
    except (ValueError, TypeError, KeyError, AttributeError):
        text = "" if text.strip() in ("{}", "[]", "null") else text
    return without_signature(text.strip()[:2_000])


def without_signature(text: str) -> str:
    """Blank the signature of a signed address, and a token or secret that is sent back to us, wherever it stands in a text."""
    return _SIGNATURE.sub(r"\1…", text)


def _hide_signatures(record: logging.LogRecord) -> bool:
    """Let httpx log its requests, but never the signature in an upload's address."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            without_signature(str(one)) if isinstance(one, httpx.URL | str) else one for one in record.args
        )
    return True


logging.getLogger("httpx").addFilter(_hide_signatures)
