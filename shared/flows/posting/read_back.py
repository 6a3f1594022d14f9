"""Believe D365 only after reading back: which receipts of a package it has, which differ, which it refused.

Pure decisions; `conclude` applies them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.d365.decoder import decode, normalised
from shared.d365.records import HeaderRow, header_row
from shared.d365.rows import transaction_rows
from shared.retail.mapped import MappedTransaction
from shared.retail.reasons import REASONS, Cause, cause
from shared.storage.protocols import Row

ABSENT_TRIES_MAX = 3
_COMPARED = (
    "business_day", "status", "gross", "net", "payment", "discount", "income_expense", "items", "item_lines",
    "payment_lines",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """What D365 says of a package.

    errors: its messages by transaction number; "" holds them all. short: the entities of which it counts fewer rows than
    were sent, or does not count. headers: all it has of the receipts, by whatever package.
    """

    package: str
    headers: Sequence[HeaderRow]
    errors: Mapping[str, Sequence[str]]
    short: frozenset[str] = frozenset()

    @property
    def passes(self) -> bool:
        """Whether what it names is met by time alone, such as two jobs that met."""
        return any(decode(text).passes for text in self.errors.get("", ()))

    @property
    def words_are_clear(self) -> bool:
        """Whether all its messages say the same: its texts carry no key, so else they may be a neighbour's."""
        return len({normalised(text) for text in self.errors.get("", ())}) == 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What read-back says of one receipt. One of: sent; absent, D365 has no header of it; suspect, its rows must be looked
    at one by one; held for a cause. again: it goes out with the package's next attempt. header: what D365 has of it.
    """

    row: Row
    mapped: MappedTransaction
    sent: bool = False
    absent: bool = False
    suspect: bool = False
    again: bool = False
    held_for: Cause | None = None
    header: HeaderRow | None = None


def outcomes_of(expected: Sequence[tuple[Row, MappedTransaction]], evidence: Evidence) -> list[Outcome]:
    """Compare what was sent with what D365 has. A header alone is no receipt: where D365 names a row of it, counts too few
    rows, or got it from another package, its children are suspect.
    """
    by_key = {header.key: header for header in evidence.headers}
    return [_outcome(row, mapped, by_key.get(mapped.key), evidence) for row, mapped in expected]


def _outcome(row: Row, mapped: MappedTransaction, header: HeaderRow | None, evidence: Evidence) -> Outcome:
    named = [text for text in evidence.errors.get(mapped.key.transaction_number, ()) if text]
    if header is None:
        if named and evidence.words_are_clear and not evidence.passes:
            return Outcome(row, mapped, held_for=refusal_cause(named[0]))
        return Outcome(row, mapped, absent=True, suspect=bool(named) and not evidence.passes)
    if header.figures != as_sent(mapped).figures:
        why = changed_cause(row, differences(as_sent(mapped), header))
        return Outcome(row, mapped, held_for=why, header=header)
    if named and evidence.words_are_clear and not evidence.passes:
        return Outcome(row, mapped, held_for=refusal_cause(named[0]), header=header)
    if (
        not named
        and header.package == evidence.package
        and not (evidence.short and _has_rows_in(mapped, evidence.short))
    ):
        return Outcome(row, mapped, sent=True, header=header)
    return Outcome(row, mapped, suspect=True, header=header)


def _has_rows_in(mapped: MappedTransaction, labels: frozenset[str]) -> bool:
    rows = transaction_rows(mapped, "")
    return any(rows[label] for label in labels if label in rows)


def changed_cause(row: Row, differing: str) -> Cause:
    """Give the cause of a receipt that is not in D365 as it was sent."""
    return cause(
        "changed_in_d365", row.text("ReceiptNumber") or row.text("TransactionId"), differing=differing
    )


def as_sent(mapped: MappedTransaction) -> HeaderRow:
    """Give the header as it was sent, to compare with the one D365 has."""
    return header_row(transaction_rows(mapped, "")["Transactions"][0])


def differences(sent: HeaderRow, found: HeaderRow) -> str:
    """Say where D365's header is not what was sent; "" where it is."""
    if sent.figures == found.figures:
        return ""
    return "; ".join(
        f"{name} {getattr(found, name)} instead of {getattr(sent, name)}"
        for name in _COMPARED
        if getattr(sent, name) != getattr(found, name)
    )


def errors_by_transaction(
    failed_keys: Iterable[Mapping[str, str]], messages: Sequence[str]
) -> dict[str, list[str]]:
    """Give D365's messages by transaction number: those that name it, else all; "" holds them all.

    failed_keys: rows of D365's error-keys files.
    """
    errors: dict[str, list[str]] = {"": list(messages)}
    for row in failed_keys:
        number = next((value for name, value in row.items() if name.upper() == "TRANSACTIONNUMBER"), "")
        if number:
            naming = [text for text in messages if number in text]
            errors[number] = naming or list(messages) or ["D365 refused it without a reason"]
    return errors


def refusal_cause(text: str) -> Cause:
    """Turn D365's own text into a cause, by the decoder: its sentence, owner, action and fault; unknown text stays as it
    is, and IT's.
    """
    decoded = decode(text)
    known = decoded.reason in REASONS and not decoded.passes
    return cause(
        decoded.reason if known else "d365_refused", normalised(text)[:200], words=text[:500],
        **(decoded.words() if known else {}),
    )  # fmt: skip


def validation_cause(text: str) -> Cause:
    """Turn a finding of headquarters' validation into a cause; where the decoder does not know it, in general words."""
    decoded = decode(text)
    general = {
        "sentence": "It found a contradiction.",
        "action": "Correct the cause in D365, then run “Validate store transactions” again.",
    }
    words = decoded.words() if decoded.is_known else general
    return cause("validation_failed", normalised(text)[:200], **{**words, "words": text[:500]})
