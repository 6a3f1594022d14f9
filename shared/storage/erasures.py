"""Erased receipts as rows: which are, by whom, and what is left of them.

Of a day row, and of a second version: `ErasedAt`, `ErasedBy`, `ErasedWhy`; `ErasedFrom`, the adapter that read it first;
`OriginalSha256`, the hash of the document that is gone; `ErasedHash`, the hash of what is left, by which a duplicate is known;
`ErasedOperator`, whether the cashier went too. An identity remembers who, why, and the last two, so that nothing comes back with
the next delivery.
The content hash of what arrived stays: it is how the same receipt is known.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.retail.erasure import ERASED
from shared.storage.protocols import Row, Value
from shared.storage.receipts import DOCUMENT_PARTS_MAX, document_values, noted

AT, BY, WHY, FROM, HASH, OPERATOR = (
    "ErasedAt", "ErasedBy", "ErasedWhy", "ErasedFrom", "ErasedHash", "ErasedOperator",
)  # fmt: skip
ORIGINAL = "OriginalSha256"
RETENTION = "retention"
GONE = "DocumentGoneAt"
COLUMNS = (AT, BY, WHY, FROM, HASH, OPERATOR, ORIGINAL)
_SHORTEST_TEXT = 4  # shorter ones are found in any line
_WORD = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Erasure:
    """One decision. operator: the cashier's number goes too. by: the person, or `retention`."""

    at: datetime
    by: str
    why: str
    operator: bool


def is_erased(row: Row) -> bool:
    """Say whether what may speak of a person is gone from a row, an identity or a receipt."""
    return HASH in row.values


def is_erased_as(row: Row, *, operator: bool) -> bool:
    """Say whether nothing is left to be done."""
    return is_gone(row) or (is_erased(row) and (not operator or row.flag(OPERATOR)))


def is_gone(row: Row) -> bool:
    """Say whether retention has let a receipt's document go; its figures are still there."""
    return GONE in row.values


def without_document(row: Row, at: datetime) -> Row:
    """Give a receipt's row whose document has been let go. Its hash stays."""
    parts: dict[str, Value | None] = dict.fromkeys(
        f"Document{number or ''}" for number in range(DOCUMENT_PARTS_MAX)
    )
    return row.with_values(**parts, **{GONE: at})


def erased_identity(identity: Row, erasure: Erasure, erased_hash: str) -> Row:
    """Give an identity that remembers its receipt is erased."""
    operator = True if erasure.operator or identity.flag(OPERATOR) else None
    told: dict[str, Value | None] = {AT: erasure.at, BY: erasure.by, WHY: erasure.why}
    return identity.with_values(**told, **{HASH: erased_hash, OPERATOR: operator})


def erasure_of(identity: Row) -> Erasure:
    """Read the decision that an identity remembers."""
    return Erasure(identity.instant(AT), identity.text(BY), identity.text(WHY), identity.flag(OPERATOR))


def erased_receipt(
    row: Row, erasure: Erasure, document: bytes, adapter: str, erased_hash: str, gone: Iterable[str] = ()
) -> Row:
    """Give a receipt's row with what is left of its document. adapter: who reads it; gone: texts to take out of its history.

    The cashier stays on the row where a statement names them beside goods that came back without a receipt.
    """
    operator = erasure.operator or row.flag(OPERATOR)
    parts: dict[str, Value | None] = {f"Document{number or ''}": None for number in range(DOCUMENT_PARTS_MAX)}
    values: dict[str, Value | None] = {
        **parts, **document_values(document), "Adapter": adapter,
        "DocumentSha256": hashlib.sha256(document).hexdigest(),
        FROM: row.text(FROM) or row.text("Adapter"), ORIGINAL: row.text(ORIGINAL) or row.text("DocumentSha256"),
        HASH: erased_hash, AT: erasure.at, BY: erasure.by, WHY: erasure.why, OPERATOR: True if operator else None,
        "History": without_texts(row.text("History"), gone),
    }  # fmt: skip
    if operator:
        values["Operator"] = None
    return noted(row.with_values(**values), erasure.at, f"personal data erased by {erasure.by}")


def carried(of: Row, identity: Row, row: Row) -> tuple[Row, Row]:
    """Give the rows under which an erased receipt is kept from now on, marked as it was; others as they are."""
    if not is_erased(of):
        return identity, row
    told = {name: of.values[name] for name in COLUMNS if name in of.values}
    told[HASH] = identity.text("ContentHash")
    told_of_identity = {name: one for name, one in told.items() if name not in (FROM, ORIGINAL)}
    return identity.with_values(**told_of_identity), row.with_values(**told)


def without_texts(text: str, gone: Iterable[str]) -> str:
    """Take texts of an erased document out of what was told of it, behind the first colon of each line: notes, not statuses."""
    words = sorted(
        {one for one in gone if len(one) >= _SHORTEST_TEXT and _WORD.search(one)}, key=len, reverse=True
    )
    if not words:
        return text
    lines = []
    for line in text.split("\n"):
        head, colon, rest = line.partition(": ")
        for one in words:
            rest = rest.replace(one, ERASED)
        lines.append(f"{head}{colon}{rest}")
    return "\n".join(lines)


def evidence_of(rows: Iterable[Row]) -> str:
    """Write down what is left of receipts, for the record of decisions: the beginning of each document's hash."""
    return " ".join(sorted(mark_of(row) for row in rows))


def mark_of(row: Row) -> str:
    """Give the beginning of the hash of a receipt's document, as evidence has it."""
    return row.text("DocumentSha256")[:32]
