"""What is inside answers: the parts of a `$batch` answer, the HTTP answer that a part holds, the rows of a question."""

from __future__ import annotations

import re
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP

_RETRY_AFTER = re.compile(rb"(?im)^retry-after:[ \t]*(\d{1,5})[ \t]*\r?$")


def parts_of(content_type: str, content: bytes) -> list[Message] | None:
    """Give the parts of a multipart answer, in order; None where it is none."""
    head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    whole = BytesParser(policy=HTTP).parsebytes(head + content)
    return list(whole.iter_parts()) if whole.is_multipart() else None


def told_seconds(part: Message) -> float | None:
    """Give the seconds after which the answer in a part says to come back; None where it does not say."""
    found = part.get_payload(decode=True)
    told = _RETRY_AFTER.search(found) if isinstance(found, bytes) else None
    return float(told[1]) if told else None


def http_answer(part: Message) -> tuple[int, bytes]:
    """Give status and body of an answer inside a part; status 0 where it cannot be read."""
    found = part.get_payload(decode=True)
    content = found if isinstance(found, bytes) else b""
    head, _, body = content.lstrip(b"\r\n").replace(b"\r\n", b"\n").partition(b"\n\n")
    words = head.split(b"\n", 1)[0].split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        return 0, b""
    return int(words[1]), body


def rows_in(body: object) -> list[dict[str, object]]:
    """Give the rows of an answer.

    Raises:
        ValueError: it is no answer with rows.
    """
    rows = body.get("value") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("an answer without rows")
    return rows
