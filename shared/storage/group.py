"""Entity groups by hand: one `$batch` request, written and read without the SDK.

The SDK builds and parses the multipart body with Python's e-mail package, about 25 ms for 100 rows; this takes a few.
Format: Microsoft, "Performing entity group transactions". The body is one batch part that holds one change set; the
answer is 202 whatever happened, and its parts tell: one for each operation, or a single one for the first that failed.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from shared.errors import (
    AlreadyThereError,
    ChangedMeanwhileError,
    ConflictError,
    GroupRefusedError,
    NotThereError,
)
from shared.storage.entities import entity_json
from shared.storage.limits import place_of
from shared.storage.protocols import (
    GROUP_BYTES_MAX,
    Insert,
    Operation,
    Remove,
    Replace,
)

PART_HEAD = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
ACCEPT = "application/json;odata=nometadata"
TYPICAL_TABLE_URL = "https://account.table.core.windows.net/transactions"

_STATUS = re.compile(rb"^HTTP/1\.1 (\d{3})", re.MULTILINE)
_FAILED_INDEX = re.compile(r"(\d+):")
_REFUSALS: dict[int, type[ConflictError]] = {
    404: NotThereError,
    409: AlreadyThereError,
    412: ChangedMeanwhileError,
}
_NOT_A_ROW = frozenset({"TableNotFound", "TableBeingDeleted"})


@dataclass(frozen=True, slots=True)
class PartFailure:
    """The part of an answer that failed: HTTP status, the service's code and words, the operation's index."""

    status: int
    code: str
    message: str
    index: int

    def refusal(self) -> GroupRefusedError | None:
        """Give the refusal of the whole group; None when it was no condition of a row that failed."""
        kind = _REFUSALS.get(self.status)
        if kind is None or self.code in _NOT_A_ROW:
            return None
        return GroupRefusedError(self.index, kind(f"{self.code}: {self.message}"))


def encode_group(table_url: str, operations: Sequence[Operation]) -> tuple[str, bytes]:
    """Write the content type and body of a group.

    Raises:
        ValueError: the body is larger than 4 MiB.
    """
    name = uuid.uuid4()
    parts = [f"--batch_{name}\r\nContent-Type: multipart/mixed; boundary=changeset_{name}\r\n\r\n".encode()]
    opening = f"--changeset_{name}\r\n{PART_HEAD}".encode()
    for operation in operations:
        parts += (opening, _part(table_url, operation), b"\r\n")
    parts.append(f"--changeset_{name}--\r\n--batch_{name}--\r\n".encode())
    body = b"".join(parts)
    if len(body) > GROUP_BYTES_MAX:
        raise ValueError(f"a group of {len(body)} bytes; limit {GROUP_BYTES_MAX}")
    return f"multipart/mixed; boundary=batch_{name}", body


def check_group_bytes(operations: Sequence[Operation]) -> None:
    """Check the size of a group that is not going to be sent, for a table with a typical address.

    Raises:
        ValueError: the body would be larger than 4 MiB.
    """
    if sum(bytes_at_most(operation) for operation in operations) > GROUP_BYTES_MAX:
        encode_group(TYPICAL_TABLE_URL, operations)


def read_group_answer(body: bytes) -> PartFailure | None:
    """Read the parts of a 202 answer; None when every operation was done.

    Raises:
        ValueError: there is no part in it.
    """
    statuses = [(int(found[1]), found.end()) for found in _STATUS.finditer(body)]
    if not statuses:
        raise ValueError("the answer to a group holds no parts")
    for status, end in statuses:
        if status >= 400:
            return _failure(status, body[end:])
    return None


def entity_path(partition: str, key: str) -> str:
    """Write the address of one row behind its table's: quotes doubled, all else percent-encoded."""
    return f"(PartitionKey='{_quoted(partition)}',RowKey='{_quoted(key)}')"


def read_error(text: bytes) -> tuple[str, str]:
    """Give code and words of a service error written in JSON; ("", "") when it is not."""
    start, end = text.find(b"{"), text.rfind(b"}")
    try:
        error = json.loads(text[start : end + 1])["odata.error"]
        return str(error["code"]), str(error["message"]["value"])
    except (ValueError, KeyError, TypeError):
        return "", ""


def _part(table_url: str, operation: Operation) -> bytes:
    if isinstance(operation, Remove):
        place = entity_path(operation.partition, operation.key)
        head = f"DELETE {table_url}{place} HTTP/1.1\r\nAccept: {ACCEPT}\r\nIf-Match: {operation.etag}\r\n\r\n"
        return head.encode()
    row = operation.row
    content = entity_json(row)
    if isinstance(operation, Insert):
        line, more = f"POST {table_url}", "Prefer: return-no-content\r\n"
    else:
        line = f"PUT {table_url}{entity_path(row.partition, row.key)}"
        more = f"If-Match: {operation.etag}\r\n" if isinstance(operation, Replace) else ""
    head = (
        f"{line} HTTP/1.1\r\nAccept: {ACCEPT}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\nDataServiceVersion: 3.0\r\n{more}\r\n"
    )
    return head.encode() + content


def _failure(status: int, rest: bytes) -> PartFailure:
    code, message = read_error(rest)
    found = _FAILED_INDEX.match(message)
    index = int(found[1]) if found else 0
    return PartFailure(status, code, message.partition("\n")[0], index)


def _quoted(key: str) -> str:
    return quote(key.replace("'", "''"), safe="")


def bytes_at_most(operation: Operation) -> int:
    """Estimate an operation's encoded size from above, cheaply: a character of a key takes at most 12 in an address."""
    partition, key = place_of(operation)
    size = 600 + 16 * (len(partition) + len(key))
    if isinstance(operation, Remove):
        return size
    for name, value in operation.row.values.items():
        size += 2 * len(name) + 40
        if isinstance(value, str):
            size += 6 * len(value)
        elif isinstance(value, bytes):
            size += 4 + 2 * len(value)
    return size
