"""What every POS adapter gives and takes: bytes in, arrivals out, and the same bytes readable again later.

An adapter says what makes a document unreadable or of the wrong shape. Whether a transaction adds up is not
its business (`shared.retail.rules`), nor is which store it belongs to (the stores mapping).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol
from zoneinfo import ZoneInfo

from shared.errors import RejectedError
from shared.retail.rules import Problem
from shared.retail.transaction import ShiftRecord, Transaction

BODY_BYTES_MAX = 16 * 1024 * 1024
TEXT_BYTES_MAX = 4 * 1024 * 1024  # of one text or name in a body; what is kept of a text is far less
GROUPED_BYTES_MAX = 256 * 1024  # of digits written in groups: each may be a card's number, and is looked at
TRANSACTIONS_MAX = 500
LINES_MAX = 10_000
TENDERS_MAX = 1_000
DEPTH_MAX = 32
PROBLEMS_MAX = 20
NAIVE_TIMES = "naive_times"
SHAPE = "shape"
_GROUPED = re.compile(rb"[0-9](?:[ \t./\\_+|*-]{0,3}+[0-9]){12,}+")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One transaction as read from a body.

    document: the masked slice that is kept; `read_document` gives an equal transaction from it. Empty only
    where
        an XML nests too deep to be masked.
    transaction: None when it cannot be read; then `problems` says why, and `reason` the first of them in a
    line.
        Fields of problems are relative to the transaction: "lines[0].net".
    store, transaction_id: as sent, as far as they could be read, also where `transaction` is None.
    """

    document: bytes
    transaction: Transaction | None
    problems: tuple[Problem, ...] = ()
    reason: str = ""
    store: str = ""
    transaction_id: str = ""


class Adapter(Protocol):
    """One POS document format. `version` changes with any change of what the same bytes are read as."""

    name: str
    version: int

    def read(self, body: bytes, account: str) -> list[Arrival]:
        """Read a call's body into 1 to 500 arrivals, in the order sent.

        Raises:
            RejectedError: the body as a whole is unreadable, too large or holds too many transactions.
        """
        ...

    def read_document(self, document: bytes, account: str) -> Transaction:
        """Read a kept document again.

        Raises:
            RejectedError: it is not a document this adapter kept.
        """
        ...

    def id_in(self, transaction_id: str, generation: int) -> str:
        """Give the id of a transaction that its sender took for the first till's, as that of a later generation's."""
        ...


def arrived(document: bytes, transaction: Transaction) -> Arrival:
    """Give the arrival of a transaction that could be read."""
    return Arrival(document, transaction, store=transaction.store, transaction_id=transaction.transaction_id)


def unreadable(
    document: bytes, problems: Iterable[Problem], *, store: str = "", transaction_id: str = ""
) -> Arrival:
    """Give the arrival of a document that could not be read."""
    found = tuple(problems)[:PROBLEMS_MAX]
    return Arrival(document, None, found, sentence(found[0]), store, transaction_id)


def sentence(problem: Problem) -> str:
    """Say a problem in one line."""
    return f"{problem.field}: expected {problem.expected}, found {problem.found}"


def rejected(problem: Problem) -> RejectedError:
    """Make the error of a problem that stops everything."""
    return RejectedError(
        sentence(problem), field=problem.field, expected=problem.expected, found=problem.found
    )


def refuse_large_body(body: bytes) -> None:
    """Raise RejectedError for an empty body or one beyond the limit, before anything parses it."""
    if not body.strip():
        raise rejected(Problem(SHAPE, "body", "a document", "nothing"))
    if len(body) > BODY_BYTES_MAX:
        raise rejected(Problem(SHAPE, "body", f"at most {BODY_BYTES_MAX} bytes", f"{len(body)} bytes"))


def refuse_swelling(body: bytes, mark: bytes) -> None:
    """Raise RejectedError for a body with a text that no receipt has, before anything parses it.

    mark: what stands at both ends of every text and name.
    """
    block = TEXT_BYTES_MAX // 2
    blocks = range(0, len(body) - block + 1, block)
    if any(body.find(mark, at, at + block) < 0 for at in blocks):
        found = f"more than {block} bytes of one" if mark in body else "none"
        raise rejected(Problem(SHAPE, "body", f"at most {TEXT_BYTES_MAX} bytes a text", found))
    if len(body) > GROUPED_BYTES_MAX:
        refuse_groups(body)


def refuse_groups(text: bytes, before: int = 0) -> int:
    """Give how many bytes of digits in groups a text has, and what came before it; beyond what can be searched for cards in a
    moment, raise RejectedError.
    """
    grouped = before
    for one in _GROUPED.finditer(text):
        grouped += 0 if one[0].isdigit() else len(one[0])
        if grouped > GROUPED_BYTES_MAX:
            expected = f"at most {GROUPED_BYTES_MAX} bytes of digits in groups"
            raise rejected(Problem(SHAPE, "body", expected, "more"))
    return grouped


def localised(transaction: Transaction, zone: ZoneInfo) -> Transaction:
    """Reinterpret times a POS sent without offset as the store's local times; others stay as they are.

    Adapters mark such times as UTC and set `extra["naive_times"]`; the mark is gone from the result, so that
    a second call changes nothing. Of an hour that the clocks repeat in autumn, the first is meant (fold=0); a
    time that they skip in spring counts as if they had not been changed yet. All results are in UTC.
    """
    if transaction.extra.get(NAIVE_TIMES) is not True:
        return transaction
    extra = {name: value for name, value in transaction.extra.items() if name != NAIVE_TIMES}
    return dataclasses.replace(
        transaction,
        completed_at=_in_zone(transaction.completed_at, zone),
        began_at=_in_zone(transaction.began_at, zone) if transaction.began_at else None,
        shift_record=_shift_in_zone(transaction.shift_record, zone) if transaction.shift_record else None,
        extra=MappingProxyType(extra),
    )


def _in_zone(at: datetime, zone: ZoneInfo) -> datetime:
    return at.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _shift_in_zone(record: ShiftRecord, zone: ZoneInfo) -> ShiftRecord:
    closed_at = _in_zone(record.closed_at, zone) if record.closed_at else None
    return dataclasses.replace(record, opened_at=_in_zone(record.opened_at, zone), closed_at=closed_at)
