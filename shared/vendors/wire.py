"""One call to a vendor's API, and what its outcome means. Only reads, so every call may be made again.

| what happened                                       | error                              |
|-----------------------------------------------------|------------------------------------|
| no connection, answer lost, time-out, 408, 5xx       | RetryableError                     |
| 429, 503                                            | ThrottledError, with the wait told |
| 401, 402                                            | SignInRefusedError: a person acts  |
| 403                                                 | RightMissingError: a person acts   |
| 404, 410                                            | NotAtVendorError                   |
| other 4xx, 3xx, an answer that is too large          | RejectedError                      |
| an answer that is no JSON                           | RetryableError                     |

The token stands in a header and nowhere else: no error and no log line has it, nor what an answer says.
"""

from __future__ import annotations

import logging
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from shared.errors import RejectedError, RetryableError, ThrottledError
from shared.outbound import allowed_address, allowed_hosts
from shared.pos.json_tree import text_of_tree, tree_of

TIMEOUT = httpx.Timeout(20.0, connect=5.0)
ANSWER_BYTES_MAX = 8 * 1_048_576
WAIT_SECONDS_MAX = 3_600.0
_GZIP = 16 + zlib.MAX_WBITS
_hosts: set[str] = set()


class SignInRefusedError(RejectedError):
    """The vendor does not let us in: a token has ended or was replaced, or the account is closed."""


class RightMissingError(RejectedError):
    """The vendor lets us in, but not as far as this: the token lacks a right."""


class NotAtVendorError(RejectedError):
    """The vendor does not know what it was asked for."""


class AnswerTooLargeError(RejectedError):
    """The vendor answered with more than may be read at once."""


class VendorWire:
    """Calls to one account's host with its token. Counts calls by kind.

    tokens: one or two live ones; the second is tried where the first is refused. headers_of: the headers a token goes in.
    simulated_at: in simulations alone, where the host really is; "" everywhere else.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        host: str,
        tokens: Sequence[str],
        headers_of: Callable[[str], Mapping[str, str]],
        now: Callable[[], datetime],
        simulated_at: str = "",
    ) -> None:
        self.host = host
        self.calls: Counter[str] = Counter()
        self._http, self._tokens, self._headers_of, self._now = http, list(tokens), headers_of, now
        self._simulated_at = simulated_at
        self._allowed = allowed_hosts([host])
        _hosts.add(host)

    def now(self) -> datetime:
        """Give the time by which answers are believed and waits are counted."""
        return self._now()

    async def get(
        self, kind: str, path: str, query: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    ) -> dict[str, Any]:
        """Read an object. path: begins with a slash, its ids escaped; query: escaped here."""
        return await self._ask(kind, "GET", path, query, None)

    async def post(self, kind: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Ask a question that is too long for an address; it changes nothing there."""
        return await self._ask(kind, "POST", path, (), text_of_tree(dict(body)).encode())

    async def close(self) -> None:
        """Let connections go."""
        await self._http.aclose()

    async def _ask(
        self,
        kind: str,
        method: str,
        path: str,
        query: Mapping[str, str] | Sequence[tuple[str, str]],
        content: bytes | None,
    ) -> dict[str, Any]:
        """Ask with the token that was good last, and once more with the other where it is refused.

        Of ten that are refused at once, the first changes the token, and the others go on with what it found.
        """
        tried = self._tokens[0]
        try:
            return await self._exchange(kind, method, path, query, content)
        except SignInRefusedError:
            if len(self._tokens) < 2:
                raise
        if self._tokens[0] == tried:
            self._tokens.reverse()
        return await self._exchange(kind, method, path, query, content)

    async def _exchange(
        self,
        kind: str,
        method: str,
        path: str,
        query: Mapping[str, str] | Sequence[tuple[str, str]],
        content: bytes | None,
    ) -> dict[str, Any]:
        url = allowed_address(f"https://{self.host}{path}", self._allowed)
        if self._simulated_at:
            url = f"{self._simulated_at}{path}"
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            **self._headers_of(self._tokens[0]),
        }
        if content is not None:
            headers["Content-Type"] = "application/json"
        pairs: list[tuple[str, str | int | float | bool | None]] = list(
            query.items() if isinstance(query, Mapping) else query
        )
        request = self._http.build_request(
            method, url, params=pairs or None, content=content, headers=headers, timeout=TIMEOUT
        )
        self.calls[kind] += 1
        try:
            response = await self._http.send(request, follow_redirects=False, stream=True)
            found = await _content(response)
        except httpx.HTTPError as error:
            raise RetryableError(f"{kind}: no answer from {self.host} ({type(error).__name__})") from error
        if found is None:
            raise AnswerTooLargeError(
                f"{kind}: the answer is too large", field=kind, expected=f"at most {ANSWER_BYTES_MAX} bytes"
            )
        if not response.is_success:
            raise self._refusal(kind, response)
        return _object(kind, found)

    def _refusal(self, kind: str, response: httpx.Response) -> Exception:
        status = response.status_code
        told = f"{kind}: {self.host} answered {status}"
        if status in (429, 503):
            return ThrottledError(told, wait_seconds=self._wait(response.headers.get("Retry-After", "")))
        if status in (401, 402):
            return SignInRefusedError(told, field=kind, found=str(status))
        if status == 403:
            return RightMissingError(told, field=kind, found=str(status))
        if status in (404, 410):
            return NotAtVendorError(told, field=kind, found=str(status))
        if status in (408, 425) or status >= 500:
            return RetryableError(told)
        return RejectedError(told, field=kind, found=str(status))

    def _wait(self, told: str) -> float | None:
        """Read Retry-After, seconds (Shopify's with a point) or a date, at most an hour; None where it says nothing."""
        text = told.strip()
        whole, _, part = text.partition(".")
        if whole.isascii() and whole.isdecimal() and (not part or (part.isascii() and part.isdecimal())):
            return min(float(text[:12]), WAIT_SECONDS_MAX)
        try:
            until = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return min(max(0.0, (until - self._now()).total_seconds()), WAIT_SECONDS_MAX)


