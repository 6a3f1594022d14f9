"""The repair route's wire format: one `$batch`, one changeset a receipt, and what its answer says of each.

D365 answers 200 outside even where a changeset failed inside; a failed one is a single part with an error, a
successful one a multipart of its own (D365 facts §5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum

from shared.d365.cash_entities import DECLARATION
from shared.d365.decoder import decode
from shared.d365.entities import CHILDREN, HEADER, SHIFT
from shared.d365.multipart import http_answer, parts_of, told_seconds
from shared.d365.values import Row, row_json
from shared.d365.wire import error_text
from shared.errors import RejectedError, UnknownOutcomeError

ReceiptRows = Mapping[str, Sequence[Row]]
_ALREADY_THERE = ("the record already exists",)


class Outcome(StrEnum):
    """What became of one changeset. ALREADY_THERE: none of it was written; read back and compare.

    BUSY: refused for a passing reason (load, deadlock), nothing written. UNKNOWN: D365 does not say; read
    back.
    """

    CREATED = "created"
    ALREADY_THERE = "already there"
    REFUSED = "refused"
    BUSY = "busy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChangesetResult:
    """One receipt's outcome; `text` is D365's own where it refused, `wait_seconds` what it asked for where it was busy."""

    outcome: Outcome
    text: str = ""
    wait_seconds: float | None = None


def request_of(receipts: Sequence[ReceiptRows]) -> tuple[str, bytes]:
    """Give content type and body of a batch. In a changeset the header goes first: it lands whole or not at
    all.
    """
    changesets = [_changeset_parts(rows) for rows in receipts]
    token = hashlib.sha256("".join("".join(parts) for parts in changesets).encode()).hexdigest()[:24]
    lines: list[str] = []
    for index, parts in enumerate(changesets):
        inner = f"changeset_{token}_{index}"
        lines += [f"--batch_{token}", f"Content-Type: multipart/mixed; boundary={inner}", ""]
        for number, part in enumerate(parts, start=1):
            lines += [
                f"--{inner}", "Content-Type: application/http", "Content-Transfer-Encoding: binary",
                f"Content-ID: {number}", "", part,
            ]  # fmt: skip
        lines += [f"--{inner}--", ""]
    lines += [f"--batch_{token}--", ""]
    return f"multipart/mixed; boundary=batch_{token}", "\r\n".join(lines).encode()


def without_a_set(rows: ReceiptRows) -> list[str]:
    """Name the entities of a receipt that have no public set: it goes by data package only."""
    known = {entity.label for entity in (HEADER, *CHILDREN, DECLARATION, SHIFT)}
    return [label for label, found in rows.items() if found and label not in known]


def _changeset_parts(rows: ReceiptRows) -> list[str]:
    unsendable = without_a_set(rows)
    if unsendable:
        raise RejectedError(
            "D365 has no public set for this; it goes by data package only", field="entity",
            expected="an entity with a set", found=", ".join(unsendable),
        )  # fmt: skip
    return [
        f"POST /data/{entity.odata_set}?cross-company=true HTTP/1.1\r\n"
        f"Content-Type: application/json\r\nAccept: application/json\r\n\r\n{row_json(row)}"
        for entity in (HEADER, *CHILDREN, DECLARATION, SHIFT)
        for row in rows.get(entity.label, ())
    ]


def results_of(content_type: str, content: bytes, asked: int) -> list[ChangesetResult]:
    """Read the answer to a batch of `asked` changesets; those D365 says nothing of are UNKNOWN.

    Raises:
        UnknownOutcomeError: the answer is no multipart, or has more parts than were asked for.
    """
    parts = parts_of(content_type, content)
    if parts is None:
        raise UnknownOutcomeError("changeset: D365's answer is no batch answer")
    results = [_result(part) for part in parts]
    if len(results) > asked:
        raise UnknownOutcomeError(f"changeset: D365 answered {len(results)} changesets, {asked} were sent")
    silent = ChangesetResult(Outcome.UNKNOWN, "D365 did not answer for this receipt")
    return results + [silent] * (asked - len(results))


def _result(part: Message) -> ChangesetResult:
    """Judge one changeset: created only if every one of its writes says so."""
    answers = [
        http_answer(one)
        for one in (part.walk() if part.is_multipart() else (part,))
        if not one.is_multipart()
    ]
    failed = next((answer for answer in answers if not 200 <= answer[0] < 300), None)
    if not answers:
        return ChangesetResult(Outcome.UNKNOWN, "an empty answer")
    if failed is None:
        return ChangesetResult(Outcome.CREATED)
    status, body = failed
    text = error_text(body)
    if status == 0:
        return ChangesetResult(Outcome.UNKNOWN, "an answer that cannot be read")
    if any(mark in text.lower() for mark in _ALREADY_THERE):
        return ChangesetResult(Outcome.ALREADY_THERE, text)
    if status in (429, 503) or decode(text).passes:
        told = None if part.is_multipart() else told_seconds(part)
        return ChangesetResult(Outcome.BUSY, text, told)
    if not text:
        return ChangesetResult(Outcome.UNKNOWN, f"D365 answered {status} without a word")
    return ChangesetResult(Outcome.REFUSED, text)
