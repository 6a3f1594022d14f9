"""`$batch`: multipart in, multipart out, 200 outside whatever happens inside. A changeset lands whole or not at all."""

from __future__ import annotations

import re
import uuid

from simulator.answers import D365Error, error_body
from simulator.door import conflict_error
from simulator.faults import on_call
from simulator.odata import ODataService, Operation, Outcome
from simulator.world import World

OPERATIONS_MAX = 5_000
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_DATA = re.compile(r"^(?:https://[^/]+)?/?(?:data/)?")
_REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    412: "Precondition Failed",
    415: "Unsupported Media Type",
    500: "Internal Server Error",
}


class Batch:
    """Does batches against one environment."""

    def __init__(self, world: World, service: ODataService) -> None:
        self._world = world
        self._service = service

    def answer(self, content_type: str, content: bytes, *, go_on: bool) -> tuple[str, str]:
        """Do a batch. Give the answer's content type and body. go_on: do not stop at the first error.

        Raises:
            D365Error: the batch as a whole cannot be read, or is too large.
        """
        parts = [_read(head, body) for head, body in _parts(content_type, content)]
        if sum(len(operations) for operations, _ in parts) > OPERATIONS_MAX:
            raise D365Error(400, f"The batch has more than {OPERATIONS_MAX} operations.")
        outer = f"batchresponse_{uuid.uuid4()}"
        lines: list[str] = []
        for operations, in_changeset in parts:
            written, failed = self._changeset(operations) if in_changeset else self._single(operations[0])
            lines += [f"--{outer}", *written]
            if failed and not go_on:
                break
        lines += [f"--{outer}--", ""]
        return f"multipart/mixed; boundary={outer}", "\r\n".join(lines)

    def _single(self, operation: Operation) -> tuple[list[str], bool]:
        if operation.method != "GET":
            return self._changeset([operation], bare=True)
        try:
            return _http_part(self._service.answer(operation, in_batch=True)), False
        except D365Error as error:
            return _http_part(Outcome(error.status, error_body(error))), True

    def _changeset(self, operations: list[Operation], *, bare: bool = False) -> tuple[list[str], bool]:
        database = self._world.database
        try:
            with database.all_or_nothing():
                self._check(operations)
                outcomes = [self._service.answer(one, in_batch=True) for one in operations]
                self._service.refuse_orphans([one.created for one in outcomes if one.created])
        except D365Error as error:
            return _http_part(Outcome(error.status, error_body(error))), True
        if bare:
            return _http_part(outcomes[0]), False
        inner = f"changesetresponse_{uuid.uuid4()}"
        lines = [f"Content-Type: multipart/mixed; boundary={inner}", ""]
        for number, outcome in enumerate(outcomes, start=1):
            lines += [f"--{inner}", *_http_part(outcome, number)]
        return [*lines, f"--{inner}--", ""], False

    def _check(self, operations: list[Operation]) -> None:
        if any(one.method == "GET" for one in operations):
            raise D365Error(400, "A changeset must not have queries.")
        conflict = self._world.faults.fire("write_conflict", on_call("$batch", "/data/$batch"), "POST $batch")
        if conflict:
            raise conflict_error(conflict, operations[0].target.partition("(")[0].partition("?")[0])


def _read(head: dict[str, str], body: bytes) -> tuple[list[Operation], bool]:
    """Read one part: its operations, and whether they are a changeset."""
    inner_type = head.get("content-type", "")
    if "multipart" not in inner_type:
        _check_part(head)
        return [_operation(body)], False
    parts = _parts(inner_type, body)
    numbers = [part.get("content-id", "") for part, _ in parts]
    if "" in numbers or len(set(numbers)) != len(numbers):
        raise D365Error(400, "Each operation of a changeset needs a Content-ID of its own.")
    for part, _ in parts:
        _check_part(part)
    return [_operation(part) for _, part in parts], True


def _check_part(head: dict[str, str]) -> None:
    """A part that is an operation says so; Microsoft's OData library reads no other."""
    kind, encoding = head.get("content-type", ""), head.get("content-transfer-encoding", "")
    if kind.partition(";")[0].strip() != "application/http" or encoding.lower() != "binary":
        raise D365Error(400, "A part of a batch must be of type application/http and encoding binary.")


def _parts(content_type: str, content: bytes) -> list[tuple[dict[str, str], bytes]]:
    match = _BOUNDARY.search(content_type)
    if match is None or "multipart/mixed" not in content_type:
        raise D365Error(400, "The batch is not multipart/mixed with a boundary.")
    marked = b"\r\n" + content
    pieces = marked.split(b"\r\n--" + match[1].encode())
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise D365Error(400, "The batch is not closed by its boundary.")
    found = []
    for piece in pieces[1:-1]:
        head, _, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        found.append((_headers(head), body))
    return found


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _operation(body: bytes) -> Operation:
    """Read a request written out in full: request line, headers, empty line, content."""
    head, _, content = body.partition(b"\r\n\r\n")
    line, _, rest = head.partition(b"\r\n")
    words = line.decode("utf-8", "replace").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/"):
        raise D365Error(
            400, f"The batch has a part that is no request: '{line[:80].decode('utf-8', 'replace')}'."
        )
    return Operation(words[0], _DATA.sub("", words[1]), _headers(rest), content.removesuffix(b"\r\n"))


def _http_part(outcome: Outcome, content_id: int | None = None) -> list[str]:
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id is not None:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"HTTP/1.1 {outcome.status} {_REASONS.get(outcome.status, 'Error')}"]
    lines += [f"{name}: {value}" for name, value in outcome.headers]
    if outcome.text is not None:
        lines.append("Content-Type: text/plain")
    elif outcome.value is not None:
        lines.append("Content-Type: application/json; odata.metadata=minimal")
    return [*lines, "OData-Version: 4.0", "", outcome.body, ""]