async def _content(response: httpx.Response) -> bytes | None:
    """Read a body as it comes, unpacked no further than it may be; None as soon as it is larger."""
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    packed = zlib.decompressobj(_GZIP) if coding == "gzip" else None
    parts, size = [], 0
    try:
        if coding not in ("identity", "gzip"):
            raise httpx.DecodingError("a coding that nobody asked for", request=response.request)
        async for raw in response.aiter_raw() if packed else response.aiter_bytes():
            part = packed.decompress(raw, ANSWER_BYTES_MAX + 1 - size) if packed else raw
            size += len(part)
            if size > ANSWER_BYTES_MAX:
                return None
            parts.append(part)
    except zlib.error as error:
        raise httpx.DecodingError("no gzip", request=response.request) from error
    finally:
        await response.aclose()
    return b"".join(parts)


def _object(kind: str, content: bytes) -> dict[str, Any]:
    try:
        tree = tree_of(content, "answer")
    except RejectedError as error:
        raise RetryableError(f"{kind}: the vendor's answer cannot be read") from error
    if not isinstance(tree, dict):
        raise RetryableError(f"{kind}: the vendor's answer is no object")
    return tree


def _hide_queries(record: logging.LogRecord) -> bool:
    """Let httpx log its requests, but of a vendor's address no more than host and path. Other filters may have made it a text."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            _without_query(one) if isinstance(one, httpx.URL | str) else one for one in record.args
        )
    return True


def _without_query(address: httpx.URL | str) -> httpx.URL | str:
    plain, query, _ = str(address).partition("?")
    is_vendors = any(plain.startswith(f"https://{host}/") for host in _hosts)
    return plain if query and is_vendors else address


logging.getLogger("httpx").addFilter(_hide_queries)
