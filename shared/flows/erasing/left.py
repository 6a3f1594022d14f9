"""What is left of one receipt without what may speak of a person, and the proof that nothing else is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.flows.posting.kept import read_as_sent, read_kept
from shared.flows.rebuilding.receipts import as_ingested
from shared.pos.erased import NAME, ErasedAdapter, document_from
from shared.retail.erasure import personal_values, without_person
from shared.retail.identity import content_hash
from shared.retail.mapping import Mappings
from shared.retail.transaction import Transaction
from shared.storage.erasures import Erasure, erased_receipt
from shared.storage.protocols import Row, Value
from shared.storage.receipts import receipt_rows

ADAPTER = f"{NAME}/{ErasedAdapter.version}"
_OF_THE_DOCUMENT = frozenset({"ContentHash", "DocumentSha256", "Adapter", "Operator"})


@dataclass(frozen=True, slots=True)
class Left:
    """row: as it will be kept. gone: what is erased, by where it stood."""

    row: Row
    gone: Mapping[str, str]

    @property
    def erased_hash(self) -> str:
        return self.row.text("ErasedHash")


def left_of(row: Row, mappings: Mappings, erasure: Erasure) -> Left | None:
    """Give what is left of a receipt's row; None where its document can no longer be read.

    Raises:
        ValueError: more would be missing than what speaks of a person (a bug): nothing is written then.
    """
    sent, kept = read_as_sent(row), read_kept(row)
    if sent is None or kept is None:
        return None
    gone = personal_values(sent, operator=erasure.operator)
    document = document_from(without_person(sent, operator=erasure.operator))
    whole = _summary(row, kept, mappings)
    fresh = erased_receipt(row, erasure, document, ADAPTER, "", gone.values())
    again = read_kept(fresh)
    if again is None:
        raise ValueError(f"what is left of {row.key} cannot be read")
    summary = _summary(fresh, again, mappings)
    missing = [one for one in {**whole, **summary} if whole.get(one) != summary.get(one)]
    if [one for one in missing if one not in _OF_THE_DOCUMENT]:
        raise ValueError(f"erasing would change {', '.join(sorted(missing))} of {row.key}")
    return Left(fresh.with_values(ErasedHash=summary["ContentHash"]), gone)


def _summary(row: Row, transaction: Transaction, mappings: Mappings) -> Mapping[str, Value]:
    """Derive a receipt's columns from what its document says, the document itself aside."""
    read, day = as_ingested(row, transaction, mappings)
    _, fresh = receipt_rows(
        read,
        day=day,
        document=b"",
        adapter="",
        content_hash=content_hash(read),
        received_at=row.instant("ReceivedAt"),
    )
    return fresh.values
