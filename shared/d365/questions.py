"""Many reading questions in one request: a `$batch` of GETs, and each one's rows or refusal (D365 facts §5).

A list of 7,000 keys does not fit one address. Asked in portions inside one batch it costs one request; D365 takes up to
5,000 operations a batch, we send fewer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from urllib.parse import quote, urlencode

from shared.d365.json_text import read_json
from shared.d365.multipart import http_answer, parts_of, rows_in, told_seconds
from shared.d365.wire import error_text
from shared.errors import AccessRefusedError, RejectedError, RetryableError, ThrottledError

QUESTIONS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Question:
    """One GET of a set. `params` as in an address: $filter, $select."""

    odata_set: str
    params: Mapping[str, str]


def request_of(questions: Sequence[Question]) -> tuple[str, bytes]:
    """Give content type and body of a batch that asks them all, across companies."""
    asked = [
        f"{one.odata_set}?{urlencode({'cross-company': 'true', **one.params}, quote_via=quote)}"
        for one in questions
    ]
    boundary = f"batch_{hashlib.sha256(''.join(asked).encode()).hexdigest()[:24]}"
    lines: list[str] = []
    for target in asked:
        lines += [
            f"--{boundary}", "Content-Type: application/http", "Content-Transfer-Encoding: binary", "",
            f"GET /data/{target} HTTP/1.1", "Accept: application/json", "", "",
        ]  # fmt: skip
    lines += [f"--{boundary}--", ""]
    return f"multipart/mixed; boundary={boundary}", "\r\n".join(lines).encode()


def answers_of(
    kind: str, content_type: str, content: bytes, asked: int
) -> list[list[dict[str, object]] | None]:
    """Read the rows of each question, in order; None for one with further pages, which must be asked alone.

    Raises:
        RetryableError: the answer cannot be read, misses a question, or a part failed in a way that passes.
        AccessRefusedError: we may not read what a part asks for.
        ThrottledError: a part was refused for load.
        RejectedError: D365 refused a question, in its own words.
    """
    parts = parts_of(content_type, content)
    if parts is None or len(parts) != asked:
        raise RetryableError(f"{kind}: D365 answered {len(parts or ())} of {asked} questions")
    return [_rows(kind, part) for part in parts]


def _rows(kind: str, part: Message) -> list[dict[str, object]] | None:
    status, body = http_answer(part)
    if status != 200:
        raise _refusal(kind, status, error_text(body), told_seconds(part))
    try:
        read = read_json(body)
        rows = rows_in(read)
    except (ValueError, TypeError, KeyError) as error:
        raise RetryableError(f"{kind}: D365's answer cannot be read") from error
    return None if read.get("@odata.nextLink") else rows


def _refusal(kind: str, status: int, text: str, wait_seconds: float | None) -> Exception:
    message = f"{kind}: {text or f'D365 answered {status}'}"
    if status in (429, 503):
        return ThrottledError(message, wait_seconds=wait_seconds)
    if status == 403:
        return AccessRefusedError(message)
    if 400 <= status < 500 and status not in (401, 408):
        return RejectedError(message, field=kind, expected="an answer", found=str(status))
    return RetryableError(message)
